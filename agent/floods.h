/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floods
 *
 * Who sent more than his control group may: what the kernel side counted per
 * group becomes a finding "Telemetry flood" that names the container, what was
 * lost of it and the process that did most. Losses for other reasons are only
 * told in the status.
 */
#ifndef FLOODS_H
#define FLOODS_H

#include "enrich/enrich.h"
#include "finding/fold.h"
#include <jansson.h>

struct floods;

/* Reads the slots of `groups` (GROUPS_MAX; NULL: nothing is ever lost). window_ms: a flood that goes on is one finding for so long. */
struct floods *floods_new(const struct wire_group *groups, uint64_t window_ms);
struct floods *floods_free(struct floods *f);

/* Whether more was lost since the last report: one look at memory, for every turn of the loop. */
bool floods_grew(const struct floods *f);

struct floods_report {
	struct enrich *enrich;
	struct fold *fold;
	const struct finding_context *context;
	uint64_t rate;		/* the limit that was passed */
	uint64_t now;		/* wall clock, ns */
};

/* A finding for each group that lost more since the last report. Returns how many. */
unsigned int floods_report(struct floods *f, const struct floods_report *r);

/* [{"cgroup", "container", "lost": {"open": 7}, "overRate"}], of groups that lost anything. New reference. */
json_t *floods_json(const struct floods *f, struct enrich *enrich);

#endif
