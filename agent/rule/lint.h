/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint
 *
 * What is allowed and most likely not meant: lint.def as a table of functions
 * over loaded rules. Nothing here changes what a rule means.
 */
#ifndef RULE_LINT_H
#define RULE_LINT_H

#include "rule/lint_name.h"
#include "rule/loader.h"
#include "rule/matcher.h"
#include <time.h>

struct lint_input {
	const struct loaded *loaded;	/* by engine_load.lint and .places */
	const struct rule_source *sources;
	size_t nsources;
	unsigned int check_flags;	/* AST_… of the load */
	uint32_t lints;			/* those that are wanted: LINTS_ALL, or less (lint_name.h) */
	time_t now;
	/* Whether the only condition of m holds for an event of the rule's examples. NULL: nobody can say. */
	bool (*example_hits)(void *ctx, const char *rule, struct matcher *m);
	void *ctx;
};

/* Adds what is found to *d, then sorts all of *d by file and line. 0 or -ENOMEM. */
int lint_run(const struct lint_input *in, struct diags *d);

#endif
