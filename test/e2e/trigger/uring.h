/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring
 *
 * io_uring by its system calls: requests are taken with ring_next(), and ring_run() submits them and waits until all
 * have said what came of them.
 */
#ifndef TRIGGER_URING_H
#define TRIGGER_URING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_ENTRIES	64

/* Newer than some headers. */
enum { OP_FSETXATTR = 41, OP_SETXATTR = 42, OP_SOCKET = 45, OP_FTRUNCATE = 55, OP_BIND = 56, OP_LISTEN = 57 };
enum { SETUP_SINGLE_ISSUER = 1 << 12, SETUP_DEFER_TASKRUN = 1 << 13 };
enum { SQE_CQE_SKIP_SUCCESS = 1 << 6, CQE_MORE = 1 << 1, ACCEPT_MULTI = 1 };

struct ring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	unsigned int next, waiting;
	int res[RING_ENTRIES];		/* by user_data */
};

static inline int ring_open(struct ring *r, unsigned int flags)
{
	size_t sq, cq;

	memset(r, 0, sizeof(*r));
	r->p.flags = flags;
	r->p.sq_thread_idle = 2000;
	r->fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &r->p);
	if (r->fd < 0)
		return -1;
	sq = r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned int);
	cq = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->sq = mmap(NULL, sq, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, cq, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, RING_ENTRIES * sizeof(*r->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	if (r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->sqes == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return 0;
}

/* Whether this kernel has the operation. */
static inline int ring_has(const struct ring *r, unsigned int op)
{
	static union {
		struct io_uring_probe known;
		char room[sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op)];
	} u;

	memset(&u, 0, sizeof(u));
	if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_PROBE, &u.known, 256) < 0)
		return 0;
	return op < u.known.ops_len && u.known.ops[op].flags & IO_URING_OP_SUPPORTED;
}

/* An empty request; it is known by its place. */
static inline struct io_uring_sqe *ring_next(struct ring *r)
{
	struct io_uring_sqe *e = &r->sqes[r->next];

	memset(e, 0, sizeof(*e));
	e->user_data = r->next++;
	r->waiting++;
	return e;
}

static inline void ring_reap(struct ring *r)
{
	unsigned int *head = (void *)(r->cq + r->p.cq_off.head), *tail = (void *)(r->cq + r->p.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(r->cq + r->p.cq_off.cqes);

	while (*head != __atomic_load_n(tail, __ATOMIC_ACQUIRE)) {
		struct io_uring_cqe *c = &cqes[*head & (r->p.cq_entries - 1)];

		r->res[c->user_data] = c->res;
		r->waiting -= !(c->flags & CQE_MORE);
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	}
}

/* Without wait the requests are submitted and no more. */
static inline void ring_submit(struct ring *r, int wait)
{
	unsigned int *tail = (void *)(r->sq + r->p.sq_off.tail), *array = (void *)(r->sq + r->p.sq_off.array);
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0, n = r->next, i;

	for (i = 0; i < n; i++)
		array[(*tail + i) & (r->p.sq_entries - 1)] = i;
	__atomic_store_n(tail, *tail + n, __ATOMIC_RELEASE);
	if (r->p.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	r->next = 0;
	do {
		if (syscall(SYS_io_uring_enter, r->fd, n, wait ? 1 : 0, flags, NULL, 0) < 0 && errno != EINTR) {
			perror("io_uring_enter");
			exit(2);
		}
		n = 0;
		ring_reap(r);
	} while (wait && r->waiting);
}

static inline void ring_run(struct ring *r)
{
	ring_submit(r, 1);
}

#endif
