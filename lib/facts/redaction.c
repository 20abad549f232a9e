/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds names by their form, wherever they stand: what a parser of each file would not know of is replaced
 * as well.
 */
#include "lib/facts/redaction.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/vmbus-class.h"

#define GUID_LENGTH (GUID_TEXT_SIZE - 1)
#define MAC_LENGTH 17
#define MAC_BYTES 6
#define HOST_STAND_IN "host"

struct mac {
        unsigned char bytes[MAC_BYTES];
};

/* Of either family, so that they can be compared. */
struct ip {
        int family;
        unsigned char bytes[sizeof(struct in6_addr)];
};

struct redaction {
        struct guid *kept;
        size_t n_kept;
        struct guid *guids; /* sorted once settled */
        size_t n_guids;
        struct mac *macs;
        size_t n_macs;
        struct ip *ips;
        size_t n_ips;
        char *host;             /* NULL: none */
        size_t n_host, n_label; /* whole, and its first label alone */
};

int redaction_new(struct redaction **ret) {
        struct redaction *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        *ret = r;
        return 0;
}

void redaction_free(struct redaction *r) {
        if (!r)
                return;
        free(r->kept);
        free(r->guids);
        free(r->macs);
        free(r->ips);
        free(r->host);
        free(r);
}

/* Whether what stands beside it does not belong to it. A dash or an underscore joins names: "web7-home". */
static bool stands_alone(const char *text, size_t n, size_t at, size_t length) {
        return (at == 0 || !isalnum((unsigned char)text[at - 1])) &&
                (at + length == n || !isalnum((unsigned char)text[at + length]));
}

static bool guid_at(const char *text, size_t n, size_t at, struct guid *ret) {
        char copy[GUID_TEXT_SIZE];

        if (n - at < GUID_LENGTH)
                return false;
        /*
         * "luks-<guid>" is one word and holds a GUID all the same; only digits beside it make it something
         * else
         */
        if ((at > 0 && hex_digit(text[at - 1]) >= 0) ||
                (n - at > GUID_LENGTH && hex_digit(text[at + GUID_LENGTH]) >= 0))
                return false;
        memcpy(copy, text + at, GUID_LENGTH);
        copy[GUID_LENGTH] = 0;
        return guid_parse(copy, ret) == 0;
}

static bool mac_at(const char *text, size_t n, size_t at, struct mac *ret) {
        static const struct mac none;
        struct mac m;

        if (n - at < MAC_LENGTH || !stands_alone(text, n, at, MAC_LENGTH))
                return false;
        if ((at > 0 && text[at - 1] == ':') || (n - at > MAC_LENGTH && text[at + MAC_LENGTH] == ':'))
                return false; /* a longer address, or none */
        for (size_t i = 0; i < MAC_BYTES; i++) {
                int high = hex_digit(text[at + 3 * i]), low = hex_digit(text[at + 3 * i + 1]);

                if (high < 0 || low < 0 || (i + 1 < MAC_BYTES && text[at + 3 * i + 2] != ':'))
                        return false;
                m.bytes[i] = (unsigned char)(high << 4 | low);
        }
        if (memcmp(&m, &none, sizeof(m)) == 0)
                return false;
        *ret = m;
        return true;
}

static bool is_everybodys(const struct ip *ip) {
        static const struct ip none4 = { .family = AF_INET }, none6 = { .family = AF_INET6 };

        if (ip->family == AF_INET)
                return memcmp(ip, &none4, sizeof(*ip)) == 0 || ip->bytes[0] == 127;
        return memcmp(ip->bytes, none6.bytes, sizeof(ip->bytes) - 1) == 0 && ip->bytes[15] <= 1;
}

/* The length of the address of that family here, of which it takes all characters that could be part of it.
 */
static size_t family_at(int family, const char *characters, const char *text, size_t n, size_t at,
        struct ip *ret) {
        char copy[INET6_ADDRSTRLEN];
        struct ip ip = { .family = family };
        size_t length = 0;

        if (at > 0 && (isalnum((unsigned char)text[at - 1]) || strchr(characters, text[at - 1])))
                return 0;
        while (at + length < n && text[at + length] && strchr(characters, text[at + length]))
                length++;
        if (at + length < n && isalnum((unsigned char)text[at + length]))
                return 0;
        if (length > 0 && text[at + length - 1] == '.')
                length--; /* the end of a sentence */
        if (length == 0 || length >= sizeof(copy))
                return 0;
        memcpy(copy, text + at, length);
        copy[length] = 0;
        if (inet_pton(family, copy, ip.bytes) != 1 || is_everybodys(&ip))
                return 0;
        *ret = ip;
        return length;
}

static size_t ip_at(const char *text, size_t n, size_t at, struct ip *ret) {
        size_t length = family_at(AF_INET6, "0123456789abcdefABCDEF:.", text, n, at, ret);

        return length > 0 ? length : family_at(AF_INET, "0123456789.", text, n, at, ret);
}

/* The length of the host name here, whole or its first label, 0 when it is not here. */
static size_t host_at(const struct redaction *r, const char *text, size_t n, size_t at) {
        const size_t lengths[] = { r->n_host, r->n_label };

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
                if (lengths[i] > 0 && n - at >= lengths[i] && memcmp(text + at, r->host, lengths[i]) == 0 &&
                        stands_alone(text, n, at, lengths[i]))
                        return lengths[i];
        return 0;
}

static bool is_kept(const struct redaction *r, const struct guid *g) {
        if (vmbus_class_by_guid(g))
                return true;
        for (size_t i = 0; i < r->n_kept; i++)
                if (guid_equal(&r->kept[i], g))
                        return true;
        return false;
}

static int add_guid(struct guid **guids, size_t *n, const struct guid *g) {
        struct guid *bigger = reallocarray(*guids, *n + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        *guids = bigger;
        bigger[(*n)++] = *g;
        return 0;
}

int redaction_keep(struct redaction *r, const struct guid *g) {
        return add_guid(&r->kept, &r->n_kept, g);
}

int redaction_set_host_name(struct redaction *r, const char *name, size_t n) {
        char *copy;

        if (n == 0)
                return 0;
        copy = strndup(name, n);
        if (!copy)
                return -ENOMEM;
        free(r->host);
        r->host = copy;
        r->n_host = strlen(copy);
        r->n_label = strcspn(copy, ".");
        return 0;
}

static int learn_mac(struct redaction *r, const struct mac *m) {
        struct mac *bigger;

        for (size_t i = 0; i < r->n_macs; i++)
                if (memcmp(&r->macs[i], m, sizeof(*m)) == 0)
                        return 0;
        bigger = reallocarray(r->macs, r->n_macs + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        r->macs = bigger;
        bigger[r->n_macs++] = *m;
        return 0;
}

static int learn_ip(struct redaction *r, const struct ip *ip) {
        struct ip *bigger;

        for (size_t i = 0; i < r->n_ips; i++)
                if (memcmp(&r->ips[i], ip, sizeof(*ip)) == 0)
                        return 0;
        bigger = reallocarray(r->ips, r->n_ips + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        r->ips = bigger;
        bigger[r->n_ips++] = *ip;
        return 0;
}

int redaction_learn(struct redaction *r, const void *bytes, size_t n) {
        const char *text = bytes;

        for (size_t at = 0; at < n; at++) {
                struct guid g;
                struct mac m;
                struct ip ip;
                int error = 0;

                if (guid_at(text, n, at, &g)) {
                        if (!is_kept(r, &g))
                                error = add_guid(&r->guids, &r->n_guids, &g);
                } else if (mac_at(text, n, at, &m))
                        error = learn_mac(r, &m);
                else if (ip_at(text, n, at, &ip) > 0)
                        error = learn_ip(r, &ip);
                if (error < 0)
                        return error;
        }
        return 0;
}

static int compare_guids(const void *a, const void *b) {
        return guid_compare(a, b);
}

void redaction_settle(struct redaction *r) {
        size_t n = 0;

        if (r->n_guids == 0)
                return;
        qsort(r->guids, r->n_guids, sizeof(*r->guids), compare_guids);
        for (size_t i = 0; i < r->n_guids; i++)
                if (n == 0 || !guid_equal(&r->guids[n - 1], &r->guids[i]))
                        r->guids[n++] = r->guids[i];
        r->n_guids = n;
}

/*
 * In the order of what they stand for, different in their first characters, and with a letter to keep its
 * case in.
 */
static void put_guid(FILE *f, const struct redaction *r, const struct guid *g, const char *text) {
        const struct guid *known =
                r->n_guids ? bsearch(g, r->guids, r->n_guids, sizeof(*g), compare_guids) : NULL;
        bool upper = false;
        unsigned number = known ? (unsigned)(known - r->guids) + 1 : 0;

        if (!known) {
                fprintf(f, "%.*s", GUID_LENGTH, text);
                return;
        }
        for (size_t i = 0; i < GUID_LENGTH; i++)
                upper |= isupper((unsigned char)text[i]) != 0;
        fprintf(f, upper ? "%04X%04X-CAFE-4000-A000-000000000000" : "%04x%04x-cafe-4000-a000-000000000000",
                number & 0xffff, number >> 16);
}

static void put_mac(FILE *f, const struct redaction *r, const struct mac *m) {
        size_t number = 0;

        while (number < r->n_macs && memcmp(&r->macs[number], m, sizeof(*m)) != 0)
                number++;
        number++; /* past the last one for what was not learned */
        /* "02": locally administered */
        fprintf(f, "02:00:%02zx:%02zx:%02zx:%02zx", number >> 24 & 0xff, number >> 16 & 0xff,
                number >> 8 & 0xff, number & 0xff);
}

/* From the ranges that nobody has: 198.18.0.0/15 for measuring, 2001:db8::/32 for documents. */
static void put_ip(FILE *f, const struct redaction *r, const struct ip *ip) {
        size_t number = 0;

        while (number < r->n_ips && memcmp(&r->ips[number], ip, sizeof(*ip)) != 0)
                number++;
        number++; /* past the last one for what was not learned */
        if (ip->family == AF_INET)
                fprintf(f, "198.18.%zu.%zu", number >> 8 & 0xff, number & 0xff);
        else
                fprintf(f, "2001:db8::%zx:%zx", number >> 16 & 0xffff, number & 0xffff);
}

static void put_text(FILE *f, const struct redaction *r, enum redaction_place place, const char *text,
        size_t n) {
        size_t length;

        for (size_t at = 0; at < n; at += length) {
                size_t host = place == REDACTION_TEXT ? host_at(r, text, n, at) : 0;
                struct guid g;
                struct mac m;
                struct ip ip;

                if (guid_at(text, n, at, &g)) {
                        put_guid(f, r, &g, text + at);
                        length = GUID_LENGTH;
                } else if (mac_at(text, n, at, &m)) {
                        put_mac(f, r, &m);
                        length = MAC_LENGTH;
                } else if ((length = ip_at(text, n, at, &ip)) > 0) {
                        put_ip(f, r, &ip);
                } else if (host > 0) {
                        fputs(HOST_STAND_IN, f);
                        length = host;
                } else {
                        fputc(text[at], f);
                        length = 1;
                }
        }
}

int redaction_apply(const struct redaction *r, enum redaction_place place, const void *bytes, size_t n,
        char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        bool failed;

        if (!f)
                return -ENOMEM;
        put_text(f, r, place, bytes, n);
        failed = ferror(f);
        if (fclose(f) != 0 || failed)
                return -ENOMEM;
        *ret = TAKE(text);
        if (ret_size)
                *ret_size = size;
        return 0;
}
