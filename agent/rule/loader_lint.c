/* SPDX-License-Identifier: Apache-2.0 */
/* What only lints ask of the definitions: places of constants and output fields, exceptions, names defined again. */
#include "rule/ast_node.h"
#include "rule/lint_name.h"
#include "rule/loader_state.h"
#include <limits.h>

static const struct segment *segment_at(const struct ctext *t, size_t pos)
{
	size_t low = 0, high = t->n;

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (t->v[mid].at <= pos)
			low = mid;
		else
			high = mid;
	}
	return t->n ? &t->v[low] : NULL;
}

void keep_constants(struct loader *l, struct ast *n, const struct ctext *text)
{
	struct diag_place *places = n->nconstants ? arena_array(l->arena, struct diag_place, n->nconstants) : NULL;

	if (!places) {
		l->no_memory = l->no_memory || n->nconstants;
		return;
	}
	for (uint32_t i = 0; i < n->nconstants; i++) {
		struct constant *c = &n->constants[i];
		const struct segment *s = segment_at(text, c->span.pos);

		c->of_list = s && s->fixed;
		places[i] = ctext_diag(text, c->span.pos, c->span.len);
		c->place = &places[i];
	}
}

void defined_again(struct loader *l, const char *kind, const struct scalar *before, const struct scalar *name)
{
	struct loaded_again *v = l->again;

	if (!l->in->lint)
		return;
	if (!(l->nagain & (l->nagain - 1))) {	/* full: the room doubles */
		v = arena_array(l->arena, struct loaded_again, l->nagain ? 2 * l->nagain : 1);
		if (!v) {
			l->no_memory = true;
			return;
		}
		if (l->nagain)
			memcpy(v, l->again, sizeof(*v) * l->nagain);
	}
	l->again = v;
	v[l->nagain++] = (struct loaded_again){
		.kind = kind, .name = name->value,
		.before = place_diag(&before->place, before->place.start, before->value.n),
		.place = place_diag(&name->place, name->place.start, name->value.n),
	};
}

/* ---- lints that an item wants silent ---- */

void begin_item(struct loader *l, const struct place *p)
{
	struct loaded_quiet *last = l->nquiet ? &l->quiet[l->nquiet - 1] : NULL;
	struct diag_place at;

	if (!last || last->to_line != UINT_MAX)
		return;
	at = place_diag(p, p->start, 0);
	last->to_line = str_eq(last->from.file, at.file) ? at.line : UINT_MAX;
	last->to_col = at.col;
}

static void keep_quiet(struct loader *l, const struct place *p, uint32_t lints)
{
	struct loaded_quiet *v = l->quiet;

	if (!l->in->lint || !lints)
		return;
	if (!(l->nquiet & (l->nquiet - 1))) {	/* full: the room doubles */
		v = arena_array(l->arena, struct loaded_quiet, l->nquiet ? 2 * l->nquiet : 1);
		if (!v) {
			l->no_memory = true;
			return;
		}
		if (l->nquiet)
			memcpy(v, l->quiet, sizeof(*v) * l->nquiet);
	}
	l->quiet = v;
	v[l->nquiet++] = (struct loaded_quiet){.from = place_diag(p, p->start, 0), .to_line = UINT_MAX, .lints = lints};
}

void collect_no_lint(struct loader *l, const yaml_node_t *map, const struct place *p, const char *item)
{
	struct place place = node_place(l, map_get(l, map, "no_lint"));
	struct str *v = NULL;
	uint32_t lints = 0;
	size_t n = 0;
	char hint[96];

	if (!get_texts(l, map, "no_lint", item, &v, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		uint32_t one = lint_named(v[i]);

		if (!one)
			say(l, DIAG_VALIDATE, &place, item, lint_hint(hint, v[i]), "no lint has the name \"%.*s\"",
			    (int)(v[i].n < 100 ? v[i].n : 100), v[i].p);
		lints |= one;
	}
	keep_quiet(l, p, lints);
}

struct output_fields {
	struct loader *l;
	const struct rule_def *d;
	struct str text;		/* of the output: the rule's own, then what the configuration adds */
	struct loaded_written *to;	/* NULL: only count */
	size_t n;
};

static void output_field(void *ctx, const struct field_ref *f)
{
	struct output_fields *o = ctx;
	size_t pos = (size_t)(f->text.p - o->text.p);

	if (f->text.p < o->text.p || pos >= o->d->output.text.n)
		return;
	if (o->to)
		o->to->fields[o->n] = (struct loaded_field){f, ctext_diag(&o->d->output, pos, f->text.n),
							    str_skip(str_n(o->text.p, o->d->output.text.n), pos + f->text.n)};
	o->n++;
}

static bool keep_exceptions(struct loader *l, const struct rule_def *d, struct loaded_written *w)
{
	struct loaded_exception *v = arena_array(l->arena, struct loaded_exception, d->nexceptions + 1);

	w->exceptions = v;
	for (size_t i = 0; v && i < d->nexceptions; i++) {
		const struct exception_def *e = &d->exceptions[i];
		struct loaded_exception *to = &v[w->nexceptions];

		if (!exception_applies(e))
			continue;
		w->nexceptions++;
		*to = (struct loaded_exception){.name = e->name.value, .place = place_diag(&e->name.place, e->name.place.start, e->name.value.n)};
		if (e->expires.value.n) {
			to->expires = e->expires.value;
			to->expires_place = place_diag(&e->expires.place, e->expires.place.start, e->expires.value.n);
		}
	}
	return v;
}

const struct loaded_written *keep_written(struct loader *l, const struct rule_def *d, const struct loaded_rule *r)
{
	struct loaded_written *w = arena_new_object(l->arena, struct loaded_written);
	struct output_fields o = {.l = l, .d = d, .text = r->output_text};

	if (!w)
		goto no_memory;
	*w = (struct loaded_written){.examples = d->examples};
	if (d->desc.text.n)
		w->desc = ctext_diag(&d->desc, 0, d->desc.text.n);
	output_each_field(r->output, output_field, &o);
	w->fields = arena_array(l->arena, struct loaded_field, o.n + 1);
	if (!w->fields || !keep_exceptions(l, d, w))
		goto no_memory;
	w->nfields = o.n;
	o.n = 0;
	o.to = w;
	output_each_field(r->output, output_field, &o);
	return w;
no_memory:
	l->no_memory = true;
	return NULL;
}
