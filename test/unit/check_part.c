/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a condition: cost, what they say of an event, and the sentence that says why. */
#include "rule/matcher_part.h"
#include "rule_helper.h"

static struct compiled compiled;

static const struct shown *parts_of(const char *condition)
{
	ck_assert_msg(!compile(&compiled, str(condition), 0, CONDITION_DEPTH_MAX), "%s: %s", condition, compiled.said.p);
	return matcher_parts(compiled.matcher, 0);
}

static void why_is(const char *condition, const char *json, const char *why)
{
	const struct shown *s = parts_of(condition);
	struct json_event e;
	struct buf b = {};

	json_event(&e, json);
	matcher_ask(compiled.matcher, &e.event);
	part_why(compiled.matcher, s, &b);
	ck_assert_str_eq(b.p, why);
	ck_assert_int_eq(part_result(compiled.matcher, s) == PART_TRUE, !strncmp(why, "true", 4));
	buf_free(&b);
	json_event_release(&e);
	compiled_release(&compiled);
}

#define CAT "{\"evt.type\":\"execve\",\"proc.name\":\"cat\",\"proc.pid\":7,\"proc.aname\":[\"sh\",\"init\"],\"proc.cwd\":\"a\\nb\"}"

START_TEST(sentences)
{
	why_is("proc.name in (sh, bash)", CAT, "false because proc.name = \"cat\" is not in (sh, bash)");
	why_is("proc.name = cat", CAT, "true because proc.name = \"cat\" is cat");
	why_is("proc.name != cat", CAT, "false because proc.name = \"cat\" is cat");
	why_is("proc.pname = sh", CAT, "false because proc.pname is missing");
	why_is("not proc.pname exists", CAT, "true because proc.pname is missing");
	why_is("proc.name exists", CAT, "true because proc.name is there");
	why_is("proc.pid < 5", CAT, "false because proc.pid = 7 is not less than 5");
	why_is("proc.aname = init", CAT, "true because proc.aname = (\"sh\", \"init\") is init");
	why_is("proc.cwd startswith /", CAT, "false because proc.cwd = \"a\\x0ab\" does not start with /");
	why_is("proc.name = val(proc.pname)", CAT, "false because proc.pname is missing");
	why_is("proc.name = val(proc.cwd)", CAT, "false because proc.name = \"cat\" is not val(proc.cwd) = \"a\\x0ab\"");
	why_is("toupper(proc.name) contains \"= in (\"", CAT,
	       "false because toupper(proc.name) = \"CAT\" does not contain \"= in (\"");
}
END_TEST

START_TEST(what_decides)
{
	/* of an "and" the single check that is false, even behind a group; of an "or" that is false all of them */
	why_is("proc.pid = 7 and (proc.name = a or proc.name = b) and proc.cwd = c", CAT,
	       "false because proc.cwd = \"a\\x0ab\" is not c");
	why_is("proc.pid = 7 and (proc.name = a or proc.name = b)", CAT,
	       "false because proc.name = \"cat\" is not a and proc.name = \"cat\" is not b");
	why_is("(evt.type in (open, openat) and proc.pid = 7) and proc.name = a", CAT,
	       "false because evt.type = \"execve\" is not in (open, openat)");
	why_is("proc.name = a and not (proc.pid = 8 or evt.type = execve)", CAT, "false because evt.type = \"execve\" is execve");
	why_is("proc.name = a and (evt.type = execve or proc.pid = 8)", CAT, "false because proc.name = \"cat\" is not a");
	why_is("proc.name = a and (evt.type = open or proc.pid = 8)", CAT, "false because proc.name = \"cat\" is not a");
	why_is("proc.name = a or proc.pid = 7", CAT, "true because proc.pid = 7 is 7");
	why_is("not (proc.name = a and proc.pid = 7)", CAT, "true because proc.name = \"cat\" is not a");
	why_is("not (proc.pid = 8 or proc.name = cat)", CAT, "false because proc.name = \"cat\" is cat");
	why_is("proc.pid != 1 and proc.pid != 2 and proc.pid != 3 and proc.pid != 4 and proc.pid != 5 and proc.pid != 6", CAT,
	       "true because proc.pid = 7 is not 1, proc.pid = 7 is not 2, proc.pid = 7 is not 3, proc.pid = 7 is not 4, "
	       "proc.pid = 7 is not 5 and 1 more check");
}
END_TEST

START_TEST(costs)
{
	const struct shown *s = parts_of("evt.type = execve and proc.name = sh and proc.args regex \".*x.*\"");
	int execve = name_find(STR("execve")), openat = name_find(STR("openat"));
	struct part_cost c = part_cost(compiled.matcher, s, execve);
	float name = part_cost(compiled.matcher, part_member(s, 1), execve).most;
	float regex = part_cost(compiled.matcher, part_member(s, 2), execve).most;

	ck_assert(regex > name && name > 0);
	ck_assert(c.most == name + regex);	/* the type costs nothing */
	ck_assert(c.expected > name && c.expected < name + regex);
	ck_assert(part_cost(compiled.matcher, s, openat).most == 0);	/* and decides for any other */
	compiled_release(&compiled);

	s = parts_of("not evt.type = execve or proc.args regex \".*x.*\"");
	ck_assert(part_cost(compiled.matcher, s, openat).most == 0);
	ck_assert(part_cost(compiled.matcher, s, execve).most == regex);
	compiled_release(&compiled);
}
END_TEST

/* Reasons of a deep condition are found in one walk. */
START_TEST(deep)
{
	struct buf b = {}, why = {};
	const struct shown *s;
	struct json_event e;

	for (int i = 0; i < 45; i++)
		buf_puts(&b, "(proc.pid = 8 or (proc.pid = 7 and ");
	buf_puts(&b, "proc.name = sh");
	for (int i = 0; i < 45; i++)
		buf_puts(&b, "))");
	buf_char(&b, '\0');
	s = parts_of(b.p);
	json_event(&e, CAT);
	matcher_ask(compiled.matcher, &e.event);
	part_why(compiled.matcher, s, &why);
	ck_assert_str_eq(why.p, "false because proc.pid = 7 is not 8, proc.pid = 7 is not 8, proc.pid = 7 is not 8, "
				"proc.pid = 7 is not 8, proc.pid = 7 is not 8 and 41 more checks");
	json_event_release(&e);
	compiled_release(&compiled);
	buf_free(&b);
	buf_free(&why);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("part");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, sentences);
	tcase_add_test(t, what_decides);
	tcase_add_test(t, costs);
	tcase_add_test(t, deep);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
