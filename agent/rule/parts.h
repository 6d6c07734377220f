/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts
 *
 * A condition taken apart: its checks one by one for coverage, and its mutants
 * for mutation tests. A mutant is the condition with one part changed. What all
 * mutants say of an event is found from the checks' outcomes, each asked once.
 */
#ifndef RULE_PARTS_H
#define RULE_PARTS_H

#include "rule/part.h"

struct parts;

enum mutation {
	MUTATE_NEGATE,		/* a check says the opposite */
	MUTATE_DROP,		/* a member of "and" or "or" is left out */
	MUTATE_SWAP,		/* "and" becomes "or", "or" becomes "and" */
	MUTATE_OPERATOR,	/* a narrower or shifted comparison */
};

struct mutant {
	enum mutation kind;
	const struct diag_place *place;
	struct str macro;
	const char *what;	/* "dropped: proc.name in (sh, bash)" */
};

#define PART_TEXT_MAX 120	/* of one part's text; a list may have a thousand names */

/* Only the checks, in the order of the text. The texts live as long as *ret, the tree has to as well. 0 or -ENOMEM. */
int parts_new(struct parts **ret, const struct ast *condition);
struct parts *parts_free(struct parts *p);
uint32_t parts_count(const struct parts *p);
struct part parts_at(const struct parts *p, uint32_t i);
const char *parts_text(const struct parts *p, uint32_t i);

/* Also the mutants, at most max of them; parts_left_out() says how many there are besides. 0 or -ENOMEM. */
int parts_mutate(struct parts *p, uint32_t max, unsigned int check_flags);
uint32_t parts_mutants(const struct parts *p);
uint32_t parts_left_out(const struct parts *p);
const struct mutant *parts_mutant(const struct parts *p, uint32_t i);

/* Whether the condition holds, and in ret[i], room for all, whether mutant i does. */
bool parts_judge(struct parts *p, const struct event *ev, bool *ret);

#endif
