/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine makes of a batch against what the reference makes of it. */
#ifndef TEST_REFERENCE_COMPARE_H
#define TEST_REFERENCE_COMPARE_H

#include "generate.h"

/* Adds the pairs that were compared. False: a difference, smaller now, is on standard output. */
bool compare_batch(struct batch *b, uint64_t *pairs);

#endif
