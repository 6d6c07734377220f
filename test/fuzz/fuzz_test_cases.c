/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a test file, and as a rules file with examples: cases that can be walked, or reasons. */
#include "cmd/test_cases.h"

static void walk(const struct test_cases *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct test_case *c = &t->v[i];

		if (!c->name || (!c->events && !c->replay && !c->ndiagnostics))
			__builtin_trap();
		for (size_t k = 0; k < c->nexpect; k++) {
			if (!c->expect[k].rule)
				__builtin_trap();
		}
	}
}

static void print(struct diags *d)
{
	struct buf out = {};

	diags_print(d, &out);
	buf_free(&out);
	diags_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size);
	struct test_cases tests = {}, examples = {};
	struct diags d = {}, e = {};

	if (!test_cases_file(&tests, STR("dir/x.test.yaml"), text, &d))
		walk(&tests);
	if (!test_cases_examples(&examples, STR("rules.yaml"), text, &e))
		walk(&examples);
	test_cases_free(&tests);
	test_cases_free(&examples);
	print(&d);
	print(&e);
	return 0;
}
