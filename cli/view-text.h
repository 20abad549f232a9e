/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Status and devices for a person. All of them -ENOMEM at worst. */
#include "cli/output.h"
#include "cli/view.h"

int view_print_status(const struct view *v, struct output *out);
int view_print_devices(const struct view *v, struct output *out);
int view_print_device(const struct device_view *d, struct output *out);

/* "      Label: ", the left margin of every such sheet; continued lines have an empty label. */
void print_label(struct output *out, const char *label);

/* A whole line of such a sheet, with foreign text; nothing at all for an empty one. */
void print_field(struct output *out, const char *label, const char *text);
