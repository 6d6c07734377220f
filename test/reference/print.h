/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as the text of a condition; pick() chooses among spellings that mean the same. */
#ifndef TEST_REFERENCE_PRINT_H
#define TEST_REFERENCE_PRINT_H

#include "reference.h"
#include "util/buf.h"

void ref_print(const struct rtree *t, struct buf *out, uint32_t (*pick)(uint32_t n));

#endif
