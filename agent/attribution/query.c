/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/query.h"
#include "util/json_text.h"
#include <stdlib.h>
#include <string.h>

#define JSON_BYTES_MAX (1u << 20)	/* what a runtime tells of one container, many times over */
#define CONNECT_MS 1000u
#define ANSWER_MS 5000u

struct query {
	struct http_transfer *transfer;
	query_done_fn done;
	void *ctx;
	char url[400];
};

static void fail(struct query_result *r, enum verdict verdict, const char *url, const char *why)
{
	r->verdict = verdict;
	snprintf(r->why, sizeof(r->why), "%.150s%s%.140s", url ? url : "", url ? ": " : "", why);
}

/* The text names host and port already; of a socket these mean nothing. */
static void fail_to_reach(struct query_result *r, const struct http_response *a, const char *url)
{
	const char *cause = a->error == HTTP_E_CONNECT ? strstr(a->text, ": ") : NULL;

	if (*url == '/')
		fail(r, VERDICT_DOWN, url, cause ? cause + 2 : a->text);
	else
		fail(r, VERDICT_DOWN, NULL, a->text);
}

static void judge_status(struct query_result *r, const struct http_response *a, const char *url)
{
	char text[64];

	snprintf(text, sizeof(text), "HTTP status %d", a->status);
	if (a->status == 404)
		fail(r, VERDICT_UNKNOWN, url, "it knows no such container");
	else if (a->status == 401 || a->status == 403 || a->status == 407)
		fail(r, VERDICT_REFUSED, url, text);
	else if (a->status == 408 || a->status == 429 || a->status >= 500)
		fail(r, VERDICT_DOWN, url, text);
	else if (a->status != 200)
		fail(r, VERDICT_GARBAGE, url, text);
}

/* What an answer is worth. r->json is a new reference. */
static void judge_answer(struct query_result *r, const struct http_response *a, const char *url)
{
	json_error_t error;

	*r = (struct query_result){.verdict = VERDICT_FACTS};
	if (a->error == HTTP_E_TOO_LONG || a->error == HTTP_E_URL) {
		fail(r, VERDICT_GARBAGE, url, a->text);
		return;
	}
	if (a->error) {
		fail_to_reach(r, a, url);
		return;
	}
	judge_status(r, a, url);
	if (r->verdict != VERDICT_FACTS)
		return;
	r->json = json_loadb(a->body.p ? a->body.p : "", a->body.n, JSON_REJECT_DUPLICATES, &error);
	if (!r->json)
		fail(r, VERDICT_GARBAGE, url, error.text);
}

static void on_done(void *ctx, const struct http_response *a)
{
	struct query *q = ctx;
	struct query_result r;

	judge_answer(&r, a, q->url);
	q->done(q->ctx, &r);
	json_decref(r.json);
	free(q);
}

struct query *query_new(struct http_client *c, const struct http_request *r, query_done_fn done, void *ctx)
{
	struct query *q = calloc(1, sizeof(*q));
	struct http_request request = *r;

	if (!q)
		return NULL;
	q->done = done;
	q->ctx = ctx;
	/* Who was asked, for people: which container it was about they know. */
	snprintf(q->url, sizeof(q->url), "%.*s", (int)strcspn(r->url, "?"), r->url);
	if (r->unix_socket)
		snprintf(q->url, sizeof(q->url), "%s", r->unix_socket);
	if (!request.connect_timeout_ms)
		request.connect_timeout_ms = CONNECT_MS;
	if (!request.timeout_ms)
		request.timeout_ms = ANSWER_MS;
	if (!request.response_max)
		request.response_max = JSON_BYTES_MAX;
	if (http_send(&q->transfer, c, &request, on_done, q) == 0)
		return q;
	free(q);
	return NULL;
}

struct query *query_at(struct http_client *http, const char *endpoint, const char *path, const char *id, query_done_fn done, void *ctx)
{
	size_t n = strlen(endpoint);
	char url[400];

	n -= n && endpoint[n - 1] == '/';
	snprintf(url, sizeof(url), "%.*s%s%s", (int)n, endpoint, path, id);
	return http ? query_new(http, &(struct http_request){.url = url}, done, ctx) : NULL;
}

void query_cancel(struct query *q)
{
	if (!q)
		return;
	http_cancel(q->transfer);
	free(q);
}

struct str query_text(json_t *o, const char *key)
{
	return json_str(json_object_get(o, key));
}
