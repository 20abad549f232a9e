/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes behind every digest over JSON: policies and claims. */
#include "lib/base/canonical-json.h"

#include <errno.h>
#include <json-c/linkhash.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

#define INTEGER_MAX ((INT64_C(1) << 53) - 1)
#define DIGITS_MAX 17  /* that tell any double from its neighbours */
#define FIXED_MAX 21   /* up to 10^21 a number is written without an exponent, ... */
#define FIXED_MIN (-6) /* ... and down to 10^-6 */

static int write_value(FILE *f, struct json_object *o);

/* The digits of v, no dot and no zeros at the end, and where the dot belongs: v = 0.DIGITS x 10^*ret_point.
 */
static void shortest_digits(double v, char ret[DIGITS_MAX + 1], int *ret_point) {
        char text[CANONICAL_NUMBER_SIZE];
        size_t n = 0;

        for (int precision = 0; precision < DIGITS_MAX; precision++) {
                snprintf(text, sizeof(text), "%.*e", precision, v);
                if (strtod(text, NULL) == v)
                        break;
        }
        /* whatever stands for the dot in this locale is skipped */
        for (const char *p = text; *p != 'e'; p++)
                if (*p >= '0' && *p <= '9')
                        ret[n++] = *p;
        while (n > 1 && ret[n - 1] == '0')
                n--;
        ret[n] = 0;
        *ret_point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
}

/* ECMA-262, Number::toString. */
void canonical_number(double v, char ret[CANONICAL_NUMBER_SIZE]) {
        static const char zeros[] = "00000000000000000000";
        const char *sign = v < 0 ? "-" : "";
        char digits[DIGITS_MAX + 1];
        int n, point;

        if (v == 0) {
                memcpy(ret, "0", sizeof("0")); /* minus zero as well */
                return;
        }
        shortest_digits(fabs(v), digits, &point);
        n = (int)strlen(digits);
        if (point > FIXED_MAX || point <= FIXED_MIN)
                snprintf(ret, CANONICAL_NUMBER_SIZE, "%s%c%s%se%+d", sign, digits[0], n > 1 ? "." : "",
                        digits + 1, point - 1);
        else if (point <= 0)
                snprintf(ret, CANONICAL_NUMBER_SIZE, "%s0.%.*s%s", sign, -point, zeros, digits);
        else if (point >= n)
                snprintf(ret, CANONICAL_NUMBER_SIZE, "%s%s%.*s", sign, digits, point - n, zeros);
        else
                snprintf(ret, CANONICAL_NUMBER_SIZE, "%s%.*s.%s", sign, point, digits, digits + point);
}

static int write_string(FILE *f, const char *text, size_t n) {
        static const char escaped[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";

        fputc('"', f);
        while (n > 0) {
                size_t length = utf8_decode(text, n, NULL);
                const char *escape = *text ? strchr(escaped, *text) : NULL;

                if (length == 0)
                        return -EILSEQ;
                if (escape)
                        fprintf(f, "\\%c", names[escape - escaped]);
                else if ((unsigned char)*text < ' ')
                        fprintf(f, "\\u%04x", (unsigned)*text);
                else
                        fwrite(text, 1, length, f);
                text += length;
                n -= length;
        }
        fputc('"', f);
        return 0;
}

/* The n-th UTF-16 unit of a character, which has at most two. */
static uint32_t utf16_unit(uint32_t c, unsigned i) {
        if (c < 0x10000)
                return c;
        return i == 0 ? 0xd800 + ((c - 0x10000) >> 10) : 0xdc00 + ((c - 0x10000) & 0x3ff);
}

/* By UTF-16 units, where characters beyond U+FFFF stand before U+E000. Keys that are no UTF-8 are refused
 * later. */
static int compare_keys(const void *a, const void *b) {
        const char *x = *(const char *const *)a, *y = *(const char *const *)b;

        for (;;) {
                uint32_t c = 0, d = 0;
                size_t n = utf8_decode(x, strlen(x), &c), m = utf8_decode(y, strlen(y), &d);

                if (n == 0 || m == 0)
                        return n == m ? 0 : n == 0 ? -1 : 1;
                if (c != d) {
                        uint32_t u = utf16_unit(c, 0), v = utf16_unit(d, 0);

                        if (u == v) {
                                u = utf16_unit(c, 1);
                                v = utf16_unit(d, 1);
                        }
                        return u < v ? -1 : 1;
                }
                x += n;
                y += m;
        }
}

static int write_object(FILE *f, struct json_object *o) {
        size_t n_keys = (size_t)json_object_object_length(o), n = 0;
        _cleanup_(freep) const char **keys = calloc(n_keys + 1, sizeof(*keys));
        int r = 0;

        if (!keys)
                return -ENOMEM;
        json_object_object_foreach(o, key, value) {
                (void)value;
                keys[n++] = key;
        }
        qsort(keys, n, sizeof(*keys), compare_keys);
        fputc('{', f);
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (i > 0)
                        fputc(',', f);
                r = write_string(f, keys[i], strlen(keys[i]));
                fputc(':', f);
                if (r == 0)
                        r = write_value(f, json_object_object_get(o, keys[i]));
        }
        fputc('}', f);
        return r;
}

static int write_array(FILE *f, struct json_object *o) {
        int r = 0;

        fputc('[', f);
        for (size_t i = 0; r == 0 && i < json_object_array_length(o); i++) {
                if (i > 0)
                        fputc(',', f);
                r = write_value(f, json_object_array_get_idx(o, i));
        }
        fputc(']', f);
        return r;
}

static int write_integer(FILE *f, struct json_object *o) {
        int64_t v = json_object_get_int64(o); /* clamps what is larger to INT64_MAX */

        if (v > INTEGER_MAX || v < -INTEGER_MAX)
                return -ERANGE;
        fprintf(f, "%lld", (long long)v);
        return 0;
}

static int write_double(FILE *f, double v) {
        char text[CANONICAL_NUMBER_SIZE];

        if (!isfinite(v))
                return -ERANGE;
        canonical_number(v, text);
        fputs(text, f);
        return 0;
}

static int write_value(FILE *f, struct json_object *o) {
        switch (json_object_get_type(o)) {
        case json_type_null:
                fputs("null", f);
                return 0;
        case json_type_boolean:
                fputs(json_object_get_boolean(o) ? "true" : "false", f);
                return 0;
        case json_type_int:
                return write_integer(f, o);
        case json_type_double:
                return write_double(f, json_object_get_double(o));
        case json_type_string:
                return write_string(f, json_object_get_string(o), (size_t)json_object_get_string_len(o));
        case json_type_array:
                return write_array(f, o);
        case json_type_object:
                return write_object(f, o);
        }
        return -EINVAL;
}

int canonical_json(struct json_object *o, char **ret) {
        _cleanup_(freep) char *text = NULL; /* before the stream, so that it is freed after it is closed */
        _cleanup_(fclosep) FILE *f = NULL;
        size_t n;
        int r;

        f = open_memstream(&text, &n);
        if (!f)
                return -ENOMEM;
        r = write_value(f, o);
        if (r == 0 && (ferror(f) || fflush(f) != 0))
                r = -ENOMEM;
        if (r < 0)
                return r;
        fclose(TAKE(f)); /* which only now settles the text */
        *ret = TAKE(text);
        return 0;
}
