/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs are loaded for what, when nothing, something or everything is refused. */
#include "sensor/programs.h"
#include <check.h>
#include <string.h>

static struct program_status s[PROGRAM_MAX];
static struct needs needs;

static void setup(void)
{
	memset(s, 0, sizeof(s));
	memset(&needs, 0, sizeof(needs));
}

static void attach_chosen(void)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (s[p].state == PROGRAM_CHOSEN)
			s[p].state = PROGRAM_ATTACHED;
	}
}

static bool bit(const uint64_t *bits, enum event_call c)
{
	return bits[c / 64] >> c % 64 & 1;
}

START_TEST(test_process_table_always)
{
	uint64_t bits[CALL_WORDS];

	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_exec__tp_btf].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_exec__raw_tp].state, PROGRAM_ALTERNATIVE);
	ck_assert_int_eq(s[PROGRAM_fork__tp_btf].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_exit__tp_btf].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_tasks__iter].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_openat__exit].state, PROGRAM_UNNEEDED);
	ck_assert_int_eq(s[PROGRAM_execve__exit].state, PROGRAM_UNNEEDED);
	programs_calls(bits, &needs);
	ck_assert(bit(bits, CALL_EXECVE) && bit(bits, CALL_CLONE3) && bit(bits, CALL_PROCEXIT));
	ck_assert(!bit(bits, CALL_OPENAT) && !bit(bits, CALL_CONNECT));
	ck_assert(program_is_lifecycle(PROGRAM_fork__tp_btf) && !program_is_lifecycle(PROGRAM_tasks__iter));
}
END_TEST

START_TEST(test_only_what_is_asked_for)
{
	uint64_t bits[CALL_WORDS];

	needs.call[CALL_OPENAT] = true;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_openat__exit].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_openat2__exit].state, PROGRAM_UNNEEDED);
	programs_calls(bits, &needs);
	ck_assert(bit(bits, CALL_OPENAT) && !bit(bits, CALL_OPENAT2));
}
END_TEST

START_TEST(test_failed_attempts_on_request)
{
	needs.call[CALL_EXECVE] = true;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_execve__exit].state, PROGRAM_UNNEEDED);
	needs.want = WANT_FAILED;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_execve__exit].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_execveat__exit].state, PROGRAM_UNNEEDED);
}
END_TEST

START_TEST(test_arguments_on_request)
{
	char tracepoint[64];

	needs.call[CALL_OPENAT] = true;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_openat_asked__enter].state, PROGRAM_UNNEEDED);
	needs.want = WANT_ARGS;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_openat_asked__enter].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_open_asked__enter].state, PROGRAM_UNNEEDED);
	program_tracepoint(tracepoint, PROGRAM_openat_asked__enter);
	ck_assert_str_eq(tracepoint, "sys_enter_openat");
	program_tracepoint(tracepoint, PROGRAM_openat__exit);
	ck_assert_str_eq(tracepoint, "sys_exit_openat");
}
END_TEST

START_TEST(test_next_alternative)
{
	programs_choose(s, &needs);
	s[PROGRAM_exec__tp_btf].state = PROGRAM_REFUSED;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_exec__tp_btf].state, PROGRAM_REFUSED);
	ck_assert_int_eq(s[PROGRAM_exec__raw_tp].state, PROGRAM_CHOSEN);
	s[PROGRAM_exec__raw_tp].state = PROGRAM_ATTACHED;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_exec__raw_tp].state, PROGRAM_ATTACHED);
	s[PROGRAM_exec__raw_tp].state = PROGRAM_ABSENT;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_exec__raw_tp].state, PROGRAM_ABSENT);
	ck_assert_int_eq(s[PROGRAM_fork__tp_btf].state, PROGRAM_CHOSEN);
}
END_TEST

START_TEST(test_what_a_call_lost)
{
	enum program by, without;
	enum need_how how = NEED_FAILED;

	needs.call[CALL_RENAME] = needs.call[CALL_EXECVE] = true;
	needs.want = WANT_FAILED;
	programs_choose(s, &needs);
	attach_chosen();
	ck_assert(programs_of_call(s, &needs, CALL_RENAME, &by, &without, &how));
	ck_assert_int_eq(by, PROGRAM_rename__exit);
	ck_assert_int_eq(without, PROGRAM_MAX);

	s[PROGRAM_path_ns__tp_btf].state = PROGRAM_ABSENT;
	ck_assert(programs_of_call(s, &needs, CALL_RENAME, &by, &without, &how));
	ck_assert_int_eq(by, PROGRAM_rename__exit);
	ck_assert_int_eq(without, PROGRAM_path_ns__tp_btf);
	ck_assert_int_eq(how, NEED_HELPS);

	s[PROGRAM_rename__exit].state = PROGRAM_REFUSED;
	ck_assert(!programs_of_call(s, &needs, CALL_RENAME, &by, &without, &how));
	ck_assert_int_eq(by, PROGRAM_MAX);
	ck_assert_int_eq(without, PROGRAM_rename__exit);
	ck_assert_int_eq(how, NEED_MUST);

	s[PROGRAM_execve__exit].state = PROGRAM_ABSENT;
	ck_assert(programs_of_call(s, &needs, CALL_EXECVE, &by, &without, &how));
	ck_assert_int_eq(by, PROGRAM_exec__tp_btf);
	ck_assert_int_eq(without, PROGRAM_execve__exit);
	ck_assert_int_eq(how, NEED_FAILED);
}
END_TEST

START_TEST(test_refusal_tells_more_than_absence)
{
	enum program by, without;
	enum need_how how;

	needs.call[CALL_EXECVE] = true;
	s[PROGRAM_exec__tp_btf].state = PROGRAM_ABSENT;
	s[PROGRAM_exec__raw_tp].state = PROGRAM_REFUSED;
	programs_choose(s, &needs);
	ck_assert(!programs_of_call(s, &needs, CALL_EXECVE, &by, &without, &how));
	ck_assert_int_eq(without, PROGRAM_exec__raw_tp);
}
END_TEST

/* One code for several calls: each is chosen, and lost, for itself. */
START_TEST(test_shared_code)
{
	enum program by, without;
	enum need_how how;
	char at[64];

	ck_assert_str_eq(program_code(PROGRAM_openat__exit), program_code(PROGRAM_open__exit));
	ck_assert(program_same_code(PROGRAM_rename__exit, PROGRAM_fchmod__exit));
	ck_assert(!program_same_code(PROGRAM_rename__exit, PROGRAM_openat__exit));
	ck_assert_str_eq(program_code(PROGRAM_socket__exit), "socket__exit");
	ck_assert(program_same_code(program_by_code(program_code(PROGRAM_creat__exit)), PROGRAM_creat__exit));
	ck_assert_int_eq(program_by_code("no such code"), PROGRAM_MAX);
	program_tracepoint(at, PROGRAM_renameat2__exit);
	ck_assert_str_eq(at, "sys_exit_renameat2");
	program_tracepoint(at, PROGRAM_socket__exit);
	ck_assert_str_eq(at, "");	/* its own section says it */

	needs.call[CALL_OPENAT] = needs.call[CALL_OPENAT2] = true;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_open__exit].state, PROGRAM_UNNEEDED);
	s[PROGRAM_openat2__exit].state = PROGRAM_ABSENT;
	programs_choose(s, &needs);
	attach_chosen();
	ck_assert(programs_of_call(s, &needs, CALL_OPENAT, &by, &without, &how));
	ck_assert_int_eq(by, PROGRAM_openat__exit);
	ck_assert(!programs_of_call(s, &needs, CALL_OPENAT2, &by, &without, &how));
	ck_assert_int_eq(without, PROGRAM_openat2__exit);
}
END_TEST

START_TEST(test_table)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		const char *bar = strstr(program_name[p], "__");

		ck_assert_int_eq(program_by_name(program_name[p]), p);
		ck_assert_ptr_nonnull(bar);	/* <event>__<hook> */
	}
	ck_assert_int_eq(program_by_name("no such program"), PROGRAM_MAX);
	/* Each call has a program without which it is not seen. */
	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++) {
		enum program by, without;
		enum need_how how;


		setup();
		needs.call[c] = true;
		programs_choose(s, &needs);
		attach_chosen();
		ck_assert_msg(programs_of_call(s, &needs, c, &by, &without, &how), "call %u has no program", c);
	}
}
END_TEST

static void lose(enum program p)
{
	s[p].state = PROGRAM_ABSENT;
}

/* Tracepoints by themselves; functions where a tracepoint is missing, or where they are asked for. */
START_TEST(test_styles)
{
	bool tracepoint, function;

	needs.call[CALL_RENAME] = true;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_path_skip__tp_btf].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_hook_rename__fentry].state, PROGRAM_UNNEEDED);

	lose(PROGRAM_path_skip__tp_btf);
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_hook_rename__fentry].state, PROGRAM_CHOSEN);
	ck_assert_int_eq(s[PROGRAM_hook_link__fentry].state, PROGRAM_UNNEEDED);	/* of what is needed only */
	attach_chosen();
	ck_assert_int_eq(programs_styles(s, &needs, &tracepoint, &function), PROGRAM_path_skip__tp_btf);
	ck_assert(tracepoint && function);

	setup();
	needs.call[CALL_RENAME] = true;
	needs.want = WANT_FUNCTION;
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_path_ns__tp_btf].state, PROGRAM_UNNEEDED);
	ck_assert_int_eq(s[PROGRAM_hook_rename__fentry].state, PROGRAM_CHOSEN);
	lose(PROGRAM_hook_rename__fentry);
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_path_ns__tp_btf].state, PROGRAM_CHOSEN);
	attach_chosen();
	ck_assert_int_eq(programs_styles(s, &needs, &tracepoint, &function), PROGRAM_hook_rename__fentry);
	ck_assert(tracepoint && !function);

	setup();
	needs.call[CALL_RENAME] = true;
	needs.want = WANT_TRACEPOINT;
	lose(PROGRAM_path_ns__tp_btf);
	programs_choose(s, &needs);
	ck_assert_int_eq(s[PROGRAM_hook_rename__fentry].state, PROGRAM_UNNEEDED);
	ck_assert_int_eq(s[PROGRAM_path_set__tp_btf].state, PROGRAM_CHOSEN);
}
END_TEST

/* One style is enough: then nothing is lost. Of none the preferred one's loss is told. */
START_TEST(test_what_a_call_lost_by_style)
{
	enum program by, without;
	enum need_how how;

	needs.call[CALL_UNLINKAT] = true;
	lose(PROGRAM_path_ns__tp_btf);
	programs_choose(s, &needs);
	attach_chosen();
	ck_assert(programs_of_call(s, &needs, CALL_UNLINKAT, &by, &without, &how));
	ck_assert_int_eq(without, PROGRAM_MAX);

	lose(PROGRAM_hook_rmdir__fentry);	/* it needs two of them */
	ck_assert(programs_of_call(s, &needs, CALL_UNLINKAT, &by, &without, &how));
	ck_assert_int_eq(without, PROGRAM_path_ns__tp_btf);
	ck_assert_int_eq(how, NEED_HELPS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("programs");
	TCase *t = tcase_create("programs");
	SRunner *sr = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, test_process_table_always);
	tcase_add_test(t, test_only_what_is_asked_for);
	tcase_add_test(t, test_failed_attempts_on_request);
	tcase_add_test(t, test_arguments_on_request);
	tcase_add_test(t, test_next_alternative);
	tcase_add_test(t, test_what_a_call_lost);
	tcase_add_test(t, test_refusal_tells_more_than_absence);
	tcase_add_test(t, test_shared_code);
	tcase_add_test(t, test_table);
	tcase_add_test(t, test_styles);
	tcase_add_test(t, test_what_a_call_lost_by_style);
	suite_add_tcase(suite, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
