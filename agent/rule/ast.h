/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ast
 *
 * A condition as a tree: made by the parser, macros put in by the loader, fields
 * and constants resolved by the check. Lives in an arena.
 */
#ifndef RULE_AST_H
#define RULE_AST_H

#include "event/names.h"
#include "rule/field.h"
#include "util/arena.h"
#include "util/buf.h"

struct ast;	/* ast.c, parser*.c, check.c, events.c, matcher*.c know its inside: ast_node.h */

struct ast_error {
	size_t pos;		/* byte offset in the text where it stopped */
	size_t len;		/* bytes the caret underlines, at least 1 */
	unsigned int line, col;	/* of pos within the text, from 1 */
	char message[320];	/* names the culprit */
	char hint[160];		/* "did you mean \"proc.name\"?", or "" */
	bool in_macro;		/* the part comes from a macro; pos is where it is named */
	bool
	    semantics; /* of a warning: it means something else in the original (DIAG_SEMANTICS), else DIAG_COMPILE_WARNING */
};

/* text must outlive the arena's use. 0 or -EINVAL with *e set; max_depth is CONDITION_DEPTH_MAX for rules, 100 for a bare filter. */
int ast_parse(struct ast **ret, struct arena *a, struct str text, unsigned int max_depth, struct ast_error *e);

/*
 * Replaces every macro reference by a copy of what find() returns (an already expanded tree), NULL = undefined.
 * 0 or -ENOENT with *e naming the macro, -ENOMEM. The copy keeps no positions of its own: errors in it are reported
 * where the macro was defined.
 */
typedef const struct ast *(*ast_find_macro_fn)(void *ctx, struct str name);
int ast_expand(struct ast **root, struct arena *a, ast_find_macro_fn find, void *ctx, struct ast_error *e);

/* Calls fn for every macro name the tree still refers to. */
void ast_each_macro(const struct ast *n, void (*fn)(void *ctx, struct str name), void *ctx);

enum ast_check_flag {
	AST_MACROS_LEFT = 1 << 1,	/* nothing is said of macros that are not put in */
	AST_STRICT_COMPAT = 1 << 0,	/* copy the original's traps */
};

/*
 * Resolves fields, types, operators and constants. Reports every problem (not just the first) through report();
 * warning says it is none that prevents use. 0, or -EINVAL when any error was reported.
 */
typedef void (*ast_report_fn)(void *ctx, const struct ast_error *e, bool warning);
int ast_check(struct ast *root, struct arena *a, unsigned int flags, ast_report_fn report, void *ctx);

/* After ast_check(): the text form of the original's -L (groups in parentheses, values quoted only where needed). */
void ast_print(const struct ast *n, struct buf *out);

/* After ast_check(): distinct fields (as written) and operators of the tree, in order of appearance. */
void ast_each_field(const struct ast *n, void (*fn)(void *ctx, const struct field_ref *f), void *ctx);
void ast_each_operator(const struct ast *n, void (*fn)(void *ctx, const char *op), void *ctx);

/*
 * After ast_check(): the event names the condition can be true for (rule-language §4.1), as a set over
 * event/names.h. all: every event (no evt.type decides).
 */
void ast_events(const struct ast *n, struct name_set *ret);

#endif
