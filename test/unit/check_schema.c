/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON schemas in docs/schema name the keys that the readers of rules and test files know, and no others. */
#include "cmd/test_cases.h"
#include "rule/loader_state.h"
#include <check.h>

static json_t *schema(const char *name)
{
	char path[512];
	json_error_t e;
	json_t *o;

	snprintf(path, sizeof(path), "%s/../docs/schema/%s", TEST_DIR, name);
	o = json_load_file(path, 0, &e);
	ck_assert_msg(o != NULL, "%s:%d: %s", path, e.line, e.text);
	return o;
}

static void same_keys(const json_t *map, const char *what, const char *const *known, size_t n)
{
	const json_t *properties = json_object_get(map, "properties");

	ck_assert_msg(properties != NULL, "%s has no properties", what);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(json_object_get(properties, known[i]) != NULL, "the schema of %s lacks \"%s\"", what, known[i]);
	ck_assert_msg(json_object_size(properties) == n, "the schema of %s has keys that are not read", what);
	ck_assert_msg(json_is_false(json_object_get(map, "additionalProperties")), "the schema of %s takes any key", what);
}

START_TEST(rules)
{
	static const struct {
		const char *definition;
		const struct key_set *keys;
	} maps[] = {{"rule", &loader_rule_keys}, {"macro", &loader_macro_keys}, {"list", &loader_list_keys},
		    {"exception", &loader_exception_keys}};
	json_t *s = schema("rules.schema.json"), *definitions = json_object_get(s, "definitions");

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		same_keys(json_object_get(definitions, maps[i].definition), maps[i].definition, maps[i].keys->known, maps[i].keys->n);
	json_decref(s);
}
END_TEST

START_TEST(tests)
{
	static const char *const maps[] = {"case", "expect", "diagnostic"};
	static const char *const names[] = {"case", "expect", "diagnostics"};
	json_t *s = schema("tests.schema.json"), *definitions = json_object_get(s, "definitions");
	const char *const *known;
	size_t n;

	known = test_cases_keys("file", &n);
	same_keys(s, "a test file", known, n);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		known = test_cases_keys(names[i], &n);
		same_keys(json_object_get(definitions, maps[i]), maps[i], known, n);
	}
	json_decref(s);
}
END_TEST

START_TEST(lints)
{
	static const char *const ids[] = {
#define LINT(ID, function, title, doc) #ID,
#include "rule/lint.def"
	};
	json_t *s = schema("rules.schema.json");
	const json_t *names = json_object_get(json_object_get(json_object_get(s, "definitions"), "lint"), "enum");

	ck_assert_uint_eq(json_array_size(names), ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ck_assert_int_eq(strcasecmp(json_string_value(json_array_get(names, i)), ids[i]), 0);
	json_decref(s);
}
END_TEST

START_TEST(codes)
{
	json_t *s = schema("tests.schema.json");
	const json_t *names = json_object_get(json_object_get(json_object_get(s, "definitions"), "code"), "enum");

	size_t n = 0;

	for (int i = 0; i < DIAG_CODE_MAX; i++) {
		/* a case's rules are loaded, not linted */
		if (strncmp(diag_code_name((enum diag_code)i), "LINT_", strlen("LINT_")))
			ck_assert_str_eq(json_string_value(json_array_get(names, n++)), diag_code_name((enum diag_code)i));
	}
	ck_assert_uint_eq(json_array_size(names), n);
	json_decref(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema");
	TCase *t = tcase_create("schema");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, rules);
	tcase_add_test(t, tests);
	tcase_add_test(t, codes);
	tcase_add_test(t, lints);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
