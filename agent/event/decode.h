/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decode
 *
 * Record bytes → struct event. Trusts nothing; after it nobody checks a bound.
 */
#ifndef EVENT_DECODE_H
#define EVENT_DECODE_H

#include "event/event.h"

/* Why a record was refused; every one is counted by its reason. */
enum decode_error {
	DECODE_OK,
	DECODE_E_SHORT,		/* shorter than its header or its fixed part */
	DECODE_E_TYPE,		/* no such event */
	DECODE_E_CALL,		/* no such call, or not one of this event */
	DECODE_E_SIZE,		/* its size is not the size received, or passes WIRE_RECORD_MAX */
	DECODE_E_BLOB,		/* a blob does not lie behind the fixed part and within the record */
	DECODE_E_VALUE,		/* a family that is none of 0, AF_INET and AF_INET6, or a descriptor type beyond the enum */
	DECODE_E_MAX
};

extern const char *const decode_error_text[DECODE_E_MAX];

/*
 * Checks the n bytes at rec (aligned to 8) and describes them in *ret: rec, call and time are set
 * (wall clock = record's time + boot_offset ns), num and the enrichment are zero. *ret is untouched on an error.
 */
enum decode_error decode(struct event *ret, const void *rec, size_t n, uint64_t boot_offset);

#endif
