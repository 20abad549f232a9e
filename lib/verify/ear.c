/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sources: draft-ietf-rats-ear, draft-ietf-rats-ar4si (the meaning of the numbers). */
#include "lib/verify/ear.h"

#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/verify/verification-json.h"

/* Of AR4SI: affirming from 2, warning from 32, contraindicated from 96; 0 is no claim. */
enum {
        NO_CLAIM = 0,
        AFFIRMING = 2,
        APPROVED_BOOT = 3,
        WARNING = 32,
        UNRECOGNIZED = 33,
        CONTRAINDICATED = 96,
        NOT_GENUINE = 97
};

#define IDS_MAX 8

/* bad where any of the checks counts against the evidence, good where one passed, else no claim. */
static const struct {
        const char *name;
        int good, bad;
        enum check_id ids[IDS_MAX]; /* 0 ends them */
} claims[] = {
        { "instance-identity", AFFIRMING, NOT_GENUINE, { CHECK_AK_RESTRICTED, CHECK_QUOTE_SIGNATURE } },
        { "configuration", AFFIRMING, WARNING,
                { CHECK_VM_CONFIGURATION, CHECK_GUEST_POLICY, CHECK_HOST_DATA, CHECK_POLICY_DIGEST,
                        CHECK_MODE, CHECK_STATE, CHECK_DEVICES } },
        { "executables", APPROVED_BOOT, UNRECOGNIZED,
                { CHECK_MEASUREMENT, CHECK_ID_KEY, CHECK_GUEST_SVN, CHECK_PCRS } },
        { "hardware", AFFIRMING, WARNING,
                { CHECK_SNP_SIGNATURE, CHECK_TD_QUOTE_SIGNATURE, CHECK_TCB_MINIMUM, CHECK_FIRMWARE_MINIMUM,
                        CHECK_MITIGATIONS, CHECK_TDX_TCB } },
        { "runtime-opaque", AFFIRMING, CONTRAINDICATED, { CHECK_DEBUG } },
};
#define N_CLAIMS (sizeof(claims) / sizeof(claims[0]))

static int claim(const struct checks *c, size_t which) {
        int value = NO_CLAIM;

        for (size_t i = 0; i < IDS_MAX && claims[which].ids[i]; i++) {
                enum check_id id = claims[which].ids[i];

                if (check_counts_against(id, c->of[id].result))
                        return claims[which].bad;
                if (check_passed(c, id))
                        value = claims[which].good;
        }
        return value;
}

/* What is not authentic was not said by hardware that is known, whatever it says. */
static void put_vector(struct json_text *t, const struct checks *c) {
        bool authentic = checks_authentic(c);

        json_text_raw(t, "{");
        for (size_t i = 0; i < N_CLAIMS; i++) {
                bool is_hardware = strcmp(claims[i].name, "hardware") == 0;

                json_text_raw(t, i > 0 ? "," : "");
                json_text_string(t, claims[i].name);
                json_text_raw(t, ":");
                json_text_number(t, authentic ? claim(c, i) : is_hardware ? NOT_GENUINE : NO_CLAIM);
        }
        json_text_raw(t, "}");
}

static const char *status(const struct checks *c) {
        if (checks_trusted(c))
                return "affirming";
        return checks_acceptable(c) ? "warning" : "contraindicated";
}

static int put_nonce(struct json_text *t, const struct ear *e) {
        _cleanup_(freep) char *text = NULL;
        int r = base64_format(e->nonce, e->n_nonce, BASE64_URL, &text);

        if (r < 0)
                return r;
        json_text_raw(t, ",\"eat_nonce\":");
        json_text_string(t, text);
        return 0;
}

int ear_format(const struct verification *v, const struct ear *e, struct json_text *t) {
        int r = 0;

        json_text_raw(t, "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":");
        json_text_number(t, e->at);
        if (e->nonce)
                r = put_nonce(t, e);
        if (r < 0)
                return r;
        if (!e->is_signed)
                json_text_raw(t, ",\"unsigned\":true");
        json_text_raw(t, ",\"ear.verifier-id\":{\"developer\":\"cvmd\",\"build\":");
        json_text_string(t, e->build);
        json_text_raw(t, "},\"submods\":{\"cvm\":{\"ear.status\":");
        json_text_string(t, status(&v->checks));
        json_text_raw(t, ",\"ear.trustworthiness-vector\":");
        put_vector(t, &v->checks);
        json_text_raw(t, "}},\"cvmd\":");
        verification_json(v, 0, t);
        json_text_raw(t, "}");
        return t->no_memory ? -ENOMEM : 0;
}
