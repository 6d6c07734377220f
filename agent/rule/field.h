/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field
 *
 * What a condition or an output may name: field.def as a table, and the one way
 * to read a field of an event, whether it came from the kernel or from JSON.
 */
#ifndef RULE_FIELD_H
#define RULE_FIELD_H

#include "event/event.h"
#include "rule/value.h"

enum field_flag {
	FIELD_LIST	= 1 << 0,	/* list-valued: only in, intersects, exists */
	FIELD_ANY	= 1 << 1,	/* without an index: the check holds if it holds for any value (ancestors), != included */
	FIELD_EITHER	= 1 << 2,	/* client or server: = < > hold for either side, != for both */
	FIELD_NO_RHS	= 1 << 3,	/* not in val() */
	FIELD_NO_TR	= 1 << 4,	/* no transformer takes it */
	FIELD_FILTER	= 1 << 5,	/* conditions only; an output prints <NA> */
	FIELD_OUTPUT	= 1 << 6,	/* outputs only */
	FIELD_NEVER	= 1 << 7,	/* compiles, but nothing here can know it: the doc says why */
	FIELD_DEPRECATED = 1 << 8,
	FIELD_OWN	= 1 << 9,	/* not in the original's language */
	FIELD_ARG_INDEX	= 1 << 10,	/* takes [N] */
	FIELD_ARG_KEY	= 1 << 11,	/* takes [TEXT] */
	FIELD_ARG_NEEDED = 1 << 12,	/* not without an argument */
	FIELD_ARG_DOT	= 1 << 13,	/* the argument is the rest of the dotted name: evt.arg.flags */
};

struct field_desc {
	const char *name;
	enum value_type type;
	uint32_t flags;
	const char *doc;
	uint16_t getter;	/* internal to field*.c */
	uint16_t len;		/* of name */
};

extern const struct field_desc field_table[];
extern const size_t field_count;

/* A field with its argument, as a condition names it. Resolved once, at compile time. */
struct field_ref {
	const struct field_desc *desc;
	enum value_type type;	/* of this use: evt.rawarg.* depends on its argument */
	uint32_t flags;		/* of this use: FIELD_ANY is gone where an index is given */
	struct str text;	/* as written: "proc.aname[2]"; the key of JSON events */
	struct str arg;		/* "2", "flags", "PATH"; {NULL, 0} without one */
	int64_t index;		/* of FIELD_ARG_INDEX, -1 without one */
	uint32_t aux;		/* internal to field*.c */
};

enum field_error { FIELD_OK, FIELD_E_UNKNOWN, FIELD_E_ARG_NEEDED, FIELD_E_NO_ARG, FIELD_E_ARG };

/*
 * Resolves "proc.aname" with has_arg and arg "2", or "evt.arg.flags" without. text is kept by reference, as is arg.
 * FIELD_E_ARG: the argument is no index, or no argument of any event is called so.
 */
enum field_error field_resolve(struct field_ref *ret, struct str name, bool has_arg, struct str arg, struct str text);

/* The best guess for a misspelt name, or NULL. */
const char *field_nearest(struct str name);
const char *arg_nearest(struct str field);	/* of evt.arg.NAME: the parameter that was probably meant, or NULL */

/* What a name that is no field asks for, where no rule can have it: why. Else NULL. */
const char *field_refused(struct str name);

/* Why no event of this agent has the field: the end of its doc. NULL for one that can be known. */
const char *field_never(const struct field_desc *d);

/* Whether the field can be known for an event of that call (all fields can for JSON events). */
bool field_available(const struct field_ref *r, enum event_call call);

/*
 * Room for texts that a getter builds ("10.0.0.1:80->10.0.0.2:443"); used is reset for every event. Twice the longest
 * record: who fills an environment must not take the room from the name of what it is used for.
 */
struct field_scratch {
	size_t used;
	uint64_t cut;	/* times that a text had no room, since the beginning */
	char bytes[2 * WIRE_RECORD_MAX];
};

#define FIELD_VALUES_MAX 64

/*
 * The values of the field for this event: 0 when it is missing (*present false) or an empty list (*present true);
 * more than one only for FIELD_LIST, FIELD_ANY and FIELD_EITHER (then client first). Texts are borrowed from the
 * event, its process or the scratch. Values of a JSON event are converted to r->type; one that cannot be is missing.
 */
unsigned int field_values(const struct field_ref *r, const struct event *ev, struct field_scratch *s,
			  struct value v[FIELD_VALUES_MAX], bool *present);

/* The first value of a field, or false. */
static inline bool field_value(const struct field_ref *r, const struct event *ev, struct field_scratch *s,
			       struct value *ret)
{
	struct value v[FIELD_VALUES_MAX];
	bool present;

	if (!field_values(r, ev, s, v, &present))
		return false;
	*ret = v[0];
	return true;
}

#endif
