/* SPDX-License-Identifier: Apache-2.0 */
/* What the check says of conditions, against test/rules/check.txt; the event sets; errors in macros. */
#include "rule_helper.h"

static struct buf file;

static void compare(const char *condition, unsigned int flags, struct str want, unsigned int *failed)
{
	struct compiled c;
	int r = compile(&c, str(condition), flags, 100);
	struct str got = buf_view(&c.said);

	if (!str_eq(got, want) || (r < 0) != (c.errors > 0)) {
		printf("%s%s (%d)\n  want\n" STR_FMT "  got\n" STR_FMT, condition, flags ? " (strict)" : "", r,
		       STR_ARG(want), STR_ARG(got));
		(*failed)++;
	}
	compiled_release(&c);
}

struct expected {
	char *condition;
	struct buf plain, strict;
	bool has_strict;
};

static void finish(struct expected *x, unsigned int *failed, unsigned int *cases)
{
	if (x->condition) {
		unescape_case(x->condition);
		if (x->plain.p)
			unescape_case(x->plain.p);
		if (x->strict.p)
			unescape_case(x->strict.p);
		compare(x->condition, 0, str(x->plain.p ? x->plain.p : ""), failed);
		if (x->has_strict)
			compare(x->condition, AST_STRICT_COMPAT, str(x->strict.p ? x->strict.p : ""), failed);
		++*cases;
	}
	free(x->condition);
	buf_free(&x->plain);
	buf_free(&x->strict);
	memset(x, 0, sizeof(*x));
}

START_TEST(golden)
{
	struct str rest = buf_view(&file), line;
	struct expected x = {};
	unsigned int failed = 0, cases = 0;

	while (next_line(&rest, &line)) {
		if (!line.n || line.p[0] == '#')
			continue;
		if (line.p[0] == 'C') {
			finish(&x, &failed, &cases);
			x.condition = strndup(line.p + 2, line.n - 2);
		} else if (line.p[0] == 'S') {
			x.has_strict = true;
			if (!str_eq(line, STR("S ok")))
				buf_printf(&x.strict, STR_FMT "\n", STR_ARG(str_skip(line, 2)));
		} else {
			buf_printf(&x.plain, STR_FMT "\n", STR_ARG(line));
		}
	}
	finish(&x, &failed, &cases);
	ck_assert_uint_eq(failed, 0);
	ck_assert_uint_gt(cases, 50);
}
END_TEST

static bool can_be(const char *condition, const char *name)
{
	struct compiled c;
	struct name_set set;
	bool r;

	ck_assert_int_eq(compile(&c, str(condition), 0, 100), 0);
	ast_events(c.ast, &set);
	r = name_set_has(&set, name_find(str(name)));
	compiled_release(&c);
	return r;
}

START_TEST(event_sets)
{
	ck_assert(can_be("evt.type = open and not (evt.type = close and proc.name = x)", "open"));
	ck_assert(!can_be("evt.type = open and not (evt.type = close and proc.name = x)", "close"));
	ck_assert(!can_be("evt.type = open and evt.num = 0", "open"));
	ck_assert(can_be("evt.type = open and evt.num >= 0", "open"));
	ck_assert(can_be("evt.type == anyof (open)", "close"));
	ck_assert(can_be("not evt.type == anyof (open)", "open"));
	ck_assert(can_be("proc.name = x", "dns"));
	ck_assert(!can_be("evt.type = accept", "accept4"));
	ck_assert(!can_be("not evt.type exists", "open"));
	ck_assert(can_be("not syscall.type exists", "dns"));	/* which is no system call */
}
END_TEST

static const struct ast *find(void *ctx, struct str name)
{
	(void)name;
	return ctx;
}

/* A macro's body keeps no place: what is wrong with it is said where it was named, and that it was the macro. */
START_TEST(macro_errors)
{
	struct compiled c = {.arena = arena_new(0)};
	struct ast *body;
	struct ast_error e;

	ck_assert(!ast_parse(&body, c.arena, STR("proc.nmae = x"), 100, &e));
	ck_assert(!ast_parse(&c.ast, c.arena, STR("evt.type = open\n and my_macro"), 100, &e));
	ck_assert_int_eq(ast_expand(&c.ast, c.arena, find, body, &e), 0);
	ck_assert_int_eq(ast_check(c.ast, c.arena, 0, compiled_report, &c), -EINVAL);
	ck_assert_str_eq(c.said.p,
			 "! 2:6+8 unknown field \"proc.nmae\" (in macro \"my_macro\"); did you mean \"proc.name\"?\n");
	compiled_release(&c);
}
END_TEST

static void collect_field(void *ctx, const struct field_ref *f)
{
	buf_printf(ctx, STR_FMT " ", STR_ARG(f->text));
}

static void collect_operator(void *ctx, const char *op)
{
	buf_printf(ctx, "%s ", op);
}

START_TEST(what_is_named)
{
	struct compiled c;
	struct buf out = {};

	ck_assert_int_eq(compile(&c,
				 STR("fd.name = a and (proc.aname[2] in (x) or not toupper(proc.name) = val(fd.name)) "
				     "and fd.name exists"),
				 0, 100),
			 0);
	ast_each_field(c.ast, collect_field, &out);
	ast_each_operator(c.ast, collect_operator, &out);
	ck_assert_str_eq(out.p, "fd.name proc.aname[2] proc.name = in exists ");
	buf_free(&out);
	compiled_release(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("check");
	TCase *t = tcase_create("check");
	SRunner *sr;
	int failed;

	if (fs_read(&file, TEST_DIR "/rules/check.txt", 1u << 20) < 0)
		return 1;
	tcase_add_test(t, golden);
	tcase_add_test(t, event_sets);
	tcase_add_test(t, macro_errors);
	tcase_add_test(t, what_is_named);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	buf_free(&file);
	return failed != 0;
}
