/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/sensor.h"
#include "sensor/files.h"
#include "sensor/host.h"
#include "sensor/load.h"
#include "sensor/snapshot.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/resident.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LOAD_BYTES (16u << 20)	/* libbpf has the kernel's types twice, 6 MiB each */
#define NAME "noroshi-sensor"
#define QUIET_MS 10000	/* so long without a request: a count of what the kernel skipped is no alarm clock, nor is detaching urgent */

struct sensor {
	int fd;				/* to the agent */
	struct needs needs;
	struct sensor_state *state;
	struct load *load;
	struct sensor_report report;
	int fds[SENSOR_FD_MAX];
	int files;			/* our end of SENSOR_FD_FILES */
};

/* Our own command line, so that ps names us: fields 48 and 49 of /proc/self/stat say where it lies. */
static void rename_self(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/self/stat", "re");
	unsigned long start = 0, end = 0;
	char text[2048], *p;
	size_t n;

	prctl(PR_SET_NAME, NAME, 0, 0, 0);
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	p = strrchr(text, ')');
	for (unsigned int field = 2; p && field < 48; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%lu %lu", &start, &end) != 2 || !start || end <= start + 1)
		return;
	memset((void *)start, 0, end - start);
	memcpy((void *)start, NAME, sizeof(NAME) < end - start ? sizeof(NAME) : end - start - 1);
}

/* The terminal's and the service manager's signals are for the agent; it tells us by closing the socket. */
static void own_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP};
	sigset_t none;

	for (unsigned int i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Keeps nothing of the agent's open but standard error and the socket: a reader of its output must see its end. */
static int own_files(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	if (dup2(fd, 3) < 0)
		return -errno;
	fcntl(3, F_SETFD, FD_CLOEXEC);
	if (syscall(SYS_close_range, 4u, ~0u, 0u) < 0) {
		for (int i = 4; i < 1024; i++)	/* 5.8 has no close_range */
			close(i);
	}
	return 3;
}

static void own_limits(struct sensor_state *state)
{
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

	/* Before 5.11 maps are charged to it; later a refusal means nothing. */
	if (setrlimit(RLIMIT_MEMLOCK, &r) < 0 && host_older_than(5, 11))
		sensor_note(state, "cannot raise RLIMIT_MEMLOCK: %s", strerror(errno));
}

static int memory_file(const char *name, size_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd < 0 ? -errno : fd;
}

/*
 * Mapped once for writing, by us, and never again: we go by what stands in there, and the agent, which gets the
 * descriptor, parses foreign bytes. Nor can it be made shorter below our feet.
 */
static int make_state(struct sensor *s)
{
	int fd = memory_file("noroshi-state", sizeof(*s->state));
	void *p;

	if (fd < 0)
		return fd;
	s->fds[SENSOR_FD_STATE] = fd;
	p = mmap(NULL, sizeof(*s->state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	s->state = p;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

/* Before anything is attached: programs that find no bit set send nothing. other: whose doings are not reported either. */
static int set_control(struct sensor *s, int map, pid_t other)
{
	struct wire_control c = {
		.want = s->needs.want,
		.self = {(uint32_t)getpid(), (uint32_t)other},
		.rate = s->needs.rate,
		.burst = s->needs.burst,
	};
	uint32_t zero = 0;

	memcpy(c.dns_ports, s->needs.dns_ports, sizeof(c.dns_ports));
	memcpy(c.opens, s->needs.opens, sizeof(s->needs.opens));
	memcpy(c.refuse, s->needs.refuse, sizeof(c.refuse));
	programs_calls((uint64_t *)c.calls, &s->needs);
	return bpf_map_update_elem(map, &zero, &c, BPF_ANY);
}

static int find_maps(struct sensor *s)
{
	static const char *const name[] = {
		[SENSOR_FD_CRITICAL] = "ring_critical",
		[SENSOR_FD_BULK] = "ring_bulk",
		[SENSOR_FD_COUNTERS] = "counters",
		[SENSOR_FD_CONTROL] = "control",
		[SENSOR_FD_GROUPS] = "groups",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(name); i++) {
		struct bpf_map_info info = {};
		__u32 n = sizeof(info);
		int r;

		s->fds[i] = load_map(s->load, name[i]);
		r = bpf_obj_get_info_by_fd(s->fds[i], &info, &n);
		if (r < 0) {
			snprintf(s->report.text, sizeof(s->report.text), "map %s: %s", name[i], strerror(-r));
			return r;
		}
		if (i <= SENSOR_FD_BULK)
			s->report.bytes[i] = info.max_entries;
		if (i == SENSOR_FD_COUNTERS)
			s->report.cpus = info.max_entries / EVENT_MAX;
	}
	return 0;
}

/* In the place of the agent, which does nothing but wait for the report until then. */
static void on_helper(void *ctx, pid_t pid)
{
	struct sensor *s = ctx;

	set_control(s, s->fds[SENSOR_FD_CONTROL], pid ? pid : getppid());
}

static void take_snapshot(struct sensor *s)
{
	struct snapshot_options o = {.env = s->needs.want & WANT_ENV, .helper = on_helper, .ctx = s};
	struct snapshot_stats stats = {};

	_cleanup_(closep) int iterator = load_iterator(s->load, PROGRAM_tasks__iter);
	int64_t n;

	if (iterator < 0) {
		sensor_note(s->state, "processes that were there before are unknown: no task iterator: %s", strerror(-iterator));
		return;
	}
	n = snapshot_take(iterator, s->fds[SENSOR_FD_SNAPSHOT], &o, &stats);
	if (n < 0)
		sensor_note(s->state, "processes that were there before are unknown: %s", strerror((int)-n));
	else
		s->report.snapshot = (uint64_t)n;
	if (stats.given_up)
		sensor_note(s->state, "%u processes that were there before are known in part: reading their command lines took "
			    "too long", stats.given_up);
}

static int make_files(struct sensor *s)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	s->files = pair[0];
	s->fds[SENSOR_FD_FILES] = pair[1];
	return 0;
}

/* Findings do without the hashes of executables where no thread can be had. */
static void serve_files(struct sensor *s)
{
	int r = files_serve(s->files);

	if (r < 0)
		sensor_note(s->state, "executables cannot be opened for their hashes: no thread: %s", strerror(-r));
	close(take_fd(s->fds[SENSOR_FD_FILES]));	/* the agent's: without it we would not see its end */
}

/* What can be done before it is known what is needed. 0, or -errno with report.text set, perhaps. */
static int prepare(struct sensor *s)
{
	int r = host_check(s->report.text);

	if (r < 0)
		return r;
	r = make_state(s);
	if (r < 0)
		return r;
	s->fds[SENSOR_FD_SNAPSHOT] = memory_file("noroshi-snapshot", 0);
	if (s->fds[SENSOR_FD_SNAPSHOT] < 0)
		return s->fds[SENSOR_FD_SNAPSHOT];
	r = make_files(s);
	if (r < 0)
		return r;
	own_limits(s->state);
	resident_expect(LOAD_BYTES);
	return load_new(&s->load, s->state);
}

/* The first request. False: the agent is gone, or needs nobody. */
static bool hear_needs(struct sensor *s)
{
	struct sensor_request request;
	ssize_t n;

	do
		n = recv(s->fd, &request, sizeof(request), 0);
	while (n < 0 && errno == EINTR);
	s->needs = request.needs;
	return n == sizeof(request) && request.command == SENSOR_NEEDS;
}

/* From there to the first event. 0, or -errno with report.text set, perhaps. */
static int begin(struct sensor *s)
{
	int r = load_begin(s->load, &s->needs, s->report.text);

	if (r < 0)
		return r;
	r = find_maps(s);
	if (r < 0)
		return r;
	r = set_control(s, s->fds[SENSOR_FD_CONTROL], getppid());
	if (r < 0)
		return r;
	load_attach(s->load);
	/* Fork, exec and exit are reported by now: a process that the iterator misses is one of theirs. */
	take_snapshot(s);
	load_settle(s->load);
	return 0;
}

static int send_report(struct sensor *s)
{
	union {
		char bytes[CMSG_SPACE(sizeof(s->fds))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = {&s->report, sizeof(s->report)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (!s->report.error) {
		struct cmsghdr *c;

		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(s->fds));
		memcpy(CMSG_DATA(c), s->fds, sizeof(s->fds));
	}
	return sendmsg(s->fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/*
 * Until the agent says stop or is gone. What rules no longer need is detached once they have been left alone for a
 * while: who tries rules out reloads often, and each time the old ones may be back.
 */
static void serve(struct sensor *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	bool trimming = false;

	for (;;) {
		struct sensor_request request;
		ssize_t n;
		int r = poll(&p, 1, trimming ? 0 : QUIET_MS);

		if (r == 0) {
			trimming = load_trim(s->load);
			if (trimming)
				continue;
		}
		load_poll_missed(s->load);
		load_repair(s->load);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;	/* helpers that hung */
		if (r == 0 || (r < 0 && errno == EINTR))
			continue;
		n = recv(s->fd, &request, sizeof(request), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(request) || request.command != SENSOR_NEEDS)
			return;	/* told to stop, or nobody is there any more */
		trimming = false;
		load_needs(s->load, &request.needs);
		resident_trim();
		(void)!send(s->fd, "", 1, MSG_NOSIGNAL);
	}
}

_Noreturn void sensor_main(int fd)
{
	static struct sensor s;
	pid_t parent = getppid();

	/* Whatever happens to the agent, probes without a reader must not stay. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	own_signals();
	rename_self();
	s.fd = own_files(fd);
	if (s.fd < 0)
		_exit(1);
	s.report.error = prepare(&s);
	if (!hear_needs(&s))
		_exit(0);
	if (!s.report.error)
		s.report.error = begin(&s);
	if (s.report.error && !s.report.text[0])
		snprintf(s.report.text, sizeof(s.report.text), "the sensor cannot start: %s", strerror(-s.report.error));
	if (send_report(&s) == 0 && !s.report.error) {
		serve_files(&s);
		resident_trim();	/* libbpf has read all of the kernel's types and of the probes */
		serve(&s);
	}
	_exit(0);	/* links are not destroyed one by one: that takes 50 ms each, and the kernel does it anyway */
}
