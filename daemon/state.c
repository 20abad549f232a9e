/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state folder. Its lock is a record lock: it belongs to the process, so that helpers, which may outlive
 * us, do not hold it, and the kernel gives it up for us however we end.
 */
#include "daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/policy/policy-file.h"

#define LOCK_FILE "lock"
#define POLICY_FILE "last-good-policy.json"
#define POLICY_MAX (64 * 1024 * 1024)

static int lock_take(int folder, const char *name, struct diag *d) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        _cleanup_(closep) int fd =
                openat(folder, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return diag_errno(d, -errno, "%s/" LOCK_FILE, name);
        if (fcntl(fd, F_SETLK, &lock) >= 0)
                return take_fd(&fd);
        if (errno != EAGAIN && errno != EACCES)
                return diag_errno(d, -errno, "%s/" LOCK_FILE, name);
        if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
                return diag_fail(d, -EBUSY, "%s is locked: another cvmd is running", name);
        return diag_fail(d, -EBUSY, "%s is locked: another cvmd is running as process %d", name,
                (int)lock.l_pid);
}

int state_open(const char *folder, struct state *ret, struct diag *d) {
        _cleanup_(state_done) struct state s = STATE_NONE;

        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                return diag_errno(d, -errno, "cannot make the state folder %s", folder);
        s.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s.folder < 0)
                return diag_errno(d, -errno, "state folder %s", folder);
        s.lock = lock_take(s.folder, folder, d);
        if (s.lock < 0)
                return s.lock;
        *ret = s;
        s = STATE_NONE;
        return 0;
}

int state_is_held(const char *folder) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        _cleanup_(closep) int state = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;

        if (state < 0)
                return errno == ENOENT ? 0 : -errno;
        fd = openat(state, LOCK_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fcntl(fd, F_GETLK, &lock) < 0)
                return -errno;
        return lock.l_type != F_UNLCK;
}

void state_done(struct state *s) {
        closep(&s->lock);
        closep(&s->folder);
        *s = STATE_NONE;
}

int state_keep_policy(const struct state *s, const struct policy *p, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        int r = policy_canonical(p, &text);

        if (r >= 0)
                r = file_replace_at(s->folder, POLICY_FILE, 0600, text, strlen(text));
        return r < 0 ? diag_errno(d, r, "cannot keep the policy") : 0;
}

int state_last_policy(const struct state *s, struct policy **ret, struct diag *d) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(freep) char *text = NULL;
        struct digest kept;
        size_t n;
        int r;

        r = file_read_at(s->folder, POLICY_FILE, POLICY_MAX, &text, &n);
        if (r == -ENOENT)
                return diag_fail(d, -ENODATA, "no policy was kept");
        if (r < 0)
                return diag_errno(d, r, POLICY_FILE);
        r = policy_parse(POLICY_FILE, text, n, &p, &problems, d);
        if (r < 0)
                return r;
        r = digest_sha256(text, n, &kept);
        if (r < 0)
                return diag_errno(d, r, POLICY_FILE);
        if (memcmp(&kept, &p->digest, sizeof(kept)) != 0)
                return diag_fail(d, -EBADMSG, POLICY_FILE " is not what cvmd wrote");
        *ret = TAKE(p);
        return 0;
}
