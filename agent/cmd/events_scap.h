/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_EVENTS_SCAP_H
#define CMD_EVENTS_SCAP_H

#include "cmd/events_file.h"

/* The events of a .scap capture, as events_file_each() gives them; num is the original's. */
int events_scap_each(const char *path, event_fn fn, void *ctx, struct buf *error);

#endif
