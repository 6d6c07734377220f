/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens
 *
 * Which paths a condition can match, in facts the kernel side can test: of "and"
 * the part that is told best is enough, of "or" all parts are needed, of "not"
 * nothing is known. When in doubt, all of them.
 *
 * It speaks of opens that succeeded, and of names that changed: their path is the
 * kernel's, absolute, each component once, and none ends in '/' but the root, which
 * is never refused. Of an event with two paths either may be the one.
 */
#include "event/attr.h"
#include "rule/glob.h"
#include "rule/matcher_judge.h"
#include "util/limits.h"
#include <stdlib.h>

/* What of the path a value is. */
enum part { PART_NONE, PART_PATH, PART_FOLDER, PART_LAST };

static void all(struct opens *o)
{
	free(o->v);
	*o = (struct opens){.all = true};
}

void opens_free(struct opens *o)
{
	free(o->v);
	*o = (struct opens){};
}

static bool same(const struct open_fact *a, const struct open_fact *b)
{
	return a->kind == b->kind && str_eq(a->a, b->a) && str_eq(a->b, b->b);
}

static void put(struct opens *o, enum open_fact_kind kind, struct str a, struct str b)
{
	struct open_fact f = {kind, a, b}, *more;
	uint32_t i;

	for (i = 0; i < o->n && !same(&o->v[i], &f); i++)
		;
	if (o->all || i < o->n)
		return;
	if (o->n == OPEN_FACTS_MAX) {
		all(o);
		return;
	}
	if (o->n == o->room) {
		more = realloc(o->v, (o->room ? 2 * o->room : 8) * sizeof(*more));
		if (!more) {
			all(o);
			return;
		}
		o->v = more;
		o->room = o->room ? 2 * o->room : 8;
	}
	o->v[o->n++] = f;
}

/* *o or *more. Takes *more. */
static void join(struct opens *o, struct opens *more)
{
	if (more->all)
		all(o);
	for (uint32_t i = 0; i < more->n; i++)
		put(o, more->v[i].kind, more->v[i].a, more->v[i].b);
	opens_free(more);
}

/* How badly it tells files apart: a walk through folders costs the most. */
static uint64_t rank(const struct opens *o)
{
	uint64_t walk = 0, suffix = 0;

	for (uint32_t i = 0; i < o->n; i++) {
		walk |= o->v[i].kind > OPEN_SUFFIX;
		suffix |= o->v[i].kind == OPEN_SUFFIX;
	}
	return o->all ? UINT64_MAX : walk << 33 | suffix << 32 | o->n;
}

/* ---- a constant → a fact ---- */

/* The component that begins at *rest, which begins with '/', and is followed by another '/'; STR_NONE when there is none. */
static struct str whole_component(struct str *rest)
{
	const char *end;
	struct str part;

	if (rest->n < 2 || rest->p[0] != '/')
		return STR_NONE;
	end = memchr(rest->p + 1, '/', rest->n - 1);
	if (!end || end == rest->p + 1)
		return STR_NONE;
	part = str_n(rest->p + 1, (size_t)(end - rest->p) - 1);
	*rest = str_skip(*rest, part.n + 1);
	return part;
}

/* The path begins with this text. */
static void from_prefix(struct opens *o, struct str text)
{
	struct str first = whole_component(&text), second = first.p ? whole_component(&text) : STR_NONE;

	if (second.p)
		put(o, OPEN_PAIR, first, second);
	else if (first.p)
		put(o, OPEN_TOP, first, STR_NONE);
	else
		all(o);
}

/* The path, or a folder that it lies in or is, is this text. */
static void from_folder(struct opens *o, struct str text)
{
	struct str rest = text, first = whole_component(&rest), second;

	if (!first.p && (text.n < 2 || text.p[0] != '/' || text.p[1] == '/')) {
		all(o);
		return;
	}
	if (!first.p) {	/* "/etc" */
		put(o, OPEN_TOP, str_skip(text, 1), STR_NONE);
		return;
	}
	second = whole_component(&rest);
	if (!second.p && (rest.n < 2 || rest.p[1] == '/'))
		all(o);
	else
		put(o, OPEN_PAIR, first, second.p ? second : str_skip(rest, 1));
}

/* The path ends with this text. */
static void from_suffix(struct opens *o, struct str text)
{
	struct str last = str_after_last(text, '/');

	if (!last.n)
		all(o);
	else
		put(o, last.n < text.n ? OPEN_NAME : OPEN_SUFFIX, last, STR_NONE);
}

static void from_within(struct opens *o, struct str text)
{
	const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
	struct str rest = slash ? str_n(slash, text.n - (size_t)(slash - text.p)) : STR_NONE, part = whole_component(&rest);

	if (part.p)
		put(o, OPEN_PART, part, STR_NONE);
	else
		all(o);
}

/* pmatch: leading components without anything special. */
static void from_pmatch(struct opens *o, struct str path)
{
	size_t i, n = path.n;

	for (i = 0; i < path.n; i++) {
		if (strchr("*?[\\", path.p[i])) {
			while (i && path.p[i - 1] != '/')
				i--;
			from_prefix(o, str_n(path.p, i));
			return;
		}
	}
	while (n > 1 && path.p[n - 1] == '/')
		n--;
	from_folder(o, str_n(path.p, n));
}

static void from_value(struct opens *o, enum part part, enum test test, struct str text);

/* What stands in front of the first special character, or behind the last: whatever tells better. */
static void from_glob(struct opens *o, enum part part, struct str text)
{
	struct opens front = {}, back = {};
	size_t first, last = text.n;

	for (first = 0; first < text.n && !strchr("*?[\\", text.p[first]); first++)
		;
	if (first == text.n) {
		from_value(o, part, TEST_TEXTS, text);
		return;
	}
	while (!strchr("*?[]\\", text.p[last - 1]))
		last--;
	from_value(&front, part, TEST_PREFIX, str_n(text.p, first));
	if (memchr(text.p, '\\', text.n) || memchr(text.p, '[', text.n))
		all(&back);
	else
		from_value(&back, part, TEST_SUFFIX, str_skip(text, last));
	join(o, rank(&front) < rank(&back) ? &front : &back);
	opens_free(&front);
	opens_free(&back);
}

static void from_path(struct opens *o, enum test test, struct str text)
{
	if (test == TEST_TEXTS && text.n && text.p[0] == '/')
		from_suffix(o, text);
	else if (test == TEST_PREFIX)
		from_prefix(o, text);
	else if (test == TEST_SUFFIX)
		from_suffix(o, text);
	else if (test == TEST_CONTAINS)
		from_within(o, text);
	else if (test == TEST_PATHS)
		from_pmatch(o, text);
	else
		all(o);
}

static void from_value(struct opens *o, enum part part, enum test test, struct str text)
{
	if (memchr(text.p, '\0', text.n))
		all(o);
	else if (test == TEST_GLOB)
		from_glob(o, part, text);
	else if (part == PART_PATH)
		from_path(o, test, text);
	else if (part == PART_FOLDER && test == TEST_TEXTS)
		from_folder(o, text);
	else if (part == PART_FOLDER && test != TEST_SUFFIX)
		from_path(o, test, text);	/* the folder is where the path begins */
	else if (part == PART_LAST && test == TEST_TEXTS && text.n)
		put(o, OPEN_NAME, text, STR_NONE);
	else if (part == PART_LAST && test == TEST_SUFFIX && text.n)
		put(o, OPEN_SUFFIX, text, STR_NONE);
	else
		all(o);
}

/* ---- conditions ---- */

/* Of names: of two paths evt.path has both, and none tells them apart. */
static enum part part_of_name(const struct slot *s, enum event_call call)
{
	bool one = call_table[call].type == EVENT_UNLINK;

	if (s->kind != EXPR_FIELD)
		return PART_NONE;
	if (str_eq(s->field.text, STR("fs.path.name")) || str_eq(s->field.text, STR("fs.path.source")) ||
	    str_eq(s->field.text, STR("fs.path.target")))
		return PART_PATH;
	return one && str_eq(s->field.text, STR("evt.path")) ? PART_PATH : PART_NONE;
}

static enum part part_of(const struct matcher *m, const struct slot *s, enum event_call call)
{
	static const struct {
		const char *field;
		enum part part;
	} parts[] = {{"fd.name", PART_PATH},	 {"fs.path.name", PART_PATH}, {"evt.path", PART_PATH},
		     {"evt.abspath", PART_PATH}, {"fd.directory", PART_FOLDER}, {"fd.filename", PART_LAST}};

	if (s->kind == EXPR_TRANSFORM && s->transform == TRANSFORM_BASENAME && s->nargs == 1)
		return part_of(m, &m->slots[s->args[0]], call) == PART_PATH ? PART_LAST : PART_NONE;
	if (call_is_named(call))
		return part_of_name(s, call);
	for (size_t i = 0; s->kind == EXPR_FIELD && i < ARRAY_SIZE(parts); i++) {
		if (str_eq(s->field.text, str(parts[i].field)))
			return parts[i].part;
	}
	return PART_NONE;
}

static void from_pred(const struct matcher *m, const struct pred *p, enum event_call call, struct opens *ret)
{
	const struct slot *s = &m->slots[p->slot];
	enum part part = part_of(m, s, call);
	bool told = p->test == TEST_TEXTS || p->test == TEST_PREFIX || p->test == TEST_SUFFIX || p->test == TEST_CONTAINS ||
		    p->test == TEST_GLOB || p->test == TEST_PATHS;

	if (!part || !told || p->negate || p->multi || s->multi || p->quant != QUANT_ANY) {
		all(ret);
		return;
	}
	for (uint32_t i = 0; i < p->n && !ret->all; i++)
		from_value(ret, part, p->test, p->v[i].s);
}

void matcher_opens_of(const struct matcher *m, uint32_t id, struct assumption *a, struct opens *ret)
{
	const struct node *n = &m->nodes[id];
	struct opens best = {.all = true}, part;
	uint32_t i, known = matcher_judge(m, id, a);

	if (ret->all || known == NODE_FALSE)
		return;
	if (known == NODE_TRUE || n->kind == NODE_NOT || n->kind == NODE_CONST) {
		all(ret);
		return;
	}
	for (i = 0; i < n->n; i++) {
		part = (struct opens){};
		matcher_opens_of(m, n->v[i], a, n->kind == NODE_AND ? &part : ret);
		if (n->kind == NODE_AND && matcher_judge(m, n->v[i], a) != NODE_TRUE && rank(&part) < rank(&best)) {
			struct opens worse = best;

			best = part;
			part = worse;
		}
		opens_free(&part);
	}
	if (n->kind == NODE_PRED)
		from_pred(m, &m->preds[n->pred], a->call, ret);
	else if (n->kind == NODE_AND)
		join(ret, &best);
}
