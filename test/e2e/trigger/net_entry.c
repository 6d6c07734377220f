/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: other ways to connect
 *
 * TCP connections on loopback that no connect(2) makes: by io_uring, and by the first bytes themselves (fast
 * open). One JSON line of truth each; keys as in probes/events.def, `io_uring` as the event's mark. Exit status
 * 77: this kernel has no io_uring for us.
 */
#include "as.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int listener(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (void *)a, len) || listen(fd, 2) || getsockname(fd, (void *)a, &len))
		die("listen");
	return fd;
}

static void truth(const struct sockaddr_in *peer, int fd, int res, int io_uring)
{
	printf("{\"call\":\"connect\",\"pid\":%d,\"tid\":%ld,\"res\":%d,\"fd\":%d,\"family\":2,\"type\":1,\"protocol\":6",
	       getpid(), syscall(SYS_gettid), res, fd);
	printf(",\"local_ip\":\"127.0.0.1\",\"peer_ip\":\"127.0.0.1\",\"peer_port\":%d,\"io_uring\":%d}\n",
	       ntohs(peer->sin_port), io_uring);
	fflush(stdout);
}

static void by_fast_open(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || sendto(fd, "x", 1, MSG_FASTOPEN, (void *)to, sizeof(*to)) < 0)
		die("MSG_FASTOPEN");
	truth(to, -1, -EINPROGRESS, 0);
	close(fd);
}

struct ring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqe;
};

static int ring_open(struct ring *r)
{
	size_t sq, cq;

	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 1, &r->p);
	if (r->fd < 0)
		return -1;
	sq = r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned int);
	cq = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->sq = mmap(NULL, sq, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, cq, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, sizeof(*r->sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->sqe == MAP_FAILED)
		die("mmap");
	return 0;
}

/* Submits the one entry and waits; its result. */
static int ring_run(struct ring *r)
{
	unsigned int *tail = (void *)(r->sq + r->p.sq_off.tail), *array = (void *)(r->sq + r->p.sq_off.array);
	unsigned int *head = (void *)(r->cq + r->p.cq_off.head);
	struct io_uring_cqe *cqe = (void *)(r->cq + r->p.cq_off.cqes);

	array[*tail & (r->p.sq_entries - 1)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		die("io_uring_enter");
	cqe += *head & (r->p.cq_entries - 1);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return cqe->res;
}

static void by_io_uring(struct ring *r, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	*r->sqe = (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (unsigned long)to, .off = sizeof(*to) };
	errno = -ring_run(r);
	if (errno)
		die("IORING_OP_CONNECT");
	truth(to, fd, 0, 1);
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a;
	struct ring r;
	int l = listener(&a);

	(void)argc;
	(void)argv;
	by_fast_open(&a);
	if (ring_open(&r))
		return 77;
	by_io_uring(&r, &a);
	close(r.fd);
	close(l);
	return 0;
}
