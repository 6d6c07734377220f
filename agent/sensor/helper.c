/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/helper.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define RESULT_MAX (1u << 20)
#define REAP_MS 100	/* a child that hangs in the kernel is gone when the kernel lets go of it */

/* What a child that outlives us keeps open would keep our programs in the kernel. */
static void keep_only(int fd)
{
	if (fd != 3)
		dup2(fd, 3);
	if (syscall(SYS_close_range, 4u, ~0u, 0u) < 0) {
		for (int i = 4; i < 1024; i++)	/* 5.8 has no close_range */
			close(i);
	}
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

static _Noreturn void live(const struct helper *h, int fd, pid_t parent, size_t from)
{
	struct buf out = {.max = RESULT_MAX};
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	keep_only(fd);
	if (recv(3, &go, 1, 0) != 1)
		_exit(1);
	for (size_t i = from; i < h->n; i++) {
		uint64_t n;

		buf_reset(&out);
		h->work(h->ctx, i, &out);
		n = buf_error(&out) ? 0 : out.n;
		if (!send_all(3, (const char *)&n, sizeof(n)) || !send_all(3, out.p, n))
			_exit(1);
	}
	_exit(0);
}

/* Whole results, from the front of what came. */
static void take_results(const struct helper *h, struct buf *in, size_t *at)
{
	size_t used = 0;
	uint64_t n;

	while (*at < h->n && in->n - used >= sizeof(n)) {
		memcpy(&n, in->p + used, sizeof(n));
		if (n > in->n - used - sizeof(n))
			break;
		h->result(h->ctx, (*at)++, in->p + used + sizeof(n), n);
		used += sizeof(n) + n;
	}
	memmove(in->p, in->p + used, in->n - used);
	in->n -= used;
}

/* Until all is done, or nothing comes any more. */
static void collect(const struct helper *h, int fd, size_t *at)
{
	struct buf in = {.max = 2 * RESULT_MAX};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	static char part[65536];

	while (*at < h->n && !buf_error(&in)) {
		int r = poll(&p, 1, HELPER_DEADLINE_MS);
		ssize_t n;

		if (r < 0 && errno == EINTR)
			continue;
		n = r > 0 ? recv(fd, part, sizeof(part), MSG_DONTWAIT) : 0;
		if (n <= 0)
			break;
		buf_add(&in, part, (size_t)n);
		take_results(h, &in, at);
	}
	buf_free(&in);
}

static void end(pid_t pid)
{
	uint64_t until = clock_boot_ns() + REAP_MS * NSEC_PER_MSEC;
	const struct timespec pause = {.tv_nsec = NSEC_PER_MSEC};

	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0 && clock_boot_ns() < until)
		nanosleep(&pause, NULL);
}

static int run_child(const struct helper *h, size_t *at)
{
	pid_t self = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (!pid)
		live(h, pair[1], self, *at);
	close(pair[1]);
	if (pid > 0) {
		if (h->child)
			h->child(h->ctx, pid);
		if (send(pair[0], "", 1, MSG_NOSIGNAL) == 1)
			collect(h, pair[0], at);
		end(pid);
		if (h->child)
			h->child(h->ctx, 0);
	}
	close(pair[0]);
	return pid < 0 ? -EAGAIN : 0;
}

int64_t helper_run(const struct helper *h)
{
	int64_t given_up = 0;
	int r;

	for (size_t at = 0; at < h->n;) {
		r = given_up < HELPERS_MAX ? run_child(h, &at) : 0;
		if (r < 0)
			return r;
		if (at < h->n) {
			h->result(h->ctx, at++, NULL, 0);
			given_up++;
		}
	}
	return given_up;
}
