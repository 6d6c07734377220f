/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task metadata
 *
 * Version 4 of the endpoint that each container of a task has: where the agent
 * itself is one of them, it says all about the others. Of other tasks it knows
 * nothing, and theirs are not asked.
 */
#include "attribution/ecs.h"
#include "attribution/query.h"
#include <errno.h>

#define QUESTIONS 2u

struct question {
	struct task_metadata *of;	/* NULL: free */
	struct query *query;
	uint64_t ticket;
	char id[80];
};

struct task_metadata {
	struct provider provider;
	struct provider_env env;
	struct question questions[QUESTIONS];
	char task_id[40];		/* "" before it is known */
};

static void answer(struct question *q, enum verdict verdict, const char *why, struct workload *facts)
{
	struct provider_answer a = {verdict, why, facts};
	struct task_metadata *t = take(q->of);

	t->env.answer(t->env.ctx, &t->provider, q->ticket, &a);
}

static void on_task(void *ctx, const struct query_result *r)
{
	struct question *q = ctx;
	struct task_metadata *t = q->of;
	struct workload *facts;
	struct str own;

	q->query = NULL;
	if (r->verdict == VERDICT_UNKNOWN) {	/* 404 is about the endpoint, not about a container */
		answer(q, VERDICT_DOWN, "the endpoint of the agent's own task is not known there", NULL);
		return;
	}
	if (r->verdict != VERDICT_FACTS) {
		answer(q, r->verdict, r->why, NULL);
		return;
	}
	own = str_after_last(query_text(r->json, "TaskARN"), '/');
	if (!own.n || own.n >= sizeof(t->task_id)) {
		answer(q, VERDICT_GARBAGE, "what the task metadata endpoint answers is no task", NULL);
		return;
	}
	snprintf(t->task_id, sizeof(t->task_id), STR_FMT, STR_ARG(own));
	facts = ecs_own_task_facts(r->json, str(q->id));
	answer(q, facts ? VERDICT_FACTS : VERDICT_UNKNOWN, "it is no container of the agent's own task", facts);
}

static int metadata_ask(struct provider *p, const struct workload_row *who, uint64_t ticket)
{
	struct task_metadata *t = (struct task_metadata *)p;
	struct question *q = t->questions;

	while (q->of)
		q++;
	*q = (struct question){.of = t, .ticket = ticket};
	snprintf(q->id, sizeof(q->id), "%s", who->id);
	q->query = query_at(t->env.http(t->env.ctx), t->env.places->task_metadata, "/task", "", on_task, q);
	if (q->query)
		return 0;
	q->of = NULL;
	return -ENOMEM;
}

static bool metadata_may_know(const struct provider *p, const struct workload_row *who)
{
	const struct task_metadata *t = (const struct task_metadata *)p;

	return !who->task_id[0] || !t->task_id[0] || !strcmp(who->task_id, t->task_id);
}

static int metadata_open(struct provider **ret, const struct provider_env *env)
{
	struct task_metadata *t;

	if (!env->places->task_metadata)
		return -ENOENT;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->provider.ops = &provider_task_metadata;
	t->env = *env;
	*ret = &t->provider;
	return 0;
}

static void metadata_free(struct provider *p)
{
	struct task_metadata *t = (struct task_metadata *)p;

	for (unsigned int i = 0; i < QUESTIONS; i++) {
		if (t->questions[i].of)
			query_cancel(t->questions[i].query);
	}
	free(t);
}

const struct provider_ops provider_task_metadata = {
	.name = "task_metadata",
	.doc = "the task metadata endpoint, where the agent runs as a container of a task: the task's containers, service, launch type",
	.parallel = QUESTIONS,
	.open = metadata_open,
	.may_know = metadata_may_know,
	.ask = metadata_ask,
	.free = metadata_free,
};
