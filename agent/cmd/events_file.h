/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events file
 *
 * The events of a file, one after the other: a recording (through decode and
 * enrich, as live), a .scap capture or JSON lines.
 */
#ifndef CMD_EVENTS_FILE_H
#define CMD_EVENTS_FILE_H

#include "event/event.h"
#include "util/buf.h"
#include <jansson.h>

/* line: the event as it stands in a file of JSON lines, without the newline; {NULL, 0} of a recording or a capture. */
typedef void (*event_fn)(void *ctx, const struct event *ev, struct str line);

/* num is 1 for the first event of a file, of a capture the original's number. 0, or < 0 with "file:line: reason" in *error; events before it were given. */
int events_file_each(const char *path, event_fn fn, void *ctx, struct buf *error);

/* One JSON object as an event; gone when fn returns. line is passed on. 0 or -EINVAL with the reason. */
int event_from_json(json_t *object, uint64_t num, struct str line, event_fn fn, void *ctx, char error[128]);

#endif
