/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that were let go come back as they were: what was relocated, written or is constant. */
#include "util/resident.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __has_feature	/* clang's word */
#define __has_feature(x) 0
#endif
#ifdef __SANITIZE_ADDRESS__
#define ASAN 1
#else
#define ASAN __has_feature(address_sanitizer)
#endif

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

static unsigned long resident_kib(const char *kind)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f) && !kib) {
		if (!strncmp(line, kind, strlen(kind)))
			sscanf(line + strlen(kind), ": %lu kB", &kib);
	}
	if (f)
		fclose(f);
	return kib;
}

START_TEST(test_pages_go)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	volatile char *exe = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned long before, after;

	close(fd);
	ck_assert(exe != MAP_FAILED);
	for (off_t at = 0; at < size; at += 4096)
		(void)exe[at];
	before = resident_kib("RssFile");
	resident_trim();
	after = resident_kib("RssFile");
	ck_assert_uint_gt(before, 0);
	ck_assert_uint_lt(after, before);
}
END_TEST

/* What was expected is there, then gone again but for what is in use; and nothing brings it back. */
START_TEST(test_expected)
{
	unsigned long before = resident_kib("RssAnon"), during, after;
	char *kept[64], *big;

	resident_expect(8 << 20);
	for (int i = 0; i < 64; i++) {
		big = malloc(64 << 10);
		ck_assert_ptr_nonnull(big);
		memset(big, i, 64 << 10);
		kept[i] = malloc(64);
		ck_assert_ptr_nonnull(kept[i]);
		memset(kept[i], i, 64);
		free(big);
	}
	during = resident_kib("RssAnon");
	resident_trim();
	after = resident_kib("RssAnon");
	for (int i = 0; i < 64; i++) {
		ck_assert_int_eq(kept[i][0] + kept[i][63], 2 * i);
		free(kept[i]);
	}
	ck_assert_uint_le(after, during + 1024);	/* what a sanitizer keeps for itself in between */
	if (!ASAN)	/* whose allocator keeps what is freed */
		ck_assert_uint_lt(after, before + 1024);
	resident_trim();
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
	tcase_add_test(t, test_expected);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
