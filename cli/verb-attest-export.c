/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attest export: a bundle in another form, as far as that can be made of it without the guest. */
#include <errno.h>
#include <string.h>

#include "cli/evidence-folder.h"
#include "cli/input.h"
#include "cli/verbs.h"
#include "lib/evidence/export.h"
#include "lib/format/bundle-record.h"
#include "lib/format/cmw.h"

static int print_record(struct context *x, const struct cmw *c, const char *name) {
        const struct cmw_record *record = cmw_find(c, name);

        if (!record)
                return diag_fail(&x->diag, -ENOENT, "the bundle has no record '%s'", name);
        if (fwrite(record->content.bytes, 1, record->content.n, x->out.f) != record->content.n)
                x->out.bad = true;
        return 0;
}

static struct span record_of(const struct cmw *c, enum bundle_record r) {
        const struct cmw_record *found = cmw_find(c, bundle_record_name(r));

        return found ? found->content : (struct span){};
}

static int print_maa_platform(struct context *x, const struct cmw *c) {
        const struct export_parts parts = {
                .hcl_report = record_of(c, BUNDLE_HCL_REPORT),
                .isolation = cmw_find(c, bundle_record_name(BUNDLE_TD_QUOTE)) ? "tdx" : "snp",
                .vek_chain = record_of(c, BUNDLE_SNP_VEK_CHAIN),
                .td_quote = record_of(c, BUNDLE_TD_QUOTE),
                .missing = "the bundle was made without it",
        };
        _cleanup_(freep) char *text = NULL;
        int r = export_maa_platform(&parts, &text, &x->diag);

        if (r >= 0)
                fprintf(x->out.f, "%s\n", text);
        return r;
}

/* Two that are made, and the records as they are. */
const char *attest_export_format(size_t i) {
        static const char *const made[] = { "raw", "maa-platform" };
        size_t record = i - sizeof(made) / sizeof(made[0]) + 1;

        if (i < sizeof(made) / sizeof(made[0]))
                return made[i];
        return record < _BUNDLE_RECORD_MAX ? bundle_record_name((enum bundle_record)record) : NULL;
}

/* Why not, for those who would expect it. */
static int refuse(struct context *x, const char *format) {
        if (strcmp(format, "trustee") == 0)
                return context_usage(x,
                        "trustee cannot be made of a bundle: it has the nonce itself in report and "
                        "quote; make it live, with attest get --format=trustee");
        if (strcmp(format, "maa") == 0)
                return context_usage(x,
                        "maa cannot be made of a bundle: the answer is encrypted to a key of the "
                        "guest's TPM; make it live, with attest get --format=maa");
        return context_usage(x, "--format is raw, maa-platform or the name of a record, not '%s'", format);
}

int verb_attest_export(struct context *x, char **args, size_t n) {
        const char *format = x->options->values[OPTION_FORMAT] ?: "raw";
        _cleanup_(freep) char *text = NULL;
        bool raw = strcmp(format, "raw") == 0, platform = strcmp(format, "maa-platform") == 0;
        struct cmw c = {};
        size_t size;
        int r;

        if (!raw && !platform && bundle_record_find(format) < 0)
                return refuse(x, format);
        if (raw && !x->options->given[OPTION_OUTPUT])
                return context_usage(x, "--format=raw makes a folder: name it with --output");
        r = input_read(args[0], CMW_MAX, &text, &size, &x->diag);
        if (r < 0)
                return r;
        if (raw) {
                x->written = true;
                return evidence_folder_write(x->options->values[OPTION_OUTPUT], text, size, &x->diag);
        }
        r = cmw_parse(text, size, &c, &x->diag);
        if (r >= 0)
                r = platform ? print_maa_platform(x, &c) : print_record(x, &c, format);
        cmw_done(&c);
        return r;
}
