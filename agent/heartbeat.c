/* SPDX-License-Identifier: Apache-2.0 */
#include "heartbeat.h"
#include "util/clock.h"
#include "util/limits.h"
#include <stdlib.h>
#include <string.h>

struct maker {
	Noroshi__V1__Coverage *m;
	size_t room;	/* bytes of samples that may still be taken */
	size_t evidence;	/* and of evidence */
	bool failed;
};

/* What is absent stays protobuf-c's empty text, which its free knows. */
static void set_text(struct maker *k, char **dst, const char *text)
{
	char *copy;

	if (!text || !*text)
		return;
	copy = strdup(text);
	k->failed |= !copy;
	if (copy)
		*dst = copy;
}

static void set_member(struct maker *k, char **dst, json_t *o, const char *key)
{
	set_text(k, dst, json_string_value(json_object_get(o, key)));
}

static void set_time(struct maker *k, char **dst, uint64_t wall_ns)
{
	char text[CLOCK_TEXT_MAX];

	set_text(k, dst, clock_rfc3339(text, wall_ns));
}

static double number(json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* One more element of a repeated member; NULL without memory. */
static void *add(struct maker *k, void ***v, size_t *n, size_t size)
{
	void **all = realloc(*v, (*n + 1) * sizeof(*all)), *one = all ? calloc(1, size) : NULL;

	if (all)
		*v = all;
	if (one)
		all[(*n)++] = one;
	k->failed |= !one;
	return one;
}

#define ADD(k, p, of, member, type)                                                                                 \
	(((p) = add((k), (void ***)&(of)->member, &(of)->n_##member, sizeof(*(p)))) ? (noroshi__v1__##type##__init(p), true) : false)

/* The number of the word in a list that begins with one for "unspecified"; 0 without it. */
static int index_of(const char *const *words, int n, const char *word)
{
	for (int i = 1; word && i < n; i++) {
		if (!strcmp(words[i], word))
			return i;
	}
	return 0;
}

static Noroshi__V1__Status status_of(const char *word)
{
	static const char *const words[] = {"", "starting", "healthy", "degraded", "unhealthy", "excluded"};

	return (Noroshi__V1__Status)index_of(words, ARRAY_SIZE(words), word && !strcmp(word, "noted") ? "healthy" : word);
}

static const char *member(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void set_evidence(struct maker *k, char **dst, json_t *evidence)
{
	char *text = json_object_size(evidence) ? json_dumps(evidence, JSON_COMPACT) : NULL;
	size_t n = text ? strlen(text) : 0;

	if (n && n <= k->evidence) {
		set_text(k, dst, text);
		k->evidence -= n;
	}
	free(text);
}

static void set_issue(struct maker *k, Noroshi__V1__Issue *i, json_t *issue)
{
	static const char *const severities[] = {"", "info", "low", "medium", "high", "critical"};

	set_member(k, &i->text, issue, "text");
	set_member(k, &i->code, issue, "code");
	i->severity = (Noroshi__V1__Severity)index_of(severities, ARRAY_SIZE(severities), member(issue, "severity"));
	set_member(k, &i->since, issue, "since");
	set_evidence(k, &i->evidence, json_object_get(issue, "evidence"));
	set_member(k, &i->impact, issue, "impact");
	set_member(k, &i->remedy, issue, "remedy");
	i->heals = json_is_true(json_object_get(issue, "heals"));
	set_member(k, &i->subject, issue, "subject");
	set_member(k, &i->capability, issue, "capability");
	i->status = status_of(member(issue, "effect"));
	i->count = (uint32_t)number(issue, "count");
}

static void set_status(struct maker *k, json_t *status)
{
	Noroshi__V1__Capability *capability;
	Noroshi__V1__Issue *issue;
	const char *name;
	json_t *v;
	size_t i;

	k->m->status = status_of(member(status, "state"));
	json_array_foreach(json_object_get(status, "issues"), i, v) {
		if (ADD(k, issue, k->m, issues, issue))
			set_issue(k, issue, v);
	}
	json_object_foreach(json_object_get(status, "capabilities"), name, v) {
		if (!ADD(k, capability, k->m, capabilities, capability))
			return;
		set_text(k, &capability->name, name);
		set_member(k, &capability->state, v, "state");
		set_member(k, &capability->reason, v, "reason");
		set_member(k, &capability->since, v, "since");
	}
}

static void set_canary(struct maker *k, json_t *canary)
{
	Noroshi__V1__Canary *m = canary ? malloc(sizeof(*m)) : NULL;
	Noroshi__V1__CanaryKind *one;
	const char *name;
	json_t *v;

	k->failed |= canary && !m;
	if (!m)
		return;
	noroshi__v1__canary__init(m);
	k->m->canary = m;
	set_member(k, &m->state, canary, "state");
	set_member(k, &m->reason, canary, "why");
	set_member(k, &m->last, canary, "last");
	m->rounds = number(canary, "rounds");
	json_object_foreach(json_object_get(canary, "kinds"), name, v) {
		if (!ADD(k, one, m, kinds, canary_kind))
			return;
		set_text(k, &one->name, name);
		set_member(k, &one->state, v, "state");
		set_member(k, &one->reason, v, "reason");
		set_member(k, &one->last_seen, v, "lastSeen");
		one->ms = number(v, "ms");
		one->missed = (uint32_t)number(v, "missed");
		one->missed_sum = number(v, "missedSum");
	}
}

static void set_host(struct maker *k, const struct finding_context *c)
{
	Noroshi__V1__Host *host = malloc(sizeof(*host));

	k->failed |= !host;
	if (!host)
		return;
	noroshi__v1__host__init(host);
	k->m->host = host;
	set_text(k, &host->name, c->hostname);
	set_text(k, &host->boot_id, c->boot_id);
	set_text(k, &host->kernel, c->kernel);
	set_text(k, &host->account, host_fact(c->host, HOST_ACCOUNT).p);
	set_text(k, &host->region, host_fact(c->host, HOST_REGION).p);
	set_text(k, &host->zone, host_fact(c->host, HOST_ZONE).p);
	set_text(k, &host->instance_id, host_fact(c->host, HOST_INSTANCE_ID).p);
	set_text(k, &host->instance_type, host_fact(c->host, HOST_INSTANCE_TYPE).p);
	set_text(k, &host->ami, host_fact(c->host, HOST_AMI).p);
	set_text(k, &host->org_path, host_fact(c->host, HOST_ORG_PATH).p);
}

static void set_counters(struct maker *k, json_t *status)
{
	json_t *pipeline = json_object_get(status, "pipeline");
	Noroshi__V1__Counters *n = malloc(sizeof(*n));

	k->failed |= !n;
	if (!n)
		return;
	noroshi__v1__counters__init(n);
	k->m->counters = n;
	n->events = number(pipeline, "events");
	n->matches = number(pipeline, "matches");
	n->findings = number(json_object_get(json_object_get(status, "tables"), "folding"), "findings");
}

static void set_losses(struct maker *k, json_t *status)
{
	json_t *events = json_object_get(json_object_get(status, "coverage"), "events"), *event, *n;
	Noroshi__V1__Loss *loss;
	const char *name, *reason;

	json_object_foreach(events, name, event) {
		json_object_foreach(json_object_get(event, "lost"), reason, n) {
			if (json_number_value(n) <= 0 || !ADD(k, loss, k->m, losses, loss))
				continue;
			set_text(k, &loss->event, name);
			set_text(k, &loss->reason, reason);
			loss->records = json_number_value(n);
		}
	}
}

static void set_queues(struct maker *k, json_t *status)
{
	Noroshi__V1__Queue *q;
	json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(status, "deliver"), "sinks"), i, sink) {
		if (!ADD(k, q, k->m, queues, queue))
			return;
		set_member(k, &q->sink, sink, "name");
		set_member(k, &q->target, sink, "target");
		set_member(k, &q->last_error, sink, "lastError");
		q->queued = number(sink, "queued");
		q->delivered = number(sink, "delivered");
		q->lost = number(sink, "lost");
	}
}

/* Samples are what makes a heartbeat long: beyond the bound the counts go alone. */
static bool has_room(struct maker *k, json_t *sample)
{
	size_t n = json_string_length(json_object_get(sample, "output"));

	if (n > k->room)
		return false;
	k->room -= n;
	return true;
}

static void set_sample(struct maker *k, Noroshi__V1__Sample *s, json_t *sample)
{
	set_member(k, &s->time, sample, "time");
	set_member(k, &s->output, sample, "output");
}

static void set_observed(struct maker *k, json_t *status)
{
	json_t *rule, *sample;
	Noroshi__V1__Observed *o;
	Noroshi__V1__Sample *s;
	size_t i, j;

	json_array_foreach(json_object_get(status, "observed"), i, rule) {
		if (!ADD(k, o, k->m, observed, observed))
			return;
		set_member(k, &o->rule, rule, "rule");
		o->matches = number(rule, "matches");
		json_array_foreach(json_object_get(rule, "first"), j, sample) {
			if (has_room(k, sample) && ADD(k, s, o, first, sample))
				set_sample(k, s, sample);
		}
		json_array_foreach(json_object_get(rule, "latest"), j, sample) {
			if (has_room(k, sample) && ADD(k, s, o, latest, sample))
				set_sample(k, s, sample);
		}
	}
	k->m->observed_uncounted = number(status, "observedUncounted");
}

Noroshi__V1__Coverage *heartbeat_new(const struct heartbeat *h, const struct finding_context *c, json_t *status)
{
	struct maker k = {malloc(sizeof(*k.m)), HEARTBEAT_SAMPLES_BYTES, HEARTBEAT_EVIDENCE_BYTES, !status};

	if (!k.m)
		return NULL;
	noroshi__v1__coverage__init(k.m);
	set_text(&k, &k.m->agent_id, h->agent_id);
	k.m->sequence = h->sequence;
	k.m->interval = h->interval;
	k.m->last = h->last;
	k.m->rules = (uint32_t)number(json_object_get(status, "rules"), "enabled");
	set_time(&k, &k.m->time, h->time);
	set_member(&k, &k.m->started, status, "started");
	set_text(&k, &k.m->agent_version, c->agent_version);
	set_text(&k, &k.m->ruleset_digest, c->ruleset_digest);
	set_host(&k, c);
	set_status(&k, status);
	set_canary(&k, json_object_get(status, "canary"));
	set_counters(&k, status);
	set_losses(&k, status);
	set_queues(&k, status);
	set_observed(&k, status);
	if (!k.failed)
		return k.m;
	noroshi__v1__coverage__free_unpacked(k.m, NULL);
	return NULL;
}
