/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resident
 *
 * Starting touches far more of the libraries and of our own file than running
 * does. What only the start needed is let go once, when it is over.
 */
#ifndef UTIL_RESIDENT_H
#define UTIL_RESIDENT_H

#include <stddef.h>

/*
 * Before a start that fills some of the heap and frees it again: has the kernel give that much in one piece, in huge
 * pages where it may, instead of 4 KiB at a time. Until resident_trim() freed memory is kept.
 */
void resident_expect(size_t bytes);

/* Gives back free heap, and pages of files that we have not changed; those still needed come back from the page cache. */
void resident_trim(void);

#endif
