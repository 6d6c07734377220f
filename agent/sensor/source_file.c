/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source file
 *
 * A recording as a source. Some thousand records a turn of the loop, so that
 * timers and signals get theirs.
 */
#include "sensor/recording.h"
#include "sensor/source.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#define TURN_RECORDS 8192

/* The handle outlives the source until the loop has closed it. */
struct turn {
	uv_idle_t idle;
	struct file_source *source;	/* NULL once stopped */
};

struct file_source {
	struct source base;
	struct source_handler handler;
	struct recording *recording;
	struct turn *turn;
};

static struct file_source *of(const struct source *s)
{
	return (struct file_source *)((char *)s - offsetof(struct file_source, base));
}

static void turn_closed(uv_handle_t *h)
{
	free(h->data);
}

static void file_stop(struct source *base)
{
	struct file_source *s = of(base);
	struct turn *t = take(s->turn);

	if (t) {
		t->source = NULL;
		uv_close((uv_handle_t *)&t->idle, turn_closed);
	}
}

static void on_turn(uv_idle_t *h)
{
	struct turn *t = h->data;
	struct file_source *s = t->source;
	int r = 1;

	for (unsigned int i = 0; i < TURN_RECORDS && r > 0 && t->source; i++) {
		const void *rec;
		size_t n;

		r = recording_next(s->recording, &rec, &n);
		if (r > 0)
			s->handler.record(s->handler.ctx, rec, n);
	}
	if (!t->source)
		return;	/* the handler stopped us; t itself lives until the loop has closed it */
	if (s->handler.idle)
		s->handler.idle(s->handler.ctx);
	if (r > 0 || !t->source)
		return;
	file_stop(&s->base);
	s->handler.end(s->handler.ctx, r, r < 0 ? recording_error(s->recording) : NULL);
}

static int file_start(struct source *base, uv_loop_t *loop, const struct source_handler *h)
{
	struct file_source *s = of(base);
	struct turn *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	r = uv_idle_init(loop, &t->idle);
	if (r < 0) {
		free(t);
		return r;
	}
	s->handler = *h;
	s->turn = t;
	t->source = s;
	t->idle.data = t;
	return uv_idle_start(&t->idle, on_turn);
}

static uint64_t file_boot_offset(const struct source *base)
{
	return recording_boot_offset(of(base)->recording);
}

static json_t *file_coverage(struct source *base)
{
	(void)base;
	return NULL;	/* what a past host could see, its recording does not say */
}

static struct source *file_free(struct source *base)
{
	if (base) {
		struct file_source *s = of(base);

		file_stop(base);
		recording_free(s->recording);
		free(s);
	}
	return NULL;
}

static const struct source_ops file_ops = {
	.name = "file",
	.start = file_start,
	.stop = file_stop,
	.coverage = file_coverage,
	.boot_offset = file_boot_offset,
	.free = file_free,
};

int source_file_new(struct source **ret, const char *path, char error[512])
{
	struct file_source *s;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0) {
		r = -errno;
		snprintf(error, 512, "%s: %s", path, strerror(-r));
		return r;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		close(fd);
		snprintf(error, 512, "out of memory");
		return -ENOMEM;
	}
	r = recording_open(&s->recording, fd, path, error);
	if (r < 0) {
		free(s);
		return r;
	}
	s->base.ops = &file_ops;
	*ret = &s->base;
	return 0;
}
