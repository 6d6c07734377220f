/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker
 *
 * The container by its id, then its image, whose digest stands nowhere else.
 * Images are remembered: many containers have few of them.
 */
#include "attribution/docker.h"
#include "attribution/query.h"
#include <errno.h>

#define QUESTIONS 8u
#define IMAGES_MAX 64u

struct question {
	struct docker *docker;	/* NULL: free */
	struct query *query;
	struct workload *facts;	/* of the container, while its image is asked for */
	uint64_t ticket;
	char id[80];
};

struct image {
	char id[80], digest[80];
};

struct docker {
	struct provider provider;
	struct provider_env env;
	struct question questions[QUESTIONS];
	struct image images[IMAGES_MAX];	/* the oldest is replaced */
	unsigned int next_image;
};

static void answer(struct question *q, enum verdict verdict, const char *why)
{
	struct provider_answer a = {verdict, why, take(q->facts)};
	struct docker *d = take(q->docker);

	d->env.answer(d->env.ctx, &d->provider, q->ticket, &a);
}

static int get(struct question *q, const char *kind, struct str id, query_done_fn done)
{
	struct http_client *http = q->docker->env.http(q->docker->env.ctx);
	struct http_request r = {.unix_socket = q->docker->env.places->docker_socket};
	char url[200];

	snprintf(url, sizeof(url), "http://docker/%s/" STR_FMT "/json", kind, STR_ARG(id));
	r.url = url;
	q->query = http ? query_new(http, &r, done, q) : NULL;
	return q->query ? 0 : -ENOMEM;
}

static void on_image(void *ctx, const struct query_result *r)
{
	struct question *q = ctx;
	struct docker *d = q->docker;
	struct image *i = &d->images[d->next_image % IMAGES_MAX];
	struct str id = q->facts->text[WORKLOAD_IMAGE_ID], digest = docker_digest(r->json, q->facts->text[WORKLOAD_IMAGE]);

	q->query = NULL;
	if (r->verdict == VERDICT_FACTS && id.n < sizeof(i->id) && digest.n < sizeof(i->digest)) {
		snprintf(i->id, sizeof(i->id), STR_FMT, STR_ARG(id));
		snprintf(i->digest, sizeof(i->digest), STR_FMT, STR_ARG(digest));
		d->next_image++;
	}
	workload_say(q->facts, WORKLOAD_IMAGE_DIGEST, digest);
	answer(q, VERDICT_FACTS, NULL);
}

/* "sha256:" and hex: it becomes part of a URL. */
static bool is_image_id(struct str id)
{
	if (!str_starts(id, STR("sha256:")))
		return false;
	for (size_t i = 7; i < id.n; i++) {
		if (!memchr("0123456789abcdef", id.p[i], 16))
			return false;
	}
	return id.n == 7 + 64;
}

/* True when the digest is known, or cannot be asked for. */
static bool has_digest(struct question *q)
{
	struct str id = q->facts->text[WORKLOAD_IMAGE_ID];

	if (!is_image_id(id))
		return true;
	for (unsigned int i = 0; i < IMAGES_MAX; i++) {
		const struct image *image = &q->docker->images[i];

		if (image->id[0] && str_eq(str(image->id), id)) {
			workload_say(q->facts, WORKLOAD_IMAGE_DIGEST, str(image->digest));
			return true;
		}
	}
	return get(q, "images", id, on_image) < 0;
}

static void on_container(void *ctx, const struct query_result *r)
{
	struct question *q = ctx;

	q->query = NULL;
	if (r->verdict != VERDICT_FACTS) {
		answer(q, r->verdict, r->why);
		return;
	}
	q->facts = docker_facts(r->json, str(q->id));
	if (!q->facts)
		answer(q, VERDICT_GARBAGE, "what Docker answers is not that container");
	else if (has_digest(q))
		answer(q, VERDICT_FACTS, NULL);
}

static int docker_ask(struct provider *p, const struct workload_row *who, uint64_t ticket)
{
	struct docker *d = (struct docker *)p;
	struct question *q = d->questions;
	int r;

	while (q->docker)
		q++;
	*q = (struct question){.docker = d, .ticket = ticket};
	snprintf(q->id, sizeof(q->id), "%s", who->id);
	r = get(q, "containers", str(q->id), on_container);
	if (r < 0)
		q->docker = NULL;
	return r;
}

static bool docker_may_know(const struct provider *p, const struct workload_row *who)
{
	(void)p;
	return !strcmp(who->runtime, "docker");
}

static int docker_open(struct provider **ret, const struct provider_env *env)
{
	struct docker *d;

	if (!env->places->docker_socket)
		return -ENOENT;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->provider.ops = &provider_docker;
	d->env = *env;
	*ret = &d->provider;
	return 0;
}

static void docker_free(struct provider *p)
{
	struct docker *d = (struct docker *)p;

	for (unsigned int i = 0; i < QUESTIONS; i++) {
		if (!d->questions[i].docker)
			continue;
		query_cancel(d->questions[i].query);
		workload_free(d->questions[i].facts);
	}
	free(d);
}

const struct provider_ops provider_docker = {
	.name = "docker",
	.doc = "the Docker Engine's API on its unix socket: name, image, labels, mounts, rights, network; of ECS tasks the labels that the ECS agent sets",
	.parallel = QUESTIONS,
	.open = docker_open,
	.may_know = docker_may_know,
	.ask = docker_ask,
	.free = docker_free,
};
