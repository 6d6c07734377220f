/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/lint_name.h"
#include "rule/diag.h"
#include "util/str.h"
#include <ctype.h>
#include <stdio.h>

static const char *const names[] = {
#define LINT(ID, function, title, doc) #ID,
#include "rule/lint.def"
};
_Static_assert(ARRAY_SIZE(names) <= 32, "a set of lints is 32 bits");

static struct str bare(struct str name)
{
	return str_starts(name, STR("LINT_")) ? str_skip(name, strlen("LINT_")) : name;
}

uint32_t lint_named(struct str name)
{
	name = bare(name);
	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (name.n == strlen(names[i]) && !strncasecmp(name.p, names[i], name.n))
			return 1u << i;
	}
	return 0;
}

const char *lint_hint(char buf[96], struct str name)
{
	const char *near = diag_nearest(bare(name), names, ARRAY_SIZE(names));
	size_t n = (size_t)snprintf(buf, 96, "did you mean \"%s\"?", near ? near : "");

	if (!near)
		return "";
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)tolower((unsigned char)buf[i]);
	return buf;
}
