/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store
 *
 * The receiver's findings in one SQLite file. (id, revision) is stored once; the
 * view `latest` shows the highest revision of each id. What store_add() has
 * returned for is on the disk.
 */
#ifndef RECEIVE_STORE_H
#define RECEIVE_STORE_H

#include "noroshi/v1/batch.pb-c.h"
#include "receive/query.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/str.h"

#define STORE_DEFAULT_PATH "/var/lib/noroshi/findings.db"

struct store;

enum store_mode {
	STORE_READ,	/* the file must be there */
	STORE_WRITE,	/* made when it is not there */
};

/* 0, -ENOENT (STORE_READ and no file), -EINVAL (not a store, or of a newer noroshi), -EIO; why says which. */
int store_open(struct store **ret, const char *path, enum store_mode mode, char why[256]);
struct store *store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close);

struct store_added {
	uint32_t stored, duplicates;
};

/* Whole or not at all, durably. keep: findings to keep, the oldest go. 0, -EAGAIN (busy: later), -EIO (why says it). */
int store_add(struct store *s, const Noroshi__V1__FindingBatch *b, uint64_t keep, struct store_added *ret,
	      char why[256]);

/* Whether it could be written now. */
bool store_works(struct store *s);

struct store_row {
	int64_t arrival;	/* grows with every finding stored */
	struct str json;	/* one line, without newline */
	struct str packed;	/* the Finding message */
};

/*
 * The rows a query wants, oldest first. 0 or -EIO; a callback's non-zero return ends it and is returned. budget: steps
 * of SQLite's machine before it gives up with -ETIME, 0 for none.
 */
typedef int (*store_row_fn)(void *ctx, const struct store_row *row);
int store_each(struct store *s, const struct query *q, uint64_t budget, store_row_fn fn, void *ctx);

struct store_count {
	const char *rule;
	int severity;		/* enum Severity's number */
	uint64_t findings;	/* ids */
	uint64_t events;	/* their counts together */
	const char *last_seen;
};

/* Findings per severity and rule, the worst first. As store_each(). */
typedef int (*store_count_fn)(void *ctx, const struct store_count *c);
int store_summary(struct store *s, const struct query *q, store_count_fn fn, void *ctx);

struct store_heartbeat {
	const char *first_received, *received;	/* RFC 3339 */
	uint64_t missed;			/* of the same run, until this one */
	struct str json, packed;		/* the Coverage message */
};

/* The last heartbeat of each run of an agent, the longest silent first; of the query only since. As store_each(). */
typedef int (*store_heartbeat_fn)(void *ctx, const struct store_heartbeat *h);
int store_heartbeats(struct store *s, const struct query *q, store_heartbeat_fn fn, void *ctx);

/* {"received", "firstReceived", "missed", "heartbeat": {…}} in one line without newline. */
void store_heartbeat_line(const struct store_heartbeat *h, struct buf *out);

#endif
