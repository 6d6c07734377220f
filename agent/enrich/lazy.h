/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lazy
 *
 * Arrays of their full size that cost memory only where they are touched: the
 * tables never allocate later, and still stay small on a quiet host.
 */
#ifndef ENRICH_LAZY_H
#define ENRICH_LAZY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/* n zeroed objects, or NULL without memory. */
static inline void *lazy_new(size_t n, size_t size)
{
	void *p = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, n * size, MADV_NOHUGEPAGE);	/* one touched byte must not cost 2 MiB; a refusal only costs memory */
	return p;
}

static inline void *lazy_free(void *p, size_t n, size_t size)
{
	if (p)
		munmap(p, n * size);
	return NULL;
}

#endif
