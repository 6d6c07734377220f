/* SPDX-License-Identifier: Apache-2.0 */
#include "event/attr.h"
#include "util/cleanup.h"
#include <check.h>
#include <sys/syscall.h>

START_TEST(every_call_is_found_by_its_name)
{
	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++)
		ck_assert_int_eq(call_by_name(call_name((enum event_call)c)), c);
	ck_assert_int_eq(call_by_name(STR("")), CALL_NONE);
	ck_assert_int_eq(call_by_name(STR("execv")), CALL_NONE);
	ck_assert_int_eq(call_by_name(STR("execvee")), CALL_NONE);
	ck_assert_int_eq(call_by_name(STR_NONE), CALL_NONE);
	ck_assert_str_eq(call_table[CALL_NONE].name, "");
}
END_TEST

START_TEST(calls_belong_to_their_event)
{
	ck_assert_int_eq(call_table[CALL_EXECVEAT].type, EVENT_EXEC);
	ck_assert_int_eq(call_table[CALL_VFORK].type, EVENT_FORK);
	ck_assert_int_eq(call_table[CALL_PROCEXIT].type, EVENT_EXIT);
	ck_assert_int_eq(call_table[CALL_CREAT].type, EVENT_OPEN);
	ck_assert_int_eq(call_table[CALL_FCHMODAT2].type, EVENT_CHMOD);
	ck_assert_int_eq(call_table[CALL_ACCEPT4].type, EVENT_ACCEPT);
	ck_assert_int_eq(call_table[CALL_DNS].type, EVENT_DNS);
}
END_TEST

START_TEST(numbers_are_the_kernels)
{
	ck_assert_int_eq(call_table[CALL_EXECVE].nr, __NR_execve);
	ck_assert_int_eq(call_table[CALL_OPENAT].nr, __NR_openat);
	ck_assert_int_eq(call_table[CALL_PROCEXIT].nr, -1);
	ck_assert_int_eq(call_table[CALL_DNS].nr, -1);
	ck_assert_int_eq(call_table[CALL_FCHMODAT2].nr, 452);
#ifdef __x86_64__
	ck_assert_int_eq(call_table[CALL_OPEN].nr, 2);
#else
	ck_assert_int_eq(call_table[CALL_OPEN].nr, -1);
#endif
}
END_TEST

START_TEST(fields_lie_in_the_fixed_part_in_wire_order)
{
	static const size_t width[] = {
		[ATTR_U32] = 4, [ATTR_S32] = 4, [ATTR_U64] = 8,
		[ATTR_ADDR] = sizeof(struct wire_addr), [ATTR_BLOB] = sizeof(struct wire_blob),
	};

	for (int t = 0; t < EVENT_MAX; t++) {
		const struct event_desc *e = &event_table[t];
		size_t at = sizeof(struct wire_hdr);

		ck_assert_uint_gt(e->nattrs, 0);
		for (unsigned int i = 0; i < e->nattrs; i++) {
			ck_assert_uint_ge(e->attrs[i].off, at);
			at = e->attrs[i].off + width[e->attrs[i].kind];
			ck_assert_uint_gt(strlen(e->attrs[i].doc), 0);
		}
		ck_assert_uint_le(at, e->size);
		ck_assert_uint_eq(e->size % 8, 0);
	}
	ck_assert_str_eq(event_table[EVENT_EXIT].attrs[0].name, "status");
	ck_assert_uint_eq(event_table[EVENT_EXIT].nattrs, 1);
	ck_assert(event_table[EVENT_EXEC].critical);
	ck_assert(!event_table[EVENT_OPEN].critical);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attr");
	TCase *c = tcase_create("tables");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, every_call_is_found_by_its_name);
	tcase_add_test(c, calls_belong_to_their_event);
	tcase_add_test(c, numbers_are_the_kernels);
	tcase_add_test(c, fields_lie_in_the_fixed_part_in_wire_order);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
