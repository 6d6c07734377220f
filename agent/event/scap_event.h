/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap event
 *
 * One record of a .scap capture, and what it does to the state: who runs what,
 * which descriptor is what.
 */
#ifndef EVENT_SCAP_EVENT_H
#define EVENT_SCAP_EVENT_H

#include "event/scap_host.h"
#include "event/scap_record.h"
#include <jansson.h>

struct scap_event {
	struct scap_record r;
	struct scap_thread *thread;	/* NULL for an event that belongs to none */
	struct scap_enter *enter;	/* what it borrows from, until scap_event_done() */
	bool has_fd;			/* the event is about a descriptor: */
	int64_t fd_num;			/* -1 when its number is not known */
	struct scap_fd *fd;		/* NULL when the capture does not say what it is */
	bool renamed;			/* the descriptor got another name by this event */
	bool has_result;
	int64_t result;
};

/* r is filled in but for its merged parameters. A thread that ends stays until scap_event_done(). */
void scap_event_apply(struct scap_state *s, const struct scap_machine *m, struct scap_event *e);

/* What is gone after the event: a closed descriptor, an ended thread. e->thread and e->fd are gone. */
void scap_event_done(struct scap_state *s, struct scap_event *e);

/* A parameter as the original prints it: plain, and resolved (empty when there is nothing to resolve). */
void scap_param_text(const struct scap_state *s, const struct scap_event *e, unsigned int place, struct buf *plain,
		     struct buf *resolved);

/* path against dir; without "." and ".." and doubled slashes. */
void scap_path_join(struct str dir, struct str path, struct buf *out);
#define SCAP_AT_CWD (-100)	/* in place of a descriptor: the working directory */

/* The directory a path of the call is relative to: of that descriptor, or the working directory; {NULL, 0} unknown. */
struct str scap_directory(const struct scap_state *s, struct scap_thread *t, int64_t dirfd);

char scap_fd_letter(const struct scap_fd *fd);
const char *scap_fd_kind(const struct scap_fd *fd);	/* NULL when it has no name */
const char *scap_l4_name(const struct scap_fd *fd);	/* NULL unless it is a socket with one */

/* All fields of the event. New reference, NULL without memory. */
json_t *scap_event_json(const struct scap_state *s, const struct scap_machine *m, const struct scap_event *e,
			uint64_t num);

#endif
