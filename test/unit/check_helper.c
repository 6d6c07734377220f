/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks done by a child: each result in its place, whatever becomes of the child. */
#include "sensor/helper.h"
#include "util/cleanup.h"
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#define TASKS 500

enum { HANGS = 1, DIES = 2 };

static struct run {
	unsigned char trouble[TASKS];	/* what task i does */
	unsigned int results, given_up;
	int begun, over;		/* children */
	int kept;			/* a descriptor that the child must not have */
	size_t big;			/* this task's result is larger than the socket's buffer; 0: none is */
} run;

static void work(void *ctx, size_t i, struct buf *out)
{
	struct run *r = ctx;
	static char big[300000];

	if (r->trouble[i] == HANGS) {
		while (1)
			pause();
	}
	if (r->trouble[i] == DIES)
		raise(SIGSEGV);
	if (r->kept > 3 && fcntl(r->kept, F_GETFD) >= 0)
		raise(SIGABRT);
	if (i && i == r->big) {
		memset(big, 'b', sizeof(big));
		buf_add(out, big, sizeof(big));
	}
	buf_printf(out, "%zu", i);
}

static void result(void *ctx, size_t i, const void *p, size_t n)
{
	struct run *r = ctx;
	char want[24];

	ck_assert_uint_eq(i, r->results++);	/* in order, none twice */
	if (!p) {
		r->given_up++;
		return;
	}
	snprintf(want, sizeof(want), "%zu", i);
	if (i && i == r->big) {
		ck_assert_uint_gt(n, 300000);
		p = (const char *)p + 300000;
		n -= 300000;
	}
	ck_assert_uint_eq(n, strlen(want));
	ck_assert_mem_eq(p, want, n);
}

static void child(void *ctx, pid_t pid)
{
	struct run *r = ctx;

	r->begun += pid > 0;
	r->over += !pid;
}

static int64_t go(size_t n)
{
	int64_t r = helper_run(&(struct helper){.n = n, .work = work, .result = result, .child = child, .ctx = &run});

	ck_assert_uint_eq(run.results, n);
	ck_assert_int_eq(run.begun, run.over);
	ck_assert_int_eq(r, run.given_up);
	return r;
}

START_TEST(plain)
{
	memset(&run, 0, sizeof(run));
	ck_assert_int_eq(go(0), 0);
	run.kept = fcntl(0, F_DUPFD, 100);
	run.big = 7;
	ck_assert_int_eq(go(TASKS), 0);
	ck_assert_int_eq(run.begun, 1);
	close(run.kept);
}
END_TEST

START_TEST(trouble)
{
	memset(&run, 0, sizeof(run));
	run.trouble[0] = HANGS;
	run.trouble[20] = DIES;
	run.trouble[TASKS - 1] = HANGS;
	ck_assert_int_eq(go(TASKS), 3);
	ck_assert_int_eq(run.begun, 3);
}
END_TEST

/* However many hang, it ends, with no more than so many children. */
START_TEST(much_trouble)
{
	memset(&run, 0, sizeof(run));
	memset(run.trouble + 10, HANGS, TASKS - 10);
	ck_assert_int_eq(go(TASKS), TASKS - 10);
	ck_assert_int_eq(run.begun, HELPERS_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("helper");
	TCase *t = tcase_create("helper");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, plain);
	tcase_add_test(t, trouble);
	tcase_add_test(t, much_trouble);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
