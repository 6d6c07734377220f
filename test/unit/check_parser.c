/* SPDX-License-Identifier: Apache-2.0 */
/* The condition parser against test/rules/parse.txt, its depth limits, and macros put in. */
#include "rule_helper.h"

static struct buf file;

static void check_one(char *condition, struct str want, unsigned int *failed)
{
	struct arena *a = arena_new(0);
	struct ast_error e;
	struct ast *n;
	struct buf got = {};

	unescape_case(condition);
	if (ast_parse(&n, a, str(condition), 100, &e) < 0) {
		buf_printf(&got, "! %u:%u+%zu %s%s%s", e.line, e.col, e.len, e.message, e.hint[0] ? "; " : "", e.hint);
	} else {
		buf_puts(&got, "= ");
		ast_print(n, &got);
	}
	if (!str_eq(buf_view(&got), want)) {
		printf("%s\n  want " STR_FMT "\n  got  %s\n", condition, STR_ARG(want), got.p);
		(*failed)++;
	}
	buf_free(&got);
	arena_free(a);
}

START_TEST(golden)
{
	struct str rest = buf_view(&file), line;
	char *condition = NULL, *want;
	unsigned int failed = 0, cases = 0;

	while (next_line(&rest, &line)) {
		if (line.n < 2 || line.p[0] == '#')
			continue;
		if (line.p[0] == 'C') {
			free(condition);
			condition = strndup(line.p + 2, line.n - 2);
			continue;
		}
		want = strndup(line.p, line.n);
		unescape_case(want);
		check_one(condition, str(want), &failed);
		free(want);
		cases++;
	}
	free(condition);
	ck_assert_uint_eq(failed, 0);
	ck_assert_uint_gt(cases, 60);
}
END_TEST

/* "evt.type=open and ((...x.y=z...))" with that many parentheses. */
static int parse_nested(unsigned int n, unsigned int max_depth, struct ast_error *e)
{
	struct arena *a = arena_new(0);
	struct buf b = {};
	struct ast *ret;
	unsigned int i;
	int r;

	buf_puts(&b, "evt.type=open and ");
	for (i = 0; i < n; i++)
		buf_char(&b, '(');
	buf_puts(&b, "x.y=z");
	for (i = 0; i < n; i++)
		buf_char(&b, ')');
	r = ast_parse(&ret, a, buf_view(&b), max_depth, e);
	buf_free(&b);
	arena_free(a);
	return r;
}

START_TEST(depth)
{
	struct ast_error e;

	ck_assert_int_eq(parse_nested(18, 100, &e), 0);
	ck_assert_int_lt(parse_nested(19, 100, &e), 0);
	ck_assert_msg(strstr(e.message, "exceeded max depth limit of 100") != NULL, "%s", e.message);
	ck_assert_int_eq(parse_nested(198, CONDITION_DEPTH_MAX, &e), 0);
	ck_assert_int_lt(parse_nested(199, CONDITION_DEPTH_MAX, &e), 0);
	ck_assert_int_lt(parse_nested(100000, CONDITION_DEPTH_MAX, &e), 0);
}
END_TEST

START_TEST(long_list)
{
	struct arena *a = arena_new(0);
	struct buf b = {};
	struct ast_error e;
	struct ast *n;
	unsigned int i;

	buf_puts(&b, "x.y in (");
	for (i = 0; i < 100000; i++)
		buf_printf(&b, "%sname%u", i ? ",\n" : "", i);
	buf_puts(&b, ",)");
	ck_assert_int_lt(ast_parse(&n, a, buf_view(&b), 100, &e), 0);
	ck_assert_uint_eq(e.line, 100000);
	buf_free(&b);
	arena_free(a);
}
END_TEST

/* ---- macros ---- */

struct macros {
	struct ast *a, *b;
};

static const struct ast *find(void *ctx, struct str name)
{
	const struct macros *m = ctx;

	return str_eq(name, STR("a")) ? m->a : str_eq(name, STR("b")) ? m->b : NULL;
}

static void count(void *ctx, struct str name)
{
	(void)name;
	++*(unsigned int *)ctx;
}

START_TEST(macros)
{
	struct arena *arena = arena_new(0);
	struct macros m = {};
	struct ast *n;
	struct ast_error e;
	struct buf out = {};
	unsigned int left = 0;

	ck_assert(!ast_parse(&m.a, arena, STR("x.y = 1 or x.y = 2"), 100, &e));
	ck_assert(!ast_parse(&m.b, arena, STR("not x.z = 3"), 100, &e));
	ck_assert(!ast_parse(&n, arena, STR("a and\n not b and a"), 100, &e));
	ast_each_macro(n, count, &left);
	ck_assert_uint_eq(left, 3);
	ck_assert_int_eq(ast_expand(&n, arena, find, &m, &e), 0);
	left = 0;
	ast_each_macro(n, count, &left);
	ck_assert_uint_eq(left, 0);
	ast_print(n, &out);
	ck_assert_str_eq(out.p, "((x.y = 1 or x.y = 2) and not not x.z = 3 and (x.y = 1 or x.y = 2))");

	ck_assert(!ast_parse(&n, arena, STR("a and\n  nope"), 100, &e));
	ck_assert_int_eq(ast_expand(&n, arena, find, &m, &e), -ENOENT);
	ck_assert_str_eq(e.message, "undefined macro \"nope\"");
	ck_assert_uint_eq(e.line, 2);
	ck_assert_uint_eq(e.col, 3);
	ck_assert_uint_eq(e.len, 4);
	buf_free(&out);
	arena_free(arena);
}
END_TEST

START_TEST(no_memory)
{
	struct str text = STR("(a.b = c and x.y in (a, b, c)) or not tolower(a.b) = d");
	struct ast_error e;
	struct ast *n;
	size_t cap;
	int r = -1;

	for (cap = 1; r < 0 && cap < 100000; cap += 97) {
		struct arena *a = arena_new(cap);

		r = ast_parse(&n, a, text, 100, &e);
		ck_assert(r == 0 || r == -ENOMEM);
		arena_free(a);
	}
	ck_assert_int_eq(r, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("parser");
	TCase *t = tcase_create("parser");
	SRunner *sr;
	int failed;

	if (fs_read(&file, TEST_DIR "/rules/parse.txt", 1u << 20) < 0)
		return 1;
	tcase_add_test(t, golden);
	tcase_add_test(t, depth);
	tcase_add_test(t, long_list);
	tcase_add_test(t, macros);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	buf_free(&file);
	return failed != 0;
}
