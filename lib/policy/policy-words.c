/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every word that a policy may hold is checked here, with a hint at what may have been meant. */
#include "lib/policy/policy-words.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/base/suggest.h"
#include "lib/policy/matcher.h"
#include "lib/policy/policy-problem.h"
#include "lib/policy/protect.h"

#define CLASS_DIGITS_APART 3 /* up to so many, a GUID is taken for a slip */

_printf_(4, 0) static void note(struct reader *r, enum policy_severity severity, struct json_position at,
        const char *format, va_list ap) {
        _cleanup_(freep) char *message = NULL;

        if (vasprintf(&message, format, ap) < 0) {
                message = NULL;
                r->no_memory = true;
                return;
        }
        if (policy_problem_add(r->problems, severity, r->file, r->order, at.line, at.column, "%s", message) <
                0)
                r->no_memory = true;
}

void reader_complain(struct reader *r, struct json_position at, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        note(r, POLICY_ERROR, at, format, ap);
        va_end(ap);
}

void reader_warn(struct reader *r, struct json_position at, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        note(r, POLICY_WARNING, at, format, ap);
        va_end(ap);
}

char *reader_copy(struct reader *r, const char *text) {
        char *copy = strdup(text);

        if (!copy)
                r->no_memory = true;
        return copy;
}

bool reader_is(struct reader *r, const struct json_node *value, enum json_kind kind) {
        if (value->kind == kind)
                return true;
        reader_complain(r, value->at, "%s belongs here, not %s", json_kind_to_string(kind),
                json_kind_to_string(value->kind));
        return false;
}

/* "audit, enforce", as far as buffer goes. */
static void list_words(const char *const *words, size_t n, char *buffer, size_t size) {
        size_t used = 0;

        buffer[0] = 0;
        for (size_t i = 0; i < n && used < size; i++)
                if (words[i])
                        used += (size_t)snprintf(buffer + used, size - used, "%s%s", used > 0 ? ", " : "",
                                words[i]);
}

static void refuse_word(struct reader *r, const struct json_node *value, const char *const *words,
        size_t n) {
        struct suggestion s = {};
        char list[256];

        for (size_t i = 0; i < n; i++)
                if (words[i])
                        suggest_consider(&s, value->string, words[i]);
        list_words(words, n, list, sizeof(list));
        if (s.nearest)
                reader_complain(r, value->at, "%s is none of: %s; did you mean \"%s\"?",
                        quote(value->string).text, list, s.nearest);
        else
                reader_complain(r, value->at, "%s is none of: %s", quote(value->string).text, list);
}

unsigned reader_choose(struct reader *r, const struct json_node *value, const char *const *words, size_t n) {
        if (!reader_is(r, value, JSON_STRING))
                return 0;
        for (unsigned i = 0; i < n; i++)
                if (words[i] && strcmp(words[i], value->string) == 0)
                        return i;
        refuse_word(r, value, words, n);
        return 0;
}

static char *copy_guid(struct reader *r, const struct guid *g) {
        char text[GUID_TEXT_SIZE];

        guid_format(g, text);
        return reader_copy(r, text);
}

/* How many hexadecimal digits differ. */
static unsigned digits_apart(const struct guid *a, const struct guid *b) {
        unsigned n = 0;

        for (size_t i = 0; i < sizeof(a->bytes); i++)
                n += (a->bytes[i] >> 4 != b->bytes[i] >> 4) + ((a->bytes[i] & 0xf) != (b->bytes[i] & 0xf));
        return n;
}

/* GUIDs are not made up one digit beside each other: a class that almost is a known one was misspelt. */
static void warn_of_class(struct reader *r, const struct json_node *value, const struct guid *g) {
        for (size_t i = 0; !vmbus_class_by_guid(g) && vmbus_class_at(i); i++)
                if (digits_apart(g, &vmbus_class_at(i)->guid) <= CLASS_DIGITS_APART)
                        reader_warn(r, value->at,
                                "no class that is known here has this GUID; did you mean \"%s\"?",
                                vmbus_class_at(i)->name);
}

/* The class that value may have been meant to be, by its name or by its GUID. */
static struct suggestion suggest_class(const char *word) {
        struct suggestion by_name = {};
        char guid[GUID_TEXT_SIZE];

        for (size_t i = 0; vmbus_class_at(i); i++) {
                struct suggestion by_guid = {};

                suggest_consider(&by_name, word, vmbus_class_at(i)->name);
                guid_format(&vmbus_class_at(i)->guid, guid);
                suggest_consider(&by_guid, word, guid);
                if (by_guid.nearest && by_guid.distance <= CLASS_DIGITS_APART)
                        return (struct suggestion){ .nearest = vmbus_class_at(i)->name };
        }
        return by_name;
}

char *word_class(struct reader *r, const struct json_node *value) {
        const struct vmbus_class *known = vmbus_class_by_name(value->string);
        struct suggestion s;
        struct guid g;

        if (known)
                return copy_guid(r, &known->guid);
        if (guid_parse(value->string, &g) == 0) {
                warn_of_class(r, value, &g);
                return copy_guid(r, &g);
        }
        s = suggest_class(value->string);
        if (s.nearest)
                reader_complain(r, value->at, "unknown class %s; did you mean \"%s\"?",
                        quote(value->string).text, s.nearest);
        else
                reader_complain(r, value->at,
                        "unknown class %s; a class has a name (network, scsi, ...) or a GUID",
                        quote(value->string).text);
        return NULL;
}

/* Whether every [ has its ]: fnmatch() would take the bracket for itself. */
static bool brackets_close(const char *pattern) {
        const char *open = pattern;

        while ((open = strchr(open, '['))) {
                open = strpbrk(open + 1, "[]");
                if (!open || *open == '[')
                        return false;
        }
        return true;
}

char *word_instance(struct reader *r, const struct json_node *value) {
        static const char allowed[] = "0123456789abcdefABCDEF-*?[]!^";
        struct guid g;
        char *word;

        if (guid_parse(value->string, &g) == 0) {
                if (vmbus_class_by_guid(&g))
                        reader_warn(r, value->at,
                                "this is the GUID of class \"%s\", and of no instance: write it as "
                                "\"class\"",
                                vmbus_class_by_guid(&g)->name);
                return copy_guid(r, &g);
        }
        if (value->string[strspn(value->string, allowed)] || pattern_is_literal(value->string) ||
                !brackets_close(value->string)) {
                reader_complain(r, value->at,
                        "%s is neither a GUID nor a shell pattern over one (* ? [...])",
                        quote(value->string).text);
                return NULL;
        }
        word = reader_copy(r, value->string);
        for (char *p = word; p && *p; p++)
                *p = (char)tolower((unsigned char)*p);
        return word;
}

/* Drivers count by class, so a word that fits none of the table's candidates fits no device. */
static void warn_of_driver(struct reader *r, const struct json_node *value) {
        struct suggestion s = {};

        for (size_t i = 0; vmbus_class_at(i); i++) {
                const char *driver = vmbus_class_at(i)->drivers[0];

                if (driver && pattern_fits(value->string, driver))
                        return;
                if (driver)
                        suggest_consider(&s, value->string, driver);
        }
        reader_warn(r, value->at,
                "%s is the driver of no class that is known here, and matches nothing%s%s%s",
                quote(value->string).text, s.nearest ? "; did you mean \"" : "", s.nearest ?: "",
                s.nearest ? "\"?" : "");
}

char *word_driver(struct reader *r, const struct json_node *value) {
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-*?[]!^";

        if (!value->string[0] || value->string[strspn(value->string, allowed)] ||
                !brackets_close(value->string)) {
                reader_complain(r, value->at,
                        "%s is no name of a driver, nor a shell pattern over one (* ? [...])",
                        quote(value->string).text);
                return NULL;
        }
        warn_of_driver(r, value);
        return reader_copy(r, value->string);
}

char *word_number(struct reader *r, const struct json_node *value) {
        const char *s = value->string;
        char text[sizeof("0xffffffff")];
        uint32_t number;

        if (strncmp(s, "0x", 2) != 0 && number_parse_u32(s, 16, &number) == 0) {
                reader_complain(r, value->at, "%s is no number as sysfs writes it; did you mean \"0x%x\"?",
                        quote(s).text, number);
                return NULL;
        }
        if (strncmp(s, "0x", 2) != 0 || number_parse_u32(s, 16, &number) < 0) {
                reader_complain(r, value->at, "%s is no number as sysfs writes it: \"0x1414\", say",
                        quote(s).text);
                return NULL;
        }
        snprintf(text, sizeof(text), "0x%x", number);
        return reader_copy(r, text);
}

char *word_isolation(struct reader *r, const struct json_node *value) {
        const char *words[_ISOLATION_TYPE_MAX];

        for (unsigned i = 0; i < _ISOLATION_TYPE_MAX; i++)
                words[i] = isolation_type_to_string((enum isolation_type)i);
        if (isolation_type_from_string(value->string) >= 0)
                return reader_copy(r, value->string);
        refuse_word(r, value, words, _ISOLATION_TYPE_MAX);
        return NULL;
}

static const char id_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

bool is_rule_id(const char *text) {
        return text[0] && strlen(text) <= POLICY_ID_MAX && !text[strspn(text, id_characters)];
}

char *word_label(struct reader *r, const struct json_node *value) {
        static const char more[] = ":=/@+";
        const char *at = value->string;

        while (*at && (strchr(id_characters, *at) || strchr(more, *at)))
                at++;
        if (value->string[0] && !*at && strlen(value->string) <= POLICY_ID_MAX)
                return reader_copy(r, value->string);
        reader_complain(r, value->at,
                "a label has 1 to %d letters, digits and characters of . _ - : = / @ +", POLICY_ID_MAX);
        return NULL;
}

/* Absolute, and in the form in which mount points are written. */
static bool is_plain_path(const char *path) {
        size_t n = strlen(path);

        return n < 4096 && (n == 1 || path[n - 1] != '/') && !strstr(path, "//") && !strstr(path, "/./") &&
                !strstr(path, "/../") && (n < 2 || strcmp(path + n - 2, "/.") != 0) &&
                (n < 3 || strcmp(path + n - 3, "/..") != 0);
}

char *word_protect(struct reader *r, const struct json_node *value) {
        const char *words[PROTECT_WORDS_MAX];
        size_t n = 0;

        if (value->string[0] == '/') {
                if (is_plain_path(value->string))
                        return reader_copy(r, value->string);
                reader_complain(r, value->at,
                        "write the path without \"//\", \".\", \"..\" and a slash at its end");
                return NULL;
        }
        for (; protect_word_at(n); n++) {
                words[n] = protect_word_at(n);
                if (strcmp(words[n], value->string) == 0)
                        return reader_copy(r, value->string);
        }
        words[n++] = "/an/absolute/path";
        refuse_word(r, value, words, n);
        return NULL;
}

static void words_add(struct reader *r, const struct json_node *value, word_function *word,
        struct policy_words *into) {
        char *w;

        if (!reader_is(r, value, JSON_STRING))
                return;
        w = word(r, value);
        if (w)
                into->words[into->n++] = w;
}

static bool words_reserve(struct reader *r, size_t n, struct policy_words *into) {
        into->words = calloc(n, sizeof(*into->words));
        if (!into->words)
                r->no_memory = true;
        return into->words;
}

void words_read_list(struct reader *r, const struct json_node *value, word_function *word,
        struct policy_words *into) {
        if (!reader_is(r, value, JSON_LIST) || value->n_children == 0 ||
                !words_reserve(r, value->n_children, into))
                return;
        for (const struct json_node *n = value->children; n; n = n->next)
                words_add(r, n, word, into);
}

void words_read(struct reader *r, const struct json_node *value, word_function *word,
        struct policy_words *into) {
        if (value->kind == JSON_LIST && value->n_children == 0)
                reader_complain(r, value->at,
                        "an empty list matches nothing: name at least one, or remove the key");
        else if (value->kind == JSON_LIST)
                words_read_list(r, value, word, into);
        else if (value->kind != JSON_STRING)
                reader_complain(r, value->at, "a string or a list of strings belongs here, not %s",
                        json_kind_to_string(value->kind));
        else if (words_reserve(r, 1, into))
                words_add(r, value, word, into);
}
