/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant
 *
 * The text of a constant → a value of the type it is compared with.
 */
#ifndef RULE_CONSTANT_H
#define RULE_CONSTANT_H

#include "rule/op.h"
#include "rule/value.h"
#include "util/arena.h"

enum constant_result {
	CONSTANT_OK,
	CONSTANT_WRAPS,		/* *ret is the number as written; the original would have compared with another one */
	CONSTANT_HEX,		/* *ret is right; the original refuses it */
	CONSTANT_REFUSED,	/* the same, for another reason */
	CONSTANT_BAD,		/* why[] says what is wrong with it */
	CONSTANT_NO_MEMORY,
};

/*
 * compat: copy the original's wrapping and refuse what it refuses. Numbers come out as TYPE_INT where they are
 * negative and as TYPE_UINT where they are not, whatever the field's type.
 */
enum constant_result constant_parse(struct value *ret, struct arena *a, enum value_type type, enum op op,
				    struct str text, bool compat, char why[160]);

/*
 * Fields that have fewer than 64 bits in the original: true when the number does not fit, and with compat *v is what
 * it becomes there.
 */
bool constant_overflows(const char *field, struct value *v, bool compat);

#endif
