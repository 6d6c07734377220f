/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text pool
 *
 * Texts of very different lengths that come and go for months in one region of
 * fixed size. Slabs of 64 KiB serve one size each while anything in them
 * lives, then any other: churn leaves no holes that only one size could use.
 */
#ifndef ENRICH_TEXT_POOL_H
#define ENRICH_TEXT_POOL_H

#include <stddef.h>

#define TEXT_POOL_MAX 65536	/* longest single text */

struct text_pool;

struct text_pool *text_pool_new(size_t bytes);		/* NULL without memory */
struct text_pool *text_pool_free(struct text_pool *t);
char *text_pool_take(struct text_pool *t, size_t n);	/* room for n bytes, NULL when it is full or n too long */
void text_pool_give(struct text_pool *t, char *p);	/* takes NULL */
size_t text_pool_used(const struct text_pool *t);	/* bytes, rounded up to the sizes served */
size_t text_pool_size(const struct text_pool *t);

#endif
