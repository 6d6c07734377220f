/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_run.h"
#include "cmd/test_why.h"
#include "rule/event_json.h"

#define FIRED_MAX 100000	/* matches of one case */
#define SILENCE_EXPLAINED 3	/* of a case's rules that should have been silent */
#define RULES_NAMED_MAX 4096	/* among which the nearest name is looked for */

struct fired {
	const char *rule;
	uint64_t event;
	char *output;
	json_t *fields;		/* values the expectations of this rule ask for, name → value */
	bool expected;
	bool *mutants;		/* of an event on which some mutants are not of one mind with the rule: who fires */
	bool by_rule;		/* with mutants: the rule itself does */
};

struct run {
	struct ruleset *rs;
	const struct test_case *c;
	struct fired *v;
	size_t n, room;
	bool overflow;
	struct buf *why;
	/* with the mutants of one rule */
	struct parts *parts;
	uint32_t id;
	bool *judged, *differs;	/* per mutant: on this event; on some event */
	/* in the place of the rule: its mutant of that index */
	bool changed;
	uint32_t mutant;
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

/* What the rule says of the event, whether it fires or a mutant of it. NULL: too many. */
static struct fired *add_fired(struct run *r, struct engine *e, uint32_t id, const struct event *ev)
{
	const struct rule_info *rule = e->ops->rule(e, id);
	struct buf b = {};

	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 16;
		struct fired *v = room > FIRED_MAX ? NULL : realloc(r->v, sizeof(*v) * room);

		r->overflow = r->overflow || !v;
		if (!v)
			return NULL;
		r->v = v;
		r->room = room;
	}
	e->ops->output(e, id, ev, &b);
	buf_add(&b, "", 0);
	r->v[r->n] = (struct fired){.rule = rule->name, .event = ev->num, .output = b.p, .fields = asked_fields(r, rule->name, ev)};
	return &r->v[r->n++];
}

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	struct run *r = ctx;
	const struct matches *m = ruleset_match(r->rs, ev);

	(void)line;
	for (uint32_t i = 0; i < m->n; i++) {
		if (!add_fired(r, m->v[i].engine, m->v[i].id, ev))
			return;
	}
}

static const char *nearest_rule(struct run *r, const char *name, bool *exists)
{
	const char *names[RULES_NAMED_MAX];
	size_t n = 0;

	for (const struct engine_ops *const *o = engine_list; *o; o++) {
		const struct engine *e = ruleset_engine(r->rs, (*o)->name);

		for (uint32_t k = 0; e && k < e->ops->count(e); k++) {
			*exists = *exists || !strcmp(e->ops->rule(e, k)->name, name);
			if (n < RULES_NAMED_MAX)
				names[n++] = e->ops->rule(e, k)->name;
		}
	}
	return diag_nearest(str(name), names, n);
}

/* A rule that does not exist would be silent for ever. */
static bool rule_exists(struct run *r, const char *name)
{
	bool exists = false;
	const char *near = nearest_rule(r, name, &exists);

	if (!exists)
		why_printf(r->why, "there is no rule \"%s\"%s%s%s\n", name, near ? "; did you mean \"" : "", near ? near : "",
			   near ? "\"?" : "");
	return exists;
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
		_cleanup_(freep) char *got = NULL, *wanted = NULL;

		if (same_text(want, is))
			continue;
		ok = false;
		if (!why)
			continue;
		got = json_is_null(is) ? NULL : json_dumps(is, JSON_ENCODE_ANY);
		wanted = json_dumps(want, JSON_ENCODE_ANY);
		why_printf(why, "  %s\n", name);
		why_diff(why, wanted ? wanted : "", got ? got : "missing");
	}
	return ok;
}

static bool output_holds(const struct expectation *e, const struct fired *f)
{
	return !e->output || (f->output && !strcmp(e->output, f->output));
}

/* Whether it fired: the rule, or the mutant that stands in its place. */
static bool counts(const struct run *r, const struct fired *f)
{
	return !f->mutants || (r->changed ? f->mutants[r->mutant] : f->by_rule);
}

#define EVENTS_LISTED 20

static void list_events(struct run *r, const struct expectation *e)
{
	unsigned int n = 0;

	for (size_t i = 0; i < r->n && n <= EVENTS_LISTED; i++) {
		const struct fired *f = &r->v[i];

		if (strcmp(f->rule, e->rule) || (e->event && f->event != e->event))
			continue;
		if (n++ == EVENTS_LISTED)
			why_printf(r->why, ", ...");
		else
			why_printf(r->why, n == 1 ? "  on event %llu" : ", %llu", (unsigned long long)f->event);
	}
	why_printf(r->why, n ? "\n" : "");
}

static void say_unmet(struct run *r, const struct expectation *e, const struct fired *near, int count)
{
	unsigned long long event = near ? near->event : 0;

	if (!r->why)
		return;
	if (e->count == 0) {
		why_printf(r->why, "rule \"%s\" fired, and should not: %s\n", e->rule, near && near->output ? near->output : "");
		why_explain(r->rs, r->c, e->rule, e->event, r->why);
	} else if (!near) {
		why_printf(r->why, "rule \"%s\" did not fire\n", e->rule);
		why_explain(r->rs, r->c, e->rule, e->event, r->why);
	} else if (!output_holds(e, near)) {
		why_printf(r->why, "rule \"%s\" fired on event %llu with another output\n", e->rule, event);
		why_diff(r->why, e->output, near->output ? near->output : "");
	} else if (!fields_hold(e, near, NULL)) {
		why_printf(r->why, "rule \"%s\" fired on event %llu with other fields\n", e->rule, event);
		fields_hold(e, near, r->why);
	} else {
		why_printf(r->why, "rule \"%s\" fired %d time%s, %d expected\n", e->rule, count, count == 1 ? "" : "s", e->count);
		list_events(r, e);
	}
}

static bool check_expectation(struct run *r, const struct expectation *e)
{
	const struct fired *near = NULL;
	int count = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct fired *f = &r->v[i];

		if (strcmp(f->rule, e->rule) || (e->event && f->event != e->event) || !counts(r, f))
			continue;
		f->expected = f->expected || e->count != 0;
		near = f;
		if (output_holds(e, f) && fields_hold(e, f, NULL))
			count++;
	}
	if (e->count < 0 ? count > 0 : count == e->count)
		return true;
	say_unmet(r, e, near, count);
	return false;
}

static bool check_silence(struct run *r)
{
	unsigned int explained = 0;
	bool ok = true;

	for (size_t i = 0; i < r->n; i++) {
		const struct fired *f = &r->v[i];
		bool silent = r->c->silent_all || (!f->expected && !r->c->allow_others && !r->c->example);

		for (size_t k = 0; k < r->c->nsilent; k++)
			silent = silent || !strcmp(r->c->silent[k], f->rule);
		if (!silent || !counts(r, f))
			continue;
		ok = false;
		why_printf(r->why, "rule \"%s\" fired on event %llu, and should be silent: %s\n", f->rule,
			   (unsigned long long)f->event, f->output ? f->output : "");
		if (explained++ < SILENCE_EXPLAINED)
			why_explain(r->rs, r->c, f->rule, (unsigned int)f->event, r->why);
	}
	return ok;
}

static bool check_all(struct run *r)
{
	bool ok = true;

	for (size_t i = 0; i < r->n; i++)
		r->v[i].expected = false;
	for (size_t i = 0; i < r->c->nexpect; i++)
		ok = check_expectation(r, &r->c->expect[i]) && ok;
	return ok && check_silence(r);
}

static void run_free(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].output);
		free(r->v[i].mutants);
		json_decref(r->v[i].fields);
	}
	free(r->v);
	free(r->judged);
	free(r->differs);
}

bool test_run(struct ruleset *rs, const struct diags *said, const struct test_case *c, struct buf *why)
{
	struct run r = {.rs = rs, .c = c, .why = why};
	bool ok = test_diagnostics(c, said, why);

	if (!ok || (!c->events && !c->replay))
		return ok;
	if (!rs) {
		why_printf(why, "the rules do not load: there is nothing that could fire\n");
		return false;
	}
	for (size_t i = 0; i < c->nexpect; i++)
		ok = rule_exists(&r, c->expect[i].rule) && ok;
	for (size_t i = 0; i < c->nsilent; i++)
		ok = rule_exists(&r, c->silent[i]) && ok;
	ok = ok && test_case_events(c, on_event, &r, why) && check_all(&r);
	if (r.overflow) {
		why_printf(why, "more than %d matches\n", FIRED_MAX);
		ok = false;
	}
	run_free(&r);
	return ok;
}

/* ---- mutants ---- */

bool test_judges(const struct test_case *c, const char *rule)
{
	bool named = c->silent_all || (!c->allow_others && !c->example);

	for (size_t i = 0; i < c->nexpect; i++)
		named = named || !strcmp(c->expect[i].rule, rule);
	for (size_t i = 0; i < c->nsilent; i++)
		named = named || !strcmp(c->silent[i], rule);
	return named && (c->events || c->replay);
}

/* Keeps what the rule would say where a mutant is of another mind. */
static void on_event_mutants(void *ctx, const struct event *ev, struct str line)
{
	struct run *r = ctx;
	uint32_t n = parts_mutants(r->parts);
	bool holds = parts_judge(r->parts, ev, r->judged), differ = false;
	struct engine *e = (struct engine *)ruleset_engine(r->rs, "condition");
	const char *name = e->ops->rule(e, r->id)->name;
	struct fired *f;
	size_t from = r->n;

	on_event(ctx, ev, line);
	for (uint32_t i = 0; i < n; i++) {
		r->differs[i] = r->differs[i] || r->judged[i] != holds;
		differ = differ || r->judged[i] != holds;
	}
	if (!differ || r->overflow)
		return;
	for (f = NULL; from < r->n && !f; from++)
		f = strcmp(r->v[from].rule, name) ? NULL : &r->v[from];
	f = f ? f : add_fired(r, e, r->id, ev);
	if (!f)
		return;
	f->mutants = malloc(n);
	f->by_rule = holds;
	if (f->mutants)
		memcpy(f->mutants, r->judged, n);
	else
		r->overflow = true;
}

void test_run_mutants(struct ruleset *rs, const struct test_case *c, uint32_t id, struct parts *p, bool *killed)
{
	uint32_t n = parts_mutants(p);
	struct run r = {.rs = rs, .c = c, .parts = p, .id = id, .judged = calloc(n + 1, 1), .differs = calloc(n + 1, 1)};

	/* With too many matches to keep, the case decides nothing. */
	if (r.judged && r.differs && test_case_events(c, on_event_mutants, &r, NULL) && !r.overflow) {
		r.changed = true;
		for (r.mutant = 0; r.mutant < n; r.mutant++)
			killed[r.mutant] = killed[r.mutant] || (r.differs[r.mutant] && !check_all(&r));
	}
	run_free(&r);
}
