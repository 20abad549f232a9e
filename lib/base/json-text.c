/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/json-text.h"

#include <string.h>

#include "lib/base/ascii.h"
#include "lib/base/utf8.h"

#define FIRST_ROOM 4096

void json_text_done(struct json_text *t) {
        free(t->text);
        *t = (struct json_text){};
}

/* Whether there is room for more than n now; none without memory, so that nothing else is written. */
static bool make_room(struct json_text *t, size_t n) {
        size_t room = t->room ?: FIRST_ROOM;
        char *bigger;

        if (t->no_memory)
                return false;
        while (room - t->n <= n)
                room *= 2;
        bigger = realloc(t->text, room);
        if (!bigger) {
                t->no_memory = true;
                t->room = t->n;
                return false;
        }
        t->text = bigger;
        t->room = room;
        return true;
}

/* What is written is short: most of its cost would be calls. */
static inline void put(struct json_text *t, const char *text, size_t n) {
        if (t->room - t->n <= n && !make_room(t, n))
                return;
        memcpy(t->text + t->n, text, n);
        t->n += n;
}

void json_text_put(struct json_text *t, const char *text, size_t n) {
        put(t, text, n);
}

static void put_unit(struct json_text *t, uint32_t unit) {
        char text[8];

        put(t, text, (size_t)snprintf(text, sizeof(text), "\\u%04x", unit & 0xffff));
}

static void put_character(struct json_text *t, uint32_t c) {
        if (c < 0x10000)
                put_unit(t, c);
        else {
                put_unit(t, 0xd800 + ((c - 0x10000) >> 10));
                put_unit(t, 0xdc00 + ((c - 0x10000) & 0x3ff));
        }
}

/* What does not all stand for itself. */
static void put_mixed(struct json_text *t, const char *text, const char *end) {
        for (;;) {
                size_t n = ascii_plain_run(text, (size_t)(end - text));
                uint32_t c = 0xfffd;

                put(t, text, n);
                text += n;
                if (text == end)
                        break;
                if (*text == '"' || *text == '\\') {
                        put(t, (const char[]){ '\\', *text }, 2);
                        text++;
                        continue;
                }
                n = utf8_decode(text, (size_t)(end - text), &c);
                put_character(t, n > 0 ? c : 0xfffd);
                text += n > 0 ? n : 1;
        }
}

void json_text_string(struct json_text *t, const char *text) {
        size_t n = text ? strlen(text) : 0;

        if (!text) {
                put(t, "null", 4);
                return;
        }
        put(t, "\"", 1);
        if (ascii_plain_run(text, n) == n)
                put(t, text, n);
        else
                put_mixed(t, text, text + n);
        put(t, "\"", 1);
}

void json_text_number(struct json_text *t, int64_t number) {
        char text[24];

        put(t, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)number));
}

void json_text_flag(struct json_text *t, bool flag) {
        json_text_raw(t, flag ? "true" : "false");
}

static void put_children(struct json_text *t, const struct json_node *node) {
        bool is_object = node->kind == JSON_OBJECT;

        put(t, is_object ? "{" : "[", 1);
        for (const struct json_node *child = node->children; child; child = child->next) {
                if (child != node->children)
                        put(t, ",", 1);
                if (is_object) {
                        json_text_string(t, child->key);
                        put(t, ":", 1);
                }
                json_text_node(t, child);
        }
        put(t, is_object ? "}" : "]", 1);
}

void json_text_node(struct json_text *t, const struct json_node *node) {
        switch (node->kind) {
        case JSON_NULL:
                json_text_raw(t, "null");
                break;
        case JSON_BOOLEAN:
                json_text_flag(t, node->boolean);
                break;
        case JSON_INTEGER:
                json_text_number(t, node->integer);
                break;
        case JSON_STRING:
                json_text_string(t, node->string);
                break;
        case JSON_LIST:
        case JSON_OBJECT:
                put_children(t, node);
                break;
        case _JSON_KIND_MAX:
                break;
        }
}
