/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op
 *
 * op.def as tables: what the parser reads, the check allows and `noroshi
 * operators` prints.
 */
#ifndef RULE_OP_H
#define RULE_OP_H

#include <stdint.h>

enum op {
#define OP(ID, word, syntax, classes, doc) OP_##ID,
#include "rule/op.def"
	OP_MAX
};

enum transform {
#define TRANSFORM(ID, word, min, max, doc) TRANSFORM_##ID,
#include "rule/op.def"
	TRANSFORM_MAX
};

enum modifier {
	MODIFIER_NONE,
#define MODIFIER(ID, word, doc) MODIFIER_##ID,
#include "rule/op.def"
	MODIFIER_MAX
};

enum op_syntax { SYNTAX_UNARY, SYNTAX_NUMBER, SYNTAX_TEXT, SYNTAX_LIST };

enum op_class {
	C_NUM = 1 << 0,
	C_BOOL = 1 << 1,
	C_STR = 1 << 2,
	C_BYTES = 1 << 3,
	C_ADDR = 1 << 4,
	C_LIST = 1 << 5,
	C_NONE = 1 << 6,	/* a type that nothing but exists takes */
};

struct op_desc {
	const char *word;
	enum op_syntax syntax;
	uint32_t classes;
	const char *doc;
};

struct transform_desc {
	const char *word;
	unsigned int min, max;	/* arguments */
	const char *doc;
};

struct modifier_desc {
	const char *word;
	const char *doc;
};

extern const struct op_desc op_table[OP_MAX];
extern const struct transform_desc transform_table[TRANSFORM_MAX];
extern const struct modifier_desc modifier_table[MODIFIER_MAX];	/* [MODIFIER_NONE] has the word "" */

#endif
