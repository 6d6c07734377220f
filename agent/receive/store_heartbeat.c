/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each run of an agent: its last heartbeat, and how many before it
 * did not arrive. So the table grows with restarts, not with time.
 */
#include "finding/finding.h"
#include "receive/store_state.h"
#include "util/limits.h"
#include <errno.h>

#define NUMBER_(n) #n
#define NUMBER(n) NUMBER_(n)

const char store_heartbeat_schema[] =
	"CREATE TABLE heartbeats ("
	" run INTEGER PRIMARY KEY AUTOINCREMENT,"
	" agent_id TEXT NOT NULL UNIQUE,"
	" host TEXT NOT NULL,"
	" first_received TEXT NOT NULL,"
	" received TEXT NOT NULL,"
	" sequence INTEGER NOT NULL,"
	" missed INTEGER NOT NULL,"
	" interval INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" status INTEGER NOT NULL,"	/* 1 starting to 5 excluded */
	" json TEXT NOT NULL,"
	" packed BLOB NOT NULL);"
	"CREATE INDEX heartbeats_by_host ON heartbeats (host);";

/* One that comes twice, or after a later one, changes nothing. */
static const char upsert[] =
	"INSERT INTO heartbeats (agent_id, host, first_received, received, sequence, missed, interval, last, status, json, packed)"
	" VALUES (?1, ?2, ?3, ?3, ?4, ?4 - 1, ?5, ?6, ?7, ?8, ?9)"
	" ON CONFLICT (agent_id) DO UPDATE SET host = excluded.host, received = excluded.received,"
	" missed = missed + excluded.sequence - sequence - 1, sequence = excluded.sequence, interval = excluded.interval,"
	" last = excluded.last, status = excluded.status, json = excluded.json, packed = excluded.packed"
	" WHERE excluded.sequence > sequence";

/* Only a run that is new makes the table longer. */
static const char trim[] =
	"DELETE FROM heartbeats WHERE run <= (SELECT max(run) FROM heartbeats) - " NUMBER(RECEIVE_RUNS_MAX)
	" OR (host = ?1 AND run NOT IN (SELECT run FROM heartbeats WHERE host = ?1 ORDER BY run DESC LIMIT "
	NUMBER(RECEIVE_RUNS_PER_HOST) "))";

static const char select_rows[] =
	"SELECT first_received, received, missed, json, packed FROM heartbeats WHERE received >= ?1 ORDER BY received, run";

static int step_once(sqlite3_stmt *q)
{
	int r = sqlite3_step(q);

	sqlite3_finalize(q);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int upsert_row(struct store *s, const Noroshi__V1__Coverage *c, const char *now, struct str json, struct str packed)
{
	sqlite3_stmt *q;
	int r = sqlite3_prepare_v2(s->db, upsert, -1, &q, NULL);

	if (r != SQLITE_OK)
		return r;
	bind_text(q, 1, c->agent_id);
	bind_text(q, 2, c->host ? c->host->name : "");
	bind_text(q, 3, now);
	sqlite3_bind_int64(q, 4, c->sequence);
	sqlite3_bind_int64(q, 5, c->interval);
	sqlite3_bind_int(q, 6, c->last);
	sqlite3_bind_int(q, 7, (int)c->status);
	sqlite3_bind_text(q, 8, json.p, (int)json.n, SQLITE_STATIC);
	sqlite3_bind_blob(q, 9, packed.p, (int)packed.n, SQLITE_STATIC);
	return step_once(q);
}

static int trim_host(struct store *s, const char *host)
{
	sqlite3_stmt *q;
	int r = sqlite3_prepare_v2(s->db, trim, -1, &q, NULL);

	if (r != SQLITE_OK)
		return r;
	bind_text(q, 1, host);
	return step_once(q);
}

int store_heartbeat_add(struct store *s, const Noroshi__V1__Coverage *c, const char *now)
{
	_cleanup_(buf_free) struct buf json = {};
	size_t n = noroshi__v1__coverage__get_packed_size(c);
	_cleanup_(freep) uint8_t *packed = malloc(n + 1);
	sqlite3_int64 before = sqlite3_last_insert_rowid(s->db);
	int r;

	if (!packed || finding_json_line(&c->base, &json) < 0)
		return SQLITE_NOMEM;
	noroshi__v1__coverage__pack(c, packed);
	r = upsert_row(s, c, now, buf_view(&json), str_n((char *)packed, n));
	if (r == SQLITE_OK && sqlite3_changes(s->db) && sqlite3_last_insert_rowid(s->db) != before)
		r = trim_host(s, c->host ? c->host->name : "");
	return r;
}

/* The times are our own, json was made by finding_json_line(): nothing needs an escape. */
void store_heartbeat_line(const struct store_heartbeat *h, struct buf *out)
{
	buf_printf(out, "{\"received\":\"%s\",\"firstReceived\":\"%s\",\"missed\":%llu,\"heartbeat\":", h->received,
		   h->first_received, (unsigned long long)h->missed);
	buf_str(out, h->json);
	buf_char(out, '}');
}

int store_heartbeats(struct store *s, const struct query *q, store_heartbeat_fn fn, void *ctx)
{
	sqlite3_stmt *st;
	int at, r = 0;

	if (!s->has_heartbeats)
		return 0;
	if (sqlite3_prepare_v2(s->db, select_rows, -1, &st, NULL) != SQLITE_OK)
		return -EIO;
	bind_text(st, 1, q->since);
	while (!r && (at = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_heartbeat row = {
			.first_received = (const char *)sqlite3_column_text(st, 0),
			.received = (const char *)sqlite3_column_text(st, 1),
			.missed = (uint64_t)sqlite3_column_int64(st, 2),
			.json = column(st, 3),
			.packed = column(st, 4),
		};

		r = fn(ctx, &row);
	}
	if (!r && at != SQLITE_DONE)
		r = -EIO;
	sqlite3_finalize(st);
	return r;
}
