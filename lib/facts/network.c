/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The netlink lines of a snapshot, read and written. A line that makes no sense is not passed over: what it
 * would have said is unknown then.
 */
#include "lib/facts/network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/base/number.h"
#include "lib/facts/snapshot-line.h"

#define LINK "netlink-link"
#define ROUTE "netlink-route"

static int parse_name(struct snapshot_line *l, char name[NETWORK_NAME_SIZE]) {
        _cleanup_(freep) char *text = NULL;
        int r = line_text(l, &text);

        if (r < 0)
                return r;
        if (strlen(text) >= NETWORK_NAME_SIZE || strchr(text, ' '))
                return -EBADMSG;
        memcpy(name, text, strlen(text) + 1);
        return 0;
}

/* An index, or a number of addresses: 0 is written as "none", or not at all. */
static int parse_index(const char *text, uint32_t *ret) {
        uint32_t index;

        if (!text || number_parse_u32(text, 10, &index) < 0 || index == 0)
                return -EBADMSG;
        *ret = index;
        return 0;
}

/* "master=3", "lower=3" or "addresses=3", each once at most. */
static int parse_more(struct network_link *link, char *word) {
        struct {
                const char *key;
                uint32_t *value;
        } const keys[] = {
                { "master", &link->master },
                { "lower", &link->lower },
                { "addresses", &link->addresses },
        };
        char *value = strchr(word, '=');

        if (!value)
                return -EBADMSG;
        *value++ = 0;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                if (strcmp(keys[i].key, word) == 0)
                        return *keys[i].value ? -EBADMSG : parse_index(value, keys[i].value);
        return -EBADMSG;
}

static int parse_state(struct snapshot_line *l, bool *ret_up) {
        const char *word = line_word(l);

        *ret_up = strcmp(word, "up") == 0;
        return *ret_up || strcmp(word, "down") == 0 ? 0 : -EBADMSG;
}

int network_link_parse(const char *line, struct network_link *ret) {
        _cleanup_(freep) char *copy = strdup(line);
        struct snapshot_line l = { .rest = copy };
        struct network_link link = {};
        const char *vf_of;
        int r;

        if (!copy)
                return -ENOMEM;
        if (strcmp(line_word(&l), LINK) != 0 || parse_index(line_word(&l), &link.index) < 0)
                return -EBADMSG;
        r = parse_name(&l, link.name);
        if (r == 0)
                r = parse_state(&l, &link.up);
        if (r < 0)
                return r;
        vf_of = line_value(&l, "vf-of");
        if (!vf_of || (strcmp(vf_of, "none") != 0 && parse_index(vf_of, &link.vf_of) < 0))
                return -EBADMSG;
        while (r == 0 && l.rest)
                r = parse_more(&link, line_word(&l));
        if (r < 0)
                return r;
        *ret = link;
        return 0;
}

static void put_index(FILE *f, const char *key, uint32_t index) {
        if (index)
                fprintf(f, " %s=%u", key, index);
}

int network_link_format(const struct network_link *l, char **ret) {
        _cleanup_(freep) char *name = NULL, *text = NULL;
        size_t size;
        FILE *f;

        if (escape_new(l->name, strlen(l->name), &name) < 0)
                return -ENOMEM;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        fprintf(f, LINK " %u %s %s", l->index, name, l->up ? "up" : "down");
        if (l->vf_of)
                put_index(f, "vf-of", l->vf_of);
        else
                fputs(" vf-of=none", f);
        put_index(f, "master", l->master);
        put_index(f, "lower", l->lower);
        put_index(f, "addresses", l->addresses);
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

int network_route_parse(const char *line, uint32_t *ret_index) {
        _cleanup_(freep) char *copy = strdup(line);
        struct snapshot_line l = { .rest = copy };
        uint32_t index;

        if (!copy)
                return -ENOMEM;
        if (strcmp(line_word(&l), ROUTE) != 0 || strcmp(line_word(&l), "default") != 0 ||
                parse_index(line_value(&l, "dev"), &index) < 0 || l.rest)
                return -EBADMSG;
        *ret_index = index;
        return 0;
}

int network_route_format(uint32_t index, char **ret) {
        return asprintf(ret, ROUTE " default dev=%u", index) < 0 ? -ENOMEM : 0;
}

static int add_link(struct network *n, const struct network_link *l) {
        struct network_link *bigger = reallocarray(n->links, n->n_links + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        n->links = bigger;
        bigger[n->n_links++] = *l;
        return 0;
}

static int add_way_out(struct network *n, uint32_t index) {
        uint32_t *bigger = reallocarray(n->ways_out, n->n_ways_out + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        n->ways_out = bigger;
        bigger[n->n_ways_out++] = index;
        return 0;
}

static int take_line(struct network *n, const char *line) {
        struct network_link link;
        uint32_t index;
        int r;

        if (strncmp(line, ROUTE " ", strlen(ROUTE " ")) == 0) {
                r = network_route_parse(line, &index);
                if (r == 0)
                        r = add_way_out(n, index);
        } else {
                r = network_link_parse(line, &link);
                if (r == 0)
                        r = add_link(n, &link);
        }
        if (r != -EBADMSG)
                return r;
        n->unknown = true;
        return 0;
}

int network_eval(const struct snapshot *s, struct network *ret) {
        _cleanup_(network_done) struct network n = {};
        int r = 0;

        for (size_t i = 0; i < s->n_netlink && r == 0; i++)
                r = take_line(&n, s->netlink[i]);
        if (r < 0)
                return r;
        *ret = n;
        n = (struct network){};
        return 0;
}

void network_done(struct network *n) {
        free(n->links);
        free(n->ways_out);
}

const struct network_link *network_find(const struct network *n, const char *name) {
        for (size_t i = 0; i < n->n_links; i++)
                if (strcmp(n->links[i].name, name) == 0)
                        return &n->links[i];
        return NULL;
}
