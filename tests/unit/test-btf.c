/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The BTF reader, on type information built here: btf, channel-layout. */
#include <errno.h>

#include "lib/facts/channel-layout.h"
#include "tests/unit/harness.h"

enum { INT = 1, PTR, ARRAY, STRUCT, UNION, TYPEDEF = 8, CONST = 10 };
#define BIT_FIELDS (1u << 31)

/* BTF in the making. Ids are given out from 1, or from where base ends, in the order of adding. */
struct maker {
        uint8_t types[4096], strings[1024];
        uint32_t n_types, n_strings; /* bytes */
        uint32_t first_string;
};

static uint32_t add_name(struct maker *m, const char *name) {
        uint32_t offset = m->n_strings;

        memcpy(m->strings + offset, name, strlen(name) + 1);
        m->n_strings += (uint32_t)strlen(name) + 1;
        return *name ? m->first_string + offset : 0;
}

static void add_u32(struct maker *m, uint32_t v) {
        for (unsigned i = 0; i < 4; i++)
                m->types[m->n_types++] = (uint8_t)(v >> 8 * i);
}

static void add_type(struct maker *m, const char *name, uint32_t kind, uint32_t vlen,
        uint32_t size_or_type) {
        uint32_t flag = vlen & BIT_FIELDS;

        if (m->n_strings == 0 && m->first_string == 0)
                add_name(m, "");
        add_u32(m, add_name(m, name));
        add_u32(m, flag | kind << 24 | (vlen & ~BIT_FIELDS));
        add_u32(m, size_or_type);
}

static void add_member(struct maker *m, const char *name, uint32_t type, uint32_t offset) {
        add_u32(m, add_name(m, name));
        add_u32(m, type);
        add_u32(m, offset);
}

static void add_int(struct maker *m, const char *name, uint32_t size) {
        add_type(m, name, INT, 0, size);
        add_u32(m, size * 8);
}

static void put_u32(uint8_t *at, uint32_t v) {
        for (unsigned i = 0; i < 4; i++)
                at[i] = (uint8_t)(v >> 8 * i);
}

#define HEADER 24

/* The caller frees it. */
static uint8_t *finish(const struct maker *m, size_t *ret_size) {
        size_t n = HEADER + m->n_types + m->n_strings;
        uint8_t *bytes = calloc(1, n);

        assert_non_null(bytes);
        bytes[0] = 0x9f;
        bytes[1] = 0xeb;
        bytes[2] = 1;
        put_u32(bytes + 4, HEADER);
        put_u32(bytes + 12, m->n_types);
        put_u32(bytes + 16, m->n_types);
        put_u32(bytes + 20, m->n_strings);
        memcpy(bytes + HEADER, m->types, m->n_types);
        memcpy(bytes + HEADER + m->n_types, m->strings, m->n_strings);
        *ret_size = n;
        return bytes;
}

enum { U32 = 1, U16, BOOL, OFFER, OFFER_MESSAGE, ANONYMOUS, CONST_MESSAGE };

/* What the kernel's types come to, in small: ids as above. */
static void make_offers(struct maker *m) {
        add_int(m, "unsigned int", 4);
        add_int(m, "short unsigned int", 2);
        add_int(m, "_Bool", 1);
        add_type(m, "vmbus_channel_offer", STRUCT, 2, 64);
        add_member(m, "if_type", U32, 0);
        add_member(m, "chn_flags", U16, 44 * 8);
        add_type(m, "vmbus_channel_offer_channel", STRUCT, 2, 80);
        add_member(m, "offer", OFFER, 8 * 8);
        add_member(m, "child_relid", U32, 72 * 8);
        add_type(m, "", UNION, 1, 4); /* anonymous, at 4 */
        add_member(m, "hidden", U32, 0);
        add_type(m, "", CONST, 0, OFFER_MESSAGE);
}

static void make_channel(struct maker *m, bool confidential) {
        make_offers(m);
        add_type(m, "vmbus_channel", STRUCT, confidential ? 4 : 2, 200);
        add_member(m, "", ANONYMOUS, 4 * 8);
        add_member(m, "offermsg", CONST_MESSAGE, 16 * 8);
        if (!confidential)
                return;
        add_member(m, "co_ring_buffer", BOOL, 120 * 8);
        add_member(m, "co_external_memory", BOOL, 121 * 8);
}

/* Parses what was made, and forgets the bytes with the test. */
struct made {
        uint8_t *bytes;
        struct btf *btf;
};

static void made_done(struct made *m) {
        btf_free(m->btf);
        free(m->bytes);
}

static struct made parse_made(const struct maker *m, const struct btf *base) {
        struct made made = {};
        struct diag d = {};
        size_t n;

        made.bytes = finish(m, &n);
        if (btf_parse(made.bytes, n, base, &made.btf, &d) < 0)
                fail_msg("%s", d.text);
        return made;
}

static void fields_are_found(void **state) {
        struct maker m = {};
        struct btf_field f = {};
        uint32_t id;

        make_channel(&m, true);
        _cleanup_(made_done) struct made made = parse_made(&m, NULL);
        assert_int_equal(btf_find_struct(made.btf, "vmbus_channel", &id), 0);
        assert_int_equal(btf_find_field(made.btf, id, "offermsg.offer.chn_flags", &f), 0);
        assert_int_equal(f.bit_offset, (16 + 8 + 44) * 8);
        assert_int_equal(f.size, 2);
        assert_int_equal(f.bits, 0);
        assert_int_equal(btf_find_field(made.btf, id, "hidden", &f), 0); /* through the anonymous union */
        assert_int_equal(f.bit_offset, 4 * 8);
        assert_int_equal(f.size, 4);
        assert_int_equal(btf_find_field(made.btf, id, "offermsg.nothing", &f), -ENODATA);
        assert_int_equal(btf_find_field(made.btf, id, "offermsg.child_relid.more", &f), -ENODATA);
        assert_int_equal(btf_find_field(made.btf, id, "offer", &f), -ENODATA);
        assert_int_equal(btf_find_field(made.btf, id, "co_ring", &f), -ENODATA);
        assert_int_equal(f.size, 4);
        assert_int_equal(btf_find_struct(made.btf, "vmbus_chan", &id), -ENODATA);
        assert_int_equal(btf_find_struct(made.btf, "_Bool", &id), -ENODATA); /* not a structure */
}

static void layouts_are_read(void **state) {
        for (int confidential = 0; confidential < 2; confidential++) {
                struct maker m = {};
                struct channel_layout l = {};
                struct diag d = {};

                make_channel(&m, confidential);
                _cleanup_(made_done) struct made made = parse_made(&m, NULL);
                assert_int_equal(channel_layout_eval(made.btf, &l, &d), 0);
                assert_int_equal(l.relid.bit_offset, (16 + 72) * 8);
                assert_int_equal(l.flags.bit_offset, (16 + 8 + 44) * 8);
                assert_int_equal(l.has_members, confidential);
                assert_int_equal(l.ring.bit_offset, confidential ? 120 * 8 : 0);
                assert_int_equal(l.dma.bit_offset, confidential ? 121 * 8 : 0);
        }
}

/* A module's ids and strings go on where those of the kernel end, and its types refer to the kernel's. */
static void modules_stand_on_the_kernel(void **state) {
        struct maker kernel = {}, module = {};
        struct channel_layout l = {};
        struct diag d = {};

        make_offers(&kernel);
        _cleanup_(made_done) struct made base = parse_made(&kernel, NULL);
        module.first_string = kernel.n_strings;
        add_type(&module, "vmbus_channel", STRUCT, 3 | BIT_FIELDS, 200);
        add_member(&module, "offermsg", OFFER_MESSAGE, 16 * 8);
        add_member(&module, "co_ring_buffer", BOOL, 1 << 24 | (120 * 8 + 1));
        add_member(&module, "co_external_memory", BOOL, 1 << 24 | (120 * 8 + 2));
        _cleanup_(made_done) struct made made = parse_made(&module, base.btf);
        assert_int_equal(channel_layout_eval(made.btf, &l, &d), 0);
        assert_true(l.has_members);
        assert_int_equal(l.relid.bit_offset, (16 + 72) * 8);
        assert_int_equal(l.dma.bit_offset, 120 * 8 + 2);
        assert_int_equal(l.dma.bits, 1);
        assert_int_equal(channel_layout_eval(base.btf, &l, &d), -ENODATA);
        assert_string_equal(d.text, "BTF: there is no struct vmbus_channel");
}

static void half_of_the_members_prove_nothing(void **state) {
        struct maker m = {};
        struct channel_layout l = {};
        struct diag d = {};

        make_offers(&m);
        add_type(&m, "vmbus_channel", STRUCT, 2, 200);
        add_member(&m, "offermsg", OFFER_MESSAGE, 16 * 8);
        add_member(&m, "co_ring_buffer", BOOL, 120 * 8);
        _cleanup_(made_done) struct made made = parse_made(&m, NULL);
        assert_int_equal(channel_layout_eval(made.btf, &l, &d), -EBADMSG);
}

static void members_of_another_form_are_refused(void **state) {
        static const struct {
                uint32_t type, offset;
        } rows[] = {
                { U32, 120 * 8 },                  /* not a byte */
                { BOOL, 120 * 8 + 1 },             /* not at a byte */
                { BOOL, 7 << 24 | (120 * 8 + 4) }, /* a bit-field over two bytes */
                { 99, 120 * 8 },                   /* no such type */
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct maker m = {};
                struct channel_layout l = {};
                struct diag d = {};

                make_offers(&m);
                add_type(&m, "vmbus_channel", STRUCT, 3 | BIT_FIELDS, 200);
                add_member(&m, "offermsg", OFFER_MESSAGE, 16 * 8);
                add_member(&m, "co_ring_buffer", rows[i].type, rows[i].offset);
                add_member(&m, "co_external_memory", rows[i].type, rows[i].offset);
                _cleanup_(made_done) struct made made = parse_made(&m, NULL);
                assert_int_equal(channel_layout_eval(made.btf, &l, &d), -EBADMSG);
        }
}

static void cycles_end(void **state) {
        struct maker m = {};
        struct btf_field f;
        uint32_t id;

        add_type(&m, "loop_t", TYPEDEF, 0, 2); /* 1 <-> 2 */
        add_type(&m, "", CONST, 0, 1);
        add_type(&m, "looping", STRUCT, 1, 8); /* 3: holds itself, without a name */
        add_member(&m, "", 3, 0);
        add_type(&m, "holder", STRUCT, 2, 8); /* 4 */
        add_member(&m, "unending", 1, 0);
        add_member(&m, "far", 5, UINT32_MAX);
        add_type(&m, "deep", STRUCT, 1, 8); /* 5 */
        add_member(&m, "end", 5, 8);
        _cleanup_(made_done) struct made made = parse_made(&m, NULL);
        assert_int_equal(btf_find_struct(made.btf, "looping", &id), 0);
        assert_int_equal(btf_find_field(made.btf, id, "x", &f), -EBADMSG);
        assert_int_equal(btf_find_struct(made.btf, "holder", &id), 0);
        assert_int_equal(btf_find_field(made.btf, id, "unending", &f), -EBADMSG);
        assert_int_equal(btf_find_field(made.btf, id, "unending.x", &f), -EBADMSG);
        assert_int_equal(btf_find_field(made.btf, id, "far.end", &f),
                -EBADMSG);                                                /* an offset that overflows */
        assert_int_equal(btf_find_field(made.btf, 0, "x", &f), -EBADMSG); /* void */
        assert_int_equal(btf_find_field(made.btf, UINT32_MAX, "x", &f), -EBADMSG);
}

/* Structures that hold the next one many times: the paths multiply, the search does not. */
static void nesting_does_not_multiply(void **state) {
        struct maker m = {};
        struct btf_field f;
        uint32_t id;

        for (uint32_t i = 1; i <= 24; i++) {
                add_type(&m, i == 1 ? "outermost" : "", STRUCT, 8, 8);
                for (unsigned k = 0; k < 8; k++)
                        add_u32(&m, 0), add_u32(&m, i + 1), add_u32(&m, 0);
        }
        add_int(&m, "int", 4);
        _cleanup_(made_done) struct made made = parse_made(&m, NULL);
        assert_int_equal(btf_find_struct(made.btf, "outermost", &id), 0);
        assert_int_equal(btf_find_field(made.btf, id, "x", &f), -EBADMSG);
}

static void every_cut_is_refused(void **state) {
        struct maker m = {};
        _cleanup_(freep) uint8_t *good = NULL;
        size_t size;

        make_channel(&m, true);
        good = finish(&m, &size);
        for (size_t n = 0; n < size; n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(good, n);
                struct btf *btf = NULL;
                struct diag d = {};

                assert_int_equal(btf_parse(cut, n, NULL, &btf, &d), -EBADMSG);
                assert_null(btf);
                assert_true(d.text[0]);
        }
}

static void strange_headers_are_refused(void **state) {
        static const struct {
                size_t at;
                uint32_t value;
        } rows[] = {
                { 0, 0x0001eb9e },         /* magic */
                { 0, 0x0002eb9f },         /* version */
                { 4, 23 },                 /* a header that is too short */
                { 4, UINT32_MAX },         /* too long */
                { 8, UINT32_MAX },         /* types elsewhere */
                { 12, UINT32_MAX },        /* too many */
                { 12, 13 },                /* cut within a type */
                { 16, UINT32_MAX },        /* strings elsewhere */
                { 20, UINT32_MAX },        /* too many */
                { 20, 4 },                 /* cut within a string */
                { HEADER + 4, 20u << 24 }, /* an unknown kind */
                { HEADER + 4, 0 },         /* no kind */
                { HEADER + 4, STRUCT << 24 | 0xffff },
        };
        struct maker m = {};
        _cleanup_(freep) uint8_t *good = NULL;
        size_t size;

        make_channel(&m, true);
        good = finish(&m, &size);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) uint8_t *bad = copy_exact(good, size);
                struct btf *btf = NULL;

                put_u32(bad + rows[i].at, rows[i].value);
                if (btf_parse(bad, size, NULL, &btf, NULL) != -EBADMSG)
                        fail_msg("row %zu was taken", i);
        }
}

/* The running kernel's, where there is one: VMBus or not, it must parse. */
static void the_kernels_own_parses(void **state) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(freep) char *bytes = NULL;
        struct btf_field f = {};
        struct diag d = {};
        size_t n;
        uint32_t id;

        assert_int_equal(sysroot_new("/", &root, &d), 0);
        if (sysroot_read(root, "sys/kernel/btf/vmlinux", 64 * 1024 * 1024, &bytes, &n) < 0) {
                print_message("# no BTF of this kernel to be read\n");
                skip();
        }
        struct made made = {};
        if (btf_parse(bytes, n, NULL, &made.btf, &d) < 0)
                fail_msg("%s", d.text);
        assert_int_equal(btf_find_struct(made.btf, "list_head", &id), 0);
        assert_int_equal(btf_find_field(made.btf, id, "prev", &f), 0);
        made_done(&made);
        assert_int_equal(f.bit_offset, sizeof(void *) * 8);
        assert_int_equal(f.size, sizeof(void *));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found),
        cmocka_unit_test(layouts_are_read),
        cmocka_unit_test(modules_stand_on_the_kernel),
        cmocka_unit_test(half_of_the_members_prove_nothing),
        cmocka_unit_test(members_of_another_form_are_refused),
        cmocka_unit_test(cycles_end),
        cmocka_unit_test(nesting_does_not_multiply),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(strange_headers_are_refused),
        cmocka_unit_test(the_kernels_own_parses),
};

RUN(tests)
