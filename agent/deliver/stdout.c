/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stdout
 *
 * Findings for whoever looks: one line each for people, or JSON lines. A slow
 * reader delays findings, never the loop: what standard output does not take
 * now is written when it can be. The descriptor that others share is not made
 * non-blocking; a pipe or terminal is opened a second time instead.
 */
#include "deliver/lines.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define KEEP_BYTES 65536	/* a buffer that one large batch made longer than that is given back */

struct sink_stdout {
	struct sink sink;
	uv_loop_t *loop;
	uv_poll_t *poll;		/* NULL until standard output was full once */
	int fd;
	bool is_socket, careful;	/* careful: the descriptor may block, so that only what surely fits is written */
	enum lines_kind kind;
	struct finding_template template;
	struct buf out;
	size_t at;			/* written of out */
	size_t n;			/* findings in out */
	sink_done_fn done;		/* NULL when no batch is in hand */
	void *ctx;
	struct sink_stats stats;
};

static void open_own(struct sink_stdout *s)
{
	struct stat st;

	s->fd = -1;
	if (fstat(STDOUT_FILENO, &st) < 0)
		return;		/* closed: the first write will say so */
	s->is_socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		s->fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (s->fd < 0) {
		s->careful = !S_ISREG(st.st_mode) && !s->is_socket;	/* another user's terminal, no /proc */
		s->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	}
}

static int stdout_open(struct sink **ret, const struct sink_options *o, uv_loop_t *loop, char error[256])
{
	struct sink_stdout *s;
	const char *no_color = getenv("NO_COLOR");
	int r = lines_check_format(o->format, error);

	if (r < 0)
		return r;
	if (o->target) {
		snprintf(error, 256, "stdout takes nothing behind it");
		return -EINVAL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		snprintf(error, 256, "out of memory");
		return -ENOMEM;
	}
	s->sink.ops = &sink_stdout;
	s->loop = loop;
	s->template = o->template;
	s->kind = lines_are_falco(o->format) ? LINES_FALCO : o->json ? LINES_JSON : isatty(STDOUT_FILENO) && !(no_color && *no_color) ? LINES_COLOUR : LINES_TEXT;
	s->out.max = SIZE_MAX / 4;	/* a batch is bounded already */
	signal(SIGPIPE, SIG_IGN);	/* a reader that goes away must not end the agent */
	open_own(s);
	*ret = &s->sink;
	return 0;
}

static ssize_t write_some(struct sink_stdout *s)
{
	const char *p = s->out.p + s->at;
	size_t n = s->out.n - s->at;
	struct pollfd ready = {.fd = s->fd, .events = POLLOUT};

	if (s->is_socket)
		return send(s->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (s->careful) {
		if (poll(&ready, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		n = n > PIPE_BUF ? PIPE_BUF : n;	/* a pipe that is writable has room for that much */
	}
	return write(s->fd, p, n);
}

static void finish(struct sink_stdout *s, enum sink_result result, const char *why)
{
	sink_done_fn done = s->done;

	s->done = NULL;
	if (result == SINK_DELIVERED) {
		s->stats.batches++;
		s->stats.findings += s->n;
		s->stats.bytes += s->out.n;
		s->stats.last_success = clock_wall_ns();
		s->stats.last_error[0] = 0;
	} else {
		s->stats.refused++;
		snprintf(s->stats.last_error, sizeof(s->stats.last_error), "%s", why);
	}
	if (s->out.room > KEEP_BYTES)
		buf_free(&s->out);
	done(s->ctx, result, why);
}

static void on_writable(uv_poll_t *p, int status, int events);

/* False when standard output is full and cannot be waited for. */
static bool wait_writable(struct sink_stdout *s)
{
	int flags = fcntl(s->fd, F_GETFL);

	if (!s->poll) {
		s->poll = calloc(1, sizeof(*s->poll));
		if (!s->poll)
			return false;
		if (uv_poll_init(s->loop, s->poll, s->fd) < 0) {
			free(s->poll);
			s->poll = NULL;
			return false;
		}
		s->poll->data = s;
		fcntl(s->fd, F_SETFL, flags);	/* libuv makes it non-blocking, for all who share it */
	}
	return uv_poll_start(s->poll, UV_WRITABLE, on_writable) == 0;
}

static void write_out(struct sink_stdout *s)
{
	while (s->at < s->out.n) {
		ssize_t n = write_some(s);

		if (n >= 0) {
			s->at += (size_t)n;
		} else if (errno == EAGAIN) {
			if (wait_writable(s))
				return;
			finish(s, SINK_REFUSED, "standard output is full and cannot be waited for");
			return;
		} else if (errno != EINTR) {
			char why[128];

			snprintf(why, sizeof(why), "standard output: %s", strerror(errno));
			if (s->poll)
				uv_poll_stop(s->poll);
			finish(s, SINK_REFUSED, why);
			return;
		}
	}
	if (s->poll)
		uv_poll_stop(s->poll);
	finish(s, SINK_DELIVERED, "");
}

static void on_writable(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;	/* an error shows at the write */
	write_out(p->data);
}

static void stdout_send(struct sink *sink, const struct batch *b, sink_done_fn done, void *ctx)
{
	struct sink_stdout *s = (struct sink_stdout *)sink;

	buf_reset(&s->out);
	s->at = 0;
	s->n = b->n;
	s->done = done;
	s->ctx = ctx;
	if (lines_add(&s->out, b, s->kind, &s->template) < 0) {
		finish(s, b->n > 1 ? SINK_TOO_LARGE : SINK_REFUSED, "out of memory");
		return;
	}
	write_out(s);
}

static void stdout_stats(const struct sink *sink, struct sink_stats *ret)
{
	*ret = ((const struct sink_stdout *)sink)->stats;
}

static void destroy(struct sink_stdout *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_free(&s->out);
	free(s->poll);
	free(s);
}

static void on_closed(uv_handle_t *h)
{
	destroy(h->data);
}

static void stdout_close(struct sink *sink)
{
	struct sink_stdout *s = (struct sink_stdout *)sink;

	if (s->poll)
		uv_close((uv_handle_t *)s->poll, on_closed);
	else
		destroy(s);
}

const struct sink_ops sink_stdout = {
	.name = "stdout",
	.doc = "one line for people on standard output, JSON lines with --json",
	.prompt = true,
	.open = stdout_open,
	.send = stdout_send,
	.stats = stdout_stats,
	.close = stdout_close,
};
