/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that a call was given: fs.path.*, evt.abspath, and what evt.arg says of a path.
 *
 * Where the kernel's dentries are known they are the answer. Where they are not
 * (an attempt that failed, an old kernel) it is the caller's text made absolute.
 */
#include "rule/field_get.h"

#define ONE(ev, rec, a, b, c) \
	(*ret = (struct event_path){event_blob(ev, (rec).a), event_blob(ev, (rec).b), event_blob(ev, (rec).c)}, true)

/* What is mounted where: an old path and a new one; other calls name one place, or none. */
static bool mount_path(const struct event *ev, enum path_role role, struct event_path *ret)
{
	const struct wire_mount *r = &ev->rec->mount;
	bool two = r->hdr.call == CALL_MOUNT || r->hdr.call == CALL_MOVE_MOUNT || r->hdr.call == CALL_PIVOT_ROOT;

	if (!r->target.len && !r->target_raw.len)
		return false;
	if (two && role == PATH_OLD)
		*ret = (struct event_path){event_blob(ev, r->source), event_blob(ev, r->source_raw), STR_NONE};
	else if (two ? role == PATH_NEW : role == PATH_ONLY)
		*ret = (struct event_path){event_blob(ev, r->target), event_blob(ev, r->target_raw), event_blob(ev, r->dir)};
	else
		return false;
	return true;
}

bool event_path(const struct field_get *g, enum path_role role, struct event_path *ret)
{
	const struct event *ev = g->ev;
	const union event_record *r = ev->rec;

	switch (get_type(g)) {
	case EVENT_OPEN:
		return role == PATH_ONLY && ONE(ev, r->open, name, raw, dir);
	case EVENT_UNLINK:
		return role == PATH_ONLY && ONE(ev, r->unlink, name, raw, dir);
	case EVENT_CHMOD:
		return role == PATH_ONLY && ONE(ev, r->chmod, name, raw, dir);
	case EVENT_CHROOT:
		return role == PATH_ONLY && ONE(ev, r->chroot, name, raw, dir);
	case EVENT_MKDIR:
		return role == PATH_ONLY && ONE(ev, r->mkdir, name, raw, dir);
	case EVENT_MKNOD:
		return role == PATH_ONLY && ONE(ev, r->mknod, name, raw, dir);
	case EVENT_CHOWN:
		return role == PATH_ONLY && ONE(ev, r->chown, name, raw, dir);
	case EVENT_XATTR:
		return role == PATH_ONLY && ONE(ev, r->xattr, name, raw, dir);
	case EVENT_TRUNCATE:
		return role == PATH_ONLY && ONE(ev, r->truncate, name, raw, dir);
	case EVENT_UTIME:
		return role == PATH_ONLY && ONE(ev, r->utime, name, raw, dir);
	case EVENT_WRITE:
		*ret = (struct event_path){.name = event_blob(ev, r->write.name)};
		return role == PATH_ONLY;
	case EVENT_COPY:	/* source and target, as of a rename */
		*ret = (struct event_path){.name = event_blob(ev, role == PATH_OLD ? r->copy.in_name : r->copy.out_name)};
		return role == PATH_OLD || role == PATH_NEW;
	case EVENT_RENAME:
		return role == PATH_OLD ? ONE(ev, r->rename, oldname, oldraw, olddir)
					: role == PATH_NEW && ONE(ev, r->rename, newname, newraw, newdir);
	case EVENT_LINK:
		return role == PATH_OLD ? ONE(ev, r->link, oldname, oldraw, olddir)
					: role == PATH_NEW && ONE(ev, r->link, newname, newraw, newdir);
	case EVENT_SYMLINK:
		if (role == PATH_NEW)
			return ONE(ev, r->symlink, name, raw, dir);
		if (role != PATH_OLD)
			return false;
		*ret = (struct event_path){.raw = event_blob(ev, r->symlink.target)};
		return true;
	case EVENT_MOUNT:
		return mount_path(ev, role, ret);
	case EVENT_EXEC:
		*ret = (struct event_path){.name = event_blob(ev, r->exec.exe), .raw = event_blob(ev, r->exec.filename),
					   .dir = event_blob(ev, r->exec.cwd)};
		return role == PATH_ONLY;
	default:
		return false;
	}
}

struct str event_path_absolute(const struct field_get *g, const struct event_path *p)
{
	return p->name.p ? p->name : path_join(g->s, p->dir, p->raw);
}

/* fs.path.* know only what happened: on a failed call they are missing. */
static int fs_path(const struct field_get *g, struct value *v, enum path_role role, bool raw)
{
	struct event_path p;

	if (g->ev->rec->hdr.res < 0 || get_type(g) == EVENT_EXEC || !event_path(g, role, &p))
		return FIELD_MISSING;
	if (raw)
		return put_str(v, p.raw);
	return put_str(v, event_path_absolute(g, &p));
}

/* The original calls the old path the source, but of a link the new name. */
static enum path_role role_of(const struct field_get *g, bool source)
{
	bool link = get_type(g) == EVENT_LINK || get_type(g) == EVENT_SYMLINK;

	return source == link ? PATH_NEW : PATH_OLD;
}

int get_fs_path_name(const struct field_get *g, struct value *v)
{
	return fs_path(g, v, PATH_ONLY, false);
}

int get_fs_path_nameraw(const struct field_get *g, struct value *v)
{
	return fs_path(g, v, PATH_ONLY, true);
}

int get_fs_path_source(const struct field_get *g, struct value *v)
{
	return fs_path(g, v, role_of(g, true), false);
}

int get_fs_path_sourceraw(const struct field_get *g, struct value *v)
{
	return fs_path(g, v, role_of(g, true), true);
}

int get_fs_path_target(const struct field_get *g, struct value *v)
{
	return fs_path(g, v, role_of(g, false), false);
}

int get_fs_path_targetraw(const struct field_get *g, struct value *v)
{
	return fs_path(g, v, role_of(g, false), true);
}

/* One field for outputs of rules over several calls: fs.path.* are each missing for some. */
int get_evt_path(const struct field_get *g, struct value *v)
{
	struct event_path old, new;
	struct str from, to;
	struct text t;

	if (event_path(g, PATH_ONLY, &old))
		return put_str(v, event_path_absolute(g, &old));
	if (!event_path(g, PATH_OLD, &old) || !event_path(g, PATH_NEW, &new))
		return FIELD_MISSING;
	from = get_type(g) == EVENT_SYMLINK || (get_type(g) == EVENT_MOUNT && !old.name.p) ? old.raw : event_path_absolute(g, &old);
	to = event_path_absolute(g, &new);
	t = text_begin(g->s);
	text_str(&t, from);
	text_puts(&t, " -> ");
	text_str(&t, to);
	return put_str(v, text_view(&t));
}

int get_evt_abspath(const struct field_get *g, struct value *v)
{
	enum path_role role = PATH_ONLY;
	struct event_path p;

	if (str_eq(g->ref->arg, STR("src")))
		role = PATH_OLD;
	else if (str_eq(g->ref->arg, STR("dst")))
		role = PATH_NEW;
	if (get_type(g) == EVENT_EXEC || !event_path(g, role, &p))
		return FIELD_MISSING;
	return put_str(v, event_path_absolute(g, &p));
}
