/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escape
 *
 * Text that somebody else chose, on its way to a terminal or a log: a line
 * stays a line, in the direction it is written in, and its colours ours.
 */
#ifndef UTIL_ESCAPE_H
#define UTIL_ESCAPE_H

#include "util/buf.h"
#include <stdbool.h>

/* Whether a terminal or a reader of logs may do something else with it than to show it: controls, line ends, marks that
 * turn the direction of a text. */
bool escape_needed(uint32_t point);

/* Appends s: such characters, and bytes that are no text, as \n, \t, \xNN or \uNNNN. */
void escape_add(struct buf *out, struct str s);

#endif
