/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two YAML texts mean the same: equal nodes, the keys of a map in any order, and equally many "#". */
#ifndef RULE_FORMAT_SAME_H
#define RULE_FORMAT_SAME_H

#include "util/str.h"

bool format_same(struct str a, struct str b);

#endif
