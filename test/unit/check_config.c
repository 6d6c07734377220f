/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: every kind of key, its bounds, and all that is wrong at once, each at its place. */
#include "config.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config *c;
static struct diags d;

static void setup(void)
{
	c = config_new();
	ck_assert_ptr_nonnull(c);
	d = (struct diags){};
}

static void teardown(void)
{
	c = config_free(c);
	diags_free(&d);
}

static void good(const char *text)
{
	if (config_parse(c, STR("f"), str(text), &d) < 0)
		ck_abort_msg("%s\n%s", text, d.n ? d.v[0].message : "no reason");
	ck_assert_uint_eq(d.errors, 0);
}

/* The i-th of n errors: "line:col: message; hint". */
static void bad(const char *text, size_t n, size_t i, const char *want)
{
	char got[512];

	diags_free(&d);
	d = (struct diags){};
	ck_assert_int_lt(config_parse(c, STR("f"), str(text), &d), 0);
	ck_assert_uint_eq(d.n, n);
	ck_assert_uint_eq(d.errors, n);
	snprintf(got, sizeof(got), "%u:%u: %s%s%s", d.v[i].place.line, d.v[i].place.col, d.v[i].message,
		 d.v[i].hint ? "; " : "", d.v[i].hint ? d.v[i].hint : "");
	ck_assert_str_eq(got, want);
	ck_assert(str_eq(d.v[i].place.file, STR("f")));
}

START_TEST(defaults)
{
	good("");
	good("# nothing but a comment\n");
	ck_assert_str_eq(c->log_level, "info");
	ck_assert_ptr_null(c->state_dir);
	ck_assert_uint_eq(c->fold_window, 60000);
	ck_assert_uint_eq(c->batch_count, BATCH_COUNT_MAX);
	ck_assert_uint_eq(c->rules_files.n, 0);
	ck_assert_uint_eq(c->nsinks, 0);
}
END_TEST

START_TEST(values)
{
	good("state_dir: /var/lib/x\nrules_files: [default, /etc/b.yaml]\npriority: Warning\nfold_window: 0\n"
	     "batch:\n  count: 7\n  bytes: 64KiB\n  age: 500ms\nqueue: {bytes: 2 MiB, count: 9}\nstop_timeout: 2m\nheartbeat: 90s\n");
	ck_assert_str_eq(c->state_dir, "/var/lib/x");
	ck_assert_uint_eq(c->rules_files.n, 2);
	ck_assert_str_eq(c->rules_files.v[0], "default");
	ck_assert_str_eq(c->rules_files.v[1], "/etc/b.yaml");
	ck_assert_str_eq(c->priority, "Warning");
	ck_assert_uint_eq(c->fold_window, 0);
	ck_assert_uint_eq(c->batch_count, 7);
	ck_assert_uint_eq(c->batch_bytes, 65536);
	ck_assert_uint_eq(c->batch_age, 500);
	ck_assert_uint_eq(c->queue_bytes, 2 << 20);
	ck_assert_uint_eq(c->queue_count, 9);
	ck_assert_uint_eq(c->stop_timeout, 120000);
	ck_assert_uint_eq(c->heartbeat, 90000);
}
END_TEST

START_TEST(dotted_keys)
{
	good("batch.count: 3\nbatch: {age: 1s}\n");
	ck_assert_uint_eq(c->batch_count, 3);
	ck_assert_uint_eq(c->batch_age, 1000);
}
END_TEST

START_TEST(sinks)
{
	good("sinks:\n- sink: stdout\n- sink: upload:https://x.example:8443/v1\n  compression: zstd\n  timeout: 5s\n"
	     "  ca_file: /ca.pem\n  backoff_max: 1h\n");
	ck_assert_uint_eq(c->nsinks, 2);
	ck_assert_str_eq(c->sinks[0].spec, "stdout");
	ck_assert_uint_eq(c->sinks[0].timeout, 0);
	ck_assert_str_eq(c->sinks[1].spec, "upload:https://x.example:8443/v1");
	ck_assert_str_eq(c->sinks[1].compression, "zstd");
	ck_assert_str_eq(c->sinks[1].ca_file, "/ca.pem");
	ck_assert_uint_eq(c->sinks[1].timeout, 5000);
	ck_assert_uint_eq(c->sinks[1].backoff_max, 3600000);
}
END_TEST

START_TEST(bounds)
{
	good("batch.count: 1\n");
	good("batch.count: 100000\n");
	good("imds: off\n");
	good("imds: http://169.254.169.254/\n");
	good("imds: http://127.0.0.1:1338\n");
	good("host: {account: \"111122223333\", region: eu-west-1, zone: eu-west-1a, org_path: o-abc/r-xyz/ou-123}\n");
	bad("dns.ports: [5353, 0, 70000, x]\n", 3, 1, "1:12: dns.ports: \"70000\" is no port, 1 to 65535");
	bad("dns.ports: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", 1, 0, "1:12: dns.ports takes 8 entries at most");
	bad("attribution: {ecs: http://10.0.0.1:51678}\n", 1, 0, "1:20: attribution.ecs must be on this host: \"10.0.0.1\" is no loopback address");
	bad("attribution.ecs: http://127.0.0.1.example.com\n", 1, 0, "1:18: attribution.ecs must be on this host: \"127.0.0.1.example.com\" is no loopback address");
	bad("attribution.ecs: unix:/run/x\n", 1, 0, "1:18: attribution.ecs wants an http URL such as http://127.0.0.1:51678, or off");
	bad("attribution.ecs: http://u:p@localhost\n", 1, 0, "1:18: attribution.ecs takes no user, query or fragment");
	bad("attribution.ecs: http://localhost/?x=y\n", 1, 0, "1:18: attribution.ecs takes no user, query or fragment");
	bad("imds: http://10.0.0.1\n", 1, 0, "1:7: imds wants auto, off, or an http URL with a link-local or loopback address, such as http://169.254.169.254");
	bad("imds: \"on\"\n", 1, 0, "1:7: imds wants auto, off, or an http URL with a link-local or loopback address, such as http://169.254.169.254");
	bad("imds: http://127.0.0.1/?x\n", 1, 0, "1:7: imds wants auto, off, or an http URL with a link-local or loopback address, such as http://169.254.169.254");
	bad("host: {account: \"\"}\n", 1, 0, "1:17: host.account wants a text of 1 to 511 bytes");
	bad("batch.count: 0\n", 1, 0, "1:14: batch.count must lie between 1 and 100000");
	bad("batch.count: 100001\n", 1, 0, "1:14: batch.count must lie between 1 and 100000");
	bad("queue: {bytes: 1GiB}\n", 1, 0, "1:16: queue.bytes must lie between 65536 and 268435456");
	bad("fold_window: 2h\n", 1, 0, "1:14: fold_window must lie between 0 and 3600000 ms");
	bad("sinks: [{sink: stdout, timeout: 1ms}]\n", 1, 0, "1:33: timeout must lie between 100 and 3600000 ms");
}
END_TEST

START_TEST(numbers)
{
	bad("batch.count: -1\n", 1, 0, "1:14: batch.count wants a number");
	bad("batch.count: 1.5\n", 1, 0, "1:14: batch.count wants a number");
	bad("batch.count: 99999999999999999999\n", 1, 0, "1:14: batch.count wants a number");
	bad("batch.count: [1]\n", 1, 0, "1:14: batch.count wants a number");
	bad("batch.count: ''\n", 1, 0, "1:14: batch.count wants a number");
	bad("batch.bytes: 1MB\n", 1, 0, "1:14: batch.bytes wants a number with KiB, MiB or GiB");
	bad("batch.bytes: 18446744073709551615GiB\n", 1, 0, "1:14: batch.bytes wants a number with KiB, MiB or GiB");
	bad("fold_window: 5\n", 1, 0, "1:14: fold_window wants a duration such as 500ms, 10s or 5m");
	bad("fold_window: 5 parsecs\n", 1, 0, "1:14: fold_window wants a duration such as 500ms, 10s or 5m");
}
END_TEST

START_TEST(texts_and_words)
{
	bad("state_dir: [x]\n", 1, 0, "1:12: state_dir wants a text");
	bad("rules_files: x\n", 1, 0, "1:14: rules_files wants a list of texts");
	bad("rules_files: [x, {}, y]\n", 1, 0, "1:18: rules_files wants a list of texts");
	bad("log_level: debgu\n", 1, 0,
	    "1:12: log_level wants one of error, warning, info, debug; did you mean \"debug\"?");
	bad("priority: loud\n", 1, 0,
	    "1:11: priority wants one of emergency, alert, critical, error, warning, notice, informational, info, debug");
	bad("sinks:\n  - {sink: stdout, compression: gzp}\n", 1, 0,
	    "2:33: compression wants one of gzip, zstd, none; did you mean \"gzip\"?");
}
END_TEST

START_TEST(unknown_keys)
{
	bad("log_levl: info\n", 1, 0, "1:1: unknown key \"log_levl\"; did you mean \"log_level\"?");
	bad("batch:\n  cont: 5\n", 1, 0, "2:3: unknown key \"batch.cont\"; did you mean \"batch.count\"?");
	bad("sink: []\n", 1, 0, "1:1: unknown key \"sink\"; did you mean \"sinks\"?");
	bad("sinks:\n- sink: stdout\n  formt: native\n", 1, 0, "3:3: unknown key \"formt\"; did you mean \"format\"?");
	bad("queue: 5\n", 1, 0, "1:8: queue is a section: it wants keys below it, such as queue.count");
	bad("batch: [1]\n", 1, 0, "1:8: batch is a section: it wants keys below it, such as batch.count");
	bad("zzzzzzzzzz: 1\n", 1, 0, "1:1: unknown key \"zzzzzzzzzz\"");
	bad("[a]: 1\n", 1, 0, "1:1: a key must be a text");
}
END_TEST

START_TEST(key_twice)
{
	bad("log_level: info\npriority: debug\nlog_level: info\n", 1, 0, "3:1: the key \"log_level\" stands here twice");
	bad("batch:\n  count: 1\n  count: 2\n", 1, 0, "3:3: the key \"batch.count\" stands here twice");
	bad("batch.count: 1\nbatch:\n  count: 2\n", 1, 0, "3:3: the key \"batch.count\" stands here twice");
	bad("sinks:\n- sink: stdout\n  sink: stdout\n", 1, 0, "3:3: the key \"sink\" stands here twice");
}
END_TEST

START_TEST(bad_sinks)
{
	bad("sinks: stdout\n", 1, 0, "1:8: sinks wants a list of maps, each with the key \"sink\"");
	bad("sinks: [stdout]\n", 1, 0, "1:9: a sink is a map with the key \"sink\"");
	bad("sinks:\n- format: native\n", 1, 0, "2:3: this entry of sinks has no key \"sink\"");
	bad("sinks:\n- sink: stdot\n", 1, 0,
	    "2:9: there is no such sink: stdout, file:PATH or upload:URL; did you mean \"stdout\"?");
	bad("sinks: [{sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout},\n"
	    "  {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout},\n"
	    "  {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout}, {sink: stdout}]\n", 1, 0,
	    "3:67: sinks takes 16 entries at most");
}
END_TEST

START_TEST(all_at_once)
{
	static const char text[] = "log_levl: x\nbatch:\n  count: 0\n  age: 5\nsinks:\n- format: native\npriority: loud\n";

	bad(text, 5, 0, "1:1: unknown key \"log_levl\"; did you mean \"log_level\"?");
	bad(text, 5, 1, "3:10: batch.count must lie between 1 and 100000");
	bad(text, 5, 2, "4:8: batch.age wants a duration such as 500ms, 10s or 5m");
	bad(text, 5, 3, "6:3: this entry of sinks has no key \"sink\"");
	bad(text, 5, 4,
	    "7:11: priority wants one of emergency, alert, critical, error, warning, notice, informational, info, debug");
}
END_TEST

START_TEST(not_a_map)
{
	bad("- a\n", 1, 0, "1:1: a configuration is a map of keys");
	bad("a: [\n", 1, 0, "2:1: not YAML: did not find expected node content");
	bad("log_level: info\n\tpriority: debug\n", 1, 0, "2:1: not YAML: found a tab character that violates indentation");
	bad("log_level: \xff\xfe\n", 1, 0, "1:12: not YAML: invalid leading UTF-8 octet");
	bad("log_level: info\n---\nlog_level: debug\n", 1, 0, "3:1: a configuration is one document");
}
END_TEST

START_TEST(unreadable)
{
	ck_assert_int_lt(config_read(c, TEST_DIR "/nothing/here.yaml", &d), 0);
	ck_assert_uint_eq(d.n, 1);
	ck_assert_int_eq(d.v[0].code, DIAG_FILE_READ);
}
END_TEST

START_TEST(the_documented_one_is_the_defaults)
{
	struct config *plain = config_new();

	ck_assert_int_eq(config_read(c, TEST_DIR "/../contrib/noroshi.yaml", &d), 0);
	ck_assert_str_eq(c->log_level, plain->log_level);
	ck_assert_str_eq(c->priority, plain->priority);
	ck_assert_uint_eq(c->fold_window, plain->fold_window);
	ck_assert_uint_eq(c->rate_limit, plain->rate_limit);
	ck_assert_uint_eq(c->batch_count, plain->batch_count);
	ck_assert_uint_eq(c->batch_bytes, plain->batch_bytes);
	ck_assert_uint_eq(c->batch_age, plain->batch_age);
	ck_assert_uint_eq(c->queue_count, plain->queue_count);
	ck_assert_uint_eq(c->queue_bytes, plain->queue_bytes);
	ck_assert_uint_eq(c->stop_timeout, plain->stop_timeout);
	ck_assert_uint_eq(c->heartbeat, plain->heartbeat);
	config_free(plain);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {defaults, values, dotted_keys, sinks, bounds, numbers, texts_and_words,
					     unknown_keys, key_twice, bad_sinks, all_at_once, not_a_map, unreadable,
					     the_documented_one_is_the_defaults};
	Suite *suite = suite_create("config");
	TCase *t = tcase_create("config");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(suite, t);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
