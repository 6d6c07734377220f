/* SPDX-License-Identifier: Apache-2.0 */
/* The process, its ids and its executable. Names and texts of ancestors are in field_lineage.c. */
#include "rule/field_get.h"
#include "util/cleanup.h"

const struct image *get_image(const struct field_get *g)
{
	const struct process *p = g->ev->process;

	return p && p->image ? process_image(p, g->ev->rec->hdr.exec_id) : NULL;
}

#define ID(name, expr)                                                                   \
	int get_##name(const struct field_get *g, struct value *v)                       \
	{                                                                                \
		const struct process *p = g->ev->process;                                \
											 \
		return p ? put_int(v, (int64_t)(expr)) : FIELD_MISSING;                  \
	}

ID(proc_ppid, p->ppid)
ID(proc_sid, p->vsid)
ID(proc_vpgid, p->vpgid)
ID(proc_pgid, p->pgid)

#define FLAG(name, expr)                                                                 \
	int get_##name(const struct field_get *g, struct value *v)                       \
	{                                                                                \
		const struct process *p = g->ev->process;                                \
											 \
		return p ? put_bool(v, (expr)) : FIELD_MISSING;                          \
	}

FLAG(proc_is_sid_leader, p->vsid == p->vpid)
FLAG(proc_is_vpgid_leader, p->vpgid == p->vpid)
FLAG(proc_is_pgid_leader, p->pgid == p->pid)

#define EXE_FLAG(name, bit)                                                              \
	int get_##name(const struct field_get *g, struct value *v)                       \
	{                                                                                \
		const struct image *i = get_image(g);                                    \
											 \
		return i ? put_bool(v, i->flags & (bit)) : FIELD_MISSING;                \
	}

EXE_FLAG(proc_is_exe_writable, EXE_WRITABLE)
EXE_FLAG(proc_is_exe_upper_layer, EXE_UPPER)
EXE_FLAG(proc_is_exe_lower_layer, EXE_LOWER)
EXE_FLAG(proc_is_exe_from_memfd, EXE_MEMFD)
EXE_FLAG(proc_is_exe_setid, EXE_SETID)

int get_proc_pid(const struct field_get *g, struct value *v)
{
	return g->ev->rec->hdr.tgid ? put_int(v, g->ev->rec->hdr.tgid) : FIELD_MISSING;
}

int get_thread_tid(const struct field_get *g, struct value *v)
{
	return g->ev->rec->hdr.tid ? put_int(v, g->ev->rec->hdr.tid) : FIELD_MISSING;
}

int get_proc_vpid(const struct field_get *g, struct value *v)
{
	return g->ev->rec->hdr.vpid ? put_int(v, g->ev->rec->hdr.vpid) : FIELD_MISSING;
}

int get_thread_vtid(const struct field_get *g, struct value *v)
{
	return g->ev->rec->hdr.vtid ? put_int(v, g->ev->rec->hdr.vtid) : FIELD_MISSING;
}

int get_thread_ismain(const struct field_get *g, struct value *v)
{
	const struct wire_hdr *h = &g->ev->rec->hdr;

	return h->tgid ? put_bool(v, h->tid == h->tgid) : FIELD_MISSING;
}

int get_thread_nametid(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);
	struct text t = text_begin(g->s);

	if (!i || !g->ev->rec->hdr.tid)
		return FIELD_MISSING;
	text_str(&t, i->comm);
	text_uint(&t, g->ev->rec->hdr.tid);
	return put_str(v, text_view(&t));
}

int get_proc_pvpid(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;

	return p && p->parent ? put_int(v, p->parent->vpid) : FIELD_MISSING;
}

int get_proc_tty(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;

	return p ? put_uint(v, p->tty) : FIELD_MISSING;
}

#define NAMESPACE(kind)                                                                  \
	int get_proc_ns_##kind(const struct field_get *g, struct value *v)               \
	{                                                                                \
		uint32_t ino = g->ev->rec->hdr.kind##ns;                                 \
											 \
		return ino ? put_uint(v, ino) : FIELD_MISSING;                           \
	}

NAMESPACE(mnt)
NAMESPACE(pid)
NAMESPACE(net)
NAMESPACE(user)

static int put_age(const struct field_get *g, struct value *v, const struct process *p)
{
	uint64_t now = g->ev->rec->hdr.time;

	return p && p->start && p->start <= now ? put_uint(v, now - p->start) : FIELD_MISSING;
}

int get_proc_duration(const struct field_get *g, struct value *v)
{
	return put_age(g, v, g->ev->process);
}

int get_proc_ppid_duration(const struct field_get *g, struct value *v)
{
	return put_age(g, v, g->ev->process ? g->ev->process->parent : NULL);
}

static int put_start(const struct field_get *g, struct value *v, const struct process *p)
{
	return p && p->start ? put_uint(v, get_epoch(g, p->start)) : FIELD_MISSING;
}

int get_proc_pid_ts(const struct field_get *g, struct value *v)
{
	return put_start(g, v, g->ev->process);
}

int get_proc_ppid_ts(const struct field_get *g, struct value *v)
{
	return put_start(g, v, g->ev->process ? g->ev->process->parent : NULL);
}

int get_proc_exe_ino(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && i->ino ? put_int(v, (int64_t)i->ino) : FIELD_MISSING;
}

int get_proc_exe_nlink(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && (i->ino || i->flags & EXE_MEMFD) ? put_uint(v, i->nlink) : FIELD_MISSING;
}

int get_proc_exe_ino_ctime(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && i->ctime ? put_uint(v, i->ctime) : FIELD_MISSING;
}

int get_proc_exe_ino_mtime(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && i->mtime ? put_uint(v, i->mtime) : FIELD_MISSING;
}

/* Missing rather than wrapped around when the change came later. */
static int put_difference(struct value *v, uint64_t later, uint64_t earlier)
{
	return later && earlier && later >= earlier ? put_uint(v, later - earlier) : FIELD_MISSING;
}

int get_exe_ctime_to_start(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;
	const struct image *i = get_image(g);

	return i && p->start ? put_difference(v, get_epoch(g, p->start), i->ctime) : FIELD_MISSING;
}

int get_pidns_start_to_exe_ctime(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;
	const struct image *i = get_image(g);

	return i && p->pidns_start ? put_difference(v, i->ctime, get_epoch(g, p->pidns_start)) : FIELD_MISSING;
}

int get_proc_pidns_init_start_ts(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;

	return p && p->pidns_start ? put_uint(v, get_epoch(g, p->pidns_start)) : FIELD_MISSING;
}

/* What wrote the executable; NULL when that was not seen. */
static const struct image_writer *exe_writer(const struct field_get *g)
{
	const struct image *i = get_image(g);

	return i && i->writer.pid ? &i->writer : NULL;
}

/* An image that was there before the agent: nobody knows. */
int get_proc_exe_written(const struct field_get *g, struct value *v)
{
	const struct image_writer *w = exe_writer(g);

	if (!get_image(g))
		return FIELD_MISSING;
	return put_bool(v, w && w->time >= g->ev->process->pidns_start);
}

int get_proc_exe_written_age(const struct field_get *g, struct value *v)
{
	const struct image_writer *w = exe_writer(g);

	return w ? put_difference(v, get_image(g)->time, w->time) : FIELD_MISSING;
}

int get_proc_exe_writer_pid(const struct field_get *g, struct value *v)
{
	const struct image_writer *w = exe_writer(g);

	return w ? put_int(v, w->pid) : FIELD_MISSING;
}

#define WRITER_TEXT(what)                                                                \
	int get_proc_exe_writer_##what(const struct field_get *g, struct value *v)       \
	{                                                                                \
		const struct image_writer *w = exe_writer(g);                            \
											 \
		return w ? put_str(v, w->what) : FIELD_MISSING;                          \
	}

WRITER_TEXT(name)
WRITER_TEXT(exepath)
WRITER_TEXT(cmdline)

/* In the order of their numbers, as capability.h has them. */
static const char *const capabilities[] = {
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
	"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE",
};

int put_capabilities(const struct field_get *g, struct value *v, uint64_t set)
{
	struct text t = text_begin(g->s);

	for (unsigned int i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (!(set >> i & 1))
			continue;
		if (t.s->used > t.start)
			text_char(&t, ' ');
		text_puts(&t, "CAP_");
		text_puts(&t, capabilities[i]);
	}
	return put_str(v, text_view(&t));
}

#define CAPABILITY(set)                                                                  \
	int get_thread_cap_##set(const struct field_get *g, struct value *v)             \
	{                                                                                \
		const struct image *i = get_image(g);                                    \
											 \
		return i ? put_capabilities(g, v, i->cap_##set) : FIELD_MISSING;         \
	}

CAPABILITY(permitted)
CAPABILITY(inheritable)

int get_thread_cap_effective(const struct field_get *g, struct value *v)
{
	const struct wire_hdr *h = &g->ev->rec->hdr;

	return h->tgid ? put_capabilities(g, v, h->cap_effective) : FIELD_MISSING;
}

static int put_std_type(const struct field_get *g, struct value *v, unsigned int n)
{
	const struct image *i = get_image(g);
	const char *name;

	if (!i)
		return FIELD_MISSING;
	name = fd_type_name((enum fd_type)i->fd_type[n]);
	return name ? put_text(v, name) : FIELD_MISSING;
}

/* Only the first socket's addresses travel with an exec; the other descriptors' names are not known. */
static int put_std_name(const struct field_get *g, struct value *v, unsigned int n)
{
	const struct image *i = get_image(g);
	struct fd_view f = {};
	unsigned int first = 0;

	if (!i)
		return FIELD_MISSING;
	while (first < 3 && i->fd_type[first] != FD_IPV4 && i->fd_type[first] != FD_IPV6)
		first++;
	if (first != n)
		return FIELD_MISSING;
	f.type = (enum fd_type)i->fd_type[n];
	f.has_local = wire_ip(&i->std_local, &f.local);
	f.has_peer = wire_ip(&i->std_peer, &f.peer);
	f.local_port = i->std_local.port;
	f.peer_port = i->std_peer.port;
	return f.has_local || f.has_peer ? put_str(v, fd_name(g, &f)) : FIELD_MISSING;
}

#define STD(name, n)                                                                     \
	int get_proc_##name##_type(const struct field_get *g, struct value *v)           \
	{                                                                                \
		return put_std_type(g, v, n);                                            \
	}                                                                                \
	int get_proc_##name##_name(const struct field_get *g, struct value *v)           \
	{                                                                                \
		return put_std_name(g, v, n);                                            \
	}

STD(stdin, 0)
STD(stdout, 1)
STD(stderr, 2)
