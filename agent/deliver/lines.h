/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines
 *
 * A batch as lines: what the sinks that write have in common.
 */
#ifndef DELIVER_LINES_H
#define DELIVER_LINES_H

#include "deliver/sink.h"

/* "native" (or NULL) or "falco". 0 or -EINVAL with a reason. */
int lines_check_format(const char *format, char error[256]);

enum lines_kind { LINES_TEXT, LINES_COLOUR, LINES_JSON, LINES_FALCO };

bool lines_are_falco(const char *format);

/* Appends one line for each finding; t is of LINES_FALCO. 0 or < 0. */
int lines_add(struct buf *out, const struct batch *b, enum lines_kind kind, const struct finding_template *t);

#endif
