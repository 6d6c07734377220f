/* SPDX-License-Identifier: Apache-2.0 */
/* `rules` and `append_output`: what a configuration says of rules that others wrote. */
#include "config_parse.h"

#define STEPS_MAX 1024		/* entries of "rules" */
#define ADDITIONS_MAX 64	/* entries of "append_output" */
#define EXTRA_MAX 64		/* fields of one */

/* Calls fn for each pair of a map; a complaint when it is none. */
static void each_pair(struct config_parse *p, const yaml_node_t *map, const char *what,
		      void (*fn)(struct config_parse *p, const char *key, const yaml_node_t *at, const yaml_node_t *value, void *ctx),
		      void *ctx)
{
	if (map->type != YAML_MAPPING_NODE) {
		complain(p, map, NULL, "%s wants a map", what);
		return;
	}
	for (yaml_node_pair_t *i = map->data.mapping.pairs.start; i < map->data.mapping.pairs.top; i++) {
		const yaml_node_t *key = yaml_document_get_node(&p->doc, i->key);

		if (config_scalar(key))
			fn(p, config_scalar(key), key, yaml_document_get_node(&p->doc, i->value), ctx);
		else
			complain(p, key, NULL, "a key must be a text");
	}
}

static void unknown(struct config_parse *p, const yaml_node_t *at, const char *key, const char *const *known, size_t n)
{
	const char *near = diag_nearest(str(key), known, n);
	char hint[128];

	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	complain(p, at, near ? hint : NULL, "unknown key \"%s\"", key);
}

static const char *text_of(struct config_parse *p, const yaml_node_t *n, const char *key)
{
	const char *s = config_scalar(n);

	if (!s || !*s) {
		complain(p, n, NULL, "%s wants a text", key);
		return NULL;
	}
	return arena_strdup(p->c->arena, s);
}

static bool bool_of(struct config_parse *p, const yaml_node_t *n, const char *key)
{
	const char *s = config_scalar(n);

	if (!s || (strcmp(s, "true") && strcmp(s, "false")))
		complain(p, n, NULL, "%s wants true or false", key);
	return s && !strcmp(s, "true");
}

/* The entries of a list, each given to fn. */
static void each_entry(struct config_parse *p, const yaml_node_t *n, const char *key, size_t max,
		       void (*fn)(struct config_parse *p, const yaml_node_t *entry))
{
	size_t count = 0;

	if (n->type == YAML_SCALAR_NODE && !*config_scalar(n))
		return;		/* "rules:" and nothing behind it */
	if (n->type != YAML_SEQUENCE_NODE) {
		complain(p, n, NULL, "%s wants a list of maps", key);
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		const yaml_node_t *entry = yaml_document_get_node(&p->doc, *i);

		if (count++ == max) {
			complain(p, entry, NULL, "%s takes %zu entries at most", key, max);
			return;
		}
		fn(p, entry);
	}
}

/* ---- rules ---- */

static void selector_pair(struct config_parse *p, const char *key, const yaml_node_t *at, const yaml_node_t *value, void *ctx)
{
	static const char *const known[] = {
#define RULES_KEY(name, member, doc) name,
#include "config.def"
	};
	struct rule_select *s = ctx;

#define RULES_KEY(name, member, doc)                 \
	if (!strcmp(key, name)) {                    \
		s->member = text_of(p, value, name); \
		return;                              \
	}
#include "config.def"
	unknown(p, at, key, known, ARRAY_SIZE(known));
}

static void step_pair(struct config_parse *p, const char *key, const yaml_node_t *at, const yaml_node_t *value, void *ctx)
{
	static const char *const known[] = {"enable", "disable", "observe"};
	struct config *c = p->c;
	struct rule_select *s = &c->select[c->nselect];

	(void)ctx;
	if (strcmp(key, "enable") && strcmp(key, "disable") && strcmp(key, "observe")) {
		unknown(p, at, key, known, ARRAY_SIZE(known));
		return;
	}
	*s = (struct rule_select){.enable = !strcmp(key, "enable"), .observe = !strcmp(key, "observe")};
	each_pair(p, value, key, selector_pair, s);
	if (!s->rule && !s->tag)
		complain(p, at, NULL, "%s names no rule: it wants the key \"rule\", \"tag\" or both", key);
	else if (c->nselect + 1 < STEPS_MAX)
		c->nselect++;
}

static void read_step(struct config_parse *p, const yaml_node_t *entry)
{
	each_pair(p, entry, "an entry of rules", step_pair, NULL);
}

void config_read_rules(struct config_parse *p, const yaml_node_t *n)
{
	p->c->select = arena_array(p->c->arena, struct rule_select, STEPS_MAX);
	p->c->nselect = 0;
	if (p->c->select)
		each_entry(p, n, "rules", STEPS_MAX - 1, read_step);
}

/* ---- append_output ---- */

static void read_tags(struct config_parse *p, const yaml_node_t *n, struct rule_addition *a)
{
	size_t items = n->type == YAML_SEQUENCE_NODE ? (size_t)(n->data.sequence.items.top - n->data.sequence.items.start) : 0;
	const char **v = arena_array(p->c->arena, const char *, items + 1);

	if (n->type != YAML_SEQUENCE_NODE)
		complain(p, n, NULL, "tags wants a list of texts");
	for (size_t i = 0; v && i < items; i++) {
		v[a->ntags] = text_of(p, yaml_document_get_node(&p->doc, n->data.sequence.items.start[i]), "tags");
		a->ntags += v[a->ntags] != NULL;
	}
	a->tags = v;
}

static void match_pair(struct config_parse *p, const char *key, const yaml_node_t *at, const yaml_node_t *value, void *ctx)
{
	static const char *const known[] = {"source", "tags", "rule"};
	struct rule_addition *a = ctx;

	if (!strcmp(key, "source"))
		a->source = text_of(p, value, key);
	else if (!strcmp(key, "rule"))
		a->rule = text_of(p, value, key);
	else if (!strcmp(key, "tags"))
		read_tags(p, value, a);
	else
		unknown(p, at, key, known, ARRAY_SIZE(known));
}

struct extras {
	struct rule_extra v[EXTRA_MAX];
	size_t n;
};

static void add_extra(struct config_parse *p, struct extras *x, const yaml_node_t *at, const char *name, const char *output)
{
	if (x->n == EXTRA_MAX)
		complain(p, at, NULL, "extra_fields takes %d entries at most", EXTRA_MAX);
	else if (name && output)
		x->v[x->n++] = (struct rule_extra){name, output};
}

static void extra_pair(struct config_parse *p, const char *key, const yaml_node_t *at, const yaml_node_t *value, void *ctx)
{
	add_extra(p, ctx, at, arena_strdup(p->c->arena, key), text_of(p, value, key));
}

/* "proc.name" is short for "proc.name: '%proc.name'". */
static void read_extra(struct config_parse *p, const yaml_node_t *n, struct rule_addition *a)
{
	struct extras x = {};
	struct rule_extra *v;

	if (n->type != YAML_SEQUENCE_NODE) {
		complain(p, n, NULL, "extra_fields wants a list of fields, or of NAME: TEMPLATE");
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		const yaml_node_t *one = yaml_document_get_node(&p->doc, *i);
		const char *name = one->type == YAML_SCALAR_NODE ? text_of(p, one, "extra_fields") : NULL;
		struct buf b _cleanup_(buf_free) = {};

		if (one->type != YAML_SCALAR_NODE) {
			each_pair(p, one, "extra_fields", extra_pair, &x);
			continue;
		}
		buf_printf(&b, "%%%s", name ? name : "");
		add_extra(p, &x, one, name, b.p ? arena_strdup(p->c->arena, b.p) : NULL);
	}
	v = arena_array(p->c->arena, struct rule_extra, x.n + 1);
	if (!v)
		return;
	memcpy(v, x.v, sizeof(*v) * x.n);
	a->extra = v;
	a->nextra = x.n;
}

static void addition_pair(struct config_parse *p, const char *key, const yaml_node_t *at, const yaml_node_t *value, void *ctx)
{
	static const char *const known[] = {"match", "extra_output", "extra_fields", "suggested_output"};
	struct rule_addition *a = ctx;

	if (!strcmp(key, "match"))
		each_pair(p, value, key, match_pair, a);
	else if (!strcmp(key, "extra_output"))
		a->output = text_of(p, value, key);
	else if (!strcmp(key, "extra_fields"))
		read_extra(p, value, a);
	else if (!strcmp(key, "suggested_output"))
		a->suggested = bool_of(p, value, key);
	else
		unknown(p, at, key, known, ARRAY_SIZE(known));
}

static void read_addition(struct config_parse *p, const yaml_node_t *entry)
{
	each_pair(p, entry, "an entry of append_output", addition_pair, &p->c->additions[p->c->nadditions++]);
}

void config_read_append_output(struct config_parse *p, const yaml_node_t *n)
{
	p->c->additions = arena_array(p->c->arena, struct rule_addition, ADDITIONS_MAX);
	p->c->nadditions = 0;
	if (p->c->additions)
		each_entry(p, n, "append_output", ADDITIONS_MAX, read_addition);
}
