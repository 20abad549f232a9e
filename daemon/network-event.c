/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnetlink(7): a struct nlmsghdr, behind it for a route a struct rtmsg; each message padded to four bytes.
 */
#include "daemon/network-event.h"

#include <linux/rtnetlink.h>

#include "lib/base/cursor.h"

_Static_assert(sizeof(struct nlmsghdr) == 16 && offsetof(struct rtmsg, rtm_dst_len) == 1,
        "messages are laid out as they are read here");

/* Of the host's byte order, which is the little one wherever there is Hyper-V. */
static bool message_matters(struct cursor *c) {
        uint32_t length = cursor_le32(c);
        uint16_t type = cursor_le16(c);
        struct cursor body;

        (void)cursor_bytes(c, sizeof(struct nlmsghdr) - sizeof(length) - sizeof(type));
        if (c->bad || length < sizeof(struct nlmsghdr))
                return true;
        body = cursor_sub(c, length - sizeof(struct nlmsghdr));
        (void)cursor_bytes(c,
                c->left < NLMSG_ALIGN(length) - length ? c->left : NLMSG_ALIGN(length) - length);
        if (type != RTM_NEWROUTE && type != RTM_DELROUTE)
                return true;
        (void)cursor_u8(&body); /* rtm_family */
        return cursor_u8(&body) == 0 || body.bad;
}

bool network_event_matters(const void *messages, size_t n) {
        struct cursor c = cursor_over(messages, n);

        while (c.left > 0)
                if (message_matters(&c))
                        return true;
        return false;
}
