/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_coverage.h"
#include "cmd/test_run.h"
#include "cmd/test_why.h"
#include "rule/engine_condition.h"
#include "rule/glob.h"
#include "util/arena.h"

#define MAPS_MAX 16	/* rule sets whose checks are known: that of each test file, and of the last cases with a setup */
#define NONE UINT32_MAX

struct check {
	struct str file, macro;
	unsigned int line, col;
	const char *text;
	bool yes, no;
};

struct covered {
	const char *name;
	struct str file;
	unsigned int line;
	struct check *v;
	uint32_t n;
	unsigned int cases;	/* that judged it */
};

/* The rules and checks of one rule set among those that are covered; a case's setup may have changed some. */
struct map {
	char digest[72];
	struct arena *arena;
	uint32_t *rule;		/* per rule of the set: index, or NONE */
	uint32_t **check;	/* and of its checks */
};

struct test_coverage {
	struct arena *arena;
	json_t *index;		/* key → index */
	struct covered *v;
	uint32_t n, room;
	struct map maps[MAPS_MAX];
	unsigned int next;	/* map to go when there is no room */
	/* the case in hand */
	struct engine *engine;
	const struct map *map;
	uint32_t *judged, njudged, at;
};

bool test_named(const char *name, const char *const *globs, size_t nglobs)
{
	for (size_t i = 0; i < nglobs; i++) {
		if (glob_match(str(globs[i]), str(name), false))
			return true;
	}
	return !nglobs;
}

char *test_rule_key(const char *name, const struct diag_place *place)
{
	_cleanup_(freep) char *file = strndup(place->file.p ? place->file.p : "", place->file.n), *real = NULL, *key = NULL;

	real = file ? realpath(file, NULL) : NULL;
	if (asprintf(&key, "%s\n%s:%u", name, real ? real : file ? file : "", place->line) < 0)
		return NULL;
	return take(key);
}

static int find_rule(const struct test_coverage *c, const struct loaded_rule *r)
{
	_cleanup_(freep) char *key = test_rule_key(r->info.name, &r->place);
	const json_t *i = key ? json_object_get(c->index, key) : NULL;

	return i ? (int)json_integer_value(i) : -1;
}

static struct check check_of(struct test_coverage *c, const struct part *p, const char *text)
{
	struct check k = {.text = arena_strdup(c->arena, text), .macro = arena_str(c->arena, p->macro)};

	if (p->place) {
		k.file = arena_str(c->arena, p->place->file);
		k.line = p->place->line;
		k.col = p->place->col;
	}
	return k;
}

static bool add_rule(struct test_coverage *c, const struct loaded_rule *r)
{
	_cleanup_(freep) char *key = test_rule_key(r->info.name, &r->place);
	struct parts *p = NULL;
	struct covered *v;

	if (c->n == c->room) {
		v = realloc(c->v, sizeof(*v) * (c->room ? 2 * c->room : 64));
		if (!v)
			return false;
		c->v = v;
		c->room = c->room ? 2 * c->room : 64;
	}
	if (!key || parts_new(&p, r->condition) < 0)
		return false;
	v = &c->v[c->n];
	*v = (struct covered){.name = arena_strdup(c->arena, r->info.name), .file = arena_str(c->arena, r->place.file),
			      .line = r->place.line, .n = parts_count(p)};
	v->v = arena_array(c->arena, struct check, v->n + 1);
	for (uint32_t i = 0; v->v && i < v->n; i++) {
		struct part part = parts_at(p, i);

		v->v[i] = check_of(c, &part, parts_text(p, i));
	}
	parts_free(p);
	json_object_set_new(c->index, key, json_integer(c->n++));
	return v->v && v->name;
}

struct test_coverage *test_coverage_new(const struct test_session *s, const char *const *globs, size_t nglobs)
{
	struct test_coverage *c = calloc(1, sizeof(*c));
	bool ok = c != NULL;

	if (ok) {
		c->arena = arena_new(0);
		c->index = json_object();
		ok = c->arena && c->index;
	}
	for (size_t g = 0; ok && g < s->n; g++) {
		const struct engine *e = ruleset_engine(s->v[g].rules, "condition");
		const struct loaded *l = engine_condition_loaded(e);

		for (uint32_t i = 0; ok && i < l->nrules; i++) {
			if (l->rules[i].condition && test_named(l->rules[i].info.name, globs, nglobs) && find_rule(c, &l->rules[i]) < 0)
				ok = add_rule(c, &l->rules[i]);
		}
	}
	return ok ? c : test_coverage_free(c);
}

struct test_coverage *test_coverage_free(struct test_coverage *c)
{
	if (!c)
		return NULL;
	for (unsigned int i = 0; i < MAPS_MAX; i++)
		arena_free(c->maps[i].arena);
	json_decref(c->index);
	arena_free(c->arena);
	free(c->v);
	free(c->judged);
	free(c);
	return NULL;
}

/* ---- one case ---- */

static bool same_place(const struct check *k, const struct part *p)
{
	return p->place && k->line == p->place->line && k->col == p->place->col &&
	       str_eq(str_after_last(k->file, '/'), str_after_last(p->place->file, '/'));
}

static bool parts_together(const struct part *a, const struct part *b)
{
	return a->place && b->place && a->place->line == b->place->line && a->place->col == b->place->col &&
	       str_eq(a->place->file, b->place->file);
}

/* The check that stands at the same place; of several (a macro named twice, rows of an exception) the one of the same turn. */
static uint32_t find_check(const struct covered *r, const struct parts *p, uint32_t i)
{
	struct part part = parts_at(p, i), other;
	uint32_t turn = 0;

	if (i < r->n && parts_count(p) == r->n && same_place(&r->v[i], &part))
		return i;
	for (uint32_t k = 0; k < i; k++) {
		other = parts_at(p, k);
		turn += parts_together(&other, &part);
	}
	for (uint32_t k = 0; k < r->n; k++) {
		if (same_place(&r->v[k], &part) && !turn--)
			return k;
	}
	return NONE;
}

static bool map_rule(const struct test_coverage *c, struct map *m, const struct loaded *l, uint32_t id)
{
	int i = l->rules[id].condition ? find_rule(c, &l->rules[id]) : -1;
	struct parts *p = NULL;

	m->rule[id] = i < 0 ? NONE : (uint32_t)i;
	if (i < 0)
		return true;
	if (parts_new(&p, l->rules[id].condition) < 0)
		return false;
	m->check[id] = arena_array(m->arena, uint32_t, parts_count(p) + 1);
	for (uint32_t k = 0; m->check[id] && k < parts_count(p); k++)
		m->check[id][k] = find_check(&c->v[i], p, k);
	parts_free(p);
	return m->check[id];
}

static const struct map *map_of(struct test_coverage *c, const struct ruleset *rs, const struct loaded *l)
{
	struct map *m;
	bool ok = true;

	for (unsigned int i = 0; i < MAPS_MAX; i++) {
		if (!strcmp(c->maps[i].digest, ruleset_digest(rs)))
			return &c->maps[i];
	}
	m = &c->maps[c->next++ % MAPS_MAX];
	arena_free(m->arena);
	*m = (struct map){.arena = arena_new(0)};
	if (!m->arena)
		return NULL;
	m->rule = arena_array(m->arena, uint32_t, l->nrules + 1);
	m->check = arena_array(m->arena, uint32_t *, l->nrules + 1);
	for (uint32_t i = 0; ok && i < l->nrules; i++)
		ok = m->rule && m->check && map_rule(c, m, l, i);
	if (!ok)
		return NULL;
	snprintf(m->digest, sizeof(m->digest), "%s", ruleset_digest(rs));
	return m;
}

static void on_check(void *ctx, uint32_t check, bool holds)
{
	struct test_coverage *c = ctx;
	uint32_t i = c->map->check[c->at][check];
	struct check *k;

	if (i == NONE)
		return;	/* of the setup itself */
	k = &c->v[c->map->rule[c->at]].v[i];
	k->yes = k->yes || holds;
	k->no = k->no || !holds;
}

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	struct test_coverage *c = ctx;

	(void)line;
	for (uint32_t i = 0; i < c->njudged; i++) {
		c->at = c->judged[i];
		engine_condition_trace(c->engine, c->at, ev, on_check, c);
	}
}

void test_coverage_add(struct test_coverage *c, struct ruleset *rs, const struct test_case *tc)
{
	const struct loaded *l;
	uint32_t *judged;

	if (!rs || (!tc->events && !tc->replay))
		return;
	c->engine = (struct engine *)ruleset_engine(rs, "condition");
	l = engine_condition_loaded(c->engine);
	c->map = map_of(c, rs, l);
	judged = realloc(c->judged, sizeof(*judged) * (l->nrules + 1));
	if (!c->map || !judged)
		return;
	c->judged = judged;
	c->njudged = 0;
	for (uint32_t i = 0; i < l->nrules; i++) {
		if (c->map->rule[i] == NONE || !test_judges(tc, l->rules[i].info.name))
			continue;
		c->judged[c->njudged++] = i;
		c->v[c->map->rule[i]].cases++;
	}
	test_case_events(tc, on_event, c, NULL);
}

/* ---- figures ---- */

static unsigned int seen(const struct covered *r)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		n += r->v[i].yes + r->v[i].no;
	return n;
}

static const char *lack(const struct check *k)
{
	return !k->yes && !k->no ? "never asked" : !k->yes ? "never true " : "never false";
}

static void rule_text(const struct covered *r, struct buf *out)
{
	why_printf(out, "  %3d %%  %s%s\n", (int)measure_percent(seen(r), 2 * r->n), r->name, r->cases ? "" : " (no case)");
	for (uint32_t i = 0; i < r->n && r->cases; i++) {
		const struct check *k = &r->v[i];

		if (k->yes && k->no)
			continue;
		why_printf(out, "           %s  " STR_FMT ":%u:%u: %s", lack(k), STR_ARG(k->file), k->line, k->col, k->text);
		if (k->macro.n)
			why_printf(out, "  (macro " STR_FMT ")", STR_ARG(k->macro));
		why_printf(out, "\n");
	}
}

static json_t *check_json(const struct check *k)
{
	json_t *o = json_object();

	json_object_set_new(o, "text", measure_text(str(k->text)));
	json_object_set_new(o, "file", measure_text(k->file));
	json_object_set_new(o, "line", json_integer(k->line));
	json_object_set_new(o, "col", json_integer(k->col));
	if (k->macro.n)
		json_object_set_new(o, "macro", measure_text(k->macro));
	json_object_set_new(o, "true", json_boolean(k->yes));
	json_object_set_new(o, "false", json_boolean(k->no));
	return o;
}

static json_t *rule_json(const struct covered *r)
{
	json_t *o = json_object(), *checks = json_array();

	json_object_set_new(o, "rule", measure_text(str(r->name)));
	json_object_set_new(o, "file", measure_text(r->file));
	json_object_set_new(o, "line", json_integer(r->line));
	json_object_set_new(o, "percent", json_real(measure_percent(seen(r), 2 * r->n)));
	json_object_set_new(o, "cases", json_integer(r->cases));
	for (uint32_t i = 0; i < r->n; i++)
		json_array_append_new(checks, check_json(&r->v[i]));
	json_object_set_new(o, "checks", checks);
	return o;
}

void test_coverage_report(const struct test_coverage *c, struct test_measure *ret)
{
	json_t *o = json_object(), *rules = json_array();
	unsigned int part = 0, whole = 0, full = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		part += seen(&c->v[i]);
		whole += 2 * c->v[i].n;
		full += seen(&c->v[i]) == 2 * c->v[i].n;
	}
	ret->name = "coverage";
	why_printf(&ret->text, "coverage: %d %% (%u of the %u outcomes of %u checks were seen), %u of %u rules whole\n",
		   (int)measure_percent(part, whole), part, whole, whole / 2, full, c->n);
	for (uint32_t i = 0; i < c->n; i++) {
		rule_text(&c->v[i], &ret->text);
		json_array_append_new(rules, rule_json(&c->v[i]));
	}
	json_object_set_new(o, "percent", json_real(measure_percent(part, whole)));
	json_object_set_new(o, "rules", rules);
	ret->json = o;
}

void test_coverage_below(const struct test_coverage *c, double wanted, struct buf *below)
{
	for (uint32_t i = 0; i < c->n; i++)
		measure_below(below, c->v[i].name, measure_percent(seen(&c->v[i]), 2 * c->v[i].n), wanted);
}
