/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that take rules have in common: which files, and how diagnostics are shown. */
#ifndef CMD_RULES_ARG_H
#define CMD_RULES_ARG_H

#include "rule/ruleset.h"
#include <jansson.h>

/*
 * Puts the default rules in the place of every "default", and of an empty list: the source tree's rules/ for a binary
 * in its build folder, else /usr/share/noroshi/rules and /etc/noroshi/rules.d where they exist. Returns how many.
 */
size_t rules_arg_expand(const char **out, size_t room, const char *const *in, size_t n);

/* 0 Emergency … 7 Debug by the word (any case), or -EINVAL. */
int rules_arg_priority(const char *word);

void rules_arg_print(const struct diags *d);		/* to stderr */
/* Where rules only lend lists and macros, their warnings are noise; those of the file called but (or NULL) are not. */
void rules_arg_print_errors(const struct diags *d, const char *but);

/* The first few of the names, as a line behind where, to stdout; nothing without one. */
void rules_arg_names(const char *where, const json_t *names);

#endif
