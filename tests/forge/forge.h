/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Evidence as genuine hardware makes it, by keys of our own: for tests alone. The layouts are written out
 * here a second time, from their sources, and share nothing with the parsers that they test, so that one
 * error cannot hide another. Nothing here returns an error: whoever lacks memory or OpenSSL ends.
 */
#include "tests/forge/bundle.h"
#include "tests/forge/bytes.h"
#include "tests/forge/collateral.h"
#include "tests/forge/guest.h"
#include "tests/forge/hcl.h"
#include "tests/forge/log.h"
#include "tests/forge/pki.h"
#include "tests/forge/snp.h"
#include "tests/forge/tdx.h"
#include "tests/forge/thim.h"
#include "tests/forge/tpm.h"
#include "tests/forge/x509.h"
