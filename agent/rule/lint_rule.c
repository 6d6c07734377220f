/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as a whole: names, what should stand beside a condition, exceptions. */
#include "rule/lint_state.h"
#include <ctype.h>
#include <stdio.h>

#define EXPIRES_DAYS 14

/* In a later file it is how a definition is replaced on purpose. */
void lint_redefined(struct lint *l)
{
	for (size_t i = 0; i < l->loaded->nagain; i++) {
		const struct loaded_again *a = &l->loaded->again[i];

		if (str_eq(a->before.file, a->place.file))
			lint_say(l, &a->place, NULL, "rename one of them, or change the first by \"override\"",
				 "%s \"%.*s\" replaces the one in line %u, which is lost", a->kind, (int)(a->name.n < 120 ? a->name.n : 120),
				 a->name.p, a->before.line);
	}
}

static bool file_has_examples(const struct lint *l, struct str file)
{
	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		if (r->written && r->written->examples && str_eq(r->place.file, file))
			return true;
	}
	return false;
}

void lint_examples(struct lint *l)
{
	static const char hint[] = "write \"examples:\" with a \"match:\" and a \"nomatch:\", for noroshi test";
	struct str silent = STR_NONE;	/* the file that was spoken of as a whole */

	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		if (!r->written || r->written->examples || (silent.p && str_eq(silent, r->place.file)))
			continue;
		if (file_has_examples(l, r->place.file)) {
			lint_say(l, &r->place, r, hint, "the rule has no examples");
			continue;
		}
		silent = r->place.file;
		lint_say(l, &r->place, NULL, hint, "no rule of this file has examples");
	}
}

void lint_tags(struct lint *l)
{
	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		if (!r->info.tags || !r->info.tags[0])
			lint_say(l, &r->place, r, "name what it looks at and the technique: tags: [network, T1105]", "the rule has no tags");
	}
}

/* Without case and punctuation. */
static struct str plain(struct lint *l, const char *s)
{
	char *to = arena_alloc(l->arena, strlen(s) + 1);
	size_t n = 0;

	if (!to) {
		l->no_memory = true;
		return STR("");
	}
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || (unsigned char)*s >= 0x80)
			to[n++] = (char)tolower((unsigned char)*s);
	}
	return str_n(to, n);
}

void lint_desc(struct lint *l)
{
	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];
		struct str desc = plain(l, r->info.desc);

		if (r->written && (!desc.n || str_eq(desc, plain(l, r->info.name))))
			lint_say(l, r->written->desc.line ? &r->written->desc : &r->place, r,
				 "say what was seen and why it matters: it is what the reader of a finding has",
				 desc.n ? "the description only repeats the name" : "the description has no words");
	}
}

/* ---- exceptions ---- */

/* Days from today until the date; it is well-formed. */
static long days_until(struct str date, time_t now)
{
	struct tm tm = {.tm_isdst = 0};
	char text[11];

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(date));
	if (sscanf(text, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3)
		return EXPIRES_DAYS + 1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (long)(timegm(&tm) / 86400 - now / 86400);
}

void lint_expires(struct lint *l)
{
	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		for (size_t k = 0; r->written && k < r->written->nexceptions; k++) {
			const struct loaded_exception *e = &r->written->exceptions[k];
			long days = e->expires.n ? days_until(e->expires, l->in->now) : EXPIRES_DAYS + 1;

			if (days >= 0 && days <= EXPIRES_DAYS)
				lint_say(l, &e->expires_place, r, "look again whether it is still needed; a later date keeps it",
					 "exception \"%.*s\" expires %s%.0ld%s", (int)(e->name.n < 120 ? e->name.n : 120), e->name.p,
					 !days ? "today" : "in ", days, !days ? "" : days == 1 ? " day" : " days");
		}
	}
}

static void look_at_exception(struct lint *l, const struct loaded_rule *r, const struct ast *n)
{
	const struct loaded_exception *e = lint_exception(r, n);
	struct matcher *m = NULL;

	if (!e)
		return;
	if (matcher_new(&m, (const struct ast *const *)n->v, 1, l->in->check_flags) < 0) {
		l->no_memory = true;
		return;
	}
	if (!l->in->example_hits(l->in->ctx, r->info.name, m))
		lint_say(l, &e->place, r, "add a \"nomatch:\" that has its values, or drop it",
			 "no example is met by the exception \"%.*s\"", (int)(e->name.n < 120 ? e->name.n : 120), e->name.p);
	matcher_free(m);
}

/* They stand behind the condition: members of the whole. */
void lint_not_hit(struct lint *l)
{
	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		if (!r->tree || !r->written || !r->written->examples || !l->in->example_hits)
			continue;
		for (uint32_t k = 0; k < r->tree->n; k++)
			look_at_exception(l, r, r->tree->v[k]);
	}
}
