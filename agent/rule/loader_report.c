/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a text: at its place in the file it came from, or forgiven together with the rule. */
#include "rule/loader_report.h"

const struct segment *ctext_segment(const struct ctext *t, size_t pos)
{
	const struct segment *s = t->n ? t->v : NULL;

	for (size_t i = 0; i < t->n && t->v[i].at <= pos; i++)
		s = &t->v[i];
	return s;
}

static bool is_unknown(const char *message)
{
	return strstr(message, "unknown field") || strstr(message, "unknown event type");
}

void reporter_say(struct reporter *r, enum diag_code code, size_t pos, size_t len, const char *message, const char *hint)
{
	const struct segment *s = ctext_segment(r->text, pos);
	size_t n = r->text->text.n, kept;

	if (s && s->fixed && s == r->said)
		return;
	r->said = s;
	kept = r->l->diags->n;
	say_at(r->l, code, ctext_diag(r->text, pos, len), s ? s->place.file : NULL, r->item, hint && *hint ? hint : NULL, "%s", message);
	if (r->l->diags->n > kept)
		snprintf(r->l->diags->v[kept].text, sizeof(r->l->diags->v->text), "%.*s%s", n < 17 ? (int)n : 17, r->text->text.p, n > 17 ? "..." : "");
}

void reporter_condition(void *ctx, const struct ast_error *e, bool warning)
{
	struct reporter *r = ctx;
	enum diag_code code = !warning ? DIAG_CONDITION : e->semantics ? DIAG_SEMANTICS : DIAG_COMPILE_WARNING;

	if (e->in_macro && !r->macros) {
		r->failed = r->failed || !warning;	/* the macro itself was reported */
		return;
	}
	if (!warning && r->skip_unknown && is_unknown(e->message)) {
		if (!r->skip)
			reporter_say(r, DIAG_UNKNOWN_FILTER, e->pos, e->len, e->message, e->hint);
		r->skip = true;
		return;
	}
	r->failed = r->failed || !warning;
	reporter_say(r, code, e->pos, e->len, e->message, e->hint);
}

void reporter_output(struct reporter *r, const struct output_error *e, size_t from)
{
	if (!r->skip_unknown || !is_unknown(e->message)) {
		reporter_say(r, DIAG_OUTPUT, from + e->pos, e->len, e->message, e->hint);
		r->failed = true;
		return;
	}
	if (!r->skip)
		reporter_say(r, DIAG_UNKNOWN_FILTER, from + e->pos, e->len, e->message, e->hint);
	r->skip = true;
}
