/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_host.h"
#include "event/scap_addr.h"
#include "util/reader.h"
#include <errno.h>
#include <stdio.h>

#define MAGIC 0x1A2B3C4Du
#define MAGIC_SWAPPED 0x4D3C2B1Au
#define VERSION_MAX 1

#define get(r, ret) reader_copy(r, ret, sizeof(*(ret)))

/* A text with its length in front. */
static bool text(struct reader *r, struct str *ret)
{
	struct reader at = *r;
	uint16_t n;

	if (!get(&at, &n) || !reader_bytes(&at, n, ret))
		return false;
	*r = at;
	return true;
}

static int bad(char why[128], const char *what)
{
	snprintf(why, 128, "%s", what);
	return -EBADMSG;
}

/* How rows are told apart: by what is in them, by their length in front, by the length of what follows it. */
enum rows { ROWS_PLAIN, ROWS_SIZED, ROWS_FOLLOWED };

/* A row of its own in *row, and *r behind it where that can be known. */
static bool row_begin(struct reader *r, struct reader *row, enum rows rows)
{
	struct str bytes;
	uint32_t n;

	*row = *r;
	if (rows == ROWS_PLAIN)
		return true;
	if (!get(r, &n) || (rows == ROWS_SIZED && n < sizeof(n)))
		return false;
	if (!reader_bytes(r, rows == ROWS_SIZED ? n - sizeof(n) : n, &bytes))
		return false;
	*row = reader(bytes.p, bytes.n);
	return true;
}

static void row_end(struct reader *r, const struct reader *row, enum rows rows)
{
	if (rows == ROWS_PLAIN)
		r->pos = row->pos;
}

/* What is left is not padding to four bytes. */
static bool more(const struct reader *r)
{
	return reader_left(r) >= 4;
}

int scap_host_section(struct str body, char why[128])
{
	struct reader r = reader(body.p, body.n);
	uint16_t major, minor;
	uint32_t magic;

	if (!get(&r, &magic) || !get(&r, &major) || !get(&r, &minor))
		return bad(why, "a section shorter than its own header");
	if (magic == MAGIC_SWAPPED)
		return bad(why, "written by a machine of the other byte order, which is not read");
	if (magic != MAGIC)
		return bad(why, "not a .scap capture: its section has another mark");
	if (major > VERSION_MAX) {
		snprintf(why, 128, "of format version %u.%u; up to %d is read", major, minor, VERSION_MAX);
		return -EBADMSG;
	}
	return 0;
}

void scap_host_machine(struct scap_machine *m, struct str body)
{
	const size_t hostname = 20, boot_time = 148;

	*m = (struct scap_machine){};
	if (body.n < boot_time + sizeof(m->boot_time))
		return;
	memcpy(m->hostname, body.p + hostname, sizeof(m->hostname) - 1);
	memcpy(&m->boot_time, body.p + boot_time, sizeof(m->boot_time));
}

/* ---- processes ---- */

struct process_texts {
	struct str comm, exe, exepath, args, cwd, env, cgroups, root;
};

static bool process_texts_first(struct reader *r, struct scap_thread *t, struct process_texts *x, unsigned int version)
{
	return get(r, &t->tid) && get(r, &t->pid) && get(r, &t->ptid) && (version < 6 || get(r, &t->sid)) &&
	       (version < 8 || get(r, &t->vpgid)) && text(r, &x->comm) && text(r, &x->exe) &&
	       (version < 7 || text(r, &x->exepath)) && text(r, &x->args) && text(r, &x->cwd) &&
	       get(r, &t->fd_limit) && get(r, &t->flags) && get(r, &t->uid) && get(r, &t->gid);
}

static bool process_later(struct reader *r, struct scap_thread *t, struct process_texts *x, unsigned int version)
{
	if (version >= 2 && !(get(r, &t->vm_size) && get(r, &t->vm_rss) && get(r, &t->vm_swap) && get(r, &t->pf_major) &&
			      get(r, &t->pf_minor)))
		return false;
	if (version >= 3 && !text(r, &x->env))
		return false;
	if (version >= 4 && !(get(r, &t->vtid) && get(r, &t->vpid) && text(r, &x->cgroups)))
		return false;
	return version < 5 || text(r, &x->root);
}

/* What sized rows have behind that, as far as each goes. */
static void process_last(struct reader *r, struct scap_thread *t)
{
	const size_t before_0_10 = 29;	/* such rows end here, and lack two values in the middle */
	uint8_t writable = 0, upper = 0, memfd = 0, lower = 0;

	if (reader_left(r) > before_0_10)
		(void)(get(r, &t->pidns_ts) && get(r, &t->tty));
	(void)(get(r, &t->login_uid) && get(r, &writable) && get(r, &t->cap_inheritable) && get(r, &t->cap_permitted) &&
	       get(r, &t->cap_effective) && get(r, &upper) && get(r, &t->exe_ino) && get(r, &t->exe_ctime) &&
	       get(r, &t->exe_mtime) && get(r, &memfd) && get(r, &lower) && get(r, &t->pgid));
	t->exe_writable = writable;
	t->exe_upper = upper;
	t->exe_memfd = memfd;
	t->exe_lower = lower;
}

/* A directory ends with a slash, as the original's rules expect. */
static void set_cwd(struct scap_state *s, struct scap_thread *t, struct str cwd)
{
	struct buf with = {};

	if (cwd.n && !str_ends(cwd, STR("/"))) {
		buf_str(&with, cwd);
		buf_char(&with, '/');
		cwd = buf_view(&with);
	}
	scap_text_set(s, &t->cwd, cwd);
	buf_free(&with);
}

static int add_process(struct scap_state *s, const struct scap_thread *row, const struct process_texts *x)
{
	struct scap_thread *t = scap_thread_find(s, row->tid), old;

	scap_state_trim(s);
	if (t)
		scap_thread_remove(s, t);
	t = scap_thread_get(s, row->tid);
	if (!t)
		return -ENOMEM;
	old = *t;
	*t = *row;
	t->age = old.age;
	t->next = old.next;
	scap_text_set(s, &t->comm, x->comm);
	scap_text_set(s, &t->exe, x->exe);
	scap_text_set(s, &t->exepath, x->exepath);
	scap_text_set(s, &t->args, x->args);
	set_cwd(s, t, x->cwd);
	scap_text_set(s, &t->env, x->env);
	scap_text_set(s, &t->cgroups, x->cgroups);
	scap_thread_join(s, t);
	return 0;
}

int scap_host_processes(struct scap_state *s, struct str body, unsigned int version, char why[128])
{
	enum rows rows = version >= 9 ? ROWS_SIZED : ROWS_PLAIN;
	struct reader r = reader(body.p, body.n), row;
	int e = 0;

	while (more(&r) && e >= 0) {
		struct scap_thread t = {.vtid = -1, .vpid = -1, .sid = -1, .pgid = -1, .vpgid = -1, .last_fd = -1,
					.login_uid = UINT32_MAX};
		struct process_texts x = {};

		if (!row_begin(&r, &row, rows) || !process_texts_first(&row, &t, &x, version) ||
		    !process_later(&row, &t, &x, version))
			return bad(why, "a list of processes with a row longer than itself");
		if (version >= 9)
			process_last(&row, &t);
		row_end(&r, &row, rows);
		e = add_process(s, &t, &x);
	}
	return e;
}

/* ---- descriptors ---- */

static bool endpoints(struct reader *r, struct scap_fd *fd, bool v6, bool server)
{
	size_t n = v6 ? 16 : 4;

	fd->role = server ? SCAP_ROLE_SERVER : SCAP_ROLE_CLIENT;
	if (server)
		return reader_copy(r, fd->dip, n) && get(r, &fd->dport) && get(r, &fd->l4);
	fd->connected = true;
	return reader_copy(r, fd->sip, n) && reader_copy(r, fd->dip, n) && get(r, &fd->sport) && get(r, &fd->dport) && get(r, &fd->l4);
}

static bool fd_row(struct reader *r, int64_t *num, struct scap_fd *fd, struct str *name)
{
	uint64_t source, peer;

	if (!get(r, num) || !get(r, &fd->ino) || !get(r, &fd->type))
		return false;
	switch (fd->type) {
	case SCAP_FD_IPV4:
	case SCAP_FD_IPV6:
		return endpoints(r, fd, fd->type == SCAP_FD_IPV6, false);
	case SCAP_FD_IPV4_SERVER:
	case SCAP_FD_IPV6_SERVER:
		return endpoints(r, fd, fd->type == SCAP_FD_IPV6_SERVER, true);
	case SCAP_FD_UNIX:
		return get(r, &source) && get(r, &peer) && text(r, name);
	case SCAP_FD_FILE2:
		if (!get(r, &fd->open_flags) || !text(r, name))
			return false;
		return true;
	case SCAP_FD_UNKNOWN:
		return true;
	default:
		if (fd->type < SCAP_FD_TYPES)
			return text(r, name);
		fd->type = SCAP_FD_UNSUPPORTED;	/* of a later version */
		return true;
	}
}

static void add_fd(struct scap_state *s, int64_t tid, int64_t num, const struct scap_fd *row, struct str name)
{
	struct scap_thread *t = scap_thread_find(s, tid);
	struct scap_fds *fds = t ? scap_thread_fds(s, t) : NULL;
	struct scap_fd *fd = fds ? scap_fd_add(s, fds, num) : NULL;

	if (!fd)
		return;
	*fd = *row;
	fd->refs = 1;
	scap_fd_name(s, fd, name);
}

int scap_host_fds(struct scap_state *s, struct str body, bool sized, char why[128])
{
	struct reader r = reader(body.p, body.n), row;
	enum rows rows = sized ? ROWS_SIZED : ROWS_PLAIN;
	int64_t tid, num;

	if (!get(&r, &tid))
		return bad(why, "a list of descriptors without its thread");
	while (more(&r)) {
		struct scap_fd fd = {};
		struct str name = STR_NONE;

		scap_state_trim(s);
		if (!row_begin(&r, &row, rows) || !fd_row(&row, &num, &fd, &name))
			return bad(why, "a list of descriptors with a row longer than itself");
		if (sized && fd.type == SCAP_FD_FILE2)
			(void)get(&row, &fd.dev);
		row_end(&r, &row, rows);
		add_fd(s, tid, num, &fd, name);
	}
	return 0;
}

/* ---- users and interfaces ---- */

int scap_host_users(struct scap_state *s, struct str body, bool sized, char why[128])
{
	enum rows rows = sized ? ROWS_SIZED : ROWS_PLAIN;
	struct reader r = reader(body.p, body.n), row;
	struct str name, home, shell;
	uint32_t uid, gid;
	uint8_t type;

	while (more(&r)) {
		bool good = row_begin(&r, &row, rows) && get(&row, &type), kept = true;

		if (good && type == 0) {
			good = get(&row, &uid) && get(&row, &gid) && text(&row, &name) && text(&row, &home) &&
			       text(&row, &shell);
			kept = good && scap_user_add(s, uid, gid, name, home, shell);
		} else if (good) {
			good = get(&row, &gid) && text(&row, &name);
			kept = good && scap_group_add(s, gid, name);
		}
		if (!good)
			return bad(why, "a list of users with a row longer than itself");
		if (!kept)
			return -ENOMEM;
		row_end(&r, &row, rows);
	}
	return 0;
}

enum { IPV4 = 1, IPV6, IPV4_NO_SPEED, IPV6_NO_SPEED };

int scap_host_interfaces(struct scap_state *s, struct str body, bool sized, char why[128])
{
	enum rows rows = sized ? ROWS_FOLLOWED : ROWS_PLAIN;
	struct reader r = reader(body.p, body.n), row;
	uint16_t type, name_n;
	struct str rest;

	while (more(&r)) {
		bool v6;
		size_t n;

		if (!row_begin(&r, &row, rows) || !get(&row, &type) || !get(&row, &name_n) || type < IPV4 ||
		    type > IPV6_NO_SPEED)
			return bad(why, "a list of interfaces with a row of no known kind");
		v6 = type == IPV6 || type == IPV6_NO_SPEED;
		n = v6 ? 16 : 4;
		if (!reader_bytes(&row, 3 * n + (type <= IPV6 ? 8 : 0) + name_n, &rest))
			return bad(why, "a list of interfaces with a row longer than itself");
		if (!scap_interface_add(s, v6, rest.p, rest.p + n))
			return -ENOMEM;
		row_end(&r, &row, rows);
	}
	return 0;
}
