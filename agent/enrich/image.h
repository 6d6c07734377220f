/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image
 *
 * What processes run: made at exec, shared by what they fork, gone with the
 * last of them. The texts of an image are one block of the text pool.
 */
#ifndef ENRICH_IMAGE_H
#define ENRICH_IMAGE_H

#include "enrich/process.h"

struct images;

struct images *images_new(uint32_t max, size_t text_bytes);	/* NULL without memory */
struct images *images_free(struct images *t);

/*
 * The image of an exec record, or of the name alone, with one reference. writer is what wrote its executable, NULL when
 * that is not known. NULL when there is no room; with `cut` what has no room is left out and counted, and NULL only
 * means that `max` images are there.
 */
struct image *image_of_exec(struct images *t, const struct wire_exec *rec, const struct image *writer, bool cut);

/* The same program under another name: a thread that renamed itself has forked. of may be NULL: only the name is known. */
struct image *image_renamed(struct images *t, const struct image *of, struct str comm, uint32_t exec_id, bool cut);

static inline struct image *image_get(struct image *i)
{
	if (i)
		i->refs++;
	return i;
}

void image_put(struct images *t, struct image *i);	/* takes NULL */

uint64_t images_no_text(const struct images *t);
size_t images_text_used(const struct images *t);
size_t images_text_max(const struct images *t);

#endif
