/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds
 *
 * What the numbers of probes/refuse.h mean: the kind that a record is of,
 * records of a kind, and the fields that are the same for all of them. With
 * that whoever judges rules can ask them about a kind instead of an event.
 */
#ifndef EVENT_KIND_H
#define EVENT_KIND_H

#include "event/event.h"
#include "refuse.h"

unsigned int kind_count(enum event_type type);	/* kinds are 0 … count - 1, and KIND_OTHER where there are more than one */

#define KIND_TEXT_MAX 64

/* "tcp loopback": what the kind is, for people. */
void kind_text(char dst[KIND_TEXT_MAX], enum event_type type, enum event_call call, uint32_t kind);

void kind_place(char dst[KIND_TEXT_MAX], uint32_t kind);	/* "loopback": of one that is told by an address, without the protocol */

/* The kind of a record, as the probes tell it. */
uint32_t kind_of(const union event_record *rec);

/* What the probes do with it: whether the table refuses it. host: its control group is known to be no container's. */
bool kind_refused(const struct wire_refuse table[CALL_MAX], const union event_record *rec, bool host);

/*
 * The nth record of that kind, header and own fields, without blobs; false when there is none. What kind_settles() names
 * has in some of them every value that it has in any record of the kind with that call and outcome.
 */
bool kind_sample(union event_record *ret, enum event_call call, uint32_t kind, unsigned int nth, bool failed);

/* Whether the field of a condition, as written, is told by the kind: by its samples. */
bool kind_settles(enum event_type type, uint32_t kind, bool failed, struct str field);

struct kind_net {
	uint8_t family, prefix;
	uint8_t ip[16];
};

/*
 * The networks that the address lies in by which the kind was told (of a connection the other end's, of a listener its
 * own), or where *outside those that it does not lie in. How many; 0 when nothing is known.
 */
unsigned int kind_networks(enum event_type type, uint32_t kind, const struct kind_net **ret, bool *outside);

/* Whether the field is that address. */
bool kind_is_address(enum event_type type, struct str field);

#endif
