/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: sockets
 *
 * Each mode makes one kind of socket call on loopback and prints, as one JSON line per call, what this
 * program knows to be true of it. Keys are the names of probes/events.def; an address that the caller
 * cannot know is left out. Without arguments every mode runs, `-l` lists them.
 */
#include "as.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define CLOSED_FD 997	/* nobody opens that many here */

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_nl nl;
	struct sockaddr_storage ss;
};

static char dir[] = "/tmp/noroshi-net-XXXXXX";

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void print_addr(const char *name, const union addr *a)
{
	char ip[INET6_ADDRSTRLEN];

	if (a->sa.sa_family == AF_INET)
		printf(",\"%s_ip\":\"%s\",\"%s_port\":%d", name, inet_ntop(AF_INET, &a->in.sin_addr, ip, sizeof(ip)),
		       name, ntohs(a->in.sin_port));
	else if (a->sa.sa_family == AF_INET6)
		printf(",\"%s_ip\":\"%s\",\"%s_port\":%d", name, inet_ntop(AF_INET6, &a->in6.sin6_addr, ip, sizeof(ip)),
		       name, ntohs(a->in6.sin6_port));
}

static void print_path(const union addr *a, socklen_t len)
{
	size_t n = len - offsetof(struct sockaddr_un, sun_path);

	if (a->sa.sa_family != AF_UNIX || len <= offsetof(struct sockaddr_un, sun_path))
		return;
	if (a->un.sun_path[0])
		printf(",\"path\":\"%s\"", a->un.sun_path);
	else
		printf(",\"path\":\"@%.*s\"", (int)n - 1, a->un.sun_path + 1);
}

/* Opens the line; errno is the call's. */
static void begin(const char *call, long res)
{
	printf("{\"call\":\"%s\",\"pid\":%d,\"tid\":%ld,\"res\":%ld", call, getpid(), syscall(SYS_gettid),
	       res < 0 ? -(long)errno : res);
}

static void end(void)
{
	printf("}\n");
	fflush(stdout);
}

/* listen has no protocol in its record. */
static void print_kind(int fd, int with_protocol)
{
	int family = 0, type = 0, protocol = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len))
		return;
	printf(",\"family\":%d,\"type\":%d", family, type);
	if (with_protocol)
		printf(",\"protocol\":%d", protocol);
}

static void print_local(int fd)
{
	socklen_t len = sizeof(union addr);
	union addr a = {};

	if (!getsockname(fd, &a.sa, &len))
		print_addr("local", &a);
}

static void print_local_path(int fd)
{
	socklen_t len = sizeof(union addr);
	union addr a = {};

	if (!getsockname(fd, &a.sa, &len))
		print_path(&a, len);
}

static void print_peer(int fd)
{
	socklen_t len = sizeof(union addr);
	union addr a = {};

	if (!getpeername(fd, &a.sa, &len))
		print_addr("peer", &a);
}

/* ---- the calls, each with its truth ---- */

static int do_socket(int domain, int type, int protocol)
{
	int fd = socket(domain, type, protocol);

	begin("socket", fd);
	printf(",\"domain\":%d,\"type\":%d,\"protocol\":%d", domain, type, protocol);
	end();
	return fd;
}

static void do_pair(int domain, int type, int protocol)
{
	int fd[2] = { -1, -1 }, res = socketpair(domain, type, protocol, fd);

	begin("socketpair", res);
	printf(",\"domain\":%d,\"type\":%d,\"protocol\":%d,\"fd1\":%d,\"fd2\":%d", domain, type, protocol,
	       res ? -1 : fd[0], res ? -1 : fd[1]);	/* one that fails late has written numbers */
	end();
	close(fd[0]);
	close(fd[1]);
}

static int do_bind(int fd, const union addr *a, socklen_t len)
{
	int res = bind(fd, &a->sa, len);

	begin("bind", res);
	printf(",\"fd\":%d", fd);
	print_kind(fd, 1);
	if (res < 0) {
		print_addr("local", a);
		print_path(a, len);
	} else {
		print_local(fd);
		print_local_path(fd);
	}
	end();
	return res;
}

static int do_listen(int fd, int backlog)
{
	int res = listen(fd, backlog);

	begin("listen", res);
	printf(",\"fd\":%d,\"backlog\":%d", fd, backlog);
	print_kind(fd, 0);
	print_local(fd);
	print_local_path(fd);
	end();
	return res;
}

/* A local address is printed where it is known: of a refused socket only when it was bound before. */
static int do_connect(int fd, const union addr *a, socklen_t len)
{
	socklen_t blen = sizeof(union addr);
	union addr bound = {};
	int res, known;

	getsockname(fd, &bound.sa, &blen);
	res = connect(fd, &a->sa, len);
	known = !res || errno == EINPROGRESS;
	begin("connect", res);
	printf(",\"fd\":%d", fd);
	print_kind(fd, 1);
	print_addr("peer", a);
	print_path(a, len);
	if (known)
		print_local(fd);
	else if ((bound.sa.sa_family == AF_INET || bound.sa.sa_family == AF_INET6) && bound.in.sin_port)
		print_addr("local", &bound);
	end();
	return res;
}

static int do_accept(int listenfd, int four, int flags)
{
	int fd = four ? accept4(listenfd, NULL, NULL, flags) : accept(listenfd, NULL, NULL);

	begin(four ? "accept4" : "accept", fd);
	printf(",\"listenfd\":%d,\"flags\":%d", listenfd, four ? flags : 0);
	print_kind(fd < 0 ? listenfd : fd, 1);
	print_local(fd < 0 ? listenfd : fd);
	print_local_path(fd < 0 ? listenfd : fd);
	if (fd >= 0)
		print_peer(fd);
	end();
	return fd;
}

/* ---- addresses ---- */

static socklen_t ip(union addr *a, const char *text, int port)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		return sizeof(a->in);
	}
	if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) != 1)
		die(text);
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	return sizeof(a->in6);
}

/* name with a leading @ is abstract. */
static socklen_t un(union addr *a, const char *name)
{
	size_t n = strlen(name);

	memset(a, 0, sizeof(*a));
	a->un.sun_family = AF_UNIX;
	if (name[0] != '@') {
		snprintf(a->un.sun_path, sizeof(a->un.sun_path), "%s", name);
		return offsetof(struct sockaddr_un, sun_path) + n + 1;
	}
	memcpy(a->un.sun_path + 1, name + 1, n - 1);
	return offsetof(struct sockaddr_un, sun_path) + n;
}

static const char *in_dir(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int port_of(int fd)
{
	socklen_t len = sizeof(union addr);
	union addr a;

	if (getsockname(fd, &a.sa, &len))
		die("getsockname");
	return ntohs(a.in.sin_port);	/* the port stands at the same place in sockaddr_in6 */
}

/* ---- modes ---- */

/* bind, listen, connect, accept over one address. */
static void stream(const char *local, const char *peer, int flags, int four)
{
	union addr a;
	socklen_t len = ip(&a, local, 0);
	int l = do_socket(a.sa.sa_family, SOCK_STREAM, 0), c, s;

	do_bind(l, &a, len);
	do_listen(l, 7);
	len = ip(&a, peer, port_of(l));
	c = do_socket(a.sa.sa_family, SOCK_STREAM | flags, IPPROTO_TCP);
	do_connect(c, &a, len);
	s = do_accept(l, four, four ? SOCK_CLOEXEC : 0);
	close(s);
	close(c);
	close(l);
}

static void tcp4(void)		{ stream("127.0.0.1", "127.0.0.1", 0, 0); }
static void tcp6(void)		{ stream("::1", "::1", 0, 1); }
static void tcp6_mapped(void)	{ stream("::", "::ffff:127.0.0.1", 0, 1); }
static void tcp6_dual(void)	{ stream("::", "127.0.0.1", 0, 0); }
static void tcp4_nonblock(void)	{ stream("127.0.0.2", "127.0.0.2", SOCK_NONBLOCK, 1); }

static void *tcp4_in_thread(void *arg)
{
	tcp4();
	return arg;
}

static void tcp4_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, tcp4_in_thread, NULL))
		die("pthread_create");
	pthread_join(t, NULL);
}

/* A port that was just free: nobody listens on it. */
static void refused(const char *where, int bound, int flags)
{
	union addr a;
	socklen_t len = ip(&a, where, 0);
	int fd = do_socket(a.sa.sa_family, SOCK_STREAM, 0), port;

	if (do_bind(fd, &a, len))
		die(where);
	port = port_of(fd);
	close(fd);
	fd = do_socket(a.sa.sa_family, SOCK_STREAM | flags, 0);
	if (bound)
		do_bind(fd, &a, len);
	len = ip(&a, where, port);
	do_connect(fd, &a, len);
	close(fd);
}

static void tcp4_refused(void)		{ refused("127.0.0.1", 0, 0); }
static void tcp4_refused_bound(void)	{ refused("127.0.0.1", 1, 0); }
static void tcp4_refused_nonblock(void)	{ refused("127.0.0.1", 0, SOCK_NONBLOCK); }
static void tcp6_refused(void)		{ refused("::1", 0, 0); }
static void tcp6_refused_bound(void)	{ refused("::1", 1, 0); }

/* Fails before the kernel has taken the address: what is known of it is the caller's word. */
static void tcp4_unreachable(void)
{
	union addr a;
	socklen_t len = ip(&a, "255.255.255.255", 4444);
	int fd = do_socket(AF_INET, SOCK_STREAM, 0);

	do_connect(fd, &a, len);
	close(fd);
}

static void datagram(const char *where)
{
	union addr a;
	socklen_t len = ip(&a, where, 4444);
	int fd = do_socket(a.sa.sa_family, SOCK_DGRAM, 0);

	do_connect(fd, &a, len);
	close(fd);
}

static void udp4(void)	{ datagram("127.0.0.3"); }
static void udp6(void)	{ datagram("::1"); }

static void udp_bind(void)
{
	union addr a;
	socklen_t len = ip(&a, "127.0.0.4", 0);
	int fd = do_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);

	do_bind(fd, &a, len);
	do_listen(fd, 1);	/* fails: EOPNOTSUPP */
	close(fd);
}

static void bind_in_use(void)
{
	union addr a;
	socklen_t len = ip(&a, "127.0.0.1", 0);
	int l = do_socket(AF_INET, SOCK_STREAM, 0), fd;

	if (do_bind(l, &a, len) || do_listen(l, 1))
		die("listen");
	len = ip(&a, "127.0.0.1", port_of(l));
	fd = do_socket(AF_INET, SOCK_STREAM, 0);
	do_bind(fd, &a, len);
	close(fd);
	close(l);
}

static void accept_again(void)
{
	union addr a;
	socklen_t len = ip(&a, "127.0.0.1", 0);
	int l = do_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (do_bind(l, &a, len) || do_listen(l, 1))
		die("listen");
	do_accept(l, 1, SOCK_NONBLOCK);
	close(l);
}

static void not_a_socket(void)
{
	union addr a;
	socklen_t len = ip(&a, "127.0.0.1", 4444);

	do_connect(CLOSED_FD, &a, len);
	do_bind(CLOSED_FD, &a, len);
	do_listen(CLOSED_FD, 3);
	do_accept(CLOSED_FD, 0, 0);
}

static void local_stream(const char *name)
{
	union addr a;
	socklen_t len = un(&a, name);
	int l = do_socket(AF_UNIX, SOCK_STREAM, 0), c, s;

	do_bind(l, &a, len);
	do_listen(l, 3);
	c = do_socket(AF_UNIX, SOCK_STREAM, 0);
	do_connect(c, &a, len);
	s = do_accept(l, 0, 0);
	close(s);
	close(c);
	close(l);
	if (name[0] != '@')
		unlink(name);
}

static void unix_stream(void)	{ local_stream(in_dir("stream.sock")); }
static void unix_abstract(void)	{ local_stream("@noroshi.abstract"); }

static void unix_dgram(void)
{
	union addr a;
	socklen_t len = un(&a, in_dir("dgram.sock"));
	int l = do_socket(AF_UNIX, SOCK_DGRAM, 0), c;

	do_bind(l, &a, len);
	c = do_socket(AF_UNIX, SOCK_DGRAM, 0);
	do_connect(c, &a, len);
	close(c);
	close(l);
	unlink(a.un.sun_path);
}

/* The whole array as the address: NULs behind the name. */
static void unix_padded(void)
{
	union addr a;
	int l = do_socket(AF_UNIX, SOCK_DGRAM, 0), c = do_socket(AF_UNIX, SOCK_DGRAM, 0);

	un(&a, "@noroshi.padded");
	do_bind(l, &a, sizeof(a.un));
	do_connect(c, &a, sizeof(a.un));
	close(c);
	close(l);
}

static void unix_missing(void)
{
	union addr a;
	socklen_t len = un(&a, in_dir("nobody.sock"));
	int c = do_socket(AF_UNIX, SOCK_STREAM, 0);

	do_connect(c, &a, len);
	close(c);
}

/* Nobody is bound to it. */
static void unix_abstract_missing(void)
{
	union addr a;
	socklen_t len = un(&a, "@noroshi.nobody");
	int c = do_socket(AF_UNIX, SOCK_STREAM, 0);

	do_connect(c, &a, len);
	close(c);
}

static void pairs(void)
{
	do_pair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	do_pair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	do_pair(AF_UNIX, SOCK_SEQPACKET, 0);
	do_pair(AF_INET, SOCK_STREAM, 0);	/* fails: EOPNOTSUPP */
	do_pair(AF_UNIX, SOCK_STREAM, 77);	/* fails: EPROTONOSUPPORT */
}

static void families(void)
{
	union addr a = { .nl = { .nl_family = AF_NETLINK } };
	int fd = do_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	do_bind(fd, &a, sizeof(a.nl));
	close(fd);
	close(do_socket(AF_PACKET, SOCK_RAW, htons(0x0003)));
	close(do_socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(0x0800)));
	close(do_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	close(do_socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
	close(do_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	close(do_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));
	close(do_socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP));
	do_socket(AF_INET, 77, 0);	/* fails: EINVAL */
	do_socket(250, SOCK_STREAM, 0);	/* fails: EAFNOSUPPORT */
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "tcp4", tcp4 }, { "tcp6", tcp6 }, { "tcp6_mapped", tcp6_mapped }, { "tcp6_dual", tcp6_dual },
	{ "tcp4_nonblock", tcp4_nonblock }, { "tcp4_thread", tcp4_thread },
	{ "tcp4_refused", tcp4_refused }, { "tcp4_refused_bound", tcp4_refused_bound },
	{ "tcp4_refused_nonblock", tcp4_refused_nonblock },
	{ "tcp6_refused", tcp6_refused }, { "tcp6_refused_bound", tcp6_refused_bound },
	{ "tcp4_unreachable", tcp4_unreachable }, { "udp4", udp4 }, { "udp6", udp6 }, { "udp_bind", udp_bind },
	{ "bind_in_use", bind_in_use }, { "accept_again", accept_again }, { "not_a_socket", not_a_socket },
	{ "unix_stream", unix_stream }, { "unix_abstract", unix_abstract }, { "unix_dgram", unix_dgram },
	{ "unix_padded", unix_padded },
	{ "unix_missing", unix_missing }, { "unix_abstract_missing", unix_abstract_missing }, { "pairs", pairs },
	{ "families", families },
};

#define NMODES (sizeof(modes) / sizeof(modes[0]))

static int run_mode(const char *name)
{
	for (size_t i = 0; i < NMODES; i++)
		if (!name || !strcmp(name, modes[i].name)) {
			modes[i].run();
			if (name)
				return 0;
		}
	return name ? -1 : 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 2 && !strcmp(argv[1], "-l")) {
		for (size_t i = 0; i < NMODES; i++)
			puts(modes[i].name);
		return 0;
	}
	if (!mkdtemp(dir))
		die(dir);
	if (argc < 2)
		failed = run_mode(NULL);
	for (int i = 1; i < argc && !failed; i++)
		failed = run_mode(argv[i]);
	rmdir(dir);
	if (failed)
		fprintf(stderr, "no such mode; -l lists them\n");
	return failed ? 2 : 0;
}
