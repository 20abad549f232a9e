/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files lie in a temporary folder; changes are made here, as the kernel makes them. */
#include "tests/unit/fake-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>

#include "lib/base/file.h"
#include "tests/unit/harness.h"

#define DEVICES "sys/bus/vmbus/devices"

static bool ends(const char *s, const char *end) {
        return end && strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static int full_path(struct fake_kernel *k, const char *path, char ret[512]) {
        return snprintf(ret, 512, "%s/%s", k->folder, path);
}

void fake_kernel_put(struct fake_kernel *k, const char *path, const char *text) {
        char full[512];
        FILE *f;

        full_path(k, path, full);
        for (char *p = full + strlen(k->folder) + 1; (p = strchr(p, '/')); *p++ = '/') {
                *p = 0;
                (void)mkdir(full, 0700);
        }
        f = fopen(full, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

void fake_kernel_copy(struct fake_kernel *k, const char *path, const char *from) {
        _cleanup_(freep) char *bytes = NULL;
        char full[512];
        size_t n;

        fake_kernel_put(k, path, "");
        full_path(k, path, full);
        assert_int_equal(file_read_at(AT_FDCWD, from, 1 << 20, &bytes, &n), 0);
        assert_int_equal(file_replace_at(AT_FDCWD, full, 0600, bytes, n), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

void fake_kernel_remove(struct fake_kernel *k, const char *path) {
        char full[512];

        full_path(k, path, full);
        (void)nftw(full, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool fake_kernel_has(struct fake_kernel *k, const char *path) {
        char full[512];

        full_path(k, path, full);
        return access(full, F_OK) == 0;
}

static bool reads(struct fake_kernel *k, const char *path, const char *wanted) {
        _cleanup_(freep) char *text = NULL;
        char full[512];

        full_path(k, path, full);
        return file_read_at(AT_FDCWD, full, 4096, &text, NULL) == 0 &&
                strncmp(text, wanted, strlen(wanted)) == 0;
}

/* The instance or event that a path names: "cvmd" of "instances/cvmd/...", of "f:cvmd/chan ...". */
static void group_of(const char *text, char before, char ret[64]) {
        const char *at = strchr(text, before);

        snprintf(ret, 64, "%.*s", at ? (int)strcspn(at + 1, "/ \n") : 0, at ? at + 1 : "");
}

static void list_events(struct fake_kernel *k) {
        char text[1024];

        snprintf(text, sizeof(text), "%s%s", k->event, k->others_event);
        fake_kernel_put(k, TRACING "/dynamic_events", text);
}

/* The event's folder, in that instance. */
static void event_path(const char *instance, const char *group, const char *file, char ret[256]) {
        snprintf(ret, 256, TRACING "/instances/%s/events/%s/chan%s", instance, group, file);
}

static int each_instance(struct fake_kernel *k,
        int (*f)(struct fake_kernel *k, const char *instance, const char *group), const char *group) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = sysroot_list(&k->root, TRACING "/instances", &names);

        for (size_t i = 0; r == 0 && i < names.n; i++)
                r = f(k, names.names[i], group);
        return r;
}

static int busy_in(struct fake_kernel *k, const char *instance, const char *group) {
        char path[256];

        event_path(instance, group, "/enable", path);
        return reads(k, path, "1") ? -EBUSY : 0;
}

static int show_in(struct fake_kernel *k, const char *instance, const char *group) {
        char path[256];

        event_path(instance, group, "/enable", path);
        fake_kernel_put(k, path, "0\n");
        return 0;
}

static int hide_in(struct fake_kernel *k, const char *instance, const char *group) {
        char path[256];

        event_path(instance, group, "", path);
        fake_kernel_remove(k, path);
        return 0;
}

int fake_kernel_command(struct fake_kernel *k, const char *text) {
        char group[64];
        int r;

        group_of(text, ':', group);
        if (text[0] == '-') {
                if (!k->event[0])
                        return -ENOENT;
                r = each_instance(k, busy_in, group);
                if (r < 0)
                        return r;
                (void)each_instance(k, hide_in, group);
                k->event[0] = 0;
                list_events(k);
                return 0;
        }
        for (size_t i = 0; i < sizeof(k->refuses) / sizeof(k->refuses[0]); i++)
                if (k->refuses[i] && strstr(text, k->refuses[i]))
                        return -EINVAL;
        if (k->event[0])
                return -EEXIST;
        snprintf(k->event, sizeof(k->event), "%s", text);
        list_events(k);
        return each_instance(k, show_in, group);
}

/* Behind what is in the file already; a reader goes on where it stopped, as in a trace_pipe. */
static void append(struct fake_kernel *k, const char *path, const char *text) {
        char full[512];
        FILE *f;

        full_path(k, path, full);
        f = fopen(full, "a");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void trace(struct fake_kernel *k, const char *instance, const char *event) {
        char path[256], line[1024];

        if (k->is_read_by_others)
                return;
        snprintf(path, sizeof(path), TRACING "/instances/%s/trace_pipe", instance);
        snprintf(line, sizeof(line), "            cvmd-%-7d [000] ...1. %5u.000001: %s\n", gettid(),
                ++k->n_lines, event);
        append(k, path, line);
}

static void lose_events(struct fake_kernel *k, const char *instance) {
        char path[256];

        snprintf(path, sizeof(path), TRACING "/instances/%s/trace_pipe", instance);
        append(k, path, "CPU:0 [LOST 1 EVENTS]\n");
}

/* The value of one argument of the event, by its name. */
static unsigned value_of(struct fake_kernel *k, const struct fake_channel *c, const char *argument) {
        static const char *const names[] = { "relid=", "flags=", "ring=", "ext=", "ver=", "conf=" };
        const unsigned values[] = { c->relid, c->flags, c->ring, c->ext, k->version, k->confidential };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strncmp(argument, names[i], strlen(names[i])) == 0)
                        return values[i];
        fail_msg("unknown argument: %s", argument);
        return 0;
}

/* subchannel_id of that channel was read: one line, when the event is enabled and records this thread. */
static void fire(struct fake_kernel *k, const struct fake_channel *c) {
        char group[64], path[256], thread[16], definition[sizeof(k->event)], *rest = definition, *argument;
        char event[512] = "chan: (subchannel_id_show+0x4/0x30)";
        size_t n = strlen(event);

        group_of(k->event, ':', group);
        event_path(group, group, "/enable", path);
        if (!k->event[0] || !reads(k, path, "1") || (k->never_fires && strstr(k->event, k->never_fires)))
                return;
        snprintf(path, sizeof(path), TRACING "/instances/%s/set_event_pid", group);
        snprintf(thread, sizeof(thread), "%d\n", gettid());
        if (!reads(k, path, thread))
                return;
        strcpy(definition, k->event);
        (void)strsep(&rest, " ");
        (void)strsep(&rest, " ");
        while ((argument = strsep(&rest, " \n")))
                if (*argument)
                        n += (size_t)snprintf(event + n, sizeof(event) - n, " %.*s=%#x",
                                (int)strcspn(argument, "="), argument, value_of(k, c, argument));
        if (k->loses_events)
                lose_events(k, group);
        trace(k, group, event);
}

/* One who writes there marks the buffer of that instance. */
static void mark(struct fake_kernel *k, const char *path, const char *text) {
        char instance[64], event[256];

        group_of(strstr(path, "instances"), '/', instance);
        snprintf(event, sizeof(event), "tracing_mark_write: %.*s", (int)strcspn(text, "\n"), text);
        trace(k, instance, event);
}

static int fake_open(struct sysroot *root, const char *path, int flags) {
        struct fake_kernel *k = (struct fake_kernel *)root;
        int fd = openat(root->fd, path, flags | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        for (size_t i = 0; ends(path, "/subchannel_id") && i < k->n_channels; i++) {
                char channel[64];

                snprintf(channel, sizeof(channel), "/channels/%u/subchannel_id", k->channels[i].relid);
                if (ends(path, channel))
                        fire(k, &k->channels[i]);
        }
        return fd;
}

static int fake_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        struct fake_kernel *k = (struct fake_kernel *)root;
        char line[64];

        if (ends(path, k->fails.path))
                return -k->fails.error;
        if (!fake_kernel_has(k, path))
                return -ENOENT;
        if (ends(path, k->ignores))
                return 0;
        if (strcmp(path, TRACING "/dynamic_events") == 0) {
                assert_int_equal(mode, SYSROOT_WRITE); /* truncating it would remove everybody's events */
                return fake_kernel_command(k, text);
        }
        assert_false(ends(path, "/trace")); /* to empty it makes the kernel wait for all processors */
        if (ends(path, "/trace_marker")) {
                mark(k, path, text);
                return 0;
        }
        snprintf(line, sizeof(line), "%s\n", text);
        fake_kernel_put(k, path, line);
        return 0;
}

static int fake_make_dir(struct sysroot *root, const char *path) {
        struct fake_kernel *k = (struct fake_kernel *)root;
        static const char *const files[] = { "trace", "trace_pipe", "trace_marker", "trace_clock",
                "set_event_pid", "buffer_size_kb", "trace_options" };
        char file[256];

        if (ends(path, k->fails.path))
                return -k->fails.error;
        if (fake_kernel_has(k, path))
                return -EEXIST;
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                snprintf(file, sizeof(file), "%s/%s", path, files[i]);
                fake_kernel_put(k, file, "");
        }
        snprintf(file, sizeof(file), "%s/tracing_on", path);
        fake_kernel_put(k, file, "1\n");
        return 0;
}

static int fake_remove_dir(struct sysroot *root, const char *path) {
        struct fake_kernel *k = (struct fake_kernel *)root;

        if (!fake_kernel_has(k, path))
                return -ENOENT;
        if (ends(path, k->fails.path))
                return -k->fails.error;
        fake_kernel_remove(k, path);
        return 0;
}

static const struct sysroot_ops fake_ops = {
        .open = fake_open,
        .write = fake_write,
        .make_dir = fake_make_dir,
        .remove_dir = fake_remove_dir,
};

struct fake_kernel *fake_kernel_new(void) {
        static const struct fake_channel channels[] = { { 100, 2, 1, 0 }, { 101, 6, 1, 1 }, { 7, 0, 0, 0 } };
        struct fake_kernel *k = calloc(1, sizeof(*k));

        assert_non_null(k);
        *k = (struct fake_kernel){ .root.ops = &fake_ops,
                .folder = "/tmp/fake-kernel-XXXXXX",
                .version = 0x60000,
                .confidential = 1,
                .others_event = "p:mine/own vfs_read\n" };
        assert_non_null(mkdtemp(k->folder));
        k->root.fd = open(k->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(k->root.fd >= 0);
        for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
                char path[256];

                k->channels[k->n_channels++] = channels[i];
                snprintf(path, sizeof(path), DEVICES "/device-%zu/channels/%u/subchannel_id", i,
                        channels[i].relid);
                fake_kernel_put(k, path, "0\n");
        }
        fake_kernel_put(k, TRACING "/instances/mine/trace", "");
        list_events(k);
        return k;
}

void fake_kernel_free(struct fake_kernel *k) {
        if (!k)
                return;
        fake_kernel_remove(k, ".");
        fake_kernel_remove(k, "");
        closep(&k->root.fd);
        free(k);
}

void fake_kernel_read_channels(struct fake_kernel *k) {
        _cleanup_(sysroot_names_done) struct sysroot_names devices = {};

        assert_int_equal(sysroot_list(&k->root, DEVICES, &devices), 0);
        for (size_t i = 0; i < devices.n; i++) {
                _cleanup_(sysroot_names_done) struct sysroot_names relids = {};
                char path[256];

                snprintf(path, sizeof(path), DEVICES "/%s/channels", devices.names[i]);
                assert_int_equal(sysroot_list(&k->root, path, &relids), 0);
                for (size_t c = 0; c < relids.n; c++) {
                        _cleanup_(freep) char *line = NULL;

                        snprintf(path, sizeof(path), DEVICES "/%s/channels/%s/subchannel_id",
                                devices.names[i], relids.names[c]);
                        assert_int_equal(sysroot_read_line(&k->root, path, &line), 0);
                }
        }
}
