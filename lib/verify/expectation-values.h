/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What an expectation says of hardware: measurements, versions, bits and registers. Each reads the value of
 * one key; `into` is the field that the table of keys names, or the whole expectation where it names none.
 */
#include "lib/policy/policy-keys.h"

void expectation_read_48(struct reader *r, const struct json_node *value, void *into);
void expectation_read_32(struct reader *r, const struct json_node *value, void *into);
void expectation_read_16(struct reader *r, const struct json_node *value, void *into);
void expectation_read_digest(struct reader *r, const struct json_node *value, void *into);
void expectation_read_minimum_svn(struct reader *r, const struct json_node *value, void *into);
void expectation_read_vmpl(struct reader *r, const struct json_node *value, void *into);
void expectation_read_age(struct reader *r, const struct json_node *value, void *into);
void expectation_read_tcb(struct reader *r, const struct json_node *value, void *into);
void expectation_read_firmware(struct reader *r, const struct json_node *value, void *into);
void expectation_read_mitigations(struct reader *r, const struct json_node *value, void *into);
void expectation_read_guest_policy(struct reader *r, const struct json_node *value, void *into);
void expectation_read_platform(struct reader *r, const struct json_node *value, void *into);
void expectation_read_td(struct reader *r, const struct json_node *value, void *into);
void expectation_read_vm_configuration(struct reader *r, const struct json_node *value, void *into);
void expectation_read_pcrs(struct reader *r, const struct json_node *value, void *into);
