/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: who runs what, where and as whom. */
#include "event/scap_step.h"

#define CLONE_STALE_NS 2000000000u	/* a child that is known for longer is another one */

static void memory(const struct step *x, struct scap_thread *t)
{
	if (!given(x, "vm_swap"))
		return;
	t->vm_size = (uint32_t)number(x, "vm_size", 0);
	t->vm_rss = (uint32_t)number(x, "vm_rss", 0);
	t->vm_swap = (uint32_t)number(x, "vm_swap", 0);
	if (given(x, "pgft_maj"))
		t->pf_major = (uint64_t)number(x, "pgft_maj", 0);
	if (given(x, "pgft_min"))
		t->pf_minor = (uint64_t)number(x, "pgft_min", 0);
}

static void image(const struct step *x, struct scap_thread *t)
{
	struct str exe = scap_record_text(&x->e->r, "exe");

	scap_text_set(x->s, &t->exe, exe);
	scap_text_set(x->s, &t->comm, given(x, "comm") ? scap_record_text(&x->e->r, "comm") : exe);
	scap_text_set(x->s, &t->args, scap_record_param(&x->e->r, "args"));
}

static void exec_path(const struct step *x, struct scap_thread *t)
{
	struct scap_enter *enter = x->e->enter;
	struct str name = scap_record_text(&x->e->r, "trusted_exepath"), dir = scap_directory(x->s, t, SCAP_AT_CWD), dirfd;
	struct buf path = {};

	if (!name.n && enter) {	/* early files have it only as the caller said it */
		name = scap_string(scap_enter_param(enter, "filename"));
		if (!name.p && (dirfd = scap_enter_param(enter, "dirfd")).n) {
			name = scap_string(scap_enter_param(enter, "pathname"));
			dir = scap_directory(x->s, t, scap_number(SCAP_FD, dirfd));
		}
	}
	if (name.n && !str_eq(name, STR("<NA>")))
		scap_path_join(dir, name, &path);
	if (name.n || enter)
		scap_text_set(x->s, &t->exepath, buf_view(&path));
	buf_free(&path);
}

static void exec_identity(const struct step *x, struct scap_thread *t)
{
	int64_t flags = number(x, "flags", 0);

	t->vpgid = number(x, "vpgid", t->vpgid);
	t->pgid = number(x, "pgid", -1);
	t->login_uid = (uint32_t)number(x, "loginuid", t->login_uid);
	t->uid = (uint32_t)number(x, "uid", t->uid);
	t->gid = (uint32_t)number(x, "gid", t->gid);
	t->tty = (uint32_t)number(x, "tty", t->tty);
	t->cap_inheritable = (uint64_t)number(x, "cap_inheritable", (int64_t)t->cap_inheritable);
	t->cap_permitted = (uint64_t)number(x, "cap_permitted", (int64_t)t->cap_permitted);
	t->cap_effective = (uint64_t)number(x, "cap_effective", (int64_t)t->cap_effective);
	t->exe_ino = (uint64_t)number(x, "exe_ino", (int64_t)t->exe_ino);
	t->exe_ctime = (uint64_t)number(x, "exe_ino_ctime", (int64_t)t->exe_ctime);
	t->exe_mtime = (uint64_t)number(x, "exe_ino_mtime", (int64_t)t->exe_mtime);
	if (given(x, "flags")) {
		t->exe_writable = flags & 1;
		t->exe_upper = flags & 2;
		t->exe_memfd = flags & 4;
		t->exe_lower = flags & 8;
	}
}

static void close_on_exec(const struct step *x, struct scap_fds *f)
{
	for (size_t i = 0; f->v && i <= f->mask;) {
		if (f->v[i].fd && f->v[i].fd->open_flags & O_CLOEXEC_BIT)
			scap_fd_remove(x->s, f, f->v[i].num);	/* another one may have moved here: look again */
		else
			i++;
	}
}

void scap_execed(const struct step *x)
{
	struct scap_thread *t = x->e->thread;
	bool unknown = t->pid < 0;

	if (x->e->result < 0)
		return;
	image(x, t);
	t->pid = number(x, "pid", t->pid);
	if (unknown) {
		t->ptid = number(x, "ptid", -1);
		t->vtid = t->tid;
		t->vpid = t->pid;
		scap_thread_join(x->s, t);
	}
	t->fd_limit = number(x, "fdlimit", t->fd_limit);
	memory(x, t);
	if (given(x, "env"))
		scap_text_set(x->s, &t->env, scap_record_param(&x->e->r, "env"));
	if (given(x, "cgroups"))
		scap_text_set(x->s, &t->cgroups, scap_record_param(&x->e->r, "cgroups"));
	exec_path(x, t);
	exec_identity(x, t);
	if (fds(x))
		close_on_exec(x, fds(x));
}

/* What a child takes over from the one whose image it has. */
static void inherit(const struct step *x, struct scap_thread *child, struct scap_thread *from, bool process)
{
	struct scap_thread *m = scap_thread_main(x->s, from);
	struct scap_fds *f = scap_thread_fds(x->s, from);

	child->exepath = scap_text_ref(from->exepath);
	child->exe_writable = from->exe_writable;
	child->exe_upper = from->exe_upper;
	child->exe_lower = from->exe_lower;
	child->exe_memfd = from->exe_memfd;
	child->sid = from->sid;
	child->vpgid = from->vpgid;
	child->pgid = from->pgid;
	child->tty = from->tty;
	child->login_uid = from->login_uid;
	child->cap_permitted = from->cap_permitted;
	child->cap_inheritable = from->cap_inheritable;
	child->cap_effective = from->cap_effective;
	child->exe_ino = from->exe_ino;
	child->exe_ctime = from->exe_ctime;
	child->exe_mtime = from->exe_mtime;
	if (!process)
		return;
	if (f)
		scap_fds_copy(x->s, &child->fds, f);
	child->cwd = scap_text_ref(m ? m->cwd : NULL);
	child->env = scap_text_ref(from->env);
}

static void child_details(const struct step *x, struct scap_thread *child)
{
	image(x, child);
	child->fd_limit = number(x, "fdlimit", child->fd_limit);
	memory(x, child);
	child->uid = (uint32_t)number(x, "uid", UINT32_MAX);
	child->gid = (uint32_t)number(x, "gid", UINT32_MAX);
	if (given(x, "cgroups"))
		scap_text_set(x->s, &child->cgroups, scap_record_param(&x->e->r, "cgroups"));
	child->clone_ts = x->e->r.time;
	scap_thread_join(x->s, child);
}

/* The return in the child. Where the parent's return came first, the child is known already. */
static void cloned_child(const struct step *x)
{
	struct scap_thread *t = x->e->thread, *from;
	uint32_t flags = (uint32_t)number(x, "flags", 0);
	bool process = !(flags & SCAP_CLONE_THREAD);
	int64_t tid = t->tid;

	if (t->clone_ts && x->e->r.time - t->clone_ts < CLONE_STALE_NS)
		return;
	scap_thread_remove(x->s, t);
	t = x->e->thread = scap_thread_get(x->s, tid);
	if (!t)
		return;
	t->pid = number(x, "pid", -1);
	t->ptid = number(x, "ptid", -1);
	t->vtid = number(x, "vtid", tid);
	t->vpid = number(x, "vpid", -1);
	t->flags = flags | SCAP_CLONE_INVERTED | (process ? 0 : SCAP_CLONE_FILES);
	from = scap_thread_find(x->s, process ? t->ptid : t->pid);
	if (from && from != t && from->pid >= 0)
		inherit(x, t, from, process);
	child_details(x, t);
	t->pidns_ts = x->m->boot_time;
	if (flags & (SCAP_CLONE_IN_PIDNS | SCAP_CLONE_NEWPID) || t->tid != t->vtid) {
		int64_t since_boot = number(x, "pidns_init_start_ts", 0);

		t->pidns_ts = since_boot ? t->pidns_ts + (uint64_t)since_boot : 0;
	}
}

static void know_caller(const struct step *x, struct scap_thread *t)
{
	t->pid = number(x, "pid", -1);
	t->ptid = number(x, "ptid", -1);
	t->vtid = number(x, "vtid", t->tid);
	t->vpid = number(x, "vpid", -1);
	image(x, t);
	scap_thread_join(x->s, t);
}

/* The return in the parent: the child, unless only its own return can say who it is. */
static void cloned_parent(const struct step *x)
{
	const uint32_t only_child_knows = SCAP_CLONE_IN_PIDNS | SCAP_CLONE_NEWPID | SCAP_CLONE_PARENT | SCAP_CLONE_VFORK;
	struct scap_thread *t = x->e->thread, *child;
	uint32_t flags = (uint32_t)number(x, "flags", 0);
	bool known = t->pid >= 0, process = !(flags & SCAP_CLONE_THREAD);

	if (!known)
		know_caller(x, t);
	if (flags & only_child_knows || t->tid != t->vtid || !strcmp(x->e->r.newest->name, "vfork") ||
	    x->e->result == t->tid)
		return;
	child = scap_thread_find(x->s, x->e->result);
	if (child && child->flags & SCAP_CLONE_INVERTED)
		return;
	if (child)
		scap_thread_remove(x->s, child);
	scap_thread_touch(x->s, t);
	child = scap_thread_get(x->s, x->e->result);
	if (!child)
		return;
	child->flags = flags | (process ? 0 : SCAP_CLONE_FILES);
	child->pid = process ? child->tid : t->pid;
	child->ptid = process ? t->tid : t->ptid;
	child->vtid = child->tid;
	child->vpid = child->pid;
	if (known)
		inherit(x, child, t, process);
	child_details(x, child);
	child->pidns_ts = x->m->boot_time;
}

void scap_cloned(const struct step *x)
{
	if (x->e->has_result && x->e->result == 0)
		cloned_child(x);
	else if (x->e->has_result && x->e->result > 0)
		cloned_parent(x);
}

static void changed_directory(const struct step *x, struct str to)
{
	struct scap_thread *m = scap_thread_main(x->s, x->e->thread);
	struct buf path = {};

	if (!m || x->e->result < 0 || !to.n)
		return;
	scap_path_join(scap_text_view(m->cwd), to, &path);
	if (path.p[0] != '/')
		buf_reset(&path);	/* from an unknown directory to another */
	else if (path.n > 1)
		buf_char(&path, '/');
	scap_text_set(x->s, &m->cwd, buf_view(&path));
	buf_free(&path);
}

static void set_ids(const struct step *x, bool user)
{
	static const char *const names[2][2] = {{"egid", "gid"}, {"euid", "uid"}};
	uint32_t *id = user ? &x->e->thread->uid : &x->e->thread->gid;
	int64_t v = -1;

	if (!x->e->has_result || x->e->result != 0)
		return;
	for (unsigned int i = 0; i < 2 && v < 0; i++)
		v = number(x, names[user][i], -1);
	if (v >= 0 && v < UINT32_MAX)
		*id = (uint32_t)v;
}

void scap_thread_ended(const struct step *x)
{
	struct scap_thread *t = x->e->thread, *m = scap_thread_main(x->s, t);

	if (m && m->nthreads && !t->ended)
		m->nthreads--;
	t->ended = true;
}

void scap_thread_switched(const struct step *x)
{
	struct scap_thread *m = scap_thread_main(x->s, x->e->thread);
	uint64_t major = x->e->thread->pf_major, minor = x->e->thread->pf_minor;

	if (!given(x, "vm_swap"))
		return;
	if (m)
		memory(x, m);
	if (m && m != x->e->thread) {	/* faults are the thread's own */
		m->pf_major = major;
		m->pf_minor = minor;
	}
	x->e->thread->pf_major = (uint64_t)number(x, "pgft_maj", 0);
	x->e->thread->pf_minor = (uint64_t)number(x, "pgft_min", 0);
}

void scap_directory_changed(const struct step *x)
{
	changed_directory(x, scap_record_text(&x->e->r, "path"));
}

void scap_directory_changed_fd(const struct step *x)
{
	if (x->e->fd)
		changed_directory(x, scap_text_view(x->e->fd->name));
}

void scap_user_changed(const struct step *x)
{
	set_ids(x, true);
}

void scap_group_changed(const struct step *x)
{
	set_ids(x, false);
}

void scap_session_made(const struct step *x)
{
	if (x->e->result >= 0)
		x->e->thread->sid = x->e->result;
}

void scap_memory_changed(const struct step *x)
{
	memory(x, x->e->thread);
}
