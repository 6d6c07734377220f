/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: what the sensor says of itself (sensor/coverage.h). */
#include "event/attr.h"
#include "health/feed.h"
#include "sensor/coverage.h"
#include "util/clock.h"
#include "util/json_text.h"
#include <string.h>

#define CASES_MAX 32	/* of calls that are lost for one cause in one capability */
#define LOG_TAIL 2048	/* bytes of a verifier's words: its end, where it says why */
#define STALL_SEC 5u	/* records wait a quarter of a second at most */

/* Calls of one capability that the same thing happened to; without tracefs, all of them: that is one thing to mend. */
struct group {
	enum issue code;
	enum capability capability;
	json_t *calls;			/* names */
	const char *reason;		/* of the first */
};

/* The program that a call's reason begins with, "NAME: why"; NULL. Beside it: what comes before the name. */
static json_t *program_of(json_t *programs, const char *reason)
{
	json_t *p;
	size_t i;

	json_array_foreach(programs, i, p) {
		const char *name = json_word(p, "name"), *at = strstr(reason, name);

		if (at && at[strlen(name)] == ':' && (at == reason || at[-1] == ' '))
			return p;
	}
	return NULL;
}

static bool has(const char *s, const char *word)
{
	return strstr(s, word) != NULL;
}

/* Why nothing takes the place of this program. */
static enum issue code_of(json_t *program, const char *reason)
{
	const char *state = json_word(program, "state");

	if (!*reason)
		return ISSUE_UNKNOWN;
	if (has(reason, "tracefs is not mounted") || has(reason, "has no trace events"))
		return ISSUE_TRACEFS_ABSENT;
	if (has(reason, "somebody detached it"))
		return ISSUE_ATTACH_LOST;
	if (has(reason, "relocat") || has(reason, "CO-RE"))
		return ISSUE_CO_RE_RELOC_FAILED;
	if (strcmp(state, "refused"))
		return ISSUE_PROG_TYPE_UNSUPPORTED;
	if (!*json_word(program, "log") && (has(reason, "Invalid argument") || has(reason, "not supported") || has(reason, "Unknown error 524")))
		return ISSUE_PROG_TYPE_UNSUPPORTED;
	return ISSUE_PROG_LOAD_FAILED;
}

static void add_call(struct group g[CASES_MAX], const struct group *like, const char *call)
{
	for (unsigned int i = 0; i < CASES_MAX; i++) {
		if (!g[i].calls) {
			g[i] = *like;
			g[i].calls = json_array();
		}
		if (g[i].code == like->code && g[i].capability == like->capability) {
			json_array_append_new(g[i].calls, json_string(call));
			return;
		}
	}
}

static json_t *log_tail(json_t *program)
{
	struct str log = str(json_word(program, "log"));

	if (!log.n)
		return json_null();
	return json_text(log.n > LOG_TAIL ? str_n(log.p + log.n - LOG_TAIL, LOG_TAIL) : log);
}

/* "open and 3 more are" */
static void name_calls(char dst[96], const char *first, size_t more)
{
	if (more)
		snprintf(dst, 96, "%s and %zu more are", first, more);
	else
		snprintf(dst, 96, "%s is", first);
}

#define BUNDLE_MAX 16	/* programs in the evidence of what has no code */

/* What does not work, for who has to find out why. */
static json_t *bundle(json_t *programs)
{
	json_t *all = json_array(), *p;
	size_t i;

	json_array_foreach(programs, i, p) {
		const char *state = json_word(p, "state");

		if ((strcmp(state, "refused") && strcmp(state, "absent")) || json_array_size(all) == BUNDLE_MAX)
			continue;
		json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "name", json_word(p, "name"), "state", state, "reason", json_word(p, "reason")));
	}
	return all;
}

static void raise_group(struct feed *f, const struct group *g, json_t *programs)
{
	json_t *program = program_of(programs, g->reason);
	size_t more = json_array_size(g->calls) - 1;
	const char *first = json_string_value(json_array_get(g->calls, 0));
	struct ledger_case c = {.code = g->code, .subject = capability_table[g->capability].name, .capability = g->capability, .feed = FEED_COVERAGE};
	char calls[96];

	name_calls(calls, first, more);
	c.evidence = json_pack("{s:O, s:s, s:s, s:o}", "calls", g->calls, "program", json_word(program, "name"), "reason", g->reason, "log", log_tail(program));
	if (g->code == ISSUE_UNKNOWN)
		json_object_set_new(c.evidence, "programs", bundle(programs));
	if (g->code == ISSUE_LESS_KNOWN)
		ledger_raise(f->ledger, &c, "%s seen by a lesser way: %s", calls, g->reason);
	else
		ledger_raise(f->ledger, &c, "%s not seen: %s", calls, *g->reason ? g->reason : "no reason given");
}

static void judge_calls(struct feed *f, json_t *calls, json_t *programs)
{
	struct group g[CASES_MAX] = {};
	const char *name;
	json_t *call;

	json_object_foreach(calls, name, call) {
		const char *state = json_word(call, "state"), *reason = json_word(call, "reason");
		enum event_call id = call_by_name(str(name));
		struct group like = {.capability = capability_of_event(call_table[id].type), .reason = reason};

		if (!strcmp(state, "lost"))
			like.code = code_of(program_of(programs, reason), reason);
		else if (!strcmp(state, "attached") && *reason)
			like.code = ISSUE_LESS_KNOWN;
		else
			continue;
		if (like.code == ISSUE_TRACEFS_ABSENT)
			like.capability = CAPABILITY_OF_CODE;
		add_call(g, &like, name);
	}
	for (unsigned int i = 0; i < CASES_MAX && g[i].calls; i++) {
		raise_group(f, &g[i], programs);
		json_decref(g[i].calls);
	}
}

struct tally {
	unsigned int seen, lost, absent;
	const char *first, *reason;	/* of what is lost */
};

static void judge_capability(struct feed *f, enum capability c, const struct tally *t)
{
	char some[96], words[LEDGER_TEXT_MAX];

	if (t->lost) {
		name_calls(some, t->first, t->lost - 1);
		snprintf(words, sizeof(words), "%s not seen: %s", some, t->reason);
		ledger_capability(f->ledger, c, t->seen ? "less" : "lost", words);
	} else if (t->seen) {
		ledger_capability(f->ledger, c, "works", "");
	} else {
		ledger_capability(f->ledger, c, "off", t->absent ? "this kernel has none of these calls, or no rule asks" : "no rule asks for it");
	}
}

static void judge_matrix(struct feed *f, json_t *calls)
{
	struct tally n[CAPABILITY_MAX] = {};
	const char *name;
	json_t *call;

	json_object_foreach(calls, name, call) {
		struct tally *t = &n[capability_of_event(call_table[call_by_name(str(name))].type)];
		const char *state = json_word(call, "state");

		if (!strcmp(state, "lost") && !t->lost++) {
			t->first = name;
			t->reason = json_word(call, "reason");
		}
		t->absent += !strcmp(state, "not in this kernel");
		t->seen += !strcmp(state, "attached") || !strcmp(state, "process table");
	}
	for (unsigned int c = CAPABILITY_OF_CODE + 1; c < CAPABILITY_MAX; c++) {
		if (capability_table[c].events)
			judge_capability(f, (enum capability)c, &n[c]);
	}
}

static void judge_ia32(struct feed *f, json_t *coverage)
{
	const char *ia32 = json_word(coverage, "ia32"), *why = ia32 + strlen(COVERAGE_UNGUARDED);
	json_t *programs = json_object_get(coverage, "programs"), *program;
	struct ledger_case c = {.subject = "ia32", .feed = FEED_COVERAGE};

	if (strncmp(ia32, COVERAGE_UNGUARDED, strlen(COVERAGE_UNGUARDED)))
		return;
	program = program_of(programs, why);
	c.code = code_of(program, why);
	c.evidence = json_pack("{s:s, s:s, s:o}", "program", json_word(program, "name"), "reason", why, "log", log_tail(program));
	ledger_raise(f->ledger, &c, "32-bit entries are not seen: %s", why);
}

/* By event and reason, what is not nothing. */
static json_t *losses(json_t *events, uint64_t *sum)
{
	json_t *all = json_object(), *event, *n;
	const char *name, *why;

	json_object_foreach(events, name, event) {
		json_object_foreach(json_object_get(event, "lost"), why, n) {
			char key[96];

			if (!json_integer_value(n))
				continue;
			*sum += (uint64_t)json_integer_value(n);
			snprintf(key, sizeof(key), "%s: %s", name, why);
			json_object_set(all, key, n);
		}
	}
	return all;
}

static void judge_losses(struct feed *f, json_t *events)
{
	struct ledger_case c = {.code = ISSUE_RINGBUF_DROPS, .feed = FEED_COVERAGE};
	uint64_t sum = 0;
	json_t *all = losses(events, &sum);
	char when[CLOCK_TEXT_MAX];

	if (growth_recent(&f->lost, sum, f->now())) {
		c.evidence = json_pack("{s:O, s:I, s:I}", "lost", all, "sum", (json_int_t)sum, "lately", (json_int_t)f->lost.by);
		ledger_raise(f->ledger, &c, "%llu kernel records were lost since the start, the last seen at %s", (unsigned long long)sum,
			     clock_rfc3339(when, f->lost.at));
	}
	json_decref(all);
}

static void judge_repairs(struct feed *f, json_t *programs)
{
	struct ledger_case c = {.code = ISSUE_ATTACH_REPAIRED, .feed = FEED_COVERAGE};
	json_t *all = json_object(), *p;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach(programs, i, p) {
		json_t *n = json_object_get(p, "detached");

		if (!json_integer_value(n))
			continue;
		sum += (uint64_t)json_integer_value(n);
		json_object_set(all, json_word(p, "name"), n);
	}
	if (growth_recent(&f->detached, sum, f->now())) {
		c.evidence = json_pack("{s:O}", "programs", all);
		ledger_raise(f->ledger, &c, "somebody took programs off their hooks, %llu times since the start; they were put back",
			     (unsigned long long)sum);
	}
	json_decref(all);
}

/* A reader that stands still while there is something to read. */
static void judge_ring(struct feed *f, unsigned int i, json_t *ring, const char *name)
{
	uint64_t used = (uint64_t)json_integer_value(json_object_get(ring, "used")), taken = (uint64_t)json_integer_value(json_object_get(ring, "taken"));
	struct ledger_case c = {.code = ISSUE_RINGBUF_STALLED, .subject = name, .feed = FEED_COVERAGE};
	bool damaged = json_is_true(json_object_get(ring, "damaged"));

	if (!used || f->ring[i].taken != taken || !f->ring[i].at) {
		f->ring[i].taken = taken;
		f->ring[i].at = used ? f->now() : 0;
	}
	if (!damaged && (!f->ring[i].at || f->now() - f->ring[i].at < STALL_SEC * NSEC_PER_SEC))
		return;
	c.evidence = json_incref(ring);
	if (damaged)
		ledger_raise(f->ledger, &c, "the %s ring is read no more: what lay in it was no record", name);
	else
		ledger_raise(f->ledger, &c, "%llu bytes of the %s ring wait and are not read", (unsigned long long)used, name);
}

static void judge_sensor(struct feed *f, json_t *sensor)
{
	struct ledger_case c = {.feed = FEED_COVERAGE};
	char subject[48];
	json_t *note;
	size_t i;

	c.code = ISSUE_ATTACH_LOST;
	if (!strcmp(json_word(sensor, "state"), "dead")) {
		c.evidence = json_incref(sensor);
		ledger_raise(f->ledger, &c, "the sensor process ended, and its probes with it");
	}
	json_array_foreach(json_object_get(sensor, "notes"), i, note) {
		const char *words = json_string_value(note);

		c.code = has(words, "tracefs") ? ISSUE_TRACEFS_ABSENT : has(words, "RLIMIT_MEMLOCK") ? ISSUE_MAX : ISSUE_LESS_KNOWN;
		if (c.code == ISSUE_MAX)
			continue;	/* of no consequence where maps are made; where not the sensor does not start */
		snprintf(subject, sizeof(subject), "sensor's note %zu", i + 1);
		c.subject = c.code == ISSUE_TRACEFS_ABSENT ? "" : subject;	/* the calls it costs say it better */
		c.evidence = json_pack("{s:O}", "note", note);
		ledger_raise(f->ledger, &c, "%s", words);
	}
}

void feed_coverage(struct feed *f, json_t *coverage)
{
	json_t *calls = json_object_get(coverage, "calls"), *rings = json_object_get(coverage, "rings");

	if (!json_is_object(coverage))
		return;
	ledger_round(f->ledger, FEED_COVERAGE);
	judge_sensor(f, json_object_get(coverage, "sensor"));
	judge_calls(f, calls, json_object_get(coverage, "programs"));
	judge_ia32(f, coverage);
	judge_losses(f, json_object_get(coverage, "events"));
	judge_repairs(f, json_object_get(coverage, "programs"));
	judge_ring(f, 0, json_object_get(rings, "critical"), "critical");
	judge_ring(f, 1, json_object_get(rings, "bulk"), "bulk");
	judge_matrix(f, calls);
	ledger_capability(f->ledger, CAPABILITY_RESPONSE, "off", "this version answers findings with nothing but words");
	ledger_round_end(f->ledger, FEED_COVERAGE);
}
