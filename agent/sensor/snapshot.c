/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/snapshot.h"
#include "sensor/helper.h"
#include "sensor/snapshot_proc.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/cleanup.h"
#include "util/fs.h"
#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SNAPSHOT_BYTES_MAX (64u << 20)	/* 60,000 processes at a KiB each */

/* Field 22 of /proc/PID/stat: start time in clock ticks; 0 when the process is gone. */
static uint64_t start_ticks(int proc)
{
	_cleanup_(closep) int fd = openat(proc, "stat", O_RDONLY | O_CLOEXEC);
	unsigned long long ticks = 0;
	char text[1024], *p;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	p = strrchr(text, ')');	/* the name may hold anything, blanks and brackets included */
	if (!p || sscanf(p + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) != 1)
		return 0;
	return ticks;
}

static bool same_process(int proc, uint64_t start_ns)
{
	uint64_t per_tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK), ticks = start_ticks(proc);

	return ticks && ticks == start_ns / per_tick;
}

struct texts {
	char argv[SNAPSHOT_TEXT_MAX], env[SNAPSHOT_TEXT_MAX], exe[PATH_MAX], cwd[PATH_MAX];
	uint16_t argv_len, env_len, exe_len, cwd_len;
	bool cut;
};

static uint16_t read_text(int proc, const char *name, char *dst, struct texts *t)
{
	_cleanup_(closep) int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n = 1;
	char more;

	while (fd >= 0 && n > 0 && done < SNAPSHOT_TEXT_MAX) {
		n = read(fd, dst + done, SNAPSHOT_TEXT_MAX - done);
		if (n > 0)
			done += (size_t)n;
	}
	if (done == SNAPSHOT_TEXT_MAX && read(fd, &more, 1) == 1) {
		dst[done - 1] = '\0';
		t->cut = true;
	}
	return (uint16_t)done;
}

static uint16_t read_path(int proc, const char *name, char dst[PATH_MAX])
{
	ssize_t n = readlinkat(proc, name, dst, PATH_MAX);

	return n > 0 && n < PATH_MAX ? (uint16_t)n : 0;
}

/* False when the process is gone, or has given its pid to another. */
static bool read_texts(struct texts *t, const struct wire_exec *e, bool env)
{
	_cleanup_(closep) int proc = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", e->hdr.tgid);
	proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return false;
	t->cut = false;
	t->argv_len = e->argv.len ? 0 : read_text(proc, "cmdline", t->argv, t);
	t->env_len = e->env.len || !env ? 0 : read_text(proc, "environ", t->env, t);
	t->exe_len = e->exe.len ? 0 : read_path(proc, "exe", t->exe);
	t->cwd_len = e->cwd.len ? 0 : read_path(proc, "cwd", t->cwd);
	return same_process(proc, e->hdr.start);
}

/* Appends the blob: the record's own, else the text that was found. */
static struct wire_blob put(uint8_t *dst, size_t *n, const uint8_t *rec, struct wire_blob own, const char *text, uint16_t len)
{
	const void *from = own.len ? (const void *)(rec + own.off) : text;
	uint16_t bytes = own.len ? own.len : len;
	struct wire_blob at = {(uint16_t)*n, bytes};

	if (!bytes || *n + bytes > WIRE_RECORD_MAX)
		return (struct wire_blob){};
	memcpy(dst + *n, from, bytes);
	*n += bytes;
	return at;
}

static uint32_t count_args(const char *argv, size_t n)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += !argv[i];
	return count + (n && argv[n - 1]);
}

/* rec with its missing texts, in dst. Returns the new size. */
static size_t complete(uint8_t dst[WIRE_RECORD_MAX], const uint8_t *rec, const struct texts *t)
{
	const struct wire_exec *e = (const void *)rec;
	struct wire_exec *d = (void *)dst;
	size_t n = sizeof(*d);

	memcpy(d, e, sizeof(*d));
	d->comm = put(dst, &n, rec, e->comm, NULL, 0);
	d->exe = put(dst, &n, rec, e->exe, t->exe, t->exe_len);
	d->filename = put(dst, &n, rec, e->filename, NULL, 0);
	d->cwd = put(dst, &n, rec, e->cwd, t->cwd, t->cwd_len);
	d->argv = put(dst, &n, rec, e->argv, t->argv, t->argv_len);
	d->env = put(dst, &n, rec, e->env, t->env, t->env_len);
	if (!e->argv.len)
		d->argc = count_args(t->argv, t->argv_len);
	if (t->cut)
		d->hdr.flags |= WIRE_TRUNCATED;
	d->hdr.size = (uint32_t)n;
	return n;
}

static void emit(struct buf *out, const void *rec, size_t n)
{
	uint64_t len = n;

	buf_add(out, &len, sizeof(len));
	buf_add(out, rec, n);
	buf_add(out, "\0\0\0\0\0\0\0", -n & 7);
}

/* What is in the stream before it is completed: emit()'s frames. */
struct todo {
	struct buf frames;
	size_t *at;		/* where each frame's record begins */
	size_t n, room, own;	/* own: frames of the iterator's, before those of /proc */
	bool env;
	struct buf *done;
	const struct snapshot_options *o;
	struct snapshot_stats stats;
};

static int plan(struct todo *t, const void *rec, size_t n)
{
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 1024;
		size_t *at = realloc(t->at, sizeof(*at) * room);

		if (!at)
			return -ENOMEM;
		t->at = at;
		t->room = room;
	}
	t->at[t->n++] = t->frames.n + sizeof(uint64_t);
	emit(&t->frames, rec, n);
	return buf_error(&t->frames);
}

static const uint8_t *planned(const struct todo *t, size_t i, struct wire_hdr *h)
{
	const char *rec = t->frames.p + t->at[i];

	memcpy(h, rec, sizeof(*h));
	return (const uint8_t *)rec;
}

/* In the helper: what /proc says may come from memory that somebody else serves, or does not. */
static void work(void *ctx, size_t i, struct buf *out)
{
	static uint8_t rec[WIRE_RECORD_MAX] __attribute__((aligned(8))), whole[WIRE_RECORD_MAX] __attribute__((aligned(8)));
	static struct texts texts;
	const struct todo *t = ctx;
	struct wire_hdr h;
	const uint8_t *from = planned(t, i, &h);

	memcpy(rec, from, h.size);
	if (h.type == EVENT_EXEC && h.size >= sizeof(struct wire_exec) &&
	    read_texts(&texts, (const void *)rec, t->env && i < t->own))
		buf_add(out, whole, complete(whole, rec, &texts));
	else
		buf_add(out, rec, h.size);
}

static void result(void *ctx, size_t i, const void *p, size_t n)
{
	struct todo *t = ctx;
	struct wire_hdr h;
	const uint8_t *rec = planned(t, i, &h);

	if (!n)
		t->stats.given_up += h.type == EVENT_EXEC;
	emit(t->done, n ? p : rec, n ? n : h.size);
}

static void child(void *ctx, pid_t pid)
{
	const struct todo *t = ctx;

	if (t->o->helper)
		t->o->helper(t->o->ctx, pid);
}

/* The iterator names the control group of every process; once is enough, and twice does no harm. */
static bool first_of_group(uint64_t id)
{
	static uint64_t seen[4096];
	uint64_t *slot = &seen[id % 4096];

	if (*slot == id)
		return false;
	*slot = id;
	return true;
}

static int plan_iterated(struct todo *t, const struct buf *raw)
{
	int r = 0;

	for (size_t at = 0; !r && at + sizeof(struct wire_hdr) <= raw->n;) {
		struct wire_hdr h;

		memcpy(&h, raw->p + at, sizeof(h));
		if (h.size < sizeof(h) || h.size > WIRE_RECORD_MAX || h.size > raw->n - at)
			return -EIO;
		if (h.type != EVENT_CGROUP || first_of_group(h.cgroup))
			r = plan(t, raw->p + at, h.size);
		at += (h.size + 7ul) & ~7ul;	/* padded in the iterator's stream */
	}
	t->own = t->n;
	return r;
}

/* Without the environment: that is for the records of what is started. */
static int plan_absent(struct todo *t, const struct buf *raw)
{
	static uint8_t rec[PROC_RECORD_MAX] __attribute__((aligned(8)));
	struct absent absent[ABSENT_MAX];
	unsigned int count = absent_find(absent, raw);
	int r = 0;

	for (unsigned int i = 0; !r && i < count; i++) {
		size_t n = absent_record(rec, &absent[i]);

		if (n)
			r = plan(t, rec, n);
	}
	return r;
}

static int write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0)
			return -errno;
		s = str_skip(s, (size_t)n);
	}
	return 0;
}

int64_t snapshot_take(int iterator, int out, const struct snapshot_options *o, struct snapshot_stats *stats)
{
	/* All of it first: reading /proc between two reads would let the iterator walk a changing list for longer. */
	struct buf raw = {.max = SNAPSHOT_BYTES_MAX}, done = {.max = SNAPSHOT_BYTES_MAX};
	struct todo t = {.frames.max = SNAPSHOT_BYTES_MAX, .env = o->env, .done = &done, .o = o};
	int64_t r = fs_read_fd(&raw, iterator, SNAPSHOT_BYTES_MAX);

	r = r ?: plan_iterated(&t, &raw);
	r = r ?: plan_absent(&t, &raw);
	buf_free(&raw);
	if (!r)
		r = helper_run(&(struct helper){.n = t.n, .work = work, .result = result, .child = child, .ctx = &t});
	if (r >= 0)
		r = buf_error(&done) ?: write_all(out, buf_view(&done));
	if (!r) {
		r = (int64_t)done.n;
		*stats = t.stats;
	}
	buf_free(&done);
	buf_free(&t.frames);
	free(t.at);
	return r;
}
