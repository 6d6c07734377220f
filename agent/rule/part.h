/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part
 *
 * What people are shown of one node of a condition: by explain and profile, by
 * coverage, mutants and lints. Read off the tree when somebody asks.
 */
#ifndef RULE_PART_H
#define RULE_PART_H

#include "rule/ast.h"
#include "rule/diag.h"

enum part_kind { PART_ALL, PART_ANY, PART_NOT, PART_CHECK };

struct part {
	enum part_kind kind;
	struct str macro;		/* it came from, as the rule names it; {NULL, 0}: stands in the rule itself */
	const struct diag_place *place;	/* in the source; NULL when the rules were loaded without places */
	uint32_t n;			/* members */
};

struct part part_of_tree(const struct ast *n);

/* As ast_print(), at most max bytes and then " ...": a list may have a thousand names. */
void part_print(const struct ast *n, size_t max, struct buf *out);

#endif
