/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"
#include "health/issue.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/json_text.h"
#include <string.h>

enum metric {
#define METRIC(id, type, labels, doc) METRIC_##id,
#include "metrics.def"
	METRICS
};

static const struct {
	const char *name, *type, *labels, *doc;
} table[METRICS] = {
#define METRIC(id, type, labels, doc) {"noroshi_" #id, #type, labels, doc},
#include "metrics.def"
};

static json_t *at(json_t *o, const char *key, const char *key2)
{
	return json_object_get(json_object_get(o, key), key2);
}

static void label_value(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(b, "\\n");
		else if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else
			buf_char(b, *s);
	}
}

/* One sample; values in the order of the metric's labels. */
static void sample(struct buf *b, enum metric m, const char *const *values, double v)
{
	const char *label = table[m].labels;
	unsigned int i = 0;

	buf_puts(b, table[m].name);
	while (*label) {
		size_t n = strcspn(label, ",");

		buf_printf(b, "%c%.*s=\"", i ? ',' : '{', (int)n, label);
		label_value(b, values[i++]);
		buf_char(b, '"');
		label += n + (label[n] == ',');
	}
	buf_printf(b, "%s %.17g\n", i ? "}" : "", v);
}

static void one(struct buf *b, enum metric m, json_t *v)
{
	if (json_is_number(v))
		sample(b, m, NULL, json_number_value(v));
}

/* An object of numbers, each with its key as the label. */
static void by_key(struct buf *b, enum metric m, json_t *numbers)
{
	const char *key;
	json_t *v;

	json_object_foreach(numbers, key, v)
		sample(b, m, &key, json_number_value(v));
}

static void states(struct buf *b, const char *state)
{
	static const char *const all[] = {"healthy", "degraded", "unhealthy", "excluded"};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		sample(b, METRIC_state, &all[i], !strcmp(all[i], state));
}

/* How many of the code are open: one for each sink, capability or the like that it is about. */
static unsigned int open_of(json_t *issues, const char *code)
{
	unsigned int n = 0;
	json_t *issue;
	size_t i;

	json_array_foreach(issues, i, issue)
		n += !strcmp(json_word(issue, "code"), code);
	return n;
}

static void issues(struct buf *b, json_t *open)
{
	for (unsigned int i = 0; i < ISSUE_MAX; i++) {
		unsigned int n = open_of(open, issue_table[i].code);

		if (n)
			sample(b, METRIC_issues_open, (const char *[]){issue_table[i].code, issue_table[i].severity}, n);
	}
}

static void capabilities(struct buf *b, json_t *all)
{
	const char *name;
	json_t *v;

	json_object_foreach(all, name, v)
		sample(b, METRIC_capability, (const char *[]){name, json_word(v, "state")}, 1);
}

static void events(struct buf *b, enum metric m, const char *key, json_t *all)
{
	const char *name, *reason;
	json_t *e, *v;

	json_object_foreach(all, name, e) {
		if (m != METRIC_events_lost_total)
			sample(b, m, &name, json_number_value(json_object_get(e, key)));
		else
			json_object_foreach(json_object_get(e, key), reason, v)
				sample(b, m, (const char *[]){name, reason}, json_number_value(v));
	}
}

static unsigned int running_with(json_t *all, const char *coverage, const char *attribution)
{
	unsigned int n = 0;
	json_t *c;
	size_t i;

	json_array_foreach(all, i, c)
		n += !json_is_true(json_object_get(c, "ended")) && !strcmp(json_word(c, "coverage"), coverage) &&
		     !strcmp(json_word(c, "attribution"), attribution);
	return n;
}

static void containers(struct buf *b, json_t *all)
{
	static const char *const coverage[] = {"covered", "excluded"}, *const attribution[] = {"resolved", "pending", "partial", "failed"};

	for (size_t i = 0; i < ARRAY_SIZE(coverage); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(attribution); j++)
			sample(b, METRIC_containers, (const char *[]){coverage[i], attribution[j]}, running_with(all, coverage[i], attribution[j]));
	}
}

static void providers(struct buf *b, json_t *all)
{
	static const char *const answers[] = {"answered", "unknown", "down", "refused", "garbage"};
	json_t *p;
	size_t i;

	json_array_foreach(all, i, p) {
		for (size_t a = 0; a < ARRAY_SIZE(answers); a++)
			sample(b, METRIC_provider_answers_total, (const char *[]){json_word(p, "name"), answers[a]},
			       json_number_value(json_object_get(p, answers[a])));
	}
}

static void sinks(struct buf *b, enum metric m, const char *key, json_t *all)
{
	char index[24];
	json_t *s;
	size_t i;

	json_array_foreach(all, i, s) {
		snprintf(index, sizeof(index), "%zu", i);
		if (json_is_number(json_object_get(s, key)))
			sample(b, m, (const char *[]){json_word(s, "name"), index}, json_number_value(json_object_get(s, key)));
	}
}

static void about_the_agent(struct buf *b, enum metric m, json_t *s)
{
	switch (m) {
	case METRIC_build_info:
		sample(b, m, (const char *[]){json_word(s, "version"), json_word(s, "revision")}, 1);
		break;
	case METRIC_start_time_seconds:
		one(b, m, json_object_get(s, "startedSec"));
		break;
	case METRIC_healthy:
		sample(b, m, NULL, !strcmp(json_word(s, "state"), "healthy"));
		break;
	case METRIC_state:
		states(b, json_word(s, "state"));
		break;
	case METRIC_issues_open:
		issues(b, json_object_get(s, "issues"));
		break;
	case METRIC_capability:
		capabilities(b, json_object_get(s, "capabilities"));
		break;
	case METRIC_rules:
		one(b, m, at(s, "rules", "enabled"));
		break;
	case METRIC_reloads_total:
		one(b, m, at(s, "rules", "reloads"));
		break;
	case METRIC_reloads_failed_total:
		one(b, m, at(s, "rules", "reloadsFailed"));
		break;
	case METRIC_loop_max_seconds:
		sample(b, m, NULL, json_number_value(at(s, "loop", "maxMs")) / 1e3);
		break;
	case METRIC_loop_slow_total:
		one(b, m, at(s, "loop", "slow"));
		break;
	default:
		break;
	}
}

static void about_events(struct buf *b, enum metric m, json_t *s)
{
	json_t *kernel = at(s, "coverage", "events");

	switch (m) {
	case METRIC_events_total:
		one(b, m, at(s, "pipeline", "events"));
		break;
	case METRIC_events_excluded_total:
		one(b, m, at(s, "excluded", "events"));
		break;
	case METRIC_matches_total:
		one(b, m, at(s, "pipeline", "matches"));
		break;
	case METRIC_undecoded_total:
		by_key(b, m, at(s, "pipeline", "undecoded"));
		break;
	case METRIC_events_seen_total:
		events(b, m, "seen", kernel);
		break;
	case METRIC_events_refused_total:
		events(b, m, "refused", kernel);
		break;
	case METRIC_events_lost_total:
		events(b, m, "lost", kernel);
		break;
	default:
		break;
	}
}

static void about_what_goes_out(struct buf *b, enum metric m, json_t *s)
{
	json_t *all = at(s, "deliver", "sinks");

	switch (m) {
	case METRIC_containers:
		containers(b, at(s, "attribution", "containers"));
		break;
	case METRIC_provider_answers_total:
		providers(b, at(s, "attribution", "providers"));
		break;
	case METRIC_findings_delivered_total:
		sinks(b, m, "delivered", all);
		break;
	case METRIC_findings_lost_total:
		sinks(b, m, "lost", all);
		break;
	case METRIC_findings_queued:
		sinks(b, m, "queued", all);
		break;
	case METRIC_upload_retries_total:
		sinks(b, m, "retries", all);
		break;
	default:
		break;
	}
}

void metrics_write(struct buf *b, json_t *status)
{
	for (unsigned int m = 0; m < METRICS; m++) {
		buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", table[m].name, table[m].doc, table[m].name, table[m].type);
		about_the_agent(b, m, status);
		about_events(b, m, status);
		about_what_goes_out(b, m, status);
	}
}
