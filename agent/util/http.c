/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The glue: libcurl says which sockets and which timeout it waits for, libuv
 * waits. Finished transfers are collected after every call into libcurl, also
 * when none is left running; otherwise the last one to time out would never be
 * heard of again.
 */
#include "util/http.h"
#include "util/cleanup.h"
#include "util/http_error.h"
#include "util/limits.h"
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#define HEADERS_MAX (16u << 10)		/* of one answer, for http_header() */
#define CONNECTIONS_MAX 8L		/* kept open between requests */
#define IDLE_SEC 50L			/* a kept connection is not used again after this: balancers drop them at 60 s */
#define LIFETIME_SEC 600L		/* after it new certificates are read */
#define CA_CACHE_SEC 3600L		/* parsing a system's CA bundle costs 20 ms on the loop: not once per connection */
#define STALL_SEC 20L			/* less than a byte a second for so long is a hang */

struct http_client {
	uv_loop_t *loop;
	uv_timer_t timer;
	CURLM *multi;
	char *user_agent;
	struct http_transfer *first;
	struct http_poll *polls;
	size_t handles;		/* of the loop, not yet closed; the memory goes with the last */
	bool closed;
	bool distrust;		/* the last verification failed: read the CA file again */
};

struct http_poll {
	uv_poll_t handle;
	struct http_client *client;
	curl_socket_t fd;
	bool failed;		/* the error was hidden once, for what could still be read */
	struct http_poll *next, **link;
};

struct http_transfer {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body, head;
	bool head_complete;	/* the empty line behind the headers was seen */
	char error[CURL_ERROR_SIZE];
	char *ca_file, *url;	/* for messages */
	http_done_fn done;
	void *ctx;
	struct http_transfer *next, **link;
};

static void global_init(void)
{
	struct sigaction old;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	/* OpenSSL writes with write(2): a peer that is gone must be an error, not the end of the program. */
	if (!sigaction(SIGPIPE, NULL, &old) && old.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static void client_unref(struct http_client *c)
{
	if (--c->handles)
		return;
	free(c->user_agent);
	free(c);
}

static void timer_closed(uv_handle_t *h)
{
	client_unref(h->data);
}

static void poll_closed(uv_handle_t *h)
{
	struct http_poll *p = h->data;

	client_unref(p->client);
	free(p);
}

static void transfer_unlink(struct http_transfer *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
}

static void transfer_free(struct http_transfer *t)
{
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	buf_free(&t->body);
	buf_free(&t->head);
	free(t->ca_file);
	free(t->url);
	free(t);
}

static void finish(struct http_transfer *t, CURLcode code)
{
	struct http_response r = {.body = buf_view(&t->body), .headers = buf_view(&t->head)};
	long status = 0;

	/* A connection that ends within the headers is a complete answer to libcurl, with no body. */
	if (code == CURLE_OK && !t->head_complete)
		code = CURLE_GOT_NOTHING;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	r.status = (int)status;
	r.error = http_error_explain(r.text, sizeof(r.text), t->easy, code, t->error, t->url, t->ca_file);
	t->client->distrust = r.error == HTTP_E_TLS;
	curl_multi_remove_handle(t->client->multi, t->easy);
	transfer_unlink(t);
	t->done(t->ctx, &r);
	transfer_free(t);
}

/* A callback may free the client: it lives until the loop has closed its handles, so closed can still be read. */
static void collect(struct http_client *c)
{
	struct http_transfer *t;
	CURLMsg *m;
	int left;

	while (!c->closed && (m = curl_multi_info_read(c->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, m->data.result);
	}
}

static void on_ready(uv_poll_t *h, int status, int events)
{
	struct http_poll *p = h->data;
	struct http_client *c = p->client;
	int flags = 0, running;

	/*
	 * An error hides what can still be read: a receiver that does not want the rest of a body answers, closes, and its
	 * kernel resets the connection. So the answer is read first; the error is told when it comes again.
	 */
	if (status < 0)
		flags = p->failed ? CURL_CSELECT_ERR : CURL_CSELECT_IN;
	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(c->multi, p->fd, flags, &running);
	if (status < 0 && !p->failed && !uv_is_closing((uv_handle_t *)h)) {
		p->failed = true;
		uv_poll_start(&p->handle, UV_READABLE, on_ready);
	}
	collect(c);
}

static void on_timeout(uv_timer_t *h)
{
	struct http_client *c = h->data;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(c);
}

/* libcurl forbids calling it back from here, so 0 is a timer of 0 ms. */
static int on_set_timer(CURLM *m, long ms, void *ctx)
{
	struct http_client *c = ctx;

	(void)m;
	if (ms < 0 || c->closed)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timeout, (uint64_t)ms, 0);
	return 0;
}

static void poll_drop(struct http_poll *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	uv_poll_stop(&p->handle);
	uv_close((uv_handle_t *)&p->handle, poll_closed);
}

static struct http_poll *poll_new(struct http_client *c, curl_socket_t fd)
{
	struct http_poll *p = calloc(1, sizeof(*p));

	if (!p || uv_poll_init_socket(c->loop, &p->handle, fd) < 0) {
		free(p);
		return NULL;
	}
	p->handle.data = p;
	p->client = c;
	p->fd = fd;
	p->next = c->polls;
	p->link = &c->polls;
	if (p->next)
		p->next->link = &p->next;
	c->polls = p;
	c->handles++;
	return p;
}

/* An error returned from here would end the multi handle for good; a socket nobody polls only times out. */
static int on_set_socket(CURL *e, curl_socket_t fd, int what, void *ctx, void *at_socket)
{
	struct http_client *c = ctx;
	struct http_poll *p = at_socket;
	int events = 0;

	(void)e;
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(c->multi, fd, NULL);
		if (p)
			poll_drop(p);
		return 0;
	}
	if (!p && !(p = poll_new(c, fd)))
		return 0;
	curl_multi_assign(c->multi, fd, p);
	events |= what & CURL_POLL_IN ? UV_READABLE : 0;
	events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
	uv_poll_start(&p->handle, events, on_ready);
	return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;

	buf_add(&t->body, p, size * n);
	return buf_error(&t->body) ? 0 : size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;
	struct str line = str_n(p, size * n);

	if (str_starts(line, STR("HTTP/"))) {
		buf_reset(&t->head);	/* what came before was a 1xx */
		t->head_complete = false;
	}
	t->head_complete |= str_eq(line, STR("\r\n")) || str_eq(line, STR("\n"));
	if (t->head.n + line.n <= HEADERS_MAX)
		buf_str(&t->head, line);
	return line.n;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)ctx;
	(void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

int http_client_new(struct http_client **ret, uv_loop_t *loop, const char *user_agent)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_client *c;

	pthread_once(&once, global_init);
	if (!(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
		return -ENOTSUP;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->multi = curl_multi_init();
	c->user_agent = strdup(user_agent);
	if (!c->multi || !c->user_agent) {
		curl_multi_cleanup(c->multi);
		free(c->user_agent);
		free(c);
		return -ENOMEM;
	}
	c->loop = loop;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->handles = 1;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	*ret = c;
	return 0;
}

struct http_client *http_client_free(struct http_client *c)
{
	if (!c)
		return NULL;
	c->closed = true;
	while (c->first)
		http_cancel(c->first);
	curl_multi_cleanup(c->multi);
	while (c->polls)
		poll_drop(c->polls);
	uv_close((uv_handle_t *)&c->timer, timer_closed);
	return NULL;
}

static void set_tls(CURL *e, const struct http_client *c, const struct http_request *r)
{
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, c->distrust ? 0L : CA_CACHE_SEC);
	if (r->ca_file) {
		curl_easy_setopt(e, CURLOPT_CAINFO, r->ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);	/* that CA alone, not the system's beside it */
	}
	if (r->cert_file)
		curl_easy_setopt(e, CURLOPT_SSLCERT, r->cert_file);
	if (r->key_file)
		curl_easy_setopt(e, CURLOPT_SSLKEY, r->key_file);
}

static void set_connection(CURL *e, const struct http_request *r)
{
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Without it a cancelled or timed out transfer waits on this thread for its name server (Curl_resolver_kill). */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	/* HTTP/2 of libcurl before 8.2 reports aborted answers as complete: false acknowledgements. */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROXY, r->proxy ? r->proxy : "");
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(r->connect_timeout_ms ? r->connect_timeout_ms : HTTP_CONNECT_TIMEOUT_MS));
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(r->timeout_ms ? r->timeout_ms : HTTP_TIMEOUT_MS));
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, STALL_SEC);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_SEC);
	curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, LIFETIME_SEC);
	if (r->unix_socket)
		curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, r->unix_socket);
}

static int set_headers(struct http_transfer *t, const struct http_request *r)
{
	/* No waiting for "100 Continue": bodies are small and many servers do not say it. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	t->headers = list;
	for (const char *const *h = r->headers; list && h && *h; h++)
		list = curl_slist_append(list, *h);
	if (!list)
		return -ENOMEM;
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	return 0;
}

static int set_request(struct http_transfer *t, const struct http_request *r)
{
	CURL *e = t->easy;

	if (curl_easy_setopt(e, CURLOPT_URL, r->url))
		return -EINVAL;
	if (r->body) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_size);
	}
	if (r->method)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(e, CURLOPT_USERAGENT, t->client->user_agent);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	set_connection(e, r);
	set_tls(e, t->client, r);
	return set_headers(t, r);
}

int http_send(struct http_transfer **ret, struct http_client *c, const struct http_request *r, http_done_fn done,
	      void *ctx)
{
	struct http_transfer *t = calloc(1, sizeof(*t));
	int e;

	if (!t)
		return -ENOMEM;
	t->client = c;
	t->done = done;
	t->ctx = ctx;
	t->body.max = r->response_max ? r->response_max : RESPONSE_BYTES_MAX;
	t->easy = curl_easy_init();
	t->url = strdup(r->url);
	t->ca_file = r->ca_file ? strdup(r->ca_file) : NULL;
	e = t->easy && t->url && (t->ca_file || !r->ca_file) ? set_request(t, r) : -ENOMEM;
	if (!e && curl_multi_add_handle(c->multi, t->easy))
		e = -ENOMEM;
	if (e) {
		transfer_free(t);
		return e;
	}
	t->next = c->first;
	t->link = &c->first;
	if (t->next)
		t->next->link = &t->next;
	c->first = t;
	if (ret)
		*ret = t;
	return 0;
}

void http_cancel(struct http_transfer *t)
{
	if (!t)
		return;
	curl_multi_remove_handle(t->client->multi, t->easy);
	transfer_unlink(t);
	transfer_free(t);
}
