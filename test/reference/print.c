/* SPDX-License-Identifier: Apache-2.0 */
#include "print.h"
#include <ctype.h>

static uint32_t (*chosen)(uint32_t n);

static bool is_bare(struct str s)
{
	static const char *const words[] = {"oneof", "anyof", "allof", "and", "or", "not", "exists"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq(s, str(words[i])))
			return false;
	}
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ' || strchr("()\"'=,", s.p[i]))
			return false;
	}
	return s.n > 0;
}

static void put_escaped(struct buf *out, char c, char quote, bool last)
{
	static const char from[] = "\b\f\n\r\t", to[] = "bfnrt";
	const char *at = c ? strchr(from, c) : NULL;

	if (c == '\\' && last)	/* a quote behind a backslash does not close */
		buf_puts(out, "\\x5c");
	else if (c == '\\' || c == quote)
		buf_printf(out, "\\%c", c);
	else if (at && chosen(2))
		buf_printf(out, "\\%c", to[at - from]);
	else if ((unsigned char)c < ' ' || !chosen(40))
		buf_printf(out, chosen(2) ? "\\x%02x" : "\\x%02X", (unsigned char)c);
	else
		buf_char(out, c);
}

static void put_quoted(struct buf *out, struct str s)
{
	char quote = chosen(4) ? '"' : '\'';

	buf_char(out, quote);
	for (size_t i = 0; i < s.n; i++)
		put_escaped(out, s.p[i], quote, i + 1 == s.n);
	buf_char(out, quote);
}

static void put_constant(struct buf *out, struct str s)
{
	if (is_bare(s) && chosen(3))
		buf_str(out, s);
	else
		put_quoted(out, s);
}

static void put_blank(struct buf *out)
{
	static const char *const blanks[] = {" ", " ", " ", " ", "  ", "\t", "\n", " \r\n"};

	buf_puts(out, blanks[chosen(8)]);
}

static void put_expr(struct buf *out, const struct rexpr *x)
{
	unsigned int i;

	switch (x->kind) {
	case RX_FIELD:
		buf_puts(out, rfields[x->field].name);
		if (x->index >= 0)
			buf_printf(out, chosen(4) ? "[%d]" : "[\"%d\"]", x->index);
		break;
	case RX_TEXT:
		put_quoted(out, x->text);
		break;
	case RX_NUMBER:
		buf_str(out, x->text);
		break;
	case RX_TRANSFORM:
		buf_puts(out, rtransform_words[x->transform]);
		/* fallthrough */
	case RX_LIST:
		buf_char(out, '(');
		for (i = 0; i < x->n; i++) {
			buf_puts(out, i ? chosen(2) ? ", " : "," : "");
			put_expr(out, x->v[i]);
		}
		buf_char(out, ')');
		if (x->letter)
			buf_printf(out, "[%c]", x->letter);
		break;
	}
}

static void put_rhs(struct buf *out, const struct rexpr *x)
{
	if (x->kind == RX_FIELD)
		buf_puts(out, "val(");
	put_expr(out, x);
	if (x->kind == RX_FIELD)
		buf_char(out, ')');
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!isalpha((unsigned char)s.p[i]))
			return false;
	}
	return is_bare(s) && !str_eq(s, STR("val"));
}

static void put_list(struct buf *out, const struct rtree *t)
{
	if (t->nconstants == 1 && is_name(t->texts[0]) && chosen(2)) {
		buf_str(out, t->texts[0]);
		return;
	}
	buf_char(out, '(');
	for (unsigned int i = 0; i < t->nconstants; i++) {
		buf_puts(out, i ? chosen(2) ? ", " : "," : "");
		put_constant(out, t->texts[i]);
	}
	buf_char(out, ')');
}

static void put_check(struct buf *out, const struct rtree *t)
{
	bool order = t->op == RO_LE || t->op == RO_LT || t->op == RO_GE || t->op == RO_GT;

	put_expr(out, t->lhs);
	put_blank(out);
	buf_puts(out, t->op == RO_EQ && !chosen(4) ? "==" : rop_words[t->op]);
	if (t->op == RO_EXISTS)
		return;
	put_blank(out);
	if (t->modifier) {
		buf_puts(out, rmodifier_words[t->modifier]);
		put_blank(out);
		put_list(out, t);
	} else if (t->rhs) {
		put_rhs(out, t->rhs);
	} else if (t->op == RO_IN || t->op == RO_INTERSECTS || t->op == RO_PMATCH) {
		put_list(out, t);
	} else if (order) {
		buf_str(out, t->texts[0]);
	} else {
		put_constant(out, t->texts[0]);
	}
}

static void put_tree(struct buf *out, const struct rtree *t, enum rkind outside);

static void put_group(struct buf *out, const struct rtree *t)
{
	for (unsigned int i = 0; i < t->n; i++) {
		if (i) {
			put_blank(out);
			buf_puts(out, t->kind == RK_AND ? "and" : "or");
			put_blank(out);
		}
		put_tree(out, t->v[i], t->kind);
	}
}

/* not binds closest, then and, then or; the same inside the same keeps its parentheses, as it is a tree of its own. */
static void put_tree(struct buf *out, const struct rtree *t, enum rkind outside)
{
	bool parentheses = outside == RK_NOT ? t->kind == RK_AND || t->kind == RK_OR
			   : outside == RK_AND ? t->kind == RK_AND || t->kind == RK_OR
			   : outside == RK_OR ? t->kind == RK_OR : false;

	parentheses |= !chosen(8);
	if (parentheses)
		buf_char(out, '(');
	if (parentheses && !chosen(4))
		buf_char(out, ' ');
	if (t->kind == RK_CHECK) {
		put_check(out, t);
	} else if (t->kind == RK_NOT) {
		buf_puts(out, "not ");
		put_tree(out, t->v[0], RK_NOT);
	} else {
		put_group(out, t);
	}
	if (parentheses)
		buf_char(out, ')');
}

void ref_print(const struct rtree *t, struct buf *out, uint32_t (*pick)(uint32_t n))
{
	chosen = pick;
	put_tree(out, t, RK_CHECK);
}
