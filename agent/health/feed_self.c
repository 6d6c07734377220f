/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: what the agent may use of this host, and its clock. */
#include "health/feed.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/fs.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

#define JUMP_NS NSEC_PER_SEC	/* a clock that is slewed goes by less within a minute */
#define NO_LIMIT (1ull << 60)	/* v1 says "none" by a number near 2^63 */

/* Whether the comma-separated list of n bytes has the word; an empty word is the empty list. */
static bool in_list(const char *list, size_t n, const char *word)
{
	struct str rest = str_n(list, n);

	while (*word && rest.n) {
		struct str one = str_n(rest.p, rest.n);
		const char *comma = memchr(rest.p, ',', rest.n);

		one.n = comma ? (size_t)(comma - rest.p) : rest.n;
		if (str_eq(one, str(word)))
			return true;
		rest = comma ? str_n(comma + 1, rest.n - one.n - 1) : str_n(rest.p, 0);
	}
	return !*word && !n;
}

/* The own group of a controller, by /proc/self/cgroup: "5:cpu,cpuacct:/path", or of "" "0::/path", that of v2. */
static bool own_group(char dst[PATH_MAX], const char *lines, const char *controller)
{
	const char *line = lines;

	while (*line) {
		size_t n = strcspn(line, "\n");
		const char *list = memchr(line, ':', n), *path = list ? memchr(list + 1, ':', n - (size_t)(list + 1 - line)) : NULL;

		if (path && in_list(list + 1, (size_t)(path - list - 1), controller)) {
			snprintf(dst, PATH_MAX, "%.*s", (int)(line + n - path - 1), path + 1);
			return true;
		}
		line += n + (line[n] == '\n');
	}
	return false;
}

static int open_in(const char *root, const char *hierarchy, const char *group, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s%s/%s", root, hierarchy, strcmp(group, "/") ? group : "", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Controllers may be v1's while others are v2's. */
static void open_files(struct feed_files *files, const char *root, const char *lines)
{
	char group[PATH_MAX];

	if (own_group(group, lines, "")) {
		files->cpu_stat = open_in(root, "", group, "cpu.stat");
		files->memory_current = open_in(root, "", group, "memory.current");
		files->memory_max = open_in(root, "", group, "memory.max");
		files->memory_stat = open_in(root, "", group, "memory.stat");
		files->memory_events = open_in(root, "", group, "memory.events");
	}
	if (files->cpu_stat < 0 && own_group(group, lines, "cpu"))
		files->cpu_stat = open_in(root, "/cpu", group, "cpu.stat");
	if (files->memory_max < 0 && own_group(group, lines, "memory")) {
		files->memory_current = open_in(root, "/memory", group, "memory.usage_in_bytes");
		files->memory_max = open_in(root, "/memory", group, "memory.limit_in_bytes");
		files->memory_stat = open_in(root, "/memory", group, "memory.stat");
		files->memory_events = open_in(root, "/memory", group, "memory.oom_control");
	}
}

void feed_init(struct feed *f, struct ledger *l, uint64_t (*now)(void), const char *root)
{
	struct buf lines = {};
	char path[PATH_MAX];

	*f = (struct feed){.ledger = l, .now = now ? now : clock_wall_ns, .files = {-1, -1, -1, -1, -1}};
	snprintf(f->proc, sizeof(f->proc), "%s/proc", root);
	snprintf(path, sizeof(path), "%s/self/cgroup", f->proc);
	if (!fs_read(&lines, path, 64u << 10) && lines.p)
		open_files(&f->files, root, lines.p);
	buf_free(&lines);
}

void feed_free(struct feed *f)
{
	int *const fds[] = {&f->files.cpu_stat, &f->files.memory_current, &f->files.memory_max, &f->files.memory_stat, &f->files.memory_events};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* The number of the file, or behind the key at the beginning of one of its lines. False: it is not there, or "max". */
static bool read_number(int fd, const char *key, uint64_t *ret)
{
	char text[4096];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	char *at = text, *end;
	size_t len = strlen(key);

	if (n <= 0)
		return false;
	text[n] = 0;
	while (len && at && (strncmp(at, key, len) || at[len] != ' '))
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	if (!at)
		return false;
	at += len;
	*ret = strtoull(at, &end, 10);
	return end != at;
}

/* A quota that is used up once in a while costs nothing; at the start it nearly always is. */
static void judge_cpu(struct feed *f)
{
	struct ledger_case c = {.code = ISSUE_CPU_THROTTLED, .feed = FEED_SELF};
	uint64_t throttled = 0, periods = 0, now = f->now();

	if (!read_number(f->files.cpu_stat, "nr_throttled", &throttled) || !read_number(f->files.cpu_stat, "nr_periods", &periods))
		return;
	if (!f->cpu.at || now - f->cpu.at >= FEED_CPU_SEC * NSEC_PER_SEC) {
		f->cpu.last_throttled = f->cpu.at ? throttled - f->cpu.throttled : 0;
		f->cpu.last_periods = f->cpu.at ? periods - f->cpu.periods : 0;
		f->cpu.throttled = throttled;
		f->cpu.periods = periods;
		f->cpu.at = now;
	}
	if (!f->cpu.last_throttled || f->cpu.last_throttled * FEED_CPU_SHARE < f->cpu.last_periods)
		return;
	c.evidence = json_pack("{s:I, s:I, s:I}", "throttled", (json_int_t)f->cpu.last_throttled, "periods", (json_int_t)f->cpu.last_periods,
			       "throttledSum", (json_int_t)throttled);
	ledger_raise(f->ledger, &c, "the agent's processor quota was used up in %llu of %llu periods of the last minute",
		     (unsigned long long)f->cpu.last_throttled, (unsigned long long)f->cpu.last_periods);
}

static void judge_memory(struct feed *f)
{
	struct ledger_case c = {.code = ISSUE_MEM_NEAR_LIMIT, .feed = FEED_SELF};
	uint64_t now = 0, max = 0, cache = 0;

	if (!read_number(f->files.memory_current, "", &now) || !read_number(f->files.memory_max, "", &max) || !max || max > NO_LIMIT)
		return;
	if (!read_number(f->files.memory_stat, "inactive_file", &cache))
		read_number(f->files.memory_stat, "total_inactive_file", &cache);
	now -= cache < now ? cache : now;	/* the kernel takes that back before it kills anybody */
	if ((double)now < FEED_NEAR * (double)max)
		return;
	c.evidence = json_pack("{s:I, s:I}", "bytes", (json_int_t)now, "max", (json_int_t)max);
	ledger_raise(f->ledger, &c, "the agent's control group uses %llu of %llu KiB of memory", (unsigned long long)now >> 10, (unsigned long long)max >> 10);
}

/* Also of a life before this one: the group outlives the agent. */
static void judge_oom(struct feed *f)
{
	struct ledger_case c = {.code = ISSUE_OOM_KILLED, .feed = FEED_SELF};
	uint64_t n = 0;

	if (!read_number(f->files.memory_events, "oom_kill", &n) || !n)
		return;
	c.evidence = json_pack("{s:I}", "killed", (json_int_t)n);
	ledger_raise(f->ledger, &c, "the kernel killed %llu processes of the agent's control group for want of memory", (unsigned long long)n);
}

static void judge_descriptors(struct feed *f)
{
	struct ledger_case c = {.code = ISSUE_FD_LIMIT, .feed = FEED_SELF};
	struct rlimit limit = {};
	char path[PATH_MAX];
	uint64_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/self/fd", f->proc);
	d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	n -= n > 3 ? 3 : n;	/* ".", ".." and the folder's own */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || (double)n < FEED_NEAR * (double)limit.rlim_cur)
		return;
	c.evidence = json_pack("{s:I, s:I}", "open", (json_int_t)n, "max", (json_int_t)limit.rlim_cur);
	ledger_raise(f->ledger, &c, "%llu of %llu descriptors are open", (unsigned long long)n, (unsigned long long)limit.rlim_cur);
}

static void judge_clock(struct feed *f, uint64_t offset)
{
	struct ledger_case c = {.code = ISSUE_CLOCK_JUMP};	/* of no round: it is over by its age */
	int64_t by = (int64_t)(offset - f->boot_offset);

	if (f->boot_offset && (uint64_t)llabs(by) > JUMP_NS) {
		f->jumped = clock_boot_ns();
		c.evidence = json_pack("{s:f}", "seconds", (double)by / NSEC_PER_SEC);
		ledger_raise(f->ledger, &c, "the wall clock was set by %+.1f s", (double)by / NSEC_PER_SEC);
	}
	f->boot_offset = offset;
	if (f->jumped && clock_boot_ns() - f->jumped > FEED_RECENT_SEC * NSEC_PER_SEC)
		ledger_clear(f->ledger, ISSUE_CLOCK_JUMP, NULL);
}

void feed_self(struct feed *f, uint64_t offset)
{
	ledger_round(f->ledger, FEED_SELF);
	judge_cpu(f);
	judge_memory(f);
	judge_oom(f);
	judge_descriptors(f);
	ledger_round_end(f->ledger, FEED_SELF);
	judge_clock(f, offset);
}
