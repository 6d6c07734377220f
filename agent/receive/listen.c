/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/listen.h"
#include "util/cleanup.h"
#include "util/str.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* Numbers only: what a name resolves to is not what an administrator meant to open. */
static int parse(union address *ret, const char *where)
{
	const char *colon = strrchr(where, ':');
	char host[64], *end;
	unsigned long port;
	size_t n;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	n = (size_t)(colon - where);
	if (*end || port > 65535 || n >= sizeof(host))
		return -EINVAL;
	memcpy(host, where, n);
	host[n] = 0;
	*ret = (union address){};
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = 0;
		ret->six.sin6_family = AF_INET6;
		ret->six.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &ret->six.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	ret->four.sin_family = AF_INET;
	ret->four.sin_port = htons((uint16_t)port);
	if (!strcmp(host, "localhost"))
		memcpy(host, "127.0.0.1", 10);
	return inet_pton(AF_INET, host, &ret->four.sin_addr) == 1 ? 0 : -EINVAL;
}

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->six.sin6_addr);
	return ntohl(a->four.sin_addr.s_addr) >> 24 == 127;
}

static void name(char at[64], const union address *a)
{
	char host[INET6_ADDRSTRLEN];

	if (a->any.sa_family == AF_INET6)
		snprintf(at, 64, "[%s]:%u", inet_ntop(AF_INET6, &a->six.sin6_addr, host, sizeof(host)),
			 ntohs(a->six.sin6_port));
	else
		snprintf(at, 64, "%s:%u", inet_ntop(AF_INET, &a->four.sin_addr, host, sizeof(host)),
			 ntohs(a->four.sin_port));
}

int listen_on(const char *where, bool loopback_only, char at[64], char why[256])
{
	_cleanup_(closep) int fd = -1;
	union address a;
	socklen_t n = sizeof(a);
	int on = 1;

	if (parse(&a, where) < 0) {
		snprintf(why, 256, "\"%s\" is not ADDRESS:PORT", where);
		return -EINVAL;
	}
	if (loopback_only && !is_loopback(&a)) {
		snprintf(why, 256, "without TLS only loopback addresses are listened on, not %s", where);
		return -EINVAL;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, &a.any, a.any.sa_family == AF_INET6 ? sizeof(a.six) : sizeof(a.four)) < 0 ||
	    listen(fd, SOMAXCONN) < 0 || getsockname(fd, &a.any, &n) < 0) {
		int r = -errno;

		snprintf(why, 256, "%s: %s", where, strerror(-r));
		return r;
	}
	name(at, &a);
	return take_fd(fd);
}
