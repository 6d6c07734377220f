/* SPDX-License-Identifier: Apache-2.0 */
/* Event names: sorted, found, all calls among them, every system call this header knows. */
#include "event/attr.h"
#include "event/names.h"
#include "util/cleanup.h"
#include <check.h>
#include <stdio.h>

START_TEST(sorted)
{
	unsigned int i;

	for (i = 0; i < name_count; i++) {
		ck_assert_int_eq(name_find(str(name_table[i])), (int)i);
		ck_assert_msg(!i || strcmp(name_table[i - 1], name_table[i]) < 0, "%s is not in its place",
			      name_table[i]);
	}
	ck_assert_ptr_null(name_table[name_count]);
	ck_assert_int_eq(name_find(STR("nosuchcall")), -1);
	ck_assert_int_eq(name_find(STR("")), -1);
	ck_assert_int_eq(name_find(STR("open\0")), -1);
	ck_assert_int_eq(name_find(STR("ope")), -1);
}
END_TEST

START_TEST(calls)
{
	enum event_call call;

	ck_assert_int_eq(name_of_call(CALL_NONE), -1);
	ck_assert_int_eq(name_of_call(CALL_MAX), -1);
	for (call = CALL_NONE + 1; call < CALL_MAX; call++) {
		ck_assert_int_ge(name_of_call(call), 0);
		ck_assert_str_eq(name_table[name_of_call(call)], call_table[call].name);
		ck_assert_int_eq(name_call(name_of_call(call)), call);
	}
	ck_assert_int_eq(name_call(name_find(STR("semop"))), CALL_NONE);
	ck_assert_int_eq(name_call(-1), CALL_NONE);
}
END_TEST

START_TEST(original)
{
	static const char *const words[] = {
	    "procexit",   "signaldeliver", "pluginevent", "asyncevent",  "container", "accept4",           "setuid32",
	    "socketcall", "userfaultfd",   "pread",       "umount",      "switch",    "open_by_handle_at", "execveat",
	    "getcwd",     "dns",           "module_load", "cred_change", "signal"};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		ck_assert_msg(name_find(str(words[i])) >= 0, "%s", words[i]);
}
END_TEST

/* The kernel's own list, where its headers are installed. */
START_TEST(system_calls)
{
	static const char *const headers[] = {"/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
					      "/usr/include/x86_64-linux-gnu/asm/unistd_32.h"};
	unsigned int i, seen = 0;
	char line[256], name[128];

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		_cleanup_(fclosep) FILE *f = fopen(headers[i], "r");

		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "#define __NR_%127s", name) != 1)
				continue;
			ck_assert_msg(name_find(str(name)) >= 0, "%s is a system call without a name in names.def",
				      name);
			seen++;
		}
	}
	if (!seen)
		puts("SKIP: no <asm/unistd_64.h> here");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("names");
	TCase *t = tcase_create("names");
	SRunner *sr;
	int failed;

	tcase_add_test(t, sorted);
	tcase_add_test(t, calls);
	tcase_add_test(t, original);
	tcase_add_test(t, system_calls);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
