/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ssh gives its arguments to a shell as one string, so each is quoted for that shell. */
#include "cli/remote.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

/* ' word', in single quotes: nothing inside means anything to a shell but the single quote itself. */
static void put_word(FILE *f, const char *prefix, const char *word) {
        fprintf(f, " '%s", prefix);
        for (; *word; word++)
                if (*word == '\'')
                        fputs("'\\''", f);
                else
                        fputc(*word, f);
        fputc('\'', f);
}

static void put_options(FILE *f, const struct options *o, enum json_mode json) {
        for (int i = 0; i < _OPTION_MAX; i++) {
                const struct option_row *row = option_row(i);
                char prefix[64];

                if (!o->given[i] || !row->forward)
                        continue;
                snprintf(prefix, sizeof(prefix), "--%s%s", row->name, o->values[i] ? "=" : "");
                put_word(f, prefix, o->values[i] ?: "");
        }
        if (json != JSON_OFF)
                fputs(json == JSON_PRETTY ? " --json=pretty" : " --json=short", f);
}

int remote_command(const struct options *o, enum json_mode json, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        FILE *f = open_memstream(&text, &n);
        bool bad;

        if (!f)
                return -ENOMEM;
        fputs("cvmctl", f);
        put_options(f, o, json);
        fputs(" --", f);
        for (size_t i = 0; i < o->n_words; i++)
                put_word(f, "", o->words[i]);
        bad = ferror(f);
        if (fclose(f) != 0 || bad)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

int remote_become(const struct options *o, enum json_mode json, struct diag *d) {
        _cleanup_(freep) char *command = NULL;
        int r = remote_command(o, json, &command);

        if (r < 0)
                return r;
        signal(SIGPIPE, SIG_DFL);
        execlp("ssh", "ssh", "--", o->values[OPTION_HOST], command, (char *)NULL);
        return diag_errno(d, -errno, "cannot start ssh");
}
