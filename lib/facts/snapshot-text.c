/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the snapshot file: one typed line after the other, words separated by one space, foreign bytes
 * escaped. A line that is not understood is an error, never skipped: a fact that got lost could make a guest
 * look better than it is. For the same reason the last line is `end`. Blank lines and lines that start with
 * # are for people. snapshot-format.c writes it.
 */
#include "lib/facts/snapshot-text.h"

#include <errno.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/snapshot-line.h"
#include "lib/facts/snapshot-text-private.h"

#define MODE_MAX 07777

static int parse_cpuid(struct snapshot_line *l, struct snapshot *s) {
        struct cpuid_leaf leaf;
        int r;

        if (!l->rest || cpuid_leaf_parse(l->rest, &leaf) < 0)
                return line_bad(l, "not \"cpuid LEAF SUBLEAF EAX EBX ECX EDX\"");
        r = cpuid_table_add(&s->cpuid, &leaf);
        if (r == -EEXIST)
                return line_bad(l, "this leaf and subleaf are there twice");
        return r;
}

static int parse_recorded(struct snapshot_line *l, struct snapshot *s) {
        if (strcmp(line_word(l), "cpuid") != 0)
                return line_bad(l, "only cpuid can be recorded");
        s->cpuid_recorded = true;
        return line_end(l);
}

static int parse_connection(struct snapshot_line *l, struct snapshot *s) {
        static const char syntax[] = "not \"connection version=MAJOR.MINOR confidential=WORD "
                                     "kernel-support=WORD\", words: yes, no, unknown";
        const char *version = line_value(l, "version");
        const char *confidential = line_value(l, "confidential");
        const char *support = line_value(l, "kernel-support");
        struct snapshot_connection c = {};
        uint32_t major = 0, minor = 0;
        int yes_no, has;

        if (!version || !confidential || !support || l->rest)
                return line_bad(l, syntax);
        yes_no = tristate_from_string(confidential);
        has = tristate_from_string(support);
        if (yes_no < 0 || has < 0)
                return line_bad(l, syntax);
        if (strcmp(version, "unknown") != 0 && pair_parse(version, '.', UINT16_MAX, &major, &minor) < 0)
                return line_bad(l, syntax);
        if (snapshot_connection_known(&s->connection))
                return line_bad(l, "there is one connection, and a line above is about it");
        c.version = major << 16 | minor;
        c.confidential = (enum tristate)yes_no;
        c.kernel_support = (enum tristate)has;
        s->connection = c;
        return 0;
}

/* "1", "0" or "unknown". */
static int parse_bit(const char *text, enum tristate *ret) {
        if (!text)
                return -EBADMSG;
        if (strcmp(text, "1") == 0)
                *ret = TRISTATE_YES;
        else if (strcmp(text, "0") == 0)
                *ret = TRISTATE_NO;
        else if (strcmp(text, "unknown") == 0)
                *ret = TRISTATE_UNKNOWN;
        else
                return -EBADMSG;
        return 0;
}

static int parse_flags(const char *text, int32_t *ret) {
        uint64_t flags;

        if (!text)
                return -EBADMSG;
        if (strcmp(text, "unknown") == 0) {
                *ret = -1;
                return 0;
        }
        if (number_parse(text, 16, UINT16_MAX, &flags) < 0)
                return -EBADMSG;
        *ret = (int32_t)flags;
        return 0;
}

static int parse_channel(struct snapshot_line *l, struct snapshot *s) {
        struct snapshot_channel c;
        const char *relid = line_word(l);
        const char *flags = line_value(l, "flags");
        const char *ring = line_value(l, "ring");
        const char *dma = line_value(l, "dma");
        const char *source = line_value(l, "source");
        int from = source ? fact_source_from_string(source) : -EBADMSG;

        if (number_parse_u32(relid, 10, &c.relid) < 0 || parse_flags(flags, &c.flags) < 0 ||
                parse_bit(ring, &c.ring) < 0 || parse_bit(dma, &c.dma) < 0 || from < 0 || l->rest)
                return line_bad(l,
                        "not \"channel RELID flags=0xFLAGS ring=BIT dma=BIT source=SOURCE\", BIT: 0, 1, "
                        "unknown");
        c.source = (enum fact_source)from;
        return snapshot_add_channel(s, &c);
}

static int parse_kmsg(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *text = NULL;
        int r = line_quoted_text(l, &text);

        if (r == 0 && strchr(text, '\n'))
                return line_bad(l, "a message of the kernel log is one line");
        return r < 0 ? r : snapshot_add_kmsg(s, text);
}

static int parse_swap(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *text = NULL;
        int r = line_text(l, &text);

        if (r < 0)
                return r;
        return line_end(l) < 0 ? -EBADMSG : snapshot_add_swap(s, text);
}

static int parse_note(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *text = NULL;
        int r = line_quoted_text(l, &text);

        if (r == 0 && s->probe_note)
                return line_bad(l, "there is one note of the probe, and a line above has it");
        return r < 0 ? r : snapshot_set_probe_note(s, text);
}

static int parse_mount(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *where = NULL, *type = NULL, *source = NULL;
        struct snapshot_mount m = {};
        int r;

        if (pair_parse(line_word(l), ':', UINT32_MAX, &m.major, &m.minor) < 0)
                return line_bad(l, "not \"mount MAJOR:MINOR WHERE TYPE [SOURCE]\"");
        r = line_text(l, &where);
        if (r == 0)
                r = line_text(l, &type);
        if (r == 0 && l->rest)
                r = line_text(l, &source);
        if (r == 0)
                r = line_end(l);
        if (r < 0)
                return r;
        m.where = where;
        m.type = type;
        m.source = source;
        return snapshot_add_mount(s, &m);
}

/* Kept as they are, for whoever asks about the network; only what would break the text is refused. */
static int parse_netlink(struct snapshot_line *l, struct snapshot *s, const char *type) {
        _cleanup_(freep) char *whole = NULL;

        if (!l->rest || !*l->rest)
                return line_bad(l, "nothing behind the first word");
        for (const char *c = l->rest; *c; c++)
                if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
                        return line_bad(l, "a byte that is not printable ASCII");
        if (asprintf(&whole, "%s %s", type, l->rest) < 0)
                return -ENOMEM;
        return snapshot_add_netlink(s, whole);
}

static int parse_link(struct snapshot_line *l, struct snapshot *s) {
        return parse_netlink(l, s, "netlink-link");
}

static int parse_route(struct snapshot_line *l, struct snapshot *s) {
        return parse_netlink(l, s, "netlink-route");
}

static int parse_file(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *path = NULL, *value = NULL;
        uint64_t mode;
        size_t size;
        int r = line_text(l, &path);

        if (r < 0)
                return r;
        if (number_parse(line_word(l), 8, MODE_MAX, &mode) < 0)
                return line_bad(l, "no octal mode behind the path");
        r = line_quoted(l, &value, &size);
        return r < 0 ? r : snapshot_add_file(s, path, (unsigned)mode, value, size);
}

static int parse_error(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *path = NULL;
        int error, r = line_text(l, &path);

        if (r < 0)
                return r;
        error = snapshot_errno_from_name(line_word(l));
        if (error < 0)
                return line_bad(l, "no name of an errno behind the path");
        return line_end(l) < 0 ? -EBADMSG : snapshot_add_error(s, path, error);
}

static int parse_dir(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *path = NULL;
        int r = line_text(l, &path);

        if (r < 0)
                return r;
        return line_end(l) < 0 ? -EBADMSG : snapshot_add_dir(s, path);
}

static int parse_symlink(struct snapshot_line *l, struct snapshot *s) {
        _cleanup_(freep) char *path = NULL, *target = NULL;
        int r = line_text(l, &path);

        if (r == 0)
                r = line_text(l, &target);
        if (r < 0)
                return r;
        return line_end(l) < 0 ? -EBADMSG : snapshot_add_symlink(s, path, target);
}

static const struct {
        const char *type;
        int (*parse)(struct snapshot_line *l, struct snapshot *s);
} line_types[] = {
        { "recorded", parse_recorded },
        { "cpuid", parse_cpuid },
        { "connection", parse_connection },
        { "probe-note", parse_note },
        { "channel", parse_channel },
        { "kmsg", parse_kmsg },
        { "mount", parse_mount },
        { "swap", parse_swap },
        { "netlink-link", parse_link },
        { "netlink-route", parse_route },
        { "file", parse_file },
        { "error", parse_error },
        { "dir", parse_dir },
        { "symlink", parse_symlink },
};

static int parse_typed(struct snapshot *s, char *text, struct diag *d) {
        struct snapshot_line l = { .rest = text, .d = d };
        const char *type = line_word(&l);

        for (size_t i = 0; i < sizeof(line_types) / sizeof(line_types[0]); i++)
                if (strcmp(type, line_types[i].type) == 0)
                        return line_types[i].parse(&l, s);
        return diag_fail(d, -EBADMSG, "a line of type \"%.32s\" is not known to this version", type);
}

/* Where in the file we are: the first line and the last one are not like the others. */
enum place { PLACE_BEFORE, PLACE_WITHIN, PLACE_AFTER };

static int parse_line(struct snapshot *s, char *text, enum place *place, struct diag *d) {
        if (!*text || *text == '#')
                return 0;
        switch (*place) {
        case PLACE_BEFORE:
                if (strcmp(text, SNAPSHOT_HEADER) != 0)
                        return diag_fail(d, -EBADMSG,
                                "not a snapshot of version 1: the first line is not \"" SNAPSHOT_HEADER
                                "\"");
                *place = PLACE_WITHIN;
                return 0;
        case PLACE_WITHIN:
                if (strcmp(text, SNAPSHOT_END) != 0)
                        return parse_typed(s, text, d);
                *place = PLACE_AFTER;
                return 0;
        case PLACE_AFTER:
                return diag_fail(d, -EBADMSG, "something behind the line \"" SNAPSHOT_END "\"");
        }
        return -EINVAL;
}

static int parse_lines(const char *name, const char *text, size_t n, struct snapshot *s, struct diag *d) {
        const char *end = text + n;
        enum place place = PLACE_BEFORE;
        unsigned number;

        for (number = 1; text < end; number++) {
                const char *newline = memchr(text, '\n', (size_t)(end - text));
                _cleanup_(freep) char *line = NULL;
                int r;

                if (!newline || memchr(text, 0, (size_t)(newline - text)))
                        return diag_fail(d, -EBADMSG, "%s:%u: %s", name, number,
                                newline ? "a NUL byte: this is no text"
                                        : "no newline at its end: the file is cut off");
                line = strndup(text, (size_t)(newline - text));
                if (!line)
                        return diag_errno(d, -ENOMEM, "%s", name);
                r = parse_line(s, line, &place, d);
                if (r == -EBADMSG)
                        return diag_wrap(d, r, "%s:%u", name, number);
                if (r < 0)
                        return diag_errno(d, r, "%s", name);
                text = newline + 1;
        }
        if (place != PLACE_AFTER)
                return diag_fail(d, -EBADMSG, "%s:%u: no line \"" SNAPSHOT_END "\": the file is cut off",
                        name, number);
        return 0;
}

int snapshot_parse(const char *name, const char *text, size_t n, struct snapshot **ret, struct diag *d) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        int r;

        if (n > SNAPSHOT_TEXT_MAX)
                return diag_fail(d, -EBADMSG, "%s: larger than %d bytes", name, SNAPSHOT_TEXT_MAX);
        r = snapshot_new(&s);
        if (r < 0)
                return diag_errno(d, r, "%s", name);
        r = parse_lines(name, text, n, s, d);
        if (r < 0)
                return r;
        r = snapshot_seal(s, d);
        if (r < 0)
                return diag_wrap(d, r == -EEXIST ? -EBADMSG : r, "%s", name);
        *ret = TAKE(s);
        return 0;
}
