/* SPDX-License-Identifier: Apache-2.0 */
/* Lints that depend on the day, on who can say what examples hit, and on how much there is. test/cli/lint.sh has the others. */
#include "rule/lint.h"
#include "util/cleanup.h"
#include <check.h>

static struct buf said;

static size_t lint(const char *text, time_t now, bool (*hits)(void *, const char *, struct matcher *))
{
	struct rule_source source = {STR("a.yaml"), str(text)};
	struct engine_load in = {.sources = &source, .nsources = 1, .min_priority = 7, .places = true, .lint = true};
	struct diags d _cleanup_(diags_free) = {};
	struct loaded loaded = {};
	struct lint_input l = {.loaded = &loaded, .sources = &source, .nsources = 1, .lints = LINTS_ALL, .now = now, .example_hits = hits};

	buf_free(&said);
	ck_assert_int_eq(loader_load(&loaded, &in, &d), 0);
	ck_assert_int_eq(lint_run(&l, &d), 0);
	diags_print(&d, &said);
	buf_add(&said, "", 0);
	loaded_free(&loaded);
	return d.warnings;
}

#define SAYS(text) ck_assert_msg(said.p && strstr(said.p, text), "not said: %s\nbut: %s", text, said.p ? said.p : "")
#define DAY(n) ((time_t)(n) * 86400)

static const char excepted[] =
	"- rule: Excepted\n  desc: Has an exception.\n  condition: evt.type = execve and proc.pid = 1\n  output: x\n  priority: INFO\n"
	"  tags: [a]\n  exceptions: [{name: far, fields: proc.name, values: [a], expires: 2999-03-01}]\n"
	"  examples: [match: {evt.type: execve, proc.pid: 1}]\n";

START_TEST(an_exception_expires)
{
	const time_t day = 375894;	/* 2999-03-01 */

	ck_assert_uint_eq(lint(excepted, DAY(day - 15), NULL), 0);
	ck_assert_uint_eq(lint(excepted, DAY(day - 14), NULL), 1);
	SAYS("expires in 14 days");
	SAYS("a.yaml:7:69: warning");
	lint(excepted, DAY(day - 1) + 86399, NULL);
	SAYS("expires in 1 day;");
	lint(excepted, DAY(day) + 5, NULL);
	SAYS("expires today;");
	ck_assert_uint_eq(lint(excepted, DAY(day + 1), NULL), 0);
}
END_TEST

static bool never(void *ctx __attribute__((unused)), const char *rule, struct matcher *m)
{
	ck_assert_str_eq(rule, "Excepted");
	ck_assert_ptr_nonnull(m);
	return false;
}

static bool always(void *ctx __attribute__((unused)), const char *rule __attribute__((unused)), struct matcher *m __attribute__((unused)))
{
	return true;
}

START_TEST(examples_are_asked_of_who_has_them)
{
	ck_assert_uint_eq(lint(excepted, 0, NULL), 0);
	ck_assert_uint_eq(lint(excepted, 0, always), 0);
	ck_assert_uint_eq(lint(excepted, 0, never), 1);
	SAYS("a.yaml:7:23: warning: no example is met by the exception \"far\"");
}
END_TEST

/* More parts than are held against each other, names that are no text: nothing is cut in the wrong place. */
START_TEST(much_and_odd)
{
	struct buf b _cleanup_(buf_free) = {};

	buf_puts(&b, "- rule: \"N\\e[31m%s\"\n  desc: d d\n  condition: evt.type = execve");
	for (int i = 0; i < 400; i++)
		buf_printf(&b, " and proc.aname != x%d", i);
	buf_puts(&b, " and proc.name = \"%s%n\xc3\xa4\" and proc.name = b\n  output: x\n  priority: INFO\n");
	buf_add(&b, "", 0);
	lint(b.p, 0, NULL);
	SAYS("\\x1b[31m%s");
	SAYS("LINT_NO_TAGS");
	lint("- rule: A\n  desc: d d\n  condition: evt.type = execve and proc.name = \"%s%n\xc3\xa4\" and proc.name = b\n  output: x\n  priority: INFO\n", 0, NULL);
	SAYS("never true together: \"proc.name = %s%n\xc3\xa4\" and \"proc.name = b\"");
	ck_assert_uint_eq(lint("", 0, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lint");
	TCase *t = tcase_create("lint");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, an_exception_expires);
	tcase_add_test(t, examples_are_asked_of_who_has_them);
	tcase_add_test(t, much_and_odd);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	buf_free(&said);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
