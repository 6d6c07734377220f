/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Route peer
 *
 * A server for tests that answers by what is asked for, in whichever order: the
 * first route whose text the request line holds. One request a connection.
 */
#ifndef TEST_ROUTE_PEER_H
#define TEST_ROUTE_PEER_H

#include "http_peer.h"
#include "attribution/provider.h"
#include "util/http.h"

struct route {
	const char *asked;	/* part of the request line; NULL ends the table */
	const char *status;	/* "200 OK"; NULL: no answer comes, "": the connection is reset, "endless": a body without end */
	const char *body;
	unsigned int times;	/* so often, then the next of the same text counts; 0: always */
};

#define ROUTES_MAX 16

struct route_peer {
	int fd;
	unsigned int port, connections;
	pthread_t thread;
	struct route routes[ROUTES_MAX];
	unsigned int asked[ROUTES_MAX];		/* how often each has answered */
	int held[ROUTES_MAX * 4];		/* connections that get no answer */
	unsigned int n_held;
};

static void route_endless(int fd)
{
	static const char part[65536] = {[0 ... 65535] = ' '};

	while (send(fd, part, sizeof(part), MSG_NOSIGNAL) > 0)
		;
}

/* False when the connection is to stay. */
static bool route_answer(struct route_peer *p, int fd, const struct buf *request)
{
	const char *line = request->p, *end = memchr(line, '\r', request->n);
	const struct route *r;
	char head[200];
	unsigned int i = 0;

	for (;; i++) {
		r = &p->routes[i];
		ck_assert_msg(r->asked != NULL, "nobody expected \"%.*s\"", (int)(end - line), line);
		if (memmem(line, (size_t)(end - line), r->asked, strlen(r->asked)) && (!r->times || p->asked[i] < r->times))
			break;
	}
	p->asked[i]++;
	if (!r->status) {
		p->held[p->n_held++] = fd;
		return false;
	}
	if (!*r->status) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
		return true;
	}
	if (!strcmp(r->status, "endless")) {
		send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
		route_endless(fd);
		return true;
	}
	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", r->status, strlen(r->body));
	send(fd, head, strlen(head), MSG_NOSIGNAL);
	send(fd, r->body, strlen(r->body), MSG_NOSIGNAL);
	return true;
}

static void *route_run(void *ctx)
{
	struct route_peer *p = ctx;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		struct buf request = {};

		p->connections++;
		if (!peer_read(fd, &request) || route_answer(p, fd, &request))
			close(fd);
		buf_free(&request);
	}
	return NULL;
}

static void route_start(struct route_peer *p, const struct route *routes)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);

	*p = (struct route_peer){};
	for (size_t i = 0; routes[i].asked; i++)
		p->routes[i] = routes[i];
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(p->fd, 16), 0);
	ck_assert_int_eq(getsockname(p->fd, (struct sockaddr *)&a, &size), 0);
	p->port = ntohs(a.sin_port);
	ck_assert_int_eq(pthread_create(&p->thread, NULL, route_run, p), 0);
}

static void route_stop(struct route_peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	for (unsigned int i = 0; i < p->n_held; i++)
		close(p->held[i]);
}

#endif
