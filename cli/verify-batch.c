/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verify-batch.h"

#include <errno.h>
#include <unistd.h>

#include "cli/verify-batch-private.h"
#include "lib/base/file.h"
#include "lib/verify/verification-json.h"

enum outcome batch_judge(struct batch_run *run, const struct batch_line *line, const char *bytes) {
        struct verification *v = run->verification;
        enum outcome outcome;
        struct diag d = {};
        int r;

        run->text.n = 0;
        if (line->too_long)
                r = diag_fail(&d, -EMSGSIZE, "a line of more than %d MiB", EVIDENCE_MAX >> 20);
        else
                r = verifier_run(run->verifier, bytes, line->size, v, &d);
        if (r < 0) {
                verification_error_json(d.text[0] ? d.text : errno_text(r), line->number, &run->text);
                outcome = OUTCOME_BROKEN;
        } else {
                verification_json(v, line->number, &run->text);
                outcome = checks_acceptable(&v->checks) ? OUTCOME_GOOD : OUTCOME_REFUSED;
                verification_done(v);
        }
        json_text_raw(&run->text, "\n");
        return outcome;
}

void batch_count(struct batch_run *run, enum outcome outcome) {
        struct context *x = run->x;

        run->n_lines++;
        if (outcome == OUTCOME_BROKEN)
                x->exit = EXIT_CODE_FAILED;
        else if (outcome == OUTCOME_REFUSED && x->exit == EXIT_CODE_GOOD)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
}

int batch_next(struct lines *lines, struct batch_line *ret, const char **ret_bytes) {
        int r = lines_next(lines, ret_bytes, &ret->size);

        ret->too_long = r == -EMSGSIZE;
        ret->number = lines->number;
        if (!ret->too_long)
                return r;
        ret->size = 0;
        return 1;
}

static int run_alone(struct batch_run *run, int fd) {
        _cleanup_(lines_done) struct lines lines;
        struct diag *d = &run->x->diag;
        struct batch_line line;
        const char *bytes;
        int r;

        lines_init(&lines, fd, EVIDENCE_MAX);
        while ((r = batch_next(&lines, &line, &bytes)) > 0) {
                batch_count(run, batch_judge(run, &line, bytes));
                if (run->text.no_memory)
                        return -ENOMEM;
                r = run->x->out.quiet ? 0 : file_write_fd(STDOUT_FILENO, run->text.text, run->text.n);
                if (r < 0)
                        return diag_errno(d, r, "cannot write the output");
        }
        return r < 0 ? diag_errno(d, r, "cannot read") : 0;
}

int verify_batch(struct context *x, struct verifier *v, int fd, unsigned jobs) {
        _cleanup_(freep) struct verification *verification = calloc(1, sizeof(*verification));
        struct batch_run run = { .x = x, .verifier = v, .verification = verification };
        int r;

        if (!verification)
                return -ENOMEM;
        r = jobs > 1 ? batch_run_jobs(&run, fd, jobs) : run_alone(&run, fd);
        json_text_done(&run.text);
        if (r >= 0 && run.n_lines == 0)
                return diag_fail(&x->diag, -EBADMSG, "no evidence: not a single line");
        return r;
}
