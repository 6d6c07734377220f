/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition engine: rules in YAML, with the original's condition language.
 * The loader reads, the matcher judges; this file only introduces them.
 */
#include "rule/engine_condition.h"
#include <errno.h>

struct condition_engine {
	struct engine engine;
	struct loaded loaded;
	struct matcher *matcher;
	uint32_t *hits;			/* room for every rule */
	bool first_match;
	struct field_scratch scratch;	/* last: its bytes are large and need no zeros */
};

static struct condition_engine *self(const struct engine *e)
{
	return (struct condition_engine *)e;
}

static void engine_free(struct engine *e)
{
	struct condition_engine *c = self(e);

	if (!c)
		return;
	matcher_free(c->matcher);
	loaded_free(&c->loaded);
	free(c->hits);
	free(c);
}

static int compile(struct condition_engine *c, const struct engine_load *in)
{
	uint32_t n = c->loaded.nrules;
	_cleanup_(freep) const struct ast **conditions = calloc(n + 1, sizeof(*conditions));

	c->hits = calloc(n + 1, sizeof(*c->hits));
	if (!conditions || !c->hits)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		conditions[i] = c->loaded.rules[i].condition;
	return matcher_new(&c->matcher, conditions, n, in->strict_compat ? AST_STRICT_COMPAT : 0);
}

static int engine_load(struct engine **ret, const struct engine_load *in, struct diags *diags)
{
	struct condition_engine *c = malloc(sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	memset(c, 0, offsetof(struct condition_engine, scratch.bytes));
	c->engine.ops = &engine_condition;
	c->first_match = in->first_match;
	r = loader_load(&c->loaded, in, diags);
	if (r < 0) {
		free(c);
		return r;
	}
	r = compile(c, in);
	if (r < 0) {
		engine_free(&c->engine);
		return r;
	}
	*ret = &c->engine;
	return 0;
}

/* An output may print what no condition asks for. */
static void output_needs(void *ctx, const struct field_ref *f)
{
	struct needs *n = ctx;
	const char *name = f->desc->name;

	if (!strcmp(name, "proc.env") || !strcmp(name, "proc.aenv") || !strncmp(name, "proc.ld_", 8))
		n->want |= WANT_ENV;
	if (!strncmp(name, "proc.exe_writ", 13))	/* exe_written*, exe_writer.* */
		n->want |= WANT_WRITER;
	if (!strcmp(name, "evt.args_mutated"))
		n->want |= WANT_ARGS | WANT_OPEN_RAW;
	if (!strcmp(name, "fd.nameraw") || !strcmp(name, "fs.path.nameraw") || !strcmp(name, "evt.args") ||
	    !strcmp(name, "evt.info") || (!strcmp(name, "evt.arg") && str_eq(f->arg, STR("name"))))
		n->want |= WANT_OPEN_RAW;
}

static void engine_needs(const struct engine *e, struct needs *n)
{
	const struct condition_engine *c = self(e);

	matcher_needs(c->matcher, n);
	for (uint32_t i = 0; i < c->loaded.nrules; i++) {
		const struct loaded_rule *r = &c->loaded.rules[i];

		if (r->condition && r->output)
			output_each_field(r->output, output_needs, n);
		for (size_t k = 0; r->condition && k < r->nextra; k++)
			output_each_field(r->extra[k].value, output_needs, n);
	}
}

static void engine_match(struct engine *e, const struct event *ev, struct matches *m)
{
	struct condition_engine *c = self(e);
	uint32_t n = matcher_match(c->matcher, ev, c->hits);

	for (uint32_t i = 0; i < n && m->n < m->room; i++) {
		const struct rule_info *rule = &c->loaded.rules[c->hits[i]].info;

		m->v[m->n++] = (struct match){e, rule, c->hits[i]};
		if (c->first_match && !rule->observe)	/* one that is only tried out takes nobody's place */
			break;
	}
}

static void engine_output(struct engine *e, uint32_t id, const struct event *ev, struct buf *out)
{
	struct condition_engine *c = self(e);

	c->scratch.used = 0;
	if (c->loaded.rules[id].output)
		output_render(c->loaded.rules[id].output, ev, &c->scratch, out);
}

struct evidence {
	struct condition_engine *c;
	const struct event *ev;
	engine_field_fn fn;
	void *ctx;
	struct str seen[EVIDENCE_MAX];
	unsigned int n;
};

static void give_field(void *ctx, const struct field_ref *f)
{
	struct evidence *e = ctx;
	struct value v[FIELD_VALUES_MAX];
	char name[128];
	bool present;
	unsigned int n;

	for (unsigned int i = 0; i < e->n; i++) {
		if (str_eq(e->seen[i], f->text))
			return;
	}
	if (e->n == EVIDENCE_MAX)
		return;
	e->seen[e->n++] = f->text;
	e->c->scratch.used = 0;
	n = field_values(f, e->ev, &e->c->scratch, v, &present);
	snprintf(name, sizeof(name), STR_FMT, STR_ARG(f->text));
	e->fn(e->ctx, name, v, present && n);
}

static void give_extra(struct evidence *e, const struct extra_field *x)
{
	struct buf text _cleanup_(buf_free) = {.max = OUTPUT_BYTES_MAX};
	struct value v = {.type = TYPE_STR};
	bool there;

	e->c->scratch.used = 0;
	there = output_render(x->value, e->ev, &e->c->scratch, &text);
	v.s = buf_view(&text);
	e->fn(e->ctx, x->name, &v, there && !buf_error(&text));
}

static void engine_fields(struct engine *e, uint32_t id, const struct event *ev, engine_field_fn fn, void *ctx)
{
	const struct loaded_rule *r = &self(e)->loaded.rules[id];
	struct evidence evidence = {.c = self(e), .ev = ev, .fn = fn, .ctx = ctx};

	if (r->output)
		output_each_field(r->output, give_field, &evidence);
	for (size_t i = 0; i < r->nextra; i++)
		give_extra(&evidence, &r->extra[i]);
	if (r->condition)
		ast_each_field(r->condition, give_field, &evidence);
}

static uint32_t engine_count(const struct engine *e)
{
	return self(e)->loaded.nrules;
}

static const struct rule_info *engine_rule(const struct engine *e, uint32_t id)
{
	return &self(e)->loaded.rules[id].info;
}

static void engine_stats(const struct engine *e, struct engine_stats *ret)
{
	const struct condition_engine *c = self(e);

	*ret = (struct engine_stats){
		.rules = c->loaded.nrules, .enabled = c->loaded.enabled,
		.bytes = matcher_bytes(c->matcher) + arena_used(c->loaded.arena),
		.texts_cut = matcher_texts_cut(c->matcher),
		.regex_limit = matcher_regex_limit(c->matcher),
	};
}

void engine_condition_explain(struct engine *e, uint32_t id, const struct event *ev, struct buf *out)
{
	matcher_explain(self(e)->matcher, id, ev, out);
}

bool engine_condition_trace(struct engine *e, uint32_t id, const struct event *ev, matcher_trace_fn fn, void *ctx)
{
	return matcher_trace(self(e)->matcher, id, ev, fn, ctx);
}

void engine_condition_opens(const struct engine *e, uint32_t id, enum opens_way way, struct opens *ret)
{
	matcher_opens(self(e)->matcher, id, way, ret);
}

void engine_condition_refuse(const struct engine *e, uint32_t id, struct wire_refuse ret[CALL_MAX])
{
	matcher_refuse(self(e)->matcher, id, ret);
}

void engine_condition_told(const struct engine *e, uint32_t id, enum event_call call, matcher_told_fn fn, void *ctx)
{
	matcher_told(self(e)->matcher, id, call, fn, ctx);
}

const struct loaded *engine_condition_loaded(const struct engine *e)
{
	return &self(e)->loaded;
}

struct naming {
	void (*fn)(void *ctx, const char *field);
	void *ctx;
};

static void give_name(void *ctx, const struct field_ref *f)
{
	const struct naming *n = ctx;
	char name[256];

	snprintf(name, sizeof(name), STR_FMT, STR_ARG(f->text));
	n->fn(n->ctx, name);
}

void engine_condition_output_fields(const struct engine *e, const char *rule, void (*fn)(void *ctx, const char *field), void *ctx)
{
	const struct loaded *l = &self(e)->loaded;
	struct naming n = {fn, ctx};

	for (uint32_t i = 0; i < l->nrules; i++) {
		const struct loaded_rule *r = &l->rules[i];

		if (strcmp(r->info.name, rule))
			continue;
		if (r->output)
			output_each_field(r->output, give_name, &n);
		for (size_t k = 0; k < r->nextra; k++)
			fn(ctx, r->extra[k].name);
	}
}

const struct engine_ops engine_condition = {
	.name = "condition",
	.load = engine_load,
	.needs = engine_needs,
	.match = engine_match,
	.output = engine_output,
	.fields = engine_fields,
	.count = engine_count,
	.rule = engine_rule,
	.stats = engine_stats,
	.free = engine_free,
};
