/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/snapshot_proc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PID_END (1u << 22)	/* the kernel's own end, PID_MAX_LIMIT */

/* The next EXEC record at or after *at, or NULL at the end. */
static const struct wire_exec *next_exec(const struct buf *records, size_t *at)
{
	while (*at + sizeof(struct wire_hdr) <= records->n) {
		const struct wire_exec *e = (const void *)(records->p + *at);

		if (e->hdr.size < sizeof(e->hdr) || e->hdr.size > records->n - *at)
			break;
		*at += (e->hdr.size + 7ul) & ~7ul;	/* padded in the iterator's stream */
		if (e->hdr.type == EVENT_EXEC && e->hdr.size >= sizeof(*e))
			return e;
	}
	return NULL;
}

static bool listed(const struct absent *a, unsigned int n, uint32_t pid)
{
	for (unsigned int i = 0; i < n; i++) {
		if (a[i].pid == pid)
			return true;
	}
	return false;
}

unsigned int absent_find(struct absent ret[ABSENT_MAX], const struct buf *records)
{
	_cleanup_(freep) uint8_t *seen = calloc(1, PID_END / 8);
	const struct wire_exec *e;
	unsigned int n = 0;

	for (size_t at = 0; seen && (e = next_exec(records, &at));) {
		if (e->hdr.tgid < PID_END)
			seen[e->hdr.tgid / 8] |= (uint8_t)(1 << e->hdr.tgid % 8);
	}
	for (size_t at = 0; seen && n < ABSENT_MAX && (e = next_exec(records, &at));) {
		if (!e->ppid || e->ppid >= PID_END || seen[e->ppid / 8] >> e->ppid % 8 & 1 || listed(ret, n, e->ppid))
			continue;
		ret[n++] = (struct absent){e->ppid, e->pexec_id, e->pstart};
	}
	return n;
}

/* All of a small file of /proc/PID, ended by NUL. 0 when it cannot be read. */
static size_t read_small(int proc, const char *name, char *dst, size_t max)
{
	_cleanup_(closep) int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, dst, max - 1);

	dst[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* Name, parent, group, session and terminal. False when its start is not the one its children know. */
static bool take_stat(struct wire_exec *e, int proc)
{
	uint64_t per_tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK), ticks;
	char text[1024], *open, *close;
	size_t n;

	read_small(proc, "stat", text, sizeof(text));
	open = strchr(text, '(');
	close = strrchr(text, ')');	/* the name may hold anything, brackets included */
	if (!open || !close || close < open ||
	    sscanf(close + 1, " %*c %u %u %u %u %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
		   &e->ppid, &e->pgid, &e->sid, &e->tty, &ticks) != 5 || ticks != e->hdr.start / per_tick)
		return false;
	n = (size_t)(close - open) - 1;
	e->comm = (struct wire_blob){sizeof(*e), (uint16_t)(n < 16 ? n : 15)};
	memcpy(e + 1, open + 1, e->comm.len);
	e->hdr.size = (uint32_t)sizeof(*e) + e->comm.len;
	return true;
}

/* What follows "KEY:" on a line of its own, or NULL. */
static const char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, key, n) && text[n] == ':')
			return text + n + 1;
	}
	return NULL;
}

/* The last number of the line: that in the process's own namespace. */
static uint32_t last_number(const char *text, const char *key)
{
	const char *at = value_of(text, key);
	uint32_t v = 0;
	int n;

	while (at && *at != '\n' && sscanf(at, "%u%n", &v, &n) == 1)
		at += n;
	return v;
}

static uint64_t hex_number(const char *text, const char *key)
{
	const char *at = value_of(text, key);

	return at ? strtoull(at, NULL, 16) : 0;
}

static bool take_status(struct wire_exec *e, int proc)
{
	char text[8192];
	const char *uid, *gid;

	read_small(proc, "status", text, sizeof(text));
	uid = value_of(text, "Uid");
	gid = value_of(text, "Gid");
	if (!uid || sscanf(uid, "%u %u", &e->hdr.uid, &e->hdr.euid) != 2 || !gid ||
	    sscanf(gid, "%u %u", &e->hdr.gid, &e->hdr.egid) != 2)
		return false;
	e->hdr.vpid = e->hdr.vtid = last_number(text, "NSpid");
	e->vpgid = last_number(text, "NSpgid");
	e->vsid = last_number(text, "NSsid");
	e->cap_inheritable = hex_number(text, "CapInh");
	e->cap_permitted = hex_number(text, "CapPrm");
	e->hdr.cap_effective = hex_number(text, "CapEff");
	return true;
}

/* The inode in "pid:[4026531836]". */
static uint32_t namespace_of(int proc, const char *name)
{
	char text[64];
	ssize_t n = readlinkat(proc, name, text, sizeof(text) - 1);
	const char *at;

	text[n > 0 ? n : 0] = '\0';
	at = strchr(text, '[');
	return at ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
}

static uint64_t ns_of(struct timespec t)
{
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* A kernel thread has none. */
static void take_executable(struct wire_exec *e, int proc)
{
	struct stat st;

	if (fstatat(proc, "exe", &st, 0) < 0)
		return;
	e->ino = st.st_ino;
	e->dev = (minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffu) << 12;
	e->mode = st.st_mode;
	e->nlink = (uint32_t)st.st_nlink;
	e->ctime = ns_of(st.st_ctim);
	e->mtime = ns_of(st.st_mtim);
}

size_t absent_record(uint8_t rec[PROC_RECORD_MAX], const struct absent *a)
{
	_cleanup_(closep) int proc = -1;
	struct wire_exec *e = (void *)rec;
	char path[32], login[16];

	memset(rec, 0, PROC_RECORD_MAX);
	e->hdr = (struct wire_hdr){.type = EVENT_EXEC, .call = CALL_EXECVE, .time = clock_boot_ns(), .start = a->start,
				   .tgid = a->pid, .tid = a->pid, .exec_id = a->exec_id,
				   .flags = WIRE_SNAPSHOT | WIRE_FROM_PROC};
	snprintf(path, sizeof(path), "/proc/%u", a->pid);
	proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || !take_stat(e, proc) || !take_status(e, proc))
		return 0;
	e->loginuid = read_small(proc, "loginuid", login, sizeof(login)) ? (uint32_t)strtoul(login, NULL, 10) : UINT32_MAX;
	e->hdr.mntns = namespace_of(proc, "ns/mnt");
	e->hdr.pidns = namespace_of(proc, "ns/pid");
	e->hdr.netns = namespace_of(proc, "ns/net");
	e->hdr.userns = namespace_of(proc, "ns/user");
	e->pidns_start = e->hdr.vpid == 1 ? a->start : 0;
	take_executable(e, proc);
	return e->hdr.size;
}
