/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/tdx-collateral.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/base/hex.h"
#include "lib/base/json-record.h"
#include "lib/base/json-token.h"
#include "lib/base/name-table.h"

#define TCB_INFO_VERSION 3
#define QE_IDENTITY_VERSION 2

static const char *const statuses[] = {
        [TCB_UP_TO_DATE] = "UpToDate",
        [TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
        [TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
        [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
        [TCB_OUT_OF_DATE] = "OutOfDate",
        [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
        [TCB_REVOKED] = "Revoked",
};
_Static_assert(N_NAMES(statuses) == _TCB_STATUS_MAX, "every status has a name");

const char *tcb_status_to_string(enum tcb_status s) {
        return name_of(statuses, N_NAMES(statuses), s);
}

int tcb_status_from_string(const char *text) {
        return name_find(statuses, N_NAMES(statuses), text);
}

static int fail(const struct json_node *node, struct diag *d, const char *why) {
        return diag_fail(d, -EBADMSG, "%u:%u: %s", node->at.line, node->at.column, why);
}

static int read_string(const struct json_node *object, const char *key, const char **ret, struct diag *d) {
        const struct json_node *node = NULL;
        int r = json_record_member(object, key, JSON_STRING, &node, d);

        if (r >= 0)
                *ret = node->string;
        return r;
}

static int read_number(const struct json_node *object, const char *key, uint32_t max, uint32_t *ret,
        struct diag *d) {
        const struct json_node *node = NULL;
        int r = json_record_member(object, key, JSON_INTEGER, &node, d);

        if (r < 0)
                return r;
        if (node->integer < 0 || node->integer > max)
                return fail(node, d, "a number out of range");
        *ret = (uint32_t)node->integer;
        return 0;
}

static int read_hex(const struct json_node *object, const char *key, void *ret, size_t n, struct diag *d) {
        const struct json_node *node = NULL;
        int r = json_record_member(object, key, JSON_STRING, &node, d);

        if (r < 0)
                return r;
        return hex_parse_exactly(node->string, ret, n) < 0
                ? diag_fail(d, -EBADMSG, "%u:%u: \"%s\" is not %zu bytes in hexadecimal digits",
                          node->at.line, node->at.column, key, n)
                : 0;
}

/* "2025-05-14T00:00:00Z", and no other form. */
static int read_time(const struct json_node *object, const char *key, int64_t *ret, struct diag *d) {
        const struct json_node *node = NULL;
        struct tm tm = {};
        char again[32] = "";
        const char *end;
        int64_t seconds;
        int r = json_record_member(object, key, JSON_STRING, &node, d);

        if (r < 0)
                return r;
        end = strptime(node->string, "%Y-%m-%dT%H:%M:%SZ", &tm);
        seconds = timegm(&tm); /* which makes 2 March of 30 February */
        if (end && *end == '\0')
                (void)strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (strcmp(again, node->string) != 0)
                return fail(node, d, "no time as in 2025-05-14T00:00:00Z");
        if (seconds < 0)
                return fail(node, d, "a time before 1970");
        *ret = seconds;
        return 0;
}

static int read_version(const struct json_node *body, uint32_t version, const char *id, struct diag *d) {
        const char *found_id = NULL;
        uint32_t found;
        int r = read_number(body, "version", UINT16_MAX, &found, d);

        if (r >= 0)
                r = read_string(body, "id", &found_id, d);
        if (r < 0)
                return r;
        if (found != version || strcmp(found_id, id) != 0)
                return diag_fail(d, -EOPNOTSUPP, "version %u of \"%s\", not version %u of \"%s\"", found,
                        found_id, version, id);
        return 0;
}

static int read_advisories(const struct json_node *level, char ret[ADVISORIES_SIZE], struct diag *d) {
        const struct json_node *list = NULL;
        size_t n = 0;
        int r = json_record_optional(level, "advisoryIDs", JSON_LIST, &list, d);

        ret[0] = '\0';
        for (const struct json_node *a = list ? list->children : NULL; a && r >= 0; a = a->next) {
                if (a->kind != JSON_STRING)
                        return fail(a, d, "an advisory's id is a string");
                for (const char *c = a->string; *c; c++)
                        if (*c <= ' ' || *c > '~')
                                return fail(a, d, "an advisory's id has letters, digits and dashes");
                if (n + strlen(a->string) + 2 > ADVISORIES_SIZE)
                        break;
                n += (size_t)snprintf(ret + n, ADVISORIES_SIZE - n, "%s%s", n > 0 ? " " : "", a->string);
        }
        return r;
}

/* [{"svn": 5, ...}, ...], all 16. */
static int read_components(const struct json_node *tcb, const char *key, uint8_t ret[SGX_COMPONENTS],
        struct diag *d) {
        const struct json_node *list = NULL;
        size_t i = 0;
        int r = json_record_member(tcb, key, JSON_LIST, &list, d);

        if (r < 0)
                return r;
        if (list->n_children != SGX_COMPONENTS)
                return fail(list, d, "not 16 components");
        for (const struct json_node *c = list->children; c; c = c->next) {
                uint32_t svn;

                if (c->kind != JSON_OBJECT)
                        return fail(c, d, "a component is an object");
                r = read_number(c, "svn", UINT8_MAX, &svn, d);
                if (r < 0)
                        return r;
                ret[i++] = (uint8_t)svn;
        }
        return 0;
}

static int read_platform_tcb(const struct json_node *tcb, struct tcb_level *l, struct diag *d) {
        uint32_t pce_svn = 0;
        int r = read_components(tcb, "sgxtcbcomponents", l->sgx_svn, d);

        if (r >= 0)
                r = read_components(tcb, "tdxtcbcomponents", l->tdx_svn, d);
        if (r >= 0)
                r = read_number(tcb, "pcesvn", UINT16_MAX, &pce_svn, d);
        l->pce_svn = (uint16_t)pce_svn;
        return r;
}

static int read_isv_tcb(const struct json_node *tcb, struct tcb_level *l, struct diag *d) {
        uint32_t svn = 0;
        int r = read_number(tcb, "isvsvn", UINT16_MAX, &svn, d);

        l->isv_svn = (uint16_t)svn;
        return r;
}

static int read_level(const struct json_node *node, bool platform, struct tcb_level *ret, struct diag *d) {
        const struct json_node *tcb = NULL, *status = NULL;
        int r, value;

        if (node->kind != JSON_OBJECT)
                return fail(node, d, "a level is an object");
        r = json_record_member(node, "tcb", JSON_OBJECT, &tcb, d);
        if (r >= 0)
                r = platform ? read_platform_tcb(tcb, ret, d) : read_isv_tcb(tcb, ret, d);
        if (r >= 0)
                r = read_time(node, "tcbDate", &ret->date, d);
        if (r >= 0)
                r = json_record_member(node, "tcbStatus", JSON_STRING, &status, d);
        if (r < 0)
                return r;
        value = tcb_status_from_string(status->string);
        if (value < 0)
                return fail(status, d, "a status that is not known");
        ret->status = (enum tcb_status)value;
        return read_advisories(node, ret->advisories, d);
}

static int read_levels(const struct json_node *object, bool platform, struct tcb_levels *ret,
        struct diag *d) {
        _cleanup_(freep) struct tcb_level *levels = NULL;
        const struct json_node *list = NULL;
        size_t i = 0;
        int r = json_record_member(object, "tcbLevels", JSON_LIST, &list, d);

        if (r < 0)
                return r;
        if (list->n_children == 0 || list->n_children > TCB_LEVELS_MAX)
                return fail(list, d, "no levels, or too many");
        levels = calloc(list->n_children, sizeof(*levels));
        if (!levels)
                return diag_errno(d, -ENOMEM, "levels");
        for (const struct json_node *l = list->children; l; l = l->next) {
                r = read_level(l, platform, &levels[i++], d);
                if (r < 0)
                        return r;
        }
        *ret = (struct tcb_levels){ .n = list->n_children, .of = TAKE(levels) };
        return 0;
}

/* Eight bytes as they stand in a quote: little-endian. */
static int read_le64(const struct json_node *object, const char *key, uint64_t *ret, struct diag *d) {
        uint8_t bytes[8];
        struct cursor c = cursor_over(bytes, sizeof(bytes));
        int r = read_hex(object, key, bytes, sizeof(bytes), d);

        if (r >= 0)
                *ret = cursor_le64(&c);
        return r;
}

static int read_module(const struct json_node *object, struct tdx_module *m, struct diag *d) {
        int r = read_hex(object, "mrsigner", m->mrsigner, sizeof(m->mrsigner), d);

        if (r >= 0)
                r = read_le64(object, "attributes", &m->attributes, d);
        return r < 0 ? r : read_le64(object, "attributesMask", &m->attributes_mask, d);
}

/* "TDX_03": the version in two hexadecimal digits. */
static int read_module_identity(const struct json_node *node, struct tcb_info *t, struct diag *d) {
        struct tdx_module *m = &t->modules[t->n_modules];
        const char *id = NULL;
        int r;

        if (node->kind != JSON_OBJECT)
                return fail(node, d, "a module's identity is an object");
        r = read_string(node, "id", &id, d);
        if (r < 0)
                return r;
        if (strncmp(id, "TDX_", 4) != 0 || hex_parse_exactly(id + 4, &m->version, 1) < 0 || m->version == 0)
                return fail(node, d, "a module's id is TDX_01 to TDX_FF");
        for (size_t i = 0; i < t->n_modules; i++)
                if (t->modules[i].version == m->version)
                        return fail(node, d, "a module that is there twice");
        r = read_module(node, m, d);
        if (r >= 0)
                r = read_levels(node, false, &m->levels, d);
        if (r >= 0)
                t->n_modules++;
        return r;
}

static int read_modules(const struct json_node *body, struct tcb_info *t, struct diag *d) {
        const struct json_node *module = NULL, *identities = NULL;
        int r = json_record_member(body, "tdxModule", JSON_OBJECT, &module, d);

        if (r >= 0)
                r = read_module(module, &t->modules[0], d);
        if (r >= 0)
                r = json_record_optional(body, "tdxModuleIdentities", JSON_LIST, &identities, d);
        if (r < 0)
                return r;
        t->n_modules = 1;
        if (identities && identities->n_children >= TDX_MODULES_MAX)
                return fail(identities, d, "too many modules");
        for (const struct json_node *i = identities ? identities->children : NULL; i; i = i->next) {
                r = read_module_identity(i, t, d);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_times(const struct json_node *body, int64_t *ret_issued, int64_t *ret_next, struct diag *d) {
        int r = read_time(body, "issueDate", ret_issued, d);

        return r < 0 ? r : read_time(body, "nextUpdate", ret_next, d);
}

static int read_tcb_info(const struct json_node *body, struct tcb_info *t, struct diag *d) {
        uint32_t type;
        int r = read_version(body, TCB_INFO_VERSION, "TDX", d);

        if (r >= 0)
                r = read_number(body, "tcbType", UINT16_MAX, &type, d);
        if (r >= 0 && type != 0)
                r = diag_fail(d, -EOPNOTSUPP, "TCBs of type %u, whose order is not known", type);
        if (r >= 0)
                r = read_times(body, &t->issued, &t->next_update, d);
        if (r >= 0)
                r = read_hex(body, "fmspc", t->fmspc, sizeof(t->fmspc), d);
        if (r >= 0)
                r = read_hex(body, "pceId", t->pce_id, sizeof(t->pce_id), d);
        if (r >= 0)
                r = read_modules(body, t, d);
        return r < 0 ? r : read_levels(body, true, &t->levels, d);
}

/* Four bytes as they stand in a report: little-endian. */
static int read_le32(const struct json_node *object, const char *key, uint32_t *ret, struct diag *d) {
        uint8_t bytes[4];
        struct cursor c = cursor_over(bytes, sizeof(bytes));
        int r = read_hex(object, key, bytes, sizeof(bytes), d);

        if (r >= 0)
                *ret = cursor_le32(&c);
        return r;
}

static int read_qe_identity(const struct json_node *body, struct qe_identity *q, struct diag *d) {
        uint32_t prod_id = 0;
        int r = read_version(body, QE_IDENTITY_VERSION, "TD_QE", d);

        if (r >= 0)
                r = read_times(body, &q->issued, &q->next_update, d);
        if (r >= 0)
                r = read_le32(body, "miscselect", &q->misc_select, d);
        if (r >= 0)
                r = read_le32(body, "miscselectMask", &q->misc_select_mask, d);
        if (r >= 0)
                r = read_hex(body, "attributes", q->attributes, sizeof(q->attributes), d);
        if (r >= 0)
                r = read_hex(body, "attributesMask", q->attributes_mask, sizeof(q->attributes_mask), d);
        if (r >= 0)
                r = read_hex(body, "mrsigner", q->mrsigner, sizeof(q->mrsigner), d);
        if (r >= 0)
                r = read_number(body, "isvprodid", UINT16_MAX, &prod_id, d);
        q->isv_prod_id = (uint16_t)prod_id;
        return r < 0 ? r : read_levels(body, false, &q->levels, d);
}

static int read_file(const struct json_node *root, const char *text, size_t n, struct tdx_collateral_file *f,
        struct diag *d) {
        static const char *const keys[] = { "tcbInfo", "enclaveIdentity", "signature" };
        bool is_info = json_member(root, "tcbInfo");
        const char *key = is_info ? "tcbInfo" : "enclaveIdentity";
        const struct json_node *body = NULL;
        int r = json_record_only(root, keys, N_NAMES(keys), d);

        if (r >= 0 && is_info && json_member(root, "enclaveIdentity"))
                return fail(root, d, "a TCB info and a QE identity, and one signature");
        if (r >= 0)
                r = json_record_member(root, key, JSON_OBJECT, &body, d);
        if (r >= 0)
                r = read_hex(root, "signature", f->signature, sizeof(f->signature), d);
        if (r < 0)
                return r;
        if (!json_member_text(text, n, key, (const char **)&f->body.bytes, &f->body.n))
                return fail(body, d, "a name that is written with escapes");
        f->kind = is_info ? TDX_TCB_INFO : TDX_QE_IDENTITY;
        return is_info ? read_tcb_info(body, &f->tcb_info, d) : read_qe_identity(body, &f->qe_identity, d);
}

int tdx_collateral_file_parse(const char *text, size_t n, const char *what, struct tdx_collateral_file *ret,
        struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        _cleanup_(tdx_collateral_file_done) struct tdx_collateral_file f = {};
        int r;

        if (n > TDX_COLLATERAL_MAX)
                return diag_fail(d, -EBADMSG, "%s: more than %d bytes", what, TDX_COLLATERAL_MAX);
        r = json_record_parse(text, n, what, &document, d);
        if (r < 0)
                return r;
        r = read_file(document->root, text, n, &f, d);
        if (r < 0)
                return diag_wrap(d, r, "%s", what);
        *ret = f;
        f = (struct tdx_collateral_file){};
        return 0;
}

void tdx_collateral_file_done(struct tdx_collateral_file *f) {
        for (size_t i = 0; i < TDX_MODULES_MAX; i++)
                free(f->tcb_info.modules[i].levels.of);
        free(f->tcb_info.levels.of);
        free(f->qe_identity.levels.of);
        *f = (struct tdx_collateral_file){};
}
