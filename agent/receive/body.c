/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/body.h"
#include "util/limits.h"
#include <errno.h>
#include <stdio.h>

#define ID_MAX 64	/* a UUID has 36; other senders may use other ids */

/* What protobuf-c allocates is counted, not what it frees: it frees next to nothing before the end. */
struct budget {
	ProtobufCAllocator allocator;
	size_t left;
	bool spent;
};

static void *budget_alloc(void *ctx, size_t n)
{
	struct budget *b = ctx;

	if (n > b->left) {
		b->spent = true;
		return NULL;
	}
	b->left -= n;
	return malloc(n);
}

static void budget_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

void body_free(Noroshi__V1__FindingBatch *b)
{
	noroshi__v1__finding_batch__free_unpacked(b, NULL);	/* the budget's memory is malloc's */
}

/* An id goes into the store's key and onto terminals. */
static bool id_is_sane(const char *id)
{
	size_t n = strlen(id);

	for (size_t i = 0; i < n; i++) {
		if (id[i] <= ' ' || id[i] >= 0x7f)
			return false;
	}
	return n && n <= ID_MAX;
}

static int check(const Noroshi__V1__FindingBatch *b, char why[256])
{
	for (size_t i = 0; i < b->n_findings; i++) {
		if (id_is_sane(b->findings[i]->id) && b->findings[i]->revision)
			continue;
		snprintf(why, 256, "finding %zu has no usable id and revision", i);
		return -EBADMSG;
	}
	if (b->heartbeat && (!id_is_sane(b->heartbeat->agent_id) || !b->heartbeat->sequence)) {
		snprintf(why, 256, "the heartbeat has no usable agent_id and sequence");
		return -EBADMSG;
	}
	return 0;
}

int body_decode(Noroshi__V1__FindingBatch **ret, enum coding coding, struct str body, char why[256])
{
	_cleanup_(buf_free) struct buf plain = {.max = RECEIVE_INFLATED_MAX};
	_cleanup_(body_freep) Noroshi__V1__FindingBatch *b = NULL;
	struct budget budget = {{budget_alloc, budget_free, &budget}, RECEIVE_DECODED_MAX, false};
	int r = 0;

	if (coding != CODING_IDENTITY) {
		r = compress_unpack(&plain, coding, body);
		body = buf_view(&plain);
	}
	if (r < 0) {
		snprintf(why, 256, r == -E2BIG ? "the %s body unpacks to too much" : "the body is not %s",
			 coding_name(coding));
		return r;
	}
	b = noroshi__v1__finding_batch__unpack(&budget.allocator, body.n, (const uint8_t *)body.p);
	if (!b) {
		snprintf(why, 256, "the body is %s", budget.spent ? "too large when decoded" : "no FindingBatch");
		return budget.spent ? -E2BIG : -EBADMSG;
	}
	r = check(b, why);
	if (r < 0)
		return r;
	*ret = take(b);
	return 0;
}
