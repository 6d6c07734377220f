/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_event.h"
#include "event/scap_addr.h"
#include "util/cleanup.h"
#include <sys/socket.h>
#include <netinet/in.h>


#define O_DIRECTORY_BIT (1u << 10)
#define O_CLOEXEC_BIT (1u << 12)
#define O_UPPER_BIT (1u << 15)
#define O_LOWER_BIT (1u << 16)
#define FCNTL_DUPFD 1
#define FCNTL_DUPFD_CLOEXEC 26
#define CLONE_STALE_NS 2000000000u

struct step {
	struct scap_state *s;
	const struct scap_machine *m;
	struct scap_event *e;
};

static int64_t number(const struct step *x, const char *name, int64_t fallback)
{
	return scap_record_number(&x->e->r, name, fallback);
}

static bool given(const struct step *x, const char *name)
{
	return scap_record_param(&x->e->r, name).p;
}

static struct scap_fds *fds(const struct step *x)
{
	return scap_thread_fds(x->s, x->e->thread);
}

/* A new descriptor of the event's thread, which the event is about. */
static struct scap_fd *add(const struct step *x, int64_t num, uint8_t type)
{
	struct scap_fds *f = fds(x);
	struct scap_fd *fd = f ? scap_fd_add(x->s, f, num) : NULL;

	if (!fd)
		return NULL;
	fd->type = type;
	x->e->thread->last_fd = num;
	return x->e->fd = fd;
}

/* The event's descriptor, to be changed. */
static struct scap_fd *edit(const struct step *x)
{
	struct scap_fds *f = fds(x);
	struct scap_fd *fd = f && x->e->fd ? scap_fd_edit(x->s, f, x->e->thread->last_fd) : NULL;

	if (fd)
		x->e->fd = fd;
	return fd;
}

/* ---- files ---- */

static struct str or_entry(const struct step *x, const char *name)
{
	struct str at_entry = scap_enter_param(x->e->thread->enter, name);

	return at_entry.n ? at_entry : scap_record_param(&x->e->r, name);
}

/* What was asked for at the entry counts: by the exit another thread may have changed the name. */
static void opened(const struct step *x)
{
	struct str name = scap_string(or_entry(x, "name")), flags = or_entry(x, "flags"), dirfd = or_entry(x, "dirfd");
	uint32_t bits = (uint32_t)scap_number(SCAP_U32, flags);
	struct buf path = {};
	struct scap_fd *fd;

	if (x->e->result < 0)
		return;
	bits |= (uint32_t)number(x, "flags", 0) & (O_UPPER_BIT | O_LOWER_BIT);
	fd = add(x, x->e->result, bits & O_DIRECTORY_BIT ? SCAP_FD_DIRECTORY : SCAP_FD_FILE2);
	if (!fd)
		return;
	fd->open_flags = bits;
	fd->dev = (uint32_t)number(x, "dev", 0);
	fd->ino = (uint64_t)number(x, "ino", 0);
	fd->upper = bits & O_UPPER_BIT || number(x, "creat_flags", 0) & 1;
	fd->lower = bits & O_LOWER_BIT || number(x, "creat_flags", 0) & 2;
	if (name.n) {
		scap_path_join(scap_directory(x->s, x->e->thread, dirfd.n ? scap_number(SCAP_FD, dirfd) : -100), name, &path);
		scap_text_set(x->s, &fd->raw, name);
		scap_text_set(x->s, &fd->name, buf_view(&path));
	}
	buf_free(&path);
}

static void opened_by_handle(const struct step *x)
{
	struct scap_fd *fd = x->e->result >= 0 ? add(x, x->e->result, SCAP_FD_FILE2) : NULL;

	if (!fd)
		return;
	fd->open_flags = (uint32_t)number(x, "flags", 0);
	fd->dev = (uint32_t)number(x, "dev", 0);
	fd->ino = (uint64_t)number(x, "ino", 0);
	scap_text_set(x->s, &fd->name, scap_record_text(&x->e->r, "path"));
	fd->raw = scap_text_ref(fd->name);
}

/* Calls that return a descriptor of one kind, without a name but a memory file's. */
static void made(const struct step *x, uint8_t type)
{
	struct scap_fd *fd = x->e->result >= 0 ? add(x, x->e->result, type) : NULL;

	if (!fd)
		return;
	fd->open_flags = (uint32_t)number(x, "flags", 0) & O_CLOEXEC_BIT;
	if (type == SCAP_FD_MEMFD)
		scap_text_set(x->s, &fd->name, scap_record_text(&x->e->r, "name"));
}

static void piped(const struct step *x)
{
	static const char *const ends[] = {"fd1", "fd2"};

	for (size_t i = 0; i < ARRAY_SIZE(ends) && x->e->result >= 0; i++) {
		struct scap_fd *fd = given(x, ends[i]) ? add(x, number(x, ends[i], -1), SCAP_FD_FIFO) : NULL;

		if (fd) {
			fd->ino = (uint64_t)number(x, "ino", 0);
			fd->open_flags = (uint32_t)number(x, "flags", 0);
		}
	}
}

static void socket_paired(const struct step *x)
{
	if (x->e->result < 0 || !given(x, "fd1") || !given(x, "fd2") || number(x, "fd1", -1) == number(x, "fd2", -1))
		return;
	add(x, number(x, "fd2", -1), SCAP_FD_UNIX);
	add(x, number(x, "fd1", -1), SCAP_FD_UNIX);
}

static void dupped(const struct step *x, uint32_t cloexec)
{
	struct scap_fds *f = fds(x);
	struct scap_fd *fd;

	if (x->e->result < 0 || !x->e->fd || !f)
		return;
	if (x->e->result != x->e->thread->last_fd)
		scap_fd_share(x->s, f, x->e->result, x->e->fd);
	x->e->thread->last_fd = x->e->result;
	fd = x->e->fd = scap_fd_find(f, x->e->result);
	if (!fd || ((fd->open_flags & O_CLOEXEC_BIT) == cloexec))
		return;
	fd = edit(x);
	if (fd)
		fd->open_flags = (fd->open_flags & ~O_CLOEXEC_BIT) | cloexec;
}

static void fcntl_done(const struct step *x)
{
	int64_t cmd = number(x, "cmd", 0);

	if (cmd == FCNTL_DUPFD || cmd == FCNTL_DUPFD_CLOEXEC)
		dupped(x, cmd == FCNTL_DUPFD_CLOEXEC ? O_CLOEXEC_BIT : 0);
}

/* ---- sockets ---- */

static uint8_t l4_of(uint32_t type, uint32_t protocol)
{
	if (protocol == IPPROTO_RAW || ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP) &&
					type == SOCK_RAW))
		return SCAP_L4_RAW;
	switch (protocol) {
	case IPPROTO_TCP:
		return SCAP_L4_TCP;
	case IPPROTO_UDP:
		return SCAP_L4_UDP;
	case IPPROTO_ICMP:
		return SCAP_L4_ICMP;
	case IPPROTO_IP:
		return (type & 0xff) == SOCK_STREAM ? SCAP_L4_TCP : (type & 0xff) == SOCK_DGRAM ? SCAP_L4_UDP : SCAP_L4_UNKNOWN;
	default:
		return SCAP_L4_UNKNOWN;
	}
}

static void add_socket(const struct step *x, int64_t num, uint32_t domain, uint8_t l4)
{
	uint8_t type = domain == SCAP_AF_UNIX ? SCAP_FD_UNIX : domain == SCAP_AF_INET ? SCAP_FD_IPV4
		     : domain == SCAP_AF_INET6 ? SCAP_FD_IPV6 : domain == AF_NETLINK ? SCAP_FD_NETLINK : SCAP_FD_UNKNOWN;
	struct scap_fd *fd = num >= 0 ? add(x, num, type) : NULL;

	if (fd)
		fd->l4 = l4;
}

static void bound(const struct step *x)
{
	struct scap_tuple t;
	struct scap_fd *fd;
	struct buf name = {};

	if (x->e->result < 0 || !scap_address_read(&t, scap_record_param(&x->e->r, "addr")) || !(fd = edit(x)))
		return;
	if (t.family != SCAP_AF_UNIX && t.dport) {	/* a port of one's own: it will listen */
		fd->type = t.family == SCAP_AF_INET6 ? SCAP_FD_IPV6_SERVER : SCAP_FD_IPV4_SERVER;
		memcpy(fd->dip, t.dip, sizeof(fd->dip));
		fd->dport = t.dport;
		fd->role = SCAP_ROLE_SERVER;
	}
	scap_address_text(&t, &name);
	scap_text_set(x->s, &fd->name, buf_view(&name));
	buf_free(&name);
}

static void swap_ends(struct scap_fd *fd)
{
	uint8_t ip[16];
	uint16_t port = fd->sport;

	memcpy(ip, fd->sip, 16);
	memcpy(fd->sip, fd->dip, 16);
	memcpy(fd->dip, ip, 16);
	fd->sport = fd->dport;
	fd->dport = port;
}

static void connected(const struct step *x)
{
	struct str tuple = scap_record_param(&x->e->r, "tuple"), addr = scap_enter_param(x->e->thread->enter, "addr");
	struct scap_tuple t;
	struct buf name = {};
	struct scap_fd *fd;

	if ((x->e->result < 0 && x->e->result != -115 /* EINPROGRESS */) || !(fd = edit(x)))
		return;
	fd->connected = true;
	if (tuple.p ? !scap_tuple_read(&t, tuple) : !scap_address_read(&t, addr))
		return;
	if (t.family == SCAP_AF_UNIX) {
		if (fd->type != SCAP_FD_UNIX)
			return;
		scap_tuple_text(&t, &name);
		scap_text_set(x->s, &fd->name, buf_view(&name));
		buf_free(&name);
	} else if (tuple.p) {
		if (scap_fd_pair(fd, &t, true) && fd->role == SCAP_ROLE_SERVER && fd->l4 == SCAP_L4_UDP)
			swap_ends(fd);
		scap_fd_name(x->s, fd, STR_NONE);
	} else {
		fd->type = t.family == SCAP_AF_INET6 ? SCAP_FD_IPV6 : SCAP_FD_IPV4;
		memcpy(fd->dip, t.dip, sizeof(fd->dip));
		fd->dport = t.dport;
		return;
	}
	if (fd->role == SCAP_ROLE_NONE)
		fd->role = SCAP_ROLE_CLIENT;
}

static void accepted(const struct step *x)
{
	struct scap_tuple t;
	struct scap_fd *fd;
	struct buf name = {};

	if (x->e->result < 0)
		return;
	x->e->thread->last_fd = x->e->result;
	if (!scap_tuple_read(&t, scap_record_param(&x->e->r, "tuple")) || !(fd = add(x, x->e->result, SCAP_FD_UNIX)))
		return;
	if (t.family != SCAP_AF_UNIX) {
		scap_fd_pair(fd, &t, true);
		fd->l4 = SCAP_L4_TCP;
	}
	scap_tuple_text(&t, &name);
	scap_text_set(x->s, &fd->name, buf_view(&name));
	buf_free(&name);
	fd->role = SCAP_ROLE_SERVER;
	fd->connected = true;
}

/* A socket that is not connected has the addresses of its last message. */
static bool addressed(const struct step *x, struct scap_fd *fd, const struct scap_tuple *t)
{
	static const uint8_t none[16];

	if (t->family == SCAP_AF_UNIX) {
		fd->type = SCAP_FD_UNIX;
		return true;
	}
	if (!scap_fd_pair(fd, t, false))
		return false;
	if (fd->l4 == SCAP_L4_UNKNOWN)
		fd->l4 = SCAP_L4_UDP;
	if (!memcmp(fd->sip, none, 16))
		scap_address_near(x->s, scap_fd_v6(fd), fd->dip, fd->sip);
	else if (!memcmp(fd->dip, none, 16))
		scap_address_near(x->s, scap_fd_v6(fd), fd->sip, fd->dip);
	return true;
}

static void message(const struct step *x, bool out)
{
	struct scap_tuple t;
	bool has = scap_tuple_read(&t, scap_record_param(&x->e->r, "tuple"));
	enum scap_role role = out ? SCAP_ROLE_CLIENT : SCAP_ROLE_SERVER;
	struct buf name = {};
	struct scap_fd *fd;

	if (out && !x->e->fd && has && x->e->thread->last_fd >= 0)	/* its socket() was before the capture */
		add_socket(x, x->e->thread->last_fd, t.family, SCAP_L4_UDP);
	if (!x->e->has_result || x->e->result < 0 || !x->e->fd)
		return;
	if (scap_fd_is_pair(x->e->fd) && !x->e->fd->connected && (fd = edit(x)))
		fd->connected = true;
	fd = x->e->fd;
	if (!has || (fd->l4 == SCAP_L4_TCP && fd->name && fd->name->n) || !(fd = edit(x)) || !addressed(x, fd, &t))
		return;
	if (scap_fd_is_pair(fd)) {
		if (fd->role == SCAP_ROLE_NONE)
			fd->role = role;
		else if (fd->role != role)
			swap_ends(fd);
		scap_fd_name(x->s, fd, STR_NONE);
	} else {
		scap_tuple_text(&t, &name);
		scap_text_set(x->s, &fd->name, buf_view(&name));
		buf_free(&name);
	}
}

static void data_moved(const struct step *x)
{
	struct scap_fd *fd;

	if (x->e->fd && x->e->result >= 0 && scap_fd_is_pair(x->e->fd) && !x->e->fd->connected && (fd = edit(x)))
		fd->connected = true;
}

/* ---- processes ---- */

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
	struct scap_enter *enter = t->enter;
	struct str name = scap_record_text(&x->e->r, "trusted_exepath"), dir = scap_directory(x->s, t, -100), dirfd;
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

static void execed(const struct step *x)
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
	t->pidns_ts = flags & (SCAP_CLONE_IN_PIDNS | SCAP_CLONE_NEWPID) || t->tid != t->vtid
		    ? (uint64_t)number(x, "pidns_init_start_ts", 0) + (given(x, "pidns_init_start_ts") ? x->m->boot_time : 0)
		    : x->m->boot_time;
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
	struct scap_thread *t = x->e->thread, *child;
	uint32_t flags = (uint32_t)number(x, "flags", 0);
	bool known = t->pid >= 0, process = !(flags & SCAP_CLONE_THREAD);

	if (!known)
		know_caller(x, t);
	if (flags & (SCAP_CLONE_IN_PIDNS | SCAP_CLONE_NEWPID | SCAP_CLONE_PARENT | SCAP_CLONE_VFORK) || t->tid != t->vtid ||
	    !strcmp(x->e->r.newest->name, "vfork") || x->e->result == t->tid)
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

static void cloned(const struct step *x)
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
	if (path.n > 1)
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

static void ended(const struct step *x)
{
	struct scap_thread *t = x->e->thread, *m = scap_thread_main(x->s, t);

	if (m && m->nthreads && !t->ended)
		m->nthreads--;
	t->ended = true;
}

static void switched(const struct step *x)
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

/* ---- which event does what ---- */

static void do_chdir(const struct step *x)
{
	changed_directory(x, scap_record_text(&x->e->r, "path"));
}

static void do_fchdir(const struct step *x)
{
	if (x->e->fd)
		changed_directory(x, scap_text_view(x->e->fd->name));
}

static void do_socket(const struct step *x)
{
	add_socket(x, x->e->result, (uint32_t)number(x, "domain", 0),
		   l4_of((uint32_t)number(x, "type", 0), (uint32_t)number(x, "proto", 0)));
}

static void do_send(const struct step *x)
{
	message(x, true);
}

static void do_receive(const struct step *x)
{
	message(x, false);
}

static void do_dup(const struct step *x)
{
	dupped(x, (uint32_t)number(x, "flags", 0) & O_CLOEXEC_BIT);
}

static void do_setuid(const struct step *x)
{
	set_ids(x, true);
}

static void do_setgid(const struct step *x)
{
	set_ids(x, false);
}

static void do_setsid(const struct step *x)
{
	if (x->e->result >= 0)
		x->e->thread->sid = x->e->result;
}

static void do_memory(const struct step *x)
{
	memory(x, x->e->thread);
}

static const struct {
	const char *name;
	void (*apply)(const struct step *x);
	uint8_t made;	/* or the type of the descriptor that the call returns */
} deeds[] = {
	{"accept", accepted, 0}, {"accept4", accepted, 0}, {"bind", bound, 0}, {"bpf", NULL, SCAP_FD_BPF},
	{"brk", do_memory, 0}, {"chdir", do_chdir, 0}, {"clone", cloned, 0}, {"clone3", cloned, 0},
	{"connect", connected, 0}, {"creat", opened, 0}, {"dup", do_dup, 0}, {"dup2", do_dup, 0}, {"dup3", do_dup, 0},
	{"epoll_create", NULL, SCAP_FD_EVENTPOLL}, {"epoll_create1", NULL, SCAP_FD_EVENTPOLL},
	{"eventfd", NULL, SCAP_FD_EVENT}, {"eventfd2", NULL, SCAP_FD_EVENT}, {"execve", execed, 0}, {"execveat", execed, 0},
	{"fchdir", do_fchdir, 0}, {"fcntl", fcntl_done, 0}, {"fork", cloned, 0}, {"getcwd", do_chdir, 0},
	{"inotify_init", NULL, SCAP_FD_INOTIFY}, {"inotify_init1", NULL, SCAP_FD_INOTIFY},
	{"io_uring_setup", NULL, SCAP_FD_IOURING}, {"memfd_create", NULL, SCAP_FD_MEMFD}, {"mmap", do_memory, 0},
	{"mmap2", do_memory, 0}, {"munmap", do_memory, 0}, {"open", opened, 0}, {"open_by_handle_at", opened_by_handle, 0},
	{"openat", opened, 0}, {"openat2", opened, 0}, {"pidfd_open", NULL, SCAP_FD_PIDFD}, {"pipe", piped, 0},
	{"pipe2", piped, 0}, {"pread", data_moved, 0}, {"preadv", data_moved, 0}, {"procexit", ended, 0},
	{"pwrite", data_moved, 0}, {"pwritev", data_moved, 0}, {"read", data_moved, 0}, {"readv", data_moved, 0},
	{"recv", do_receive, 0}, {"recvfrom", do_receive, 0}, {"recvmmsg", do_receive, 0}, {"recvmsg", do_receive, 0},
	{"send", do_send, 0}, {"sendmmsg", do_send, 0}, {"sendmsg", do_send, 0}, {"sendto", do_send, 0},
	{"setgid", do_setgid, 0}, {"setregid", do_setgid, 0}, {"setresgid", do_setgid, 0}, {"setresuid", do_setuid, 0},
	{"setreuid", do_setuid, 0}, {"setsid", do_setsid, 0}, {"setuid", do_setuid, 0},
	{"signalfd", NULL, SCAP_FD_SIGNALFD}, {"signalfd4", NULL, SCAP_FD_SIGNALFD}, {"socket", do_socket, 0},
	{"socketpair", socket_paired, 0}, {"switch", switched, 0}, {"timerfd_create", NULL, SCAP_FD_TIMERFD},
	{"userfaultfd", NULL, SCAP_FD_USERFAULTFD}, {"vfork", cloned, 0}, {"write", data_moved, 0}, {"writev", data_moved, 0},
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
				made(x, deeds[mid].made);
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
	static const char *const names[] = {"fd", "oldfd", "out_fd", "dirfd", "olddirfd", "linkdirfd", "olddir", "in_fd"};
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
	if (e->thread)
		scap_thread_touch(s, e->thread);
	scap_record_merge(&e->r, e->thread ? e->thread->enter : NULL);
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
	e->thread->enter = scap_enter_free(s, e->thread->enter);
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
	e->thread = NULL;
	e->fd = NULL;
}
