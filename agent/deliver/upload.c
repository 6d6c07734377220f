/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink "upload"
 *
 * One POST of a serialised FindingBatch at a time. A batch that could not be
 * delivered is offered back only after the wait; waits grow exponentially, with
 * full jitter, so that a fleet does not come back in step.
 */
#include "deliver/sink.h"
#include "deliver/upload_answer.h"
#include "deliver/upload_token.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/compress.h"
#include "util/http.h"
#include "version.h"
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#define BACKOFF_MIN_MS 500
#define BACKOFF_MAX_MS 60000
#define COMPRESS_HERE_MAX (64u << 10)	/* about a millisecond; more is compressed on another thread, off the loop */

struct upload {
	struct sink sink;
	uv_timer_t timer;		/* the wait before a batch is offered back */
	struct http_client *http;
	struct http_transfer *transfer;
	char *url, *agent_id, *ca_file, *cert_file, *key_file;
	enum coding coding;
	unsigned int connect_timeout_ms, timeout_ms, backoff_min_ms, backoff_max_ms;
	struct upload_token token;

	const struct batch *batch;	/* under way; NULL when idle */
	sink_done_fn done;
	void *ctx;
	uint8_t *packed;		/* the message */
	size_t packed_n;
	struct buf body;		/* the message, compressed: what is sent */
	uv_work_t work;
	bool working;			/* the other thread reads packed and writes body */
	int work_result;
	unsigned int refs;		/* the timer's, and the other thread's */

	unsigned int failures;		/* in a row */
	bool hurried;
	struct sink_stats stats;
};

static struct upload *upload(struct sink *s)
{
	return (struct upload *)s;	/* its first member */
}

static void note(struct upload *u, const struct upload_answer *a)
{
	snprintf(u->stats.last_error, sizeof(u->stats.last_error), "%s", a->why);
	u->stats.cause = a->cause;
	if (a->verdict != UPLOAD_AGAIN && a->verdict != UPLOAD_TOKEN)
		u->stats.failing_since = 0;
	else if (!u->stats.failing_since)
		u->stats.failing_since = clock_wall_ns();
}

/* done may offer the next batch at once, so everything is put in order before. */
static void finish(struct upload *u, enum sink_result result, const char *why)
{
	sink_done_fn done = u->done;

	u->batch = NULL;
	u->done = NULL;
	free(take(u->packed));
	buf_free(&u->body);
	done(u->ctx, result, why);
}

static void on_wait_over(uv_timer_t *t)
{
	struct upload *u = t->data;
	char why[sizeof(u->stats.last_error)];

	memcpy(why, u->stats.last_error, sizeof(why));
	finish(u, SINK_RETRY, why);
}

static uint64_t below(uint64_t n)
{
	uint64_t v;

	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != sizeof(v))
		v = clock_boot_ns();
	return n ? v % n : 0;
}

/* Full jitter: anything from nothing to the ceiling, which doubles with every failure in a row. */
static uint64_t backoff(struct upload *u)
{
	uint64_t ceiling = u->backoff_min_ms;

	for (unsigned int i = 1; i < u->failures && ceiling < u->backoff_max_ms && !u->hurried; i++)
		ceiling *= 2;
	if (ceiling > u->backoff_max_ms)
		ceiling = u->backoff_max_ms;
	return below(ceiling + 1);
}

/* When the agent is ending it does not wait as long as it was asked to: that would be longer than it lives. */
static void wait_and_offer(struct upload *u, const struct upload_answer *a)
{
	uint64_t ms;

	u->failures++;
	u->stats.retries++;
	note(u, a);
	ms = backoff(u);
	if (a->has_retry_after && !u->hurried)
		ms += (uint64_t)a->retry_after * 1000;
	uv_timer_start(&u->timer, on_wait_over, ms, 0);
}

static int pack(struct upload *u)
{
	Noroshi__V1__FindingBatch m = NOROSHI__V1__FINDING_BATCH__INIT;
	char sent_at[CLOCK_TEXT_MAX];

	m.agent_id = u->agent_id;
	m.agent_version = (char[]){NOROSHI_VERSION};
	m.batch = (uint32_t)u->batch->id;
	m.sent_at = clock_rfc3339(sent_at, clock_wall_ns());
	m.heartbeat = u->batch->heartbeat;
	m.host = u->batch->n ? u->batch->v[0]->host : m.heartbeat ? m.heartbeat->host : NULL;
	m.findings = u->batch->v;
	m.n_findings = u->batch->n;
	m.lost = u->batch->lost > UINT32_MAX ? UINT32_MAX : (uint32_t)u->batch->lost;
	free(u->packed);
	u->packed = malloc(noroshi__v1__finding_batch__get_packed_size(&m) + 1);
	if (!u->packed)
		return -ENOMEM;
	u->packed_n = noroshi__v1__finding_batch__pack(&m, u->packed);
	return 0;
}

static void attempt(struct upload *u);

static void acknowledged(struct upload *u, const struct upload_answer *a)
{
	u->failures = 0;
	u->stats.batches++;
	u->stats.findings += u->batch->n - a->not_taken;
	u->stats.not_taken += a->not_taken;
	u->stats.bytes += u->body.n;
	u->stats.last_success = clock_wall_ns();
	note(u, a);
	finish(u, SINK_DELIVERED, a->why);
}

/* Of a batch of several deliver offers the halves: only one that stands alone is really refused. */
static void not_taken(struct upload *u, enum sink_result result, const struct upload_answer *a)
{
	u->failures = 0;
	u->stats.refused += u->batch->n == 1;
	note(u, a);
	finish(u, result, a->why);
}

static void on_answer(void *ctx, const struct http_response *r)
{
	struct upload *u = ctx;
	struct upload_answer a;

	u->transfer = NULL;
	upload_answer(&a, r, u->batch->n, clock_wall_ns() / NSEC_PER_SEC);
	u->stats.status = r->status;
	switch (a.verdict) {
	case UPLOAD_ACK:
		acknowledged(u, &a);
		break;
	case UPLOAD_AGAIN:
		wait_and_offer(u, &a);
		break;
	case UPLOAD_TOKEN:
		if (upload_token_renew(&u->token))
			attempt(u);
		else
			wait_and_offer(u, &a);
		break;
	case UPLOAD_PLAIN:
		if (u->coding != CODING_IDENTITY) {
			u->coding = CODING_IDENTITY;
			attempt(u);
		} else {
			not_taken(u, SINK_REFUSED, &a);
		}
		break;
	case UPLOAD_TOO_LARGE:
		not_taken(u, SINK_TOO_LARGE, &a);
		break;
	case UPLOAD_REFUSE:
		not_taken(u, SINK_REFUSED, &a);
		break;
	}
}

static int post(struct upload *u)
{
	_cleanup_(buf_free) struct buf auth = {}, coding = {};
	const char *headers[4] = {"Content-Type: application/x-protobuf"};
	size_t n = 1;

	if (u->token.text) {
		buf_printf(&auth, "Authorization: Bearer %s", u->token.text);
		headers[n++] = auth.p;
	}
	if (u->coding != CODING_IDENTITY) {
		buf_printf(&coding, "Content-Encoding: %s", coding_name(u->coding));
		headers[n++] = coding.p;
	}
	if (buf_error(&auth) || buf_error(&coding))
		return -ENOMEM;
	return http_send(&u->transfer, u->http, &(struct http_request){
		.url = u->url,
		.headers = headers,
		.body = u->body.p,
		.body_size = u->body.n,
		.ca_file = u->ca_file,
		.cert_file = u->cert_file,
		.key_file = u->key_file,
		.connect_timeout_ms = u->connect_timeout_ms,
		.timeout_ms = u->timeout_ms,
	}, on_answer, u);
}

/* The body is there, or the reason why not. */
static void post_or_wait(struct upload *u, int r)
{
	struct upload_answer a = {.verdict = UPLOAD_AGAIN, .cause = "UNKNOWN"};

	if (!r)
		r = post(u);
	if (!r)
		return;
	snprintf(a.why, sizeof(a.why), "cannot send: %s", strerror(-r));
	wait_and_offer(u, &a);
}

static void compress(uv_work_t *w)
{
	struct upload *u = w->data;

	buf_free(&u->body);
	u->work_result = compress_pack(&u->body, u->coding, str_n((char *)u->packed, u->packed_n));
}

static void unref(struct upload *u);

static void on_compressed(uv_work_t *w, int status)
{
	struct upload *u = w->data;

	u->working = false;
	if (u->http)	/* not closed meanwhile */
		post_or_wait(u, status < 0 ? status : u->work_result);
	unref(u);
}

static void attempt(struct upload *u)
{
	int r;

	upload_token_refresh(&u->token);
	r = pack(u);
	u->work.data = u;
	if (!r && u->packed_n > COMPRESS_HERE_MAX && u->coding != CODING_IDENTITY &&
	    !uv_queue_work(u->timer.loop, &u->work, compress, on_compressed)) {
		u->working = true;
		u->refs++;
		return;
	}
	if (!r) {
		compress(&u->work);
		r = u->work_result;
	}
	post_or_wait(u, r);
}

static void upload_send(struct sink *s, const struct batch *b, sink_done_fn done, void *ctx)
{
	struct upload *u = upload(s);

	u->batch = b;
	u->done = done;
	u->ctx = ctx;
	attempt(u);
}

static void upload_hurry(struct sink *s)
{
	struct upload *u = upload(s);

	u->hurried = true;
	if (uv_is_active((uv_handle_t *)&u->timer))
		uv_timer_start(&u->timer, on_wait_over, 0, 0);
}

static void upload_stats(const struct sink *s, struct sink_stats *ret)
{
	*ret = ((const struct upload *)s)->stats;
}

static void upload_free(struct upload *u)
{
	free(u->url);
	free(u->agent_id);
	free(u->ca_file);
	free(u->cert_file);
	free(u->key_file);
	upload_token_close(&u->token);
	free(u->packed);
	buf_free(&u->body);
	free(u);
}
DEFINE_CLEANUP(struct upload *, upload_free);

static void unref(struct upload *u)
{
	if (!--u->refs)
		upload_free(u);
}

static void on_closed(uv_handle_t *h)
{
	unref(h->data);
}

static void upload_close(struct sink *s)
{
	struct upload *u = upload(s);

	if (u->working)
		uv_cancel((uv_req_t *)&u->work);	/* or, when it has begun, it ends for nothing */
	http_cancel(take(u->transfer));
	u->http = http_client_free(u->http);
	uv_close((uv_handle_t *)&u->timer, on_closed);
}

static int copy(char **dst, const char *src)
{
	if (!src)
		return 0;
	*dst = strdup(src);
	return *dst ? 0 : -ENOMEM;
}

static int check_url(const char *url, char error[256])
{
	_cleanup_(http_url_free) struct http_url p = {};

	if (http_url_parse(&p, url) < 0)
		snprintf(error, 256, "upload: \"%s\" is not an http or https URL", url);
	else if (p.userinfo)
		snprintf(error, 256, "upload: credentials do not belong in the URL; use a token file");
	else if (!p.tls && !p.loopback)
		snprintf(error, 256, "upload: plain http goes to this machine only (127.0.0.1, ::1, localhost); "
			 "use https for %s", p.host);
	else
		return 0;
	return -EINVAL;
}

static int check_readable(const char *what, const char *path, char error[256])
{
	if (!path || !access(path, R_OK))
		return 0;
	snprintf(error, 256, "upload: cannot read the %s %s: %s", what, path, strerror(errno));
	return -EINVAL;
}

static int check_options(const struct sink_options *o, enum coding *coding, char error[256])
{
	const char *name = o->compression ? o->compression : "gzip";
	int r;

	if (!o->target || !o->target[0]) {
		snprintf(error, 256, "upload: a URL is missing (upload:https://…)");
		return -EINVAL;
	}
	if (o->format && strcmp(o->format, "native") != 0) {
		snprintf(error, 256, "upload: format \"%s\" cannot be uploaded, only \"native\"", o->format);
		return -EINVAL;
	}
	if (!coding_parse(str(strcmp(name, "none") ? name : ""), coding)) {
		snprintf(error, 256, "upload: unknown compression \"%s\"; known are gzip, zstd and none", name);
		return -EINVAL;
	}
	if (!o->cert_file != !o->key_file) {
		snprintf(error, 256, "upload: a client certificate and its key come together");
		return -EINVAL;
	}
	r = check_url(o->target, error);
	if (r < 0 || (r = check_readable("CA file", o->ca_file, error)) < 0 ||
	    (r = check_readable("client certificate", o->cert_file, error)) < 0)
		return r;
	return check_readable("client key", o->key_file, error);
}

static int upload_check(const struct sink_options *o, char error[256])
{
	struct upload_token token = {};
	enum coding coding;
	int r = check_options(o, &coding, error);

	if (r >= 0)
		r = upload_token_open(&token, o->token_file, error);
	upload_token_close(&token);
	return r;
}

static int copy_options(struct upload *u, const struct sink_options *o)
{
	u->connect_timeout_ms = o->connect_timeout_ms;
	u->timeout_ms = o->timeout_ms;
	u->backoff_min_ms = o->backoff_min_ms ? o->backoff_min_ms : BACKOFF_MIN_MS;
	u->backoff_max_ms = o->backoff_max_ms ? o->backoff_max_ms : BACKOFF_MAX_MS;
	if (copy(&u->url, o->target) < 0 || copy(&u->agent_id, o->agent_id ? o->agent_id : "") < 0 ||
	    copy(&u->ca_file, o->ca_file) < 0 || copy(&u->cert_file, o->cert_file) < 0 ||
	    copy(&u->key_file, o->key_file) < 0)
		return -ENOMEM;
	return 0;
}

static int upload_open(struct sink **ret, const struct sink_options *o, uv_loop_t *loop, char error[256])
{
	_cleanup_(upload_freep) struct upload *u = calloc(1, sizeof(*u));
	int r;

	snprintf(error, 256, "upload: out of memory");
	if (!u || copy_options(u, o) < 0)
		return -ENOMEM;
	r = check_options(o, &u->coding, error);
	if (r < 0)
		return r;
	r = upload_token_open(&u->token, o->token_file, error);
	if (r < 0)
		return r;
	r = http_client_new(&u->http, loop, "noroshi/" NOROSHI_VERSION);
	if (r < 0) {
		snprintf(error, 256, "upload: %s",
			 r == -ENOTSUP ? "this libcurl resolves names without a thread and would block" : strerror(-r));
		return r;
	}
	uv_timer_init(loop, &u->timer);
	u->timer.data = u;
	u->refs = 1;
	u->sink.ops = &sink_upload;
	error[0] = 0;
	*ret = &take(u)->sink;
	return 0;
}

const struct sink_ops sink_upload = {
	.name = "upload",
	.doc = "HTTPS POST of protobuf batches to a URL",
	.heartbeats = true,
	.open = upload_open,
	.check = upload_check,
	.send = upload_send,
	.hurry = upload_hurry,
	.stats = upload_stats,
	.close = upload_close,
};
