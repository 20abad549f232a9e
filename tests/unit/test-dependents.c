/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From mounts, swap, interfaces and PCI functions down to the device that they hang on. */
#include "tests/unit/fixture.h"

#define A "a0000000-0000-4000-8000-000000000001"
#define B "b0000000-0000-4000-8000-000000000002"
#define FOLDER(instance) "sys/devices/V/" instance
#define DEVICE(instance) "symlink sys/bus/vmbus/devices/" instance " ../../../devices/V/" instance "\n"
#define DEVICES DEVICE(A) DEVICE(B)
#define DISK_A "V/" A "/host0/block/sda"
#define DISK_B "V/" B "/host1/block/sdb"
#define NUMBER(number, path) "symlink sys/dev/block/" number " ../../devices/" path "\n"
#define NAME(name, path) "symlink sys/class/block/" name " ../../devices/" path "\n"
#define DM0 "virtual/block/dm-0"
#define DM1 "virtual/block/dm-1"
#define LOOP "virtual/block/loop0"
#define SLAVE(of, name, path) "symlink sys/devices/" of "/slaves/" name " ../../../../" path "\n"

#define NET(instance, name) "dir " FOLDER(instance) "/net/" name "\n"
#define LINK(words) "netlink-link " words "\n"
#define ROUTE(index) "netlink-route default dev=" index "\n"

/* "mount / through sda1, swap ..." */
static char *dependents_of(const struct device *d) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (size_t i = 0; i < d->n_dependents; i++) {
                const struct dependent *e = &d->dependents[i];

                fprintf(f, "%s%s %s", i ? ", " : "", dependent_kind_to_string(e->kind), e->name);
                if (e->through)
                        fprintf(f, " through %s", e->through);
        }
        assert_int_equal(fclose(f), 0);
        return text;
}

static const struct {
        const char *lines, *a, *b;
        size_t lost; /* what could not be followed to its end, and is warned of */
} ways[] = {
        { "", "", "" },
        { "mount 8:1 / ext4\n" NUMBER("8:1", DISK_A "/sda1"), "mount / through sda1", "" },
        { "mount 8:1 / ext4\nmount 8:17 /boot ext4\n" NUMBER("8:1", DISK_A "/sda1")
                        NUMBER("8:17", DISK_B "/sdb1"),
                "mount / through sda1", "mount /boot through sdb1" },
        { "mount 8:99 / ext4\n", "", "", 1 },
        { "mount 254:0 / ext4\n" NUMBER("254:0", DM0), "", "", 1 },
        { "mount 0:30 / btrfs x\n", "", "", 1 },
        { "swap /dev/zram0\n" NAME("zram0", "virtual/block/zram0"), "", "", 0 },
        /* dm over two disks, dm over dm */
        { "mount 254:0 / ext4\n" NUMBER("254:0", DM0) SLAVE(DM0, "sda1", DISK_A "/sda1")
                        SLAVE(DM0, "sdb", DISK_B),
                "mount / through sda1", "mount / through sdb" },
        { "mount 254:1 / ext4\n" NUMBER("254:1", DM1) SLAVE(DM1, "dm-0", DM0)
                        SLAVE(DM0, "sda1", DISK_A "/sda1"),
                "mount / through sda1", "" },
        /* a loop of links ends */
        { "mount 254:0 / ext4\n" NUMBER("254:0", DM0) SLAVE(DM0, "dm-1", DM1) SLAVE(DM1, "dm-0", DM0)
                        SLAVE(DM1, "sda", DISK_A),
                "mount / through sda", "" },
        /* btrfs has no number of its own; neither has what is on a mapping */
        { "mount 0:30 / btrfs /dev/sda2\n" NAME("sda2", DISK_A "/sda2"), "mount / through sda2", "" },
        { "mount 0:30 / btrfs /dev/mapper/root\n" NAME("dm-0", DM0) NAME("dm-1",
                  DM1) "file sys/devices/" DM0 "/dm/name 0444 \"other\\n\"\n"
                       "file sys/devices/" DM1 "/dm/name 0444 \"root\\n\"\n" SLAVE(DM0, "sda", DISK_A)
                               SLAVE(DM1, "sdb", DISK_B),
                "", "mount / through sdb" },
        /* a file on a file system on a device */
        { "mount 8:1 / ext4\nmount 8:17 /srv ext4\nmount 7:0 /data ext4\n" NUMBER("8:1", DISK_A "/sda1")
                        NUMBER("8:17", DISK_B "/sdb1") NUMBER("7:0",
                                LOOP) "file sys/devices/" LOOP "/loop/backing_file 0444 \"/srv/disk\\n\"\n",
                "mount / through sda1", "mount /srv through sdb1, mount /data through sdb1" },
        { "mount 7:0 /data ext4\n" NUMBER("7:0", LOOP) "file sys/devices/" LOOP
                                                       "/loop/backing_file 0444 \"/data/disk\\n\"\n",
                "", "", 1 },
        /* swap: a device, a mapping, a file; the file on the longest mount point, not on /srvx */
        { "swap /dev/sda3\nswap /dev/dm-0\n" NAME("sda3", DISK_A "/sda3") NAME("dm-0", DM0)
                        SLAVE(DM0, "sdb2", DISK_B "/sdb2"),
                "swap /dev/sda3 through sda3", "swap /dev/dm-0 through sdb2" },
        { "mount 8:1 / ext4\nmount 8:17 /srv ext4\nswap /srv/swap\nswap /srvx/swap\n" NUMBER("8:1",
                  DISK_A "/sda1") NUMBER("8:17", DISK_B "/sdb1"),
                "mount / through sda1, swap /srvx/swap through sda1",
                "mount /srv through sdb1, swap /srv/swap through sdb1" },
        /* a later mount on the same point hides the earlier */
        { "mount 8:1 /srv ext4\nmount 8:17 /srv ext4\nswap /srv/swap\n" NUMBER("8:1", DISK_A "/sda1")
                        NUMBER("8:17", DISK_B "/sdb1"),
                "mount /srv through sda1", "mount /srv through sdb1, swap /srv/swap through sdb1" },
        /* NVMe with multipath: the disk is virtual, its controllers are links beside it */
        { "mount 259:1 / ext4\n" NUMBER("259:1",
                  "virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1") "symlink "
                                                                           "sys/devices/virtual/"
                                                                           "nvme-subsystem/"
                                                                           "nvme-subsys0/nvme0 "
                                                                           "../../../V/" A "/pci1234:00/"
                                                                           "1234:00:00.0/nvme/"
                                                                           "nvme0\n",
                "mount / through nvme0", "" },
        /* interfaces and PCI functions */
        { "dir " FOLDER(A) "/net/eth0\ndir " FOLDER(A) "/net/eth9\n", "network eth0, network eth9", "" },
        { "dir " FOLDER(B) "/pci1234:00/1234:00:02.0/net/eth1\ndir " FOLDER(B) "/pci1234:00/1234:00:03.0\n",
                "", "pci 1234:00:02.0, network eth1 through 1234:00:02.0, pci 1234:00:03.0" },
        { "symlink " FOLDER(A) "/pci1234:00/1234:00:02.0/driver ../../../../../bus/pci/drivers/nvme\n"
                               "dir " FOLDER(A) "/pci1234:00/1234:00:02.0/nvme/nvme0/nvme0n1\n"
                                                "dir " FOLDER(
                                                        A) "/pci1234:00/1234:00:02.0/nvme/nvme0/hwmon1\n",
                "pci 1234:00:02.0, driver nvme through 1234:00:02.0, block nvme0n1 through 1234:00:02.0",
                "" },
        /* bcache: the disk is a slave, its cache is a member of a set */
        { "mount 252:0 / ext4\n" NUMBER("252:0", "virtual/block/bcache0") SLAVE("virtual/block/bcache0",
                  "sda", DISK_A) "symlink sys/devices/" DISK_A
                                 "/bcache/cache ../../../../../../../fs/bcache/set\n"
                                 "symlink sys/fs/bcache/set/cache0 ../../../devices/" DISK_B "/bcache\n",
                "mount / through sda", "mount / through sdb" },
        /* interfaces: what is stacked on them, addresses, routes */
        { NET(A, "eth0") LINK("2 eth0 up vf-of=none addresses=2") "netlink-route default dev=2\n",
                "network eth0, addresses 2 through eth0, last-route default through eth0", "" },
        { NET(A, "eth0") NET(B, "eth1") LINK("2 eth0 up vf-of=none") LINK("3 eth1 up vf-of=none") ROUTE("2")
                        ROUTE("3"),
                "network eth0, route default through eth0", "network eth1, route default through eth1" },
        { NET(A, "eth0") NET(B, "eth1") LINK("2 eth0 up vf-of=none master=4")
                        LINK("3 eth1 up vf-of=none master=4") LINK("4 bond0 up vf-of=none addresses=1")
                                LINK("5 bond0.7 up vf-of=none lower=4") ROUTE("5"),
                "network eth0, network bond0 through eth0, addresses 1 through bond0, "
                "network bond0.7 through bond0, route default through bond0.7",
                "network eth1, network bond0 through eth1, addresses 1 through bond0, "
                "network bond0.7 through bond0, route default through bond0.7" },
        /* a VF loses its master with the synthetic interface; that one outlives the VF */
        { NET(A, "eth0") "dir " FOLDER(B) "/pci1234:00/1234:00:02.0/net/eth1\n" LINK("2 eth0 up vf-of=none")
                        LINK("3 eth1 up vf-of=2") ROUTE("2"),
                "network eth0, last-route default through eth0, network eth1 through eth0",
                "pci 1234:00:02.0, network eth1 through 1234:00:02.0" },
        /* links in a ring; a route to what hangs on no device; an interface that was renamed meanwhile */
        { NET(A, "eth0") LINK("2 eth0 up vf-of=none lower=3") LINK("3 eth1 up vf-of=none lower=2"),
                "network eth0, network eth1 through eth0", "" },
        { NET(A, "eth0") LINK("2 eth0 up vf-of=none") LINK("7 tun0 up vf-of=none") ROUTE("7"),
                "network eth0", "" },
        { NET(A, "eth0") LINK("2 wan up vf-of=none") ROUTE("2"), "network eth0", "" },
        /* what is not wholly known decides nothing */
        { NET(A, "eth0") LINK("2 eth0 up vf-of=none") ROUTE("2") "netlink-route unknown\n", "network eth0",
                "" },
        /* a name that only begins like a device's folder */
        { "mount 8:1 / ext4\n" NUMBER("8:1", "V/" A "x/host0/block/sda/sda1"), "", "" },
};

static void everything_is_followed_down(void **state) {
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                _cleanup_(freep) char *lines = NULL, *a = NULL, *b = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;
                size_t lost;

                assert_true(asprintf(&lines, "%s%s", DEVICES, ways[i].lines) > 0);
                g = guest_of_lines(lines);
                assert_int_equal(g->n_devices, 2);
                a = dependents_of(&g->devices[0]);
                b = dependents_of(&g->devices[1]);
                assert_string_equal(a, ways[i].a);
                assert_string_equal(b, ways[i].b);
                lost = 0;
                for (size_t j = 0; j < g->n_warnings; j++)
                        lost += strstr(g->warnings[j], "is not known, so that") != NULL;
                assert_int_equal(lost, ways[i].lost);
        }
}

/*
 * Every layer on every other: as many ways as there are orders of them, and each device asked once all the
 * same.
 */
static void many_ways_are_walked_once(void **state) {
        enum { N = 14 };
        _cleanup_(guest_freep) struct guest *g = NULL;
        _cleanup_(freep) char *lines = NULL, *text = NULL;
        size_t size;
        FILE *f = open_memstream(&lines, &size);

        assert_non_null(f);
        fputs(DEVICES "mount 254:0 / ext4\n" NUMBER("254:0", DM0)
                        SLAVE("virtual/block/dm-13", "sda", DISK_A),
                f);
        for (unsigned i = 0; i < N; i++)
                for (unsigned j = 0; j < N; j++)
                        fprintf(f, "symlink sys/devices/virtual/block/dm-%u/slaves/dm-%u ../../dm-%u\n", i,
                                j, j);
        assert_int_equal(fclose(f), 0);
        g = guest_of_lines(lines);
        text = dependents_of(&g->devices[0]);
        assert_string_equal(text, "mount / through sda");
}

static void fixtures_hang_together(void **state) {
        static const struct {
                const char *fixture, *device, *dependents;
        } rows[] = {
                { "snp-compliant", "scsi",
                        "mount / through sda1, mount /boot through sda16, mount /boot/efi through sda15, "
                        "swap /dev/sda2 through sda2" },
                { "snp-openhcl", "scsi", "mount / through sda1, mount /boot/efi through sda15" },
                { "snp-layers", "scsi",
                        "mount / through sda1, mount /boot through sda16, mount /boot/efi through sda15, "
                        "swap /dev/sda2 through sda2" },
                { "snp-layers", "network",
                        "network eth0, addresses 1 through eth0, network eth1 through eth0, network eth0.7 "
                        "through eth0, addresses 2 through eth0.7, last-route default through eth0.7" },
                { "snp-layers", "pci",
                        "pci 0001:00:02.0, driver mlx5_core through 0001:00:02.0, network eth1 through "
                        "0001:00:02.0, pci 0001:00:03.0, driver nvme through 0001:00:03.0, block nvme0n1 "
                        "through 0001:00:03.0, mount / through nvme0n1" },
                { "hyperv-plain", "network", "network eth0, last-route default through eth0" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(rows[i].fixture);
                _cleanup_(freep) char *text = NULL;
                const struct device *device = NULL;

                assert_int_equal(guest_resolve(g, rows[i].device, &device, NULL), 0);
                text = dependents_of(device);
                assert_string_equal(text, rows[i].dependents);
        }
}

static void the_root_is_awaited_on_storage(void **state) {
        static const char *const storage[] = { "scsi", "pci" };
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load("snp-layers");
        _cleanup_(guest_freep) struct guest *g = NULL;
        size_t n = 0;

        s->root_awaited = true;
        assert_int_equal(guest_eval(s, &g), 0);
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *d = &g->devices[i];
                bool awaited = d->n_dependents > 0 && d->dependents[0].kind == DEPENDENT_AWAITED,
                     may = false;

                for (size_t j = 0; j < sizeof(storage) / sizeof(storage[0]); j++)
                        may = may || strcmp(d->known->name, storage[j]) == 0;
                assert_int_equal(awaited, may);
                n += awaited;
        }
        assert_true(n >= 2);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_followed_down),
        cmocka_unit_test(many_ways_are_walked_once),
        cmocka_unit_test(fixtures_hang_together),
        cmocka_unit_test(the_root_is_awaited_on_storage),
};

RUN(tests)
