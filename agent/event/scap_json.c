/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event of a .scap capture as fields. What the capture does not say is
 * missing: where the original prints its own defaults for an unknown process
 * or descriptor (0, true, "/"), there is nothing here.
 */
#include "event/scap_addr.h"
#include "event/scap_event.h"
#include "util/limits.h"
#include "util/utf8.h"
#include <errno.h>
#include <stdlib.h>

#define ARGS_MAX 64	/* of proc.args[N] */

struct fields {
	json_t *o;
	const struct scap_state *s;
	const struct scap_event *e;
	struct buf name, plain, resolved, text;
	bool failed;
};

static void put(struct fields *f, const char *name, json_t *v)
{
	if (json_object_set_new_nocheck(f->o, name, v) < 0)
		f->failed = true;
}

static json_t *text_json(struct str s)
{
	json_t *v = json_stringn(s.p, s.n);
	char *clean;
	bool cut;

	if (v || !s.n)
		return v;
	clean = malloc(3 * s.n);	/* a bad byte becomes three */
	if (clean)
		v = json_stringn_nocheck(clean, utf8_clean(clean, 3 * s.n, s, &cut));
	free(clean);
	return v;
}

static void put_str(struct fields *f, const char *name, struct str s)
{
	put(f, name, text_json(s.p ? s : STR("")));
}

static void put_text(struct fields *f, const char *name, const char *s)
{
	put_str(f, name, str(s));
}

static void put_int(struct fields *f, const char *name, int64_t n)
{
	put(f, name, json_integer(n));
}

static void put_bool(struct fields *f, const char *name, bool b)
{
	put(f, name, json_boolean(b));
}

/* ---- the event ---- */

static const char *category(const struct fields *f)
{
	const char *c = f->e->r.newest->category;
	const struct scap_fd *fd = f->e->fd;

	if (!strcmp(c, "ipc"))
		return "IPC";
	if (strncmp(c, "io_", 3))
		return c;
	if (!fd)
		return "unknown";
	if (scap_fd_is_file(fd) || fd->type == SCAP_FD_DIRECTORY)
		return "file";
	if (scap_fd_is_pair(fd) || scap_fd_is_server(fd))
		return "net";
	switch (fd->type) {
	case SCAP_FD_FIFO:
	case SCAP_FD_UNIX:
	case SCAP_FD_EVENT:
	case SCAP_FD_SIGNALFD:
	case SCAP_FD_INOTIFY:
	case SCAP_FD_USERFAULTFD:
		return "ipc";
	default:
		return "unknown";
	}
}

static bool generic(const struct fields *f)
{
	return f->e->r.newest == &scap_types[1];
}

static const char *call_name(const struct fields *f)
{
	const struct scap_record *r = &f->e->r;

	return generic(f) ? scap_call_name((unsigned int)scap_record_number(r, "ID", 0),
					   (unsigned int)scap_record_number(r, "nativeID", 0)) : r->newest->name;
}

static bool raw_is_text(const struct scap_param *p)
{
	return p->kind == SCAP_TEXT || p->kind == SCAP_PATH || p->kind == SCAP_AT;
}

static bool raw_is_number(const struct scap_param *p)
{
	return p->kind <= SCAP_ABSTIME;
}

static void put_argument(struct fields *f, unsigned int i)
{
	const struct scap_param *p = &f->e->r.newest->params[i];
	struct str v = f->e->r.p[i];

	buf_reset(&f->name);
	buf_printf(&f->name, "evt.arg.%s", p->name);
	put_str(f, f->name.p, buf_view(f->resolved.n ? &f->resolved : &f->plain));
	if (!v.n)
		return;
	buf_reset(&f->name);
	buf_printf(&f->name, "evt.rawarg.%s", p->name);
	if (raw_is_text(p))
		put_str(f, f->name.p, scap_string(v));
	else if (raw_is_number(p))
		put_int(f, f->name.p, scap_number(p->kind, v));
	if (p->kind == SCAP_BYTES && !strcmp(p->name, "data"))
		put_str(f, "evt.buffer", buf_view(&f->plain));
}

static void put_arguments(struct fields *f)
{
	const struct scap_param *p = f->e->r.newest->params;

	buf_reset(&f->text);
	for (unsigned int i = 0; i < f->e->r.shown; i++) {
		scap_param_text(f->s, f->e, i, &f->plain, &f->resolved);
		buf_printf(&f->text, "%s%s=", i ? " " : "", p[i].name);
		buf_str(&f->text, buf_view(&f->plain));
		if (f->resolved.n) {
			buf_char(&f->text, '(');
			buf_str(&f->text, buf_view(&f->resolved));
			buf_char(&f->text, ')');
		}
		put_argument(f, i);
	}
	put_str(f, "evt.args", generic(f) ? STR("") : buf_view(&f->text));
}

static void put_result(struct fields *f)
{
	int64_t res = f->e->result;
	const char *name = res < 0 && res >= -4095 ? strerrorname_np((int)-res) : NULL;

	if (!f->e->has_result)
		return;
	put_int(f, "evt.rawres", res);
	put_bool(f, "evt.failed", res < 0);
	if (res >= 0 || name) {
		put_text(f, "evt.res", res >= 0 ? "SUCCESS" : name);
	} else {
		buf_reset(&f->text);
		buf_printf(&f->text, "%lld", (long long)res);
		put_str(f, "evt.res", buf_view(&f->text));
	}
}

static void put_open(struct fields *f)
{
	const struct scap_record *r = &f->e->r;
	const char *name = r->newest->name;
	bool creat = !strcmp(name, "creat"), open = creat || !strncmp(name, "open", 4);
	int64_t flags = open ? scap_record_number(r, "flags", 0) : 0, mode = open ? scap_record_number(r, "mode", 0) : 0;
	const int64_t rdonly = 1, wronly = 2, create = 1 << 2, tmpfile = 1 << 13, created = 1 << 14;

	put_bool(f, "evt.is_open_read", flags & rdonly);
	put_bool(f, "evt.is_open_write", flags & wronly);
	put_bool(f, "evt.is_open_exec", (creat || flags & (create | tmpfile)) && mode & 0111);
	put_bool(f, "evt.is_open_create", flags & created || (flags & tmpfile && f->e->has_result && f->e->result >= 0));
}

static void put_event(struct fields *f, const struct scap_machine *m, uint64_t num)
{
	const struct scap_type *t = f->e->r.newest;

	put_int(f, "evt.num", (int64_t)num);
	put_int(f, "evt.rawtime", (int64_t)f->e->r.time);
	put_int(f, "evt.cpu", f->e->r.cpu);
	put_text(f, "evt.source", "syscall");
	put_text(f, "evt.type", call_name(f));
	if (t->class == SCAP_SYSCALL)
		put_text(f, "syscall.type", call_name(f));
	put_text(f, "evt.category", category(f));
	put_bool(f, "evt.is_async", false);
	put_bool(f, "evt.is_io", t->flags & (SCAP_READS | SCAP_WRITES));
	put_bool(f, "evt.is_io_read", t->flags & SCAP_READS);
	put_bool(f, "evt.is_io_write", t->flags & SCAP_WRITES);
	put_bool(f, "evt.is_wait", t->flags & SCAP_WAITS);
	put_bool(f, "evt.is_syslog", t->flags & SCAP_WRITES && f->e->fd &&
		 strstr(scap_text_view(f->e->fd->name).p, "/dev/log"));
	if (t->flags & (SCAP_READS | SCAP_WRITES))
		put_text(f, "evt.io_dir", t->flags & SCAP_WRITES ? "write" : "read");
	if (!strncmp(t->category, "io_", 3) && f->e->fd && f->e->has_result && f->e->result >= 0)
		put_int(f, "evt.buflen", f->e->result);
	if (*m->hostname)
		put_text(f, "evt.hostname", m->hostname);
	put_result(f);
	put_open(f);
	put_arguments(f);
}

/* ---- the process ---- */

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
		put_str(f, f->name.p, word);
	}
	put_str(f, "proc.args", joined_args(f, t));
	put_int(f, "proc.cmdnargs", n);
	put_int(f, "proc.cmdlenargs", (int64_t)bytes);
	put_str(f, "proc.cmdline", cmdline(f, t));
	buf_reset(&f->text);
	buf_str(&f->text, scap_text_view(t->exe));
	if (!n)
		buf_char(&f->text, ' ');
	put_str(f, "proc.exeline", n ? joined(f, scap_text_view(t->exe), t) : buf_view(&f->text));
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
			put_str(f, f->name.p, str_n(is + 1, (size_t)(word.p + word.n - is - 1)));
	}
	if (f->text.n)
		put_str(f, "proc.env", buf_view(&f->text));
}

static void capabilities(struct fields *f, const char *name, uint64_t set)
{
	static const char *const names[] = {
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
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
	put_str(f, name, buf_view(&f->text));
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
		put_int(f, names[0], id);
	if (!l)
		return;
	put_str(f, names[1], scap_text_view(l->comm));
	put_str(f, names[2], scap_text_view(l->exe));
	put_str(f, names[3], scap_text_view(l->exepath));
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
	put_bool(f, "proc.is_sid_leader", t->sid == t->vpid);
	put_bool(f, "proc.is_pgid_leader", t->pgid == t->pid);
	put_bool(f, "proc.is_vpgid_leader", t->vpgid == t->vpid);
}

static void put_parent(struct fields *f, struct scap_thread *p, uint64_t now)
{
	put_int(f, "proc.ppid", p->pid);
	put_str(f, "proc.pname", scap_text_view(p->comm));
	put_str(f, "proc.pexe", scap_text_view(p->exe));
	put_str(f, "proc.pexepath", scap_text_view(p->exepath));
	put_str(f, "proc.pcmdline", cmdline(f, p));
	if (p->clone_ts) {
		put_int(f, "proc.ppid.ts", (int64_t)p->clone_ts);
		put_int(f, "proc.ppid.duration", (int64_t)(now - p->clone_ts));
	}
}

static void put_ancestors(struct fields *f, struct scap_thread *t)
{
	json_t *names = json_array(), *exes = json_array(), *paths = json_array(), *lines = json_array(), *pids = json_array();
	struct scap_thread *a, *shell = NULL;
	int r = 0;

	for (unsigned int i = 0; i <= LINEAGE_MAX && (a = scap_thread_ancestor(f->s, t, i)); i++) {
		struct str comm = scap_text_view(a->comm);

		if (str_ends(comm, STR("sh")))
			shell = a;
		if (!i)
			continue;
		r |= json_array_append_new(names, text_json(comm));
		r |= json_array_append_new(exes, text_json(scap_text_view(a->exe)));
		r |= json_array_append_new(paths, text_json(scap_text_view(a->exepath)));
		r |= json_array_append_new(lines, text_json(cmdline(f, a)));
		r |= json_array_append_new(pids, json_integer(a->pid));
		if (a->ptid == a->tid)
			break;
	}
	f->failed |= r < 0;
	put(f, "proc.aname", names);
	put(f, "proc.aexe", exes);
	put(f, "proc.aexepath", paths);
	put(f, "proc.acmdline", lines);
	put(f, "proc.apid", pids);
	if (shell)
		put_int(f, "proc.loginshellid", shell->pid);
}

static void put_standard(struct fields *f, const struct scap_fds *fds)
{
	static const char *const names[3][2] = {{"proc.stdin.name", "proc.stdin.type"}, {"proc.stdout.name", "proc.stdout.type"},
						{"proc.stderr.name", "proc.stderr.type"}};

	for (int i = 0; i < 3; i++) {
		const struct scap_fd *fd = scap_fd_find(fds, i);

		if (!fd)
			continue;
		put_str(f, names[i][0], scap_text_view(fd->name));
		if (scap_fd_kind(fd))
			put_text(f, names[i][1], scap_fd_kind(fd));
	}
}

static void put_user(struct fields *f, const struct scap_thread *t)
{
	const struct scap_user *u = scap_user_find(f->s, t->uid), *login = scap_user_find(f->s, t->login_uid);
	const struct scap_group *g = scap_group_find(f->s, t->gid);

	if (t->uid != UINT32_MAX) {
		put_int(f, "user.uid", t->uid);
		if (u || !t->uid)
			put_text(f, "user.name", u ? u->name : "root");
		if (u || !t->uid)
			put_text(f, "user.homedir", u ? u->home : "/root");
		if (u)
			put_text(f, "user.shell", u->shell);
	}
	if (t->login_uid != UINT32_MAX && (login || !t->login_uid))
		put_text(f, "user.loginname", login ? login->name : "root");
	if (t->gid != UINT32_MAX) {
		put_int(f, "group.gid", t->gid);
		if (g || !t->gid)
			put_text(f, "group.name", g ? g->name : "root");
	}
}

static void put_usage(struct fields *f, struct scap_thread *t, const struct scap_thread *m)
{
	bool main = t->tid == t->pid;

	put_int(f, "proc.vmsize", t->vm_size);
	put_int(f, "proc.vmrss", t->vm_rss);
	put_int(f, "proc.vmswap", t->vm_swap);
	put_int(f, "thread.vmsize", main ? t->vm_size : 0);
	put_int(f, "thread.vmrss", main ? t->vm_rss : 0);
	put_int(f, "thread.pfmajor", (int64_t)t->pf_major);
	put_int(f, "thread.pfminor", (int64_t)t->pf_minor);
	put_int(f, "proc.fdlimit", t->fd_limit);
	if (m) {
		put_int(f, "proc.fdopencount", (int64_t)m->fds.n);
		put_int(f, "proc.nthreads", m->nthreads);
		put_int(f, "proc.nchilds", m->nthreads ? m->nthreads - 1 : 0);
	}
}

static void put_times(struct fields *f, const struct scap_thread *t, uint64_t now)
{
	if (t->clone_ts) {
		put_int(f, "proc.pid.ts", (int64_t)t->clone_ts);
		put_int(f, "proc.duration", (int64_t)(now - t->clone_ts));
	}
	if (t->pidns_ts)
		put_int(f, "proc.pidns_init_start_ts", (int64_t)t->pidns_ts);
	if (t->exe_ino)
		put_int(f, "proc.exe_ino", (int64_t)t->exe_ino);
	if (!t->exe_ctime)
		return;
	put_int(f, "proc.exe_ino.ctime", (int64_t)t->exe_ctime);
	put_int(f, "proc.exe_ino.mtime", (int64_t)t->exe_mtime);
	if (t->clone_ts)
		put_int(f, "proc.exe_ino.ctime_duration_proc_start", (int64_t)(t->clone_ts - t->exe_ctime));
	if (t->pidns_ts && t->exe_ctime > t->pidns_ts)
		put_int(f, "proc.exe_ino.ctime_duration_pidns_start", (int64_t)(t->exe_ctime - t->pidns_ts));
}

static void put_process(struct fields *f)
{
	struct scap_thread *t = f->e->thread, *m, *p;

	if (!t)
		return;
	put_int(f, "thread.tid", t->tid);
	put_int(f, "user.loginuid", t->login_uid == UINT32_MAX ? -1 : (int64_t)t->login_uid);
	if (t->pid < 0)
		return;		/* nothing but its number is known */
	m = scap_thread_main(f->s, t);
	put_int(f, "proc.pid", t->pid);
	put_bool(f, "thread.ismain", t->tid == t->pid);
	if (t->vpid != -1)
		put_int(f, "proc.vpid", t->vpid);
	if (t->vtid != -1)
		put_int(f, "thread.vtid", t->vtid);
	put_str(f, "proc.name", scap_text_view(t->comm));
	put_str(f, "proc.exe", scap_text_view(t->exe));
	put_str(f, "proc.exepath", scap_text_view(t->exepath));
	put_str(f, "proc.cwd", scap_text_view(m ? m->cwd : NULL));
	put_int(f, "proc.tty", t->tty);
	put_bool(f, "proc.is_exe_writable", t->exe_writable);
	put_bool(f, "proc.is_exe_upper_layer", t->exe_upper);
	put_bool(f, "proc.is_exe_lower_layer", t->exe_lower);
	put_bool(f, "proc.is_exe_from_memfd", t->exe_memfd);
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
		put_str(f, "thread.cgroups", (joined(f, STR_NONE, &(struct scap_thread){.args = t->cgroups})));
	put_ancestors(f, t);
	p = scap_thread_ancestor(f->s, t, 1);
	if (p)
		put_parent(f, p, f->e->r.time);
	p = scap_thread_find(f->s, t->ptid);
	if (p && p->vpid != -1)
		put_int(f, "proc.pvpid", p->vpid);
}

/* ---- the descriptor ---- */

static void put_ip(struct fields *f, const char *name, const struct scap_fd *fd, const uint8_t ip[16])
{
	buf_reset(&f->text);
	scap_ip_text(scap_fd_v6(fd), ip, &f->text);
	put_str(f, name, buf_view(&f->text));
}

static void put_port(struct fields *f, const char *name, const char *as_text, uint16_t port)
{
	put_int(f, name, port);
	buf_reset(&f->text);
	buf_printf(&f->text, "%u", port);
	put_str(f, as_text, buf_view(&f->text));
}

static void put_socket(struct fields *f, const struct scap_fd *fd)
{
	bool pair = scap_fd_is_pair(fd), server = scap_fd_is_server(fd), ours;

	if (fd->type == SCAP_FD_UNIX)
		put_text(f, "fd.sockfamily", "unix");
	if (pair || server)
		put_text(f, "fd.sockfamily", "ip");
	if (scap_l4_name(fd))
		put_text(f, "fd.l4proto", scap_l4_name(fd));
	put_bool(f, "fd.is_server", server || (pair && scap_address_is_ours(f->s, scap_fd_v6(fd), fd->dip)));
	if (fd->role == SCAP_ROLE_NONE || (!pair && !server))
		return;
	put_ip(f, "fd.sip", fd, fd->dip);
	put_int(f, "fd.sport", fd->dport);
	if (!pair)
		return;
	put_port(f, "fd.sport", "fd.sproto", fd->dport);
	put_ip(f, "fd.cip", fd, fd->sip);
	put_port(f, "fd.cport", "fd.cproto", fd->sport);
	ours = scap_address_is_ours(f->s, scap_fd_v6(fd), fd->sip);
	put_ip(f, "fd.lip", fd, ours ? fd->sip : fd->dip);
	put_port(f, "fd.lport", "fd.lproto", ours ? fd->sport : fd->dport);
	put_ip(f, "fd.rip", fd, ours ? fd->dip : fd->sip);
	put_port(f, "fd.rport", "fd.rproto", ours ? fd->dport : fd->sport);
}

static void put_file(struct fields *f, const struct scap_fd *fd)
{
	struct str name = scap_text_view(fd->name);
	const char *slash = name.n ? memrchr(name.p, '/', name.n) : NULL;

	if (fd->type == SCAP_FD_DIRECTORY) {
		put_str(f, "fd.directory", name);
	} else if (scap_fd_is_file(fd) && slash) {
		put_str(f, "fd.directory", str_n(name.p, slash == name.p ? 1 : (size_t)(slash - name.p)));
		put_str(f, "fd.filename", str_after_last(name, '/'));
	}
}

/* The number's own majors and minors, in the kernel's order: 12 bits of the one in front of 20 of the other. */
static void put_device(struct fields *f, const struct scap_fd *fd)
{
	buf_reset(&f->text);
	buf_printf(&f->text, "%u", fd->dev);
	put_str(f, "fd.dev", buf_view(&f->text));
	put_int(f, "fd.dev.major", (fd->dev & 0xfff00) >> 8);
	put_int(f, "fd.dev.minor", (fd->dev & 0xff) | ((fd->dev >> 12) & 0xfff00));
	put_int(f, "fd.ino", (int64_t)fd->ino);
}

static void put_types(struct fields *f)
{
	static const uint8_t alike[][2] = {{SCAP_FD_FILE2, SCAP_FD_FILE}, {SCAP_FD_IPV4_SERVER, SCAP_FD_IPV4},
					   {SCAP_FD_IPV6_SERVER, SCAP_FD_IPV6}};	/* by name */
	const struct scap_fds *fds = scap_thread_fds(f->s, f->e->thread);
	uint32_t have = 0;
	json_t *list = json_array();

	for (size_t i = 0; fds && fds->v && i <= fds->mask; i++) {
		if (fds->v[i].fd && scap_fd_kind(fds->v[i].fd))
			have |= 1u << fds->v[i].fd->type;
	}
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		if (have >> alike[i][0] & 1)
			have = (have & ~(1u << alike[i][0])) | 1u << alike[i][1];
	}
	for (uint8_t i = 0; i < SCAP_FD_TYPES; i++) {
		const struct scap_fd of = {.type = i};

		if (have >> i & 1 && json_array_append_new(list, json_string(scap_fd_kind(&of))) < 0)
			f->failed = true;
	}
	put(f, "fd.types", list);
}

static void put_fd(struct fields *f)
{
	const struct scap_fd *fd = f->e->fd;
	char letter[2] = {};

	if (!f->e->has_fd)
		return;
	if (f->e->fd_num != -1)
		put_int(f, "fd.num", f->e->fd_num);
	buf_reset(&f->text);
	buf_printf(&f->text, "%lld%lld", (long long)f->e->thread->tid, (long long)f->e->fd_num);
	put_str(f, "fd.uid", buf_view(&f->text));
	if (f->e->fd_num != -1)
		put_types(f);
	if (!fd)
		return;
	letter[0] = scap_fd_letter(fd);
	put_text(f, "fd.typechar", letter);
	if (scap_fd_kind(fd))
		put_text(f, "fd.type", scap_fd_kind(fd));
	put_str(f, "fd.name", scap_text_view(fd->name));
	if (fd->raw)
		put_str(f, "fd.nameraw", scap_text_view(fd->raw));
	put_bool(f, "fd.name_changed", f->e->renamed);
	put_bool(f, "fd.connected", fd->connected);
	put_bool(f, "fd.is_upper_layer", fd->upper);
	put_bool(f, "fd.is_lower_layer", fd->lower);
	put_file(f, fd);
	put_device(f, fd);
	put_socket(f, fd);
}

/* ---- paths ---- */

enum { NAME, SOURCE, TARGET };

static const struct {
	const char *call, *param, *dirfd;
	uint8_t what;
} paths[] = {
	{"open", "name", NULL, NAME}, {"openat", "name", "dirfd", NAME}, {"openat2", "name", "dirfd", NAME},
	{"creat", "name", NULL, NAME}, {"mkdir", "path", NULL, NAME}, {"mkdirat", "path", "dirfd", NAME},
	{"rmdir", "path", NULL, NAME}, {"unlink", "path", NULL, NAME}, {"unlinkat", "name", "dirfd", NAME},
	{"chmod", "filename", NULL, NAME}, {"fchmodat", "filename", "dirfd", NAME}, {"chown", "path", NULL, NAME},
	{"lchown", "path", NULL, NAME}, {"fchownat", "pathname", "dirfd", NAME}, {"umount", "name", NULL, NAME},
	{"umount2", "name", NULL, NAME}, {"mknod", "path", NULL, NAME}, {"mknodat", "path", "dirfd", NAME},
	{"quotactl", "special", NULL, NAME},
	{"rename", "oldpath", NULL, SOURCE}, {"rename", "newpath", NULL, TARGET},
	{"renameat", "oldpath", "olddirfd", SOURCE}, {"renameat", "newpath", "newdirfd", TARGET},
	{"renameat2", "oldpath", "olddirfd", SOURCE}, {"renameat2", "newpath", "newdirfd", TARGET},
	{"link", "newpath", NULL, SOURCE}, {"link", "oldpath", NULL, TARGET},
	{"linkat", "newpath", "newdir", SOURCE}, {"linkat", "oldpath", "olddir", TARGET},
	{"symlink", "linkpath", NULL, SOURCE}, {"symlink", "target", NULL, TARGET},
	{"symlinkat", "linkpath", "linkdirfd", SOURCE}, {"symlinkat", "target", NULL, TARGET},
	{"mount", "dev", NULL, SOURCE}, {"mount", "dir", NULL, TARGET},
};

static void put_paths(struct fields *f)
{
	static const char *const names[][2] = {
		[NAME] = {"fs.path.name", "fs.path.nameraw"},
		[SOURCE] = {"fs.path.source", "fs.path.sourceraw"},
		[TARGET] = {"fs.path.target", "fs.path.targetraw"},
	};
	const struct scap_record *r = &f->e->r;

	if (!f->e->has_result || f->e->result < 0 || !f->e->thread)
		return;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct str raw;

		if (strcmp(paths[i].call, r->newest->name))
			continue;
		raw = scap_record_text(r, paths[i].param);
		if (!raw.n)
			continue;
		put_str(f, names[paths[i].what][1], raw);
		buf_reset(&f->text);
		scap_path_join(scap_directory(f->s, f->e->thread, paths[i].dirfd ? scap_record_number(r, paths[i].dirfd, -100) : -100),
			       raw, &f->text);
		put_str(f, names[paths[i].what][0], buf_view(&f->text));
	}
}

json_t *scap_event_json(const struct scap_state *s, const struct scap_machine *m, const struct scap_event *e, uint64_t num)
{
	struct fields f = {.o = json_object(), .s = s, .e = e};

	if (!f.o)
		return NULL;
	put_event(&f, m, num);
	put_process(&f);
	put_fd(&f);
	put_paths(&f);
	f.failed |= buf_error(&f.name) == -ENOMEM || buf_error(&f.text) == -ENOMEM;
	buf_free(&f.name);
	buf_free(&f.plain);
	buf_free(&f.resolved);
	buf_free(&f.text);
	if (f.failed)
		json_decref(f.o);
	return f.failed ? NULL : f.o;
}
