/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/host.h"
#include "util/cleanup.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* The same two places, in the same order, as libbpf looks at. */
static const char *const tracefs_paths[] = {"/sys/kernel/debug/tracing", "/sys/kernel/tracing"};

static uint64_t effective_caps(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {};

	if (syscall(SYS_capget, &h, d) < 0)
		return 0;
	return (uint64_t)d[1].effective << 32 | d[0].effective;
}

static int paranoid(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int v = 0;

	return f && fscanf(f, "%d", &v) == 1 ? v : 0;
}

static int check_right(char error[512])
{
	uint64_t caps = effective_caps();
	bool admin = caps >> CAP_SYS_ADMIN & 1;

	if (admin || (caps >> CAP_BPF & 1 && caps >> CAP_PERFMON & 1))
		return 0;
	snprintf(error, 512,
		 "no right to load BPF programs: run as root, or with CAP_BPF and CAP_PERFMON%s (and CAP_NET_ADMIN for DNS)",
		 paranoid() > 2 ? ", and CAP_SYS_ADMIN while kernel.perf_event_paranoid is above 2" : "");
	return -EPERM;
}

bool host_older_than(unsigned int major, unsigned int minor)
{
	unsigned int a = 0, b = 0;
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &a, &b) != 2)
		return false;	/* then trying tells */
	return a < major || (a == major && b < minor);
}

int host_check(char error[512])
{
	if (host_older_than(5, 8)) {
		snprintf(error, 512, "this kernel is too old: BPF ring buffers came with Linux 5.8; run a newer one");
		return -ENOTSUP;
	}
	if (access(BTF_PATH, F_OK) < 0) {
		snprintf(error, 512,
			 "this kernel does not describe itself: " BTF_PATH " is missing; run one built with CONFIG_DEBUG_INFO_BTF=y "
			 "(in a container: mount /sys)");
		return -ENOTSUP;
	}
	return check_right(error);
}

static const char *tracefs(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(tracefs_paths); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/events", tracefs_paths[i]);
		if (access(path, F_OK) == 0)
			return tracefs_paths[i];
	}
	return NULL;
}

bool host_tracefs(char reason[200])
{
	if (tracefs())
		return true;
	/* A slave, so that mounts made later still reach us; ours does not reach anybody. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		snprintf(reason, 200, "tracefs is not mounted and cannot be: %s; mount it at /sys/kernel/tracing", strerror(errno));
		return false;
	}
	if (!tracefs()) {
		snprintf(reason, 200, "this kernel has no trace events (CONFIG_FTRACE_SYSCALLS)");
		return false;
	}
	return true;
}

bool host_tracepoint(const char *category, const char *name)
{
	const char *root = tracefs();
	char path[PATH_MAX];
	struct dirent *e;
	bool found = false;
	DIR *d;

	if (!root)
		return false;
	if (category) {
		snprintf(path, sizeof(path), "%s/events/%s/%s", root, category, name);
		return access(path, F_OK) == 0;
	}
	snprintf(path, sizeof(path), "%s/events", root);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", e->d_name, name);
		found = faccessat(dirfd(d), path, F_OK, 0) == 0;
	}
	if (d)
		closedir(d);
	return found;
}

/* Where /proc/self/mountinfo says that a cgroup2 is mounted; its whole tree, not a part of it. */
static bool cgroup2_path(char path[PATH_MAX])
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		char root[64];

		/* 36 35 98:0 /root /mount/point options … - type source options */
		if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %63s %4095s", root, path) == 2 && !strcmp(root, "/"))
			return true;
	}
	return false;
}

int host_cgroup2(void)
{
	_cleanup_(closep) int fs = -1;
	char path[PATH_MAX];
	int fd;

	if (cgroup2_path(path)) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	/* A pure v1 host: the hierarchy exists all the same, a mount that nobody else sees gives access to it. */
	fs = (int)syscall(SYS_fsopen, "cgroup2", 1 /* FSOPEN_CLOEXEC */);
	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0)
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	return fd < 0 ? -errno : fd;
}

/* In the child. Not a signal handler's place: there the kernel would tell of the fault as well. */
_Noreturn static void enter_as_32bit(void)
{
#ifdef __x86_64__
	long r = 20;	/* getpid */

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGSEGV, SIG_DFL);	/* a sanitizer would tell of it */
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
	_exit(0);	/* it came back: an error is a filter of calls that is ours, others may have none */
#else
	_exit(1);
#endif
}

bool host_ia32(void)
{
	static int known = -1;
	int status = 0;
	pid_t pid;

	if (known >= 0)
		return known;
	pid = fork();
	if (pid == 0)
		enter_as_32bit();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return true;	/* not known: then rather so */
	/* Killed by such a filter. */
	known = (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	return known;
}

bool host_uring(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int v = 0;

	if (f && fscanf(f, "%d", &v) == 1 && v == 2)
		return false;
	return syscall(SYS_io_uring_setup, 0, NULL) >= 0 || errno != ENOSYS;
}

bool host_sights(void)
{
	static const char name[] = "\0btf_trace_ctime_ns_xchg";	/* with the NUL before and the one behind it */
	_cleanup_(closep) int fd = open(BTF_PATH, O_RDONLY | O_CLOEXEC);
	char buf[1 << 16];
	size_t kept = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf + kept, sizeof(buf) - kept)) > 0) {
		kept += (size_t)n;
		if (memmem(buf, kept, name, sizeof(name)))
			return true;
		if (kept >= sizeof(name)) {	/* the end may be its beginning */
			memmove(buf, buf + kept - sizeof(name) + 1, sizeof(name) - 1);
			kept = sizeof(name) - 1;
		}
	}
	return false;
}
