/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser, inside
 *
 * The condition parser in two files: parser.c has the grammar and the tree,
 * parser_part.c what a single check is made of.
 */
#ifndef RULE_PARSER_H
#define RULE_PARSER_H

#include "rule/lexer.h"

struct parser {
	struct lexer l;
	unsigned int depth, max_depth;
	int error;	/* the first; everything returns NULL or false from then on */
};

#define FAIL(p, pos, len, ...) (p)->error = lex_fail(&(p)->l, pos, len, __VA_ARGS__)

bool parser_enter(struct parser *p);			/* one level deeper */
void *parser_leave(struct parser *p, void *node);	/* node, NULL after an error */
void *parser_allocate(struct parser *p, size_t n);
struct ast *parser_node(struct parser *p, enum ast_kind kind, size_t from);
void *parser_grow(struct parser *p, void *v, uint32_t n, size_t size);
bool parser_expect(struct parser *p, const char *what, const char *where);
void parser_suggest(struct parser *p, struct str word, const char *const *words, size_t n);

/* NULL without an error when none stands here. */
struct expr *parse_field(struct parser *p);
struct expr *parse_transformer(struct parser *p);

/* Of a check whose left side is read: the operator and the blanks behind it, then what it is compared with. */
bool parse_operator(struct parser *p, struct ast *n);
bool parse_right_side(struct parser *p, struct ast *n);

#endif
