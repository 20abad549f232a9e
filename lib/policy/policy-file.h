/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading policies: drop-in folders, precedence, and every way in which a file can be wrong. */
#include "lib/base/sysroot.h"
#include "lib/policy/policy.h"

#define POLICY_FILE_MAX (4 * 1024 * 1024)   /* bytes in one file */
#define POLICY_BYTES_MAX (16 * 1024 * 1024) /* bytes in all files together */
#define POLICY_FILES_MAX 1024
#define POLICY_RULES_MAX 65536
#define POLICY_PROBLEMS_MAX 1000 /* kept of one load; the rest is only counted */

enum policy_severity { POLICY_ERROR = 1, POLICY_WARNING };

struct policy_problem {
        enum policy_severity severity;
        char *file;
        size_t order;          /* of the file among those of the load */
        unsigned line, column; /* from 1; 0: the file as a whole */
        char *message;         /* what, and what to do about it */
};

/* Every problem of one load, in the order of files and lines. Zero-initialised is empty. */
struct policy_problems {
        struct policy_problem *problems;
        size_t n;
        size_t n_errors; /* may be more than are kept: see POLICY_PROBLEMS_MAX */
        size_t n_unread; /* of them, files that could not be read: nobody knows what is in those */
};

void policy_problems_done(struct policy_problems *p);

/* "file:line:column: error: message", as every tool points at a line. The caller frees *ret. */
int policy_problem_format(const struct policy_problem *p, char **ret);

/*
 * The policy in force below root: *.json of etc/cvmd/policy.d, run/cvmd/policy.d and usr/lib/cvmd/policy.d
 * as one list sorted by file name; the same name in an earlier folder of these replaces the later; a link to
 * /dev/null masks. A file that is not owned by root or by owner, that others can write, or that is a link
 * otherwise, is an error. -EBADMSG when there is an error among the problems, which are filled in either
 * way; -ENODATA when there is no file at all; d has the first error.
 */
int policy_load(struct sysroot *root, uid_t owner, struct policy **ret, struct policy_problems *ret_problems,
        struct diag *d);

/* One file as it is about to be. */
struct policy_change {
        const char *path; /* in one of the folders, as origins name it: "/etc/cvmd/policy.d/NAME.json" */
        const char *text; /* NULL: the file is removed */
};

/* The same with this change made, to know before it is. -EINVAL: its path is in none of the folders. */
int policy_load_changed(struct sysroot *root, uid_t owner, const struct policy_change *change,
        struct policy **ret, struct policy_problems *ret_problems, struct diag *d);

/* The same for files (or folders of *.json) that a user names, in this order, without the questions about
 * owners. */
int policy_load_files(char *const *paths, size_t n, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d);

/* A policy file as it was read. */
struct policy_text {
        char *name; /* as messages name it */
        char *text;
        size_t n;
};

struct policy_texts {
        struct policy_text *texts;
        size_t n;
};

void policy_texts_done(struct policy_texts *t);

/* The texts of these files (or folders of *.json), in this order: what policy_load_files() reads, unparsed.
 */
int policy_read_files(char *const *paths, size_t n, struct policy_texts *ret,
        struct policy_problems *ret_problems, struct diag *d);

/* A policy file that somebody else has opened; name is for messages. */
struct policy_source {
        const char *name;
        int fd;
};

/*
 * The same for descriptors of any kind, each from its beginning where it has one. Reading may take as long
 * as whoever writes to a pipe, or serves a file system, likes.
 */
int policy_read_sources(const struct policy_source *sources, size_t n, struct policy_texts *ret,
        struct policy_problems *ret_problems, struct diag *d);

/* What was read becomes one policy. */
int policy_parse_texts(const struct policy_texts *texts, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d);

/* The same for one text; name is for messages. */
int policy_parse(const char *name, const char *text, size_t n, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d);
