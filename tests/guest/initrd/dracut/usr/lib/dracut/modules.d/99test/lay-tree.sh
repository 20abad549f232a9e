#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is under test, over the root.
tar -xf /dev/vdb -C "${NEWROOT:?}"
