/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/uevents: on a connection as a simulator has it, and on the kernel's own socket in a network
 * namespace of our own, where we may forge and flood.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "daemon/uevents.h"
#include "tests/unit/harness.h"

#define INSTANCE "5620e0c7-8062-4dce-aeb7-520c7ef76171"
#define DEVICE "/devices/VMBUS:00/" INSTANCE

static const char added[] = "add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE "\0SUBSYSTEM=vmbus\0SEQNUM=1\0";
static const char other[] = "add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=net\0SEQNUM=2\0";

struct listener {
        struct sysroot root;
        int peer; /* the simulator's side of the newest connection */
        bool refuses;
        sd_event *event;
        struct uevents *uevents;
        unsigned events, lost, forged;
        int error;
};

static int connect_pair(struct sysroot *root) {
        struct listener *l = (struct listener *)root;
        int ends[2];

        if (l->refuses)
                return -ECONNREFUSED;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        l->peer = ends[0];
        return ends[1];
}

static int no_simulator(struct sysroot *root) {
        return -EOPNOTSUPP;
}

static const struct sysroot_ops simulated = { .open_events = connect_pair };
static const struct sysroot_ops host = { .open_events = no_simulator };

static void on_event(const struct uevent *e, void *data) {
        struct listener *l = data;

        assert_int_equal(e->subject, UEVENT_DEVICE);
        l->events++;
}

static void on_lost(int error, void *data) {
        struct listener *l = data;

        l->lost++;
        l->error = error;
}

static void on_forged(const char *what, void *data) {
        struct listener *l = data;

        l->forged++;
}

static const struct uevents_handler handler = { .event = on_event, .lost = on_lost, .forged = on_forged };

static void listener_start(struct listener *l, const struct sysroot_ops *ops) {
        struct diag d = {};

        *l = (struct listener){ .root = { .ops = ops, .fd = -1 }, .peer = -1 };
        assert_int_equal(sd_event_new(&l->event), 0);
        if (uevents_new(&l->root, l->event, 0, &handler, l, &l->uevents, &d) < 0)
                fail_msg("%s", d.text);
}

static void listener_done(struct listener *l) {
        uevents_free(l->uevents);
        sd_event_unref(l->event);
        closep(&l->peer);
}

static void run_until(struct listener *l, const unsigned *count, unsigned n) {
        while (*count < n)
                assert_true(sd_event_run(l->event, UINT64_MAX) >= 0);
}

static void say(struct listener *l, const void *bytes, size_t n) {
        assert_int_equal(send(l->peer, bytes, n, MSG_NOSIGNAL), n);
}

static void simulated_events_are_told_forged_ones_counted(void **state) {
        _cleanup_(listener_done) struct listener l;

        listener_start(&l, &simulated);
        say(&l, other, sizeof(other) - 1);
        say(&l, "nonsense", 8);
        say(&l, added, sizeof(added) - 1);
        run_until(&l, &l.events, 1);
        assert_int_equal(l.forged, 1);
        assert_int_equal(l.lost, 0);
        assert_int_equal(uevents_counters(l.uevents).seen, 1);
        assert_int_equal(uevents_counters(l.uevents).forged, 1);
}

static void a_message_that_is_too_long_is_a_loss(void **state) {
        static const char huge[UEVENT_MESSAGE_MAX + 1];
        _cleanup_(listener_done) struct listener l;

        listener_start(&l, &simulated);
        say(&l, huge, sizeof(huge));
        run_until(&l, &l.lost, 1);
        assert_int_equal(l.error, -EMSGSIZE);
        say(&l, added, sizeof(added) - 1);
        run_until(&l, &l.events, 1);
        assert_int_equal(uevents_counters(l.uevents).errors, 1);
}

static void a_lost_connection_is_a_loss_and_made_again(void **state) {
        _cleanup_(listener_done) struct listener l;

        listener_start(&l, &simulated);
        close(l.peer);
        run_until(&l, &l.lost, 1);
        assert_int_equal(uevents_counters(l.uevents).errors, 1);
        say(&l, added, sizeof(added) - 1);
        run_until(&l, &l.events, 1);
        /* and when nobody is there, later */
        l.refuses = true;
        close(l.peer);
        l.peer = -1;
        run_until(&l, &l.lost, 2);
        l.refuses = false;
        run_until(&l, &l.lost, 3);
        say(&l, added, sizeof(added) - 1);
        run_until(&l, &l.events, 2);
}

/* A network namespace, and with it uevents, of our own. */
static void enter_namespace(void) {
        static bool entered;

        if (!entered && unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                skip(); /* no namespaces for us here */
        entered = true;
}

static int forger(void) {
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

        assert_true(fd >= 0);
        return fd;
}

static void forge(int fd, const void *bytes, size_t n) {
        const struct sockaddr_nl everybody = { .nl_family = AF_NETLINK, .nl_groups = 1 };

        (void)sendto(fd, bytes, n, 0, (const struct sockaddr *)&everybody, sizeof(everybody));
}

/* The kernel says so in a uevent, and there is nothing else to rename in a new namespace. */
static void rename_loopback(const char *from, const char *to) {
        _cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {};

        snprintf(request.ifr_name, IFNAMSIZ, "%s", from);
        snprintf(request.ifr_newname, IFNAMSIZ, "%s", to);
        assert_int_equal(ioctl(fd, SIOCSIFNAME, &request), 0);
}

static void the_kernel_is_believed_and_nobody_else(void **state) {
        _cleanup_(listener_done) struct listener l = { .peer = -1 };
        _cleanup_(closep) int fd = -1;

        enter_namespace();
        listener_start(&l, &host);
        fd = forger();
        rename_loopback("lo", "lo-renamed");
        forge(fd, added, sizeof(added) - 1); /* well formed, and still not the kernel's */
        rename_loopback("lo-renamed", "lo");
        forge(fd, added, sizeof(added) - 1);
        run_until(&l, &l.forged, 2);
        assert_int_equal(l.events, 0);
        assert_int_equal(l.lost, 0);
        assert_int_equal(uevents_counters(l.uevents).forged, 2);
}

static void an_overflow_is_a_loss(void **state) {
        static const char filler[UEVENT_MESSAGE_MAX];
        _cleanup_(listener_done) struct listener l = { .peer = -1 };
        _cleanup_(closep) int fd = -1;

        enter_namespace();
        listener_start(&l, &host);
        fd = forger();
        for (unsigned i = 0; i < 8192; i++) /* 64 MiB: more than any receive buffer that we ask for */
                forge(fd, filler, sizeof(filler));
        run_until(&l, &l.lost, 1);
        assert_int_equal(l.error, -ENOBUFS);
        assert_true(uevents_counters(l.uevents).errors >= 1);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulated_events_are_told_forged_ones_counted),
        cmocka_unit_test(a_message_that_is_too_long_is_a_loss),
        cmocka_unit_test(a_lost_connection_is_a_loss_and_made_again),
        cmocka_unit_test(the_kernel_is_believed_and_nobody_else),
        cmocka_unit_test(an_overflow_is_a_loss),
};

RUN(tests)
