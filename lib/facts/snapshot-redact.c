/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a snapshot names a machine or its owner, and what only looks like it: the words of sysfs itself
 * must stay, or the copy would judge differently from the original.
 */
#include "lib/facts/snapshot-redact.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/link-path.h"

#define HOST_NAME "proc/sys/kernel/hostname"
#define COMMAND_LINE "proc/cmdline"
#define DM_NAME "/dm/name"

/* Where common guests have their file systems; every other mount point says something about its owner. */
static const char *const common_mounts[] = {
        "/",
        "/boot",
        "/boot/efi",
        "/efi",
        "/etc",
        "/home",
        "/mnt",
        "/opt",
        "/root",
        "/srv",
        "/sysroot",
        "/sysroot/usr",
        "/tmp",
        "/usr",
        "/var",
        "/var/lib",
        "/var/log",
        "/var/tmp",
};

/* Arguments that say something about the guest as a guest, and nothing of its owner. */
static const char *const common_arguments[] = {
        "console=",
        "cvmd.",
        "hv_vmbus.",
        "mem_encrypt=",
        "root=PARTUUID=",
        "root=UUID=",
        "swiotlb=",
        "trace_event=",
        "trace_instance=",
};

static const char *const common_flags[] = { "debug", "nosmt", "quiet", "ro", "rw", "single", "splash" };

static int learn_text(struct redaction *r, const char *text) {
        return text ? redaction_learn(r, text, strlen(text)) : 0;
}

/* Where classes are named, their GUIDs stay; also those of classes that are not in the table. */
static int keep_class(struct redaction *r, const struct snapshot *s, const struct snapshot_entry *e) {
        _cleanup_(freep) char *copy = NULL;
        const char *text;
        struct guid g;
        size_t n;

        if (strcmp(path_name(e->path), "class_id") != 0)
                return 0;
        text = snapshot_text(s, e->path, &n);
        if (!text)
                return 0;
        copy = strndup(text, n);
        if (!copy)
                return -ENOMEM;
        return guid_parse(copy, &g) == 0 ? redaction_keep(r, &g) : 0;
}

static int learn_entries(const struct snapshot *s, struct redaction *r) {
        int error = 0;

        for (size_t i = 0; i < s->n_entries && error == 0; i++)
                error = keep_class(r, s, &s->entries[i]);
        for (size_t i = 0; i < s->n_entries && error == 0; i++) {
                error = learn_text(r, s->entries[i].path);
                if (error == 0 && s->entries[i].value)
                        error = redaction_learn(r, s->entries[i].value, s->entries[i].size);
        }
        return error;
}

static int learn_texts(struct redaction *r, char *const *texts, size_t n) {
        int error = 0;

        for (size_t i = 0; i < n && error == 0; i++)
                error = learn_text(r, texts[i]);
        return error;
}

int snapshot_redact_learn(const struct snapshot *s, struct redaction *r) {
        size_t n;
        const char *host = snapshot_text(s, HOST_NAME, &n);
        int error = host ? redaction_set_host_name(r, host, n) : 0;

        if (error == 0)
                error = learn_entries(s, r);
        if (error == 0)
                error = learn_texts(r, s->kmsg, s->n_kmsg);
        if (error == 0)
                error = learn_texts(r, s->swaps, s->n_swaps);
        if (error == 0)
                error = learn_texts(r, s->netlink, s->n_netlink);
        if (error == 0)
                error = learn_text(r, s->probe_note);
        for (size_t i = 0; i < s->n_mounts && error == 0; i++) {
                error = learn_text(r, s->mounts[i].where);
                if (error == 0)
                        error = learn_text(r, s->mounts[i].source);
        }
        return error;
}

static int apply_text(const struct redaction *r, enum redaction_place place, const char *text, char **ret) {
        return redaction_apply(r, place, text, strlen(text), ret, NULL);
}

static bool begins_with_one_of(const char *word, const char *const *beginnings, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strncmp(word, beginnings[i], strlen(beginnings[i])) == 0)
                        return true;
        return false;
}

static bool is_flag(const char *word) {
        size_t n = strcspn(word, "\n");

        for (size_t i = 0; i < sizeof(common_flags) / sizeof(common_flags[0]); i++)
                if (strlen(common_flags[i]) == n && strncmp(word, common_flags[i], n) == 0)
                        return true;
        return n == 0;
}

/* Keeps what is common to guests whole, and of other arguments which ones there are. */
static int redact_command_line(const struct redaction *r, const char *text, size_t n, char **ret,
        size_t *ret_n) {
        _cleanup_(freep) char *copy = strndup(text, n), *out = NULL;
        char *word, *rest = copy;
        size_t used = 0, size;
        FILE *f;

        if (!copy)
                return -ENOMEM;
        f = open_memstream(&out, &size);
        if (!f)
                return -ENOMEM;
        while ((word = strsep(&rest, " "))) {
                size_t key = strcspn(word, "=");

                if (used++ > 0)
                        fputc(' ', f);
                if (is_flag(word) ||
                        begins_with_one_of(word, common_arguments,
                                sizeof(common_arguments) / sizeof(common_arguments[0])))
                        fputs(word, f);
                else
                        fprintf(f, "%.*s%sredacted%s", word[key] ? (int)key : 0, word, word[key] ? "=" : "",
                                strchr(word, '\n') ? "\n" : "");
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        return redaction_apply(r, REDACTION_TEXT, out, strlen(out), ret, ret_n);
}

static const struct snapshot_mount *mount_of(const struct snapshot *s, const char *file) {
        const struct snapshot_mount *best = NULL;

        for (size_t i = 0; i < s->n_mounts; i++) {
                const struct snapshot_mount *m = &s->mounts[i];

                if (strcmp(m->where, "/") != 0 && path_is_within(file, m->where) &&
                        (!best || strlen(m->where) > strlen(best->where)))
                        best = m;
        }
        return best;
}

/* "/mount1" and so on, by the first mount of that place. */
int snapshot_redact_mount(const struct snapshot *s, const char *where, char **ret) {
        size_t number = 0;

        for (size_t i = 0; i < sizeof(common_mounts) / sizeof(common_mounts[0]); i++)
                if (strcmp(where, common_mounts[i]) == 0) {
                        *ret = strdup(where);
                        return *ret ? 0 : -ENOMEM;
                }
        while (number < s->n_mounts && strcmp(s->mounts[number].where, where) != 0)
                number++;
        return asprintf(ret, "/mount%zu", number + 1) < 0 ? -ENOMEM : 0;
}

/* A file stays on its mount and loses its name. number tells it from others. */
static int redact_file(const struct snapshot *s, const char *file, size_t number, char **ret) {
        const struct snapshot_mount *m = mount_of(s, file);
        _cleanup_(freep) char *where = NULL;
        int r = m ? snapshot_redact_mount(s, m->where, &where) : 0;

        if (r < 0)
                return r;
        return asprintf(ret, "%s/file%zu", where ? where : "", number) < 0 ? -ENOMEM : 0;
}

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), length = strlen(end);

        return n >= length && strcmp(text + n - length, end) == 0;
}

/* "map1" and so on, by the first mapping of that name in sysfs; one that is not there is told apart by n. */
static int redact_mapping(const struct snapshot *s, const char *name, size_t length, size_t n, char **ret) {
        size_t number = 0;

        for (size_t i = 0; i < s->n_entries; i++) {
                const struct snapshot_entry *e = &s->entries[i];

                if (!ends_with(e->path, DM_NAME) || e->kind != SNAPSHOT_FILE)
                        continue;
                number++;
                if (strcspn(e->value, "\n") == length && strncmp(e->value, name, length) == 0)
                        return asprintf(ret, "map%zu", number) < 0 ? -ENOMEM : 0;
        }
        return asprintf(ret, "map%zu", s->n_entries + n) < 0 ? -ENOMEM : 0;
}

/*
 * Below /dev the kernel's names stay, as they do in sysfs; a mapping's name is its owner's, and so is what
 * is in a folder. n tells those apart that are not in sysfs.
 */
static int redact_node(const struct snapshot *s, const struct redaction *r, const char *node, size_t n,
        char **ret) {
        static const char dev[] = "/dev/", mapper[] = "/dev/mapper/";
        _cleanup_(freep) char *name = NULL;
        int error;

        if (strncmp(node, mapper, strlen(mapper)) == 0) {
                error = redact_mapping(s, node + strlen(mapper), strlen(node + strlen(mapper)), n, &name);
                if (error < 0)
                        return error;
                return asprintf(ret, "%s%s", mapper, name) < 0 ? -ENOMEM : 0;
        }
        if (strncmp(node, dev, strlen(dev)) != 0) /* not a device: whatever names it may name a machine */
                return asprintf(ret, "source%zu", n) < 0 ? -ENOMEM : 0;
        if (strchr(node + strlen(dev), '/'))
                return asprintf(ret, "/dev/folder/node%zu", n) < 0 ? -ENOMEM : 0;
        return apply_text(r, REDACTION_PATH, node, ret);
}

/* A file's only line, with its end if it had one. Takes line over in any case. */
static int finish_line(const struct snapshot_entry *e, int r, char *line, char **ret, size_t *ret_n) {
        _cleanup_(freep) char *owned = line;
        int n = r < 0 ? r : asprintf(ret, "%s%s", owned, strchr(e->value, '\n') ? "\n" : "");

        if (n < 0)
                return r < 0 ? r : -ENOMEM;
        *ret_n = (size_t)n;
        return 0;
}

static int redact_value(const struct snapshot *s, const struct redaction *r, size_t i, char **ret,
        size_t *ret_n) {
        const struct snapshot_entry *e = &s->entries[i];
        bool owned = strncmp(e->path, "proc/", strlen("proc/")) == 0;
        char *line = NULL;

        if (strcmp(e->path, COMMAND_LINE) == 0)
                return redact_command_line(r, e->value, e->size, ret, ret_n);
        if (ends_with(e->path, "/loop/backing_file")) {
                int error = redact_file(s, e->value, i, &line);

                return finish_line(e, error, line, ret, ret_n);
        }
        if (ends_with(e->path, DM_NAME)) {
                int error = redact_mapping(s, e->value, strcspn(e->value, "\n"), 0, &line);

                return finish_line(e, error, line, ret, ret_n);
        }
        return redaction_apply(r, owned ? REDACTION_TEXT : REDACTION_PATH, e->value, e->size, ret, ret_n);
}

static int redact_entry(const struct snapshot *s, const struct redaction *r, size_t i,
        struct snapshot *copy) {
        const struct snapshot_entry *e = &s->entries[i];
        _cleanup_(freep) char *path = NULL, *value = NULL;
        size_t size = 0;
        int error = apply_text(r, REDACTION_PATH, e->path, &path);

        if (error < 0)
                return error;
        switch (e->kind) {
        case SNAPSHOT_FILE:
                error = redact_value(s, r, i, &value, &size);
                return error < 0 ? error : snapshot_add_file(copy, path, e->mode, value, size);
        case SNAPSHOT_ERROR:
                return snapshot_add_error(copy, path, e->error);
        case SNAPSHOT_DIR:
                return snapshot_add_dir(copy, path);
        case SNAPSHOT_SYMLINK:
                error = apply_text(r, REDACTION_PATH, e->value, &value);
                return error < 0 ? error : snapshot_add_symlink(copy, path, value);
        }
        return -EINVAL;
}

static int redact_mount(const struct snapshot *s, const struct redaction *r, const struct snapshot_mount *m,
        struct snapshot *copy) {
        _cleanup_(freep) char *where = NULL, *source = NULL;
        int error = snapshot_redact_mount(s, m->where, &where);

        if (error == 0 && m->source)
                error = redact_node(s, r, m->source, (size_t)(m - s->mounts), &source);
        if (error < 0)
                return error;
        return snapshot_add_mount(copy,
                &(struct snapshot_mount){ .major = m->major,
                        .minor = m->minor,
                        .where = where,
                        .type = m->type,
                        .source = source });
}

static int redact_swap(const struct snapshot *s, const struct redaction *r, size_t i,
        struct snapshot *copy) {
        _cleanup_(freep) char *file = NULL;
        int error = strncmp(s->swaps[i], "/dev/", strlen("/dev/")) == 0
                ? redact_node(s, r, s->swaps[i], s->n_mounts + i, &file)
                : redact_file(s, s->swaps[i], s->n_entries + i, &file);

        return error < 0 ? error : snapshot_add_swap(copy, file);
}

/* Lines that name what the kernel names: no host name in them. */
static int redact_lines(const struct redaction *r, char *const *lines, size_t n, struct snapshot *copy,
        int (*add)(struct snapshot *s, const char *line)) {
        int error = 0;

        for (size_t i = 0; i < n && error == 0; i++) {
                _cleanup_(freep) char *line = NULL;

                error = apply_text(r, REDACTION_PATH, lines[i], &line);
                if (error == 0)
                        error = add(copy, line);
        }
        return error;
}

/* What is the same for every guest of its kind. */
static int copy_numbers(const struct snapshot *s, struct snapshot *copy) {
        int error = 0;

        copy->cpuid_recorded = s->cpuid_recorded;
        copy->connection = s->connection;
        for (size_t i = 0; i < s->cpuid.n && error == 0; i++)
                error = cpuid_table_add(&copy->cpuid, &s->cpuid.leaves[i]);
        for (size_t i = 0; i < s->n_channels && error == 0; i++)
                error = snapshot_add_channel(copy, &s->channels[i]);
        return error;
}

static int redact_all(const struct snapshot *s, const struct redaction *r, struct snapshot *copy) {
        int error = copy_numbers(s, copy);

        for (size_t i = 0; i < s->n_entries && error == 0; i++)
                error = redact_entry(s, r, i, copy);
        for (size_t i = 0; i < s->n_mounts && error == 0; i++)
                error = redact_mount(s, r, &s->mounts[i], copy);
        for (size_t i = 0; i < s->n_swaps && error == 0; i++)
                error = redact_swap(s, r, i, copy);
        if (error == 0)
                error = redact_lines(r, s->kmsg, s->n_kmsg, copy, snapshot_add_kmsg);
        if (error == 0)
                error = redact_lines(r, s->netlink, s->n_netlink, copy, snapshot_add_netlink);
        if (error == 0 && s->probe_note)
                error = redact_lines(r, (char *const[]){ s->probe_note }, 1, copy, snapshot_set_probe_note);
        return error;
}

int snapshot_redact_apply(const struct snapshot *s, const struct redaction *r, struct snapshot **ret,
        struct diag *d) {
        _cleanup_(snapshot_freep) struct snapshot *copy = NULL;
        int error = snapshot_new(&copy);

        if (error == 0)
                error = redact_all(s, r, copy);
        if (error < 0)
                return diag_errno(d, error, "redacting");
        error = snapshot_seal(copy, d);
        if (error < 0)
                return diag_wrap(d, error, "redacting");
        *ret = TAKE(copy);
        return 0;
}

int snapshot_redact(const struct snapshot *s, struct snapshot **ret, struct diag *d) {
        _cleanup_(redaction_freep) struct redaction *r = NULL;
        int error = redaction_new(&r);

        if (error == 0)
                error = snapshot_redact_learn(s, r);
        if (error < 0)
                return diag_errno(d, error, "redacting");
        redaction_settle(r);
        return snapshot_redact_apply(s, r, ret, d);
}
