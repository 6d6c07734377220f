/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Httpd
 *
 * libmicrohttpd on the libuv loop: its epoll descriptor is polled, its timers
 * are ours. No thread of its own.
 */
#ifndef UTIL_HTTPD_H
#define UTIL_HTTPD_H

#include <microhttpd.h>
#include <uv.h>

struct httpd;

/* Takes a daemon that was started with MHD_USE_EPOLL and without a thread of its own. 0 or -errno (then it is stopped). */
int httpd_new(struct httpd **ret, struct MHD_Daemon *daemon, uv_loop_t *loop);

/* Stops the daemon; memory is released when the loop has closed the handles. Returns NULL. */
struct httpd *httpd_free(struct httpd *h);

#endif
