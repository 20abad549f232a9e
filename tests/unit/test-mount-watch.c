/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/mount-watch: on the kernel's own table, in a mount namespace of our own. */
#include "daemon/mount-watch.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/scratch.h"

static void on_change(void *data) {
        unsigned *changes = data;

        (*changes)++;
}

static void run_until_changes(sd_event *event, const unsigned *changes, unsigned n) {
        while (*changes < n)
                assert_return_code(sd_event_run(event, UINT64_MAX), 0);
}

static void a_mount_and_its_end_are_told(void **state) {
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        _cleanup_(mount_watch_freep) struct mount_watch *w = NULL;
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(freep) char *table = NULL, *where = NULL, *swaps = NULL;
        unsigned changes = 0;

        scratch_write(&s, "proc/1/mountinfo", "");
        scratch_write(&s, "proc/swaps", "");
        assert_return_code(asprintf(&table, "%s/proc/1/mountinfo", s.path), 0);
        assert_return_code(asprintf(&swaps, "%s/proc/swaps", s.path), 0);
        assert_return_code(asprintf(&where, "%s/proc", s.path), 0);
        if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                skip(); /* a kernel without namespaces for everyone */
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                assert_int_equal(errno, EINVAL);
                skip(); /* in a chroot, whose / is no mount */
        }
        assert_return_code(mount("/proc/self/mountinfo", table, NULL, MS_BIND, NULL), errno);
        assert_return_code(mount("/proc/swaps", swaps, NULL, MS_BIND, NULL), errno);
        assert_int_equal(sysroot_new(s.path, &root, NULL), 0);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(mount_watch_new(root, event, on_change, &changes, &w), 0);

        assert_false(mount_watch_holds(w)); /* nobody has read them yet */
        mount_watch_begin(w);
        assert_int_equal(sd_event_run(event, 0), 0); /* nothing has happened */
        assert_int_equal(changes, 0);
        assert_true(mount_watch_holds(w));
        assert_return_code(mount("none", where, "tmpfs", 0, NULL), errno);
        run_until_changes(event, &changes, 1);
        assert_false(mount_watch_holds(w));
        assert_int_equal(sd_event_run(event, 0), 0); /* it is told once */
        assert_int_equal(changes, 1);
        mount_watch_begin(w);
        assert_true(mount_watch_holds(w));
        assert_return_code(umount(where), errno);
        assert_false(mount_watch_holds(w)); /* also when that asks first */
        assert_false(mount_watch_holds(w));
        run_until_changes(event, &changes, 2);
        assert_return_code(umount2(swaps, MNT_DETACH), errno);
        assert_return_code(umount2(table, MNT_DETACH), errno); /* it is still held open */
}

static void what_is_laid_out_as_files_is_not_watched(void **state) {
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        _cleanup_(mount_watch_freep) struct mount_watch *w = NULL;
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        unsigned changes = 0;

        scratch_write(&s, "proc/1/mountinfo", "");
        assert_int_equal(sysroot_new(s.path, &root, NULL), 0);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(mount_watch_new(root, event, on_change, &changes, &w), 0);
        assert_int_equal(sd_event_run(event, 0), 0);
        mount_watch_begin(w);
        assert_false(mount_watch_holds(w));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mount_and_its_end_are_told),
        cmocka_unit_test(what_is_laid_out_as_files_is_not_watched),
};

RUN(tests)
