/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/container.h"
#include "finding_event.h"
#include "event/dns.h"
#include "event/json.h"
#include "finding/target.h"
#include <unistd.h>

static struct record rec;
static struct fake_engine engine = {.engine = {&fake_ops}, .output = "shell\n\x1b[31m of nginx \xff"};
static const struct match match = {.engine = &engine.engine, .rule = &fake_rule};

static struct container web = {.cgroup = 7, .runtime = "docker", .cluster = "prod", .path = "/ecs/prod/x",
			       .id = "3ad7b26ded6d0000000000000000000000000000000000000000000000000000",
			       .task_id = "0123456789abcdef0123456789abcdef"};

static struct image images[3] = {
	{.exec_id = 2, .comm = STR("bash"), .exepath = STR("/bin/bash"), .cwd = STR("/tmp/"), .cmdline = STR("bash -i"),
	 .flags = EXE_UPPER | EXE_MEMFD},
	{.exec_id = 5, .comm = STR("nginx"), .exepath = STR("/usr/sbin/nginx"), .cmdline = STR("nginx")},
	{.exec_id = 1, .comm = STR("systemd"), .exepath = STR("/sbin/init"), .cmdline = STR("init")},
};
static struct process processes[3] = {
	{.pid = 4711, .vpid = 12, .start = 90 * SECOND, .sid = 4000, .tty = 34817, .loginuid = 1001, .parent = &processes[1],
	 .image = &images[0]},
	{.pid = 4000, .vpid = 1, .start = 80 * SECOND, .parent = &processes[2], .image = &images[1], .uid = 33, .euid = 33},
	{.pid = 1, .start = 1 * SECOND, .image = &images[2], .uid = 0, .loginuid = UINT32_MAX},
};

static Noroshi__V1__Finding *make(struct event *ev)
{
	Noroshi__V1__Finding *f = finding_new(&context, ev, &match);

	ck_assert_ptr_nonnull(f);
	return f;
}

static struct event connect_event(void)
{
	struct event ev;

	RECORD(&rec, CONNECT, CONNECT, connect);
	rec.r.connect.family = AF_INET;
	rec.r.connect.type = 1;
	rec.r.connect.protocol = 6;
	rec.r.connect.local = ip4("172.17.0.2", 40000);
	rec.r.connect.peer = ip4("10.9.8.7", 4444);
	rec.r.hdr.res = -115;
	ev = record_event(&rec);
	ev.process = &processes[0];
	ev.container = &web;
	ev.peer_name = STR("evil.example");
	return ev;
}

START_TEST(rule_and_event_are_there)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);

	ck_assert_uint_eq(strlen(f->id), 36);
	ck_assert_uint_eq(f->revision, 1);
	ck_assert_uint_eq(f->sequence, 0);
	ck_assert_uint_eq(f->count, 1);
	ck_assert_str_eq(f->rule, "Reverse shell");
	ck_assert_str_eq(f->type, "Execution:Runtime/ReverseShell");
	ck_assert_int_eq(f->severity, NOROSHI__V1__SEVERITY__SEVERITY_HIGH);
	ck_assert_uint_eq(f->severity_score, 8);
	ck_assert_str_eq(f->priority, "Critical");
	ck_assert_str_eq(f->remedy, "stop it");
	ck_assert_uint_eq(f->n_tags, 2);
	ck_assert_str_eq(f->tags[1], "shell");
	ck_assert_uint_eq(f->n_mitre, 1);
	ck_assert_str_eq(f->time, "2023-11-14T22:13:20.000000000Z");
	ck_assert_str_eq(f->last_seen, f->time);
	ck_assert_str_eq(f->output, "shell\n\x1b[31m of nginx \xef\xbf\xbd");
	ck_assert_str_eq(f->host->name, "host-a");
	ck_assert_str_eq(f->agent_version, "1.2.3");
	ck_assert_str_eq(f->ruleset_digest, "abc");
	ck_assert_str_eq(f->event->type, "connect");
	ck_assert_uint_eq(f->event->number, 7);
	ck_assert_int_eq(f->event->result, -115);
	ck_assert_str_eq(f->event->result_text, "EINPROGRESS");
	finding_free(f);
}
END_TEST

START_TEST(which_host)
{
	static struct host_facts facts;
	struct finding_context c = context;
	Noroshi__V1__Finding *f;

	c.host = &facts;
	f = finding_internal(&c, "r", "t", 5, "o");
	ck_assert_str_eq(f->host->account, "");
	finding_free(f);
	host_fix(&facts, HOST_ACCOUNT, "111122223333");
	host_fix(&facts, HOST_REGION, "2");
	host_fix(&facts, HOST_ZONE, "3");
	host_fix(&facts, HOST_INSTANCE_ID, "i-4");
	host_fix(&facts, HOST_INSTANCE_TYPE, "5");
	host_fix(&facts, HOST_AMI, "ami-6");
	host_fix(&facts, HOST_ORG_PATH, "o-abc/r-xyz");
	f = finding_internal(&c, "r", "t", 5, "o");
	ck_assert_str_eq(f->host->name, "host-a");
	ck_assert_str_eq(f->host->account, "111122223333");
	ck_assert_str_eq(f->host->region, "2");
	ck_assert_str_eq(f->host->zone, "3");
	ck_assert_str_eq(f->host->instance_id, "i-4");
	ck_assert_str_eq(f->host->instance_type, "5");
	ck_assert_str_eq(f->host->ami, "ami-6");
	ck_assert_str_eq(f->host->org_path, "o-abc/r-xyz");
	finding_free(f);
}
END_TEST

START_TEST(evidence_is_listed)
{
	static const char *const expected[][2] = {
		{"proc.name", "ba\xef\xbf\xbdsh"}, {"evt.rawres", "-7"}, {"proc.aname", "one, two"},
		{"evt.is_open_write", "true"}, {"fd.sip", "10.0.0.1"},
	};
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);

	ck_assert_uint_eq(f->event->n_fields, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ck_assert_str_eq(f->event->fields[i]->name, expected[i][0]);
		ck_assert_str_eq(f->event->fields[i]->value, expected[i][1]);
	}
	finding_free(f);
}
END_TEST

START_TEST(who_wrote_the_program)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f;

	images[0].writer = (struct image_writer){
		.pid = 77, .start = 50 * SECOND, .time = 90 * SECOND, .name = STR("curl"), .exepath = STR("/usr/bin/curl"),
		.cmdline = STR("curl -o x"),
	};
	images[0].script = STR("/srv/run.sh");
	images[0].script_flags = EXE_UPPER;
	f = make(&ev);
	ck_assert_str_eq(f->process->script, "/srv/run.sh");
	ck_assert(f->process->script_upper_layer);
	ck_assert_ptr_nonnull(f->process->exe_writer);
	ck_assert_uint_eq(f->process->exe_writer->pid, 77);
	ck_assert_str_eq(f->process->exe_writer->name, "curl");
	ck_assert_str_eq(f->process->exe_writer->exe_path, "/usr/bin/curl");
	ck_assert_str_eq(f->process->exe_writer->cmdline, "curl -o x");
	ck_assert_uint_eq(strlen(f->process->exe_writer->uuid), 36);
	ck_assert_uint_eq(strlen(f->process->exe_writer->time), 30);
	finding_free(f);
	images[0].writer = (struct image_writer){};
	images[0].script = (struct str){};
	images[0].script_flags = 0;
}
END_TEST

START_TEST(process_and_lineage)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev), *again = make(&ev);
	Noroshi__V1__Process *p = f->process;

	ck_assert_uint_eq(p->pid, 4711);
	ck_assert_uint_eq(p->ns_pid, 12);
	ck_assert_str_eq(p->name, "bash");
	ck_assert_str_eq(p->exe_path, "/bin/bash");
	ck_assert_str_eq(p->cmdline, "bash -i");
	ck_assert_str_eq(p->cwd, "/tmp/");
	ck_assert_uint_eq(p->uid, 1000);
	ck_assert_int_eq(p->euid_value_case, NOROSHI__V1__PROCESS__EUID_VALUE_EUID);	/* 0 is a value */
	ck_assert_uint_eq(p->euid, 0);
	ck_assert_uint_eq(p->gid, 100);
	ck_assert_uint_eq(p->login_uid, 1001);
	ck_assert_uint_eq(p->tty, 34817);
	ck_assert_uint_eq(p->session_id, 4000);
	ck_assert_str_eq(p->start_time, "2023-11-14T22:13:10.000000000Z");
	ck_assert(p->exe_memfd && p->exe_upper_layer && !p->partial);
	ck_assert_ptr_null(p->exe_writer);
	ck_assert_uint_eq(p->n_lineage, 2);
	ck_assert_uint_eq(p->lineage[0]->pid, 4000);
	ck_assert_str_eq(p->lineage[0]->name, "nginx");
	ck_assert_uint_eq(p->lineage[0]->uid, 33);
	ck_assert_str_eq(p->lineage[1]->exe_path, "/sbin/init");
	ck_assert_str_eq(p->parent_uuid, p->lineage[0]->uuid);
	ck_assert_str_eq(p->lineage[0]->parent_uuid, p->lineage[1]->uuid);
	ck_assert_str_eq(p->lineage[1]->parent_uuid, "");
	ck_assert_str_eq(p->uuid, again->process->uuid);
	ck_assert_str_ne(p->uuid, p->parent_uuid);
	ck_assert_str_ne(f->id, again->id);
	finding_free(again);
	finding_free(f);
}
END_TEST

START_TEST(an_unknown_process_is_partial)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f;

	ev.process = NULL;
	f = make(&ev);
	ck_assert_uint_eq(f->process->pid, 4711);
	ck_assert_uint_eq(f->process->ns_pid, 12);
	ck_assert_uint_eq(f->process->uid, 1000);
	ck_assert(f->process->partial);
	ck_assert_uint_eq(f->process->n_lineage, 0);
	finding_free(f);
}
END_TEST

START_TEST(lineage_is_bounded)
{
	static struct process loop;
	struct event ev = connect_event();
	Noroshi__V1__Finding *f;

	loop = (struct process){.pid = 5, .parent = &loop};	/* must not happen, must not hang */
	ev.process = &loop;
	f = make(&ev);
	ck_assert_uint_eq(f->process->n_lineage, LINEAGE_MAX);
	finding_free(f);
}
END_TEST

START_TEST(container_task_and_attribution)
{
	struct container half = web;
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);

	ck_assert_str_eq(f->container->id, web.id);
	ck_assert_str_eq(f->container->runtime, "docker");
	ck_assert_str_eq(f->ecs->task_id, web.task_id);
	ck_assert_str_eq(f->ecs->cluster, "prod");
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PARTIAL);	/* name and image are not known */
	finding_free(f);

	half.task_id[0] = half.cluster[0] = 0;
	ev.container = &half;
	f = make(&ev);
	ck_assert_ptr_null(f->ecs);
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PARTIAL);
	ck_assert_str_ne(f->attribution_reason, "");
	finding_free(f);

	ev.container = NULL;
	f = make(&ev);
	ck_assert_ptr_null(f->container);
	ck_assert_ptr_null(f->ecs);
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED);
	finding_free(f);
}
END_TEST

/* As a runtime's answer changes it: what is known replaces what the path said, and nothing that is known is lost. */
START_TEST(container_is_told_later)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);
	struct workload *w = workload_new();
	struct workload_row row = {.runtime = "docker", .known = w, .state = WORKLOAD_PENDING, .why = "not known: image"};

	strcpy(row.id, web.id);
	strcpy(row.task_id, web.task_id);
	workload_say(w, WORKLOAD_NAME, STR("ecs-web-42-web-9ae8"));
	ck_assert(workload_say_task_arn(w, STR("arn:aws:ecs:eu-west-1:111122223333:task/live/0123456789abcdef0123456789abcdef")));
	finding_say_container(f, &row);
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PENDING);
	ck_assert_str_eq(f->attribution_reason, "not known: image");
	ck_assert_str_eq(f->container->name, "ecs-web-42-web-9ae8");
	ck_assert_str_ne(f->container->cgroup_path, "");
	ck_assert_str_eq(f->ecs->cluster, "live");
	ck_assert_str_eq(f->ecs->cluster_arn, "arn:aws:ecs:eu-west-1:111122223333:cluster/live");

	workload_say(w, WORKLOAD_IMAGE, STR("web:1.8"));
	workload_say_flag(w, WORKLOAD_PRIVILEGED, true);
	row.state = WORKLOAD_RESOLVED;
	row.why[0] = 0;
	finding_say_container(f, &row);
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED);
	ck_assert_str_eq(f->attribution_reason, "");
	ck_assert_str_eq(f->container->image, "web:1.8");
	ck_assert(f->container->privileged);
	finding_free(f);
	workload_free(w);
}
END_TEST

START_TEST(untold_findings_say_so)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);

	finding_say_untold(f, "no room");
	ck_assert_str_ne(f->attribution_reason, "no room");	/* it was not waiting */
	f->attribution = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PENDING;
	finding_say_untold(f, "no room");
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PARTIAL);
	ck_assert_str_eq(f->attribution_reason, "no room");
	finding_free(f);
}
END_TEST

START_TEST(network_of_each_call)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);

	ck_assert_str_eq(f->network->protocol, "tcp");
	ck_assert_str_eq(f->network->family, "ipv4");
	ck_assert_str_eq(f->network->direction, "outbound");
	ck_assert_str_eq(f->network->local_ip, "172.17.0.2");
	ck_assert_uint_eq(f->network->local_port, 40000);
	ck_assert_str_eq(f->network->remote_ip, "10.9.8.7");
	ck_assert_uint_eq(f->network->remote_port, 4444);
	ck_assert_str_eq(f->network->remote_name, "evil.example");
	ck_assert_ptr_null(f->file);
	finding_free(f);

	RECORD(&rec, LISTEN, LISTEN, listen);
	rec.r.listen.family = AF_INET;
	rec.r.listen.type = 1;
	rec.r.listen.local = ip4("0.0.0.0", 0);
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->network->direction, "listening");
	ck_assert_str_eq(f->network->protocol, "tcp");
	ck_assert_int_eq(f->network->local_port_value_case, NOROSHI__V1__NETWORK__LOCAL_PORT_VALUE_LOCAL_PORT);
	ck_assert_str_eq(f->network->remote_ip, "");
	ck_assert_int_eq(f->network->remote_port_value_case, 0);
	finding_free(f);

	RECORD(&rec, DUP, DUP2, dup);
	rec.r.dup.fd_type = FD_FILE;
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_ptr_null(f->network);
	finding_free(f);

	RECORD(&rec, DUP, DUP2, dup);
	rec.r.dup.fd_type = FD_IPV4;
	rec.r.dup.type = 1;
	rec.r.dup.peer = ip4("10.9.8.7", 4444);
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->network->remote_ip, "10.9.8.7");
	ck_assert_str_eq(f->network->protocol, "tcp");
	finding_free(f);

	RECORD(&rec, EXEC, EXECVE, exec);
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_ptr_null(f->network);
	finding_free(f);
	RECORD(&rec, EXEC, EXECVE, exec);
	rec.r.exec.std_peer = ip4("10.9.8.7", 4444);
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->network->remote_ip, "10.9.8.7");
	ck_assert_str_eq(f->event->name_source, "kernel");
	ck_assert_str_eq(f->event->result_text, "SUCCESS");
	finding_free(f);
}
END_TEST

START_TEST(files)
{
	struct event ev;
	Noroshi__V1__Finding *f;

	RECORD(&rec, OPEN, OPENAT, open);
	rec.r.open.flags = 0101;	/* O_WRONLY|O_CREAT */
	rec.r.open.file_flags = FILE_CREATED;
	rec.r.open.file_mode = 0100644;
	rec.r.open.ino = 42;
	rec.r.open.dev = 259;
	record_text(&rec, &rec.r.open.name, "/etc/\xff" "cron.d/x");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/etc/\xef\xbf\xbd" "cron.d/x");
	ck_assert_str_eq(f->file->operation, "create");
	ck_assert_str_eq(f->file->mode, "0644");
	ck_assert_double_eq(f->file->inode, 42);
	ck_assert_uint_eq(f->file->device, 259);
	ck_assert_str_eq(f->event->name_source, "kernel");
	finding_free(f);

	RECORD(&rec, OPEN, OPENAT, open);
	rec.r.hdr.res = -2;
	rec.r.hdr.flags = WIRE_NAME_USER;
	record_text(&rec, &rec.r.open.raw, "../b//./c");
	record_text(&rec, &rec.r.open.dir, "/srv/a");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/srv/b/c");
	ck_assert_str_eq(f->file->path_raw, "../b//./c");
	ck_assert_str_eq(f->file->operation, "open");
	ck_assert_str_eq(f->event->name_source, "user");
	ck_assert_str_eq(f->event->result_text, "ENOENT");
	ck_assert_int_eq(f->file->inode_value_case, 0);
	finding_free(f);

	RECORD(&rec, OPEN, OPEN, open);
	rec.r.hdr.res = -2;
	record_text(&rec, &rec.r.open.raw, "/../../..");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/");
	finding_free(f);

	/* A descriptor that is no directory. */
	RECORD(&rec, OPEN, OPENAT, open);
	rec.r.hdr.res = -20;
	record_text(&rec, &rec.r.open.raw, "a/b");
	record_text(&rec, &rec.r.open.dir, "memfd:x");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "a/b");
	finding_free(f);
}
END_TEST

START_TEST(two_files)
{
	static char text[TARGET_PATH_MAX - 3];
	struct event ev;
	Noroshi__V1__Finding *f;

	/* Texts that fill the room to its end; a folder that is none, whose text begins with no slash. */
	memset(text, 'a', sizeof(text));
	for (int i = 0; i < 2; i++) {
		text[0] = i ? 'm' : '/';
		RECORD(&rec, LINK, LINK, link);
		rec.r.hdr.res = -20;
		record_text(&rec, &rec.r.link.newname, "/x");
		record_blob(&rec, &rec.r.link.oldraw, "bb", 2);
		record_blob(&rec, &rec.r.link.olddir, text, sizeof(text));
		ev = record_event(&rec);
		f = make(&ev);
		ck_assert_uint_eq(strlen(f->file->target_path), i ? 2 : sizeof(text) + 3);
		finding_free(f);
	}

	RECORD(&rec, RENAME, RENAME, rename);
	record_text(&rec, &rec.r.rename.oldname, "/a");
	record_text(&rec, &rec.r.rename.newname, "/b");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/a");
	ck_assert_str_eq(f->file->target_path, "/b");
	ck_assert_str_eq(f->file->operation, "rename");
	finding_free(f);

	RECORD(&rec, LINK, LINK, link);
	record_text(&rec, &rec.r.link.oldname, "/etc/shadow");
	record_text(&rec, &rec.r.link.newname, "/tmp/x");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/tmp/x");
	ck_assert_str_eq(f->file->target_path, "/etc/shadow");
	finding_free(f);

	RECORD(&rec, SYMLINK, SYMLINK, symlink);
	record_text(&rec, &rec.r.symlink.target, "/etc/shadow");
	record_text(&rec, &rec.r.symlink.name, "/tmp/y");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/tmp/y");
	ck_assert_str_eq(f->file->target_path, "/etc/shadow");
	finding_free(f);

	RECORD(&rec, CHMOD, FCHMODAT, chmod);
	rec.r.chmod.mode = 04755;
	record_text(&rec, &rec.r.chmod.name, "/tmp/su");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->mode, "4755");
	ck_assert_str_eq(f->file->operation, "chmod");
	finding_free(f);

	RECORD(&rec, UNLINK, UNLINK, unlink);
	record_text(&rec, &rec.r.unlink.name, "/var/log/auth.log");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->operation, "delete");
	finding_free(f);
}
END_TEST

START_TEST(dns)
{
	static struct dns_message m;
	struct event ev;
	Noroshi__V1__Finding *f;

	m = (struct dns_message){.response = true, .rcode = 3, .qtype = 1, .qname = STR("evil.example"), .nanswers = 2,
				 .answers = {{.text = STR("1.2.3.4")}, {.text = STR("other.example")}}};
	RECORD(&rec, DNS, DNS, dns);
	rec.r.dns.protocol = 17;
	rec.r.dns.local = ip4("10.0.0.2", 5353);
	rec.r.dns.peer = ip4("10.0.0.53", 53);
	rec.r.hdr.flags = WIRE_NO_OWNER;
	ev = record_event(&rec);
	ev.dns = &m;
	f = make(&ev);
	ck_assert_str_eq(f->dns->qname, "evil.example");
	ck_assert_str_eq(f->dns->qtype, "A");
	ck_assert_str_eq(f->dns->rcode, "NXDOMAIN");
	ck_assert_uint_eq(f->dns->n_answers, 2);
	ck_assert_str_eq(f->dns->answers[1], "other.example");
	ck_assert_str_eq(f->dns->resolver, "10.0.0.53:53");
	ck_assert(f->dns->response);
	ck_assert_str_eq(f->network->protocol, "udp");
	ck_assert_str_eq(f->network->direction, "inbound");
	ck_assert_ptr_null(f->process);
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_FAILED);
	ck_assert_int_eq(f->event->result_value_case, 0);
	finding_free(f);

	m.response = false;
	rec.r.dns.egress = 1;
	rec.r.dns.peer.port = 5300;
	f = make(&ev);
	ck_assert_str_eq(f->dns->resolver, "10.0.0.53:5300");
	ck_assert_str_eq(f->dns->rcode, "");
	finding_free(f);
}
END_TEST

/* Every text at its longest still makes a finding that fits into an empty batch. */
START_TEST(size_is_bounded)
{
	static char big[20000];
	struct image large = images[0];
	static struct process chain[LINEAGE_MAX + 5];
	struct event ev = connect_event();
	Noroshi__V1__Finding *f;

	memset(big, 0xff, sizeof(big));
	large.comm = large.exepath = large.cmdline = large.cwd = str_n(big, sizeof(big));
	for (unsigned int i = 0; i < ARRAY_SIZE(chain); i++)
		chain[i] = (struct process){.pid = i + 1, .image = &large,
					    .parent = i + 1 < ARRAY_SIZE(chain) ? &chain[i + 1] : NULL};
	ev.process = &chain[0];
	f = make(&ev);
	ck_assert_uint_le(strlen(f->process->cmdline), FINDING_TEXT_MAX + 3);
	ck_assert_uint_gt(strlen(f->process->cmdline), FINDING_TEXT_MAX - 3);
	ck_assert(str_ends(str(f->process->cmdline), STR("\xe2\x80\xa6")));
	ck_assert_uint_le(strlen(f->process->lineage[0]->cmdline), ANCESTOR_TEXT_MAX + 3);
	ck_assert_uint_lt(noroshi__v1__finding__get_packed_size(f), BATCH_BYTES_MAX / 2);
	finding_free(f);
}
END_TEST

START_TEST(copies_are_deep)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev), *copy = finding_copy(f);
	struct buf a = {}, b = {};

	ck_assert_int_eq(finding_json_line(&f->base, &a), 0);
	finding_free(f);
	ck_assert_int_eq(finding_json_line(&copy->base, &b), 0);
	ck_assert_str_eq(a.p, b.p);
	finding_free(copy);
	finding_free(NULL);
	buf_free(&a);
	buf_free(&b);
}
END_TEST

START_TEST(json_has_the_promised_names)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);
	json_t *j = finding_json(&f->base), *p = json_object_get(j, "process");

	ck_assert_str_eq(json_string_value(json_object_get(j, "severity")), "SEVERITY_HIGH");
	ck_assert_int_eq(json_integer_value(json_object_get(j, "severityScore")), 8);
	ck_assert_int_eq(json_integer_value(json_object_get(p, "nsPid")), 12);
	ck_assert(json_is_integer(json_object_get(p, "euid")));
	ck_assert_str_eq(json_string_value(json_object_get(p, "exePath")), "/bin/bash");
	ck_assert(json_is_array(json_object_get(p, "lineage")));
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(j, "ecs"), "taskId")), web.task_id);
	ck_assert_ptr_null(json_object_get(j, "file"));
	ck_assert_ptr_null(json_object_get(p, "sha256"));
	json_decref(j);
	finding_free(f);
}
END_TEST

START_TEST(a_line_stays_a_line)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);
	struct buf line = {};

	finding_text_line(f, false, &line);
	ck_assert_str_eq(line.p, "2023-11-14T22:13:20Z HIGH     Reverse shell: shell\\n\\x1b[31m of nginx \xef\xbf\xbd "
				 "(task 0123456789abcdef0123456789abcdef container 3ad7b26ded6d)");
	buf_reset(&line);
	free(f->output);
	f->output = strdup("\xc2\x9b" "31m \xe2\x80\xae rtl \xe2\x80\xa8 %s%n \xe7\x8b\xbc");
	f->count = 3;
	noroshi__v1__container__free_unpacked(f->container, NULL);
	noroshi__v1__ecs__free_unpacked(f->ecs, NULL);
	f->container = NULL;
	f->ecs = NULL;
	finding_text_line(f, true, &line);
	ck_assert_str_eq(line.p, "2023-11-14T22:13:20Z \033[31mHIGH    \033[0m Reverse shell: \\x9b31m \\u202e rtl \\u2028 "
				 "%s%n \xe7\x8b\xbc (seen 3 times)");
	buf_free(&line);
	finding_free(f);
}
END_TEST

/* Process tree from the root down, both ends of the connection, where it was; every foreign text escaped. */
START_TEST(a_block_says_all)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f = make(&ev);
	struct buf block = {};
	char *at = NULL;

	f->count = 3;
	free(f->process->cmdline);
	f->process->cmdline = strdup("bash\n\x1b[31m");
	free(f->process->lineage[0]->cmdline);
	f->process->lineage[0]->cmdline = calloc(1, 600);
	for (int i = 0; i < 199; i++)
		memcpy(f->process->lineage[0]->cmdline + 1 + 3 * i, "\xe7\x8b\xbc", 3);
	f->process->lineage[0]->cmdline[0] = '\x1b';
	finding_text_detail(f, false, &block);
	ck_assert_int_eq(buf_error(&block), 0);
	at = strstr(block.p, "HIGH     Reverse shell\n  type       ");
	ck_assert_ptr_eq(at, block.p);
	ck_assert_ptr_nonnull(strstr(block.p, "\n  what       shell\\n\\x1b[31m of nginx"));
	ck_assert_ptr_nonnull(strstr(block.p, ", 3 times until "));
	ck_assert_ptr_nonnull(strstr(block.p, "\n  task       0123456789abcdef0123456789abcdef"));
	ck_assert_ptr_nonnull(strstr(block.p, "\n  container  3ad7b26ded6d"));
	ck_assert_ptr_nonnull(strstr(block.p, ", remote "));
	ck_assert_ptr_nonnull(strstr(block.p, " bash\\n\\x1b[31m\n  program    /bin/bash"));
	ck_assert_ptr_nonnull(strstr(block.p, "\xe7\x8b\xbc\xe2\x80\xa6\n"));	/* cut between characters, and marked */
	for (size_t i = 0; i < f->process->n_lineage; i++) {
		char pid[32];

		snprintf(pid, sizeof(pid), " %u ", f->process->lineage[f->process->n_lineage - 1 - i]->pid);
		at = strstr(i ? at : strstr(block.p, "\n  process "), pid);
		ck_assert_msg(at, "ancestor %zu is not below the one before it:\n%s", i, block.p);
	}
	ck_assert_ptr_null(strchr(block.p, '\x1b'));
	ck_assert_int_eq(block.p[block.n - 1], '\n');
	buf_free(&block);
	finding_free(f);
}
END_TEST

/* An event of a line of JSON has only fields; the finding says the same things with them. */
START_TEST(events_from_json)
{
	json_t *o = json_loads("{\"evt.type\":\"connect\",\"evt.res\":\"EINPROGRESS\",\"evt.rawres\":-115,"
			       "\"proc.name\":\"bash\",\"proc.pid\":4711,\"proc.vpid\":12,\"proc.exepath\":\"/bin/bash\","
			       "\"proc.cmdline\":\"bash -i\",\"proc.aname\":[\"nginx\",\"systemd\"],\"user.uid\":0,"
			       "\"proc.pname\":\"nginx\",\"container.id\":\"3ad7b26ded6d\",\"container.name\":\"web\","
			       "\"ecs.task.id\":\"0123\",\"ecs.container.name\":\"app\",\"fd.l4proto\":\"tcp\","
			       "\"fd.cip\":\"172.17.0.2\",\"fd.sip\":\"10.9.8.7\",\"fd.sport\":4444}", 0, NULL);
	struct json_fields *fields = NULL;
	struct event ev = {.num = 3, .time = T0, .call = CALL_CONNECT};
	Noroshi__V1__Finding *f;
	char error[128];

	ck_assert_int_eq(json_fields_new(&fields, o, error), 0);
	json_decref(o);
	ev.fields = fields;
	f = make(&ev);
	ck_assert_str_eq(f->event->type, "connect");
	ck_assert_str_eq(f->event->result_text, "EINPROGRESS");
	ck_assert_int_eq(f->event->result, -115);
	ck_assert_str_eq(f->process->name, "bash");
	ck_assert_uint_eq(f->process->pid, 4711);
	ck_assert_uint_eq(f->process->ns_pid, 12);
	ck_assert_str_eq(f->process->exe_path, "/bin/bash");
	ck_assert_int_eq(f->process->uid_value_case, NOROSHI__V1__PROCESS__UID_VALUE_UID);
	ck_assert_uint_eq(f->process->n_lineage, 2);
	ck_assert_str_eq(f->process->lineage[0]->name, "nginx");
	ck_assert_str_eq(f->process->lineage[1]->name, "systemd");
	ck_assert_str_eq(f->container->id, "3ad7b26ded6d");
	ck_assert_str_eq(f->container->name, "web");
	ck_assert_str_eq(f->ecs->task_id, "0123");
	ck_assert_str_eq(f->ecs->container_name, "app");
	ck_assert_int_eq(f->attribution, NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED);
	ck_assert_str_eq(f->network->remote_ip, "10.9.8.7");
	ck_assert_uint_eq(f->network->remote_port, 4444);
	ck_assert_str_eq(f->network->local_ip, "172.17.0.2");
	ck_assert_str_eq(f->network->family, "ipv4");
	ck_assert_str_eq(f->network->direction, "outbound");
	ck_assert_ptr_null(f->file);
	ck_assert_ptr_null(f->dns);
	finding_free(f);
	json_fields_free(fields);

	o = json_pack("{s:s, s:s, s:s, s:s}", "evt.type", "openat", "fd.name", "/etc/shadow", "container.id", "host",
		      "proc.name", "cat");
	ck_assert_int_eq(json_fields_new(&fields, o, error), 0);
	json_decref(o);
	ev = (struct event){.num = 4, .time = T0, .call = CALL_OPENAT, .fields = fields};
	f = make(&ev);
	ck_assert_str_eq(f->file->path, "/etc/shadow");
	ck_assert_str_eq(f->file->operation, "open");
	ck_assert_ptr_null(f->container);
	ck_assert_ptr_null(f->ecs);
	ck_assert_ptr_null(f->network);
	ck_assert_int_eq(f->process->pid_value_case, 0);
	finding_free(f);
	json_fields_free(fields);
}
END_TEST

/* A record's user and capabilities come from the rule language's fields. */
START_TEST(record_fields_are_shown)
{
	struct event ev = connect_event();
	Noroshi__V1__Finding *f;

	rec.r.hdr.cap_effective = 1 << 13 | 1 << 21;
	f = make(&ev);
	ck_assert_str_eq(f->process->capabilities, "CAP_NET_RAW CAP_SYS_ADMIN");
	finding_free(f);

	RECORD(&rec, OPEN, OPENAT, open);
	rec.r.open.flags = 02000001;	/* O_WRONLY|O_CLOEXEC */
	record_text(&rec, &rec.r.open.name, "/x");
	ev = record_event(&rec);
	f = make(&ev);
	ck_assert_str_eq(f->file->flags, "O_WRONLY|O_CLOEXEC");
	ck_assert_str_eq(f->file->operation, "write");
	finding_free(f);
}
END_TEST

START_TEST(findings_about_ourselves)
{
	Noroshi__V1__Finding *f = finding_internal(&context, "Events lost", "Coverage:Agent/EventsLost", 5, "12 events");
	struct buf line = {};

	ck_assert_ptr_nonnull(f);
	ck_assert_str_eq(f->rule, "Events lost");
	ck_assert_int_eq(f->severity, NOROSHI__V1__SEVERITY__SEVERITY_MEDIUM);
	ck_assert_ptr_null(f->event);
	ck_assert_ptr_null(f->process);
	ck_assert_uint_eq(f->revision, 1);
	finding_text_line(f, false, &line);
	ck_assert_ptr_nonnull(strstr(line.p, "Events lost: 12 events"));
	buf_free(&line);
	finding_free(f);
}
END_TEST

START_TEST(ids_are_version_7_and_grow)
{
	char before[37] = "", id[37];

	for (int i = 0; i < 20000; i++) {
		finding_uuid(id);
		ck_assert_uint_eq(strlen(id), 36);
		ck_assert_int_eq(id[14], '7');
		ck_assert_ptr_nonnull(strchr("89ab", id[19]));
		ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 36);
		ck_assert_int_lt(strcmp(before, id), 0);
		memcpy(before, id, sizeof(id));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("finding");
	TCase *t = tcase_create("finding");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, rule_and_event_are_there);
	tcase_add_test(t, evidence_is_listed);
	tcase_add_test(t, which_host);
	tcase_add_test(t, who_wrote_the_program);
	tcase_add_test(t, process_and_lineage);
	tcase_add_test(t, an_unknown_process_is_partial);
	tcase_add_test(t, lineage_is_bounded);
	tcase_add_test(t, container_task_and_attribution);
	tcase_add_test(t, container_is_told_later);
	tcase_add_test(t, untold_findings_say_so);
	tcase_add_test(t, network_of_each_call);
	tcase_add_test(t, files);
	tcase_add_test(t, two_files);
	tcase_add_test(t, dns);
	tcase_add_test(t, size_is_bounded);
	tcase_add_test(t, copies_are_deep);
	tcase_add_test(t, json_has_the_promised_names);
	tcase_add_test(t, a_line_stays_a_line);
	tcase_add_test(t, a_block_says_all);
	tcase_add_test(t, events_from_json);
	tcase_add_test(t, record_fields_are_shown);
	tcase_add_test(t, findings_about_ourselves);
	tcase_add_test(t, ids_are_version_7_and_grow);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
