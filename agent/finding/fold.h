/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fold
 *
 * Repeats within a window become one finding with a count. The first match is
 * sent at once as revision 1; when the window closes and it has seen more, a
 * complete revision 2 says how many and until when.
 *
 * What is not known yet of a new finding is asked for: revision 1 waits a moment for the answer, and what comes later is
 * told by a new, complete revision. Nobody waits in the path of events.
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

/* What a finding may have to wait for; each is told by one source. */
enum fold_thing {
	FOLD_SHA256,	/* of the executable */
	FOLD_WORKLOAD,	/* who its container is */
	FOLD_THINGS
};

/*
 * A finding is new: what is known goes into it at once; of what is not, waits[thing] becomes the id by which fold_fill() will
 * tell it. waits is NULL when no more findings can wait: then the finding says so where that matters.
 */
typedef void (*fold_ask_fn)(void *ctx, const struct event *ev, Noroshi__V1__Finding *f, uint64_t *waits);
void fold_ask(struct fold *f, fold_ask_fn ask, void *ctx);

/* All findings that wait for that get it by fill(), and go out: the first time, or as a new revision. */
typedef void (*fold_fill_fn)(void *ctx, Noroshi__V1__Finding *f);
void fold_fill(struct fold *f, enum fold_thing thing, uint64_t id, fold_fill_fn fill, void *ctx);

/* Of those that wait for that, and whose first revision is still held, nobody is to hear. */
void fold_forget(struct fold *f, enum fold_thing thing, uint64_t id);

/* Lets go of what was held long enough at that time (boot clock, ns); UINT64_MAX: of all. When to call again, 0 = nothing is held. */
uint64_t fold_release(struct fold *f, uint64_t now);

/* A rule held: a new finding goes out now or in a moment, a repeat is counted (without building a finding). */
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
	uint64_t forgotten;	/* by fold_forget() */
	uint32_t open, waiting;	/* waiting: findings that something is still to be learned about */
};
void fold_stats(const struct fold *f, struct fold_stats *ret);

#endif
