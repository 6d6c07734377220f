/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleanup
 *
 * Scope guards: what a block acquires is released when the block ends, unless
 * take() hands it on. Every destructor accepts NULL.
 */
#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Hands the pointer on: its value, and the variable is NULL afterwards. */
#define take(p)                           \
	({                                \
		__typeof__(p) taken = (p); \
		(p) = NULL;               \
		taken;                    \
	})

/* Hands the descriptor on: its value, and the variable is -1 afterwards. */
#define take_fd(fd)               \
	({                        \
		int taken = (fd); \
		(fd) = -1;        \
		taken;            \
	})

/* DEFINE_CLEANUP(struct x *, x_free) defines x_freep(), to be named in _cleanup_(). */
#define DEFINE_CLEANUP(type, fn)                 \
	static inline void fn##p(type *p)        \
	{                                        \
		if (*p)                          \
			fn(*p);                  \
	}                                        \
	struct cleanup_semicolon_##fn

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
