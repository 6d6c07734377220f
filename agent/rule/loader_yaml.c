/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/loader_yaml.h"
#include <errno.h>

#define CHARS_STEP 64

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* libyaml counts characters. */
static int index_chars(struct origin_file *f)
{
	size_t n = 0;

	f->chars = malloc(sizeof(*f->chars) * (f->text.n / CHARS_STEP + 2));
	if (!f->chars)
		return -ENOMEM;
	for (size_t i = f->skip; i < f->text.n; i++) {
		if (is_continuation(f->text.p[i]))
			continue;
		if (n % CHARS_STEP == 0)
			f->chars[f->nchars++] = i;
		n++;
	}
	return 0;
}

/* Where the line after the one at that byte begins; 0 when it is the last. */
static size_t line_after(struct str text, size_t at)
{
	const char *nl = at < text.n ? memchr(text.p + at, '\n', text.n - at) : NULL;

	return nl ? (size_t)(nl - text.p) + 1 : 0;
}

int origin_file_init(struct origin_file *f, const struct rule_source *s)
{
	size_t lines = 1, at;
	unsigned char any = 0;

	*f = (struct origin_file){.name = s->name, .text = s->text};
	f->skip = str_starts(s->text, STR("\xef\xbb\xbf")) ? 3 : 0;
	for (size_t i = 0; i < f->text.n; i++)
		any |= (unsigned char)f->text.p[i];
	f->ascii = any < 0x80;
	for (at = 0; (at = line_after(f->text, at));)
		lines++;
	f->lines = malloc(sizeof(*f->lines) * lines);
	if (!f->lines || (!f->ascii && index_chars(f) < 0))
		return -ENOMEM;
	for (at = 0; f->nlines < lines; at = line_after(f->text, at))
		f->lines[f->nlines++] = at;
	return 0;
}

void origin_file_free(struct origin_file *f)
{
	free(f->chars);
	free(f->lines);
	*f = (struct origin_file){};
}

static size_t byte_of(const struct origin_file *f, size_t index)
{
	size_t at, left = index % CHARS_STEP;

	if (f->ascii)
		return index < f->text.n ? index : f->text.n;
	if (index / CHARS_STEP >= f->nchars)
		return f->text.n;
	at = f->chars[index / CHARS_STEP];
	while (left && at < f->text.n) {
		at++;
		while (at < f->text.n && is_continuation(f->text.p[at]))
			at++;
		left--;
	}
	return at;
}

struct place place_of(const struct origin_file *f, const yaml_node_t *n)
{
	return (struct place){
		.file = f,
		.start = byte_of(f, n->start_mark.index),
		.end = byte_of(f, n->end_mark.index),
		.style = n->type == YAML_SCALAR_NODE ? n->data.scalar.style : YAML_ANY_SCALAR_STYLE,
	};
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of an escape sequence of a double-quoted scalar, the backslash included. */
static size_t escape_length(char c)
{
	return c == 'x' ? 4 : c == 'u' ? 6 : c == 'U' ? 10 : 2;
}

/* Bytes of the value that an escape became; for a line that ends in a backslash: none. */
static size_t escape_value(const char *p, const char *value)
{
	unsigned char first = (unsigned char)*value;

	if (p[1] == '\n' || p[1] == '\r')
		return 0;
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/*
 * Folding and indentation change nothing but blanks, so bytes that are none correspond in order: the cursor in the
 * file moves to the one that the cursor in the value is at.
 */
size_t place_within(const struct place *p, struct str value, size_t offset)
{
	const char *text = p->file->text.p;
	size_t at = p->start, k = 0;
	bool dquoted = p->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE, squoted = p->style == YAML_SINGLE_QUOTED_SCALAR_STYLE;

	if (dquoted || squoted)
		at++;
	if (p->style == YAML_LITERAL_SCALAR_STYLE || p->style == YAML_FOLDED_SCALAR_STYLE) {
		while (at < p->end && text[at] != '\n')	/* the header: |-, >2, a comment */
			at++;
	}
	while (k < offset && k < value.n && at < p->end) {
		if (dquoted && text[at] == '\\' && at + 1 < p->end) {
			k += escape_value(text + at, value.p + k);
			at += escape_length(text[at + 1]);
		} else if (is_space(value.p[k])) {
			k++;
			if (is_space(text[at]) && (k >= value.n || !is_space(value.p[k]))) {
				while (at < p->end && is_space(text[at]))
					at++;
			} else if (is_space(text[at])) {
				at++;
			}
		} else if (is_space(text[at])) {
			at++;
		} else {
			at += squoted && text[at] == '\'' && at + 1 < p->end && text[at + 1] == '\'' ? 2 : 1;
			k++;
		}
	}
	/* a part that begins a line stands behind the line's blanks, and behind the backslash that joined it */
	while (at < p->end && k < value.n && !is_space(value.p[k])) {
		bool joined = dquoted && text[at] == '\\' && at + 1 < p->end && (text[at + 1] == '\n' || text[at + 1] == '\r');

		if (!joined && !is_space(text[at]))
			break;
		at += joined ? 2 : 1;
	}
	return at;
}

struct diag_place place_diag(const struct place *p, size_t byte, size_t len)
{
	const struct origin_file *f = p->file;
	size_t lo = 0, hi;

	if (!f)
		return (struct diag_place){};
	for (hi = f->nlines; hi - lo > 1;) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->lines[mid] <= byte)
			lo = mid;
		else
			hi = mid;
	}
	return (struct diag_place){.file = f->name, .line = (unsigned int)lo + 1, .col = (unsigned int)(byte - f->lines[lo]) + 1,
				   .len = len ? (unsigned int)len : 1};
}

int ctext_add(struct ctext *t, struct str text, const struct segment *s)
{
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 4;
		struct segment *v = realloc(t->v, sizeof(*v) * room);

		if (!v)
			return -ENOMEM;
		t->v = v;
		t->room = room;
	}
	t->v[t->n] = *s;
	t->v[t->n++].at = t->text.n;
	buf_str(&t->text, text);
	return buf_error(&t->text);
}

int ctext_scalar(struct ctext *t, struct str value, const struct place *p)
{
	return ctext_add(t, value, &(struct segment){.place = *p, .value = value});
}

/* The segment that byte pos of the text belongs to. */
static const struct segment *segment_at(const struct ctext *t, size_t pos)
{
	size_t lo = 0, hi = t->n;

	if (!t->n)
		return NULL;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->v[mid].at <= pos)
			lo = mid;
		else
			hi = mid;
	}
	return &t->v[lo];
}

int ctext_copy(struct ctext *t, const struct ctext *from, size_t at, size_t n)
{
	while (n) {
		const struct segment *s = segment_at(from, at);
		size_t end = s + 1 < from->v + from->n ? s[1].at : from->text.n;
		size_t part = end - at < n ? end - at : n;
		struct segment copy = *s;
		int r;

		if (!copy.fixed)
			copy.from += at - s->at;
		r = ctext_add(t, str_n(from->text.p + at, part), &copy);
		if (r < 0)
			return r;
		at += part;
		n -= part;
	}
	return 0;
}

void ctext_free(struct ctext *t)
{
	buf_free(&t->text);
	free(t->v);
	*t = (struct ctext){.text = {.max = t->text.max}};
}

struct diag_place ctext_diag(const struct ctext *t, size_t pos, size_t len)
{
	const struct segment *s = segment_at(t, pos);
	size_t from, begin, end;

	if (!s)
		return (struct diag_place){};
	from = s->fixed ? s->from : s->from + (pos - s->at);
	len = s->fixed ? s->fixed_len : len;
	begin = place_within(&s->place, s->value, from);
	end = place_within(&s->place, s->value, from + len < s->value.n ? from + len : s->value.n);
	/* up to the end of the line: a caret does not go on below another one */
	for (size_t i = begin; i < end; i++) {
		if (s->place.file->text.p[i] == '\n')
			end = i;
	}
	return place_diag(&s->place, begin, end > begin ? end - begin : 1);
}

bool node_is_null(const yaml_node_t *n)
{
	struct str s;

	if (!n)
		return true;
	if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return n->type == YAML_NO_NODE;
	s = str_n((const char *)n->data.scalar.value, n->data.scalar.length);
	return !s.n || str_eq(s, STR("~")) || str_eq(s, STR("null")) || str_eq(s, STR("Null")) || str_eq(s, STR("NULL"));
}

struct str node_text(const yaml_node_t *n)
{
	if (node_is_null(n) || n->type != YAML_SCALAR_NODE)
		return STR_NONE;
	return str_n((const char *)n->data.scalar.value, n->data.scalar.length);
}

bool node_bool(const yaml_node_t *n, bool *ret)
{
	static const char *const words[] = {"false", "no", "off", "n", "true", "yes", "on", "y"};
	struct str s = node_text(n);

	for (size_t i = 0; s.p && i < ARRAY_SIZE(words); i++) {
		if (s.n == strlen(words[i]) && !strncasecmp(s.p, words[i], s.n)) {
			*ret = i >= ARRAY_SIZE(words) / 2;
			return true;
		}
	}
	return false;
}
