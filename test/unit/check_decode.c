/* SPDX-License-Identifier: Apache-2.0 */
#include "../make_record.h"
#include "event/decode.h"
#include <check.h>
#include <stdio.h>
#include <sys/socket.h>

static struct made made;

static void make_exec(void)
{
	union event_record *r = make_call(&made, CALL_EXECVE);

	make_who(&made, 42, 7, 3, 1000);
	make_text(&made, &r->exec.comm, "bash");
	make_text(&made, &r->exec.exe, "/usr/bin/bash");
	make_blob(&made, &r->exec.argv, "bash\0-c\0id", 11);
}

static enum decode_error decode_made(struct event *ev)
{
	return decode(ev, made.bytes, made.hdr.size, 5);
}

START_TEST(a_record_becomes_an_event)
{
	struct event ev = {.num = 9};

	make_exec();
	ck_assert_int_eq(decode_made(&ev), DECODE_OK);
	ck_assert_ptr_eq(ev.rec, &made.r);
	ck_assert_uint_eq(ev.time, 1005);
	ck_assert_int_eq(ev.call, CALL_EXECVE);
	ck_assert_uint_eq(ev.num, 0);
	ck_assert_ptr_null(ev.fields);
	ck_assert_ptr_null(ev.process);
	ck_assert(str_eq(event_blob(&ev, ev.rec->exec.exe), STR("/usr/bin/bash")));
	ck_assert_ptr_null(event_blob(&ev, ev.rec->exec.cwd).p);
}
END_TEST

START_TEST(every_event_decodes_and_no_prefix_does)
{
	_Alignas(8) static char copy[WIRE_RECORD_MAX];
	struct event ev;

	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++) {
		const struct event_desc *e;

		make_call(&made, (enum event_call)c);
		e = &event_table[made.hdr.type];
		for (unsigned int i = 0; i < e->nattrs; i++)
			if (e->attrs[i].kind == ATTR_BLOB)
				make_text(&made, (void *)(made.bytes + e->attrs[i].off), e->attrs[i].name);
		ck_assert_int_eq(decode_made(&ev), DECODE_OK);
		for (uint32_t n = 0; n < made.hdr.size; n++) {
			uint32_t size = n;

			memcpy(copy, made.bytes, n);
			ck_assert_int_ne(decode(&ev, copy, n, 0), DECODE_OK);
			/* The same with a header that says so: a blob then lies outside. */
			if (n < sizeof(struct wire_hdr))
				continue;
			memcpy(copy + offsetof(struct wire_hdr, size), &size, sizeof(size));
			ck_assert_int_eq(decode(&ev, copy, n, 0), n < e->size ? DECODE_E_SHORT : DECODE_E_BLOB);
		}
	}
}
END_TEST

START_TEST(each_reason_is_its_own)
{
	struct event ev, before;

	memset(&ev, 0xaa, sizeof(ev));
	before = ev;
	make_exec();
	ck_assert_int_eq(decode(&ev, made.bytes, sizeof(struct wire_hdr) - 1, 0), DECODE_E_SHORT);
	ck_assert_int_eq(decode(&ev, made.bytes, made.hdr.size + 8, 0), DECODE_E_SIZE);
	made.hdr.type = EVENT_MAX;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_TYPE);
	make_exec();
	made.hdr.call = CALL_MAX;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_CALL);
	made.hdr.call = CALL_OPENAT;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_CALL);
	made.hdr.call = CALL_NONE;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_CALL);
	make_exec();
	made.r.exec.comm.off = sizeof(struct wire_exec) - 1;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_BLOB);
	make_exec();
	made.r.exec.cwd = (struct wire_blob){(uint16_t)made.hdr.size, 1};
	ck_assert_int_eq(decode_made(&ev), DECODE_E_BLOB);
	made.r.exec.cwd = (struct wire_blob){0xffff, 0xffff};
	ck_assert_int_eq(decode_made(&ev), DECODE_E_BLOB);
	make_exec();
	made.r.exec.std_peer.family = AF_UNIX;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_VALUE);
	make_exec();
	made.r.exec.stderr_type = FD_TYPE_MAX;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_VALUE);
	make_call(&made, CALL_DUP2)->dup.fd_type = FD_TYPE_MAX;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_VALUE);
	ck_assert_mem_eq(&ev, &before, sizeof(ev));
	for (int e = 0; e < DECODE_E_MAX; e++)
		ck_assert_uint_gt(strlen(decode_error_text[e]), 0);
}
END_TEST

START_TEST(state_records_have_no_call)
{
	struct event ev;

	make_exec();
	made.hdr.call = CALL_NONE;
	made.hdr.flags = WIRE_SNAPSHOT;
	ck_assert_int_eq(decode_made(&ev), DECODE_OK);
	make_text(&made, &make(&made, EVENT_CGROUP, CALL_NONE)->cgroup.path, "/init.scope");
	ck_assert_int_eq(decode_made(&ev), DECODE_OK);
	made.hdr.call = CALL_EXECVE;
	ck_assert_int_eq(decode_made(&ev), DECODE_E_CALL);
}
END_TEST

START_TEST(an_empty_blob_may_point_anywhere)
{
	struct event ev;

	make_exec();
	made.r.exec.env = (struct wire_blob){0xffff, 0};
	ck_assert_int_eq(decode_made(&ev), DECODE_OK);
	ck_assert_ptr_null(event_blob(&ev, ev.rec->exec.env).p);
}
END_TEST

/* What decode() lets through can be read through every slot. */
static uint64_t touch(const struct event *ev)
{
	const struct event_desc *e = &event_table[ev->rec->hdr.type];
	uint64_t sum = 0;

	for (unsigned int i = 0; i < e->nattrs; i++) {
		struct str s;

		if (e->attrs[i].kind != ATTR_BLOB)
			continue;
		s = event_blob(ev, *(const struct wire_blob *)(const void *)((const char *)ev->rec + e->attrs[i].off));
		for (size_t j = 0; j < s.n; j++)
			sum += (unsigned char)s.p[j];
	}
	return sum;
}

START_TEST(mutated_records_are_refused_or_safe)
{
	unsigned int seed = 20240607, good = 0;
	uint64_t sum = 0;
	struct event ev;

	for (int round = 0; round < 200000; round++) {
		char *exact;

		make_exec();
		for (int k = 0; k < 1 + rand_r(&seed) % 4; k++)
			made.bytes[(size_t)rand_r(&seed) % made.hdr.size % sizeof(struct wire_exec)] = (char)rand_r(&seed);
		if (made.hdr.size > sizeof(made.bytes) || !made.hdr.size)
			continue;
		/* A copy of exactly that size: the sanitizer sees a read past its end. */
		exact = malloc(made.hdr.size);
		memcpy(exact, made.bytes, made.hdr.size);
		if (decode(&ev, exact, made.hdr.size, 0) == DECODE_OK) {
			good++;
			sum += touch(&ev);
		}
		free(exact);
	}
	ck_assert_uint_gt(good, 1000);
	ck_assert_uint_gt(sum, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("decode");
	TCase *c = tcase_create("records");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_record_becomes_an_event);
	tcase_add_test(c, every_event_decodes_and_no_prefix_does);
	tcase_add_test(c, each_reason_is_its_own);
	tcase_add_test(c, state_records_have_no_call);
	tcase_add_test(c, an_empty_blob_may_point_anywhere);
	tcase_add_test(c, mutated_records_are_refused_or_safe);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
