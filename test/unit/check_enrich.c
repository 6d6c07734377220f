/* SPDX-License-Identifier: Apache-2.0 */
#include "../count_malloc.h"
#include "../make_record.h"
#include "enrich/enrich.h"
#include "event/decode.h"
#include "util/clock.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct made made;
static struct event ev;
static struct enrich *e;

static void setup(void)
{
	e = enrich_new(&(struct enrich_options){.processes = 1000, .text_bytes = 1 << 20});
	ck_assert_ptr_nonnull(e);
}

static void teardown(void)
{
	ck_assert_ptr_null(enrich_free(e));
}

/* Through decode, as in life; whether it is to be matched. */
static bool feed(void)
{
	enum decode_error error = decode(&ev, made.bytes, made.hdr.size, 0);

	ck_assert_msg(error == DECODE_OK, "%s", decode_error_text[error]);
	return enrich_event(e, &ev);
}

static void name_group(uint64_t cgroup, const char *path)
{
	union event_record *r = make(&made, EVENT_CGROUP, CALL_NONE);

	made.hdr.cgroup = cgroup;
	make_text(&made, &r->cgroup.path, path);
	ck_assert(!feed());
	ck_assert_ptr_null(ev.process);
}

static struct wire_addr address(const void *ip, uint16_t port)
{
	struct wire_addr a = {.family = AF_INET, .port = port};

	memcpy(a.ip, ip, 4);
	return a;
}

static void connect_to(uint64_t cgroup, const void *ip)
{
	union event_record *r = make_call(&made, CALL_CONNECT);

	make_who(&made, 10, 100, 1, 300);
	made.hdr.cgroup = cgroup;
	r->connect.peer = address(ip, 443);
	ck_assert(feed());
}

/* "www.a" is an alias of "b", which has the address. */
static const char response[] = "\x12\x34\x81\x80\0\1\0\2\0\0\0\0\3www\1a\0\0\1\0\1"
			       "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\3\1b\0\xc0\x23\0\1\0\1\0\0\1\x2c\0\4\1\2\3\4";

static void dns(uint64_t cgroup, const void *payload, size_t n, uint32_t egress, uint16_t flags)
{
	union event_record *r = make_call(&made, CALL_DNS);

	if (!(flags & WIRE_NO_OWNER))
		make_who(&made, 10, 100, 1, 200);
	made.hdr.cgroup = cgroup;
	made.hdr.flags = flags;
	r->dns.egress = egress;
	r->dns.protocol = 17;
	make_blob(&made, &r->dns.payload, payload, n);
	ck_assert(feed());
}

START_TEST(events_get_process_and_container)
{
	name_group(5, "/ecs/0af1b2c3d4e5f60718293a4b5c6d7e8f/" ID);
	name_group(6, "/init.scope");
	make_call(&made, CALL_OPENAT);
	make_who(&made, 10, 100, 1, 200);
	made.hdr.cgroup = 5;
	ck_assert(feed());
	ck_assert_uint_eq(ev.process->pid, 10);
	ck_assert_str_eq(ev.container->id, ID);
	ck_assert_str_eq(ev.container->task_id, "0af1b2c3d4e5f60718293a4b5c6d7e8f");
	ck_assert_ptr_null(ev.dns);
	ck_assert_ptr_null(ev.peer_name.p);
	make_call(&made, CALL_OPENAT);
	make_who(&made, 11, 100, 1, 200);
	made.hdr.cgroup = 6;
	ck_assert(feed());
	ck_assert_ptr_null(ev.container);
}
END_TEST

START_TEST(a_snapshot_is_state)
{
	union event_record *r = make(&made, EVENT_EXEC, CALL_NONE);

	make_who(&made, 10, 100, 1, 200);
	made.hdr.flags = WIRE_SNAPSHOT;
	make_text(&made, &r->exec.comm, "old");
	ck_assert(!feed());
	make_call(&made, CALL_OPENAT);
	make_who(&made, 10, 100, 1, 201);
	ck_assert(feed());
	ck_assert(str_eq(ev.process->image->comm, STR("old")));
}
END_TEST

START_TEST(a_connection_carries_the_name_it_was_resolved_from)
{
	name_group(5, "/docker/" ID);
	name_group(55, "/docker/" ID "/nested");
	name_group(6, "/init.scope");
	dns(5, response, sizeof(response) - 1, 0, 0);
	ck_assert_ptr_nonnull(ev.dns);
	ck_assert(ev.dns->response);
	ck_assert(str_eq(ev.dns->qname, STR("www.a")));
	ck_assert_uint_eq(ev.dns->nanswers, 2);
	ck_assert_ptr_null(ev.peer_name.p);
	connect_to(5, "\1\2\3\4");
	ck_assert(str_eq(ev.peer_name, STR("www.a")));	/* the name asked for, not the alias */
	connect_to(55, "\1\2\3\4");
	ck_assert(str_eq(ev.peer_name, STR("www.a")));	/* another group of the same container */
	connect_to(6, "\1\2\3\4");
	ck_assert_ptr_null(ev.peer_name.p);		/* the host did not ask */
	connect_to(5, "\1\2\3\5");
	ck_assert_ptr_null(ev.peer_name.p);
}
END_TEST

static void started(uint32_t pid, const char *comm, uint64_t in, uint64_t out)
{
	union event_record *r = make(&made, EVENT_EXEC, CALL_EXECVE);

	make_who(&made, pid, 100, 1, 200 + pid);
	r->exec.stdin_pipe = in;
	r->exec.stdout_pipe = out;
	make_text(&made, &r->exec.comm, comm);
	ck_assert(feed());
}

/* cat <fifo | sh | nc >fifo: 7 is the FIFO, 8 and 9 are pipes; tee writes to where nobody listens. */
START_TEST(programs_at_the_other_end_of_a_pipe)
{
	const struct process *peers[PIPE_ENDS];

	started(20, "nc", 9, 7);
	ck_assert_uint_eq(enrich_pipe_peers(&ev, 0, peers), 0);
	started(21, "cat", 7, 8);
	ck_assert_uint_eq(enrich_pipe_peers(&ev, 0, peers), 1);
	ck_assert_uint_eq(peers[0]->pid, 20);
	ck_assert(!enrich_pipe_loop(&ev));
	started(22, "sh", 8, 9);
	ck_assert(enrich_pipe_loop(&ev));
	ck_assert_uint_eq(enrich_pipe_peers(&ev, 1, peers), 1);
	ck_assert_uint_eq(peers[0]->pid, 20);
	ck_assert_uint_eq(peers[0]->peer.family, 0);
	ck_assert_uint_eq(enrich_pipe_peers(&ev, 2, peers), 0);
	started(23, "tee", 8, 10);
	ck_assert(!enrich_pipe_loop(&ev));
	started(24, "head", 11, 12);
	started(25, "nc", 12, 1ull << 32 | 5);	/* into a FIFO with a name */
	ck_assert(enrich_pipe_loop(&ev));
	started(26, "sh", 13, 11);
	ck_assert(enrich_pipe_loop(&ev));
	make_call(&made, CALL_CONNECT);
	make_who(&made, 20, 100, 1, 300);
	made.hdr.res = -EINPROGRESS;
	((union event_record *)&made.hdr)->connect.peer = address("\1\2\3\4", 4444);
	ck_assert(feed());
	ck_assert(enrich_pipe_loop(&ev));
	ck_assert_uint_eq(enrich_pipe_peers(&ev, 0, peers), 1);
	ck_assert_uint_eq(peers[0]->pid, 22);
	ck_assert_uint_eq(ev.process->peer.port, 4444);
	make_call(&made, CALL_CONNECT);
	make_who(&made, 20, 100, 1, 400);
	made.hdr.res = -ECONNREFUSED;
	((union event_record *)&made.hdr)->connect.peer = address("\1\2\3\4", 5555);
	ck_assert(feed());
	ck_assert_uint_eq(ev.process->peer.port, 4444);
}
END_TEST

START_TEST(only_answers_that_arrived_are_believed)
{
	char copy[sizeof(response)];

	dns(0, response, sizeof(response) - 1, 1, 0);	/* a server that answers others */
	connect_to(0, "\1\2\3\4");
	ck_assert_ptr_null(ev.peer_name.p);
	memcpy(copy, response, sizeof(copy));
	copy[2] = 1;					/* a query with answers */
	dns(0, copy, sizeof(copy) - 1, 0, 0);
	connect_to(0, "\1\2\3\4");
	ck_assert_ptr_null(ev.peer_name.p);
	memcpy(copy, response, sizeof(copy));
	copy[3] = (char)0x83;				/* NXDOMAIN with answers */
	dns(0, copy, sizeof(copy) - 1, 0, 0);
	connect_to(0, "\1\2\3\4");
	ck_assert_ptr_null(ev.peer_name.p);
	/* Cut behind the address: what was read counts, and so does the reason. */
	memcpy(copy, response, sizeof(copy));
	copy[7] = 3;
	dns(0, copy, sizeof(copy) - 1, 0, 0);
	ck_assert_int_eq(ev.dns->error, DNS_E_SHORT);
	connect_to(0, "\1\2\3\4");
	ck_assert(str_eq(ev.peer_name, STR("www.a")));
}
END_TEST

START_TEST(what_is_not_known_is_absent_and_counted)
{
	struct enrich_stats s;

	dns(0, "", 0, 0, WIRE_NO_OWNER);
	ck_assert_ptr_null(ev.process);
	ck_assert_ptr_null(ev.container);
	ck_assert_ptr_null(ev.dns->qname.p);
	connect_to(1234, "\1\2\3\4");
	enrich_stats(e, &s);
	ck_assert_uint_eq(s.container.unknown, 1);
	ck_assert_uint_eq(s.dns_malformed[DNS_E_SHORT], 1);
	ck_assert_uint_eq(s.dns_malformed[DNS_OK], 0);
	ck_assert_uint_eq(s.process.partial, 1);
	ck_assert_uint_eq(s.process.rows, 1);
}
END_TEST

/* One of many kinds of records, as a busy host makes them. */
static void synthetic(unsigned int k)
{
	uint32_t pid = 10 + k % 5000;
	uint64_t start = 1000 + k % 5000, time = 10000 + k * NSEC_PER_SEC / 1000;
	union event_record *r;
	char text[100];

	snprintf(text, sizeof(text), k % 2 ? "/docker/%064x" : "/system.slice/unit-%x.service", k / 100);
	switch (k % 7) {
	case 0:
		r = make(&made, EVENT_CGROUP, CALL_NONE);
		make_text(&made, &r->cgroup.path, text);
		break;
	case 1:
		r = make_call(&made, CALL_EXECVE);
		r->exec.ppid = 1;
		r->exec.pstart = 1;
		make_text(&made, &r->exec.comm, "name");
		make_text(&made, &r->exec.exe, text);
		make_blob(&made, &r->exec.argv, text, 10 + k % 50);
		make_text(&made, &r->exec.cwd, "/tmp");
		break;
	case 2:
		r = make_call(&made, CALL_CLONE);
		r->fork.child = pid + 1;
		r->fork.child_start = start + 1;
		r->fork.ppid = pid;
		r->fork.pstart = start;
		make_text(&made, &r->fork.comm, k % 3 ? "name" : "thread");
		break;
	case 3:
		make_call(&made, CALL_PROCEXIT);
		break;
	case 4:
		r = make_call(&made, CALL_DNS);
		memcpy(text, response, sizeof(response));
		memcpy(text + sizeof(response) - 5, &k, 4);
		make_blob(&made, &r->dns.payload, text, sizeof(response) - 1);
		break;
	case 5:
		r = make_call(&made, CALL_CONNECT);
		r->connect.peer = address(&k, 443);
		break;
	default:
		r = make_call(&made, CALL_OPENAT);
		make_text(&made, &r->open.name, text);
	}
	made.hdr.cgroup = 1 + k / 100;
	make_who(&made, pid, start, k % 4, time);
}

START_TEST(nothing_allocates)
{
	struct enrich_stats s;
	uint64_t before;

	before = malloc_count;
	free(*(void *volatile[]){malloc(1)});
	ck_assert_uint_gt(malloc_count, before);	/* the counter counts */
	before = 0;
	for (unsigned int k = 0; k < 200000; k++) {
		uint64_t at;

		synthetic(k);
		at = malloc_count;
		if (decode(&ev, made.bytes, made.hdr.size, 0) == DECODE_OK)
			enrich_event(e, &ev);
		before += malloc_count - at;
	}
	ck_assert_uint_eq(before, 0);
	enrich_stats(e, &s);
	ck_assert_uint_gt(s.process.evicted_ended + s.process.evicted_running, 0);
	ck_assert_uint_gt(s.dns_evicted, 0);
	ck_assert_uint_eq(s.process.rows, 1000);
}
END_TEST

START_TEST(mutated_records_keep_everything_sound)
{
	unsigned int seed = 31337, good = 0;

	for (unsigned int k = 0; k < 200000; k++) {
		uint32_t size;

		synthetic(k);
		size = made.hdr.size;
		for (int n = rand_r(&seed) % 4; n > 0; n--)
			made.bytes[(size_t)rand_r(&seed) % size] = (char)rand_r(&seed);
		made.hdr.size = size;
		if (decode(&ev, made.bytes, size, 0) != DECODE_OK)
			continue;
		good++;
		if (enrich_event(e, &ev) && ev.process)
			for (const struct process *p = ev.process; p->parent; p = p->parent)
				ck_assert_uint_lt(p->parent->start, p->start);
	}
	ck_assert_uint_gt(good, 100000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("enrich");
	TCase *c = tcase_create("events");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, events_get_process_and_container);
	tcase_add_test(c, a_snapshot_is_state);
	tcase_add_test(c, a_connection_carries_the_name_it_was_resolved_from);
	tcase_add_test(c, programs_at_the_other_end_of_a_pipe);
	tcase_add_test(c, only_answers_that_arrived_are_believed);
	tcase_add_test(c, what_is_not_known_is_absent_and_counted);
	tcase_add_test(c, nothing_allocates);
	tcase_add_test(c, mutated_records_keep_everything_sound);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
