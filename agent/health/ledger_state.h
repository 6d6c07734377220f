/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's inside. Private to ledger*.c. */
#ifndef HEALTH_LEDGER_STATE_H
#define HEALTH_LEDGER_STATE_H

#include "health/ledger.h"
#include "util/limits.h"

struct entry {
	enum issue code;
	enum capability capability;
	enum ledger_feed feed;
	uint32_t round;			/* of the feed, when it was raised last */
	uint32_t count;
	uint64_t since, last, until;	/* wall clock, ns; until of one that is over */
	char subject[LEDGER_SUBJECT_MAX], text[LEDGER_TEXT_MAX];
	json_t *evidence;		/* NULL once it is over */
};

struct matrix_row {
	char state[8], why[LEDGER_TEXT_MAX];
	uint64_t since;
};

struct ledger {
	uint64_t (*now)(void);
	struct entry *open[LEDGER_OPEN_MAX];	/* in the order of their beginnings */
	size_t n;
	struct entry *recent[LEDGER_RECENT_MAX];	/* newest first */
	size_t nrecent;
	uint64_t not_kept[FEED_MAX];	/* in its last round */
	uint32_t round[FEED_MAX];
	struct matrix_row matrix[CAPABILITY_MAX];
	uint64_t began;
	bool quiet;
};

uint64_t ledger_not_kept(const struct ledger *l);
bool ledger_lasts(const struct ledger *l, const struct entry *e);	/* open for so long that degraded is too weak a word */

#endif
