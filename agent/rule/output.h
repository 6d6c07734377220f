/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output
 *
 * A rule's output template: literal text with %field, %field[arg],
 * %transformer(...) and %NNfield, compiled once and rendered per match.
 */
#ifndef RULE_OUTPUT_H
#define RULE_OUTPUT_H

#include "rule/field.h"
#include "util/arena.h"
#include "util/buf.h"

struct output;

struct output_error {
	size_t pos, len;	/* bytes within the template */
	char message[200];
	char hint[120];		/* "did you mean ...?", or "" */
};

/* Compiles; text must outlive the arena's use. 0, -EINVAL with *e set, or -ENOMEM. */
int output_parse(struct output **ret, struct arena *a, struct str text, struct output_error *e);

/*
 * Appends the rendered text: a missing field is "<NA>", control characters stay (whoever shows it escapes). Cut at
 * OUTPUT_BYTES_MAX. False when the template is one value and nothing else, and the value is missing.
 */
bool output_render(const struct output *o, const struct event *ev, struct field_scratch *s, struct buf *out);

/* The arena holds the rest; what the transformers need is not in it. */
void output_release(struct output *o);

/* The values of a field as an output prints them: several ancestors by blanks, a list as "(a,b)". f may be NULL. */
void output_add_values(struct buf *out, const struct field_ref *f, const struct value *v, unsigned int n, bool list);

/* Calls fn for every field of the template, in order, the ones inside transformers included. */
void output_each_field(const struct output *o, void (*fn)(void *ctx, const struct field_ref *f), void *ctx);

#endif
