/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/op.h"

const struct op_desc op_table[OP_MAX] = {
#define OP(ID, word, syntax, classes, doc) [OP_##ID] = {word, syntax, classes, doc},
#include "rule/op.def"
};

const struct transform_desc transform_table[TRANSFORM_MAX] = {
#define TRANSFORM(ID, word, min, max, doc) [TRANSFORM_##ID] = {word, min, max, doc},
#include "rule/op.def"
};

const struct modifier_desc modifier_table[MODIFIER_MAX] = {
	[MODIFIER_NONE] = {"", ""},
#define MODIFIER(ID, word, doc) [MODIFIER_##ID] = {word, doc},
#include "rule/op.def"
};
