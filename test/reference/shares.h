/* SPDX-License-Identifier: Apache-2.0 */
/* How often the checks of an operator and type were true, false, missing: whether the events ask anything at all. */
#ifndef TEST_REFERENCE_SHARES_H
#define TEST_REFERENCE_SHARES_H

#include "reference.h"
#include <stdio.h>

void shares_count(const struct rtree *check, enum outcome o);
bool shares_print(FILE *to);	/* false: some outcome has less than a tenth */

#endif
