/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader report
 *
 * What is wrong in the text of a condition or an output, told at its place. Only for the loader's own files.
 */
#ifndef RULE_LOADER_REPORT_H
#define RULE_LOADER_REPORT_H

#include "rule/loader_state.h"

struct reporter {
	struct loader *l;
	const struct ctext *text;
	const char *item;
	bool skip_unknown;	/* skip-if-unknown-filter: what is unknown is a warning, and the rule is left out */
	bool skip;		/* it was */
	bool macros;		/* say what is wrong within macros here as well: they are not checked by themselves */
	bool failed;
	const struct segment *said;	/* an expanded list that something was said of: once is enough */
};

/* Where the text at pos comes from: parts of a condition can come from several files. NULL when nothing is noted. */
const struct segment *ctext_segment(const struct ctext *t, size_t pos);

/* Something is wrong at pos of r->text. Of an expanded list only the first is told. */
void reporter_say(struct reporter *r, enum diag_code code, size_t pos, size_t len, const char *message, const char *hint);

/* For ast_parse() and ast_check(); ctx is a reporter. */
void reporter_condition(void *ctx, const struct ast_error *e, bool warning);

/* Of an output, whose part that begins at from was read. */
void reporter_output(struct reporter *r, const struct output_error *e, size_t from);

#endif
