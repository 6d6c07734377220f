/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock
 *
 * Kernel time stamps are CLOCK_BOOTTIME; people read UTC. The offset between
 * the two is taken once and again when it has moved by more than a second.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull

uint64_t clock_boot_ns(void);			/* now, CLOCK_BOOTTIME */
uint64_t clock_wall_ns(void);			/* now, ns since the epoch */
uint64_t clock_boot_offset(void);		/* wall - boot, now */

/* RFC 3339, UTC, nine decimals, "Z". Room for CLOCK_TEXT_MAX bytes; returns dst. */
#define CLOCK_TEXT_MAX 36
char *clock_rfc3339(char *dst, uint64_t wall_ns);

#endif
