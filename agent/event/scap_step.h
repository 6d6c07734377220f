/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to scap_event*.c: what one event does to the state, a function for each kind of event. */
#ifndef EVENT_SCAP_STEP_H
#define EVENT_SCAP_STEP_H

#include "event/scap_addr.h"
#include "event/scap_event.h"

#define O_DIRECTORY_BIT (1u << 10)	/* of open flags, as the file numbers them */
#define O_CLOEXEC_BIT (1u << 12)
#define O_UPPER_BIT (1u << 15)
#define O_LOWER_BIT (1u << 16)

struct step {
	struct scap_state *s;
	const struct scap_machine *m;
	struct scap_event *e;	/* with its thread, and the descriptor that the call was given */
};

static inline int64_t number(const struct step *x, const char *name, int64_t fallback)
{
	return scap_record_number(&x->e->r, name, fallback);
}

static inline bool given(const struct step *x, const char *name)
{
	return scap_record_param(&x->e->r, name).p;
}

static inline struct scap_fds *fds(const struct step *x)
{
	return scap_thread_fds(x->s, x->e->thread);
}

/* A new descriptor of the event's thread, which the event is about from now on. NULL at a cap. */
struct scap_fd *scap_step_add(const struct step *x, int64_t num, uint8_t type);
/* The event's descriptor, to be changed. */
struct scap_fd *scap_step_edit(const struct step *x);

/* scap_event_file.c */
void scap_fd_made(const struct step *x, uint8_t type);
void scap_file_opened(const struct step *x);
void scap_file_opened_by_handle(const struct step *x);
void scap_pipe_made(const struct step *x);
void scap_fcntl_done(const struct step *x);
void scap_fd_dupped(const struct step *x);

/* scap_event_socket.c */
void scap_socket_made(const struct step *x);
void scap_socket_bound(const struct step *x);
void scap_socket_connected(const struct step *x);
void scap_socket_accepted(const struct step *x);
void scap_sent(const struct step *x);
void scap_received(const struct step *x);
void scap_data_moved(const struct step *x);
void scap_socket_pair_made(const struct step *x);

/* scap_event_process.c */
void scap_execed(const struct step *x);
void scap_cloned(const struct step *x);
void scap_thread_ended(const struct step *x);
void scap_thread_switched(const struct step *x);
void scap_directory_changed(const struct step *x);
void scap_directory_changed_fd(const struct step *x);
void scap_user_changed(const struct step *x);
void scap_group_changed(const struct step *x);
void scap_session_made(const struct step *x);
void scap_memory_changed(const struct step *x);

#endif
