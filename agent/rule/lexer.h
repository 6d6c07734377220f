/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lexer
 *
 * The words of a condition. There is no stream of tokens: what a word is
 * depends on where it stands (`= in` compares with the text "in"), so the parser
 * asks for the one it can use.
 */
#ifndef RULE_LEXER_H
#define RULE_LEXER_H

#include "rule/ast_node.h"

struct lexer {
	struct str text;
	size_t at;
	struct arena *arena;	/* for texts with escapes */
	struct ast_error *e;
	struct {
		size_t pos, begin;	/* how far lines were counted, where the line there begins */
		uint32_t lines;
	} mark;
};

/* All return true, and move on, only when what they ask for stands at the cursor. */
bool lex_blank(struct lexer *l);
bool lex_literal(struct lexer *l, const char *word);
bool lex_word(struct lexer *l, const char *word);	/* and a blank behind it, which is taken as well */
bool lex_identifier(struct lexer *l, struct str *ret);
bool lex_field(struct lexer *l, struct str *ret);
bool lex_number(struct lexer *l, struct str *ret);
bool lex_bare(struct lexer *l, struct str *ret);
bool lex_bare_arg(struct lexer *l, struct str *ret);

/* 0 and *ret, 1 when no quote stands here, -EINVAL with *e set, -ENOMEM. */
int lex_quoted(struct lexer *l, struct str *ret);

bool lex_end(const struct lexer *l);
bool lex_at(const struct lexer *l, char c);

/* Up to the next blank or bracket, for messages: not consumed. */
struct str lex_peek_word(const struct lexer *l);

/* Line and column of a position, both from 1; \r and \n both begin a line. */
void lex_place(struct lexer *l, size_t pos, struct span *ret);

/* Sets *e; always -EINVAL. */
int lex_fail(struct lexer *l, size_t pos, size_t len, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
