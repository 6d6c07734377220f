/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions and globs: what they match, what is refused, and that neither runs away. */
#include "rule/glob.h"
#include "rule/regex.h"
#include "util/cleanup.h"
#include <check.h>
#include <errno.h>
#include <fnmatch.h>

static enum regex_result match(const char *pattern, struct str value)
{
	struct regex_scratch *s = regex_scratch_new();
	enum regex_result result;
	struct regex *r;
	char why[160];

	ck_assert_msg(!regex_new(&r, str(pattern), why), "%s: %s", pattern, why);
	result = regex_match(r, s, value);
	regex_free(r);
	regex_scratch_free(s);
	return result;
}

static const struct {
	const char *pattern, *value;
	bool yes;
} cases[] = {
	{"abc", "abc", true},
	{"abc", "abcd", false},
	{"abc", "xabc", false},
	{"", "", true},
	{"", "a", false},
	{"a|ab", "ab", true},
	{"ab|a", "ab", true},
	{"(a|ab)(c|bcd)", "abcd", true},
	{"^abc$", "abc", true},
	{"[a-c]+", "abccba", true},
	{"[^a]", "a", false},
	{"[]a]+", "]a]", true},
	{"[[:digit:]]{2,3}", "123", true},
	{"[[:digit:]]{2,3}", "1234", false},
	{"a.c", "a\nc", false},
	{"a\\.c", "abc", false},
	{"a\\.c", "a.c", true},
	{"a\\x41", "aA", true},
	{"[\\]x]+", "]x", true},
	{"caf.", "caf\xc3\xa9", true},
	{"(ab)*", "ababab", true},
	{"a{2}", "aa", true},
	{"x*?", "xx", true},
	{"/usr/(local/)?bin/.*", "/usr/bin/x", true},
	{".*\xef\xbf\xbd", "bad\xff", true},
	{"bad.", "bad\xff", true},
	{"bad", "bad\xff", false},
};

START_TEST(matches)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(match(cases[i].pattern, str(cases[i].value)) == (cases[i].yes ? REGEX_YES : REGEX_NO),
			      "%s on %s", cases[i].pattern, cases[i].value);
	ck_assert_int_eq(match("", STR_NONE), REGEX_YES);
}
END_TEST

START_TEST(refused)
{
	static const char *const patterns[] = {"\\d",    "[\\w]",   "\\bx", "(?i)a", "(?:a)", "(*LIMIT_MATCH=1)a",
					       "a\\1",   "\\Qa\\E", "\\pL", "a(",    "[a",    "*a",
					       "a{3,2}", "a\\",     "a*+",  "a++",   "\\C",   "\\K"};
	struct regex *r;
	char why[160];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		why[0] = '\0';
		ck_assert_msg(regex_new(&r, str(patterns[i]), why) == -EINVAL, "%s was taken", patterns[i]);
		ck_assert_msg(why[0], "%s: no reason", patterns[i]);
	}
}
END_TEST

/* Steps are counted, not time: the same pattern and value end the same way on every machine. */
START_TEST(runaway)
{
	char value[20000];

	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 1] = 'b';
	value[sizeof(value) - 2] = '!';
	ck_assert_int_eq(match("(a|aa|a[a]*)*b", str_n(value, sizeof(value))), REGEX_LIMIT);
	ck_assert_int_eq(match("(((a*)*)*)*b", str_n(value, sizeof(value))), REGEX_LIMIT);
}
END_TEST

START_TEST(huge_value)
{
	size_t n = 200000;
	char *value = malloc(n);

	memset(value, 'a', n);
	ck_assert_int_eq(match("a*", str_n(value, n)), REGEX_YES);
	value[7] = (char)0xff;	/* no room to put it right: given up, not cut */
	ck_assert_int_eq(match("a*.a*", str_n(value, n)), REGEX_LIMIT);
	free(value);
}
END_TEST

START_TEST(plain)
{
	ck_assert(regex_is_plain(STR("abc")));
	ck_assert(regex_is_plain(STR("^abc$")));
	ck_assert(regex_is_plain(STR("^.*abc.+$")));
	ck_assert(!regex_is_plain(STR("a.c")));
	ck_assert(!regex_is_plain(STR("(a|b)")));
	ck_assert(!regex_is_plain(STR("[ab]")));
}
END_TEST

/* The library's fnmatch() is the definition; on its answers for random patterns and texts we agree. */
START_TEST(glob_is_fnmatch)
{
	static const char p_alphabet[] = "ab/*?[]!-^\\.", t_alphabet[] = "ab/.-][^!\\";
	unsigned int seed = 7, i, j, n, yes = 0;
	char pattern[12], text[10];

	for (i = 0; i < 200000; i++) {
		n = (unsigned int)rand_r(&seed) % (sizeof(pattern) - 1);
		for (j = 0; j < n; j++)
			pattern[j] = p_alphabet[(unsigned int)rand_r(&seed) % (sizeof(p_alphabet) - 1)];
		pattern[n] = '\0';
		if (strstr(pattern, "[."))
			continue;	/* the locale's collating symbols */
		n = (unsigned int)rand_r(&seed) % (sizeof(text) - 1);
		for (j = 0; j < n; j++)
			text[j] = t_alphabet[(unsigned int)rand_r(&seed) % (sizeof(t_alphabet) - 1)];
		text[n] = '\0';
		ck_assert_msg(glob_match(str(pattern), str(text), false) == !fnmatch(pattern, text, 0),
			      "\"%s\" on \"%s\": fnmatch says %d", pattern, text, !fnmatch(pattern, text, 0));
		yes += !fnmatch(pattern, text, 0);
	}
	ck_assert_uint_gt(yes, 1000);
}
END_TEST

START_TEST(glob_folds)
{
	ck_assert(glob_match(STR("/HOME/*/.S[S]H"), STR("/home/x/.ssh"), true));
	ck_assert(!glob_match(STR("/HOME/*"), STR("/home/x"), false));
	ck_assert(glob_match(STR("[A-C]x"), STR("bX"), true));
	ck_assert(glob_match(STR("[[:upper:]]"), STR("a"), true));
}
END_TEST

/* As many stars as fit: quadratic, not exponential. */
START_TEST(glob_stars)
{
	char pattern[255], value[4000];
	unsigned int i;

	for (i = 0; i + 1 < sizeof(pattern); i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[sizeof(pattern) - 1] = 'b';
	memset(value, 'a', sizeof(value));
	ck_assert(!glob_match(str_n(pattern, sizeof(pattern)), str_n(value, sizeof(value)), false));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("regex");
	TCase *t = tcase_create("regex");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, matches);
	tcase_add_test(t, refused);
	tcase_add_test(t, runaway);
	tcase_add_test(t, huge_value);
	tcase_add_test(t, plain);
	tcase_add_test(t, glob_is_fnmatch);
	tcase_add_test(t, glob_folds);
	tcase_add_test(t, glob_stars);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
