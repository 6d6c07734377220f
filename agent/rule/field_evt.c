/* SPDX-License-Identifier: Apache-2.0 */
/* The event itself: when, which call, what came of it. */
#include "event/attr.h"
#include "rule/field_get.h"
#include "util/clock.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int get_never(const struct field_get *g __attribute__((unused)), struct value *v __attribute__((unused)))
{
	return FIELD_MISSING;
}

int get_zero(const struct field_get *g __attribute__((unused)), struct value *v)
{
	return put_uint(v, 0);
}

int get_one(const struct field_get *g __attribute__((unused)), struct value *v)
{
	return put_uint(v, 1);
}

int get_false(const struct field_get *g __attribute__((unused)), struct value *v)
{
	return put_bool(v, false);
}

int get_zero_ns(const struct field_get *g __attribute__((unused)), struct value *v)
{
	return put_text(v, "0ns");
}

int get_evt_num(const struct field_get *g, struct value *v)
{
	return put_uint(v, g->ev->num);
}

static void add_local(struct text *t, uint64_t wall_ns, const char *format)
{
	time_t s = (time_t)(wall_ns / NSEC_PER_SEC);
	struct tm tm;
	char buf[40];

	if (localtime_r(&s, &tm))
		text_add(t, buf, strftime(buf, sizeof(buf), format, &tm));
}

static int put_local(const struct field_get *g, struct value *v, const char *format, bool ns)
{
	struct text t = text_begin(g->s);

	add_local(&t, g->ev->time, format);
	if (ns) {
		text_char(&t, '.');
		text_uint_width(&t, g->ev->time % NSEC_PER_SEC, 9);
	}
	return put_str(v, text_view(&t));
}

int get_evt_time(const struct field_get *g, struct value *v)
{
	return put_local(g, v, "%H:%M:%S", true);
}

int get_evt_time_s(const struct field_get *g, struct value *v)
{
	return put_local(g, v, "%H:%M:%S", false);
}

int get_evt_datetime(const struct field_get *g, struct value *v)
{
	return put_local(g, v, "%Y-%m-%d %H:%M:%S", true);
}

int get_evt_datetime_s(const struct field_get *g, struct value *v)
{
	return put_local(g, v, "%Y-%m-%d %H:%M:%S", false);
}

int get_evt_iso(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);
	char buf[CLOCK_TEXT_MAX];
	size_t n = strlen(clock_rfc3339(buf, g->ev->time));

	/* the original writes the offset, not the letter */
	text_add(&t, buf, n && buf[n - 1] == 'Z' ? n - 1 : n);
	text_puts(&t, "+0000");
	return put_str(v, text_view(&t));
}

int get_evt_rawtime(const struct field_get *g, struct value *v)
{
	return put_uint(v, g->ev->time);
}

int get_evt_rawtime_s(const struct field_get *g, struct value *v)
{
	return put_uint(v, g->ev->time / NSEC_PER_SEC);
}

int get_evt_rawtime_ns(const struct field_get *g, struct value *v)
{
	return put_uint(v, g->ev->time % NSEC_PER_SEC);
}

int get_evt_source(const struct field_get *g __attribute__((unused)), struct value *v)
{
	return put_text(v, "syscall");
}

int get_evt_hostname(const struct field_get *g __attribute__((unused)), struct value *v)
{
	static char name[256];	/* asked once: a getter makes no system calls */

	if (!name[0]) {
		const char *given = getenv("FALCO_HOSTNAME");

		if (given && given[0])
			snprintf(name, sizeof(name), "%s", given);
		else if (gethostname(name, sizeof(name) - 1))
			name[0] = 0;
	}
	return name[0] ? put_text(v, name) : FIELD_MISSING;
}

int get_evt_dir(const struct field_get *g __attribute__((unused)), struct value *v)
{
	return put_text(v, "<");
}

int get_evt_type(const struct field_get *g, struct value *v)
{
	return put_str(v, call_name(g->ev->call));
}

int get_evt_type_is(const struct field_get *g, struct value *v)
{
	return put_uint(v, str_eq(call_name(g->ev->call), g->ref->arg));
}

static bool is_syscall(const struct field_get *g)
{
	return get_type(g) != EVENT_EXIT && get_type(g) != EVENT_DNS && get_type(g) != EVENT_HELLO && g->ev->call != CALL_SIGNAL &&
	       g->ev->call != CALL_MODULE_LOAD && get_type(g) != EVENT_CRED_CHANGE &&
	       get_type(g) != EVENT_CONTAINER;
}

int get_syscall_type(const struct field_get *g, struct value *v)
{
	return is_syscall(g) ? put_str(v, call_name(g->ev->call)) : FIELD_MISSING;
}

static const char *category(const struct field_get *g)
{
	struct fd_view f;

	switch (get_type(g)) {
	case EVENT_EXEC:
	case EVENT_FORK:
	case EVENT_EXIT:
	case EVENT_NAMESPACE:
	case EVENT_PRCTL:
	case EVENT_CHROOT:
	case EVENT_CRED_CHANGE:
		return "process";
	case EVENT_CREDS:
		return g->ev->call == CALL_CAPSET ? "process" : "user";
	case EVENT_KEYCTL:
	case EVENT_PERSONALITY:
		return "other";
	case EVENT_OPEN:
	case EVENT_RENAME:
	case EVENT_UNLINK:
	case EVENT_LINK:
	case EVENT_SYMLINK:
	case EVENT_CHMOD:
	case EVENT_MKDIR:
	case EVENT_MKNOD:
	case EVENT_CHOWN:
	case EVENT_XATTR:
	case EVENT_TRUNCATE:
	case EVENT_UTIME:
	case EVENT_COPY:
		return "file";
	case EVENT_MOUNT:
		return "file";
	case EVENT_TAMPER:
		return "process";
	case EVENT_SIGNAL:
		return "signal";
	case EVENT_MEMORY:
		return "memory";
	case EVENT_BPF:
	case EVENT_KERNEL:
	case EVENT_SPECIAL:
	case EVENT_CONTAINER:
		return "other";
	case EVENT_SOCKETPAIR:
		return "IPC";
	case EVENT_TRANSFER:
		return g->ev->rec->transfer.family == AF_UNIX ? "IPC" : "net";
	case EVENT_WRITE:
	case EVENT_DUP:
		fd_view(g, &f);
		if (f.type == FD_FILE || f.type == FD_DIRECTORY || f.type == FD_DEVICE)
			return "file";
		if (f.type == FD_PIPE || f.type == FD_UNIX)
			return "IPC";
		return f.type == FD_IPV4 || f.type == FD_IPV6 ? "net" : "other";
	default:
		return "net";
	}
}

int get_evt_category(const struct field_get *g, struct value *v)
{
	return put_text(v, category(g));
}

int get_evt_cpu(const struct field_get *g, struct value *v)
{
	return put_int(v, g->ev->rec->hdr.cpu);
}

int get_evt_res(const struct field_get *g, struct value *v)
{
	int64_t res = g->ev->rec->hdr.res;
	const char *name;
	struct text t;

	if (!is_syscall(g))
		return FIELD_MISSING;
	if (res >= 0)
		return put_text(v, "SUCCESS");
	name = errno_name(res);
	if (name)
		return put_text(v, name);
	t = text_begin(g->s);
	text_int(&t, res);
	return put_str(v, text_view(&t));
}

int get_evt_rawres(const struct field_get *g, struct value *v)
{
	return is_syscall(g) ? put_int(v, g->ev->rec->hdr.res) : FIELD_MISSING;
}

static bool failed(const struct field_get *g)
{
	return is_syscall(g) && g->ev->rec->hdr.res < 0;
}

int get_evt_failed(const struct field_get *g, struct value *v)
{
	return is_syscall(g) ? put_bool(v, failed(g)) : FIELD_MISSING;
}

int get_evt_count_error(const struct field_get *g, struct value *v)
{
	return put_uint(v, failed(g));
}

int get_evt_count_error_file(const struct field_get *g, struct value *v)
{
	return put_uint(v, failed(g) && !strcmp(category(g), "file"));
}

int get_evt_count_error_net(const struct field_get *g, struct value *v)
{
	return put_uint(v, failed(g) && !strcmp(category(g), "net"));
}

int get_evt_count_error_other(const struct field_get *g, struct value *v)
{
	return put_uint(v, failed(g) && strcmp(category(g), "file") && strcmp(category(g), "net"));
}

int get_evt_is_open_read(const struct field_get *g, struct value *v)
{
	const struct wire_open *o = &g->ev->rec->open;

	return put_bool(v, get_type(g) == EVENT_OPEN && o->hdr.call != CALL_CREAT &&
				   (o->flags & O_ACCMODE) != O_WRONLY);
}

/* creat counts as well: the original leaves it out, but it is the same open. */
int get_evt_is_open_write(const struct field_get *g, struct value *v)
{
	const struct wire_open *o = &g->ev->rec->open;

	return put_bool(v, get_type(g) == EVENT_OPEN &&
				   (o->hdr.call == CALL_CREAT || (o->flags & O_ACCMODE) != O_RDONLY));
}

int get_evt_is_open_create(const struct field_get *g, struct value *v)
{
	return put_bool(v, get_type(g) == EVENT_OPEN && g->ev->rec->open.file_flags & FILE_CREATED);
}

int get_evt_is_open_exec(const struct field_get *g, struct value *v)
{
	const struct wire_open *o = &g->ev->rec->open;
	bool creates = get_type(g) == EVENT_OPEN &&
		       (o->hdr.call == CALL_CREAT || o->flags & O_CREAT || (o->flags & O_TMPFILE) == O_TMPFILE);

	return put_bool(v, creates && o->mode & (S_IXUSR | S_IXGRP | S_IXOTH));
}

int get_evt_buffer(const struct field_get *g, struct value *v)
{
	return get_type(g) == EVENT_TRANSFER ? put_str(v, event_blob(g->ev, g->ev->rec->transfer.data)) : FIELD_MISSING;
}

/* Bytes that went: in and out together, or one way. */
static int put_length(const struct field_get *g, struct value *v, bool in, bool out)
{
	if (get_type(g) != EVENT_TRANSFER || g->ev->rec->hdr.res < 0 || !(call_sends(g->ev->call) ? out : in))
		return FIELD_MISSING;
	return put_uint(v, (uint64_t)g->ev->rec->hdr.res);
}

int get_evt_buflen(const struct field_get *g, struct value *v)
{
	return put_length(g, v, true, true);
}

int get_evt_buflen_in(const struct field_get *g, struct value *v)
{
	return put_length(g, v, true, false);
}

int get_evt_buflen_out(const struct field_get *g, struct value *v)
{
	return put_length(g, v, false, true);
}

/* A file that may be written by stores from then on. */
static bool maps_to_write(const struct field_get *g)
{
	const struct wire_memory *m = g->ev->rec ? &g->ev->rec->memory : NULL;

	return m && get_type(g) == EVENT_MEMORY && (m->area & (AREA_WRITE | AREA_SHARED)) == (AREA_WRITE | AREA_SHARED) &&
	       (m->region == REGION_FILE || m->region == REGION_MEMFD);
}

/* Of files, or between two descriptors inside of the kernel. */
static bool writes_file(const struct field_get *g)
{
	return get_type(g) == EVENT_WRITE || get_type(g) == EVENT_COPY || maps_to_write(g);
}

int get_evt_is_io(const struct field_get *g, struct value *v)
{
	return put_bool(v, get_type(g) == EVENT_TRANSFER || writes_file(g));
}

int get_evt_is_io_read(const struct field_get *g, struct value *v)
{
	return put_bool(v, get_type(g) == EVENT_TRANSFER && !call_sends(g->ev->call));
}

int get_evt_is_io_write(const struct field_get *g, struct value *v)
{
	return put_bool(v, writes_file(g) || (get_type(g) == EVENT_TRANSFER && call_sends(g->ev->call)));
}

int get_evt_io_dir(const struct field_get *g, struct value *v)
{
	if (writes_file(g))
		return put_text(v, "write");
	return get_type(g) == EVENT_TRANSFER ? put_text(v, call_sends(g->ev->call) ? "write" : "read") : FIELD_MISSING;
}

int get_evt_name_source(const struct field_get *g, struct value *v)
{
	struct event_path p;

	if (!event_path(g, PATH_ONLY, &p) && !event_path(g, PATH_NEW, &p))
		return FIELD_MISSING;
	return put_text(v, g->ev->rec->hdr.flags & WIRE_NAME_USER || !p.name.p ? "user" : "kernel");
}

int get_evt_io_uring(const struct field_get *g, struct value *v)
{
	return put_bool(v, g->ev->rec->hdr.flags & WIRE_IO_URING);
}

/* The last component, which is cut off. "." and empty ones do not count. */
static struct str path_last(struct str *path)
{
	struct str last;

	do {
		last = str_after_last(*path, '/');
		path->n = last.p > path->p ? (size_t)(last.p - path->p) - 1 : 0;
	} while (path->n && (!last.n || str_eq(last, STR("."))));
	return str_eq(last, STR(".")) ? str_n(last.p, 0) : last;
}

/* Whether a text can mean the path, as far as one can tell without looking at folders: up to the first "..". */
static bool path_means(struct str text, struct str path)
{
	bool absolute = str_starts(text, STR("/"));
	struct str a, b;

	do {
		a = path_last(&text);
		b = path_last(&path);
		if (str_eq(a, STR("..")) || (!a.n && !absolute))
			return true;
		if (!str_eq(a, b))
			return false;
	} while (a.n);
	return true;
}

int get_evt_args_mutated(const struct field_get *g, struct value *v)
{
	const union event_record *rec = g->ev->rec;
	bool changed = rec->hdr.flags & WIRE_ARGS_CHANGED;

	if (changed && get_type(g) == EVENT_OPEN)
		changed = !(rec->hdr.flags & WIRE_NAME_USER) &&
			  !path_means(event_blob(g->ev, rec->open.raw), event_blob(g->ev, rec->open.name));
	return put_bool(v, changed);
}

int get_evt_compat(const struct field_get *g, struct value *v)
{
	return put_bool(v, g->ev->rec->hdr.flags & WIRE_COMPAT);
}

int get_evt_truncated(const struct field_get *g, struct value *v)
{
	return put_bool(v, g->ev->rec->hdr.flags & WIRE_TRUNCATED);
}

int get_evt_outside(const struct field_get *g, struct value *v)
{
	return put_bool(v, g->ev->rec->hdr.flags & WIRE_OUTSIDE);
}
