/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that were let go come back as they were: what was relocated, written or is constant. */
#include "util/resident.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const relocated[] = {"one", "two", "three"};
static const unsigned char constant[3 * 4096] = {[0] = 1, [4096] = 2, [3 * 4096 - 1] = 3};
static unsigned char written[3 * 4096];

static int descending(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

START_TEST(test_everything_is_still_there)
{
	int v[] = {3, 9, 5};
	char *heap = strdup("kept");
	char text[32];

	memset(written, 0x5a, sizeof(written));
	for (int i = 0; i < 3; i++) {
		resident_trim();
		ck_assert_str_eq(relocated[i], ((const char *[]){"one", "two", "three"})[i]);
		ck_assert_uint_eq(constant[0] + constant[4096] + constant[sizeof(constant) - 1], 6);
		ck_assert_uint_eq(written[0] & written[sizeof(written) - 1], 0x5a);
		ck_assert_str_eq(heap, "kept");
		qsort(v, 3, sizeof(*v), descending);
		snprintf(text, sizeof(text), "%d %.2f", v[0], 1.5);
		ck_assert_str_eq(text, "9 1.50");
	}
	free(heap);
}
END_TEST

static unsigned long resident_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "RssFile: %lu kB", &kib) != 1)
		;
	if (f)
		fclose(f);
	return kib;
}

START_TEST(test_pages_go)
{
	unsigned long before = resident_kib(), after;

	resident_trim();
	after = resident_kib();
	ck_assert_uint_gt(before, 0);
	ck_assert_uint_lt(after, before);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("resident");
	TCase *t = tcase_create("resident");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, test_pages_go);	/* first, while the start's pages are there */
	tcase_add_test(t, test_everything_is_still_there);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
