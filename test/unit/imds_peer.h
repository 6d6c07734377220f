/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMDS peer
 *
 * The instance metadata service for tests: gives tokens, wants them, and has
 * its faults. What it does is set between the requests by whoever tests.
 */
#ifndef TEST_IMDS_PEER_H
#define TEST_IMDS_PEER_H

#include "http_peer.h"
#include <string.h>

#define DOCUMENT "{\"accountId\":\"111122223333\",\"architecture\":\"arm64\",\"availabilityZone\":\"ap-northeast-1a\"," \
	"\"billingProducts\":null,\"devpayProductCodes\":null,\"marketplaceProductCodes\":null,\"imageId\":\"ami-0123456789abcdef0\"," \
	"\"instanceId\":\"i-0abc1234def567890\",\"instanceType\":\"m7g.large\",\"kernelId\":null,\"pendingTime\":\"2026-11-22T08:00:00Z\"," \
	"\"privateIp\":\"10.0.1.10\",\"ramdiskId\":null,\"region\":\"ap-northeast-1\",\"version\":\"2017-09-30\"}"

struct imds_peer {
	int fd;
	unsigned int port;
	pthread_t thread;
	/* set by the test; NULL status: no answer comes */
	const char *_Atomic put_status, *_Atomic put_body, *_Atomic status, *_Atomic document, *_Atomic role, *_Atomic tags;
	_Atomic bool open;		/* answers without a token, as version 1 does */
	_Atomic unsigned int uses;	/* of a token, then it is not known any more; 0: for ever */
	/* for the test to look at */
	_Atomic unsigned int puts, gets, documents, refused;
	unsigned int used;
	char ttl[16], paths[4096];
	int held[64];
	unsigned int nheld;
};

static void imds_reply(int fd, const char *status, const char *body)
{
	char head[200];

	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", status, strlen(body));
	send(fd, head, strlen(head), MSG_NOSIGNAL);
	send(fd, body, strlen(body), MSG_NOSIGNAL);
}

static const char *imds_header(const struct buf *b, const char *name, char *dst, size_t room)
{
	const char *at = memmem(b->p, b->n, name, strlen(name)), *end = at ? memchr(at, '\r', b->n - (size_t)(at - b->p)) : NULL;

	snprintf(dst, room, "%.*s", at && end ? (int)(end - at - (long)strlen(name)) : 0, at ? at + strlen(name) : "");
	return dst;
}

/* "KEY=VALUE\n" lines; of a list the keys. False: it is not there. */
static bool imds_tag(const char *tags, const char *key, char *dst, size_t room)
{
	size_t n = 0;

	*dst = 0;
	for (const char *line = tags; *line; line = strchr(line, '\n') + 1) {
		int k = (int)strcspn(line, "="), v = (int)strcspn(line + k + 1, "\n");

		if (!*key)
			n += (size_t)snprintf(dst + n, room - n, "%s%.*s", n ? "\n" : "", k, line);
		else if (!strncmp(line, key, (size_t)k) && !key[k])
			return snprintf(dst, room, "%.*s", v, line + k + 1), true;
	}
	return !*key;
}

static void imds_get(struct imds_peer *p, int fd, const char *path)
{
	static const char tags[] = "/latest/meta-data/tags/instance/", role[] = "/latest/meta-data/iam/security-credentials/";
	char text[2048];

	if (!strcmp(path, "/latest/dynamic/instance-identity/document")) {
		p->documents++;
		imds_reply(fd, p->status, p->document);
	} else if (!strcmp(path, role)) {
		imds_reply(fd, p->role ? "200 OK" : "404 Not Found", p->role ? p->role : "<html>404</html>");
	} else if (!strncmp(path, tags, sizeof(tags) - 1)) {
		bool is = p->tags && imds_tag(p->tags, path + sizeof(tags) - 1, text, sizeof(text));

		imds_reply(fd, is ? "200 OK" : "404 Not Found", is ? text : "<html>404</html>");
	} else {
		imds_reply(fd, "404 Not Found", "");
	}
}

static void imds_serve(struct imds_peer *p, int fd, const struct buf *request)
{
	char path[200] = "", token[64], want[64];

	sscanf(request->p, "%*s %199s", path);
	if (!strncmp(request->p, "PUT /latest/api/token ", 22)) {
		imds_header(request, "X-aws-ec2-metadata-token-ttl-seconds: ", p->ttl, sizeof(p->ttl));
		p->used = 0;
		snprintf(token, sizeof(token), "%s%u", p->put_body, ++p->puts);
		imds_reply(fd, p->put_status, token);
		return;
	}
	p->gets++;
	if (strlen(p->paths) + strlen(path) + 2 < sizeof(p->paths))
		strcat(strcat(p->paths, path), "\n");
	imds_header(request, "X-aws-ec2-metadata-token: ", token, sizeof(token));
	snprintf(want, sizeof(want), "%s%u", p->put_body, p->puts);
	if (!p->open && (strcmp(token, want) || (p->uses && p->used++ >= p->uses))) {
		p->refused++;
		imds_reply(fd, "401 Unauthorized", "");
		return;
	}
	imds_get(p, fd, path);
}

static void *imds_run(void *ctx)
{
	struct imds_peer *p = ctx;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		struct buf request = {};
		bool put = peer_read(fd, &request) && !strncmp(request.p, "PUT", 3);

		if (request.n && (put ? p->put_status : p->status)) {
			imds_serve(p, fd, &request);
			close(fd);
		} else if (p->nheld < 64) {
			p->held[p->nheld++] = fd;
		} else {
			close(fd);
		}
		buf_free(&request);
	}
	return NULL;
}

static void imds_start(struct imds_peer *p)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);

	memset(p, 0, sizeof(*p));
	p->put_status = p->status = "200 OK";
	p->put_body = "AQAEALtoken";
	p->document = DOCUMENT;
	p->role = "ecsInstanceRole";
	p->tags = "Name=web-1\nGuardDutyManaged=false\nnoroshi:managed=true\n";
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(p->fd, 16), 0);
	ck_assert_int_eq(getsockname(p->fd, (struct sockaddr *)&a, &size), 0);
	p->port = ntohs(a.sin_port);
	ck_assert_int_eq(pthread_create(&p->thread, NULL, imds_run, p), 0);
}

static void imds_stop(struct imds_peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	for (unsigned int i = 0; i < p->nheld; i++)
		close(p->held[i]);
}

#endif
