/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Propose
 *
 * The narrowest exception that silences a stored finding: every field of its
 * evidence that will be the same next time has to be equal.
 */
#ifndef CMD_PROPOSE_H
#define CMD_PROPOSE_H

#include "receive/store.h"
#include "util/buf.h"

/*
 * Prints YAML for a rules file, with the stored findings of the rule that it would have silenced too as comments. id
 * may be the end of one, at least PROPOSE_ID_MIN characters. 0, -ENOENT, -EEXIST (several end so), -ENODATA (nothing in
 * it tells it from others), -EIO.
 */
#define PROPOSE_ID_MIN 4
int propose_exception(struct store *s, const char *id, struct buf *out);

#endif
