/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware first, then systemd, then IMA: the order in which a boot measures. */
#include "lib/verify/log-verify.h"

#include <errno.h>
#include <string.h>

#include "lib/format/event-log.h"
#include "lib/format/ima-log.h"
#include "lib/format/systemd-log.h"

/* Registers of a trusted launch (DRTM) hold ones until it resets them to zero; some TPMs begin with zero. */
#define DRTM_FIRST 17
#define DRTM_LAST 22

struct replay {
        struct pcr_bank bank; /* as the events so far lead to */
        const struct pcr_bank *quoted;
        struct pcr_hasher hasher;
        uint32_t met; /* registers that have had the quoted value */
};

static const char *const names[] = {
        [EVIDENCE_FIRMWARE_LOG] = "tpm-event-log",
        [EVIDENCE_SYSTEMD_LOG] = "systemd-log",
        [EVIDENCE_IMA_LOG] = "ima-log",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == _EVIDENCE_LOG_MAX, "every log has a name");

static void compare(struct replay *p, unsigned pcr) {
        if (memcmp(p->bank.values[pcr], p->quoted->values[pcr], pcr_hash_size(p->bank.hash)) == 0)
                p->met |= UINT32_C(1) << pcr;
}

static void replay_done(struct replay *p) {
        pcr_hasher_done(&p->hasher);
}

/* As a TPM starts. What nothing was measured into needs no explanation. */
static int begin(struct replay *p, const struct pcr_bank *quoted) {
        *p = (struct replay){ .bank.hash = quoted->hash, .quoted = quoted };
        for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
                compare(p, pcr);
                if (pcr < DRTM_FIRST || pcr > DRTM_LAST)
                        continue;
                memset(p->bank.values[pcr], 0xff, pcr_hash_size(quoted->hash));
                compare(p, pcr);
        }
        return pcr_hasher_init(&p->hasher, quoted->hash);
}

static int extend(struct replay *p, unsigned pcr, const uint8_t *digest) {
        int r = pcr < PCR_COUNT ? pcr_extend(&p->bank, &p->hasher, pcr, digest) : -EBADMSG;

        if (r >= 0)
                compare(p, pcr);
        return r;
}

static int replay_firmware(struct replay *p, struct span log, struct diag *d) {
        struct pcr_bank end;
        int r = event_log_replay(log.bytes, log.n, p->bank.hash, &end, d);

        if (r < 0)
                return r;
        for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
                if (end.selected & UINT32_C(1) << pcr)
                        memcpy(p->bank.values[pcr], end.values[pcr], sizeof(end.values[pcr]));
        p->met &= ~end.selected; /* all of it was before the quote: earlier values do not count */
        return 0;
}

static int replay_systemd_event(struct replay *p, const struct systemd_log_event *event, struct diag *d) {
        const uint8_t *digest = systemd_log_digest(event, p->bank.hash);

        if (!event->has_pcr)
                return 0;
        if (!digest)
                return diag_fail(d, -EOPNOTSUPP, "event %u has no digest by %s", event->number,
                        pcr_hash_to_string(p->bank.hash));
        return extend(p, event->pcr, digest);
}

static int replay_systemd(struct replay *p, struct span bytes, struct diag *d) {
        struct systemd_log log;
        int r = systemd_log_open(bytes.bytes, bytes.n, &log, d);

        while (r >= 0) {
                _cleanup_(systemd_log_event_done) struct systemd_log_event event = {};

                r = systemd_log_next(&log, &event, d);
                if (r <= 0)
                        break;
                r = replay_systemd_event(p, &event, d);
        }
        return r;
}

static int replay_ima(struct replay *p, struct span bytes, struct diag *d) {
        uint8_t digest[PCR_SIZE_MAX];
        struct ima_log_entry entry;
        struct ima_log log;
        int r = ima_log_open(bytes.bytes, bytes.n, &log, d);

        while (r >= 0) {
                r = ima_log_next(&log, &entry, d);
                if (r <= 0)
                        break;
                r = ima_log_digest(&entry, p->bank.hash, digest);
                if (r >= 0)
                        r = extend(p, entry.pcr, digest);
        }
        return r;
}

static int replay_one(struct replay *p, enum evidence_log which, struct span log, struct diag *d) {
        switch (which) {
        case EVIDENCE_FIRMWARE_LOG:
                return replay_firmware(p, log, d);
        case EVIDENCE_SYSTEMD_LOG:
                return replay_systemd(p, log, d);
        case EVIDENCE_IMA_LOG:
                return replay_ima(p, log, d);
        case _EVIDENCE_LOG_MAX:
                break;
        }
        return -EINVAL;
}

/* How many logs said something; an empty one, or one that cannot be followed, is noted. */
static unsigned replay_all(struct replay *p, const struct evidence *e, struct checks *c) {
        unsigned n = 0;

        for (unsigned i = 0; i < _EVIDENCE_LOG_MAX; i++) {
                struct diag d = {};
                int r;

                if (!e->logs[i].bytes)
                        continue;
                r = replay_one(p, i, e->logs[i], &d);
                if (r == -ENODATA)
                        check_note(c, CHECK_EVENT_LOG, CHECK_UNAVAILABLE, "%s is empty", names[i]);
                else if (r < 0)
                        check_note(c, CHECK_EVENT_LOG, CHECK_FAIL, "%s: %.150s", names[i],
                                d.text[0] ? d.text : errno_text(r));
                else
                        n++;
                for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
                        compare(p, pcr);
        }
        return n;
}

void log_verify(const struct evidence *e, uint32_t excused, struct checks *c) {
        _cleanup_(replay_done) struct replay p = {};
        char text[PCR_SELECTION_TEXT_SIZE];
        uint32_t unexplained;

        if (!e->logs[EVIDENCE_FIRMWARE_LOG].bytes && !e->logs[EVIDENCE_SYSTEMD_LOG].bytes &&
                !e->logs[EVIDENCE_IMA_LOG].bytes) {
                check_note(c, CHECK_EVENT_LOG, CHECK_UNAVAILABLE, "no log came along");
                return;
        }
        if (begin(&p, e->pcrs) < 0) {
                check_note(c, CHECK_EVENT_LOG, CHECK_FAIL, "OpenSSL cannot hash");
                return;
        }
        if (replay_all(&p, e, c) == 0)
                return;
        unexplained = e->attest.selected & e->pcrs->selected & ~p.met;
        pcr_selection_format(unexplained & ~excused, text);
        if (unexplained & ~excused)
                check_note(c, CHECK_EVENT_LOG, CHECK_FAIL, "unexplained: PCR %s", text);
        pcr_selection_format(unexplained & excused, text);
        check_note(c, CHECK_EVENT_LOG, CHECK_PASS, "the logs lead to the quoted values%s%s",
                unexplained ? ", but for PCR " : "", text);
}
