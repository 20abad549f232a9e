/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block and release on a kernel that does as it should, one that refuses, one that lies, and one that
 * changes its mind. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/enforce/apply.h"
#include "tests/unit/harness.h"

#define INSTANCE "f8615163-0000-1000-2000-000d3a000001"
#define DEVICE "sys/bus/vmbus/devices/" INSTANCE
#define DRIVER "sys/bus/vmbus/drivers/hv_netvsc"

enum what { OVERRIDE, UNBIND, PROBE, _WHAT_MAX };
enum how { OBEYS, REFUSES, LIES, VANISHES, REPLACES };

/* A kernel of one device: a folder to read, and writes that act as the kernel's, or as told by `how`. */
struct kernel {
        struct sysroot root;
        struct sysroot *folder;
        char path[64];
        int state;
        enum how how[_WHAT_MAX];
        bool ring_stays; /* open, whatever is unbound */
        char order[32];  /* a letter for each write: o, u, p */
};

static struct kernel *kernel(struct sysroot *root) {
        return (struct kernel *)root;
}

static void put(struct kernel *k, const char *path, const char *text) {
        _cleanup_(closep) int fd =
                openat(k->folder->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool is_bound(struct kernel *k) {
        struct stat st;

        return fstatat(k->folder->fd, DEVICE "/driver", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void bind_device(struct kernel *k) {
        assert_int_equal(
                symlinkat("../../../../bus/vmbus/drivers/hv_netvsc", k->folder->fd, DEVICE "/driver"), 0);
}

static void make_device(struct kernel *k, const char *id) {
        assert_int_equal(mkdirat(k->folder->fd, DEVICE, 0700), 0);
        assert_int_equal(mkdirat(k->folder->fd, DEVICE "/channels", 0700), 0);
        assert_int_equal(mkdirat(k->folder->fd, DEVICE "/channels/12", 0700), 0);
        put(k, DEVICE "/channels/12/out_mask", "0\n");
        put(k, DEVICE "/id", id);
        put(k, DEVICE "/driver_override", "(null)\n");
        bind_device(k);
}

static void remove_device(struct kernel *k) {
        assert_int_equal(renameat(k->folder->fd, DEVICE, k->folder->fd, "gone"), 0);
}

static int kernel_open(struct sysroot *root, const char *path, int flags) {
        struct kernel *k = kernel(root);

        if (strcmp(path, DEVICE "/channels/12/out_mask") == 0 && !is_bound(k) && !k->ring_stays)
                return -EINVAL;
        return sysroot_open(k->folder, path, flags);
}

static int obey(struct kernel *k, enum what what, const char *text) {
        char line[128];

        switch (what) {
        case OVERRIDE:
                assert_true(text[0] != 0); /* the kernel would never see an empty write */
                snprintf(line, sizeof(line), "%s\n", text[0] == '\n' ? "(null)" : text);
                put(k, DEVICE "/driver_override", line);
                return 0;
        case UNBIND:
                assert_string_equal(text, INSTANCE);
                return unlinkat(k->folder->fd, DEVICE "/driver", 0) < 0 ? -ENODEV : 0;
        case PROBE:
                assert_string_equal(text, INSTANCE);
                if (!is_bound(k))
                        bind_device(k);
                return 0;
        case _WHAT_MAX:
                break;
        }
        return -EINVAL;
}

static int kernel_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        static const char *const paths[] = {
                [OVERRIDE] = DEVICE "/driver_override",
                [UNBIND] = DRIVER "/unbind",
                [PROBE] = "sys/bus/vmbus/drivers_probe",
        };
        struct kernel *k = kernel(root);
        enum what what;

        for (what = 0; what < _WHAT_MAX && strcmp(path, paths[what]) != 0;)
                what++;
        assert_true(what < _WHAT_MAX);
        assert_int_equal(mode, SYSROOT_WRITE);
        strncat(k->order, &"oup"[what], 1);
        switch (k->how[what]) {
        case OBEYS:
                return obey(k, what, text);
        case REFUSES:
                return -EIO;
        case LIES:
                return 0;
        case VANISHES:
                remove_device(k);
                return 0;
        case REPLACES:
                remove_device(k);
                make_device(k, "77\n");
                return 0;
        }
        return -EINVAL;
}

static const struct sysroot_ops kernel_ops = { .open = kernel_open, .write = kernel_write };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static int setup(void **state) {
        static const char *const folders[] = { "sys", "sys/bus", "sys/bus/vmbus", "sys/bus/vmbus/devices",
                "sys/bus/vmbus/drivers", DRIVER, "state" };
        struct kernel *k = calloc(1, sizeof(*k));

        assert_non_null(k);
        strcpy(k->path, "test-apply.XXXXXX");
        assert_non_null(mkdtemp(k->path));
        assert_int_equal(sysroot_new(k->path, &k->folder, NULL), 0);
        k->root = (struct sysroot){ .ops = &kernel_ops, .fd = -1 };
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
                assert_int_equal(mkdirat(k->folder->fd, folders[i], 0700), 0);
        make_device(k, "12\n");
        k->state = openat(k->folder->fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(k->state >= 0);
        *state = k;
        return 0;
}

static int teardown(void **state) {
        struct kernel *k = *state;

        close(k->state);
        sysroot_free(k->folder);
        nftw(k->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(k);
        return 0;
}

static struct guid instance(void) {
        struct guid g;

        assert_int_equal(guid_parse(INSTANCE, &g), 0);
        return g;
}

/* As it was judged. */
static struct apply_device judged(struct kernel *k) {
        struct apply_device device = { .instance = instance() };
        struct stat st;

        assert_int_equal(fstatat(k->folder->fd, DEVICE, &st, 0), 0);
        device.inode = st.st_ino;
        return device;
}

static struct apply_result block(struct kernel *k) {
        const struct apply_device device = judged(k);
        struct apply_result result = {};

        k->order[0] = 0;
        assert_int_equal(apply_block(&k->root, k->state, &device, &result, NULL), 0);
        return result;
}

static struct apply_result release(struct kernel *k) {
        const struct apply_device device = judged(k);
        struct apply_result result = {};

        k->order[0] = 0;
        assert_int_equal(apply_release(&k->root, k->state, &device, &result, NULL), 0);
        return result;
}

static void assert_override(struct kernel *k, const char *expected) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(sysroot_read_line(k->folder, DEVICE "/driver_override", &text), 0);
        assert_string_equal(text, expected);
}

/* expected: NULL for no note */
static void assert_note(struct kernel *k, const char *expected) {
        _cleanup_(freep) char *text = NULL;
        struct guid g = instance();
        int r = note_read(k->state, NOTE_OVERRIDE, &g, &text, NULL);

        assert_int_equal(r, expected ? 0 : -ENODATA);
        if (expected)
                assert_string_equal(text, expected);
}

static void block_overrides_then_unbinds(void **state) {
        struct kernel *k = *state;
        struct apply_result result = block(k);

        assert_true(result.effective);
        assert_int_equal(result.error, 0);
        assert_string_equal(result.what, "");
        assert_string_equal(result.driver, "");
        assert_int_equal(result.ring_before, RING_OPEN);
        assert_int_equal(result.ring_after, RING_CLOSED);
        assert_string_equal(k->order, "ou");
        assert_override(k, BLOCKED_OVERRIDE);
        assert_note(k, "");
}

static void block_again_only_confirms(void **state) {
        struct kernel *k = *state;

        put(k, DEVICE "/driver_override", "vfio\n");
        assert_true(block(k).effective);
        assert_true(block(k).effective);
        assert_string_equal(k->order, "");
        assert_note(k, "vfio");
}

/* The state folder may be lost; that our override stands must be known all the same. */
static void a_block_without_a_note_gets_one(void **state) {
        struct kernel *k = *state;

        put(k, DEVICE "/driver_override", BLOCKED_OVERRIDE "\n");
        assert_true(block(k).effective);
        assert_string_equal(k->order, "u");
        assert_note(k, "");
}

static void release_restores_what_was_there(void **state) {
        static const char *const rows[][2] = { { "(null)", "" }, { "vfio", "vfio" },
                { "a \\b", "a \\\\b" } };
        struct kernel *k = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct apply_result result;
                char line[64];

                snprintf(line, sizeof(line), "%s\n", rows[i][0]);
                put(k, DEVICE "/driver_override", line);
                assert_true(block(k).effective);
                assert_note(k, rows[i][1]);
                result = release(k);
                assert_true(result.effective);
                assert_string_equal(result.driver, "hv_netvsc");
                assert_string_equal(k->order, "op");
                assert_override(k, rows[i][0]);
                assert_note(k, NULL);
        }
}

static void release_leaves_what_others_decided(void **state) {
        struct kernel *k = *state;

        assert_true(block(k).effective);
        put(k, DEVICE "/driver_override", "vfio\n");
        assert_true(release(k).effective);
        assert_string_equal(k->order, "p");
        assert_override(k, "vfio");
        assert_note(k, NULL);
}

static void release_without_a_note_clears(void **state) {
        struct kernel *k = *state;

        put(k, DEVICE "/driver_override", BLOCKED_OVERRIDE "\n");
        assert_true(release(k).effective);
        assert_override(k, "(null)");
}

static void release_needs_a_note_that_it_can_read(void **state) {
        struct kernel *k = *state;
        struct apply_result result;

        assert_true(block(k).effective);
        assert_int_equal(unlinkat(k->folder->fd, "state/overrides/" INSTANCE, 0), 0);
        put(k, "state/overrides/" INSTANCE, "of somebody else\n");
        result = release(k);
        assert_false(result.effective);
        assert_int_equal(result.error, -EBADMSG);
        assert_override(k, BLOCKED_OVERRIDE);
}

/* Only what is re-read counts: each way in which a write can come to nothing shows. */
static void nothing_is_believed(void **state) {
        static const struct {
                enum what what;
                enum how how;
                bool ring_stays;
                int error;
                const char *says;
        } rows[] = {
                { OVERRIDE, REFUSES, false, -EIO, "writing driver_override" },
                { OVERRIDE, LIES, false, 0, "driver_override does not hold" },
                { UNBIND, REFUSES, false, -EIO, "unbinding from hv_netvsc" },
                { UNBIND, LIES, false, 0, "driver hv_netvsc is still bound" },
                { PROBE, OBEYS, true, 0, "the ring is still open" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct apply_result result;
                struct kernel *k;
                void *fresh;

                setup(&fresh);
                k = fresh;
                k->how[rows[i].what] = rows[i].how;
                k->ring_stays = rows[i].ring_stays;
                result = block(k);
                assert_false(result.effective);
                assert_int_equal(result.error, rows[i].error);
                assert_non_null(strstr(result.what, rows[i].says));
                assert_string_equal(k->order,
                        "ou"); /* the unbind is tried, whatever became of the override */
                teardown(&fresh);
        }
}

static void a_release_that_is_lied_to_keeps_its_note(void **state) {
        struct kernel *k = *state;

        assert_true(block(k).effective);
        k->how[OVERRIDE] = LIES;
        assert_false(release(k).effective);
        assert_note(k, "");
        k->how[OVERRIDE] = OBEYS;
        assert_true(release(k).effective);
        assert_note(k, NULL);
}

/* A driver may be missing: the override is what a release is about. */
static void a_release_without_a_driver_is_one(void **state) {
        struct kernel *k = *state;
        struct apply_result result;

        assert_true(block(k).effective);
        k->how[PROBE] = LIES;
        result = release(k);
        assert_true(result.effective);
        assert_string_equal(result.driver, "");
}

static void a_note_that_cannot_be_written_is_told(void **state) {
        struct kernel *k = *state;
        struct apply_result result;

        put(k, "state/overrides", "in the way");
        result = block(k);
        assert_true(result.effective);
        assert_true(result.error < 0);
        assert_non_null(strstr(result.what, "noting"));
}

static void a_device_that_goes_takes_its_note_along(void **state) {
        static const enum how hows[] = { VANISHES, REPLACES };

        for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
                for (enum what what = OVERRIDE; what <= UNBIND; what++) {
                        struct apply_result result = { .error = 77 };
                        struct apply_device device;
                        struct diag d = {};
                        struct kernel *k;
                        void *fresh;

                        setup(&fresh);
                        k = fresh;
                        k->how[what] = hows[i];
                        device = judged(k);
                        assert_int_equal(apply_block(&k->root, k->state, &device, &result, &d), -ENODEV);
                        assert_int_equal(result.error, 77);
                        assert_non_null(strstr(d.text, INSTANCE));
                        assert_note(k, NULL);
                        teardown(&fresh);
                }
}

static void an_unknown_device_is_enodev(void **state) {
        struct kernel *k = *state;
        struct apply_result result = { .error = 77 };
        struct apply_device device = { .instance = instance() };

        device.instance.bytes[15]++;
        assert_int_equal(apply_block(&k->root, k->state, &device, &result, NULL), -ENODEV);
        assert_int_equal(apply_release(&k->root, k->state, &device, &result, NULL), -ENODEV);
        assert_int_equal(result.error, 77);
        assert_string_equal(k->order, "");
}

static void another_than_the_one_that_was_judged_is_left_alone(void **state) {
        struct kernel *k = *state;
        struct apply_result result = { .error = 77 };
        struct apply_device device = judged(k);

        device.inode++;
        assert_int_equal(apply_block(&k->root, k->state, &device, &result, NULL), -ENODEV);
        assert_int_equal(apply_release(&k->root, k->state, &device, &result, NULL), -ENODEV);
        assert_int_equal(result.error, 77);
        assert_string_equal(k->order, "");
        assert_override(k, "(null)");
        device.inode = 0; /* it could not be told */
        assert_int_equal(apply_block(&k->root, k->state, &device, &result, NULL), 0);
        assert_true(result.effective);
}

/* An id that makes no sense costs the look at the ring, not the block. */
static void an_odd_id_does_not_save_a_device(void **state) {
        struct kernel *k = *state;
        struct apply_result result;

        put(k, DEVICE "/id", "../../../etc\n");
        result = block(k);
        assert_true(result.effective);
        assert_int_equal(result.ring_before, RING_UNKNOWN);
}

#define apply_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
        apply_test(block_overrides_then_unbinds),
        apply_test(block_again_only_confirms),
        apply_test(a_block_without_a_note_gets_one),
        apply_test(release_restores_what_was_there),
        apply_test(release_leaves_what_others_decided),
        apply_test(release_without_a_note_clears),
        apply_test(release_needs_a_note_that_it_can_read),
        cmocka_unit_test(nothing_is_believed),
        apply_test(a_release_that_is_lied_to_keeps_its_note),
        apply_test(a_release_without_a_driver_is_one),
        apply_test(a_note_that_cannot_be_written_is_told),
        cmocka_unit_test(a_device_that_goes_takes_its_note_along),
        apply_test(an_unknown_device_is_enodev),
        apply_test(another_than_the_one_that_was_judged_is_left_alone),
        apply_test(an_odd_id_does_not_save_a_device),
};

RUN(tests)
