/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Count malloc
 *
 * Included once by a program, it counts every allocation of the program: by
 * standing in for the C library's functions, or, where a sanitizer already
 * does, by that one's hook.
 */
#ifndef TEST_COUNT_MALLOC_H
#define TEST_COUNT_MALLOC_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static volatile uint64_t malloc_count;

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)

void __sanitizer_malloc_hook(const volatile void *p, size_t n);
void __sanitizer_malloc_hook(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	malloc_count++;
}

#else

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	malloc_count++;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	malloc_count++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	malloc_count++;
	return __libc_realloc(p, n);
}

#endif
#endif
