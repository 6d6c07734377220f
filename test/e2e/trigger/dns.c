/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: DNS
 *
 * Asks a tiny server of its own on port 53 of loopback, each mode through another call, and both sides print
 * one JSON line of truth per message that left or reached them. Keys are the names of probes/events.def; `via`
 * is the call, `qname` the name asked for, `truncated` whether only the beginning of the message was sent. Where
 * port 53 is taken, or with -n, it all happens in a network namespace of its own. NOROSHI_DNS_PORT is another port.
 */
#include "as.h"
#include "uring.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_MAX	4096
#define BIG		1400	/* bytes of an answer to a name that begins with "big" */
#define CUT		20	/* bytes of a query in its first segment, where it has several */
#define CLIENTS_MAX	16	/* connections the server has open at once */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

static const char *via;		/* of the client */
static int dns_port = 53;

struct message {
	size_t len;
	uint8_t bytes[MESSAGE_MAX];
};

static void die(const char *what)
{
	perror(what);
	_exit(2);
}

static void lo4(struct sockaddr_in *a, int port)
{
	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void lo6(struct sockaddr_in6 *a, int port)
{
	*a = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback };
}

/* ---- truth ---- */

static void print_end(const char *name, int family, int port)
{
	printf(",\"%s_ip\":\"%s\",\"%s_port\":%d", name, family == AF_INET ? "127.0.0.1" : "::1", name, port);
}

static void print_qname(const struct message *m)
{
	size_t i = 12;

	printf(",\"qname\":\"");
	while (i < m->len && m->bytes[i] && i + m->bytes[i] < m->len) {
		printf("%s%.*s", i > 12 ? "." : "", m->bytes[i], (const char *)&m->bytes[i + 1]);
		i += m->bytes[i] + 1u;
	}
	printf("\"");
}

/* Of a cut message only the first n bytes. */
static void truth(int protocol, int egress, int family, int local, int peer, const struct message *m, size_t n)
{
	printf("{\"call\":\"dns\",\"via\":\"%s\",\"pid\":%d,\"tid\":%ld,\"protocol\":%d,\"egress\":%d", via, getpid(),
	       syscall(SYS_gettid), protocol, egress);
	print_end("local", family, local);
	print_end("peer", family, peer);
	print_qname(m);
	printf(",\"truncated\":%d,\"payload\":\"", n < m->len);
	for (size_t i = 0; i < n; i++)
		printf("%02x", m->bytes[i]);
	printf("\"}\n");
	fflush(stdout);
}

/* ---- messages ---- */

static void put16(struct message *m, unsigned int v)
{
	m->bytes[m->len++] = (uint8_t)(v >> 8);
	m->bytes[m->len++] = (uint8_t)v;
}

static void query(struct message *m, const char *name)
{
	static unsigned int id = 0x4e00;
	const char *dot;

	m->len = 0;
	put16(m, ++id);
	put16(m, 0x0100);	/* recursion desired */
	put16(m, 1);
	put16(m, 0);
	put16(m, 0);
	put16(m, 0);
	for (; *name; name = *dot ? dot + 1 : dot) {
		dot = strchrnul(name, '.');
		m->bytes[m->len++] = (uint8_t)(dot - name);
		memcpy(&m->bytes[m->len], name, (size_t)(dot - name));
		m->len += (size_t)(dot - name);
	}
	m->bytes[m->len++] = 0;
	put16(m, 1);	/* A */
	put16(m, 1);	/* IN */
}

static void answer(struct message *m)
{
	int big = !memcmp(&m->bytes[13], "big", 3);

	m->bytes[2] |= 0x80;
	m->bytes[7] = big ? 2 : 1;
	put16(m, 0xc00c);
	put16(m, 1);
	put16(m, 1);
	put16(m, 0);
	put16(m, 60);
	put16(m, 4);
	put16(m, 0x7f42);
	put16(m, 0x0606);
	if (!big)
		return;
	put16(m, 0xc00c);
	put16(m, 16);		/* TXT of one string after another */
	put16(m, 1);
	put16(m, 0);
	put16(m, 60);
	put16(m, (unsigned int)(BIG - m->len - 2));
	while (m->len < BIG) {
		size_t n = BIG - m->len - 1 < 255 ? BIG - m->len - 1 : 255;

		m->bytes[m->len++] = (uint8_t)n;
		memset(&m->bytes[m->len], 't', n);
		m->len += n;
	}
}

/* ---- the server ---- */

static int port_of(const struct sockaddr_storage *ss)
{
	return ntohs(((const struct sockaddr_in *)ss)->sin_port);
}

static void serve_udp(int fd, int family)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct message m;
	ssize_t n = recvfrom(fd, m.bytes, sizeof(m.bytes), 0, (void *)&ss, &len);

	if (n < 0)
		die("recvfrom");
	m.len = (size_t)n;
	truth(17, 0, family, dns_port, port_of(&ss), &m, m.len);
	answer(&m);
	if (sendto(fd, m.bytes, m.len, 0, (void *)&ss, len) < 0)
		die("sendto");
	truth(17, 1, family, dns_port, port_of(&ss), &m, m.len);
}

static int read_all(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n ? 0 : -1;
}

/* One message of a connection; -1 at its end. */
static int serve_tcp(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct message m;
	uint8_t prefix[2];
	struct iovec iov[2] = { { prefix, 2 } };
	ssize_t got;

	if (read_all(fd, prefix, 2))
		return -1;
	m.len = (size_t)prefix[0] << 8 | prefix[1];
	memset(m.bytes, 0, sizeof(m.bytes));
	if (m.len > sizeof(m.bytes) || getpeername(fd, (void *)&ss, &len))
		die("tcp");
	got = recv(fd, m.bytes, m.len, MSG_WAITALL);
	if (got <= 0)
		die("tcp");
	truth(6, 0, AF_INET, dns_port, port_of(&ss), &m, (size_t)got);
	if ((size_t)got < m.len)
		return -1;
	answer(&m);
	prefix[0] = (uint8_t)(m.len >> 8);
	prefix[1] = (uint8_t)m.len;
	iov[1] = (struct iovec){ m.bytes, m.len };
	if (writev(fd, iov, 2) < 0)
		die("writev");
	truth(6, 1, AF_INET, dns_port, port_of(&ss), &m, m.len);
	return 0;
}

static int server_socket(int family, int type)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	int fd = socket(family, type, 0), one = 1;

	lo4(&in, dns_port);
	lo6(&in6, dns_port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, family == AF_INET ? (void *)&in : (void *)&in6, family == AF_INET ? sizeof(in) : sizeof(in6)) ||
	    (type == SOCK_STREAM && (listen(fd, 4) || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))))
		die("port");
	return fd;
}

static void accept_client(int l, struct pollfd *p)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (p[i].fd < 0) {
			p[i].fd = accept(l, NULL, NULL);
			return;
		}
}

static void __attribute__((noreturn)) serve(int ready)
{
	struct pollfd p[3 + CLIENTS_MAX];

	via = "server";
	for (int i = 0; i < 3 + CLIENTS_MAX; i++)
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[0].fd = server_socket(AF_INET, SOCK_DGRAM);
	p[1].fd = server_socket(AF_INET6, SOCK_DGRAM);
	p[2].fd = server_socket(AF_INET, SOCK_STREAM);
	if (write(ready, "", 1) != 1)
		die("ready");
	for (;;) {
		if (poll(p, 3 + CLIENTS_MAX, -1) < 0)
			die("poll");
		if (p[0].revents)
			serve_udp(p[0].fd, AF_INET);
		if (p[1].revents)
			serve_udp(p[1].fd, AF_INET6);
		if (p[2].revents)
			accept_client(p[2].fd, p + 3);
		for (int i = 3; i < 3 + CLIENTS_MAX; i++)
			if (p[i].revents && serve_tcp(p[i].fd)) {
				close(p[i].fd);
				p[i].fd = -1;
			}
	}
}

/* ---- the client ---- */

static int local_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (void *)&ss, &len))
		die("getsockname");
	return port_of(&ss);
}

static int client(int family, int type, int connected)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	int fd = socket(family, type, 0), one = 1;

	lo4(&in, dns_port);
	lo6(&in6, dns_port);
	if (fd < 0 || (connected && connect(fd, family == AF_INET ? (void *)&in : (void *)&in6,
					    family == AF_INET ? sizeof(in) : sizeof(in6))) ||
	    (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))))
		die("client");
	return fd;
}

static void sent(int fd, int family, const struct message *m)
{
	truth(17, 1, family, local_port(fd), dns_port, m, m->len);
}

static void received(int fd, int family)
{
	struct message m;
	ssize_t n = recv(fd, m.bytes, sizeof(m.bytes), 0);

	if (n < 12)
		die("recv");
	m.len = (size_t)n;
	truth(17, 0, family, local_port(fd), dns_port, &m, m.len);
}

/* One query over UDP by the given call, and its answer. */
static void udp(int family, const char *name, int connected, ssize_t (*send_it)(int fd, struct message *m))
{
	int fd = client(family, SOCK_DGRAM, connected);
	struct message m;

	query(&m, name);
	if (send_it(fd, &m) != (ssize_t)m.len)
		die(via);
	sent(fd, family, &m);
	received(fd, family);
	close(fd);
}

static ssize_t by_sendto(int fd, struct message *m)
{
	struct sockaddr_in in;

	lo4(&in, dns_port);
	return sendto(fd, m->bytes, m->len, 0, (void *)&in, sizeof(in));
}

static ssize_t by_sendto6(int fd, struct message *m)
{
	struct sockaddr_in6 in6;

	lo6(&in6, dns_port);
	return sendto(fd, m->bytes, m->len, 0, (void *)&in6, sizeof(in6));
}

static ssize_t by_send(int fd, struct message *m)
{
	return send(fd, m->bytes, m->len, 0);
}

static ssize_t by_write(int fd, struct message *m)
{
	return write(fd, m->bytes, m->len);
}

static ssize_t by_writev(int fd, struct message *m)
{
	struct iovec iov[2] = { { m->bytes, 7 }, { m->bytes + 7, m->len - 7 } };

	return writev(fd, iov, 2);
}

/* A request of a ring; where there is none, a call. */
static ssize_t by_ring(int fd, struct message *m)
{
	static struct ring r;
	struct io_uring_sqe *e;

	if (!r.sqes && ring_open(&r, 0))
		return send(fd, m->bytes, m->len, 0);
	e = ring_next(&r);
	e->opcode = IORING_OP_SEND;
	e->fd = fd;
	e->addr = (unsigned long)m->bytes;
	e->len = (__u32)m->len;
	ring_run(&r);
	return r.res[0];
}

/* The name itself is split over vectors. */
static ssize_t by_sendmsg(int fd, struct message *m)
{
	struct iovec iov[4] = { { m->bytes, 5 }, { m->bytes + 5, 12 }, { m->bytes + 17, 1 }, { m->bytes + 18, m->len - 18 } };
	struct sockaddr_in in;
	struct msghdr h = { .msg_name = &in, .msg_namelen = sizeof(in), .msg_iov = iov, .msg_iovlen = 4 };

	lo4(&in, dns_port);
	return sendmsg(fd, &h, 0);
}

/* Four bytes of IP options before the ports. */
static ssize_t by_options(int fd, struct message *m)
{
	static const uint8_t nops[4] = { 1, 1, 1, 1 };

	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, nops, sizeof(nops)))
		die("IP_OPTIONS");
	return by_sendto(fd, m);
}

static void do_sendto(void)	{ udp(AF_INET, "sendto.noroshi.test", 0, by_sendto); }
static void do_sendto6(void)	{ udp(AF_INET6, "sendto6.noroshi.test", 0, by_sendto6); }
static void do_send(void)	{ udp(AF_INET, "send.noroshi.test", 1, by_send); }
static void do_write(void)	{ udp(AF_INET, "write.noroshi.test", 1, by_write); }
static void do_write6(void)	{ udp(AF_INET6, "write6.noroshi.test", 1, by_write); }
static void do_writev(void)	{ udp(AF_INET, "writev.noroshi.test", 1, by_writev); }
static void do_sendmsg(void)	{ udp(AF_INET, "sendmsg.noroshi.test", 0, by_sendmsg); }
static void do_uring(void)	{ udp(AF_INET, "uring.noroshi.test", 1, by_ring); }
static void do_options(void)	{ udp(AF_INET, "options.noroshi.test", 0, by_options); }
static void do_big(void)	{ udp(AF_INET, "big.noroshi.test", 0, by_sendto); }

static void do_sendmmsg(void)
{
	int fd = client(AF_INET, SOCK_DGRAM, 1);
	struct mmsghdr h[2] = {};
	struct message m[2];
	struct iovec iov[2];

	for (int i = 0; i < 2; i++) {
		query(&m[i], i ? "second.sendmmsg.noroshi.test" : "first.sendmmsg.noroshi.test");
		iov[i] = (struct iovec){ m[i].bytes, m[i].len };
		h[i].msg_hdr.msg_iov = &iov[i];
		h[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(fd, h, 2, 0) != 2)
		die(via);
	for (int i = 0; i < 2; i++)
		sent(fd, AF_INET, &m[i]);
	for (int i = 0; i < 2; i++)
		received(fd, AF_INET);
	close(fd);
}

/* Segmentation offload: two datagrams of one call, in one packet until the very end. */
static void do_gso(void)
{
	int fd = client(AF_INET, SOCK_DGRAM, 1), each;
	struct message a, b;
	struct iovec iov[2];

	query(&a, "one.gso.noroshi.test");
	query(&b, "two.gso.noroshi.test");
	each = (int)a.len;
	iov[0] = (struct iovec){ a.bytes, a.len };
	iov[1] = (struct iovec){ b.bytes, b.len };
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &each, sizeof(each)) || writev(fd, iov, 2) < 0)
		die(via);
	sent(fd, AF_INET, &a);
	sent(fd, AF_INET, &b);
	received(fd, AF_INET);
	received(fd, AF_INET);
	close(fd);
}

static void *sendto_in_thread(void *arg)
{
	do_sendto();
	return arg;
}

static void do_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, sendto_in_thread, NULL))
		die("pthread_create");
	pthread_join(t, NULL);
}

/* Opened and connected by one process, used by another. */
static void do_inherited(void)
{
	int fd = client(AF_INET, SOCK_DGRAM, 1), status;
	struct message m;
	pid_t pid = fork();

	if (!pid) {
		query(&m, "inherited.noroshi.test");
		if (by_write(fd, &m) < 0)
			die(via);
		sent(fd, AF_INET, &m);
		received(fd, AF_INET);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	close(fd);
}

/* ---- TCP ---- */

static void tcp_sent(int fd, const struct message *m, size_t n)
{
	truth(6, 1, AF_INET, local_port(fd), dns_port, m, n);
}

static void tcp_received(int fd)
{
	struct message m;
	uint8_t prefix[2];

	if (read_all(fd, prefix, 2))
		die("tcp answer");
	m.len = (size_t)prefix[0] << 8 | prefix[1];
	if (m.len > sizeof(m.bytes) || read_all(fd, m.bytes, m.len))
		die("tcp answer");
	truth(6, 0, AF_INET, local_port(fd), dns_port, &m, m.len);
}

/* With its length before it. */
static size_t framed(uint8_t *at, const struct message *m)
{
	at[0] = (uint8_t)(m->len >> 8);
	at[1] = (uint8_t)m->len;
	memcpy(at + 2, m->bytes, m->len);
	return m->len + 2;
}

/* A segment per piece; 0 ends the list, the rest goes in one. */
static void tcp(const char *name, const size_t *pieces)
{
	int fd = client(AF_INET, SOCK_STREAM, 1);
	uint8_t frame[MESSAGE_MAX + 2];
	struct message m;
	size_t len, at = 0;

	query(&m, name);
	len = framed(frame, &m);
	for (; *pieces; at += *pieces++)
		if (write(fd, frame + at, *pieces) != (ssize_t)*pieces)
			die(via);
	if (write(fd, frame + at, len - at) != (ssize_t)(len - at))
		die(via);
	tcp_sent(fd, &m, m.len);
	tcp_received(fd);
	close(fd);
}

static void do_tcp(void)	{ tcp("tcp.noroshi.test", (const size_t[]){ 0 }); }
static void do_tcp_prefix(void)	{ tcp("prefix.tcp.noroshi.test", (const size_t[]){ 2, 0 }); }
static void do_tcp_half(void)	{ tcp("half.tcp.noroshi.test", (const size_t[]){ 1, 1, 0 }); }
static void do_tcp_cut(void)	{ tcp("cut.tcp.noroshi.test", (const size_t[]){ 2 + CUT, 0 }); }
static void do_tcp_pieces(void)	{ tcp("pieces.tcp.noroshi.test", (const size_t[]){ 1, 4, 1, 9, 3, 1, 7, 0 }); }
static void do_tcp_big(void)	{ tcp("big.tcp.noroshi.test", (const size_t[]){ 0 }); }

/* Its rest never comes. */
static void do_tcp_unfinished(void)
{
	int fd = client(AF_INET, SOCK_STREAM, 1);
	uint8_t frame[MESSAGE_MAX + 2];
	struct message m;

	query(&m, "unfinished.tcp.noroshi.test");
	framed(frame, &m);
	if (write(fd, frame, 2 + CUT) != 2 + CUT)
		die(via);
	memset(m.bytes + CUT, 0, sizeof(m.bytes) - CUT);
	shutdown(fd, SHUT_WR);
	tcp_sent(fd, &m, CUT);
	recv(fd, frame, 1, 0);	/* until the server has seen it and closed */
	close(fd);
}

/* Two in one segment, then a third that shows that its place is still known. */
static void do_tcp_three(void)
{
	int fd = client(AF_INET, SOCK_STREAM, 1);
	uint8_t frames[2 * (MESSAGE_MAX + 2)];
	struct message m[3];
	size_t len;

	query(&m[0], "one.tcp.noroshi.test");
	query(&m[1], "another.tcp.noroshi.test");
	query(&m[2], "third.tcp.noroshi.test");
	len = framed(frames, &m[0]);
	len += framed(frames + len, &m[1]);
	if (write(fd, frames, len) != (ssize_t)len)
		die(via);
	tcp_sent(fd, &m[0], m[0].len);
	tcp_sent(fd, &m[1], m[1].len);
	tcp_received(fd);
	tcp_received(fd);
	len = framed(frames, &m[2]);
	if (write(fd, frames, len) != (ssize_t)len)
		die(via);
	tcp_sent(fd, &m[2], m[2].len);
	tcp_received(fd);
	close(fd);
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "sendto", do_sendto }, { "sendto6", do_sendto6 }, { "send", do_send }, { "write", do_write },
	{ "write6", do_write6 }, { "writev", do_writev }, { "sendmsg", do_sendmsg }, { "sendmmsg", do_sendmmsg },
	{ "uring", do_uring }, { "options", do_options }, { "big", do_big }, { "gso", do_gso }, { "thread", do_thread },
	{ "inherited", do_inherited }, { "tcp", do_tcp }, { "tcp_prefix", do_tcp_prefix }, { "tcp_half", do_tcp_half },
	{ "tcp_cut", do_tcp_cut }, { "tcp_pieces", do_tcp_pieces }, { "tcp_unfinished", do_tcp_unfinished }, { "tcp_big", do_tcp_big }, { "tcp_three", do_tcp_three },
};

#define NMODES (sizeof(modes) / sizeof(modes[0]))

static int run_mode(const char *name)
{
	int found = 0;

	for (size_t i = 0; i < NMODES; i++)
		if (!name || !strcmp(name, modes[i].name)) {
			via = modes[i].name;
			modes[i].run();
			found = 1;
		}
	return found ? 0 : -1;
}

static int port_taken(void)
{
	struct sockaddr_in in;
	int taken = 0;

	lo4(&in, dns_port);
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int fd = socket(AF_INET, type, 0);

		taken |= bind(fd, (void *)&in, sizeof(in)) != 0;
		close(fd);
	}
	return taken;
}

static void own_namespace(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("lo");
	close(fd);
}

static pid_t start_server(void)
{
	char c;
	pid_t pid;
	int ready[2];

	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (!pid)
		serve(ready[1]);
	close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		die("server");
	close(ready[0]);
	return pid;
}

int main(int argc, char **argv)
{
	static char buffer[64 << 10];	/* a line is written whole: the server prints too */
	int failed = 0, first = 1;
	pid_t server;

	if (argc == 2 && !strcmp(argv[1], "-l")) {
		for (size_t i = 0; i < NMODES; i++)
			puts(modes[i].name);
		return 0;
	}
	if (getenv("NOROSHI_DNS_PORT"))
		dns_port = atoi(getenv("NOROSHI_DNS_PORT"));
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if ((argc > 1 && !strcmp(argv[1], "-n")) || port_taken())
		own_namespace();
	first += argc > 1 && !strcmp(argv[1], "-n");
	server = start_server();
	if (first >= argc)
		failed = run_mode(NULL);
	for (int i = first; i < argc && !failed; i++)
		failed = run_mode(argv[i]);
	usleep(50000);	/* the server's last line */
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	if (failed)
		fprintf(stderr, "no such mode; -l lists them\n");
	return failed ? 2 : 0;
}
