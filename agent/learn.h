/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learn
 *
 * What a new finding says that is not at hand when its rule holds: the hash of
 * the executable, and who the container is. Between the sources that answer
 * later and the folding, which keeps what waits for them; a source more is a
 * thing more (fold.h).
 */
#ifndef LEARN_H
#define LEARN_H

#include "attribution/attribution.h"
#include "enrich/hash.h"
#include "finding/fold.h"

struct learn {
	struct hashes *hashes;		/* NULL: findings do without */
	struct attribution *attribution;
	struct fold *fold;
	void (*filled)(void *ctx);	/* findings may have gone out, outside of a burst of records */
	bool (*excluded)(void *ctx, struct workload_row *row);	/* the same moment, and before: is it not to be watched? */
	void (*decided)(void *ctx, struct workload_row *row);	/* it is known who a container is, as far as that will be known */
	void *ctx;
};

struct learn_options {
	uv_loop_t *loop;
	int files;			/* of source_kernel_files() */
	bool hash;
	uint64_t hash_bytes;		/* of one executable at most */
	struct workloads *workloads;
	const struct attribution_places *places;	/* these two outlive it */
};

/* From now on findings of l->fold ask. 0 or -ENOMEM. Before the loop runs. */
int learn_start(struct learn *l, const struct learn_options *o);

/* Containers may have been met. After a burst of records. */
void learn_wake(struct learn *l);

/* What is waited for is answered: it will not come. Then every finding goes out at once. */
void learn_stop(struct learn *l);
void learn_close(struct learn *l);	/* handles close on the loop */
void learn_free(struct learn *l);	/* after the loop's end */

/* Asks again who could not be asked: attribution_probe(). */
void learn_probe(const struct learn *l);

/* For status: new references. */
json_t *learn_json(const struct learn *l);
json_t *learn_attribution_json(const struct learn *l);

#endif
