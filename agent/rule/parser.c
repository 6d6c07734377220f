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
#include "rule/lexer.h"
#include "rule/diag.h"
#include <errno.h>
#include <stdio.h>

struct parser {
	struct lexer l;
	unsigned int depth, max_depth;
	int error;
};

static struct ast *parse_or(struct parser *p);
static struct expr *parse_transformer(struct parser *p);

/* ---- errors, nodes ---- */

#define FAIL(p, pos, len, ...) (p)->error = lex_fail(&(p)->l, pos, len, __VA_ARGS__)

static bool enter(struct parser *p)
{
	if (++p->depth > p->max_depth)
		FAIL(p, p->l.at, 1, "exceeded max depth limit of %u: too many nested parentheses", p->max_depth);
	return !p->error;
}

/* Leaves a level on the way out of a parse function, whatever the outcome. */
static void *leave(struct parser *p, void *node)
{
	p->depth--;
	return p->error ? NULL : node;
}

static void *allocate(struct parser *p, size_t n)
{
	void *m = arena_alloc(p->l.arena, n);

	if (!m)
		p->error = -ENOMEM;
	return m;
}

static struct ast *new_node(struct parser *p, enum ast_kind kind, size_t from)
{
	struct ast *n = allocate(p, sizeof(*n));

	if (!n)
		return NULL;
	n->kind = kind;
	lex_place(&p->l, from, &n->span);
	n->span.len = (uint32_t)(p->l.at - from);
	return n;
}

static struct expr *new_expr(struct parser *p, enum expr_kind kind, struct str text, size_t from)
{
	struct expr *x = allocate(p, sizeof(*x));

	if (!x)
		return NULL;
	x->kind = kind;
	x->text = text;
	lex_place(&p->l, from, &x->span);
	x->span.len = (uint32_t)(p->l.at - from);
	return x;
}

/* Room for one more pointer behind v[0..n): doubles, as an arena cannot grow what it gave. */
static void *grow(struct parser *p, void *v, uint32_t n, size_t size)
{
	void *more;

	if (n & (n - 1))
		return v;
	more = allocate(p, (n ? 2 * (size_t)n : 1) * size);
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

static bool expect(struct parser *p, const char *what, const char *where)
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

static void suggest(struct parser *p, struct str word, const char *const *words, size_t n)
{
	const char *near = word.n ? diag_nearest(word, words, n) : NULL;

	if (near)
		snprintf(p->l.e->hint, sizeof(p->l.e->hint), "did you mean \"%s\"?", near);
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
	suggest(p, word, words, OP_MAX);
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
static struct expr *parse_field(struct parser *p)
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
		x->v = grow(p, x->v, x->n, sizeof(*x->v));
		if (!x->v)
			return false;
		x->v[x->n++] = item;
		lex_blank(&p->l);
		if (!lex_literal(&p->l, ","))
			return expect(p, ")", "or \",\" behind an argument");
	}
}

/* NULL without an error when no transformer stands here: its "(" touches the name. */
static struct expr *parse_transformer(struct parser *p)
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
	if (!enter(p))
		return leave(p, NULL);
	x = new_expr(p, EXPR_TRANSFORM, word, from);
	if (!x)
		return leave(p, NULL);
	x->transform = (enum transform)i;
	if (!parse_items(p, x, true))
		return leave(p, NULL);
	x->span.len = (uint32_t)(p->l.at - from);
	parse_arg(p, x, from);
	return leave(p, x);
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
	return expect(p, ")", "behind the field of val()") ? x : NULL;
}

static bool add_constant(struct parser *p, struct ast *n, struct str text, size_t from)
{
	struct constant *c;

	n->constants = grow(p, n->constants, n->nconstants, sizeof(*n->constants));
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
			return expect(p, ")", "or \",\" in the list");
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

static bool parse_right_side(struct parser *p, struct ast *n)
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

/* Takes the operator and the blanks behind it. */
static bool parse_operator(struct parser *p, struct ast *n)
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

/* ---- the tree ---- */

static struct ast *parse_check_of(struct parser *p, struct expr *lhs, size_t from)
{
	struct ast *n = new_node(p, AST_CHECK, from);

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

	if (!enter(p))
		return leave(p, NULL);
	lex_blank(&p->l);
	n = parse_or(p);
	lex_blank(&p->l);
	if (n && !expect(p, ")", "that closes the group"))
		n = NULL;
	return leave(p, n);
}

static struct ast *parse_macro(struct parser *p)
{
	size_t from = p->l.at;
	struct str name, word;
	struct ast *n;

	if (lex_identifier(&p->l, &name)) {
		n = new_node(p, AST_MACRO, from);
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

	if (!enter(p))
		return leave(p, NULL);
	lex_blank(&p->l);
	from = p->l.at;
	if (lex_literal(&p->l, "("))
		return leave(p, parse_group(p));
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
	return leave(p, n);
}

static struct ast *parse_not(struct parser *p)
{
	struct ast *inner, *n;
	unsigned int nots = 0;
	size_t from;
	bool group = false;

	if (!enter(p))
		return leave(p, NULL);
	lex_blank(&p->l);
	from = p->l.at;
	while (!group && (lex_word(&p->l, "not") || (group = lex_literal(&p->l, "not("))))
		nots++;
	inner = group ? parse_group(p) : parse_check(p);
	if (!inner || nots % 2 == 0)
		return leave(p, inner);
	n = new_node(p, AST_NOT, from);
	if (n)
		n->v = allocate(p, sizeof(*n->v));
	if (p->error)
		return leave(p, NULL);
	n->v[n->n++] = inner;
	return leave(p, n);
}

/* What stands behind "and" or "or": a blank, or a group at once. */
static bool behind_word(struct parser *p, const char *word, bool *group)
{
	*group = lex_literal(&p->l, "(");
	if (*group || lex_blank(&p->l))
		return true;
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

	if (!enter(p))
		return leave(p, NULL);
	lex_blank(&p->l);
	from = p->l.at;
	first = member(p);
	if (!first)
		return leave(p, NULL);
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
				return leave(p, NULL);
			next = group ? parse_group(p) : member(p);
		} else {
			n = new_node(p, kind, from);
		}
		if (!n || !next)
			return leave(p, NULL);
		n->v = grow(p, n->v, n->n, sizeof(*n->v));
		if (!n->v)
			return leave(p, NULL);
		n->v[n->n++] = next;
	}
	n->span.len = (uint32_t)(p->l.at - from);
	return leave(p, n->n == 1 ? first : n);
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

		for (i = 0; i < TRANSFORM_MAX; i++)
			names[i] = transform_table[i].word;
		FAIL(p, n->span.pos, n->span.len,
		     "\"" STR_FMT "\" is no transformer (or a blank stands before its parenthesis)", STR_ARG(n->macro));
		suggest(p, n->macro, names, TRANSFORM_MAX);
	} else if (n->kind == AST_MACRO && end <= p->l.at &&
		   (lex_at(&p->l, '=') || lex_at(&p->l, '!') || lex_at(&p->l, '<') || lex_at(&p->l, '>'))) {
		FAIL(p, p->l.at, word.n, "\"" STR_FMT "\" is no field: a field's name has a dot", STR_ARG(n->macro));
	} else {
		FAIL(p, p->l.at, word.n, "expected \"and\", \"or\" or the end, found \"" STR_FMT "\"", STR_ARG(word));
		suggest(p, word, words, 3);
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
