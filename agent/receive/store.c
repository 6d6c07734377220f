/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/store_state.h"
#include "finding/finding.h"
#include "util/clock.h"
#include <errno.h>
#include <sys/stat.h>

#define SCHEMA_VERSION 2	/* 1: without heartbeats */
#define BUSY_MS 1000	/* another writer: wait so long, then let the agent come again */

static const char schema[] =
	"CREATE TABLE findings ("
	" arrival INTEGER PRIMARY KEY AUTOINCREMENT,"
	" received TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" revision INTEGER NOT NULL,"
	" agent_id TEXT NOT NULL,"
	" sequence INTEGER NOT NULL,"
	" rule TEXT NOT NULL,"
	" type TEXT NOT NULL,"
	" severity INTEGER NOT NULL,"	/* 1 info to 5 critical */
	" score INTEGER,"
	" time TEXT NOT NULL,"
	" last_seen TEXT NOT NULL,"
	" count INTEGER NOT NULL,"
	" container_id TEXT,"
	" container_name TEXT,"
	" task_id TEXT,"
	" pid INTEGER,"
	" process TEXT,"
	" exe_path TEXT,"
	" output TEXT NOT NULL,"
	" json TEXT NOT NULL,"
	" packed BLOB NOT NULL,"
	" UNIQUE (id, revision));"
	"CREATE INDEX findings_by_time ON findings (last_seen);"
	"CREATE VIEW latest AS SELECT * FROM findings AS f WHERE NOT EXISTS"
	" (SELECT 1 FROM findings AS g WHERE g.id = f.id AND g.revision > f.revision);";

static const char insert[] =
	"INSERT INTO findings (received, id, revision, agent_id, sequence, rule, type, severity, score, time, last_seen,"
	" count, container_id, container_name, task_id, pid, process, exe_path, output, json, packed)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
	" ON CONFLICT (id, revision) DO NOTHING";

/* A text that is not there matches everything; the query's words are bound, never pasted. */
#define FILTER                                                                                                   \
	" WHERE (?1 IS NULL OR rule = ?1) AND severity >= ?2 AND last_seen >= ?3"                                \
	" AND (?4 IS NULL OR container_name = ?4 OR substr(container_id, 1, length(?4)) = ?4)"                   \
	" AND (?5 IS NULL OR substr(task_id, 1, length(?5)) = ?5) AND arrival > ?6"

static const char select_rows[] =
	"SELECT arrival, json, packed FROM (SELECT arrival, time, json, packed FROM latest" FILTER
	" ORDER BY time DESC, arrival DESC LIMIT ?7) ORDER BY time, arrival";

static const char select_summary[] =
	"SELECT severity, rule, count(*), sum(count), max(last_seen) FROM latest" FILTER
	" GROUP BY severity, rule ORDER BY severity DESC, count(*) DESC, rule LIMIT ?7";

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	sqlite3_finalize(s->insert);
	sqlite3_finalize(s->trim);
	sqlite3_close(s->db);
	free(s);
	return NULL;
}

static int failed(struct store *s, char why[256])
{
	int code = sqlite3_errcode(s->db) & 0xff;

	snprintf(why, 256, "%s", sqlite3_errmsg(s->db));
	return code == SQLITE_BUSY || code == SQLITE_LOCKED ? -EAGAIN : -EIO;
}

static int run(struct store *s, const char *sql, char why[256])
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(s, why);
}

static int version(struct store *s, int *ret, char why[256])
{
	sqlite3_stmt *q = NULL;
	int r = -EIO;

	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW) {
		*ret = sqlite3_column_int(q, 0);
		r = 0;
	} else {
		snprintf(why, 256, "%s", sqlite3_errmsg(s->db));
		r = (sqlite3_errcode(s->db) & 0xff) == SQLITE_NOTADB ? -EINVAL : -EIO;
	}
	sqlite3_finalize(q);
	return r;
}

/* From whatever it is to the newest schema, by one of perhaps several receivers that open it. */
static int upgrade(struct store *s, char why[256])
{
	int v, r = run(s, "BEGIN IMMEDIATE;", why);

	if (r < 0 || (r = version(s, &v, why)) < 0)
		return r;
	if (!v)
		r = run(s, schema, why);
	if (!r && v < SCHEMA_VERSION)
		r = run(s, store_heartbeat_schema, why);
	if (!r && v < SCHEMA_VERSION)
		r = run(s, "PRAGMA user_version = 2;", why);
	return r < 0 ? r : run(s, "COMMIT;", why);
}

/* A full fsync with every commit: what was acknowledged survives a power cut. */
static int prepare_writing(struct store *s, char why[256])
{
	int r = run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;", why);
	int v = 0;

	if (r < 0 || (r = version(s, &v, why)) < 0)
		return r;
	if (v < SCHEMA_VERSION && (r = upgrade(s, why)) < 0)
		return r;
	if (sqlite3_prepare_v2(s->db, insert, -1, &s->insert, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, "DELETE FROM findings WHERE arrival <= (SELECT max(arrival) FROM findings) - ?1",
			       -1, &s->trim, NULL) != SQLITE_OK)
		return failed(s, why);
	return 0;
}

static int open_file(struct store *s, const char *path, enum store_mode mode, char why[256])
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == STORE_WRITE ? SQLITE_OPEN_CREATE : 0);

	if (mode == STORE_READ && access(path, F_OK) < 0) {
		snprintf(why, 256, "%s", strerror(errno));
		return -errno;
	}
	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
		snprintf(why, 256, "%s", s->db ? sqlite3_errmsg(s->db) : "out of memory");
		return -EIO;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return 0;
}

int store_open(struct store **ret, const char *path, enum store_mode mode, char why[256])
{
	_cleanup_(store_closep) struct store *s = calloc(1, sizeof(*s));
	int v, r;

	if (!s)
		return -ENOMEM;
	r = open_file(s, path, mode, why);
	if (!r && mode == STORE_WRITE)
		r = prepare_writing(s, why);
	if (!r)
		r = version(s, &v, why);
	if (r < 0)
		return r;
	s->has_heartbeats = v > 1;
	if (v < 1 || v > SCHEMA_VERSION) {
		snprintf(why, 256, v ? "made by a newer noroshi (its schema is %d)" : "no store of findings", v);
		return -EINVAL;
	}
	*ret = take(s);
	return 0;
}

/* "" is NULL in the store: unknown. */
static void bind_known(sqlite3_stmt *q, int i, const char *s)
{
	if (s && *s)
		sqlite3_bind_text(q, i, s, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(q, i);
}

static void bind_process(sqlite3_stmt *q, const Noroshi__V1__Process *p)
{
	if (p && p->pid_value_case == NOROSHI__V1__PROCESS__PID_VALUE_PID)
		sqlite3_bind_int64(q, 16, p->pid);
	else
		sqlite3_bind_null(q, 16);
	bind_known(q, 17, p ? p->name : NULL);
	bind_known(q, 18, p ? p->exe_path : NULL);
}

static void bind_finding(sqlite3_stmt *q, const Noroshi__V1__Finding *f)
{
	bind_text(q, 2, f->id);
	sqlite3_bind_int64(q, 3, f->revision);
	sqlite3_bind_int64(q, 5, f->sequence);
	bind_text(q, 6, f->rule);
	bind_text(q, 7, f->type);
	sqlite3_bind_int(q, 8, (int)f->severity);
	if (f->severity_score_value_case == NOROSHI__V1__FINDING__SEVERITY_SCORE_VALUE_SEVERITY_SCORE)
		sqlite3_bind_int64(q, 9, f->severity_score);
	else
		sqlite3_bind_null(q, 9);
	bind_text(q, 10, f->time);
	bind_text(q, 11, f->last_seen && *f->last_seen ? f->last_seen : f->time);
	sqlite3_bind_int64(q, 12, f->count);
	bind_known(q, 13, f->container ? f->container->id : NULL);
	bind_known(q, 14, f->container ? f->container->name : NULL);
	bind_known(q, 15, f->ecs ? f->ecs->task_id : NULL);
	bind_process(q, f->process);
	bind_text(q, 19, f->output);
}

static int add_finding(struct store *s, const Noroshi__V1__Finding *f, struct buf *json, struct buf *packed)
{
	size_t n = noroshi__v1__finding__get_packed_size(f);
	int r;

	buf_reset(json);
	if (finding_json_line(&f->base, json) < 0)
		return SQLITE_NOMEM;
	buf_reset(packed);
	if (n + 1 > packed->room) {
		char *p = realloc(packed->p, n + 1);

		if (!p)
			return SQLITE_NOMEM;
		packed->p = p;
		packed->room = n + 1;
	}
	noroshi__v1__finding__pack(f, (uint8_t *)packed->p);
	bind_finding(s->insert, f);
	sqlite3_bind_text(s->insert, 20, json->p, (int)json->n, SQLITE_STATIC);
	sqlite3_bind_blob(s->insert, 21, packed->p, (int)n, SQLITE_STATIC);
	r = sqlite3_step(s->insert);
	sqlite3_reset(s->insert);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int add_all(struct store *s, const Noroshi__V1__FindingBatch *b, struct store_added *ret)
{
	_cleanup_(buf_free) struct buf json = {}, packed = {};
	char now[CLOCK_TEXT_MAX];
	int r = SQLITE_OK;

	clock_rfc3339(now, clock_wall_ns());
	bind_text(s->insert, 1, now);
	bind_text(s->insert, 4, b->agent_id);
	for (size_t i = 0; i < b->n_findings && r == SQLITE_OK; i++) {
		r = add_finding(s, b->findings[i], &json, &packed);
		if (r == SQLITE_OK && sqlite3_changes(s->db))
			ret->stored++;
		else if (r == SQLITE_OK)
			ret->duplicates++;
	}
	sqlite3_clear_bindings(s->insert);
	return r == SQLITE_OK && b->heartbeat ? store_heartbeat_add(s, b->heartbeat, now) : r;
}

/* The oldest rows beyond keep: a range of the primary key, so cheap enough for every batch. */
static int trim(struct store *s, uint64_t keep)
{
	int r;

	sqlite3_bind_int64(s->trim, 1, (sqlite3_int64)keep);
	r = sqlite3_step(s->trim);
	sqlite3_reset(s->trim);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

int store_add(struct store *s, const Noroshi__V1__FindingBatch *b, uint64_t keep, struct store_added *ret,
	      char why[256])
{
	struct store_added added = {};
	int r = run(s, "BEGIN IMMEDIATE", why);
	char ignored[256];

	if (r < 0)
		return r;
	r = add_all(s, b, &added);
	if (r == SQLITE_OK && added.stored)
		r = trim(s, keep);
	if (r == SQLITE_OK && !run(s, "COMMIT", why)) {
		*ret = added;
		return 0;
	}
	r = r == SQLITE_NOMEM ? -ENOMEM : failed(s, why);
	(void)run(s, "ROLLBACK", ignored);
	return r;
}

bool store_works(struct store *s)
{
	char ignored[256];
	int r = run(s, "BEGIN IMMEDIATE", ignored);

	if (!r)
		(void)run(s, "ROLLBACK", ignored);
	return !r;
}

static int over_budget(void *ctx)
{
	struct store *s = ctx;

	return s->budget-- <= 1;
}

static void bind_query(sqlite3_stmt *st, const struct query *q)
{
	if (q->rule)
		bind_text(st, 1, q->rule);
	sqlite3_bind_int(st, 2, q->severity);
	bind_text(st, 3, q->since);
	bind_known(st, 4, q->container);
	bind_known(st, 5, q->task);
	sqlite3_bind_int64(st, 6, q->after);
	sqlite3_bind_int64(st, 7, q->limit ? (sqlite3_int64)q->limit : -1);
}

#define BUDGET_STEP 1000

int store_each(struct store *s, const struct query *q, uint64_t budget, store_row_fn fn, void *ctx)
{
	sqlite3_stmt *st;
	int step, r = 0;

	if (sqlite3_prepare_v2(s->db, select_rows, -1, &st, NULL) != SQLITE_OK)
		return -EIO;
	bind_query(st, q);
	s->budget = budget / BUDGET_STEP + 1;
	sqlite3_progress_handler(s->db, budget ? BUDGET_STEP : 0, over_budget, s);
	while (!r && (step = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_row row = {
			.arrival = sqlite3_column_int64(st, 0),
			.json = column(st, 1),
			.packed = column(st, 2),
		};

		r = fn(ctx, &row);
	}
	if (!r && step != SQLITE_DONE)
		r = step == SQLITE_INTERRUPT ? -ETIME : -EIO;
	sqlite3_progress_handler(s->db, 0, NULL, NULL);
	sqlite3_finalize(st);
	return r;
}

int store_summary(struct store *s, const struct query *q, store_count_fn fn, void *ctx)
{
	sqlite3_stmt *st;
	int step, r = 0;

	if (sqlite3_prepare_v2(s->db, select_summary, -1, &st, NULL) != SQLITE_OK)
		return -EIO;
	bind_query(st, q);
	while (!r && (step = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_count c = {
			.severity = sqlite3_column_int(st, 0),
			.rule = (const char *)sqlite3_column_text(st, 1),
			.findings = (uint64_t)sqlite3_column_int64(st, 2),
			.events = (uint64_t)sqlite3_column_int64(st, 3),
			.last_seen = (const char *)sqlite3_column_text(st, 4),
		};

		r = fn(ctx, &c);
	}
	if (!r && step != SQLITE_DONE)
		r = -EIO;
	sqlite3_finalize(st);
	return r;
}
