/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uuid
 *
 * UUIDv7 of RFC 9562, section 5.7: 48 bits of milliseconds, then 12 bits that
 * grow within one of them (its section 6.2, method 1), then 62 random bits.
 * Sorting by id is sorting by time, also within a burst and when the wall clock
 * was set back.
 */
#include "finding/finding.h"
#include "util/clock.h"
#include <stdio.h>
#include <sys/random.h>

/* Fetched for many ids at once: a system call costs more than the id. */
static uint64_t random_bits(void)
{
	static uint64_t pool[32];	/* 256 bytes are never cut short; before the kernel's pool is ready this waits */
	static unsigned int left;

	if (!left) {
		if (getrandom(pool, sizeof(pool), 0) != sizeof(pool))
			return clock_boot_ns();	/* no such call (seccomp): the counter alone keeps ids of this run apart */
		left = sizeof(pool) / sizeof(pool[0]);
	}
	return pool[--left];
}

void finding_uuid(char dst[37])
{
	static unsigned long long last;	/* milliseconds and counter of the id before; the loop's thread alone makes ids */
	unsigned long long random = random_bits();
	/* The counter begins in the lower half, so that it has room to grow. */
	unsigned long long now = (clock_wall_ns() / NSEC_PER_MSEC) << 12 | (random >> 53);

	last = now > last ? now : last + 1;
	random = random_bits();
	snprintf(dst, 37, "%08llx-%04llx-7%03llx-%04llx-%012llx", last >> 28 & 0xffffffffull, last >> 12 & 0xffffull,
		 last & 0xfffull, (random >> 48 & 0x3fffull) | 0x8000ull, random & 0xffffffffffffull);
}
