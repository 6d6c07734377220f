/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules cost on the events of a file: every condition alone, its checks, and all of them together.
 *
 * In the agent all conditions are one graph in which equal parts are asked once, so that no rule has a time of its own
 * there. Here each is compiled by itself and timed, and the graph beside it.
 */
#include "cmd/cmd.h"
#include "cmd/events_file.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "rule/engine_condition.h"
#include "rule/matcher_part.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define RULES_AT_ONCE 256	/* a matcher each; more rules read the events again */
#define ROUNDS 8		/* the same question in a row, and the time divided: the clock is coarser than a check */
#define BATCHES 3		/* of which the quickest counts: something else may have had the processor during the others */
#define TOP 20
#define PARTS_SHOWN 5

extern const struct cmd cmd_profile;

enum { OPT_EVENTS, OPT_RULES, OPT_CONFIG, OPT_TOP, OPT_JSON, OPT_RULES_BASE };

static const struct cmd_option options[] = {
	[OPT_EVENTS] = {"--events", 'e', "EVENTS", "recording, capture or JSON lines"},
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder in place of the default rules"},
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "priority, rules and semantics of this configuration"},
	[OPT_TOP] = {"--top", 0, "N", "the dearest N rules (default 20, 0: all)"},
	[OPT_JSON] = {"--json", 0, NULL, "one JSON object, with every check"},
	RULES_OPTIONS(OPT_RULES_BASE),
	{},
};

struct check {
	const struct shown *part;
	uint64_t asked, held, missing;
	double ns;
};

struct measured {
	const struct loaded_rule *rule;
	struct matcher *m;
	struct check *checks;
	uint32_t n;
	uint64_t asked, hits;
	double ns;
};

struct profile {
	const struct loaded *loaded;
	unsigned int check_flags;
	struct matcher *all, *none;	/* every rule; no rule: what looking at an event costs anyway */
	uint32_t *hits;			/* room for every rule */
	bool together;			/* this pass measures all as well */
	uint64_t events;
	double ns_all, ns_none;
	struct measured v[RULES_AT_ONCE];
	uint32_t n;
	json_t *rules;
};

/* ---- the clock ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_match(struct matcher *m, const struct event *ev, uint32_t *hits, uint32_t *n)
{
	double best = INFINITY;

	for (int b = 0; b < BATCHES; b++) {
		double t = now();

		for (int i = 0; i < ROUNDS; i++)
			*n = matcher_match(m, ev, hits);
		t = now() - t;
		best = t < best ? t : best;
	}
	return best / ROUNDS;
}

/* The check alone, its field read anew each time; without one, what beginning costs. */
static double time_check(struct matcher *m, const struct event *ev, const struct shown *part)
{
	double best = INFINITY;

	for (int b = 0; b < BATCHES; b++) {
		double t = now();

		for (int i = 0; i < ROUNDS; i++) {
			matcher_ask(m, ev);
			if (part)
				part_result(m, part);
		}
		t = now() - t;
		best = t < best ? t : best;
	}
	return best / ROUNDS;
}

/* ---- checks, in the order of the text until one decides ---- */

struct walk {
	struct measured *r;
	const struct event *ev;
	double begin;		/* of time_check() without a check */
};

static uint32_t count_checks(const struct shown *s)
{
	struct part p = part_of(s);
	uint32_t n = p.kind == PART_CHECK;

	for (uint32_t i = 0; i < p.n; i++)
		n += count_checks(part_member(s, i));
	return n;
}

static void on_check(void *ctx, uint32_t i, bool holds)
{
	const struct walk *w = ctx;
	struct check *c = &w->r->checks[i];
	double ns = time_check(w->r->m, w->ev, c->part) - w->begin;

	c->asked++;
	c->held += holds;
	c->missing += part_result(w->r->m, c->part) == PART_MISSING;
	c->ns += ns > 0 ? ns : 0;
}

/* ---- passes ---- */

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	struct profile *p = ctx;
	double none, begin;
	uint32_t n;

	(void)line;
	none = time_match(p->none, ev, p->hits, &n);
	begin = time_check(p->none, ev, NULL);
	if (p->together) {
		p->events++;
		p->ns_none += none;
		p->ns_all += time_match(p->all, ev, p->hits, &n);
	}
	for (uint32_t i = 0; i < p->n; i++) {
		struct measured *r = &p->v[i];
		struct walk w = {.r = r, .ev = ev, .begin = begin};
		double ns;

		if (!matcher_may_hold(r->m, ev))
			continue;
		ns = time_match(r->m, ev, p->hits, &n) - none;
		r->asked++;
		r->hits += n;
		r->ns += ns > 0 ? ns : 0;
		matcher_trace(r->m, 0, ev, on_check, &w);
	}
}

static int by_ns(const void *a, const void *b)
{
	const struct check *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

static json_t *checks_json(struct measured *r)
{
	_cleanup_(buf_free) struct buf b = {};
	json_t *a = json_array();

	qsort(r->checks, r->n, sizeof(*r->checks), by_ns);
	for (uint32_t i = 0; i < r->n; i++) {
		const struct check *c = &r->checks[i];
		struct part p = part_of(c->part);
		struct str text;
		json_t *o;

		buf_reset(&b);
		part_text(c->part, &b);
		text = buf_view(&b);
		o = json_pack("{s:s%, s:I, s:I, s:I, s:f, s:f}", "check", text.p, text.n, "evaluations", (json_int_t)c->asked, "true", (json_int_t)c->held, "missing", (json_int_t)c->missing,
				      "ns", c->ns, "nsEach", c->asked ? c->ns / (double)c->asked : 0);

		if (p.macro.p)
			json_object_set_new(o, "macro", json_stringn(p.macro.p, p.macro.n));
		json_array_append_new(a, o);
	}
	return a;
}

static void list_checks(struct measured *r, const struct shown *s, uint32_t *next)
{
	struct part p = part_of(s);

	if (p.kind == PART_CHECK)
		r->checks[(*next)++].part = s;
	for (uint32_t i = 0; i < p.n; i++)
		list_checks(r, part_member(s, i), next);
}

static int add_rule(struct profile *p, const struct loaded_rule *rule)
{
	struct measured *r = &p->v[p->n];
	const struct shown *s;
	uint32_t next = 0;
	int e;

	*r = (struct measured){.rule = rule};
	e = matcher_new(&r->m, &rule->condition, 1, p->check_flags);
	if (e < 0)
		return e;
	p->n++;
	s = matcher_parts(r->m, 0);
	r->n = count_checks(s);
	r->checks = calloc(r->n + 1, sizeof(*r->checks));
	if (!r->checks)
		return -ENOMEM;
	list_checks(r, s, &next);
	return 0;
}

static void end_pass(struct profile *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct measured *r = &p->v[i];

		if (r->checks)
			json_array_append_new(p->rules, json_pack("{s:s, s:I, s:I, s:f, s:o}", "rule", r->rule->info.name,
				"evaluations", (json_int_t)r->asked, "hits", (json_int_t)r->hits, "ns", r->ns, "checks", checks_json(r)));
		free(r->checks);
		matcher_free(r->m);
	}
	p->n = 0;
}

static int passes(struct profile *p, const char *events, struct buf *error)
{
	uint32_t at = 0;
	int e = 0;

	p->together = true;
	do {
		for (; e >= 0 && at < p->loaded->nrules && p->n < RULES_AT_ONCE; at++)
			e = p->loaded->rules[at].condition ? add_rule(p, &p->loaded->rules[at]) : 0;
		if (e < 0)
			buf_puts(error, strerror(-e));
		else
			e = events_file_each(events, on_event, p, error);
		end_pass(p);
		p->together = false;
	} while (e >= 0 && at < p->loaded->nrules);
	return e;
}

static int setup(struct profile *p)
{
	uint32_t n = p->loaded->nrules;
	_cleanup_(freep) const struct ast **conditions = calloc(n + 1, sizeof(*conditions));

	p->hits = calloc(n + 1, sizeof(*p->hits));
	p->rules = json_array();
	if (!conditions || !p->hits || !p->rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		conditions[i] = p->loaded->rules[i].condition;
	return matcher_new(&p->all, conditions, n, p->check_flags) < 0 ? -ENOMEM : matcher_new(&p->none, conditions, 0, 0);
}

/* ---- the outcome ---- */

static double real(const json_t *o, const char *key)
{
	return json_real_value(json_object_get(o, key));
}

static long long whole(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static int by_json_ns(const void *a, const void *b)
{
	double x = real(*(json_t *const *)a, "ns"), y = real(*(json_t *const *)b, "ns");

	return (x < y) - (x > y);
}

/* The dearest first, all or top of them, with their shares. Takes rules. */
static json_t *sorted(json_t *rules, size_t top, uint64_t events, double *sum)
{
	size_t n = json_array_size(rules), i;
	_cleanup_(freep) json_t **v = calloc(n + 1, sizeof(*v));
	json_t *a = json_array(), *o;

	json_array_foreach(rules, i, o) {
		if (v)
			v[i] = o;
		*sum += real(o, "ns");
	}
	if (v)
		qsort(v, n, sizeof(*v), by_json_ns);
	for (i = 0; v && i < n && (!top || i < top); i++) {
		json_object_set_new(v[i], "nsPerEvent", json_real(events ? real(v[i], "ns") / (double)events : 0));
		json_object_set_new(v[i], "share", json_real(*sum > 0 ? real(v[i], "ns") / *sum : 0));
		json_array_append(a, v[i]);
	}
	json_decref(rules);
	return a;
}

static void print_rule(const json_t *r)
{
	const json_t *c;
	size_t i;

	printf("%5.1f%% %10.1f %10lld %8lld  %s\n", 100 * real(r, "share"), real(r, "nsPerEvent"), whole(r, "evaluations"),
	       whole(r, "hits"), json_string_value(json_object_get(r, "rule")));
	json_array_foreach(json_object_get(r, "checks"), i, c) {
		const char *macro = json_string_value(json_object_get(c, "macro"));

		if (i == PARTS_SHOWN || !whole(c, "evaluations"))
			break;
		printf("       %10.1f %10lld %8lld    %.100s%s%s%s\n", real(c, "nsEach"), whole(c, "evaluations"), whole(c, "true"),
		       json_string_value(json_object_get(c, "check")), macro ? "  (" : "", macro ? macro : "", macro ? ")" : "");
	}
}

static void print(const json_t *o)
{
	const json_t *r;
	double all = real(o, "nsPerEvent"), alone = real(o, "nsPerEventAlone");
	size_t i;

	printf("%lld events, %lld rules: together %.0f ns an event, %.0f events a second on this core, matching alone\n",
	       whole(o, "events"), whole(o, "rules"), all, real(o, "eventsPerSecond"));
	printf("%.0f of them would be taken without any rule; less these, the rules by themselves take %.0f ns in sum\n\n",
	       real(o, "nsPerEventNoRule"), alone);
	printf("%6s %10s %10s %8s  %s\n%6s %10s %10s %8s    %s\n", "share", "ns/event", "asked", "hits", "rule", "", "ns each", "asked",
	       "true", "its dearest checks");
	json_array_foreach(json_object_get(o, "profile"), i, r)
		print_rule(r);
}

static void report(struct profile *p, size_t top, bool as_json)
{
	double sum = 0, n = p->events ? (double)p->events : 1;
	json_t *o, *rules;

	rules = sorted(p->rules, top, p->events, &sum);
	p->rules = NULL;
	o = json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:o}", "events", (json_int_t)p->events, "rules", (json_int_t)p->loaded->enabled,
		      "nsPerEvent", p->ns_all / n, "nsPerEventNoRule", p->ns_none / n, "eventsPerSecond",
		      p->ns_all > 0 ? 1e9 * (double)p->events / p->ns_all : 0, "nsPerEventAlone", sum / n, "profile", rules);
	if (as_json) {
		json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
		puts("");
	} else {
		print(o);
	}
	json_decref(o);
}

static int profile(struct ruleset *rs, const char *events, unsigned int check_flags, size_t top, bool as_json)
{
	_cleanup_(freep) struct profile *p = calloc(1, sizeof(*p));
	struct buf error = {};
	int e = p ? 0 : -ENOMEM;

	if (p) {
		p->loaded = engine_condition_loaded(ruleset_engine(rs, "condition"));
		p->check_flags = check_flags;
		e = setup(p);
	}
	if (e >= 0)
		e = passes(p, events, &error);
	if (e < 0)
		fprintf(stderr, "noroshi profile: %s\n", error.n ? error.p : strerror(-e));
	else
		report(p, top, as_json);
	buf_free(&error);
	if (p) {
		matcher_free(p->all);
		matcher_free(p->none);
		json_decref(p->rules);
		free(p->hits);
	}
	return e < 0 ? EXIT_INPUT : EXIT_OK;
}

/* ---- the command line ---- */

struct asked {
	const char *rules[RULES_PATHS_MAX], *events, *config;
	size_t nrules, top;
	bool json;
	struct rules_opts opts;
};

static bool number(const char *s, size_t *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno) {
		fprintf(stderr, "noroshi profile: \"%s\" is no number of rules\n", s);
		return false;
	}
	*ret = n;
	return true;
}

static bool take_option(struct asked *a, int o, const char *value)
{
	bool bad = false;

	if (o >= 0 && rules_opts_take(&a->opts, "profile", o - OPT_RULES_BASE, value, &bad))
		return !bad;
	if (o == OPT_EVENTS)
		a->events = value;
	else if (o == OPT_RULES && a->nrules < RULES_PATHS_MAX)
		a->rules[a->nrules++] = value;
	else if (o == OPT_CONFIG)
		a->config = value;
	else if (o == OPT_JSON)
		a->json = true;
	else if (o == OPT_TOP)
		return number(value, &a->top);
	else if (o == CMD_ARG)
		return fprintf(stderr, "noroshi profile: unexpected argument \"%s\"\n", value), false;
	else
		return false;
	return true;
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	struct asked a = {.top = TOP, .opts = RULES_OPTS_INIT};
	struct rules_read read;
	int o, r;

	while ((o = cmd_next(&p, &cmd_profile)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (!take_option(&a, o, p.value))
			return EXIT_INPUT;
	}
	if (!a.events)
		return fprintf(stderr, "noroshi profile: -e EVENTS is needed\n"), EXIT_INPUT;
	r = rules_read(&read, &a.opts, a.config, a.rules, a.nrules, false);
	r = r < 0 ? EXIT_INPUT : profile(read.rules, a.events, read.in.strict_compat ? AST_STRICT_COMPAT : 0, a.top, a.json);
	rules_read_end(&read);
	return r;
}

const struct cmd cmd_profile = {
	.name = "profile",
	.args = "-e EVENTS [-c CONFIG] [-r RULES]... [--top N] [--json]",
	.summary = "what rules cost on recorded events, the dearest first",
	.options = options,
	.run = run,
};
