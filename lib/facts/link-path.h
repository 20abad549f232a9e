/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the links of sysfs lead, by their text alone. */
#include <stdbool.h>

/*
 * The path that a link at link_path with this target stands for, relative to the sysroot, without "." and
 * ".."; what would climb above the sysroot stays at its top, as the kernel has it there. The caller frees
 * *ret. -ENOMEM.
 */
int link_resolve(const char *link_path, const char *target, char **ret);

/*
 * Whether the link stays below the top whoever follows it: a relative target with ".." at its beginning
 * alone, and not more of them than there are folders. Further on they could climb out of wherever another
 * link has led.
 */
bool link_is_contained(const char *link_path, const char *target);

/* Whether path is folder or lies below it. */
bool path_is_within(const char *path, const char *folder);

/*
 * What is directly below folder on the way to path: "a/b" of path "a/b/c" and folder "a". NULL when path
 * does not lie below it. The caller frees *ret. -ENOMEM.
 */
int path_step_below(const char *path, const char *folder, char **ret);

/* Whether the last component is a PCI function: "1234:00:02.0". */
bool path_is_pci_function(const char *path);

/* "folder/name"; the caller frees it. NULL: no memory. */
char *path_join(const char *folder, const char *name);

/* The last component. Borrowed. */
const char *path_name(const char *path);
