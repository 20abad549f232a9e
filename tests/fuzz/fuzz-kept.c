/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cvmd keeps for itself may have been changed by a person or a disk: what passes says what was written.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/enforce/trial.h"
#include "lib/enforce/unconfirmed.h"
#include "lib/policy/by-hand-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_note(const char *text) {
        char again[UNCONFIRMED_TEXT_MAX];
        struct unconfirmed u;

        if (unconfirmed_parse(text, &u) < 0)
                return;
        unconfirmed_format(&u, again);
        if (strcmp(text, again) != 0)
                abort();
}

static void check_trial(const char *text) {
        char again[TRIAL_TEXT_MAX];
        struct trial_count c;
        struct trial t;

        if (trial_parse(text, &t) == 0) {
                trial_format(&t, again);
                if (strcmp(text, again) != 0)
                        abort();
        }
        if (trial_count_parse(text, &c) == 0) {
                trial_count_format(&c, again);
                if (strcmp(text, again) != 0)
                        abort();
        }
}

static void check_file(const char *text, size_t n) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = {};
        _cleanup_(freep) char *again = NULL;

        if (by_hand_file_parse(text, n, &l, NULL) < 0 || by_hand_file_format(&l, &again) < 0)
                return;
        if (strlen(again) != n || memcmp(text, again, n) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = 0;
        check_note(text);
        check_trial(text);
        check_file(text, size);
        return 0;
}
