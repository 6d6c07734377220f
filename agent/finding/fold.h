/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fold
 *
 * Repeats within a window become one finding with a count. The first match is
 * sent at once as revision 1; when the window closes and it has seen more, a
 * complete revision 2 says how many and until when.
 *
 * Key: (rule, container or host, executable, target: peer address and port, path, or domain).
 */
#ifndef FINDING_FOLD_H
#define FINDING_FOLD_H

#include "finding/finding.h"

struct fold;

typedef void (*fold_emit_fn)(void *ctx, Noroshi__V1__Finding *f);	/* takes the finding */

struct fold *fold_new(unsigned int window_ms, fold_emit_fn emit, void *ctx);	/* 0 ms: no folding */
struct fold *fold_free(struct fold *f);	/* open windows are dropped: close them first */

/* A rule held: a new finding goes out now, a repeat is counted (without building a finding). */
void fold_match(struct fold *f, const struct finding_context *c, const struct event *ev, const struct match *m);

/*
 * A finding of the agent's own about something that goes on: within a window the same rule and subject is one finding
 * with a count, and the last one's text is what its second revision says. Takes it; NULL is counted as failed.
 */
void fold_own(struct fold *f, Noroshi__V1__Finding *finding, uint64_t subject, uint64_t time);

/* A finding that is never folded (one about the agent itself) goes out with the next sequence number. Takes it; NULL is counted as failed. */
void fold_pass(struct fold *f, Noroshi__V1__Finding *finding);

/* Closes the windows that are over at that time (wall clock ns); UINT64_MAX closes all. Returns when to call again, 0 = nothing is open. */
uint64_t fold_expire(struct fold *f, uint64_t now);

struct fold_stats {
	uint64_t findings, repeats, revisions, unfolded, failed;	/* unfolded: FOLD_MAX or FOLD_BYTES_MAX was reached; failed: no memory */
	uint32_t open;
};
void fold_stats(const struct fold *f, struct fold_stats *ret);

#endif
