/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: transfers
 *
 * Sends and receives on loopback by each call, and with an argument "uring" by requests of io_uring, and prints what is
 * true of each: who to, how many bytes, the first 256 of them. `-f N` sends N datagrams by one sendmmsg.
 */
#include "truth.h"
#include "uring.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* probes/wire.h */
enum { UNREADABLE = 2, TRUNCATED = 4, IO_URING = 8, ADDR_USER = 256 };
enum { HEAD = 256, PARTS = 64 };
enum { OP_SEND_ZC = 47, OP_SENDMSG_ZC = 48 };

static int by_ring;		/* flags of a request's event, 0: calls */
static struct ring ring;
static char big[5000];

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static void put_ends(const char *end, const union addr *a, socklen_t len)
{
	char ip[INET6_ADDRSTRLEN], name[16];

	if (a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6) {
		snprintf(name, sizeof(name), "%s_ip", end);
		truth_str(name, inet_ntop(a->sa.sa_family, a->sa.sa_family == AF_INET ? (void *)&a->in.sin_addr :
									 (void *)&a->in6.sin6_addr, ip, sizeof(ip)));
		snprintf(name, sizeof(name), "%s_port", end);
		truth_num(name, ntohs(a->in.sin_port));
	} else if (a->sa.sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) && !strcmp(end, "peer")) {
		if (a->un.sun_path[0]) {
			truth_str("path", a->un.sun_path);
		} else {
			char abstract[120] = "@";

			memcpy(abstract + 1, a->un.sun_path + 1, len - offsetof(struct sockaddr_un, sun_path) - 1);
			truth_str("path", abstract);
		}
	}
}

/* to: the peer that was named, NULL: the socket's. expected: bytes of the record, n of them in all. */
static void tell(const char *call, int fd, long res, int flags, size_t size, const union addr *to, socklen_t tolen,
		 const char *data, size_t n, int hdr)
{
	int family = 0, type = 0, protocol = 0, error = errno;
	socklen_t len = sizeof(int);
	union addr local = {}, peer = {};

	if (by_ring && !strncmp(call, "send", 4))
		flags |= MSG_NOSIGNAL;	/* the kernel's own */
	truth_flags = hdr | by_ring | (n > HEAD ? TRUNCATED : 0);
	truth_begin(call, getpid(), res < 0 ? -error : res);
	truth_num("fd", fd);
	if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len)) {
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
		len = sizeof(local);
		if (!getsockname(fd, &local.sa, &len) && family != AF_UNIX && local.in.sin_port)
			put_ends("local", &local, len);
		len = sizeof(peer);
		if (to)
			put_ends("peer", to, tolen);
		else if (!getpeername(fd, &peer.sa, &len))
			put_ends("peer", &peer, len);
	}
	truth_num("family", family);
	truth_num("type", type);
	truth_num("protocol", protocol);
	truth_num("flags", flags);
	truth_num("size", (long long)size);
	truth_bytes("data", data, n < HEAD ? n : HEAD);
	if (by_ring)
		truth_num("io_uring", 1);
	truth_header();
	truth_end();
}

/* ---- one call, or the request that does the same ---- */

static long request(unsigned int op, int fd, const void *addr, size_t len, int flags)
{
	struct io_uring_sqe *e = ring_next(&ring);

	e->opcode = (__u8)op;
	e->fd = fd;
	e->addr = (unsigned long)addr;
	e->len = (__u32)len;
	e->msg_flags = (__u32)flags;
	ring_run(&ring);
	errno = -ring.res[e->user_data];
	return ring.res[e->user_data] < 0 ? -1 : ring.res[e->user_data];
}

static long send_to(int fd, const void *p, size_t n, int flags, const union addr *to, socklen_t len)
{
	long res = by_ring ? request(IORING_OP_SEND, fd, p, n, flags) : sendto(fd, p, n, flags, to ? &to->sa : NULL, len);

	tell("sendto", fd, res, flags, n, to, len, p, n, to && !by_ring ? ADDR_USER : 0);
	return res;
}

static size_t joined(char *dst, const struct iovec *v, size_t parts)
{
	size_t n = 0;

	for (size_t i = 0; i < parts; i++) {
		memcpy(dst + n, v[i].iov_base, v[i].iov_len);
		n += v[i].iov_len;
	}
	return n;
}

static long send_msg(int fd, struct iovec *v, size_t parts, int flags, union addr *to, socklen_t len)
{
	struct msghdr m = { .msg_name = to, .msg_namelen = to ? len : 0, .msg_iov = v, .msg_iovlen = parts };
	long res = by_ring ? request(IORING_OP_SENDMSG, fd, &m, 1, flags) : sendmsg(fd, &m, flags);
	char all[sizeof(big)];
	size_t n = joined(all, v, parts < PARTS ? parts : PARTS);

	tell("sendmsg", fd, res, flags, n, to, len, all, n, (to && !by_ring ? ADDR_USER : 0) | (parts > PARTS ? TRUNCATED : 0));
	return res;
}

/* ask: whether the caller wants to know who sent it. */
static void receive_from(int fd, size_t room, int flags, const char *data, int ask, const union addr *from, socklen_t fromlen)
{
	static char buf[sizeof(big)];
	union addr a = {};
	socklen_t len = sizeof(a);
	long res = by_ring ? request(IORING_OP_RECV, fd, buf, room, flags) :
			     recvfrom(fd, buf, room, flags, ask ? &a.sa : NULL, ask ? &len : NULL);

	must(res < 0 || !memcmp(buf, data, (size_t)res), "other bytes came");
	tell("recvfrom", fd, res, flags, room, from, fromlen, data, res < 0 ? 0 : (size_t)res, from ? ADDR_USER : 0);
}

static void receive_msg(int fd, size_t room, size_t parts, int flags, const char *data, int ask, const union addr *from,
			socklen_t fromlen)
{
	static char buf[64][100];
	struct iovec v[64];
	union addr a = {};
	struct msghdr m = { .msg_name = ask ? &a : NULL, .msg_namelen = ask ? sizeof(a) : 0, .msg_iov = v, .msg_iovlen = parts };
	long res;

	for (size_t i = 0; i < parts; i++)
		v[i] = (struct iovec){ buf[i], room / parts };
	res = by_ring ? request(IORING_OP_RECVMSG, fd, &m, 1, flags) : recvmsg(fd, &m, flags);
	tell("recvmsg", fd, res, flags, room / parts * parts, ask ? from : NULL, fromlen, data, res < 0 ? 0 : (size_t)res,
	     ask ? ADDR_USER : 0);
}

/* ---- sockets ---- */

static int udp(const char *ip, union addr *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(a->in);

	memset(a, 0, sizeof(*a));
	a->in.sin_family = AF_INET;
	must(inet_pton(AF_INET, ip, &a->in.sin_addr) == 1, ip);
	must(fd >= 0 && !bind(fd, &a->sa, len) && !getsockname(fd, &a->sa, &len), "udp");
	return fd;
}

static void tcp(int fd[2])
{
	union addr a = { .in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(a.in);

	must(l >= 0 && !bind(l, &a.sa, len) && !listen(l, 1) && !getsockname(l, &a.sa, &len), "tcp");
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(fd[0], &a.sa, len), "connect");
	fd[1] = accept(l, NULL, NULL);
	close(l);
}

/* ---- what is done ---- */

static void datagrams(void)
{
	union addr a, b;
	int from = udp("127.0.0.5", &a), to = udp("127.0.0.6", &b);
	char text[] = "one", two[] = "two";
	struct iovec v[3] = { { text, 3 }, { two, 0 }, { two, 3 } };

	if (!by_ring) {
		send_to(from, "hello", 5, 0, &b, sizeof(b.in));
		receive_from(to, 100, 0, "hello", 1, &a, sizeof(a.in));
	}
	send_msg(from, v, 3, 0, &b, sizeof(b.in));
	receive_msg(to, 60, 3, 0, "onetwo", 1, &a, sizeof(a.in));
	must(!connect(from, &b.sa, sizeof(b.in)), "connect");
	send_to(from, big, 1000, 0, NULL, 0);
	receive_from(to, 2000, 0, big, 0, NULL, 0);
	send_to(from, big, HEAD, 0, NULL, 0);
	receive_from(to, HEAD, MSG_DONTWAIT, big, 0, NULL, 0);
	if (!by_ring)
		receive_from(to, 10, MSG_DONTWAIT, "", 0, NULL, 0);	/* fails: EAGAIN */
	close(to);
	close(from);
}

static void streams(void)
{
	struct iovec v[70];
	char all[sizeof(big)];
	int fd[2];

	for (int i = 0; i < 70; i++)
		v[i] = (struct iovec){ big + i * 7, i % 3 ? 5 : 0 };
	tcp(fd);
	send_to(fd[0], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL, NULL, 0);
	receive_from(fd[1], 4096, 0, "GET / HTTP/1.1\r\n\r\n", 1, NULL, 0);
	send_msg(fd[1], v, 60, MSG_NOSIGNAL, NULL, 0);
	joined(all, v, 60);
	receive_from(fd[0], 50, MSG_WAITALL, all, 0, NULL, 0);
	send_msg(fd[1], v, 70, MSG_NOSIGNAL, NULL, 0);
	close(fd[0]);
	close(fd[1]);
}

static void errors(void)
{
	char bytes[] = "lost";
	struct iovec v = { bytes, 4 };
	int file = dup(1), u = socket(AF_INET, SOCK_STREAM, 0);

	send_to(file, bytes, 4, 0, NULL, 0);		/* no socket */
	send_to(u, bytes, 4, MSG_NOSIGNAL, NULL, 0);	/* not connected */
	send_msg(u, &v, 1, MSG_NOSIGNAL, NULL, 0);
	receive_from(u, 4, 0, "", 0, NULL, 0);
	close(u);
	close(file);
}

static void names(void)
{
	union addr a = { .un.sun_family = AF_UNIX }, b = { .un.sun_family = AF_UNIX };
	int from = socket(AF_UNIX, SOCK_DGRAM, 0), to = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t alen = offsetof(struct sockaddr_un, sun_path) + 11, blen;
	char hello[] = "by name";
	struct iovec v = { hello, 7 };

	memcpy(a.un.sun_path, "\0ne.sender.", 11);
	snprintf(b.un.sun_path, sizeof(b.un.sun_path), "/tmp/noroshi-transfer.%d", getpid());
	blen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(b.un.sun_path) + 1);
	must(!bind(from, &a.sa, alen) && !bind(to, &b.sa, blen), "bind");
	if (!by_ring) {
		send_to(from, hello, 7, 0, &b, blen);
		receive_from(to, 50, 0, hello, 1, &a, alen);
		send_to(to, hello, 7, 0, &a, alen);
		receive_from(from, 50, 0, hello, 1, &b, blen);
	}
	send_msg(from, &v, 1, 0, &b, blen);
	receive_msg(to, 50, 1, 0, hello, 1, &a, alen);
	unlink(b.un.sun_path);
	close(from);
	close(to);
}

/* Each message of many is an event. */
static void many(unsigned int n, int tell_each)
{
	static struct mmsghdr m[1024];
	static struct iovec v[1024];
	static char text[1024][24];
	union addr a, b;
	int from = udp("127.0.0.7", &a), to = udp("127.0.0.8", &b), size = 1 << 22, res;

	setsockopt(to, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	for (unsigned int i = 0; i < n; i++) {
		v[i] = (struct iovec){ text[i], (size_t)snprintf(text[i], sizeof(text[i]), "message %u", i) };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &b, .msg_namelen = sizeof(b.in), .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	res = sendmmsg(from, m, n, MSG_DONTWAIT);
	must(res == (int)n, "sendmmsg");
	for (unsigned int i = 0; i < n && tell_each; i++)
		tell("sendmmsg", from, (long)v[i].iov_len, MSG_DONTWAIT, v[i].iov_len, &b, sizeof(b.in), text[i], v[i].iov_len, ADDR_USER);
	for (unsigned int i = 0; i < n; i++) {
		v[i].iov_len = sizeof(text[i]);
		m[i].msg_hdr.msg_name = &a;
	}
	if (tell_each) {
		res = recvmmsg(to, m, n, MSG_DONTWAIT, NULL);
		must(res == (int)n, "recvmmsg");
		for (unsigned int i = 0; i < n; i++)
			tell("recvmmsg", to, m[i].msg_len, MSG_DONTWAIT, sizeof(text[i]), &a, sizeof(a.in), text[i], m[i].msg_len, ADDR_USER);
		res = recvmmsg(to, m, n, MSG_DONTWAIT, NULL);
		tell("recvmmsg", to, res, MSG_DONTWAIT, sizeof(text[0]), NULL, 0, "", 0, 0);	/* fails: EAGAIN */
	}
	close(from);
	close(to);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('A' + i % 26);
	if (argc == 3 && !strcmp(argv[1], "-f")) {
		many((unsigned int)atoi(argv[2]), 0);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "uring")) {
		if (ring_open(&ring, 0))
			return 77;
		by_ring = IO_URING;
	}
	datagrams();
	streams();
	errors();
	names();
	if (!by_ring)
		many(5, 1);
	return 0;
}
