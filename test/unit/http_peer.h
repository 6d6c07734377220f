/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http peer
 *
 * A server for tests on a thread of its own, which answers each request with
 * the next line of its script, whatever HTTP thinks of it. One connection at a
 * time.
 */
#ifndef TEST_HTTP_PEER_H
#define TEST_HTTP_PEER_H

#include "util/buf.h"
#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum peer_then {
	PEER_KEEP,	/* the connection stays */
	PEER_CLOSE,
	PEER_HANG,	/* nothing more until the client gives up */
	PEER_RESET,	/* as a server does that has not read all that was sent */
};

struct peer_step {
	const char *reply;
	enum peer_then then;
};

#define PEER_REQUESTS_MAX 64

struct peer {
	int fd;
	unsigned int port;
	pthread_t thread;
	const struct peer_step *steps;	/* the last one is repeated */
	size_t n_steps;
	struct buf request[PEER_REQUESTS_MAX];
	size_t n_requests, n_connections;
};

#define PEER_OK(body) "HTTP/1.1 200 OK\r\nContent-Length: " body

/* Reads one request: headers, then as many bytes as Content-Length says. */
static bool peer_read(int fd, struct buf *b)
{
	char part[65536];
	const char *end, *length;

	for (;;) {
		ssize_t n;

		end = b->n ? memmem(b->p, b->n, "\r\n\r\n", 4) : NULL;
		if (end) {
			size_t head = (size_t)(end + 4 - b->p);

			length = strcasestr(b->p, "\r\nContent-Length:");
			if (!length || length > end || b->n - head >= strtoul(length + 17, NULL, 10))
				return true;
		}
		n = read(fd, part, sizeof(part));
		if (n <= 0)
			return false;
		buf_add(b, part, (size_t)n);
	}
}

static void peer_connection(struct peer *p, int fd)
{
	char byte;

	while (p->n_requests < PEER_REQUESTS_MAX && peer_read(fd, &p->request[p->n_requests])) {
		const struct peer_step *s = &p->steps[p->n_requests < p->n_steps ? p->n_requests : p->n_steps - 1];

		p->n_requests++;
		if (s->reply && send(fd, s->reply, strlen(s->reply), MSG_NOSIGNAL) < 0)
			return;
		if (s->then == PEER_HANG)
			while (read(fd, &byte, 1) > 0)
				;
		if (s->then == PEER_RESET)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
		if (s->then != PEER_KEEP)
			return;
	}
}

static void *peer_run(void *ctx)
{
	struct peer *p = ctx;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		p->n_connections++;
		peer_connection(p, fd);
		close(fd);
	}
	return NULL;
}

static inline void peer_start(struct peer *p, const struct peer_step *steps, size_t n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);

	*p = (struct peer){.steps = steps, .n_steps = n};
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(p->fd, 0);
	ck_assert_int_eq(bind(p->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(p->fd, 16), 0);
	ck_assert_int_eq(getsockname(p->fd, (struct sockaddr *)&a, &size), 0);
	p->port = ntohs(a.sin_port);
	ck_assert_int_eq(pthread_create(&p->thread, NULL, peer_run, p), 0);
}

/* After the client has closed its connections. */
static inline void peer_stop(struct peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	for (size_t i = 0; i < PEER_REQUESTS_MAX; i++)
		buf_free(&p->request[i]);
}

#endif
