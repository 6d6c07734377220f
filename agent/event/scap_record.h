/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap record
 *
 * One event of a .scap capture: its header and where its parameters lie, then
 * the same in the event's newest form, with what only the entry of the call
 * said put in. Every length is checked here, once.
 */
#ifndef EVENT_SCAP_RECORD_H
#define EVENT_SCAP_RECORD_H

#include "event/scap_table.h"
#include "util/str.h"

struct scap_state;
struct scap_thread;

struct scap_record {
	uint64_t time;
	int64_t tid;
	uint16_t cpu, type;
	unsigned int n;				/* parameters that are there */
	struct str v[SCAP_PARAMS_MAX];		/* in the record's own order */
	const struct scap_type *newest;
	struct str p[SCAP_PARAMS_MAX];		/* in the newest form's order; {x, 0} and {NULL, 0} are missing */
	unsigned int shown;			/* of p: all of a call, of others only what the record has */
};

/* An entry that waits for its exit. */
struct scap_enter {
	uint16_t type;
	unsigned int n;
	size_t size;
	struct str v[8];
	char bytes[];
};


/*
 * Reads a record's bytes; numbered: the header says how many parameters there are. 0; 1 when it is of a type that the
 * table does not have; -EBADMSG with a reason. *r borrows from the bytes.
 */
int scap_record_read(struct scap_record *r, struct str bytes, bool numbered, char why[128]);

/* Fills r->p: by the names of the parameters, from the record itself, else from the thread's entry. */
void scap_record_merge(struct scap_record *r, const struct scap_enter *enter);

/* Keeps an entry; the one before goes. Without room the exit has to do without. */
void scap_enter_keep(struct scap_state *s, struct scap_thread *t, const struct scap_record *r);
struct scap_enter *scap_enter_free(struct scap_state *s, struct scap_enter *e);
/* The entry's parameter of that name; {NULL, 0} when it has none. */
struct str scap_enter_param(const struct scap_enter *e, const char *name);

/* The place of the parameter in the newest form, -1 when it has none of that name. */
int scap_record_place(const struct scap_record *r, const char *name);
/* Its bytes, {NULL, 0} when they are missing. */
struct str scap_record_param(const struct scap_record *r, const char *name);
/* As a number of the parameter's own width and sign; fallback when it is missing. */
int64_t scap_record_number(const struct scap_record *r, const char *name, int64_t fallback);
/* As a text, without the NUL at its end. */
struct str scap_record_text(const struct scap_record *r, const char *name);

int64_t scap_number(enum scap_kind kind, struct str bytes);
struct str scap_string(struct str bytes);

/* Whether the record says what the call returned, and what. */
bool scap_record_result(const struct scap_record *r, int64_t *ret);

#endif
