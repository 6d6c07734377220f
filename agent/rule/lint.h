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

/* What is asked of one rule: its first condition is the rule without exceptions, the others are what would silence it. */
struct lint_asked {
	const char *rule;
	struct matcher *m;
	uint32_t n;		/* conditions */
	bool *met;		/* of each, whether it and the first one held for an event */
	uint64_t held;		/* events for which the first one did */
};

struct lint_input {
	const struct loaded *loaded;	/* by engine_load.lint and .places */
	const struct rule_source *sources;
	size_t nsources;
	unsigned int check_flags;	/* AST_… of the load */
	uint32_t lints;			/* those that are wanted: LINTS_ALL, or less (lint_name.h) */
	time_t now;
	/*
	 * Asks of the examples of each rule, or with events of the events that are given instead; how many these were. NULL:
	 * nobody can say.
	 */
	uint64_t (*ask)(void *ctx, struct lint_asked *v, uint32_t n);
	bool events;
	void *ctx;
};

/* Adds what is found to *d, then sorts all of *d by file and line. 0 or -ENOMEM. */
int lint_run(const struct lint_input *in, struct diags *d);

#endif
