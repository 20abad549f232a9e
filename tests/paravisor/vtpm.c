/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/vtpm.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/base/cursor.h"
#include "tests/paravisor/platform-index.h"

#define TPM_RC_AUTH_CONTEXT 0x145

static const uint32_t platform_indices[] = { NV_HCL_REPORT, NV_AK_CERTIFICATE };

uint64_t vtpm_now(const struct vtpm *v) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + v->ahead;
}

int vtpm_start(struct vtpm *v, struct diag *d) {
        struct tpm_keys keys = {};
        int r;

        if (getrandom(v->secret, sizeof(v->secret), 0) != sizeof(v->secret))
                return diag_fail(d, -EIO, "no random numbers");
        v->index_size = HCL_INDEX_SIZE;
        r = swtpm_start(&v->tpm, d);
        if (r >= 0)
                r = sessions_init(&v->sessions, &v->tpm, d);
        if (r >= 0)
                r = tpm_make_keys(&v->tpm, &keys, d);
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = platform_index_define(v, platform_indices[i], d);
        if (r < 0)
                return r;
        v->index_defined = true;
        machine_set_keys(v->machine, &keys);
        return 0;
}

void vtpm_done(struct vtpm *v) {
        swtpm_stop(&v->tpm);
        forge_bytes_done(&v->report);
}

int vtpm_read_input(struct vtpm *v, uint8_t *ret, size_t max, size_t *ret_size, struct diag *d) {
        uint32_t code;
        size_t n;
        int r;

        r = tpm_nv_size(&v->tpm, NV_GUEST_INPUT, &n, &code, d);
        if (r < 0)
                return r;
        if (code != 0)
                return diag_fail(d, -ENODATA, "there is no guest input");
        if (n > max)
                n = max;
        r = tpm_nv_read(&v->tpm, NV_GUEST_INPUT, ret, n, &code, d);
        if (r < 0)
                return r;
        if (code == VTPM_UNWRITTEN)
                return diag_fail(d, -ENODATA, "nothing was written to the guest input");
        if (code != 0)
                return diag_fail(d, -EACCES, "the guest input cannot be read: 0x%03x", code);
        *ret_size = n;
        return 0;
}

int vtpm_write_input(struct vtpm *v, const void *bytes, size_t n, struct diag *d) {
        uint32_t code;
        size_t size;
        int r;

        r = tpm_nv_size(&v->tpm, NV_GUEST_INPUT, &size, &code, d);
        if (r < 0)
                return r;
        if (code == 0 && size != n) {
                r = tpm_nv_undefine(&v->tpm, TPM_OWNER, NV_GUEST_INPUT, NULL, d);
                if (r < 0)
                        return r;
        }
        if (code != 0 || size != n) {
                r = tpm_nv_define(&v->tpm, TPM_OWNER, NV_GUEST_INPUT, NV_GUEST_ATTRIBUTES, (uint16_t)n, NULL,
                        0, NULL, d);
                if (r < 0)
                        return r;
        }
        return tpm_nv_write(&v->tpm, TPM_OWNER, NV_GUEST_INPUT, v->owner_auth, strlen(v->owner_auth), bytes,
                n, NULL, d);
}

static void make_report(struct vtpm *v, const uint8_t user_data[static GUEST_INPUT_SIZE]) {
        forge_bytes_done(&v->report);
        v->report = machine_report(v->machine, user_data, v->behaviour.report);
        v->made = vtpm_now(v);
        v->counters.reports++;
}

/* As the paravisor does it: not within the window, and when the input cannot be read the old report stays.
 */
static int renew_report(struct vtpm *v, struct diag *d) {
        struct behaviour *b = &v->behaviour;
        uint8_t input[GUEST_INPUT_SIZE] = {};
        size_t n;
        int r;

        if (v->report.n > 0) {
                if (b->never_refresh || vtpm_now(v) - v->made < b->window)
                        return 0;
                if (b->stale > 0) {
                        b->stale--;
                        return 0;
                }
        }
        r = vtpm_read_input(v, input, sizeof(input), &n, d);
        if (r == -EACCES && v->report.n > 0)
                return 0;
        if (r < 0 && r != -ENODATA && r != -EACCES)
                return r;
        make_report(v, input);
        return 0;
}

int vtpm_before_report_read(struct vtpm *v, size_t offset, struct diag *d) {
        uint8_t other[GUEST_INPUT_SIZE];

        if (offset == 0)
                return renew_report(v, d);
        if (v->behaviour.torn > 0) {
                v->behaviour.torn--;
                memset(other, 0xa0 + (int)(v->counters.reports & 0xf), sizeof(other));
                make_report(v, other);
        }
        return 0;
}

/* The code that misbehaviour wants this command answered with; 0: it is to be done. */
static uint32_t refusal(struct behaviour *b, uint16_t tag) {
        if (b->broken_times > 0) {
                if (b->broken_after > 0) {
                        b->broken_after--;
                } else {
                        b->broken_times -= b->broken_times != FOR_EVER;
                        return b->broken;
                }
        }
        return b->lockout && tag == TPM_SESSIONS ? VTPM_LOCKOUT : 0;
}

/* A new authorisation of the owner's that the guest set: HMACs of reads have it for their key. */
static void follow_owner_auth(struct vtpm *v, const uint8_t *command, size_t n) {
        struct cursor c = cursor_over(command + MESSAGE_HEADER + 4, n - MESSAGE_HEADER - 4);
        const uint8_t *auth;
        size_t size;

        size = cursor_be32(&c);
        cursor_bytes(&c, size);
        size = cursor_be16(&c);
        auth = cursor_bytes(&c, size);
        if (c.bad || size >= sizeof(v->owner_auth))
                return;
        memcpy(v->owner_auth, auth, size);
        v->owner_auth[size] = '\0';
}

static int write_as_another(struct vtpm *v, struct diag *d) {
        uint8_t other[GUEST_INPUT_SIZE];

        v->behaviour.other_writer -= v->behaviour.other_writer != FOR_EVER;
        memset(other, 0xb0 + (int)(v->counters.nv_writes & 0xf), sizeof(other));
        return vtpm_write_input(v, other, sizeof(other), d);
}

static int pass_on(struct vtpm *v, uint32_t code, uint32_t first, uint32_t second, const uint8_t *command,
        size_t n, struct message *ret, struct diag *d) {
        int r;

        r = swtpm_transfer(&v->tpm, command, n, ret, d);
        if (r < 0 || memcmp(ret->bytes + 6, "\0\0\0", 4) != 0)
                return r;
        sessions_follow(&v->sessions, command, n, ret);
        if (code == TPM_CC_QUOTE)
                v->counters.quotes++;
        if (code == TPM_CC_HIERARCHY_CHANGE_AUTH && first == TPM_OWNER)
                follow_owner_auth(v, command, n);
        if (code == TPM_CC_NV_WRITE && second == NV_GUEST_INPUT && v->behaviour.other_writer > 0)
                return write_as_another(v, d);
        return 0;
}

int vtpm_execute(struct vtpm *v, const uint8_t *command, size_t n, struct message *ret, struct diag *d) {
        struct cursor c = cursor_over(command, n);
        uint32_t code, refused, first, second;
        uint16_t tag;

        tag = cursor_be16(&c);
        cursor_be32(&c);
        code = cursor_be32(&c);
        first = cursor_be32(&c); /* handles, where the command has them */
        second = cursor_be32(&c);
        v->counters.commands++;
        v->counters.nv_reads += code == TPM_CC_NV_READ;
        v->counters.nv_writes += code == TPM_CC_NV_WRITE;
        refused = refusal(&v->behaviour, tag);
        if (refused) {
                message_refuse(ret, refused);
                return 0;
        }
        if (code == TPM_CC_NV_READ && tag == TPM_SESSIONS && platform_index_is_played(v, second))
                return platform_index_read(v, command, n, ret, d);
        if (code == TPM_CC_NV_READ_PUBLIC && platform_index_is_played(v, first)) {
                if (tag == TPM_NO_SESSIONS)
                        platform_index_tell(v, first, ret);
                else
                        message_refuse(ret, TPM_RC_AUTH_CONTEXT);
                return 0;
        }
        return pass_on(v, code, first, second, command, n, ret, d);
}

int vtpm_set_index(struct vtpm *v, enum index_flaw flaw, struct diag *d) {
        bool wanted = flaw != INDEX_ABSENT;
        int r = 0;

        if (wanted && !v->index_defined)
                r = platform_index_define(v, NV_HCL_REPORT, d);
        if (!wanted && v->index_defined)
                r = tpm_nv_undefine(&v->tpm, TPM_PLATFORM, NV_HCL_REPORT, NULL, d);
        if (r < 0)
                return r;
        v->index_defined = wanted;
        v->behaviour.index = flaw;
        return 0;
}

int vtpm_set_owner_auth(struct vtpm *v, const char *password, struct diag *d) {
        int r;

        if (strlen(password) >= sizeof(v->owner_auth))
                return diag_fail(d, -EINVAL, "a password of at most %zu characters",
                        sizeof(v->owner_auth) - 1);
        r = tpm_change_owner_auth(&v->tpm, v->owner_auth, password, d);
        if (r >= 0)
                strcpy(v->owner_auth, password);
        return r;
}
