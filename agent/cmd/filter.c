/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/filter.h"
#include "util/utf8.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULE_NAME "(condition)"
#define LINES_BEFORE 6		/* the condition, in the rule around it */
#define INDENT 4

/* The condition stands in a rule of our own making: say where in what the user typed, and no word of that rule. */
static void as_typed(struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++) {
		struct diag *d = &diags->v[i];

		if (!str_eq(d->place.file, STR(FILTER_NAME)) || d->place.line <= LINES_BEFORE)
			continue;
		d->place.line -= LINES_BEFORE;
		d->place.col -= d->place.col > INDENT ? INDENT : 0;
		free(d->item);
		d->item = NULL;
		if (d->snippet && d->snippet_col > INDENT && strspn(d->snippet, " ") >= INDENT) {
			memmove(d->snippet, d->snippet + INDENT, strlen(d->snippet) - INDENT + 1);
			d->snippet_col -= INDENT;
		}
	}
}

/* As a block of lines; what YAML does not have in one, quoted with escapes. */
static void put_condition(struct buf *out, const char *condition)
{
	bool block = utf8_valid(str(condition));

	for (const char *p = condition; *p; p++)
		block = block && ((unsigned char)*p >= ' ' || *p == '\n' || *p == '\t') && *p != 0x7f;
	buf_puts(out, block ? "|2-\n    " : "\n    \"");
	for (const char *p = condition; *p; p++) {
		bool plain = (unsigned char)*p >= ' ' && (unsigned char)*p < 0x7f && *p != '"' && *p != '\\';

		if (block)
			buf_puts(out, *p == '\n' ? "\n    " : (char[]){*p, 0});
		else
			buf_printf(out, plain ? "%c" : (unsigned char)*p < 0x80 ? "\\x%02x" : "\\\\x%02x", (unsigned char)*p);	/* the language has \\xHH too */
	}
	buf_puts(out, block ? "\n" : "\"\n");
}

int filter_load(struct filter *f, const char *condition, const char *const *paths, size_t npaths, struct diags *diags)
{
	struct rule_source *v;
	int r = 0;

	if (strspn(condition, " \t\r\n\b") == strlen(condition)) {
		diags_add(diags, DIAG_CONDITION, (struct diag_place){.file = STR(FILTER_NAME), .line = 1, .col = 1, .len = 1}, str(condition),
			  NULL, NULL, "the condition is empty");
		return -EINVAL;
	}
	buf_puts(&f->text, "- rule: " RULE_NAME "\n  desc: from the command line\n  output: x\n  priority: DEBUG\n"
			   "  warn_evttypes: false\n  condition: ");
	put_condition(&f->text, condition);
	for (size_t i = 0; i < npaths && r >= 0; i++)
		r = rule_files_add(&f->files, paths[i], diags);
	if (r < 0)
		return r;
	v = realloc(f->files.v, sizeof(*v) * (f->files.n + 1));
	if (!v || buf_error(&f->text))
		return -ENOMEM;
	v[f->files.n] = (struct rule_source){STR(FILTER_NAME), buf_view(&f->text)};
	f->files.v = v;
	f->files.n++;
	r = ruleset_load(&f->rules, &(struct engine_load){.sources = v, .nsources = f->files.n, .min_priority = 7,
						   .strict_compat = f->compat}, diags);
	as_typed(diags);
	return r;
}

bool filter_match(struct filter *f, const struct event *ev)
{
	const struct matches *m = ruleset_match(f->rules, ev);

	for (uint32_t i = 0; i < m->n; i++) {
		if (!strcmp(m->v[i].rule->name, RULE_NAME))
			return true;
	}
	return false;
}

void filter_free(struct filter *f)
{
	ruleset_free(f->rules);
	if (f->rules || f->files.n) {
		struct str last = f->files.n ? f->files.v[f->files.n - 1].text : STR_NONE;

		if (last.p == f->text.p)
			f->files.n--;	/* the condition's text is ours */
	}
	rule_files_free(&f->files);
	buf_free(&f->text);
}
