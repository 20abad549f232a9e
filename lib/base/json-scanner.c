/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes, places and problems; what they mean as JSON is in json-scan.c. */
#include "lib/base/json-scanner.h"

#include <stdarg.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "lib/base/utf8.h"

#define FIRST_CHUNK ((size_t)4 * 1024)
#define CHUNK_MAX ((size_t)64 * 1024)
#define BYTE_ORDER_MARK 0xfeff

/* Memory that is given back all at once. */
struct json_memory {
        struct json_memory *next;
        size_t used, size;
        _Alignas(max_align_t) char bytes[];
};

/*
 * The first chunk is for a text that is mostly strings, and each further one twice as large: large ones for
 * every small text would have the C library give memory back and ask for it again all the time.
 */
static size_t chunk_size(const struct scanner *s, size_t n) {
        const struct json_memory *m = s->document->memory;
        size_t size = m ? 2 * m->size : FIRST_CHUNK + (size_t)(s->end - s->at);

        size = size < CHUNK_MAX ? size : CHUNK_MAX;
        return size > n ? size : n;
}

void *scanner_allocate(struct scanner *s, size_t n) {
        struct json_memory *m = s->document->memory;
        void *p;

        n = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
        if (!m || m->size - m->used < n) {
                size_t size = chunk_size(s, n);

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

void scanner_complain(struct scanner *s, struct json_position at, const char *format, ...) {
        struct json_problem *p = scanner_allocate(s, sizeof(*p));
        char text[256], *message;
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        message = p ? scanner_allocate(s, strlen(text) + 1) : NULL;
        if (!message)
                return;
        memcpy(message, text, strlen(text) + 1);
        *p = (struct json_problem){ .at = at, .message = message, .next = s->document->problems };
        s->document->problems = p;
}

void scanner_fail(struct scanner *s, const char *message) {
        if (!s->failed)
                scanner_complain(s, s->position, "%s", message);
        s->failed = true;
}

void scanner_fail_unexpected(struct scanner *s, const char *wanted) {
        uint32_t c;

        if (s->failed)
                return;
        if (s->at == s->end)
                scanner_complain(s, s->position, "the text ends here; %s is missing", wanted);
        else if (*s->at == '\'')
                scanner_complain(s, s->position, "strings are written in double quotes");
        else if (*s->at > ' ' && *s->at < 0x7f)
                scanner_complain(s, s->position, "unexpected %c; %s is missing", *s->at, wanted);
        else if (utf8_decode(s->at, (size_t)(s->end - s->at), &c) > 0)
                scanner_complain(s, s->position, "unexpected character U+%04X; %s is missing", c, wanted);
        s->failed = true;
}

void scanner_advance_by(struct scanner *s, size_t n) {
        while (n-- > 0)
                scanner_advance(s);
}

bool scanner_starts_with(const struct scanner *s, const char *text) {
        size_t n = strlen(text);

        return scanner_more(s) && (size_t)(s->end - s->at) >= n && memcmp(s->at, text, n) == 0;
}

static void skip_block_comment(struct scanner *s) {
        struct json_position start = s->position;

        scanner_advance_by(s, 2);
        while (scanner_more(s) && !scanner_starts_with(s, "*/"))
                scanner_advance(s);
        if (s->at < s->end) {
                scanner_advance_by(s, 2);
                return;
        }
        scanner_complain(s, start, "this comment is never closed: end it with */");
        s->failed = true;
}

void scanner_skip_more_blanks(struct scanner *s) {
        while (scanner_more(s))
                if (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')
                        scanner_advance(s);
                else if (s->plain)
                        return;
                else if (scanner_starts_with(s, "//"))
                        while (scanner_more(s) && *s->at != '\n')
                                scanner_advance(s);
                else if (scanner_starts_with(s, "/*"))
                        skip_block_comment(s);
                else
                        return;
}

size_t scanner_plain_run(const struct scanner *s) {
        return ascii_plain_run(s->at, (size_t)(s->end - s->at));
}

void scanner_skip_run(struct scanner *s, size_t n) {
        s->position.column += (unsigned)n;
        s->at += n;
}

/* The first place that is no character of a text, or the end. */
static const char *find_bad_character(const struct scanner *s) {
        const char *p = s->at;
        uint32_t c;

        for (;;) {
                size_t n;

                p += ascii_run(p, (size_t)(s->end - p));
                n = p < s->end ? utf8_decode(p, (size_t)(s->end - p), &c) : 0;
                if (n == 0 || c == 0)
                        break;
                p += n;
        }
        return p;
}

void scanner_check_characters(struct scanner *s) {
        const char *bad;
        uint32_t c;

        if (utf8_decode(s->at, (size_t)(s->end - s->at), &c) > 0 && c == BYTE_ORDER_MARK)
                return scanner_fail(s,
                        "the text starts with a byte order mark: save it as UTF-8 without one");
        bad = find_bad_character(s);
        if (bad == s->end)
                return;
        scanner_advance_by(s, (size_t)(bad - s->at));
        scanner_fail(s,
                *bad == 0 ? "a NUL byte: this is not text" : "this is not UTF-8: save the text as UTF-8");
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
