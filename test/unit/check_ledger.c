/* SPDX-License-Identifier: Apache-2.0 */
#include "health/ledger.h"
#include "util/clock.h"
#include "util/limits.h"
#include <check.h>
#include <string.h>

static uint64_t now;

static uint64_t clock_of_test(void)
{
	return now;
}

static struct ledger *make(void)
{
	struct ledger *l;

	now = 1700000000 * NSEC_PER_SEC;
	l = ledger_new(clock_of_test);
	ck_assert_ptr_nonnull(l);
	ledger_quiet(l);
	return l;
}

static void pass(unsigned int sec)
{
	now += sec * NSEC_PER_SEC;
}

static void raise(struct ledger *l, enum issue code, const char *subject, enum ledger_feed feed)
{
	ledger_raise(l, &(struct ledger_case){.code = code, .subject = subject, .feed = feed, .evidence = json_pack("{s:i}", "n", 7)},
		     "%s is so", subject ? subject : "it");
}

static const char *text(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The i-th issue of the JSON, whose last reference the caller holds. */
static json_t *issue(json_t *all, size_t i)
{
	return json_array_get(json_object_get(all, "issues"), i);
}

/* The table: texts for people, the 57 causes, a test for what is said to be detected. */
START_TEST(the_table_is_whole)
{
	uint64_t rows = 0;

	for (unsigned int i = 0; i < ISSUE_MAX; i++) {
		const struct issue_desc *d = &issue_table[i];

		ck_assert_uint_eq(issue_by_code(d->code), i);
		ck_assert_msg(strlen(d->impact) > 4 && d->impact[strlen(d->impact) - 1] == '.', "%s", d->code);
		ck_assert_msg(strlen(d->remedy) > 4 && d->remedy[strlen(d->remedy) - 1] == '.', "%s", d->code);
		ck_assert_msg(*d->how && (d->known == KNOWN_SEEN) == (*d->test != 0), "%s", d->code);
		ck_assert_msg(d->capability > CAPABILITY_OF_CODE && d->capability < CAPABILITY_MAX, "%s", d->code);
		rows |= 1ull << d->row;
	}
	ck_assert_uint_eq(rows >> 1, (1ull << 57) - 1);
	ck_assert_uint_eq(issue_by_code("NO_SUCH"), ISSUE_MAX);
}
END_TEST

START_TEST(every_event_has_one_capability)
{
	uint64_t all = 0;

	for (unsigned int c = 1; c < CAPABILITY_MAX; c++) {
		ck_assert_msg(!(all & capability_table[c].events), "%s", capability_table[c].name);
		all |= capability_table[c].events;
	}
	/* a control group that is met is no rule's */
	ck_assert_uint_eq(all, ((1ull << EVENT_MAX) - 1) & ~(1ull << EVENT_CGROUP));
	ck_assert_uint_eq(capability_of_event(EVENT_OPEN), CAPABILITY_FILE);
	ck_assert_uint_eq(capability_of_event(EVENT_CGROUP), CAPABILITY_OF_CODE);
}
END_TEST

START_TEST(an_issue_begins_and_ends)
{
	struct ledger *l = make();
	json_t *all, *one;

	ck_assert_str_eq(ledger_status(l, true), "healthy");
	raise(l, ISSUE_UPLOAD_DNS_FAIL, "upload:a", FEED_NONE);
	pass(60);
	raise(l, ISSUE_UPLOAD_DNS_FAIL, "upload:a", FEED_NONE);
	all = ledger_json(l);
	one = issue(all, 0);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "issues")), 1);
	ck_assert_str_eq(text(all, "status"), "degraded");
	ck_assert_str_eq(text(one, "code"), "UPLOAD_DNS_FAIL");
	ck_assert_str_eq(text(one, "subject"), "upload:a");
	ck_assert_str_eq(text(one, "text"), "upload:a is so");
	ck_assert_str_eq(text(one, "since"), "2023-11-14T22:13:20.000000000Z");
	ck_assert_str_eq(text(one, "last"), "2023-11-14T22:14:20.000000000Z");
	ck_assert_str_eq(text(one, "capability"), "upload");
	ck_assert_int_eq(json_integer_value(json_object_get(one, "count")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(one, "evidence"), "n")), 7);
	ck_assert_str_eq(text(one, "remedy"), issue_table[ISSUE_UPLOAD_DNS_FAIL].remedy);
	json_decref(all);
	ledger_clear(l, ISSUE_UPLOAD_DNS_FAIL, "upload:b");	/* another one */
	ck_assert_uint_eq(ledger_count(l), 1);
	ledger_clear(l, ISSUE_UPLOAD_DNS_FAIL, "upload:a");
	ck_assert_str_eq(ledger_status(l, true), "healthy");
	all = ledger_json(l);
	one = json_array_get(json_object_get(all, "recent"), 0);
	ck_assert_str_eq(text(one, "until"), "2023-11-14T22:14:20.000000000Z");
	json_decref(all);
	ledger_free(l);
}
END_TEST

/* One that comes again within what is remembered is counted on; after that it is a new one. */
START_TEST(it_comes_again)
{
	struct ledger *l = make();
	json_t *all;

	for (int i = 0; i < 3; i++) {
		raise(l, ISSUE_CPU_THROTTLED, NULL, FEED_NONE);
		pass(10);
		ledger_clear(l, ISSUE_CPU_THROTTLED, NULL);
	}
	raise(l, ISSUE_CPU_THROTTLED, NULL, FEED_NONE);
	all = ledger_json(l);
	ck_assert_int_eq(json_integer_value(json_object_get(issue(all, 0), "count")), 4);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "recent")), 0);
	json_decref(all);
	ledger_clear(l, ISSUE_CPU_THROTTLED, NULL);
	pass(LEDGER_RECENT_SEC + 1);
	all = ledger_json(l);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "recent")), 0);
	json_decref(all);
	raise(l, ISSUE_CPU_THROTTLED, NULL, FEED_NONE);
	all = ledger_json(l);
	ck_assert_int_eq(json_integer_value(json_object_get(issue(all, 0), "count")), 1);
	json_decref(all);
	ledger_free(l);
}
END_TEST

START_TEST(the_worst_counts)
{
	struct ledger *l = make();
	json_t *all;

	raise(l, ISSUE_KERNEL_UNTESTED, NULL, FEED_NONE);
	ck_assert_str_eq(ledger_status(l, true), "healthy");	/* noted */
	raise(l, ISSUE_RULES_EMPTY, NULL, FEED_NONE);
	ck_assert_str_eq(ledger_status(l, true), "degraded");
	raise(l, ISSUE_ATTACH_LOST, NULL, FEED_NONE);
	ck_assert_str_eq(ledger_status(l, true), "unhealthy");
	all = ledger_json(l);
	ck_assert_str_eq(text(issue(all, 0), "code"), "ATTACH_LOST");
	ck_assert_str_eq(text(issue(all, 1), "code"), "RULES_EMPTY");
	ck_assert_str_eq(text(issue(all, 2), "code"), "KERNEL_UNTESTED");
	json_decref(all);
	all = ledger_reasons(l);
	ck_assert_uint_eq(json_array_size(all), 2);	/* what is noted is no reason */
	json_decref(all);
	raise(l, ISSUE_OPTED_OUT_TAG, NULL, FEED_NONE);
	ck_assert_str_eq(ledger_status(l, true), "excluded");	/* whatever else is the matter */
	ledger_clear(l, ISSUE_OPTED_OUT_TAG, NULL);
	ledger_clear(l, ISSUE_ATTACH_LOST, NULL);
	ledger_clear(l, ISSUE_RULES_EMPTY, NULL);
	ck_assert_str_eq(ledger_status(l, true), "healthy");
	ledger_free(l);
}
END_TEST

START_TEST(what_lasts_is_unhealthy)
{
	struct ledger *l = make();

	raise(l, ISSUE_UPLOAD_CONNECT_FAIL, "upload:a", FEED_NONE);
	pass(HEALTH_LASTING_SEC - 1);
	ck_assert_str_eq(ledger_status(l, true), "degraded");
	pass(1);
	ck_assert_str_eq(ledger_status(l, true), "unhealthy");
	ck_assert_str_eq(ledger_status(l, false), "degraded");	/* starting the agent again would mend nothing */
	ledger_clear(l, ISSUE_UPLOAD_CONNECT_FAIL, "upload:a");
	ck_assert_str_eq(ledger_status(l, true), "healthy");
	ledger_free(l);
}
END_TEST

/* A feed that looked at everything of its own ends what it did not find, and nothing of others. */
START_TEST(rounds)
{
	struct ledger *l = make();

	ledger_round(l, FEED_DELIVER);
	raise(l, ISSUE_UPLOAD_DNS_FAIL, "a", FEED_DELIVER);
	raise(l, ISSUE_UPLOAD_DNS_FAIL, "b", FEED_DELIVER);
	ledger_round_end(l, FEED_DELIVER);
	raise(l, ISSUE_RULES_PARSE_ERROR, NULL, FEED_NONE);
	raise(l, ISSUE_RINGBUF_DROPS, NULL, FEED_COVERAGE);
	ck_assert_uint_eq(ledger_count(l), 4);
	ledger_round(l, FEED_DELIVER);
	raise(l, ISSUE_UPLOAD_DNS_FAIL, "b", FEED_DELIVER);
	ledger_round_end(l, FEED_DELIVER);
	ck_assert(!ledger_open(l, ISSUE_UPLOAD_DNS_FAIL, "a"));
	ck_assert(ledger_open(l, ISSUE_UPLOAD_DNS_FAIL, "b"));
	ck_assert(ledger_open(l, ISSUE_RULES_PARSE_ERROR, NULL));
	ck_assert(ledger_open(l, ISSUE_RINGBUF_DROPS, NULL));
	ledger_free(l);
}
END_TEST

START_TEST(the_matrix)
{
	struct ledger *l = make();
	json_t *all, *file;

	ledger_capability(l, CAPABILITY_MEMORY, "off", "no rule asks");
	pass(5);
	ledger_raise(l, &(struct ledger_case){.code = ISSUE_PROG_LOAD_FAILED, .subject = "file", .capability = CAPABILITY_FILE}, "openat is not seen");
	all = ledger_json(l);
	file = json_object_get(json_object_get(all, "capabilities"), "file");
	ck_assert_str_eq(text(file, "state"), "less");
	ck_assert_str_eq(text(file, "reason"), "openat is not seen");
	ck_assert_str_eq(text(file, "since"), "2023-11-14T22:13:25.000000000Z");
	file = json_object_get(json_object_get(all, "capabilities"), "memory");
	ck_assert_str_eq(text(file, "state"), "off");
	ck_assert_str_eq(text(file, "reason"), "no rule asks");
	file = json_object_get(json_object_get(all, "capabilities"), "exec");
	ck_assert_str_eq(text(file, "state"), "works");
	json_decref(all);
	ledger_capability(l, CAPABILITY_FILE, "lost", "");
	all = ledger_json(l);
	ck_assert_str_eq(text(json_object_get(json_object_get(all, "capabilities"), "file"), "state"), "lost");
	json_decref(all);
	ledger_free(l);
}
END_TEST

/* With more than there is room for it says so, and is not healthy. */
START_TEST(it_is_bounded)
{
	struct ledger *l = make();
	char subject[300], long_text[LEDGER_EVIDENCE_MAX + 100];
	json_t *all;

	ledger_round(l, FEED_SELF);
	for (int i = 0; i < LEDGER_OPEN_MAX + 5; i++) {
		snprintf(subject, sizeof(subject), "%d", i);
		raise(l, ISSUE_KERNEL_UNTESTED, subject, FEED_SELF);
	}
	ledger_round_end(l, FEED_SELF);
	all = ledger_json(l);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "issues")), LEDGER_OPEN_MAX);
	ck_assert_int_eq(json_integer_value(json_object_get(all, "notKept")), 5);
	ck_assert_str_eq(text(all, "status"), "degraded");
	json_decref(all);
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	memset(subject, 's', sizeof(subject));
	subject[sizeof(subject) - 1] = 0;
	for (int i = 0; i < 2; i++) {	/* what is worse takes the place of another; the second time it is the same: what is cut is found again */
		ledger_round(l, FEED_SELF);
		ledger_raise(l, &(struct ledger_case){.code = ISSUE_UNKNOWN, .subject = subject, .feed = FEED_SELF,
						      .evidence = json_pack("{s:s}", "log", long_text)}, "%s", long_text);
		ledger_round_end(l, FEED_SELF);
	}
	all = ledger_json(l);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "issues")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(all, "notKept")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "recent")), LEDGER_RECENT_MAX);
	ck_assert_uint_eq(strlen(text(issue(all, 0), "subject")), LEDGER_SUBJECT_MAX - 1);
	ck_assert_uint_eq(strlen(text(issue(all, 0), "text")), LEDGER_TEXT_MAX - 1);
	ck_assert_int_ge(json_integer_value(json_object_get(json_object_get(issue(all, 0), "evidence"), "tooLong")), LEDGER_EVIDENCE_MAX);
	json_decref(all);
	ledger_free(l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, the_table_is_whole);
	tcase_add_test(t, every_event_has_one_capability);
	tcase_add_test(t, an_issue_begins_and_ends);
	tcase_add_test(t, it_comes_again);
	tcase_add_test(t, the_worst_counts);
	tcase_add_test(t, what_lasts_is_unhealthy);
	tcase_add_test(t, rounds);
	tcase_add_test(t, the_matrix);
	tcase_add_test(t, it_is_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
