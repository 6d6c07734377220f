/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/diag.h"
#include "util/escape.h"
#include "util/utf8.h"
#include <stdarg.h>

#define SNIPPET_MAX 160		/* bytes of a line that are shown */
#define WORD_MAX 64		/* longer words have no near ones */

static const struct {
	const char *name;
	enum diag_severity severity;
	const char *title;
} codes[DIAG_CODE_MAX] = {
#define DIAG(ID, name, severity, title) [DIAG_##ID] = {name, severity, title},
#include "rule/diag.def"
};

const char *diag_code_name(enum diag_code c)
{
	return codes[c].name;
}

const char *diag_code_title(enum diag_code c)
{
	return codes[c].title;
}

enum diag_severity diag_code_severity(enum diag_code c)
{
	return codes[c].severity;
}

/* ---- keeping ---- */

static void diag_clear(struct diag *d)
{
	free((void *)d->place.file.p);
	free(d->message);
	free(d->hint);
	free(d->snippet);
	free(d->item);
}

void diags_free(struct diags *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		diag_clear(&d->v[i]);
	free(d->v);
	memset(d, 0, sizeof(*d));
}

void diags_drop(struct diags *d, size_t i)
{
	if (codes[d->v[i].code].severity == DIAG_ERROR)
		d->errors--;
	else
		d->warnings--;
	diag_clear(&d->v[i]);
	d->n--;
	memmove(&d->v[i], &d->v[i + 1], (d->n - i) * sizeof(*d->v));
}

bool diags_have(const struct diags *d, enum diag_code code)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].code == code)
			return true;
	}
	return false;
}

static char *copy_text(const char *s)
{
	return s && *s ? strdup(s) : NULL;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The line of source that at names, {NULL, 0} when there is none. */
static struct str line_of(struct str source, unsigned int line)
{
	const char *p = source.p, *end = source.p + source.n, *nl;

	for (; line > 1 && p; line--) {
		nl = memchr(p, '\n', (size_t)(end - p));
		p = nl ? nl + 1 : NULL;
	}
	if (!p || !line)
		return STR_NONE;
	nl = memchr(p, '\n', (size_t)(end - p));
	if (!nl)
		nl = end;
	if (nl > p && nl[-1] == '\r')
		nl--;
	return str_n(p, (size_t)(nl - p));
}

/* A long line is cut on both sides, between characters, so that the column stays in sight. */
static void take_snippet(struct diag *d, struct str source)
{
	struct str line = source.p ? line_of(source, d->place.line) : STR_NONE;
	size_t col = d->place.col ? d->place.col - 1 : 0, from = 0;

	if (!line.p)
		return;
	if (col > line.n)
		col = line.n;
	if (line.n > SNIPPET_MAX && col > SNIPPET_MAX / 2) {
		from = col - SNIPPET_MAX / 2;
		if (from > line.n - SNIPPET_MAX)
			from = line.n - SNIPPET_MAX;
		while (from && is_continuation(line.p[from]))
			from--;
	}
	line = str_skip(line, from);
	line.n = utf8_cut(line, SNIPPET_MAX);
	d->snippet = strndup(line.p, line.n);
	d->snippet_col = d->place.col ? (unsigned int)(col - from + 1) : 0;
}

static size_t offset_of(struct str source, const struct diag_place *at)
{
	struct str line = source.p ? line_of(source, at->line) : STR_NONE;

	return line.p ? (size_t)(line.p - source.p) + (at->col ? at->col - 1 : 0) : 0;
}

static struct diag *new_diag(struct diags *d)
{
	struct diag *more;
	size_t room = d->room ? 2 * d->room : 8;

	if (d->n >= DIAGS_MAX)
		return NULL;
	if (d->n == d->room) {
		more = realloc(d->v, room * sizeof(*more));
		if (!more)
			return NULL;
		d->v = more;
		d->room = room;
	}
	memset(&d->v[d->n], 0, sizeof(d->v[d->n]));
	return &d->v[d->n++];
}

void diags_add(struct diags *d, enum diag_code code, struct diag_place at, struct str source, const char *item,
	       const char *hint, const char *fmt, ...)
{
	struct diag *x = new_diag(d);
	char *file;
	va_list ap;

	if (codes[code].severity == DIAG_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (!x)
		return;
	x->code = code;
	x->place = at;
	if (!x->place.len)
		x->place.len = 1;
	file = at.file.p ? strndup(at.file.p, at.file.n) : NULL;
	x->place.file = str(file);
	va_start(ap, fmt);
	if (vasprintf(&x->message, fmt, ap) < 0)
		x->message = NULL;
	va_end(ap);
	x->hint = copy_text(hint);
	x->item = copy_text(item);
	take_snippet(x, source);
	x->offset = offset_of(source, &at);
}

/* ---- printing ---- */

/* Bytes at the start of s that a terminal only shows; 0 for what it may obey, or for what is no text. */
static size_t harmless(struct str s, bool keep_tabs)
{
	size_t n = utf8_sequence(s);
	uint32_t c = n ? utf8_point(s.p, n) : 0;

	return c == '\t' && keep_tabs ? 1 : !n || escape_needed(c) ? 0 : n;
}

/* A terminal must not obey what a rules file says: control characters and stray bytes come out as \xNN. */
static void escaped(struct buf *out, struct str s, bool keep_tabs)
{
	size_t run, n;

	while (s.n) {
		for (run = 0; run < s.n; run += n) {
			n = harmless(str_skip(s, run), keep_tabs);
			if (!n)
				break;
		}
		buf_add(out, s.p, run);
		s = str_skip(s, run);
		if (!s.n)
			break;
		buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
		s = str_skip(s, 1);
	}
}

/* Below what escaped() printed: tabs stay tabs, an escape is four wide, a character of several bytes one. */
static void underline(struct buf *out, struct str line, size_t col, size_t len)
{
	_cleanup_(buf_free) struct buf part = {};
	size_t i, n = 0;

	escaped(&part, str_n(line.p, col), true);
	for (i = 0; i < part.n; i++) {
		if (!is_continuation(part.p[i]))
			buf_char(out, part.p[i] == '\t' ? '\t' : ' ');
	}
	buf_reset(&part);
	line = str_skip(line, col);
	if (len > line.n)
		len = line.n;
	escaped(&part, str_n(line.p, len), false);
	for (i = 0; i < part.n; i++)
		n += !is_continuation(part.p[i]);
	do
		buf_char(out, '^');
	while (n-- > 1);
	buf_char(out, '\n');
}

static void print_snippet(const struct diag *d, struct buf *out)
{
	struct str line = str(d->snippet);

	buf_puts(out, "    ");
	escaped(out, line, true);
	buf_char(out, '\n');
	if (!d->snippet_col || d->snippet_col - 1 > line.n)
		return;
	buf_puts(out, "    ");
	underline(out, line, d->snippet_col - 1, d->place.len);
}

static void print_one(const struct diag *d, struct buf *out)
{
	if (d->place.file.n) {
		escaped(out, d->place.file, false);
		if (d->place.line)
			buf_printf(out, ":%u", d->place.line);
		if (d->place.line && d->place.col)
			buf_printf(out, ":%u", d->place.col);
		buf_puts(out, ": ");
	} else if (d->place.line) {
		buf_printf(out, "%u:%u: ", d->place.line, d->place.col);
	}
	buf_puts(out, codes[d->code].severity == DIAG_ERROR ? "error: " : "warning: ");
	escaped(out, str(d->message ? d->message : "out of memory"), false);
	if (d->hint) {
		buf_puts(out, "; ");
		escaped(out, str(d->hint), false);
	}
	if (d->item) {
		buf_puts(out, " (");
		escaped(out, str(d->item), false);
		buf_char(out, ')');
	}
	buf_printf(out, " [%s]\n", codes[d->code].name);
	if (d->snippet)
		print_snippet(d, out);
}

void diags_print(const struct diags *d, struct buf *out)
{
	size_t i, more = d->errors + d->warnings - d->n;

	for (i = 0; i < d->n; i++)
		print_one(&d->v[i], out);
	if (more)
		buf_printf(out, "... and %zu more (%zu errors and %zu warnings in all)\n", more, d->errors,
			   d->warnings);
}

/* ---- the nearest word ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/*
 * Insertions, deletions, replacements and swaps of neighbours; upper and lower case are alike. Exact up to max; beyond
 * it only "more than max": no cell further than max from the diagonal can count, and most words end after a few rows.
 */
static unsigned int distance(struct str a, struct str b, unsigned int max)
{
	unsigned int rows[3][WORD_MAX + 2], *two = rows[0], *one = rows[1], *row = rows[2], *t, least, last = 0;
	size_t i, j, from, to;

	for (j = 0; j <= b.n; j++)
		one[j] = (unsigned int)j;
	for (i = 1; i <= a.n; i++) {
		from = i > max ? i - max : 1;
		to = i + max < b.n ? i + max : b.n;
		least = row[from - 1] = from > 1 ? max + 1 : (unsigned int)i;
		for (j = from; j <= to; j++) {
			char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);

			row[j] = min3(one[j] + 1, row[j - 1] + 1, one[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && lower(a.p[i - 2]) == y &&
			    two[j - 2] + 1 < row[j])
				row[j] = two[j - 2] + 1;
			least = row[j] < least ? row[j] : least;
		}
		row[to + 1] = max + 1;
		if (least > max && last > max)	/* both: a swap goes back two rows */
			return max + 1;
		last = least;
		t = two;
		two = one;
		one = row;
		row = t;
	}
	return one[b.n];
}

static size_t common(struct str a, struct str b)
{
	size_t n = 0;

	while (n < a.n && n < b.n && lower(a.p[n]) == lower(b.p[n]))
		n++;
	return n;
}

const char *diag_nearest(struct str word, const char *const *candidates, size_t n)
{
	unsigned int best = word.n < 3 ? 2 : word.n < 6 ? 3 : 4, d;	/* the first distance that is too far */
	const char *ret = NULL;
	size_t i;

	if (!word.n || word.n > WORD_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		struct str c = str(candidates[i]);

		if (c.n > WORD_MAX || c.n + best < word.n || word.n + best < c.n)
			continue;
		d = distance(word, c, best);
		/* Of two as near, the one that begins alike for longer. */
		if (d < word.n && (d < best || (d == best && ret && common(word, c) > common(word, str(ret))))) {
			best = d;
			ret = candidates[i];
		}
	}
	return ret;
}
