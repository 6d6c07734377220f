/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learn
 *
 * What a new finding says that is not at hand when its rule holds: the hash of
 * the executable. Between the sources that answer later and the folding, which
 * keeps what waits for them; a source more is a thing more (fold.h).
 */
#ifndef LEARN_H
#define LEARN_H

#include "enrich/hash.h"
#include "finding/fold.h"

struct learn {
	struct hashes *hashes;
	struct fold *fold;
	void (*filled)(void *ctx);	/* findings may have gone out, outside of a burst of records */
	void *ctx;
};

/* From now on findings of l->fold ask. files: of source_kernel_files(). 0 or -ENOMEM. Before the loop runs. */
int learn_start(struct learn *l, uv_loop_t *loop, int files, uint64_t max_bytes);

/* What is waited for is answered: it will not come. Then every finding goes out at once. */
void learn_stop(struct learn *l);
void learn_free(struct learn *l);	/* after the loop's end */

/* For status: new reference. */
json_t *learn_json(const struct learn *l);

#endif
