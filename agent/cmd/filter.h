/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter
 *
 * A bare condition from the command line as a rule set of its own: the same
 * compiler, the same diagnostics. Rule files may supply lists and macros.
 */
#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include "rule/ruleset.h"

#define FILTER_NAME "condition"	/* how diagnostics call it */

struct filter {
	struct rule_files files;	/* the rules', and the condition last */
	struct buf text;
	struct ruleset *rules;
	bool compat;			/* set before: traps of the original as they are there */
};

/* paths: rule files for lists and macros. 0, or < 0 with errors in *diags. */
int filter_load(struct filter *f, const char *condition, const char *const *paths, size_t npaths, struct diags *diags);
bool filter_match(struct filter *f, const struct event *ev);
void filter_free(struct filter *f);

#endif
