/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipeline
 *
 * The data path, in one function that can be read aloud. Nothing allocates
 * between ring and match.
 */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "canary.h"
#include "enrich/enrich.h"
#include "event/decode.h"
#include "finding/fold.h"
#include "observed.h"
#include "rule/ruleset.h"

struct pipeline {
	struct enrich *enrich;
	struct ruleset *rules;
	struct fold *fold;		/* NULL: matches are only counted (benchmarks) */
	struct canary *canary;		/* whose events are no finding's; NULL: there is none */
	struct observed *observed;	/* matches of rules that are tried out; NULL: only counted */
	struct finding_context context;
	uint64_t boot_offset;
	uint64_t events;		/* evt.num of the last event */
	bool host_excluded;		/* what is no container's is not to be watched */
	uint64_t excluded;		/* events of those who are not: nothing was matched */
	uint64_t matched;		/* rule matches */
	uint64_t undecoded[DECODE_E_MAX];
	/* record --json and replay see every event; NULL when nobody looks */
	void (*observe)(void *ctx, const struct event *ev, const struct matches *m);
	void *observe_ctx;
};

/* One record in, zero or more findings out. */
void pipeline_record(struct pipeline *p, const void *rec, size_t n);

#endif
