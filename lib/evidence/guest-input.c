/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/guest-input.h"

#include <errno.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "lib/evidence/guest-input-note.h"
#include "lib/format/span.h"

enum guest_input_use guest_input_use(const uint8_t content[static USER_DATA_SIZE],
        const struct guest_input_memory *m, const uint8_t *reported) {
        if (span_is_zero((struct span){ content, USER_DATA_SIZE }))
                return GUEST_INPUT_FREE;
        if (user_data_tag(content) != USER_DATA_FOREIGN)
                return GUEST_INPUT_LEFT;
        if (m->has_settled && memcmp(content, m->settled, USER_DATA_SIZE) == 0)
                return GUEST_INPUT_SETTLED;
        return reported && memcmp(content, reported, USER_DATA_SIZE) == 0 ? GUEST_INPUT_SETTLED
                                                                          : GUEST_INPUT_WANTED;
}

/* What belongs in place of what a killed one of us left. */
static void before_of(const struct guest_input_memory *m, uint8_t content[static USER_DATA_SIZE]) {
        struct guest_input_note note;

        if (m->notes >= 0 && guest_input_note_get(m->notes, &note, NULL) >= 0 &&
                memcmp(note.ours, content, USER_DATA_SIZE) == 0)
                memcpy(content, note.before, USER_DATA_SIZE);
        else
                memset(content, 0, USER_DATA_SIZE);
}

/* Some indices take only all of their bytes at once; in one that was never written, the rest would be
 * whatever the TPM likes. */
static size_t write_size(const struct nv_index *n) {
        return (n->attributes & TPMA_NV_WRITEALL) || !nv_is_written(n) ? n->size : USER_DATA_SIZE;
}

/* content: all of the index. */
static int write_content(struct nv_index *n, const uint8_t *content, struct diag *d) {
        int r;

        tpm_hurry_begin(n->tpm);
        r = nv_write(n, content, write_size(n), d);
        tpm_hurry_end(n->tpm);
        return r;
}

static int read_content(const struct nv_index *n, uint8_t **ret, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;

        if (nv_is_written(n))
                return nv_read_all(n, ret, d);
        bytes = calloc(1, n->size ? n->size : 1);
        if (!bytes)
                return diag_errno(d, -ENOMEM, "guest input");
        *ret = TAKE(bytes);
        return 0;
}

/* In the index and in content alike. */
static int repair_content(struct nv_index *n, struct guest_input_memory *m, uint8_t *content,
        struct diag *d) {
        int r = 0;

        if (guest_input_use(content, m, NULL) == GUEST_INPUT_LEFT) {
                before_of(m, content);
                r = write_content(n, content, d);
        }
        if (r < 0)
                return diag_wrap(d, r, "cannot put back what was in the guest input");
        m->looked = true;
        return m->notes >= 0 ? guest_input_note_remove(m->notes, d) : 0;
}

int guest_input_repair(struct tpm *t, struct guest_input_memory *m, struct diag *d) {
        _cleanup_(nv_close) struct nv_index index = NV_INDEX_NONE;
        _cleanup_(freep) uint8_t *content = NULL;
        int r;

        if (m->looked)
                return 0;
        r = nv_open(t, GUEST_INPUT_INDEX, &index, d);
        if (r == -ENOENT || (r >= 0 && index.size < USER_DATA_SIZE)) {
                m->looked = true;
                return 0;
        }
        if (r >= 0)
                r = read_content(&index, &content, d);
        return r < 0 ? r : repair_content(&index, m, content, d);
}

/* One that is shorter than what the paravisor reads; what is in it is kept at the new one's beginning. */
static int lengthen(struct nv_index *n, struct diag *d) {
        _cleanup_(freep) uint8_t *content = NULL;
        uint8_t longer[USER_DATA_SIZE] = {};
        struct tpm *t = n->tpm;
        size_t size = n->size;
        int r = read_content(n, &content, d);

        if (r < 0)
                return r;
        memcpy(longer, content, size);
        tpm_hurry_begin(t); /* from here on there is no way back */
        r = nv_undefine(n, d);
        if (r >= 0)
                r = nv_define(t, GUEST_INPUT_INDEX, USER_DATA_SIZE, n, d);
        if (r >= 0 && !span_is_zero((struct span){ longer, sizeof(longer) }))
                r = nv_write(n, longer, sizeof(longer), d);
        tpm_hurry_end(t);
        return r;
}

int guest_input_look(struct guest_input *g, struct diag *d) {
        uint8_t *content = NULL;
        int r = read_content(&g->index, &content, d);

        if (r < 0)
                return r;
        free(g->before);
        g->before = content;
        return 0;
}

static int check_usable(const struct nv_index *n, struct diag *d) {
        if (nv_is_owner_readable(n))
                return 0;
        return diag_fail(d, -EOPNOTSUPP,
                "the guest input, NV index 0x%08x, was defined without OWNERREAD, so that the paravisor "
                "does "
                "not see it: undefine it (tpm2_nvundefine 0x%08x), and it will be made anew",
                n->index, n->index);
}

int guest_input_open(struct tpm *t, struct guest_input_memory *m, struct guest_input *ret, struct diag *d) {
        _cleanup_(guest_input_done) struct guest_input g = { .tpm = t, .memory = m };
        int r = nv_open(t, GUEST_INPUT_INDEX, &g.index, d);

        if (r == -ENOENT)
                r = nv_define(t, GUEST_INPUT_INDEX, USER_DATA_SIZE, &g.index, d);
        else if (r >= 0)
                r = g.index.size < USER_DATA_SIZE ? lengthen(&g.index, d) : check_usable(&g.index, d);
        if (r >= 0)
                r = guest_input_look(&g, d);
        if (r >= 0 && (!m->looked || guest_input_use(g.before, m, NULL) == GUEST_INPUT_LEFT))
                r = repair_content(&g.index, m, g.before, d);
        if (r < 0)
                return r;
        *ret = g;
        g = (struct guest_input){};
        return 0;
}

void guest_input_done(struct guest_input *g) {
        if (g->borrowed)
                (void)guest_input_put_back(g, NULL);
        nv_close(&g->index);
        free(g->before);
        *g = (struct guest_input){};
}

static int keep_note(const struct guest_input *g, struct diag *d) {
        struct guest_input_note note;

        if (g->memory->notes < 0 || span_is_zero((struct span){ g->before, USER_DATA_SIZE }))
                return 0;
        memcpy(note.ours, g->ours, USER_DATA_SIZE);
        memcpy(note.before, g->before, USER_DATA_SIZE);
        return guest_input_note_put(g->memory->notes, &note, d);
}

int guest_input_borrow(struct guest_input *g, const uint8_t user_data[static USER_DATA_SIZE],
        struct diag *d) {
        _cleanup_(freep) uint8_t *content = malloc(g->index.size);
        int r;

        if (!content)
                return diag_errno(d, -ENOMEM, "guest input");
        memcpy(content, g->before, g->index.size);
        memcpy(content, user_data, USER_DATA_SIZE);
        memcpy(g->ours, user_data, USER_DATA_SIZE);
        r = keep_note(g, d);
        if (r < 0)
                return r;
        g->borrowed = true; /* also when the TPM does not tell us whether it was written */
        return write_content(&g->index, content, d);
}

int guest_input_is_ours(struct guest_input *g, struct diag *d) {
        uint8_t content[USER_DATA_SIZE];
        int r = nv_read(&g->index, 0, content, sizeof(content), d);

        return r < 0 ? r : memcmp(content, g->ours, sizeof(content)) == 0;
}

static int put_back(struct guest_input *g, struct diag *d) {
        int r = guest_input_is_ours(g, d);

        if (r > 0)
                r = write_content(&g->index, g->before, d);
        return r == -ENODATA ? 0 : r; /* never written: the borrowing failed */
}

int guest_input_put_back(struct guest_input *g, struct diag *d) {
        struct guest_input_memory *m = g->memory;
        int r;

        if (!g->borrowed)
                return 0;
        g->borrowed = false;
        tpm_hurry_begin(g->tpm);
        r = put_back(g, d);
        tpm_hurry_end(g->tpm);
        if (r < 0) {
                m->looked = false; /* next time, what is there is looked at as if we had been killed */
                return diag_wrap(d, r, "cannot put back what was in the guest input");
        }
        memcpy(m->settled, g->before, USER_DATA_SIZE);
        m->has_settled = true;
        return m->notes >= 0 ? guest_input_note_remove(m->notes, d) : 0;
}
