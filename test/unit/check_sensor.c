/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live sensor, from start to the last trace of it: what is seen, what is
 * counted, what is left behind. Needs root and BPF; skipped without.
 */
#include "event/attr.h"
#include "sensor/handover.h"
#include "sensor/privileges.h"
#include "sensor/source.h"
#include "util/clock.h"
#include <bpf/bpf.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>

#define PATIENCE_NS (120 * NSEC_PER_SEC)	/* no measure of speed: only so that a failure ends */

/* What a run saw. */
struct seen {
	uv_loop_t loop;
	struct source *s;
	pid_t child;		/* whose records are looked for */
	bool snapshot_self, exec, exit, exit_before_exec, open;
	char exe[256], argv0[256], opened[256];
	uint64_t records[EVENT_MAX];
	uint64_t snapshot, idle;
	unsigned int ends;
	int end_error;
	char end_why[256];
};

static void copy(char dst[256], const void *rec, struct wire_blob b)
{
	snprintf(dst, 256, "%.*s", (int)b.len, (const char *)rec + b.off);
}

static void on_record(void *ctx, const void *rec, size_t n)
{
	const struct wire_hdr *h = rec;
	struct seen *x = ctx;

	ck_assert_uint_eq(h->size, n);
	ck_assert_uint_lt(h->type, EVENT_MAX);
	if (h->type == EVENT_EXEC && h->flags & WIRE_SNAPSHOT) {
		x->snapshot++;
		if (h->tgid == (uint32_t)getpid()) {
			x->snapshot_self = true;
			copy(x->argv0, rec, ((const struct wire_exec *)rec)->argv);
		}
		return;
	}
	if (h->type == EVENT_CGROUP && !x->idle)
		return;	/* of the snapshot, or of a ring: not told apart here */
	x->records[h->type]++;
	if (!x->child || h->tgid != (uint32_t)x->child)
		return;
	if (h->type == EVENT_EXEC && h->res == 0) {
		x->exec = true;
		x->exit_before_exec = x->exit;
		copy(x->exe, rec, ((const struct wire_exec *)rec)->exe);
	}
	if (h->type == EVENT_OPEN && h->res >= 0 && !x->open) {
		copy(x->opened, rec, ((const struct wire_open *)rec)->name);
		x->open = strstr(x->opened, "noroshi-check-sensor") != NULL;
	}
	if (h->type == EVENT_EXIT)
		x->exit = true;
}

static void on_idle(void *ctx)
{
	((struct seen *)ctx)->idle++;
}

static void on_end(void *ctx, int error, const char *why)
{
	struct seen *x = ctx;

	x->ends++;
	x->end_error = error;
	snprintf(x->end_why, sizeof(x->end_why), "%s", why ? why : "");
}

static const struct needs *needs_of(bool all)
{
	static struct needs needs;

	memset(&needs, 0, sizeof(needs));
	needs.call[CALL_EXECVE] = needs.call[CALL_OPENAT] = needs.call[CALL_CONNECT] = true;
	/* but write: what every process of the machine writes would fill the ring; its program is loaded for sendfile as well */
	for (unsigned int c = CALL_NONE + 1; all && c < CALL_MAX; c++)
		needs.call[c] = call_table[c].type != EVENT_WRITE;
	needs.want = WANT_OPEN_READ;
	return &needs;
}

static void new_source(struct seen *x, bool all)
{
	char error[512] = "";
	int r = source_kernel_new(&x->s, needs_of(all), error);

	ck_assert_msg(r == 0, "%d: %s", r, error);
	ck_assert_str_eq(x->s->ops->name, "kernel");
}

static void begin(struct seen *x)
{
	struct source_handler h = {on_record, on_idle, on_end, x};

	ck_assert_int_eq(uv_loop_init(&x->loop), 0);
	ck_assert_int_eq(x->s->ops->start(x->s, &x->loop, &h), 0);
}

static void end(struct seen *x)
{
	x->s->ops->stop(x->s);
	x->s->ops->stop(x->s);
	x->s = x->s->ops->free(x->s);
	ck_assert_ptr_null(x->s);
	ck_assert_int_eq(uv_run(&x->loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&x->loop), 0);
}

/* Runs the loop until *done, or the test has waited for too long. */
static void run_until(struct seen *x, const bool *done)
{
	uint64_t until = clock_boot_ns() + PATIENCE_NS;

	while (!*done && clock_boot_ns() < until)
		uv_run(&x->loop, UV_RUN_ONCE);
}

static json_t *coverage(struct seen *x)
{
	json_t *j = x->s->ops->coverage(x->s);

	ck_assert_ptr_nonnull(j);
	return j;
}

static const char *text_at(json_t *j, const char *a, const char *b, const char *c)
{
	j = json_object_get(json_object_get(j, a), b);
	return json_string_value(c ? json_object_get(j, c) : j);
}

static pid_t sensor_pid(struct seen *x)
{
	json_t *j = coverage(x);
	pid_t pid = (pid_t)json_integer_value(json_object_get(json_object_get(j, "sensor"), "pid"));

	json_decref(j);
	ck_assert_int_gt(pid, 1);
	return pid;
}

static void spawn_true(struct seen *x)
{
	int gate[2];

	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	x->child = fork();
	if (!x->child) {
		char c;

		close(gate[1]);
		(void)!read(gate[0], &c, 1);	/* until the parent knows our pid */
		close(open("/tmp/noroshi-check-sensor", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	close(gate[0]);
	close(gate[1]);
	waitpid(x->child, NULL, 0);
	unlink("/tmp/noroshi-check-sensor");
}

static void see_true(struct seen *x)
{
	spawn_true(x);
	run_until(x, &x->exit);
	run_until(x, &x->open);
	ck_assert(x->exec && x->exit && x->open && !x->exit_before_exec);
	ck_assert_msg(!strcmp(x->exe, "/usr/bin/true") || !strcmp(x->exe, "/bin/true"), "%s", x->exe);
	ck_assert_str_eq(x->opened, "/tmp/noroshi-check-sensor");
}

START_TEST(test_seen)
{
	struct seen x = {};
	json_t *j;

	new_source(&x, false);
	ck_assert_uint_gt(x.s->ops->boot_offset(x.s), 0);
	begin(&x);
	ck_assert(x.snapshot_self && x.snapshot > 1);
	ck_assert_ptr_nonnull(strstr(x.argv0, "check_sensor"));
	see_true(&x);
	j = coverage(&x);
	ck_assert_str_eq(text_at(j, "sensor", "state", NULL), "running");
	ck_assert_str_eq(text_at(j, "calls", "execve", "state"), "attached");
	ck_assert_str_eq(text_at(j, "calls", "openat", "state"), "attached");
	ck_assert_str_eq(text_at(j, "calls", "openat", "program"), "openat__exit");
	ck_assert_str_eq(text_at(j, "calls", "connect", "state"), "attached");
	ck_assert_str_eq(text_at(j, "calls", "rename", "state"), "not needed");
	ck_assert_int_gt(json_integer_value(json_object_get(json_object_get(json_object_get(j, "events"), "exec"), "seen")), 0);
	json_decref(j);
	ck_assert_uint_eq(x.ends, 0);
	end(&x);
}
END_TEST

/* A process that was there before: argv, environment, directory and image as they are, parent and start time too. */
struct before {
	pid_t pid;
	unsigned int found;
	bool argv, env, cwd, exe, parent, time, group;
	bool first;		/* process 1, which some kernels' iterators leave out */
	uint64_t groups[4096];
	unsigned int ngroups;
};

static bool blob_is(const void *rec, struct wire_blob b, const char *want, size_t n)
{
	return b.len == n && !memcmp((const char *)rec + b.off, want, n);
}

static void on_before(void *ctx, const void *rec, size_t n)
{
	const struct wire_exec *e = rec;
	struct before *x = ctx;

	(void)n;
	if (e->hdr.type == EVENT_CGROUP && x->ngroups < 4096)
		x->groups[x->ngroups++] = e->hdr.cgroup;
	if (e->hdr.type == EVENT_EXEC && e->hdr.tgid == 1 && e->hdr.vpid == 1)
		x->first = e->hdr.start == e->pidns_start && !e->ppid && e->comm.len;
	if (e->hdr.type != EVENT_EXEC || !(e->hdr.flags & WIRE_SNAPSHOT) || e->hdr.tgid != (uint32_t)x->pid)
		return;
	x->found++;
	x->argv = blob_is(rec, e->argv, "noroshi before\0001000", 20) && e->argc == 2;
	x->env = blob_is(rec, e->env, "WHO=before", 11);
	x->cwd = blob_is(rec, e->cwd, "/proc", 5);
	x->exe = blob_is(rec, e->exe, "/usr/bin/sleep", 14) || blob_is(rec, e->exe, "/bin/sleep", 10);
	x->parent = e->ppid == (uint32_t)getpid() && e->pstart && e->pstart <= e->hdr.start;
	x->time = e->hdr.start && e->hdr.start <= clock_boot_ns();
	for (unsigned int i = 0; i < x->ngroups; i++)
		x->group |= x->groups[i] == e->hdr.cgroup;
}

static void on_no_end(void *ctx, int error, const char *why)
{
	(void)ctx;
	ck_abort_msg("%d: %s", error, why);
}

START_TEST(test_snapshot)
{
	static struct before x;
	struct source_handler h = {on_before, NULL, on_no_end, &x};
	struct needs needs = {.want = WANT_ENV};
	char error[512], state[64] = "", path[64];
	uint64_t until = clock_boot_ns() + PATIENCE_NS;
	struct source *s = NULL;
	uv_loop_t loop;

	memset(&x, 0, sizeof(x));
	x.pid = fork();
	if (!x.pid) {
		if (chdir("/proc") < 0)
			_exit(1);
		execle("/bin/sleep", "noroshi before", "1000", NULL, (char *[]){"WHO=before", NULL});
		_exit(127);
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", x.pid);
	while (strcmp(state, "sleep\n") && clock_boot_ns() < until) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		memset(state, 0, sizeof(state));
		(void)!read(fd, state, sizeof(state) - 1);
		close(fd);
	}
	ck_assert_int_eq(source_kernel_new(&s, &needs, error), 0);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(s->ops->start(s, &loop, &h), 0);
	kill(x.pid, SIGKILL);
	waitpid(x.pid, NULL, 0);
	s->ops->free(s);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	ck_assert_uint_eq(x.found, 1);
	ck_assert_msg(x.argv && x.env && x.cwd && x.exe && x.parent && x.time && x.group,
		      "argv %d env %d cwd %d exe %d parent %d time %d group %d", x.argv, x.env, x.cwd, x.exe, x.parent, x.time,
		      x.group);
	ck_assert(x.first);
}
END_TEST

/* Every program of every call loads and attaches on a kernel that has its hook. */
START_TEST(test_all_programs)
{
	struct seen x = {};
	json_t *j, *p;
	size_t i;

	new_source(&x, true);
	j = coverage(&x);
	json_array_foreach(json_object_get(j, "programs"), i, p) {
		const char *reason = json_string_value(json_object_get(p, "reason"));

		ck_assert_msg(strcmp(json_string_value(json_object_get(p, "state")), "refused"), "%s: %s\n%s",
			      json_string_value(json_object_get(p, "name")), reason, json_string_value(json_object_get(p, "log")));
		ck_assert(!reason || !strstr(reason, "this build"));
	}
	json_decref(j);
	begin(&x);
	see_true(&x);
	end(&x);
}
END_TEST

/* What was delivered and what was lost is what was seen, to the record; also when the reader is late. */
START_TEST(test_exact_accounting)
{
	struct seen x = {};
	json_t *j, *events, *e, *lost;
	const char *name, *why;
	uint64_t total = 0;
	int status;
	pid_t pid;

	new_source(&x, false);
	begin(&x);
	pid = fork();
	if (!pid) {
		for (unsigned int i = 0; i < 60000; i++)	/* more than the ring holds */
			close(open("/dev/null", O_RDONLY | O_CLOEXEC));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	for (unsigned int i = 0; i < 50; i++)
		uv_run(&x.loop, UV_RUN_NOWAIT);
	x.s->ops->stop(x.s);
	j = coverage(&x);
	events = json_object_get(j, "events");
	json_object_foreach(events, name, e) {
		int64_t left = json_integer_value(json_object_get(e, "seen"));
		unsigned int type = 0;

		json_object_foreach(json_object_get(e, "lost"), why, lost)
			left -= json_integer_value(lost);
#define EVENT(ID, ev, ring, doc) if (!strcmp(name, #ev)) type = EVENT_##ID;
#include "events.def"
		if (type != EVENT_CGROUP)
			ck_assert_msg(left == (int64_t)x.records[type], "%s: %lld expected, %llu delivered", name,
				      (long long)left, (unsigned long long)x.records[type]);
		total += x.records[type];
	}
	e = json_object_get(events, "open");
	ck_assert_int_ge(json_integer_value(json_object_get(e, "seen")), 60000);
	ck_assert_int_gt(json_integer_value(json_object_get(json_object_get(e, "lost"), "ring full")), 0);
	ck_assert_uint_gt(total, 0);
	json_decref(j);
	end(&x);
}
END_TEST

static bool attached(struct seen *x, const char *call)
{
	json_t *j = coverage(x);
	bool yes = !strcmp(text_at(j, "calls", call, "state"), "attached");

	json_decref(j);
	return yes;
}

/* Fewer needs shut the gate at once; the sensor attaches what others need while the source runs. */
START_TEST(test_update)
{
	struct seen x = {};
	struct needs few = {};
	uint64_t opens, until = clock_boot_ns() + PATIENCE_NS;

	few.call[CALL_EXECVE] = true;
	few.want = WANT_OPEN_READ;
	new_source(&x, false);
	begin(&x);
	see_true(&x);
	ck_assert_int_eq(source_kernel_widen(x.s, &few), 0);
	source_kernel_settle(x.s);
	for (unsigned int i = 0; i < 5; i++)
		uv_run(&x.loop, UV_RUN_ONCE);
	opens = x.records[EVENT_OPEN];
	x.exec = x.exit = x.open = false;
	spawn_true(&x);
	run_until(&x, &x.exit);
	ck_assert(x.exec && !x.open);
	ck_assert_uint_eq(x.records[EVENT_OPEN], opens);
	end(&x);

	memset(&x, 0, sizeof(x));
	few.call[CALL_UNLINK] = true;
	few.call[CALL_EXECVE] = false;
	ck_assert_int_eq(source_kernel_new(&x.s, &few, (char[512]){}), 0);
	begin(&x);
	ck_assert(!attached(&x, "openat") && attached(&x, "unlink"));
	ck_assert_int_eq(source_kernel_widen(x.s, needs_of(false)), 1);
	while (!(attached(&x, "openat") && attached(&x, "connect")) && clock_boot_ns() < until)
		uv_run(&x.loop, UV_RUN_ONCE);
	ck_assert(attached(&x, "openat") && attached(&x, "connect"));
	see_true(&x);
	ck_assert_uint_eq(x.ends, 0);
	end(&x);
}
END_TEST

/* When the sensor takes no more requests, an update changes nothing: what was sent is sent on. */
START_TEST(test_update_refused)
{
	struct seen x = {};
	struct needs few = {}, more;
	unsigned int n = 0;
	int r = 1;

	few.call[CALL_EXECVE] = true;
	few.want = WANT_OPEN_READ;
	more = *needs_of(false);
	more.call[CALL_EXECVE] = false;
	ck_assert_int_eq(source_kernel_new(&x.s, &few, (char[512]){}), 0);
	begin(&x);
	kill(sensor_pid(&x), SIGSTOP);
	while (r == 1 && ++n < 100000)
		r = source_kernel_widen(x.s, &few) ?: source_kernel_widen(x.s, &more);
	ck_assert_int_eq(r, -EAGAIN);
	ck_assert_int_eq(source_kernel_widen(x.s, &few), 0);
	ck_assert_int_eq(source_kernel_widen(x.s, &more), -EAGAIN);
	ck_assert(attached(&x, "execve"));
	kill(sensor_pid(&x), SIGCONT);
	end(&x);
}
END_TEST

/* Program ids that the descriptors of a process hold. */
static unsigned int programs_of(pid_t pid, uint32_t id[256])
{
	unsigned int n = 0;
	struct dirent *e;
	char path[320];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		char line[256];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, e->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			if (n < 256 && sscanf(line, "prog_id: %u", &id[n]) == 1)
				n++;
		}
		if (f)
			fclose(f);
	}
	closedir(d);
	return n;
}

static bool program_exists(uint32_t id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The kernel frees programs some time after their last user is gone. */
static void ck_all_gone(const uint32_t *id, unsigned int n)
{
	uint64_t until = clock_boot_ns() + PATIENCE_NS;
	unsigned int left = n;

	ck_assert_uint_gt(n, 3);
	while (left && clock_boot_ns() < until) {
		left = 0;
		for (unsigned int i = 0; i < n; i++)
			left += program_exists(id[i]);
		usleep(10000);
	}
	ck_assert_uint_eq(left, 0);
}

static void ck_process_gone(pid_t pid)
{
	uint64_t until = clock_boot_ns() + PATIENCE_NS;

	while (kill(pid, 0) == 0 && clock_boot_ns() < until)
		usleep(10000);
	ck_assert_int_lt(kill(pid, 0), 0);
}

START_TEST(test_nothing_left_behind)
{
	struct seen x = {};
	uint32_t id[256];
	unsigned int n;
	pid_t pid;
	char comm[32] = "", path[64];
	int fd;

	new_source(&x, false);
	begin(&x);
	pid = sensor_pid(&x);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_gt(read(fd, comm, sizeof(comm) - 1), 0);
	close(fd);
	ck_assert_str_eq(comm, "noroshi-sensor\n");
	n = programs_of(pid, id);
	end(&x);
	ck_assert_int_lt(kill(pid, 0), 0);	/* reaped: no waiting here */
	ck_all_gone(id, n);
}
END_TEST

START_TEST(test_sensor_killed)
{
	struct seen x = {};
	bool ended = false;
	uint64_t until = clock_boot_ns() + PATIENCE_NS;
	json_t *j;

	new_source(&x, false);
	begin(&x);
	kill(sensor_pid(&x), SIGKILL);
	while (!ended && clock_boot_ns() < until) {
		uv_run(&x.loop, UV_RUN_ONCE);
		ended = x.ends > 0;
	}
	ck_assert_uint_eq(x.ends, 1);
	ck_assert_int_eq(x.end_error, -EPIPE);
	j = coverage(&x);
	ck_assert_str_eq(text_at(j, "sensor", "state", NULL), "dead");
	json_decref(j);
	end(&x);
	ck_assert_uint_eq(x.ends, 1);
}
END_TEST

START_TEST(test_agent_killed)
{
	struct seen x = {};
	int tell[2], how;
	uint32_t id[256];
	unsigned int n;
	pid_t agent, sensor = 0;

	ck_assert_int_eq(pipe2(tell, O_CLOEXEC), 0);
	agent = fork();
	if (!agent) {
		new_source(&x, false);
		sensor = sensor_pid(&x);
		(void)!write(tell[1], &sensor, sizeof(sensor));
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(tell[0], &sensor, sizeof(sensor)), sizeof(sensor));
	n = programs_of(sensor, id);
	/* The signals of a terminal or a service manager are not for the sensor. */
	kill(sensor, SIGTERM);
	kill(sensor, SIGINT);
	usleep(20000);
	ck_assert_int_eq(kill(sensor, 0), 0);
	kill(agent, SIGKILL);
	waitpid(agent, &how, 0);
	ck_process_gone(sensor);
	ck_all_gone(id, n);
	close(tell[0]);
	close(tell[1]);
}
END_TEST

/* In a child: everything after source_kernel_new() works with no capability at all. */
START_TEST(test_agent_without_capabilities)
{
	pid_t pid = fork();
	int how = -1;

	if (!pid) {
		struct seen x = {};
		char error[512] = "";
		int r;

		new_source(&x, false);
		r = sensor_drop_privileges(error);
		if (r < 0) {
			fprintf(stderr, "%s\n", error);
			_exit(2);
		}
		begin(&x);
		see_true(&x);
		end(&x);
		_exit(0);
	}
	waitpid(pid, &how, 0);
	ck_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}
END_TEST

static void keep_caps(uint64_t caps)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
		{.effective = (uint32_t)caps, .permitted = (uint32_t)caps},
		{.effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32)},
	};

	if (syscall(SYS_capset, &h, d) < 0)
		_exit(3);
}

static int without_net_admin(void)
{
	struct seen x = {};
	unsigned int refused = 0;
	json_t *j, *p;
	size_t i;

	keep_caps(1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_DAC_OVERRIDE);
	new_source(&x, true);
	j = coverage(&x);
	json_array_foreach(json_object_get(j, "programs"), i, p) {
		if (!strcmp(json_string_value(json_object_get(p, "state")), "refused")) {
			ck_assert(json_is_string(json_object_get(p, "reason")));
			refused++;
		}
	}
	/* Lost, or seen by an alternative that needs no such right: never silently as if nothing were missing. */
	ck_assert(strcmp(text_at(j, "calls", "dns", "state"), "not needed"));
	ck_assert_ptr_nonnull(text_at(j, "calls", "dns", "reason"));
	ck_assert_str_eq(text_at(j, "calls", "execve", "state"), "attached");
	ck_assert_uint_gt(refused, 0);
	json_decref(j);
	begin(&x);
	spawn_true(&x);
	run_until(&x, &x.exit);
	ck_assert(x.exec && x.exit);
	end(&x);
	return 0;
}

static int without_any(void)
{
	struct source *s = NULL;
	char error[512] = "";
	int r;

	keep_caps(0);
	r = source_kernel_new(&s, needs_of(false), error);
	if (r != -EPERM || s || !strstr(error, "CAP_BPF"))
		fprintf(stderr, "%d: %s\n", r, error);
	return r == -EPERM && !s && strstr(error, "CAP_BPF") ? 0 : 1;
}

static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int how = -1;

	if (!pid)
		_exit(fn());
	waitpid(pid, &how, 0);
	return WIFEXITED(how) ? WEXITSTATUS(how) : 255;
}

/* Programs that need a right we lack are lost, each with its reason; the others work. */
START_TEST(test_few_capabilities)
{
	ck_assert_int_eq(in_child(without_net_admin), 0);
}
END_TEST

START_TEST(test_no_right)
{
	ck_assert_int_eq(in_child(without_any), 0);
}
END_TEST

/* The sensor goes by what stands in its state: who takes the agent over must not be able to change it. */
START_TEST(test_state_is_the_sensors)
{
	char error[512] = "";
	struct handover h;
	size_t bytes = sizeof(*h.state);
	int fd;

	ck_assert_msg(handover_fork(&h, error) == 0 && handover_begin(&h, needs_of(false), error) == 0, "%s", error);
	fd = h.fds[SENSOR_FD_STATE];
	ck_assert_ptr_eq(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_int_lt(mprotect((void *)h.state, bytes, PROT_READ | PROT_WRITE), 0);
	ck_assert_int_lt(pwrite(fd, "x", 1, offsetof(struct sensor_state, log_used)), 0);
	ck_assert_int_lt(ftruncate(fd, 0), 0);
	ck_assert_int_lt(ftruncate(fd, (off_t)bytes + 4096), 0);
	handover_end(&h);
}
END_TEST

/* Whether this machine lets us at all; tells why not. */
static bool able(void)
{
	struct source *s = NULL;
	char error[512] = "";
	int r = source_kernel_new(&s, needs_of(false), error);

	if (r < 0)
		printf("SKIP: %s\n", error);
	if (s)
		s->ops->free(s);
	return r == 0 || (r != -EPERM && r != -ENOTSUP);
}

int main(void)
{
	Suite *s = suite_create("sensor");
	TCase *t = tcase_create("sensor");
	SRunner *sr;
	int failed;

	if (!able())
		return 77;
	sr = srunner_create(s);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, test_seen);
	tcase_add_test(t, test_snapshot);
	tcase_add_test(t, test_all_programs);
	tcase_add_test(t, test_exact_accounting);
	tcase_add_test(t, test_update);
	tcase_add_test(t, test_update_refused);
	tcase_add_test(t, test_nothing_left_behind);
	tcase_add_test(t, test_sensor_killed);
	tcase_add_test(t, test_agent_killed);
	tcase_add_test(t, test_agent_without_capabilities);
	tcase_add_test(t, test_state_is_the_sensors);
	tcase_add_test(t, test_few_capabilities);
	tcase_add_test(t, test_no_right);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
