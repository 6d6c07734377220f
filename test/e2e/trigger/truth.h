/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Truth
 *
 * One JSON line of what a trigger knows of the thing it did: `call`, `pid` and
 * `res`, then fields under their names in probes/events.def. What it cannot
 * know it leaves out. An address FIELD is FIELD_ip and FIELD_port. A start time
 * is told in clock ticks, as /proc has it, and a time as the bounds it lies in.
 */
#ifndef TRIGGER_TRUTH_H
#define TRIGGER_TRUTH_H

#include "as.h"
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static int truth_flags;		/* of the record's header, what the next truth must have */
static int truth_cpu = -1;	/* where the program is bound to */

static inline void truth_begin(const char *call, int pid, long long res)
{
	printf("{\"call\":\"%s\",\"pid\":%d,\"res\":%lld", call, pid, res);
}

static inline void truth_num(const char *name, long long v)
{
	printf(",\"%s\":%lld", name, v);
}

/* n bytes as a JSON string; each byte beyond ASCII or not printable as \u00XX. */
static inline void truth_bytes(const char *name, const char *s, size_t n)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 32 || c > 126)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static inline void truth_str(const char *name, const char *s)
{
	truth_bytes(name, s, strlen(s));
}

/* Inode and device of a file; the device as the kernel encodes it for stat(2). */
static inline void truth_inode(const struct stat *st)
{
	truth_num("ino", (long long)st->st_ino);
	truth_num("dev", (long long)((minor(st->st_dev) & 0xff) | major(st->st_dev) << 8 |
				     (minor(st->st_dev) & ~0xffu) << 12));
}

/* Setting the scene must not fail: a trigger that did not do its thing says so. */
static inline void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

/* Binds the program to the processor it is on. */
static inline void truth_bind(void)
{
	cpu_set_t set;

	truth_cpu = sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(truth_cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

/* Field `nr` of /proc/PID/stat, counted as in proc(5). */
static inline unsigned long long truth_stat(const char *pid, int nr)
{
	char path[64], line[1024] = "", *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	must(f && fgets(line, sizeof(line), f), path);
	fclose(f);
	p = strrchr(line, ')');
	for (nr -= 2; p && nr > 0; nr--)
		p = strchr(p + 1, ' ');
	must(!!p, path);
	return strtoull(p + 1, NULL, 10);
}

/* Number of the control group that names the container: the inode in v1's pids, with that hierarchy's number, or in v2. */
static inline unsigned long long truth_cgroup(void)
{
	static char line[PATH_MAX + 64], path[2 * PATH_MAX];
	FILE *f = fopen("/proc/self/cgroup", "re");
	unsigned long long ino = 0;
	struct stat st;
	char *p;

	must(!!f, "/proc/self/cgroup");
	while (!ino && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if ((p = strstr(line, ":pids:/")))
			snprintf(path, sizeof(path), "/sys/fs/cgroup/pids%s", p + 6);
		else if (!strncmp(line, "0::/", 4))
			snprintf(path, sizeof(path), "/sys/fs/cgroup%s", line + 3);
		else
			continue;
		if (!stat(path, &st))
			ino = st.st_ino | strtoull(line, NULL, 10) << 56;
	}
	fclose(f);
	return ino;
}

/* The thread's id in the initial namespace. */
static inline int truth_tid(void)
{
	char text[64] = "", *p;

	must(readlink("/proc/thread-self", text, sizeof(text) - 1) > 0, "/proc/thread-self");
	p = strrchr(text, '/');
	return p ? atoi(p + 1) : 0;
}

/* A hexadecimal line of the thread's status. */
static inline unsigned long long truth_status(const char *key)
{
	char line[256];
	unsigned long long v = 0;
	FILE *f = fopen("/proc/thread-self/status", "re");

	must(!!f, "/proc/thread-self/status");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			v = strtoull(line + strlen(key), NULL, 16);
	fclose(f);
	return v;
}

/* The inode of a namespace of the thread. */
static inline void truth_ns(const char *field, const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", kind);
	if (!stat(path, &st))
		truth_num(field, (long long)st.st_ino);
}

/* What every record says of the caller. */
static inline void truth_header(void)
{
	unsigned long long start = truth_stat("self", 22), cgroup = truth_cgroup();
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	truth_num("tid", truth_tid());
	truth_num("start", (long long)start);
	if (cgroup)
		truth_num("cgroup", (long long)cgroup);
	if (truth_cpu >= 0)
		truth_num("cpu", truth_cpu);
	truth_num("uid", getuid());
	truth_num("euid", geteuid());
	truth_num("gid", getgid());
	truth_num("egid", getegid());
	truth_num("vpid", getpid());
	truth_num("vtid", gettid());
	truth_ns("mntns", "mnt");
	truth_ns("pidns", "pid");
	truth_ns("netns", "net");
	truth_ns("userns", "user");
	truth_num("cap_effective", (long long)truth_status("CapEff:"));
	truth_num("hdr_flags", truth_flags);
	printf(",\"time\":[%llu,%llu]", start * (1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK)),
	       now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec);
	truth_flags = 0;
}

static inline void truth_end(void)
{
	printf("}\n");
	fflush(stdout);
}

#endif
