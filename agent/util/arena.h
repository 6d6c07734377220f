/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena
 *
 * One lifetime for many small allocations (a rule set, a config, a test file):
 * all are released together.
 */
#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

#include "util/cleanup.h"
#include "util/str.h"

struct arena;

struct arena *arena_new(size_t max_bytes);	/* NULL without memory; max_bytes 0: no cap */
struct arena *arena_free(struct arena *a);	/* returns NULL */
DEFINE_CLEANUP(struct arena *, arena_free);

/* Zeroed memory aligned for any type, or NULL when memory or the cap is exhausted. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_strdup(struct arena *a, const char *s);
struct str arena_str(struct arena *a, struct str s);	/* copy, also NUL-terminated; {NULL, 0} on failure */
size_t arena_used(const struct arena *a);

#define arena_new_object(a, type) ((type *)arena_alloc(a, sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc(a, sizeof(type) * (n)))

#endif
