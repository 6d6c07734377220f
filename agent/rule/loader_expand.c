/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists put into condition texts, before anything is parsed: a name between
 * blanks, parentheses, commas or = becomes the list's items.
 *
 * The original replaces one list after the other, in the order they were
 * defined, also within quoted texts, and puts the items of an inner list in one
 * level deep; what it reaches too late stays a literal. Here lists are expanded
 * to the end and quoted texts are left alone, with a warning where the outcome
 * differs; with strict_compat it is the original's.
 */
#include "rule/loader_state.h"
#include "util/limits.h"
#include <errno.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\b';
}

static bool is_edge(char c)
{
	return is_blank(c) || c == '(' || c == ')' || c == ',' || c == '=';
}

static void put_item(struct buf *out, struct str item, bool *first)
{
	bool quote = item.n && memchr(item.p, ' ', item.n) && item.p[0] != '"' && item.p[0] != '\'';

	if (!*first)
		buf_puts(out, ", ");
	*first = false;
	if (quote)
		buf_char(out, '"');
	buf_str(out, item);
	if (quote)
		buf_char(out, '"');
}

/* The original would have left this name of a list as it is. */
static void warn_literal(struct loader *l, struct list_def *list, const struct scalar *item)
{
	char text[160];

	if (list->warned)
		return;
	list->warned = true;
	say(l, DIAG_SEMANTICS, &item->place, item_text(text, "list", list->name.value), NULL,
	    "\"" STR_FMT "\" is a list and is expanded here; the original leaves the name as a literal", STR_ARG(item->value));
}

/*
 * Writes the items of list. by: the list whose turn it is in the original, raw: its items stand for those of another
 * list, and no list is put in among them.
 */
static void put_items(struct loader *l, struct buf *out, struct list_def *list, const struct list_def *by, bool raw, bool *first)
{
	list->used = true;
	list->open = true;
	for (size_t i = 0; i < list->n && !buf_error(out); i++) {
		struct list_def *inner = list_find(l, list->items[i].value);

		if (!inner || inner->open) {
			put_item(out, list->items[i].value, first);
		} else if (!raw && inner->index < list->visibility) {
			put_items(l, out, inner, by, true, first);
		} else if (inner->index > by->index) {
			put_items(l, out, inner, inner, false, first);
		} else if (l->in->strict_compat) {
			inner->used = true;
			put_item(out, list->items[i].value, first);
		} else {
			warn_literal(l, list, &list->items[i]);
			put_items(l, out, inner, inner, false, first);
		}
	}
	list->open = false;
}

struct expansion {
	struct loader *l;
	const struct ctext *from;
	struct ctext *to;
	const char *item;
	size_t at;	/* cursor */
	size_t copied;	/* everything before it is in *to */
};

static int copy_up_to(struct expansion *x, size_t end)
{
	int r = end > x->copied ? ctext_copy(x->to, x->from, x->copied, end - x->copied) : 0;

	x->copied = end;
	return r;
}

/* An empty list takes a comma next to it away, the one behind it first. */
static void drop_comma(struct expansion *x)
{
	struct str text = buf_view(&x->from->text), done;
	size_t at = x->copied;

	while (at < text.n && is_blank(text.p[at]))
		at++;
	if (at < text.n && text.p[at] == ',') {
		x->copied = x->at = at + 1;
		return;
	}
	done = buf_view(&x->to->text);
	while (done.n && is_blank(done.p[done.n - 1]))
		done.n--;
	if (done.n && done.p[done.n - 1] == ',') {
		x->to->text.n = done.n - 1;
		while (x->to->n && x->to->v[x->to->n - 1].at >= x->to->text.n)
			x->to->n--;
	}
}

static int replace(struct expansion *x, struct list_def *list, size_t n)
{
	struct buf items _cleanup_(buf_free) = {.max = CONDITION_BYTES_MAX};
	struct segment s = {};
	bool first = true;
	int r = copy_up_to(x, x->at);

	if (r < 0)
		return r;
	put_items(x->l, &items, list, list, false, &first);
	if (buf_error(&items))
		return buf_error(&items);
	for (size_t i = 0; i < x->from->n && x->from->v[i].at <= x->at; i++)
		s = x->from->v[i];
	if (!s.fixed) {
		s.from += x->at - s.at;
		s.fixed = true;
		s.fixed_len = n;
	}
	x->at += n;
	x->copied = x->at;
	if (!items.n) {
		drop_comma(x);
		return 0;
	}
	return ctext_add(x->to, buf_view(&items), &s);
}

/* The length of the quoted text at the cursor, both quotes included; 0 when it does not end. */
static size_t quoted_length(struct str text)
{
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] == text.p[0] && text.p[i - 1] != '\\')
			return i + 1;
	}
	return 0;
}

static size_t word_length(struct str text)
{
	size_t n = 0;

	while (n < text.n && !is_edge(text.p[n]))
		n++;
	return n;
}

/* A list's name within a quoted text, which the original would replace. */
static void warn_quoted(struct expansion *x, size_t end)
{
	struct str text = buf_view(&x->from->text);
	size_t at = x->at + 1;

	while (at < end) {
		size_t n = word_length(str_n(text.p + at, end - at));
		struct list_def *list = n && at + n < end && is_edge(text.p[at - 1]) ? list_find(x->l, str_n(text.p + at, n)) : NULL;

		if (list) {
			say_at(x->l, DIAG_SEMANTICS, ctext_diag(x->from, at, n), x->from->v[0].place.file, x->item, NULL,
			       "\"" STR_FMT "\" is also a list: the original puts its items into this text", STR_ARG(list->name.value));
			return;
		}
		at += n + 1;
	}
}

/* A list whose name has blanks or the like is found as the piece of text it is. */
static struct list_def *find_odd(struct expansion *x, struct str rest, size_t *n)
{
	struct loader *l = x->l;

	for (size_t i = 0; l->odd_lists && i < l->nlists; i++) {
		struct str name = l->lists[i].name.value;

		if (!l->lists[i].odd || !str_starts(rest, name) || (rest.n > name.n && !is_edge(rest.p[name.n])))
			continue;
		*n = name.n;
		return &l->lists[i];
	}
	return NULL;
}

static int expand(struct expansion *x)
{
	struct str text = buf_view(&x->from->text);

	while (x->at < text.n) {
		struct str rest = str_skip(text, x->at);
		struct list_def *list;
		size_t n;
		int r;

		if (is_edge(rest.p[0])) {
			x->at++;
			continue;
		}
		if (!x->l->in->strict_compat && (rest.p[0] == '"' || rest.p[0] == '\'')) {
			n = quoted_length(rest);
			if (n)
				warn_quoted(x, x->at + n);
			x->at += n ? n : rest.n;
			continue;
		}
		n = word_length(rest);
		list = NULL;
		if (!x->at || is_edge(text.p[x->at - 1]))
			list = list_find(x->l, str_n(rest.p, n)) ?: find_odd(x, rest, &n);
		if (!list) {
			x->at += n;
			continue;
		}
		r = replace(x, list, n);
		if (r < 0)
			return r;
	}
	return copy_up_to(x, text.n);
}

int expand_lists(struct loader *l, const struct ctext *text, struct ctext *ret, const char *item)
{
	struct expansion x = {.l = l, .from = text, .to = ret, .item = item};
	int r;

	ret->text.max = CONDITION_BYTES_MAX;
	r = expand(&x);
	if (r == -E2BIG) {
		say_at(l, DIAG_CONDITION, ctext_diag(text, 0, 1), text->n ? text->v[0].place.file : NULL, item, NULL,
		       "the condition has more than %u bytes when its lists are put in", CONDITION_BYTES_MAX);
		return -EINVAL;
	}
	return r;
}
