/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and events that are not there when the rule is asked. */
#include "event/names.h"
#include "rule/lint_state.h"

/* Of the rule's events those that the agent sees. */
struct seen {
	bool call[CALL_MAX];
	bool any, some_event;	/* some_event: the condition leaves events at all */
};

static void events_of(const struct loaded_rule *r, struct seen *s)
{
	struct name_set set;

	*s = (struct seen){};
	ast_events(r->tree, &set);
	for (unsigned int i = 0; i < name_count; i++) {
		enum event_call call = name_call((int)i);

		if (!name_set_has(&set, (int)i))
			continue;
		s->some_event = true;
		if (call == CALL_NONE)
			continue;
		s->call[call] = s->any = true;
	}
}

static void each_rule(struct lint *l, void (*fn)(struct lint *l, const struct loaded_rule *r, const struct seen *s))
{
	struct seen s;

	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		const struct loaded_rule *r = &l->loaded->rules[i];

		if (!r->tree)
			continue;
		events_of(r, &s);
		fn(l, r, &s);
	}
}

static void look_events(struct lint *l, const struct loaded_rule *r, const struct seen *s)
{
	if (s->some_event && !s->any)
		lint_say(l, r->tree->place, r, "\"noroshi events\" lists those that are", "the agent sees none of the events that this can hold for");
}

void lint_unseen(struct lint *l)
{
	each_rule(l, look_events);
}

static bool carried(const struct seen *s, const struct field_ref *f)
{
	for (enum event_call c = CALL_NONE + 1; c < CALL_MAX; c++) {
		if (s->call[c] && field_available(f, c))
			return true;
	}
	return false;
}

/* Nothing that the rule is asked about has it. */
static bool is_missing(const struct seen *s, const struct field_ref *f)
{
	return f->desc->flags & FIELD_NEVER || (s->any && !carried(s, f));
}

static void say(struct lint *l, const struct loaded_rule *r, const struct diag_place *at, const struct field_ref *f, const char *then)
{
	const char *why = field_never(f->desc);
	char hint[160];

	snprintf(hint, sizeof(hint), "%s", why ? why : "");
	if (why)
		lint_say(l, at, r, hint, "no event carries %.*s: %s", (int)(f->text.n < 100 ? f->text.n : 100), f->text.p, then);
	else
		lint_say(l, at, r, "leave it out, or take a field that these events have: noroshi fields",
			 "none of the rule's events carries %.*s: %s", (int)(f->text.n < 100 ? f->text.n : 100), f->text.p, then);
}

static void look_output(struct lint *l, const struct loaded_rule *r, const struct seen *s)
{
	for (size_t k = 0; r->written && k < r->written->nfields; k++) {
		const struct loaded_field *f = &r->written->fields[k];

		if (is_missing(s, f->field))
			say(l, r, &f->place, f->field, "it is always printed as <NA>");
	}
}

void lint_output_field(struct lint *l)
{
	each_rule(l, look_output);
}

static size_t name_goes_on(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == '.' || s.p[n] == '_' || (s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9')))
		n++;
	return n;
}

/* As an output has it, the longest name that is a field ends a field: what goes on behind it is no error. */
static struct str goes_on(struct str rest)
{
	size_t n = name_goes_on(rest);

	while (n && rest.p[n - 1] == '.')
		n--;	/* the end of a sentence */
	if (n < rest.n && rest.p[n] == '[') {
		const char *end = memchr(rest.p + n, ']', rest.n - n);

		n = end ? (size_t)(end - rest.p) + 1 : n;
	}
	return str_n(rest.p, n);
}

static void look_output_text(struct lint *l, const struct loaded_rule *r, const struct seen *s)
{
	(void)s;
	for (size_t k = 0; r->written && k < r->written->nfields; k++) {
		const struct loaded_field *f = &r->written->fields[k];
		struct str on = goes_on(f->rest);

		if (on.n)
			lint_say(l, &f->place, r, "a name or an argument that the field does not have? Else put a blank between",
				 "\"%.*s\" behind %.*s is printed as text", (int)(on.n < 60 ? on.n : 60), on.p,
				 (int)(f->field->text.n < 60 ? f->field->text.n : 60), f->field->text.p);
	}
}

void lint_output_text(struct lint *l)
{
	each_rule(l, look_output_text);
}

/* The first field of an expression that no event has. */
static const struct field_ref *missing_in(const struct expr *x, const struct seen *s)
{
	const struct field_ref *f = NULL;

	if (!x)
		return NULL;
	if (x->kind == EXPR_FIELD && x->field.desc && is_missing(s, &x->field))
		return &x->field;
	for (uint32_t i = 0; i < x->n && !f; i++)
		f = missing_in(x->v[i], s);
	return f;
}

static void look_part(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct seen *s)
{
	const struct field_ref *f = NULL;

	if (n->kind == AST_CHECK)
		f = missing_in(n->lhs, s) ?: missing_in(n->rhs, s);
	if (f)
		say(l, r, n->place, f, "this is always false");
	for (uint32_t i = 0; i < n->n; i++)
		look_part(l, r, n->v[i], s);
}

static void look_condition(struct lint *l, const struct loaded_rule *r, const struct seen *s)
{
	look_part(l, r, r->tree, s);
}

void lint_condition_field(struct lint *l)
{
	each_rule(l, look_condition);
}
