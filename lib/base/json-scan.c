/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar: a recursive descent over the text, its depth bounded. */
#include "lib/base/json-scan.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json-scanner.h"
#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/base/utf8.h"

static struct json_node *read_value(struct scanner *s);

/* Four hexadecimal digits behind \u, or -1. */
static int32_t read_four(struct scanner *s) {
        int32_t unit = 0;

        for (unsigned i = 0; i < 4; i++) {
                int digit = scanner_more(s) ? hex_digit(*s->at) : -1;

                if (digit < 0) {
                        scanner_fail(s, "four hexadecimal digits belong behind \\u");
                        return -1;
                }
                unit = unit << 4 | digit;
                scanner_advance(s);
        }
        return unit;
}

/* \uXXXX, or two of them for a character beyond U+FFFF; the scanner stands behind the first u. */
static size_t read_unicode(struct scanner *s, char ret[4]) {
        int32_t unit = read_four(s), low;
        uint32_t c = (uint32_t)unit;

        if (unit < 0)
                return 0;
        if (unit == 0) {
                scanner_fail(s, "\\u0000 cannot be part of any name");
                return 0;
        }
        if (unit >= 0xd800 && unit < 0xdc00 && scanner_starts_with(s, "\\u")) {
                scanner_advance_by(s, 2);
                low = read_four(s);
                if (low >= 0xdc00 && low < 0xe000)
                        c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        }
        if (utf8_encode(c, ret) == 0)
                scanner_fail(s, "half of a surrogate pair: write both halves, or the character itself");
        return s->failed ? 0 : utf8_encode(c, ret);
}

/* The scanner stands behind the backslash. */
static size_t read_escape(struct scanner *s, char ret[4]) {
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        const char *name = scanner_more(s) && *s->at ? strchr(names, *s->at) : NULL;

        if (name) {
                ret[0] = values[name - names];
                scanner_advance(s);
                return 1;
        }
        if (scanner_more(s) && *s->at == 'u') {
                scanner_advance(s);
                return read_unicode(s, ret);
        }
        scanner_fail(s, "unknown escape; a backslash is written \\\\");
        return 0;
}

/* How many bytes lie between here and the closing quote at most: what is decoded is never longer. */
static size_t raw_length(const struct scanner *s) {
        const char *p = s->at, *quote;

        for (;;) {
                size_t backslashes = 0;

                quote = memchr(p, '"', (size_t)(s->end - p));
                if (!quote)
                        return (size_t)(s->end - s->at);
                while (quote - backslashes > s->at && quote[-1 - (ptrdiff_t)backslashes] == '\\')
                        backslashes++;
                if (backslashes % 2 == 0)
                        return (size_t)(quote - s->at);
                p = quote + 1;
        }
}

/* One character that is none of a plain run; returns the bytes written, of at most 4. */
static size_t read_character(struct scanner *s, char *out) {
        char c = *s->at;

        if ((unsigned char)c < ' ') {
                scanner_fail(s,
                        c == '\n' ? "this string is never closed: end it with a double quote"
                                  : "control character in a string: write it as \\u00..");
                return 0;
        }
        scanner_advance(s);
        if (c == '\\') {
                char decoded[4];
                size_t n = read_escape(s, decoded);

                memcpy(out, decoded, n);
                return n;
        }
        *out = c;
        return 1;
}

/* Up to the closing quote, where not all characters stand for themselves. */
static const char *read_mixed_string(struct scanner *s) {
        char *string = scanner_allocate(s, raw_length(s) + 1), *out = string;

        if (!string)
                return NULL;
        while (scanner_more(s) && *s->at != '"') {
                size_t run = scanner_plain_run(s);

                memcpy(out, s->at, run);
                scanner_skip_run(s, run);
                out += run;
                if (run == 0)
                        out += read_character(s, out);
        }
        if (!scanner_more(s))
                scanner_fail_unexpected(s, "a closing double quote");
        else
                scanner_advance(s);
        *out = 0;
        return s->failed ? NULL : string;
}

/* The scanner stands behind the opening quote. */
static const char *read_string(struct scanner *s) {
        size_t run = scanner_plain_run(s);
        char *string;

        if (s->at + run == s->end || s->at[run] != '"')
                return read_mixed_string(s);
        string = scanner_allocate(s, run + 1);
        if (!string)
                return NULL;
        memcpy(string, s->at, run);
        string[run] = 0;
        scanner_skip_run(s, run + 1);
        return string;
}

static void read_number(struct scanner *s, struct json_node *node) {
        bool negative = *s->at == '-';
        char digits[20];
        uint64_t value;
        size_t n = 0;

        node->kind = JSON_INTEGER;
        if (negative)
                scanner_advance(s);
        while (scanner_more(s) && *s->at >= '0' && *s->at <= '9') {
                if (n == 1 && digits[0] == '0')
                        return scanner_fail(s, "numbers have no leading zero");
                if (n < sizeof(digits) - 1)
                        digits[n++] = *s->at;
                scanner_advance(s);
        }
        digits[n] = 0;
        if (n == 0)
                return scanner_fail_unexpected(s, "a digit");
        if (scanner_more(s) && strchr(".eE", *s->at))
                return scanner_fail(s, "numbers are whole here: no fraction, no exponent");
        if (number_parse(digits, 10, JSON_INTEGER_MAX, &value) < 0) {
                scanner_complain(s, node->at, "this number is too large: at most %lld counts exactly",
                        (long long)JSON_INTEGER_MAX);
                s->failed = true;
                return;
        }
        node->integer = negative ? -(int64_t)value : (int64_t)value;
}

static void read_word(struct scanner *s, struct json_node *node) {
        static const struct {
                const char *word;
                enum json_kind kind;
                bool boolean;
        } words[] = { { "true", JSON_BOOLEAN, true }, { "false", JSON_BOOLEAN, false },
                { "null", JSON_NULL, false } };

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (scanner_starts_with(s, words[i].word)) {
                        node->kind = words[i].kind;
                        node->boolean = words[i].boolean;
                        scanner_advance_by(s, strlen(words[i].word));
                        return;
                }
        scanner_fail_unexpected(s, "a value (string, whole number, true, false, null, list or object)");
}

static int compare_keys(const void *a, const void *b) {
        const struct json_node *x = *(const struct json_node *const *)a,
                               *y = *(const struct json_node *const *)b;
        int order = strcmp(x->key, y->key);

        if (order != 0)
                return order;
        if (x->key_at.line != y->key_at.line)
                return x->key_at.line < y->key_at.line ? -1 : 1;
        return x->key_at.column < y->key_at.column ? -1 : 1;
}

#define FEW_KEYS 32

/* Whether they are few and have different hashes, as those of most objects: then no key is there twice. */
static bool keys_surely_differ(const struct json_node *object) {
        uint32_t hashes[FEW_KEYS];
        size_t n = 0;

        if (object->n_children > FEW_KEYS)
                return false;
        for (const struct json_node *c = object->children; c; c = c->next, n++) {
                hashes[n] = 0;
                for (const char *k = c->key; *k; k++)
                        hashes[n] = hashes[n] * 31 + (uint8_t)*k;
                for (size_t i = 0; i < n; i++)
                        if (hashes[i] == hashes[n])
                                return false;
        }
        return true;
}

/*
 * Of members of the same key only the first stays, so that nobody meets one twice. By sorting: an object of
 * very many keys must not cost the square of them.
 */
static void refuse_duplicates(struct scanner *s, struct json_node *object) {
        _cleanup_(freep) struct json_node **sorted = NULL;
        size_t n = 0;

        if (s->failed || keys_surely_differ(object))
                return;
        sorted = malloc(object->n_children * sizeof(*sorted));
        if (!sorted) {
                s->failed = s->no_memory = true;
                return;
        }
        for (struct json_node *c = object->children; c; c = c->next)
                sorted[n++] = c;
        qsort(sorted, n, sizeof(*sorted), compare_keys);
        for (size_t i = 1; i < n; i++)
                if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0) {
                        scanner_complain(s, sorted[i]->key_at,
                                "this key was given before, at %u:%u: remove one of them",
                                sorted[i - 1]->key_at.line, sorted[i - 1]->key_at.column);
                        sorted[i]->kind = 0;
                }
        for (struct json_node **c = &object->children; *c;)
                if ((*c)->kind)
                        c = &(*c)->next;
                else {
                        *c = (*c)->next;
                        object->n_children--;
                }
}

/* A value, in an object with its key in front. */
static struct json_node *read_child(struct scanner *s, bool is_member) {
        struct json_position key_at;
        struct json_node *child;
        const char *key;

        if (!is_member)
                return read_value(s);
        scanner_skip_blanks(s);
        key_at = s->position;
        if (!scanner_take(s, '"')) {
                scanner_fail_unexpected(s, "a key in double quotes");
                return NULL;
        }
        key = read_string(s);
        if (!scanner_take(s, ':')) {
                scanner_fail_unexpected(s, "a colon");
                return NULL;
        }
        child = read_value(s);
        if (child) {
                child->key = key;
                child->key_at = key_at;
        }
        return child;
}

/* A list or an object behind its opening bracket. */
static void read_children(struct scanner *s, struct json_node *parent, char closing) {
        const char wanted[] = { closing, 0 };
        struct json_node **tail = &parent->children;

        if (++s->depth > JSON_DEPTH_MAX)
                return scanner_fail(s, "nested too deeply");
        while (!scanner_take(s, closing)) {
                if (parent->n_children > 0 && !scanner_take(s, ','))
                        return scanner_fail_unexpected(s, closing == '}' ? "a comma or }" : "a comma or ]");
                scanner_skip_blanks(s);
                if (parent->n_children > 0 && scanner_starts_with(s, wanted))
                        return scanner_fail(s, "no value follows the last comma: remove the comma");
                *tail = read_child(s, closing == '}');
                if (!*tail)
                        return;
                tail = &(*tail)->next;
                parent->n_children++;
        }
        s->depth--;
}

static struct json_node *read_value(struct scanner *s) {
        struct json_node *node = scanner_allocate(s, sizeof(*node));

        if (!node)
                return NULL;
        scanner_skip_blanks(s);
        if (s->nodes_left-- == 0) {
                scanner_fail(s, "more values than belong here");
                return NULL;
        }
        *node = (struct json_node){ .at = s->position };
        if (scanner_take(s, '{')) {
                node->kind = JSON_OBJECT;
                read_children(s, node, '}');
                refuse_duplicates(s, node);
        } else if (scanner_take(s, '[')) {
                node->kind = JSON_LIST;
                read_children(s, node, ']');
        } else if (scanner_take(s, '"')) {
                node->kind = JSON_STRING;
                node->string = read_string(s);
        } else if (scanner_more(s) && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')))
                read_number(s, node);
        else
                read_word(s, node);
        return s->failed ? NULL : node;
}

static int scan(struct scanner s, struct json_document **ret) {
        _cleanup_(json_document_freep) struct json_document *document = calloc(1, sizeof(*document));
        const struct json_node *root = NULL;

        if (!document)
                return -ENOMEM;
        s.document = document;
        scanner_check_characters(&s);
        if (!s.failed)
                root = read_value(&s);
        scanner_skip_blanks(&s);
        if (scanner_more(&s))
                scanner_fail(&s, "something follows the end of the value");
        if (s.no_memory)
                return -ENOMEM;
        if (!s.failed)
                document->root = root;
        *ret = TAKE(document);
        return 0;
}

int json_scan(const char *text, size_t n, struct json_document **ret) {
        return scan((struct scanner){ .at = text,
                            .end = text + n,
                            .position = { 1, 1 },
                            .nodes_left = SIZE_MAX },
                ret);
}

int json_scan_plain(const char *text, size_t n, size_t max_nodes, struct json_document **ret) {
        return scan((struct scanner){ .at = text,
                            .end = text + n,
                            .position = { 1, 1 },
                            .plain = true,
                            .nodes_left = max_nodes },
                ret);
}

const struct json_node *json_member(const struct json_node *object, const char *key) {
        for (const struct json_node *c = object->children; c; c = c->next)
                if (strcmp(c->key, key) == 0)
                        return c;
        return NULL;
}

const char *json_kind_to_string(enum json_kind k) {
        static const char *const kinds[] = {
                [JSON_NULL] = "null",
                [JSON_BOOLEAN] = "true or false",
                [JSON_INTEGER] = "a number",
                [JSON_STRING] = "a string",
                [JSON_LIST] = "a list",
                [JSON_OBJECT] = "an object",
        };
        _Static_assert(N_NAMES(kinds) == _JSON_KIND_MAX, "every kind has a name");

        return name_of(kinds, N_NAMES(kinds), k);
}
