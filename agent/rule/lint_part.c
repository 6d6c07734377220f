/* SPDX-License-Identifier: Apache-2.0 */
/* Single parts: how they are written, which paths they name, in which order they stand. */
#include "rule/lint_state.h"
#include "rule/matcher_part.h"

/* ---- the same part twice ---- */

static void look_twice(struct lint *l, const struct loaded_rule *r, const struct ast *n,
		       const struct ast *parent __attribute__((unused)))
{
	struct str *texts;
	char shown[96];

	if ((n->kind != AST_AND && n->kind != AST_OR) || n->n > 1000)
		return;
	texts = arena_array(l->arena, struct str, n->n);
	if (!texts) {
		l->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		texts[i] = lint_text(l, n->v[i]);
		for (uint32_t k = 0; k < i; k++) {
			/* what a macro happens to ask for as well is no mistake */
			if (!str_eq(texts[i], texts[k]) || !str_eq(lint_macro(n->v[i]), lint_macro(n->v[k])) || lint_exception(r, n->v[i]))
				continue;
			lint_say(l, lint_place(n, n->v[i], n->v[k]), r, "drop it, or write what was meant", "\"%s\" stands twice in this \"%s\"",
				 lint_shown(shown, n->v[i], n), n->kind == AST_AND ? "and" : "or");
			break;
		}
	}
}

void lint_twice(struct lint *l)
{
	lint_each_part(l, look_twice);
}

/* ---- a list of one ---- */

static void look_list(struct lint *l, const struct loaded_rule *r, const struct ast *n,
		      const struct ast *parent __attribute__((unused)))
{
	char hint[160];
	const char *word;

	if (n->kind != AST_CHECK || !n->list || n->nconstants != 1 || !n->constants[0].place || n->constants[0].of_list ||
	    n->lhs->list || n->lhs->type == TYPE_NET)
		return;
	if (n->lhs->kind == EXPR_FIELD && n->lhs->field.flags & (FIELD_LIST | FIELD_EITHER))
		return;
	if (!n->modifier && n->op != OP_IN)
		return;
	word = n->modifier ? op_table[n->op].word : "=";
	snprintf(hint, sizeof(hint), "write: %.*s %s %.*s", (int)(n->lhs->text.n < 60 ? n->lhs->text.n : 60), n->lhs->text.p, word,
		 (int)(n->constants[0].text.n < 60 ? n->constants[0].text.n : 60), n->constants[0].text.p);
	lint_say(l, n->place, r, n->lhs->kind == EXPR_FIELD && !n->lhs->has_arg ? hint : NULL, "a list of one value: \"%s\" needs none", word);
}

void lint_list_of_one(struct lint *l)
{
	lint_each_part(l, look_list);
}

/* ---- symbolic links ---- */

static const struct {
	const char *link, *target;
	bool folder;		/* what lies below is meant as well */
} links[] = {
	{"/bin", "/usr/bin", true},
	{"/sbin", "/usr/sbin", true},
	{"/lib", "/usr/lib", true},
	{"/lib32", "/usr/lib32", true},
	{"/lib64", "/usr/lib64", true},
	{"/var/run", "/run", true},
	{"/var/lock", "/run/lock", true},
	{"/dev/fd", "/proc/self/fd", true},
	{"/etc/mtab", "/proc/self/mounts", false},
	{"/etc/os-release", "/usr/lib/os-release", false},
	{"/usr/bin/sh", "/usr/bin/dash", false},
	{"/usr/bin/awk", "/usr/bin/mawk", false},
	{"/usr/bin/vi", "/usr/bin/vim.basic", false},
	{"/usr/bin/nc", "/usr/bin/nc.openbsd", false},
};

/* Paths as the kernel resolved them. */
static bool is_resolved(const struct expr *x)
{
	static const char *const names[] = {"fd.name", "fd.directory", "proc.exepath", "proc.pexepath", "proc.aexepath", "proc.sid.exepath",
					    "proc.vpgid.exepath", "proc.pgid.exepath", "fs.path.name", "fs.path.target", "fs.path.source"};

	for (size_t i = 0; x->kind == EXPR_FIELD && x->field.desc && i < ARRAY_SIZE(names); i++) {
		if (!strcmp(x->field.desc->name, names[i]))
			return true;
	}
	return false;
}

static bool below(struct str path, struct str folder)
{
	return str_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/');
}

static bool follow(struct str path, bool prefix, char ret[256])
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct str link = str(links[i].link);

		if (!below(path, link) || (!links[i].folder && (path.n != link.n || prefix)))
			continue;
		snprintf(ret, 256, "%s%.*s", links[i].target, (int)(path.n - link.n < 200 ? path.n - link.n : 200), path.p + link.n);
		return true;
	}
	return false;
}

/* Where the path leads, from a folder's link to a file's as well; false when it is none of the links. */
static bool target_of(struct str path, bool prefix, char ret[256])
{
	char first[256];

	if (!follow(path, prefix, first))
		return false;
	if (!follow(str(first), prefix, ret))
		memcpy(ret, first, sizeof(first));
	return true;
}

static bool asks_whole(const struct ast *n)
{
	return n->op == OP_EQ || n->op == OP_EQEQ || n->op == OP_NE || n->op == OP_IN || n->op == OP_INTERSECTS;
}

/* A check of the same field, perhaps with "not" before it, that names the path where the link leads, too. */
static bool covers(const struct ast *n, const struct ast *check, const char *target)
{
	while (n->kind == AST_NOT)
		n = n->v[0];
	for (uint32_t i = 0; n->kind != AST_CHECK && i < n->n; i++) {
		if (covers(n->v[i], check, target))
			return true;
	}
	if (n->kind != AST_CHECK || !str_eq(n->lhs->text, check->lhs->text))
		return false;
	for (uint32_t i = 0; i < n->nconstants; i++) {
		struct str c = n->constants[i].text;

		if (str_eq(c, str(target)) || (c.n && !asks_whole(n) && str_starts(str(target), c)))
			return true;
	}
	return false;
}

/* group: the "and" or "or" it is a member of, or itself. */
static void look_link(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct ast *group)
{
	bool prefix = n->op == OP_STARTSWITH || n->op == OP_PMATCH || n->op == OP_GLOB;
	char target[256], hint[320];

	if (n->rhs || !is_resolved(n->lhs) || (!prefix && !asks_whole(n)))
		return;
	for (uint32_t i = 0; i < n->nconstants; i++) {
		const struct constant *c = &n->constants[i];

		if (!target_of(c->text, prefix, target) || covers(group, n, target))
			continue;
		snprintf(hint, sizeof(hint), "name %s too", target);
		lint_say(l, c->place ? c->place : n->place, r, hint,
			 "\"%.*s\" is a symbolic link in common images: there %.*s has where it leads", (int)(c->text.n < 120 ? c->text.n : 120),
			 c->text.p, (int)(n->lhs->text.n < 60 ? n->lhs->text.n : 60), n->lhs->text.p);
	}
}

static void look_group(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct ast *parent)
{
	bool group = n->kind == AST_AND || n->kind == AST_OR;

	for (uint32_t i = 0; group ? i < n->n : !parent && !i; i++) {
		const struct ast *member = group ? n->v[i] : n;

		while (member->kind == AST_NOT)
			member = member->v[0];
		if (member->kind == AST_CHECK)
			look_link(l, r, member, n);
	}
}

void lint_symlink(struct lint *l)
{
	lint_each_part(l, look_group);
}

/* ---- order ---- */

#define DEAR 40		/* comparisons of two numbers: a regex, a walk along the ancestors */
#define TIMES 4		/* as dear as what stands behind it */

/* The first member of the "and" that is dear beside a later one. */
static void look_members(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct shown *s,
			 const struct matcher *m)
{
	char dear[96], cheap[96];

	for (uint32_t k = 1; k < n->n; k++) {
		float cost = part_cost(m, part_member(s, k), -1).expected;

		for (uint32_t i = 0; i < k && !lint_exception(r, n->v[k]) && !lint_placeholder(n->v[k]); i++) {
			float before = part_cost(m, part_member(s, i), -1).expected;

			if (before < DEAR || before < TIMES * cost)
				continue;
			lint_say(l, lint_place(n, n->v[i], n->v[k]), r,
				 "put the cheap one first: the original asks in the order of the text, noroshi finds its own",
				 "\"%s\" costs about %.0f times as much as \"%s\" behind it", lint_shown(dear, n->v[i], n),
				 (double)(before / (cost > 1 ? cost : 1)), lint_shown(cheap, n->v[k], n));
			return;
		}
	}
}

static void look_order(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct shown *s,
			 const struct matcher *m)
{
	if (n->n != part_of(s).n)
		return;		/* the engine sees it otherwise: nothing can be said */
	for (uint32_t i = 0; i < n->n; i++)
		look_order(l, r, n->v[i], part_member(s, i), m);
	if (n->kind == AST_AND)
		look_members(l, r, n, s, m);
}

void lint_order(struct lint *l)
{
	for (uint32_t i = 0; i < l->loaded->nrules && !l->no_memory; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];
		struct matcher *m = NULL;

		if (!r->tree)
			continue;
		if (matcher_new(&m, &r->tree, 1, l->in->check_flags) < 0)
			l->no_memory = true;
		else if (matcher_parts(m, 0))
			look_order(l, r, r->tree, matcher_parts(m, 0), m);
		matcher_free(m);
	}
}
