/* SPDX-License-Identifier: Apache-2.0 */
/* Lints that depend on the day, on who can say what examples hit, and on how much there is. test/cli/lint.sh has the others. */
#include "rule/lint.h"
#include "util/cleanup.h"
#include <check.h>

static struct buf said;
static bool by_events;

static size_t lint(const char *text, time_t now, uint64_t (*ask)(void *, struct lint_asked *, uint32_t))
{
	struct rule_source source = {STR("a.yaml"), str(text)};
	struct engine_load in = {.sources = &source, .nsources = 1, .min_priority = 7, .places = true, .lint = true};
	struct diags d _cleanup_(diags_free) = {};
	struct loaded loaded = {};
	struct lint_input l = {.loaded = &loaded, .sources = &source, .nsources = 1, .lints = LINTS_ALL, .now = now, .ask = ask, .events = by_events};

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

static uint64_t never(void *ctx __attribute__((unused)), struct lint_asked *v, uint32_t n)
{
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(v->rule, "Excepted");
	ck_assert_ptr_nonnull(v->m);
	v->held = 3;
	return 7;
}

static uint64_t nothing(void *ctx __attribute__((unused)), struct lint_asked *v __attribute__((unused)), uint32_t n __attribute__((unused)))
{
	return 1;
}

static uint64_t always(void *ctx __attribute__((unused)), struct lint_asked *v, uint32_t n __attribute__((unused)))
{
	for (uint32_t i = 0; i < v->n; i++)
		v->met[i] = true;
	return 1;
}

/* All but the last condition. */
static uint64_t but_one(void *ctx __attribute__((unused)), struct lint_asked *v, uint32_t n __attribute__((unused)))
{
	for (uint32_t i = 0; i + 1 < v->n; i++)
		v->met[i] = true;
	v->held = 5;
	return 9;
}

START_TEST(examples_are_asked_of_who_has_them)
{
	ck_assert_uint_eq(lint(excepted, 0, NULL), 0);
	ck_assert_uint_eq(lint(excepted, 0, always), 0);
	ck_assert_uint_eq(lint(excepted, 0, never), 1);
	SAYS("a.yaml:7:23: warning: no example is met by the exception \"far\"");
}
END_TEST

START_TEST(events_are_asked_of_values_too)
{
	static const char rules[] =
		"- list: known\n  items: [k1, k2]\n"
		"- rule: Excepted\n  desc: Has an exception.\n  condition: evt.type = execve and proc.pid = 1\n  output: x\n"
		"  priority: INFO\n  tags: [a]\n  examples: [match: {evt.type: execve, proc.pid: 1}]\n  exceptions:\n"
		"    - {name: of_list, fields: proc.name, values: [known]}\n"
		"    - {name: tuples, fields: [proc.name, proc.cwd], comps: [=, startswith], values: [[a, /x], [b, /y]]}\n"
		"    - {name: words, fields: proc.pname, values: [c, d]}\n";

	by_events = true;
	ck_assert_uint_eq(lint(rules, 0, always), 0);
	ck_assert_uint_eq(lint(rules, 0, but_one), 1);
	SAYS("a.yaml:13:53: warning: this value of the exception \"words\" silences nothing: it meets none of the 5 matches among 9 events;");
	ck_assert_uint_eq(lint(excepted, 0, never), 1);
	SAYS("a.yaml:7:23: warning: the exception \"far\" silences nothing: it meets none of the 3 matches among 7 events; drop it");
	ck_assert_uint_eq(lint(excepted, 0, nothing), 1);
	SAYS("the exception \"far\" had nothing to silence: without it the rule matches none of the 1 event, either");
	by_events = false;
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
	tcase_add_test(t, events_are_asked_of_values_too);
	tcase_add_test(t, much_and_odd);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	buf_free(&said);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
