/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"
#include "agent.h"
#include "util/clock.h"
#include "util/httpd.h"
#include "util/log.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define CONNECTIONS_MAX 16	/* at once: people and one monitoring system ask */

struct control {
	struct agent *agent;
	struct httpd *httpd;
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

/* Prometheus text: one gauge or counter per number of the status. */
static void metric(struct buf *b, const char *name, const char *labels, json_t *v)
{
	if (json_is_number(v))
		buf_printf(b, "noroshi_%s%s %.17g\n", name, labels, json_number_value(v));
}

static void event_metrics(struct buf *b, json_t *events)
{
	const char *name, *reason;
	json_t *e, *v;
	char labels[128];

	json_object_foreach(events, name, e) {
		snprintf(labels, sizeof(labels), "{event=\"%s\"}", name);
		metric(b, "events_seen_total", labels, json_object_get(e, "seen"));
		metric(b, "events_refused_total", labels, json_object_get(e, "refused"));
		json_object_foreach(json_object_get(e, "lost"), reason, v) {
			snprintf(labels, sizeof(labels), "{event=\"%s\",reason=\"%s\"}", name, reason);
			metric(b, "events_lost_total", labels, v);
		}
	}
}

static void sink_metrics(struct buf *b, json_t *sinks)
{
	static const char *const keys[][2] = {{"delivered", "findings_delivered_total"}, {"lost", "findings_lost_total"},
					      {"queued", "findings_queued"}, {"retries", "upload_retries_total"}};
	char labels[128];
	json_t *s;
	size_t i;

	json_array_foreach(sinks, i, s) {
		snprintf(labels, sizeof(labels), "{sink=\"%s\",index=\"%zu\"}", json_string_value(json_object_get(s, "name")), i);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			metric(b, keys[k][1], labels, json_object_get(s, keys[k][0]));
	}
}

/* How many of the code are open: one for each sink, capability or the like that it is about. */
static unsigned int open_of(json_t *issues, const char *code)
{
	unsigned int n = 0;
	json_t *issue;
	size_t i;

	json_array_foreach(issues, i, issue)
		n += !strcmp(json_string_value(json_object_get(issue, "code")), code);
	return n;
}

static void issue_metrics(struct buf *b, json_t *status)
{
	json_t *v;
	const char *name;

	buf_printf(b, "noroshi_healthy %d\n", !strcmp(json_string_value(json_object_get(status, "state")), "healthy"));
	for (unsigned int i = 0; i < ISSUE_MAX; i++) {
		unsigned int n = open_of(json_object_get(status, "issues"), issue_table[i].code);

		if (n)
			buf_printf(b, "noroshi_issues_open{code=\"%s\",severity=\"%s\"} %u\n", issue_table[i].code, issue_table[i].severity, n);
	}
	json_object_foreach(json_object_get(status, "capabilities"), name, v)
		buf_printf(b, "noroshi_capability{capability=\"%s\",state=\"%s\"} 1\n", name, json_string_value(json_object_get(v, "state")));
}

static enum MHD_Result metrics(struct control *ct, struct MHD_Connection *c)
{
	json_t *status = agent_status(ct->agent), *pipeline = json_object_get(status, "pipeline");
	struct buf b = {};

	metric(&b, "events_total", "", json_object_get(pipeline, "events"));
	metric(&b, "matches_total", "", json_object_get(pipeline, "matches"));
	metric(&b, "rules", "", json_object_get(json_object_get(status, "rules"), "enabled"));
	metric(&b, "loop_max_ms", "", json_object_get(json_object_get(status, "loop"), "maxMs"));
	metric(&b, "loop_slow_total", "", json_object_get(json_object_get(status, "loop"), "slow"));
	issue_metrics(&b, status);
	event_metrics(&b, json_object_get(json_object_get(status, "coverage"), "events"));
	sink_metrics(&b, json_object_get(json_object_get(status, "deliver"), "sinks"));
	json_decref(status);
	return answer(c, MHD_HTTP_OK, "text/plain; version=0.0.4", &b);
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

int control_new(struct control **ret, struct agent *a)
{
	struct control *c = calloc(1, sizeof(*c));
	struct MHD_Daemon *d;
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
	d = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, c, MHD_OPTION_LISTEN_SOCKET, fd,
			     MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
	if (!d) {
		close(fd);
		free(c);
		return -EIO;
	}
	r = httpd_new(&c->httpd, d, &a->loop);
	if (r < 0)
		free(c);
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
	free(c);
	return NULL;
}
