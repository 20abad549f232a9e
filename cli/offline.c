/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same steps as the daemon's, on a guest that may be long gone. */
#include "cli/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/facts/snapshot-record.h"
#include "lib/facts/snapshot-text.h"

#define PROBE_NAME "cvmctl"

void offline_done(struct offline *o) {
        free(o->verdicts);
        evaluation_free(o->evaluation);
        policy_free(o->policy);
        guest_free(o->guest);
        snapshot_free(o->snapshot);
        *o = (struct offline){};
}

/* Any kind of file will do, a pipe say; it is read to its end, up to the size that a snapshot may have. */
static int read_opened(int fd, const char *name, struct snapshot **ret, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = file_read_fd(fd, SNAPSHOT_TEXT_MAX, &text, &n);

        if (r == -EFBIG)
                return diag_fail(d, r, "%s is larger than the %d MiB that a snapshot may have", name,
                        SNAPSHOT_TEXT_MAX >> 20);
        if (r < 0)
                return diag_errno(d, r, "cannot read %s", name);
        return snapshot_parse(name, text, n, ret, d);
}

int offline_read_snapshot(const char *name, struct snapshot **ret, struct diag *d) {
        _cleanup_(closep) int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return diag_errno(d, -errno, "cannot open %s", name);
        return read_opened(fd, name, ret, d);
}

static int read_stdin(struct snapshot **ret, struct diag *d) {
        _cleanup_(closep) int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

        if (fd < 0)
                return diag_errno(d, -errno, "cannot open stdin");
        return read_opened(fd, "stdin", ret, d);
}

int offline_named_snapshot(const char *name, struct snapshot **ret, struct diag *d) {
        return strcmp(name, "-") == 0 ? read_stdin(ret, d) : offline_read_snapshot(name, ret, d);
}

/* Whether the folder is this machine's own root. */
static bool is_this_machine(struct sysroot *root) {
        struct stat here, there;

        return stat("/", &here) == 0 && sysroot_stat(root, ".", &there) == 0 &&
                here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int record(struct context *x, const char *folder, struct snapshot **ret) {
        struct snapshot_record_options how = { .scope = SNAPSHOT_SCOPE_EVERYTHING };
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *probe = NULL;
        _cleanup_(network_probe_freep) struct network_probe *network = NULL;
        int r;

        r = sysroot_new(folder, &root, &x->diag);
        if (r < 0)
                return r;
        how.foreign = !is_this_machine(root);
        if (how.foreign && x->options->given[OPTION_PROBE])
                return context_usage(x, "--probe asks the running kernel: it needs --root /, not %s",
                        folder);
        if (!how.foreign) {
                r = channel_probe_new(root, PROBE_NAME, x->options->probe, &probe, &x->diag);
                if (r < 0)
                        return r;
                how.probe = probe;
                r = network_probe_new(network_ask_kernel, NULL, &network);
                if (r >= 0)
                        r = network_probe_wait(network);
                if (r < 0)
                        return r;
                how.network = network;
        }
        return snapshot_record(root, &how, ret, &x->diag);
}

int offline_snapshot(struct context *x, struct snapshot **ret) {
        const struct options *o = x->options;

        if (o->given[OPTION_SNAPSHOT])
                return offline_named_snapshot(o->values[OPTION_SNAPSHOT], ret, &x->diag);
        return record(x, o->values[OPTION_ROOT] ?: "/", ret);
}

int offline_policy(struct context *x, char *const *paths, size_t n_paths, struct policy **ret,
        struct policy_problems *ret_problems) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        int r;

        if (n_paths > 0)
                return policy_load_files(paths, n_paths, ret, ret_problems, &x->diag);
        r = sysroot_new(x->options->values[OPTION_ROOT] ?: "/", &root, &x->diag);
        if (r < 0)
                return r;
        return policy_load(root, getuid(), ret, ret_problems, &x->diag);
}

int offline_policy_in_force(struct context *x, struct policy **ret) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        const struct options *o = x->options;
        int r;

        r = offline_policy(x, o->policies, o->n_policies, ret, &problems);
        if (r == -ENODATA && o->n_policies == 0)
                return policy_new_built_in(ret);
        if (r == -EBADMSG)
                x->hint = "'cvmctl policy check' shows everything that is wrong";
        return r;
}

static int judge(struct context *x, struct offline *o) {
        struct evaluation_options how = { .mode = x->options->mode };
        int r = policy_evaluate(o->policy, o->guest, &how, &o->evaluation);

        if (r < 0)
                return r;
        o->verdicts = calloc(o->guest->n_devices ?: 1, sizeof(*o->verdicts));
        if (!o->verdicts)
                return -ENOMEM;
        for (size_t i = 0; i < o->guest->n_devices; i++)
                o->verdicts[i] =
                        verdict_of(&o->evaluation->decisions[i], &o->guest->devices[i], ENFORCEMENT_NONE);
        o->state = state_of(o->evaluation, o->verdicts);
        return 0;
}

int offline_load(struct context *x, struct offline *ret) {
        _cleanup_(offline_done) struct offline o = {};
        int r;

        r = offline_policy_in_force(x, &o.policy);
        if (r < 0)
                return r;
        r = offline_snapshot(x, &o.snapshot);
        if (r < 0)
                return r;
        r = guest_eval(o.snapshot, &o.guest);
        if (r < 0)
                return r;
        r = judge(x, &o);
        if (r < 0)
                return r;
        *ret = o;
        o = (struct offline){};
        return 0;
}
