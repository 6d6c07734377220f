/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_run.h"
#include "cmd/events_file.h"
#include "rule/engine_condition.h"
#include "rule/event_json.h"
#include <string.h>

#define FIRED_MAX 100000	/* matches of one case */
#define RULES_NAMED_MAX 4096	/* among which the nearest name is looked for */
#define EXPLAIN_EVENTS 3	/* events for which a rule that did not fire is explained */

struct fired {
	const char *rule;
	uint64_t event;
	char *output;
	json_t *fields;		/* values the expectations of this rule ask for, name → value */
	bool expected;
};

struct run {
	struct ruleset *rs;
	const struct test_case *c;
	struct fired *v;
	size_t n, room;
	bool overflow;
	/* explaining */
	uint32_t id;
	unsigned int event, explained;
	uint64_t last;
	bool all_types;
	struct buf *why;
};

/* The values of the fields that expectations of this rule name. */
static json_t *asked_fields(const struct run *r, const char *rule, const struct event *ev)
{
	json_t *o = NULL, *v;
	const char *name;

	for (size_t i = 0; i < r->c->nexpect; i++) {
		const struct expectation *e = &r->c->expect[i];

		if (!e->fields || !e->rule || strcmp(e->rule, rule))
			continue;
		o = o ? o : json_object();
		json_object_foreach(e->fields, name, v) {
			json_t *is = event_field_json(ev, name);

			json_object_set_new(o, name, is ? is : json_null());
		}
	}
	return o;
}

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	struct run *r = ctx;
	const struct matches *m = ruleset_match(r->rs, ev);

	(void)line;
	for (uint32_t i = 0; i < m->n; i++) {
		const struct match *hit = &m->v[i];
		struct buf b = {};

		if (r->n == r->room) {
			size_t room = r->room ? r->room * 2 : 16;
			struct fired *v = room > FIRED_MAX ? NULL : realloc(r->v, sizeof(*v) * room);

			if (!v) {
				r->overflow = true;
				return;
			}
			r->v = v;
			r->room = room;
		}
		hit->engine->ops->output(hit->engine, hit->id, ev, &b);
		buf_add(&b, "", 0);
		r->v[r->n++] = (struct fired){.rule = hit->rule->name, .event = ev->num, .output = b.p,
					      .fields = asked_fields(r, hit->rule->name, ev)};
	}
}

static bool over_events(struct run *r, event_fn fn)
{
	char error[128];
	json_t *o;
	size_t i;

	if (r->c->replay) {
		struct buf e = {};
		bool ok = events_file_each(r->c->replay, fn, r, &e) >= 0;

		if (!ok)
			buf_printf(r->why, STR_FMT "\n", STR_ARG(buf_view(&e)));
		buf_free(&e);
		return ok;
	}
	json_array_foreach(r->c->events, i, o) {
		if (event_from_json(o, i + 1, STR_NONE, fn, r, error) < 0) {
			buf_printf(r->why, "event %zu: %s\n", i + 1, error);
			return false;
		}
	}
	return true;
}

static uint32_t rule_id(const struct engine *e, const char *name)
{
	uint32_t n = e ? e->ops->count(e) : 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(e->ops->rule(e, i)->name, name))
			return i;
	}
	return UINT32_MAX;
}

/* Whether the rule looks at events of that type at all. */
static bool of_interest(const struct engine *e, uint32_t id, const struct event *ev)
{
	const struct ast *condition = engine_condition_loaded(e)->rules[id].condition;
	json_t *type = event_field_json(ev, "evt.type");
	struct name_set names;
	int name = json_is_string(type) ? name_find(str(json_string_value(type))) : -1;

	json_decref(type);
	if (!condition || name < 0)
		return true;
	ast_events(condition, &names);
	return name_set_has(&names, name);
}

static void explain_event(void *ctx, const struct event *ev, struct str line)
{
	struct run *r = ctx;
	struct engine *e = (struct engine *)ruleset_engine(r->rs, "condition");
	struct buf b = {};
	struct str left;

	(void)line;
	r->last = ev->num;
	if ((r->event && ev->num != r->event) || r->explained == EXPLAIN_EVENTS)
		return;
	if (!r->event && !r->all_types && !of_interest(e, r->id, ev))
		return;
	r->explained++;
	buf_printf(r->why, "  event %llu:\n", (unsigned long long)ev->num);
	engine_condition_explain(e, r->id, ev, &b);
	for (left = buf_view(&b); left.n;) {
		const char *nl = memchr(left.p, '\n', left.n);
		size_t n = nl ? (size_t)(nl - left.p) : left.n;

		buf_printf(r->why, "    %.*s\n", (int)n, left.p);
		left = str_skip(left, nl ? n + 1 : n);
	}
	buf_free(&b);
}

static void explain(struct run *r, const char *rule, unsigned int event)
{
	const struct engine *e = ruleset_engine(r->rs, "condition");

	r->id = rule_id(e, rule);
	if (r->id == UINT32_MAX)
		return;	/* of another engine, which does not explain itself */
	if (!e->ops->rule(e, r->id)->enabled)
		buf_puts(r->why, "  the rule is disabled\n");
	r->event = event;
	r->explained = 0;
	r->all_types = false;
	over_events(r, explain_event);
	if (event > r->last)
		buf_printf(r->why, "  there is no event %u: the case has %llu\n", event, (unsigned long long)r->last);
	if (r->explained || event)
		return;
	buf_puts(r->why, "  no event is of a type that the rule looks at\n");
	r->all_types = true;
	r->explained = EXPLAIN_EVENTS - 1;	/* one is enough */
	over_events(r, explain_event);
}

/* A rule that does not exist would be silent for ever. */
static bool rule_exists(struct run *r, const char *name)
{
	const char *names[RULES_NAMED_MAX], *near;
	size_t n = 0;

	for (const struct engine_ops *const *o = engine_list; *o; o++) {
		const struct engine *e = ruleset_engine(r->rs, (*o)->name);

		for (uint32_t k = 0; e && k < e->ops->count(e); k++) {
			if (!strcmp(e->ops->rule(e, k)->name, name))
				return true;
			if (n < RULES_NAMED_MAX)
				names[n++] = e->ops->rule(e, k)->name;
		}
	}
	near = diag_nearest(str(name), names, n);
	buf_printf(r->why, "there is no rule \"%s\"%s%s%s\n", name, near ? "; did you mean \"" : "", near ? near : "",
		   near ? "\"?" : "");
	return false;
}

/* Whether two JSON scalars read the same: 3 and "3" do. */
static bool same_text(const json_t *a, const json_t *b)
{
	char *x, *y;
	bool same;

	if (json_equal((json_t *)a, (json_t *)b))
		return true;
	x = json_is_string(a) ? strdup(json_string_value(a)) : json_dumps(a, JSON_ENCODE_ANY);
	y = json_is_string(b) ? strdup(json_string_value(b)) : json_dumps(b, JSON_ENCODE_ANY);
	same = x && y && !strcmp(x, y);
	free(x);
	free(y);
	return same;
}

static bool fields_hold(const struct expectation *e, const struct fired *f, struct buf *why)
{
	const char *name;
	json_t *want;
	bool ok = true;

	json_object_foreach(e->fields, name, want) {
		json_t *is = json_object_get(f->fields, name);
		char *got;

		if (same_text(want, is))
			continue;
		got = json_dumps(is, JSON_ENCODE_ANY);
		if (why)
			buf_printf(why, "event %llu: %s is %s\n", (unsigned long long)f->event, name, got ? got : "missing");
		free(got);
		ok = false;
	}
	return ok;
}

static bool output_holds(const struct expectation *e, const struct fired *f)
{
	return !e->output || (f->output && !strcmp(e->output, f->output));
}

static bool check_expectation(struct run *r, const struct expectation *e)
{
	const struct fired *near = NULL;
	int count = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct fired *f = &r->v[i];

		if (strcmp(f->rule, e->rule) || (e->event && f->event != e->event))
			continue;
		f->expected = e->count != 0;
		near = f;
		if (output_holds(e, f) && fields_hold(e, f, NULL))
			count++;
	}
	if (e->count < 0 ? count > 0 : count == e->count)
		return true;
	if (e->count == 0) {
		buf_printf(r->why, "rule \"%s\" fired, and should not: %s\n", e->rule, near && near->output ? near->output : "");
		explain(r, e->rule, e->event);
	} else if (!near) {
		buf_printf(r->why, "rule \"%s\" did not fire\n", e->rule);
		explain(r, e->rule, e->event);
	} else if (!output_holds(e, near)) {
		buf_printf(r->why, "rule \"%s\" fired with another output\n  expected: %s\n  got:      %s\n", e->rule, e->output, near->output);
	} else if (!fields_hold(e, near, r->why)) {
		buf_printf(r->why, "rule \"%s\" fired with other fields\n", e->rule);
	} else {
		buf_printf(r->why, "rule \"%s\" fired %d time%s, %d expected\n", e->rule, count, count == 1 ? "" : "s", e->count);
	}
	return false;
}

static bool check_silence(struct run *r)
{
	bool ok = true;

	for (size_t i = 0; i < r->n; i++) {
		const struct fired *f = &r->v[i];
		bool silent = r->c->silent_all || (!f->expected && !r->c->allow_others && !r->c->example);

		for (size_t k = 0; k < r->c->nsilent; k++)
			silent = silent || !strcmp(r->c->silent[k], f->rule);
		if (!silent)
			continue;
		buf_printf(r->why, "rule \"%s\" fired on event %llu, and should be silent: %s\n", f->rule,
			   (unsigned long long)f->event, f->output ? f->output : "");
		ok = false;
	}
	return ok;
}

bool test_run(struct ruleset *rs, const struct test_case *c, struct buf *why)
{
	struct run r = {.rs = rs, .c = c, .why = why};
	bool ok = true;

	for (size_t i = 0; i < c->nexpect; i++)
		ok = rule_exists(&r, c->expect[i].rule) && ok;
	for (size_t i = 0; i < c->nsilent; i++)
		ok = rule_exists(&r, c->silent[i]) && ok;
	ok = ok && over_events(&r, on_event);
	if (ok) {
		for (size_t i = 0; i < c->nexpect; i++)
			ok = check_expectation(&r, &c->expect[i]) && ok;
	}
	if (ok)
		ok = check_silence(&r);
	if (r.overflow) {
		buf_printf(why, "more than %d matches\n", FIRED_MAX);
		ok = false;
	}
	for (size_t i = 0; i < r.n; i++) {
		free(r.v[i].output);
		json_decref(r.v[i].fields);
	}
	free(r.v);
	return ok;
}
