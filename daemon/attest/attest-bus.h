/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.cvmd1.Attest: its methods, which add jobs, and what those jobs put into their answers. */
#include "daemon/attest/collector.h"
#include "daemon/helper-answer.h"

#define ATTEST_NAME "org.cvmd1.Attest"
#define ATTEST_PATH "/org/cvmd1/attest"

/* The userdata of its methods is a struct collector. */
extern const sd_bus_vtable attest_vtable[];

/* Each reads the arguments of its call and adds a job: 1, or a negative errno with error filled in. */
int describe_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error);
int report_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error);
int quote_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error);
int maa_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error);
int tsm_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* A method with arguments. What its job has begins with a struct collector pointer. */
struct attest_method {
        struct job_kind kind;
        size_t size; /* of what the job has, of which all but the collector is zero before it is read */
        int (*read)(sd_bus_message *call, void *data, struct diag *d);
};

/* Reads the arguments and adds the job, for a caller who may: 1, or a negative errno with error filled in.
 */
int attest_bus_call(sd_bus_message *call, struct collector *c, const struct attest_method *m,
        sd_bus_error *error);

/* -EINVAL, with how it should look. */
int attest_read_pcrs(const char *text, uint32_t *ret, struct diag *d);
