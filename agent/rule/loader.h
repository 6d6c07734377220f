/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader
 *
 * YAML texts of rules, macros and lists → rules whose conditions and outputs are
 * compiled. Everything that is wrong is said at once; one bad rule does not
 * keep the others from being looked at.
 */
#ifndef RULE_LOADER_H
#define RULE_LOADER_H

#include "rule/ast.h"
#include "rule/engine.h"
#include "rule/output.h"

/* A field that the configuration adds to what a finding says. */
struct extra_field {
	const char *name;
	struct output *value;
};

struct loaded_rule {
	struct rule_info info;
	const struct ast *condition;	/* checked; NULL when the rule is left out (disabled, below the priority) */
	const struct ast *tree;		/* the same, also of a rule that is left out: for explain */
	struct output *output;
	struct str condition_text, output_text;	/* as written, appends and exceptions included */
	struct extra_field *extra;
	size_t nextra;
	unsigned int priority;		/* 0 Emergency … 7 Debug */
};

struct loaded {
	struct arena *arena;		/* holds everything here */
	struct loaded_rule *rules;	/* in definition order */
	uint32_t nrules, enabled;
	uint64_t engine_version;	/* highest required minor version, 0 without one */
};

/* 0, or -EINVAL with errors in *diags (warnings may be there either way); *ret is to be given to loaded_free(). */
int loader_load(struct loaded *ret, const struct engine_load *in, struct diags *diags);
void loaded_free(struct loaded *l);

#endif
