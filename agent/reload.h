/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reload
 *
 * The rule files read and compiled anew, on another thread: the loop goes on
 * with the rules it has. A rule set that does not load, or whose needs the
 * sensor cannot be told, never replaces one that works.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include "rule/ruleset.h"
#include <uv.h>

struct agent;

/* Private to reload.c. rules and files: first the new ones, then those that are to be freed. */
struct reload {
	struct agent *agent;
	uv_work_t work;
	struct rule_files files;
	struct ruleset *rules;
	struct needs needs;	/* of the new rules: judging many of them takes longer than an event should wait */
	struct diags diags;
	int result;
	bool busy, again;	/* again: asked for while busy */
};

/* Returns at once; the log says how it ended. */
void reload_begin(struct agent *a);

#endif
