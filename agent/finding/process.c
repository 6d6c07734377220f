/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process
 *
 * Who did it, and the ancestors from the parent upwards, as the process table
 * has them at this moment.
 */
#include "enrich/process.h"
#include "finding/build.h"

static uint64_t wall(const struct build *b, uint64_t boot)
{
	return boot ? boot + b->c->boot_offset : 0;
}

static void build_start(struct build *b, char **dst, uint64_t start)
{
	if (start)
		build_time(b, dst, wall(b, start));
}

static void build_image(struct build *b, Noroshi__V1__Process *p, const struct image *i)
{
	build_text(b, &p->name, i->comm, FINDING_TEXT_MAX);
	build_text(b, &p->exe_path, i->exepath, FINDING_TEXT_MAX);
	build_text(b, &p->cmdline, i->cmdline, FINDING_TEXT_MAX);
	build_text(b, &p->cwd, i->cwd, FINDING_TEXT_MAX);
	p->exe_memfd = i->flags & EXE_MEMFD;
	p->exe_upper_layer = i->flags & EXE_UPPER;
	build_text(b, &p->script, i->script, FINDING_TEXT_MAX);
	p->script_upper_layer = i->script_flags & EXE_UPPER;
}

static void build_writer(struct build *b, Noroshi__V1__Process *p, const struct image_writer *from)
{
	Noroshi__V1__ExeWriter *w;

	if (!from->pid || !BUILD_MESSAGE(b, w, exe_writer))
		return;
	p->exe_writer = w;
	w->pid = from->pid;
	build_text(b, &w->name, from->name, FINDING_TEXT_MAX);
	build_text(b, &w->exe_path, from->exepath, FINDING_TEXT_MAX);
	build_text(b, &w->cmdline, from->cmdline, FINDING_TEXT_MAX);
	build_time(b, &w->time, wall(b, from->time));
	build_process_uuid(b, &w->uuid, from->pid, from->start);
}

static Noroshi__V1__Ancestor *build_ancestor(struct build *b, const struct process *p)
{
	Noroshi__V1__Ancestor *a;

	if (!BUILD_MESSAGE(b, a, ancestor))
		return NULL;
	BUILD_SET(a, ANCESTOR, PID, pid, p->pid);
	if (p->vpid)
		BUILD_SET(a, ANCESTOR, NS_PID, ns_pid, p->vpid);
	if (!p->partial || p->image) {	/* of a row made up from a child's record nothing else is known */
		BUILD_SET(a, ANCESTOR, UID, uid, p->uid);
		BUILD_SET(a, ANCESTOR, EUID, euid, p->euid);
	}
	if (p->image) {
		build_text(b, &a->name, p->image->comm, ANCESTOR_TEXT_MAX);
		build_text(b, &a->exe_path, p->image->exepath, ANCESTOR_TEXT_MAX);
		build_text(b, &a->cmdline, p->image->cmdline, ANCESTOR_TEXT_MAX);
	}
	build_start(b, &a->start_time, p->start);
	build_process_uuid(b, &a->uuid, p->pid, p->start);
	if (p->parent)
		build_process_uuid(b, &a->parent_uuid, p->parent->pid, p->parent->start);
	return a;
}

static void build_lineage(struct build *b, Noroshi__V1__Process *p, const struct process *row)
{
	size_t n = 0;

	for (const struct process *a = row->parent; a && n < LINEAGE_MAX; a = a->parent)
		n++;
	if (!n)
		return;
	p->lineage = build_alloc(b, n * sizeof(*p->lineage));
	if (!p->lineage)
		return;
	for (const struct process *a = row->parent; a && p->n_lineage < n; a = a->parent) {
		p->lineage[p->n_lineage] = build_ancestor(b, a);
		if (!p->lineage[p->n_lineage])
			return;
		p->n_lineage++;
	}
}

/* What only the process table knows. */
static void build_row(struct build *b, Noroshi__V1__Process *p, const struct process *row)
{
	const struct image *i = process_image(row, b->ev->rec->hdr.exec_id);

	if (i) {
		build_image(b, p, i);
		build_writer(b, p, &i->writer);
	}
	if (!row->partial) {
		if (row->loginuid != UINT32_MAX)
			BUILD_SET(p, PROCESS, LOGIN_UID, login_uid, row->loginuid);
		if (row->tty)
			BUILD_SET(p, PROCESS, TTY, tty, row->tty);
		if (row->sid)
			BUILD_SET(p, PROCESS, SESSION_ID, session_id, row->sid);
	}
	p->partial = row->partial;
	if (row->parent)
		build_process_uuid(b, &p->parent_uuid, row->parent->pid, row->parent->start);
	build_lineage(b, p, row);
}

void build_process(struct build *b)
{
	const struct wire_hdr *h = &b->ev->rec->hdr;
	Noroshi__V1__Process *p;

	if (h->flags & WIRE_NO_OWNER || !BUILD_MESSAGE(b, p, process))
		return;
	b->f->process = p;
	BUILD_SET(p, PROCESS, PID, pid, h->tgid);
	if (h->vpid)
		BUILD_SET(p, PROCESS, NS_PID, ns_pid, h->vpid);
	BUILD_SET(p, PROCESS, UID, uid, h->uid);
	BUILD_SET(p, PROCESS, EUID, euid, h->euid);
	BUILD_SET(p, PROCESS, GID, gid, h->gid);
	build_start(b, &p->start_time, h->start);
	build_process_uuid(b, &p->uuid, h->tgid, h->start);
	build_field_text(b, BUILD_USER_NAME, &p->user);
	build_field_text(b, BUILD_CAP_EFFECTIVE, &p->capabilities);
	if (b->ev->process)
		build_row(b, p, b->ev->process);
	else
		p->partial = true;
}
