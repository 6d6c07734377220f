/* SPDX-License-Identifier: Apache-2.0 */
/* Trace: which checks of one condition were asked before its outcome stood, and what each said. */
#include "rule/matcher_node.h"

struct trace {
	struct matcher *m;
	matcher_trace_fn fn;
	void *ctx;
	uint32_t next;	/* index of the check that comes next in the text */
};

static void pass(struct trace *t, const struct shown *s)
{
	t->next += s->ast->kind == AST_CHECK;
	for (uint32_t i = 0; i < s->n; i++)
		pass(t, s->v[i]);
}

static bool trace(struct trace *t, const struct shown *s)
{
	bool stop = s->ast->kind == AST_OR, holds = !stop;

	if (s->ast->kind == AST_CHECK) {
		holds = node_holds(t->m, s->node);
		t->fn(t->ctx, t->next++, holds);
		return holds;
	}
	if (s->ast->kind == AST_NOT)
		return !trace(t, s->v[0]);
	for (uint32_t i = 0; i < s->n; i++) {
		if (holds == stop)
			pass(t, s->v[i]);
		else
			holds = trace(t, s->v[i]);
	}
	return holds;
}

bool matcher_trace(struct matcher *m, uint32_t i, const struct event *ev, matcher_trace_fn fn, void *ctx)
{
	struct trace t = {.m = m, .fn = fn, .ctx = ctx};

	if (i >= m->nrules || !m->shown[i])
		return false;
	matcher_begin(m, ev);
	return trace(&t, m->shown[i]);
}
