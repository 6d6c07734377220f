/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_run.h"
#include "cmd/events_file.h"
#include "rule/engine_condition.h"
#include "rule/event_json.h"
#include <string.h>

#define FIRED_MAX 100000	/* matches of one case */
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
	const char *rule;
	unsigned int event, explained;
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

static void explain_event(void *ctx, const struct event *ev, struct str line)
{
	struct run *r = ctx;
	struct engine *e = (struct engine *)ruleset_engine(r->rs, "condition");
	uint32_t id = rule_id(e, r->rule);

	(void)line;
	if ((r->event && ev->num != r->event) || r->explained == EXPLAIN_EVENTS || id == UINT32_MAX)
		return;
	r->explained++;
	buf_printf(r->why, "  event %llu:\n", (unsigned long long)ev->num);
	engine_condition_explain(e, id, ev, r->why);
}

static void explain(struct run *r, const char *rule, unsigned int event)
{
	const struct engine *e = ruleset_engine(r->rs, "condition");
	uint32_t id = rule_id(e, rule);

	if (id == UINT32_MAX) {
		buf_printf(r->why, "  there is no rule \"%s\"\n", rule);
		return;
	}
	if (!e->ops->rule(e, id)->enabled)
		buf_puts(r->why, "  the rule is disabled\n");
	r->rule = rule;
	r->event = event;
	r->explained = 0;
	over_events(r, explain_event);
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
		buf_printf(r->why, "rule \"%s\" fired %d times, %d expected\n", e->rule, count, e->count);
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
	bool ok = over_events(&r, on_event);

	for (size_t i = 0; ok && i < c->nexpect; i++)
		ok = check_expectation(&r, &c->expect[i]) && ok;
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
