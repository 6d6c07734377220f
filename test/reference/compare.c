/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"
#include "print.h"
#include "rule/event_json.h"
#include "rule/matcher.h"
#include "shares.h"
#include "util/limits.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* Rules compiled together. */
struct set {
	struct rtree *const *trees;
	unsigned int n;
	struct buf texts[CONDITIONS_MAX];
	struct arena *arena;
	struct matcher *matcher;	/* NULL: refused, why is said */
	struct name_set events[CONDITIONS_MAX];
	struct needs needs;
	char why[400];
};

static void report(void *ctx, const struct ast_error *e, bool warning)
{
	struct set *s = ctx;

	if (!warning)
		snprintf(s->why, sizeof(s->why), "%s", e->message);
}

/* What the engine reads: the text, and nothing else. */
static struct ast *read_condition(struct set *s, struct str text, unsigned int flags)
{
	struct ast_error e;
	struct ast *n;

	if (ast_parse(&n, s->arena, text, CONDITION_DEPTH_MAX, &e) < 0) {
		snprintf(s->why, sizeof(s->why), "%s", e.message);
		return NULL;
	}
	return ast_check(n, s->arena, flags, report, s) < 0 ? NULL : n;
}

static void set_open(struct set *s, struct rtree *const *trees, unsigned int n, bool strict)
{
	const struct ast *roots[CONDITIONS_MAX];
	unsigned int flags = strict ? AST_STRICT_COMPAT : 0;

	s->trees = trees;
	s->n = n;
	s->arena = arena_new(64u << 20);
	s->matcher = NULL;
	s->why[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		s->texts[i] = (struct buf){};
		ref_print(trees[i], &s->texts[i], below);
	}
	for (unsigned int i = 0; i < n; i++) {
		roots[i] = read_condition(s, buf_view(&s->texts[i]), flags);
		if (!roots[i]) {
			printf("refused: " STR_FMT "\n  %s\n", STR_ARG(buf_view(&s->texts[i])), s->why);
			return;
		}
		ast_events(roots[i], &s->events[i]);
	}
	memset(&s->needs, 0, sizeof(s->needs));
	if (matcher_new(&s->matcher, roots, n, flags) < 0)
		snprintf(s->why, sizeof(s->why), "does not compile");
	else
		matcher_needs(s->matcher, &s->needs);
}

static void set_close(struct set *s)
{
	matcher_free(s->matcher);
	arena_free(s->arena);
	for (unsigned int i = 0; i < s->n; i++)
		buf_free(&s->texts[i]);
}

static bool reference_says(const struct occasion *o, const struct rtree *t, bool strict, bool count)
{
	size_t mark = ref_mark();
	bool r = ref_holds(&o->facts, t, strict, count ? shares_count : NULL);

	ref_forget(mark);
	return r;
}

/* The rule about which the two differ, or s->n. */
static unsigned int first_difference(struct set *s, const struct occasion *o, bool strict, bool count)
{
	uint32_t hits[CONDITIONS_MAX];
	bool engine[CONDITIONS_MAX] = {};
	unsigned int n, bad = s->n;

	n = matcher_match(s->matcher, &o->event, hits);
	for (unsigned int i = 0; i < n; i++)
		engine[hits[i]] = true;
	for (unsigned int i = 0; i < s->n; i++) {
		if (reference_says(o, s->trees[i], strict, count) != engine[i] && bad == s->n)
			bad = i;
	}
	return bad;
}

/* explain walks the tree as it was written, without any program. */
static bool explain_agrees(struct set *s, const struct occasion *o, unsigned int rule, bool strict)
{
	struct buf out = {.max = 4u << 20};
	bool same = matcher_explain(s->matcher, rule, &o->event, &out) == reference_says(o, s->trees[rule], strict, false);

	buf_free(&out);
	return same;
}

/* Does what is promised of the paths of opens hold for this one? */
static bool fact_holds(const struct open_fact *f, struct str path)
{
	struct str parts[64], rest = str_skip(path, 1);
	unsigned int n = 0;
	bool any = false;

	while (n < 64) {
		const char *slash = memchr(rest.p, '/', rest.n);

		parts[n] = str_n(rest.p, slash ? (size_t)(slash - rest.p) : rest.n);
		any |= text_same(parts[n++], f->a);
		if (!slash)
			break;
		rest = str_skip(rest, parts[n - 1].n + 1);
	}
	switch (f->kind) {
	case OPEN_NAME:
		return text_same(parts[n - 1], f->a);
	case OPEN_SUFFIX:
		return text_ends(parts[n - 1], f->a);
	case OPEN_TOP:
		return text_same(parts[0], f->a);
	case OPEN_PAIR:
		return n > 1 && text_same(parts[0], f->a) && text_same(parts[1], f->b);
	case OPEN_PART:
		return any;
	}
	return false;
}

static const char *open_not_foreseen(const struct set *s, const struct occasion *o)
{
	bool reads = !(o->event.rec->open.flags & O_ACCMODE), foreseen;
	struct str path = event_blob(&o->event, o->event.rec->open.name);
	struct opens opens;

	if (reads && !(s->needs.want & WANT_OPEN_READ))
		return "holds for an open to read, and the sensor need not send those";
	matcher_opens(s->matcher, UINT32_MAX, reads ? OPENS_READ : OPENS_WRITTEN, &opens);
	foreseen = opens.all;
	for (uint32_t i = 0; i < opens.n; i++)
		foreseen |= fact_holds(&opens.v[i], path);
	opens_free(&opens);
	return foreseen ? NULL : "holds for an open of a path that it promised not to match";
}

/*
 * An event that a condition holds for is among those that the condition is said to be about, and the sensor is told to
 * send it. What is missing there, or NULL.
 */
static const char *not_foreseen(const struct set *s, const struct occasion *o)
{
	const struct rvalue *type = &o->facts.of[F_EVT_TYPE].v[0];
	const union event_record *rec = o->event.rec;
	/* the original's sets take syscall.type for evt.type, which events that are no system call do not have */
	int name = o->facts.of[F_SYSCALL_TYPE].present ? name_find(type->text) : -1;
	uint32_t hits[CONDITIONS_MAX];
	unsigned int n = matcher_match(s->matcher, &o->event, hits);

	for (unsigned int i = 0; name >= 0 && i < n; i++) {
		if (!name_set_has(&s->events[hits[i]], name))
			return "holds for an event that is not in its set of events";
	}
	if (!n || !rec)
		return NULL;
	if (!s->needs.call[o->event.call])
		return "holds for a call that the sensor need not send";
	if (rec->hdr.type == EVENT_OPEN && rec->hdr.res < 0)
		return s->needs.want & WANT_OPEN_FAILED ? NULL : "holds for a failed open, and the sensor need not send those";
	if (rec->hdr.res < 0 && !(s->needs.want & WANT_FAILED))
		return "holds for a failed call, and the sensor need not send those";
	return rec->hdr.type == EVENT_OPEN ? open_not_foreseen(s, o) : NULL;
}

/* ---- making it smaller ---- */

static bool differs(struct rtree *const *trees, unsigned int n, const struct occasion *o, bool strict)
{
	static struct set s;
	bool r;

	set_open(&s, trees, n, strict);
	r = s.matcher && first_difference(&s, o, strict, false) < n;
	set_close(&s);
	return r;
}

/* The smallest part of a tree that differs by itself. */
static struct rtree *smaller_tree(struct rtree *t, const struct occasion *o, bool strict)
{
	for (unsigned int i = 0; i < t->n; i++) {
		if (differs(&t->v[i], 1, o, strict))
			return smaller_tree(t->v[i], o, strict);
	}
	for (unsigned int i = 0; t->n > 2 && i < t->n; i++) {	/* one member less */
		struct rtree less = *t, *one = &less;

		less.n--;
		memmove(less.v + i, less.v + i + 1, (less.n - i) * sizeof(*less.v));
		if (differs(&one, 1, o, strict)) {
			*t = less;
			return smaller_tree(t, o, strict);
		}
	}
	return t;
}

static unsigned int fewer(struct rtree **trees, unsigned int n, const struct occasion *o, bool strict)
{
	struct rtree *without[CONDITIONS_MAX];

	for (unsigned int i = 0; n > 1 && i < n;) {
		memcpy(without, trees, i * sizeof(*trees));
		memcpy(without + i, trees + i + 1, (n - i - 1) * sizeof(*trees));
		if (differs(without, n - 1, o, strict))
			memcpy(trees, without, --n * sizeof(*trees));
		else
			i++;
	}
	return n;
}

/* JSON with the bytes of texts that are no UTF-8 as \xNN. */
static void show_json(const json_t *j)
{
	const char *p = json_string_value(j);
	char *other;

	if (!p) {
		other = json_dumps(j, JSON_ENCODE_ANY);
		printf("%s", other ? other : "?");
		free(other);
		return;
	}
	putchar('"');
	for (size_t i = 0; i < json_string_length(j); i++) {
		if (p[i] < ' ' || p[i] == '"' || p[i] == '\\' || p[i] == 0x7f)
			printf("\\x%02x", (unsigned char)p[i]);
		else
			putchar(p[i]);
	}
	putchar('"');
}

static void show_event(const struct occasion *o)
{
	json_t *j = o->object ? json_incref(o->object) : event_json(&o->event), *v, *item;
	const char *key;
	size_t i;

	printf("%s\n", o->object ? "event" : "record");
	json_object_foreach(j, key, v) {
		printf("  %s: ", key);
		if (json_is_array(v))
			printf("[");
		json_array_foreach(v, i, item) {
			printf("%s", i ? ", " : "");
			show_json(item);
		}
		if (json_is_array(v))
			printf("]");
		else
			show_json(v);
		putchar('\n');
	}
	json_decref(j);
}

static void show(struct rtree **trees, unsigned int n, const struct occasion *o, bool strict)
{
	static struct set s;
	unsigned int bad;

	set_open(&s, trees, n, strict);
	bad = s.matcher ? first_difference(&s, o, strict, false) : n;
	for (unsigned int i = 0; i < n; i++) {
		bool holds = reference_says(o, trees[i], strict, false);

		printf("%s: " STR_FMT "\n", i == bad ? "DIFFERENCE" : "with", STR_ARG(buf_view(&s.texts[i])));
		if (i == bad)
			printf("  reference: %s, engine: %s%s\n", holds ? "holds" : "does not hold",
			       holds ? "does not hold" : "holds", strict ? " (strict)" : "");
	}
	show_event(o);
	set_close(&s);
}

/* The first condition that shows it by itself; all of them when none does. */
static void show_unforeseen(struct rtree **trees, unsigned int n, const struct occasion *o, bool strict, const char *what)
{
	static struct set s;
	unsigned int i;

	for (i = 0; i < n; i++) {
		const char *alone;

		set_open(&s, &trees[i], 1, strict);
		alone = s.matcher ? not_foreseen(&s, o) : NULL;
		set_close(&s);
		if (alone)
			break;
	}
	printf("%s\n", what);
	if (i < n)
		show(&trees[i], 1, o, strict);
	else
		show(trees, n, o, strict);
}

static void shrink_and_show(struct rtree **conditions, unsigned int n, unsigned int bad, const struct occasion *o, bool strict)
{
	struct rtree *trees[CONDITIONS_MAX];

	memcpy(trees, conditions, n * sizeof(*trees));
	if (differs(&conditions[bad], 1, o, strict)) {
		trees[0] = smaller_tree(conditions[bad], o, strict);
		n = 1;
	} else if (differs(trees, n, o, strict)) {
		n = fewer(trees, n, o, strict);
	} else {
		printf("only after the events before it\n");
	}
	show(trees, n, o, strict);
}

/* False: a difference, and it was shown. */
static bool compare_event(struct set *s, struct rtree **trees, const struct occasion *o, bool strict)
{
	unsigned int bad = first_difference(s, o, strict, true), sample = below(s->n);
	const char *what = not_foreseen(s, o);

	if (bad < s->n) {
		shrink_and_show(trees, s->n, bad, o, strict);
	} else if (!explain_agrees(s, o, sample, strict)) {
		printf("explain differs from the match and the reference\n");
		show(&trees[sample], 1, o, strict);
	} else if (what) {
		show_unforeseen(trees, s->n, o, strict, what);
	} else {
		return true;
	}
	return false;
}

static bool compare_set(struct batch *b, struct rtree **trees, unsigned int n, uint64_t *pairs)
{
	static struct set s;
	bool same;

	set_open(&s, trees, n, b->strict);
	same = s.matcher != NULL;
	if (!same)
		printf("%s\n", s.why);
	for (unsigned int i = 0; same && i < b->noccasions; i++) {
		*pairs += n;
		same = compare_event(&s, trees, &b->occasions[i], b->strict);
	}
	set_close(&s);
	return same;
}

bool compare_batch(struct batch *b, uint64_t *pairs)
{
	if (!compare_set(b, b->conditions, b->nconditions, pairs))
		return false;
	for (unsigned int i = 0; i < NARROW; i++) {
		if (!compare_set(b, &b->narrow[i], 1, pairs))
			return false;
	}
	return true;
}
