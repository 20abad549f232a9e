/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cvmctl: reads the command line and the environment (nothing else does), runs one verb, says how it went.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/remote.h"
#include "cli/text.h"
#include "cli/verbs.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "version.h"

static const char *environment(const char *name) {
        const char *value = getenv(name);

        return value && *value ? value : NULL;
}

static struct terminal find_terminal(const struct options *o) {
        const char *kind = environment("TERM"), *pager = environment("PAGER") ?: "less";
        bool dumb = !kind || strcmp(kind, "dumb") == 0;
        struct winsize size = {};
        struct terminal t = {};

        if (!isatty(STDOUT_FILENO))
                return t;
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        t.columns = size.ws_col ?: 80;
        t.lines = size.ws_row ?: 24;
        t.colour = !dumb && !environment("NO_COLOR");
        if (!dumb && !o->given[OPTION_NO_PAGER] && strcmp(pager, "cat") != 0) {
                t.pager = pager;
                setenv("LESS", "FRX", 0); /* colours pass, and nothing of the screen is wiped */
        }
        return t;
}

static int dispatch(struct context *x) {
        const struct options *o = x->options;
        const struct verb *verb;
        size_t used;

        if (o->given[OPTION_HELP]) {
                help_print(&x->out);
                return 0;
        }
        if (o->given[OPTION_VERSION]) {
                fprintf(x->out.f, "cvmctl %s\n", CVMD_VERSION);
                return 0;
        }
        if (verb_find(o->words, o->n_words, &verb, &used, &x->diag) < 0 ||
                options_check(o, verb->name, verb->can, &x->diag) < 0) {
                x->exit = EXIT_CODE_USAGE;
                return -EINVAL;
        }
        if (o->given[OPTION_HOST])
                return remote_become(o, x->out.json, &x->diag);
        return verb->run(x, o->words + used, o->n_words - used);
}

/* "cvmctl: text", each of its lines, harmless. */
static void complain(const char *text) {
        for (;;) {
                size_t n = strcspn(text, "\n");
                _cleanup_(freep) char *line = strndup(text, n), *harmless = NULL;

                if (line && text_new(line, &harmless, NULL) >= 0)
                        fprintf(stderr, "cvmctl: %s\n", harmless);
                if (!text[n])
                        break;
                text += n + 1;
        }
}

/* What failed, for whoever reads JSON: stdout is valid JSON on failure, too. */
static int print_error_json(struct context *x, enum exit_code code, const char *text) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *error = json_object_new_object();

        if (!o || !json_add(o, "error", error) || !json_add_number(o, "version", 1) ||
                !json_add_number(error, "exit", code) || !json_add_text(error, "message", text) ||
                !json_add_text(error, "hint", x->hint))
                return -ENOMEM;
        output_json(&x->out, o);
        return 0;
}

/* r: how the verb ended. */
static enum exit_code finish(struct context *x, int r) {
        enum exit_code code = context_exit_code(x, r);

        if (r < 0) {
                const char *text = x->diag.text[0] ? x->diag.text : errno_text(r);

                complain(text);
                if (x->hint && x->out.legend)
                        complain(x->hint);
                if (output_drop(&x->out) < 0 || x->out.json == JSON_OFF ||
                        print_error_json(x, code, text) < 0)
                        return code;
        }
        x->diag.text[0] = 0;
        if (output_flush(&x->out, r < 0 || x->written ? NULL : x->options->values[OPTION_OUTPUT], &x->diag) <
                0) {
                complain(x->diag.text);
                return r < 0 ? code : EXIT_CODE_FAILED;
        }
        return code;
}

int main(int argc, char **argv) {
        _cleanup_(options_done) struct options options = {};
        struct context x = { .options = &options };
        struct terminal terminal;
        enum exit_code code;
        int r;

        if (file_fill_standard() < 0)
                return EXIT_CODE_FAILED;
        setlocale(LC_CTYPE, "");
        signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */

        r = options_parse(&options, argc, argv, &x.diag);
        if (r < 0)
                x.exit = EXIT_CODE_USAGE;
        terminal = find_terminal(&options);
        if (output_init(&x.out, &terminal, &options) < 0) {
                complain("out of memory");
                return EXIT_CODE_FAILED;
        }
        code = finish(&x, r < 0 ? r : dispatch(&x));
        output_done(&x.out);
        return (int)code;
}
