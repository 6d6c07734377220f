/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value
 *
 * What a field of an event is: typed, borrowed from the event, never allocated.
 */
#ifndef RULE_VALUE_H
#define RULE_VALUE_H

#include "util/str.h"

/* The language's type classes (rule-language §1.4). */
enum value_type {
	TYPE_NONE,
	TYPE_BOOL,
	TYPE_INT,	/* i: any signed number */
	TYPE_UINT,	/* u: any unsigned number, times and durations included */
	TYPE_PORT,	/* u: 0 to 65535; constants may be service names */
	TYPE_STR,	/* s */
	TYPE_BYTES,	/* s */
	TYPE_IP,	/* ip */
	TYPE_NET,	/* ip as a value; constants carry a prefix length */
	TYPE_MAX
};

struct value_ip {
	uint8_t family;		/* AF_INET or AF_INET6 */
	uint8_t prefix;		/* of a network constant */
	uint8_t ip[16];
};

struct value {
	enum value_type type;
	union {
		bool b;
		int64_t i;
		uint64_t u;
		struct str s;
		struct value_ip ip;
	};
};

#endif
