/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drivers_autoprobe and drivers_probe. The note is written before the first write to the kernel, so that
 * whatever ends us in between, the next cvmd knows that the gate is ours to open.
 */
#include "lib/enforce/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/facts/link-path.h"

#define BUS "sys/bus/vmbus"
#define AUTOPROBE BUS "/drivers_autoprobe"
#define NOTE_FILE "gate"
#define NOTE_MAX (1024 * 1024)
#define PATH_SIZE 512 /* each path below has two names of at most 255 bytes */

/* The first trouble is kept; what follows is mostly its consequence. */
static void trouble(struct apply_result *result, int error, const char *what) {
        if (result->what[0])
                return;
        result->error = error;
        snprintf(result->what, sizeof(result->what), "%s%s%s", what, error < 0 ? ": " : "",
                error < 0 ? errno_text(error) : "");
}

static int read_autoprobe(struct sysroot *root, bool *ret) {
        _cleanup_(freep) char *line = NULL;
        int r = sysroot_read_line(root, AUTOPROBE, &line);

        if (r < 0)
                return r == -ENOENT ? -ENODEV : r;
        if (strcmp(line, "0") != 0 && strcmp(line, "1") != 0)
                return -EBADMSG;
        *ret = line[0] == '1';
        return 0;
}

/* The name of the bound driver, NULL when there is none. The caller frees *ret. */
static int read_driver(struct sysroot *root, const char *instance, char **ret) {
        _cleanup_(freep) char *target = NULL;
        char path[PATH_SIZE];
        int r;

        snprintf(path, sizeof(path), BUS "/devices/%s/driver", instance);
        r = sysroot_read_link(root, path, &target);
        if (r < 0 && r != -ENOENT)
                return r;
        *ret = target ? strdup(path_name(target)) : NULL;
        return target && !*ret ? -ENOMEM : 0;
}

void gate_note_done(struct gate_note *n) {
        free(n->birds);
        *n = (struct gate_note){};
}

static int add_bird(struct gate_note *n, const struct gate_early_bird *bird) {
        struct gate_early_bird *bigger = reallocarray(n->birds, n->n_birds + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        n->birds = bigger;
        n->birds[n->n_birds++] = *bird;
        return 0;
}

/* "INSTANCE built-in|module DRIVER" */
static int parse_bird(char *line, struct gate_early_bird *ret) {
        const char *instance = strsep(&line, " "), *kind = strsep(&line, " ");
        struct gate_early_bird bird = {};
        char proper[GUID_TEXT_SIZE];

        if (!kind || !line || !line[0] || strlen(line) >= sizeof(bird.driver) ||
                guid_parse(instance, &bird.instance) < 0)
                return -EBADMSG;
        guid_format(&bird.instance, proper);
        if (strcmp(proper, instance) != 0)
                return -EBADMSG;
        bird.built_in = strcmp(kind, "built-in") == 0;
        if (!bird.built_in && strcmp(kind, "module") != 0)
                return -EBADMSG;
        snprintf(bird.driver, sizeof(bird.driver), "%s", line);
        *ret = bird;
        return 0;
}

int gate_note_parse(const char *text, size_t n, struct gate_note *ret) {
        _cleanup_(gate_note_done) struct gate_note note = {};
        _cleanup_(freep) char *copy = NULL;
        char *rest, *line;
        int r;

        if (n < 2 || text[n - 1] != '\n' || memchr(text, 0, n))
                return -EBADMSG;
        rest = copy = strndup(text, n - 1);
        if (!copy)
                return -ENOMEM;
        line = strsep(&rest, "\n");
        if (strcmp(line, "0") != 0 && strcmp(line, "1") != 0)
                return -EBADMSG;
        note.autoprobe = line[0] == '1';
        while ((line = strsep(&rest, "\n"))) {
                struct gate_early_bird bird;

                r = parse_bird(line, &bird);
                if (r == 0)
                        r = add_bird(&note, &bird);
                if (r < 0)
                        return r;
        }
        *ret = note;
        note = (struct gate_note){};
        return 0;
}

int gate_note_read(int state, struct gate_note *ret, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = file_read_at(state, NOTE_FILE, NOTE_MAX, &text, &n);

        if (r == -ENOENT)
                return diag_fail(d, -ENODATA, "the gate is not ours");
        if (r == 0)
                r = gate_note_parse(text, n, ret);
        return r < 0 ? diag_errno(d, r, "the note of the gate") : 0;
}

int gate_note_remove(int state, struct diag *d) {
        return unlinkat(state, NOTE_FILE, 0) < 0 && errno != ENOENT
                ? diag_errno(d, -errno, "the note of the gate")
                : 0;
}

int gate_note_format(const struct gate_note *n, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        FILE *f = open_memstream(&text, ret_size);
        bool bad;

        if (!f)
                return -ENOMEM;
        fprintf(f, "%d\n", n->autoprobe);
        for (size_t i = 0; i < n->n_birds; i++) {
                char instance[GUID_TEXT_SIZE];

                guid_format(&n->birds[i].instance, instance);
                fprintf(f, "%s %s %s\n", instance, n->birds[i].built_in ? "built-in" : "module",
                        n->birds[i].driver);
        }
        bad = ferror(f);
        if (fclose(f) != 0 || bad)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

static int write_note(int state, const struct gate_note *n) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = gate_note_format(n, &text, &size);

        return r < 0 ? r : file_replace_at(state, NOTE_FILE, 0600, text, size);
}

/* A driver that comes as a module has a link to it. */
static bool is_built_in(struct sysroot *root, const char *driver) {
        char path[PATH_SIZE];
        struct stat st;

        snprintf(path, sizeof(path), BUS "/drivers/%s/module", driver);
        return sysroot_stat(root, path, &st) == -ENOENT;
}

/* Whoever has a driver now, with the gate closed, had it before. */
static int list_birds(struct sysroot *root, struct gate_note *n) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = sysroot_list(root, BUS "/devices", &names);

        for (size_t i = 0; i < names.n && r >= 0; i++) {
                _cleanup_(freep) char *driver = NULL;
                struct gate_early_bird bird = {};

                if (guid_parse(names.names[i], &bird.instance) < 0)
                        continue;
                r = read_driver(root, names.names[i], &driver);
                if (r < 0 || !driver)
                        continue; /* gone, or without one */
                bird.built_in = is_built_in(root, driver);
                snprintf(bird.driver, sizeof(bird.driver), "%s", driver);
                r = add_bird(n, &bird);
        }
        return r == -ENOMEM ? r : 0;
}

/* Makes the note unless there is one: *ret_new says so, and *ret is what it says. */
static int note_before(int state, bool autoprobe, struct gate_note *ret, bool *ret_new) {
        int r = gate_note_read(state, ret, NULL);

        *ret_new = r < 0;
        if (r >= 0)
                return 0;
        ret->autoprobe = r == -ENODATA ? autoprobe : true;
        return write_note(state, ret);
}

static int set_autoprobe(struct sysroot *root, bool wanted, struct apply_result *result) {
        bool is = !wanted;
        int r = sysroot_write(root, AUTOPROBE, SYSROOT_WRITE, wanted ? "1" : "0");

        if (r < 0)
                trouble(result, r, "writing drivers_autoprobe");
        r = read_autoprobe(root, &is);
        if (r < 0)
                trouble(result, r, "reading back drivers_autoprobe");
        else if (is != wanted)
                trouble(result, 0, wanted ? "drivers_autoprobe still is 0" : "drivers_autoprobe still is 1");
        result->effective = r >= 0 && is == wanted;
        return r;
}

int gate_close(struct sysroot *root, int state, struct apply_result *ret, struct diag *d) {
        _cleanup_(gate_note_done) struct gate_note note = {};
        struct apply_result result = {};
        bool autoprobe = true, fresh = false;
        int r = read_autoprobe(root, &autoprobe);

        if (r == -ENODEV)
                return diag_fail(d, r, "there is no VMBus");
        if (r < 0)
                trouble(&result, r, "reading drivers_autoprobe");
        r = note_before(state, autoprobe, &note, &fresh);
        if (r < 0)
                trouble(&result, r, "noting what was there"); /* and close it all the same */
        (void)set_autoprobe(root, false, &result);
        if (result.effective && fresh) {
                r = list_birds(root, &note);
                if (r >= 0)
                        r = write_note(state, &note);
                if (r < 0)
                        trouble(&result, r, "noting who was bound before");
        }
        *ret = result;
        return 0;
}

int gate_open(struct sysroot *root, int state, struct apply_result *ret, struct diag *d) {
        _cleanup_(gate_note_done) struct gate_note note = {};
        struct apply_result result = {};
        bool autoprobe;
        int r = read_autoprobe(root, &autoprobe);

        if (r == -ENODEV)
                return diag_fail(d, r, "there is no VMBus");
        r = gate_note_read(state, &note, NULL);
        if (r == -ENODATA || (r == 0 && !note.autoprobe))
                result.effective = true; /* it was closed before us: not ours to open */
        else
                (void)set_autoprobe(root, true, &result);
        *ret = result;
        return 0;
}

static int is_the_same(struct sysroot *root, const char *instance, uint64_t inode) {
        char path[PATH_SIZE];
        struct stat st;
        int fd;

        snprintf(path, sizeof(path), BUS "/devices/%s", instance);
        fd = sysroot_open(root, path, O_PATH | O_DIRECTORY);
        if (fd < 0)
                return fd == -ENOENT ? -ENODEV : fd;
        _cleanup_(closep) int folder = fd;
        if (fstat(folder, &st) < 0)
                return -errno;
        return inode > 0 && st.st_ino != inode ? -ENODEV : 0;
}

int gate_admit(struct sysroot *root, const struct apply_device *device, struct apply_result *ret,
        struct diag *d) {
        _cleanup_(freep) char *driver = NULL;
        struct apply_result result = {};
        char name[GUID_TEXT_SIZE];
        int r;

        guid_format(&device->instance, name);
        r = is_the_same(root, name, device->inode);
        if (r == -ENODEV)
                return diag_errno(d, r, "%s", name);
        if (r < 0)
                trouble(&result, r, "looking at the device");
        else {
                r = sysroot_write(root, BUS "/drivers_probe", SYSROOT_WRITE, name);
                if (r == -ENODEV && is_the_same(root, name, device->inode) == -ENODEV)
                        return diag_errno(d, r, "%s", name);
                if (r < 0)
                        trouble(&result, r, "writing drivers_probe");
        }
        r = read_driver(root, name, &driver);
        if (r < 0)
                trouble(&result, r, "reading the driver link");
        snprintf(result.driver, sizeof(result.driver), "%s", driver ? driver : "");
        result.effective = result.driver[0] || !result.what[0];
        *ret = result;
        return 0;
}
