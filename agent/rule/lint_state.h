/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint state
 *
 * What the lints share. Private to lint*.c:
 *
 *   lint.c          the table, saying what was found, texts of parts
 *   lint_rule.c     rules as a whole: names, texts
 *   lint_exception.c  exceptions: how long they last, what meets them
 *   lint_same.c     rules against each other
 *   lint_logic.c    parts that can never, or always, be true
 *   lint_part.c     single checks: how they are written
 *   lint_field.c    fields and events that are not there
 */
#ifndef RULE_LINT_STATE_H
#define RULE_LINT_STATE_H

#include "rule/ast_node.h"
#include "rule/lint.h"

struct lint {
	const struct lint_input *in;
	const struct loaded *loaded;
	struct diags *diags;
	enum diag_code code;		/* of the lint that runs */
	uint32_t bit;			/* the same as a set of lints */
	struct arena *arena;		/* until the end of lint_run() */
	bool no_memory;
};

#define LINT(ID, function, title, doc) void function(struct lint *l);
#include "rule/lint.def"

/* Says it of a rule once for each place: a macro is used by many rules. r may be NULL. */
void lint_say(struct lint *l, const struct diag_place *at, const struct loaded_rule *r, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * The text of a part by which equal parts are equal: members of "and" and "or" sorted and each once, those of the same
 * kind within each other as one, constants sorted. In l->arena.
 */
struct str lint_text(struct lint *l, const struct ast *n);
/*
 * The texts of a part's members, sorted and each once, those of members of the same kind in their place; of a part of
 * another kind its own. In l->arena; NULL and *n 0 without memory.
 */
struct str *lint_members(struct lint *l, const struct ast *part, enum ast_kind kind, uint32_t *n);
/* For messages: as written, cut; a macro that within does not belong to by its name. */
const char *lint_shown(char buf[96], const struct ast *n, const struct ast *within);

struct str lint_macro(const struct ast *n);	/* it comes from, or none */

/* "evt.num = 0" and an empty list, or not one: places for the reader's own, which cost nothing and say nothing now. */
bool lint_placeholder(const struct ast *n);

/* Where to speak of two members of the part: at the first, unless it stands in a macro that the part only names. */
const struct diag_place *lint_place(const struct ast *within, const struct ast *first, const struct ast *second);

/* The exception that this part of the rule's condition was made of, or NULL. */
const struct loaded_exception *lint_exception(const struct loaded_rule *r, const struct ast *n);

/* Every part of the condition of each rule, above its members; exceptions are left out. parent is NULL for the whole. */
typedef void (*lint_part_fn)(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct ast *parent);
void lint_each_part(struct lint *l, lint_part_fn fn);

/* The source from the place on, to the end of the file; empty when it is not known. */
struct str lint_source(const struct lint *l, const struct diag_place *at);

#endif
