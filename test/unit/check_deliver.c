/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that answers as it is told: at once, later, never, "too large" beyond
 * a number of findings, "refused" when a batch holds a poisoned one.
 */
#include "deliver/deliver.h"
#include "finding/finding.h"
#include "util/limits.h"
#include <check.h>

#define POISON 1000000u	/* added to sequence */

struct fake {
	struct sink sink;
	struct sink_ops ops;
	uv_loop_t *loop;
	uv_timer_t timer;
	bool later, never, hurried, closed;
	bool hates_beats;		/* never takes a heartbeat: asks for a retry */
	enum sink_result beat_result;	/* SINK_DELIVERED or a refusal */
	uint32_t beat;			/* sequence of the last heartbeat delivered */
	size_t beat_offers;
	unsigned int retries;		/* asked for before the first batch is taken */
	size_t too_large;		/* findings; 0 = no limit */
	sink_done_fn done;
	void *ctx;
	const struct batch *batch;
	enum sink_result result;
	size_t sends, batches, got, largest;
	uint64_t last_id, lost, not_taken;
	uint32_t sequence[60000];	/* what was delivered */
};

static struct fake *fake_of(struct sink *s)
{
	return (struct fake *)s;
}

static enum sink_result judge(struct fake *k, const struct batch *b)
{
	if (b->heartbeat) {
		k->beat_offers++;
		return k->hates_beats ? SINK_RETRY : k->beat_result;
	}
	if (k->retries) {
		k->retries--;
		return SINK_RETRY;
	}
	if (k->too_large && b->n > k->too_large)
		return SINK_TOO_LARGE;
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i]->sequence >= POISON)
			return SINK_REFUSED;
	return SINK_DELIVERED;
}

static void answer(struct fake *k)
{
	const struct batch *b = k->batch;
	sink_done_fn done = k->done;

	ck_assert_ptr_nonnull(done);
	k->done = NULL;
	k->batch = NULL;
	if (b->heartbeat && k->result == SINK_DELIVERED) {
		k->beat = b->heartbeat->sequence;
	} else if (k->result == SINK_DELIVERED) {
		k->batches++;
		k->largest = b->n > k->largest ? b->n : k->largest;
		for (size_t i = 0; i < b->n; i++) {
			ck_assert_uint_lt(k->got, ARRAY_SIZE(k->sequence));
			k->sequence[k->got++] = b->v[i]->sequence;
		}
	}
	done(k->ctx, k->result, "because");
}

static void on_timer(uv_timer_t *t)
{
	answer(t->data);
}

static void fake_send(struct sink *s, const struct batch *b, sink_done_fn done, void *ctx)
{
	struct fake *k = fake_of(s);

	ck_assert_ptr_null(k->done);	/* one at a time */
	ck_assert(b->heartbeat ? !b->n && k->ops.heartbeats : b->n > 0);
	ck_assert_uint_ge(b->id, k->last_id);
	k->last_id = b->id;
	k->lost = b->lost;
	k->sends++;
	k->done = done;
	k->ctx = ctx;
	k->batch = b;
	if (k->never)
		return;
	k->result = judge(k, b);
	if (k->later)
		uv_timer_start(&k->timer, on_timer, 1, 0);
	else
		answer(k);
}

static void fake_hurry(struct sink *s)
{
	fake_of(s)->hurried = true;
}

static void fake_stats(const struct sink *s, struct sink_stats *ret)
{
	*ret = (struct sink_stats){.last_success = 1700000000000000000ull, .last_error = "it was so",
				   .not_taken = ((const struct fake *)s)->not_taken};
}

static void fake_close(struct sink *s)
{
	fake_of(s)->closed = true;
	uv_close((uv_handle_t *)&fake_of(s)->timer, NULL);
}

static uv_loop_t loop;
static struct deliver *d;
static struct fake fakes[2];

static void begin(const struct deliver_limits *l)
{
	memset(fakes, 0, sizeof(fakes));
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	d = deliver_new(&loop, l);
	ck_assert_ptr_nonnull(d);
}

static struct fake *add(unsigned int i)
{
	struct fake *k = &fakes[i];

	k->ops = (struct sink_ops){.name = "fake", .send = fake_send, .hurry = fake_hurry, .stats = fake_stats,
				   .close = fake_close};
	k->sink.ops = &k->ops;
	strcpy(k->sink.target, "here");
	uv_timer_init(&loop, &k->timer);
	k->timer.data = k;
	deliver_add_sink(d, &k->sink);
	return k;
}

static void end(void)
{
	for (int i = 0; i < 2; i++)
		if (fakes[i].sink.ops)
			uv_timer_stop(&fakes[i].timer);
	d = deliver_free(d);
	uv_run(&loop, UV_RUN_DEFAULT);
	for (int i = 0; i < 2; i++)
		ck_assert(!fakes[i].sink.ops || fakes[i].closed);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void put_text(uint32_t sequence, Noroshi__V1__Severity severity, size_t bytes)
{
	Noroshi__V1__Finding *f = malloc(sizeof(*f));

	noroshi__v1__finding__init(f);
	f->sequence = sequence;
	f->severity = severity;
	if (bytes) {
		f->output = malloc(bytes + 1);
		memset(f->output, 'x', bytes);
		f->output[bytes] = 0;
	}
	deliver_finding(d, f);
}

static void put(uint32_t sequence)
{
	put_text(sequence, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 0);
}

static size_t stopped_with;
static bool stopped;

static void on_stopped(void *ctx, size_t left)
{
	ck_assert_ptr_eq(ctx, &stopped);
	ck_assert(!stopped);
	stopped = true;
	stopped_with = left;
}

static void stop(unsigned int timeout_ms)
{
	stopped = false;
	stopped_with = 0;
	deliver_stop(d, timeout_ms, on_stopped, &stopped);
	ck_assert(!stopped);	/* not from within the call */
	while (!stopped)
		uv_run(&loop, UV_RUN_ONCE);
}

static json_int_t status(unsigned int i, const char *key)
{
	json_t *j = deliver_status(d), *sink = json_array_get(json_object_get(j, "sinks"), i);
	json_int_t v;

	ck_assert_msg(json_is_integer(json_object_get(sink, key)), "%s", key);
	v = json_integer_value(json_object_get(sink, key));
	json_decref(j);
	return v;
}

static json_int_t reason(const char *key)
{
	json_t *j = deliver_status(d), *sink = json_array_get(json_object_get(j, "sinks"), 0);
	json_int_t v = json_integer_value(json_object_get(json_object_get(sink, "lostReasons"), key));

	json_decref(j);
	return v;
}

static void check_in_order(const struct fake *k, size_t n)
{
	ck_assert_uint_eq(k->got, n);
	for (size_t i = 1; i < n; i++)
		ck_assert_uint_gt(k->sequence[i], k->sequence[i - 1]);
}

START_TEST(a_full_batch_goes_at_once)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 10, .batch_age_ms = 3600000});
	k = add(0);
	for (uint32_t i = 1; i < 10; i++)
		put(i);
	ck_assert_uint_eq(k->sends, 0);
	put(10);
	ck_assert_uint_eq(k->sends, 1);
	ck_assert_uint_eq(k->got, 10);
	ck_assert_int_eq(status(0, "delivered"), 10);
	ck_assert_int_eq(status(0, "queued"), 0);
	ck_assert_int_eq(status(0, "queuedBytes"), 0);
	end();
}
END_TEST

START_TEST(enough_bytes_go_at_once)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_bytes = 1000, .batch_age_ms = 3600000});
	k = add(0);
	put_text(1, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 600);
	ck_assert_uint_eq(k->sends, 0);
	put_text(2, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 600);
	ck_assert_uint_eq(k->batches, 1);	/* the second would not fit */
	ck_assert_uint_eq(k->largest, 1);
	put_text(3, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 5000);	/* larger than any batch: goes alone */
	ck_assert_uint_eq(k->got, 3);
	ck_assert_uint_eq(k->largest, 1);
	end();
}
END_TEST

/* The loop ends by itself: no timer runs while nothing is queued. */
START_TEST(age_sends_what_is_there)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_age_ms = 20});
	k = add(0);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_NOWAIT), 0);
	put(1);
	put(2);
	ck_assert_uint_eq(k->sends, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(k->batches, 1);
	check_in_order(k, 2);
	end();
}
END_TEST

START_TEST(what_is_severe_waits_less)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_age_ms = 3600000});
	k = add(0);
	put(1);
	put_text(2, NOROSHI__V1__SEVERITY__SEVERITY_HIGH, 0);
	uv_run(&loop, UV_RUN_DEFAULT);	/* would be an hour */
	check_in_order(k, 2);
	end();
}
END_TEST

START_TEST(a_burst_wakes_only_cheap_sinks)
{
	struct fake *cheap, *dear;

	begin(&(struct deliver_limits){.batch_age_ms = 3600000});
	cheap = add(0);
	dear = add(1);
	cheap->ops.prompt = true;
	put(1);
	deliver_flush(d);
	ck_assert_uint_eq(cheap->got, 1);
	ck_assert_uint_eq(dear->sends, 0);
	ck_assert_int_eq(status(1, "queued"), 1);
	deliver_flush(d);	/* nothing there: no empty batch */
	ck_assert_uint_eq(cheap->sends, 1);
	put(2);			/* the flush is over */
	ck_assert_uint_eq(cheap->sends, 1);
	end();
}
END_TEST

START_TEST(one_batch_at_a_time_in_order)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 7, .batch_age_ms = 3600000});
	k = add(0);
	k->later = true;
	for (uint32_t i = 1; i <= 700; i++)
		put(i);
	ck_assert_uint_eq(k->sends, 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	check_in_order(k, 700);
	ck_assert_uint_eq(k->batches, 100);
	ck_assert_uint_eq(k->last_id, 100);
	end();
}
END_TEST

/* An immediate retry must not spin, and must not recurse until the stack ends. */
START_TEST(retries_keep_the_batch)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 2, .batch_age_ms = 3600000});
	k = add(0);
	k->retries = 2;
	put(1);
	put(2);
	put(3);
	put(4);
	ck_assert_uint_eq(k->sends, 1);
	ck_assert_uint_eq(k->last_id, 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	check_in_order(k, 4);
	ck_assert_uint_eq(k->last_id, 2);	/* the retries were batch 1 again */
	ck_assert_uint_eq(k->sends, 4);
	ck_assert_int_eq(status(0, "retries"), 2);
	ck_assert_int_eq(status(0, "lost"), 0);
	end();
}
END_TEST

START_TEST(too_large_is_halved)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 512, .batch_age_ms = 3600000});
	k = add(0);
	k->too_large = 60;
	k->later = true;
	for (uint32_t i = 1; i <= 5120; i++)
		put(i);
	stop(60000);
	check_in_order(k, 5120);
	ck_assert_uint_le(k->largest, 60);
	ck_assert_uint_ge(k->largest, 20);
	ck_assert_int_eq(status(0, "lost"), 0);
	/* It learns: after a few halvings the size fits, and is tried larger only now and then. */
	ck_assert_uint_lt(k->sends - k->batches, k->batches / 2);
	end();
}
END_TEST

START_TEST(one_too_large_is_lost_and_counted)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 4, .batch_age_ms = 3600000});
	k = add(0);
	put(1);
	put(2);
	put(3);
	k->too_large = 0;
	put(POISON);	/* refused alone and with others */
	check_in_order(k, 3);
	ck_assert_int_eq(status(0, "lost"), 1);
	ck_assert_int_eq(reason("refused"), 1);
	ck_assert_int_eq(reason("tooLarge"), 0);
	ck_assert_int_eq(status(0, "queued"), 0);
	end();
}
END_TEST

/* A receiver that acknowledges a batch and keeps a part: the rest is lost, and is not sent again. */
START_TEST(what_is_not_kept_is_lost)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 4, .batch_age_ms = 3600000});
	k = add(0);
	k->not_taken = 3;
	for (uint32_t i = 1; i <= 8; i++)
		put(i);
	check_in_order(k, 8);
	ck_assert_int_eq(status(0, "delivered"), 5);
	ck_assert_int_eq(status(0, "lost"), 3);
	ck_assert_int_eq(reason("notTaken"), 3);
	ck_assert_uint_eq(k->lost, 3);	/* the second batch says so */
	end();
}
END_TEST

START_TEST(a_poisoned_finding_is_found)
{
	struct fake *k;

	for (uint32_t at = 1; at <= 512; at += 73) {
		begin(&(struct deliver_limits){.batch_count = 512, .batch_age_ms = 3600000});
		k = add(0);
		for (uint32_t i = 1; i <= 512; i++)
			put(i == at ? POISON + i : i);
		ck_assert_uint_eq(k->got, 511);
		check_in_order(k, 511);
		ck_assert_int_eq(status(0, "lost"), 1);
		ck_assert_uint_le(k->sends, 40);	/* about twice log2: not one by one */
		ck_assert_uint_eq(k->done != NULL, 0);
		put(1000);
		stop(1000);
		ck_assert_uint_eq(k->lost, 1);	/* the receiver hears of it */
		end();
	}
}
END_TEST

START_TEST(a_full_queue_drops_the_least_severe)
{
	struct fake *k;
	json_t *j, *full;

	begin(&(struct deliver_limits){.batch_count = 1000, .queue_count = 10, .batch_age_ms = 3600000});
	k = add(0);
	k->ops.prompt = true;
	for (uint32_t i = 1; i <= 5; i++)
		put_text(i, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 0);
	for (uint32_t i = 6; i <= 10; i++)
		put_text(i, NOROSHI__V1__SEVERITY__SEVERITY_CRITICAL, 0);
	put_text(11, NOROSHI__V1__SEVERITY__SEVERITY_MEDIUM, 0);	/* drops 1 */
	put_text(12, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 0);		/* drops 2 */
	put_text(13, NOROSHI__V1__SEVERITY__SEVERITY_INFO, 0);		/* drops itself */
	deliver_flush(d);
	check_in_order(k, 10);
	ck_assert_uint_eq(k->sequence[0], 3);
	ck_assert_uint_eq(k->sequence[8], 11);
	ck_assert_uint_eq(k->sequence[9], 12);
	ck_assert_int_eq(status(0, "lost"), 3);
	j = deliver_status(d);
	full = json_object_get(json_object_get(json_array_get(json_object_get(j, "sinks"), 0), "lostReasons"), "queueFull");
	ck_assert_int_eq(json_integer_value(json_object_get(full, "low")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(full, "info")), 1);
	ck_assert_ptr_null(json_object_get(full, "critical"));
	json_decref(j);
	end();
}
END_TEST

START_TEST(bytes_bound_the_queue_too)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_bytes = 1 << 30, .queue_bytes = 10000, .batch_age_ms = 3600000});
	k = add(0);
	k->never = true;
	for (uint32_t i = 1; i <= 100; i++) {
		put_text(i, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 1000);
		ck_assert_int_le(status(0, "queuedBytes"), 10000);
	}
	ck_assert_int_eq(status(0, "queued"), 9);
	ck_assert_int_eq(status(0, "lost"), 91);
	end();
}
END_TEST

/* What is on its way must not be dropped under the sink's hands. */
START_TEST(a_batch_under_way_is_safe)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 5, .queue_count = 5, .batch_age_ms = 3600000});
	k = add(0);
	k->never = true;
	for (uint32_t i = 1; i <= 5; i++)
		put_text(i, NOROSHI__V1__SEVERITY__SEVERITY_INFO, 10);
	ck_assert_uint_eq(k->sends, 1);
	for (uint32_t i = 6; i <= 20; i++)
		put_text(i, NOROSHI__V1__SEVERITY__SEVERITY_CRITICAL, 10);
	ck_assert_uint_eq(k->batch->n, 5);
	k->result = SINK_DELIVERED;
	k->never = false;
	answer(k);	/* reads them */
	stop(1000);
	check_in_order(k, 5);
	ck_assert_uint_eq(stopped_with, 0);
	ck_assert_int_eq(status(0, "lost"), 15);
	end();
}
END_TEST

/* Of a batch that was refused only the half that is offered again is on its way. */
START_TEST(the_other_half_may_be_dropped)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 4, .queue_count = 4, .batch_age_ms = 3600000});
	k = add(0);
	k->never = true;
	for (uint32_t i = 1; i <= 4; i++)
		put_text(i, NOROSHI__V1__SEVERITY__SEVERITY_LOW, 0);
	k->result = SINK_REFUSED;
	answer(k);
	ck_assert_uint_eq(k->batch->n, 2);
	put_text(5, NOROSHI__V1__SEVERITY__SEVERITY_INFO, 0);
	put_text(6, NOROSHI__V1__SEVERITY__SEVERITY_CRITICAL, 0);	/* 5 is gone already, 3 makes room */
	k->never = false;
	k->result = SINK_DELIVERED;
	answer(k);
	stop(1000);
	check_in_order(k, 4);
	ck_assert_uint_eq(k->sequence[2], 4);
	ck_assert_uint_eq(k->sequence[3], 6);
	end();
}
END_TEST

START_TEST(sinks_do_not_wait_for_each_other)
{
	struct fake *stuck, *k;

	begin(&(struct deliver_limits){.batch_count = 3, .batch_age_ms = 3600000});
	stuck = add(0);
	k = add(1);
	stuck->never = true;
	for (uint32_t i = 1; i <= 9; i++)
		put(i);
	check_in_order(k, 9);
	ck_assert_uint_eq(stuck->sends, 1);
	ck_assert_int_eq(status(0, "queued"), 9);
	ck_assert_int_eq(status(1, "queued"), 0);
	end();
}
END_TEST

START_TEST(stop_sends_the_rest)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_age_ms = 3600000});
	k = add(0);
	k->later = true;
	for (uint32_t i = 1; i <= 600; i++)
		put(i);
	stop(60000);
	ck_assert(k->hurried);
	check_in_order(k, 600);
	ck_assert_uint_eq(stopped_with, 0);
	end();
}
END_TEST

START_TEST(stop_ends_without_the_sink)
{
	struct fake *k;
	struct deliver_stats st;

	begin(&(struct deliver_limits){.batch_age_ms = 3600000});
	k = add(0);
	k->never = true;
	put(1);
	put(2);
	stop(20);
	ck_assert_uint_eq(stopped_with, 2);
	ck_assert_int_eq(reason("stopped"), 2);
	deliver_stats(d, &st);
	ck_assert_uint_eq(st.lost, 2);
	ck_assert_uint_eq(st.delivered, 0);
	end();
}
END_TEST

START_TEST(stop_with_nothing_to_do)
{
	begin(NULL);
	stop(3600000);
	ck_assert_uint_eq(stopped_with, 0);
	put(1);	/* no sink: nothing to do with it, nothing leaks */
	end();
	begin(NULL);
	add(0);
	stop(3600000);
	ck_assert_uint_eq(stopped_with, 0);
	end();
}
END_TEST

START_TEST(status_tells)
{
	json_t *j, *s;

	begin(NULL);
	add(0);
	j = deliver_status(d);
	s = json_array_get(json_object_get(j, "sinks"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(s, "name")), "fake");
	ck_assert_str_eq(json_string_value(json_object_get(s, "target")), "here");
	ck_assert_str_eq(json_string_value(json_object_get(s, "lastSuccess")), "2023-11-14T22:13:20.000000000Z");
	ck_assert_str_eq(json_string_value(json_object_get(s, "lastError")), "it was so");
	json_decref(j);
	end();
}
END_TEST

/* Every finding ends in exactly one place, whatever the sink does. */
START_TEST(nothing_is_lost_uncounted)
{
	unsigned int seed = 11;

	for (int round = 0; round < 30; round++) {
		uint32_t n = 0, poisoned = 0;
		struct deliver_stats st;
		struct fake *k;

		begin(&(struct deliver_limits){.batch_count = 16, .queue_count = 64, .batch_age_ms = 1});
		k = add(0);
		for (int step = 0; step < 200; step++) {
			k->later = rand_r(&seed) % 2;
			k->too_large = (size_t)rand_r(&seed) % 8 + 1;
			for (int i = rand_r(&seed) % 20; i; i--) {
				bool poison = rand_r(&seed) % 30 == 0;

				n++;
				poisoned += poison;
				put_text(poison ? POISON + n : n, (Noroshi__V1__Severity)(1 + rand_r(&seed) % 5),
					 (size_t)rand_r(&seed) % 100);
			}
			if (rand_r(&seed) % 5 == 0)
				uv_run(&loop, UV_RUN_NOWAIT);
		}
		stop(60000);
		ck_assert_uint_eq(stopped_with, 0);
		check_in_order(k, k->got);
		deliver_stats(d, &st);
		ck_assert_uint_eq(st.delivered, k->got);
		ck_assert_uint_eq(st.delivered + st.lost, n);
		ck_assert_int_le(reason("refused"), poisoned);
		ck_assert_int_eq(reason("tooLarge"), 0);
		ck_assert_int_eq(status(0, "queuedBytes"), 0);
		end();
	}
}
END_TEST

static void put_beat(uint32_t sequence)
{
	Noroshi__V1__Coverage *c = malloc(sizeof(*c));

	noroshi__v1__coverage__init(c);
	c->sequence = sequence;
	deliver_heartbeat(d, c);
}

static json_int_t beats(const char *key)
{
	json_t *j = deliver_status(d), *sink = json_array_get(json_object_get(j, "sinks"), 0);
	json_t *v = json_object_get(json_object_get(sink, "heartbeats"), key);
	json_int_t n = json_integer_value(v);

	ck_assert_msg(json_is_integer(v), "%s", key);
	json_decref(j);
	return n;
}

static struct fake *begin_beats(void)
{
	struct fake *k;

	begin(&(struct deliver_limits){.batch_count = 10, .batch_age_ms = 3600000});
	k = add(0);
	k->ops.heartbeats = true;
	return k;
}

START_TEST(a_heartbeat_goes_alone_and_at_once)
{
	struct fake *k = begin_beats(), *other = add(1);

	put(1);
	put_beat(7);
	ck_assert_uint_eq(k->beat, 7);
	ck_assert_uint_eq(k->got, 0);		/* the finding waits for company as before */
	ck_assert_uint_eq(other->sends, 0);	/* takes none */
	ck_assert_int_eq(beats("delivered"), 1);
	ck_assert(deliver_wants_heartbeats(d));
	k->ops.heartbeats = false;
	ck_assert(!deliver_wants_heartbeats(d));
	end();
}
END_TEST

START_TEST(the_newest_heartbeat_waits)
{
	struct fake *k = begin_beats();

	k->later = true;
	for (uint32_t i = 1; i <= 4; i++)
		put_beat(i);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(k->beat_offers, 2);	/* the first was on its way */
	ck_assert_uint_eq(k->beat, 4);
	ck_assert_int_eq(beats("replaced"), 2);
	ck_assert_int_eq(beats("failed"), 0);
	end();
}
END_TEST

/* A receiver that cannot digest heartbeats must not be a reason to keep findings back. */
START_TEST(findings_overtake_a_heartbeat_that_fails)
{
	struct fake *k = begin_beats();

	k->hates_beats = true;
	put_beat(1);
	for (uint32_t i = 1; i <= 100; i++)
		put(i);
	while (k->got < 100)
		uv_run(&loop, UV_RUN_ONCE);
	check_in_order(k, 100);
	k->hates_beats = false;
	while (!k->beat)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(k->beat, 1);
	ck_assert_int_eq(status(0, "lost"), 0);
	end();
}
END_TEST

START_TEST(a_heartbeat_refused_costs_no_finding)
{
	struct fake *k = begin_beats();

	for (k->beat_result = SINK_TOO_LARGE; k->beat_result <= SINK_REFUSED; k->beat_result++) {
		put_beat(1);
		put(1);
	}
	ck_assert_int_eq(beats("failed"), 2);
	ck_assert_int_eq(beats("delivered"), 0);
	stop(60000);
	ck_assert_uint_eq(k->got, 2);
	ck_assert_int_eq(status(0, "lost"), 0);
	end();
}
END_TEST

START_TEST(the_last_heartbeat_is_waited_for_once)
{
	struct fake *k = begin_beats();

	k->later = true;
	put_beat(1);
	stop(60000);
	ck_assert_uint_eq(k->beat, 1);
	end();
	k = begin_beats();
	k->later = k->hates_beats = true;
	put_beat(1);
	stop(3600000);	/* one attempt fails: nothing more to wait for */
	ck_assert_uint_eq(k->beat_offers, 1);
	ck_assert_int_eq(beats("failed"), 1);
	ck_assert_uint_eq(stopped_with, 0);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("deliver");
	TCase *t = tcase_create("deliver");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 0);
	tcase_add_test(t, a_full_batch_goes_at_once);
	tcase_add_test(t, enough_bytes_go_at_once);
	tcase_add_test(t, age_sends_what_is_there);
	tcase_add_test(t, what_is_severe_waits_less);
	tcase_add_test(t, a_burst_wakes_only_cheap_sinks);
	tcase_add_test(t, one_batch_at_a_time_in_order);
	tcase_add_test(t, retries_keep_the_batch);
	tcase_add_test(t, too_large_is_halved);
	tcase_add_test(t, one_too_large_is_lost_and_counted);
	tcase_add_test(t, what_is_not_kept_is_lost);
	tcase_add_test(t, a_poisoned_finding_is_found);
	tcase_add_test(t, a_full_queue_drops_the_least_severe);
	tcase_add_test(t, bytes_bound_the_queue_too);
	tcase_add_test(t, a_batch_under_way_is_safe);
	tcase_add_test(t, the_other_half_may_be_dropped);
	tcase_add_test(t, sinks_do_not_wait_for_each_other);
	tcase_add_test(t, stop_sends_the_rest);
	tcase_add_test(t, stop_ends_without_the_sink);
	tcase_add_test(t, stop_with_nothing_to_do);
	tcase_add_test(t, status_tells);
	tcase_add_test(t, nothing_is_lost_uncounted);
	tcase_add_test(t, a_heartbeat_goes_alone_and_at_once);
	tcase_add_test(t, the_newest_heartbeat_waits);
	tcase_add_test(t, findings_overtake_a_heartbeat_that_fails);
	tcase_add_test(t, a_heartbeat_refused_costs_no_finding);
	tcase_add_test(t, the_last_heartbeat_is_waited_for_once);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
