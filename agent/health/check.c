/* SPDX-License-Identifier: Apache-2.0 */
#include "health/check.h"
#include "util/buf.h"
#include "util/fs.h"
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/utsname.h>

#define OLDEST 5, 8
#define NEWEST_TRIED 7, 3	/* docs/COVERAGE.md, "Where it was tried" */
#define MEMLOCK_MIN (32ull << 20)
#define FIRST_PID_NAMESPACE "pid:[4026531836]"	/* PROC_PID_INIT_INO, fixed since Linux 3.8 */

void check_say(struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->said, sizeof(c->said), fmt, ap);
	va_end(ap);
}

void check_raise(struct check *c, struct ledger_case *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->said, sizeof(c->said), fmt, ap);
	va_end(ap);
	k->feed = FEED_CHECKS;
	ledger_raise(c->ledger, k, "%s", c->said);
	c->raised++;
}

static char *path_of(char dst[PATH_MAX], const struct check_host *h, const char *path)
{
	snprintf(dst, PATH_MAX, "%s%s", h->root, path);
	return dst;
}

/* The file's text into b; "" when it cannot be read. */
static const char *read_text(struct buf *b, const struct check_host *h, const char *path)
{
	char whole[PATH_MAX];

	if (fs_read(b, path_of(whole, h, path), 64u << 10) < 0 || !b->p)
		return "";
	return b->p;
}

static const char *env(const struct check_host *h, const char *name)
{
	const char *v = h->env ? h->env(name) : getenv(name);

	return v ? v : "";
}

static void release_of(const struct check_host *h, char dst[65], unsigned int *major, unsigned int *minor)
{
	struct utsname u = {};

	uname(&u);
	snprintf(dst, 65, "%s", h->release ? h->release : u.release);
	*major = *minor = 0;
	sscanf(dst, "%u.%u", major, minor);
}

static bool older(unsigned int major, unsigned int minor, unsigned int than_major, unsigned int than_minor)
{
	return major < than_major || (major == than_major && minor < than_minor);
}

static void check_machine(struct check *c)
{
	struct ledger_case k = {.code = ISSUE_UNSUPPORTED_ARCH};
	const char *machine = c->host->machine;
	struct utsname u = {};

	if (!machine) {
		uname(&u);
		machine = u.machine;
	}
	if (!strcmp(machine, "x86_64") || !strcmp(machine, "aarch64")) {
		check_say(c, "%s", machine);
		return;
	}
	k.evidence = json_pack("{s:s}", "machine", machine);
	check_raise(c, &k, "this machine is %s: the probes are made for x86_64 and aarch64", machine);
}

static void check_kernel(struct check *c)
{
	unsigned int major, minor;
	struct ledger_case k = {};
	char release[65];

	release_of(c->host, release, &major, &minor);
	check_say(c, "Linux %s", release);
	if (!major)
		return;		/* no number: trying tells */
	if (older(major, minor, OLDEST)) {
		k.code = ISSUE_KERNEL_TOO_OLD;
		k.evidence = json_pack("{s:s, s:s}", "release", release, "needed", "5.8");
		check_raise(c, &k, "Linux %s is too old: BPF ring buffers came with 5.8", release);
	} else if (older(NEWEST_TRIED, major, minor)) {
		k.code = ISSUE_KERNEL_UNTESTED;
		k.evidence = json_pack("{s:s, s:s}", "release", release, "newestTried", "7.3");
		check_raise(c, &k, "Linux %s is newer than any that this version was tried on (7.3)", release);
	}
}

static void check_btf(struct check *c)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";
	struct ledger_case k = {.code = ISSUE_BTF_MISSING};
	char whole[PATH_MAX];

	if (!access(path_of(whole, c->host, path), R_OK)) {
		check_say(c, "%s describes this kernel", path);
		return;
	}
	k.evidence = json_pack("{s:s, s:s}", "path", path, "error", strerror(errno));
	check_raise(c, &k, "%s: %s", path, strerror(errno));
}

static void check_lockdown(struct check *c)
{
	struct ledger_case k = {.code = ISSUE_LOCKDOWN_CONFIDENTIALITY};
	_cleanup_(buf_free) struct buf b = {};
	const char *text = read_text(&b, c->host, "/sys/kernel/security/lockdown");

	if (!strstr(text, "[confidentiality]")) {
		check_say(c, "%s", strstr(text, "[integrity]") ? "integrity, which probes do not mind" : "off");
		return;
	}
	k.evidence = json_pack("{s:s%}", "lockdown", text, strcspn(text, "\n"));
	check_raise(c, &k, "the kernel is locked down: confidentiality");
}

/* Of /proc/self/status; 0 when it cannot be read. */
static uint64_t effective(const struct check_host *h)
{
	_cleanup_(buf_free) struct buf b = {};
	const char *at = strstr(read_text(&b, h, "/proc/self/status"), "CapEff:");

	return at ? strtoull(at + strlen("CapEff:"), NULL, 16) : 0;
}

static int paranoid(const struct check_host *h)
{
	_cleanup_(buf_free) struct buf b = {};

	return atoi(read_text(&b, h, "/proc/sys/kernel/perf_event_paranoid"));
}

#define HAS(caps, cap) ((caps) >> (cap) & 1)

static bool may_load(uint64_t caps)
{
	return HAS(caps, CAP_SYS_ADMIN) || (HAS(caps, CAP_BPF) && HAS(caps, CAP_PERFMON));
}

bool check_has_right(const struct check_host *h)
{
	return may_load(effective(h));
}

/* What goes without each. CAP_SYS_ADMIN stands in for the first three. */
static const struct {
	unsigned int cap;
	bool admin;	/* CAP_SYS_ADMIN does too */
	const char *name, *what;
} wanted[] = {
	{CAP_BPF, true, "CAP_BPF", "nothing is loaded"},
	{CAP_PERFMON, true, "CAP_PERFMON", "nothing is attached"},
	{CAP_NET_ADMIN, true, "CAP_NET_ADMIN", "of DNS only queries are seen, of TLS and HTTP nothing"},
	{CAP_SYS_PTRACE, false, "CAP_SYS_PTRACE", "executables of other users' processes are not read"},
	{CAP_DAC_READ_SEARCH, false, "CAP_DAC_READ_SEARCH", "executables that root may not read have no hash"},
};

static void check_capabilities(struct check *c)
{
	uint64_t caps = effective(c->host);
	struct ledger_case k = {.code = ISSUE_CAP_MISSING};
	json_t *missing = json_object();
	const char *first = NULL, *what = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (HAS(caps, wanted[i].cap) || (wanted[i].admin && HAS(caps, CAP_SYS_ADMIN)))
			continue;
		json_object_set_new(missing, wanted[i].name, json_string(wanted[i].what));
		first = first ? first : wanted[i].name;
		what = what ? what : wanted[i].what;
	}
	if (paranoid(c->host) > 2 && !HAS(caps, CAP_SYS_ADMIN)) {
		json_object_set_new(missing, "CAP_SYS_ADMIN", json_string("system calls are not seen while kernel.perf_event_paranoid is above 2"));
		first = first ? first : "CAP_SYS_ADMIN";
		what = what ? what : "system calls are not seen while kernel.perf_event_paranoid is above 2";
	}
	check_say(c, "all that are needed");
	if (first) {
		k.evidence = json_pack("{s:O, s:s}", "missing", missing, "effective", "");
		json_object_set_new(k.evidence, "effective", json_sprintf("%016llx", (unsigned long long)caps));
		check_raise(c, &k, "%s%s missing: %s", first, json_object_size(missing) > 1 ? " and others are" : " is", what);
	}
	json_decref(missing);
}

/* Kernels from 5.11 on count maps against the control group's memory. */
static void check_memlock(struct check *c)
{
	struct ledger_case k = {.code = ISSUE_MEMLOCK_LOW};
	_cleanup_(buf_free) struct buf b = {};
	const char *at = strstr(read_text(&b, c->host, "/proc/self/limits"), "Max locked memory");
	unsigned int major, minor;
	unsigned long long soft, hard;
	char release[65];

	release_of(c->host, release, &major, &minor);
	check_say(c, "of no importance on this kernel");
	if (!older(major, minor, 5, 11))
		return;
	check_say(c, "enough");
	if (HAS(effective(c->host), CAP_SYS_RESOURCE) || !at || sscanf(at, "Max locked memory %llu %llu", &soft, &hard) != 2 || hard >= MEMLOCK_MIN)
		return;		/* unlimited is no number */
	k.evidence = json_pack("{s:I, s:I}", "bytes", (json_int_t)hard, "needed", (json_int_t)MEMLOCK_MIN);
	check_raise(c, &k, "RLIMIT_MEMLOCK is %llu KiB, and 32768 are needed", hard >> 10);
}

static int make_map(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void check_bpf(struct check *c)
{
	_cleanup_(buf_free) struct buf modules = {};
	int r = c->host->try_bpf ? c->host->try_bpf() : make_map();
	struct ledger_case k = {.code = ISSUE_BPF_SYSCALL_DENIED};
	bool fargate = !strcmp(env(c->host, "AWS_EXECUTION_ENV"), "AWS_ECS_FARGATE");

	check_say(c, "a ring buffer could be made");
	if (r == 0)
		return;
	k.code = fargate ? ISSUE_FARGATE_NO_BPF : r == -EACCES ? ISSUE_LSM_DENIED : ISSUE_BPF_SYSCALL_DENIED;
	k.evidence = json_pack("{s:i, s:s, s:s, s:b}", "errno", -r, "error", strerror(-r), "modules",
			       read_text(&modules, c->host, "/sys/kernel/security/lsm"), "rightByCapabilities", (int)check_has_right(c->host));
	if (r == -EPERM && check_has_right(c->host) && !fargate)
		check_raise(c, &k, "bpf() is refused (%s) although the capabilities are there: a seccomp filter forbids it", strerror(-r));
	else
		check_raise(c, &k, "bpf() is refused: %s", strerror(-r));
}

static void check_tracefs(struct check *c)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	struct ledger_case k = {.code = ISSUE_TRACEFS_ABSENT};
	char whole[PATH_MAX], events[64];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(events, sizeof(events), "%s/events/syscalls", places[i]);
		if (access(path_of(whole, c->host, events), R_OK))
			continue;
		check_say(c, "%s", places[i]);
		return;
	}
	/* With the right to mount the sensor makes one of its own. */
	if (HAS(effective(c->host), CAP_SYS_ADMIN) && !access(path_of(whole, c->host, "/sys/kernel/tracing"), F_OK)) {
		check_say(c, "not mounted; the agent mounts it for itself");
		return;
	}
	k.evidence = json_pack("{s:[s, s]}", "looked", places[0], places[1]);
	check_raise(c, &k, "no tracepoints of system calls at /sys/kernel/tracing or /sys/kernel/debug/tracing");
}

static void check_processes(struct check *c)
{
	struct ledger_case k = {.code = ISSUE_PIDNS_LIMITED};
	char whole[PATH_MAX], name[64] = "";
	ssize_t n = readlink(path_of(whole, c->host, "/proc/self/ns/pid"), name, sizeof(name) - 1);

	check_say(c, "the host's process namespace");
	if (n <= 0 || !strcmp(name, FIRST_PID_NAMESPACE))
		return;
	k.evidence = json_pack("{s:s, s:s}", "namespace", name, "first", FIRST_PID_NAMESPACE);
	check_raise(c, &k, "this is a process namespace of its own (%s)", name);
}

/* As the kernel has them: cut to 15 characters. */
static const char *const others[] = {"amazon-guarddut", "guardduty-agent", "falco", "tetragon", "tracee", "sysdig", "dragent", "osqueryd", "system-probe",
				     "elastic-agent", "elastic-endpoin", "falcon-sensor", "wdavdaemon", "kunai", "cilium-agent", "inspektor-gadge"};

static void check_agents(struct check *c)
{
	struct ledger_case k = {.code = ISSUE_SECOND_AGENT};
	json_t *found = json_array();
	char whole[PATH_MAX], path[64];
	struct dirent *e;
	DIR *d = opendir(path_of(whole, c->host, "/proc"));

	while (d && (e = readdir(d))) {
		_cleanup_(buf_free) struct buf b = {};
		const char *comm;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", e->d_name);
		comm = read_text(&b, c->host, path);
		for (size_t i = 0; i < ARRAY_SIZE(others) && json_array_size(found) < 8; i++) {
			if (strcspn(comm, "\n") == strlen(others[i]) && !strncmp(comm, others[i], strlen(others[i])))
				json_array_append_new(found, json_pack("{s:s, s:i}", "name", others[i], "pid", atoi(e->d_name)));
		}
	}
	if (d)
		closedir(d);
	check_say(c, "none that is known");
	if (json_array_size(found)) {
		k.evidence = json_pack("{s:O}", "agents", found);
		check_raise(c, &k, "%s runs here as well", json_string_value(json_object_get(json_array_get(found, 0), "name")));
	}
	json_decref(found);
}

static const struct {
	const char *name;
	bool always;
	void (*run)(struct check *c);
} checks[] = {
#define CHECK(name, always) {#name, always, check_##name},
#include "health/check.def"
};

void checks_run(struct ledger *l, const struct check_host *h, bool all, check_fn fn, void *ctx)
{
	ledger_round(l, FEED_CHECKS);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct check c = {.host = h, .ledger = l, .name = checks[i].name};

		if (!all && !checks[i].always)
			continue;
		checks[i].run(&c);
		if (fn)
			fn(ctx, &c);
	}
	ledger_round_end(l, FEED_CHECKS);
}
