/* SPDX-License-Identifier: Apache-2.0 */
/* What a check is made of: fields, transformers, operators, constants. The grammar stands in parser.c. */
#include "rule/parser.h"
#include "rule/diag.h"
#include <errno.h>
#include <stdio.h>

/* ---- errors, nodes ---- */

bool parser_enter(struct parser *p)
{
	if (++p->depth > p->max_depth)
		FAIL(p, p->l.at, 1, "exceeded max depth limit of %u: too many nested parentheses", p->max_depth);
	return !p->error;
}

/* Leaves a level on the way out of a parse function, whatever the outcome. */
void *parser_leave(struct parser *p, void *node)
{
	p->depth--;
	return p->error ? NULL : node;
}

void *parser_allocate(struct parser *p, size_t n)
{
	void *m = arena_alloc(p->l.arena, n);

	if (!m)
		p->error = -ENOMEM;
	return m;
}

struct ast *parser_node(struct parser *p, enum ast_kind kind, size_t from)
{
	struct ast *n = parser_allocate(p, sizeof(*n));

	if (!n)
		return NULL;
	n->kind = kind;
	lex_place(&p->l, from, &n->span);
	n->span.len = (uint32_t)(p->l.at - from);
	return n;
}

static struct expr *new_expr(struct parser *p, enum expr_kind kind, struct str text, size_t from)
{
	struct expr *x = parser_allocate(p, sizeof(*x));

	if (!x)
		return NULL;
	x->kind = kind;
	x->text = text;
	lex_place(&p->l, from, &x->span);
	x->span.len = (uint32_t)(p->l.at - from);
	return x;
}

/* Room for one more pointer behind v[0..n): doubles, as an arena cannot grow what it gave. */
void *parser_grow(struct parser *p, void *v, uint32_t n, size_t size)
{
	void *more;

	if (n & (n - 1))
		return v;
	more = parser_allocate(p, (n ? 2 * (size_t)n : 1) * size);
	if (more && n)
		memcpy(more, v, n * size);
	return more;
}

static bool quoted(struct parser *p, struct str *ret)
{
	int r = lex_quoted(&p->l, ret);

	if (r < 0)
		p->error = r;
	return r == 0;
}

bool parser_expect(struct parser *p, const char *what, const char *where)
{
	struct str found;

	if (lex_literal(&p->l, what))
		return true;
	found = lex_peek_word(&p->l);
	if (found.n)
		FAIL(p, p->l.at, found.n, "expected \"%s\" %s, found \"" STR_FMT "\"", what, where, STR_ARG(found));
	else
		FAIL(p, p->l.at, 1, "expected \"%s\" %s", what, where);
	return false;
}

void parser_suggest(struct parser *p, struct str word, const char *const *words, size_t n)
{
	const char *near = word.n ? diag_nearest(word, words, n) : NULL;

	if (near)
		snprintf(p->l.e->hint, sizeof(p->l.e->hint), "did you mean \"%s\"?", near);
}

/* ---- fields, transformers ---- */

static bool parse_arg(struct parser *p, struct expr *x, size_t from)
{
	size_t open = p->l.at;

	if (!lex_literal(&p->l, "["))
		return true;
	if (!quoted(p, &x->arg) && (p->error || !lex_bare_arg(&p->l, &x->arg))) {
		if (!p->error)
			FAIL(p, p->l.at, 1, "expected an argument in the brackets: a quoted or a plain text");
		return false;
	}
	if (!lex_literal(&p->l, "]")) {
		FAIL(p, p->l.at, 1, "expected \"]\" behind the argument of \"" STR_FMT "\"",
		     STR_ARG(str_n(p->l.text.p + from, open - from)));
		return false;
	}
	x->has_arg = true;
	x->span.len = (uint32_t)(p->l.at - from);
	return true;
}

/* NULL without an error when no field stands here. */
struct expr *parse_field(struct parser *p)
{
	size_t from = p->l.at;
	struct str name;
	struct expr *x;

	if (!lex_field(&p->l, &name))
		return NULL;
	x = new_expr(p, EXPR_FIELD, name, from);
	return x && parse_arg(p, x, from) ? x : NULL;
}

static struct expr *parse_constant(struct parser *p)
{
	size_t from = p->l.at;
	struct str s;

	if (lex_number(&p->l, &s))
		return new_expr(p, EXPR_NUMBER, s, from);
	if (quoted(p, &s))
		return new_expr(p, EXPR_TEXT, s, from);
	return NULL;
}

static struct expr *parse_item(struct parser *p)
{
	struct expr *x = parse_constant(p);

	if (!x && !p->error)
		x = parse_transformer(p);
	if (!x && !p->error)
		x = parse_field(p);
	if (!x && !p->error) {
		struct str word = lex_peek_word(&p->l);

		if (word.n)
			FAIL(p, p->l.at, word.n,
			     "\"" STR_FMT
			     "\" is no argument: expected a field, a transformer, a quoted text or a number",
			     STR_ARG(word));
		else
			FAIL(p, p->l.at, 1, "expected a field, a transformer, a quoted text or a number");
	}
	return x;
}

/* Items up to and with the closing parenthesis, into x->v. */
static bool parse_items(struct parser *p, struct expr *x, bool lists);

static struct expr *parse_targ(struct parser *p, bool lists)
{
	size_t from = p->l.at;
	struct expr *x;

	if (!lists || !lex_literal(&p->l, "("))
		return parse_item(p);
	x = new_expr(p, EXPR_LIST, STR_NONE, from);
	if (!x)
		return NULL;
	lex_blank(&p->l);
	if (!lex_literal(&p->l, ")") && !parse_items(p, x, false))
		return NULL;
	x->span.len = (uint32_t)(p->l.at - from);
	return x;
}

static bool parse_items(struct parser *p, struct expr *x, bool lists)
{
	for (;;) {
		struct expr *item;

		lex_blank(&p->l);
		item = parse_targ(p, lists);
		if (!item)
			return false;
		x->v = parser_grow(p, x->v, x->n, sizeof(*x->v));
		if (!x->v)
			return false;
		x->v[x->n++] = item;
		lex_blank(&p->l);
		if (!lex_literal(&p->l, ","))
			return parser_expect(p, ")", "or \",\" behind an argument");
	}
}

/* NULL without an error when no transformer stands here: its "(" touches the name. */
struct expr *parse_transformer(struct parser *p)
{
	size_t from = p->l.at;
	struct str word;
	struct expr *x;
	unsigned int i;

	if (!lex_identifier(&p->l, &word))
		return NULL;
	for (i = 0; i < TRANSFORM_MAX && !str_eq(word, str(transform_table[i].word)); i++)
		;
	if (i == TRANSFORM_MAX || !lex_literal(&p->l, "(")) {
		p->l.at = from;
		return NULL;
	}
	if (!parser_enter(p))
		return parser_leave(p, NULL);
	x = new_expr(p, EXPR_TRANSFORM, word, from);
	if (!x)
		return parser_leave(p, NULL);
	x->transform = (enum transform)i;
	if (!parse_items(p, x, true))
		return parser_leave(p, NULL);
	x->span.len = (uint32_t)(p->l.at - from);
	parse_arg(p, x, from);
	return parser_leave(p, x);
}

/* ---- right sides ---- */

static struct expr *parse_rhs(struct parser *p)
{
	struct expr *x;

	if (!lex_literal(&p->l, "val("))
		return parse_transformer(p);
	lex_blank(&p->l);
	x = parse_field(p);
	if (!x && !p->error)
		FAIL(p, p->l.at, lex_peek_word(&p->l).n, "val() takes the name of a field and nothing else");
	if (!x)
		return NULL;
	lex_blank(&p->l);
	return parser_expect(p, ")", "behind the field of val()") ? x : NULL;
}

static bool add_constant(struct parser *p, struct ast *n, struct str text, size_t from)
{
	struct constant *c;

	n->constants = parser_grow(p, n->constants, n->nconstants, sizeof(*n->constants));
	if (!n->constants)
		return false;
	c = &n->constants[n->nconstants++];
	c->text = text;
	lex_place(&p->l, from, &c->span);
	c->span.len = (uint32_t)(p->l.at - from);
	return true;
}

static bool parse_text(struct parser *p, struct ast *n, const char *what)
{
	size_t from = p->l.at;
	struct str s;

	if (quoted(p, &s))
		return add_constant(p, n, s, from);
	if (p->error)
		return false;
	if (lex_bare(&p->l, &s))
		return add_constant(p, n, s, from);
	s = lex_peek_word(&p->l);
	if (s.n)
		FAIL(p, from, s.n, "expected %s, found \"" STR_FMT "\"", what, STR_ARG(s));
	else
		FAIL(p, from, 1, "expected %s", what);
	return false;
}

/* The opening parenthesis is taken already. */
static bool parse_list(struct parser *p, struct ast *n)
{
	n->list = true;
	lex_blank(&p->l);
	if (lex_literal(&p->l, ")"))
		return true;
	for (;;) {
		lex_blank(&p->l);
		if (!parse_text(p, n, "a value of the list"))
			return false;
		lex_blank(&p->l);
		if (!lex_literal(&p->l, ","))
			return parser_expect(p, ")", "or \",\" in the list");
	}
}

/* A list in parentheses, or one name. 1: neither stands here. */
static int parse_list_or_name(struct parser *p, struct ast *n)
{
	size_t from = p->l.at;
	struct str name;

	if (lex_literal(&p->l, "("))
		return parse_list(p, n) ? 0 : -1;
	if (!lex_identifier(&p->l, &name))
		return 1;
	n->list = true;
	return add_constant(p, n, name, from) ? 0 : -1;
}

/* modifier ws1 ( list | identifier ); back to where it was when that is not what stands here. */
static bool parse_modified(struct parser *p, struct ast *n)
{
	size_t from = p->l.at, list;
	unsigned int i;
	struct str name;

	for (i = MODIFIER_NONE + 1; i < MODIFIER_MAX; i++) {
		if (!lex_word(&p->l, modifier_table[i].word))
			continue;
		list = p->l.at;
		if (lex_identifier(&p->l, &name) && (str_eq(name, STR("and")) || str_eq(name, STR("or"))))
			break;
		p->l.at = list;
		if (parse_list_or_name(p, n) == 1)
			break;
		n->modifier = (enum modifier)i;
		return true;
	}
	p->l.at = from;
	return false;
}

static bool parse_number(struct parser *p, struct ast *n)
{
	struct str s = lex_peek_word(&p->l);
	size_t from = p->l.at;

	if (lex_number(&p->l, &s))
		return add_constant(p, n, s, from);
	if (s.n)
		FAIL(p, from, s.n, "the operator \"%s\" needs a number, found \"" STR_FMT "\"", op_table[n->op].word,
		     STR_ARG(s));
	else
		FAIL(p, from, 1, "the operator \"%s\" needs a number", op_table[n->op].word);
	return false;
}

bool parse_right_side(struct parser *p, struct ast *n)
{
	bool blank = n->op_span.len < p->l.at - n->op_span.pos;
	int r;

	switch (op_table[n->op].syntax) {
	case SYNTAX_UNARY:
		return true;
	case SYNTAX_LIST:
		if (lex_literal(&p->l, "("))
			return parse_list(p, n);
		break;
	case SYNTAX_TEXT:
		if (blank && parse_modified(p, n))
			return !p->error;
		break;
	case SYNTAX_NUMBER:
		break;
	}
	n->rhs = p->error ? NULL : parse_rhs(p);
	if (n->rhs || p->error)
		return !p->error;
	if (op_table[n->op].syntax == SYNTAX_NUMBER)
		return parse_number(p, n);
	if (op_table[n->op].syntax == SYNTAX_TEXT)
		return parse_text(p, n, "a value");
	r = parse_list_or_name(p, n);
	if (r == 1)
		FAIL(p, p->l.at, lex_peek_word(&p->l).n,
		     "the operator \"%s\" needs a list in parentheses or the name of one", op_table[n->op].word);
	return r == 0;
}

static void fail_operator(struct parser *p)
{
	struct str word = lex_peek_word(&p->l);
	const char *words[OP_MAX];
	unsigned int i;

	for (i = 0; i < OP_MAX; i++) {
		words[i] = op_table[i].word;
		if (str_eq(word, str(words[i]))) {	/* it is one, but nothing stands behind it */
			FAIL(p, p->l.at + word.n, 1, "the operator \"%s\" needs a blank and a value behind it",
			     words[i]);
			return;
		}
	}
	if (!word.n) {
		FAIL(p, p->l.at, 1, "expected an operator behind the field");
		return;
	}
	FAIL(p, p->l.at, word.n, "unknown operator \"" STR_FMT "\"", STR_ARG(word));
	parser_suggest(p, word, words, OP_MAX);
}

/* Takes the operator and the blanks behind it. */
bool parse_operator(struct parser *p, struct ast *n)
{
	size_t from = p->l.at;
	unsigned int i;

	for (i = 0; i < OP_MAX; i++) {
		const struct op_desc *op = &op_table[i];
		bool word = op->syntax == SYNTAX_TEXT && op->word[0] >= 'a';

		if (!(word ? lex_word(&p->l, op->word) : lex_literal(&p->l, op->word)))
			continue;
		n->op = (enum op)i;
		lex_place(&p->l, from, &n->op_span);
		n->op_span.len = (uint32_t)strlen(op->word);
		if (op->syntax != SYNTAX_UNARY)
			lex_blank(&p->l);
		return true;
	}
	fail_operator(p);
	return false;
}
