/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate on a kernel that does as it should, one that refuses and one that lies; and its note, cut off. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/enforce/gate.h"
#include "tests/unit/harness.h"
#include "tests/unit/scratch.h"

#define BUS "sys/bus/vmbus"
#define FIRST "f8615163-0000-1000-2000-000d3a000001"
#define SECOND "f8615163-0000-1000-2000-000d3a000002"

enum how { OBEYS, REFUSES, LIES };

/* A kernel with two devices: a folder to read, and writes that act as told by `how`. */
struct kernel {
        struct sysroot root;
        struct scratch folder;
        struct sysroot *below;
        int state;
        enum how how;
        unsigned writes;
};

static void put(struct kernel *k, const char *path, const char *text) {
        assert_int_equal(file_replace_at(k->folder.fd, path, 0600, text, strlen(text)), 0);
}

static void make_dir(struct kernel *k, const char *path) {
        assert_int_equal(mkdirat(k->folder.fd, path, 0700), 0);
}

static void bind_to(struct kernel *k, const char *instance, const char *driver) {
        char path[256], target[256];

        snprintf(path, sizeof(path), BUS "/devices/%s/driver", instance);
        snprintf(target, sizeof(target), "../../drivers/%s", driver);
        assert_int_equal(symlinkat(target, k->folder.fd, path), 0);
}

static int kernel_open(struct sysroot *root, const char *path, int flags) {
        return sysroot_open(((struct kernel *)root)->below, path, flags);
}

static int kernel_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        struct kernel *k = (struct kernel *)root;

        assert_int_equal(mode, SYSROOT_WRITE);
        k->writes++;
        if (k->how != OBEYS)
                return k->how == REFUSES ? -EIO : 0;
        if (strcmp(path, BUS "/drivers_autoprobe") == 0)
                put(k, path, text[0] == '0' ? "0\n" : "1\n");
        else if (strcmp(path, BUS "/drivers_probe") == 0)
                bind_to(k, text, "hv_netvsc");
        else
                fail_msg("%s", path);
        return 0;
}

static const struct sysroot_ops ops = { .open = kernel_open, .write = kernel_write };

static struct kernel kernel_new(void) {
        static const char *const folders[] = { "state", "sys", "sys/bus", BUS, BUS "/devices",
                BUS "/drivers", BUS "/devices/" FIRST, BUS "/devices/" SECOND, BUS "/drivers/hv_netvsc",
                BUS "/drivers/hv_balloon", BUS "/drivers/hv_balloon/module" };
        struct kernel k = { .root.ops = &ops, .folder = scratch_new() };

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                make_dir(&k, folders[i]);
        put(&k, BUS "/drivers_autoprobe", "1\n");
        assert_int_equal(sysroot_new(k.folder.path, &k.below, NULL), 0);
        k.root.fd = k.below->fd;
        k.state = openat(k.folder.fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(k.state >= 0);
        return k;
}

static void kernel_done(struct kernel *k) {
        sysroot_free(k->below);
        closep(&k->state);
        scratch_done(&k->folder);
}

static bool is_closed(struct kernel *k) {
        _cleanup_(freep) char *line = NULL;

        assert_int_equal(sysroot_read_line(&k->root, BUS "/drivers_autoprobe", &line), 0);
        return strcmp(line, "0") == 0;
}

static void it_closes_and_knows_who_came_before(void **state) {
        _cleanup_(kernel_done) struct kernel k = kernel_new();
        _cleanup_(gate_note_done) struct gate_note note = {};
        struct apply_result result = {};
        char instance[GUID_TEXT_SIZE];

        bind_to(&k, FIRST, "hv_netvsc");
        bind_to(&k, SECOND, "hv_balloon");
        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
        assert_true(result.effective);
        assert_string_equal(result.what, "");
        assert_true(is_closed(&k));
        assert_int_equal(gate_note_read(k.state, &note, NULL), 0);
        assert_true(note.autoprobe);
        assert_int_equal(note.n_birds, 2);
        guid_format(&note.birds[0].instance, instance);
        assert_string_equal(instance, FIRST);
        assert_string_equal(note.birds[0].driver, "hv_netvsc");
        assert_true(note.birds[0].built_in);
        assert_string_equal(note.birds[1].driver, "hv_balloon");
        assert_false(note.birds[1].built_in);
}

static void closing_again_keeps_the_note(void **state) {
        _cleanup_(kernel_done) struct kernel k = kernel_new();
        _cleanup_(gate_note_done) struct gate_note note = {};
        struct apply_result result = {};

        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
        bind_to(&k, FIRST, "hv_netvsc"); /* admitted since */
        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
        assert_true(result.effective);
        assert_int_equal(gate_note_read(k.state, &note, NULL), 0);
        assert_true(note.autoprobe);
        assert_int_equal(note.n_birds, 0);
}

static void it_opens_to_what_was_there(void **state) {
        _cleanup_(kernel_done) struct kernel k = kernel_new();
        struct apply_result result = {};

        assert_int_equal(gate_open(&k.root, k.state, &result, NULL), 0);
        assert_true(result.effective);
        assert_int_equal(k.writes, 0); /* it is not ours */

        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
        assert_int_equal(gate_open(&k.root, k.state, &result, NULL), 0);
        assert_true(result.effective);
        assert_false(is_closed(&k));
        assert_int_equal(gate_note_remove(k.state, NULL), 0);
        assert_int_equal(gate_note_remove(k.state, NULL), 0);

        put(&k, BUS "/drivers_autoprobe", "0\n"); /* by somebody else, before us */
        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
        assert_int_equal(gate_open(&k.root, k.state, &result, NULL), 0);
        assert_true(result.effective);
        assert_true(is_closed(&k));
}

static void what_fails_or_lies_is_told(void **state) {
        static const struct {
                enum how how;
                const char *closing, *opening;
        } rows[] = {
                { REFUSES, "writing drivers_autoprobe: Input/output error",
                        "writing drivers_autoprobe: Input/output error" },
                { LIES, "drivers_autoprobe still is 1", "drivers_autoprobe still is 0" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(kernel_done) struct kernel k = kernel_new();
                struct apply_result result = {};

                k.how = rows[i].how;
                assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
                assert_false(result.effective);
                assert_string_equal(result.what, rows[i].closing);
                k.how = OBEYS;
                assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
                assert_true(result.effective);
                k.how = rows[i].how;
                assert_int_equal(gate_open(&k.root, k.state, &result, NULL), 0);
                assert_false(result.effective);
                assert_string_equal(result.what, rows[i].opening);
        }
}

static void without_a_note_it_closes_all_the_same(void **state) {
        _cleanup_(kernel_done) struct kernel k = kernel_new();
        struct apply_result result = {};

        make_dir(&k, "state/gate"); /* which no file can replace */
        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), 0);
        assert_true(is_closed(&k));
        assert_true(result.effective);
        assert_non_null(strstr(result.what, "noting"));
}

static void without_a_bus_there_is_no_gate(void **state) {
        _cleanup_(kernel_done) struct kernel k = kernel_new();
        struct apply_result result = {};

        assert_int_equal(unlinkat(k.folder.fd, BUS "/drivers_autoprobe", 0), 0);
        assert_int_equal(gate_close(&k.root, k.state, &result, NULL), -ENODEV);
        assert_int_equal(gate_open(&k.root, k.state, &result, NULL), -ENODEV);
}

static uint64_t inode_of(struct kernel *k, const char *path) {
        struct stat st;

        assert_int_equal(fstatat(k->folder.fd, path, &st, 0), 0);
        return st.st_ino;
}

static void it_admits_the_one_that_was_judged(void **state) {
        _cleanup_(kernel_done) struct kernel k = kernel_new();
        uint64_t inode = inode_of(&k, BUS "/devices/" FIRST);
        struct apply_result result = {};
        struct apply_device first = { .inode = inode + 1 };

        assert_int_equal(guid_parse(FIRST, &first.instance), 0);
        assert_int_equal(gate_admit(&k.root, &first, &result, NULL), -ENODEV);
        assert_int_equal(k.writes, 0);

        first.inode = inode;
        k.how = LIES; /* or no driver matches, which looks the same */
        assert_int_equal(gate_admit(&k.root, &first, &result, NULL), 0);
        assert_true(result.effective);
        assert_string_equal(result.driver, "");

        k.how = REFUSES;
        assert_int_equal(gate_admit(&k.root, &first, &result, NULL), 0);
        assert_false(result.effective);
        assert_string_equal(result.what, "writing drivers_probe: Input/output error");

        k.how = OBEYS;
        assert_int_equal(gate_admit(&k.root, &first, &result, NULL), 0);
        assert_true(result.effective);
        assert_string_equal(result.driver, "hv_netvsc");

        first = (struct apply_device){ first.instance };
        first.instance.bytes[0]++;
        assert_int_equal(gate_admit(&k.root, &first, &result, NULL), -ENODEV);
}

static int read_note(struct kernel *k, const char *text, size_t n) {
        _cleanup_(gate_note_done) struct gate_note note = {};

        assert_int_equal(file_replace_at(k->state, "gate", 0600, text, n), 0);
        return gate_note_read(k->state, &note, NULL);
}

static void a_note_that_was_not_written_so_is_refused(void **state) {
        static const char good[] = "1\n" FIRST " built-in hv_netvsc\n" SECOND " module hv_balloon\n";
        static const char *const bad[] = { "2\n", "01\n", "1\n\n", "1\n" FIRST "\n",
                "1\n" FIRST " built-in\n", "1\n" FIRST " loaded hv_netvsc\n",
                "1\nsomething module hv_netvsc\n", "1", "1\0\n" };
        _cleanup_(kernel_done) struct kernel k = kernel_new();

        assert_int_equal(gate_note_read(k.state, &(struct gate_note){}, NULL), -ENODATA);
        assert_int_equal(read_note(&k, good, sizeof(good) - 1), 0);
        for (size_t n = 0; n < sizeof(good) - 1; n++) {
                bool whole_lines = n > 0 && good[n - 1] == '\n';

                assert_int_equal(read_note(&k, good, n), whole_lines ? 0 : -EBADMSG);
        }
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(read_note(&k, bad[i], strlen(bad[i])), -EBADMSG);
        assert_int_equal(read_note(&k, "1\0\n", 3), -EBADMSG);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_closes_and_knows_who_came_before),
        cmocka_unit_test(closing_again_keeps_the_note),
        cmocka_unit_test(it_opens_to_what_was_there),
        cmocka_unit_test(what_fails_or_lies_is_told),
        cmocka_unit_test(without_a_note_it_closes_all_the_same),
        cmocka_unit_test(without_a_bus_there_is_no_gate),
        cmocka_unit_test(it_admits_the_one_that_was_judged),
        cmocka_unit_test(a_note_that_was_not_written_so_is_refused),
};

RUN(tests)
