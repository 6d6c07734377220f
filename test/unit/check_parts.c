/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A condition taken apart: the mutants and their texts; what each says of an event against the same condition written
 * out and compiled; which checks a condition asks before its outcome stands.
 */
#include "rule/parts.h"
#include "rule_helper.h"

#define EVENTS 32

/* Five yes or no questions: every event answers them in another way. */
static void event_of(unsigned int bits, char *json, size_t n)
{
	snprintf(json, n, "{\"evt.type\":\"open\",\"proc.name\":\"%s\",\"fd.num\":%d,\"fd.name\":\"%s\",\"proc.pname\":\"%s\",\"proc.pid\":%d}",
		 bits & 1 ? "sh" : "ls", bits & 2 ? 7 : 2, bits & 4 ? "/etc/x" : "/var", bits & 8 ? "nginx" : "su", bits & 16 ? 5 : 6);
}

struct judged {
	struct parts *p;
	bool *ret, whole;
};

static void judge(void *ctx, const struct event *ev)
{
	struct judged *j = ctx;

	j->whole = parts_judge(j->p, ev, j->ret);
}

static void with_event(const char *json, void (*fn)(void *ctx, const struct event *ev), void *ctx)
{
	struct json_event e;

	json_event(&e, json);
	fn(ctx, &e.event);
	json_event_release(&e);
}

/* Each mutant, in order: what it is called, and the same condition as a person would write it. */
struct want {
	const char *what, *condition;
};

static void check_mutants(const char *condition, const struct want *want, uint32_t n)
{
	struct compiled c, m;
	struct judged j = {};

	ck_assert_int_eq(compile(&c, str(condition), 0, 100), 0);
	ck_assert_int_eq(parts_new(&j.p, c.ast), 0);
	ck_assert_int_eq(parts_mutate(j.p, 1000, 0), 0);
	j.ret = calloc(parts_mutants(j.p) + 1, sizeof(bool));
	ck_assert_uint_eq(parts_left_out(j.p), 0);
	for (uint32_t i = 0; i < n && i < parts_mutants(j.p); i++) {
		ck_assert_str_eq(parts_mutant(j.p, i)->what, want[i].what);
		ck_assert_msg(!compile(&m, str(want[i].condition), 0, 100), "%s: %s", want[i].condition, m.said.p);
		for (unsigned int e = 0; e < EVENTS; e++) {
			char json[256];

			event_of(e, json, sizeof(json));
			with_event(json, judge, &j);
			ck_assert_msg(j.whole == holds(&c, json), "%s on %s", condition, json);
			ck_assert_msg(j.ret[i] == holds(&m, json), "%s on %s", want[i].condition, json);
		}
		compiled_release(&m);
	}
	ck_assert_uint_eq(parts_mutants(j.p), n);
	free(j.ret);
	parts_free(j.p);
	compiled_release(&c);
}

START_TEST(mutants)
{
	static const struct want small[] = {
		{"negated: not proc.name = sh", "not proc.name = sh"},
	};
	static const struct want all[] = {
		{"\"and\" became \"or\": (proc.name = sh or not (fd.num > 2 or fd.name startswith /etc/))",
		 "proc.name = sh or not (fd.num > 2 or fd.name startswith /etc/)"},
		{"dropped: proc.name = sh", "not (fd.num > 2 or fd.name startswith /etc/)"},
		{"dropped: not (fd.num > 2 or fd.name startswith /etc/)", "proc.name = sh"},
		{"negated: not proc.name = sh", "not proc.name = sh and not (fd.num > 2 or fd.name startswith /etc/)"},
		{"\"or\" became \"and\": (fd.num > 2 and fd.name startswith /etc/)", "proc.name = sh and not (fd.num > 2 and fd.name startswith /etc/)"},
		{"dropped: fd.num > 2", "proc.name = sh and not fd.name startswith /etc/"},
		{"dropped: fd.name startswith /etc/", "proc.name = sh and not fd.num > 2"},
		{"negated: not fd.num > 2", "proc.name = sh and not (not fd.num > 2 or fd.name startswith /etc/)"},
		{"changed to: fd.num >= 2", "proc.name = sh and not (fd.num >= 2 or fd.name startswith /etc/)"},
		{"negated: not fd.name startswith /etc/", "proc.name = sh and not (fd.num > 2 or not fd.name startswith /etc/)"},
		{"changed to: fd.name = /etc/", "proc.name = sh and not (fd.num > 2 or fd.name = /etc/)"},
	};

	check_mutants("proc.name = sh", small, ARRAY_SIZE(small));
	check_mutants("proc.name = sh and not (fd.num > 2 or fd.name startswith /etc/)", all, ARRAY_SIZE(all));
}
END_TEST

START_TEST(operators)
{
	static const char *const from[] = {"fd.num < 3", "fd.num <= 3", "fd.num >= 3", "fd.name contains x", "fd.name icontains x",
					   "fd.name endswith anyof (x, y)", "fd.name glob x", "fd.name in (x)", "evt.arg.data contains x"};
	static const char *const to[] = {"fd.num <= 3", "fd.num < 3", "fd.num > 3", "fd.name = x", "fd.name = x",
					 "fd.name = anyof (x, y)", NULL, NULL, "evt.arg.data = x"};

	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		char wanted[64];
		struct compiled c;
		struct parts *p;

		ck_assert_msg(!compile(&c, str(from[i]), 0, 100), "%s", c.said.p);
		ck_assert_int_eq(parts_new(&p, c.ast), 0);
		ck_assert_int_eq(parts_mutate(p, 1000, 0), 0);
		ck_assert_msg(parts_mutants(p) == (to[i] ? 2 : 1), "%s", from[i]);
		snprintf(wanted, sizeof(wanted), "changed to: %s", to[i] ? to[i] : "");
		if (to[i])
			ck_assert_str_eq(parts_mutant(p, 1)->what, wanted);
		parts_free(p);
		compiled_release(&c);
	}
}
END_TEST

START_TEST(bounded)
{
	struct compiled c;
	struct parts *p;

	ck_assert_int_eq(compile(&c, STR("proc.name = a and proc.name = b and proc.name = c"), 0, 100), 0);
	ck_assert_int_eq(parts_new(&p, c.ast), 0);
	ck_assert_uint_eq(parts_count(p), 3);
	ck_assert_str_eq(parts_text(p, 2), "proc.name = c");
	ck_assert_int_eq(parts_mutate(p, 4, 0), 0);
	ck_assert_uint_eq(parts_mutants(p), 4);
	ck_assert_uint_eq(parts_left_out(p), 3);
	parts_free(p);
	compiled_release(&c);
}
END_TEST

/* ---- trace ---- */

struct traced {
	struct matcher *m;
	char said[32];
};

static void on_check(void *ctx, uint32_t check, bool holds)
{
	size_t n = strlen(ctx);

	snprintf((char *)ctx + n, 32 - n, "%u%c", check, holds ? '+' : '-');
}

static void run_trace(void *ctx, const struct event *ev)
{
	struct traced *t = ctx;

	matcher_trace(t->m, 0, ev, on_check, t->said);
}

START_TEST(traces)
{
	static const struct {
		unsigned int event;
		const char *want;
	} cases[] = {
		{0, "0-4-"}, {1, "0+1-2-4-"}, {1 | 2, "0+1+3-4-"}, {1 | 2 | 8, "0+1+3+"}, {1 | 4, "0+1-2+3-4-"}, {16, "0-4+"},
	};
	struct compiled c;

	ck_assert_int_eq(compile(&c, STR("(proc.name = sh and not (not fd.num > 2 and not fd.name startswith /etc) and proc.pname = nginx)"
				     " or proc.pid = 5"), 0, 100), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct traced t = {.m = c.matcher};
		char json[256];

		event_of(cases[i].event, json, sizeof(json));
		with_event(json, run_trace, &t);
		ck_assert_str_eq(t.said, cases[i].want);
	}
	compiled_release(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("parts");
	TCase *t = tcase_create("parts");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, mutants);
	tcase_add_test(t, operators);
	tcase_add_test(t, bounded);
	tcase_add_test(t, traces);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
