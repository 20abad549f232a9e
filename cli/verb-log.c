/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log and log verify: the chained record of decisions, read where the daemon keeps it. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json_tokener.h>
#include <string.h>
#include <time.h>

#include "cli/table.h"
#include "cli/verbs.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "lib/base/sysroot.h"
#include "lib/enforce/decision-log.h"

#define LOG_PATH "run/cvmd/decisions.log"

/* file: NULL for the daemon's. *ret_name, what messages call it, is borrowed. */
static int load(struct context *x, const char *file, const char **ret_name, char **ret, size_t *ret_size) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        int r;

        *ret_name = file ?: "/" LOG_PATH;
        if (file)
                r = file_read_at(AT_FDCWD, file, DECISION_LOG_MAX, ret, ret_size);
        else {
                r = sysroot_new(x->options->values[OPTION_ROOT] ?: "/", &root, &x->diag);
                if (r < 0)
                        return r;
                r = sysroot_read(root, LOG_PATH, DECISION_LOG_MAX, ret, ret_size);
        }
        if (r == -ENOENT && !file)
                x->hint = "cvmd writes it while it runs";
        return r < 0 ? diag_errno(&x->diag, r, "cannot read %s", *ret_name) : 0;
}

static const char *text_of(struct json_object *line, const char *key) {
        struct json_object *value;

        return json_object_object_get_ex(line, key, &value) ? json_object_get_string(value) : NULL;
}

/* "2026-01-31 12:00:00", in the local zone. */
static void add_time(struct table *t, struct json_object *line) {
        struct json_object *value = NULL;
        char text[64] = "-";
        struct tm tm;
        time_t time;

        if (json_object_object_get_ex(line, "time", &value)) {
                time = (time_t)(json_object_get_uint64(value) / 1000000);
                strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&time, &tm));
        }
        table_add(t, COLOUR_NONE, text);
}

static void add_row(struct table *t, struct json_object *line) {
        const char *verdict = text_of(line, "verdict");
        int v = verdict ? verdict_from_string(verdict) : -1;

        table_add(t, COLOUR_NONE, text_of(line, "sequence"));
        add_time(t, line);
        table_add(t, COLOUR_NONE, text_of(line, "event"));
        table_add(t, v < 0 ? COLOUR_NONE : verdict_colour(v), verdict);
        table_add(t, COLOUR_NONE, text_of(line, "class"));
        table_add(t, COLOUR_NONE, text_of(line, "instance"));
        table_add(t, COLOUR_NONE, text_of(line, "rule"));
        table_add(t, COLOUR_NONE, text_of(line, "reason"));
}

/* The next line as an object; NULL at the end. What verification let pass parses. */
static struct json_object *next_line(const char **text) {
        size_t n = strcspn(*text, "\n");
        _cleanup_(freep) char *line = strndup(*text, n);

        *text += n + ((*text)[n] ? 1 : 0);
        return line && n > 0 ? json_tokener_parse(line) : NULL;
}

static int print(struct context *x, const char *text) {
        static const char *const headings[] = { "#", "TIME", "EVENT", "VERDICT", "CLASS", "INSTANCE", "RULE",
                "REASON" };
        _cleanup_(json_putp) struct json_object *all = json_object_new_array();
        _cleanup_(table_done) struct table t;
        struct json_object *line;

        table_init(&t, headings, sizeof(headings) / sizeof(headings[0]));
        while (all && (line = next_line(&text))) {
                add_row(&t, line);
                if (!json_append(all, line))
                        return -ENOMEM;
        }
        if (!all)
                return -ENOMEM;
        if (x->out.json == JSON_OFF)
                return table_print(&t, &x->out);
        output_json(&x->out, all);
        return 0;
}

int verb_log(struct context *x, char **args, size_t n) {
        _cleanup_(freep) char *text = NULL;
        const char *name;
        struct digest head;
        uint64_t sequence;
        size_t size;
        int r;

        r = load(x, n > 0 ? args[0] : NULL, &name, &text, &size);
        if (r < 0)
                return r;
        r = decision_log_verify(name, text, size, &sequence, &head, &x->diag);
        if (r < 0)
                return r;
        return print(x, text);
}

static int report(struct context *x, int r, uint64_t sequence, const struct digest *head) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char digest[DIGEST_TEXT_SIZE];

        digest_format(head, digest);
        if (x->out.json == JSON_OFF) {
                if (r >= 0)
                        fprintf(x->out.f, "intact: %llu %s, head %s\n", (unsigned long long)sequence,
                                sequence == 1 ? "entry" : "entries", digest);
                else {
                        fputs("broken: ", x->out.f);
                        output_text(&x->out, x->diag.text);
                        fputc('\n', x->out.f);
                }
                return 0;
        }
        if (!o || !json_add_number(o, "version", 1) || !json_add_flag(o, "intact", r >= 0))
                return -ENOMEM;
        if (r >= 0 ? !json_add_number(o, "sequence", sequence) || !json_add_text(o, "head", digest)
                   : !json_add_text(o, "problem", x->diag.text))
                return -ENOMEM;
        output_json(&x->out, o);
        return 0;
}

int verb_log_verify(struct context *x, char **args, size_t n) {
        _cleanup_(freep) char *text = NULL;
        struct digest head = {};
        uint64_t sequence = 0;
        const char *name;
        size_t size;
        int r;

        r = load(x, n > 0 ? args[0] : NULL, &name, &text, &size);
        if (r < 0)
                return r;
        r = decision_log_verify(name, text, size, &sequence, &head, &x->diag);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (r < 0)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        return report(x, r, sequence, &head);
}
