/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics as a user sees them: place, caret, suggestion, cap, and nothing a terminal would obey. */
#include "rule/diag.h"
#include <check.h>

static void expect(const struct diags *d, const char *text)
{
	_cleanup_(buf_free) struct buf out = {};

	diags_print(d, &out);
	ck_assert_str_eq(out.p, text);
}

#define FILE_TEXT "rule: a\n\tcondition: proc.nmae = x\r\nlast"

START_TEST(caret)
{
	struct diags d _cleanup_(diags_free) = {};

	diags_add(&d, DIAG_CONDITION, (struct diag_place){STR("a.yaml"), 2, 13, 9}, STR(FILE_TEXT), "rule \"a\"",
		  "did you mean \"proc.name\"?", "unknown field \"%s\"", "proc.nmae");
	diags_add(&d, DIAG_UNUSED_LIST, (struct diag_place){STR("a.yaml"), 3, 5, 1}, STR(FILE_TEXT), NULL, NULL,
		  "at the end");
	diags_add(&d, DIAG_FILE_READ, (struct diag_place){STR("b.yaml"), 0, 0, 0}, STR_NONE, NULL, NULL,
		  "no such file");
	diags_add(&d, DIAG_TEST, (struct diag_place){STR(""), 0, 0, 0}, STR_NONE, NULL, NULL, "no place");
	diags_add(&d, DIAG_TEST, (struct diag_place){STR("a.yaml"), 9, 1, 1}, STR(FILE_TEXT), NULL, NULL,
		  "behind the end");
	ck_assert_uint_eq(d.errors, 4);
	ck_assert_uint_eq(d.warnings, 1);
	expect(&d, "a.yaml:2:13: error: unknown field \"proc.nmae\"; did you mean \"proc.name\"? (rule \"a\") "
		   "[LOAD_ERR_COMPILE_CONDITION]\n"
		   "    \tcondition: proc.nmae = x\n"
		   "    \t           ^^^^^^^^^\n"
		   "a.yaml:3:5: warning: at the end [LOAD_UNUSED_LIST]\n"
		   "    last\n"
		   "        ^\n"
		   "b.yaml: error: no such file [LOAD_ERR_FILE_READ]\n"
		   "error: no place [TEST_ERROR]\n"
		   "a.yaml:9:1: error: behind the end [TEST_ERROR]\n");
}
END_TEST

/* Escapes are four wide, a character of several bytes one; the caret stands where the eye expects it. */
START_TEST(control_characters)
{
	struct diags d _cleanup_(diags_free) = {};

	diags_add(&d, DIAG_CONDITION, (struct diag_place){STR("a\x1b[2J.yaml"), 1, 6, 3},
		  STR("\x1b\xc3\xa9\xc3\xa9"
		      "bad\n"),
		  "rule \"\x07\"", NULL, "what \x1b[31m \xc2\x9b this");
	expect(
	    &d,
	    "a\\x1b[2J.yaml:1:6: error: what \\x1b[31m \\xc2\\x9b this (rule \"\\x07\") [LOAD_ERR_COMPILE_CONDITION]\n"
	    "    \\x1b\xc3\xa9\xc3\xa9"
	    "bad\n"
	    "          ^^^\n");
}
END_TEST

START_TEST(long_line)
{
	struct diags d _cleanup_(diags_free) = {};
	_cleanup_(buf_free) struct buf line = {};
	unsigned int i;

	for (i = 0; i < 300; i++)
		buf_puts(&line, "\xc3\xa9");
	buf_puts(&line, "HERE");
	for (i = 0; i < 300; i++)
		buf_puts(&line, "\xc3\xa9");
	diags_add(&d, DIAG_CONDITION, (struct diag_place){STR("a"), 1, 601, 4}, buf_view(&line), NULL, NULL, "x");
	ck_assert_uint_le(strlen(d.v[0].snippet), 160);
	ck_assert(!strncmp(d.v[0].snippet + d.v[0].snippet_col - 1, "HERE", 4));
	ck_assert_uint_ne((unsigned char)d.v[0].snippet[0] & 0xc0, 0x80);
}
END_TEST

START_TEST(cap)
{
	struct diags d _cleanup_(diags_free) = {};
	_cleanup_(buf_free) struct buf out = {};
	unsigned int i;

	for (i = 0; i < DIAGS_MAX + 10; i++)
		diags_add(&d, i % 2 ? DIAG_CONDITION : DIAG_UNUSED_MACRO, (struct diag_place){STR("a"), i + 1, 1, 1},
			  STR_NONE, NULL, NULL, "x");
	ck_assert_uint_eq(d.n, DIAGS_MAX);
	ck_assert_uint_eq(d.errors + d.warnings, DIAGS_MAX + 10);
	diags_print(&d, &out);
	ck_assert(strstr(out.p, "... and 10 more (105 errors and 105 warnings in all)\n") != NULL);
}
END_TEST

START_TEST(nearest)
{
	static const char *const words[] = {"proc.name", "proc.pname", "fd.name", "fd.num", "startswith", "and", "in"};
	static const struct {
		const char *word, *near;
	} cases[] = {
	    {"proc.nmae", "proc.name"},
	    {"proc.nam", "proc.name"},
	    {"PROC.NAME", "proc.name"},
	    {"fd.nam", "fd.name"},
	    {"fd.nu", "fd.num"},
	    {"startwith", "startswith"},
	    {"adn", "and"},
	    {"im", "in"},
	    {"xyz", NULL},
	    {"", NULL},
	    {"x", NULL},
	    {"proc.something", NULL},
	    {"a_word_that_is_longer_than_any_name_of_a_field_could_ever_be_in_this_language", NULL},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = diag_nearest(str(cases[i].word), words, ARRAY_SIZE(words));

		ck_assert_msg(got == cases[i].near || (got && cases[i].near && !strcmp(got, cases[i].near)), "%s: %s",
			      cases[i].word, got ? got : "nothing");
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("diag");
	TCase *t = tcase_create("diag");
	SRunner *sr;
	int failed;

	tcase_add_test(t, caret);
	tcase_add_test(t, control_characters);
	tcase_add_test(t, long_line);
	tcase_add_test(t, cap);
	tcase_add_test(t, nearest);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
