/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ast nodes
 *
 * The inside of a condition's tree. The parser fills in what was written, the
 * check what it means; whoever reads a part says above which of the two it is.
 */
#ifndef RULE_AST_NODE_H
#define RULE_AST_NODE_H

#include "rule/ast.h"
#include "rule/diag.h"
#include "rule/op.h"

struct span {
	uint32_t pos, len;
	uint32_t line, col;
};

enum expr_kind {
	EXPR_FIELD,
	EXPR_TRANSFORM,
	EXPR_TEXT,	/* a quoted constant among a transformer's arguments */
	EXPR_NUMBER,
	EXPR_LIST,	/* (a, b), only among a transformer's arguments */
};

/* Something that has a value: the left side of a check, its right side when that is no constant, an argument. */
struct expr {
	enum expr_kind kind;
	struct span span;
	struct str text;		/* the field's name, the transformer's word, the constant */
	bool has_arg;
	struct str arg;			/* what stands in [] */
	enum transform transform;	/* of EXPR_TRANSFORM */
	struct expr **v;		/* arguments of EXPR_TRANSFORM, members of EXPR_LIST */
	uint32_t n;
	/* check */
	struct field_ref field;		/* of EXPR_FIELD */
	enum value_type type;
	bool list;			/* list-valued */
};

struct constant {
	struct str text;
	struct span span;
	const struct diag_place *place;	/* where it was written, of a list's item where the list is named; NULL unless engine_load.lint */
	bool of_list;			/* then also: it is an item of a named list */
};

enum trap { TRAP_NONE, TRAP_FALSE, TRAP_TRUE };

enum ast_kind { AST_AND, AST_OR, AST_NOT, AST_MACRO, AST_CHECK };

struct ast {
	enum ast_kind kind;
	struct span span;		/* of a copy out of a macro: where the macro was named */
	struct str macro;		/* AST_MACRO: its name. Of a copy: the macro it comes from */
	const struct diag_place *place;	/* where it was written, in a macro also of its copies; NULL unless engine_load.places */
	struct ast **v;			/* AST_AND, AST_OR: at least two; AST_NOT: one */
	uint32_t n;
	/* AST_CHECK */
	struct expr *lhs;
	enum op op;
	struct span op_span;
	enum modifier modifier;
	bool list;			/* constants were a list, also of one name */
	struct constant *constants;
	uint32_t nconstants;
	struct expr *rhs;		/* val() or a transformer; then there are no constants */
	/* check */
	enum trap trap;			/* AST_STRICT_COMPAT: what the original makes of it */
	struct value *values;		/* one per constant */
	uint32_t nvalues;		/* how many of them are compared: all, but for a trap of the original */
};

#endif
