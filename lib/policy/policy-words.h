/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The values of a policy file: checked words, in the one form in which they are compared. */
#include "lib/base/json-scan.h"
#include "lib/policy/policy-file.h"

/* One file being read. Mistakes are noted and reading goes on; so it does when memory runs out. */
struct reader {
        const char *file; /* outlives the policy's origins */
        size_t order;     /* of the file among those of the load */
        struct policy_problems *problems;
        bool no_memory;
};

void reader_complain(struct reader *r, struct json_position at, const char *format, ...) _printf_(3, 4);
void reader_warn(struct reader *r, struct json_position at, const char *format, ...) _printf_(3, 4);

/* NULL when memory runs out. */
char *reader_copy(struct reader *r, const char *text);

/* Whether value is of this kind; complains otherwise. */
bool reader_is(struct reader *r, const struct json_node *value, enum json_kind kind);

/* The index of the word that value is; 0 after a complaint. NULL stands for an index that cannot be asked
 * for. */
unsigned reader_choose(struct reader *r, const struct json_node *value, const char *const *words, size_t n);

/* The word of a string in the form in which it is compared, or NULL after a complaint. */
typedef char *word_function(struct reader *r, const struct json_node *value);

word_function word_class;     /* name or GUID, to a GUID in lower case */
word_function word_instance;  /* GUID, or shell pattern over one, to lower case */
word_function word_driver;    /* shell pattern over names of drivers */
word_function word_number;    /* hexadecimal, to "0x1414" */
word_function word_isolation; /* name of an isolation type */
word_function word_protect;   /* root, usr, ..., or an absolute path */
word_function word_label;     /* whatever people sort rules by */

/* Whether it can name a rule: 1 to POLICY_ID_MAX letters, digits, dots, dashes and underscores. */
#define POLICY_ID_MAX 64
bool is_rule_id(const char *text);

/* A word or a list of at least one; or always a list, which may be empty. */
void words_read(struct reader *r, const struct json_node *value, word_function *word,
        struct policy_words *into);
void words_read_list(struct reader *r, const struct json_node *value, word_function *word,
        struct policy_words *into);
