/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways of a ring
 *
 * A trigger that does its things by requests, by every kind of ring that there is, and says of each who did it. It ends in
 * way_main(): TRIGGER list, or TRIGGER WAY DIR.
 */
#ifndef TRIGGER_URING_WAY_H
#define TRIGGER_URING_WAY_H

#include "truth.h"
#include "uring.h"
#include <limits.h>
#include <sys/stat.h>

enum { NAME_USER = 1, TRUNCATED = 4, IO_URING = 8 };

static char dir[PATH_MAX];
static struct ring ring;

static const struct way {
	const char *name;
	unsigned int setup;	/* of the ring */
	unsigned int sqe;	/* flags of each request */
	int linked;		/* each follows another */
} ways[] = {
	{ "plain", 0, 0, 0 },
	{ "async", 0, IOSQE_ASYNC, 0 },
	{ "linked", 0, 0, 1 },
	{ "sqpoll", IORING_SETUP_SQPOLL, 0, 0 },
	{ "sqpoll-async", IORING_SETUP_SQPOLL, IOSQE_ASYNC, 0 },
	{ "defer", SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN, 0, 0 },
	{ "defer-async", SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN, IOSQE_ASYNC, 0 },
};
static const struct way *way;

static inline const char *in_dir(const char *name)
{
	static char buf[8][2 * PATH_MAX];
	static int next;
	char *p = buf[next++ % 8];

	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

/* A request, behind another one where that is the way. */
static inline struct io_uring_sqe *request(unsigned int op, int fd, const void *addr)
{
	struct io_uring_sqe *e;

	if (way->linked) {
		e = ring_next(&ring);
		e->opcode = IORING_OP_NOP;
		e->flags = IOSQE_IO_LINK;
	}
	e = ring_next(&ring);
	e->opcode = (__u8)op;
	e->fd = fd;
	e->addr = (unsigned long)addr;
	e->flags = (__u8)way->sqe;
	return e;
}

static inline int run(void)
{
	unsigned int last = ring.next - 1;

	ring_run(&ring);
	return ring.res[last];
}

/* What every record says of who did it: the thread that submitted, but in its own name where a thread polls. */
static inline void done(const char *source, int flags)
{
	int poll = way->setup & IORING_SETUP_SQPOLL;

	truth_num("io_uring", 1);
	truth_num("hdr_flags", IO_URING | flags | (source && !strcmp(source, "user") ? NAME_USER : 0));
	if (source)
		truth_str("name_source", source);
	if (!poll)
		truth_num("tid", truth_tid());
	truth_num("start", (long long)truth_stat("self", 22));
	if (truth_cgroup())
		truth_num("cgroup", (long long)truth_cgroup());
	truth_num("uid", getuid());
	truth_num("euid", geteuid());
	truth_num("gid", getgid());
	truth_end();
}

/* 77 where this kernel has no such ring. */
static inline int way_main(int argc, char **argv, void (*all)(void))
{
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			puts(ways[i].name);
		return 0;
	}
	for (i = 0; argc == 3 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			way = &ways[i];
	if (!way || !realpath(argv[2], dir)) {
		fprintf(stderr, "usage: %s WAY DIR | %s list\n", argv[0], argv[0]);
		return 2;
	}
	umask(0);
	must(!chdir(dir), "chdir");
	if (ring_open(&ring, way->setup))
		return 77;
	all();
	return 0;
}

#endif
