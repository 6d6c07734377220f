/* SPDX-License-Identifier: Apache-2.0 */
#include "util/resident.h"
#include "util/cleanup.h"
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* One entry of /proc/self/smaps. */
struct mapping {
	uintptr_t start, end;
	char mode[5];
	bool file;
};

/* The line that opens an entry: "start-end mode offset device inode path". */
static bool read_head(const char *line, struct mapping *ret)
{
	unsigned long start, end, offset, inode = 0;
	unsigned int major, minor;
	char mode[5];

	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu", &start, &end, mode, &offset, &major, &minor, &inode) != 7)
		return false;
	*ret = (struct mapping){.start = start, .end = end, .file = inode && strchr(line, '/')};
	memcpy(ret->mode, mode, sizeof(mode));
	return true;
}

/* Read-only pages that are the file's still. Relocated ones (RELRO) are our own: they could not come back. */
static void let_go(const struct mapping *m, unsigned long own_kib)
{
	if (m->file && m->mode[0] == 'r' && m->mode[1] == '-' && m->mode[3] == 'p' && !own_kib)
		(void)madvise((void *)m->start, m->end - m->start, MADV_DONTNEED);
}

static struct {
	uintptr_t at;
	size_t n;
} expected;

void resident_expect(size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *p;

	/* of the heap itself, not a mapping of its own */
	mallopt(M_MMAP_THRESHOLD, 2 * (int)bytes);
	mallopt(M_TRIM_THRESHOLD, 2 * (int)bytes);
	p = malloc(bytes);
	if (!p)
		return;
	expected.at = ((uintptr_t)p + page - 1) & ~(page - 1);
	expected.n = ((uintptr_t)p + bytes - expected.at) & ~(page - 1);
	(void)madvise((void *)expected.at, expected.n, MADV_HUGEPAGE);
	(void)madvise((void *)expected.at, expected.n, MADV_POPULATE_WRITE);	/* since 5.14 */
	free(p);
}

/* As the C library begins. The kernel would fill holes in huge pages again, behind us. */
static void expect_no_more(void)
{
	if (!expected.n)
		return;
	(void)madvise((void *)expected.at, expected.n, MADV_NOHUGEPAGE);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
	expected.n = 0;
}

void resident_trim(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/self/smaps", "re");
	struct mapping m = {};
	unsigned long kib;
	char line[4352];	/* a path of PATH_MAX, and what stands before it */

	expect_no_more();
	malloc_trim(0);
	while (f && fgets(line, sizeof(line), f)) {
		if (!read_head(line, &m) && sscanf(line, "Anonymous: %lu kB", &kib) == 1)
			let_go(&m, kib);
	}
}
