/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"
#include "agent.h"
#include "metrics.h"
#include "util/clock.h"
#include "util/http.h"
#include "util/httpd.h"
#include "util/log.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define CONNECTIONS_MAX 16	/* at once: people and one monitoring system ask */

struct control {
	struct agent *agent;
	struct httpd *httpd, *tcp;	/* tcp: NULL where nobody is to ask there */
	char path[300];
};

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status, const char *type, struct buf *body)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(body->n, body->p ? body->p : "", MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ok = MHD_NO;

	if (r) {
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
		ok = MHD_queue_response(c, status, r);
		MHD_destroy_response(r);
	}
	buf_free(body);
	return ok;
}

static enum MHD_Result answer_json(struct MHD_Connection *c, unsigned int status, json_t *v)
{
	struct buf b = {};
	char *text = json_dumps(v, JSON_COMPACT);

	buf_puts(&b, text ? text : "{}");
	buf_char(&b, '\n');
	free(text);
	json_decref(v);
	return answer(c, status, "application/json", &b);
}

/*
 * Who asks /healthz starts the agent again when it is ill: not for a receiver that does not answer, that would lose what
 * waits for it.
 */
static enum MHD_Result health(struct control *ct, struct MHD_Connection *c, bool ready)
{
	json_t *reasons;
	const char *state = agent_state(ct->agent, &reasons, ready);
	bool bad = !strcmp(state, "unhealthy") || (ready && !strcmp(state, "starting"));

	return answer_json(c, bad ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
			   json_pack("{s:s, s:o}", "state", state, "reasons", reasons));
}

static enum MHD_Result metrics(struct control *ct, struct MHD_Connection *c)
{
	json_t *status = agent_status(ct->agent);
	struct buf b = {};

	metrics_write(&b, status);
	json_decref(status);
	return answer(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &b);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **request)
{
	struct control *ct = cls;
	struct buf b = {};

	(void)version;
	(void)upload;
	(void)request;
	if (*upload_size) {
		*upload_size = 0;	/* nothing here takes a body */
		return MHD_YES;
	}
	if (strcmp(method, "GET")) {
		buf_puts(&b, "only GET\n");
		return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &b);
	}
	if (!strcmp(url, "/healthz") || !strcmp(url, "/readyz"))
		return health(ct, c, url[1] == 'r');
	if (!strcmp(url, "/coverage"))
		return answer_json(c, MHD_HTTP_OK, agent_status(ct->agent));
	if (!strcmp(url, "/top"))
		return answer_json(c, MHD_HTTP_OK, agent_top(ct->agent));
	if (!strcmp(url, "/metrics"))
		return metrics(ct, c);
	buf_puts(&b, "/healthz /readyz /coverage /metrics /top\n");
	return answer(c, MHD_HTTP_NOT_FOUND, "text/plain", &b);
}

/* On TCP any user of this host may ask: not for what processes do. */
static enum MHD_Result on_tcp_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				      const char *version, const char *upload, size_t *upload_size, void **request)
{
	return on_request(cls, c, strcmp(url, "/top") ? url : "/", method, version, upload, upload_size, request);
}

/* Whether somebody listens on the socket, be it that he has more callers than he answers: then it is not ours to replace. */
static bool answered(const struct sockaddr_un *a)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN);
}

static int listen_on(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int r;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	if (answered(&a))
		return -EADDRINUSE;
	unlink(path);
	mask = umask(0117);
	r = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (r < 0 || listen(fd, CONNECTIONS_MAX) < 0)
		return -errno;
	return take_fd(fd);
}

static int tcp_on(const char *address)
{
	struct sockaddr_storage at;
	_cleanup_(closep) int fd = -1;
	int r, one = 1;

	r = http_loopback_address(&at, address);
	if (r < 0)
		return r;
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, at.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) < 0 ||
	    listen(fd, CONNECTIONS_MAX) < 0)
		return -errno;
	return take_fd(fd);
}

/* Takes fd. 0 or -errno. */
static int serve(struct httpd **ret, struct control *c, int fd, MHD_AccessHandlerCallback on)
{
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on, c, MHD_OPTION_LISTEN_SOCKET, fd,
						MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
						MHD_OPTION_END);

	if (d)
		return httpd_new(ret, d, &c->agent->loop);
	close(fd);
	return -EIO;
}

static int listen_on_tcp(struct control *c, const char *address)
{
	int fd, r;

	if (!strcmp(address, "off"))
		return 0;
	fd = tcp_on(address);
	r = fd < 0 ? fd : serve(&c->tcp, c, fd, on_tcp_request);
	if (r < 0)
		log_error("control.listen %s: %s", address, strerror(-r));
	return r;
}

int control_new(struct control **ret, struct agent *a)
{
	struct control *c = calloc(1, sizeof(*c));
	int fd, r;

	if (!c)
		return -ENOMEM;
	c->agent = a;
	snprintf(c->path, sizeof(c->path), "%s/control.sock", a->state_dir);
	fd = listen_on(c->path);
	if (fd < 0) {
		log_error("control socket %s: %s", c->path, fd == -EADDRINUSE ? "another agent runs here" : strerror(-fd));
		free(c);
		return fd;
	}
	r = serve(&c->httpd, c, fd, on_request);
	if (r >= 0)
		r = listen_on_tcp(c, a->o.config->control_listen);
	if (r < 0)
		control_free(c);
	else
		*ret = c;
	return r;
}

struct control *control_free(struct control *c)
{
	if (!c)
		return NULL;
	unlink(c->path);
	httpd_free(c->httpd);
	httpd_free(c->tcp);
	free(c);
	return NULL;
}
