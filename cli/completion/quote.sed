# SPDX-License-Identifier: LGPL-2.1-or-later
# Each line as a literal of C, but for the first, which names the licence.
1d
s/[\\"]/\\&/g
s/.*/"&\\n"/
