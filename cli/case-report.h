/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What came of the test cases, for a person and for those who run tests. */
#include "cli/case-run.h"
#include "cli/output.h"

/* What differs, what was expected and which rule decided; problems with the line that they are about.
 * -ENOMEM. */
int case_report_text(const struct case_reports *reports, struct output *out);

/* The Test Anything Protocol: one line a case, what differs as its comments. -ENOMEM. */
int case_report_tap(const struct case_reports *reports, struct output *out);

/*
 * {"version":1,"cases":[{"case","description","outcome","devices",
 *   "findings":[{"file","line","column","device","class","what","expected","found","because"}],
 *   "problems":[as of policy check]}],
 *  "as-expected","differs","broken": how many}. The caller puts *ret. -ENOMEM.
 */
int case_report_json(const struct case_reports *reports, struct json_object **ret);

/* The XML of JUnit, in ASCII. -ENOMEM. */
int case_report_junit(const struct case_reports *reports, struct output *out);

/* "file:line:column: network 000d3a7e-...: verdict is violating, allowed was expected". The caller frees
 * *ret. */
int case_finding_format(const struct case_finding *f, char **ret);
