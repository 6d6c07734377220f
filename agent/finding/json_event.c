/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Json event
 *
 * A finding from an event that came as JSON: everything is read through the
 * fields of the rule language, which is all such an event has.
 */
#include "event/attr.h"
#include "finding/build.h"
#include <sys/socket.h>

/* What the arrays of ancestors say, from the parent upwards. */
struct ancestors {
	struct value name[FIELD_VALUES_MAX], exe[FIELD_VALUES_MAX], cmdline[FIELD_VALUES_MAX], pid[FIELD_VALUES_MAX];
	unsigned int names, exes, cmdlines, pids;
};

static void value_text(struct build *b, char **dst, const struct value *v)
{
	char buf[BUILD_VALUE_MAX];

	build_text(b, dst, build_value_text(v, buf), ANCESTOR_TEXT_MAX);
}

static Noroshi__V1__Ancestor *build_ancestor(struct build *b, const struct ancestors *a, unsigned int i)
{
	Noroshi__V1__Ancestor *ret;

	if (!BUILD_MESSAGE(b, ret, ancestor))
		return NULL;
	if (i < a->names)
		value_text(b, &ret->name, &a->name[i]);
	if (i < a->exes)
		value_text(b, &ret->exe_path, &a->exe[i]);
	if (i < a->cmdlines)
		value_text(b, &ret->cmdline, &a->cmdline[i]);
	if (i < a->pids && a->pid[i].type == TYPE_INT && a->pid[i].i >= 0 && a->pid[i].i <= UINT32_MAX)
		BUILD_SET(ret, ANCESTOR, PID, pid, (uint32_t)a->pid[i].i);
	return ret;
}

static unsigned int list_or_parent(struct build *b, enum build_field list, enum build_field parent,
				   struct value v[FIELD_VALUES_MAX])
{
	unsigned int n = build_field_list(b, list, v);

	return n ? n : build_field(b, parent, &v[0]);
}

static void build_writer(struct build *b, Noroshi__V1__Process *p)
{
	Noroshi__V1__ExeWriter *w;
	struct str name;

	if (!build_field_has_text(b, BUILD_PROC_WRITER_NAME, &name) || !BUILD_MESSAGE(b, w, exe_writer))
		return;
	p->exe_writer = w;
	build_text(b, &w->name, name, FINDING_TEXT_MAX);
	build_field_u32(b, BUILD_PROC_WRITER_PID, &w->pid);
	build_field_text(b, BUILD_PROC_WRITER_EXEPATH, &w->exe_path);
	build_field_text(b, BUILD_PROC_WRITER_CMDLINE, &w->cmdline);
}

static void build_lineage(struct build *b, Noroshi__V1__Process *p)
{
	struct ancestors a;
	unsigned int n;

	a.names = list_or_parent(b, BUILD_PROC_ANAME, BUILD_PROC_PNAME, a.name);
	a.exes = list_or_parent(b, BUILD_PROC_AEXEPATH, BUILD_PROC_PEXEPATH, a.exe);
	a.cmdlines = list_or_parent(b, BUILD_PROC_ACMDLINE, BUILD_PROC_PCMDLINE, a.cmdline);
	a.pids = list_or_parent(b, BUILD_PROC_APID, BUILD_PROC_PPID, a.pid);
	n = a.names;
	n = a.exes > n ? a.exes : n;
	n = a.cmdlines > n ? a.cmdlines : n;
	n = a.pids > n ? a.pids : n;
	n = n > LINEAGE_MAX ? LINEAGE_MAX : n;
	if (!n)
		return;
	p->lineage = build_alloc(b, n * sizeof(*p->lineage));
	for (unsigned int i = 0; p->lineage && i < n; i++) {
		Noroshi__V1__Ancestor *one = build_ancestor(b, &a, i);

		if (!one)
			return;
		p->lineage[p->n_lineage++] = one;
	}
}

static void build_ids(struct build *b, Noroshi__V1__Process *p)
{
	uint32_t u;

	if (build_field_u32(b, BUILD_PROC_PID, &u))
		BUILD_SET(p, PROCESS, PID, pid, u);
	if (build_field_u32(b, BUILD_PROC_VPID, &u))
		BUILD_SET(p, PROCESS, NS_PID, ns_pid, u);
	if (build_field_u32(b, BUILD_USER_UID, &u))
		BUILD_SET(p, PROCESS, UID, uid, u);
	if (build_field_u32(b, BUILD_GROUP_GID, &u))
		BUILD_SET(p, PROCESS, GID, gid, u);
	if (build_field_u32(b, BUILD_USER_LOGINUID, &u) && u != UINT32_MAX)
		BUILD_SET(p, PROCESS, LOGIN_UID, login_uid, u);
	if (build_field_u32(b, BUILD_PROC_TTY, &u) && u)
		BUILD_SET(p, PROCESS, TTY, tty, u);
	if (build_field_u32(b, BUILD_PROC_SID, &u))
		BUILD_SET(p, PROCESS, SESSION_ID, session_id, u);
}

static void build_json_process(struct build *b)
{
	Noroshi__V1__Process *p;

	if (!BUILD_MESSAGE(b, p, process))
		return;
	b->f->process = p;
	build_ids(b, p);
	build_field_text(b, BUILD_PROC_NAME, &p->name);
	build_field_text(b, BUILD_PROC_EXEPATH, &p->exe_path);
	build_field_text(b, BUILD_PROC_CMDLINE, &p->cmdline);
	build_field_text(b, BUILD_PROC_CWD, &p->cwd);
	build_field_text(b, BUILD_USER_NAME, &p->user);
	build_field_text(b, BUILD_CAP_EFFECTIVE, &p->capabilities);
	p->exe_memfd = build_field_true(b, BUILD_PROC_MEMFD);
	p->exe_upper_layer = build_field_true(b, BUILD_PROC_UPPER);
	build_field_text(b, BUILD_PROC_SCRIPT, &p->script);
	p->script_upper_layer = build_field_true(b, BUILD_PROC_SCRIPT_UPPER);
	build_writer(b, p);
	build_lineage(b, p);
}

static void build_json_container(struct build *b)
{
	Noroshi__V1__Container *c;
	struct str id;

	if (!build_field_has_text(b, BUILD_CONTAINER_ID, &id) || str_eq(id, STR("host")) ||
	    !BUILD_MESSAGE(b, c, container))
		return;
	b->f->container = c;
	build_text(b, &c->id, id, FINDING_TEXT_MAX);
	build_field_text(b, BUILD_CONTAINER_NAME, &c->name);
	build_field_text(b, BUILD_CONTAINER_IMAGE, &c->image);
	build_field_text(b, BUILD_CONTAINER_DIGEST, &c->image_digest);
	build_field_text(b, BUILD_CONTAINER_TYPE, &c->runtime);
}

static void build_json_ecs(struct build *b)
{
	Noroshi__V1__Ecs *e;

	if (!BUILD_MESSAGE(b, e, ecs))
		return;
	build_field_text(b, BUILD_ECS_CLUSTER, &e->cluster);
	build_field_text(b, BUILD_ECS_CLUSTER_ARN, &e->cluster_arn);
	build_field_text(b, BUILD_ECS_SERVICE, &e->service);
	build_field_text(b, BUILD_ECS_TASK_ID, &e->task_id);
	build_field_text(b, BUILD_ECS_TASK_ARN, &e->task_arn);
	build_field_text(b, BUILD_ECS_FAMILY, &e->family);
	build_field_text(b, BUILD_ECS_REVISION, &e->revision);
	build_field_text(b, BUILD_ECS_CONTAINER, &e->container_name);
	build_field_text(b, BUILD_ECS_LAUNCH_TYPE, &e->launch_type);
	build_field_text(b, BUILD_ECS_STARTED_BY, &e->started_by);
	if (noroshi__v1__ecs__get_packed_size(e))
		b->f->ecs = e;
	else
		noroshi__v1__ecs__free_unpacked(e, NULL);
}

static void address(struct build *b, enum build_field field, char **ip)
{
	struct value v;

	if (build_field(b, field, &v) && (v.type == TYPE_IP || v.type == TYPE_NET))
		build_field_text(b, field, ip);
}

static void build_json_network(struct build *b)
{
	bool connect = b->ev->call == CALL_CONNECT;
	bool accept = b->ev->call == CALL_ACCEPT || b->ev->call == CALL_ACCEPT4;
	Noroshi__V1__Network *n;
	uint32_t port;

	if (!BUILD_MESSAGE(b, n, network))
		return;
	build_field_text(b, BUILD_FD_L4, &n->protocol);
	/* Where the event does not say which end is ours, the call does. */
	address(b, connect ? BUILD_FD_CIP : accept ? BUILD_FD_SIP : BUILD_FD_LIP, &n->local_ip);
	address(b, connect ? BUILD_FD_SIP : accept ? BUILD_FD_CIP : BUILD_FD_RIP, &n->remote_ip);
	if (!n->local_ip[0])
		address(b, BUILD_FD_LIP, &n->local_ip);
	if (!n->remote_ip[0])
		address(b, BUILD_FD_RIP, &n->remote_ip);
	if (build_field_u32(b, connect ? BUILD_FD_CPORT : accept ? BUILD_FD_SPORT : BUILD_FD_LPORT, &port))
		BUILD_SET(n, NETWORK, LOCAL_PORT, local_port, port);
	if (build_field_u32(b, connect ? BUILD_FD_SPORT : accept ? BUILD_FD_CPORT : BUILD_FD_RPORT, &port))
		BUILD_SET(n, NETWORK, REMOTE_PORT, remote_port, port);
	build_field_text(b, BUILD_FD_RNAME, &n->remote_name);
	if (!noroshi__v1__network__get_packed_size(n)) {
		noroshi__v1__network__free_unpacked(n, NULL);
		return;
	}
	b->f->network = n;
	if (n->local_ip[0] || n->remote_ip[0])
		build_text(b, &n->family, strchr(n->remote_ip[0] ? n->remote_ip : n->local_ip, ':') ? STR("ipv6") :
			   STR("ipv4"), 8);
	if (connect || accept || b->ev->call == CALL_LISTEN)
		build_text(b, &n->direction, connect ? STR("outbound") : accept ? STR("inbound") : STR("listening"), 16);
}

static void build_json_file(struct build *b)
{
	static const char *const operations[EVENT_MAX] = {
		[EVENT_OPEN] = "open", [EVENT_RENAME] = "rename", [EVENT_UNLINK] = "delete",
		[EVENT_LINK] = "link", [EVENT_SYMLINK] = "symlink", [EVENT_CHMOD] = "chmod",
		[EVENT_MKDIR] = "mkdir", [EVENT_MKNOD] = "mknod", [EVENT_CHOWN] = "chown", [EVENT_XATTR] = "xattr",
		[EVENT_TRUNCATE] = "truncate", [EVENT_UTIME] = "utime", [EVENT_WRITE] = "write",
		[EVENT_COPY] = "copy",
	};
	const char *operation = b->ev->call != CALL_NONE ? operations[call_table[b->ev->call].type] : NULL;
	bool two = operation && (operation[0] == 'r' || operation[0] == 'l' || operation[0] == 's' ||
				 !strcmp(operation, "copy"));
	Noroshi__V1__File *f;

	if (!operation || !BUILD_MESSAGE(b, f, file))
		return;
	b->f->file = f;
	build_text(b, &f->operation, str(operation), 16);
	/* The source of a rename is the old path, that of a link the new one (the rule language's words). */
	build_field_text(b, two ? BUILD_FS_SOURCE : BUILD_FS_NAME, &f->path);
	if (two)
		build_field_text(b, BUILD_FS_TARGET, &f->target_path);
	if (!f->path[0])
		build_field_text(b, BUILD_FD_NAME, &f->path);
	build_field_text(b, BUILD_FD_NAMERAW, &f->path_raw);
	build_field_text(b, BUILD_EVT_FLAGS, &f->flags);
	build_field_text(b, BUILD_EVT_MODE, &f->mode);
}

static void build_json_dns(struct build *b)
{
	struct value v[FIELD_VALUES_MAX];
	Noroshi__V1__Dns *d;
	struct str text;
	unsigned int n;

	if (!build_field_has_text(b, BUILD_DNS_QNAME, &text) || !BUILD_MESSAGE(b, d, dns))
		return;
	b->f->dns = d;
	build_text(b, &d->qname, text, FINDING_TEXT_MAX);
	build_field_text(b, BUILD_DNS_QTYPE, &d->qtype);
	build_field_text(b, BUILD_DNS_RCODE, &d->rcode);
	d->response = build_field_has_text(b, BUILD_DNS_QR, &text) && str_eq(text, STR("response"));
	n = build_field_list(b, BUILD_DNS_ANSWERS, v);
	if (!n)
		return;
	d->answers = build_alloc(b, n * sizeof(*d->answers));
	for (unsigned int i = 0; d->answers && i < n; i++) {
		char *one = NULL;

		value_text(b, &one, &v[i]);
		if (one)
			d->answers[d->n_answers++] = one;
	}
}

void build_json_event(struct build *b)
{
	Noroshi__V1__Event *e = b->f->event;
	struct value v;

	build_field_text(b, BUILD_EVT_TYPE, &e->type);
	if (build_field(b, BUILD_EVT_RAWRES, &v) && v.type == TYPE_INT && v.i >= INT32_MIN && v.i <= INT32_MAX)
		BUILD_SET(e, EVENT, RESULT, result, (int32_t)v.i);
	build_field_text(b, BUILD_EVT_RES, &e->result_text);
	build_field_text(b, BUILD_EVT_NAME_SOURCE, &e->name_source);
	e->io_uring = build_field_true(b, BUILD_EVT_IO_URING);
	e->compat = build_field_true(b, BUILD_EVT_COMPAT);
	build_json_process(b);
	build_json_container(b);
	build_json_ecs(b);
	build_json_network(b);
	build_json_file(b);
	build_json_dns(b);
	b->f->attribution = b->f->container && !b->f->ecs ? NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PARTIAL :
							    NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED;
	if (b->f->container && !b->f->ecs)
		build_text(b, &b->f->attribution_reason, STR("the event names no task"), FINDING_TEXT_MAX);
}
