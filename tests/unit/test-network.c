/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The netlink lines, and the process that asks the kernel for what they say. */
#include "tests/unit/fixture.h"

#include <errno.h>
#include <unistd.h>

#include "lib/facts/network-probe.h"
#include "lib/facts/network.h"

static const struct {
        const char *line;
        int result;
        struct network_link link;
} links[] = {
        { "netlink-link 2 eth0 up vf-of=none", 0, { .index = 2, .name = "eth0", .up = true } },
        { "netlink-link 3 eth1 down vf-of=2", 0, { .index = 3, .name = "eth1", .vf_of = 2 } },
        { "netlink-link 4294967295 a\\xc3\\xa9\\\\ up vf-of=none master=4 lower=5 addresses=6", 0,
                { .index = 4294967295,
                        .name = "a\xc3\xa9\\",
                        .up = true,
                        .master = 4,
                        .lower = 5,
                        .addresses = 6 } },
        { "netlink-link 2 abcdefghijklmno up vf-of=none", 0,
                { .index = 2, .name = "abcdefghijklmno", .up = true } },
        { "netlink-link 2 abcdefghijklmnop up vf-of=none", -EBADMSG },
        { NETWORK_LINKS_UNKNOWN, -EBADMSG },
        { "netlink-link 0 eth0 up vf-of=none", -EBADMSG },
        { "netlink-link 4294967296 eth0 up vf-of=none", -EBADMSG },
        { "netlink-link -2 eth0 up vf-of=none", -EBADMSG },
        { "netlink-link 2 eth0 sideways vf-of=none", -EBADMSG },
        { "netlink-link 2 eth0 up vf-of=0", -EBADMSG },
        { "netlink-link 2 eth0 up vf-of=none ", -EBADMSG },
        { "netlink-link 2 eth0 up vf-of=none master=3 master=3", -EBADMSG },
        { "netlink-link 2 eth0 up vf-of=none mtu=1500", -EBADMSG },
        { "netlink-link 2 e\\x20 up vf-of=none", -EBADMSG }, /* the kernel refuses it too */
        { "netlink-link 2 e\\q up vf-of=none", -EBADMSG },
        { "netlink-link 2 e\\x00 up vf-of=none", -EBADMSG },
        { "netlink-links 2 eth0 up vf-of=none", -EBADMSG },
};

static void links_are_read_and_written(void **state) {
        for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
                _cleanup_(freep) char *text = NULL;
                struct network_link link;

                if (network_link_parse(links[i].line, &link) != links[i].result)
                        fail_msg("%s", links[i].line);
                if (links[i].result < 0)
                        continue;
                assert_string_equal(link.name, links[i].link.name);
                assert_int_equal(link.index, links[i].link.index);
                assert_int_equal(link.up, links[i].link.up);
                assert_int_equal(link.vf_of, links[i].link.vf_of);
                assert_int_equal(link.master, links[i].link.master);
                assert_int_equal(link.lower, links[i].link.lower);
                assert_int_equal(link.addresses, links[i].link.addresses);
                assert_int_equal(network_link_format(&link, &text), 0);
                assert_string_equal(text, links[i].line);
        }
}

static void what_is_cut_off_is_refused(void **state) {
        static const char line[] = "netlink-link 2 eth0 up vf-of=none";
        static const char route[] = "netlink-route default dev=2";
        struct network_link link;
        uint32_t index;

        for (size_t n = 0; n < strlen(line); n++) {
                _cleanup_(freep) char *cut = strndup(line, n);

                assert_int_equal(network_link_parse(cut, &link), -EBADMSG);
        }
        for (size_t n = 0; n < strlen(route); n++) {
                _cleanup_(freep) char *cut = strndup(route, n);

                assert_int_equal(network_route_parse(cut, &index), -EBADMSG);
        }
        assert_int_equal(network_route_parse(route, &index), 0);
        assert_int_equal(index, 2);
        assert_int_equal(network_route_parse("netlink-route default dev=2 x", &index), -EBADMSG);
        assert_int_equal(network_route_parse(NETWORK_ROUTES_UNKNOWN, &index), -EBADMSG);
}

static void the_way_out_of_sight_is_told(void **state) {
        _cleanup_(guest_freep) struct guest *g =
                guest_of_lines("symlink sys/bus/vmbus/devices/a0000000-0000-4000-8000-000000000001 "
                               "../../../devices/V/a0000000-0000-4000-8000-000000000001\n"
                               "symlink sys/devices/V/a0000000-0000-4000-8000-000000000001/driver "
                               "../../../bus/vmbus/drivers/hv_netvsc\n"
                               "dir sys/devices/V/a0000000-0000-4000-8000-000000000001/channels/7\n"
                               "netlink-link 1 lo up vf-of=none addresses=2\n");
        size_t told = 0;

        for (size_t i = 0; i < g->n_warnings; i++)
                told += strstr(g->warnings[i], "another network namespace") != NULL;
        assert_int_equal(told, 1);
}

/* What a probe adds to a snapshot that is empty, line by line. */
static char *answer_of(struct network_probe *p) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_int_equal(snapshot_new(&s), 0);
        assert_int_equal(network_probe_wait(p), 0);
        assert_int_equal(network_probe_add(p, s), 0);
        for (size_t i = 0; i < s->n_netlink; i++)
                fprintf(f, "%s\n", s->netlink[i]);
        assert_int_equal(fclose(f), 0);
        return text;
}

static char *answer_to(network_ask_t ask, void *data) {
        _cleanup_(network_probe_freep) struct network_probe *p = NULL;

        assert_int_equal(network_probe_new(ask, data, &p), 0);
        return answer_of(p);
}

#define UNKNOWN NETWORK_LINKS_UNKNOWN "\n" NETWORK_ROUTES_UNKNOWN "\n"

static void the_kernel_answers(void **state) {
        _cleanup_(freep) char *text = answer_to(network_ask_kernel, NULL);
        char *line, *rest = text;
        bool loopback = false;

        if (strcmp(text, UNKNOWN) == 0)
                skip(); /* a sandbox without netlink */
        while ((line = strsep(&rest, "\n")) && *line) {
                struct network_link link;
                uint32_t index;

                if (network_link_parse(line, &link) == 0)
                        loopback |= strcmp(link.name, "lo") == 0;
                else
                        assert_int_equal(network_route_parse(line, &index), 0);
        }
        assert_true(loopback);
}

static int fail_midway(FILE *out, void *data) {
        fputs("netlink-link 2 eth0 up vf-of=none\n", out);
        return -EIO;
}

static int die_midway(FILE *out, void *data) {
        fputs("netlink-link 2 eth0 up vf-of=none\n", out);
        fflush(out);
        _exit(0);
}

/* More than a pipe holds. */
static int say_much(FILE *out, void *data) {
        for (unsigned i = 1; i <= 5000; i++)
                fprintf(out, "netlink-route default dev=%u\n", i);
        return 0;
}

static void half_an_answer_is_none(void **state) {
        _cleanup_(freep) char *failed = answer_to(fail_midway, NULL), *died = answer_to(die_midway, NULL),
                              *much = answer_to(say_much, NULL);

        assert_string_equal(failed, UNKNOWN);
        assert_string_equal(died, UNKNOWN);
        assert_non_null(strstr(much, "dev=5000\n"));
}

static int hang_if_told(FILE *out, void *data) {
        while (*(const bool *)data)
                pause();
        fputs("netlink-route default dev=2\n", out);
        return 0;
}

/* A kernel that does not answer costs one wait and no truth; it is asked again once it can be. */
static void one_that_hangs_is_given_up(void **state) {
        _cleanup_(network_probe_freep) struct network_probe *p = NULL;
        _cleanup_(freep) char *text = NULL;
        bool hang = true;

        assert_int_equal(network_probe_new(hang_if_told, &hang, &p), 0);
        text = answer_of(p);
        assert_string_equal(text, UNKNOWN);
        hang = false;
        while (strcmp(text, UNKNOWN) == 0) {
                free(text);
                text = answer_of(p);
        }
        assert_string_equal(text, "netlink-route default dev=2\n");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_read_and_written),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(the_way_out_of_sight_is_told),
        cmocka_unit_test(the_kernel_answers),
        cmocka_unit_test(half_an_answer_is_none),
        cmocka_unit_test(one_that_hangs_is_given_up),
};

RUN(tests)
