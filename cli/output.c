/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The buffer between verbs and the world, and the ways out of it. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/json-print.h"
#include "cli/pager.h"
#include "cli/text.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/name-table.h"

#define NARROWEST 20 /* columns that a paragraph needs to be one */

static const char *const sequences[] = {
        [COLOUR_NONE] = "\033[0m",
        [COLOUR_BOLD] = "\033[1m",
        [COLOUR_GOOD] = "\033[32m",
        [COLOUR_BAD] = "\033[1;31m",
        [COLOUR_CARE] = "\033[33m",
        [COLOUR_DIM] = "\033[2m",
};
_Static_assert(N_NAMES(sequences) == _COLOUR_MAX, "every colour has a sequence");

int output_init(struct output *out, const struct terminal *terminal, const struct options *o) {
        *out = (struct output){
                .terminal = *terminal,
                .json = o->json,
                .legend = !o->given[OPTION_NO_LEGEND],
                .quiet = o->given[OPTION_QUIET],
        };
        if (out->json == JSON_AUTO)
                out->json = terminal->columns > 0 ? JSON_PRETTY : JSON_SHORT;
        if (o->given[OPTION_OUTPUT]) /* a file is not a terminal */
                out->terminal = (struct terminal){};
        out->f = open_memstream(&out->buffer, &out->size);
        return out->f ? 0 : -errno;
}

void output_done(struct output *out) {
        if (out->f)
                fclose(out->f);
        free(out->buffer);
        *out = (struct output){};
}

const char *output_colour(const struct output *out, enum colour c) {
        return out->terminal.colour ? sequences[c] : "";
}

void output_text(struct output *out, const char *text) {
        _cleanup_(freep) char *harmless = NULL;

        if (text_new(text, &harmless, NULL) < 0)
                out->bad = true;
        else
                fputs(harmless, out->f);
}

/* How much of the text is the next line: whole words, unless the first is too long for it. */
static size_t line_length(const char *text, size_t columns) {
        size_t n = text_clip(text, columns), end = n;

        if (!text[n])
                return n;
        while (end > 0 && text[end] != ' ')
                end--;
        return end > 0 ? end : n;
}

void output_paragraph(struct output *out, size_t indent, const char *text) {
        size_t columns = out->terminal.columns;
        _cleanup_(freep) char *harmless = NULL;
        const char *rest;

        if (text_new(text, &harmless, NULL) < 0) {
                out->bad = true;
                return;
        }
        columns = columns > indent + NARROWEST ? columns - indent : SIZE_MAX;
        for (rest = harmless; *rest;) {
                size_t n = line_length(rest, columns);

                fprintf(out->f, "%.*s", (int)n, rest);
                rest += n + strspn(rest + n, " ");
                if (*rest)
                        fprintf(out->f, "\n%*s", (int)indent, "");
        }
        fputc('\n', out->f);
}

void output_json(struct output *out, struct json_object *o) {
        int flags = out->json == JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0;

        if (!json_print(out->f, o, flags))
                out->bad = true;
        fputc('\n', out->f);
}

int output_drop(struct output *out) {
        if (fseeko(out->f, 0, SEEK_SET) < 0)
                return -errno;
        return fflush(out->f) == 0 ? 0 : -errno;
}

static int write_special(const char *file, const void *bytes, size_t n) {
        _cleanup_(closep) int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : file_write_fd(fd, bytes, n);
}

static int write_file(const struct output *out, const char *file, struct diag *d) {
        mode_t mask = umask(0);
        struct stat st;
        int r;

        umask(mask);
        if (stat(file, &st) == 0 && !S_ISREG(st.st_mode)) /* /dev/null, a FIFO: not to be replaced */
                r = write_special(file, out->buffer, out->size);
        else
                r = file_replace_at(AT_FDCWD, file, out->private ? 0600 : 0666 & ~mask, out->buffer,
                        out->size);
        return r < 0 ? diag_errno(d, r, "cannot write %s", file) : 0;
}

static bool fits(const struct output *out) {
        unsigned lines = 0;

        for (size_t i = 0; i < out->size; i++)
                lines += out->buffer[i] == '\n';
        return lines < out->terminal.lines;
}

int output_flush(struct output *out, const char *file, struct diag *d) {
        int r;

        if (fflush(out->f) != 0 || ferror(out->f) || out->bad)
                return diag_fail(d, -ENOMEM, "out of memory");
        if (file)
                r = write_file(out, file, d);
        else if (out->quiet)
                r = 0;
        else if (out->terminal.pager && !fits(out))
                r = pager_show(out->terminal.pager, out->buffer, out->size, d);
        else {
                r = file_write_fd(STDOUT_FILENO, out->buffer, out->size);
                if (r < 0)
                        diag_errno(d, r, "cannot write the output");
        }
        if (r < 0)
                return r;
        return output_drop(out);
}

enum colour verdict_colour(enum verdict v) {
        switch (v) {
        case VERDICT_ALLOWED:
                return COLOUR_GOOD;
        case VERDICT_BLOCKED:
                return COLOUR_BOLD;
        case VERDICT_PENDING:
        case VERDICT_PROTECTED:
                return COLOUR_CARE;
        case VERDICT_VIOLATING:
        case VERDICT_FAILED:
                return COLOUR_BAD;
        case VERDICT_UNSET:
        case _VERDICT_MAX:
                break;
        }
        return COLOUR_NONE;
}

enum colour state_colour(enum guest_state s) {
        switch (s) {
        case STATE_COMPLIANT:
                return COLOUR_GOOD;
        case STATE_VIOLATING:
        case STATE_FAILED:
                return COLOUR_BAD;
        case STATE_UNPROTECTED:
                return COLOUR_CARE;
        case STATE_UNSET:
        case STATE_NOT_APPLICABLE:
        case _STATE_MAX:
                break;
        }
        return COLOUR_NONE;
}
