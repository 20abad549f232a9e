/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files are read here, by whom they are named, and go to the daemon as memory that cannot change. */
#include "cli/proposal.h"

#include <errno.h>
#include <string.h>

#include "lib/base/sealed.h"
#include "lib/policy/policy-file.h"

#define FILES_MAX 16 /* as the daemon has it, since the bus lets no more descriptors through */
#define NAME_MAX_BYTES 200

/* The end of a path that is too long, or not fit, to be shown. */
static void name_of_file(const char *path, char ret[NAME_MAX_BYTES + 1]) {
        size_t n = strlen(path);

        snprintf(ret, NAME_MAX_BYTES + 1, "%s", n > NAME_MAX_BYTES ? path + n - NAME_MAX_BYTES : path);
        for (char *c = ret; *c; c++)
                if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
                        *c = '?';
}

static int append_text(sd_bus_message *m, const struct policy_text *text) {
        _cleanup_(closep) int memory = -1;
        char name[NAME_MAX_BYTES + 1];
        int r = sealed_new("policy", text->text, text->n, &memory);

        if (r < 0)
                return r;
        name_of_file(text->name, name);
        return sd_bus_message_append(m, "(sh)", name, memory); /* which duplicates it */
}

static int append_texts(sd_bus_message *m, const struct policy_texts *texts) {
        int r = sd_bus_message_open_container(m, 'a', "(sh)");

        for (size_t i = 0; i < texts->n && r >= 0; i++)
                r = append_text(m, &texts->texts[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* All of them, without an error: the daemon would say the same, but only the first of it. */
static int read_good(struct context *x, char *const *paths, size_t n, struct policy_texts *ret) {
        _cleanup_(policy_problems_done) struct policy_problems unread = {}, problems = {};
        _cleanup_(policy_texts_done) struct policy_texts texts = {};
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_(freep) char **all = calloc(x->options->n_policies + n + 1, sizeof(*all));
        int r;

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < x->options->n_policies; i++)
                all[i] = x->options->policies[i];
        for (size_t i = 0; i < n; i++)
                all[x->options->n_policies + i] = paths[i];
        r = policy_read_files(all, x->options->n_policies + n, &texts, &unread, &x->diag);
        if (r >= 0)
                r = policy_parse_texts(&texts, &policy, &problems, &x->diag);
        if (r == -EBADMSG)
                x->hint = "'cvmctl policy check' shows everything that is wrong";
        if (r >= 0 && texts.n > FILES_MAX)
                r = diag_fail(&x->diag, -EINVAL,
                        "%zu policy files are more than the %d that cvmd takes: join some", texts.n,
                        FILES_MAX);
        if (r < 0)
                return r;
        *ret = texts;
        texts = (struct policy_texts){};
        return 0;
}

int proposal_call(struct context *x, sd_bus *bus, const char *method, char *const *paths, size_t n,
        sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(policy_texts_done) struct policy_texts texts = {};
        _cleanup_(messagep) sd_bus_message *m = NULL;
        va_list ap;
        int r = read_good(x, paths, n, &texts);

        if (r < 0)
                return r;
        r = client_prepare(bus, CVMD_MANAGER, method, &m);
        if (r >= 0)
                r = append_texts(m, &texts);
        if (r >= 0 && types) {
                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
        }
        if (r < 0)
                return diag_errno(&x->diag, r, "cannot hand the policy to cvmd");
        return client_send(x, bus, m, ret_reply);
}
