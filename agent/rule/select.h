/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Select
 *
 * What a configuration says of rules that others wrote: which of them are on,
 * and what their outputs say besides.
 */
#ifndef RULE_SELECT_H
#define RULE_SELECT_H

#include "util/str.h"

/* One step; a later one counts more. Rules it names by either are meant, and at least one of both is there. */
struct rule_select {
	bool enable;
	bool observe;		/* on, but no findings; instead of enable */
	const char *rule;	/* the whole name, * for any text; NULL: none */
	const char *tag;	/* NULL: none */
};

struct rule_extra {
	const char *name;
	const char *output;	/* a template */
};

/* Put behind the outputs of the rules it names. */
struct rule_addition {
	const char *source, *rule;		/* exactly; NULL: any */
	const char *const *tags;		/* all of them */
	size_t ntags;
	const char *output;			/* NULL: none */
	const struct rule_extra *extra;		/* fields by themselves */
	size_t nextra;
	bool suggested;				/* the fields that say where: container and pod */
};

bool select_matches(const char *glob, struct str name);

#endif
