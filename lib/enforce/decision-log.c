/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of decisions:
 * {"class","event","instance","policy","previous","reason","rule","sequence","time","verdict"}, what a
 * record does not have left out, one canonical JSON object a line. `previous` is the SHA-256 of the line
 * before without its newline, zeroes in the first; the chain is over bytes, so that nobody need agree on
 * JSON.
 */
#include "lib/enforce/decision-log.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/canonical-json.h"
#include "lib/base/escape.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "lib/base/json-scan.h"

#define LOG_NAME "decisions.log"
#define SET_ASIDE_MAX 64

/* The last thing that was said about something: what tells a new decision from a repetition. */
struct said {
        struct digest about, what;
};

struct chain {
        uint64_t sequence;
        struct digest head;
};

struct decision_log {
        int fd;
        uint64_t size; /* of its whole lines */
        bool torn;     /* part of a line follows them */
        struct chain chain;
        void *said; /* a tree of struct said, by what they are about: whoever offers can have them be many */
};

/* Text of others may be no UTF-8: then every text of the record is written C-escaped. */
static bool add_text(struct json_object *o, const char *key, const char *text, bool escaped) {
        _cleanup_(freep) char *safe = NULL;

        if (!text)
                return true;
        if (!escaped)
                return json_add_text(o, key, text);
        return escape_new(text, strlen(text), &safe) == 0 && json_add_text(o, key, safe);
}

static bool add_about(struct json_object *o, const struct decision_record *r, bool escaped) {
        return add_text(o, "event", r->event, escaped) && add_text(o, "instance", r->instance, escaped);
}

static bool add_what(struct json_object *o, const struct decision_record *r, bool escaped) {
        return add_about(o, r, escaped) && add_text(o, "class", r->class, escaped) &&
                add_text(o, "verdict", r->verdict, escaped) && add_text(o, "rule", r->rule, escaped) &&
                add_text(o, "reason", r->reason, escaped) && add_text(o, "policy", r->policy, escaped);
}

/* The canonical form of what add puts into an object, and of previous where there is one. */
static int record_format(const struct decision_record *record, const struct chain *previous,
        bool (*add)(struct json_object *o, const struct decision_record *r, bool escaped), char **ret) {
        int r = -EILSEQ;

        for (unsigned escaped = 0; escaped < 2 && r == -EILSEQ; escaped++) {
                _cleanup_(json_putp) struct json_object *o = json_object_new_object();
                char head[DIGEST_TEXT_SIZE];

                if (!o || !add(o, record, escaped))
                        return -ENOMEM;
                if (previous) {
                        digest_format(&previous->head, head);
                        if (!json_add_text(o, "previous", head) ||
                                !json_add_number(o, "sequence", previous->sequence + 1) ||
                                !json_add_number(o, "time", record->time_usec))
                                return -ENOMEM;
                }
                r = canonical_json(o, ret);
        }
        return r;
}

static int said_eval(const struct decision_record *record, struct said *ret) {
        _cleanup_(freep) char *about = NULL, *what = NULL;
        struct said said;
        int r = record_format(record, NULL, add_about, &about);

        if (r >= 0)
                r = record_format(record, NULL, add_what, &what);
        if (r >= 0)
                r = digest_sha256(about, strlen(about), &said.about);
        if (r >= 0)
                r = digest_sha256(what, strlen(what), &said.what);
        if (r >= 0)
                *ret = said;
        return r;
}

static int compare_said(const void *a, const void *b) {
        const struct said *x = a, *y = b;

        return memcmp(&x->about, &y->about, sizeof(x->about));
}

static int remember(struct decision_log *l, const struct decision_record *record) {
        _cleanup_(freep) struct said *said = malloc(sizeof(*said));
        struct said **known;
        int r = said ? said_eval(record, said) : -ENOMEM;

        if (r < 0)
                return r;
        known = tsearch(said, &l->said, compare_said);
        if (!known)
                return -ENOMEM;
        if (*known == said)
                TAKE(said);
        else
                (*known)->what = said->what;
        return 0;
}

/* One key of a line into record, sequence or previous; false for one that is unknown or of the wrong kind.
 */
static bool take_member(const struct json_node *m, struct decision_record *record, uint64_t *sequence,
        const char **previous) {
        const struct {
                const char *key;
                const char **text;
        } texts[] = {
                { "class", &record->class },
                { "event", &record->event },
                { "instance", &record->instance },
                { "policy", &record->policy },
                { "reason", &record->reason },
                { "rule", &record->rule },
                { "verdict", &record->verdict },
                { "previous", previous },
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (strcmp(m->key, texts[i].key) == 0) {
                        *texts[i].text = m->string;
                        return m->kind == JSON_STRING;
                }
        if (m->kind != JSON_INTEGER || m->integer < 0)
                return false;
        if (strcmp(m->key, "sequence") == 0)
                *sequence = (uint64_t)m->integer;
        else if (strcmp(m->key, "time") == 0)
                record->time_usec = (uint64_t)m->integer;
        else
                return false;
        return true;
}

/* Checks one line against the chain so far and moves it on. *ret borrows from document. */
static int line_check(const char *line, size_t n, struct chain *chain, struct json_document **document,
        struct decision_record *ret, struct diag *d) {
        struct decision_record record = {};
        const char *previous = NULL;
        struct digest before;
        uint64_t sequence = 0;
        int r = json_scan(line, n, document);

        if (r < 0)
                return diag_errno(d, r, "reading the line");
        if ((*document)->problems || (*document)->root->kind != JSON_OBJECT)
                return diag_fail(d, -EBADMSG, "not a JSON object");
        for (const struct json_node *m = (*document)->root->children; m; m = m->next)
                if (!take_member(m, &record, &sequence, &previous))
                        return diag_fail(d, -EBADMSG, "\"%s\" is not known here, or not of this kind",
                                m->key);
        if (sequence != chain->sequence + 1)
                return diag_fail(d, -EBADMSG,
                        "sequence %llu where %llu should be: lines are missing or moved",
                        (unsigned long long)sequence, (unsigned long long)chain->sequence + 1);
        if (!record.event || !previous || digest_parse(previous, &before) < 0)
                return diag_fail(d, -EBADMSG, "\"event\" or \"previous\" is missing or malformed");
        if (memcmp(&before, &chain->head, sizeof(before)) != 0)
                return diag_fail(d, -EBADMSG, "does not follow the line before, which was changed");
        r = digest_sha256(line, n, &chain->head);
        if (r < 0)
                return diag_errno(d, r, "SHA-256");
        chain->sequence = sequence;
        *ret = record;
        return 0;
}

/* Every line, in order; take, where given, gets what they say. */
static int check_lines(const char *name, const char *text, size_t n,
        int (*take)(const struct decision_record *r, uint64_t sequence, void *data), void *data,
        struct chain *ret, struct diag *d) {
        struct chain chain = {};
        unsigned number = 0;

        while (n > 0) {
                _cleanup_(json_document_freep) struct json_document *document = NULL;
                const char *newline = memchr(text, '\n', n);
                struct decision_record record;
                int r;

                number++;
                if (!newline)
                        return diag_fail(d, -EBADMSG, "%s:%u: the line is cut", name, number);
                r = line_check(text, (size_t)(newline - text), &chain, &document, &record, d);
                if (r < 0)
                        return diag_wrap(d, r, "%s:%u", name, number);
                r = take ? take(&record, chain.sequence, data) : 0;
                if (r < 0)
                        return diag_errno(d, r, "%s:%u", name, number);
                n -= (size_t)(newline + 1 - text);
                text = newline + 1;
        }
        *ret = chain;
        return 0;
}

static int remember_line(const struct decision_record *r, uint64_t sequence, void *data) {
        return remember(data, r);
}

int decision_log_read(const char *name, const char *text, size_t n,
        int (*take)(const struct decision_record *r, uint64_t sequence, void *data), void *data,
        struct diag *d) {
        struct chain chain;

        return check_lines(name, text, n, take, data, &chain, d);
}

int decision_log_verify(const char *name, const char *text, size_t n, uint64_t *ret_sequence,
        struct digest *ret_head, struct diag *d) {
        struct chain chain;
        int r = check_lines(name, text, n, NULL, NULL, &chain, d);

        if (r < 0)
                return r;
        *ret_sequence = chain.sequence;
        *ret_head = chain.head;
        return 0;
}

void decision_log_free(struct decision_log *l) {
        if (!l)
                return;
        closep(&l->fd);
        tdestroy(l->said, free);
        free(l);
}

/* Cuts what follows the last newline: a write that a kill, or a full disk, cut short. */
static int cut_last_line(int fd, const char *text, size_t *n, struct diag *d) {
        const char *newline = memrchr(text, '\n', *n);
        size_t whole = newline ? (size_t)(newline + 1 - text) : 0;

        if (whole == *n)
                return 0;
        if (ftruncate(fd, (off_t)whole) < 0)
                return diag_errno(d, -errno, LOG_NAME);
        diag_fail(d, 0, LOG_NAME ": cut off %zu bytes of a last line that was never finished", *n - whole);
        *n = whole;
        return 0;
}

int decision_log_open(int folder, struct decision_log **ret, struct diag *d) {
        _cleanup_(decision_log_freep) struct decision_log *l = calloc(1, sizeof(*l));
        _cleanup_(freep) char *text = NULL;
        struct stat st;
        size_t n;
        int r;

        if (!l)
                return diag_errno(d, -ENOMEM, LOG_NAME);
        l->fd = openat(folder, LOG_NAME, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                0600);
        if (l->fd < 0 || fstat(l->fd, &st) < 0)
                return diag_errno(d, -errno, LOG_NAME);
        if (!S_ISREG(st.st_mode))
                return diag_fail(d, -EINVAL, LOG_NAME ": not a regular file");
        r = file_read_fd(l->fd, DECISION_LOG_MAX, &text, &n);
        if (r < 0)
                return diag_errno(d, r, LOG_NAME);
        r = cut_last_line(l->fd, text, &n, d);
        if (r < 0)
                return r;
        r = check_lines(LOG_NAME, text, n, remember_line, l, &l->chain, d);
        if (r < 0)
                return r;
        l->size = n;
        *ret = TAKE(l);
        return 0;
}

int decision_log_set_aside(int folder, struct diag *d) {
        for (unsigned i = 1; i <= SET_ASIDE_MAX; i++) {
                char name[64];

                snprintf(name, sizeof(name), LOG_NAME ".broken-%u", i);
                if (renameat2(folder, LOG_NAME, folder, name, RENAME_NOREPLACE) == 0)
                        return 0;
                if (errno != EEXIST)
                        return diag_errno(d, -errno, LOG_NAME);
        }
        return diag_fail(d, -EEXIST, LOG_NAME ": %u broken ones are there already", SET_ASIDE_MAX);
}

int decision_log_repeats(const struct decision_log *l, const struct decision_record *record) {
        struct said said, *const *known;
        int r = said_eval(record, &said);

        if (r < 0)
                return r;
        known = tfind(&said, &l->said, compare_said);
        return known && memcmp(&(*known)->what, &said.what, sizeof(said.what)) == 0;
}

/* All of it, or none: what was written in part is taken back. */
static int append_bytes(struct decision_log *l, const char *line, size_t n) {
        ssize_t written;
        int r = -EIO;

        if (l->torn && ftruncate(l->fd, (off_t)l->size) < 0)
                return -errno;
        l->torn = false;
        do
                written = write(l->fd, line, n);
        while (written < 0 && errno == EINTR);
        if (written == (ssize_t)n)
                return 0;
        if (written < 0)
                r = -errno;
        else if (ftruncate(l->fd, (off_t)l->size) < 0) {
                r = -errno;
                l->torn = true; /* the next line, or the next open, cuts it */
        }
        return r;
}

int decision_log_append(struct decision_log *l, const struct decision_record *record, struct diag *d) {
        _cleanup_(freep) char *json = NULL, *line = NULL;
        struct digest head;
        int n, r;

        r = record_format(record, &l->chain, add_what, &json);
        if (r < 0)
                return diag_errno(d, r, LOG_NAME);
        r = digest_sha256(json, strlen(json), &head);
        if (r < 0)
                return diag_errno(d, r, LOG_NAME);
        n = asprintf(&line, "%s\n", json);
        if (n < 0)
                return diag_errno(d, -ENOMEM, LOG_NAME);
        if (l->size + (size_t)n > DECISION_LOG_MAX)
                return diag_errno(d, -EFBIG, LOG_NAME ": full until the next boot");
        r = append_bytes(l, line, (size_t)n);
        if (r < 0)
                return diag_errno(d, r, LOG_NAME);
        l->size += (size_t)n;
        l->chain = (struct chain){ .sequence = l->chain.sequence + 1, .head = head };
        r = remember(l, record);
        return r < 0 ? diag_errno(d, r, LOG_NAME ": written, but not remembered") : 0;
}

uint64_t decision_log_sequence(const struct decision_log *l) {
        return l->chain.sequence;
}

struct digest decision_log_head(const struct decision_log *l) {
        return l->chain.head;
}
