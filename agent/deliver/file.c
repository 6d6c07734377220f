/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File
 *
 * Findings as JSON lines at the end of a file. A batch is in the file as a
 * whole or, as far as that can be had, not at all. Whatever touches the file
 * after the start is done on libuv's threads: a disk may stall, a file server
 * be gone. The file may be moved away at any time: the next batch begins a new
 * one under the old name.
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
	uv_work_t work;
	bool writing, closing, closed;	/* writing: the other thread has path, fd, torn and out; closed: the timer is */
	char *path;
	int fd;				/* -1: to be opened */
	bool torn;			/* the file ends within a line */
	int error;			/* of the other thread */
	unsigned int backoff_min, backoff_max, backoff;
	enum lines_kind kind;
	struct finding_template template;
	struct buf out;			/* a line end for a torn line, then the batch */
	size_t n;			/* findings in it */
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

static int file_check(const struct sink_options *o, char error[256])
{
	const char *slash = o->target ? strrchr(o->target, '/') : NULL;
	_cleanup_(freep) char *folder = slash ? strndup(o->target, (size_t)(slash - o->target) + 1) : strdup(".");
	int r = lines_check_format(o->format, error);

	if (r < 0)
		return r;
	if (!o->target || !*o->target)
		snprintf(error, 256, "file needs a path: file:PATH");
	else if (!folder || access(folder, W_OK | X_OK) < 0)
		snprintf(error, 256, "%.128s: %s", folder ? folder : "", strerror(errno));
	else
		return 0;
	return -EINVAL;
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
	s->work.data = s;
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

/*
 * Cuts off what was written of the batch, so that the next attempt does not repeat half of it. Somebody else's lines may
 * stand behind ours: then the torn line stays, ended before the next one.
 */
static void undo(struct sink_file *s, off_t begin, size_t done)
{
	struct stat st;

	if (done && (begin < 0 || fstat(s->fd, &st) < 0 || st.st_size != begin + (off_t)done || ftruncate(s->fd, begin) < 0))
		s->torn = true;
}

/* On another thread. 0 or -errno. */
static int append(struct sink_file *s)
{
	size_t done = 0, all;
	struct stat st;
	const char *p;
	off_t begin;
	int r = open_path(s);

	if (r < 0)
		return r;
	begin = fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
	p = s->out.p + !s->torn;
	all = s->out.n - !s->torn;
	while (done < all) {	/* a disk that is full, or nearly, takes a part: the next write says which */
		ssize_t n = write(s->fd, p + done, all - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = n < 0 ? -errno : -EIO;
			undo(s, begin, done);
			return r;
		}
		done += (size_t)n;
	}
	s->torn = false;
	return 0;
}

static void work(uv_work_t *w)
{
	struct sink_file *s = w->data;

	s->error = append(s);
}

static void failed(struct sink_file *s)
{
	snprintf(s->stats.last_error, sizeof(s->stats.last_error), "%.128s: %s", s->path, strerror(-s->error));
	s->stats.retries++;
	uv_timer_start(&s->timer, on_timer, s->backoff, 0);
	s->backoff = s->backoff < s->backoff_max / 2 ? s->backoff * 2 : s->backoff_max;
}

static void on_worked(uv_work_t *w, int status)
{
	struct sink_file *s = w->data;

	(void)status;
	s->writing = false;
	if (s->closing) {
		if (s->closed)
			destroy(s);
		return;
	}
	if (s->error < 0) {
		failed(s);
		return;
	}
	s->backoff = s->backoff_min;
	s->stats.batches++;
	s->stats.findings += s->n;
	s->stats.bytes += s->out.n - 1;
	s->stats.last_success = clock_wall_ns();
	s->stats.last_error[0] = 0;
	buf_free(&s->out);
	finish(s, SINK_DELIVERED, "");
}

static void file_send(struct sink *sink, const struct batch *b, sink_done_fn done, void *ctx)
{
	struct sink_file *s = (struct sink_file *)sink;

	s->done = done;
	s->ctx = ctx;
	s->n = b->n;
	buf_reset(&s->out);
	buf_char(&s->out, '\n');
	if (lines_add(&s->out, b, s->kind, &s->template) < 0) {
		finish(s, b->n > 1 ? SINK_TOO_LARGE : SINK_REFUSED, "out of memory");
		return;
	}
	s->writing = true;
	uv_queue_work(s->loop, &s->work, work, on_worked);
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
	.check = file_check,
	.send = file_send,
	.hurry = file_hurry,
	.stats = file_stats,
	.close = file_close,
};
