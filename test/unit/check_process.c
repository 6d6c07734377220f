/* SPDX-License-Identifier: Apache-2.0 */
#include "../make_record.h"
#include "enrich/process.h"
#include "enrich/text_pool.h"
#include "util/clock.h"
#include "util/limits.h"
#include <check.h>
#include <stdio.h>

#define SEC NSEC_PER_SEC

static struct made made;
static struct process_table *t;

static void setup(void)
{
	t = process_table_new(64, 1 << 20);
	ck_assert_ptr_nonnull(t);
}

static void teardown(void)
{
	ck_assert_ptr_null(process_table_free(t));
}

static void renew(uint32_t rows, size_t text)
{
	process_table_free(t);
	t = process_table_new(rows, text);
}

static struct process_stats stats(void)
{
	struct process_stats s;

	process_table_stats(t, &s);
	return s;
}

static void ck_text(struct str s, const char *want)
{
	ck_assert_msg(str_eq(s, str(want)), "'" STR_FMT "' is not '%s'", STR_ARG(s), want);
}

/* Any record of a process, by which its ids are refreshed. */
static struct process *touch(uint32_t pid, uint64_t start, uint32_t exec_id, uint64_t time, uint32_t uid)
{
	make_call(&made, CALL_OPENAT);
	make_who(&made, pid, start, exec_id, time);
	made.hdr.uid = made.hdr.euid = made.hdr.gid = uid;
	made.hdr.cgroup = 77;
	return process_table_apply(t, &made.r);
}

static union event_record *start_exec(uint32_t pid, uint64_t start, uint32_t exec_id, uint64_t time, uint32_t ppid,
				      uint64_t pstart)
{
	union event_record *r = make_call(&made, CALL_EXECVE);

	make_who(&made, pid, start, exec_id, time);
	r->exec.ppid = ppid;
	r->exec.pstart = pstart;
	r->exec.pgid = pid;
	r->exec.loginuid = 1000;
	r->exec.argc = 3;
	return r;
}

static struct process *run(uint32_t pid, uint64_t start, uint32_t exec_id, uint64_t time, uint32_t ppid, uint64_t pstart,
			   const char *comm, uint16_t flags)
{
	union event_record *r = start_exec(pid, start, exec_id, time, ppid, pstart);
	char exe[64];

	made.hdr.flags = flags;
	snprintf(exe, sizeof(exe), "/usr/bin/%s", comm);
	make_text(&made, &r->exec.comm, comm);
	make_text(&made, &r->exec.exe, exe);
	make_blob(&made, &r->exec.argv, "argv0\0-c\0id -u", 15);
	make_text(&made, &r->exec.cwd, "/root");
	return process_table_apply(t, &made.r);
}

static struct process *fork_to(uint32_t pid, uint64_t start, uint32_t exec_id, uint64_t time, uint32_t child,
			       uint64_t child_start, const char *comm)
{
	union event_record *r = make_call(&made, CALL_CLONE);

	make_who(&made, pid, start, exec_id, time);
	r->fork.child = child;
	r->fork.child_vpid = child;
	r->fork.child_start = child_start;
	r->fork.child_cgroup = 99;
	r->fork.ppid = pid;
	r->fork.pstart = start;
	r->fork.child_exec_id = exec_id;
	if (comm)
		make_text(&made, &r->fork.comm, comm);
	process_table_apply(t, &made.r);
	return process_table_find(t, child, child_start);
}

static struct process *leave(uint32_t pid, uint64_t start, uint64_t time)
{
	make_call(&made, CALL_PROCEXIT)->exit.status = 256;
	make_who(&made, pid, start, 1, time);
	return process_table_apply(t, &made.r);
}

static struct process *run_written(uint32_t pid, uint32_t writer, uint64_t writer_start, uint32_t writer_exec_id)
{
	union event_record *r = start_exec(pid, 100 + pid, 5, 2000, 1, 1);

	r->exec.writer = writer;
	r->exec.writer_start = writer_start;
	r->exec.writer_exec_id = writer_exec_id;
	r->exec.written = 1500;
	make_text(&made, &r->exec.comm, "dropped");
	make_text(&made, &r->exec.writer_comm, "curl");
	return process_table_apply(t, &made.r);
}

START_TEST(an_exec_names_the_writer_of_its_file)
{
	const struct image_writer *w;

	run(10, 100, 5, 200, 1, 1, "curl", 0);
	w = &run_written(20, 10, 100, 5)->image->writer;
	ck_assert_uint_eq(w->pid, 10);
	ck_assert_uint_eq(w->time, 1500);
	ck_text(w->name, "curl");
	ck_text(w->exepath, "/usr/bin/curl");
	ck_text(w->cmdline, "curl -c id -u");
	/* it outlives the writer, and goes on to what is forked */
	leave(10, 100, 2500);
	w = &fork_to(20, 120, 5, 3000, 30, 2900, "other")->image->writer;
	ck_text(w->cmdline, "curl -c id -u");
	/* another image of that process, or another process of that number, did not write it */
	w = &run_written(40, 10, 100, 4)->image->writer;
	ck_assert_uint_eq(w->pid, 10);
	ck_text(w->name, "curl");
	ck_assert_ptr_null(w->exepath.p);
	w = &run_written(50, 10, 99, 5)->image->writer;
	ck_text(w->name, "curl");
	ck_assert_ptr_null(w->cmdline.p);
	/* the line is cut */
	start_exec(60, 160, 5, 200, 1, 1);
	{
		static char argv[4000];

		memset(argv, 'a', sizeof(argv) - 1);
		make_blob(&made, &made.r.exec.argv, argv, sizeof(argv));
		make_text(&made, &made.r.exec.comm, "long");
		memcpy(argv, "x", 2);
		make_blob(&made, &made.r.exec.argv, argv, sizeof(argv));
		process_table_apply(t, &made.r);
	}
	ck_assert_uint_eq(run_written(70, 60, 160, 5)->image->writer.cmdline.n, WRITER_CMDLINE_MAX);
}
END_TEST

START_TEST(an_exec_says_what_runs)
{
	struct process *p = run(10, 100, 5, 200, 1, 1, "bash", 0);
	const struct image *i = p->image;

	ck_assert(!p->partial);
	ck_assert_uint_eq(p->pid, 10);
	ck_assert_uint_eq(p->pgid, 10);
	ck_assert_uint_eq(p->loginuid, 1000);
	ck_text(i->comm, "bash");
	ck_text(i->exe, "argv0");
	ck_text(i->exepath, "/usr/bin/bash");
	ck_text(i->cwd, "/root/");
	ck_text(i->cmdline, "bash -c id -u");
	ck_text(i->args, "-c id -u");
	ck_assert_uint_eq(i->argv.n, 15);
	ck_assert_ptr_null(i->env.p);
	ck_assert_uint_eq(i->argc, 3);
	ck_assert_uint_eq(i->time, 200);
	ck_assert_uint_eq(i->exec_id, 5);
	/* Its parent is known to be there, and no more. */
	ck_assert_ptr_nonnull(p->parent);
	ck_assert(p->parent->partial);
	ck_assert_uint_eq(p->parent->uid, 0xffffffffu);
	ck_assert_ptr_null(p->parent->image);
	ck_assert_uint_eq(p->ppid, 1);
	ck_assert_uint_eq(stats().partial, 1);
	/* It is no longer counted when its row goes. */
	leave(1, 1, 300);
	leave(10, 100, 300);
	for (uint64_t now = 300 + 61 * NSEC_PER_SEC, k = 0; stats().rows > 1 && k < 10; k++, now += 61 * NSEC_PER_SEC)
		run(500, 5000, 5, now, 0, 0, "later", 0);
	ck_assert_uint_eq(stats().rows, 1);
	ck_assert_uint_eq(stats().partial, 0);
}
END_TEST

START_TEST(arguments_of_all_shapes)
{
	static const struct {
		const char *argv;
		size_t n;
		const char *exe, *cmdline, *args;
	} cases[] = {
		{"", 0, "", "c", ""},
		{"a", 1, "a", "c", ""},
		{"a\0", 2, "a", "c", ""},
		{"a\0b", 3, "a", "c b", "b"},
		{"a\0b\0", 4, "a", "c b", "b"},
		{"a\0\0", 3, "a", "c ", ""},
		{"a\0\0b\0", 5, "a", "c  b", " b"},
		{"\0", 1, "", "c", ""},
		{"\0\0", 2, "", "c ", ""},
		{"\0x y\0z\0", 7, "", "c x y z", "x y z"},
	};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		union event_record *r = start_exec(10, 100, (uint32_t)k + 2, 200, 0, 0);
		const struct image *i;

		make_text(&made, &r->exec.comm, "c");
		make_blob(&made, &r->exec.argv, cases[k].argv, cases[k].n);
		make_text(&made, &r->exec.cwd, "/");
		i = process_table_apply(t, &made.r)->image;
		ck_text(i->exe, cases[k].exe);
		ck_text(i->cmdline, cases[k].cmdline);
		ck_text(i->args, cases[k].args);
		ck_text(i->cwd, "/");
		ck_assert_ptr_null(i->exepath.p);
	}
}
END_TEST

START_TEST(a_fork_shares_the_image)
{
	struct process *p = run(10, 100, 5, 200, 1, 1, "bash", 0), *c, *g;

	touch(10, 100, 5, 201, 33);
	c = fork_to(10, 100, 5, 210, 11, 209, "bash");
	ck_assert_ptr_eq(c->image, p->image);
	ck_assert_uint_eq(p->image->refs, 2);
	ck_assert_ptr_eq(c->parent, p);
	ck_assert_uint_eq(c->ppid, 10);
	ck_assert_uint_eq(c->pgid, 10);
	ck_assert_uint_eq(c->loginuid, 1000);
	ck_assert_uint_eq(c->cgroup, 99);
	ck_assert(!c->partial);
	/* A thread that had renamed itself gives the child another name and the rest of the image. */
	g = fork_to(11, 209, 5, 220, 12, 219, "worker-1");
	ck_assert_ptr_ne(g->image, p->image);
	ck_text(g->image->comm, "worker-1");
	ck_text(g->image->cmdline, "worker-1 -c id -u");
	ck_text(g->image->exepath, "/usr/bin/bash");
	ck_text(g->image->cwd, "/root/");
	ck_assert_uint_eq(p->image->refs, 2);
	/* The child's exec leaves the parent's image alone. */
	run(11, 209, 6, 230, 10, 100, "id", 0);
	ck_text(c->image->comm, "id");
	ck_text(p->image->comm, "bash");
	ck_assert_ptr_eq(c->parent, p);
}
END_TEST

START_TEST(clone_parent_and_unknown_callers)
{
	struct process *p = run(10, 100, 5, 200, 1, 1, "bash", 0), *c;
	union event_record *r;

	fork_to(10, 100, 5, 210, 11, 209, NULL);
	/* 11 makes a sibling: the parent is 10, the image 11's. */
	r = make_call(&made, CALL_CLONE3);
	make_who(&made, 11, 209, 5, 220);
	r->fork = (struct wire_fork){.hdr = r->fork.hdr, .child = 12, .child_start = 219, .ppid = 10, .pstart = 100,
				     .child_exec_id = 5};
	ck_assert_uint_eq(process_table_apply(t, &made.r)->pid, 11);
	c = process_table_find(t, 12, 219);
	ck_assert_ptr_eq(c->parent, p);
	ck_assert_ptr_eq(c->image, p->image);
	/* Of an unknown caller only the child's name is known. */
	c = fork_to(50, 500, 9, 600, 51, 599, "sh");
	ck_assert(c->parent->partial);
	ck_assert_ptr_null(c->parent->image);
	ck_text(c->image->comm, "sh");
	ck_text(c->image->cmdline, "sh");
	ck_assert_ptr_null(c->image->exepath.p);
	ck_assert_uint_eq(c->image->exec_id, 9);
	/* A child that claims to be its own parent. */
	c = fork_to(60, 600, 1, 700, 60, 600, "x");
	ck_assert_ptr_null(c->parent);
}
END_TEST

START_TEST(images_are_found_by_their_generation)
{
	struct process *p = run(10, 100, 5, 200, 1, 1, "sh", 0);

	run(10, 100, 6, 300, 1, 1, "env", 0);
	run(10, 100, 7, 301, 1, 1, "python", 0);
	/* Records of the bulk ring arrive after both. */
	ck_text(process_image(touch(10, 100, 5, 299, 0), 5)->comm, "sh");
	ck_text(process_image(p, 6)->comm, "env");
	ck_text(process_image(p, 7)->comm, "python");
	ck_text(process_image(p, 4)->comm, "python");
	ck_text(process_image(p, 8)->comm, "python");
	/* When the grace is over only the current one is left. */
	touch(99, 1, 1, 301 + (PROCESS_GRACE_SEC + 1) * SEC, 0);
	ck_text(process_image(p, 5)->comm, "python");
	ck_text(process_image(p, 7)->comm, "python");
	/* An older exec record that comes late is an earlier image. */
	run(10, 100, 6, 300, 1, 1, "late", 0);
	ck_text(p->image->comm, "python");
	ck_text(process_image(p, 6)->comm, "late");
}
END_TEST

START_TEST(a_failed_exec_changes_nothing)
{
	struct process *p = run(10, 100, 5, 200, 1, 1, "sh", 0);
	union event_record *r = start_exec(10, 100, 5, 300, 1, 1);

	make_text(&made, &r->exec.comm, "sh");
	make_text(&made, &r->exec.filename, "/nope");
	made.hdr.res = -2;
	ck_assert_ptr_eq(process_table_apply(t, &made.r), p);
	ck_text(p->image->exepath, "/usr/bin/sh");
	ck_assert_uint_eq(p->image->time, 200);
}
END_TEST

START_TEST(a_snapshot_never_overwrites_what_was_seen)
{
	struct process *p, *c;

	/* Found before anything was seen: taken. */
	p = run(10, 100, 5, 200, 1, 1, "found", WIRE_SNAPSHOT);
	ck_text(p->image->comm, "found");
	ck_assert_uint_eq(p->image->time, 0);
	ck_assert(!p->partial);
	/* Seen, then found: kept. */
	run(11, 110, 5, 210, 10, 100, "seen", 0);
	p = run(11, 110, 5, 220, 10, 100, "found", WIRE_SNAPSHOT);
	ck_text(p->image->comm, "seen");
	p = run(11, 110, 4, 220, 10, 100, "found", WIRE_SNAPSHOT);
	ck_text(p->image->comm, "seen");
	/* A later image than the one seen: its exec was lost. */
	p = run(11, 110, 6, 220, 10, 100, "found", WIRE_SNAPSHOT);
	ck_text(p->image->comm, "found");
	/* Found, then its own exec: the record is better. */
	run(12, 120, 3, 230, 10, 100, "found", WIRE_SNAPSHOT);
	p = run(12, 120, 3, 229, 10, 100, "seen", 0);
	ck_text(p->image->comm, "seen");
	/* Made up from a record, then found. */
	p = touch(13, 130, 2, 240, 33);
	ck_assert(p->partial);
	run(13, 130, 2, 250, 10, 100, "found", WIRE_SNAPSHOT);
	ck_assert(!p->partial);
	ck_text(p->image->comm, "found");
	ck_assert_uint_eq(p->uid, 33);
	ck_assert_uint_eq(p->pgid, 13);
	/* A child found before its parent. */
	c = run(21, 300, 1, 400, 20, 290, "child", WIRE_SNAPSHOT);
	p = run(20, 290, 1, 400, 10, 100, "parent", WIRE_SNAPSHOT);
	ck_assert_ptr_eq(c->parent, p);
	ck_assert_uint_eq(p->parent->pid, 10);
}
END_TEST

START_TEST(ids_are_those_of_the_newest_record)
{
	struct process *p = touch(10, 100, 1, 500, 33);

	ck_assert_uint_eq(p->uid, 33);
	ck_assert_uint_eq(p->cgroup, 77);
	touch(10, 100, 1, 400, 0);	/* late, from the other ring */
	ck_assert_uint_eq(p->uid, 33);
	touch(10, 100, 1, 600, 0);
	ck_assert_uint_eq(p->uid, 0);
}
END_TEST

START_TEST(a_reused_pid_is_another_process)
{
	struct process *a = run(10, 100, 5, 200, 1, 1, "first", 0), *b, *late;

	b = run(10, 900, 2, 901, 1, 1, "second", 0);
	ck_assert_ptr_ne(a, b);
	ck_assert_uint_eq(a->ended, 900);	/* its exit was lost */
	ck_assert_ptr_eq(process_table_find(t, 10, 0), b);
	ck_assert_ptr_eq(process_table_find(t, 10, 100), a);
	ck_assert_ptr_eq(touch(10, 100, 5, 199, 0), a);
	late = touch(10, 50, 1, 60, 0);		/* long gone, and never seen */
	ck_assert(late->partial);
	ck_assert_uint_ne(late->ended, 0);
	ck_assert_ptr_eq(process_table_find(t, 10, 0), b);
}
END_TEST

START_TEST(ancestors_outlive_their_exit)
{
	struct process *gp, *p, *c;

	gp = run(10, 100, 1, 101, 1, 1, "systemd", 0);
	p = fork_to(10, 100, 1, 110, 11, 109, NULL);
	c = fork_to(11, 109, 1, 120, 12, 119, NULL);
	run(12, 119, 2, 121, 11, 109, "miner", 0);
	leave(11, 109, 130);
	leave(10, 100, 131);
	ck_assert_uint_eq(p->ended, 130);
	ck_assert_uint_eq(p->status, 256);
	/* Given to init: still the child of who made it. */
	run(12, 119, 3, 140, 1, 1, "miner2", 0);
	for (int k = 0; k < 50; k++)
		touch(12, 119, 3, 200 * SEC + (uint64_t)k, 0);
	ck_assert_ptr_eq(c->parent, p);
	ck_assert_ptr_eq(p->parent, gp);
	ck_text(gp->image->comm, "systemd");
	ck_assert_uint_eq(c->ppid, 11);
	ck_assert_uint_eq(stats().rows, 4);	/* and pid 1 */
	/* With the last descendant the line goes as well. */
	leave(12, 119, 300 * SEC);
	touch(1, 1, 1, 400 * SEC, 0);
	touch(1, 1, 1, 400 * SEC, 0);
	ck_assert_uint_eq(stats().rows, 1);
	ck_assert_uint_eq(stats().text_bytes, 0);
	ck_assert_uint_eq(stats().evicted_ended, 0);
}
END_TEST

START_TEST(ended_processes_stay_for_the_grace)
{
	struct process *p = run(10, 100, 1, SEC, 1, 1, "short", 0);

	leave(10, 100, 2 * SEC);
	touch(1, 1, 1, (PROCESS_GRACE_SEC + 1) * SEC, 0);
	ck_assert_ptr_eq(process_table_find(t, 10, 100), p);
	ck_assert_ptr_null(process_table_find(t, 10, 0));
	ck_assert_ptr_eq(touch(10, 100, 1, 3 * SEC / 2, 0), p);
	touch(1, 1, 1, (PROCESS_GRACE_SEC + 2) * SEC, 0);
	ck_assert_ptr_null(process_table_find(t, 10, 100));
}
END_TEST

START_TEST(a_full_table_gives_up_the_oldest_ended_first)
{
	renew(64, 1 << 20);
	run(1, 1, 1, 10, 0, 0, "init", 0);
	for (uint32_t k = 0; k < 200; k++) {
		fork_to(1, 1, 1, 100 + 10 * k, 100 + k, 100 + 10 * k, NULL);
		leave(100 + k, 100 + 10 * k, 105 + 10 * k);
	}
	ck_assert_uint_eq(stats().rows, 64);
	ck_assert_uint_eq(stats().running, 1);
	ck_assert_uint_eq(stats().ended, 63);
	ck_assert_uint_eq(stats().evicted_ended, 200 - 63);
	ck_assert_uint_eq(stats().evicted_running, 0);
	ck_assert_ptr_nonnull(process_table_find(t, 299, 0 + 100 + 10 * 199));
	ck_assert_ptr_nonnull(process_table_find(t, 300 - 63, 100 + 10 * (200 - 63)));
	ck_assert_ptr_null(process_table_find(t, 300 - 64, 100 + 10 * (200 - 64)));
}
END_TEST

START_TEST(a_table_of_running_processes_is_bounded)
{
	struct process *p;

	for (uint32_t k = 1; k <= 1000; k++)
		ck_assert_ptr_nonnull(touch(k, k, 1, k, 0));
	ck_assert_uint_eq(stats().rows, 64);
	ck_assert_uint_eq(stats().running, 64);
	ck_assert_uint_eq(stats().evicted_running, 1000 - 64);
	/* Who forks survives its own fork. */
	for (uint32_t k = 0; k < 300; k++) {
		p = fork_to(1000, 1000, 1, 2000 + k, 5000 + k, 2000 + k, "x");
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->parent->pid, 1000);
	}
}
END_TEST

START_TEST(a_line_that_forks_and_exits_for_ever_is_bounded)
{
	/* Each generation makes the next and ends: all are ancestors of the living one. */
	run(100, 100, 1, 100, 1, 1, "root", 0);
	for (uint32_t k = 100; k < 3000; k++) {
		struct process *c = fork_to(k, k, 1, SEC * k, k + 1, k + 1, NULL);

		ck_assert_ptr_nonnull(c);
		ck_assert_uint_eq(c->parent->pid, k);
		leave(k, k, SEC * k + 1);
	}
	ck_assert_uint_eq(stats().rows, 64);
	ck_assert_uint_le(stats().running, 2);
}
END_TEST

START_TEST(a_million_cycles_hold_the_memory)
{
	struct process_stats s = {0}, early = {0};
	uint64_t now = SEC;

	renew(4096, 2 << 20);
	run(1, 1, 1, 2, 0, 0, "init", 0);
	for (uint32_t k = 0; k < 1000000; k++) {
		uint32_t pid = 2 + k % 30000;

		now += SEC / 50;	/* 50 a second: 3000 in their grace */
		fork_to(1, 1, 1, now, pid, now, NULL);
		run(pid, now, 2, now + 1, 1, 1, k % 3 ? "ls" : "a-longer-name", 0);
		leave(pid, now, now + 2);
		if (k == 10000)
			early = stats();
	}
	s = stats();
	ck_assert_uint_eq(s.rows, early.rows);
	ck_assert_uint_le(s.rows, 3002);
	ck_assert_uint_le(s.text_bytes, early.text_bytes + 4096);
	ck_assert_uint_eq(s.no_text, 0);
	ck_assert_uint_eq(s.evicted_ended + s.evicted_running, 0);
}
END_TEST

START_TEST(a_full_pool_keeps_the_names)
{
	char env[16000];
	unsigned int with_env = 0;

	memset(env, 'e', sizeof(env));
	renew(1024, 1 << 20);
	for (uint32_t k = 1; k <= 200; k++) {
		union event_record *r = start_exec(k, k, 1, k, 0, 0);
		struct process *p;

		make_text(&made, &r->exec.comm, "name");
		make_text(&made, &r->exec.exe, "/bin/name");
		make_blob(&made, &r->exec.env, env, sizeof(env));
		p = process_table_apply(t, &made.r);
		ck_text(p->image->comm, "name");
		with_env += p->image->env.n > 0;
	}
	ck_assert_uint_gt(with_env, 50);
	ck_assert_uint_gt(stats().no_text, 0);
	ck_assert_uint_le(stats().text_bytes, stats().text_max);
	ck_assert_uint_eq(stats().text_max, 1 << 20);
	/* The texts of ended processes make room. */
	for (uint32_t k = 1; k <= 200; k++)
		leave(k, k, 1000);
	ck_assert_uint_gt(run(900, 900, 1, 1001, 0, 0, "new", 0)->image->cwd.n, 0);
}
END_TEST

START_TEST(records_at_random_keep_the_table_sound)
{
	unsigned int seed = 4711;

	for (int round = 0; round < 300000; round++) {
		uint32_t pid = 1 + (uint32_t)rand_r(&seed) % 40, child = 1 + (uint32_t)rand_r(&seed) % 40;
		uint64_t start = 1 + (uint64_t)rand_r(&seed) % 6, time = (uint64_t)round * SEC / 100;
		uint32_t exec_id = (uint32_t)rand_r(&seed) % 5;
		struct process *p = NULL;

		if (rand_r(&seed) % 100 == 0)
			time = (uint64_t)rand_r(&seed) * SEC;
		switch (rand_r(&seed) % 5) {
		case 0:
			p = run(pid, start, exec_id, time, child, start ? start - 1 : 0, "x", (uint16_t)(rand_r(&seed) % 2 ? WIRE_SNAPSHOT : 0));
			break;
		case 1:
			fork_to(pid, start, exec_id, time, child, 1 + (uint64_t)rand_r(&seed) % 6, rand_r(&seed) % 2 ? "y" : NULL);
			break;
		case 2:
			p = leave(pid, start, time);
			break;
		default:
			p = touch(pid, start, exec_id, time, 0);
		}
		if (p) {
			int depth = 0;
			const struct image *i = process_image(p, exec_id);

			ck_assert_uint_eq(p->pid, pid);
			ck_assert_uint_eq(p->start, start);
			if (i)
				ck_assert_uint_gt(i->comm.n, 0);
			for (const struct process *a = p; a; a = a->parent)
				ck_assert_int_lt(depth++, 64);
		}
	}
	ck_assert_uint_le(stats().rows, 64);
	ck_assert_uint_eq(stats().rows, stats().running + stats().ended);
}
END_TEST

START_TEST(the_text_pool_serves_churn_of_all_sizes)
{
	struct text_pool *pool = text_pool_new(4 << 20);
	static char *p[4000];
	static size_t n[4000];
	unsigned int seed = 99, failed = 0;

	for (int round = 0; round < 400000; round++) {
		unsigned int k = (unsigned int)rand_r(&seed) % 4000;

		for (size_t j = 0; p[k] && j < n[k]; j += n[k] > 8 ? n[k] - 1 : 1)
			ck_assert_int_eq(p[k][j], (char)k);
		text_pool_give(pool, p[k]);
		/* Small ones first, then large ones: slabs change their size. */
		n[k] = (size_t)rand_r(&seed) % (round / 100000 % 2 ? 3000 : 300);
		p[k] = text_pool_take(pool, n[k]);
		failed += !p[k];
		if (p[k] && n[k])
			memset(p[k], (char)k, n[k]);
	}
	ck_assert_uint_gt(failed, 0);
	for (unsigned int k = 0; k < 4000; k++)
		text_pool_give(pool, p[k]);
	ck_assert_uint_eq(text_pool_used(pool), 0);
	for (unsigned int k = 0; k < 64; k++)
		ck_assert_ptr_nonnull(text_pool_take(pool, TEXT_POOL_MAX));
	ck_assert_ptr_null(text_pool_take(pool, 1));
	ck_assert_ptr_null(text_pool_take(pool, TEXT_POOL_MAX + 1));
	ck_assert_ptr_null(text_pool_free(pool));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("process");
	TCase *c = tcase_create("table");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 300);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, an_exec_says_what_runs);
	tcase_add_test(c, arguments_of_all_shapes);
	tcase_add_test(c, a_fork_shares_the_image);
	tcase_add_test(c, clone_parent_and_unknown_callers);
	tcase_add_test(c, images_are_found_by_their_generation);
	tcase_add_test(c, a_failed_exec_changes_nothing);
	tcase_add_test(c, a_snapshot_never_overwrites_what_was_seen);
	tcase_add_test(c, ids_are_those_of_the_newest_record);
	tcase_add_test(c, a_reused_pid_is_another_process);
	tcase_add_test(c, ancestors_outlive_their_exit);
	tcase_add_test(c, ended_processes_stay_for_the_grace);
	tcase_add_test(c, a_full_table_gives_up_the_oldest_ended_first);
	tcase_add_test(c, a_table_of_running_processes_is_bounded);
	tcase_add_test(c, a_line_that_forks_and_exits_for_ever_is_bounded);
	tcase_add_test(c, a_million_cycles_hold_the_memory);
	tcase_add_test(c, a_full_pool_keeps_the_names);
	tcase_add_test(c, an_exec_names_the_writer_of_its_file);
	tcase_add_test(c, records_at_random_keep_the_table_sound);
	tcase_add_test(c, the_text_pool_serves_churn_of_all_sizes);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
