/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Logs beside the registers that were quoted. A log says nothing by itself: it counts as far as it leads to
 * what the quote has.
 */
#include "lib/verify/check.h"
#include "lib/verify/evidence.h"

/*
 * Notes as CHECK_EVENT_LOG which quoted registers the logs do not explain, but for those that are excused
 * (bits). Logs are read after the quote, so that what follows the quoted value in one is passed over. No
 * log, or an empty one, is unavailable. The evidence has a quote.
 */
void log_verify(const struct evidence *e, uint32_t excused, struct checks *c);
