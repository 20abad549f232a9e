/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recursive descent over the text, its depth bounded. The scanner is sticky like the cursor: after the
 * first error it is failed, and everything above it just returns.
 */
#include "lib/base/json-scan.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/base/utf8.h"

#define CHUNK_SIZE ((size_t)64 * 1024)
#define BYTE_ORDER_MARK 0xfeff

/* Memory that is given back all at once. */
struct json_memory {
        struct json_memory *next;
        size_t used, size;
        _Alignas(max_align_t) char bytes[];
};

struct scanner {
        const char *at, *end;
        struct json_position position;
        unsigned depth;
        bool failed;
        bool no_memory; /* implies failed */
        struct json_document *document;
};

static struct json_node *read_value(struct scanner *s);

static void *allocate(struct scanner *s, size_t n) {
        struct json_memory *m = s->document->memory;
        void *p;

        n = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
        if (!m || m->size - m->used < n) {
                size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;

                m = malloc(sizeof(*m) + size);
                if (!m) {
                        s->failed = s->no_memory = true;
                        return NULL;
                }
                *m = (struct json_memory){ .next = s->document->memory, .size = size };
                s->document->memory = m;
        }
        p = m->bytes + m->used;
        m->used += n;
        return p;
}

/* Notes a problem and goes on. */
static void complain(struct scanner *s, struct json_position at, const char *format, ...) _printf_(3, 4);
static void complain(struct scanner *s, struct json_position at, const char *format, ...) {
        struct json_problem *p = allocate(s, sizeof(*p));
        char text[256], *message;
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        message = p ? allocate(s, strlen(text) + 1) : NULL;
        if (!message)
                return;
        memcpy(message, text, strlen(text) + 1);
        *p = (struct json_problem){ .at = at, .message = message, .next = s->document->problems };
        s->document->problems = p;
}

/* Notes a problem at the current place, after which nothing more can be understood. */
static void fail(struct scanner *s, const char *message) {
        if (!s->failed)
                complain(s, s->position, "%s", message);
        s->failed = true;
}

static void fail_unexpected(struct scanner *s, const char *wanted) {
        uint32_t c;

        if (s->failed)
                return;
        if (s->at == s->end)
                complain(s, s->position, "the text ends here; %s is missing", wanted);
        else if (*s->at == '\'')
                complain(s, s->position, "strings are written in double quotes");
        else if (*s->at > ' ' && *s->at < 0x7f)
                complain(s, s->position, "unexpected %c; %s is missing", *s->at, wanted);
        else if (utf8_decode(s->at, (size_t)(s->end - s->at), &c) > 0)
                complain(s, s->position, "unexpected character U+%04X; %s is missing", c, wanted);
        s->failed = true;
}

static bool more(const struct scanner *s) {
        return !s->failed && s->at < s->end;
}

/* Steps over one byte; columns count characters, so only the first byte of each moves on. */
static void advance(struct scanner *s) {
        if (*s->at == '\n') {
                s->position.line++;
                s->position.column = 1;
        } else if (((unsigned char)*s->at & 0xc0) != 0x80)
                s->position.column++;
        s->at++;
}

static void advance_by(struct scanner *s, size_t n) {
        while (n-- > 0)
                advance(s);
}

static bool starts_with(const struct scanner *s, const char *text) {
        size_t n = strlen(text);

        return more(s) && (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

static void skip_block_comment(struct scanner *s) {
        struct json_position start = s->position;

        advance_by(s, 2);
        while (more(s) && !starts_with(s, "*/"))
                advance(s);
        if (s->at < s->end) {
                advance_by(s, 2);
                return;
        }
        complain(s, start, "this comment is never closed: end it with */");
        s->failed = true;
}

/* White space and comments. */
static void skip_blanks(struct scanner *s) {
        while (more(s))
                if (strchr(" \t\r\n", *s->at) && *s->at)
                        advance(s);
                else if (starts_with(s, "//"))
                        while (more(s) && *s->at != '\n')
                                advance(s);
                else if (starts_with(s, "/*"))
                        skip_block_comment(s);
                else
                        return;
}

static bool take(struct scanner *s, char c) {
        skip_blanks(s);
        if (!more(s) || *s->at != c)
                return false;
        advance(s);
        return true;
}

/* Four hexadecimal digits behind \u, or -1. */
static int32_t read_four(struct scanner *s) {
        int32_t unit = 0;

        for (unsigned i = 0; i < 4; i++) {
                int digit = more(s) ? hex_digit(*s->at) : -1;

                if (digit < 0) {
                        fail(s, "four hexadecimal digits belong behind \\u");
                        return -1;
                }
                unit = unit << 4 | digit;
                advance(s);
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
                fail(s, "\\u0000 cannot be part of any name");
                return 0;
        }
        if (unit >= 0xd800 && unit < 0xdc00 && starts_with(s, "\\u")) {
                advance_by(s, 2);
                low = read_four(s);
                if (low >= 0xdc00 && low < 0xe000)
                        c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        }
        if (utf8_encode(c, ret) == 0)
                fail(s, "half of a surrogate pair: write both halves, or the character itself");
        return s->failed ? 0 : utf8_encode(c, ret);
}

/* The scanner stands behind the backslash. */
static size_t read_escape(struct scanner *s, char ret[4]) {
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        const char *name = more(s) && *s->at ? strchr(names, *s->at) : NULL;

        if (name) {
                ret[0] = values[name - names];
                advance(s);
                return 1;
        }
        if (more(s) && *s->at == 'u') {
                advance(s);
                return read_unicode(s, ret);
        }
        fail(s, "unknown escape; a backslash is written \\\\");
        return 0;
}

/* How many bytes lie between here and the closing quote: what is decoded is never longer. */
static size_t raw_length(const struct scanner *s) {
        const char *p = s->at;

        while (p < s->end && *p != '"' && *p != '\n')
                p += *p == '\\' && s->end - p > 1 ? 2 : 1;
        return (size_t)(p - s->at);
}

/* The scanner stands behind the opening quote. */
static const char *read_string(struct scanner *s) {
        char *string = allocate(s, raw_length(s) + 1), *out = string;

        if (!string)
                return NULL;
        while (more(s) && *s->at != '"') {
                char c = *s->at, decoded[4];
                size_t n = 1;

                if ((unsigned char)c < ' ') {
                        fail(s,
                                c == '\n' ? "this string is never closed: end it with a double quote"
                                          : "control character in a string: write it as \\u00..");
                        return NULL;
                }
                advance(s);
                if (c == '\\')
                        n = read_escape(s, decoded);
                else
                        decoded[0] = c;
                memcpy(out, decoded, n);
                out += n;
        }
        if (!more(s))
                fail_unexpected(s, "a closing double quote");
        else
                advance(s);
        *out = 0;
        return s->failed ? NULL : string;
}

static void read_number(struct scanner *s, struct json_node *node) {
        bool negative = *s->at == '-';
        char digits[20];
        uint64_t value;
        size_t n = 0;

        node->kind = JSON_INTEGER;
        if (negative)
                advance(s);
        while (more(s) && *s->at >= '0' && *s->at <= '9') {
                if (n == 1 && digits[0] == '0')
                        return fail(s, "numbers have no leading zero");
                if (n < sizeof(digits) - 1)
                        digits[n++] = *s->at;
                advance(s);
        }
        digits[n] = 0;
        if (n == 0)
                return fail_unexpected(s, "a digit");
        if (more(s) && strchr(".eE", *s->at))
                return fail(s, "numbers are whole here: no fraction, no exponent");
        if (number_parse(digits, 10, JSON_INTEGER_MAX, &value) < 0) {
                complain(s, node->at, "this number is too large: at most %lld counts exactly",
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
                if (starts_with(s, words[i].word)) {
                        node->kind = words[i].kind;
                        node->boolean = words[i].boolean;
                        advance_by(s, strlen(words[i].word));
                        return;
                }
        fail_unexpected(s, "a value (string, whole number, true, false, null, list or object)");
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

/*
 * Of members of the same key only the first stays, so that nobody meets one twice. By sorting: an object of
 * very many keys must not cost the square of them.
 */
static void refuse_duplicates(struct scanner *s, struct json_node *object) {
        _cleanup_(freep) struct json_node **sorted = NULL;
        size_t n = 0;

        if (s->failed || object->n_children < 2)
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
                        complain(s, sorted[i]->key_at,
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
        skip_blanks(s);
        key_at = s->position;
        if (!take(s, '"')) {
                fail_unexpected(s, "a key in double quotes");
                return NULL;
        }
        key = read_string(s);
        if (!take(s, ':')) {
                fail_unexpected(s, "a colon");
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
                return fail(s, "nested too deeply");
        while (!take(s, closing)) {
                if (parent->n_children > 0 && !take(s, ','))
                        return fail_unexpected(s, closing == '}' ? "a comma or }" : "a comma or ]");
                skip_blanks(s);
                if (parent->n_children > 0 && starts_with(s, wanted))
                        return fail(s, "no value follows the last comma: remove the comma");
                *tail = read_child(s, closing == '}');
                if (!*tail)
                        return;
                tail = &(*tail)->next;
                parent->n_children++;
        }
        s->depth--;
}

static struct json_node *read_value(struct scanner *s) {
        struct json_node *node = allocate(s, sizeof(*node));

        if (!node)
                return NULL;
        skip_blanks(s);
        *node = (struct json_node){ .at = s->position };
        if (take(s, '{')) {
                node->kind = JSON_OBJECT;
                read_children(s, node, '}');
                refuse_duplicates(s, node);
        } else if (take(s, '[')) {
                node->kind = JSON_LIST;
                read_children(s, node, ']');
        } else if (take(s, '"')) {
                node->kind = JSON_STRING;
                node->string = read_string(s);
        } else if (more(s) && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')))
                read_number(s, node);
        else
                read_word(s, node);
        return s->failed ? NULL : node;
}

/* Before anything else, so that all that follows may trust the bytes. */
static void check_characters(struct scanner *s) {
        const struct scanner start = *s;
        uint32_t c;

        if (utf8_decode(s->at, (size_t)(s->end - s->at), &c) > 0 && c == BYTE_ORDER_MARK)
                return fail(s, "the text starts with a byte order mark: save it as UTF-8 without one");
        while (more(s)) {
                size_t n = utf8_decode(s->at, (size_t)(s->end - s->at), &c);

                if (n == 0)
                        return fail(s, "this is not UTF-8: save the text as UTF-8");
                if (c == 0)
                        return fail(s, "a NUL byte: this is not text");
                advance_by(s, n);
        }
        *s = start;
}

int json_scan(const char *text, size_t n, struct json_document **ret) {
        _cleanup_(json_document_freep) struct json_document *document = calloc(1, sizeof(*document));
        struct scanner s = { .at = text, .end = text + n, .position = { 1, 1 }, .document = document };
        const struct json_node *root = NULL;

        if (!document)
                return -ENOMEM;
        check_characters(&s);
        if (!s.failed)
                root = read_value(&s);
        skip_blanks(&s);
        if (more(&s))
                fail(&s, "something follows the end of the value");
        if (s.no_memory)
                return -ENOMEM;
        if (!s.failed)
                document->root = root;
        *ret = TAKE(document);
        return 0;
}

void json_document_free(struct json_document *d) {
        if (!d)
                return;
        while (d->memory) {
                struct json_memory *next = d->memory->next;

                free(d->memory);
                d->memory = next;
        }
        free(d);
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
