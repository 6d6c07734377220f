/* SPDX-License-Identifier: Apache-2.0 */
#include "heartbeat.h"
#include "util/clock.h"
#include "util/limits.h"
#include <check.h>

static const struct finding_context context = {.agent_version = "1.2.3", .ruleset_digest = "abc", .hostname = "h", .boot_id = "b", .kernel = "6.18"};
static const struct heartbeat h = {.agent_id = "id", .sequence = 3, .interval = 60, .time = 1700000000 * NSEC_PER_SEC};

static Noroshi__V1__Coverage *make(json_t *status)
{
	Noroshi__V1__Coverage *c = heartbeat_new(&h, &context, status);

	ck_assert_ptr_nonnull(c);
	json_decref(status);
	return c;
}

static const char everything[] =
	"{\"state\": \"degraded\", \"issues\": [{\"text\": \"one\", \"code\": \"UPLOAD_DNS_FAIL\","
	" \"severity\": \"high\", \"effect\": \"degraded\", \"capability\": \"upload\", \"subject\": \"u\", \"since\": \"t0\", \"count\": 2, \"heals\": true,"
	" \"evidence\": {\"status\": 0}, \"impact\": \"i\", \"remedy\": \"r\"}, {\"text\": \"two\", \"effect\": \"noted\", \"evidence\": null}],"
	" \"capabilities\": {\"exec\": {\"state\": \"works\", \"reason\": \"\", \"since\": \"t1\"}}, \"started\": \"2023-11-14T22:00:00.000000000Z\","
	" \"rules\": {\"enabled\": 33}, \"pipeline\": {\"events\": 5000000000, \"matches\": 7},"
	" \"tables\": {\"folding\": {\"findings\": 4}},"
	" \"coverage\": {\"events\": {\"open\": {\"seen\": 9, \"lost\": {\"ring full\": 3, \"rate\": 0}}, \"exec\": {\"lost\": {\"too big\": 1}}}},"
	" \"deliver\": {\"sinks\": [{\"name\": \"upload\", \"target\": \"https://r\", \"queued\": 2, \"delivered\": 11, \"lost\": 1,"
	"  \"lastError\": \"why\"}]},"
	" \"observed\": [{\"rule\": \"R\", \"matches\": 6, \"first\": [{\"time\": \"t1\", \"output\": \"o1\"}, {\"time\": \"t2\", \"output\": \"o2\"}],"
	"  \"latest\": [{\"time\": \"t6\", \"output\": \"o6\"}]}, {\"rule\": \"S\", \"matches\": 1, \"first\": [], \"latest\": []}],"
	" \"observedUncounted\": 8}";

static const char as_message[] =
	"{\"agentId\":\"id\",\"sequence\":3,\"time\":\"2023-11-14T22:13:20.000000000Z\",\"started\":\"2023-11-14T22:00:00.000000000Z\","
	"\"interval\":60,\"agentVersion\":\"1.2.3\",\"rulesetDigest\":\"abc\",\"rules\":33,"
	"\"host\":{\"name\":\"h\",\"bootId\":\"b\",\"kernel\":\"6.18\"},\"status\":\"STATUS_DEGRADED\","
	"\"issues\":[{\"text\":\"one\",\"code\":\"UPLOAD_DNS_FAIL\",\"severity\":\"SEVERITY_HIGH\",\"since\":\"t0\",\"evidence\":\"{\\\"status\\\":0}\","
	"\"impact\":\"i\",\"remedy\":\"r\",\"heals\":true,\"subject\":\"u\",\"capability\":\"upload\",\"status\":\"STATUS_DEGRADED\",\"count\":2},"
	"{\"text\":\"two\",\"status\":\"STATUS_HEALTHY\"}],"
	"\"counters\":{\"events\":5000000000,\"matches\":7,\"findings\":4},"
	"\"losses\":[{\"event\":\"open\",\"reason\":\"ring full\",\"records\":3},{\"event\":\"exec\",\"reason\":\"too big\",\"records\":1}],"
	"\"queues\":[{\"sink\":\"upload\",\"target\":\"https://r\",\"queued\":2,\"delivered\":11,\"lost\":1,\"lastError\":\"why\"}],"
	"\"observed\":[{\"rule\":\"R\",\"matches\":6,\"first\":[{\"time\":\"t1\",\"output\":\"o1\"},{\"time\":\"t2\",\"output\":\"o2\"}],"
	"\"latest\":[{\"time\":\"t6\",\"output\":\"o6\"}]},{\"rule\":\"S\",\"matches\":1}],\"observedUncounted\":8,"
	"\"capabilities\":[{\"name\":\"exec\",\"state\":\"works\",\"since\":\"t1\"}]}";

START_TEST(what_the_status_says)
{
	Noroshi__V1__Coverage *c = make(json_loads(everything, 0, NULL));
	struct buf line = {};

	ck_assert_int_eq(finding_json_line(&c->base, &line), 0);
	ck_assert_str_eq(line.p, as_message);
	buf_free(&line);
	noroshi__v1__coverage__free_unpacked(c, NULL);
}
END_TEST

START_TEST(which_host)
{
	static struct host_facts facts;
	struct finding_context c = context;
	json_t *status = json_object();
	Noroshi__V1__Coverage *m;

	host_fix(&facts, HOST_ACCOUNT, "1");
	host_fix(&facts, HOST_REGION, "2");
	host_fix(&facts, HOST_ZONE, "3");
	host_fix(&facts, HOST_INSTANCE_ID, "4");
	host_fix(&facts, HOST_INSTANCE_TYPE, "5");
	host_fix(&facts, HOST_AMI, "6");
	host_fix(&facts, HOST_ORG_PATH, "7");
	c.host = &facts;
	m = heartbeat_new(&h, &c, status);
	ck_assert_str_eq(m->host->account, "1");
	ck_assert_str_eq(m->host->region, "2");
	ck_assert_str_eq(m->host->zone, "3");
	ck_assert_str_eq(m->host->instance_id, "4");
	ck_assert_str_eq(m->host->instance_type, "5");
	ck_assert_str_eq(m->host->ami, "6");
	ck_assert_str_eq(m->host->org_path, "7");
	json_decref(status);
	noroshi__v1__coverage__free_unpacked(m, NULL);
}
END_TEST

START_TEST(states)
{
	static const char *const words[] = {"none", "starting", "healthy", "degraded", "unhealthy", "excluded"};

	for (int i = 0; i < (int)ARRAY_SIZE(words); i++) {
		Noroshi__V1__Coverage *c = make(json_pack("{s:s}", "state", words[i]));

		ck_assert_int_eq(c->status, i);
		noroshi__v1__coverage__free_unpacked(c, NULL);
	}
}
END_TEST

/* Beyond the bound evidence stays behind, issues do not. */
START_TEST(evidence_is_bounded)
{
	json_t *all = json_array();
	char text[LEDGER_EVIDENCE_MAX - 8];
	Noroshi__V1__Coverage *c;
	size_t n = 0;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	for (int i = 0; i < LEDGER_OPEN_MAX; i++)
		json_array_append_new(all, json_pack("{s:s, s:{s:s}}", "text", "t", "evidence", "e", text));
	c = make(json_pack("{s:o}", "issues", all));
	ck_assert_uint_eq(c->n_issues, LEDGER_OPEN_MAX);
	for (size_t i = 0; i < c->n_issues; i++)
		n += strlen(c->issues[i]->evidence);
	ck_assert_uint_gt(n, HEARTBEAT_EVIDENCE_BYTES / 2);
	ck_assert_uint_le(n, HEARTBEAT_EVIDENCE_BYTES);
	noroshi__v1__coverage__free_unpacked(c, NULL);
}
END_TEST

/* Beyond the bound samples stay behind, counts do not. */
START_TEST(samples_are_bounded)
{
	json_t *all = json_array();
	char text[OBSERVED_TEXT_MAX + 1];
	Noroshi__V1__Coverage *c;
	size_t samples = 0;

	memset(text, 'x', OBSERVED_TEXT_MAX);
	text[OBSERVED_TEXT_MAX] = 0;
	for (int i = 0; i < OBSERVED_RULES_MAX; i++)
		json_array_append_new(all, json_pack("{s:s, s:i, s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}", "rule", "R", "matches", i + 1,
						     "first", "time", "t", "output", text, "time", "t", "output", text, "time", "t", "output", text));
	c = make(json_pack("{s:o}", "observed", all));
	ck_assert_uint_eq(c->n_observed, OBSERVED_RULES_MAX);
	for (size_t i = 0; i < c->n_observed; i++) {
		ck_assert(c->observed[i]->matches == (double)(i + 1));
		samples += c->observed[i]->n_first;
	}
	ck_assert_uint_eq(samples, HEARTBEAT_SAMPLES_BYTES / OBSERVED_TEXT_MAX);
	ck_assert_uint_lt(noroshi__v1__coverage__get_packed_size(c), BATCH_BYTES_MAX);
	noroshi__v1__coverage__free_unpacked(c, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("heartbeat");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, what_the_status_says);
	tcase_add_test(t, states);
	tcase_add_test(t, which_host);
	tcase_add_test(t, evidence_is_bounded);
	tcase_add_test(t, samples_are_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
