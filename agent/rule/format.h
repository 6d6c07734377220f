/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format
 *
 * A rules file in its canonical layout: an item each with a blank line before it, its keys in one order, indented by two,
 * what belongs to a key by four, short lists in one line. Comments, quotes and the lines of conditions stay.
 */
#ifndef RULE_FORMAT_H
#define RULE_FORMAT_H

#include "rule/diag.h"
#include "rule/engine.h"

#define FORMAT_COLUMNS 120	/* lists are put in one line up to here */

/*
 * 0 with the text in *out; -EINVAL with errors in *diags (not YAML, no list of items); -ENOTSUP when the result would mean
 * something else than the source, or would be laid out otherwise itself, as lines can be that nobody indents so. *out is
 * empty then.
 */
int format_rules(const struct rule_source *in, struct buf *out, struct diags *diags);

#endif
