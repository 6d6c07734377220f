/* SPDX-License-Identifier: Apache-2.0 */
/* `check --lint`: the lints over rules that were loaded for it, with the examples that stand beside them, or events. */
#ifndef CMD_CHECK_LINT_H
#define CMD_CHECK_LINT_H

#include "rule/ruleset.h"

#define CHECK_EVENTS_MAX 64

struct check_events {
	const char *paths[CHECK_EVENTS_MAX];
	size_t n;
};

/*
 * in: how rs was loaded, with lint and places; lints: which (lint_name.h). With events exceptions are held against these, else
 * against the examples. 0 or < 0.
 */
int check_lint(const struct ruleset *rs, const struct rule_files *files, const struct engine_load *in, uint32_t lints,
	       const struct check_events *events, struct diags *d);

/* "no_tags,order": these; "-no_tags": all but that. 0 after a line on stderr that a name is none. */
uint32_t check_lint_names(const char *list);

#endif
