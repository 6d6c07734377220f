/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_mutate.h"
#include "cmd/test_coverage.h"
#include "cmd/test_run.h"
#include "cmd/test_why.h"
#include "rule/engine_condition.h"
#include <errno.h>

#define MUTANTS_MAX 1000	/* of one rule */

/* A rule under test. Its parts are those of the first test file that loads it. */
struct target {
	struct loaded_rule rule;	/* condition and place are the group's */
	struct parts *parts;
	unsigned int check_flags;	/* AST_… of the load */
	bool *killed;
	bool judged;			/* by some case */
	/* as another test file loaded it, kept for that file's next case */
	const struct ast *again_of;
	struct parts *again;
};

struct mutating {
	struct test_session *s;
	struct target *v;
	uint32_t n;
	json_t *index;	/* key → index of v */
};

static int add_target(struct mutating *m, const struct loaded_rule *r)
{
	_cleanup_(freep) char *key = test_rule_key(r->info.name, &r->place);
	struct target *v;
	int e;

	if (!key)
		return -ENOMEM;
	if (json_object_get(m->index, key))
		return 0;
	v = realloc(m->v, sizeof(*v) * (m->n + 1));
	if (!v)
		return -ENOMEM;
	m->v = v;
	v = &v[m->n];
	*v = (struct target){.rule = *r, .check_flags = m->s->how.strict_compat ? AST_STRICT_COMPAT : 0};
	e = parts_new(&v->parts, r->condition);
	if (!e)
		e = parts_mutate(v->parts, MUTANTS_MAX, v->check_flags);
	v->killed = e ? NULL : calloc(parts_mutants(v->parts) + 1, sizeof(bool));
	m->n++;
	json_object_set_new(m->index, key, json_integer(m->n - 1));
	return v->killed ? 0 : -ENOMEM;
}

static int find_targets(struct mutating *m, const char *const *globs, size_t nglobs)
{
	int r = 0;

	for (size_t g = 0; g < m->s->n; g++) {
		const struct loaded *l = engine_condition_loaded(ruleset_engine(m->s->v[g].rules, "condition"));

		for (uint32_t i = 0; !r && i < l->nrules; i++) {
			if (l->rules[i].condition && test_named(l->rules[i].info.name, globs, nglobs))
				r = add_target(m, &l->rules[i]);
		}
	}
	return r;
}

/* Whether a case's own form of the rule has the same mutants: its setup may have changed lists, but no part. */
static bool same_mutants(const struct parts *a, const struct parts *b)
{
	if (parts_mutants(a) != parts_mutants(b))
		return false;
	for (uint32_t i = 0; i < parts_mutants(a); i++) {
		const struct mutant *x = parts_mutant(a, i), *y = parts_mutant(b, i);

		if (x->kind != y->kind || !x->place || !y->place || x->place->line != y->place->line || x->place->col != y->place->col)
			return false;
	}
	return true;
}

static bool all_killed(const struct target *t)
{
	for (uint32_t i = 0; i < parts_mutants(t->parts); i++) {
		if (!t->killed[i])
			return false;
	}
	return true;
}

/* The rule as this case loaded it, with its mutants. *own: they are the caller's to free. NULL without memory. */
static struct parts *parts_here(struct target *t, const struct ast *condition, bool lasting, bool *own)
{
	struct parts *p = NULL;

	*own = false;
	if (condition == t->rule.condition)
		return t->parts;
	if (lasting && condition == t->again_of)
		return t->again;
	if (parts_new(&p, condition) < 0 || parts_mutate(p, MUTANTS_MAX, t->check_flags) < 0)
		return parts_free(p);
	*own = !lasting;
	if (lasting) {
		parts_free(t->again);
		t->again = p;
		t->again_of = condition;
	}
	return p;
}

/* lasting: the rules are those of the test file, not of one case that changes them. */
static int run_target(struct target *t, struct ruleset *rs, const struct loaded *l, uint32_t id, const struct test_case *c,
		      bool lasting)
{
	struct parts *p;
	bool own;

	if (all_killed(t))
		return 0;
	p = parts_here(t, l->rules[id].condition, lasting, &own);
	if (!p)
		return -ENOMEM;
	if (p == t->parts || same_mutants(t->parts, p))
		test_run_mutants(rs, c, id, p, t->killed);
	if (own)
		parts_free(p);
	return 0;
}

static int run_case(struct mutating *m, struct test_group *g, const struct test_case *c)
{
	const struct diags *said;
	struct ruleset *rs = test_rules_of(g, c, &said);
	const struct loaded *l = rs ? engine_condition_loaded(ruleset_engine(rs, "condition")) : NULL;
	int r = 0;

	for (uint32_t i = 0; l && !r && i < l->nrules; i++) {
		_cleanup_(freep) char *key = NULL;
		const json_t *at;

		if (!l->rules[i].condition || !test_judges(c, l->rules[i].info.name))
			continue;
		key = test_rule_key(l->rules[i].info.name, &l->rules[i].place);
		at = key ? json_object_get(m->index, key) : NULL;
		if (!at)
			continue;
		m->v[json_integer_value(at)].judged = true;
		r = run_target(&m->v[json_integer_value(at)], rs, l, i, c, rs == g->rules);
	}
	return r;
}

/* ---- figures ---- */

static uint32_t kills(const struct target *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < parts_mutants(t->parts); i++)
		n += t->killed[i];
	return n;
}

static const char *kind_name(enum mutation k)
{
	static const char *const names[] = {[MUTATE_NEGATE] = "negate", [MUTATE_DROP] = "drop", [MUTATE_SWAP] = "swap",
					    [MUTATE_OPERATOR] = "operator"};

	return names[k];
}

static json_t *mutant_json(const struct mutant *x)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", json_string(kind_name(x->kind)));
	json_object_set_new(o, "text", measure_text(str(x->what)));
	if (x->place) {
		json_object_set_new(o, "file", measure_text(x->place->file));
		json_object_set_new(o, "line", json_integer(x->place->line));
		json_object_set_new(o, "col", json_integer(x->place->col));
	}
	if (x->macro.n)
		json_object_set_new(o, "macro", measure_text(x->macro));
	return o;
}

static void report_mutant(const struct mutant *x, struct buf *out)
{
	why_printf(out, "           ");
	if (x->place)
		why_printf(out, STR_FMT ":%u:%u: ", STR_ARG(x->place->file), x->place->line, x->place->col);
	why_printf(out, "%s", x->what);
	if (x->macro.n)
		why_printf(out, "  (macro " STR_FMT ")", STR_ARG(x->macro));
	why_printf(out, "\n");
}

static json_t *report_target(const struct target *t, struct buf *out)
{
	json_t *o = json_object(), *survivors = json_array();
	uint32_t n = parts_mutants(t->parts), dead = kills(t);

	why_printf(out, "  %3d %%  %s (%s%u of %u killed)%s\n", (int)measure_percent(dead, n), t->rule.info.name,
		t->judged ? "" : "no case, ", dead, n,
		   t->judged && dead < n ? ", survivors:" : "");
	for (uint32_t i = 0; i < n; i++) {
		if (t->killed[i])
			continue;
		if (t->judged)
			report_mutant(parts_mutant(t->parts, i), out);
		json_array_append_new(survivors, mutant_json(parts_mutant(t->parts, i)));
	}
	if (parts_left_out(t->parts))
		why_printf(out, "           %u more mutants were not tried\n", parts_left_out(t->parts));
	json_object_set_new(o, "rule", measure_text(str(t->rule.info.name)));
	json_object_set_new(o, "file", measure_text(t->rule.place.file));
	json_object_set_new(o, "line", json_integer(t->rule.place.line));
	json_object_set_new(o, "mutants", json_integer(n));
	json_object_set_new(o, "killed", json_integer(dead));
	json_object_set_new(o, "leftOut", json_integer(parts_left_out(t->parts)));
	json_object_set_new(o, "survivors", survivors);
	return o;
}

static void report(const struct mutating *m, struct test_measure *ret)
{
	json_t *o = json_object(), *rules = json_array();
	uint32_t n = 0, dead = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		n += parts_mutants(m->v[i].parts);
		dead += kills(&m->v[i]);
	}
	ret->name = "mutation";
	why_printf(&ret->text, "mutation: %d %% (%u of %u mutants of conditions killed by some case)\n",
		(int)measure_percent(dead, n), dead, n);
	for (uint32_t i = 0; i < m->n; i++)
		json_array_append_new(rules, report_target(&m->v[i], &ret->text));
	json_object_set_new(o, "mutants", json_integer(n));
	json_object_set_new(o, "killed", json_integer(dead));
	json_object_set_new(o, "rules", rules);
	ret->json = o;
}

int test_mutate(struct test_session *s, const struct test_outcome *v, size_t n, const struct test_mutation *how,
		struct test_measure *ret, struct buf *below)
{
	struct mutating m = {.s = s, .index = json_object()};
	int r = find_targets(&m, how->globs, how->nglobs);
	size_t at = 0;

	for (size_t g = 0; g < s->n; g++) {
		for (size_t i = 0; !r && i < s->v[g].cases.n && at < n; i++) {
			/* only chosen cases have an outcome */
			if (v[at].c != &s->v[g].cases.v[i])
				continue;
			if (v[at].ok && !v[at].c->todo)
				r = run_case(&m, &s->v[g], v[at].c);
			at++;
		}
	}
	if (!r) {
		report(&m, ret);
		for (uint32_t i = 0; i < m.n; i++)
			measure_below(below, m.v[i].rule.info.name,
				      measure_percent(kills(&m.v[i]), parts_mutants(m.v[i].parts)), how->min);
	}
	for (uint32_t i = 0; i < m.n; i++) {
		parts_free(m.v[i].parts);
		parts_free(m.v[i].again);
		free(m.v[i].killed);
	}
	free(m.v);
	json_decref(m.index);
	return r;
}
