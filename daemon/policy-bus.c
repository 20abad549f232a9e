/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Evaluate and Try of org.cvmd1.Manager: a policy that is not in force, as the caller has opened it. A
 * helper reads and checks it, one at a time: whoever is behind a pipe or a file system can take as long as
 * it likes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/authz.h"
#include "daemon/errors.h"
#include "daemon/helper-call.h"
#include "daemon/process.h"
#include "lib/base/file.h"
#include "lib/base/sealed.h"
#include "lib/policy/policy-file.h"

#define PATIENCE_USEC (10 * 1000 * (uint64_t)1000) /* less than a caller has */
#define SOURCES_MAX 16                             /* descriptors that the bus lets through in one message */
#define NAME_MAX_BYTES 200                         /* so that a message still says what is wrong */
#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

/* What was handed to us; names and descriptors belong to the message. */
struct proposal {
        sd_bus_message *message;
        struct policy_source sources[SOURCES_MAX];
        size_t n;
        uint64_t seconds; /* for how long it is to be tried */
};

static void proposal_free(struct proposal *p) {
        if (!p)
                return;
        sd_bus_message_unref(p->message);
        free(p);
}
DEFINE_FREEP(struct proposal, proposal_free)

static void free_data(void *data) {
        proposal_free(data);
}

/* The name of a file that is shown in messages: short, and one line. */
static bool is_showable(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > NAME_MAX_BYTES)
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
                        return false;
        return true;
}

/* Reads a(sh). -EINVAL with a diag for what nobody should send. */
static int proposal_read(sd_bus_message *message, struct proposal **ret, struct diag *d) {
        _cleanup_(proposal_freep) struct proposal *p = calloc(1, sizeof(*p));
        struct policy_source source;
        int r;

        if (!p)
                return -ENOMEM;
        p->message = sd_bus_message_ref(message);
        r = sd_bus_message_enter_container(message, 'a', "(sh)");
        while (r >= 0 && (r = sd_bus_message_read(message, "(sh)", &source.name, &source.fd)) > 0) {
                if (p->n == SOURCES_MAX)
                        return diag_fail(d, -EINVAL, "more than %d policy files: join some", SOURCES_MAX);
                if (!is_showable(source.name))
                        return diag_fail(d, -EINVAL, "the name of a policy file is 1 to %d printable bytes",
                                NAME_MAX_BYTES);
                p->sources[p->n++] = source;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        if (p->n == 0)
                return diag_fail(d, -EINVAL, "no policy file was given");
        *ret = TAKE(p);
        return 0;
}

/* The helper's answer when it is none: the errno, and the sentence. */
static _Noreturn void fail_in_helper(int memory, int r, const struct diag *d) {
        if (ftruncate(memory, 0) == 0 && lseek(memory, 0, SEEK_SET) == 0 &&
                file_write_fd(memory, &r, sizeof(r)) >= 0)
                (void)file_write_fd(memory, d->text, strlen(d->text));
        _exit(EXIT_FAILURE);
}

/* Reads and checks what was handed to us; the texts, for those who pass them on, in *ret_texts. */
static int read_policy(const struct proposal *p, struct policy_texts *ret_texts, struct policy **ret,
        struct diag *d) {
        _cleanup_(policy_problems_done) struct policy_problems unread = {}, problems = {};
        int r = policy_read_sources(p->sources, p->n, ret_texts, &unread, d);

        return r < 0 ? r : policy_parse_texts(ret_texts, ret, &problems, d);
}

static int evaluate(struct manager *m, const struct proposal *p, int memory, struct diag *d) {
        _cleanup_(policy_texts_done) struct policy_texts texts = {};
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_(freep) char *plan = NULL;
        int r = read_policy(p, &texts, &policy, d);

        if (r >= 0)
                r = manager_evaluate(m, policy, &plan, d);
        return r < 0 ? r : file_write_fd(memory, plan, strlen(plan));
}

/* For read_back(): of each file its size, then its bytes. */
static int pass_on(struct manager *m, const struct proposal *p, int memory, struct diag *d) {
        _cleanup_(policy_texts_done) struct policy_texts texts = {};
        _cleanup_(policy_freep) struct policy *policy = NULL;
        int r = read_policy(p, &texts, &policy, d);

        for (size_t i = 0; i < texts.n && r >= 0; i++) {
                r = file_write_fd(memory, &texts.texts[i].n, sizeof(texts.texts[i].n));
                if (r >= 0)
                        r = file_write_fd(memory, texts.texts[i].text, texts.texts[i].n);
        }
        return r;
}

/* The policy that pass_on() found to be good. Names are those of the proposal. */
static int read_back(const struct proposal *p, char *bytes, size_t n, struct policy **ret, struct diag *d) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct policy_text texts[SOURCES_MAX] = {};

        for (size_t i = 0; i < p->n; i++) {
                size_t size;

                if (n < sizeof(size))
                        return diag_fail(d, -EIO, "the helper that reads the policy has failed");
                memcpy(&size, bytes, sizeof(size));
                bytes += sizeof(size);
                n -= sizeof(size);
                if (size > n)
                        return diag_fail(d, -EIO, "the helper that reads the policy has failed");
                texts[i] = (struct policy_text){ (char *)p->sources[i].name, bytes, size };
                bytes += size;
                n -= size;
        }
        return policy_parse_texts(&(struct policy_texts){ texts, p->n }, ret, &problems, d);
}

static _Noreturn void run_helper(struct manager *m, const struct proposal *p, int memory,
        int (*help)(struct manager *m, const struct proposal *p, int memory, struct diag *d)) {
        int keep[SOURCES_MAX + 1] = { memory }, r;
        struct diag d = {};

        for (size_t i = 0; i < p->n; i++)
                keep[i + 1] = p->sources[i].fd;
        process_become_helper("cvmd-policy", keep, p->n + 1);
        r = help(m, p, memory, &d);
        if (r < 0)
                fail_in_helper(memory, r, &d);
        _exit(EXIT_SUCCESS);
}

/* Replies with what fail_in_helper() wrote. */
static int answer_failure(struct helper_call *c, const char *text, size_t n) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        struct diag d = {};
        int r = -EIO;

        if (n > sizeof(r)) {
                memcpy(&r, text, sizeof(r));
                snprintf(d.text, sizeof(d.text), "%.*s", (int)sizeof(d.text) - 1, text + sizeof(r));
        } else
                (void)diag_fail(&d, r, "the helper that reads the policy has failed");
        (void)error_set(&error, r, &d);
        return sd_bus_reply_method_error(c->call, &error);
}

/* What the helper has written, when it succeeded: 1; else the caller is answered: 0. */
static int read_answer(struct helper_call *c, enum helper_outcome outcome, char **ret, size_t *ret_n) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r;

        if (outcome == HELPER_HANGS) {
                (void)error_set(&error, -ETIMEDOUT,
                        &(struct diag){ "the policy could not be read and judged in time: is it a pipe?" });
                r = sd_bus_reply_method_error(c->call, &error);
                return r < 0 ? r : 0;
        }
        r = sealed_seal(c->memory);
        if (r >= 0)
                r = file_read_fd(c->memory, ANSWER_MAX, &text, &n);
        if (r >= 0 && outcome != HELPER_SUCCEEDED)
                return answer_failure(c, text, n) < 0 ? -EIO : 0;
        if (r < 0)
                return r;
        *ret = TAKE(text);
        *ret_n = n;
        return 1;
}

static int answer_evaluated(struct helper_call *c, enum helper_outcome outcome) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = read_answer(c, outcome, &text, &n);

        return r <= 0 ? r : sd_bus_reply_method_return(c->call, "s", text);
}

static int answer_tried(struct helper_call *c, enum helper_outcome outcome) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const struct proposal *p = c->data;
        _cleanup_(freep) char *bytes = NULL;
        struct policy *policy;
        struct diag d = {};
        uint64_t until;
        size_t n;
        int r = read_answer(c, outcome, &bytes, &n);

        if (r <= 0)
                return r;
        r = read_back(p, bytes, n, &policy, &d);
        if (r >= 0)
                r = manager_try(c->bus->manager, policy, p->seconds, &until, &d);
        if (r >= 0)
                return sd_bus_reply_method_return(c->call, "t", until);
        (void)error_set(&error, r, &d);
        return sd_bus_reply_method_error(c->call, &error);
}

/* Starts the helper; takes p over in any case. */
static int ask_helper(sd_bus_message *call, struct bus *b, struct proposal *p,
        int (*help)(struct manager *m, const struct proposal *p, int memory, struct diag *d),
        int (*answer)(struct helper_call *c, enum helper_outcome outcome)) {
        _cleanup_(helper_call_freep) struct helper_call *c = NULL;
        _cleanup_(proposal_freep) struct proposal *owned = p;
        struct process_child child = PROCESS_CHILD_NONE;
        int r = helper_call_new(b, &b->proposal, &c);

        if (r < 0)
                return r;
        c->data = TAKE(owned);
        c->free_data = free_data;
        c->patience_usec = PATIENCE_USEC;
        c->killable = true;
        c->answer = answer;
        r = process_fork(&child);
        if (r < 0)
                return r;
        if (r == 0)
                run_helper(b->manager, p, c->memory, help);
        r = helper_call_start(&c, call, &child);
        return r < 0 ? r : 1;
}

static int check_free(const struct bus *b, struct diag *d) {
        return b->proposal ? diag_fail(d, -EBUSY, "another policy is being read: try again") : 0;
}

int policy_bus_evaluate(sd_bus_message *call, void *bus, sd_bus_error *error) {
        _cleanup_(proposal_freep) struct proposal *p = NULL;
        struct bus *b = bus;
        struct diag d = {};
        int r = proposal_read(call, &p, &d);

        if (r < 0)
                return error_set(error, r, &d);
        r = authz_check(b->authz, call,
                &(struct authz_query){ AUTHZ_MANAGE_POLICY, "evaluate", .method = policy_bus_evaluate,
                        .userdata = b },
                NULL, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = check_free(b, &d);
        return r < 0 ? error_set(error, r, &d) : ask_helper(call, b, TAKE(p), evaluate, answer_evaluated);
}

int policy_bus_try(sd_bus_message *call, void *bus, sd_bus_error *error) {
        _cleanup_(proposal_freep) struct proposal *p = NULL;
        struct bus *b = bus;
        struct diag d = {};
        int r = proposal_read(call, &p, &d);

        if (r >= 0)
                r = sd_bus_message_read(call, "t", &p->seconds);
        if (r >= 0)
                r = manager_check_try(p->seconds, &d);
        if (r < 0)
                return error_set(error, r, &d);
        r = authz_check(b->authz, call,
                &(struct authz_query){ AUTHZ_MANAGE_POLICY, "try", .method = policy_bus_try, .userdata = b },
                NULL, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = check_free(b, &d);
        return r < 0 ? error_set(error, r, &d) : ask_helper(call, b, TAKE(p), pass_on, answer_tried);
}
