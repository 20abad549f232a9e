#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The root is mounted: what cvmd holds is left to the one there, or given back where there is none.
/usr/sbin/cvmd --handover="$NEWROOT" 2>/dev/kmsg
