/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the metadata service of Azure's hosts answers. Source: Azure's azure-cvm-tooling, imds.rs. */
#include "tests/forge/pki.h"

/* Endorsements: chain NULL is that of the product; cache_control as JSON ("\"86400\""). */
struct forge_bytes forge_thim(const struct forge_pki *p, enum snp_product product, X509 *vek, uint64_t tcbm,
        const struct forge_bytes *chain, const char *cache_control);

/* A quote, in base64url as genuine answers have it. */
struct forge_bytes forge_td_quote_answer(const struct forge_bytes *quote);
