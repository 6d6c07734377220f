/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/sink.h"
#include "deliver/upload_answer.h"
#include "health/issue.h"
#include "http_peer.h"
#include "util/cleanup.h"
#include "util/compress.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static uv_loop_t loop;
static struct sink *sink;
static struct peer peer;
static Noroshi__V1__Finding finding[3];
static Noroshi__V1__Finding *findings[3];
static Noroshi__V1__Host host = NOROSHI__V1__HOST__INIT;

struct outcome {
	int calls;
	enum sink_result result;
	char why[256];
};

static void on_done(void *ctx, enum sink_result result, const char *why)
{
	struct outcome *o = ctx;

	o->calls++;
	o->result = result;
	snprintf(o->why, sizeof(o->why), "%s", why ? why : "");
}

static void setup(void)
{
	static char name[] = "web-1", id[] = "01a20548-6850-77d9-a7fb-04dabe347a70";

	host.name = name;
	for (size_t i = 0; i < 3; i++) {
		noroshi__v1__finding__init(&finding[i]);
		finding[i].id = id;
		finding[i].revision = (uint32_t)i + 1;
		finding[i].host = &host;
		finding[i].description = (char *)(uintptr_t)protobuf_c_empty_string;
		findings[i] = &finding[i];
	}
	uv_loop_init(&loop);
}

static void teardown(void)
{
	if (sink)
		sink->ops->close(sink);
	sink = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void open_sink(unsigned int port, struct sink_options o)
{
	char error[256], spec[64];

	snprintf(spec, sizeof(spec), "upload:http://127.0.0.1:%u/v1/findings", port);
	o.agent_id = "agent";
	o.backoff_min_ms = o.backoff_min_ms ? o.backoff_min_ms : 1;
	o.backoff_max_ms = o.backoff_max_ms ? o.backoff_max_ms : 2;
	ck_assert_msg(sink_open(&sink, spec, o, &loop, error) == 0, "%s", error);
}

static struct outcome offer(size_t n, uint64_t id)
{
	struct batch b = {.v = findings, .n = n, .id = id, .lost = 7};
	struct outcome o = {};

	sink->ops->send(sink, &b, on_done, &o);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(o.calls, 1);
	return o;
}

static void stop_peer(void)
{
	sink->ops->close(sink);
	sink = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	peer_stop(&peer);
}

static struct sink_stats stats(void)
{
	struct sink_stats s;

	sink->ops->stats(sink, &s);
	return s;
}

#define ANSWER(status, headers, body, length) \
	"HTTP/1.1 " status "\r\n" headers "Content-Length: " length "\r\n\r\n" body
#define PROTOBUF "Content-Type: application/x-protobuf\r\n"
#define HTML "Content-Type: text/html\r\n"
#define TEXT "Content-Type: text/plain\r\n"

static const struct {
	struct peer_step step;
	enum sink_result result;
	const char *why;
} answers[] = {
	{{ANSWER("200 OK", "", "", "0"), PEER_CLOSE}, SINK_DELIVERED, ""},
	{{ANSWER("204 No Content", "", "", "0"), PEER_CLOSE}, SINK_DELIVERED, ""},
	{{ANSWER("202 Accepted", PROTOBUF, "\x08\x01", "2"), PEER_CLOSE}, SINK_DELIVERED, ""},
	{{ANSWER("200 OK", "Content-Type: application/X-Protobuf; v=1\r\n", "\x08\x01", "2"), PEER_CLOSE}, SINK_DELIVERED, ""},
	{{ANSWER("200 OK", HTML, "<html>", "6"), PEER_CLOSE}, SINK_RETRY, "not from a receiver"},
	{{ANSWER("200 OK", "", "\x08\x01", "2"), PEER_CLOSE}, SINK_RETRY, "not from a receiver"},
	{{ANSWER("200 OK", PROTOBUF, "\xff\xff\xff", "3"), PEER_CLOSE}, SINK_RETRY, "not from a receiver"},
	{{ANSWER("200 OK", PROTOBUF, "\x08\x01", "20"), PEER_CLOSE}, SINK_RETRY, "ended the connection"},
	{{"HTTP/1.1 200 OK\r\nContent-Le", PEER_CLOSE}, SINK_RETRY, "ended the connection"},
	{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" PROTOBUF "\r\n2\r\n\x08\x01", PEER_CLOSE}, SINK_RETRY, "ended the connection"},
	{{"220 smtp.example ESMTP\r\n", PEER_CLOSE}, SINK_RETRY, ""},
	{{NULL, PEER_CLOSE}, SINK_RETRY, "ended the connection"},
	{{NULL, PEER_HANG}, SINK_RETRY, "no answer"},
	{{ANSWER("200 OK", PROTOBUF, "", "20"), PEER_HANG}, SINK_RETRY, "no answer"},
	{{ANSWER("301 Moved", "Location: http://127.0.0.1:1/\r\n", "", "0"), PEER_CLOSE}, SINK_RETRY, "redirected (301)"},
	{{ANSWER("400 Bad", TEXT, "no\033[31m way", "11"), PEER_CLOSE}, SINK_REFUSED, "(400): no?[31m wa"},
	{{ANSWER("400 Bad", HTML, "no cert", "7"), PEER_CLOSE}, SINK_RETRY, "answers 400"},
	{{ANSWER("401 Who", "", "", "0"), PEER_CLOSE}, SINK_RETRY, "check the token"},
	{{ANSWER("403 No", "", "", "0"), PEER_CLOSE}, SINK_RETRY, "not allowed (403)"},
	{{ANSWER("404 No", "", "", "0"), PEER_CLOSE}, SINK_RETRY, "no receiver of findings at this URL"},
	{{ANSWER("408 Slow", "", "", "0"), PEER_CLOSE}, SINK_RETRY, "408"},
	{{ANSWER("413 Big", "", "", "0"), PEER_CLOSE}, SINK_TOO_LARGE, "413"},
	{{ANSWER("413 Big", "", "", "0"), PEER_RESET}, SINK_TOO_LARGE, "413"},
	{{ANSWER("400 Bad", TEXT, "no way", "6"), PEER_RESET}, SINK_REFUSED, "(400): no way"},
	{{NULL, PEER_RESET}, SINK_RETRY, ""},
	{{ANSWER("415 What", "", "", "0"), PEER_CLOSE}, SINK_REFUSED, "415"},
	{{ANSWER("422 No", "", "", "0"), PEER_CLOSE}, SINK_REFUSED, "422"},
	{{ANSWER("429 Wait", "", "", "0"), PEER_CLOSE}, SINK_RETRY, "patience"},
	{{ANSWER("500 Oops", TEXT, "disk full", "9"), PEER_CLOSE}, SINK_RETRY, "answers 500: disk full"},
	{{ANSWER("502 Bad", HTML, "<html>", "6"), PEER_CLOSE}, SINK_RETRY, "answers 502"},
	{{ANSWER("503 Busy", "Retry-After: 0\r\n", "", "0"), PEER_CLOSE}, SINK_RETRY, "answers 503"},
	{{ANSWER("503 Busy", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "", "0"), PEER_CLOSE}, SINK_RETRY, "503"},
};

START_TEST(what_an_answer_means)
{
	struct outcome o;
	struct sink_stats s;

	peer_start(&peer, &answers[_i].step, 1);
	open_sink(peer.port, (struct sink_options){.timeout_ms = answers[_i].step.then == PEER_HANG ? 100 : 10000});
	o = offer(1, 1);
	ck_assert_msg(o.result == answers[_i].result, "%s: %d, %s", answers[_i].step.reply, o.result, o.why);
	ck_assert_msg(strstr(o.why, answers[_i].why), "\"%s\" is not in \"%s\"", answers[_i].why, o.why);
	s = stats();
	ck_assert_str_eq(s.last_error, o.why);
	ck_assert_uint_eq(s.batches, (o.result == SINK_DELIVERED));
	ck_assert_uint_eq(s.findings, (o.result == SINK_DELIVERED));
	ck_assert((s.last_success != 0) == (o.result == SINK_DELIVERED));
	ck_assert_uint_eq(s.retries, (o.result == SINK_RETRY));
	ck_assert_uint_eq(s.refused, (o.result == SINK_REFUSED || o.result == SINK_TOO_LARGE));
	stop_peer();
}
END_TEST

/* It is acknowledged, and not sent again; what the receiver did not keep is told. */
#define NOW 1700000000	/* Tue, 14 Nov 2023 22:13:20 GMT */
#define DATE(time) "Date: Tue, 14 Nov 2023 " time " GMT\r\n"

/* Every answer but a plain acknowledgement has a code, by which people are told what to mend. */
static const struct {
	int status;
	const char *headers, *body;
	const char *cause;
} causes[] = {
	{200, "", "", NULL},
	{200, HTML, "<html>", "UPLOAD_NO_RECEIVER"},
	{302, "", "", "UPLOAD_NO_RECEIVER"},
	{404, "", "", "UPLOAD_NO_RECEIVER"},
	{400, "", "", "UPLOAD_REJECTED"},
	{413, "", "", "UPLOAD_REJECTED"},
	{400, TEXT, "{\"__type\":\"ThrottlingException\"}", "UPLOAD_THROTTLED"},
	{429, "", "", "UPLOAD_THROTTLED"},
	{400, TEXT, "ProvisionedThroughputExceededException", "UPLOAD_THROTTLED"},
	{401, "", "", "UPLOAD_TOKEN_EXPIRED"},
	{403, TEXT, "ExpiredTokenException: the token is expired", "UPLOAD_TOKEN_EXPIRED"},
	{403, "", "", "UPLOAD_403_DENIED"},
	{403, TEXT, "AccessDeniedException: not authorized to perform events:PutEvents", "UPLOAD_403_DENIED"},
	{403, TEXT, "SignatureDoesNotMatch", "UPLOAD_403_SIGNATURE"},
	{403, TEXT, "InvalidSignatureException", "UPLOAD_403_SIGNATURE"},
	{403, TEXT, "RequestTimeTooSkewed", "UPLOAD_CLOCK_SKEW"},
	{403, TEXT, "Signature expired: 20231114T220000Z", "UPLOAD_CLOCK_SKEW"},
	{403, DATE("22:18:21"), "", "UPLOAD_CLOCK_SKEW"},
	{403, DATE("22:08:19"), "", "UPLOAD_CLOCK_SKEW"},
	{403, DATE("22:18:19"), "", "UPLOAD_403_DENIED"},
	{403, "Date: soon\r\n", "", "UPLOAD_403_DENIED"},
	{407, "", "", "UPLOAD_PROXY_FAIL"},
	{408, "", "", "UPLOAD_TIMEOUT"},
	{500, TEXT, "AccessDenied is the name of my table", "UPLOAD_SERVER_ERROR"},
	{503, DATE("10:00:00"), "", "UPLOAD_SERVER_ERROR"},
};

static const char *const errors[_HTTP_E_MAX] = {
	[HTTP_E_URL] = "UPLOAD_NO_RECEIVER",
	[HTTP_E_RESOLVE] = "UPLOAD_DNS_FAIL",
	[HTTP_E_CONNECT] = "UPLOAD_CONNECT_FAIL",
	[HTTP_E_TIMEOUT] = "UPLOAD_TIMEOUT",
	[HTTP_E_TLS] = "UPLOAD_TLS_FAIL",
	[HTTP_E_CLOSED] = "UPLOAD_SERVER_ERROR",
	[HTTP_E_TOO_LONG] = "UPLOAD_NO_RECEIVER",
	[HTTP_E_OTHER] = "UNKNOWN",
};

START_TEST(an_answer_has_a_code)
{
	struct upload_answer a;

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		struct http_response r = {.status = causes[i].status, .headers = str(causes[i].headers), .body = str(causes[i].body)};

		upload_answer(&a, &r, 1, NOW);
		ck_assert_msg(!a.cause == !causes[i].cause && (!a.cause || !strcmp(a.cause, causes[i].cause)), "%d %s%s: %s, not %s", r.status,
			      causes[i].headers, causes[i].body, a.cause, causes[i].cause);
		ck_assert(!a.cause || issue_by_code(a.cause) < ISSUE_MAX);
	}
	for (int e = HTTP_OK + 1; e < _HTTP_E_MAX; e++) {
		struct http_response r = {.error = (enum http_error)e, .text = "why"};

		upload_answer(&a, &r, 1, NOW);
		ck_assert(issue_by_code(a.cause) < ISSUE_MAX);
		ck_assert_str_eq(a.cause, errors[e]);
	}
}
END_TEST

START_TEST(fewer_kept_than_sent)
{
	static const struct peer_step steps[] = {
		{ANSWER("200 OK", PROTOBUF, "\x08\x01\x1a\x04" "full", "8"), PEER_CLOSE},
		{ANSWER("200 OK", PROTOBUF, "\x08\x03", "2"), PEER_CLOSE},
	};
	struct outcome o;

	peer_start(&peer, steps, 2);
	open_sink(peer.port, (struct sink_options){});
	o = offer(3, 1);
	ck_assert_int_eq(o.result, SINK_DELIVERED);
	ck_assert_str_eq(o.why, "the receiver took 1 of 3 findings: full");
	ck_assert_uint_eq(stats().not_taken, 2);
	ck_assert_uint_eq(stats().findings, 1);
	offer(3, 2);
	ck_assert_uint_eq(stats().not_taken, 2);
	ck_assert_uint_eq(stats().findings, 4);
	stop_peer();
}
END_TEST

static Noroshi__V1__FindingBatch *decode(const struct buf *request, enum coding coding)
{
	const char *body = (const char *)memmem(request->p, request->n, "\r\n\r\n", 4) + 4;
	_cleanup_(buf_free) struct buf plain = {};

	ck_assert_int_eq(compress_unpack(&plain, coding, str_n(body, request->n - (size_t)(body - request->p))), 0);
	return noroshi__v1__finding_batch__unpack(NULL, plain.n, (const uint8_t *)plain.p);
}

static void check_batch(const struct buf *request, enum coding coding, uint32_t id)
{
	Noroshi__V1__FindingBatch *b = decode(request, coding);

	ck_assert_ptr_nonnull(b);
	ck_assert_str_eq(b->agent_id, "agent");
	ck_assert_uint_eq(b->batch, id);
	ck_assert_uint_eq(b->lost, 7);
	ck_assert_str_eq(b->host->name, "web-1");
	ck_assert_uint_eq(b->n_findings, 3);
	ck_assert_uint_eq(b->findings[2]->revision, 3);
	noroshi__v1__finding_batch__free_unpacked(b, NULL);
}

/* The same batch keeps its id, and the connection is kept. */
START_TEST(the_request)
{
	static const struct peer_step steps[] = {
		{ANSWER("503 Busy", "", "", "0"), PEER_KEEP},
		{ANSWER("200 OK", "", "", "0"), PEER_KEEP},
	};
	static const struct {
		const char *compression, *header;
		enum coding coding;
	} codings[] = {
		{NULL, "\r\nContent-Encoding: gzip\r\n", CODING_GZIP},
		{"gzip", "\r\nContent-Encoding: gzip\r\n", CODING_GZIP},
		{"zstd", "\r\nContent-Encoding: zstd\r\n", CODING_ZSTD},
		{"none", NULL, CODING_IDENTITY},
	};

	peer_start(&peer, steps, 2);
	open_sink(peer.port, (struct sink_options){.compression = codings[_i].compression});
	ck_assert_int_eq(offer(3, 5).result, SINK_RETRY);
	ck_assert_int_eq(offer(3, 5).result, SINK_DELIVERED);
	ck_assert_uint_eq(peer.n_connections, 1);
	for (size_t i = 0; i < 2; i++) {
		const char *r = peer.request[i].p;

		ck_assert_ptr_nonnull(strstr(r, "POST /v1/findings HTTP/1.1\r\n"));
		ck_assert_ptr_nonnull(strstr(r, "\r\nContent-Type: application/x-protobuf\r\n"));
		ck_assert_ptr_nonnull(strstr(r, "\r\nUser-Agent: noroshi/"));
		ck_assert_ptr_null(strstr(r, "Authorization"));
		if (codings[_i].header)
			ck_assert_ptr_nonnull(strstr(r, codings[_i].header));
		else
			ck_assert_ptr_null(strstr(r, "Content-Encoding"));
		check_batch(&peer.request[i], codings[_i].coding, 5);
	}
	stop_peer();
}
END_TEST

START_TEST(a_receiver_that_cannot_unpack)
{
	static const struct peer_step steps[] = {
		{ANSWER("415 What", "", "", "0"), PEER_KEEP},
		{ANSWER("200 OK", "", "", "0"), PEER_KEEP},
	};

	peer_start(&peer, steps, 2);
	open_sink(peer.port, (struct sink_options){});
	ck_assert_int_eq(offer(3, 1).result, SINK_DELIVERED);
	ck_assert_int_eq(offer(3, 2).result, SINK_DELIVERED);
	ck_assert_uint_eq(peer.n_requests, 3);	/* gzip is not tried again */
	check_batch(&peer.request[2], CODING_IDENTITY, 2);
	stop_peer();
}
END_TEST

static char token_path[] = "/tmp/check_upload.XXXXXX";

static void write_token(const char *token)
{
	int fd = open(token_path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, token, strlen(token)), (ssize_t)strlen(token));
	close(fd);
}

START_TEST(tokens_are_read_again)
{
	static const struct peer_step steps[] = {
		{ANSWER("401 Who", "", "", "0"), PEER_KEEP},
		{ANSWER("200 OK", "", "", "0"), PEER_KEEP},
	};
	struct batch b = {.v = findings, .n = 1, .id = 1};
	struct outcome o = {};
	struct stat st;

	strcpy(token_path, "/tmp/check_upload.XXXXXX");
	close(mkstemp(token_path));
	write_token("one\n");
	peer_start(&peer, steps, 2);
	open_sink(peer.port, (struct sink_options){.token_file = token_path});
	ck_assert_int_eq(stat(token_path, &st), 0);
	sink->ops->send(sink, &b, on_done, &o);
	write_token("two\n");
	ck_assert_int_eq(utimensat(AT_FDCWD, token_path, (struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
	uv_run(&loop, UV_RUN_DEFAULT);	/* 401 reads it although its time has not changed */
	ck_assert_int_eq(o.result, SINK_DELIVERED);
	write_token("three\r\n");
	ck_assert_int_eq(offer(1, 2).result, SINK_DELIVERED);
	write_token("");	/* being replaced: the last one still holds */
	ck_assert_int_eq(offer(1, 3).result, SINK_DELIVERED);
	unlink(token_path);
	ck_assert_int_eq(offer(1, 4).result, SINK_DELIVERED);
	ck_assert_uint_eq(peer.n_requests, 5);
	ck_assert_ptr_nonnull(strstr(peer.request[0].p, "\r\nAuthorization: Bearer one\r\n"));
	ck_assert_ptr_nonnull(strstr(peer.request[1].p, "\r\nAuthorization: Bearer two\r\n"));
	for (size_t i = 2; i < 5; i++)
		ck_assert_ptr_nonnull(strstr(peer.request[i].p, "\r\nAuthorization: Bearer three\r\n"));
	stop_peer();
}
END_TEST

static void on_watch(uv_timer_t *t)
{
	struct outcome *o = t->data;

	ck_assert_int_eq(o->calls, 0);	/* still waiting: 900 s were asked for, the backoff alone is 2 ms */
	uv_close((uv_handle_t *)t, NULL);
	sink->ops->hurry(sink);
	ck_assert_int_eq(o->calls, 0);	/* never from within hurry() */
}

START_TEST(retry_after_and_hurry)
{
	static const struct peer_step steps[] = {
		{ANSWER("429 Wait", "Retry-After: 900\r\n", "", "0"), PEER_KEEP},
		{ANSWER("429 Wait", "Retry-After: 900\r\n", "", "0"), PEER_KEEP},
		{ANSWER("200 OK", "", "", "0"), PEER_KEEP},
	};
	struct batch b = {.v = findings, .n = 1, .id = 1};
	struct outcome o = {};
	uv_timer_t watch;

	peer_start(&peer, steps, 3);
	open_sink(peer.port, (struct sink_options){});
	sink->ops->send(sink, &b, on_done, &o);
	uv_timer_init(&loop, &watch);
	watch.data = &o;
	uv_timer_start(&watch, on_watch, 100, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(o.calls, 1);
	ck_assert_int_eq(o.result, SINK_RETRY);
	ck_assert_int_eq(offer(1, 1).result, SINK_RETRY);	/* hurried: not another 900 s */
	ck_assert_int_eq(offer(1, 1).result, SINK_DELIVERED);
	stop_peer();
}
END_TEST

/* Beyond what is compressed on the loop's own thread. */
static void make_large(void)
{
	static char text[200001];

	memset(text, 'x', sizeof(text) - 1);
	finding[0].description = text;
}

START_TEST(a_large_batch)
{
	static const struct peer_step steps[] = {
		{ANSWER("503 Busy", "", "", "0"), PEER_KEEP},
		{ANSWER("200 OK", "", "", "0"), PEER_KEEP},
	};

	make_large();
	peer_start(&peer, steps, 2);
	open_sink(peer.port, (struct sink_options){});
	ck_assert_int_eq(offer(3, 9).result, SINK_RETRY);
	ck_assert_int_eq(offer(3, 9).result, SINK_DELIVERED);
	for (size_t i = 0; i < 2; i++)
		check_batch(&peer.request[i], CODING_GZIP, 9);
	stop_peer();
}
END_TEST

/* Closed in each of its states: nobody is called, nothing is left over. */
START_TEST(close_at_any_time)
{
	static const struct peer_step steps[] = {
		{NULL, PEER_HANG}, {ANSWER("503 Busy", "Retry-After: 900\r\n", "", "0"), PEER_KEEP},
	};
	struct batch b = {.v = findings, .n = 3, .id = 1};
	struct outcome o = {};

	if (_i >= 4)
		make_large();
	peer_start(&peer, &steps[_i / 2 % 2], 1);
	open_sink(peer.port, (struct sink_options){});
	sink->ops->send(sink, &b, on_done, &o);
	for (int i = 0; _i % 2 && i < 50; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	stop_peer();
	ck_assert_int_eq(o.calls, 0);
}
END_TEST

static void send_next(void *ctx, enum sink_result result, const char *why)
{
	static const struct batch b = {.v = findings, .n = 1, .id = 2};

	ck_assert_int_eq(result, SINK_DELIVERED);
	sink->ops->send(sink, &b, on_done, ctx);
	(void)why;
}

START_TEST(send_from_done)
{
	static const struct peer_step steps[] = {{ANSWER("200 OK", "", "", "0"), PEER_KEEP}};
	struct batch b = {.v = findings, .n = 1, .id = 1};
	struct outcome o = {};

	peer_start(&peer, steps, 1);
	open_sink(peer.port, (struct sink_options){});
	sink->ops->send(sink, &b, send_next, &o);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(o.calls, 1);
	ck_assert_uint_eq(peer.n_requests, 2);
	stop_peer();
}
END_TEST

START_TEST(open_says_what_is_wrong)
{
	static const struct {
		const char *spec;
		struct sink_options o;
		const char *error;
	} t[] = {
		{"upload", {}, "URL is missing"},
		{"upload:", {}, "URL is missing"},
		{"upload:ftp://127.0.0.1/", {}, "not an http or https URL"},
		{"upload:collector.example", {}, "not an http or https URL"},
		{"upload:http://192.0.2.1/", {}, "use https for 192.0.2.1"},
		{"upload:http://127.0.0.1.example/", {}, "use https for"},
		{"upload:https://me:secret@collector.example/", {}, "use a token file"},
		{"upload:https://a.example/", {.compression = "lzma"}, "unknown compression \"lzma\""},
		{"upload:https://a.example/", {.format = "ocsf"}, "only \"native\""},
		{"upload:https://a.example/", {.ca_file = "/nonexistent/ca.pem"}, "CA file /nonexistent/ca.pem: No such file"},
		{"upload:https://a.example/", {.token_file = "/nonexistent/token"}, "token file /nonexistent/token: No such file"},
		{"upload:https://a.example/", {.token_file = "/dev/null"}, "not one line with a token"},
		{"upload:https://a.example/", {.cert_file = "/dev/null"}, "come together"},
	};
	char error[256];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		error[0] = 0;
		ck_assert_int_lt(sink_open(&sink, t[i].spec, t[i].o, &loop, error), 0);
		ck_assert_msg(strstr(error, t[i].error), "\"%s\" is not in \"%s\"", t[i].error, error);
		ck_assert_ptr_null(strstr(error, "secret"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("upload");
	TCase *all = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, an_answer_has_a_code);
	tcase_add_test(all, fewer_kept_than_sent);
	tcase_add_loop_test(all, what_an_answer_means, 0, (int)ARRAY_SIZE(answers));
	tcase_add_loop_test(all, the_request, 0, 4);
	tcase_add_test(all, a_receiver_that_cannot_unpack);
	tcase_add_test(all, tokens_are_read_again);
	tcase_add_test(all, retry_after_and_hurry);
	tcase_add_test(all, a_large_batch);
	tcase_add_loop_test(all, close_at_any_time, 0, 8);
	tcase_add_test(all, send_from_done);
	tcase_add_test(all, open_says_what_is_wrong);
	suite_add_tcase(suite, all);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
