/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resident
 *
 * Starting touches far more of the libraries and of our own file than running
 * does. What only the start needed is let go once, when it is over.
 */
#ifndef UTIL_RESIDENT_H
#define UTIL_RESIDENT_H

/* Gives back free heap, and pages of files that we have not changed; those still needed come back from the page cache. */
void resident_trim(void);

#endif
