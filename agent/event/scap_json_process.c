/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the process that did it: proc, thread, user, group. */
#include "event/scap_fields.h"
#include "util/limits.h"
#include "util/utf8.h"

#define ARGS_MAX 64	/* of proc.args[N] and of proc.env[NAME] */

/* The words of a list with a NUL behind each. */
static bool next_word(struct str *list, struct str *word)
{
	size_t n;

	if (!list->n)
		return false;
	n = strnlen(list->p, list->n);
	*word = str_n(list->p, n);
	*list = str_skip(*list, n < list->n ? n + 1 : n);
	return true;
}

/* first, then the words, each behind a blank. */
static struct str joined(struct fields *f, struct str first, const struct scap_thread *t)
{
	struct str list = scap_text_view(t->args), word;

	buf_reset(&f->text);
	buf_str(&f->text, first);
	for (bool blank = first.p; next_word(&list, &word); blank = true) {
		if (blank)
			buf_char(&f->text, ' ');
		buf_str(&f->text, word);
	}
	return buf_view(&f->text);
}

static struct str joined_args(struct fields *f, const struct scap_thread *t)
{
	return joined(f, STR_NONE, t);
}

static struct str cmdline(struct fields *f, const struct scap_thread *t)
{
	return joined(f, scap_text_view(t->comm), t);
}

static void put_args(struct fields *f, const struct scap_thread *t)
{
	struct str list = scap_text_view(t->args), word;
	size_t bytes = 0;
	unsigned int n;

	for (n = 0; next_word(&list, &word); n++, bytes += word.n) {
		if (n >= ARGS_MAX)
			continue;
		buf_reset(&f->name);
		buf_printf(&f->name, "proc.args[%u]", n);
		scap_put_str(f, f->name.p, word);
	}
	scap_put_str(f, "proc.args", joined_args(f, t));
	scap_put_int(f, "proc.cmdnargs", n);
	scap_put_int(f, "proc.cmdlenargs", (int64_t)bytes);
	scap_put_str(f, "proc.cmdline", cmdline(f, t));
	buf_reset(&f->text);
	buf_str(&f->text, scap_text_view(t->exe));
	if (!n)
		buf_char(&f->text, ' ');
	scap_put_str(f, "proc.exeline", n ? joined(f, scap_text_view(t->exe), t) : buf_view(&f->text));
}

static void put_env(struct fields *f, const struct scap_thread *t)
{
	const struct scap_thread *m = scap_thread_main(f->s, (struct scap_thread *)t);
	struct str list = scap_text_view(m ? m->env : t->env), word;
	unsigned int n = 0;

	buf_reset(&f->text);
	while (next_word(&list, &word)) {
		const char *is = memchr(word.p, '=', word.n);

		if (f->text.n)
			buf_char(&f->text, ' ');
		buf_str(&f->text, word);
		if (!is || n++ >= ARGS_MAX)
			continue;
		buf_reset(&f->name);
		buf_puts(&f->name, "proc.env[");
		buf_add(&f->name, word.p, (size_t)(is - word.p));
		buf_char(&f->name, ']');
		if (utf8_valid(buf_view(&f->name)) && !memchr(f->name.p, 0, f->name.n))
			scap_put_str(f, f->name.p, str_n(is + 1, (size_t)(word.p + word.n - is - 1)));
	}
	if (f->text.n)
		scap_put_str(f, "proc.env", buf_view(&f->text));
}

static void capabilities(struct fields *f, const char *name, uint64_t set)
{
	static const char *const names[] = {
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
		"CAP_SETGID",
		"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
		"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
		"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
		"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
		"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
		"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
	};

	buf_reset(&f->text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (set >> i & 1) {
			if (f->text.n)
				buf_char(&f->text, ' ');
			buf_puts(&f->text, names[i]);
		}
	}
	scap_put_str(f, name, buf_view(&f->text));
}

/* The leader of a session or a group: that thread, or the oldest ancestor that is in it. */
static const struct scap_thread *leader(const struct fields *f, struct scap_thread *t, int64_t id, size_t off)
{
	struct scap_thread *oldest = t, *p;

	if (id == -1)
		return NULL;
	p = t->pid == t->vpid ? scap_thread_find(f->s, id) : NULL;
	if (p)
		return p;
	for (unsigned int i = 1; i <= LINEAGE_MAX && (p = scap_thread_ancestor(f->s, t, i)); i++) {
		if (*(int64_t *)((char *)p + off) != id)
			break;
		oldest = p;
	}
	return oldest;
}

static void put_leader(struct fields *f, struct scap_thread *t, int64_t id, size_t off, const char *const names[4])
{
	const struct scap_thread *l = leader(f, t, id, off);

	if (id != -1)
		scap_put_int(f, names[0], id);
	if (!l)
		return;
	scap_put_str(f, names[1], scap_text_view(l->comm));
	scap_put_str(f, names[2], scap_text_view(l->exe));
	scap_put_str(f, names[3], scap_text_view(l->exepath));
}

static void put_leaders(struct fields *f, struct scap_thread *t)
{
	static const char *const names[3][4] = {
		{"proc.sid", "proc.sname", "proc.sid.exe", "proc.sid.exepath"},
		{"proc.pgid", "proc.pgid.name", "proc.pgid.exe", "proc.pgid.exepath"},
		{"proc.vpgid", "proc.vpgid.name", "proc.vpgid.exe", "proc.vpgid.exepath"},
	};

	put_leader(f, t, t->sid, offsetof(struct scap_thread, sid), names[0]);
	put_leader(f, t, t->pgid, offsetof(struct scap_thread, pgid), names[1]);
	put_leader(f, t, t->vpgid, offsetof(struct scap_thread, vpgid), names[2]);
	scap_put_bool(f, "proc.is_sid_leader", t->sid == t->vpid);
	scap_put_bool(f, "proc.is_pgid_leader", t->pgid == t->pid);
	scap_put_bool(f, "proc.is_vpgid_leader", t->vpgid == t->vpid);
}

static void put_parent(struct fields *f, struct scap_thread *p, uint64_t now)
{
	scap_put_int(f, "proc.ppid", p->pid);
	scap_put_str(f, "proc.pname", scap_text_view(p->comm));
	scap_put_str(f, "proc.pexe", scap_text_view(p->exe));
	scap_put_str(f, "proc.pexepath", scap_text_view(p->exepath));
	scap_put_str(f, "proc.pcmdline", cmdline(f, p));
	if (p->clone_ts) {
		scap_put_int(f, "proc.ppid.ts", (int64_t)p->clone_ts);
		scap_put_int(f, "proc.ppid.duration", (int64_t)(now - p->clone_ts));
	}
}

static void put_ancestors(struct fields *f, struct scap_thread *t)
{
	json_t *names = json_array(), *exes = json_array(), *paths = json_array(), *lines = json_array();
	json_t *pids = json_array();
	struct scap_thread *a, *shell = NULL;
	int r = 0;

	for (unsigned int i = 0; i <= LINEAGE_MAX && (a = scap_thread_ancestor(f->s, t, i)); i++) {
		struct str comm = scap_text_view(a->comm);

		if (str_ends(comm, STR("sh")))
			shell = a;
		if (!i)
			continue;
		r |= json_array_append_new(names, scap_text_json(comm));
		r |= json_array_append_new(exes, scap_text_json(scap_text_view(a->exe)));
		r |= json_array_append_new(paths, scap_text_json(scap_text_view(a->exepath)));
		r |= json_array_append_new(lines, scap_text_json(cmdline(f, a)));
		r |= json_array_append_new(pids, json_integer(a->pid));
		if (a->ptid == a->tid)
			break;
	}
	f->failed |= r < 0;
	scap_put(f, "proc.aname", names);
	scap_put(f, "proc.aexe", exes);
	scap_put(f, "proc.aexepath", paths);
	scap_put(f, "proc.acmdline", lines);
	scap_put(f, "proc.apid", pids);
	if (shell)
		scap_put_int(f, "proc.loginshellid", shell->pid);
}

static void put_standard(struct fields *f, const struct scap_fds *fds)
{
	static const char *const names[3][2] = {
		{"proc.stdin.name", "proc.stdin.type"},
		{"proc.stdout.name", "proc.stdout.type"},
		{"proc.stderr.name", "proc.stderr.type"},
	};

	for (int i = 0; i < 3; i++) {
		const struct scap_fd *fd = scap_fd_find(fds, i);

		if (!fd)
			continue;
		scap_put_str(f, names[i][0], scap_text_view(fd->name));
		if (scap_fd_kind(fd))
			scap_put_text(f, names[i][1], scap_fd_kind(fd));
	}
}

static void put_user(struct fields *f, const struct scap_thread *t)
{
	const struct scap_user *u = scap_user_find(f->s, t->uid), *login = scap_user_find(f->s, t->login_uid);
	const struct scap_group *g = scap_group_find(f->s, t->gid);

	if (t->uid != UINT32_MAX) {
		scap_put_int(f, "user.uid", t->uid);
		if (u || !t->uid)
			scap_put_text(f, "user.name", u ? u->name : "root");
		if (u || !t->uid)
			scap_put_text(f, "user.homedir", u ? u->home : "/root");
		if (u)
			scap_put_text(f, "user.shell", u->shell);
	}
	if (t->login_uid != UINT32_MAX && (login || !t->login_uid))
		scap_put_text(f, "user.loginname", login ? login->name : "root");
	if (t->gid != UINT32_MAX) {
		scap_put_int(f, "group.gid", t->gid);
		if (g || !t->gid)
			scap_put_text(f, "group.name", g ? g->name : "root");
	}
}

static void put_usage(struct fields *f, struct scap_thread *t, const struct scap_thread *m)
{
	bool main = t->tid == t->pid;

	scap_put_int(f, "proc.vmsize", t->vm_size);
	scap_put_int(f, "proc.vmrss", t->vm_rss);
	scap_put_int(f, "proc.vmswap", t->vm_swap);
	scap_put_int(f, "thread.vmsize", main ? t->vm_size : 0);
	scap_put_int(f, "thread.vmrss", main ? t->vm_rss : 0);
	scap_put_int(f, "thread.pfmajor", (int64_t)t->pf_major);
	scap_put_int(f, "thread.pfminor", (int64_t)t->pf_minor);
	scap_put_int(f, "proc.fdlimit", t->fd_limit);
	if (m) {
		scap_put_int(f, "proc.fdopencount", (int64_t)m->fds.n);
		scap_put_int(f, "proc.nthreads", m->nthreads);
		scap_put_int(f, "proc.nchilds", m->nthreads ? m->nthreads - 1 : 0);
	}
}

static void put_times(struct fields *f, const struct scap_thread *t, uint64_t now)
{
	if (t->clone_ts) {
		scap_put_int(f, "proc.pid.ts", (int64_t)t->clone_ts);
		scap_put_int(f, "proc.duration", (int64_t)(now - t->clone_ts));
	}
	if (t->pidns_ts)
		scap_put_int(f, "proc.pidns_init_start_ts", (int64_t)t->pidns_ts);
	if (t->exe_ino)
		scap_put_int(f, "proc.exe_ino", (int64_t)t->exe_ino);
	if (!t->exe_ctime)
		return;
	scap_put_int(f, "proc.exe_ino.ctime", (int64_t)t->exe_ctime);
	scap_put_int(f, "proc.exe_ino.mtime", (int64_t)t->exe_mtime);
	if (t->clone_ts)
		scap_put_int(f, "proc.exe_ino.ctime_duration_proc_start", (int64_t)(t->clone_ts - t->exe_ctime));
	if (t->pidns_ts && t->exe_ctime > t->pidns_ts)
		scap_put_int(f, "proc.exe_ino.ctime_duration_pidns_start", (int64_t)(t->exe_ctime - t->pidns_ts));
}

void scap_put_process(struct fields *f)
{
	struct scap_thread *t = f->e->thread, *m, *p;

	if (!t)
		return;
	scap_put_int(f, "thread.tid", t->tid);
	scap_put_int(f, "user.loginuid", t->login_uid == UINT32_MAX ? -1 : (int64_t)t->login_uid);
	if (t->pid < 0)
		return;		/* nothing but its number is known */
	m = scap_thread_main(f->s, t);
	scap_put_int(f, "proc.pid", t->pid);
	scap_put_bool(f, "thread.ismain", t->tid == t->pid);
	if (t->vpid != -1)
		scap_put_int(f, "proc.vpid", t->vpid);
	if (t->vtid != -1)
		scap_put_int(f, "thread.vtid", t->vtid);
	scap_put_str(f, "proc.name", scap_text_view(t->comm));
	scap_put_str(f, "proc.exe", scap_text_view(t->exe));
	scap_put_str(f, "proc.exepath", scap_text_view(t->exepath));
	scap_put_str(f, "proc.cwd", scap_text_view(m ? m->cwd : NULL));
	scap_put_int(f, "proc.tty", t->tty);
	scap_put_bool(f, "proc.is_exe_writable", t->exe_writable);
	scap_put_bool(f, "proc.is_exe_upper_layer", t->exe_upper);
	scap_put_bool(f, "proc.is_exe_lower_layer", t->exe_lower);
	scap_put_bool(f, "proc.is_exe_from_memfd", t->exe_memfd);
	capabilities(f, "thread.cap_permitted", t->cap_permitted);
	capabilities(f, "thread.cap_inheritable", t->cap_inheritable);
	capabilities(f, "thread.cap_effective", t->cap_effective);
	put_args(f, t);
	put_env(f, t);
	put_leaders(f, t);
	put_usage(f, t, m);
	put_times(f, t, f->e->r.time);
	put_user(f, t);
	put_standard(f, scap_thread_fds(f->s, t));
	if (t->cgroups && t->cgroups->n)
		scap_put_str(f, "thread.cgroups", (joined(f, STR_NONE, &(struct scap_thread){.args = t->cgroups})));
	put_ancestors(f, t);
	p = scap_thread_ancestor(f->s, t, 1);
	if (p)
		put_parent(f, p, f->e->r.time);
	p = scap_thread_find(f->s, t->ptid);
	if (p && p->vpid != -1)
		scap_put_int(f, "proc.pvpid", p->vpid);
}
