/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http
 *
 * Requests over libcurl's multi interface on the libuv loop: uploads, and the
 * small local endpoints (instance metadata, ECS, container runtimes). The loop
 * is never blocked, not by a name server either. Certificates are always
 * verified, redirects never followed, proxies of the environment ignored.
 */
#ifndef UTIL_HTTP_H
#define UTIL_HTTP_H

#include "util/buf.h"
#include <uv.h>
#include <sys/socket.h>

struct http_client;	/* connections kept alive between requests, on one loop */
struct http_transfer;	/* one request under way */

/* 0, -ENOMEM, or -ENOTSUP where libcurl would resolve names on the loop's thread. */
int http_client_new(struct http_client **ret, uv_loop_t *loop, const char *user_agent);

/*
 * Drops what is under way without calling anybody; may be called from a done callback. The memory goes when the loop
 * has run once more.
 */
struct http_client *http_client_free(struct http_client *c);

struct http_request {
	const char *method;			/* NULL: POST with a body, else GET */
	const char *url;			/* http or https, nothing else */
	const char *const *headers;		/* "Name: value", NULL-terminated; or NULL */
	const void *body;			/* borrowed until done or http_cancel() */
	size_t body_size;
	const char *ca_file;			/* NULL: the system's */
	const char *cert_file, *key_file;	/* client certificate */
	const char *unix_socket;		/* connect there, whatever the URL's host */
	const char *proxy;			/* NULL: none */
	unsigned int connect_timeout_ms, timeout_ms;	/* 0: HTTP_CONNECT_TIMEOUT_MS, HTTP_TIMEOUT_MS */
	size_t response_max;			/* bytes of the answer's body; 0: RESPONSE_BYTES_MAX */
};

#define HTTP_CONNECT_TIMEOUT_MS 5000
#define HTTP_TIMEOUT_MS 30000

enum http_error {
	HTTP_OK,		/* an answer came, whole; its status says what it is worth */
	HTTP_E_URL,		/* not a URL that is taken here */
	HTTP_E_RESOLVE,
	HTTP_E_CONNECT,
	HTTP_E_TIMEOUT,
	HTTP_E_TLS,
	HTTP_E_CLOSED,		/* the peer ended the connection before its answer was complete */
	HTTP_E_TOO_LONG,	/* the answer exceeds response_max */
	HTTP_E_OTHER,
	_HTTP_E_MAX,
};

struct http_response {
	enum http_error error;
	char text[256];		/* for people: what went wrong, "" with HTTP_OK */
	int status;		/* 0 when no answer began */
	struct str body;	/* borrowed, valid during the callback */
	struct str headers;	/* of the final answer, raw lines; see http_header() */
};

/* Called once, on the loop, never from within http_send(). The transfer is gone when it is called. */
typedef void (*http_done_fn)(void *ctx, const struct http_response *r);

/* 0, -EINVAL for a request libcurl does not take, -ENOMEM. The strings of r are copied, the body is not. */
int http_send(struct http_transfer **ret, struct http_client *c, const struct http_request *r, http_done_fn done,
	      void *ctx);
void http_cancel(struct http_transfer *t);	/* done is not called; NULL is taken */

/* The value of a header of the answer, without surrounding blanks; STR_NONE when it is not there. */
struct str http_header(const struct http_response *r, const char *name);

/*
 * Retry-After: seconds or an HTTP date. The seconds to wait from now on (0 for a date gone by), at most max.
 * False when the text is neither.
 */
bool http_retry_after(struct str value, uint64_t now_sec, unsigned int max, unsigned int *ret);

/* The media type of a Content-Type is that one, parameters aside. */
bool http_media_type_is(struct str content_type, const char *type);

/* What the URL is; the texts are freed with http_url_free(). 0, -EINVAL (not http or https, or malformed), -ENOMEM. */
struct http_url {
	bool tls;
	bool loopback;		/* the host is "localhost" or an address that never leaves this machine */
	bool userinfo;		/* carries a user name or password */
	char *host;		/* without brackets */
	unsigned int port;
};
int http_url_parse(struct http_url *ret, const char *url);
void http_url_free(struct http_url *u);

/* "127.0.0.1:9765" or "[::1]:9765", to listen at. -EINVAL for anything else: also for names, other addresses, port 0. */
int http_loopback_address(struct sockaddr_storage *ret, const char *text);

#endif
