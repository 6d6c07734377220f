/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of the rules: which are on, and what is put behind their outputs. */
#include "rule/loader_state.h"
#include <errno.h>

bool select_matches(const char *glob, struct str name)
{
	const char *star = NULL;
	size_t at = 0, back = 0;

	while (at < name.n) {
		if (*glob == '*') {
			star = ++glob;
			back = at;
		} else if (*glob == name.p[at]) {
			glob++;
			at++;
		} else if (star) {	/* what the last star took was too little */
			glob = star;
			at = ++back;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

static bool has_tag(const struct rule_def *d, const char *tag)
{
	for (size_t i = 0; i < d->ntags; i++) {
		if (str_eq(d->tags[i], str(tag)))
			return true;
	}
	return false;
}

static void nobody(struct loader *l, const struct rule_select *s)
{
	diags_add(l->diags, DIAG_SELECTS_NONE, (struct diag_place){}, STR_NONE, NULL, NULL, "nothing to %s: no rule has the %s \"%.200s\"",
		  s->observe ? "observe" : s->enable ? "enable" : "disable", s->rule ? "name" : "tag", s->rule ? s->rule : s->tag);
}

void select_rules(struct loader *l)
{
	for (size_t i = 0; i < l->in->nselect; i++) {
		const struct rule_select *s = &l->in->select[i];
		size_t n = 0;

		for (size_t k = 0; k < l->nrules; k++) {
			struct rule_def *d = &l->rules[k];

			if (!(s->rule && select_matches(s->rule, d->name.value)) && !(s->tag && has_tag(d, s->tag)))
				continue;
			d->enabled = s->enable || s->observe;
			d->observe = s->observe;
			n++;
		}
		if (!n)
			nobody(l, s);
	}
}

/* ---- append_output ---- */

/* Fields that the original suggests for every output. */
static const char suggested[] =
	" container_id=%container.id container_name=%container.name container_image_repository=%container.image.repository"
	" container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name";

static bool is_meant(const struct rule_addition *a, const struct rule_def *d)
{
	if ((a->source && !str_eq(d->source.value, str(a->source))) || (a->rule && !str_eq(d->name.value, str(a->rule))))
		return false;
	for (size_t i = 0; i < a->ntags; i++) {
		if (!has_tag(d, a->tags[i]))
			return false;
	}
	return true;
}

/* A template of the configuration: wrong for every rule or for none. */
static bool check_template(struct loader *l, const char *text)
{
	struct output_error e = {};
	struct output *o;
	int r = output_parse(&o, l->arena, str(text), &e);

	if (!r)
		output_release(o);
	else if (r == -EINVAL)
		diags_add(l->diags, DIAG_OUTPUT, (struct diag_place){}, STR_NONE, NULL, *e.hint ? e.hint : NULL,
			  "append_output: %s in \"%.200s\"", e.message, text);
	else
		l->no_memory = true;
	return !r;
}

bool check_additions(struct loader *l)
{
	bool ok = true;

	for (size_t i = 0; i < l->in->nadditions; i++) {
		const struct rule_addition *a = &l->in->additions[i];

		ok = (!a->output || check_template(l, a->output)) && ok;
		for (size_t k = 0; k < a->nextra; k++)
			ok = check_template(l, a->extra[k].output) && ok;
	}
	return ok;
}

struct str output_with_additions(struct loader *l, const struct rule_def *d, struct str text)
{
	struct buf b _cleanup_(buf_free) = {.max = CONDITION_BYTES_MAX};
	struct str ret;

	buf_str(&b, text);
	for (size_t i = 0; i < l->in->nadditions; i++) {
		const struct rule_addition *a = &l->in->additions[i];

		if (!is_meant(a, d))
			continue;
		if (a->output)
			buf_printf(&b, " %s", a->output);
		if (a->suggested)
			buf_puts(&b, suggested);
	}
	if (b.n == text.n)
		return text;
	ret = buf_error(&b) ? STR_NONE : arena_str(l->arena, buf_view(&b));
	if (!ret.p)
		l->no_memory = true;
	return ret.p ? ret : text;
}

void extra_fields(struct loader *l, const struct rule_def *d, struct loaded_rule *out)
{
	size_t n = 0;

	for (size_t i = 0; i < l->in->nadditions; i++)
		n += is_meant(&l->in->additions[i], d) ? l->in->additions[i].nextra : 0;
	if (!n)
		return;
	out->extra = arena_array(l->arena, struct extra_field, n);
	if (!out->extra) {
		l->no_memory = true;
		return;
	}
	for (size_t i = 0; i < l->in->nadditions; i++) {
		const struct rule_addition *a = &l->in->additions[i];

		for (size_t k = 0; k < a->nextra && is_meant(a, d); k++) {
			struct extra_field *e = &out->extra[out->nextra];
			struct str text = arena_str(l->arena, str(a->extra[k].output));
			struct output_error ignored;

			e->name = arena_strdup(l->arena, a->extra[k].name);
			if (!text.p || !e->name || output_parse(&e->value, l->arena, text, &ignored) < 0)
				l->no_memory = true;	/* the templates were looked at before */
			else
				out->nextra++;
		}
	}
}
