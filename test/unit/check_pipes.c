/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/pipes.h"
#include <check.h>

static void add(struct pipes *t, uint64_t pipe, enum pipe_side side, uint32_t pid)
{
	pipes_add(t, pipe, side, (struct pipe_end){.pid = pid, .start = 10 * pid});
}

START_TEST(the_newest_end_comes_first)
{
	struct pipes *t = pipes_new();
	const struct pipe_end *e;

	ck_assert_ptr_null(pipes_find(t, 7, PIPE_READERS));
	ck_assert_ptr_null(pipes_find(t, 0, PIPE_READERS));
	add(t, 7, PIPE_WRITERS, 1);
	add(t, 7, PIPE_WRITERS, 2);
	add(t, 8, PIPE_WRITERS, 3);
	e = pipes_find(t, 7, PIPE_WRITERS);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e[0].pid, 2);
	ck_assert_uint_eq(e[1].pid, 1);
	ck_assert_uint_eq(e[1].start, 10);
	ck_assert_uint_eq(e[2].pid, 0);
	add(t, 7, PIPE_WRITERS, 1);	/* another image of the same process */
	e = pipes_find(t, 7, PIPE_WRITERS);
	ck_assert_uint_eq(e[0].pid, 1);
	ck_assert_uint_eq(e[1].pid, 2);
	ck_assert_uint_eq(e[2].pid, 0);
	pipes_free(t);
	ck_assert_ptr_null(pipes_free(NULL));
}
END_TEST

/* The commands of a loop in a subshell all have its end of the pipe: the other side is not forgotten for them. */
START_TEST(an_end_too_many_pushes_the_oldest_of_its_side_out)
{
	struct pipes *t = pipes_new();
	const struct pipe_end *e;

	add(t, 7, PIPE_READERS, 100);
	for (uint32_t pid = 1; pid <= PIPE_ENDS + 2; pid++)
		add(t, 7, PIPE_WRITERS, pid);
	e = pipes_find(t, 7, PIPE_WRITERS);
	for (uint32_t i = 0; i < PIPE_ENDS; i++)
		ck_assert_uint_eq(e[i].pid, PIPE_ENDS + 2 - i);
	ck_assert_uint_eq(pipes_find(t, 7, PIPE_READERS)->pid, 100);
	pipes_free(t);
}
END_TEST

/* Inode numbers come in sequence: most of the table is used before something goes, and what goes is counted. */
START_TEST(the_table_is_bounded)
{
	struct pipes *t = pipes_new();
	uint64_t known = 0;

	for (uint64_t pipe = 1; pipe <= PIPES_MAX / 2; pipe++)
		add(t, pipe, PIPE_READERS, 1);
	for (uint64_t pipe = 1; pipe <= PIPES_MAX / 2; pipe++)
		known += !!pipes_find(t, pipe, PIPE_READERS);
	ck_assert_uint_eq(known + pipes_evicted(t), PIPES_MAX / 2);
	ck_assert_uint_gt(known, PIPES_MAX * 9 / 20);
	for (uint64_t pipe = PIPES_MAX; pipe <= 4 * PIPES_MAX; pipe++)
		add(t, pipe, PIPE_READERS, 1);
	known = 0;
	for (uint64_t pipe = 1; pipe <= 4 * PIPES_MAX; pipe++)
		known += !!pipes_find(t, pipe, PIPE_READERS);
	ck_assert_uint_le(known, PIPES_MAX);
	ck_assert_uint_gt(known, PIPES_MAX * 9 / 10);
	ck_assert_ptr_nonnull(pipes_find(t, 4 * PIPES_MAX, PIPE_READERS));
	pipes_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pipes");
	TCase *c = tcase_create("pipes");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, the_newest_end_comes_first);
	tcase_add_test(c, an_end_too_many_pushes_the_oldest_of_its_side_out);
	tcase_add_test(c, the_table_is_bounded);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
