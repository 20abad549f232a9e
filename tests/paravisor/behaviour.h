/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How the paravisor behaves, and misbehaves: set by orders, looked at by whoever has to act so. Zero is good
 * behaviour throughout, but for the window.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define FOR_EVER UINT_MAX

/* What is wrong with the reports that are made from now on. */
enum report_flaw {
        REPORT_GOOD,
        REPORT_OVERSIZED,    /* says that it is larger than its index, or than anything */
        REPORT_TRUNCATED,    /* the index ends before the claims do */
        REPORT_MAGIC,        /* no HCL report */
        REPORT_VERSION_2,    /* request version 2: a capability bitmap in front of the claims */
        REPORT_ZERO_MODULUS, /* the AK could not be read */
        REPORT_UNKNOWN_TYPE,
        REPORT_NO_JSON,     /* the claims are covered by the hardware's report, but are not JSON */
        REPORT_CLAIMS_HASH, /* the hardware's report covers other claims */
        REPORT_OTHER_AK,    /* the claims name a key that is not the one in the TPM */
        _REPORT_FLAW_MAX,
};

enum certificate_flaw {
        CERTIFICATE_GOOD,
        CERTIFICATE_GARBAGE,
        CERTIFICATE_OTHER_KEY, /* a good one, of another AK */
        CERTIFICATE_EMPTY,     /* zeroes throughout */
        CERTIFICATE_UNWRITTEN,
        _CERTIFICATE_FLAW_MAX,
};

enum http_flaw {
        HTTP_GOOD,
        HTTP_NOT_FOUND, /* 404 */
        HTTP_HTML,      /* 200, and a page for people */
        HTTP_REDIRECT,
        HTTP_DRIP,    /* a byte now and then, for ever */
        HTTP_HUGE,    /* a body of 1 GB */
        HTTP_SILENT,  /* takes the request and says nothing */
        HTTP_GARBAGE, /* JSON of the right shape with certificates that are none */
        HTTP_TCBM,    /* certificate and tcbm of another TCB than the report's */
        HTTP_CHIP,    /* the certificate of another chip */
        _HTTP_FLAW_MAX,
};

enum index_flaw {
        INDEX_PRESENT,
        INDEX_UNWRITTEN, /* 0x14A */
        INDEX_ABSENT,    /* there is no such handle */
        _INDEX_FLAW_MAX,
};

struct behaviour {
        uint64_t window;       /* ms in which a report is not made anew */
        uint64_t slow;         /* ms that each TPM command takes */
        bool never_refresh;    /* the first report for ever */
        unsigned stale;        /* so many times a report that is due is not made */
        unsigned torn;         /* before so many reads behind offset 0 a report is made for somebody else */
        unsigned other_writer; /* so many times somebody else writes the guest input right after the guest */
        uint32_t broken;       /* the code that commands are answered with */
        unsigned broken_times; /* how many are */
        unsigned broken_after; /* how many pass before that */
        bool lockout;          /* whatever needs authorisation is locked out */
        enum report_flaw report;
        enum certificate_flaw certificate;
        enum index_flaw index;
        enum http_flaw http;
        unsigned http_times;
};

/* What happened so far. */
struct counters {
        uint64_t commands, nv_reads, nv_writes, quotes, reports, requests, followed;
};
