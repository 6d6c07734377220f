/* SPDX-License-Identifier: Apache-2.0 */
/* Rules against each other. A rule is the set of what it asks for: the members of its outermost "and". */
#include "rule/lint_state.h"

struct asked {
	const struct loaded_rule *rule;
	struct str *v;		/* sorted, each once */
	uint32_t n;
	uint64_t mask;		/* a bit for each: most pairs differ here already */
};

static bool take_apart(struct lint *l, const struct loaded_rule *r, struct asked *ret)
{
	*ret = (struct asked){.rule = r};
	ret->v = lint_members(l, r->condition, AST_AND, &ret->n);
	for (uint32_t i = 0; i < ret->n; i++)
		ret->mask |= 1ull << (str_hash(ret->v[i]) & 63);
	return ret->v;
}

/* Of the rules that are on. */
static struct asked *take_all(struct lint *l, uint32_t *n)
{
	struct asked *v = arena_array(l->arena, struct asked, l->loaded->nrules + 1);

	*n = 0;
	if (!v)
		l->no_memory = true;
	for (uint32_t i = 0; v && i < l->loaded->nrules; i++) {
		if (l->loaded->rules[i].condition && take_apart(l, &l->loaded->rules[i], &v[*n]))
			++*n;
	}
	return v;
}

static bool within(const struct asked *a, const struct asked *b)
{
	uint32_t i = 0, k = 0;

	if (a->n > b->n || a->mask & ~b->mask)
		return false;
	while (i < a->n && k < b->n) {
		int c = str_cmp(a->v[i], b->v[k]);

		if (c < 0)
			return false;
		i += !c;
		k++;
	}
	return i == a->n;
}

static void compare(struct lint *l, bool same)
{
	uint32_t n;
	const struct asked *v = take_all(l, &n);

	for (uint32_t k = 1; v && k < n; k++) {
		for (uint32_t i = 0; i < k; i++) {
			const struct loaded_rule *a = v[i].rule, *b = v[k].rule;

			if ((v[i].n == v[k].n) != same || !within(&v[i], &v[k]))
				continue;
			if (same)
				lint_say(l, &b->place, b, "drop one, or make them one rule", "the condition is that of rule \"%.120s\", line %u%s%.*s",
					 a->info.name, a->place.line, str_eq(a->place.file, b->place.file) ? "" : " of ",
					 str_eq(a->place.file, b->place.file) ? 0 : (int)a->place.file.n, a->place.file.p);
			else
				lint_say(l, &b->place, b, "with rule_matching: first it never fires; let it stand before that rule",
					 "whenever it holds, so does rule \"%.120s\" before it, line %u%s%.*s", a->info.name, a->place.line,
					 str_eq(a->place.file, b->place.file) ? "" : " of ",
					 str_eq(a->place.file, b->place.file) ? 0 : (int)a->place.file.n, a->place.file.p);
			break;
		}
	}
}

void lint_same(struct lint *l)
{
	compare(l, true);
}

void lint_shadowed(struct lint *l)
{
	compare(l, false);
}
