/* SPDX-License-Identifier: Apache-2.0 */
/* Names of bits and values: the original's tables, and what stands behind them. */
#include "event/words.h"
#include <check.h>
#include <string.h>

static void is(struct words_walk w, const char *want)
{
	char got[256] = "";
	const char *name;

	while ((name = words_next(&w))) {
		strcat(got, *got ? "|" : "");
		strcat(got, name);
	}
	ck_assert_str_eq(got, want);
	ck_assert_ptr_null(words_next(&w));
}

START_TEST(bits)
{
	is(words_bits(WORDS_prot, WORDS_ALL, 5), "PROT_READ|PROT_EXEC");
	is(words_bits(WORDS_prot, WORDS_ALL, 0), "PROT_NONE");
	is(words_bits(WORDS_prot, WORDS_ALL, 0x40000), "");
	is(words_bits(WORDS_file, WORDS_ALL, 7), "O_CREAT|O_RDWR");	/* uses up O_WRONLY and O_RDONLY */
	is(words_bits(WORDS_file, WORDS_ALL, 0), "O_NONE");
	is(words_bits(WORDS_NONE, WORDS_ALL, 7), "");
}
END_TEST

START_TEST(values)
{
	is(words_value(WORDS_socket_families, WORDS_ALL, 1), "AF_LOCAL|AF_UNIX");
	is(words_value(WORDS_socket_families, WORDS_ALL, 0), "AF_UNSPEC");
	is(words_value(WORDS_socket_families, WORDS_ALL, 4000), "");
}
END_TEST

START_TEST(ours_behind_theirs)
{
	is(words_value(WORDS_socket_families, WORDS_ALL, 40), "AF_VSOCK");
	is(words_value(WORDS_socket_families, WORDS_THEIRS, 40), "");
	is(words_bits(WORDS_clone, WORDS_ALL, 0x80000001), "CLONE_FILES|CLONE_NEWTIME");
	is(words_bits(WORDS_clone, WORDS_THEIRS, 0x80000001), "CLONE_FILES");
	is(words_bits(WORDS_fsopen, WORDS_ALL, 1), "CLOEXEC");
	is(words_bits(WORDS_fsopen, WORDS_THEIRS, 1), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");
	SRunner *sr;
	int failed;

	tcase_add_test(t, bits);
	tcase_add_test(t, values);
	tcase_add_test(t, ours_behind_theirs);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
