/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build
 *
 * What the files that fill in a finding share: copying texts, allocating parts,
 * reading fields. A failed allocation sticks, so that it is checked once.
 */
#ifndef FINDING_BUILD_H
#define FINDING_BUILD_H

#include "finding/finding.h"
#include "rule/field.h"
#include "util/cleanup.h"
#include "util/limits.h"

struct build {
	const struct finding_context *c;
	const struct event *ev;
	Noroshi__V1__Finding *f;
	struct field_scratch *scratch;
	bool failed;
};

/* The fields that findings show. All of them exist for JSON events, few are needed for records. */
enum build_field {
#define FIELD(ID, name) BUILD_##ID,
#include "finding/field.def"
	BUILD_FIELD_MAX
};

/* *dst becomes a copy of s, valid UTF-8 and at most max bytes; one that was cut ends in "…". An empty s leaves *dst as it is. */
void build_text(struct build *b, char **dst, struct str s, size_t max);
void build_time(struct build *b, char **dst, uint64_t wall_ns);
void build_ip(struct build *b, char **dst, const struct wire_addr *a);
/* The same process has the same text in every finding: boot, pid and start time. Nothing without a pid. */
void build_process_uuid(struct build *b, char **dst, uint32_t pid, uint64_t start);

/* Zeroed memory that protobuf-c may free; NULL when there is none (b->failed is set). */
void *build_alloc(struct build *b, size_t n);

/* BUILD_MESSAGE(b, p, process): a new, initialised message in p; false without memory. */
#define BUILD_MESSAGE(b, p, type) \
	(((p) = build_alloc(b, sizeof(*(p)))) ? (noroshi__v1__##type##__init(p), true) : false)

/* BUILD_SET(p, PROCESS, PID, pid, 7): a scalar that stands alone in its oneof. */
#define BUILD_SET(p, TYPE, ID, member, value)                                               \
	do {                                                                                \
		(p)->member##_value_case = NOROSHI__V1__##TYPE##__##ID##_VALUE_##ID;        \
		(p)->member = (value);                                                      \
	} while (0)

/* The field's first value; false when it is missing or this build knows no such field. */
bool build_field(struct build *b, enum build_field id, struct value *ret);
unsigned int build_field_list(struct build *b, enum build_field id, struct value v[FIELD_VALUES_MAX]);
bool build_field_u32(struct build *b, enum build_field id, uint32_t *ret);
bool build_field_true(struct build *b, enum build_field id);
void build_field_text(struct build *b, enum build_field id, char **dst);
/* As build_field_text(), and whether there was one. */
bool build_field_has_text(struct build *b, enum build_field id, struct str *ret);

/* A value as an output prints it. room for BUILD_VALUE_MAX bytes where it is no text. */
#define BUILD_VALUE_MAX 64
struct str build_value_text(const struct value *v, char buf[BUILD_VALUE_MAX]);

void build_process(struct build *b);		/* process.c */
void build_container(struct build *b);		/* container.c */
void build_json_event(struct build *b);		/* json_event.c: everything but what the rule says, for an event from JSON */

#endif
