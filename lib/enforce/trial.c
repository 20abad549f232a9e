/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words in a fixed order; what is read is written again and compared, so that nothing else passes. */
#include "lib/enforce/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/name-table.h"

static const char *const phases[] = {
        [TRIAL_NONE] = "none",
        [TRIAL_STARTED] = "started",
        [TRIAL_RUNNING] = "running",
        [TRIAL_ASKING] = "asking",
        [TRIAL_FALLEN_BACK] = "fallen-back",
};
_Static_assert(N_NAMES(phases) == _TRIAL_PHASE_MAX, "every phase has a name");

static const struct {
        const char *name, *text;
} reasons[] = {
        [TRIAL_GOES_ON] = { "goes-on", "" },
        [TRIAL_UNCLEAN] = { "unclean", "a boot has not ended cleanly" },
        [TRIAL_CRASHED] = { "crashed", "cvmd ended unexpectedly in a boot" },
        [TRIAL_UNCONFIRMED] = { "unconfirmed", "nobody confirmed it after the last boot" },
        [TRIAL_UNCOUNTED] = { "uncounted", "boots cannot be counted in " TRIAL_COUNT_FOLDER },
};
_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == _TRIAL_REASON_MAX, "every reason has a text");

const char *trial_phase_to_string(enum trial_phase p) {
        return name_of(phases, N_NAMES(phases), p);
}

const char *trial_reason_text(enum trial_reason r) {
        return reasons[r].text;
}

static bool is_id(const char *word) {
        char proper[GUID_TEXT_SIZE];
        struct guid g;

        if (guid_parse(word, &g) < 0)
                return false;
        guid_format(&g, proper);
        return strcmp(proper, word) == 0;
}

void trial_format(const struct trial *t, char ret[TRIAL_TEXT_MAX]) {
        snprintf(ret, TRIAL_TEXT_MAX, "cvmd-trial 1 %s %u %s\n", t->id, t->boots, reasons[t->reason].name);
}

int trial_parse(const char *text, struct trial *ret) {
        char reason[12], again[TRIAL_TEXT_MAX];
        struct trial t = {};

        if (sscanf(text, "cvmd-trial 1 %36s %3u %11s", t.id, &t.boots, reason) != 3)
                return -EBADMSG;
        for (enum trial_reason r = 0; r < _TRIAL_REASON_MAX; r++)
                if (strcmp(reasons[r].name, reason) == 0)
                        t.reason = r;
        trial_format(&t, again);
        if (!is_id(t.id) || t.boots == 0 || t.boots > TRIAL_BOOTS_MAX || strcmp(again, text) != 0)
                return -EBADMSG;
        *ret = t;
        return 0;
}

void trial_count_format(const struct trial_count *c, char ret[TRIAL_TEXT_MAX]) {
        snprintf(ret, TRIAL_TEXT_MAX, "cvmd-trial-count 1 %s %s %u %s %s\n", c->id,
                trial_phase_to_string(c->phase), c->clean, c->boot, c->crashed ? "crashed" : "well");
}

int trial_count_parse(const char *text, struct trial_count *ret) {
        char phase[12], end[8], again[TRIAL_TEXT_MAX];
        struct trial_count c = {};

        if (sscanf(text, "cvmd-trial-count 1 %36s %11s %3u %36s %7s", c.id, phase, &c.clean, c.boot, end) !=
                5)
                return -EBADMSG;
        for (enum trial_phase p = TRIAL_STARTED; p < TRIAL_FALLEN_BACK; p++)
                if (strcmp(phases[p], phase) == 0)
                        c.phase = p;
        c.crashed = strcmp(end, "crashed") == 0;
        trial_count_format(&c, again);
        if (!is_id(c.id) || !is_id(c.boot) || c.phase == TRIAL_NONE || c.clean > TRIAL_BOOTS_MAX ||
                strcmp(again, text) != 0)
                return -EBADMSG;
        *ret = c;
        return 0;
}

static bool ended_cleanly(const struct trial_count *last, const char *clean_end) {
        size_t n = strlen(last->boot);

        return strncmp(clean_end, last->boot, n) == 0 && strcmp(clean_end + n, "\n") == 0;
}

enum trial_reason trial_next(const struct trial *t, const struct trial_count *last, const char *boot,
        const char *clean_end, bool crashed, struct trial_count *ret) {
        struct trial_count next = *last;

        *ret = *last;
        if (strcmp(last->boot, boot) == 0) {
                ret->crashed = last->crashed || crashed;
                return TRIAL_GOES_ON;
        }
        if (last->phase == TRIAL_ASKING)
                return TRIAL_UNCONFIRMED;
        if (last->phase == TRIAL_RUNNING) {
                if (last->crashed)
                        return TRIAL_CRASHED;
                if (!ended_cleanly(last, clean_end))
                        return TRIAL_UNCLEAN;
                next.clean++;
        }
        next.phase = next.clean < t->boots ? TRIAL_RUNNING : TRIAL_ASKING;
        next.crashed = crashed;
        snprintf(next.boot, sizeof(next.boot), "%s", boot);
        *ret = next;
        return TRIAL_GOES_ON;
}
