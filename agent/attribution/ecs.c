/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECS
 *
 * The ECS agent's introspection: the task of a container by the container's id,
 * and beside that, seldom, who the host is. It knows a container a moment after
 * that started, and those of its own (pause) never.
 */
#include "attribution/ecs.h"
#include "attribution/ecs_host.h"
#include "attribution/query.h"
#include "util/clock.h"
#include <errno.h>
#include <unistd.h>

#define QUESTIONS 4u
#define HOST_SEC 60u	/* who the host is, is asked again, while anything is, no more often */

struct question {
	struct ecs *ecs;	/* NULL: free */
	struct query *query;
	struct workload *facts;	/* while they wait for the cluster's name */
	uint64_t ticket;
	char id[80], task_id[40];
};

struct ecs {
	struct provider provider;
	struct provider_env env;
	struct question questions[QUESTIONS];
	struct query *host_query;
	uint64_t host_at;	/* boot clock, ns: when the host was told last; 0: never */
	bool expected;		/* this host looks like one of ECS */
};

static void answer(struct question *q, enum verdict verdict, const char *why)
{
	struct provider_answer a = {verdict, why, take(q->facts)};
	struct ecs *e = take(q->ecs);

	e->env.answer(e->env.ctx, &e->provider, q->ticket, &a);
}

static struct query *get(struct ecs *e, const char *path, const char *id, query_done_fn done, void *ctx)
{
	return query_at(e->env.http(e->env.ctx), e->env.places->ecs_endpoint, path, id, done, ctx);
}

static void heard(struct ecs *e, const struct query_result *r)
{
	struct ecs_host *h = e->env.ecs_host;

	if (r->verdict != VERDICT_DOWN) {
		h->silent_since = 0;
		return;
	}
	if (!h->silent_since)
		h->silent_since = clock_wall_ns();
	snprintf(h->why, sizeof(h->why), "%s", r->why);
}

/* An ARN of the old form does not name the cluster. */
static void answer_facts(struct question *q)
{
	workload_say_cluster(q->facts, str(q->ecs->env.ecs_host->cluster));
	answer(q, VERDICT_FACTS, NULL);
}

static void on_host(void *ctx, const struct query_result *r)
{
	struct ecs *e = ctx;

	e->host_query = NULL;
	heard(e, r);
	if (r->verdict == VERDICT_FACTS && ecs_host_read(e->env.ecs_host, r->json))
		e->host_at = clock_boot_ns();
	for (unsigned int i = 0; i < QUESTIONS; i++) {
		if (e->questions[i].ecs && e->questions[i].facts)
			answer_facts(&e->questions[i]);
	}
}

static void ask_host(struct ecs *e)
{
	if (!e->host_query && (!e->host_at || clock_boot_ns() - e->host_at >= HOST_SEC * NSEC_PER_SEC))
		e->host_query = get(e, "/v1/metadata", "", on_host, e);
}

static void on_task(void *ctx, const struct query_result *r)
{
	struct question *q = ctx;

	q->query = NULL;
	heard(q->ecs, r);
	if (r->verdict != VERDICT_FACTS) {
		answer(q, r->verdict, r->why);
		return;
	}
	q->facts = ecs_task_facts(r->json, str(q->id));
	if (!q->facts) {
		answer(q, VERDICT_GARBAGE, "what the ECS agent answers is no task with that container");
	} else if (q->task_id[0] && !str_eq(q->facts->text[WORKLOAD_TASK_ID], str(q->task_id))) {
		q->facts = workload_free(q->facts);
		answer(q, VERDICT_GARBAGE, "the ECS agent names another task than the control group does");
	} else if (workload_has(q->facts, WORKLOAD_CLUSTER) || !q->ecs->host_query) {
		answer_facts(q);
	}
}

static int ecs_ask(struct provider *p, const struct workload_row *who, uint64_t ticket)
{
	struct ecs *e = (struct ecs *)p;
	struct question *q = e->questions;

	while (q->ecs)
		q++;
	*q = (struct question){.ecs = e, .ticket = ticket};
	snprintf(q->id, sizeof(q->id), "%s", who->id);
	snprintf(q->task_id, sizeof(q->task_id), "%s", who->task_id);
	ask_host(e);
	q->query = get(e, "/v1/tasks?dockerid=", q->id, on_task, q);
	if (q->query)
		return 0;
	q->ecs = NULL;
	return -ENOMEM;
}

/* Where nothing looks like ECS, a Docker container's task is not asked for: nobody would answer. */
static bool ecs_may_know(const struct provider *p, const struct workload_row *who)
{
	const struct ecs *e = (const struct ecs *)p;

	return !strcmp(who->runtime, "docker") && (who->task_id[0] || e->expected || e->env.ecs_host->since);
}

static int ecs_open(struct provider **ret, const struct provider_env *env)
{
	struct ecs *e;

	if (!env->places->ecs_endpoint)
		return -ENOENT;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->provider.ops = &provider_ecs;
	e->env = *env;
	e->expected = env->places->ecs_data_dir && access(env->places->ecs_data_dir, F_OK) == 0;
	*ret = &e->provider;
	return 0;
}

static void ecs_free(struct provider *p)
{
	struct ecs *e = (struct ecs *)p;

	query_cancel(e->host_query);
	for (unsigned int i = 0; i < QUESTIONS; i++) {
		if (!e->questions[i].ecs)
			continue;
		query_cancel(e->questions[i].query);
		workload_free(e->questions[i].facts);
	}
	free(e);
}

const struct provider_ops provider_ecs = {
	.name = "ecs",
	.doc = "the ECS agent's introspection on port 51678: task, task definition, the container's name there, image; cluster and instance of the host",
	.parallel = QUESTIONS,
	.open = ecs_open,
	.may_know = ecs_may_know,
	.ask = ecs_ask,
	.free = ecs_free,
};
