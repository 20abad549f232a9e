/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links of a device in a folder, whose writes go to its files; and a real one, in a network of its own. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/enforce/link-down.h"
#include "tests/unit/scratch.h"

#define OWN "device/net/eth0/flags"
#define BEHIND "device/pci1234:00/1234:00:02.0/net/enP1/flags"

/* A folder whose files a write replaces, as it does an attribute. */
struct guest {
        struct sysroot root;
        struct scratch scratch;
        struct sysroot *folder;
};

static int guest_open(struct sysroot *root, const char *path, int flags) {
        return sysroot_open(((struct guest *)root)->folder, path, flags);
}

static int guest_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        scratch_write(&((struct guest *)root)->scratch, path, text);
        return 0;
}

static const struct sysroot_ops guest_ops = { .open = guest_open, .write = guest_write };

static int setup(void **state) {
        struct guest *g = calloc(1, sizeof(*g));

        assert_non_null(g);
        *g = (struct guest){ .root = { .ops = &guest_ops, .fd = -1 }, .scratch = scratch_new() };
        assert_int_equal(sysroot_new(g->scratch.path, &g->folder, NULL), 0);
        *state = g;
        return 0;
}

static int teardown(void **state) {
        struct guest *g = *state;

        sysroot_free(g->folder);
        scratch_done(&g->scratch);
        free(g);
        return 0;
}

static void assert_flags(struct guest *g, const char *path, const char *expected) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(sysroot_read_line(&g->root, path, &text), 0);
        assert_string_equal(text, expected);
}

static void every_link_goes_down(void **state) {
        struct guest *g = *state;

        scratch_write(&g->scratch, OWN, "0x1003\n");
        scratch_write(&g->scratch, BEHIND, "0x1843\n");
        scratch_write(&g->scratch, "device/power/flags", "0x1\n");
        scratch_write(&g->scratch, "device/pci1234:00/power/net/enP2/flags", "0x1\n");
        assert_int_equal(links_down(&g->root, "device", NULL), 0);
        assert_flags(g, OWN, "0x1002");
        assert_flags(g, BEHIND, "0x1842");
        assert_flags(g, "device/power/flags", "0x1");
        assert_flags(g, "device/pci1234:00/power/net/enP2/flags", "0x1");
}

static void no_link_is_nothing_to_do(void **state) {
        struct guest *g = *state;

        assert_int_equal(links_down(&g->root, "device", NULL), 0);
        scratch_write(&g->scratch, OWN, "0x1002\n");
        assert_int_equal(links_down(&g->root, "device", NULL), 0);
        assert_flags(g, OWN, "0x1002");
}

static void what_makes_no_sense_is_told_and_stops_no_other(void **state) {
        struct guest *g = *state;
        struct diag d = {};

        scratch_write(&g->scratch, OWN, "up\n");
        scratch_write(&g->scratch, BEHIND, "0x1843\n");
        assert_true(links_down(&g->root, "device", &d) < 0);
        assert_non_null(strstr(d.text, OWN));
        assert_flags(g, BEHIND, "0x1842");
}

/* Exit code of a child in a network namespace of its own: 0 when its loopback link went from up to down. */
static int take_loopback_down(void) {
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        int fd;

        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                return 77;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
                return 77;
        if (ioctl(fd, SIOCGIFFLAGS, &request) < 0 || !(request.ifr_flags & IFF_UP))
                return 1;
        if (link_set_down(1, NULL) < 0)
                return 2;
        if (ioctl(fd, SIOCGIFFLAGS, &request) < 0 || request.ifr_flags & IFF_UP)
                return 3;
        return link_set_down(4711, NULL) < 0 ? 0 : 4;
}

static void the_kernel_takes_a_link_down(void **state) {
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
                _exit(take_loopback_down());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                skip(); /* no namespaces for us here */
        assert_int_equal(WEXITSTATUS(status), 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_link_goes_down, setup, teardown),
        cmocka_unit_test_setup_teardown(no_link_is_nothing_to_do, setup, teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_told_and_stops_no_other, setup, teardown),
        cmocka_unit_test(the_kernel_takes_a_link_down),
};

RUN(tests)
