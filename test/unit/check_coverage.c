/* SPDX-License-Identifier: Apache-2.0 */
/* What the coverage says of a call: seen, less known of it, lost, or one that this kernel does not have. */
#include "sensor/coverage.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct sensor_state state;
static struct needs needs;
static struct wire_counter counters[EVENT_MAX];
static json_t *coverage;

static void setup(void)
{
	memset(&state, 0, sizeof(state));
	memset(&needs, 0, sizeof(needs));
	needs.call[CALL_FCHMODAT2] = needs.call[CALL_RENAME] = true;
	programs_choose(state.program, &needs);
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (state.program[p].state == PROGRAM_CHOSEN)
			state.program[p].state = PROGRAM_ATTACHED;
	}
}

static void teardown(void)
{
	json_decref(coverage);
	coverage = NULL;
}

static void lose(enum program p, bool no_call)
{
	state.program[p].state = PROGRAM_ABSENT;
	state.program[p].no_call = no_call;
	snprintf(state.program[p].reason, sizeof(state.program[p].reason), "why");
}

static const char *of_call(const char *call, const char *key)
{
	static const struct ring ring[2];
	static const uint64_t records[2];
	static const bool damaged[2];
	struct coverage c = {
		.state = &state, .needs = &needs, .counters = counters, .cpus = 1, .ring = ring, .records = records,
		.damaged = damaged, .life = "running",
	};

	json_decref(coverage);
	coverage = coverage_json(&c);
	ck_assert_ptr_nonnull(coverage);
	return json_string_value(json_object_get(json_object_get(json_object_get(coverage, "calls"), call), key));
}

START_TEST(test_states)
{
	ck_assert_str_eq(of_call("rename", "state"), "attached");
	ck_assert_ptr_null(of_call("rename", "reason"));
	ck_assert_str_eq(of_call("unlink", "state"), "not needed");
	ck_assert_str_eq(of_call("fork", "state"), "process table");
	lose(PROGRAM_path_set__tp_btf, false);
	ck_assert_str_eq(of_call("rename", "state"), "attached");
	ck_assert_str_eq(of_call("rename", "reason"), "less is known of it: path_set__tp_btf: why");
}
END_TEST

START_TEST(test_a_call_that_nobody_can_make_is_not_lost)
{
	lose(PROGRAM_fchmodat2__exit, false);
	ck_assert_str_eq(of_call("fchmodat2", "state"), "lost");
	lose(PROGRAM_fchmodat2__exit, true);
	ck_assert_str_eq(of_call("fchmodat2", "state"), "not in this kernel");
	ck_assert_str_eq(of_call("fchmodat2", "reason"), "fchmodat2__exit: why");
	lose(PROGRAM_path_set__tp_btf, false);	/* what else is missing of it does not matter */
	ck_assert_str_eq(of_call("fchmodat2", "state"), "not in this kernel");
}
END_TEST

/* "guarded" is only said where it is so. */
START_TEST(test_the_guard_of_32_bit_entries)
{
	const struct coverage c = { .state = &state, .needs = &needs };
	char text[COVERAGE_IA32_MAX];

	ck_assert_str_eq(coverage_ia32(text, &c, false), "not reachable");
	ck_assert_str_eq(coverage_ia32(text, &c, true), "reachable, not guarded");
	needs.want |= WANT_COMPAT;
	programs_choose(state.program, &needs);
	ck_assert_str_eq(coverage_ia32(text, &c, true), COVERAGE_UNGUARDED "compat__raw_tp: chosen");
	state.program[PROGRAM_compat__raw_tp].state = PROGRAM_ATTACHED;
	ck_assert_str_eq(coverage_ia32(text, &c, true), "guarded");
	lose(PROGRAM_compat__raw_tp, false);
	state.program[PROGRAM_compat__raw_tp].state = PROGRAM_REFUSED;
	ck_assert_str_eq(coverage_ia32(text, &c, true), COVERAGE_UNGUARDED "compat__raw_tp: why");
	needs.call[CALL_RENAME] = needs.call[CALL_FCHMODAT2] = false;
	state.program[PROGRAM_compat__raw_tp].state = PROGRAM_UNNEEDED;
	ck_assert_str_eq(coverage_ia32(text, &c, true), "reachable; no rule needs a call that the guard sees");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("coverage");
	TCase *t = tcase_create("coverage");
	SRunner *sr = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_states);
	tcase_add_test(t, test_a_call_that_nobody_can_make_is_not_lost);
	tcase_add_test(t, test_the_guard_of_32_bit_entries);
	suite_add_tcase(suite, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
