/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines
 *
 * A batch as lines: what the sinks that write have in common.
 */
#ifndef DELIVER_LINES_H
#define DELIVER_LINES_H

#include "deliver/sink.h"

/* "native" (or NULL) is the only format so far. 0 or -EINVAL with a reason. */
int lines_check_format(const char *format, char error[256]);

enum lines_kind { LINES_TEXT, LINES_COLOUR, LINES_JSON };

/* Appends one line for each finding. 0 or < 0. */
int lines_add(struct buf *out, const struct batch *b, enum lines_kind kind);

#endif
