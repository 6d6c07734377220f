/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/deliver.h"
#include "deliver/beat.h"
#include "deliver/queue.h"
#include "util/clock.h"
#include "util/limits.h"

#define URGENT_AGE_MS 100	/* a finding of severity high or above waits no longer for company */
#define SPIN_MS 100		/* a sink that asks for a retry without having waited is offered the batch this much later */
#define RECOVER_BATCHES 64	/* delivered before a size that was learnt from a refusal is doubled again */

/* Why a finding did not reach a sink. */
enum loss { LOSS_FULL, LOSS_REFUSED, LOSS_TOO_LARGE, LOSS_STOPPED, LOSS_NOT_TAKEN, LOSS_END };

/* A sink with its queue and the one batch that is on its way. */
struct outlet {
	struct outlet *next;
	struct deliver *d;
	struct sink *sink;
	struct queue queue;
	struct beats beats;
	uint64_t acknowledged;	/* of the loop, ms: when a heartbeat last was; at first when the sink was opened */
	uv_timer_t timer;	/* runs only while something waits to be sent */

	Noroshi__V1__Finding **room;
	struct batch batch;	/* n > 0 or a heartbeat: taken and not settled */
	size_t batch_bytes;
	uint64_t batches;
	size_t cap;		/* findings of the next batch at most */
	size_t bytes_cap;
	size_t suspect;		/* oldest findings that were part of a batch not taken: sent in parts, without delay */
	unsigned int since_cut;	/* batches delivered since bytes_cap was lowered */

	bool sending, in_call, answered, paused, flush;
	enum sink_result result;
	char why[256];

	uint64_t delivered, retries, lost[LOSS_END];
	char last_loss[256];
};

struct deliver {
	uv_loop_t *loop;
	struct deliver_limits limits;
	struct outlet *outlets;
	uv_timer_t stop_timer;
	bool stopping;
	void (*done)(void *ctx, size_t left);
	void *done_ctx;
	uint64_t no_memory;	/* findings lost before they reached any queue */
};

struct deliver *deliver_new(uv_loop_t *loop, const struct deliver_limits *l)
{
	struct deliver *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->loop = loop;
	if (l)
		d->limits = *l;
	d->limits.batch_count = d->limits.batch_count ? d->limits.batch_count : BATCH_COUNT_MAX;
	d->limits.batch_bytes = d->limits.batch_bytes ? d->limits.batch_bytes : BATCH_BYTES_MAX;
	d->limits.batch_age_ms = d->limits.batch_age_ms ? d->limits.batch_age_ms : BATCH_AGE_MS;
	d->limits.queue_count = d->limits.queue_count ? d->limits.queue_count : QUEUE_COUNT_MAX;
	d->limits.queue_bytes = d->limits.queue_bytes ? d->limits.queue_bytes : QUEUE_BYTES_MAX;
	uv_timer_init(loop, &d->stop_timer);
	d->stop_timer.data = d;
	return d;
}

static size_t left(const struct deliver *d)
{
	size_t n = 0;

	for (const struct outlet *o = d->outlets; o; o = o->next)
		n += o->queue.n;
	return n;
}

/* Findings or a heartbeat: something to wait for at the end. */
static bool busy(const struct deliver *d)
{
	for (const struct outlet *o = d->outlets; o; o = o->next) {
		if (o->queue.n || o->beats.waiting || o->beats.sending)
			return true;
	}
	return false;
}

static void finish(struct deliver *d, size_t n)
{
	void (*done)(void *ctx, size_t left) = take(d->done);

	uv_timer_stop(&d->stop_timer);
	if (done)
		done(d->done_ctx, n);
}

static void on_stop_timer(uv_timer_t *t)
{
	struct deliver *d = t->data;

	for (struct outlet *o = d->outlets; o; o = o->next)
		o->lost[LOSS_STOPPED] += o->queue.n;
	finish(d, left(d));
}

static void lose(struct outlet *o, enum loss reason, const char *why)
{
	o->lost[reason]++;
	snprintf(o->last_loss, sizeof(o->last_loss), "%s", why[0] ? why : "refused without a reason");
	queue_done(&o->queue, 1);
}

/* n findings left the queue: what is behind them is sent in larger parts again. */
static void settle(struct outlet *o, size_t n)
{
	const struct deliver_limits *l = &o->d->limits;

	o->suspect = o->suspect > n ? o->suspect - n : 0;
	o->cap = o->suspect && o->cap < l->batch_count / 2 ? o->cap * 2 : l->batch_count;
	if (o->bytes_cap < l->batch_bytes && ++o->since_cut >= RECOVER_BATCHES) {
		o->bytes_cap = o->bytes_cap < l->batch_bytes / 2 ? o->bytes_cap * 2 : l->batch_bytes;
		o->since_cut = 0;
	}
}

/* Half of it next time: a refusal may be due to one finding, which halving finds in a few steps. */
static void halve(struct outlet *o, enum sink_result result)
{
	o->suspect = o->suspect > o->batch.n ? o->suspect : o->batch.n;
	o->cap = o->batch.n / 2;
	if (result == SINK_TOO_LARGE) {
		o->bytes_cap = o->batch_bytes / 2;
		o->since_cut = 0;
	}
	queue_back(&o->queue);
}

/* A receiver may acknowledge a batch and keep a part of it: the rest is not offered again. */
static void delivered(struct outlet *o, size_t n, const char *why)
{
	struct sink_stats s = {};
	uint64_t not_taken;

	if (o->sink->ops->stats)
		o->sink->ops->stats(o->sink, &s);
	not_taken = s.not_taken - o->lost[LOSS_NOT_TAKEN];
	o->lost[LOSS_NOT_TAKEN] += not_taken;
	o->delivered += n - not_taken;
	if (not_taken)
		snprintf(o->last_loss, sizeof(o->last_loss), "%s", why);
}

/* A heartbeat that failed is offered behind the findings: what its receiver has against it must not hold them up. */
static void handle_beat(struct outlet *o, enum sink_result result)
{
	if (result == SINK_DELIVERED) {
		beats_delivered(&o->beats);
		o->acknowledged = uv_now(o->d->loop);
	} else if (result == SINK_RETRY) {
		beats_again(&o->beats, o->d->stopping);
	} else {
		beats_refused(&o->beats);
	}
	o->batch.heartbeat = NULL;
}

static void handle(struct outlet *o, enum sink_result result, const char *why)
{
	size_t n = o->batch.n;

	o->sending = false;
	if (o->batch.heartbeat) {
		handle_beat(o, result);
		return;
	}
	switch (result) {
	case SINK_RETRY:
		o->retries++;
		return;	/* the same batch again */
	case SINK_DELIVERED:
		delivered(o, n, why);
		queue_done(&o->queue, n);
		settle(o, n);
		o->beats.yield = false;
		break;
	case SINK_TOO_LARGE:
	case SINK_REFUSED:
		if (n > 1) {
			halve(o, result);
			break;
		}
		lose(o, result == SINK_REFUSED ? LOSS_REFUSED : LOSS_TOO_LARGE, why);
		settle(o, 1);
		break;
	}
	o->batch.n = 0;
}

static void pump(struct outlet *o);

static void check_stopped(struct deliver *d)
{
	if (d->done && !busy(d))
		finish(d, 0);
}

static void on_done(void *ctx, enum sink_result result, const char *why)
{
	struct outlet *o = ctx;
	struct deliver *d = o->d;

	if (o->in_call) {	/* answered at once: the loop of pump() goes on, so that nothing recurses */
		o->answered = true;
		o->result = result;
		snprintf(o->why, sizeof(o->why), "%s", why ? why : "");
		return;
	}
	handle(o, result, why ? why : "");
	pump(o);
	check_stopped(d);
}

static uint64_t lost(const struct outlet *o)
{
	uint64_t n = o->d->no_memory;

	for (unsigned int i = 0; i < LOSS_END; i++)
		n += o->lost[i];
	for (unsigned int i = 0; i < QUEUE_SEVERITIES; i++)
		n += o->queue.dropped[i];
	return n;
}

static bool in_hand(const struct outlet *o)
{
	return o->batch.n || o->batch.heartbeat;
}

/* Whether the next batch is a heartbeat. */
static bool beat_is_next(const struct outlet *o)
{
	return o->beats.waiting && !(o->beats.yield && o->queue.n);
}

static void fill_batch(struct outlet *o)
{
	size_t n;

	if (beat_is_next(o) && beats_begin(&o->beats)) {
		o->batch = (struct batch){.heartbeat = o->beats.sending->message, .id = ++o->batches};
		return;
	}

	n = queue_take(&o->queue, o->room, o->cap, o->bytes_cap);
	o->batch_bytes = 0;
	for (size_t i = 0; i < n; i++)
		o->batch_bytes += noroshi__v1__finding__get_packed_size(o->room[i]);
	o->batch = (struct batch){.v = o->room, .n = n, .id = ++o->batches};
}

static void on_timer(uv_timer_t *t);

/* Offers the batch in hand, or a new one. False when there is nothing more to do now. */
static bool offer(struct outlet *o)
{
	if (!in_hand(o))
		fill_batch(o);
	o->batch.lost = lost(o);
	o->sending = o->in_call = true;
	o->answered = false;
	o->sink->ops->send(o->sink, &o->batch, on_done, o);
	o->in_call = false;
	if (!o->answered)
		return false;
	handle(o, o->result, o->why);
	if (o->result != SINK_RETRY)
		return true;
	o->paused = true;
	uv_timer_start(&o->timer, on_timer, SPIN_MS, 0);
	return false;
}

/* Milliseconds until the oldest findings have waited long enough for company, 0 = now. */
static uint64_t due(const struct outlet *o)
{
	const struct deliver_limits *l = &o->d->limits;
	uint64_t limit = l->batch_age_ms, age;

	if (in_hand(o) || beat_is_next(o) || o->suspect || o->flush || o->d->stopping || o->queue.n >= o->cap ||
	    o->queue.bytes >= o->bytes_cap)
		return 0;
	age = uv_now(o->d->loop) - queue_first(&o->queue)->time;
	if (o->queue.urgent && limit > URGENT_AGE_MS)
		limit = URGENT_AGE_MS;
	return age < limit ? limit - age : 0;
}

static void pump(struct outlet *o)
{
	while (!o->sending && !o->paused && (o->queue.n || o->beats.waiting || in_hand(o))) {
		uint64_t wait = due(o);

		if (wait) {
			uv_timer_start(&o->timer, on_timer, wait, 0);
			return;
		}
		uv_timer_stop(&o->timer);
		if (!offer(o))
			return;
	}
	if (!o->queue.n)
		o->flush = false;
}

static void on_timer(uv_timer_t *t)
{
	struct outlet *o = t->data;
	struct deliver *d = o->d;

	o->paused = false;
	pump(o);
	check_stopped(d);
}

void deliver_add_sink(struct deliver *d, struct sink *s)
{
	struct outlet *o = calloc(1, sizeof(*o)), **at = &d->outlets;

	if (o)
		o->room = calloc(d->limits.batch_count, sizeof(*o->room));
	if (!o || !o->room) {
		free(o);
		s->ops->close(s);
		return;
	}
	o->d = d;
	o->sink = s;
	o->acknowledged = uv_now(d->loop);
	queue_init(&o->queue, d->limits.queue_count, d->limits.queue_bytes);
	o->cap = d->limits.batch_count;
	o->bytes_cap = d->limits.batch_bytes;
	uv_timer_init(d->loop, &o->timer);
	o->timer.data = o;
	while (*at)
		at = &(*at)->next;
	*at = o;
}

void deliver_finding(struct deliver *d, Noroshi__V1__Finding *f)
{
	struct item *i = item_new(f, uv_now(d->loop));

	if (!i) {
		d->no_memory++;
		return;
	}
	for (struct outlet *o = d->outlets; o; o = o->next) {
		queue_push(&o->queue, i);
		pump(o);
	}
	item_unref(i);
}

void deliver_heartbeat(struct deliver *d, Noroshi__V1__Coverage *c)
{
	struct beat *b = beat_new(c);

	for (struct outlet *o = d->outlets; b && o; o = o->next) {
		if (!o->sink->ops->heartbeats)
			continue;
		beats_push(&o->beats, b);
		pump(o);
	}
	beat_unref(b);
}

bool deliver_wants_heartbeats(const struct deliver *d)
{
	for (const struct outlet *o = d->outlets; o; o = o->next) {
		if (o->sink->ops->heartbeats)
			return true;
	}
	return false;
}

void deliver_flush(struct deliver *d)
{
	for (struct outlet *o = d->outlets; o; o = o->next) {
		if (!o->sink->ops->prompt || !o->queue.n)
			continue;
		o->flush = true;
		pump(o);
	}
}

void deliver_stop(struct deliver *d, unsigned int timeout_ms, void (*done)(void *ctx, size_t left), void *ctx)
{
	d->stopping = true;
	for (struct outlet *o = d->outlets; o; o = o->next) {
		if (o->sink->ops->hurry)
			o->sink->ops->hurry(o->sink);
		pump(o);
	}
	d->done = done;
	d->done_ctx = ctx;
	/* Never from within this call: the caller may not be ready for it. */
	uv_timer_start(&d->stop_timer, on_stop_timer, busy(d) ? timeout_ms : 0, 0);
}

void deliver_stats(const struct deliver *d, struct deliver_stats *ret)
{
	*ret = (struct deliver_stats){.queued = left(d)};
	for (const struct outlet *o = d->outlets; o; o = o->next) {
		ret->delivered += o->delivered;
		ret->lost += lost(o);
	}
}

static void set(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static json_t *losses(const struct outlet *o)
{
	static const char *const severities[QUEUE_SEVERITIES] = {"unspecified", "info", "low", "medium", "high", "critical"};
	json_t *j = json_object(), *full = json_object();

	for (unsigned int i = 0; i < QUEUE_SEVERITIES; i++)
		if (o->queue.dropped[i])
			set(full, severities[i], o->queue.dropped[i]);
	json_object_set_new(j, "queueFull", full);
	set(j, "refused", o->lost[LOSS_REFUSED]);
	set(j, "tooLarge", o->lost[LOSS_TOO_LARGE]);
	set(j, "notTaken", o->lost[LOSS_NOT_TAKEN]);
	set(j, "stopped", o->lost[LOSS_STOPPED]);
	set(j, "noMemory", o->d->no_memory);
	return j;
}

static json_t *status_of(const struct outlet *o)
{
	struct sink_stats s = {};
	char time[CLOCK_TEXT_MAX];
	json_t *j = json_object();

	if (o->sink->ops->stats)
		o->sink->ops->stats(o->sink, &s);
	json_object_set_new(j, "name", json_string(o->sink->ops->name));
	json_object_set_new(j, "target", json_string(o->sink->target));
	set(j, "queued", o->queue.n);
	set(j, "queuedBytes", o->queue.bytes);
	set(j, "delivered", o->delivered);
	set(j, "lost", lost(o));
	json_object_set_new(j, "lostReasons", losses(o));
	set(j, "retries", s.retries > o->retries ? s.retries : o->retries);
	if (o->sink->ops->heartbeats)
		json_object_set_new(j, "heartbeats", json_pack("{s:I, s:I, s:I, s:I}", "delivered", (json_int_t)o->beats.delivered,
							       "replaced", (json_int_t)o->beats.replaced,
							       "failed", (json_int_t)o->beats.failed,
							       "silentSec", (json_int_t)(uv_now(o->d->loop) - o->acknowledged) / 1000));
	set(j, "batches", s.batches);
	set(j, "bytes", s.bytes);
	if (s.last_success)
		json_object_set_new(j, "lastSuccess", json_string(clock_rfc3339(time, s.last_success)));
	if (s.last_error[0] || o->last_loss[0])
		json_object_set_new(j, "lastError", json_string(s.last_error[0] ? s.last_error : o->last_loss));
	json_object_set_new(j, "failing", json_boolean(s.last_error[0]));
	if (s.last_error[0] && s.cause)
		json_object_set_new(j, "lastErrorCode", json_string(s.cause));
	if (s.status)
		set(j, "lastStatus", (uint64_t)s.status);
	if (s.failing_since)
		set(j, "failingSince", s.failing_since);
	if (queue_first(&o->queue))
		set(j, "oldestSec", (uv_now(o->d->loop) - queue_first(&o->queue)->time) / 1000);
	return j;
}

json_t *deliver_status(const struct deliver *d)
{
	json_t *sinks = json_array(), *j = json_object();

	for (const struct outlet *o = d->outlets; o; o = o->next)
		json_array_append_new(sinks, status_of(o));
	json_object_set_new(j, "sinks", sinks);
	return j;
}

static void on_outlet_closed(uv_handle_t *h)
{
	struct outlet *o = h->data;

	queue_clear(&o->queue);
	beats_clear(&o->beats);
	free(o->room);
	free(o);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

struct deliver *deliver_free(struct deliver *d)
{
	if (!d)
		return NULL;
	for (struct outlet *o = d->outlets, *next; o; o = next) {
		next = o->next;
		o->sink->ops->close(o->sink);
		uv_close((uv_handle_t *)&o->timer, on_outlet_closed);
	}
	uv_close((uv_handle_t *)&d->stop_timer, on_closed);
	return NULL;
}
