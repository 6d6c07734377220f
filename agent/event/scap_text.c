/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters as text, in the original's two halves: "-2" and "ENOENT". */
#include "event/scap_addr.h"
#include "event/scap_event.h"
#include "event/words.h"
#include "util/cleanup.h"
#include <ctype.h>
#include <signal.h>
#include <time.h>

struct texts {
	const struct scap_state *s;
	const struct scap_event *e;
	struct buf *plain, *resolved;
};

void scap_path_join(struct str dir, struct str path, struct buf *out)
{
	size_t start = out->n;
	struct str parts[2] = {path.n && path.p[0] == '/' ? STR_NONE : dir, path};

	if (path.n && path.p[0] != '/' && !dir.n) {	/* relative to nobody knows what */
		buf_str(out, path);
		return;
	}
	for (unsigned int i = 0; i < 2; i++) {
		const char *p = parts[i].p, *end = parts[i].n ? p + parts[i].n : p;

		while (p < end) {
			const char *slash = memchr(p, '/', (size_t)(end - p));
			size_t n = (size_t)((slash ? slash : end) - p);

			if (n == 2 && p[0] == '.' && p[1] == '.') {
				const char *last = out->n > start ? memrchr(out->p + start, '/', out->n - start) : NULL;

				out->n = last ? (size_t)(last - out->p) : start;
			} else if (n && !(n == 1 && p[0] == '.')) {
				buf_char(out, '/');
				buf_add(out, p, n);
			}
			p += n + 1;
		}
	}
	if (out->n == start)
		buf_char(out, '/');
}

struct str scap_directory(const struct scap_state *s, struct scap_thread *t, int64_t dirfd)
{
	struct scap_thread *m = scap_thread_main(s, t);
	const struct scap_fd *fd;

	if (dirfd == SCAP_AT_CWD)
		return m ? scap_text_view(m->cwd) : STR_NONE;
	fd = scap_fd_find(scap_thread_fds(s, t), dirfd);
	return fd && fd->name ? scap_text_view(fd->name) : STR_NONE;
}

static const struct {
	char letter;
	const char *kind;
} fd_types[SCAP_FD_TYPES] = {
	[SCAP_FD_UNKNOWN] = {'o', NULL}, [SCAP_FD_FILE] = {'f', "file"}, [SCAP_FD_DIRECTORY] = {'d', "directory"},
	[SCAP_FD_IPV4] = {'4', "ipv4"}, [SCAP_FD_IPV6] = {'6', "ipv6"}, [SCAP_FD_IPV4_SERVER] = {'4', "ipv4"},
	[SCAP_FD_IPV6_SERVER] = {'6', "ipv6"}, [SCAP_FD_FIFO] = {'p', "pipe"}, [SCAP_FD_UNIX] = {'u', "unix"},
	[SCAP_FD_EVENT] = {'e', "event"}, [SCAP_FD_UNSUPPORTED] = {'X', NULL}, [SCAP_FD_SIGNALFD] = {'s', "signalfd"},
	[SCAP_FD_EVENTPOLL] = {'l', "eventpoll"}, [SCAP_FD_INOTIFY] = {'i', "inotify"},
	[SCAP_FD_TIMERFD] = {'t', "timerfd"}, [SCAP_FD_NETLINK] = {'n', "netlink"}, [SCAP_FD_FILE2] = {'f', "file"},
	[SCAP_FD_BPF] = {'b', "bpf"}, [SCAP_FD_USERFAULTFD] = {'u', "userfaultfd"},
	[SCAP_FD_IOURING] = {'r', "io_uring"}, [SCAP_FD_MEMFD] = {'m', "memfd"}, [SCAP_FD_PIDFD] = {'P', "pidfd"},
};

char scap_fd_letter(const struct scap_fd *fd)
{
	return fd_types[fd->type].letter;
}

const char *scap_fd_kind(const struct scap_fd *fd)
{
	return fd_types[fd->type].kind;
}

const char *scap_l4_name(const struct scap_fd *fd)
{
	static const char *const names[] = {[SCAP_L4_TCP] = "tcp", [SCAP_L4_UDP] = "udp", [SCAP_L4_ICMP] = "icmp",
					    [SCAP_L4_RAW] = "raw"};

	if ((!scap_fd_is_pair(fd) && !scap_fd_is_server(fd)) || fd->l4 >= ARRAY_SIZE(names))
		return NULL;
	if (fd->role == SCAP_ROLE_NONE)	/* as the original: not before it is known who is who */
		return NULL;
	return names[fd->l4];
}

static void put_errno(const struct texts *t, int64_t e)
{
	const char *name = e < 0 && e >= -4095 ? strerrorname_np((int)-e) : NULL;

	if (name)
		buf_puts(t->resolved, name);
}

static void put_fd(const struct texts *t, int64_t num)
{
	const struct scap_fd *fd;
	const char *l4;

	buf_printf(t->plain, "%lld", (long long)num);
	if (!t->e->thread)
		return;
	if (num == SCAP_AT_CWD) {
		buf_puts(t->resolved, "AT_FDCWD");
		return;
	}
	if (num < 0) {
		put_errno(t, num);
		return;
	}
	fd = scap_fd_find(scap_thread_fds(t->s, t->e->thread), num);
	if (!fd)
		return;
	l4 = scap_l4_name(fd);
	buf_char(t->resolved, '<');
	buf_char(t->resolved, scap_fd_letter(fd));
	if (l4)
		buf_char(t->resolved, *l4);
	buf_char(t->resolved, '>');
	buf_str(t->resolved, scap_text_view(fd->name));
}

static void put_words(const struct texts *t, struct words_walk w)
{
	const char *name;

	while ((name = words_next(&w))) {
		if (t->resolved->n)
			buf_char(t->resolved, '|');
		buf_puts(t->resolved, name);
	}
}

static void put_name(const struct texts *t, uint32_t id, const char *name)
{
	if (id == UINT32_MAX) {
		buf_puts(t->plain, "-1");
		buf_puts(t->resolved, "<NONE>");
		return;
	}
	buf_printf(t->plain, "%d", (int)id);
	buf_puts(t->resolved, name && *name ? name : "<NA>");
}

static void put_signal(struct buf *out, unsigned int number)
{
	const char *name = number ? sigabbrev_np((int)number) : NULL;

	if (name)
		buf_printf(out, "SIG%s", name);
}

static void put_signals(const struct texts *t, uint32_t set)
{
	for (unsigned int i = 0; i < 32; i++) {
		if (set >> i & 1 && sigabbrev_np((int)i + 1)) {
			if (t->plain->n)
				buf_char(t->plain, ' ');
			put_signal(t->plain, i + 1);
		}
	}
}

static void put_path(const struct texts *t, const struct scap_param *p, struct str path)
{
	struct scap_thread *thread = t->e->thread;
	int64_t dirfd = SCAP_AT_CWD;
	struct str dir;

	buf_str(t->plain, path);
	if (!thread || !path.n || path.p[0] == '/' || str_eq(path, STR("<NA>")))
		return;
	if (p->kind == SCAP_AT && t->e->r.p[p->aux].n)
		dirfd = scap_number(SCAP_FD, t->e->r.p[p->aux]);
	dir = scap_directory(t->s, thread, dirfd);
	if (dir.n)
		scap_path_join(dir, path, t->resolved);
}

static void put_bytes(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		buf_char(out, isprint((unsigned char)bytes.p[i]) ? bytes.p[i] : '.');
}

static void put_time(const struct texts *t, uint64_t v)
{
	time_t sec = (time_t)(v / 1000000000u);
	char text[40];
	struct tm tm;

	if (gmtime_r(&sec, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		buf_printf(t->plain, "%s.%09llu +0000", text, (unsigned long long)(v % 1000000000u));
}

static void put_fdlist(const struct texts *t, struct str list)
{
	const struct scap_fds *fds = t->e->thread ? scap_thread_fds(t->s, t->e->thread) : NULL;
	uint16_t n = (uint16_t)scap_number(SCAP_U16, str_n(list.p, list.n < 2 ? list.n : 2));

	for (unsigned int i = 0; i < n && 2 + 10 * ((size_t)i + 1) <= list.n; i++) {
		const char *at = list.p + 2 + 10 * (size_t)i;
		int64_t num = scap_number(SCAP_I64, str_n(at, 8));
		const struct scap_fd *fd = scap_fd_find(fds, num);

		buf_printf(t->plain, "%s%llu:%c%x", i ? " " : "", (unsigned long long)num, fd ? scap_fd_letter(fd) : '?',
			   (unsigned int)(uint16_t)scap_number(SCAP_U16, str_n(at + 8, 2)));
	}
}

static void put_address(const struct texts *t, struct str bytes, bool pair)
{
	struct scap_tuple a;

	if (pair ? !scap_tuple_read(&a, bytes) : !scap_address_read(&a, bytes))
		buf_printf(t->plain, "family %u", (unsigned char)bytes.p[0]);
	else if (pair)
		scap_tuple_text(&a, t->plain);
	else
		scap_address_text(&a, t->plain);
}

static void put_value(const struct texts *t, const struct scap_param *p, struct str v);

/* A byte that says how the rest is to be read. */
static void put_choice(const struct texts *t, const struct scap_param *p, struct str v)
{
	static const uint8_t kinds[][6] = {
		[SCAP_CHOICE_ptrace] = {SCAP_X64, SCAP_SIG},
		[SCAP_CHOICE_bpf] = {SCAP_FD, SCAP_ERR},
		[SCAP_CHOICE_keyctl] = {SCAP_I64, SCAP_TEXT},
		[SCAP_CHOICE_sockopt] = {SCAP_BYTES, SCAP_ERR, SCAP_U32, SCAP_U64, SCAP_RELTIME, SCAP_BYTES},
	};
	struct scap_param chosen = {p->name, SCAP_BYTES, 0, 0};
	uint8_t i = v.n ? (uint8_t)v.p[0] : 0;

	if (p->aux < ARRAY_SIZE(kinds) && p->aux && i < ARRAY_SIZE(kinds[0]))
		chosen.kind = kinds[p->aux][i];
	v = str_skip(v, 1);
	if (v.n)
		put_value(t, &chosen, v);
}

static void put_number(const struct texts *t, const struct scap_param *p, int64_t n)
{
	switch (p->kind) {
	case SCAP_X8:
	case SCAP_X16:
	case SCAP_X32:
	case SCAP_X64:
		buf_printf(t->plain, "%llX", (unsigned long long)n);
		break;
	case SCAP_O8:
	case SCAP_O16:
	case SCAP_O32:
	case SCAP_O64:
	case SCAP_MODE:
		buf_printf(t->plain, "%llo", (unsigned long long)n);
		break;
	case SCAP_I8:
	case SCAP_I16:
	case SCAP_I32:
	case SCAP_I64:
	case SCAP_ERR:
	case SCAP_PID:
		buf_printf(t->plain, "%lld", (long long)n);
		break;
	default:
		buf_printf(t->plain, "%llu", (unsigned long long)n);
	}
}

static void put_value(const struct texts *t, const struct scap_param *p, struct str v)
{
	int64_t n = scap_number(p->kind, v);
	const struct scap_thread *other;
	const struct scap_group *group;
	const struct scap_user *user;

	switch ((enum scap_kind)p->kind) {
	case SCAP_FD:
		put_fd(t, n);
		return;
	case SCAP_UID:
		user = scap_user_find(t->s, (uint32_t)n);
		put_name(t, (uint32_t)n, user ? user->name : NULL);
		return;
	case SCAP_GID:
		group = scap_group_find(t->s, (uint32_t)n);
		put_name(t, (uint32_t)n, group ? group->name : NULL);
		return;
	case SCAP_SIGSET:
		put_signals(t, (uint32_t)n);
		return;
	case SCAP_TEXT:
		buf_str(t->plain, scap_string(v));
		return;
	case SCAP_PATH:
	case SCAP_AT:
		put_path(t, p, scap_string(v));
		return;
	case SCAP_BYTES:
		put_bytes(t->plain, v);
		return;
	case SCAP_ADDR:
	case SCAP_TUPLE:
		put_address(t, v, p->kind == SCAP_TUPLE);
		return;
	case SCAP_FDLIST:
		put_fdlist(t, v);
		return;
	case SCAP_DYN:
		put_choice(t, p, v);
		return;
	case SCAP_ABSTIME:
		put_time(t, (uint64_t)n);
		return;
	default:
		break;
	}
	if (p->kind == SCAP_RELTIME && n == -1) {
		buf_puts(t->plain, "none");
		return;
	}
	put_number(t, p, n);
	switch ((enum scap_kind)p->kind) {
	case SCAP_PID:
		other = scap_thread_find(t->s, n);
		if (other)
			buf_str(t->resolved, scap_text_view(other->comm));
		break;
	case SCAP_ERR:
		put_errno(t, n);
		break;
	case SCAP_CALL:
		buf_puts(t->resolved, scap_call_id_name((unsigned int)n));
		break;
	case SCAP_SIG:
		put_signal(t->resolved, (unsigned int)n);
		break;
	case SCAP_RELTIME:
		buf_printf(t->resolved, "%lgs", (double)n / 1e9);
		break;
	case SCAP_E8:
	case SCAP_E16:
	case SCAP_E32:
		put_words(t, words_value(p->words, WORDS_THEIRS, (uint32_t)n));
		break;
	case SCAP_F8:
	case SCAP_F16:
	case SCAP_F32:
	case SCAP_MODE:
		put_words(t, words_bits(p->words, WORDS_THEIRS, (uint32_t)n));
		break;
	default:
		break;
	}
}

void scap_param_text(const struct scap_state *s, const struct scap_event *e, unsigned int place, struct buf *plain,
		     struct buf *resolved)
{
	const struct scap_param *p = &e->r.newest->params[place];
	const struct texts t = {s, e, plain, resolved};

	buf_reset(plain);
	buf_reset(resolved);
	if (e->r.p[place].n)
		put_value(&t, p, e->r.p[place]);
	else if (p->kind == SCAP_BYTES || p->kind == SCAP_TUPLE || p->kind == SCAP_FDLIST || p->kind == SCAP_DYN)
		buf_puts(plain, "NULL");
	else
		buf_puts(plain, "<NA>");
}
