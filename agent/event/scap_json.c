/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event of a .scap capture as fields. What the capture does not say is
 * missing: where the original prints its own defaults for an unknown process
 * or descriptor (0, true, "/"), there is nothing here.
 */
#include "event/scap_fields.h"
#include "util/json_text.h"
#include <errno.h>
#include <stdlib.h>

void scap_put(struct fields *f, const char *name, json_t *v)
{
	if (json_object_set_new_nocheck(f->o, name, v) < 0)
		f->failed = true;
}

json_t *scap_text_json(struct str s)
{
	return json_stringn(s.p, s.n) ?: json_text(s);	/* a NUL stays */
}

void scap_put_str(struct fields *f, const char *name, struct str s)
{
	scap_put(f, name, scap_text_json(s.p ? s : STR("")));
}

void scap_put_text(struct fields *f, const char *name, const char *s)
{
	scap_put_str(f, name, str(s));
}

void scap_put_int(struct fields *f, const char *name, int64_t n)
{
	scap_put(f, name, json_integer(n));
}

void scap_put_bool(struct fields *f, const char *name, bool b)
{
	scap_put(f, name, json_boolean(b));
}

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
	scap_put_str(f, f->name.p, buf_view(f->resolved.n ? &f->resolved : &f->plain));
	if (!v.n)
		return;
	buf_reset(&f->name);
	buf_printf(&f->name, "evt.rawarg.%s", p->name);
	if (raw_is_text(p))
		scap_put_str(f, f->name.p, scap_string(v));
	else if (raw_is_number(p))
		scap_put_int(f, f->name.p, scap_number(p->kind, v));
	if (p->kind == SCAP_BYTES && !strcmp(p->name, "data"))
		scap_put_str(f, "evt.buffer", buf_view(&f->plain));
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
	scap_put_str(f, "evt.args", generic(f) ? STR("") : buf_view(&f->text));
}

static void put_result(struct fields *f)
{
	int64_t res = f->e->result;
	const char *name = res < 0 && res >= -4095 ? strerrorname_np((int)-res) : NULL;

	if (!f->e->has_result)
		return;
	scap_put_int(f, "evt.rawres", res);
	scap_put_bool(f, "evt.failed", res < 0);
	if (res >= 0 || name) {
		scap_put_text(f, "evt.res", res >= 0 ? "SUCCESS" : name);
	} else {
		buf_reset(&f->text);
		buf_printf(&f->text, "%lld", (long long)res);
		scap_put_str(f, "evt.res", buf_view(&f->text));
	}
}

static void put_open(struct fields *f)
{
	const struct scap_record *r = &f->e->r;
	const char *name = r->newest->name;
	bool creat = !strcmp(name, "creat"), open = creat || !strncmp(name, "open", 4);
	int64_t flags = open ? scap_record_number(r, "flags", 0) : 0, mode = open ? scap_record_number(r, "mode", 0) : 0;
	const int64_t rdonly = 1, wronly = 2, create = 1 << 2, tmpfile = 1 << 13, created = 1 << 14;

	scap_put_bool(f, "evt.is_open_read", flags & rdonly);
	scap_put_bool(f, "evt.is_open_write", flags & wronly);
	scap_put_bool(f, "evt.is_open_exec", (creat || flags & (create | tmpfile)) && mode & 0111);
	scap_put_bool(f, "evt.is_open_create",
		      flags & created || (flags & tmpfile && f->e->has_result && f->e->result >= 0));
}

static void put_event(struct fields *f, const struct scap_machine *m, uint64_t num)
{
	const struct scap_type *t = f->e->r.newest;

	scap_put_int(f, "evt.num", (int64_t)num);
	scap_put_int(f, "evt.rawtime", (int64_t)f->e->r.time);
	scap_put_int(f, "evt.cpu", f->e->r.cpu);
	scap_put_text(f, "evt.source", "syscall");
	scap_put_text(f, "evt.type", call_name(f));
	if (t->class == SCAP_SYSCALL)
		scap_put_text(f, "syscall.type", call_name(f));
	scap_put_text(f, "evt.category", category(f));
	scap_put_bool(f, "evt.is_async", false);
	scap_put_bool(f, "evt.is_io", t->flags & (SCAP_READS | SCAP_WRITES));
	scap_put_bool(f, "evt.is_io_read", t->flags & SCAP_READS);
	scap_put_bool(f, "evt.is_io_write", t->flags & SCAP_WRITES);
	scap_put_bool(f, "evt.is_wait", t->flags & SCAP_WAITS);
	scap_put_bool(f, "evt.is_syslog", t->flags & SCAP_WRITES && f->e->fd &&
		 strstr(scap_text_view(f->e->fd->name).p, "/dev/log"));
	if (t->flags & (SCAP_READS | SCAP_WRITES))
		scap_put_text(f, "evt.io_dir", t->flags & SCAP_WRITES ? "write" : "read");
	if (!strncmp(t->category, "io_", 3) && f->e->fd && f->e->has_result && f->e->result >= 0)
		scap_put_int(f, "evt.buflen", f->e->result);
	if (*m->hostname)
		scap_put_text(f, "evt.hostname", m->hostname);
	put_result(f);
	put_open(f);
	put_arguments(f);
}

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
		int64_t dirfd;

		if (strcmp(paths[i].call, r->newest->name))
			continue;
		raw = scap_record_text(r, paths[i].param);
		if (!raw.n)
			continue;
		scap_put_str(f, names[paths[i].what][1], raw);
		buf_reset(&f->text);
		dirfd = paths[i].dirfd ? scap_record_number(r, paths[i].dirfd, SCAP_AT_CWD) : SCAP_AT_CWD;
		scap_path_join(scap_directory(f->s, f->e->thread, dirfd), raw, &f->text);
		scap_put_str(f, names[paths[i].what][0], buf_view(&f->text));
	}
}

json_t *scap_event_json(const struct scap_state *s, const struct scap_machine *m, const struct scap_event *e,
			uint64_t num)
{
	struct fields f = {.o = json_object(), .s = s, .e = e};

	if (!f.o)
		return NULL;
	put_event(&f, m, num);
	scap_put_process(&f);
	scap_put_fd(&f);
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
