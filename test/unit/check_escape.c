/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal or a log is not given as it is. */
#include "util/escape.h"
#include "util/log.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *in, *out;
} cases[] = {
	{"", ""},
	{"plain /bin/sh -c \"x\"", "plain /bin/sh -c \"x\""},
	{"\xe2\x82\xac \xc3\xa4 \xf0\x9f\x94\xa5", "\xe2\x82\xac \xc3\xa4 \xf0\x9f\x94\xa5"},
	{"\xe0\xae\x95\xe2\x80\x8d\xe0\xae\xb7", "\xe0\xae\x95\xe2\x80\x8d\xe0\xae\xb7"},	/* a joiner is part of a word */
	{"a\nb\tc\rd", "a\\nb\\tc\\x0dd"},
	{"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
	{"\xc2\x9b" "31m", "\\x9b31m"},			/* C1: CSI in one character */
	{"\x9b\xff\xc3", "\\x9b\\xff\\xc3"},		/* no text */
	{"\xc2\x85\xe2\x80\xa8\xe2\x80\xa9", "\\x85\\u2028\\u2029"},	/* line ends */
	{"\xd8\x9c|\xe2\x80\x8e|\xe2\x80\x8f", "\\u061c|\\u200e|\\u200f"},
	{"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae", "\\u202a\\u202b\\u202c\\u202d\\u202e"},
	{"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "\\u2066\\u2067\\u2068\\u2069"},
};

START_TEST(escapes)
{
	struct buf b = {};

	escape_add(&b, str(cases[_i].in));
	ck_assert_str_eq(b.p ? b.p : "", cases[_i].out);
	buf_free(&b);
}
END_TEST

/* One message, one line: who writes into it cannot make up another. */
START_TEST(log_line)
{
	char got[512] = "";
	int pair[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	unsetenv("JOURNAL_STREAM");
	ck_assert_int_eq(pipe(pair), 0);
	dup2(pair[1], STDERR_FILENO);
	log_error("%s", "/tmp/x\n<3>noroshi: all is well\x1b[2J\xc2\x9b\xe2\x80\xae");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pair[1]);
	n = read(pair[0], got, sizeof(got) - 1);
	close(pair[0]);
	ck_assert_int_gt(n, 0);
	ck_assert_str_eq(got, "noroshi: /tmp/x\\n<3>noroshi: all is well\\x1b[2J\\x9b\\u202e\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("escape");
	TCase *t = tcase_create("escape");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, escapes, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, log_line);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
