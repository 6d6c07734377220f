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

/* What lints ask of a rule besides what it means. */
struct loaded_exception {
	struct str name, expires;	/* expires: YYYY-MM-DD, or empty */
	struct diag_place place, expires_place;
};

struct loaded_field {
	const struct field_ref *field;
	struct diag_place place;
	struct str rest;	/* of the output, from behind it */
};

struct loaded_written {
	const struct loaded_exception *exceptions;	/* that have values and have not expired; place is that of their "not (...)" */
	size_t nexceptions;
	struct loaded_field *fields;	/* of the output, as the rule names them */
	size_t nfields;
	struct diag_place desc;
	bool examples;
};

/* A rule, macro or list that takes the place of one before it. */
struct loaded_again {
	const char *kind;
	struct str name;
	struct diag_place before, place;
};

/* An item of a file that wants some lints silent. */
struct loaded_quiet {
	struct diag_place from;			/* its first place */
	unsigned int to_line, to_col;		/* the first one of the item after it */
	uint32_t lints;				/* lint_name.h */
};

struct loaded_rule {
	struct rule_info info;
	const struct loaded_written *written;	/* NULL unless engine_load.lint */
	const struct ast *condition;	/* checked; NULL when the rule is left out (disabled, below the priority) */
	const struct ast *tree;		/* the same, also of a rule that is left out: for explain */
	struct output *output;
	struct str condition_text, output_text;	/* as written, appends and exceptions included */
	struct extra_field *extra;
	size_t nextra;
	unsigned int priority;		/* 0 Emergency … 7 Debug */
	struct diag_place place;	/* of its name; the file's text is that of engine_load.sources */
};

struct loaded {
	struct arena *arena;		/* holds everything here */
	struct loaded_rule *rules;	/* in definition order */
	uint32_t nrules, enabled;
	const struct loaded_again *again;	/* with engine_load.lint */
	size_t nagain;
	const struct loaded_quiet *quiet;	/* with engine_load.lint */
	size_t nquiet;
	uint64_t engine_version;	/* highest required minor version, 0 without one */
};

/* 0, or -EINVAL with errors in *diags (warnings may be there either way); *ret is to be given to loaded_free(). */
int loader_load(struct loaded *ret, const struct engine_load *in, struct diags *diags);
void loaded_free(struct loaded *l);

#endif
