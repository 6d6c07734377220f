/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as a whole: names, and what should stand beside a condition. */
#include "rule/lint_state.h"
#include <ctype.h>

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
