/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coverage
 *
 * Answers one question: of what the rules need, what does this host show, what
 * got lost, and why? As JSON:
 *
 *   { "sensor": { "pid": 812, "state": "running",         running | stopped | dead
 *                 "notes": ["…"] },                       what is not as it should be; [] as a rule
 *     "ia32": "guarded",                                  32-bit entries, coverage_ia32()
 *     "attach": "tracepoints",                            by what names that change are seen, coverage_attach()
 *     "calls": { "openat": {                              every call of events.def
 *         "event": "open",                                whose numbers stand under "events"
 *         "state": "attached",                            attached | not needed | lost
 *         "program": "openat__exit",                      null when lost or not needed
 *         "reason": "…",                                  why lost, or (attached) what is missing of it; null
 *         "missed": 0 }, … },                             runs that the kernel skipped, polled; of the code, where calls share it
 *     "events": { "open": {                               every event of events.def
 *         "ring": "bulk",
 *         "seen": 12, "refused": 3,                       attempts to send, lost ones included; filtered in the kernel
 *         "lost": { "ring full": 0, … } }, … },           by reason, all of them
 *     "rings": { "critical": { "bytes": 524288, "used": 0, "taken": 4096, "records": 99, "damaged": false }, "bulk": { … } },
 *     "programs": [ { "name": "openat__exit",
 *         "state": "attached",                            attached | unneeded | alternative | refused | absent
 *         "reason": null, "log": null, "missed": 0,
 *         "detached": 0 }, … ] }                          times that somebody took it off; the sensor puts it back
 *
 * The kernel counts by event, not by call: numbers of one call alone do not exist.
 */
#ifndef SENSOR_COVERAGE_H
#define SENSOR_COVERAGE_H

#include "sensor/ring.h"
#include "sensor/sensor.h"
#include <jansson.h>

struct coverage {
	const struct sensor_state *state;
	const struct needs *needs;
	const struct wire_counter *counters;	/* cpus * EVENT_MAX */
	uint32_t cpus;
	const struct ring *ring;		/* critical, bulk */
	const uint64_t *records;		/* taken from each */
	const bool *damaged;			/* each: what lay in it was no record, it is read no more */
	int pid;
	const char *life;			/* "running", … */
};

extern const char *const loss_name[LOSS_MAX];

json_t *coverage_json(const struct coverage *c);

/*
 * Whether programs here can enter the kernel as 32-bit ones do, and if so whether that is seen. COVERAGE_UNGUARDED and why, where
 * it was asked for in vain.
 */
#define COVERAGE_UNGUARDED "reachable, not guarded: "
#define COVERAGE_IA32_MAX (2 * PROGRAM_REASON_MAX)
const char *coverage_ia32(char dst[COVERAGE_IA32_MAX], const struct coverage *c, bool reachable);

/* What tells which file a call that changes names is at work on; and what of the preferred cannot be had. */
#define COVERAGE_ATTACH_MAX (2 * PROGRAM_REASON_MAX)
const char *coverage_attach(char dst[COVERAGE_ATTACH_MAX], const struct coverage *c);

/* The sum of an event's slots over all processors. */
void coverage_sum(struct wire_counter *ret, const struct wire_counter *counters, uint32_t cpus, enum event_type type);

#endif
