/* SPDX-License-Identifier: Apache-2.0 */
#include "health/feed.h"
#include "rule/engine_condition.h"
#include "util/clock.h"
#include "util/json_text.h"
#include <string.h>

bool growth_recent(struct growth *g, uint64_t n, uint64_t now)
{
	if (n > g->seen) {
		g->by = n - g->seen;
		g->at = now;
	}
	g->seen = n;
	return n && g->at && now - g->at < FEED_RECENT_SEC * NSEC_PER_SEC;
}

static struct feed_sink *sink_row(struct feed *f, const char *name)
{
	for (size_t i = 0; i < FEED_SINKS; i++) {
		if (!f->sink[i].name[0])
			snprintf(f->sink[i].name, sizeof(f->sink[i].name), "%s", name);
		if (!strncmp(f->sink[i].name, name, sizeof(f->sink[i].name) - 1))
			return &f->sink[i];
	}
	return NULL;
}

static uint64_t number(json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static uint64_t sum(json_t *o)
{
	const char *key;
	json_t *n;
	uint64_t all = 0;

	json_object_foreach(o, key, n)
		all += (uint64_t)json_integer_value(n);
	return all;
}

/* What makes the last attempt fail, for as long as it is the last. */
static void judge_error(struct feed *f, json_t *sink, const char *name)
{
	struct ledger_case c = {.subject = name, .capability = CAPABILITY_UPLOAD, .feed = FEED_DELIVER};
	const char *error = json_word(sink, "lastError"), *code = json_word(sink, "lastErrorCode");

	if (!json_is_true(json_object_get(sink, "failing")) || !strcmp(code, "UPLOAD_REJECTED") || !strcmp(code, "UPLOAD_PARTIAL_FAIL"))
		return;		/* these are over once they are said: judge_lost() */
	c.code = *code ? issue_by_code(code) : ISSUE_SINK_FAILED;
	if (c.code == ISSUE_MAX)
		c.code = ISSUE_UNKNOWN;
	c.since = number(sink, "failingSince");
	c.evidence = json_pack("{s:s, s:I, s:I, s:I, s:s}", "error", error, "status", (json_int_t)number(sink, "lastStatus"),
			       "queued", (json_int_t)number(sink, "queued"), "retries", (json_int_t)number(sink, "retries"),
			       "lastSuccess", json_word(sink, "lastSuccess"));
	ledger_raise(f->ledger, &c, "sink %s: %s", name, error);
}

static void judge_lost(struct feed *f, struct feed_sink *s, json_t *sink)
{
	json_t *reasons = json_object_get(sink, "lostReasons");
	uint64_t dropped = sum(json_object_get(reasons, "queueFull")) + number(reasons, "noMemory");
	uint64_t refused = number(reasons, "refused") + number(reasons, "tooLarge"), not_taken = number(reasons, "notTaken"), now = f->now();
	struct ledger_case c = {.subject = s->name, .feed = FEED_DELIVER};
	const char *said = json_word(sink, "lastError");

	c.code = ISSUE_USERSPACE_QUEUE_FULL;
	if (growth_recent(&s->queue, dropped, now)) {
		c.evidence = json_pack("{s:O, s:I}", "dropped", json_object_get(reasons, "queueFull"), "queued", (json_int_t)number(sink, "queued"));
		ledger_raise(f->ledger, &c, "sink %s lost %llu findings: its queue was full", s->name, (unsigned long long)dropped);
	}
	c.code = ISSUE_UPLOAD_REJECTED;
	if (growth_recent(&s->refused, refused, now)) {
		c.evidence = json_pack("{s:I, s:I, s:s}", "refused", (json_int_t)number(reasons, "refused"), "tooLarge",
				       (json_int_t)number(reasons, "tooLarge"), "said", said);
		ledger_raise(f->ledger, &c, "sink %s lost %llu findings: refused%s%s", s->name, (unsigned long long)refused, *said ? ": " : "", said);
	}
	c.code = ISSUE_UPLOAD_PARTIAL_FAIL;
	if (growth_recent(&s->not_taken, not_taken, now)) {
		c.evidence = json_pack("{s:I, s:s}", "notTaken", (json_int_t)not_taken, "said", said);
		ledger_raise(f->ledger, &c, "sink %s lost %llu findings: the receiver kept fewer than it was sent", s->name, (unsigned long long)not_taken);
	}
}

static void judge_backlog(struct feed *f, json_t *sink, const char *name)
{
	struct ledger_case c = {.code = ISSUE_BACKLOG_GROWING, .subject = name, .feed = FEED_DELIVER};
	uint64_t age = number(sink, "oldestSec");

	if (age < FEED_BACKLOG_SEC)
		return;
	c.evidence = json_pack("{s:I, s:I, s:I}", "oldestSec", (json_int_t)age, "queued", (json_int_t)number(sink, "queued"),
			       "queuedBytes", (json_int_t)number(sink, "queuedBytes"));
	ledger_raise(f->ledger, &c, "sink %s: %llu findings wait, the oldest for %llu s", name, (unsigned long long)number(sink, "queued"),
		     (unsigned long long)age);
}

/* An attempt that never ends is no failure that the sink could tell of. */
static void judge_silence(struct feed *f, json_t *sink, const char *name)
{
	struct ledger_case c = {.code = ISSUE_UPLOAD_UNACKNOWLEDGED, .subject = name, .feed = FEED_DELIVER};
	json_t *beats = json_object_get(sink, "heartbeats");
	uint64_t silent = number(beats, "silentSec");

	if (!f->beat_sec || silent < 2 * f->beat_sec + FEED_SILENT_SEC || json_is_true(json_object_get(sink, "failing")))
		return;
	c.evidence = json_pack("{s:I, s:O, s:I}", "silentSec", (json_int_t)silent, "heartbeats", beats, "queued", (json_int_t)number(sink, "queued"));
	ledger_raise(f->ledger, &c, "sink %s: no heartbeat was acknowledged for %llu s", name, (unsigned long long)silent);
}

void feed_deliver(struct feed *f, json_t *status)
{
	json_t *sink;
	bool uploads = false;
	size_t i;

	ledger_round(f->ledger, FEED_DELIVER);
	json_array_foreach(json_object_get(status, "sinks"), i, sink) {
		char name[LEDGER_SUBJECT_MAX];
		struct feed_sink *s;

		snprintf(name, sizeof(name), "%s%s%s", json_word(sink, "name"), *json_word(sink, "target") ? ":" : "", json_word(sink, "target"));
		uploads |= !strcmp(json_word(sink, "name"), "upload");
		judge_error(f, sink, name);
		judge_backlog(f, sink, name);
		judge_silence(f, sink, name);
		s = sink_row(f, name);
		if (s)
			judge_lost(f, s, sink);
	}
	ledger_capability(f->ledger, CAPABILITY_UPLOAD, uploads ? "works" : "off", uploads ? "" : "no receiver is configured: findings stay on this host");
	ledger_round_end(f->ledger, FEED_DELIVER);
}

/* The rules whose condition can only be true for, or also for, one of the lost calls. */
static json_t *blind_rules(const struct engine *e, json_t *calls, json_t *lost)
{
	const struct loaded *l = engine_condition_loaded(e);
	json_t *rules = json_array(), *call;
	const char *name;

	for (uint32_t i = 0; i < l->nrules; i++) {
		struct name_set names;
		bool hit = false;

		if (!l->rules[i].info.enabled || !l->rules[i].condition)
			continue;
		ast_events(l->rules[i].condition, &names);
		json_object_foreach(calls, name, call) {
			int at = name_find(str(name));

			if (strcmp(json_word(call, "state"), "lost") || at < 0 || !name_set_has(&names, at))
				continue;
			hit = true;
			json_object_set_new(lost, name, json_true());
		}
		if (hit)
			json_array_append_new(rules, json_text(str(l->rules[i].info.name)));
	}
	return rules;
}

static bool any_lost(json_t *calls)
{
	const char *name;
	json_t *call;

	json_object_foreach(calls, name, call) {
		if (!strcmp(json_word(call, "state"), "lost"))
			return true;
	}
	return false;
}

static void judge_blind(struct feed *f, const struct engine *e, json_t *calls)
{
	struct ledger_case c = {.code = ISSUE_RULE_FIELD_UNAVAILABLE, .feed = FEED_RULES};
	json_t *lost = json_object(), *rules = any_lost(calls) ? blind_rules(e, calls, lost) : json_array(), *names = json_array(), *v;
	const char *name;
	size_t n = json_array_size(rules);

	json_object_foreach(lost, name, v)
		json_array_append_new(names, json_string(name));
	json_decref(lost);
	if (n) {
		c.evidence = json_pack("{s:O, s:O}", "rules", rules, "calls", names);
		ledger_raise(f->ledger, &c, "%zu rules, one of them \"%s\", need events that are not seen here (%s%s)", n,
			     json_string_value(json_array_get(rules, 0)), json_string_value(json_array_get(names, 0)),
			     json_array_size(names) > 1 ? " and others" : "");
	}
	json_decref(names);
	json_decref(rules);
}

void feed_rules(struct feed *f, const struct ruleset *rules, json_t *coverage)
{
	const struct engine *e = ruleset_engine(rules, "condition");
	struct engine_stats stats = {};
	struct ledger_case c = {.feed = FEED_RULES};

	if (e)
		e->ops->stats(e, &stats);
	ledger_round(f->ledger, FEED_RULES);
	c.code = ISSUE_RULES_EMPTY;
	if (!ruleset_count(rules)) {
		c.evidence = json_pack("{s:i}", "loaded", (int)stats.rules);
		ledger_raise(f->ledger, &c, "no rule is enabled: nothing is looked for");
	}
	c.code = ISSUE_RULE_TIMEOUT;
	if (growth_recent(&f->regex, stats.regex_limit, f->now())) {
		c.evidence = json_pack("{s:I, s:I}", "givenUp", (json_int_t)stats.regex_limit, "lately", (json_int_t)f->regex.by);
		ledger_raise(f->ledger, &c, "%llu regex matches were given up at their limit", (unsigned long long)stats.regex_limit);
	}
	if (e)
		judge_blind(f, e, json_object_get(coverage, "calls"));
	ledger_round_end(f->ledger, FEED_RULES);
}

void feed_reload(struct feed *f, const struct diags *d, const char *why)
{
	struct ledger_case c = {.code = ISSUE_RULES_PARSE_ERROR};
	const struct diag *first = NULL;

	for (size_t i = 0; d && i < d->n && !first; i++) {
		if (diag_code_severity(d->v[i].code) == DIAG_ERROR)
			first = &d->v[i];
	}
	if (!why) {
		ledger_clear(f->ledger, ISSUE_RULES_PARSE_ERROR, NULL);
	} else if (!first) {
		c.evidence = json_pack("{s:s}", "error", why);
		ledger_raise(f->ledger, &c, "the last reload was refused: %s", why);
	} else {
		c.evidence = json_pack("{s:o, s:i, s:i, s:s, s:o, s:I}", "file", json_text(first->place.file), "line", (int)first->place.line,
				       "column", (int)first->place.col, "code", diag_code_name(first->code), "message", json_text(str(first->message)),
				       "errors", (json_int_t)d->errors);
		ledger_raise(f->ledger, &c, "the last reload was refused: " STR_FMT ":%u:%u: %s", STR_ARG(first->place.file), first->place.line,
			     first->place.col, first->message);
	}
}
