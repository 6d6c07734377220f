/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a request is known before its body; the body is then read
 * and dropped, because an answer in the middle of it is lost on most clients.
 */
#include "receive/server.h"
#include "receive/access.h"
#include "receive/body.h"
#include "receive/listen.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/httpd.h"
#include "util/limits.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#define HEARTBEATS_PATH "/v1/heartbeats"
#define IDLE_SEC 65u			/* longer than an agent keeps an idle connection */
#define CONNECTION_MEMORY (64u << 10)
#define PEM_MAX (1u << 20)
#define DROPPED_MAX (8ull * RECEIVE_BODY_MAX)	/* of a body that is not wanted; then the connection goes */
#define RETRY_AFTER_SEC "5"
#define ROWS_DEFAULT 1000
#define ROWS_MAX 100000
#define ROWS_BYTES_MAX (32u << 20)
#define QUERY_STEPS_MAX 50000000	/* about a second of the loop's time */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct server {
	struct httpd *httpd;
	struct store *store;
	struct access_tokens tokens;
	struct buf cert, key, client_ca;
	char url[128];
	char mhd_said[160];	/* libmicrohttpd's last complaint */
	uint64_t keep;
	size_t pending;		/* bytes of bodies being read */
	struct server_stats stats;
};

struct request {
	struct server *server;
	enum { REQUEST_FINDINGS, REQUEST_ROWS, REQUEST_HEARTBEATS, REQUEST_HEALTH } what;
	enum coding coding;
	struct buf body;
	uint64_t dropped;
	unsigned int status;	/* not 0: this is the answer, the body does not matter */
	char why[256];
};

static void refuse(struct request *r, unsigned int status, const char *why)
{
	r->status = status;
	snprintf(r->why, sizeof(r->why), "%s", why);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct request *r, unsigned int status, const char *type,
			      const void *p, size_t n)
{
	struct MHD_Response *m = MHD_create_response_from_buffer(n, (void *)(uintptr_t)p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ok;

	if (!m)
		return MHD_NO;
	r->server->stats.refused += status >= 400 && status < 500;
	r->server->stats.failed += status >= 500;
	MHD_add_response_header(m, "Content-Type", type);
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(m, "Retry-After", RETRY_AFTER_SEC);
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(m, "WWW-Authenticate", "Bearer");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(m, "Allow", "GET, POST");
	ok = MHD_queue_response(c, status, m);
	MHD_destroy_response(m);
	return ok;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, struct request *r, unsigned int status, const char *text)
{
	_cleanup_(buf_free) struct buf b = {};

	buf_printf(&b, "%s\n", text);
	return answer(c, r, status, "text/plain", buf_view(&b).p, b.n);
}

static void route(struct request *r, const char *method, const char *path)
{
	bool get = !strcmp(method, "GET") || !strcmp(method, "HEAD"), post = !strcmp(method, "POST");

	if (!strcmp(path, SERVER_PATH) && (get || post))
		r->what = post ? REQUEST_FINDINGS : REQUEST_ROWS;
	else if (!strcmp(path, HEARTBEATS_PATH) && get)
		r->what = REQUEST_HEARTBEATS;
	else if (!strcmp(path, "/healthz") && get)
		r->what = REQUEST_HEALTH;
	else if (!strcmp(path, SERVER_PATH) || !strcmp(path, HEARTBEATS_PATH) || !strcmp(path, "/healthz"))
		refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "no such method here");
	else
		refuse(r, MHD_HTTP_NOT_FOUND, "nothing here; findings go to " SERVER_PATH);
}

/* Health is for balancers, which have neither token nor certificate. */
static void authorise(struct request *r, struct MHD_Connection *c)
{
	struct server *s = r->server;

	if (r->status || r->what == REQUEST_HEALTH)
		return;
	if (s->client_ca.n && !access_certificate_is_good(c))
		refuse(r, MHD_HTTP_FORBIDDEN, "a client certificate of the receiver's client CA is needed");
	else if (!access_token_is_good(&s->tokens, header(c, "Authorization")))
		refuse(r, MHD_HTTP_UNAUTHORIZED, "a bearer token that the receiver knows is needed");
}

static void check_headers(struct request *r, struct MHD_Connection *c)
{
	const char *length = header(c, "Content-Length");
	const char *coding = header(c, "Content-Encoding");

	if (r->status || r->what != REQUEST_FINDINGS)
		return;
	if (!coding_parse(str(coding), &r->coding))
		refuse(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is gzip, zstd or identity");
	else if (length && strtoull(length, NULL, 10) > RECEIVE_BODY_MAX)
		refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
}

static struct request *request_new(struct server *s, struct MHD_Connection *c, const char *method, const char *path)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->server = s;
	r->body.max = RECEIVE_BODY_MAX;
	route(r, method, path);
	authorise(r, c);
	check_headers(r, c);
	return r;
}

static void drop_body(struct request *r)
{
	r->server->pending -= r->body.n;
	buf_free(&r->body);
}

static enum MHD_Result take_body(struct request *r, const char *p, size_t n)
{
	if (!r->status && r->what == REQUEST_FINDINGS && r->server->pending + n > RECEIVE_PENDING_MAX)
		refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "too many uploads at one time");
	if (!r->status && r->what == REQUEST_FINDINGS) {
		size_t before = r->body.n;

		buf_add(&r->body, p, n);
		r->server->pending += r->body.n - before;
		if (!buf_error(&r->body))
			return MHD_YES;
		if (buf_error(&r->body) == -E2BIG)
			refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
		else
			refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	}
	drop_body(r);
	r->dropped += n;
	return r->dropped > DROPPED_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result stored(struct request *r, struct MHD_Connection *c, const struct store_added *added)
{
	Noroshi__V1__UploadResponse m = NOROSHI__V1__UPLOAD_RESPONSE__INIT;
	uint8_t packed[64];

	r->server->stats.batches++;
	r->server->stats.findings += added->stored;
	r->server->stats.duplicates += added->duplicates;
	m.accepted = added->stored + added->duplicates;
	m.duplicates = added->duplicates;
	return answer(c, r, MHD_HTTP_OK, "application/x-protobuf", packed,
		      noroshi__v1__upload_response__pack(&m, packed));	/* two numbers: fits */
}

static enum MHD_Result take_findings(struct request *r, struct MHD_Connection *c)
{
	_cleanup_(body_freep) Noroshi__V1__FindingBatch *b = NULL;
	struct store_added added;
	char why[256];
	int e;

	e = body_decode(&b, r->coding, buf_view(&r->body), why);
	if (e == -E2BIG)
		return answer_text(c, r, MHD_HTTP_CONTENT_TOO_LARGE, why);
	if (e == -ENOMEM)
		return answer_text(c, r, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	if (e < 0)
		return answer_text(c, r, MHD_HTTP_BAD_REQUEST, why);
	e = store_add(r->server->store, b, r->server->keep, &added, why);
	if (e < 0)
		return answer_text(c, r, MHD_HTTP_SERVICE_UNAVAILABLE, "the store does not take it now");
	return stored(r, c, &added);
}

/* The words behind the "?". */
struct asked {
	struct query q;
	char why[256];
	bool bad;
};

static enum MHD_Result set_word(void *ctx, enum MHD_ValueKind kind, const char *word, const char *value)
{
	struct asked *a = ctx;

	(void)kind;
	a->bad = query_set(&a->q, word, value ? value : "", clock_wall_ns(), a->why) < 0;
	return a->bad ? MHD_NO : MHD_YES;
}

static int add_row(void *ctx, const struct store_row *row)
{
	buf_str(ctx, row->json);
	buf_char(ctx, '\n');
	return buf_error(ctx);
}

static int add_heartbeat(void *ctx, const struct store_heartbeat *h)
{
	store_heartbeat_line(h, ctx);
	buf_char(ctx, '\n');
	return buf_error(ctx);
}

static enum MHD_Result give_rows(struct request *r, struct MHD_Connection *c)
{
	struct asked a = {.q = {.limit = ROWS_DEFAULT}};
	_cleanup_(buf_free) struct buf rows = {.max = ROWS_BYTES_MAX};
	int e;

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, set_word, &a);
	if (a.bad)
		return answer_text(c, r, MHD_HTTP_BAD_REQUEST, a.why);
	if (!a.q.limit || a.q.limit > ROWS_MAX)
		a.q.limit = ROWS_MAX;
	if (r->what == REQUEST_HEARTBEATS)
		e = store_heartbeats(r->server->store, &a.q, add_heartbeat, &rows);
	else
		e = store_each(r->server->store, &a.q, QUERY_STEPS_MAX, add_row, &rows);
	if (e == -E2BIG || e == -ETIME)
		return answer_text(c, r, MHD_HTTP_CONTENT_TOO_LARGE, "too much; ask for less, or use `noroshi findings`");
	if (e < 0)
		return answer_text(c, r, MHD_HTTP_SERVICE_UNAVAILABLE, "the store cannot be read now");
	return answer(c, r, MHD_HTTP_OK, "application/x-ndjson", buf_view(&rows).p, rows.n);
}

static enum MHD_Result health(struct request *r, struct MHD_Connection *c)
{
	if (store_works(r->server->store))
		return answer_text(c, r, MHD_HTTP_OK, "ok");
	return answer_text(c, r, MHD_HTTP_SERVICE_UNAVAILABLE, "the store cannot be written");
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path, const char *method,
				  const char *version, const char *body, size_t *n, void **at_request)
{
	struct request *r = *at_request;

	(void)version;
	if (!r) {
		*at_request = request_new(ctx, c, method, path);
		return *at_request ? MHD_YES : MHD_NO;
	}
	if (*n) {
		enum MHD_Result ok = take_body(r, body, *n);

		*n = 0;
		return ok;
	}
	if (r->status)
		return answer_text(c, r, r->status, r->why);
	switch (r->what) {
	case REQUEST_FINDINGS:
		return take_findings(r, c);
	case REQUEST_ROWS:
	case REQUEST_HEARTBEATS:
		return give_rows(r, c);
	default:
		return health(r, c);
	}
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **at_request, enum MHD_RequestTerminationCode code)
{
	struct request *r = *at_request;

	(void)ctx;
	(void)c;
	(void)code;
	if (!r)
		return;
	drop_body(r);
	free(r);
	*at_request = NULL;
}

static void on_complaint(void *ctx, const char *fmt, va_list ap)
{
	struct server *s = ctx;

	vsnprintf(s->mhd_said, sizeof(s->mhd_said), fmt, ap);
	s->mhd_said[strcspn(s->mhd_said, "\n")] = 0;
}

static int read_pem(struct buf *b, const char *what, const char *path, char why[256])
{
	int r = path ? fs_read(b, path, PEM_MAX) : 0;

	if (r < 0)
		snprintf(why, 256, "%s %s: %s", what, path, strerror(-r));
	return r;
}

static int read_files(struct server *s, const struct server_options *o, char why[256])
{
	int r;

	if (!o->cert_file != !o->key_file || (o->client_ca_file && !o->cert_file)) {
		snprintf(why, 256, "a certificate and its key come together, and a client CA only with them");
		return -EINVAL;
	}
	if ((r = read_pem(&s->cert, "certificate", o->cert_file, why)) < 0 ||
	    (r = read_pem(&s->key, "key", o->key_file, why)) < 0 ||
	    (r = read_pem(&s->client_ca, "client CA", o->client_ca_file, why)) < 0)
		return r;
	if (o->client_ca_file && !s->client_ca.n) {
		snprintf(why, 256, "client CA %s: empty", o->client_ca_file);	/* must not mean "no client CA" */
		return -EINVAL;
	}
	return access_tokens_open(&s->tokens, o->token_file, why);
}

static struct MHD_Daemon *start(struct server *s, int fd)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert.p},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.p},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (char[]){TLS_PRIORITIES}},
		{s->client_ca.n ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, s->client_ca.p},
		{MHD_OPTION_END, 0, NULL},
	};

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (s->cert.n ? MHD_USE_TLS : 0), 0, NULL, NULL,
				on_request, s,
				MHD_OPTION_EXTERNAL_LOGGER, on_complaint, s,
				MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
				MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SEC,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned int)RECEIVE_CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				MHD_OPTION_ARRAY, s->cert.n ? tls : &tls[4],
				MHD_OPTION_END);
}

struct server *server_free(struct server *s)
{
	if (!s)
		return NULL;
	httpd_free(s->httpd);
	access_tokens_close(&s->tokens);
	buf_free(&s->cert);
	buf_free(&s->key);
	buf_free(&s->client_ca);
	free(s);
	return NULL;
}
DEFINE_CLEANUP(struct server *, server_free);

int server_new(struct server **ret, const struct server_options *o, struct store *store, uv_loop_t *loop,
	       char why[256])
{
	_cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
	struct MHD_Daemon *d;
	char at[64];
	int fd, r;

	snprintf(why, 256, "out of memory");
	if (!s)
		return -ENOMEM;
	s->store = store;
	s->keep = o->keep ? o->keep : RECEIVE_KEEP_MAX;
	r = read_files(s, o, why);
	if (r < 0)
		return r;
	fd = listen_on(o->listen ? o->listen : SERVER_DEFAULT_LISTEN, !s->cert.n, at, why);
	if (fd < 0)
		return fd;
	d = start(s, fd);
	if (!d) {
		close(fd);
		snprintf(why, 256, "cannot serve: %s", s->mhd_said[0] ? s->mhd_said : "no reason given");
		return -EIO;
	}
	r = httpd_new(&s->httpd, d, loop);
	if (r < 0)
		return r;
	snprintf(s->url, sizeof(s->url), "%s://%s" SERVER_PATH, s->cert.n ? "https" : "http", at);
	*ret = take(s);
	return 0;
}

const char *server_url(const struct server *s)
{
	return s->url;
}

void server_stats(const struct server *s, struct server_stats *ret)
{
	*ret = s->stats;
}
