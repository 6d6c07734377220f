/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/handover.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define START_TIMEOUT_MS 120000	/* an emulated machine takes seconds; a hung sensor must not hang us for ever */
#define EXIT_TIMEOUT_MS 15000	/* the kernel detaches tracepoints one by one, some 50 ms each */

bool handover_reap(struct handover *h, int ms, int *status)
{
	const struct timespec pause = {.tv_nsec = 2 * NSEC_PER_MSEC};
	uint64_t until = clock_boot_ns() + (uint64_t)ms * NSEC_PER_MSEC;
	pid_t r;

	while (h->pid > 0) {
		r = waitpid(h->pid, status, WNOHANG);
		if (r == h->pid || (r < 0 && errno != EINTR)) {
			h->pid = 0;
			break;
		}
		if (clock_boot_ns() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* 0, -EPIPE when the sensor died without a word, -ETIMEDOUT. */
static int receive_report(struct handover *h)
{
	union {
		char bytes[CMSG_SPACE(sizeof(h->fds))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = {&h->report, sizeof(h->report)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	struct pollfd p = {.fd = h->sensor, .events = POLLIN};
	struct cmsghdr *c;
	ssize_t n;
	int r;

	do
		r = poll(&p, 1, START_TIMEOUT_MS);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r ? -errno : -ETIMEDOUT;
	do
		n = recvmsg(h->sensor, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != sizeof(h->report))
		return -EPIPE;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(h->fds)))
		memcpy(h->fds, CMSG_DATA(c), sizeof(h->fds));
	return h->report.error || h->fds[0] >= 0 ? 0 : -EPIPE;
}

static const void *map_shared(int fd, size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int map_all(struct handover *h)
{
	int r = 0;

	for (unsigned int i = 0; i < 2 && !r; i++)
		r = ring_map(&h->ring[i], h->fds[SENSOR_FD_CRITICAL + i], h->report.bytes[i]);
	if (r < 0)
		return r;
	h->counters_bytes = h->report.cpus * EVENT_MAX * sizeof(struct wire_counter);
	h->counters = map_shared(h->fds[SENSOR_FD_COUNTERS], h->counters_bytes, PROT_READ);
	h->control = (void *)map_shared(h->fds[SENSOR_FD_CONTROL], sizeof(*h->control), PROT_READ | PROT_WRITE);
	h->groups = map_shared(h->fds[SENSOR_FD_GROUPS], GROUPS_MAX * sizeof(*h->groups), PROT_READ);
	h->state = map_shared(h->fds[SENSOR_FD_STATE], sizeof(*h->state), PROT_READ);
	return h->counters && h->control && h->groups && h->state ? 0 : -errno;
}

static int start_sensor(struct handover *h)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fflush(NULL);	/* what is buffered must not be written twice */
	h->pid = fork();
	if (h->pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return h->pid = 0, -errno;
	}
	if (!h->pid) {
		close(pair[0]);
		sensor_main(pair[1]);
	}
	close(pair[1]);
	h->sensor = pair[0];
	return 0;
}

int handover_fork(struct handover *h, char error[512])
{
	int r;

	memset(h, 0, sizeof(*h));
	h->sensor = -1;
	for (unsigned int i = 0; i < SENSOR_FD_MAX; i++)
		h->fds[i] = -1;
	r = start_sensor(h);
	if (r < 0)
		snprintf(error, 512, "the sensor process did not start: %s", strerror(-r));
	return r;
}

int handover_begin(struct handover *h, const struct needs *needs, char error[512])
{
	struct sensor_request request = {.command = SENSOR_NEEDS, .needs = *needs};
	int r;

	/* One that is dead has left its reason. */
	(void)!send(h->sensor, &request, sizeof(request), MSG_NOSIGNAL);
	r = receive_report(h);
	if (r < 0)
		snprintf(error, 512, "the sensor process did not start: %s", strerror(-r));
	else if (h->report.error) {
		r = h->report.error;
		snprintf(error, 512, "%s", h->report.text);
	} else {
		r = map_all(h);
		if (r < 0)
			snprintf(error, 512, "cannot map what the sensor handed over: %s", strerror(-r));
	}
	if (r < 0)
		handover_end(h);
	return r;
}

void handover_stop(struct handover *h)
{
	struct sensor_request request = {.command = SENSOR_STOP};

	if (h->sensor < 0)
		return;
	(void)!send(h->sensor, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(take_fd(h->sensor));	/* should the request not fit: this says the same */
}

void handover_end(struct handover *h)
{
	int status;

	handover_stop(h);
	if (!handover_reap(h, EXIT_TIMEOUT_MS, &status)) {
		kill(h->pid, SIGKILL);	/* it hangs; should even that not help, it dies with us */
		handover_reap(h, 1000, &status);
	}
	for (unsigned int i = 0; i < 2; i++)
		ring_unmap(&h->ring[i]);
	if (h->counters)
		munmap((void *)take(h->counters), h->counters_bytes);
	if (h->groups)
		munmap((void *)take(h->groups), GROUPS_MAX * sizeof(*h->groups));
	if (h->control)
		munmap(take(h->control), sizeof(*h->control));
	if (h->state)
		munmap((void *)take(h->state), sizeof(*h->state));
	for (unsigned int i = 0; i < SENSOR_FD_MAX; i++)
		closep(&h->fds[i]);
}
