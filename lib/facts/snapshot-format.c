/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing the snapshot file that snapshot-text.c reads: the same order for the same snapshot, so that diff
 * works.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/base/number.h"
#include "lib/facts/snapshot-text-private.h"
#include "lib/facts/snapshot-text.h"

static const char errno_prefix[] = "errno-";

const char *snapshot_errno_to_name(int error, char buffer[ERRNO_NAME_SIZE]) {
        const char *name = error > 0 ? strerrorname_np(error) : NULL;

        if (name)
                return name;
        snprintf(buffer, ERRNO_NAME_SIZE, "%s%d", errno_prefix, error);
        return buffer;
}

int snapshot_errno_from_name(const char *name) {
        enum { HIGHEST = 4095 }; /* of what the kernel can return */
        uint64_t number;

        if (strncmp(name, errno_prefix, strlen(errno_prefix)) == 0) {
                if (number_parse(name + strlen(errno_prefix), 10, HIGHEST, &number) < 0 ||
                        strerrorname_np((int)number))
                        return -EBADMSG; /* one with a name is written by its name */
                return (int)number;
        }
        for (int i = 1; i <= HIGHEST; i++) {
                const char *known = strerrorname_np(i);

                if (known && strcmp(known, name) == 0)
                        return i;
        }
        return -EBADMSG;
}

/* One word: escaped, and without a space. */
static void put_word(FILE *f, const char *text, bool *ret_failed) {
        _cleanup_(freep) char *escaped = NULL;

        if (escape_new(text, strlen(text), &escaped) < 0) {
                *ret_failed = true;
                return;
        }
        for (const char *c = escaped; *c; c++)
                if (*c == ' ')
                        fputs("\\x20", f);
                else
                        fputc(*c, f);
}

static void put_quoted(FILE *f, const void *bytes, size_t n, bool *ret_failed) {
        _cleanup_(freep) char *escaped = NULL;

        if (escape_new(bytes, n, &escaped) < 0) {
                *ret_failed = true;
                return;
        }
        fprintf(f, "\"%s\"", escaped);
}

static const char *bit(enum tristate t) {
        switch (t) {
        case TRISTATE_YES:
                return "1";
        case TRISTATE_NO:
                return "0";
        case TRISTATE_UNKNOWN:
        case _TRISTATE_MAX:
                break;
        }
        return "unknown";
}

bool snapshot_connection_known(const struct snapshot_connection *c) {
        return c->version > 0 || c->confidential != TRISTATE_UNKNOWN ||
                c->kernel_support != TRISTATE_UNKNOWN;
}

static void put_connection(FILE *f, const struct snapshot_connection *c) {
        if (!snapshot_connection_known(c))
                return;
        fputs("connection version=", f);
        if (c->version)
                fprintf(f, "%u.%u", c->version >> 16, c->version & 0xffff);
        else
                fputs("unknown", f);
        fprintf(f, " confidential=%s kernel-support=%s\n", tristate_to_string(c->confidential),
                tristate_to_string(c->kernel_support));
}

static void put_channel(FILE *f, const struct snapshot_channel *c) {
        fprintf(f, "channel %u flags=", c->relid);
        if (c->flags >= 0)
                fprintf(f, "0x%x", (unsigned)c->flags);
        else
                fputs("unknown", f);
        fprintf(f, " ring=%s dma=%s source=%s\n", bit(c->ring), bit(c->dma),
                fact_source_to_string(c->source));
}

static void put_mount(FILE *f, const struct snapshot_mount *m, bool *ret_failed) {
        fprintf(f, "mount %u:%u ", m->major, m->minor);
        put_word(f, m->where, ret_failed);
        fputc(' ', f);
        put_word(f, m->type, ret_failed);
        if (m->source) {
                fputc(' ', f);
                put_word(f, m->source, ret_failed);
        }
        fputc('\n', f);
}

static void put_entry(FILE *f, const struct snapshot_entry *e, bool *ret_failed) {
        static const char *const types[] = {
                [SNAPSHOT_FILE] = "file",
                [SNAPSHOT_ERROR] = "error",
                [SNAPSHOT_DIR] = "dir",
                [SNAPSHOT_SYMLINK] = "symlink",
        };
        char buffer[ERRNO_NAME_SIZE];

        fprintf(f, "%s ", types[e->kind]);
        put_word(f, e->path, ret_failed);
        switch (e->kind) {
        case SNAPSHOT_FILE:
                fprintf(f, " %04o ", e->mode);
                put_quoted(f, e->value, e->size, ret_failed);
                break;
        case SNAPSHOT_ERROR:
                fprintf(f, " %s", snapshot_errno_to_name(e->error, buffer));
                break;
        case SNAPSHOT_DIR:
                break;
        case SNAPSHOT_SYMLINK:
                fputc(' ', f);
                put_word(f, e->value, ret_failed);
                break;
        }
        fputc('\n', f);
}

static void put_snapshot(FILE *f, const struct snapshot *s, bool *ret_failed) {
        fputs(SNAPSHOT_HEADER "\n", f);
        if (s->cpuid_recorded)
                fputs("recorded cpuid\n", f);
        for (size_t i = 0; i < s->cpuid.n; i++) {
                const struct cpuid_leaf *l = &s->cpuid.leaves[i];

                fprintf(f, "cpuid 0x%08x %u %08x %08x %08x %08x\n", l->leaf, l->subleaf, l->eax, l->ebx,
                        l->ecx, l->edx);
        }
        put_connection(f, &s->connection);
        if (s->probe_note) {
                fputs("probe-note ", f);
                put_quoted(f, s->probe_note, strlen(s->probe_note), ret_failed);
                fputc('\n', f);
        }
        for (size_t i = 0; i < s->n_channels; i++)
                put_channel(f, &s->channels[i]);
        for (size_t i = 0; i < s->n_kmsg; i++) {
                fputs("kmsg ", f);
                put_quoted(f, s->kmsg[i], strlen(s->kmsg[i]), ret_failed);
                fputc('\n', f);
        }
        for (size_t i = 0; i < s->n_mounts; i++)
                put_mount(f, &s->mounts[i], ret_failed);
        for (size_t i = 0; i < s->n_swaps; i++) {
                fputs("swap ", f);
                put_word(f, s->swaps[i], ret_failed);
                fputc('\n', f);
        }
        for (size_t i = 0; i < s->n_netlink; i++)
                fprintf(f, "%s\n", s->netlink[i]);
        for (size_t i = 0; i < s->n_entries; i++)
                put_entry(f, &s->entries[i], ret_failed);
        fputs(SNAPSHOT_END "\n", f);
}

int snapshot_format(const struct snapshot *s, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        bool failed = false;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        put_snapshot(f, s, &failed);
        failed |= ferror(f) != 0;
        failed |= fclose(f) != 0;
        if (failed)
                return -ENOMEM;
        *ret = TAKE(text);
        *ret_size = size;
        return 0;
}
