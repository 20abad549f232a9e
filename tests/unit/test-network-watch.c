/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/network-watch and daemon/network-event: on the kernel's own notices, in a network namespace of our
 * own whose interfaces may change, with an answer that the test makes up.
 */
#include "daemon/network-watch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "daemon/network-event.h"
#include "tests/unit/harness.h"

/* What the asking processes do; in memory that they share with us. */
struct kernel {
        volatile int generation; /* what they answer */
        volatile bool hangs, fails;
        volatile unsigned asked;
};

struct watcher {
        struct kernel *kernel;
        sd_event *event;
        struct network_watch *watch;
        unsigned changes;
};

static int ask(FILE *out, void *data) {
        struct kernel *k = data;
        int generation = k->generation;

        k->asked++;
        while (k->hangs)
                pause();
        fprintf(out, "netlink-route default dev=%d\n", generation);
        return k->fails ? -EIO : 0;
}

static void on_change(void *data) {
        struct watcher *w = data;

        w->changes++;
}

static void watcher_start(struct watcher *w, bool hangs) {
        struct diag d = {};

        /* the first one makes us root of a user namespace, where it must */
        if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                skip(); /* a kernel without namespaces for everyone */
        *w = (struct watcher){};
        w->kernel =
                mmap(NULL, sizeof(*w->kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(w->kernel, MAP_FAILED);
        w->kernel->generation = 1;
        w->kernel->hangs = hangs;
        assert_int_equal(sd_event_new(&w->event), 0);
        if (network_watch_new(w->event, ask, w->kernel, on_change, w, &w->watch, &d) < 0)
                fail_msg("%s", d.text);
}

static void watcher_stop(struct watcher *w) {
        network_watch_free(w->watch);
        sd_event_unref(w->event);
        munmap(w->kernel, sizeof(*w->kernel));
}

/* The device that the answer names; 0: nothing is known. */
static int known(const struct watcher *w) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        int index = 0;

        assert_int_equal(snapshot_new(&s), 0);
        assert_int_equal(network_probe_add(network_watch_probe(w->watch), s), 0);
        (void)sscanf(s->netlink[s->n_netlink - 1], "netlink-route default dev=%d", &index);
        return index;
}

/* Runs the loop until that is known, and was told. */
static void run_until_known(struct watcher *w, int index) {
        unsigned before = w->changes;

        while (known(w) != index || w->changes == before)
                assert_return_code(sd_event_run(w->event, UINT64_MAX), 0);
}

/* Before the loop runs; on a busy machine the first answer may take more than our patience. */
static void settle(struct watcher *w) {
        assert_int_equal(network_watch_settle(w->watch), 0);
        assert_int_equal(w->changes, 0); /* what was there before the loop ran is no change */
        if (known(w) == 0)
                run_until_known(w, w->kernel->generation);
        assert_int_equal(known(w), w->kernel->generation);
}

static void set_loopback(bool up) {
        _cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };

        assert_return_code(ioctl(fd, SIOCSIFFLAGS, &request), errno);
}

static void a_change_is_asked_about(void **state) {
        struct watcher w;

        watcher_start(&w, false);
        settle(&w);
        for (int generation = 2; generation < 5; generation++) {
                w.kernel->generation = generation;
                set_loopback(generation % 2 == 0);
                run_until_known(&w, generation);
        }
        watcher_stop(&w);
}

static void many_changes_are_few_questions(void **state) {
        struct watcher w;
        unsigned before;

        watcher_start(&w, false);
        settle(&w);
        before = w.kernel->asked;
        for (unsigned i = 0; i < 200; i++)
                set_loopback(i % 2 == 0); /* several notices each */
        w.kernel->generation = 2;
        run_until_known(&w, 2);
        assert_in_range(w.kernel->asked - before, 1, 10);
        assert_in_range(network_watch_asked(w.watch) - w.kernel->asked, 0,
                1); /* the last one may just begin */
        watcher_stop(&w);
}

static void what_changes_meanwhile_is_asked_about_again(void **state) {
        struct watcher w;

        watcher_start(&w, false); /* which has asked, and has not read the answer */
        while (w.kernel->asked == 0)
                sched_yield();
        w.kernel->generation = 2;
        set_loopback(true);
        run_until_known(&w, 2); /* not the answer that was on its way */
        watcher_stop(&w);
}

static void a_kernel_that_hangs_makes_it_unknown(void **state) {
        struct watcher w;

        watcher_start(&w, false);
        settle(&w);
        w.kernel->hangs = true;
        set_loopback(true);
        run_until_known(&w, 0);
        w.kernel->hangs = false;
        w.kernel->generation = 2;
        run_until_known(&w, 2); /* without another notice */
        watcher_stop(&w);
}

static void a_start_waits_only_so_long(void **state) {
        struct watcher w;

        watcher_start(&w, true);
        assert_int_equal(network_watch_settle(w.watch), 0);
        assert_int_equal(known(&w), 0);
        w.kernel->hangs = false;
        run_until_known(&w, 1);
        watcher_stop(&w);
}

static void a_question_that_fails_is_asked_again(void **state) {
        struct watcher w;

        watcher_start(&w, false);
        settle(&w);
        w.kernel->fails = true;
        set_loopback(true);
        run_until_known(&w, 0);
        w.kernel->fails = false;
        run_until_known(&w, 1);
        watcher_stop(&w);
}

/* A notice about a route, an interface or anything else, as the kernel lays it out. */
struct notice {
        struct nlmsghdr header;
        struct rtmsg route;
};

static struct notice notice_of(uint16_t type, uint8_t prefix) {
        return (struct notice){
                .header = { .nlmsg_len = sizeof(struct notice), .nlmsg_type = type },
                .route = { .rtm_family = AF_INET, .rtm_dst_len = prefix },
        };
}

static const struct {
        uint16_t type;
        uint8_t prefix;
        bool matters;
} notices[] = {
        { RTM_NEWROUTE, 0, true },
        { RTM_DELROUTE, 0, true },
        { RTM_NEWROUTE, 24, false },
        { RTM_DELROUTE, 128, false },
        { RTM_NEWLINK, 24, true },
        { RTM_DELLINK, 24, true },
        { RTM_NEWADDR, 24, true },
        { RTM_DELADDR, 24, true },
        { NLMSG_OVERRUN, 24, true },
};

static void a_notice_matters_or_not(void **state) {
        struct notice both[2] = { notice_of(RTM_NEWROUTE, 24), notice_of(RTM_NEWROUTE, 24) };

        for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++) {
                struct notice n = notice_of(notices[i].type, notices[i].prefix);

                assert_int_equal(network_event_matters(&n, sizeof(n)), notices[i].matters);
        }
        assert_false(network_event_matters(both, sizeof(both)));
        both[1].route.rtm_dst_len = 0;
        assert_true(network_event_matters(both, sizeof(both)));
        assert_false(network_event_matters(both, 0));
}

static void what_makes_no_sense_matters(void **state) {
        struct notice n = notice_of(RTM_NEWROUTE, 24);

        for (size_t size = 1; size < sizeof(n); size++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(&n, size);

                assert_true(network_event_matters(cut, size));
        }
        for (uint32_t length = 0; length < sizeof(struct nlmsghdr) + 2; length++) {
                n.header.nlmsg_len = length;
                assert_true(network_event_matters(&n, sizeof(n)));
        }
        n.header.nlmsg_len = UINT32_MAX;
        assert_true(network_event_matters(&n, sizeof(n)));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_asked_about),
        cmocka_unit_test(many_changes_are_few_questions),
        cmocka_unit_test(what_changes_meanwhile_is_asked_about_again),
        cmocka_unit_test(a_kernel_that_hangs_makes_it_unknown),
        cmocka_unit_test(a_start_waits_only_so_long),
        cmocka_unit_test(a_question_that_fails_is_asked_again),
        cmocka_unit_test(a_notice_matters_or_not),
        cmocka_unit_test(what_makes_no_sense_matters),
};

RUN(tests)
