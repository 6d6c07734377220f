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

/* The original's numbers of what the kernel does not say by flags. */
enum { RDONLY = 1, WRONLY = 2, RDWR = RDONLY | WRONLY, CREATED = 1 << 14, UPPER = 1 << 15, LOWER = 1 << 16 };

const char *socket_family_name(uint32_t family)
{
	struct words_walk w = words_value(WORDS_socket_families, WORDS_ALL, family);

	return words_next(&w);
}

static uint64_t layer_flags(const struct wire_open *o)
{
	return (o->file_flags & FILE_CREATED ? CREATED : 0) | (o->file_flags & FILE_UPPER ? UPPER : 0) |
	       (o->file_flags & FILE_LOWER ? LOWER : 0);
}

uint64_t open_flags_of(const struct wire_open *o)
{
	static const uint8_t access[4] = {RDONLY, WRONLY, RDWR, RDWR};

	return words_bits_of(WORDS_file, o->flags) | access[o->flags & O_ACCMODE] | layer_flags(o);
}

static uint64_t exe_flags_of(uint32_t f)
{
	return (f & EXE_WRITABLE ? 1u : 0) | (f & EXE_UPPER ? 2u : 0) | (f & EXE_MEMFD ? 4u : 0) | (f & EXE_LOWER ? 8u : 0);
}

/* "S_IFBLK|S_IWUSR|S_IRUSR": the file's type is a number and not bits; no type at all is a regular file. */
static int put_node(const struct field_get *g, struct value *v, uint32_t mode)
{
	struct words_walk type = words_value(WORDS_mknod_mode, WORDS_ALL, mode & S_IFMT ? mode & S_IFMT : S_IFREG);
	struct words_walk bits = words_bits(WORDS_chmod_mode, WORDS_ALL, mode & ~S_IFMT);
	const char *name = words_next(&type) ?: words_next(&bits);
	struct text t = text_begin(g->s);

	for (; name; name = words_next(&bits)) {
		if (t.s->used > t.start)
			text_char(&t, '|');
		text_puts(&t, name);
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

/* The names that the bits of a form have; WORDS_NONE for a form that is none of bits. */
static enum words bits_named(unsigned int form)
{
	switch ((enum param_form)form) {
	case FORM_OPEN_FLAGS:
	case FORM_CREAT_FLAGS:
	case FORM_DUP_FLAGS:
	case FORM_SOCK_FLAGS:
		return WORDS_file;
	case FORM_RESOLVE:
		return WORDS_openat2;
	case FORM_RENAME_FLAGS:
		return WORDS_renameat2;
	case FORM_UNLINK_FLAGS:
		return WORDS_unlinkat;
	case FORM_LINK_FLAGS:
		return WORDS_linkat;
	case FORM_AT_FLAGS:
		return WORDS_fchownat;
	case FORM_EXE_FLAGS:
		return WORDS_execve;
	case FORM_MODE:
		return WORDS_chmod_mode;
	case FORM_CLONE_FLAGS:
		return WORDS_clone;
	case FORM_PERSONA:
		return WORDS_persona;
	default:
		return WORDS_NONE;
	}
}

static enum words values_named(unsigned int form)
{
	return form == FORM_PRCTL ? WORDS_prctl_options : form == FORM_KEYCTL ? WORDS_keyctl_operations
	     : form == FORM_DOMAIN ? WORDS_socket_families : WORDS_cred_reasons;
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
	case FORM_RESOLVE:
	case FORM_RENAME_FLAGS:
	case FORM_UNLINK_FLAGS:
	case FORM_LINK_FLAGS:
	case FORM_AT_FLAGS:
	case FORM_MODE:
	case FORM_CLONE_FLAGS:
	case FORM_PERSONA:
		return put_uint(v, words_bits_of(bits_named(p->form), u32_at(g, p)));
	case FORM_U32:
	case FORM_OCTAL:
	case FORM_DOMAIN:
	case FORM_NODE:
	case FORM_PRCTL:
	case FORM_KEYCTL:
		return put_uint(v, u32_at(g, p));
	case FORM_DUP_CMD:
		return put_uint(v, words_value_of(WORDS_fcntl_commands, u32_at(g, p) & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD));
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
		return put_uint(v, words_bits_of(WORDS_file, g->ev->rec->dup.flags));
	case FORM_SOCK_FLAGS:
		return put_uint(v, words_bits_of(WORDS_file, u32_at(g, p) & (SOCK_CLOEXEC | SOCK_NONBLOCK)));
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

int param_text(const struct field_get *g, const struct param *p, struct value *v)
{
	const struct wire_hdr *h = &g->ev->rec->hdr;
	enum param_form form = (enum param_form)p->form;
	enum words bits = bits_named(form);
	const char *name;
	struct value raw;

	if (form > FORM_SYSTEM)
		return param_system_text(g, p, v);
	if (bits)
		return param_raw(g, p, &raw) == 1 ? put_bits(g, v, bits, raw.u) : FIELD_MISSING;
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
	case FORM_NODE:
		return put_node(g, v, u32_at(g, p));
	case FORM_DUP_CMD:
		return param_raw(g, p, &raw) == 1 ? put_named(g, v, WORDS_fcntl_commands, raw.u) : FIELD_MISSING;
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
	case FORM_DOMAIN:
	case FORM_PRCTL:
	case FORM_KEYCTL:
	case FORM_REASON:
		return put_named(g, v, values_named(form), u32_at(g, p));
	case FORM_GROUPS:
		return put_groups(g, v, blob_at(g, p));
	case FORM_OLD_CAPS:
		return param_raw(g, p, &raw) == 1 ? put_capabilities(g, v, raw.u) : FIELD_MISSING;
	default:
		return param_raw(g, p, &raw) == 1 ? put_number(g, v, raw.i) : FIELD_MISSING;
	}
}
