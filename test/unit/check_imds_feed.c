/* SPDX-License-Identifier: Apache-2.0 */
/* What the metadata service does not say, as issues: each is raised by its fault, with evidence, and ends with it. */
#include "attribution/imds.h"
#include "health/feed.h"
#include "util/clock.h"
#include <check.h>

static struct ledger *ledger;
static struct feed feed;

static const struct {
	enum imds_fault fault;
	const char *code, *status;
	int http;
} cases[] = {
	{IMDS_UNREACHABLE, "IMDS_UNREACHABLE", "degraded", 0}, {IMDS_DISABLED, "IMDS_UNREACHABLE", "degraded", 403},
	{IMDS_TOKEN_REFUSED, "IMDS_TOKEN_REQUIRED", "degraded", 401}, {IMDS_V1_ONLY, "IMDS_V1_ONLY", "healthy", 200},
	{IMDS_NO_DOCUMENT, "IDENTITY_DOC_UNAVAILABLE", "degraded", 500}, {IMDS_NO_ROLE, "NO_INSTANCE_ROLE", "healthy", 404},
	{IMDS_TAGS_OFF, "TAGS_IN_METADATA_OFF", "healthy", 404},
};

_Static_assert(ARRAY_SIZE(cases) == IMDS_FAULTS, "each fault has its case");

static json_t *only_issue(void)
{
	static json_t *all;

	json_decref(all);
	all = ledger_json(ledger);
	return json_array_get(json_object_get(all, "issues"), 0);
}

START_TEST(a_fault_is_an_issue)
{
	struct imds_state s = {.told = true};
	static struct host_facts h;
	json_t *i, *e;

	ledger = ledger_new(NULL);
	ledger_quiet(ledger);
	feed_init(&feed, ledger, NULL, "/nonexistent");
	feed_imds(&feed, NULL, &h);
	feed_imds(&feed, &s, &h);
	ck_assert_uint_eq(ledger_count(ledger), 0);
	s.faults[cases[_i].fault] = (struct imds_evidence){.since = 1700000000 * NSEC_PER_SEC, .url = "http://u", .status = cases[_i].http, .text = "because"};
	h.since = _i % 2 ? 1600000000 * NSEC_PER_SEC : 0;
	feed_imds(&feed, &s, &h);
	feed_imds(&feed, &s, &h);
	ck_assert_uint_eq(ledger_count(ledger), 1);
	i = only_issue();
	ck_assert_str_eq(json_string_value(json_object_get(i, "code")), cases[_i].code);
	ck_assert_str_eq(json_string_value(json_object_get(i, "since")), "2023-11-14T22:13:20.000000000Z");
	ck_assert(strstr(json_string_value(json_object_get(i, "text")), ": because") != NULL);
	e = json_object_get(i, "evidence");
	ck_assert_str_eq(json_string_value(json_object_get(e, "url")), "http://u");
	ck_assert_int_eq(json_integer_value(json_object_get(e, "status")), cases[_i].http);
	ck_assert_int_eq(json_object_get(e, "knownSince") != NULL, _i % 2);
	ck_assert_str_eq(ledger_status(ledger, true), cases[_i].status);
	s.faults[cases[_i].fault] = (struct imds_evidence){};
	feed_imds(&feed, &s, &h);
	ck_assert_uint_eq(ledger_count(ledger), 0);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	feed_free(&feed);
	ledger_free(ledger);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("imds_feed");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_fault_is_an_issue, 0, (int)ARRAY_SIZE(cases));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
