/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_event.h"
#include "event/scap_step.h"
#include "util/cleanup.h"

struct scap_fd *scap_step_add(const struct step *x, int64_t num, uint8_t type)
{
	struct scap_fds *f = fds(x);
	struct scap_fd *fd = f ? scap_fd_add(x->s, f, num) : NULL;

	if (!fd)
		return NULL;
	fd->type = type;
	x->e->thread->last_fd = num;
	return x->e->fd = fd;
}

struct scap_fd *scap_step_edit(const struct step *x)
{
	struct scap_fds *f = fds(x);
	struct scap_fd *fd = f && x->e->fd ? scap_fd_edit(x->s, f, x->e->thread->last_fd) : NULL;

	if (fd)
		x->e->fd = fd;
	return fd;
}

static const struct {
	const char *name;
	void (*apply)(const struct step *x);
	uint8_t made;	/* or the type of the descriptor that the call returns */
} deeds[] = {
	{"accept", scap_socket_accepted, 0},
	{"accept4", scap_socket_accepted, 0},
	{"bind", scap_socket_bound, 0},
	{"bpf", NULL, SCAP_FD_BPF},
	{"brk", scap_memory_changed, 0},
	{"chdir", scap_directory_changed, 0},
	{"clone", scap_cloned, 0},
	{"clone3", scap_cloned, 0},
	{"connect", scap_socket_connected, 0},
	{"creat", scap_file_opened, 0},
	{"dup", scap_fd_dupped, 0},
	{"dup2", scap_fd_dupped, 0},
	{"dup3", scap_fd_dupped, 0},
	{"epoll_create", NULL, SCAP_FD_EVENTPOLL},
	{"epoll_create1", NULL, SCAP_FD_EVENTPOLL},
	{"eventfd", NULL, SCAP_FD_EVENT},
	{"eventfd2", NULL, SCAP_FD_EVENT},
	{"execve", scap_execed, 0},
	{"execveat", scap_execed, 0},
	{"fchdir", scap_directory_changed_fd, 0},
	{"fcntl", scap_fcntl_done, 0},
	{"fork", scap_cloned, 0},
	{"getcwd", scap_directory_changed, 0},
	{"inotify_init", NULL, SCAP_FD_INOTIFY},
	{"inotify_init1", NULL, SCAP_FD_INOTIFY},
	{"io_uring_setup", NULL, SCAP_FD_IOURING},
	{"memfd_create", NULL, SCAP_FD_MEMFD},
	{"mmap", scap_memory_changed, 0},
	{"mmap2", scap_memory_changed, 0},
	{"munmap", scap_memory_changed, 0},
	{"open", scap_file_opened, 0},
	{"open_by_handle_at", scap_file_opened_by_handle, 0},
	{"openat", scap_file_opened, 0},
	{"openat2", scap_file_opened, 0},
	{"pidfd_open", NULL, SCAP_FD_PIDFD},
	{"pipe", scap_pipe_made, 0},
	{"pipe2", scap_pipe_made, 0},
	{"pread", scap_data_moved, 0},
	{"preadv", scap_data_moved, 0},
	{"procexit", scap_thread_ended, 0},
	{"pwrite", scap_data_moved, 0},
	{"pwritev", scap_data_moved, 0},
	{"read", scap_data_moved, 0},
	{"readv", scap_data_moved, 0},
	{"recv", scap_received, 0},
	{"recvfrom", scap_received, 0},
	{"recvmmsg", scap_received, 0},
	{"recvmsg", scap_received, 0},
	{"send", scap_sent, 0},
	{"sendmmsg", scap_sent, 0},
	{"sendmsg", scap_sent, 0},
	{"sendto", scap_sent, 0},
	{"setgid", scap_group_changed, 0},
	{"setregid", scap_group_changed, 0},
	{"setresgid", scap_group_changed, 0},
	{"setresuid", scap_user_changed, 0},
	{"setreuid", scap_user_changed, 0},
	{"setsid", scap_session_made, 0},
	{"setuid", scap_user_changed, 0},
	{"signalfd", NULL, SCAP_FD_SIGNALFD},
	{"signalfd4", NULL, SCAP_FD_SIGNALFD},
	{"socket", scap_socket_made, 0},
	{"socketpair", scap_socket_pair_made, 0},
	{"switch", scap_thread_switched, 0},
	{"timerfd_create", NULL, SCAP_FD_TIMERFD},
	{"userfaultfd", NULL, SCAP_FD_USERFAULTFD},
	{"vfork", scap_cloned, 0},
	{"write", scap_data_moved, 0},
	{"writev", scap_data_moved, 0},
};

static void act(const struct step *x)
{
	size_t low = 0, high = ARRAY_SIZE(deeds);

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(x->e->r.newest->name, deeds[mid].name);

		if (!c) {
			if (deeds[mid].apply)
				deeds[mid].apply(x);
			else if (x->e->has_result)
				scap_fd_made(x, deeds[mid].made);
			return;
		}
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
}

/* The descriptor a call is given. */
static void find_fd(const struct step *x)
{
	static const char *const names[] = {"fd", "oldfd", "out_fd", "dirfd", "olddirfd", "linkdirfd", "olddir",
					    "in_fd"};
	const struct scap_type *t = x->e->r.newest;
	size_t i = 0;

	x->e->thread->last_fd = -1;
	if (!(t->flags & SCAP_USES_FD))
		return;
	while (i < ARRAY_SIZE(names) && scap_record_place(&x->e->r, names[i]) < 0)
		i++;
	if (i < ARRAY_SIZE(names))
		x->e->thread->last_fd = number(x, names[i], -1);
	x->e->fd = scap_fd_find(fds(x), x->e->thread->last_fd);
}

void scap_event_apply(struct scap_state *s, const struct scap_machine *m, struct scap_event *e)
{
	const struct scap_type *t = e->r.newest;
	struct step x = {s, m, e};
	struct scap_text *old = NULL;

	e->thread = t->class == SCAP_META ? NULL : scap_thread_get(s, e->r.tid);
	if (e->thread) {
		scap_thread_touch(s, e->thread);
		e->enter = take(e->thread->enter);
	}
	scap_record_merge(&e->r, e->enter);
	e->has_result = scap_record_result(&e->r, &e->result);
	if (!e->thread)
		return;
	find_fd(&x);
	if (e->fd)
		old = scap_text_ref(e->fd->name);
	if (e->has_result || t->class == SCAP_TRACE)
		act(&x);
	if (!e->thread) {
		scap_text_unref(s, old);
		return;
	}
	e->has_fd = t->flags & (SCAP_NEW_FD | SCAP_END_FD | SCAP_USES_FD);
	e->fd_num = e->thread->last_fd;
	e->renamed = e->fd && !str_eq(scap_text_view(e->fd->name), scap_text_view(old));
	scap_text_unref(s, old);
}

void scap_event_done(struct scap_state *s, struct scap_event *e)
{
	if (e->thread && e->r.newest->flags & SCAP_END_FD && e->has_result && e->result >= 0)
		scap_fd_remove(s, scap_thread_fds(s, e->thread), e->fd_num);
	if (e->thread && e->thread->ended)
		scap_thread_remove(s, e->thread);
	e->enter = scap_enter_free(s, e->enter);
	e->thread = NULL;
	e->fd = NULL;
}
