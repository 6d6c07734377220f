/* SPDX-License-Identifier: Apache-2.0 */
#include "http_peer.h"
#include "util/cleanup.h"
#include "util/http.h"
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <sys/un.h>

static uv_loop_t loop;
static struct http_client *client;

struct seen {
	int calls, status;
	enum http_error error;
	char text[256], body[256], type[64];
};

static void setup(void)
{
	uv_loop_init(&loop);
	ck_assert_int_eq(http_client_new(&client, &loop, "noroshi/test"), 0);
}

static void teardown(void)
{
	client = http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);	/* no handle is left over */
}

static void on_done(void *ctx, const struct http_response *r)
{
	struct seen *s = ctx;
	struct str type = http_header(r, "content-TYPE");

	s->calls++;
	s->status = r->status;
	s->error = r->error;
	snprintf(s->text, sizeof(s->text), "%s", r->text);
	snprintf(s->body, sizeof(s->body), STR_FMT, STR_ARG(r->body));
	snprintf(s->type, sizeof(s->type), STR_FMT, STR_ARG(type));
}

static struct seen get(unsigned int port, const char *path, struct http_request r)
{
	struct seen s = {};
	char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
	r.url = url;
	ck_assert_int_eq(http_send(NULL, client, &r, on_done, &s), 0);
	ck_assert_int_eq(s.calls, 0);	/* never from within http_send() */
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(s.calls, 1);
	return s;
}

START_TEST(answers_and_keeps_the_connection)
{
	static const struct peer_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Type:  text/plain \r\nContent-Length: 5\r\n\r\nhello", PEER_KEEP},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", PEER_KEEP},
	};
	struct peer p;
	struct seen s;

	peer_start(&p, steps, 2);
	s = get(p.port, "/a", (struct http_request){.headers = (const char *const[]){"X-One: 1", NULL}});
	ck_assert_int_eq(s.error, HTTP_OK);
	ck_assert_int_eq(s.status, 200);
	ck_assert_str_eq(s.body, "hello");
	ck_assert_str_eq(s.type, "text/plain");
	s = get(p.port, "/b", (struct http_request){.body = "x=1", .body_size = 3, .method = "PUT"});
	ck_assert_int_eq(s.status, 404);
	ck_assert_int_eq(p.n_connections, 1);
	ck_assert_ptr_nonnull(strstr(p.request[0].p, "GET /a HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(p.request[0].p, "\r\nX-One: 1\r\n"));
	ck_assert_ptr_nonnull(strstr(p.request[0].p, "\r\nUser-Agent: noroshi/test\r\n"));
	ck_assert_ptr_nonnull(strstr(p.request[1].p, "PUT /b HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(p.request[1].p, "\r\n\r\nx=1"));
	ck_assert_ptr_null(strstr(p.request[1].p, "Expect:"));
	client = http_client_free(client);
	peer_stop(&p);
}
END_TEST

/* Redirects are the caller's affair; an interim answer's headers are not the answer's. */
START_TEST(no_redirects_and_1xx)
{
	static const struct peer_step steps[] = {
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", PEER_KEEP},
		{"HTTP/1.1 103 Early Hints\r\nContent-Type: text/evil\r\n\r\n"
		 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", PEER_KEEP},
	};
	struct peer p;
	struct seen s;

	peer_start(&p, steps, 2);
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.error, HTTP_OK);
	ck_assert_int_eq(s.status, 302);
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.status, 200);
	ck_assert_str_eq(s.type, "");
	client = http_client_free(client);
	peer_stop(&p);
}
END_TEST

START_TEST(failures_have_names)
{
	static const struct peer_step steps[] = {
		{NULL, PEER_CLOSE},	/* libcurl would try once more on a kept connection, not on a fresh one */
		{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", PEER_CLOSE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", PEER_CLOSE},
		{NULL, PEER_HANG},
		{"not http at all\r\n\r\n", PEER_CLOSE},
		{"HTTP/1.1 200 OK\r\nContent-Le", PEER_CLOSE},
	};
	struct peer p;
	struct seen s;

	peer_start(&p, steps, ARRAY_SIZE(steps));
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.error, HTTP_E_CLOSED);
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.error, HTTP_E_CLOSED);
	s = get(p.port, "/", (struct http_request){.response_max = 1000});
	ck_assert_int_ne(s.error, HTTP_OK);
	s = get(p.port, "/", (struct http_request){.timeout_ms = 50});
	ck_assert_int_eq(s.error, HTTP_E_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(s.text, "no answer from 127.0.0.1"));
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_ne(s.error, HTTP_OK);
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.error, HTTP_E_CLOSED);
	client = http_client_free(client);
	peer_stop(&p);
	ck_assert_int_eq(http_client_new(&client, &loop, "noroshi/test"), 0);
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.error, HTTP_E_CONNECT);
	ck_assert_ptr_nonnull(strstr(s.text, "refused"));
	client = http_client_free(client);
}
END_TEST

START_TEST(the_answer_is_bounded)
{
	static char reply[70000] = "HTTP/1.1 200 OK\r\nContent-Length: 69000\r\n\r\n";
	struct peer_step steps[] = {{reply, PEER_KEEP}};
	struct peer p;
	struct seen s;

	memset(reply + strlen(reply), 'x', sizeof(reply) - 1 - strlen(reply));
	peer_start(&p, steps, 1);
	s = get(p.port, "/", (struct http_request){});
	ck_assert_int_eq(s.error, HTTP_E_TOO_LONG);
	client = http_client_free(client);
	peer_stop(&p);
}
END_TEST

START_TEST(only_http)
{
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://"};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct seen s = {};
		int r = http_send(NULL, client, &(struct http_request){.url = urls[i]}, on_done, &s);

		if (r)
			continue;
		uv_run(&loop, UV_RUN_DEFAULT);
		ck_assert_int_eq(s.calls, 1);
		ck_assert_int_eq(s.error, HTTP_E_URL);
	}
}
END_TEST

START_TEST(cancel_and_free_while_under_way)
{
	static const struct peer_step steps[] = {{NULL, PEER_HANG}};
	struct http_transfer *t;
	struct peer p;
	struct seen s = {};
	char url[64];

	peer_start(&p, steps, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", p.port);
	ck_assert_int_eq(http_send(&t, client, &(struct http_request){.url = url}, on_done, &s), 0);
	http_cancel(t);	/* before it began */
	ck_assert_int_eq(http_send(&t, client, &(struct http_request){.url = url}, on_done, &s), 0);
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	http_cancel(t);
	http_cancel(NULL);
	ck_assert_int_eq(http_send(&t, client, &(struct http_request){.url = url}, on_done, &s), 0);
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	client = http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(s.calls, 0);
	peer_stop(&p);
}
END_TEST

static void free_client(void *ctx, const struct http_response *r)
{
	(void)r;
	(*(int *)ctx)++;
	client = http_client_free(client);
}

/* Two are finished at once; the first one's callback ends it all. */
START_TEST(free_from_a_callback)
{
	int calls = 0;

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(http_send(NULL, client, &(struct http_request){.url = "http://127.0.0.1:1/"},
					   free_client, &calls), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(unix_socket)
{
	static const struct peer_step steps[] = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", PEER_CLOSE}};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct peer p = {.steps = steps, .n_steps = 1};
	char dir[] = "/tmp/check_http.XXXXXX";
	struct seen s;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	p.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(p.fd, 1), 0);
	ck_assert_int_eq(pthread_create(&p.thread, NULL, peer_run, &p), 0);
	s = get(1, "/v1", (struct http_request){.unix_socket = a.sun_path});
	ck_assert_str_eq(s.body, "hi");
	client = http_client_free(client);
	peer_stop(&p);
	unlink(a.sun_path);
	rmdir(dir);
}
END_TEST

/*
 * A name server that does not answer: libcurl's resolver thread calls this one, which returns only after the transfer
 * has been given up. Were the loop to wait for it, this test would never end.
 */
static sem_t resolver;
static int resolving;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	(void)host;
	(void)service;
	(void)hints;
	(void)ret;
	__atomic_fetch_add(&resolving, 1, __ATOMIC_SEQ_CST);
	while (sem_wait(&resolver) < 0)
		;
	__atomic_fetch_sub(&resolving, 1, __ATOMIC_SEQ_CST);
	return EAI_AGAIN;
}

START_TEST(a_dead_name_server_does_not_block)
{
	struct http_transfer *t;
	struct seen s = {};
	struct http_request r = {.url = "http://collector.example/", .connect_timeout_ms = 50, .timeout_ms = 100};

	sem_init(&resolver, 0, 0);
	ck_assert_int_eq(http_send(&t, client, &r, on_done, &s), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(s.calls, 1);
	ck_assert_int_eq(s.error, HTTP_E_TIMEOUT);
	r.url = "http://other.example/";
	ck_assert_int_eq(http_send(&t, client, &r, on_done, &s), 0);
	while (__atomic_load_n(&resolving, __ATOMIC_SEQ_CST) < 2)
		uv_run(&loop, UV_RUN_NOWAIT);
	http_cancel(t);
	client = http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(s.calls, 1);
	sem_post(&resolver);
	sem_post(&resolver);
	while (__atomic_load_n(&resolving, __ATOMIC_SEQ_CST))
		usleep(1000);
}
END_TEST

START_TEST(retry_after)
{
	static const struct {
		const char *text;
		bool ok;
		unsigned int seconds;
	} t[] = {
		{"120", true, 120}, {" 7 ", true, 7}, {"0", true, 0}, {"99999999999999999999999", true, 900},
		{"Sun, 06 Nov 1994 08:49:37 GMT", true, 0},	/* gone by */
		{"Mon, 23 Nov 2026 10:00:30 GMT", true, 30}, {"Mon, 23 Nov 2099 10:00:30 GMT", true, 900},
		{"", false, 0}, {"-1", false, 0}, {"1.5", false, 0}, {"20261123", true, 900}, {"soon", false, 0},
		{"12 monkeys", false, 0}, {"Mon, 99 Foo 2026 10:00:30 GMT", false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		unsigned int got = 4711;
		bool ok = http_retry_after(str(t[i].text), 1795428000, 900, &got);

		ck_assert_msg(ok == t[i].ok && (!ok || got == t[i].seconds), "\"%s\": %d %u", t[i].text, ok, got);
	}
}
END_TEST

START_TEST(urls)
{
	static const struct {
		const char *url;
		int r;
		bool tls, loopback, userinfo;
		const char *host;
		unsigned int port;
	} t[] = {
		{"https://a.example/x", 0, true, false, false, "a.example", 443},
		{"http://127.0.0.1:8080/v1", 0, false, true, false, "127.0.0.1", 8080},
		{"http://127.9.9.9/", 0, false, true, false, "127.9.9.9", 80},
		{"http://[::1]:1/", 0, false, true, false, "::1", 1},
		{"http://[::2]/", 0, false, false, false, "::2", 80},
		{"http://localhost/", 0, false, true, false, "localhost", 80},
		{"http://LOCALHOST/", 0, false, true, false, NULL, 80},
		{"http://localhost.evil.example/", 0, false, false, false, NULL, 80},
		{"http://127.0.0.1.evil.example/", 0, false, false, false, NULL, 80},
		{"http://128.0.0.1/", 0, false, false, false, NULL, 80},
		{"http://127.0.0.1@evil.example/", 0, false, false, true, "evil.example", 80},
		{"ftp://127.0.0.1/", -EINVAL, 0, 0, 0, NULL, 0},
		{"127.0.0.1/x", -EINVAL, 0, 0, 0, NULL, 0},
		{"", -EINVAL, 0, 0, 0, NULL, 0},
		{"http://", -EINVAL, 0, 0, 0, NULL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct http_url u = {};

		ck_assert_msg(http_url_parse(&u, t[i].url) == t[i].r, "%s", t[i].url);
		ck_assert_msg(u.tls == t[i].tls && u.loopback == t[i].loopback && u.userinfo == t[i].userinfo &&
			      u.port == t[i].port, "%s", t[i].url);
		if (t[i].host)
			ck_assert_str_eq(u.host, t[i].host);
		http_url_free(&u);
	}
}
END_TEST

START_TEST(media_types)
{
	ck_assert(http_media_type_is(STR("application/x-protobuf"), "application/x-protobuf"));
	ck_assert(http_media_type_is(STR(" Application/X-Protobuf ; charset=x"), "application/x-protobuf"));
	ck_assert(!http_media_type_is(STR("application/x-protobuf2"), "application/x-protobuf"));
	ck_assert(!http_media_type_is(STR_NONE, "application/x-protobuf"));
	ck_assert(!http_media_type_is(STR(""), "application/x-protobuf"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http");
	TCase *net = tcase_create("net"), *text = tcase_create("text");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(net, setup, teardown);
	tcase_add_test(net, answers_and_keeps_the_connection);
	tcase_add_test(net, no_redirects_and_1xx);
	tcase_add_test(net, failures_have_names);
	tcase_add_test(net, the_answer_is_bounded);
	tcase_add_test(net, only_http);
	tcase_add_test(net, cancel_and_free_while_under_way);
	tcase_add_test(net, free_from_a_callback);
	tcase_add_test(net, unix_socket);
	tcase_add_test(net, a_dead_name_server_does_not_block);
	tcase_add_test(text, retry_after);
	tcase_add_test(text, urls);
	tcase_add_test(text, media_types);
	suite_add_tcase(suite, net);
	suite_add_tcase(suite, text);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
