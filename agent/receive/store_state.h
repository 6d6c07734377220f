/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the store's files: what an open store holds. */
#ifndef RECEIVE_STORE_STATE_H
#define RECEIVE_STORE_STATE_H

#include "receive/store.h"
#include <sqlite3.h>

struct store {
	sqlite3 *db;
	sqlite3_stmt *insert, *trim;
	uint64_t budget;
	bool has_heartbeats;	/* its schema knows them: one opened for reading may be older */
};

extern const char store_heartbeat_schema[];

/* Within the transaction of its batch: an SQLite code. */
int store_heartbeat_add(struct store *s, const Noroshi__V1__Coverage *c, const char *now);

static inline void bind_text(sqlite3_stmt *q, int i, const char *s)
{
	sqlite3_bind_text(q, i, s ? s : "", -1, SQLITE_STATIC);
}

static inline struct str column(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return str_n(p ? p : "", (size_t)sqlite3_column_bytes(st, i));
}

#endif
