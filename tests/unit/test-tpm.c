/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/harness.h"

#include <errno.h>
#include <tss2/tss2_tpm2_types.h>

#include "lib/evidence/guest-input-note.h"
#include "lib/evidence/guest-input.h"
#include "lib/evidence/tpm-answer.h"
#include "lib/evidence/tpm-private.h"
#include "tests/unit/swtpm.h"

#define INDEX UINT32_C(0x01800042)

static void test_answers(void **state) {
        static const struct {
                uint32_t rc;
                int error;
                bool broken;
        } rows[] = {
                { 0x14a, -ENODATA, false }, { 0x18b, -ENOENT, false }, /* handle 1 */
                { 0x910, -ENOENT, false }, { 0x98e, -EACCES, false },  /* session 1 */
                { 0x9a2, -EACCES, false }, { 0x149, -EACCES, false }, { 0x12f, -EACCES, false },
                { 0x921, -EUSERS, false }, { 0x143, -EOPNOTSUPP, false },
                { 0xc0143, -EOPNOTSUPP, false }, /* from the kernel's resource manager */
                { 0xc018b, -ENOENT, false }, { 0x1d5, -EIO, false }, { 0x922, -EIO, false },
                { 0xa000a, -EIO, true }, /* TCTI: input or output */
                { 0xa0001, -EIO, true }, { 0x70017, -ENOMEM, false }, { 0x7000a, -EIO, true },
                { 0x70007, -EIO, true }, /* ESYS: out of sequence after a command that was lost */
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[TPM_ANSWER_TEXT_SIZE], number[16];

                assert_int_equal(tpm_answer_errno(rows[i].rc), rows[i].error);
                assert_int_equal(tpm_answer_is_broken(rows[i].rc), rows[i].broken);
                tpm_answer_format(rows[i].rc, text);
                snprintf(number, sizeof(number), "(0x%x)", rows[i].rc);
                assert_non_null(strstr(text, number));
        }
        assert_false(tpm_answer_is_broken(0));
}

static void test_no_tpm(void **state) {
        struct tpm *t = NULL;
        struct diag d = {};

        assert_int_equal(tpm_open("device:/dev/there-is-no-tpm", NULL, &t, &d), -ENODEV);
        assert_non_null(strstr(d.text, "/dev/there-is-no-tpm: No such file"));
        assert_int_equal(tpm_open("swtpm:path=nobody-listens", NULL, &t, &d), -ENODEV);
        assert_int_equal(tpm_open("no-such-tcti", NULL, &t, &d), -ENODEV);
        assert_null(t);
}

/* Whatever fits into an index, in as many parts as it takes, and nothing beyond. */
static void test_index_of_any_size(void **state) {
        static const size_t sizes[] = { 1, 64, 1023, 1024, 1025, 2048 };
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        struct diag d;

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;
                _cleanup_(freep) uint8_t *in = malloc(sizes[i]);
                _cleanup_(freep) uint8_t *out = NULL;
                uint8_t last;

                for (size_t j = 0; j < sizes[i]; j++)
                        in[j] = (uint8_t)(j * 7 + i + j / 256);
                assert_int_equal(nv_define(t, INDEX, sizes[i], &n, &d), 0);
                assert_false(nv_is_written(&n));
                assert_int_equal(nv_read_all(&n, &out, &d), -ENODATA);
                assert_int_equal(nv_write(&n, in, sizes[i], &d), 0);
                assert_int_equal(nv_write(&n, in, sizes[i] + 1, &d), -EINVAL);
                nv_close(&n);
                assert_int_equal(nv_open(t, INDEX, &n, &d), 0);
                assert_true(nv_is_written(&n));
                assert_true(nv_is_owner_readable(&n));
                assert_int_equal(n.size, sizes[i]);
                assert_int_equal(nv_read_all(&n, &out, &d), 0);
                assert_memory_equal(out, in, sizes[i]);
                assert_int_equal(nv_read(&n, sizes[i] - 1, &last, 1, &d), 0);
                assert_int_equal(last, in[sizes[i] - 1]);
                assert_int_equal(nv_read(&n, sizes[i], &last, 1, &d), -EINVAL);
                assert_int_equal(nv_undefine(&n, &d), 0);
                assert_int_equal(nv_open(t, INDEX, &n, &d), -ENOENT);
        }
}

static int count_down(void *data) {
        int *left = data;

        return (*left)-- > 0 ? 0 : -ECANCELED;
}

static void test_pacing_ends_between_commands(void **state) {
        int left = INT32_MAX;
        const struct tpm_pacing pacing = { .between = count_down, .data = &left };
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, &pacing);
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;
        _cleanup_(freep) uint8_t *out = NULL;
        uint8_t in[2048] = { 1 };
        uint64_t before;
        struct diag d;

        assert_int_equal(nv_define(t, INDEX, sizeof(in), &n, &d), 0);
        assert_int_equal(nv_write(&n, in, sizeof(in), &d), 0);
        left = 1; /* of the two that it takes */
        before = tpm_commands(t);
        assert_int_equal(nv_read_all(&n, &out, &d), -ECANCELED);
        assert_int_equal(tpm_commands(t), before + 1);
        tpm_hurry_begin(t);
        assert_int_equal(nv_read_all(&n, &out, &d), 0);
        tpm_hurry_end(t);
        left = INT32_MAX;
        assert_int_equal(nv_undefine(&n, &d), 0);
}

static void set_owner_auth(struct tpm *t, bool set) {
        const TPM2B_AUTH auth = { .size = set ? 3 : 0, .buffer = "abc" };

        if (!set)
                assert_int_equal(Esys_TR_SetAuth(t->esys, ESYS_TR_RH_OWNER,
                                         &(TPM2B_AUTH){ .size = 3, .buffer = "abc" }),
                        0);
        assert_int_equal(Esys_HierarchyChangeAuth(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &auth),
                0);
        assert_int_equal(Esys_TR_SetAuth(t->esys, ESYS_TR_RH_OWNER, &(TPM2B_AUTH){}), 0);
}

static void test_owner_authorisation_that_is_set_is_named(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE, other = NV_INDEX_NONE;
        uint8_t byte = 1;
        struct diag d;

        assert_int_equal(nv_define(t, INDEX, 1, &n, &d), 0);
        assert_int_equal(nv_write(&n, &byte, 1, &d), 0);
        set_owner_auth(t, true);
        assert_int_equal(nv_read(&n, 0, &byte, 1, &d), -EPERM);
        assert_non_null(strstr(d.text, "owner authorisation of the TPM is set"));
        assert_int_equal(nv_write(&n, &byte, 1, &d), -EPERM);
        assert_int_equal(nv_define(t, INDEX + 1, 1, &other, &d), -EPERM);
        set_owner_auth(t, false);
        assert_int_equal(nv_read(&n, 0, &byte, 1, &d), 0);
        assert_int_equal(nv_undefine(&n, &d), 0);
}

static void fill(uint8_t *bytes, const char *tag) {
        memset(bytes, 0x5a, USER_DATA_SIZE - 16);
        memset(bytes + USER_DATA_SIZE - 16, 0, 16);
        memcpy(bytes + USER_DATA_SIZE - 16, tag, strlen(tag));
}

static void test_use(void **state) {
        struct guest_input_memory m = GUEST_INPUT_MEMORY(-1);
        uint8_t content[USER_DATA_SIZE] = {}, other[USER_DATA_SIZE] = { 7 };

        assert_int_equal(guest_input_use(content, &m, NULL), GUEST_INPUT_FREE);
        assert_int_equal(guest_input_use(content, &m, other), GUEST_INPUT_FREE);
        fill(content, "cvmd-batch-1");
        assert_int_equal(guest_input_use(content, &m, NULL), GUEST_INPUT_LEFT);
        fill(content, "cvmd-raw-1");
        assert_int_equal(guest_input_use(content, &m, content), GUEST_INPUT_LEFT);
        fill(content, "other");
        assert_int_equal(guest_input_use(content, &m, NULL), GUEST_INPUT_WANTED);
        assert_int_equal(guest_input_use(content, &m, other), GUEST_INPUT_WANTED);
        assert_int_equal(guest_input_use(content, &m, content), GUEST_INPUT_SETTLED);
        memcpy(m.settled, content, sizeof(content));
        assert_int_equal(guest_input_use(content, &m, NULL), GUEST_INPUT_WANTED);
        m.has_settled = true;
        assert_int_equal(guest_input_use(content, &m, NULL), GUEST_INPUT_SETTLED);
        assert_int_equal(guest_input_use(other, &m, NULL), GUEST_INPUT_WANTED);
}

static void test_note(void **state) {
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        struct guest_input_note note = {}, read = {};
        _cleanup_(freep) char *text = NULL;
        struct diag d;
        size_t n;

        assert_int_equal(guest_input_note_get(s.fd, &read, &d), -ENOENT);
        fill(note.ours, "cvmd-batch-1");
        fill(note.before, "other");
        assert_int_equal(guest_input_note_put(s.fd, &note, &d), 0);
        assert_int_equal(guest_input_note_get(s.fd, &read, &d), 0);
        assert_memory_equal(&read, &note, sizeof(note));
        assert_int_equal(file_read_at(s.fd, GUEST_INPUT_NOTE_NAME, 4096, &text, &n), 0);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(text, i);

                assert_int_equal(guest_input_note_parse(cut, i, &read, &d), -EBADMSG);
        }
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) uint8_t *changed = copy_exact(text, n);

                changed[i] ^= 0x80;
                assert_int_equal(guest_input_note_parse(changed, n, &read, &d), -EBADMSG);
        }
        assert_int_equal(guest_input_note_remove(s.fd, &d), 0);
        assert_int_equal(guest_input_note_remove(s.fd, &d), 0);
        assert_int_equal(guest_input_note_get(s.fd, &read, &d), -ENOENT);
}

/* What stands in an index that is open. */
static void assert_holds(const struct nv_index *n, const uint8_t content[static USER_DATA_SIZE]) {
        uint8_t bytes[USER_DATA_SIZE];
        struct diag d;

        assert_int_equal(nv_read(n, 0, bytes, sizeof(bytes), &d), 0);
        assert_memory_equal(bytes, content, sizeof(bytes));
}

/* What stands in the guest input, which nobody has open. */
static void assert_content(struct tpm *t, const uint8_t content[static USER_DATA_SIZE]) {
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;

        assert_int_equal(nv_open(t, GUEST_INPUT_INDEX, &n, NULL), 0);
        assert_holds(&n, content);
}

static void write_content(struct tpm *t, const uint8_t content[static USER_DATA_SIZE]) {
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;

        assert_int_equal(nv_open(t, GUEST_INPUT_INDEX, &n, NULL), 0);
        assert_int_equal(nv_write(&n, content, USER_DATA_SIZE, NULL), 0);
}

static void undefine(struct tpm *t, uint32_t index) {
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;

        assert_int_equal(nv_open(t, index, &n, NULL), 0);
        assert_int_equal(nv_undefine(&n, NULL), 0);
}

static const uint8_t zeroes[USER_DATA_SIZE];

static void test_borrowing(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        struct guest_input_memory m = GUEST_INPUT_MEMORY(-1);
        _cleanup_(guest_input_done) struct guest_input g = {};
        uint8_t ours[USER_DATA_SIZE], theirs[USER_DATA_SIZE];
        struct diag d;

        fill(ours, "cvmd-batch-1");
        fill(theirs, "other");
        assert_int_equal(guest_input_repair(t, &m, &d), 0); /* nothing is there, and nothing is made */
        assert_int_equal(nv_open(t, GUEST_INPUT_INDEX, &g.index, &d), -ENOENT);

        assert_int_equal(guest_input_open(t, &m, &g, &d), 0);
        assert_int_equal(guest_input_borrow(&g, ours, &d), 0);
        assert_holds(&g.index, ours);
        assert_int_equal(guest_input_is_ours(&g, &d), 1);
        assert_int_equal(guest_input_put_back(&g, &d), 0);
        assert_holds(&g.index, zeroes);

        /* somebody else writes while it is borrowed: theirs stays */
        assert_int_equal(guest_input_borrow(&g, ours, &d), 0);
        assert_int_equal(nv_write(&g.index, theirs, sizeof(theirs), &d), 0);
        assert_int_equal(guest_input_is_ours(&g, &d), 0);
        guest_input_done(&g);
        assert_content(t, theirs);

        /* theirs is put back, by the end of the borrowing alone */
        assert_int_equal(guest_input_open(t, &m, &g, &d), 0);
        assert_int_equal(guest_input_borrow(&g, ours, &d), 0);
        assert_holds(&g.index, ours);
        guest_input_done(&g);
        assert_content(t, theirs);
        undefine(t, GUEST_INPUT_INDEX);
}

static void test_long_index_keeps_what_is_behind(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        struct guest_input_memory m = GUEST_INPUT_MEMORY(-1);
        _cleanup_(guest_input_done) struct guest_input g = {};
        uint8_t ours[USER_DATA_SIZE], content[1500], found[1500];
        struct diag d;

        fill(ours, "cvmd-raw-1");
        memset(content, 0xa5, sizeof(content));
        assert_int_equal(nv_define(t, GUEST_INPUT_INDEX, sizeof(content), &g.index, &d), 0);
        assert_int_equal(nv_write(&g.index, content, sizeof(content), &d), 0);
        guest_input_done(&g);
        for (unsigned borrowed = 0; borrowed < 2; borrowed++) {
                assert_int_equal(guest_input_open(t, &m, &g, &d), 0);
                assert_int_equal(g.index.size, sizeof(content));
                assert_int_equal(guest_input_borrow(&g, ours, &d), 0);
                assert_int_equal(nv_read(&g.index, 0, found, sizeof(found), &d), 0);
                assert_memory_equal(found, ours, sizeof(ours));
                assert_memory_equal(found + sizeof(ours), content + sizeof(ours),
                        sizeof(content) - sizeof(ours));
                assert_int_equal(guest_input_put_back(&g, &d), 0);
                assert_int_equal(nv_read(&g.index, 0, found, sizeof(found), &d), 0);
                assert_memory_equal(found, content, sizeof(content));
                guest_input_done(&g);
        }
        undefine(t, GUEST_INPUT_INDEX);
}

static void test_short_index_is_made_anew(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        struct guest_input_memory m = GUEST_INPUT_MEMORY(-1);
        _cleanup_(guest_input_done) struct guest_input g = {};
        uint8_t content[USER_DATA_SIZE] = { 1, 2, 3 };
        struct diag d;

        assert_int_equal(nv_define(t, GUEST_INPUT_INDEX, 3, &g.index, &d), 0);
        assert_int_equal(nv_write(&g.index, content, 3, &d), 0);
        guest_input_done(&g);
        assert_int_equal(guest_input_open(t, &m, &g, &d), 0);
        assert_int_equal(g.index.size, USER_DATA_SIZE);
        guest_input_done(&g);
        assert_content(t, content);
        undefine(t, GUEST_INPUT_INDEX);
}

static void test_index_that_the_paravisor_cannot_read(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        struct guest_input_memory m = GUEST_INPUT_MEMORY(-1);
        _cleanup_(guest_input_done) struct guest_input g = {};
        const TPM2B_NV_PUBLIC public = { .nvPublic = {
                                                 .nvIndex = GUEST_INPUT_INDEX,
                                                 .nameAlg = TPM2_ALG_SHA256,
                                                 .attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE,
                                                 .dataSize = USER_DATA_SIZE,
                                         } };
        ESYS_TR object;
        struct diag d;

        assert_int_equal(Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &(TPM2B_AUTH){}, &public, &object),
                0);
        Esys_TR_Close(t->esys, &object);
        assert_int_equal(guest_input_open(t, &m, &g, &d), -EOPNOTSUPP);
        assert_non_null(strstr(d.text, "OWNERREAD"));
        undefine(t, GUEST_INPUT_INDEX);
}

/* Writes ours as one that is killed afterwards. */
static void leave(struct tpm *t, int notes, const uint8_t ours[static USER_DATA_SIZE]) {
        struct guest_input_memory m = GUEST_INPUT_MEMORY(notes);
        _cleanup_(guest_input_done) struct guest_input g = {};
        struct diag d;

        assert_int_equal(guest_input_open(t, &m, &g, &d), 0);
        assert_int_equal(guest_input_borrow(&g, ours, &d), 0);
        g.borrowed = false;
}

static void test_what_a_killed_one_left(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        struct guest_input_memory m = GUEST_INPUT_MEMORY(s.fd);
        uint8_t ours[USER_DATA_SIZE], theirs[USER_DATA_SIZE];
        struct guest_input_note note;
        struct diag d;

        fill(ours, "cvmd-batch-1");
        fill(theirs, "other");
        leave(t, s.fd, ours); /* over nothing */
        assert_content(t, ours);
        assert_int_equal(guest_input_repair(t, &m, &d), 0);
        assert_content(t, zeroes);

        write_content(t, theirs); /* over somebody else's */
        leave(t, s.fd, ours);
        assert_content(t, ours);
        m = GUEST_INPUT_MEMORY(s.fd);
        assert_int_equal(guest_input_repair(t, &m, &d), 0);
        assert_content(t, theirs);
        assert_int_equal(guest_input_note_get(s.fd, &note, &d), -ENOENT);

        leave(t, s.fd, ours); /* somebody wrote since: the note counts no more */
        theirs[0] ^= 1;
        write_content(t, theirs);
        m = GUEST_INPUT_MEMORY(s.fd);
        assert_int_equal(guest_input_repair(t, &m, &d), 0);
        assert_content(t, theirs);
        assert_int_equal(guest_input_note_get(s.fd, &note, &d), -ENOENT);

        leave(t, s.fd, ours); /* the note is of another one of ours */
        ours[0] ^= 1;
        write_content(t, ours);
        m = GUEST_INPUT_MEMORY(s.fd);
        assert_int_equal(guest_input_repair(t, &m, &d), 0);
        assert_content(t, zeroes);
        undefine(t, GUEST_INPUT_INDEX);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_no_tpm),
        cmocka_unit_test(test_index_of_any_size),
        cmocka_unit_test(test_pacing_ends_between_commands),
        cmocka_unit_test(test_owner_authorisation_that_is_set_is_named),
        cmocka_unit_test(test_use),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_borrowing),
        cmocka_unit_test(test_long_index_keeps_what_is_behind),
        cmocka_unit_test(test_short_index_is_made_anew),
        cmocka_unit_test(test_index_that_the_paravisor_cannot_read),
        cmocka_unit_test(test_what_a_killed_one_left),
};

RUN_WITH(tests, swtpm_start, swtpm_stop)
