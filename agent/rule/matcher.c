/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"
#include "rule/matcher_node.h"
#include <errno.h>
#include <stdlib.h>

#define MATCHER_BYTES_MAX (256u << 20)	/* of the graph: indicator lists of some hundred thousand names fit */

static int add_rules(struct matcher *m, const struct ast *const *conditions)
{
	uint32_t i;

	for (i = 0; i < m->nrules; i++) {
		if (!conditions[i])
			continue;
		m->raw[i] = matcher_build(m, conditions[i], &m->shown[i]);
		if (m->raw[i] == NODE_BAD)
			return -ENOMEM;
	}
	return 0;
}

static int setup(struct matcher *m)
{
	m->arena = arena_new(MATCHER_BYTES_MAX);
	m->text = malloc(TEXT_SCRATCH_BYTES);
	m->scratch = malloc(sizeof(*m->scratch));
	if (!m->arena || !m->text || !m->scratch)
		return -ENOMEM;
	m->scratch->used = m->scratch->cut = 0;
	m->raw = arena_array(m->arena, uint32_t, m->nrules + 1);
	m->shown = arena_array(m->arena, struct shown *, m->nrules + 1);
	m->hits = arena_array(m->arena, uint64_t, m->nrules / 64 + 1);
	if (!m->raw || !m->shown || !m->hits)
		return -ENOMEM;
	if (matcher_node(m, NODE_CONST, NODE_FALSE, NULL, 0) != NODE_FALSE ||
	    matcher_node(m, NODE_CONST, NODE_TRUE, NULL, 0) != NODE_TRUE)
		return -ENOMEM;
	return 0;
}

int matcher_new(struct matcher **ret, const struct ast *const *conditions, uint32_t n, unsigned int check_flags)
{
	struct matcher *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->nrules = n;
	m->compat = check_flags & AST_STRICT_COMPAT;
	m->type_slot = UINT32_MAX;
	r = setup(m);
	if (!r)
		r = add_rules(m, conditions);
	if (!r)
		r = matcher_compile(m);
	if (r) {
		matcher_free(m);
		return r;
	}
	free(m->node_table.slots);
	free(m->pred_table.slots);
	m->node_table.slots = m->pred_table.slots = NULL;
	*ret = m;
	return 0;
}

struct matcher *matcher_free(struct matcher *m)
{
	uint32_t i;

	if (!m)
		return NULL;
	for (i = 0; i < m->npreds; i++)
		pred_release(&m->preds[i]);
	for (i = 0; m->programs && i < m->nclasses; i++)
		free(m->programs[i].v);
	free(m->programs);
	free(m->slots);
	free(m->states);
	free(m->preds);
	free(m->nodes);
	free(m->memo);
	free(m->node_table.slots);
	free(m->pred_table.slots);
	free(m->text);
	free(m->scratch);
	regex_scratch_free(m->regex);
	arena_free(m->arena);
	free(m);
	return NULL;
}

/* ---- matching ---- */

int matcher_event_name(const struct event *ev)
{
	const json_t *type;

	if (ev->rec)
		return name_of_call(ev->call);
	type = ev->fields ? json_fields_get(ev->fields, STR("evt.type")) : NULL;
	return json_is_string(type) ? name_find(str_n(json_string_value(type), json_string_length(type))) : -1;
}

/* The generation makes everything remembered of the last event stale. */
void matcher_begin(struct matcher *m, const struct event *ev)
{
	uint32_t i;

	m->event = ev;
	m->text_used = 0;
	m->scratch->used = 0;
	if (++m->generation < 1u << 31)
		return;
	m->generation = 1;
	memset(m->memo, 0, m->nnodes * sizeof(*m->memo));
	for (i = 0; i < m->nslots; i++)
		m->states[i].generation = 0;
}

/* Ascending. Hits are few; a flood of them goes through one bit per rule, as qsort() may allocate. */
static void sort_rules(struct matcher *m, uint32_t *v, uint32_t n)
{
	uint32_t i, j, x;
	uint64_t word;

	if (n > 32) {
		for (i = 0; i < n; i++)
			m->hits[v[i] / 64] |= 1ull << (v[i] % 64);
		for (i = 0, j = 0; j < n; i++) {
			for (word = m->hits[i]; word; word &= word - 1)
				v[j++] = i * 64 + (uint32_t)__builtin_ctzll(word);
			m->hits[i] = 0;
		}
		return;
	}
	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i; j && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

uint32_t matcher_match(struct matcher *m, const struct event *ev, uint32_t *ret)
{
	const struct program *p;
	uint32_t i, n = 0;
	int name;

	if (ev->rec && ev->call == CALL_NONE)
		return 0;
	name = matcher_event_name(ev);
	p = &m->programs[name < 0 ? 0 : m->class_of[name]];
	if (!p->n)
		return 0;
	matcher_begin(m, ev);
	for (i = 0; i < p->n;) {
		const struct step *s = &p->v[i];

		if (!node_holds(m, s->node)) {
			i = s->skip;
			continue;
		}
		if (s->rule >= 0)
			ret[n++] = (uint32_t)s->rule;
		i++;
	}
	sort_rules(m, ret, n);
	return n;
}

uint64_t matcher_texts_cut(const struct matcher *m)
{
	return m->scratch->cut + m->texts_cut;
}

uint64_t matcher_regex_limit(const struct matcher *m)
{
	return m->regex_limit;
}

size_t matcher_bytes(const struct matcher *m)
{
	size_t n = sizeof(*m) + arena_used(m->arena) + m->extra_bytes + TEXT_SCRATCH_BYTES + sizeof(*m->scratch);
	uint32_t i;

	n += m->slots_room * (sizeof(*m->slots) + sizeof(*m->states)) + m->preds_room * sizeof(*m->preds) +
	     m->nodes_room * (sizeof(*m->nodes) + sizeof(*m->memo));
	for (i = 0; i < m->nclasses; i++)
		n += m->programs[i].room * sizeof(struct step);
	return n;
}
