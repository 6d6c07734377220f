/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control
 *
 * HTTP on a unix socket: /healthz, /readyz, /coverage, /metrics, /top; all but the last also on a loopback address. What
 * `status`, `top` and a monitoring system ask.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>

struct agent;
struct control;

/* Listens on STATE/control.sock (0660; a stale socket is replaced), and on TCP as control.listen says. 0 or -errno, logged. */
int control_new(struct control **ret, struct agent *a);
struct control *control_free(struct control *c);	/* removes the socket; its handles close on the loop */

#endif
