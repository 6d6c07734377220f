/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: how long they last, and whether anything meets them. */
#include "rule/lint_state.h"
#include <stdio.h>

#define EXPIRES_DAYS 14
#define VALUES_MAX 4096		/* of one rule's exceptions that are asked for one by one; the others go unlooked at */

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

/* ---- what meets them ---- */

/* A condition that asks for one exception, or for one of its values. */
struct asked {
	const struct loaded_exception *exception;
	const struct diag_place *value;		/* NULL: the whole of it */
};

/* Of one rule; the first condition is the rule without its exceptions. */
struct asking {
	struct lint *l;
	const struct ast **conditions;
	struct asked *of;
	uint32_t n, room;
};

struct rule_asked {
	const struct loaded_rule *rule;
	struct asking asking;
};

static void ask(struct asking *a, const struct ast *condition, struct asked of)
{
	if (a->n == a->room)
		return;
	a->conditions[a->n] = condition;
	a->of[a->n++] = of;
}

static struct ast *copy(struct asking *a, const struct ast *n)
{
	struct ast *one = arena_new_object(a->l->arena, struct ast);

	if (one)
		*one = *n;
	else
		a->l->no_memory = true;
	return one;
}

/* Whether a list of one of the constants would say what they say together of each by itself. */
static bool one_by_one(const struct ast *n)
{
	if (n->kind != AST_CHECK || n->rhs || n->trap || n->nconstants < 2 || n->nconstants != n->nvalues)
		return false;
	if (n->op == OP_IN && n->lhs->kind == EXPR_FIELD && n->lhs->field.flags & FIELD_LIST)
		return false;	/* every value of the field has to be among them */
	return n->modifier ? n->modifier == MODIFIER_ANYOF : n->op == OP_IN || n->op == OP_INTERSECTS || n->op == OP_PMATCH;
}

/* inside: what stands within the exception's "not (...)": tuples joined by "or", one tuple, or one field and its list. */
static void ask_values(struct asking *a, const struct loaded_exception *e, const struct ast *inside)
{
	for (uint32_t i = 0; inside->kind == AST_OR && i < inside->n; i++) {
		const struct ast *first = inside->v[i];

		while (first->n)
			first = first->v[0];
		ask(a, inside->v[i], (struct asked){e, first->nconstants && first->constants[0].place ? first->constants[0].place : first->place});
	}
	for (uint32_t i = 0; one_by_one(inside) && i < inside->nconstants; i++) {
		struct ast *one = inside->constants[i].of_list || a->n == a->room ? NULL : copy(a, inside);

		if (!one)
			continue;
		one->constants = &inside->constants[i];
		one->values = &inside->values[i];
		one->nconstants = one->nvalues = 1;
		ask(a, one, (struct asked){e, inside->constants[i].place});
	}
}

/* They stand behind the condition: members of the whole. */
static void ask_exceptions(struct asking *a, const struct loaded_rule *r)
{
	struct ast *bare = copy(a, r->tree);
	struct ast **v = bare ? arena_array(a->l->arena, struct ast *, r->tree->n + 1) : NULL;
	uint32_t n = 0;

	if (!v) {
		a->l->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < r->tree->n; i++) {
		if (!lint_exception(r, r->tree->v[i]))
			v[n++] = r->tree->v[i];
	}
	bare->v = v;
	bare->n = n;
	if (n == r->tree->n || !n)
		return;
	ask(a, n == 1 ? v[0] : bare, (struct asked){});
	for (uint32_t i = 0; i < r->tree->n; i++) {
		const struct loaded_exception *e = lint_exception(r, r->tree->v[i]);

		if (e)
			ask(a, r->tree->v[i]->v[0], (struct asked){e, NULL});
	}
	for (uint32_t i = 0; a->l->in->events && i < r->tree->n; i++) {
		const struct loaded_exception *e = lint_exception(r, r->tree->v[i]);

		if (e)
			ask_values(a, e, r->tree->v[i]->v[0]);
	}
}

static void say_unmet(struct lint *l, const struct loaded_rule *r, const struct asked *of, const struct lint_asked *rule, uint64_t looked_at)
{
	char name[128], events[64];

	snprintf(name, sizeof(name), "%.*s", (int)(of->exception->name.n < 120 ? of->exception->name.n : 120), of->exception->name.p);
	if (!l->in->events) {
		lint_say(l, &of->exception->place, r, "add a \"nomatch:\" that has its values, or drop it",
			 "no example is met by the exception \"%s\"", name);
		return;
	}
	snprintf(events, sizeof(events), "%llu event%s", (unsigned long long)looked_at, looked_at == 1 ? "" : "s");
	if (!rule->held && !of->value)
		lint_say(l, &of->exception->place, r, NULL,
			 "the exception \"%s\" had nothing to silence: without it the rule matches none of the %s, either", name, events);
	else if (!of->value)
		lint_say(l, &of->exception->place, r, "drop it, if these are events of all that it was made for",
			 "the exception \"%s\" silences nothing: it meets none of the %llu matches among %s", name,
			 (unsigned long long)rule->held, events);
	else
		lint_say(l, of->value, r, "drop it, if these are events of all that it was made for",
			 "this value of the exception \"%s\" silences nothing: it meets none of the %llu matches among %s", name,
			 (unsigned long long)rule->held, events);
}

/* Of an exception that nothing meets its values are not spoken of. */
static void say_all_unmet(struct lint *l, const struct rule_asked *of_rule, const struct lint_asked *rule, uint64_t looked_at)
{
	const struct asking *a = &of_rule->asking;

	for (uint32_t i = 1; i < a->n; i++) {
		const struct asked *of = &a->of[i];
		bool whole_met = true;

		for (uint32_t k = 1; of->value && k < a->n && !a->of[k].value; k++)
			whole_met = whole_met && (a->of[k].exception != of->exception || rule->met[k]);
		if (!rule->met[i] && whole_met)
			say_unmet(l, of_rule->rule, of, rule, looked_at);
	}
}

static uint32_t count_values(const struct loaded_rule *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->tree->n; i++) {
		if (lint_exception(r, r->tree->v[i]))
			n += r->tree->v[i]->v[0]->n + r->tree->v[i]->v[0]->nconstants;
	}
	return n < VALUES_MAX ? n : VALUES_MAX;
}

static bool prepare(struct lint *l, const struct loaded_rule *r, struct rule_asked *to, struct lint_asked *ret)
{
	uint32_t room = 1 + (uint32_t)r->written->nexceptions + (l->in->events ? count_values(r) : 0);

	*to = (struct rule_asked){r, {.l = l, .room = room, .conditions = arena_array(l->arena, const struct ast *, room),
				      .of = arena_array(l->arena, struct asked, room)}};
	if (!to->asking.conditions || !to->asking.of) {
		l->no_memory = true;
		return false;
	}
	ask_exceptions(&to->asking, r);
	if (!to->asking.n || l->no_memory)
		return false;
	*ret = (struct lint_asked){.rule = r->info.name, .n = to->asking.n, .met = arena_array(l->arena, bool, to->asking.n)};
	if (!ret->met || matcher_new(&ret->m, to->asking.conditions, to->asking.n, l->in->check_flags) < 0) {
		l->no_memory = true;
		return false;
	}
	memset(ret->met, 0, to->asking.n);
	return true;
}

void lint_not_hit(struct lint *l)
{
	uint32_t rules = l->loaded->nrules, n = 0;
	uint64_t looked_at = 0;
	struct rule_asked *asked = arena_array(l->arena, struct rule_asked, rules + 1);
	struct lint_asked *v = arena_array(l->arena, struct lint_asked, rules + 1);

	if (!asked || !v) {
		l->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < rules && l->in->ask && !l->no_memory; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		if (r->tree && r->written && r->written->nexceptions && (r->written->examples || l->in->events) &&
		    prepare(l, r, &asked[n], &v[n]))
			n++;
	}
	if ((n || l->in->events) && l->in->ask && !l->no_memory)	/* events are read in any case: they may not be there */
		looked_at = l->in->ask(l->in->ctx, v, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!l->no_memory)
			say_all_unmet(l, &asked[i], &v[i], looked_at);
		matcher_free(v[i].m);
	}
}
