/* SPDX-License-Identifier: Apache-2.0 */
#include "finding_event.h"
#include "event/dns.h"
#include <malloc.h>

#define WINDOW 60000u	/* ms */

static struct record rec;
static struct fake_engine engine = {.engine = {&fake_ops}, .output = "out"};
static const struct match match = {.engine = &engine.engine, .rule = &fake_rule};

/* What came out, in order. */
static Noroshi__V1__Finding *out[20000];
static size_t n_out;

static void emit(void *ctx, Noroshi__V1__Finding *f)
{
	(void)ctx;
	ck_assert_uint_lt(n_out, ARRAY_SIZE(out));
	out[n_out++] = f;
}

static void clear(void)
{
	while (n_out)
		finding_free(out[--n_out]);
}

static struct container box = {.id = "3ad7b26ded6d"};
static struct image shell = {.exec_id = 2, .exepath = STR("/bin/bash")}, other = {.exec_id = 2, .exepath = STR("/bin/dash")};
static struct process proc;

/* A connect to port `port`, `sec` seconds after T0. */
static struct event connect_at(unsigned int sec, uint16_t port)
{
	struct event ev;

	RECORD(&rec, CONNECT, CONNECT, connect);
	rec.r.connect.family = AF_INET;
	rec.r.connect.local = ip4("172.17.0.2", (uint16_t)(30000 + sec));
	rec.r.connect.peer = ip4("10.9.8.7", port);
	rec.r.hdr.time += sec * SECOND;
	ev = record_event(&rec);
	proc.image = &shell;
	ev.process = &proc;
	ev.container = &box;
	return ev;
}

static void hit(struct fold *f, unsigned int sec, uint16_t port)
{
	struct event ev = connect_at(sec, port);

	fold_match(f, &context, &ev, &match);
}

START_TEST(repeats_are_one_finding)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct fold_stats st;

	hit(f, 0, 80);
	ck_assert_uint_eq(n_out, 1);
	ck_assert_uint_eq(out[0]->revision, 1);
	ck_assert_uint_eq(out[0]->count, 1);
	ck_assert_uint_eq(out[0]->sequence, 1);
	hit(f, 10, 80);
	hit(f, 59, 80);
	hit(f, 30, 80);	/* the rings are read out of order */
	ck_assert_uint_eq(n_out, 1);
	ck_assert_uint_eq(fold_expire(f, T0 + 59 * SECOND), T0 + 60 * SECOND);
	ck_assert_uint_eq(n_out, 1);
	ck_assert_uint_eq(fold_expire(f, T0 + 60 * SECOND), 0);
	ck_assert_uint_eq(n_out, 2);
	ck_assert_str_eq(out[1]->id, out[0]->id);
	ck_assert_uint_eq(out[1]->revision, 2);
	ck_assert_uint_eq(out[1]->count, 4);
	ck_assert_uint_eq(out[1]->sequence, 2);
	ck_assert_str_eq(out[1]->time, "2023-11-14T22:13:20.000000000Z");
	ck_assert_str_eq(out[1]->last_seen, "2023-11-14T22:14:19.000000000Z");
	ck_assert_str_eq(out[1]->network->remote_ip, "10.9.8.7");	/* complete */
	fold_stats(f, &st);
	ck_assert_uint_eq(st.findings, 1);
	ck_assert_uint_eq(st.repeats, 3);
	ck_assert_uint_eq(st.revisions, 1);
	ck_assert_uint_eq(st.open, 0);
	ck_assert_uint_eq(st.unfolded + st.failed, 0);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(one_alone_has_no_second_revision)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);

	hit(f, 0, 80);
	ck_assert_uint_eq(fold_expire(f, UINT64_MAX), 0);
	ck_assert_uint_eq(n_out, 1);
	hit(f, 70, 80);
	ck_assert_uint_eq(n_out, 2);
	ck_assert_str_ne(out[0]->id, out[1]->id);
	fold_free(f);
	clear();
}
END_TEST

/* The timer may be late: the event itself closes a window that is over. */
START_TEST(an_event_after_the_window_begins_another)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);

	hit(f, 0, 80);
	hit(f, 1, 80);
	hit(f, 60, 80);
	ck_assert_uint_eq(n_out, 3);
	ck_assert_uint_eq(out[1]->revision, 2);
	ck_assert_uint_eq(out[1]->count, 2);
	ck_assert_uint_eq(out[2]->revision, 1);
	ck_assert_str_ne(out[2]->id, out[0]->id);
	ck_assert_uint_eq(out[2]->sequence, 3);
	ck_assert_uint_eq(fold_expire(f, T0), T0 + 120 * SECOND);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(windows_end_by_time_not_by_arrival)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);

	hit(f, 10, 80);
	hit(f, 5, 81);	/* read from the other ring, later */
	hit(f, 6, 81);
	ck_assert_uint_eq(fold_expire(f, T0 + 65 * SECOND), T0 + 70 * SECOND);
	ck_assert_uint_eq(n_out, 3);
	ck_assert_uint_eq(out[2]->revision, 2);
	ck_assert_uint_eq(out[2]->network->remote_port, 81);
	fold_free(f);
	clear();
}
END_TEST

static size_t emitted(struct fold *f, struct event *ev, const struct match *m)
{
	size_t before = n_out;

	fold_match(f, &context, ev, m);
	return n_out - before;
}

/* The clock of a fresh host may run ahead until it is set: then no finding may wait for that time to come. */
START_TEST(a_clock_set_back_ends_windows)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct fold_stats st;

	hit(f, 1000000, 80);
	hit(f, 1000000, 81);
	hit(f, 1000001, 81);
	ck_assert_uint_eq(n_out, 2);
	hit(f, 0, 80);
	ck_assert_uint_eq(n_out, 3);
	ck_assert_str_ne(out[2]->id, out[0]->id);
	ck_assert_uint_eq(fold_expire(f, T0 + SECOND), T0 + 60 * SECOND);
	ck_assert_uint_eq(n_out, 4);	/* what was counted is told, not kept for days */
	ck_assert_str_eq(out[3]->id, out[1]->id);
	ck_assert_uint_eq(out[3]->count, 2);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.open, 1);
	fold_expire(f, UINT64_MAX);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(what_differs_is_not_folded)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct rule_info second = fake_rule;
	struct match m = match;
	struct container cell = {.id = "000000000001"};
	struct event ev = connect_at(0, 80);

	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	ck_assert_uint_eq(emitted(f, &ev, &m), 0);
	second.name = "Another rule";
	m.rule = &second;
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	m = match;
	ev.container = &cell;
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	ev.container = NULL;
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	proc.image = &other;
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	other.script = STR("/tmp/one");		/* of the same interpreter */
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	other.script = STR("/tmp/two");
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	ck_assert_uint_eq(emitted(f, &ev, &m), 0);
	other.script = STR_NONE;
	ev.process = NULL;
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	rec.r.connect.peer = ip4("10.9.8.6", 80);
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	rec.r.connect.peer.port = 81;
	ck_assert_uint_eq(emitted(f, &ev, &m), 1);
	rec.r.connect.local.port++;		/* chance */
	ck_assert_uint_eq(emitted(f, &ev, &m), 0);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(an_accepted_peers_port_is_chance)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct event ev;

	RECORD(&rec, ACCEPT, ACCEPT4, accept);
	rec.r.accept.family = AF_INET;
	rec.r.accept.local = ip4("172.17.0.2", 22);
	rec.r.accept.peer = ip4("10.9.8.7", 40000);
	ev = record_event(&rec);
	ck_assert_uint_eq(emitted(f, &ev, &match), 1);
	rec.r.accept.peer.port++;
	ck_assert_uint_eq(emitted(f, &ev, &match), 0);
	rec.r.accept.local.port++;
	ck_assert_uint_eq(emitted(f, &ev, &match), 1);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(paths_and_domains_are_targets)
{
	static struct dns_message names[2] = {{.qname = STR("a.example")}, {.qname = STR("b.example")}};
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct event ev;

	for (int round = 0; round < 2; round++) {
		for (char c = 'a'; c < 'd'; c++) {
			char path[] = {'/', c, 0};

			RECORD(&rec, OPEN, OPENAT, open);
			record_text(&rec, &rec.r.open.name, path);
			ev = record_event(&rec);
			ck_assert_uint_eq(emitted(f, &ev, &match), round ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		RECORD(&rec, DNS, DNS, dns);
		rec.r.dns.peer = ip4("10.0.0.53", 53);
		rec.r.dns.local = ip4("10.0.0.2", (uint16_t)(40000 + i));
		ev = record_event(&rec);
		ev.dns = &names[i % 2];
		ck_assert_uint_eq(emitted(f, &ev, &match), i < 2 ? 1 : 0);
	}
	fold_free(f);
	clear();
}
END_TEST

START_TEST(without_a_window_nothing_is_folded)
{
	struct fold *f = fold_new(0, emit, NULL);

	for (unsigned int i = 0; i < 5; i++)
		hit(f, 0, 80);
	ck_assert_uint_eq(n_out, 5);
	ck_assert_uint_eq(out[4]->sequence, 5);
	ck_assert_uint_eq(fold_expire(f, UINT64_MAX), 0);
	ck_assert_uint_eq(n_out, 5);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(a_full_table_lets_findings_out_unfolded)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct fold_stats st;
	uint64_t open;

	for (unsigned int i = 0; i < FOLD_MAX + 100; i++)
		hit(f, 0, (uint16_t)(i + 1));
	ck_assert_uint_eq(n_out, FOLD_MAX + 100);
	fold_stats(f, &st);
	ck_assert_uint_gt(st.unfolded, 99);	/* by number, or by the bytes of what is kept */
	ck_assert_uint_eq(st.open + st.unfolded, FOLD_MAX + 100);
	open = st.open;
	for (unsigned int i = 0; i < FOLD_MAX + 100; i++)
		hit(f, 1, (uint16_t)(i + 1));
	fold_stats(f, &st);
	ck_assert_uint_eq(st.repeats, open);	/* those that were in are still found */
	fold_expire(f, UINT64_MAX);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.revisions, open);
	ck_assert_uint_eq(st.open, 0);
	clear();
	hit(f, 2, 1);	/* and there is room again */
	hit(f, 3, 1);
	ck_assert_uint_eq(n_out, 1);
	fold_free(f);
	clear();
}
END_TEST

/* Against a list that is searched from end to end: what the table says is what a simple one would. */
START_TEST(windows_come_and_go)
{
	static uint64_t ends[500];
	static uint32_t counts[500];
	struct fold *f = fold_new(WINDOW, emit, NULL);
	unsigned int seed = 3, now = 0;
	uint64_t revisions = 0, findings = 0;
	struct fold_stats st;

	memset(ends, 0, sizeof(ends));
	for (int i = 0; i < 15000; i++) {
		uint16_t port = (uint16_t)(1 + (unsigned int)rand_r(&seed) % 499);
		uint64_t time;

		now += rand_r(&seed) % 20 == 0;
		time = T0 + now * SECOND;
		if (rand_r(&seed) % 50 == 0) {
			fold_expire(f, time);
			for (unsigned int p = 0; p < ARRAY_SIZE(ends); p++) {
				if (ends[p] && ends[p] <= time) {
					revisions += counts[p] > 1;
					ends[p] = 0;
				}
			}
		}
		if (ends[port] && time >= ends[port]) {
			revisions += counts[port] > 1;
			ends[port] = 0;
		}
		if (!ends[port]) {
			ends[port] = time + 60 * SECOND;
			counts[port] = 0;
			findings++;
		}
		counts[port]++;
		hit(f, now, port);
	}
	fold_stats(f, &st);
	ck_assert_uint_eq(st.findings, findings);
	ck_assert_uint_eq(st.revisions, revisions);
	ck_assert_uint_eq(st.repeats, 15000 - findings);
	ck_assert_uint_eq(n_out, findings + revisions);
	for (size_t i = 0; i < n_out; i++)
		ck_assert_uint_eq(out[i]->sequence, i + 1);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(a_repeat_allocates_nothing)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct mallinfo2 before, after;
	struct event ev;

	hit(f, 0, 80);
	ev = connect_at(1, 80);	/* outside: the checks of making an event allocate for themselves */
	before = mallinfo2();
	for (unsigned int i = 0; i < 1000; i++)
		fold_match(f, &context, &ev, &match);
	after = mallinfo2();
	ck_assert_uint_eq(before.uordblks, after.uordblks);
	ck_assert_uint_eq(n_out, 1);
	fold_free(f);
	clear();
}
END_TEST

START_TEST(findings_about_ourselves_are_numbered_too)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct fold_stats st;

	hit(f, 0, 80);
	fold_pass(f, finding_internal(&context, "Events lost", "Coverage:Agent/EventsLost", 5, "12 events"));
	fold_pass(f, NULL);
	ck_assert_uint_eq(n_out, 2);
	ck_assert_uint_eq(out[1]->sequence, 2);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.failed, 1);
	fold_free(f);
	clear();
}
END_TEST

static void own(struct fold *f, unsigned int sec, uint64_t subject, const char *text)
{
	fold_own(f, finding_internal(&context, "Telemetry flood", "X:Runtime/Y", 5, text), subject, T0 + sec * SECOND);
}

START_TEST(what_goes_on_says_last_how_it_stands)
{
	struct fold *f = fold_new(WINDOW, emit, NULL);
	struct fold_stats st;

	own(f, 0, 1, "12 lost");
	own(f, 0, 2, "another");
	own(f, 10, 1, "13 lost");
	own(f, 20, 1, "a million lost");
	ck_assert_uint_eq(n_out, 2);
	fold_expire(f, UINT64_MAX);
	ck_assert_uint_eq(n_out, 3);
	ck_assert_str_eq(out[2]->id, out[0]->id);
	ck_assert_str_eq(out[2]->time, out[0]->time);
	ck_assert_str_eq(out[2]->output, "a million lost");
	ck_assert_uint_eq(out[2]->revision, 2);
	ck_assert_uint_eq(out[2]->count, 3);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.open, 0);
	fold_own(f, NULL, 1, T0);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.failed, 1);
	fold_free(f);
	clear();
}
END_TEST

/* What findings wait for: 0 is known at once. */
static struct { uint64_t id; bool no_room; unsigned int asked; } source;

static void learn(void *ctx, Noroshi__V1__Finding *f)
{
	if (f->attribution_reason != protobuf_c_empty_string)
		free(f->attribution_reason);
	f->attribution_reason = strdup(ctx);	/* any text does */
}

static void ask(void *ctx, const struct event *ev, Noroshi__V1__Finding *f, uint64_t *waits)
{
	(void)ctx;
	(void)ev;
	source.asked++;
	source.no_room = !waits;
	if (waits && source.id)
		waits[FOLD_SHA256] = source.id;
	else
		learn("at once", f);
}

static struct fold *learning(unsigned int window, uint64_t id)
{
	struct fold *f = fold_new(window, emit, NULL);

	memset(&source, 0, sizeof(source));
	source.id = id;
	fold_ask(f, ask, NULL);
	return f;
}

static void end_learning(struct fold *f)
{
	struct fold_stats st;

	fold_stats(f, &st);
	ck_assert_uint_eq(st.waiting, 0);
	clear();
	fold_free(f);
}

START_TEST(what_is_known_goes_with_the_first)
{
	struct fold *f = learning(WINDOW, 0);

	hit(f, 0, 80);
	ck_assert_uint_eq(n_out, 1);
	ck_assert_str_eq(out[0]->attribution_reason, "at once");
	ck_assert_uint_eq(fold_release(f, 0), 0);	/* nothing is held */
	end_learning(f);
}
END_TEST

START_TEST(told_in_time_it_is_one_revision)
{
	unsigned int window = _i ? WINDOW : 0;
	struct fold *f = learning(window, 7);

	hit(f, 0, 80);
	ck_assert_uint_eq(n_out, 0);
	ck_assert_uint_gt(fold_release(f, 1), 1);
	fold_fill(f, FOLD_SHA256, 8, learn, "another's");
	ck_assert_uint_eq(n_out, 0);
	fold_fill(f, FOLD_SHA256, 7, learn, "told");
	ck_assert_uint_eq(n_out, 1);
	ck_assert_uint_eq(out[0]->revision, 1);
	ck_assert_str_eq(out[0]->attribution_reason, "told");
	fold_fill(f, FOLD_SHA256, 7, learn, "twice");
	ck_assert_uint_eq(fold_release(f, UINT64_MAX), 0);
	hit(f, 1, 80);	/* a repeat is not asked about */
	ck_assert_uint_eq(source.asked, window ? 1 : 2);
	fold_fill(f, FOLD_SHA256, 7, learn, "told");
	fold_expire(f, UINT64_MAX);
	ck_assert_uint_eq(n_out, 2);
	ck_assert_uint_eq(out[1]->revision, window ? 2 : 1);
	ck_assert_uint_eq(out[1]->count, window ? 2 : 1);
	ck_assert_str_eq(out[1]->attribution_reason, "told");	/* each revision is complete */
	end_learning(f);
}
END_TEST

START_TEST(told_late_it_is_another_revision)
{
	struct fold *f = learning(_i ? WINDOW : 0, 7);
	unsigned int repeats = _i ? 2 : 0;

	hit(f, 0, 80);
	for (unsigned int i = 0; i < repeats; i++)
		hit(f, 1 + i, 80);
	ck_assert_uint_eq(fold_release(f, UINT64_MAX), 0);
	ck_assert_uint_eq(n_out, 1);
	ck_assert_uint_eq(out[0]->revision, 1);
	ck_assert_uint_eq(out[0]->count, 1);
	ck_assert_str_ne(out[0]->attribution_reason, "told");
	if (_i == 2)	/* the window ends before */
		fold_expire(f, UINT64_MAX);
	fold_fill(f, FOLD_SHA256, 7, learn, "told");
	fold_expire(f, UINT64_MAX);
	ck_assert_uint_eq(n_out, _i ? 3 : 2);
	for (unsigned int i = 1; i < n_out; i++) {
		ck_assert_str_eq(out[i]->id, out[0]->id);
		ck_assert_uint_eq(out[i]->revision, i + 1);
		ck_assert_uint_eq(out[i]->sequence, i + 1);
		ck_assert_uint_eq(out[i]->count, 1 + repeats);
		ck_assert_str_eq(out[i]->output, out[0]->output);
	}
	ck_assert_str_eq(out[n_out - 1]->attribution_reason, "told");
	end_learning(f);
}
END_TEST

/* Who is not to be watched is found out while the first is held: it and its repeats are never told; one that was told stays. */
START_TEST(what_is_forgotten_is_never_told)
{
	struct fold *f = learning(_i ? WINDOW : 0, 7);
	struct fold_stats st;

	hit(f, 0, 80);
	hit(f, 0, 81);
	if (_i)
		hit(f, 1, 80);
	fold_forget(f, FOLD_SHA256, 8);
	fold_forget(f, FOLD_WORKLOAD, 7);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.forgotten, 0);
	fold_forget(f, FOLD_SHA256, 7);
	fold_stats(f, &st);
	ck_assert_uint_eq(st.forgotten, 2);
	ck_assert_uint_eq(st.waiting + st.open, 0);
	ck_assert_uint_eq(fold_release(f, UINT64_MAX), 0);
	fold_fill(f, FOLD_SHA256, 7, learn, "late");
	fold_expire(f, UINT64_MAX);
	ck_assert_uint_eq(n_out, 0);
	hit(f, 2, 80);
	fold_release(f, UINT64_MAX);
	ck_assert_uint_eq(n_out, 1);
	fold_forget(f, FOLD_SHA256, 7);
	fold_fill(f, FOLD_SHA256, 7, learn, "told");
	ck_assert_uint_eq(n_out, 2);
	end_learning(f);
}
END_TEST

/* One answer for many, and more findings than can wait. */
START_TEST(waiting_is_bounded)
{
	struct fold *f = learning(WINDOW, 7);
	struct fold_stats st;

	for (uint16_t port = 1; port <= FOLD_WAITING_MAX; port++)
		hit(f, 0, port);
	ck_assert_uint_eq(n_out, 0);
	ck_assert(!source.no_room);
	hit(f, 0, FOLD_WAITING_MAX + 1);
	ck_assert(source.no_room);
	ck_assert_uint_eq(n_out, 1);	/* goes out, and does without */
	fold_stats(f, &st);
	ck_assert_uint_eq(st.waiting, FOLD_WAITING_MAX);
	fold_fill(f, FOLD_SHA256, 7, learn, "told");
	ck_assert_uint_eq(n_out, 1 + FOLD_WAITING_MAX);
	hit(f, 0, FOLD_WAITING_MAX + 2);
	fold_fill(f, FOLD_SHA256, 7, learn, "again");	/* there is room again */
	ck_assert_str_eq(out[n_out - 1]->attribution_reason, "again");
	fold_expire(f, UINT64_MAX);
	end_learning(f);
}
END_TEST

/* Held at the end: it goes out, and what is not told is dropped without a leak. */
START_TEST(held_at_the_end)
{
	struct fold *f = learning(WINDOW, 7);

	hit(f, 0, 80);
	hit(f, 1, 80);
	fold_expire(f, UINT64_MAX);
	ck_assert_uint_eq(n_out, 2);
	ck_assert_uint_eq(out[0]->revision, 1);
	ck_assert_uint_eq(out[0]->count, 1);
	ck_assert_uint_eq(out[1]->revision, 2);
	ck_assert_uint_eq(out[1]->count, 2);
	clear();
	fold_free(f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fold");
	TCase *t = tcase_create("fold");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 0);
	tcase_add_test(t, repeats_are_one_finding);
	tcase_add_test(t, one_alone_has_no_second_revision);
	tcase_add_test(t, an_event_after_the_window_begins_another);
	tcase_add_test(t, windows_end_by_time_not_by_arrival);
	tcase_add_test(t, a_clock_set_back_ends_windows);
	tcase_add_test(t, what_differs_is_not_folded);
	tcase_add_test(t, an_accepted_peers_port_is_chance);
	tcase_add_test(t, paths_and_domains_are_targets);
	tcase_add_test(t, without_a_window_nothing_is_folded);
	tcase_add_test(t, a_full_table_lets_findings_out_unfolded);
	tcase_add_test(t, windows_come_and_go);
	tcase_add_test(t, a_repeat_allocates_nothing);
	tcase_add_test(t, findings_about_ourselves_are_numbered_too);
	tcase_add_test(t, what_is_known_goes_with_the_first);
	tcase_add_loop_test(t, told_in_time_it_is_one_revision, 0, 2);
	tcase_add_loop_test(t, told_late_it_is_another_revision, 0, 3);
	tcase_add_loop_test(t, what_is_forgotten_is_never_told, 0, 2);
	tcase_add_test(t, waiting_is_bounded);
	tcase_add_test(t, held_at_the_end);
	tcase_add_test(t, what_goes_on_says_last_how_it_stands);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
