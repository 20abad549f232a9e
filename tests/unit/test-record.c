/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording: that it takes everything, and what it makes of a guest that changes under its hands. */
#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/facts/link-path.h"
#include "lib/facts/snapshot-expand.h"
#include "lib/facts/snapshot-record.h"
#include "tests/unit/scratch.h"

#define FOLDER "sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/MSFT1000:00/"
#define NETWORK "000d3af4-9d3b-000d-3af4-9d3b000d3af4"
#define TIMESYNC "2dd1ce17-079e-403c-b352-a1921ee207ee"

/* A sysroot over another, which lets something happen whenever a path is opened, or refuses to open it. */
struct watched {
        struct sysroot root;
        struct sysroot *inner;
        int (*on_open)(struct watched *w, const char *path);
        struct scratch *scratch;
        const char *terminal; /* that stands for dev/kmsg */
        unsigned opened;      /* of the path that on_open waits for */
};

static int watched_open(struct sysroot *root, const char *path, int flags) {
        struct watched *w = (struct watched *)root;

        int r = w->on_open(w, path);

        return r < 0 ? r : sysroot_open(w->inner, path, flags);
}

static const struct sysroot_ops watched_ops = { .open = watched_open };

/* A folder with the snapshot in it, as a sysroot. */
static struct sysroot *expanded(const struct snapshot *s, struct scratch *scratch) {
        struct sysroot *root = NULL;
        struct diag d = {};

        /* a simulated one reads what could not be read as such; nobody listens, because nothing is written
         */
        if (snapshot_expand(s, scratch->fd, &d) < 0 ||
                sysroot_new_simulated(scratch->path, "nobody", &root, &d) < 0)
                fail_msg("%s", d.text);
        return root;
}

static struct snapshot *record(struct sysroot *root, const struct snapshot_record_options *o) {
        struct snapshot *s = NULL;
        struct diag d = {};

        if (snapshot_record(root, o, &s, &d) < 0)
                fail_msg("%s", d.text);
        return s;
}

static struct snapshot *record_watched(const char *fixture, enum snapshot_scope scope,
        int (*on_open)(struct watched *w, const char *path)) {
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load(fixture);
        _cleanup_(sysroot_freep) struct sysroot *root = expanded(s, &scratch);
        struct watched w = { .root = { .ops = &watched_ops },
                .inner = root,
                .on_open = on_open,
                .scratch = &scratch };

        return record(&w.root, &(struct snapshot_record_options){ .scope = scope, .foreign = true });
}

/* What a folder can hold of a snapshot: no channels, no connection. */
static char *recordable(const struct snapshot *s) {
        struct snapshot copy = *s;
        char *text;
        size_t n;

        copy.channels = NULL;
        copy.n_channels = 0;
        copy.connection = (struct snapshot_connection){};
        copy.probe_note = NULL;
        copy.cpuid_recorded = false;
        assert_int_equal(snapshot_format(&copy, &text, &n), 0);
        return text;
}

static void what_is_expanded_is_recorded_again(void **state) {
        for (size_t i = 0; i < N_FIXTURES; i++) {
                _cleanup_(scratch_done) struct scratch scratch = scratch_new();
                _cleanup_(snapshot_freep) struct snapshot *s = fixture_load(fixture_names[i]), *again = NULL;
                _cleanup_(sysroot_freep) struct sysroot *root = expanded(s, &scratch);
                _cleanup_(freep) char *before = recordable(s), *after = NULL;

                again = record(root,
                        &(struct snapshot_record_options){ .scope = SNAPSHOT_SCOPE_EVERYTHING,
                                .foreign = true,
                                .cpuid = &s->cpuid });
                assert_true(again->cpuid_recorded);
                after = recordable(again);
                assert_string_equal(before, after);
        }
}

static int refuse_override(struct watched *w, const char *path) {
        if (strstr(path, "driver_override"))
                fail_msg("%s was opened: on some kernels that hangs", path);
        return 0;
}

/* The devices of a snapshot that was recorded for decisions are those of the whole one. */
static struct guest *guest_like_the_whole(const struct snapshot *s, const char *fixture) {
        _cleanup_(guest_freep) struct guest *whole = fixture_guest(fixture);
        struct guest *g = NULL;

        assert_int_equal(guest_eval(s, &g), 0);
        assert_int_equal(g->n_devices, whole->n_devices);
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *a = &g->devices[i], *b = &whole->devices[i];

                assert_null(a->problem);
                assert_string_equal(a->instance_text, b->instance_text);
                assert_true(guid_equal(&a->class, &b->class));
                assert_string_equal(a->driver, b->driver);
                assert_int_equal(a->relid, b->relid);
                assert_int_equal(a->n_channels, b->n_channels);
                assert_int_equal(a->n_dependents, b->n_dependents);
                assert_null(a->driver_override);
                assert_int_equal(a->ring, CONFIDENTIALITY_UNKNOWN); /* there was no probe */
        }
        return g;
}

static void decisions_read_nothing_that_hangs(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-openhcl", SNAPSHOT_SCOPE_DECISIONS, refuse_override);
        _cleanup_(guest_freep) struct guest *g = guest_like_the_whole(s, "snp-openhcl");

        for (size_t i = 0; i < g->n_devices; i++)
                assert_int_equal(g->devices[i].vendor, 0x1414);
}

/* And what it asks for it reads once. */
static int refuse_numbers(struct watched *w, const char *path) {
        const char *name = strstr(path, FOLDER) == path ? path_name(path) : "";

        if (strcmp(name, "device_id") == 0 || strcmp(name, "vendor") == 0 || strcmp(name, "device") == 0)
                fail_msg("%s was opened, and nobody asked for it", path);
        if (strcmp(path, FOLDER NETWORK "/class_id") == 0 && w->opened++ > 0)
                fail_msg("%s was opened twice", path);
        return 0;
}

static void a_first_decision_takes_no_more_than_it_needs(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-compliant", SNAPSHOT_SCOPE_FIRST_DECISION, refuse_numbers);
        _cleanup_(guest_freep) struct guest *g = guest_like_the_whole(s, "snp-compliant");
        const struct device *device = NULL;

        assert_int_equal(guest_resolve(g, NETWORK, &device, NULL), 0); /* which is the one that is watched */
}

/* As on every kernel there is one that says the class for good. */
static void put_modalias(struct watched *w) {
        static const char text[] = "vmbus:635161f83edfc546913ff2d2f965ed0e\n";

        assert_int_equal(
                file_replace_at(w->scratch->fd, FOLDER NETWORK "/modalias", 0444, text, sizeof(text) - 1),
                0);
}

static int refuse_class_id(struct watched *w, const char *path) {
        if (strcmp(path, FOLDER NETWORK "/id") == 0)
                put_modalias(w);
        if (strcmp(path, FOLDER NETWORK "/class_id") == 0)
                fail_msg("%s was opened, which the host can change", path);
        return 0;
}

static void a_first_decision_goes_by_the_lasting_class(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-compliant", SNAPSHOT_SCOPE_FIRST_DECISION, refuse_class_id);
        _cleanup_(guest_freep) struct guest *g = guest_like_the_whole(s, "snp-compliant");
        const struct device *device = NULL;

        assert_int_equal(guest_resolve(g, NETWORK, &device, NULL), 0);
        assert_string_equal(device->known->name, "network");
}

static void remove_device(struct watched *w) {
        char path[512];

        snprintf(path, sizeof(path), "%s/sys/bus/vmbus/devices/" NETWORK, w->scratch->path);
        unlink(path);
        snprintf(path, sizeof(path), "%s/" FOLDER NETWORK, w->scratch->path);
        scratch_remove(path);
}

static int vanish_after_id(struct watched *w, const char *path) {
        if (strstr(path, NETWORK "/vendor") && w->opened++ == 0)
                remove_device(w);
        return 0;
}

static void a_device_that_vanishes_is_left_out(void **state) {
        static const enum snapshot_scope scopes[] = { SNAPSHOT_SCOPE_DECISIONS, SNAPSHOT_SCOPE_EVERYTHING };

        for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
                _cleanup_(snapshot_freep) struct snapshot *s =
                        record_watched("snp-compliant", scopes[i], vanish_after_id);

                for (size_t j = 0; j < s->n_entries; j++)
                        if (strstr(s->entries[j].path, NETWORK))
                                fail_msg("%s was kept", s->entries[j].path);
                assert_non_null(snapshot_find(s, FOLDER TIMESYNC "/id"));
        }
}

static uint64_t replaced_by; /* its inode number */

/* Another object takes the place of the device, once its vendor was read: the same but for the vendor. */
static int replace_after_vendor(struct watched *w, const char *path) {
        static const struct {
                const char *name, *value;
        } attributes[] = {
                { "class_id", "{f8615163-df3e-46c5-913f-f2d2f965ed0e}\n" },
                { "device_id", "{" NETWORK "}\n" },
                { "id", "7\n" },
                { "vendor", "0x9999\n" },
        };
        _cleanup_(closep) int fd = -1;
        char old[512], new[512];
        struct stat st;

        if (!strstr(path, NETWORK "/device") || strstr(path, "device_id") || w->opened++ > 0)
                return 0;
        /* made while the old one is there, so that no file system gives it the old one's number */
        snprintf(old, sizeof(old), "%s/" FOLDER NETWORK, w->scratch->path);
        snprintf(new, sizeof(new), "%s/new", w->scratch->path);
        assert_int_equal(mkdir(new, 0755), 0);
        fd = open(new, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
                assert_int_equal(file_replace_at(fd, attributes[i].name, 0444, attributes[i].value,
                                         strlen(attributes[i].value)),
                        0);
        assert_int_equal(fstat(fd, &st), 0);
        replaced_by = st.st_ino;
        scratch_remove(old);
        assert_int_equal(rename(new, old), 0);
        return 0;
}

static void a_device_that_is_replaced_is_read_again(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-compliant", SNAPSHOT_SCOPE_DECISIONS, replace_after_vendor);
        _cleanup_(guest_freep) struct guest *g = NULL;
        const struct device *device = NULL;
        const char *vendor;
        size_t n;

        vendor = snapshot_text(s, FOLDER NETWORK "/vendor", &n);
        assert_non_null(vendor);
        assert_memory_equal(vendor, "0x9999", n);
        assert_int_equal(guest_eval(s, &g), 0);
        assert_int_equal(guest_resolve(g, NETWORK, &device, NULL), 0);
        assert_int_equal(device->inode, replaced_by); /* the object that all of this was read of */
        assert_null(snapshot_find(s, FOLDER NETWORK "/device"));
        assert_null(snapshot_find(s, FOLDER NETWORK "/channels/7")); /* of the old one */
}

/* Every other time another class. */
static int change_class(struct watched *w, const char *path) {
        static const char *const classes[] = { "{f8615163-df3e-46c5-913f-f2d2f965ed0e}\n",
                "{57164f39-9115-4e78-ab55-382f3bd5422d}\n" };
        const char *class = classes[w->opened % 2];

        if (!strstr(path, NETWORK "/class_id"))
                return 0;
        w->opened++;
        assert_int_equal(file_replace_at(w->scratch->fd, path, 0444, class, strlen(class)), 0);
        return 0;
}

static void a_device_that_keeps_changing_has_no_class(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-compliant", SNAPSHOT_SCOPE_DECISIONS, change_class);
        const struct snapshot_entry *e = snapshot_find(s, FOLDER NETWORK "/class_id");
        _cleanup_(guest_freep) struct guest *g = NULL;
        const struct device *device = NULL;

        assert_int_equal(e->kind, SNAPSHOT_ERROR);
        assert_int_equal(e->error, EAGAIN);
        assert_int_equal(guest_eval(s, &g), 0);
        assert_int_equal(guest_resolve(g, NETWORK, &device, NULL), 0);
        assert_null(device->known);
        assert_string_equal(device->problem, "class_id: changed while it was read");
}

/* As on every kernel there is one that says the class for good. */
static int add_modalias(struct watched *w, const char *path) {
        static const char text[] = "vmbus:635161f83edfc546913ff2d2f965ed0e\n";

        if (strcmp(path, FOLDER NETWORK "/class_id") != 0)
                return 0;
        if (w->opened++ > 0)
                fail_msg("%s was opened twice", path);
        assert_int_equal(
                file_replace_at(w->scratch->fd, FOLDER NETWORK "/modalias", 0444, text, sizeof(text) - 1),
                0);
        return 0;
}

static void the_class_of_a_modalias_is_read_once(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-compliant", SNAPSHOT_SCOPE_DECISIONS, add_modalias);
        _cleanup_(guest_freep) struct guest *g = NULL;
        const struct device *device = NULL;

        assert_non_null(snapshot_find(s, FOLDER NETWORK "/modalias"));
        assert_int_equal(guest_eval(s, &g), 0);
        assert_int_equal(guest_resolve(g, NETWORK, &device, NULL), 0);
        assert_string_equal(device->known->name, "network");
        assert_null(device->problem);
}

static int oversize(struct watched *w, const char *path) {
        char big[SYSFS_TEXT_MAX + 1];

        if (!strstr(path, NETWORK "/id"))
                return 0;
        memset(big, '1', sizeof(big));
        assert_int_equal(file_replace_at(w->scratch->fd, path, 0444, big, sizeof(big)), 0);
        return 0;
}

static void an_oversized_attribute_is_an_error(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s =
                record_watched("snp-compliant", SNAPSHOT_SCOPE_DECISIONS, oversize);

        assert_int_equal(snapshot_find(s, FOLDER NETWORK "/id")->error, EFBIG);
        assert_non_null(snapshot_find(s, FOLDER NETWORK "/class_id"));
}

static int refuse_link(struct watched *w, const char *path) {
        return strcmp(path, "sys/bus/vmbus/devices/" NETWORK) == 0 ? -EACCES : 0;
}

static int refuse_folder(struct watched *w, const char *path) {
        return strcmp(path, FOLDER NETWORK) == 0 ? -EACCES : 0;
}

static int refuse_everything(struct watched *w, const char *path) {
        return strncmp(path, FOLDER NETWORK "/", strlen(FOLDER NETWORK "/")) == 0 ? -EIO : 0;
}

/* Out of reach is not gone: a device that cannot be looked at is there, and nothing good is known of it. */
static void a_device_out_of_reach_stays(void **state) {
        static int (*const refuse[])(struct watched * w, const char *path) = { refuse_link, refuse_folder,
                refuse_everything };
        static const enum snapshot_scope scopes[] = { SNAPSHOT_SCOPE_DECISIONS, SNAPSHOT_SCOPE_EVERYTHING };

        for (size_t i = 0; i < 2 * sizeof(refuse) / sizeof(refuse[0]); i++) {
                _cleanup_(snapshot_freep) struct snapshot *s =
                        record_watched("snp-compliant", scopes[i % 2], refuse[i / 2]);
                _cleanup_(guest_freep) struct guest *g = NULL;
                const struct device *device = NULL;

                assert_int_equal(guest_eval(s, &g), 0);
                assert_int_equal(guest_resolve(g, NETWORK, &device, NULL), 0);
                assert_null(device->known);
                assert_int_equal(device->ring, CONFIDENTIALITY_UNKNOWN);
                assert_non_null(device->problem);
        }
}

static void a_guest_without_vmbus_has_no_devices(void **state) {
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(snapshot_freep) struct snapshot *s = NULL, *none = NULL;

        assert_int_equal(sysroot_new(scratch.path, &root, NULL), 0);
        s = record(root, &(struct snapshot_record_options){ .foreign = true });
        assert_int_equal(s->n_entries, 0);
        assert_int_equal(s->cpuid.n, 0);

        /* a bus whose devices cannot be listed is another thing */
        assert_int_equal(file_replace_at(scratch.fd, "devices", 0444, "", 0), 0);
        assert_int_equal(mkdirat(scratch.fd, "sys", 0755), 0);
        assert_int_equal(mkdirat(scratch.fd, "sys/bus", 0755), 0);
        assert_int_equal(mkdirat(scratch.fd, "sys/bus/vmbus", 0755), 0);
        assert_int_equal(renameat(scratch.fd, "devices", scratch.fd, "sys/bus/vmbus/devices"), 0);
        assert_int_equal(
                snapshot_record(root, &(struct snapshot_record_options){ .foreign = true }, &none, NULL),
                -ENOTDIR);
        assert_null(none);
}

/*
 * A terminal is a character device that gives a line for each read, as the kernel log gives a record. It
 * blocks, and its end is a ^D, so that nothing hangs on when what was written arrives.
 */
static int open_terminal_as_kmsg(struct sysroot *root, const char *path, int flags) {
        struct watched *w = (struct watched *)root;

        return strcmp(path, "dev/kmsg") == 0 ? open(w->terminal, (flags & ~O_NONBLOCK) | O_CLOEXEC)
                                             : sysroot_open(w->inner, path, flags);
}

static const struct sysroot_ops terminal_ops = { .open = open_terminal_as_kmsg };

static void the_kernel_log_is_read_by_records(void **state) {
        static const char log[] =
                "6,1,100,-;Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2\n"
                "6,2,200,-;systemd[1]: Hyper-V: Isolation Config: Group A 0x0, Group B 0x0\n"
                "12,3,300,-;hv_vmbus: Vmbus version:5.0\n" /* by a program: facility 1 */
                "4,4,400,c;hv_vmbus: Vmbus version:6.0\n"
                " SUBSYSTEM=vmbus\n"
                "not a record\n"
                "\x04";
        _cleanup_(closep) int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(snapshot_freep) struct snapshot *live = NULL, *foreign = NULL;
        struct watched w = { .root = { .ops = &terminal_ops } };

        if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
                skip(); /* no terminals here */
        w.terminal = ptsname(master);
        slave = open(w.terminal, O_RDWR | O_NOCTTY | O_CLOEXEC); /* held, so that what is written stays */
        assert_true(slave >= 0);
        assert_int_equal(write(master, log, strlen(log)), (ssize_t)strlen(log));
        assert_int_equal(sysroot_new(scratch.path, &root, NULL), 0);
        w.inner = root;

        /* a device node below a folder that is not this machine is this machine's all the same */
        foreign = record(&w.root, &(struct snapshot_record_options){ .foreign = true });
        assert_int_equal(foreign->n_kmsg, 0);
        live = record(&w.root, &(struct snapshot_record_options){ .foreign = false });
        assert_int_equal(live->n_kmsg, 2);
        assert_string_equal(live->kmsg[0], "Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2");
        assert_string_equal(live->kmsg[1], "hv_vmbus: Vmbus version:6.0");
}

static void write_record(int fd, const char *record) {
        assert_int_equal(write(fd, record, strlen(record)), (ssize_t)strlen(record));
}

/* A socket that keeps records apart gives one for each read, and EAGAIN after the last, as the kernel log
 * does.
 */
static void the_kernel_log_is_followed(void **state) {
        _cleanup_(kernel_log_done) struct kernel_log log = KERNEL_LOG_NONE;
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(snapshot_freep) struct snapshot *first = NULL, *second = NULL, *helper = NULL,
                                                  *torn = NULL;
        int ends[2];

        assert_int_equal(sysroot_new(scratch.path, &root, NULL), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        log.fd = ends[0];
        write_record(ends[1], "6,1,100,-;Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2\n");
        write_record(ends[1], "6,2,100,-;something else\n");
        first = record(root, &(struct snapshot_record_options){ .log = &log });
        assert_int_equal(first->n_kmsg, 1);

        /* a helper has what was followed before it was made, and takes nothing away */
        write_record(ends[1], "6,3,200,-;hv_vmbus: Vmbus version:6.0\n");
        helper = record(root, &(struct snapshot_record_options){ .log = &log, .seen = first });
        assert_int_equal(helper->n_kmsg, 1);
        second = record(root, &(struct snapshot_record_options){ .log = &log });
        assert_int_equal(second->n_kmsg, 2);
        assert_string_equal(second->kmsg[1], "hv_vmbus: Vmbus version:6.0");

        /* what cannot be read any more is told, and what was read stands */
        close(ends[0]);
        close(ends[1]);
        torn = record(root, &(struct snapshot_record_options){ .log = &log });
        assert_int_equal(torn->n_kmsg, 2);
        assert_non_null(snapshot_find(torn, "dev/kmsg"));
        assert_int_equal(snapshot_find(torn, "dev/kmsg")->error, EBADF);
}

static void the_kernel_log_is_read_from_its_beginning(void **state) {
        static const char text[] = "6,1,100,-;hv_vmbus: Vmbus version:6.0\n";
        _cleanup_(kernel_log_done) struct kernel_log log = KERNEL_LOG_NONE;
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(closep) int fd = openat(scratch.fd, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        write_record(fd, text);
        assert_int_equal(kernel_log_init(&log, fd), 0);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_int_equal(kernel_log_follow(&log), 0);
        assert_int_equal(log.n, 1);
        assert_int_equal(kernel_log_init(&log, -1), -EBADF);
}

/* No host makes this grow without end. */
static void no_more_of_the_kernel_log_is_kept_than_a_bounded_number(void **state) {
        _cleanup_(kernel_log_done) struct kernel_log log = KERNEL_LOG_NONE;

        for (int i = 0; i < 1000; i++)
                assert_int_equal(kernel_log_keep(&log, "hv_vmbus: Invalid offer 9 from the host"), 0);
        assert_int_equal(log.n, 256);
}

/* As the kernel writes its tables; what is not on a block device is left out. */
static void tables_of_proc_are_read(void **state) {
        static const char mountinfo[] =
                "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
                "23 22 0:21 / /proc rw shared:12 - proc proc rw\n"
                "24 22 0:40 /@home /home\\040of\\134all rw shared:2 - btrfs /dev/sdb rw\n"
                "25 22 8:2 / /boot rw - vfat /dev/sda2 rw,optional - words\n"
                "26 22 x:y / /bad rw - ext4 /dev/sda9 rw\n"
                "27 22 8:3\n";
        static const char swaps[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                                    "/dev/dm-1                               partition\t998396\t\t0\t\t-2\n"
                                    "/swap\\040file                            file\t\t1024\t\t0\t\t-3\n";
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;

        assert_int_equal(mkdirat(scratch.fd, "proc", 0755), 0);
        assert_int_equal(mkdirat(scratch.fd, "proc/self", 0755), 0);
        assert_int_equal(
                file_replace_at(scratch.fd, "proc/self/mountinfo", 0444, mountinfo, strlen(mountinfo)), 0);
        assert_int_equal(file_replace_at(scratch.fd, "proc/swaps", 0444, swaps, strlen(swaps)), 0);
        assert_int_equal(sysroot_new(scratch.path, &root, NULL), 0);
        s = record(root, &(struct snapshot_record_options){ .foreign = true });
        assert_int_equal(s->n_mounts, 3);
        assert_string_equal(s->mounts[0].where, "/");
        assert_int_equal(s->mounts[0].major, 8);
        assert_int_equal(s->mounts[0].minor, 1);
        assert_string_equal(s->mounts[1].where, "/home of\\all");
        assert_string_equal(s->mounts[1].source, "/dev/sdb");
        assert_string_equal(s->mounts[2].type, "vfat");
        assert_int_equal(s->n_swaps, 2);
        assert_string_equal(s->swaps[0], "/dev/dm-1");
        assert_string_equal(s->swaps[1], "/swap file");
}

/* What people name mount points, and what no kernel writes. */
static void odd_characters_in_tables(void **state) {
        static const char mountinfo[] =
                "22 1 8:1 / /a\\040-\\040b rw shared:1 master:2 propagate_from:3 - ext4 /dev/sda1 rw\n"
                "23 22 8:2 / /line\\012tab\\011hash\\043 rw - ext4 /dev/sda2 rw\n"
                "24 22 8:3 / /\xc3\xa9\xff rw - ext4 /dev/sda3 rw\n"
                "25 22 8:4 / /not\\9octal\\4 rw - ext4 /dev/disk/by-label/a\\040b rw\n"
                "26 22 8:5 / /no/separator rw ext4 /dev/sda5 rw\n"
                "27 22 8:6 / /no/source rw - ext4\n"
                "28 22 8:7 / /deleted\\040(deleted) rw - ext4 /dev/sda7 rw"; /* cut off at the end of a line
                                                                              */
        static const char swaps[] = "Filename Type Size Used Priority\n"
                                    "/odd\\012name file 1 0 -2\n"
                                    "relative file 1 0 -2\n"
                                    "/alone\n";
        static const char *const mounts[] = { "/a - b", "/line\ntab\thash#", "/\xc3\xa9\xff",
                "/not\\9octal\\4", "/deleted (deleted)" };
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(snapshot_freep) struct snapshot *s = NULL, *again = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t n;

        scratch_write(&scratch, "proc/self/mountinfo", mountinfo);
        scratch_write(&scratch, "proc/swaps", swaps);
        assert_int_equal(sysroot_new(scratch.path, &root, NULL), 0);
        s = record(root, &(struct snapshot_record_options){ .foreign = true });
        assert_int_equal(s->n_mounts, sizeof(mounts) / sizeof(mounts[0]));
        for (size_t i = 0; i < s->n_mounts; i++)
                assert_string_equal(s->mounts[i].where, mounts[i]);
        assert_string_equal(s->mounts[3].source, "/dev/disk/by-label/a b");
        assert_int_equal(s->n_swaps, 1);
        assert_string_equal(s->swaps[0], "/odd\nname");
        /* and a snapshot's text carries them all */
        assert_int_equal(snapshot_format(s, &text, &n), 0);
        assert_int_equal(snapshot_parse("odd", text, n, &again, NULL), 0);
        assert_int_equal(again->n_mounts, s->n_mounts);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_expanded_is_recorded_again),
        cmocka_unit_test(decisions_read_nothing_that_hangs),
        cmocka_unit_test(a_first_decision_takes_no_more_than_it_needs),
        cmocka_unit_test(a_first_decision_goes_by_the_lasting_class),
        cmocka_unit_test(a_device_that_vanishes_is_left_out),
        cmocka_unit_test(a_device_that_is_replaced_is_read_again),
        cmocka_unit_test(a_device_that_keeps_changing_has_no_class),
        cmocka_unit_test(the_class_of_a_modalias_is_read_once),
        cmocka_unit_test(an_oversized_attribute_is_an_error),
        cmocka_unit_test(a_device_out_of_reach_stays),
        cmocka_unit_test(a_guest_without_vmbus_has_no_devices),
        cmocka_unit_test(the_kernel_log_is_read_by_records),
        cmocka_unit_test(the_kernel_log_is_followed),
        cmocka_unit_test(the_kernel_log_is_read_from_its_beginning),
        cmocka_unit_test(no_more_of_the_kernel_log_is_kept_than_a_bounded_number),
        cmocka_unit_test(tables_of_proc_are_read),
        cmocka_unit_test(odd_characters_in_tables),
};

RUN(tests)
