/* SPDX-License-Identifier: Apache-2.0 */
/* The canary's rules, what they ask of the kernel side, and whose events are its. Its life: e2e/canary. */
#include "canary.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct canary canary;
static union event_record rec;
static struct event ev;

static void setup(void)
{
	char error[512] = "";

	ck_assert_msg(!canary_init(&canary, 53, error), "%s", error);
	canary.child = 7;
	canary.pidns = 70;
	canary.begun_at = 1000;
	memset(&rec, 0, sizeof(rec));
	rec.hdr = (struct wire_hdr){.tgid = 4007, .vpid = 7, .pidns = 70, .start = 1001, .time = 1002};
	ev = (struct event){.num = 1, .rec = &rec};
}

static void teardown(void)
{
	canary_free(&canary);
}

/* What nobody asks for is not asked for because of it; what somebody does lets the marked ones through. */
START_TEST(asks_for_nothing_of_its_own)
{
	struct needs *n = calloc(1, sizeof(*n)), *before = calloc(1, sizeof(*before));

	canary_needs(&canary, n);
	ck_assert_mem_eq(n, before, sizeof(*n));
	n->call[CALL_CONNECT] = true;
	for (unsigned int who = 0; who < REFUSE_WHO; who++)
		n->refuse[CALL_CONNECT].kinds[who] = ~0u;
	refuse_finish(&n->refuse[CALL_CONNECT]);
	canary_needs(&canary, n);
	ck_assert(n->call[CALL_CONNECT] && !n->call[CALL_OPENAT] && !n->call[CALL_DNS] && !n->call[CALL_EXECVE]);
	ck_assert_uint_ne(n->refuse[CALL_CONNECT].kinds[REFUSE_ROOT | REFUSE_HOST], ~0u);
	ck_assert_uint_eq(n->refuse[CALL_CONNECT].kinds[REFUSE_ROOT | REFUSE_FAILED], ~0u);
	n->call[CALL_OPENAT] = n->call[CALL_DNS] = n->call[CALL_EXECVE] = true;
	canary_needs(&canary, n);
	ck_assert_msg(!n->want, "nothing that costs everybody: %x", n->want);
	free(n);
	free(before);
}
END_TEST

START_TEST(knows_its_child)
{
	ck_assert(canary_is(&canary, &ev));
	ck_assert_uint_eq(canary.tgid, 4007);
	rec.hdr.pidns = 0;	/* as it ends */
	ck_assert(canary_is(&canary, &ev));
	rec.hdr.start = 2000;	/* the id again, of another */
	ck_assert(!canary_is(&canary, &ev));
}
END_TEST

START_TEST(takes_nobody_else_for_it)
{
	struct wire_hdr child = rec.hdr;

	rec.hdr.pidns = 71;
	ck_assert(!canary_is(&canary, &ev));
	rec.hdr = child;
	rec.hdr.vpid = 8;
	ck_assert(!canary_is(&canary, &ev));
	rec.hdr = child;
	rec.hdr.start = 999;
	ck_assert(!canary_is(&canary, &ev));
	rec.hdr = child;
	canary.reaped = 1001;	/* from then on anybody may have the id */
	ck_assert(!canary_is(&canary, &ev));
	canary.child = 0;
	canary.reaped = 0;
	ck_assert(!canary_is(&canary, &ev));
}
END_TEST

START_TEST(says_what_came_back)
{
	static const char *const names[] = {"open", "connect", "dns", "exec"};
	json_t *j, *kinds;

	canary.begun = true;
	canary.interval = 1000;
	ck_assert(canary_waits(&canary));
	canary.rounds = 1;
	canary.kind[0].last = canary.kind[1].last = canary.kind[2].last = 1;
	canary.kind[1].missed = 2;
	canary.kind[2].error = 13;
	strcpy(canary.kind[3].why_not, "no rule looks for it");
	j = canary_json(&canary);
	kinds = json_object_get(j, "kinds");
	ck_assert_str_eq(json_string_value(json_object_get(j, "state")), "on");
	for (size_t i = 0; i < 4; i++) {
		static const char *const states[] = {"seen", "missed", "not done", "not tried"};

		ck_assert_str_eq(json_string_value(json_object_get(json_object_get(kinds, names[i]), "state")), states[i]);
	}
	json_decref(j);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("canary");
	TCase *t = tcase_create("canary");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, asks_for_nothing_of_its_own);
	tcase_add_test(t, knows_its_child);
	tcase_add_test(t, takes_nobody_else_for_it);
	tcase_add_test(t, says_what_came_back);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
