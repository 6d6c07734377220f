/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle.h"
#include "wire.h"

/* first: of the process that was met first; else the event is nobody's. */
static void tell(struct lifecycle *l, const struct workload_row *row, enum container_what what, uint64_t time)
{
	bool first = what == CONTAINER_START && row->first;
	union event_record rec = {.container = {
		.hdr = {.type = EVENT_CONTAINER, .call = CALL_CONTAINER, .size = sizeof(rec.container), .time = time, .cgroup = row->cgroup,
			.tgid = first ? row->first : 0, .tid = first ? row->first : 0, .start = first ? row->start : 0,
			.flags = first ? 0 : WIRE_NO_OWNER},
		.what = what,
	}};
	struct event ev = {};

	enrich_who(l->pipeline->enrich, &ev, &rec);
	pipeline_record(l->pipeline, &rec, sizeof(rec.container));
}

void lifecycle_decided(struct lifecycle *l, struct workload_row *row)
{
	uint64_t met = row->start ? row->start : row->met;

	if (!row->started && met > l->began && row->cgroup)
		tell(l, row, CONTAINER_START, row->met);
	row->started = true;
}

void lifecycle_gone(struct lifecycle *l, struct workload_row *row, uint64_t time)
{
	if (row->alive || row->died)
		return;
	lifecycle_decided(l, row);	/* it was shorter than the answer */
	row->died = true;
	tell(l, row, CONTAINER_DIE, time);
}
