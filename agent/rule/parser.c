/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition's grammar, as it is accepted:
 *
 *   filter      = ws or_expr ws END
 *   or_expr     = and_expr { "or"  ( ws1 and_expr | "(" or_expr ")" ) }
 *   and_expr    = not_expr { "and" ( ws1 not_expr | "(" or_expr ")" ) }
 *   not_expr    = { "not" ws1 } ( "not(" or_expr ")" | check )
 *   check       = "(" or_expr ")" | lhs condition | identifier         (the identifier names a macro)
 *   lhs         = field | transformer
 *   condition   = "exists"
 *               | num_op ( rhs | number )
 *               | str_op ( rhs | quoted | bare )
 *               | str_op ws1 modifier ws1 ( list | identifier )        (not "and", not "or")
 *               | list_op ( list | rhs | identifier )
 *   num_op      = "<=" | "<" | ">=" | ">"
 *   str_op      = "==" | "=" | "!=" | word_op ws1
 *   word_op     = glob iglob contains icontains bcontains startswith bstartswith endswith regex
 *   modifier    = oneof anyof allof
 *   list_op     = intersects in pmatch
 *   list        = "(" [ (quoted|bare) { "," (quoted|bare) } ] ")"
 *   field       = fieldname [ "[" ( quoted | argbare ) "]" ]
 *   transformer = tname "(" targ { "," targ } ")" [ "[" ( quoted | argbare ) "]" ]
 *   targ        = number | quoted | "(" [ titem { "," titem } ] ")" | transformer | field
 *   titem       = field | transformer | quoted | number
 *   rhs         = "val(" field ")" | transformer
 *   identifier  = [A-Za-z]+[A-Za-z0-9_]*
 *   fieldname   = identifier "." identifier { "." identifier }
 *   argbare     = [^][ blank " ']+
 *   number      = 0[xX]hex+ | [+-]?[0-9]+.?[0-9]*([eE][+-][0-9]+)?
 *   bare        = [^()"'=, blank]+
 *   ws          = space \t \b \r \n
 *
 * A word is recognised by how it begins, mostly without a look at what follows it: `x.y inlist` is `x.y in list`.
 * The words are op.def's; the lexer takes the classes of characters apart.
 */
#include "rule/diag.h"
#include "rule/parser.h"
#include <errno.h>

static struct ast *parse_or(struct parser *p);

static struct ast *parse_check_of(struct parser *p, struct expr *lhs, size_t from)
{
	struct ast *n = parser_node(p, AST_CHECK, from);

	if (!n)
		return NULL;
	n->lhs = lhs;
	lex_blank(&p->l);
	if (!parse_operator(p, n) || !parse_right_side(p, n))
		return NULL;
	n->span.len = (uint32_t)(p->l.at - from);
	return n;
}

/* or_expr ")": the opening parenthesis is taken already. */
static struct ast *parse_group(struct parser *p)
{
	struct ast *n;

	if (!parser_enter(p))
		return parser_leave(p, NULL);
	lex_blank(&p->l);
	n = parse_or(p);
	lex_blank(&p->l);
	if (n && !parser_expect(p, ")", "that closes the group"))
		n = NULL;
	return parser_leave(p, n);
}

static struct ast *parse_macro(struct parser *p)
{
	size_t from = p->l.at;
	struct str name, word;
	struct ast *n;

	if (lex_identifier(&p->l, &name)) {
		n = parser_node(p, AST_MACRO, from);
		if (n)
			n->macro = name;
		return n;
	}
	word = lex_peek_word(&p->l);
	if (word.n)
		FAIL(p, from, word.n, "expected a field, a macro, \"not\" or \"(\", found \"" STR_FMT "\"",
		     STR_ARG(word));
	else
		FAIL(p, from, 1, "expected a field, a macro, \"not\" or \"(\"");
	return NULL;
}

static struct ast *parse_check(struct parser *p)
{
	struct ast *n = NULL;
	struct expr *lhs;
	size_t from;

	if (!parser_enter(p))
		return parser_leave(p, NULL);
	lex_blank(&p->l);
	from = p->l.at;
	if (lex_literal(&p->l, "("))
		return parser_leave(p, parse_group(p));
	lhs = parse_field(p);
	if (!lhs && !p->error)
		lhs = parse_transformer(p);
	/* Two levels for the parts of a check, so that the limit falls on the same depth as in the original. */
	p->depth += 2;
	if (lhs && p->depth > p->max_depth)
		FAIL(p, from, 1, "exceeded max depth limit of %u: too many nested parentheses", p->max_depth);
	if (!p->error)
		n = lhs ? parse_check_of(p, lhs, from) : parse_macro(p);
	p->depth -= 2;
	return parser_leave(p, n);
}

static struct ast *parse_not(struct parser *p)
{
	struct ast *inner, *n;
	unsigned int nots = 0;
	size_t from;
	bool group = false;

	if (!parser_enter(p))
		return parser_leave(p, NULL);
	lex_blank(&p->l);
	from = p->l.at;
	while (!group && (lex_word(&p->l, "not") || (group = lex_literal(&p->l, "not("))))
		nots++;
	inner = group ? parse_group(p) : parse_check(p);
	if (!inner || nots % 2 == 0)
		return parser_leave(p, inner);
	n = parser_node(p, AST_NOT, from);
	if (n)
		n->v = parser_allocate(p, sizeof(*n->v));
	if (p->error)
		return parser_leave(p, NULL);
	n->v[n->n++] = inner;
	return parser_leave(p, n);
}

/* What stands behind "and" or "or": a blank, or a group at once. */
static bool behind_word(struct parser *p, const char *word, bool *group)
{
	*group = lex_literal(&p->l, "(");
	if (*group || lex_blank(&p->l))
		return true;
	if (p->l.at == p->l.text.n)
		FAIL(p, p->l.at, 1, "nothing stands behind \"%s\"", word);
	else
		FAIL(p, p->l.at, lex_peek_word(&p->l).n, "expected a blank or \"(\" behind \"%s\"", word);
	return false;
}

/* One chain of the same word: flat, and no node at all for a single member. */
static struct ast *parse_chain(struct parser *p, enum ast_kind kind, const char *word,
			       struct ast *(*member)(struct parser *))
{
	struct ast *first, *n;
	size_t from, end;
	bool group;

	if (!parser_enter(p))
		return parser_leave(p, NULL);
	lex_blank(&p->l);
	from = p->l.at;
	first = member(p);
	if (!first)
		return parser_leave(p, NULL);
	n = NULL;
	for (;;) {
		struct ast *next = first;

		if (n) {
			end = p->l.at;
			lex_blank(&p->l);
			if (!lex_literal(&p->l, word)) {
				p->l.at = end;
				break;
			}
			if (!behind_word(p, word, &group))
				return parser_leave(p, NULL);
			next = group ? parse_group(p) : member(p);
		} else {
			n = parser_node(p, kind, from);
		}
		if (!n || !next)
			return parser_leave(p, NULL);
		n->v = parser_grow(p, n->v, n->n, sizeof(*n->v));
		if (!n->v)
			return parser_leave(p, NULL);
		n->v[n->n++] = next;
	}
	n->span.len = (uint32_t)(p->l.at - from);
	return parser_leave(p, n->n == 1 ? first : n);
}

static struct ast *parse_and(struct parser *p)
{
	return parse_chain(p, AST_AND, "and", parse_not);
}

static struct ast *parse_or(struct parser *p)
{
	return parse_chain(p, AST_OR, "or", parse_and);
}

/* Something is left behind a whole condition. */
static void fail_rest(struct parser *p, const struct ast *n)
{
	static const char *const words[] = {"and", "or", "not"};
	struct str word = lex_peek_word(&p->l);
	size_t end = n->span.pos + n->span.len;

	if (n->kind == AST_MACRO && lex_at(&p->l, '(')) {
		const char *names[TRANSFORM_MAX];
		unsigned int i;

		bool known = false;

		for (i = 0; i < TRANSFORM_MAX; i++) {
			names[i] = transform_table[i].word;
			known = known || str_eq(n->macro, str(names[i]));
		}
		if (known)
			FAIL(p, n->span.pos, n->span.len, "no blank stands between \"" STR_FMT "\" and its parenthesis",
			     STR_ARG(n->macro));
		else if (str_eq(n->macro, STR("val")))
			FAIL(p, n->span.pos, n->span.len, "val() stands on the right side of a comparison only");
		else
			FAIL(p, n->span.pos, n->span.len, "\"" STR_FMT "\" is no transformer", STR_ARG(n->macro));
		if (!known)
			parser_suggest(p, n->macro, names, TRANSFORM_MAX);
	} else if (n->kind == AST_MACRO && end <= p->l.at &&
		   (lex_at(&p->l, '=') || lex_at(&p->l, '!') || lex_at(&p->l, '<') || lex_at(&p->l, '>'))) {
		FAIL(p, p->l.at, word.n, "\"" STR_FMT "\" is no field: a field's name has a dot", STR_ARG(n->macro));
	} else {
		FAIL(p, p->l.at, word.n, "expected \"and\", \"or\" or the end, found \"" STR_FMT "\"", STR_ARG(word));
		parser_suggest(p, word, words, 3);
		if (lex_at(&p->l, '&') || lex_at(&p->l, '|'))
			snprintf(p->l.e->hint, sizeof(p->l.e->hint), "write \"%s\"", lex_at(&p->l, '&') ? "and" : "or");
	}
}

int ast_parse(struct ast **ret, struct arena *a, struct str text, unsigned int max_depth, struct ast_error *e)
{
	struct parser p = {.l = {.text = text, .arena = a, .e = e}, .max_depth = max_depth};
	struct ast *n;

	memset(e, 0, sizeof(*e));
	lex_blank(&p.l);
	if (lex_end(&p.l))
		return lex_fail(&p.l, p.l.at, 1, "the condition is empty");
	n = parse_or(&p);
	if (!n)
		return p.error;
	lex_blank(&p.l);
	if (!lex_end(&p.l)) {
		fail_rest(&p, n);
		return p.error;
	}
	*ret = n;
	return 0;
}
