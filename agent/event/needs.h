/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs
 *
 * What has to leave the kernel: the union of what all engines ask for goes to
 * the sensor, which attaches nothing else.
 */
#ifndef EVENT_NEEDS_H
#define EVENT_NEEDS_H

#include "util/str.h"
#include "wire.h"
#include <stdbool.h>
#include <stdint.h>

struct needs {
	bool call[CALL_MAX];
	uint32_t want;		/* enum wire_want */
	uint64_t rate;		/* records a second from one control group, then the kernel side counts them lost; 0 = no limit */
	uint64_t burst;		/* so many at once after a time of rest */
	uint16_t dns_ports[DNS_PORTS_MAX];	/* as in wire_control */
	struct wire_opens opens[OPENS_WAYS];	/* of successful opens, and of names that changed: all zero means all of them */
	struct wire_refuse refuse[CALL_MAX];	/* of all calls: what need not leave the kernel; all zero: nothing */
};

/* What either asks for; the rate stays. */
void needs_join(struct needs *n, const struct needs *more);

/* From now on all of the calls that are needed leaves the kernel, whether or not a rule can match it. */
void needs_refuse_nothing(struct needs *n);

/* Of a table's entry whose kinds have been set: the rest. */
void refuse_finish(struct wire_refuse *r);

/* What can be told of a path that a rule may match. */
enum open_fact_kind {
	OPEN_NAME,	/* a is its last component */
	OPEN_SUFFIX,	/* a is the end of its last component */
	OPEN_TOP,	/* a is its first component */
	OPEN_PAIR,	/* a and b are its first two components */
	OPEN_PART,	/* a is one of its components */
};

struct open_fact {
	enum open_fact_kind kind;
	struct str a, b;
};

/* Calls that change names and are refused by path, OPENS_NAMED: not symlinks, whose text is the caller's. */
bool call_is_named(enum event_call call);

/* From now on only paths of which a fact holds, and those the probes cannot tell. */
void opens_narrow(struct wire_opens *o, const struct open_fact *v, uint32_t n);

#endif
