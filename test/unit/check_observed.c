/* SPDX-License-Identifier: Apache-2.0 */
/* Matches of rules that are tried out: counted, sampled, bounded. */
#include "observed.h"
#include "util/clock.h"
#include "util/limits.h"
#include <check.h>
#include <stdlib.h>

static const char *says;

static void output(struct engine *e, uint32_t id, const struct event *ev, struct buf *out)
{
	(void)e;
	(void)id;
	buf_printf(out, "%s%llu", says, (unsigned long long)ev->num);
}

static const struct engine_ops ops = {.output = output};
static struct engine engine = {&ops};

static void match(struct observed *o, const char *name, uint64_t num, uint64_t time)
{
	struct rule_info rule = {.name = name};
	struct event ev = {.num = num, .time = time};
	struct match m = {&engine, &rule, 0};

	observed_match(o, &ev, &m);
}

static const char *text(json_t *samples, size_t i)
{
	return json_string_value(json_object_get(json_array_get(samples, i), "output"));
}

START_TEST(first_and_latest)
{
	struct observed *o = observed_new();
	json_t *all, *r;

	says = "event ";
	for (uint64_t i = 1; i <= 100; i++)	/* ten a second, for ten seconds */
		match(o, "R", i, i * NSEC_PER_SEC / 10);
	all = observed_json(o);
	ck_assert_uint_eq(json_array_size(all), 1);
	r = json_array_get(all, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(r, "matches")), 100);
	ck_assert_uint_eq(json_array_size(json_object_get(r, "first")), 3);
	ck_assert_str_eq(text(json_object_get(r, "first"), 0), "event 1");
	ck_assert_str_eq(text(json_object_get(r, "first"), 2), "event 3");
	ck_assert_uint_eq(json_array_size(json_object_get(r, "latest")), 3);
	ck_assert_str_eq(text(json_object_get(r, "latest"), 0), "event 73");	/* 13, 23, … 93 are a second apart */
	ck_assert_str_eq(text(json_object_get(r, "latest"), 2), "event 93");
	json_decref(all);
	observed_free(o);
}
END_TEST

START_TEST(bounds)
{
	struct observed *o = observed_new();
	char *longer = malloc(4 * OBSERVED_TEXT_MAX), name[32];
	json_t *all;

	for (int i = 0; i < 2 * OBSERVED_TEXT_MAX; i++)	/* two bytes a character, the cut falls between them */
		memcpy(longer + 2 * i, "é", 2);
	longer[4 * OBSERVED_TEXT_MAX - 1] = longer[4 * OBSERVED_TEXT_MAX - 2] = '\0';
	says = longer + 0;
	for (int i = 0; i < OBSERVED_RULES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "rule %d", i);
		match(o, name, 1, 1);
		match(o, name, 1, 1);
	}
	all = observed_json(o);
	ck_assert_uint_eq(json_array_size(all), OBSERVED_RULES_MAX);
	ck_assert_uint_eq(observed_uncounted(o), 10);
	ck_assert_uint_eq(strlen(text(json_object_get(json_array_get(all, 0), "first"), 0)), OBSERVED_TEXT_MAX);
	json_decref(all);
	free(longer);
	observed_free(o);
}
END_TEST

START_TEST(nothing)
{
	struct observed *o = observed_new();
	json_t *all = observed_json(o);

	ck_assert_uint_eq(json_array_size(all), 0);
	ck_assert_uint_eq(observed_uncounted(o), 0);
	json_decref(all);
	observed_free(o);
	ck_assert_ptr_null(observed_free(NULL));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("observed");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, first_and_latest);
	tcase_add_test(t, bounds);
	tcase_add_test(t, nothing);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
