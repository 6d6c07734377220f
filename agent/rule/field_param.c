/* SPDX-License-Identifier: Apache-2.0 */
/* How each form of a parameter is read from a record, and how it prints. */
#include "rule/field_arg.h"
#include "util/cleanup.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The original's own numbers of the open flags, and the order it prints them in. */
enum {
	F_RDONLY = 1 << 0, F_WRONLY = 1 << 1, F_RDWR = F_RDONLY | F_WRONLY, F_CREAT = 1 << 2, F_APPEND = 1 << 3,
	F_DSYNC = 1 << 4, F_EXCL = 1 << 5, F_NONBLOCK = 1 << 6, F_SYNC = 1 << 7, F_TRUNC = 1 << 8, F_DIRECT = 1 << 9,
	F_DIRECTORY = 1 << 10, F_LARGEFILE = 1 << 11, F_CLOEXEC = 1 << 12, F_TMPFILE = 1 << 13, F_CREATED = 1 << 14,
	F_UPPER = 1 << 15, F_LOWER = 1 << 16,
};

static const struct flag open_flags[] = {
	{"O_LARGEFILE", F_LARGEFILE}, {"O_DIRECTORY", F_DIRECTORY}, {"O_DIRECT", F_DIRECT}, {"O_TRUNC", F_TRUNC},
	{"O_SYNC", F_SYNC}, {"O_NONBLOCK", F_NONBLOCK}, {"O_EXCL", F_EXCL}, {"O_DSYNC", F_DSYNC},
	{"O_APPEND", F_APPEND}, {"O_CREAT", F_CREAT}, {"O_RDWR", F_RDWR}, {"O_WRONLY", F_WRONLY},
	{"O_RDONLY", F_RDONLY}, {"O_CLOEXEC", F_CLOEXEC}, {"O_NONE", 0}, {"O_TMPFILE", F_TMPFILE},
	{"O_F_CREATED", F_CREATED}, {"FD_UPPER_LAYER", F_UPPER}, {"FD_LOWER_LAYER", F_LOWER}, {},
};

static const struct flag mode_flags[] = {
	{"S_IXOTH", S_IXOTH}, {"S_IWOTH", S_IWOTH}, {"S_IROTH", S_IROTH}, {"S_IXGRP", S_IXGRP}, {"S_IWGRP", S_IWGRP},
	{"S_IRGRP", S_IRGRP}, {"S_IXUSR", S_IXUSR}, {"S_IWUSR", S_IWUSR}, {"S_IRUSR", S_IRUSR}, {"S_ISVTX", S_ISVTX},
	{"S_ISGID", S_ISGID}, {"S_ISUID", S_ISUID}, {},
};

/* The same behind a file's type, which is a number and not bits. */
static const struct {
	const char *name;
	uint32_t type;
} file_types[] = {
	{"S_IFREG", S_IFREG}, {"S_IFCHR", S_IFCHR}, {"S_IFBLK", S_IFBLK}, {"S_IFIFO", S_IFIFO}, {"S_IFSOCK", S_IFSOCK},
};

static const struct flag resolve_flags[] = {
	{"RESOLVE_BENEATH", 0x08}, {"RESOLVE_IN_ROOT", 0x10}, {"RESOLVE_NO_MAGICLINKS", 0x02},
	{"RESOLVE_NO_SYMLINKS", 0x04}, {"RESOLVE_NO_XDEV", 0x01}, {"RESOLVE_CACHED", 0x20}, {},
};

static const struct flag rename_flags[] = {{"RENAME_NOREPLACE", 1}, {"RENAME_EXCHANGE", 2}, {"RENAME_WHITEOUT", 4}, {}};
static const struct flag unlink_flags[] = {{"AT_REMOVEDIR", AT_REMOVEDIR}, {}};
static const struct flag link_flags[] = {{"AT_SYMLINK_FOLLOW", AT_SYMLINK_FOLLOW}, {"AT_EMPTY_PATH", AT_EMPTY_PATH}, {}};
static const struct flag at_flags[] = {{"AT_SYMLINK_NOFOLLOW", AT_SYMLINK_NOFOLLOW}, {"AT_EMPTY_PATH", AT_EMPTY_PATH}, {}};
static const struct flag exe_flags[] = {
	{"EXE_WRITABLE", 1}, {"EXE_UPPER_LAYER", 2}, {"EXE_FROM_MEMFD", 4}, {"EXE_LOWER_LAYER", 8}, {},
};

/* By number. 1 and 16 have the names the original prints, of the two that each has. */
static const char *const families[] = {
	"AF_UNSPEC", "AF_LOCAL", "AF_INET", "AF_AX25", "AF_IPX", "AF_APPLETALK", "AF_NETROM", "AF_BRIDGE", "AF_ATMPVC",
	"AF_X25", "AF_INET6", "AF_ROSE", "AF_DECnet", "AF_NETBEUI", "AF_SECURITY", "AF_KEY", "AF_ROUTE", "AF_PACKET",
	"AF_ASH", "AF_ECONET", "AF_ATMSVC", "AF_RDS", "AF_SNA", "AF_IRDA", "AF_PPPOX", "AF_WANPIPE", "AF_LLC", "AF_IB",
	"AF_MPLS", "AF_CAN", "AF_TIPC", "AF_BLUETOOTH", "AF_IUCV", "AF_RXRPC", "AF_ISDN", "AF_PHONET", "AF_IEEE802154",
	"AF_CAIF", "AF_ALG", "AF_NFC", "AF_VSOCK", "AF_KCM", "AF_QIPCRTR", "AF_SMC", "AF_XDP", "AF_MCTP",
};

const char *socket_family_name(uint32_t family)
{
	return family < ARRAY_SIZE(families) ? families[family] : NULL;
}

#define KERNEL_LARGEFILE 0100000	/* the C library's O_LARGEFILE is 0 on 64-bit machines */

uint64_t open_flags_plain(uint32_t k)
{
	static const struct {
		uint32_t kernel, ours;
	} map[] = {
		{O_CREAT, F_CREAT}, {O_APPEND, F_APPEND}, {O_EXCL, F_EXCL}, {O_NONBLOCK, F_NONBLOCK}, {O_TRUNC, F_TRUNC},
		{O_DIRECT, F_DIRECT}, {O_DIRECTORY, F_DIRECTORY}, {KERNEL_LARGEFILE, F_LARGEFILE}, {O_CLOEXEC, F_CLOEXEC},
		{O_DSYNC, F_DSYNC}, {O_SYNC, F_SYNC}, {O_TMPFILE, F_TMPFILE},
	};
	uint64_t r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		r |= (k & map[i].kernel) == map[i].kernel ? map[i].ours : 0;
	return r;
}

static uint64_t layer_flags(const struct wire_open *o)
{
	return (o->file_flags & FILE_CREATED ? F_CREATED : 0) | (o->file_flags & FILE_UPPER ? F_UPPER : 0) |
	       (o->file_flags & FILE_LOWER ? F_LOWER : 0);
}

uint64_t open_flags_of(const struct wire_open *o)
{
	static const uint8_t access[4] = {F_RDONLY, F_WRONLY, F_RDWR, F_RDWR};

	return open_flags_plain(o->flags) | access[o->flags & O_ACCMODE] | layer_flags(o);
}

static uint64_t exe_flags_of(uint32_t f)
{
	return (f & EXE_WRITABLE ? 1u : 0) | (f & EXE_UPPER ? 2u : 0) | (f & EXE_MEMFD ? 4u : 0) | (f & EXE_LOWER ? 8u : 0);
}

/* Names joined by '|' in the table's order; one of several bits uses them up. */
static int put_flags(const struct field_get *g, struct value *v, const struct flag *f, uint64_t set)
{
	struct text t = text_begin(g->s);
	uint64_t left = set;

	for (; f->name; f++) {
		if (f->bits ? (left & f->bits) != f->bits : set != 0)
			continue;
		left &= ~(uint64_t)f->bits;
		if (t.s->used > t.start)
			text_char(&t, '|');
		text_puts(&t, f->name);
	}
	if (t.s->used == t.start)
		text_uint(&t, set);
	return put_str(v, text_view(&t));
}

/* "S_IFBLK|S_IWUSR|S_IRUSR"; no type at all is a regular file. */
static int put_node(const struct field_get *g, struct value *v, uint32_t mode)
{
	uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
	struct text t = text_begin(g->s);

	for (size_t i = 0; i < ARRAY_SIZE(file_types); i++) {
		if (file_types[i].type == type)
			text_puts(&t, file_types[i].name);
	}
	for (const struct flag *f = mode_flags; f->name; f++) {
		if (!(mode & f->bits))
			continue;
		text_char(&t, '|');
		text_puts(&t, f->name);
	}
	return put_str(v, text_view(&t));
}

static const void *at(const struct field_get *g, const struct param *p)
{
	return (const char *)g->ev->rec + p->off;
}

static uint32_t u32_at(const struct field_get *g, const struct param *p)
{
	return *(const uint32_t *)at(g, p);
}

static struct str blob_at(const struct field_get *g, const struct param *p)
{
	return event_blob(g->ev, *(const struct wire_blob *)at(g, p));
}

static int put_path(const struct field_get *g, const struct param *p, struct value *v, bool raw)
{
	struct event_path path;

	if (!event_path(g, (enum path_role)p->off, &path))
		return FIELD_MISSING;
	if (raw && path.raw.p)
		return put_str(v, path.raw);
	return put_str(v, event_path_absolute(g, &path));
}

static int put_exit(const struct field_get *g, struct value *v, enum param_form form)
{
	int status = (int)g->ev->rec->exit.status;

	switch (form) {
	case FORM_EXIT_CODE:
		return put_int(v, WEXITSTATUS(status));
	case FORM_EXIT_SIGNAL:
		return put_int(v, WTERMSIG(status));
	default:
		return put_int(v, WCOREDUMP(status) ? 1 : 0);
	}
}

static bool inode_known(const struct field_get *g)
{
	return get_type(g) != EVENT_OPEN || g->ev->rec->hdr.res >= 0;
}

int param_raw(const struct field_get *g, const struct param *p, struct value *v)
{
	const struct wire_hdr *h = &g->ev->rec->hdr;
	const struct wire_open *o = &g->ev->rec->open;
	struct fd_view f;

	if (p->form > FORM_SYSTEM)
		return param_system_raw(g, p, v);
	switch ((enum param_form)p->form) {
	case FORM_RES:
	case FORM_RET_FD:
		return put_int(v, h->res);
	case FORM_FD:
		return fd_view(g, &f) && f.has_num ? put_int(v, f.num) : FIELD_MISSING;
	case FORM_FD_AT:
	case FORM_DIRFD:
	case FORM_S32:
	case FORM_UID:	/* one that was never set is -1 */
		return put_int(v, (int32_t)u32_at(g, p));
	case FORM_U32:
	case FORM_OCTAL:
	case FORM_RESOLVE:
	case FORM_RENAME_FLAGS:
	case FORM_UNLINK_FLAGS:
	case FORM_LINK_FLAGS:
	case FORM_AT_FLAGS:
	case FORM_MODE:
	case FORM_DOMAIN:
	case FORM_NODE:
		return put_uint(v, u32_at(g, p));
	case FORM_DUP_CMD:
		return put_uint(v, u32_at(g, p) & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD);
	case FORM_COUNT:
		return put_uint(v, *(const uint64_t *)at(g, p));
	case FORM_SOCK_TYPE:
		return put_uint(v, u32_at(g, p) & 0xf);
	case FORM_EXE_FLAGS:
		return put_uint(v, exe_flags_of(u32_at(g, p)));
	case FORM_DEV:
		return inode_known(g) ? put_uint(v, u32_at(g, p)) : FIELD_MISSING;
	case FORM_U64:
		return inode_known(g) ? put_uint(v, *(const uint64_t *)at(g, p)) : FIELD_MISSING;
	case FORM_CAPS:
		return put_uint(v, *(const uint64_t *)at(g, p));
	case FORM_OPEN_FLAGS:
		return put_uint(v, open_flags_of(o));
	case FORM_CREAT_FLAGS:
		return put_uint(v, layer_flags(o));
	case FORM_DUP_FLAGS:
		return put_uint(v, open_flags_plain(g->ev->rec->dup.flags));
	case FORM_SOCK_FLAGS:
		return put_uint(v, open_flags_plain(u32_at(g, p) & (SOCK_CLOEXEC | SOCK_NONBLOCK)));
	case FORM_PATH:
		return put_path(g, p, v, true);
	case FORM_BLOB:
	case FORM_WORDS:
		return put_str(v, blob_at(g, p));
	case FORM_TID:
		return h->tid ? put_int(v, h->tid) : FIELD_MISSING;
	case FORM_PID:
		return h->tgid ? put_int(v, h->tgid) : FIELD_MISSING;
	case FORM_PTID:
		return get_proc_ppid(g, v);
	case FORM_EXIT_CODE:
	case FORM_EXIT_SIGNAL:
	case FORM_EXIT_CORE:
		return put_exit(g, v, (enum param_form)p->form);
	case FORM_CLONE_FLAGS:
		return put_uint(v, clone_flags_of(u32_at(g, p)));
	case FORM_PERSONA:
	case FORM_PRCTL:
	case FORM_KEYCTL:
		return put_uint(v, u32_at(g, p));
	case FORM_NS:
		return u32_at(g, p) ? put_uint(v, u32_at(g, p)) : FIELD_MISSING;
	case FORM_OLD_ID:
		return g->ev->rec->creds.known ? put_uint(v, u32_at(g, p)) : FIELD_MISSING;
	case FORM_OLD_CAPS:
		return g->ev->rec->creds.known ? put_uint(v, *(const uint64_t *)at(g, p)) : FIELD_MISSING;
	default:
		return param_text(g, p, v);
	}
}

/* "<4t>10.0.0.1:1->10.0.0.2:2": type, transport and name. A failed call prints why. */
static int put_fd(const struct field_get *g, struct value *v, int64_t num)
{
	struct text t;
	struct fd_view f;
	struct str name;

	if (errno_name(num))
		return put_text(v, errno_name(num));
	if (!fd_view(g, &f))
		return FIELD_MISSING;
	name = fd_name(g, &f);
	t = text_begin(g->s);
	text_char(&t, '<');
	text_char(&t, fd_type_char(f.type));
	if (f.sock_type && name.n && *fd_l4proto(&f) != '<')
		text_char(&t, *fd_l4proto(&f));
	text_char(&t, '>');
	text_str(&t, name);
	return put_str(v, text_view(&t));
}

static int put_number(const struct field_get *g, struct value *v, int64_t n)
{
	struct text t = text_begin(g->s);

	text_int(&t, n);
	return put_str(v, text_view(&t));
}

static int put_words(const struct field_get *g, struct value *v, struct str words)
{
	struct text t = text_begin(g->s);

	if (!words.p)
		return FIELD_MISSING;
	for (size_t i = 0; i < words.n; i++) {
		if (words.p[i] || i + 1 < words.n)
			text_char(&t, words.p[i] ? words.p[i] : ' ');
	}
	return put_str(v, text_view(&t));
}

static struct str exec_argv(const struct field_get *g)
{
	return event_blob(g->ev, g->ev->rec->exec.argv);
}

/* Of an exec its own arguments, also when it failed; of a fork the process's. */
static int put_args(const struct field_get *g, struct value *v)
{
	struct str argv, rest;

	if (get_type(g) != EVENT_EXEC)
		return get_image(g) ? put_str(v, get_image(g)->args) : FIELD_MISSING;
	argv = exec_argv(g);
	rest = argv.p ? str_skip(argv, strnlen(argv.p, argv.n) + 1) : STR_NONE;
	return put_words(g, v, rest);
}

static int put_endpoint(const struct field_get *g, struct value *v, bool peer)
{
	struct text t = text_begin(g->s);
	struct fd_view f;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	if (peer ? f.has_peer : f.has_local)
		text_endpoint(&t, peer ? &f.peer : &f.local, peer ? f.peer_port : f.local_port);
	else if (f.path.p)
		return put_str(v, f.path);
	else
		return FIELD_MISSING;
	return put_str(v, text_view(&t));
}

static int put_tuple(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	return fd_view(g, &f) && !f.failed_open ? put_str(v, fd_name(g, &f)) : FIELD_MISSING;
}

/* A process by its name, which the original prefers to its number. */
static int put_process(const struct field_get *g, struct value *v, int (*name)(const struct field_get *, struct value *),
		       int64_t number)
{
	return name(g, v) == 1 && v->s.n ? 1 : put_number(g, v, number);
}

static int put_signal(const struct field_get *g, struct value *v)
{
	const char *name = sigabbrev_np(WTERMSIG((int)g->ev->rec->exit.status));
	struct text t = text_begin(g->s);

	if (!name)
		return put_number(g, v, WTERMSIG((int)g->ev->rec->exit.status));
	text_puts(&t, "SIG");
	text_puts(&t, name);
	return put_str(v, text_view(&t));
}

static int put_octal(const struct field_get *g, struct value *v, uint32_t n)
{
	struct text t = text_begin(g->s);

	text_octal(&t, n);
	return put_str(v, text_view(&t));
}

/* "0,4,27" */
static int put_groups(const struct field_get *g, struct value *v, struct str groups)
{
	struct text t = text_begin(g->s);
	uint32_t id;

	for (size_t i = 0; i + sizeof(id) <= groups.n; i += sizeof(id)) {
		memcpy(&id, groups.p + i, sizeof(id));
		if (i)
			text_char(&t, ',');
		text_uint(&t, id);
	}
	return put_str(v, text_view(&t));
}

static const struct flag *flags_of(enum param_form form)
{
	switch (form) {
	case FORM_OPEN_FLAGS:
	case FORM_CREAT_FLAGS:
	case FORM_DUP_FLAGS:
	case FORM_SOCK_FLAGS:
		return open_flags;
	case FORM_RESOLVE:
		return resolve_flags;
	case FORM_RENAME_FLAGS:
		return rename_flags;
	case FORM_UNLINK_FLAGS:
		return unlink_flags;
	case FORM_LINK_FLAGS:
		return link_flags;
	case FORM_AT_FLAGS:
		return at_flags;
	case FORM_EXE_FLAGS:
		return exe_flags;
	case FORM_MODE:
		return mode_flags;
	default:
		return flags_of_self(form);
	}
}

int param_text(const struct field_get *g, const struct param *p, struct value *v)
{
	const struct wire_hdr *h = &g->ev->rec->hdr;
	enum param_form form = (enum param_form)p->form;
	const struct flag *flags = flags_of(form);
	const char *name;
	struct value raw;

	if (form > FORM_SYSTEM)
		return param_system_text(g, p, v);
	if (flags)
		return param_raw(g, p, &raw) == 1 ? put_flags(g, v, flags, raw.u) : FIELD_MISSING;
	switch (form) {
	case FORM_RES:
		name = errno_name(h->res);
		return name ? put_text(v, name) : put_number(g, v, h->res);
	case FORM_RET_FD:
		return put_fd(g, v, h->res);
	case FORM_FD:
	case FORM_FD_AT:
		return param_raw(g, p, &raw) == 1 ? put_fd(g, v, raw.i) : FIELD_MISSING;
	case FORM_DIRFD:
		return (int32_t)u32_at(g, p) == AT_FDCWD ? put_text(v, "AT_FDCWD") : put_number(g, v, (int32_t)u32_at(g, p));
	case FORM_OCTAL:
		return put_octal(g, v, u32_at(g, p));
	case FORM_DOMAIN:
		name = socket_family_name(u32_at(g, p));
		return name ? put_text(v, name) : put_number(g, v, u32_at(g, p));
	case FORM_NODE:
		return put_node(g, v, u32_at(g, p));
	case FORM_DUP_CMD:
		return put_text(v, u32_at(g, p) & O_CLOEXEC ? "F_DUPFD_CLOEXEC" : "F_DUPFD");
	case FORM_PATH:
		return put_path(g, p, v, false);
	case FORM_BLOB:
		return put_str(v, blob_at(g, p));
	case FORM_WORDS:
		return put_words(g, v, blob_at(g, p));
	case FORM_TUPLE:
		return put_tuple(g, v);
	case FORM_PEER:
		return put_endpoint(g, v, true);
	case FORM_LOCAL:
		return put_endpoint(g, v, false);
	case FORM_UID:
		return put_str(v, user_text(g, u32_at(g, p)));
	case FORM_CAPS:
		return put_capabilities(g, v, *(const uint64_t *)at(g, p));
	case FORM_PROC_EXE:
		return get_type(g) == EVENT_EXEC ? put_str(v, word_at(exec_argv(g), 0)) : get_proc_exe(g, v);
	case FORM_PROC_ARGS:
		return put_args(g, v);
	case FORM_TID:
	case FORM_PID:
		return put_process(g, v, get_proc_name, h->tgid);
	case FORM_PTID:
		return get_proc_ppid(g, &raw) == 1 ? put_process(g, v, get_proc_pname, raw.i) : FIELD_MISSING;
	case FORM_EXIT_SIGNAL:
		return put_signal(g, v);
	case FORM_PRCTL:
	case FORM_KEYCTL:
	case FORM_REASON:
		name = name_of_number(form, u32_at(g, p));
		return name ? put_text(v, name) : put_number(g, v, u32_at(g, p));
	case FORM_GROUPS:
		return put_groups(g, v, blob_at(g, p));
	case FORM_OLD_CAPS:
		return param_raw(g, p, &raw) == 1 ? put_capabilities(g, v, raw.u) : FIELD_MISSING;
	default:
		return param_raw(g, p, &raw) == 1 ? put_number(g, v, raw.i) : FIELD_MISSING;
	}
}
