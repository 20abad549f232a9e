/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/pcr.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const struct {
        enum pcr_hash hash;
        const char *name; /* OpenSSL knows them by the same */
        size_t size;
} HASHES[] = {
        { PCR_SHA1, "sha1", 20 },
        { PCR_SHA256, "sha256", 32 },
        { PCR_SHA384, "sha384", 48 },
        { PCR_SHA512, "sha512", 64 },
};
#define N_HASHES (sizeof(HASHES) / sizeof(HASHES[0]))

size_t pcr_hash_size(enum pcr_hash h) {
        for (size_t i = 0; i < N_HASHES; i++)
                if (HASHES[i].hash == h)
                        return HASHES[i].size;
        return 0;
}

const char *pcr_hash_to_string(enum pcr_hash h) {
        for (size_t i = 0; i < N_HASHES; i++)
                if (HASHES[i].hash == h)
                        return HASHES[i].name;
        return "?";
}

int pcr_hash_from_string(const char *word) {
        for (size_t i = 0; i < N_HASHES; i++)
                if (strcmp(HASHES[i].name, word) == 0)
                        return HASHES[i].hash;
        return -EBADMSG;
}

/* One or two digits, without a leading zero; -1 for anything else. Moves *text on. */
static int take_index(const char **text) {
        const char *p = *text;
        int value = 0;

        while (*p >= '0' && *p <= '9' && p - *text < 2)
                value = 10 * value + (*p++ - '0');
        if (p == *text || (**text == '0' && p - *text > 1) || value >= PCR_COUNT)
                return -1;
        *text = p;
        return value;
}

int pcr_selection_parse(const char *text, uint32_t *ret) {
        uint32_t selected = 0;

        if (strcmp(text, "all") == 0) {
                *ret = PCR_ALL;
                return 0;
        }
        for (;;) {
                int first = take_index(&text), last = first;

                if (first >= 0 && *text == '-') {
                        text++;
                        last = take_index(&text);
                }
                if (first < 0 || last < first)
                        return -EBADMSG;
                for (int i = first; i <= last; i++) {
                        if (selected >> i & 1)
                                return -EBADMSG;
                        selected |= UINT32_C(1) << i;
                }
                if (*text == 0)
                        break;
                if (*text++ != ',')
                        return -EBADMSG;
        }
        *ret = selected;
        return 0;
}

/* The longest text is of pairs, "0-1,3-4,...": 40 characters. */
void pcr_selection_format(uint32_t selected, char ret[static PCR_SELECTION_TEXT_SIZE]) {
        size_t n = 0;

        ret[0] = 0;
        for (int i = 0; i < PCR_COUNT; i++) {
                int first = i;

                if (!(selected >> i & 1))
                        continue;
                while (i + 1 < PCR_COUNT && selected >> (i + 1) & 1)
                        i++;
                n += (size_t)snprintf(ret + n, PCR_SELECTION_TEXT_SIZE - n, first == i ? "%s%d" : "%s%d-%d",
                        n ? "," : "", first, i);
        }
}

int pcr_hash_bytes(enum pcr_hash h, const void *bytes, size_t n, uint8_t *ret) {
        const EVP_MD *md = EVP_get_digestbyname(pcr_hash_to_string(h));

        return md && EVP_Digest(bytes, n, ret, NULL, md, NULL) == 1 ? 0 : -EIO;
}

size_t pcr_bank_values(const struct pcr_bank *bank, uint8_t ret[static PCR_COUNT * PCR_SIZE_MAX]) {
        size_t size = pcr_hash_size(bank->hash), n = 0;

        for (unsigned i = 0; i < PCR_COUNT; i++)
                if (bank->selected >> i & 1) {
                        memcpy(ret + n, bank->values[i], size);
                        n += size;
                }
        return n;
}

int pcr_bank_digest(const struct pcr_bank *bank, enum pcr_hash with, uint8_t *ret) {
        uint8_t values[PCR_COUNT * PCR_SIZE_MAX];

        return pcr_hash_bytes(with, values, pcr_bank_values(bank, values), ret);
}

int pcr_hasher_init(struct pcr_hasher *ret, enum pcr_hash h) {
        struct pcr_hasher hasher = {
                .md = EVP_MD_fetch(NULL, pcr_hash_to_string(h), NULL),
                .context = EVP_MD_CTX_new(),
        };

        if (!hasher.md || !hasher.context) {
                pcr_hasher_done(&hasher);
                return -EIO;
        }
        *ret = hasher;
        return 0;
}

void pcr_hasher_done(struct pcr_hasher *h) {
        EVP_MD_CTX_free(h->context);
        EVP_MD_free(h->md);
        *h = (struct pcr_hasher){};
}

int pcr_hasher_run(struct pcr_hasher *h, const void *bytes, size_t n, uint8_t *ret) {
        if (EVP_DigestInit_ex2(h->context, h->md, NULL) != 1 ||
                EVP_DigestUpdate(h->context, bytes, n) != 1 ||
                EVP_DigestFinal_ex(h->context, ret, NULL) != 1)
                return -EIO;
        return 0;
}

int pcr_extend(struct pcr_bank *bank, struct pcr_hasher *h, unsigned pcr, const uint8_t *digest) {
        size_t size = pcr_hash_size(bank->hash);

        bank->selected |= UINT32_C(1) << pcr;
        if (EVP_DigestInit_ex2(h->context, h->md, NULL) != 1 ||
                EVP_DigestUpdate(h->context, bank->values[pcr], size) != 1 ||
                EVP_DigestUpdate(h->context, digest, size) != 1 ||
                EVP_DigestFinal_ex(h->context, bank->values[pcr], NULL) != 1)
                return -EIO;
        return 0;
}
