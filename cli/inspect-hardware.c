/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the hardware reports: SEV-SNP and TDX. */
#include "cli/inspect.h"
#include "lib/base/json-build.h"
#include "lib/base/name-table.h"
#include "lib/format/snp-report.h"
#include "lib/format/tdx-quote.h"
#include "lib/format/tdx-report.h"

/* AMD 56860, "Guest policy structure". */
static const struct inspection_bit POLICY[] = {
        { 16, "smt", "SMT allowed" },
        { 18, "migrate-ma", "migration agent allowed" },
        { 19, "debug", "debugging allowed" },
        { 20, "single-socket", "one socket alone" },
        { 21, "cxl-allow", "CXL allowed" },
        { 22, "aes-256-xts", "AES-256-XTS demanded" },
        { 23, "rapl-disable", "RAPL off" },
        { 24, "ciphertext-hiding", "ciphertext hiding demanded" },
        { 25, "page-swap-disable", "page swaps off" },
};

/* AMD 56860, PLATFORM_INFO. */
static const struct inspection_bit PLATFORM[] = {
        { 0, "smt", "SMT on" },
        { 1, "tsme", "TSME on" },
        { 2, "ecc", "ECC memory" },
        { 3, "rapl-disabled", "RAPL off" },
        { 4, "ciphertext-hiding", "ciphertext hiding on" },
        { 5, "alias-check", "alias check complete" },
        { 7, "tio", "TIO on" },
};

/* Intel TDX module base architecture specification, ATTRIBUTES. */
static const struct inspection_bit TD_ATTRIBUTES[] = {
        { 0, "debug", "debugging allowed" },
        { 27, "lass", "LASS" },
        { 28, "sept-ve-disable", "SEPT violations without #VE" },
        { 29, "migratable", "migration allowed" },
        { 30, "pks", "supervisor protection keys" },
        { 31, "kl", "key locker" },
        { 63, "perfmon", "performance monitoring" },
};

static const char *signer_name(const struct snp_report *s) {
        switch (s->signing_key) {
        case SNP_SIGNED_VCEK:
                return "VCEK";
        case SNP_SIGNED_VLEK:
                return "VLEK";
        case SNP_SIGNED_NONE:
                return "none";
        default:
                return "unknown";
        }
}

/* By component, as the product has them; of a CPU that is not known, the number alone. */
static void add_tcb(struct inspection *i, const char *key, uint64_t tcb, const struct snp_report *s) {
        bool known = s->product || s->version < 3; /* version 2: Milan or Genoa, alike */
        struct snp_tcb t = snp_tcb_of(tcb, s->product);
        struct json_object *o = json_object_new_object();
        char number[24], fmc[16] = "";

        snprintf(number, sizeof(number), "0x%016llx", (unsigned long long)tcb);
        if (s->product == SNP_TURIN)
                snprintf(fmc, sizeof(fmc), "FMC %u, ", t.fmc);
        if (!o || !json_add_text(o, "value", number) ||
                (known && s->product == SNP_TURIN && !json_add_number(o, "fmc", t.fmc)) ||
                (known &&
                        (!json_add_number(o, "boot-loader", t.boot_loader) ||
                                !json_add_number(o, "tee", t.tee) || !json_add_number(o, "snp", t.snp) ||
                                !json_add_number(o, "microcode", t.microcode)))) {
                json_object_put(o);
                o = NULL;
        }
        if (known)
                inspection_value(i, key, o, "%s: %sboot loader %u, TEE %u, SNP %u, microcode %u", number,
                        fmc, t.boot_loader, t.tee, t.snp, t.microcode);
        else
                inspection_value(i, key, o, "%s, of a CPU that is not known", number);
}

static void add_firmware(struct inspection *i, const char *key, struct snp_firmware f) {
        inspection_text(i, key, "%u.%u.%u", f.major, f.minor, f.build);
}

static void add_settings(struct inspection *i, const struct snp_report *s) {
        inspection_number(i, "version", s->version);
        inspection_number(i, "guest-svn", s->guest_svn);
        inspection_bits(i, "policy", s->policy, 16, POLICY, N_NAMES(POLICY));
        inspection_text(i, "policy-abi", "%u.%u", (unsigned)(s->policy >> 8 & 0xff),
                (unsigned)(s->policy & 0xff));
        inspection_hex(i, "family-id", s->family_id, sizeof(s->family_id));
        inspection_hex(i, "image-id", s->image_id, sizeof(s->image_id));
        inspection_number(i, "vmpl", s->vmpl);
        inspection_value(i, "signature-algorithm", json_object_new_uint64(s->signature_algorithm), "%u%s",
                s->signature_algorithm,
                s->signature_algorithm == 1 ? ": ECDSA P-384, SHA-384" : ", not known");
        inspection_bits(i, "platform-info", s->platform_info, 16, PLATFORM, N_NAMES(PLATFORM));
        inspection_flag(i, "author-key", s->author_key);
        inspection_flag(i, "chip-key-masked", s->chip_key_masked);
        inspection_value(i, "signing-key", json_object_new_string(signer_name(s)), "%u: %s", s->signing_key,
                signer_name(s));
}

static void add_platform(struct inspection *i, const struct snp_report *s) {
        add_tcb(i, "current-tcb", s->current_tcb, s);
        add_tcb(i, "reported-tcb", s->reported_tcb, s);
        add_tcb(i, "committed-tcb", s->committed_tcb, s);
        add_tcb(i, "launch-tcb", s->launch_tcb, s);
        add_firmware(i, "current-firmware", s->current);
        add_firmware(i, "committed-firmware", s->committed);
        if (s->version < 3)
                inspection_text(i, "product", "not told by version %u: the VEK certificate says it",
                        s->version);
        else {
                inspection_text(i, "product", "%s", snp_product_to_string(s->product));
                inspection_text(i, "cpu", "family 0x%02x, model 0x%02x, stepping %u", s->family, s->model,
                        s->stepping);
        }
        if (s->version >= 5) {
                inspection_text(i, "launch-mitigations", "0x%016llx",
                        (unsigned long long)s->launch_mitigations);
                inspection_text(i, "current-mitigations", "0x%016llx",
                        (unsigned long long)s->current_mitigations);
        }
        inspection_hex(i, "chip-id", s->chip_id, sizeof(s->chip_id));
}

int inspect_snp_report(struct inspection *i, struct span bytes, struct diag *d) {
        struct snp_report s;
        int r = snp_report_parse(bytes.bytes, bytes.n, &s, d);

        if (r < 0)
                return r;
        if (s.signing_key == SNP_SIGNED_VCEK || s.signing_key == SNP_SIGNED_VLEK)
                inspection_part(i, "snp-report", "its signature by the %s", signer_name(&s));
        else
                inspection_part(i, "snp-report", "nothing: no key signed it");
        add_settings(i, &s);
        inspection_hex(i, "report-data", s.report_data, sizeof(s.report_data));
        inspection_hex(i, "measurement", s.measurement, sizeof(s.measurement));
        inspection_hex(i, "host-data", s.host_data, sizeof(s.host_data));
        inspection_hex(i, "id-key-digest", s.id_key_digest, sizeof(s.id_key_digest));
        inspection_hex(i, "author-key-digest", s.author_key_digest, sizeof(s.author_key_digest));
        inspection_hex(i, "report-id", s.report_id, sizeof(s.report_id));
        inspection_hex(i, "report-id-ma", s.report_id_ma, sizeof(s.report_id_ma));
        add_platform(i, &s);
        inspection_hex(i, "signature-r", s.r, sizeof(s.r));
        inspection_hex(i, "signature-s", s.s, sizeof(s.s));
        return 0;
}

static void add_td(struct inspection *i, const struct tdx_measurements *m) {
        inspection_bits(i, "td-attributes", m->attributes, 16, TD_ATTRIBUTES, N_NAMES(TD_ATTRIBUTES));
        inspection_text(i, "xfam", "0x%016llx", (unsigned long long)m->xfam);
        inspection_hex(i, "mrtd", m->mrtd, sizeof(m->mrtd));
        inspection_hex(i, "mrconfigid", m->mrconfigid, sizeof(m->mrconfigid));
        inspection_hex(i, "mrowner", m->mrowner, sizeof(m->mrowner));
        inspection_hex(i, "mrownerconfig", m->mrownerconfig, sizeof(m->mrownerconfig));
        inspection_hex(i, "rtmr0", m->rtmr[0], sizeof(m->rtmr[0]));
        inspection_hex(i, "rtmr1", m->rtmr[1], sizeof(m->rtmr[1]));
        inspection_hex(i, "rtmr2", m->rtmr[2], sizeof(m->rtmr[2]));
        inspection_hex(i, "rtmr3", m->rtmr[3], sizeof(m->rtmr[3]));
}

int inspect_td_report(struct inspection *i, struct span bytes, struct diag *d) {
        struct tdx_report t;
        int r = tdx_report_parse(bytes.bytes, bytes.n, &t, d);

        if (r < 0)
                return r;
        inspection_part(i, "td-report",
                "its MAC, on the machine that made it alone; elsewhere a TD quote of the same");
        inspection_text(i, "type", "0x%02x", t.type);
        inspection_number(i, "subtype", t.subtype);
        inspection_number(i, "version", t.version);
        inspection_hex(i, "cpusvn", t.cpusvn, sizeof(t.cpusvn));
        inspection_hex(i, "tee-tcb-info-hash", t.tee_tcb_info_hash, sizeof(t.tee_tcb_info_hash));
        inspection_hex(i, "tee-info-hash", t.tee_info_hash, sizeof(t.tee_info_hash));
        inspection_hex(i, "report-data", t.report_data, sizeof(t.report_data));
        inspection_hex(i, "mac", t.mac, sizeof(t.mac));
        inspection_hex(i, "tee-tcb-info", t.tee_tcb_info.bytes, t.tee_tcb_info.n);
        add_td(i, &t.td);
        inspection_hex(i, "servtd-hash", t.servtd_hash, sizeof(t.servtd_hash));
        return 0;
}

static void add_quoting_enclave(struct inspection *i, const struct tdx_quote *q) {
        const struct sgx_report *s = &q->qe_report;

        inspection_part(i, "qe-report", "its signature by the platform's PCK");
        inspection_hex(i, "cpusvn", s->cpusvn, sizeof(s->cpusvn));
        inspection_text(i, "misc-select", "0x%08x", s->misc_select);
        inspection_hex(i, "attributes", s->attributes, sizeof(s->attributes));
        inspection_hex(i, "mrenclave", s->mrenclave, sizeof(s->mrenclave));
        inspection_hex(i, "mrsigner", s->mrsigner, sizeof(s->mrsigner));
        inspection_number(i, "isv-prod-id", s->isv_prod_id);
        inspection_number(i, "isv-svn", s->isv_svn);
        inspection_hex(i, "report-data", s->report_data, sizeof(s->report_data));
        inspection_hex(i, "auth-data", q->qe_auth.bytes, q->qe_auth.n);
        inspection_hex(i, "signature", q->qe_signature.bytes, q->qe_signature.n);
}

/* The chain of a quote may end with a NUL. */
static struct span without_nul(struct span s) {
        while (s.n > 0 && s.bytes[s.n - 1] == 0)
                s.n--;
        return s;
}

int inspect_td_quote(struct inspection *i, struct span bytes, struct diag *d) {
        struct tdx_quote q;
        int r = tdx_quote_parse(bytes.bytes, bytes.n, &q, d);

        if (r < 0)
                return r;
        inspection_part(i, "td-quote",
                "its signature by the attestation key, which the qe-report vouches for");
        inspection_number(i, "version", q.version);
        inspection_value(i, "key-type", json_object_new_uint64(q.key_type), "%u: ECDSA P-256", q.key_type);
        inspection_text(i, "tee-type", "0x%08x", q.tee_type);
        inspection_hex(i, "qe-vendor-id", q.qe_vendor_id, sizeof(q.qe_vendor_id));
        inspection_hex(i, "user-data", q.user_data, sizeof(q.user_data));
        inspection_value(i, "body-type", json_object_new_uint64(q.body_type), "%u: TD 1.%u", q.body_type,
                q.body_type == 3 ? 5 : 0);
        inspection_hex(i, "tee-tcb-svn", q.tee_tcb_svn, sizeof(q.tee_tcb_svn));
        inspection_hex(i, "mrseam", q.mrseam, sizeof(q.mrseam));
        inspection_hex(i, "mrsignerseam", q.mrsignerseam, sizeof(q.mrsignerseam));
        inspection_text(i, "seam-attributes", "0x%016llx", (unsigned long long)q.seam_attributes);
        add_td(i, &q.td);
        inspection_hex(i, "report-data", q.report_data, sizeof(q.report_data));
        if (q.body_type == 3) {
                inspection_hex(i, "tee-tcb-svn2", q.tee_tcb_svn2, sizeof(q.tee_tcb_svn2));
                inspection_hex(i, "mrservicetd", q.mrservicetd, sizeof(q.mrservicetd));
        }
        inspection_hex(i, "signature", q.signature.bytes, q.signature.n);
        inspection_hex(i, "attestation-key", q.attestation_key.bytes, q.attestation_key.n);
        inspection_number(i, "size", q.size);
        add_quoting_enclave(i, &q);
        return inspect_pem(i, without_nul(q.certificates), d);
}
