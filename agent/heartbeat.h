/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heartbeat
 *
 * What `status` says, as the message that receivers get at an interval. Read off
 * the status itself, so that the two cannot differ.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include "finding/finding.h"
#include "noroshi/v1/coverage.pb-c.h"

struct heartbeat {
	const char *agent_id;
	uint32_t sequence;
	uint32_t interval;	/* seconds */
	bool last;
	uint64_t time;		/* wall clock, ns */
};

/* status: agent_status(). Freed with noroshi__v1__coverage__free_unpacked(). NULL without memory. */
Noroshi__V1__Coverage *heartbeat_new(const struct heartbeat *h, const struct finding_context *c, json_t *status);

#endif
