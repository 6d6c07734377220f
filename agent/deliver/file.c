/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File
 *
 * Findings as JSON lines at the end of a file. A batch is in the file as a
 * whole or, as far as that can be had, not at all; it is written on libuv's
 * threads, since a disk may stall. The file may be moved away at any time: the
 * next batch begins a new one under the old name.
 */
#include "deliver/lines.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000

struct sink_file {
	struct sink sink;
	uv_loop_t *loop;
	uv_timer_t timer;		/* the wait after a failure */
	uv_fs_t request;
	bool writing, closing, closed;	/* closed: the timer is */
	char *path;
	int fd;				/* -1: to be opened */
	bool torn;			/* the file ends within a line */
	off_t begin;			/* where the batch in hand begins, -1 when the file cannot be cut */
	unsigned int backoff_min, backoff_max, backoff;
	enum lines_kind kind;
	struct finding_template template;
	struct buf out;
	size_t at, n;			/* written of out; findings in it */
	sink_done_fn done;		/* NULL when no batch is in hand */
	void *ctx;
	struct sink_stats stats;
};

/* 0 or -errno. Readable by its owner alone: it tells what runs here, with arguments. */
static int open_path(struct sink_file *s)
{
	struct stat there, ours;

	if (s->fd >= 0 && stat(s->path, &there) == 0 && fstat(s->fd, &ours) == 0 && there.st_ino == ours.st_ino &&
	    there.st_dev == ours.st_dev)
		return 0;
	if (s->fd >= 0)
		close(s->fd);
	s->torn = false;
	s->fd = open(s->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	return s->fd < 0 ? -errno : 0;
}

static unsigned int or_default(unsigned int v, unsigned int otherwise)
{
	return v ? v : otherwise;
}

static void destroy(struct sink_file *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_free(&s->out);
	free(s->path);
	free(s);
}

static int file_open(struct sink **ret, const struct sink_options *o, uv_loop_t *loop, char error[256])
{
	struct sink_file *s;
	int r = lines_check_format(o->format, error);

	if (r < 0)
		return r;
	if (!o->target || !*o->target) {
		snprintf(error, 256, "file needs a path: file:PATH");
		return -EINVAL;
	}
	s = calloc(1, sizeof(*s));
	if (s)
		s->path = strdup(o->target);
	if (!s || !s->path) {
		free(s);
		snprintf(error, 256, "out of memory");
		return -ENOMEM;
	}
	s->sink.ops = &sink_file;
	s->kind = lines_are_falco(o->format) ? LINES_FALCO : LINES_JSON;
	s->template = o->template;
	s->loop = loop;
	s->fd = -1;
	s->out.max = SIZE_MAX / 4;	/* a batch is bounded already */
	s->backoff_min = s->backoff = or_default(o->backoff_min_ms, BACKOFF_MIN_MS);
	s->backoff_max = or_default(o->backoff_max_ms, BACKOFF_MAX_MS);
	r = open_path(s);
	if (r < 0) {
		snprintf(error, 256, "%.128s: %s", s->path, strerror(-r));
		destroy(s);
		return r;
	}
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	s->request.data = s;
	*ret = &s->sink;
	return 0;
}

static void finish(struct sink_file *s, enum sink_result result, const char *why)
{
	sink_done_fn done = s->done;

	s->done = NULL;
	done(s->ctx, result, why);
}

static void on_timer(uv_timer_t *t)
{
	struct sink_file *s = t->data;

	finish(s, SINK_RETRY, s->stats.last_error);
}

/* Cuts off what was written of the batch, so that the next attempt does not repeat half of it. */
static void undo(struct sink_file *s)
{
	struct stat st;

	if (!s->at || s->fd < 0)
		return;
	/* Somebody else's lines may stand behind ours: then the torn line stays, ended before the next one. */
	if (s->begin < 0 || fstat(s->fd, &st) < 0 || st.st_size != s->begin + (off_t)s->at ||
	    ftruncate(s->fd, s->begin) < 0)
		s->torn = s->out.p[s->at - 1] != '\n';
}

static void failed(struct sink_file *s, int error)
{
	undo(s);
	snprintf(s->stats.last_error, sizeof(s->stats.last_error), "%.128s: %s", s->path, strerror(-error));
	s->stats.retries++;
	uv_timer_start(&s->timer, on_timer, s->backoff, 0);
	s->backoff = s->backoff < s->backoff_max / 2 ? s->backoff * 2 : s->backoff_max;
}

static void write_rest(struct sink_file *s);

static void on_written(uv_fs_t *request)
{
	struct sink_file *s = request->data;
	ssize_t r = request->result;

	uv_fs_req_cleanup(request);
	s->writing = false;
	if (s->closing) {
		if (s->closed)
			destroy(s);
		return;
	}
	if (r < 0) {
		failed(s, (int)r);
		return;
	}
	s->at += (size_t)r;
	if (r && s->at < s->out.n) {	/* the disk is full, or nearly: the next write says which */
		write_rest(s);
		return;
	}
	if (s->at < s->out.n) {
		failed(s, -EIO);
		return;
	}
	s->torn = false;
	s->backoff = s->backoff_min;
	s->stats.batches++;
	s->stats.findings += s->n;
	s->stats.bytes += s->out.n;
	s->stats.last_success = clock_wall_ns();
	s->stats.last_error[0] = 0;
	buf_free(&s->out);
	finish(s, SINK_DELIVERED, "");
}

static void write_rest(struct sink_file *s)
{
	uv_buf_t b = uv_buf_init(s->out.p + s->at, (unsigned int)(s->out.n - s->at));
	int r = uv_fs_write(s->loop, &s->request, s->fd, &b, 1, -1, on_written);

	if (r < 0)
		failed(s, r);
	else
		s->writing = true;
}

static void file_send(struct sink *sink, const struct batch *b, sink_done_fn done, void *ctx)
{
	struct sink_file *s = (struct sink_file *)sink;
	struct stat st;
	int r;

	s->done = done;
	s->ctx = ctx;
	s->n = b->n;
	s->at = 0;
	buf_reset(&s->out);
	r = open_path(s);
	if (r < 0) {
		failed(s, r);
		return;
	}
	if (s->torn)
		buf_char(&s->out, '\n');
	if (lines_add(&s->out, b, s->kind, &s->template) < 0) {
		finish(s, b->n > 1 ? SINK_TOO_LARGE : SINK_REFUSED, "out of memory");
		return;
	}
	s->begin = fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
	write_rest(s);
}

static void file_hurry(struct sink *sink)
{
	struct sink_file *s = (struct sink_file *)sink;

	s->backoff = s->backoff_min < 100 ? s->backoff_min : 100;
	s->backoff_max = s->backoff;
	if (uv_is_active((uv_handle_t *)&s->timer))
		uv_timer_start(&s->timer, on_timer, 0, 0);
}

static void file_stats(const struct sink *sink, struct sink_stats *ret)
{
	*ret = ((const struct sink_file *)sink)->stats;
}

static void on_closed(uv_handle_t *h)
{
	struct sink_file *s = h->data;

	s->closed = true;
	if (!s->writing)
		destroy(s);
}

static void file_close(struct sink *sink)
{
	struct sink_file *s = (struct sink_file *)sink;

	s->closing = true;
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

const struct sink_ops sink_file = {
	.name = "file",
	.doc = "JSON lines appended to a file: file:PATH",
	.prompt = true,
	.open = file_open,
	.send = file_send,
	.hurry = file_hurry,
	.stats = file_stats,
	.close = file_close,
};
