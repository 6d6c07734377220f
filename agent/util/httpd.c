/* SPDX-License-Identifier: Apache-2.0 */
#include "util/httpd.h"
#include <errno.h>
#include <stdlib.h>

struct httpd {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	int open_handles;
};

static void on_timer(uv_timer_t *t);

/* Work, then say when the next time-out of a connection is due. */
static void turn(struct httpd *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(h->daemon);
	if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
		uv_timer_start(&h->timer, on_timer, ms, 0);
	else
		uv_timer_stop(&h->timer);
}

static void on_timer(uv_timer_t *t)
{
	turn(t->data);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	turn(p->data);
}

int httpd_new(struct httpd **ret, struct MHD_Daemon *daemon, uv_loop_t *loop)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct httpd *h = calloc(1, sizeof(*h));
	int r = -EINVAL;

	if (h && info)
		r = uv_poll_init(loop, &h->poll, info->epoll_fd);
	if (!h || r < 0) {
		MHD_stop_daemon(daemon);
		free(h);
		return h ? r : -ENOMEM;
	}
	h->daemon = daemon;
	h->open_handles = 2;
	uv_timer_init(loop, &h->timer);
	h->poll.data = h->timer.data = h;
	uv_poll_start(&h->poll, UV_READABLE, on_poll);
	turn(h);
	*ret = h;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct httpd *h = handle->data;

	if (--h->open_handles == 0)
		free(h);
}

struct httpd *httpd_free(struct httpd *h)
{
	if (!h)
		return NULL;
	uv_poll_stop(&h->poll);
	uv_close((uv_handle_t *)&h->poll, on_closed);
	uv_close((uv_handle_t *)&h->timer, on_closed);
	MHD_stop_daemon(h->daemon);
	return NULL;
}
