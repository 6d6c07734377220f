/* SPDX-License-Identifier: Apache-2.0 */
#include "util/clock.h"
#include <stdio.h>
#include <time.h>

static uint64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

uint64_t clock_boot_ns(void)
{
	return now(CLOCK_BOOTTIME);
}

uint64_t clock_wall_ns(void)
{
	return now(CLOCK_REALTIME);
}

uint64_t clock_boot_offset(void)
{
	uint64_t before = clock_boot_ns(), wall = clock_wall_ns(), after = clock_boot_ns();

	return wall - (before + (after - before) / 2);
}

char *clock_rfc3339(char *dst, uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / NSEC_PER_SEC);
	struct tm tm;

	gmtime_r(&s, &tm);
	snprintf(dst, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", (unsigned int)(tm.tm_year + 1900) % 10000,
		 (unsigned int)(tm.tm_mon + 1) % 100, (unsigned int)tm.tm_mday % 100, (unsigned int)tm.tm_hour % 100,
		 (unsigned int)tm.tm_min % 100, (unsigned int)tm.tm_sec % 100, (unsigned int)(wall_ns % NSEC_PER_SEC));
	return dst;
}
