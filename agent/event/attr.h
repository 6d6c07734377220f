/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes
 *
 * probes/events.def as tables: every event, every call, every field.
 */
#ifndef EVENT_ATTR_H
#define EVENT_ATTR_H

#include "util/str.h"
#include "wire.h"

enum attr_kind { ATTR_U32, ATTR_S32, ATTR_U64, ATTR_ADDR, ATTR_BLOB };

struct attr {
	enum attr_kind kind;
	uint16_t off;		/* within struct wire_<event> */
	const char *name;	/* "filename" */
	const char *doc;
};

struct event_desc {
	const char *name;		/* "exec" */
	const char *doc;
	size_t size;			/* of the fixed part, header included */
	const struct attr *attrs;	/* in wire order */
	unsigned int nattrs;
	bool critical;			/* which ring */
};

struct call_desc {
	const char *name;		/* "execve": the value of evt.type */
	const char *doc;
	enum event_type type;
	int nr;				/* system call number of this build's architecture, -1 without one */
};

extern const struct event_desc event_table[EVENT_MAX];
extern const struct call_desc call_table[CALL_MAX];	/* [CALL_NONE] has the name "" */

/* The call of that name, or CALL_NONE. */
enum event_call call_by_name(struct str name);

/* Of a call of EVENT_TRANSFER: whether it sends, or receives. */
static inline bool call_sends(unsigned int call)
{
	return call == CALL_SENDTO || call == CALL_SENDMSG || call == CALL_SENDMMSG;
}

/* "openat" of CALL_OPENAT, as evt.type prints it. */
static inline struct str call_name(enum event_call call)
{
	return str(call_table[call].name);
}

#endif
