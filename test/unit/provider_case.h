/* SPDX-License-Identifier: Apache-2.0 */
/* One provider on a loop of its own, and what it answered. */
#ifndef TEST_PROVIDER_CASE_H
#define TEST_PROVIDER_CASE_H

#include "attribution/ecs_host.h"
#include "attribution/provider.h"
#include "util/http.h"
#include <check.h>
#include <sys/stat.h>

#define ID "a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1"
#define TASK_ID "0123456789abcdef0123456789abcdef"
#define TASK_ARN "arn:aws:ecs:ap-northeast-1:111122223333:task/prod/" TASK_ID

struct provider_case {
	uv_loop_t loop;
	struct http_client *http;
	struct attribution_places places;
	struct ecs_host host;
	struct provider *p;
	unsigned int answers, facts_in;
	enum verdict verdict;		/* of the last answer */
	uint64_t ticket;
	char why[400];
	struct workload *facts;
};

static struct http_client *case_http(void *ctx)
{
	struct provider_case *c = ctx;

	if (!c->http)
		ck_assert_int_eq(http_client_new(&c->http, &c->loop, "noroshi/test"), 0);
	return c->http;
}

static void case_answer(void *ctx, struct provider *p, uint64_t ticket, const struct provider_answer *a)
{
	struct provider_case *c = ctx;

	ck_assert_ptr_eq(p, c->p);
	ck_assert_int_eq(a->facts != NULL, a->verdict == VERDICT_FACTS);
	ck_assert(a->verdict == VERDICT_FACTS || (a->why && *a->why));
	c->answers++;
	c->facts_in += a->verdict == VERDICT_FACTS;
	c->verdict = a->verdict;
	c->ticket = ticket;
	snprintf(c->why, sizeof(c->why), "%s", a->why ? a->why : "");
	workload_free(c->facts);
	c->facts = a->facts;
}

static int case_open(struct provider_case *c, const struct provider_ops *ops)
{
	struct provider_env env = {.loop = &c->loop, .places = &c->places, .http = case_http, .ecs_host = &c->host,
				   .answer = case_answer, .ctx = c};

	ck_assert_int_eq(uv_loop_init(&c->loop), 0);
	return ops->open(&c->p, &env);
}

static struct workload_row case_row(const char *id, const char *task)
{
	struct workload_row row = {.ticket = 7};

	snprintf(row.id, sizeof(row.id), "%s", id);
	snprintf(row.runtime, sizeof(row.runtime), "docker");
	snprintf(row.task_id, sizeof(row.task_id), "%s", task);
	return row;
}

/* Asks once and waits for the answer. */
static void case_ask(struct provider_case *c, const char *id, const char *task)
{
	struct workload_row row = case_row(id, task);
	unsigned int before = c->answers;

	ck_assert_int_eq(c->p->ops->ask(c->p, &row, row.ticket), 0);
	ck_assert_uint_eq(c->answers, before);	/* never from within ask() */
	memset(&row, 'x', sizeof(row));		/* it is borrowed for the call only */
	uv_run(&c->loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(c->answers, before + 1);
	ck_assert_uint_eq(c->ticket, 7);
}

static void case_close(struct provider_case *c)
{
	if (c->p)
		c->p->ops->free(c->p);
	http_client_free(c->http);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&c->loop), 0);
	workload_free(c->facts);
}

/* A file of that text below root, with the folders on the way; text NULL: these alone. */
static inline void case_put(const char *root, const char *below, const char *text)
{
	char path[512], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, below);
	for (slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	if (!text)
		return;
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void case_says(const struct provider_case *c, enum workload_text t, const char *text)
{
	ck_assert_msg(c->facts != NULL, "no facts: %s", c->why);
	ck_assert_msg(str_eq(c->facts->text[t], str(text)), "have \"" STR_FMT "\", not \"%s\"", STR_ARG(c->facts->text[t]), text);
}

#endif
