/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding
 *
 * (event, rule) → Finding message. Everything known at this moment about who
 * did it goes in; a string that is not valid UTF-8 is made so.
 */
#ifndef FINDING_FINDING_H
#define FINDING_FINDING_H

#include "enrich/host_facts.h"
#include "event/event.h"
#include "noroshi/v1/finding.pb-c.h"
#include "rule/engine.h"
#include <jansson.h>

/* What is the same in all findings of a run. */
struct finding_context {
	const char *agent_version;
	const char *ruleset_digest;
	const char *hostname, *boot_id, *kernel;
	const struct host_facts *host;	/* NULL: nothing is known of it */
	uint64_t boot_offset;	/* wall - boottime, ns: for start times */
};

/* A new finding: revision 1, count 1, an id of its own, sequence 0 (folding gives it). NULL without memory. */
Noroshi__V1__Finding *finding_new(const struct finding_context *c, const struct event *ev, const struct match *m);

/* A finding about the agent itself: no event, no process. NULL without memory. */
Noroshi__V1__Finding *finding_internal(const struct finding_context *c, const char *rule, const char *type,
				       unsigned int score, const char *output);

/*
 * A finding of the agent's own about somebody: ev->rec tells ids and control group, enrich_who() the rest; it is no event,
 * and without a tgid there is no process. NULL without memory.
 */
Noroshi__V1__Finding *finding_about(const struct finding_context *c, const struct rule_info *rule, const struct event *ev,
				    struct str output);

struct workload_row;

/* What is known by now of the container that it happened in, its task, and how complete that is. */
void finding_say_container(Noroshi__V1__Finding *f, const struct workload_row *row);

/* One that says PENDING, and will never be told: why. */
void finding_say_untold(Noroshi__V1__Finding *f, const char *why);

Noroshi__V1__Finding *finding_copy(const Noroshi__V1__Finding *f);	/* deep */
void finding_free(Noroshi__V1__Finding *f);
DEFINE_CLEANUP(Noroshi__V1__Finding *, finding_free);

/*
 * protobuf's JSON mapping: lowerCamelCase, enums by name, unset fields absent; a oneof scalar is present when set.
 * Works on any message, by its descriptor. New reference.
 */
json_t *finding_json(const ProtobufCMessage *m);

/* The JSON of that mapping as one line without newline, appended to *out. 0 or -ENOMEM. */
int finding_json_line(const ProtobufCMessage *m, struct buf *out);

/* One line for people: time, severity, rule, output, task and container. Control characters escaped; colour: of the severity. */
void finding_text_line(const Noroshi__V1__Finding *f, bool colour, struct buf *out);

/* The same as a block of lines, an empty one last: where, the process tree from the root down, the other end, remedy. */
void finding_text_detail(const Noroshi__V1__Finding *f, bool colour, struct buf *out);

/* UUIDv7 of now (RFC 9562), 36 characters and NUL. Monotonic within the process. */
void finding_uuid(char dst[37]);

#endif
