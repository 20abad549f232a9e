/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/facts/network-ask against a kernel that the test plays, whose dumps are interrupted when told to. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>

#include "lib/facts/network-probe.h"
#include "tests/unit/harness.h"

/* libnl's functions get no data of ours. */
static struct {
        int type; /* what was asked last */
        uint32_t sequence;
        bool answered;          /* with all but the end */
        int interrupted_type;   /* whose dumps are interrupted, */
        unsigned interruptions; /* and how many of them */
        bool on_end;            /* as kernels do that notice only at the end */
        unsigned dumps[RTM_MAX + 1];
} kernel;

static int on_question(struct nl_sock *sock, struct nl_msg *message) {
        const struct nlmsghdr *header = nlmsg_hdr(message);

        assert_true(header->nlmsg_flags & NLM_F_DUMP);
        kernel.type = header->nlmsg_type;
        kernel.sequence = header->nlmsg_seq;
        kernel.answered = false;
        kernel.dumps[kernel.type]++;
        return (int)header->nlmsg_len;
}

/* An interface, an address of it or a route over it, named and numbered by how often that was asked for. */
static void put_answer(struct nl_msg *m) {
        int index = (int)kernel.dumps[kernel.type];
        struct ifinfomsg link = { .ifi_index = index, .ifi_flags = IFF_UP };
        struct ifaddrmsg address = { .ifa_family = AF_INET,
                .ifa_prefixlen = 24,
                .ifa_index = (unsigned)index };
        struct rtmsg route = { .rtm_family = AF_INET, .rtm_type = RTN_UNICAST, .rtm_table = RT_TABLE_MAIN };
        char name[IFNAMSIZ];

        snprintf(name, sizeof(name), "eth%d", index);
        if (kernel.type == RTM_GETLINK) {
                assert_int_equal(nlmsg_append(m, &link, sizeof(link), NLMSG_ALIGNTO), 0);
                assert_int_equal(nla_put_string(m, IFLA_IFNAME, name), 0);
        } else if (kernel.type == RTM_GETADDR) {
                assert_int_equal(nlmsg_append(m, &address, sizeof(address), NLMSG_ALIGNTO), 0);
                assert_int_equal(nla_put_u32(m, IFA_LOCAL, 0x0100007f), 0);
        } else {
                assert_int_equal(nlmsg_append(m, &route, sizeof(route), NLMSG_ALIGNTO), 0);
                assert_int_equal(nla_put_u32(m, RTA_OIF, (uint32_t)index), 0);
        }
}

static int on_receive(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **ret,
        struct ucred **ret_creds) {
        bool interrupted = kernel.type == kernel.interrupted_type && kernel.interruptions > 0;
        int type = kernel.answered ? NLMSG_DONE : kernel.type - 2 /* RTM_NEW..., of RTM_GET... */;
        struct nl_msg *m = nlmsg_alloc();
        int size, flags = NLM_F_MULTI;

        assert_non_null(m);
        if (interrupted && kernel.on_end == kernel.answered)
                flags |= NLM_F_DUMP_INTR;
        kernel.interruptions -= interrupted && kernel.answered;
        assert_non_null(nlmsg_put(m, nl_socket_get_local_port(sock), kernel.sequence, type, 0, flags));
        if (!kernel.answered)
                put_answer(m);
        kernel.answered = true;
        *from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
        size = (int)nlmsg_hdr(m)->nlmsg_len;
        *ret = copy_exact(nlmsg_hdr(m), (size_t)size);
        nlmsg_free(m);
        return size;
}

/* What is printed, and the result in *ret. The caller frees it. */
static char *ask(int *ret) {
        struct nl_sock *sock = nl_socket_alloc();
        struct nl_cb *cb = nl_socket_get_cb(sock);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        nl_cb_overwrite_send(cb, on_question);
        nl_cb_overwrite_recv(cb, on_receive);
        *ret = network_ask_socket(sock, f);
        assert_int_equal(fclose(f), 0);
        nl_cb_put(cb);
        nl_socket_free(sock);
        return text;
}

static const struct {
        int type;
        const char *answer; /* with what the second dump of that table had, and the first of the others */
} tables[] = {
        { RTM_GETLINK, "netlink-link 2 eth2 up vf-of=none\nnetlink-route default dev=1\n" },
        { RTM_GETADDR, "netlink-link 1 eth1 up vf-of=none\nnetlink-route default dev=1\n" },
        { RTM_GETROUTE, "netlink-link 1 eth1 up vf-of=none addresses=1\nnetlink-route default dev=2\n" },
};

static void what_was_interrupted_is_asked_again(void **state) {
        for (size_t i = 0; i < 2 * sizeof(tables) / sizeof(tables[0]); i++) {
                _cleanup_(freep) char *text = NULL;
                int r;

                kernel = (typeof(kernel)){
                        .interrupted_type = tables[i / 2].type,
                        .interruptions = 1,
                        .on_end = i % 2,
                };
                text = ask(&r);
                assert_int_equal(r, 0);
                assert_string_equal(text, tables[i / 2].answer);
                assert_int_equal(kernel.dumps[tables[i / 2].type], 2);
        }
}

static void one_that_is_never_whole_is_no_answer(void **state) {
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
                _cleanup_(freep) char *text = NULL;
                int r;

                kernel = (typeof(kernel)){ .interrupted_type = tables[i].type, .interruptions = 1000 };
                text = ask(&r);
                assert_int_equal(r, -EIO);
                assert_in_range(kernel.dumps[tables[i].type], 2, 10);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_interrupted_is_asked_again),
        cmocka_unit_test(one_that_is_never_whole_is_no_answer),
};

RUN(tests)
