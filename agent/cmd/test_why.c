/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_why.h"
#include "cmd/events_file.h"
#include "rule/engine_condition.h"
#include "rule/event_json.h"

#define EXPLAIN_EVENTS 3	/* events for which a rule that did not fire is explained */

void why_printf(struct buf *why, const char *fmt, ...)
{
	size_t from = why ? why->n : 0;
	va_list ap;

	if (!why)
		return;
	va_start(ap, fmt);
	buf_vprintf(why, fmt, ap);
	va_end(ap);
	for (size_t i = from; i < why->n; i++) {
		unsigned char c = (unsigned char)why->p[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			why->p[i] = '?';
	}
}

/* ---- two texts ---- */

static bool inside(const char *s, size_t n)
{
	return ((unsigned char)s[n] & 0xc0) == 0x80;
}

static void put_line(struct buf *why, const char *label, const char *s, size_t begin, size_t end)
{
	size_t n = strlen(s);

	why_printf(why, "  %s", label);
	for (size_t i = 0; i <= n; i++) {
		if (i == begin && begin < end)
			buf_char(why, WHY_MARK);
		if (i == end && begin < end)
			buf_char(why, WHY_UNMARK);
		if (i < n)
			buf_char(why, (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i]);
	}
	buf_char(why, '\n');
}

/* What both begin and end with is the same; between these, whole characters differ. */
void why_diff(struct buf *why, const char *expected, const char *got)
{
	size_t a = strlen(expected), b = strlen(got), head = 0, tail = 0;

	if (!why)
		return;
	while (head < a && head < b && expected[head] == got[head])
		head++;
	while (head && (inside(expected, head) || inside(got, head)))
		head--;
	while (tail < a - head && tail < b - head && expected[a - 1 - tail] == got[b - 1 - tail])
		tail++;
	while (tail && (inside(expected, a - tail) || inside(got, b - tail)))
		tail--;
	put_line(why, "expected: ", expected, head, a - tail);
	put_line(why, "got:      ", got, head, b - tail);
}

/* ---- events ---- */

bool test_case_events(const struct test_case *c, test_event_fn fn, void *ctx, struct buf *why)
{
	char error[128];
	json_t *o;
	size_t i;

	if (c->replay) {
		_cleanup_(buf_free) struct buf e = {};

		if (events_file_each(c->replay, fn, ctx, &e) >= 0)
			return true;
		why_printf(why, STR_FMT "\n", STR_ARG(buf_view(&e)));
		return false;
	}
	json_array_foreach(c->events, i, o) {
		if (event_from_json(o, i + 1, STR_NONE, fn, ctx, error) < 0) {
			why_printf(why, "event %zu: %s\n", i + 1, error);
			return false;
		}
	}
	return true;
}

/* ---- parts of a condition ---- */

struct explaining {
	struct engine *engine;
	uint32_t id;
	unsigned int event, explained;
	uint64_t last;
	bool all_types;
	struct buf *why;
};

static uint32_t rule_id(const struct engine *e, const char *name)
{
	uint32_t n = e ? e->ops->count(e) : 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(e->ops->rule(e, i)->name, name))
			return i;
	}
	return UINT32_MAX;
}

/* Whether the rule looks at events of that type at all. */
static bool of_interest(const struct engine *e, uint32_t id, const struct event *ev)
{
	const struct ast *condition = engine_condition_loaded(e)->rules[id].condition;
	json_t *type = event_field_json(ev, "evt.type");
	struct name_set names;
	int name = json_is_string(type) ? name_find(str(json_string_value(type))) : -1;

	json_decref(type);
	if (!condition || name < 0)
		return true;
	ast_events(condition, &names);
	return name_set_has(&names, name);
}

static void explain_event(void *ctx, const struct event *ev, struct str line)
{
	struct explaining *x = ctx;
	struct buf b = {};
	struct str left;

	(void)line;
	x->last = ev->num;
	if ((x->event && ev->num != x->event) || x->explained == EXPLAIN_EVENTS)
		return;
	if (!x->event && !x->all_types && !of_interest(x->engine, x->id, ev))
		return;
	x->explained++;
	why_printf(x->why, "  event %llu:\n", (unsigned long long)ev->num);
	engine_condition_explain(x->engine, x->id, ev, &b);
	for (left = buf_view(&b); left.n;) {
		const char *nl = memchr(left.p, '\n', left.n);
		size_t n = nl ? (size_t)(nl - left.p) : left.n;

		why_printf(x->why, "    %.*s\n", (int)n, left.p);
		left = str_skip(left, nl ? n + 1 : n);
	}
	buf_free(&b);
}

void why_explain(struct ruleset *rs, const struct test_case *c, const char *rule, unsigned int event, struct buf *why)
{
	struct explaining x = {.engine = (struct engine *)ruleset_engine(rs, "condition"), .event = event, .why = why};

	x.id = why ? rule_id(x.engine, rule) : UINT32_MAX;
	if (x.id == UINT32_MAX)
		return;	/* of another engine, which does not explain itself */
	if (!x.engine->ops->rule(x.engine, x.id)->enabled)
		why_printf(why, "  the rule is disabled\n");
	test_case_events(c, explain_event, &x, why);
	if (event > x.last)
		why_printf(why, "  there is no event %u: the case has %llu\n", event, (unsigned long long)x.last);
	if (x.explained || event)
		return;
	why_printf(why, "  no event is of a type that the rule looks at\n");
	x.all_types = true;
	x.explained = EXPLAIN_EVENTS - 1;	/* one is enough */
	test_case_events(c, explain_event, &x, why);
}

/* ---- diagnostics ---- */

/* Counted from where the setup begins; false when it is not of the setup. */
static bool in_setup(const struct test_case *c, const struct diag_place *p, unsigned int *line, unsigned int *col)
{
	if (!c->setup || !str_eq(p->file, c->setup->source.name) || p->line < c->setup->line)
		return false;
	*line = p->line - c->setup->line + 1;
	*col = p->col >= c->setup->col ? p->col - c->setup->col + 1 : p->col;
	return true;
}

static bool is_expected(const struct test_case *c, const struct expected_diag *e, const struct diag *d)
{
	unsigned int line = d->place.line, col = d->place.col;
	bool own = in_setup(c, &d->place, &line, &col);

	if (e->code && strcmp(e->code, diag_code_name(d->code)))
		return false;
	if (e->file ? !str_ends(d->place.file, str(e->file)) : c->setup && (e->line || e->col) && !own)
		return false;
	if (e->file) {
		line = d->place.line;
		col = d->place.col;
	}
	return (!e->line || e->line == line) && (!e->col || e->col == col) &&
	       (!e->message || strstr(d->message, e->message) || (d->hint && strstr(d->hint, e->message)));
}

static void put_diag(const struct test_case *c, const struct diag *d, struct buf *why)
{
	unsigned int line, col;

	why_printf(why, "  " STR_FMT, STR_ARG(d->place.file));
	if (d->place.line)
		why_printf(why, ":%u:%u", d->place.line, d->place.col);
	why_printf(why, ": %s: %s%s%s", diag_code_name(d->code), d->message, d->hint ? "; " : "", d->hint ? d->hint : "");
	if (in_setup(c, &d->place, &line, &col))
		why_printf(why, " (line %u, col %u of the setup)", line, col);
	why_printf(why, "\n");
}

static void put_expected(const struct expected_diag *e, struct buf *why)
{
	why_printf(why, "loading the rules did not say %s", e->code ? e->code : "anything");
	if (e->file)
		why_printf(why, " of %s", e->file);
	if (e->line)
		why_printf(why, ", line %u", e->line);
	if (e->col)
		why_printf(why, ", col %u", e->col);
	if (e->message)
		why_printf(why, ", with \"%s\"", e->message);
	why_printf(why, "\n");
}

bool test_diagnostics(const struct test_case *c, const struct diags *d, struct buf *why)
{
	bool ok = true, all = false;

	for (size_t k = 0; k < c->ndiagnostics; k++) {
		bool found = false;

		for (size_t i = 0; i < d->n; i++)
			found = found || is_expected(c, &c->diagnostics[k], &d->v[i]);
		if (!found)
			put_expected(&c->diagnostics[k], why);
		ok = ok && found;
		all = all || !found;
	}
	if (all && d->n)
		why_printf(why, "it said:\n");
	else if (all)
		why_printf(why, "it said nothing\n");
	for (size_t i = 0; i < d->n; i++) {
		bool expected = diag_code_severity(d->v[i].code) != DIAG_ERROR;

		for (size_t k = 0; k < c->ndiagnostics && !expected; k++)
			expected = is_expected(c, &c->diagnostics[k], &d->v[i]);
		if (!expected && !all)
			why_printf(why, "loading the rules gave an error%s:\n", c->ndiagnostics ? " that is not expected" : "");
		if (!expected || all)
			put_diag(c, &d->v[i], why);
		ok = ok && expected;
	}
	return ok;
}
