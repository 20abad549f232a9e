/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The cryptographic primitives that a piece of evidence takes, and nothing else: what any verifier has to do
 * at least. Contexts and inputs are made ready before, and keys but those that come as a point with each
 * chip or quote; what is measured is OpenSSL alone.
 */
#include "tests/forge/forge.h"

struct floor;

/* Takes copies of all it needs. */
struct floor *floor_new(struct forge_guest *g);
void floor_free(struct floor *f);
DEFINE_FREEP(struct floor, floor_free)

/* What each piece of evidence takes: the hardware's signatures, the quote's, and the hashes. */
void floor_each(struct floor *f);

/* What a chip or a platform takes once: the signature under its certificate, and under those above. */
void floor_chip(struct floor *f);
void floor_above(struct floor *f);

/* Signatures as OpenSSL takes them: of r and s, size bytes each, big-endian; of a report of SEV-SNP. */
struct forge_bytes ecdsa_der(const uint8_t *r, const uint8_t *s, size_t size);
struct forge_bytes snp_der(const uint8_t *report);
