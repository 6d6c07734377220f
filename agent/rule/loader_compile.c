/* SPDX-License-Identifier: Apache-2.0 */
/* Texts → checked trees and outputs. Macros first, each in its own place; then the rules that use them. */
#include "event/names.h"
#include "rule/ast_node.h"
#include "rule/loader_report.h"
#include "util/limits.h"
#include <errno.h>

/* ---- trees ---- */

/* Every part keeps where it was written; copies of a macro share it. */
static void keep_places(struct loader *l, struct ast *n, const struct ctext *text)
{
	struct diag_place *place = arena_new_object(l->arena, struct diag_place);

	if (!place) {
		l->no_memory = true;
		return;
	}
	*place = ctext_diag(text, n->span.pos, n->span.len);
	n->place = place;
	if (l->in->lint)
		keep_constants(l, n, text);
	for (uint32_t i = 0; i < n->n; i++)
		keep_places(l, n->v[i], text);
}

/* Expands lists and parses. NULL after an error. */
static struct ast *parse(struct loader *l, const struct ctext *text, struct ctext *expanded, struct reporter *r)
{
	struct ast_error e = {};
	struct ast *tree = NULL;
	struct str copy;
	int error;

	error = expand_lists(l, text, expanded, r->item);
	if (error == -ENOMEM)
		l->no_memory = true;
	if (error < 0)
		return NULL;
	copy = arena_str(l->arena, buf_view(&expanded->text));
	if (!copy.p) {
		l->no_memory = true;
		return NULL;
	}
	r->text = expanded;
	error = ast_parse(&tree, l->arena, copy, CONDITION_DEPTH_MAX, &e);
	if (error == -EINVAL)
		reporter_condition(r, &e, false);
	else if (error < 0)
		l->no_memory = true;
	if (!error && l->in->places)
		keep_places(l, tree, expanded);
	return error < 0 ? NULL : tree;
}

static uint32_t add_capped(uint32_t a, uint32_t b)
{
	return a + b > CONDITION_NODES_MAX ? CONDITION_NODES_MAX + 1 : a + b;
}

/* Size and depth with the macros put in. */
static void measure(struct loader *l, const struct ast *n, uint32_t *nodes, uint32_t *depth)
{
	const struct macro_def *m = n->kind == AST_MACRO ? macro_find(l, n->macro) : NULL;
	uint32_t deepest = m ? m->depth : 0;

	*nodes = add_capped(*nodes, m ? m->nodes : 1);
	for (uint32_t i = 0; i < n->n; i++) {
		uint32_t d = 0;

		measure(l, n->v[i], nodes, &d);
		deepest = d > deepest ? d : deepest;
	}
	*depth = deepest + 1;
}

static const struct ast *find_tree(void *ctx, struct str name)
{
	struct macro_def *m = macro_find(ctx, name);

	return m ? m->tree : NULL;
}

static void resolve_macro(struct loader *l, struct macro_def *m, unsigned int depth);

struct visit {
	struct loader *l;
	struct reporter *r;
	struct macro_def *user;	/* NULL: a rule */
	unsigned int depth;	/* of the recursion */
	bool bad;		/* a macro cannot be put in; it was said why */
	bool warned;		/* of a macro that a later file defines */
};

static __attribute__((noinline)) void undefined(struct visit *v, const struct ast *n, const char *why)
{
	const char *near = NULL, *names[1024];
	char message[320], hint[160] = "";
	size_t count = 0;

	for (size_t i = 0; i < v->l->nmacros && count < ARRAY_SIZE(names); i++)
		names[count++] = v->l->macros[i].name.value.p;
	if (!*why)
		near = diag_nearest(n->macro, names, count);
	hint_text(hint, near);
	snprintf(message, sizeof(message), "undefined macro \"%.*s\"%s", (int)(n->macro.n < 100 ? n->macro.n : 100), n->macro.p, why);
	reporter_say(v->r, DIAG_VALIDATE, n->span.pos, n->span.len, message, near ? hint : NULL);
	v->bad = true;
}

/*
 * The original compiles each file with those before it, so that a rule cannot use a macro that only a later file
 * defines.
 */
static void check_file(struct visit *v, const struct ast *n, const struct macro_def *m)
{
	const struct segment *s = ctext_segment(v->r->text, n->span.pos);
	char message[256];

	if (v->user || v->warned || !s || !s->place.file || m->first <= s->place.file)
		return;
	v->warned = true;
	if (v->l->in->strict_compat) {
		undefined(v, n, " here: a later file defines it");
		return;
	}
	snprintf(message, sizeof(message), "the original does not see the macro \"%.*s\" here: a later file defines it",
		 (int)(n->macro.n < 100 ? n->macro.n : 100), n->macro.p);
	reporter_say(v->r, DIAG_SEMANTICS, n->span.pos, n->span.len, message, NULL);
}

static bool remember(struct loader *l, struct macro_def *user, struct macro_def *m)
{
	uint32_t index = (uint32_t)(m - l->macros), *v = user->refs;

	if (!(user->nrefs & (user->nrefs - 1))) {	/* full: the room doubles */
		v = arena_array(l->arena, uint32_t, user->nrefs ? 2 * user->nrefs : 1);
		if (!v)
			return false;
		if (user->nrefs)
			memcpy(v, user->refs, sizeof(*v) * user->nrefs);
	}
	v[user->nrefs++] = index;
	user->refs = v;
	return true;
}

/* Every macro the tree names: is it there, may it be used here, is it good? */
static void visit_macros(struct visit *v, const struct ast *n)
{
	struct macro_def *m;

	v->depth++;
	for (uint32_t i = 0; i < n->n; i++)
		visit_macros(v, n->v[i]);
	v->depth--;
	if (n->kind != AST_MACRO)
		return;
	m = macro_find(v->l, n->macro);
	if (!m) {
		undefined(v, n, "");
		return;
	}
	m->used = true;
	if (v->user && m->index >= v->user->visibility) {
		undefined(v, n, m == v->user ? ": a macro cannot use itself" : " here: it is defined later");
		return;
	}
	check_file(v, n, m);
	resolve_macro(v->l, m, v->depth + 1);
	if (m->state == MACRO_OPEN) {
		undefined(v, n, ": reference loop");
		return;
	}
	v->bad = v->bad || m->broken;
	if (v->user && !remember(v->l, v->user, m))
		v->l->no_memory = true;
}

/* Puts the macros in. False after an error. */
static bool put_macros_in(struct visit *v, struct ast **tree, uint32_t *nodes, uint32_t *depth)
{
	struct ast_error e = {};

	visit_macros(v, *tree);
	if (v->bad || v->l->no_memory)
		return false;
	*nodes = 0;
	measure(v->l, *tree, nodes, depth);
	if (*nodes > CONDITION_NODES_MAX || *depth > CONDITION_DEPTH_MAX) {
		reporter_say(v->r, DIAG_CONDITION, 0, 1, "the condition is too large or too deep when its macros are put in", NULL);
		return false;
	}
	if (ast_expand(tree, v->l->arena, find_tree, v->l, &e) < 0)
		v->l->no_memory = true;	/* all are defined: there is no other reason */
	return !v->l->no_memory;
}

/* depth: how deep the recursion of this file is, macros that use macros included. */
static void resolve_macro(struct loader *l, struct macro_def *m, unsigned int depth)
{
	char item[160];
	struct reporter r = {.l = l, .item = item_text(item, "macro", m->name.value), .text = &m->expanded};
	struct visit v = {.l = l, .r = &r, .user = m, .depth = depth};

	if (m->state != MACRO_NEW)
		return;
	m->state = MACRO_OPEN;
	if (!m->broken) {
		m->tree = parse(l, &m->condition, &m->expanded, &r);
		if (m->tree && depth > CONDITION_DEPTH_MAX)
			reporter_say(&r, DIAG_CONDITION, 0, 1, "too many macros that use each other", NULL);
		m->broken = !m->tree || depth > CONDITION_DEPTH_MAX || !put_macros_in(&v, &m->tree, &m->nodes, &m->depth);
	}
	m->state = MACRO_DONE;
}

/* What is wrong with a condition besides macros; left: some could not be put in, which was said. 0, -EINVAL, -ENOMEM. */
static int check_tree(struct reporter *r, struct ast *tree, bool left)
{
	unsigned int flags = (r->l->in->strict_compat ? AST_STRICT_COMPAT : 0) | (left ? AST_MACROS_LEFT : 0);
	int error = ast_check(tree, r->l->arena, flags, reporter_condition, r);

	if (error == -ENOMEM)
		r->l->no_memory = true;
	return error;
}

/* A macro that a rule uses is checked once, in its own place, also one that cannot be used. */
static void check_macro(struct loader *l, struct macro_def *m, unsigned int depth)
{
	char item[160];
	struct reporter r = {.l = l, .text = &m->expanded, .item = item_text(item, "macro", m->name.value)};

	if (m->checked || !m->tree || depth > CONDITION_DEPTH_MAX)
		return;
	m->checked = true;
	for (size_t i = 0; i < m->nrefs; i++)
		check_macro(l, &l->macros[m->refs[i]], depth + 1);
	check_tree(&r, m->tree, m->broken);
}

static void check_macros_of(struct loader *l, const struct ast *n)
{
	struct macro_def *m = n->kind == AST_MACRO ? macro_find(l, n->macro) : NULL;

	for (uint32_t i = 0; i < n->n; i++)
		check_macros_of(l, n->v[i]);
	if (m)
		check_macro(l, m, 0);
}

/* ---- rules ---- */

static void warn_deprecated(void *ctx, const struct field_ref *f)
{
	static const char *const gone[] = {"evt.dir", "evt.latency", "evt.latency.s", "evt.latency.ns", "evt.latency.human",
					   "evt.wait_latency"};
	struct reporter *r = ctx;
	char message[160];

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		if (strcmp(f->desc->name, gone[i]))
			continue;
		snprintf(message, sizeof(message), "the field \"%s\" is deprecated", gone[i]);
		reporter_say(r, DIAG_DEPRECATED, 0, 1, message, NULL);
	}
}

static unsigned int count_names(const struct name_set *s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(s->bits); i++)
		n += (unsigned int)__builtin_popcountll(s->bits[i]);
	return n;
}

#define MANY_TYPES 100	/* the original's bound */

static void warn_types(struct reporter *r, const struct rule_def *d, const struct ast *tree)
{
	struct name_set set;

	if (!d->warn_evttypes)
		return;
	ast_events(tree, &set);
	if (count_names(&set) > MANY_TYPES)
		reporter_say(r, DIAG_NO_EVTTYPE, 0, 1, "the rule matches too many evt.type values, which costs time on every event",
		       "begin the condition with evt.type = or evt.type in");
}

static struct ast *compile_condition(struct loader *l, struct rule_def *d, struct reporter *r)
{
	struct ctext text = {}, expanded = {};
	struct visit v = {.l = l, .r = r};
	struct ast *tree = NULL;
	uint32_t nodes, depth;
	int error = -EINVAL;

	if (add_exceptions(l, d, &text))
		tree = parse(l, &text, &expanded, r);
	if (tree) {
		if (!d->skip_unknown) {
			visit_macros(&v, tree);
			check_macros_of(l, tree);
			v.user = NULL;
		}
		if (!v.bad && put_macros_in(&v, &tree, &nodes, &depth))
			error = check_tree(r, tree, false);
		else if (v.bad)
			check_tree(r, tree, true);
	}
	if (!error) {
		warn_types(r, d, tree);
		ast_each_field(tree, warn_deprecated, r);
	}
	r->failed = r->failed || (error && !r->skip);
	ctext_free(&text);
	ctext_free(&expanded);
	r->text = NULL;
	return error ? NULL : tree;
}

/* What is wrong in an output, all of it: what follows an error is read as an output of its own. At most as much as is kept. */
static void say_all_of_output(struct loader *l, struct reporter *r, struct str text, struct output_error *e)
{
	struct output *rest = NULL;
	size_t from = 0;
	int error = -EINVAL;

	for (int n = 0; error == -EINVAL && n < DIAGS_MAX; n++) {
		reporter_output(r, e, from);
		from += e->pos + (e->len ? e->len : 1);
		error = from < text.n ? output_parse(&rest, l->arena, str_skip(text, from), e) : 0;
	}
	if (rest)
		output_release(rest);
	l->no_memory = l->no_memory || error == -ENOMEM;
}

static struct output *compile_output(struct loader *l, struct rule_def *d, struct reporter *r, struct str *text)
{
	struct output_error e = {};
	struct output *o = NULL;
	int error;

	*text = arena_str(l->arena, buf_view(&d->output.text));
	r->text = &d->output;
	error = text->p ? output_parse(&o, l->arena, *text, &e) : -ENOMEM;
	if (!error && l->in->nadditions) {
		output_release(o);
		*text = output_with_additions(l, d, *text);
		error = output_parse(&o, l->arena, *text, &e);
	}
	if (!error) {
		output_each_field(o, warn_deprecated, r);
		return o;
	}
	if (error == -ENOMEM)
		l->no_memory = true;
	else
		say_all_of_output(l, r, *text, &e);
	return NULL;
}

static void compile_rule(struct loader *l, struct rule_def *d, struct loaded *ret)
{
	struct loaded_rule *out = &ret->rules[ret->nrules];
	char item[160];
	struct reporter r = {.l = l, .item = item_text(item, "rule", d->name.value), .skip_unknown = d->skip_unknown,
			     .macros = d->skip_unknown};

	if (d->skipped)
		return;
	/* A rule that is broken already is still looked at: all that is wrong is said at once. */
	if (d->condition.text.n)
		out->tree = compile_condition(l, d, &r);
	if (d->output.text.n)
		out->output = compile_output(l, d, &r, &out->output_text);
	if (d->broken || r.skip || r.failed || l->no_memory) {
		rule_release(out);
		*out = (struct loaded_rule){};
		return;
	}
	out->condition_text = arena_str(l->arena, buf_view(&d->condition.text));
	out->priority = d->priority;
	out->place = place_diag(&d->name.place, d->name.place.start, d->name.value.n);
	fill_info(l, d, &out->info);
	extra_fields(l, d, out);
	if (l->in->lint)
		out->written = keep_written(l, d, out);
	if (out->info.enabled)
		out->condition = out->tree;
	ret->enabled += out->info.enabled;
	ret->nrules++;
}

static void warn_unused(struct loader *l)
{
	char item[160];

	for (size_t i = 0; i < l->nmacros; i++) {
		if (!l->macros[i].used)
			say(l, DIAG_UNUSED_MACRO, &l->macros[i].name.place, item_text(item, "macro", l->macros[i].name.value), NULL,
			    "nothing uses this macro");
	}
	for (size_t i = 0; i < l->nlists; i++) {
		if (!l->lists[i].used)
			say(l, DIAG_UNUSED_LIST, &l->lists[i].name.place, item_text(item, "list", l->lists[i].name.value), NULL,
			    "nothing uses this list");
	}
}

int compile(struct loader *l, struct loaded *ret)
{
	ret->rules = arena_array(l->arena, struct loaded_rule, l->nrules + 1);
	if (!ret->rules)
		return -ENOMEM;
	ret->engine_version = l->engine_minor;
	select_rules(l);
	if (!check_additions(l))
		return 0;	/* it was said */
	for (size_t i = 0; i < l->nmacros; i++)
		resolve_macro(l, &l->macros[i], 0);
	for (size_t i = 0; i < l->nrules && !l->no_memory; i++)
		compile_rule(l, &l->rules[i], ret);
	ret->again = l->again;
	ret->nagain = l->nagain;
	ret->quiet = l->quiet;
	ret->nquiet = l->nquiet;
	if (!l->no_memory)
		warn_unused(l);
	return l->no_memory ? -ENOMEM : 0;
}
