/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a receiver answers: name, connection, certificates, and whether it knows us. */
#include "deliver/upload_answer.h"
#include "deliver/upload_token.h"
#include "health/check.h"
#include "noroshi/v1/batch.pb-c.h"
#include "util/clock.h"
#include "version.h"
#include <errno.h>
#include <string.h>

struct asked {
	struct check *check;
	const char *subject;
	bool done;
	uint8_t body[128];
	size_t body_n;
};

static void on_answer(void *ctx, const struct http_response *r)
{
	struct asked *a = ctx;
	struct ledger_case k = {.subject = a->subject, .capability = CAPABILITY_UPLOAD};
	struct upload_answer means;

	a->done = true;
	upload_answer(&means, r, 0, clock_wall_ns() / NSEC_PER_SEC);
	if (!means.cause) {
		check_say(a->check, "a receiver of findings answers at %s", a->subject);
		return;
	}
	k.code = issue_by_code(means.cause);
	if (k.code == ISSUE_MAX)
		k.code = ISSUE_UNKNOWN;
	k.evidence = json_pack("{s:s, s:i}", "error", means.why, "status", r->status);
	check_raise(a->check, &k, "sink %s: %s", a->subject, means.why);
}

static void fail(struct check *c, const char *subject, const char *why)
{
	struct ledger_case k = {.code = ISSUE_SINK_FAILED, .subject = subject, .evidence = json_pack("{s:s}", "error", why)};

	check_raise(c, &k, "sink %s: %s", subject, why);
}

/* A batch of nothing: docs/DELIVERY.md has it acknowledged, and nothing is stored. */
static int ask(struct asked *a, struct http_client *http, const struct check_sink *s, const struct upload_token *token)
{
	Noroshi__V1__FindingBatch m = NOROSHI__V1__FINDING_BATCH__INIT;
	_cleanup_(buf_free) struct buf auth = {};
	const char *headers[3] = {"Content-Type: application/x-protobuf"};
	struct http_transfer *t;

	m.agent_id = (char[]){"doctor"};
	m.agent_version = (char[]){NOROSHI_VERSION};
	a->body_n = noroshi__v1__finding_batch__get_packed_size(&m);
	if (a->body_n > sizeof(a->body))
		return -E2BIG;
	noroshi__v1__finding_batch__pack(&m, a->body);
	if (token->text) {
		buf_printf(&auth, "Authorization: Bearer %s", token->text);
		headers[1] = auth.p;
	}
	return http_send(&t, http, &(struct http_request){
		.url = s->url, .headers = headers, .body = a->body, .body_size = a->body_n, .ca_file = s->ca_file, .cert_file = s->cert_file,
		.key_file = s->key_file, .connect_timeout_ms = s->connect_timeout_ms, .timeout_ms = s->timeout_ms,
	}, on_answer, a);
}

void check_upload(struct check *c, const char *subject, const struct check_sink *s)
{
	struct asked a = {.check = c, .subject = subject};
	struct http_client *http = NULL;
	struct upload_token token = {};
	char why[256] = "";
	uv_loop_t loop;
	int r;

	if (upload_token_open(&token, s->token_file, why) < 0) {
		fail(c, subject, why);
		return;
	}
	uv_loop_init(&loop);
	r = http_client_new(&http, &loop, "noroshi/" NOROSHI_VERSION);
	if (!r)
		r = ask(&a, http, s, &token);
	if (!r)
		uv_run(&loop, UV_RUN_DEFAULT);
	http_client_free(http);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	upload_token_close(&token);
	if (!a.done)
		fail(c, subject, r ? strerror(-r) : "no answer");
}
