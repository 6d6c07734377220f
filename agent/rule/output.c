/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/output.h"
#include "rule/matcher_node.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/utf8.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

/* Literal text, then one value. */
struct part {
	struct str literal;
	bool has_value;
	bool transformed;	/* the value is transforms' condition number `transform`, not field */
	uint32_t transform;
	struct field_ref field;
	unsigned int width;	/* 0: as it is; else padded or cut to this many characters */
};

struct output {
	struct part *parts;
	uint32_t nparts;
	struct matcher *transforms;	/* evaluates "TRANSFORMER exists" for each transformer; NULL without any */
	const struct ast **conditions;
	uint32_t nconditions;
};

#define PARTS_MAX 256	/* values of one template */
#define WIDTH_MAX 1024
#define NA STR("<NA>")

struct builder {
	struct arena *arena;
	struct str text;
	size_t at;		/* cursor */
	size_t literal;		/* where the literal text in front of the cursor begins */
	struct output_error *e;
	struct part parts[PARTS_MAX];
	const struct ast *conditions[PARTS_MAX];
	uint32_t nparts, nconditions;
};

static int fail(struct builder *b, size_t pos, size_t len, const char *message, struct str culprit)
{
	*b->e = (struct output_error){.pos = pos, .len = len ? len : 1};
	if (culprit.p)
		snprintf(b->e->message, sizeof(b->e->message), "%s \"%.*s\"", message, (int)(culprit.n < 80 ? culprit.n : 80),
			 culprit.p);
	else
		snprintf(b->e->message, sizeof(b->e->message), "%.*s", (int)sizeof(b->e->message) - 1, message);
	return -EINVAL;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

static size_t name_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && is_name(s.p[n]))
		n++;
	return n;
}

/* [ARG] or ["ARG"] at the beginning of s: the argument, and how long all of it is; 0 when there is none. */
static size_t bracket(struct str s, struct str *arg)
{
	const char *end;
	char quote;

	if (s.n < 2 || s.p[0] != '[')
		return 0;
	quote = s.p[1] == '"' || s.p[1] == '\'' ? s.p[1] : 0;
	if (quote) {
		end = memchr(s.p + 2, quote, s.n - 2);
		if (!end || end + 1 >= s.p + s.n || end[1] != ']')
			return 0;
		*arg = str_n(s.p + 2, (size_t)(end - s.p - 2));
		return (size_t)(end - s.p) + 2;
	}
	end = memchr(s.p, ']', s.n);
	if (!end)
		return 0;
	*arg = str_n(s.p + 1, (size_t)(end - s.p - 1));
	return (size_t)(end - s.p) + 1;
}

/* The key of an event from JSON: without the quotes of the argument. */
static struct str key_text(struct builder *b, struct str name, bool has_arg, struct str arg)
{
	char *p;

	if (!has_arg)
		return name;
	p = arena_alloc(b->arena, name.n + arg.n + 3);
	return p ? str_n(p, (size_t)sprintf(p, STR_FMT "[" STR_FMT "]", STR_ARG(name), STR_ARG(arg))) : STR_NONE;
}

/* The longest beginning of s that is a field: its length, 0 for none. *why is the reason of the whole name. */
static size_t parse_field(struct builder *b, struct str s, struct field_ref *ret, enum field_error *why)
{
	struct str name = str_n(s.p, name_length(s)), arg = STR_NONE;
	size_t n = name.n ? bracket(str_skip(s, name.n), &arg) : 0;

	*why = FIELD_E_UNKNOWN;
	if (n) {
		*why = field_resolve(ret, name, true, arg, key_text(b, name, true, arg));
		if (*why == FIELD_OK)
			return name.n + n;
	}
	for (size_t len = name.n; len; len--) {
		enum field_error e = field_resolve(ret, str_n(s.p, len), false, STR_NONE, str_n(s.p, len));

		if (e == FIELD_OK)
			return len;
		if (e != FIELD_E_UNKNOWN && *why == FIELD_E_UNKNOWN)
			*why = e;
	}
	return 0;
}

static bool is_transformer(struct str s)
{
	for (size_t i = 0; i < TRANSFORM_MAX; i++) {
		struct str word = str(transform_table[i].word);

		if (str_starts(s, word) && s.n > word.n && s.p[word.n] == '(')
			return true;
	}
	return false;
}

/* Length of NAME(...) with its optional [ARG]: up to the parenthesis that closes the first one, quotes respected. */
static size_t transformer_length(struct str s)
{
	unsigned int depth = 0;
	struct str arg;
	char quote = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quote) {
			quote = c == quote && s.p[i - 1] != '\\' ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && !--depth) {
			return i + 1 + bracket(str_skip(s, i + 1), &arg);
		}
	}
	return 0;
}

struct first_error {
	struct ast_error e;
	bool any;
};

static void keep_first(void *ctx, const struct ast_error *e, bool warning)
{
	struct first_error *f = ctx;

	if (warning || f->any)
		return;
	f->e = *e;
	f->any = true;
}

/* A transformer is read and evaluated by the condition language itself, as "TRANSFORMER exists". */
static int parse_transformer(struct builder *b, struct part *part, size_t n)
{
	struct str whole = str_n(b->text.p + b->at, n);
	char *text = arena_alloc(b->arena, n + sizeof(" exists"));
	struct first_error f = {};
	struct ast *tree;
	int r;

	if (!text)
		return -ENOMEM;
	r = ast_parse(&tree, b->arena, str_n(text, (size_t)sprintf(text, STR_FMT " exists", STR_ARG(whole))), 100, &f.e);
	if (!r)
		r = ast_check(tree, b->arena, 0, keep_first, &f);
	if (r == -EINVAL) {
		size_t pos = f.e.pos < n ? f.e.pos : 0;

		fail(b, b->at + pos, f.e.len < n - pos ? f.e.len : n - pos, f.e.message, STR_NONE);
		snprintf(b->e->hint, sizeof(b->e->hint), "%.*s", (int)sizeof(b->e->hint) - 1, f.e.hint);
	}
	if (r < 0)
		return r;
	part->has_value = part->transformed = true;
	part->transform = b->nconditions;
	b->conditions[b->nconditions++] = tree;
	b->at += n;
	return 0;
}

static int unknown_field(struct builder *b, enum field_error why)
{
	struct str s = str_skip(b->text, b->at), name = str_n(s.p, name_length(s));
	const char *near;

	if (!name.n)
		return fail(b, b->at - 1, 1, "no field name follows the % sign", STR_NONE);
	if (why == FIELD_E_ARG_NEEDED)
		return fail(b, b->at, name.n, "an argument is missing for the field", name);
	if (why == FIELD_E_NO_ARG)
		return fail(b, b->at, name.n, "no argument is allowed for the field", name);
	if (why == FIELD_E_ARG)
		return fail(b, b->at, name.n, "wrong argument of the field", name);
	fail(b, b->at, name.n, "unknown field", name);
	near = field_refused(name);
	if (near) {
		snprintf(b->e->hint, sizeof(b->e->hint), "%s", near);
		return -EINVAL;
	}
	near = field_nearest(name);
	if (near)
		snprintf(b->e->hint, sizeof(b->e->hint), "did you mean \"%s\"?", near);
	return -EINVAL;
}

static int parse_value(struct builder *b, struct part *part)
{
	enum field_error why;
	struct str rest;
	size_t n;

	while (b->at < b->text.n && b->text.p[b->at] >= '0' && b->text.p[b->at] <= '9' && part->width <= WIDTH_MAX)
		part->width = part->width * 10 + (unsigned int)(b->text.p[b->at++] - '0');
	if (part->width > WIDTH_MAX)
		return fail(b, b->at - 1, 1, "the width is too large", STR_NONE);
	rest = str_skip(b->text, b->at);
	if (is_transformer(rest)) {
		n = transformer_length(rest);
		if (n)
			return parse_transformer(b, part, n);
		return fail(b, b->at, name_length(rest), "a closing parenthesis is missing for", str_n(rest.p, name_length(rest)));
	}
	n = parse_field(b, rest, &part->field, &why);
	if (!n)
		return unknown_field(b, why);
	part->has_value = true;
	b->at += n;
	return 0;
}

static int parse_parts(struct builder *b)
{
	while (b->at < b->text.n) {
		const char *percent = memchr(b->text.p + b->at, '%', b->text.n - b->at);
		struct part *part = &b->parts[b->nparts];
		int r;

		if (!percent)
			break;
		if (b->nparts == PARTS_MAX - 1)
			return fail(b, b->at, 1, "too many fields in one output", STR_NONE);
		part->literal = str_n(b->text.p + b->at, (size_t)(percent - b->text.p) - b->at);
		b->at = (size_t)(percent - b->text.p) + 1;
		if (b->at == b->text.n)
			return fail(b, b->at - 1, 1, "an output cannot end with a % sign", STR_NONE);
		r = parse_value(b, part);
		if (r < 0)
			return r;
		b->nparts++;
	}
	if (b->at < b->text.n)
		b->parts[b->nparts++] = (struct part){.literal = str_skip(b->text, b->at)};
	return 0;
}

static int finish(struct builder *b, struct output **ret)
{
	struct output *o = arena_new_object(b->arena, struct output);
	int r;

	if (!o)
		return -ENOMEM;
	*o = (struct output){.nparts = b->nparts, .nconditions = b->nconditions,
			     .parts = arena_array(b->arena, struct part, b->nparts + 1),
			     .conditions = arena_array(b->arena, const struct ast *, b->nconditions + 1)};
	if (!o->parts || !o->conditions)
		return -ENOMEM;
	memcpy(o->parts, b->parts, sizeof(*o->parts) * b->nparts);
	memcpy(o->conditions, b->conditions, sizeof(*o->conditions) * b->nconditions);
	if (b->nconditions) {
		r = matcher_new(&o->transforms, o->conditions, o->nconditions, 0);
		if (r < 0)
			return r;
	}
	*ret = o;
	return 0;
}

int output_parse(struct output **ret, struct arena *a, struct str text, struct output_error *e)
{
	struct builder *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->arena = a;
	b->text = text;
	b->e = e;
	r = parse_parts(b);
	if (!r)
		r = finish(b, ret);
	free(b);
	return r;
}

void output_release(struct output *o)
{
	if (o)
		o->transforms = matcher_free(o->transforms);
}

static void add_value(struct buf *out, const struct field_ref *f, const struct value *v)
{
	char ip[INET6_ADDRSTRLEN];

	switch (v->type) {
	case TYPE_BOOL:
		buf_puts(out, v->b ? "true" : "false");
		break;
	case TYPE_INT:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case TYPE_UINT:
	case TYPE_PORT:
		/* the nanoseconds of a time are read behind a point */
		buf_printf(out, f && str_eq(f->text, STR("evt.rawtime.ns")) ? "%09llu" : "%llu", (unsigned long long)v->u);
		break;
	case TYPE_STR:
	case TYPE_BYTES:
		buf_str(out, v->s);
		break;
	case TYPE_IP:
	case TYPE_NET:
		if (inet_ntop(v->ip.family, v->ip.ip, ip, sizeof(ip)))
			buf_puts(out, ip);
		break;
	default:
		buf_str(out, NA);
	}
}

void output_add_values(struct buf *out, const struct field_ref *f, const struct value *v, unsigned int n, bool list)
{
	if (list)
		buf_char(out, '(');
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			buf_char(out, list ? ',' : ' ');
		add_value(out, f, &v[i]);
	}
	if (list)
		buf_char(out, ')');
}

/* Whether it was there. */
static bool add_field(struct buf *out, const struct field_ref *f, const struct event *ev, struct field_scratch *s)
{
	struct value v[FIELD_VALUES_MAX];
	size_t used = s->used;
	bool present;
	unsigned int n;

	if (f->flags & FIELD_FILTER) {
		buf_str(out, NA);
		return false;
	}
	n = field_values(f, ev, s, v, &present);
	if (!present)
		buf_str(out, NA);
	else
		output_add_values(out, f, v, n, f->flags & FIELD_LIST);
	s->used = used;
	return present;
}

static bool add_transformed(struct buf *out, const struct output *o, uint32_t i)
{
	const struct shown *shown = o->transforms->shown[i];
	const struct slot_state *s = slot_values(o->transforms, shown->slot);

	if (!s->present)
		buf_str(out, NA);
	else
		output_add_values(out, NULL, s->v, s->n, o->transforms->slots[shown->slot].list);
	return s->present;
}

/* Pads with blanks, or cuts, to the width: characters, not bytes, and never within one. */
static void fit(struct buf *out, size_t start, unsigned int width)
{
	size_t at = start;
	unsigned int n = 0;

	while (at < out->n && n < width) {
		at++;
		while (at < out->n && ((unsigned char)out->p[at] & 0xc0) == 0x80)
			at++;
		n++;
	}
	if (at < out->n) {
		out->n = at;
		out->p[at] = 0;
	}
	for (; n < width; n++)
		buf_char(out, ' ');
}

bool output_render(const struct output *o, const struct event *ev, struct field_scratch *s, struct buf *out)
{
	size_t begin = out->n, max = begin + OUTPUT_BYTES_MAX;
	bool there = true;

	if (o->transforms)
		matcher_begin(o->transforms, ev);
	for (uint32_t i = 0; i < o->nparts && out->n < max && !buf_error(out); i++) {
		const struct part *p = &o->parts[i];
		size_t start;

		buf_str(out, p->literal);
		start = out->n;
		if (!p->has_value)
			continue;
		if (p->transformed)
			there = add_transformed(out, o, p->transform);
		else
			there = add_field(out, &p->field, ev, s);
		if (p->width && !buf_error(out))
			fit(out, start, p->width);
	}
	if (out->n > max) {
		out->n = begin + utf8_cut(str_n(out->p + begin, out->n - begin), OUTPUT_BYTES_MAX);
		out->p[out->n] = 0;
	}
	return there || o->nparts > 1 || o->parts[0].literal.n;
}

void output_each_field(const struct output *o, void (*fn)(void *ctx, const struct field_ref *f), void *ctx)
{
	for (uint32_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (p->transformed)
			ast_each_field(o->conditions[p->transform], fn, ctx);
		else if (p->has_value)
			fn(ctx, &p->field);
	}
}
