/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello PORT [uring|write|writev|sendfile]: connects to that port of loopback, sends a request of HTTP, by send, by a request
 * of io_uring or by another call, and prints what is true of it. Exit status 77: this kernel has no ring for us.
 */
#include "truth.h"
#include "uring.h"
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static long request(struct ring *r, unsigned int op, int fd, const void *addr, unsigned int len, unsigned long long off)
{
	struct io_uring_sqe *e = ring_next(r);

	e->opcode = (__u8)op;
	e->fd = fd;
	e->addr = (unsigned long)addr;
	e->len = len;
	e->off = off;
	ring_run(r);
	return r->res[0];
}

static const char text[] = "GET /by/program HTTP/1.1\r\nHost: program.example\r\n\r\n";

static long from_file(int fd)
{
	int file = memfd_create("hello", MFD_CLOEXEC);

	must(write(file, text, sizeof(text) - 1) == sizeof(text) - 1 && !lseek(file, 0, SEEK_SET), "memfd");
	return sendfile(fd, file, NULL, sizeof(text) - 1);
}

static long say(int fd, const char *how)
{
	struct iovec parts[] = {{(char *)text, 10}, {(char *)text + 10, sizeof(text) - 11}};

	if (!strcmp(how, "write"))
		return write(fd, text, sizeof(text) - 1);
	if (!strcmp(how, "writev"))
		return writev(fd, parts, 2);
	if (!strcmp(how, "sendfile"))
		return from_file(fd);
	return send(fd, text, sizeof(text) - 1, 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, local;
	socklen_t len = sizeof(local);
	struct ring r;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	must(argc > 1 && fd >= 0, "usage: hello PORT [uring|write|writev|sendfile]");
	a.sin_port = htons((unsigned short)atoi(argv[1]));
	if (argc > 2 && !strcmp(argv[2], "uring")) {
		if (ring_open(&r, 0))
			return 77;
		must(!request(&r, IORING_OP_CONNECT, fd, &a, 0, sizeof(a)), "connect");
		must(request(&r, IORING_OP_SEND, fd, text, sizeof(text) - 1, 0) == sizeof(text) - 1, "send");
	} else {
		must(!connect(fd, (void *)&a, sizeof(a)), "connect");
		must(say(fd, argc > 2 ? argv[2] : "send") == sizeof(text) - 1, "send");
	}
	must(!getsockname(fd, (void *)&local, &len), "getsockname");
	shutdown(fd, SHUT_WR);
	must(!read(fd, &c, 1), "the other end answers nothing");
	truth_begin("http", getpid(), 0);
	truth_str("local_ip", "127.0.0.1");
	truth_num("local_port", ntohs(local.sin_port));
	truth_str("peer_ip", "127.0.0.1");
	truth_num("peer_port", ntohs(a.sin_port));
	truth_str("data", text);
	truth_num("uid", getuid());
	truth_num("vpid", getpid());
	truth_end();
	return 0;
}
