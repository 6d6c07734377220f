/* SPDX-License-Identifier: Apache-2.0 */
/* Every cause that the agent knows of anyway: provoked by a stage's own words, seen with its evidence, and gone again. */
#include "health/feed.h"
#include "rule_helper.h"
#include "sensor/coverage.h"
#include "util/clock.h"
#include "util/limits.h"
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static uint64_t now;
static struct ledger *ledger;
static struct feed feed;
static char root[64];

static uint64_t clock_of_test(void)
{
	return now;
}

static void setup(void)
{
	now = 1700000000 * NSEC_PER_SEC;
	ledger = ledger_new(clock_of_test);
	ledger_quiet(ledger);
	strcpy(root, "/tmp/noroshi-feed.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	feed_init(&feed, ledger, clock_of_test, root);
}

static void teardown(void)
{
	char command[128];

	feed_free(&feed);
	ledger = ledger_free(ledger);
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void pass(unsigned int sec)
{
	now += sec * NSEC_PER_SEC;
}

/* The open issue of that code; the JSON lives until the next call. */
static json_t *issue(const char *code)
{
	static json_t *all;
	json_t *one;
	size_t i;

	json_decref(all);
	all = ledger_json(ledger);
	json_array_foreach(json_object_get(all, "issues"), i, one) {
		if (!strcmp(json_string_value(json_object_get(one, "code")), code))
			return one;
	}
	return NULL;
}

static const char *text_of(const char *code)
{
	json_t *one = issue(code);

	ck_assert_msg(one != NULL, "%s is not open", code);
	return json_string_value(json_object_get(one, "text"));
}

static json_t *evidence(const char *code, const char *key)
{
	json_t *one = issue(code);

	ck_assert_msg(one != NULL, "%s is not open", code);
	return json_object_get(json_object_get(one, "evidence"), key);
}

static const char *capability(const char *name)
{
	static char state[16];
	json_t *all = ledger_json(ledger);

	snprintf(state, sizeof(state), "%s",
		 json_string_value(json_object_get(json_object_get(json_object_get(all, "capabilities"), name), "state")));
	json_decref(all);
	return state;
}

static void cover(const char *format, const char *calls)
{
	char json[2048];
	json_t *v;

	snprintf(json, sizeof(json), format, calls);
	v = json_loads(json, 0, NULL);
	ck_assert_msg(v != NULL, "%s", json);
	feed_coverage(&feed, v);
	json_decref(v);
}

#define PROGRAMS                                                                                                           \
	"{\"sensor\": {\"state\": \"running\", \"notes\": []}, \"ia32\": \"not reachable\", \"calls\": {%s}, \"programs\": ["           \
	"{\"name\": \"openat__exit\", \"state\": \"refused\", \"log\": \"0: R0=1\\n1: R1 invalid mem access\"},"                      \
	"{\"name\": \"connect__exit\", \"state\": \"absent\", \"log\": null},"                                                      \
	"{\"name\": \"unlink__exit\", \"state\": \"refused\", \"log\": null},"                                                      \
	"{\"name\": \"compat__raw_tp\", \"state\": \"refused\", \"log\": null}]}"
#define WELL "\"openat\": {\"state\": \"attached\", \"reason\": null}, \"execve\": {\"state\": \"process table\", \"reason\": null}"

static const struct {
	const char *calls, *code, *text, *capability, *state;
} losses[] = {
	{"\"openat\": {\"state\": \"lost\", \"reason\": \"openat__exit: R1 invalid mem access\"}", "PROG_LOAD_FAILED",
	 "openat is not seen: openat__exit: R1 invalid mem access", "file", "lost"},
	{"\"openat\": {\"state\": \"lost\", \"reason\": \"openat__exit: x\"}, \"creat\": {\"state\": \"lost\", \"reason\": \"openat__exit: x\"},"
	 " \"unlink\": {\"state\": \"attached\", \"reason\": null}", "PROG_LOAD_FAILED", "openat and 1 more are not seen: openat__exit: x", "file", "less"},
	{"\"connect\": {\"state\": \"lost\", \"reason\": \"connect__exit: this kernel has no tracepoint syscalls/sys_exit_connect\"}",
	 "PROG_TYPE_UNSUPPORTED", "connect is not seen: connect__exit: this kernel has no tracepoint syscalls/sys_exit_connect", "network", "lost"},
	{"\"unlink\": {\"state\": \"lost\", \"reason\": \"unlink__exit: attach: Invalid argument\"}", "PROG_TYPE_UNSUPPORTED",
	 "unlink is not seen: unlink__exit: attach: Invalid argument", "file", "lost"},
	{"\"unlink\": {\"state\": \"lost\", \"reason\": \"unlink__exit: failed to resolve CO-RE relocation <byte_off> [12] struct file.f_inode\"}",
	 "CO_RE_RELOC_FAILED", "unlink is not seen: unlink__exit: failed to resolve CO-RE relocation <byte_off> [12] struct file.f_inode", "file", "lost"},
	{"\"connect\": {\"state\": \"lost\", \"reason\": \"connect__exit: tracefs is not mounted and cannot be: Operation not permitted\"}",
	 "TRACEFS_ABSENT", "connect is not seen: connect__exit: tracefs is not mounted and cannot be: Operation not permitted", "network", "lost"},
	{"\"dns\": {\"state\": \"lost\", \"reason\": \"unlink__exit: somebody detached it, and it cannot be attached again: x\"}", "ATTACH_LOST",
	 "dns is not seen: unlink__exit: somebody detached it, and it cannot be attached again: x", "dns", "lost"},
	{"\"dns\": {\"state\": \"lost\", \"reason\": null}", "UNKNOWN", "dns is not seen: no reason given", "dns", "lost"},
	{"\"openat\": {\"state\": \"attached\", \"reason\": \"less is known of it: connect__exit: gone\"}", "LESS_KNOWN",
	 "openat is seen by a lesser way: less is known of it: connect__exit: gone", "file", "works"},
};

/* Who is asked about containers: silent, refusing, old, of another cluster; and well again. */
START_TEST(providers_of_containers)
{
	const char *well = "{\"providers\":[{\"name\":\"docker\",\"state\":\"answers\"},{\"name\":\"ecs\",\"state\":\"not asked\"}],"
			   "\"ecs\":{\"known\":true,\"registered\":true,\"cluster\":\"prod\",\"agentVersion\":\"Amazon ECS Agent - v1.105.1 (*a8)\"}}";
	const char *ill = "{\"providers\":[{\"name\":\"docker\",\"state\":\"down\",\"lastError\":\"No such file\",\"asked\":7,\"answered\":0},"
			  "{\"name\":\"ecs\",\"state\":\"refused\",\"lastError\":\"HTTP status 403\"}],"
			  "\"ecs\":{\"known\":true,\"registered\":false,\"cluster\":\"prod\",\"agentVersion\":\"Amazon ECS Agent - v1.76.9\"}}";
	static const char *const codes[] = {"DOCKER_SOCKET_UNREADABLE", "ECS_AGENT_UNREACHABLE", "ECS_AGENT_NOT_REGISTERED",
					    "ECS_AGENT_TOO_OLD", "CLUSTER_MISMATCH"};
	json_t *v;

	feed_attribution(&feed, NULL, "");	/* nothing is known: nothing is said */
	for (int round = 0; round < 2; round++) {
		v = json_loads(ill, 0, NULL);
		feed_attribution(&feed, v, "staging");
		json_decref(v);
		for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
			ck_assert_msg(issue(codes[i]), "%s", codes[i]);
		ck_assert_str_eq(json_string_value(json_object_get(json_object_get(issue("DOCKER_SOCKET_UNREADABLE"), "evidence"), "lastError")),
				 "No such file");
		ck_assert_str_eq(json_string_value(json_object_get(json_object_get(issue("CLUSTER_MISMATCH"), "evidence"), "configured")), "staging");
		v = json_loads(well, 0, NULL);
		feed_attribution(&feed, v, round ? "prod" : "");
		json_decref(v);
		for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
			ck_assert_msg(!issue(codes[i]), "%s", codes[i]);
	}
}
END_TEST

/* CGROUP_UNRECOGNISED */
START_TEST(a_group_of_no_known_shape)
{
	feed_groups(&feed, 0, "");
	ck_assert(!issue("CGROUP_UNRECOGNISED"));
	feed_groups(&feed, 2, "/new.slice/thing-a3b1");
	ck_assert_str_eq(json_string_value(evidence("CGROUP_UNRECOGNISED", "path")), "/new.slice/thing-a3b1");
	ck_assert_int_eq(json_integer_value(evidence("CGROUP_UNRECOGNISED", "groups")), 2);
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	now += (FEED_RECENT_SEC + 1) * NSEC_PER_SEC;
	feed_groups(&feed, 2, "/new.slice/thing-a3b1");
	ck_assert(!issue("CGROUP_UNRECOGNISED"));
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

/* TASK_PREDATES_AGENT */
START_TEST(containers_older_than_the_agent)
{
	feed_older(&feed, 3);
	ck_assert_int_eq(json_integer_value(evidence("TASK_PREDATES_AGENT", "containers")), 3);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	feed_older(&feed, 0);
	ck_assert(!issue("TASK_PREDATES_AGENT"));
}
END_TEST

static void tell_canary(const char *exec_state, int missed)
{
	json_t *canary = json_pack("{s:{s:{s:s, s:s, s:s, s:i, s:i, s:I}}}", "kinds", "exec", "state", exec_state, "capability", "exec",
				   "reason", "Permission denied", "missed", missed, "missedSum", missed, "since", (json_int_t)now);
	json_t *coverage = json_pack("{s:{s:{s:i, s:{s:i}}}}", "events", "exec", "seen", 9, "lost", "rate", 4);

	feed_canary(&feed, canary, coverage);
	json_decref(canary);
	json_decref(coverage);
}

/* CANARY_MISSED after the second time, CANARY_NOT_DONE; over when it comes back. */
START_TEST(the_canary_does_not_come_back)
{
	tell_canary("missed", 1);
	ck_assert(!issue("CANARY_MISSED"));
	tell_canary("missed", 2);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(evidence("CANARY_MISSED", "records"), "lost"), "rate")), 4);
	ck_assert_str_eq(json_string_value(json_object_get(issue("CANARY_MISSED"), "capability")), "exec");
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	tell_canary("not done", 0);
	ck_assert(!issue("CANARY_MISSED"));
	ck_assert_str_eq(json_string_value(evidence("CANARY_NOT_DONE", "error")), "Permission denied");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	tell_canary("seen", 0);
	ck_assert(!issue("CANARY_NOT_DONE"));
}
END_TEST

static void tell_own(bool other, bool changed, int pauses)
{
	json_t *own = json_pack("{s:{s:s, s:b, s:s, s:s}, s:[], s:i, s:i, s:I}", "program", "path", "/usr/bin/noroshi", "other", other,
				"running", "aa", "disk", "bb", "changed", "pauses", pauses, "pauseMs", 12000, "pausedAt", (json_int_t)now);

	if (changed)
		json_array_append_new(json_object_get(own, "changed"), json_string("/etc/noroshi/rules.yaml"));
	feed_own(&feed, own);
	json_decref(own);
}

/* SELF_TAMPERED, FILES_CHANGED, SELF_PAUSED */
START_TEST(somebody_touches_the_agent)
{
	tell_own(false, false, 0);
	ck_assert_uint_eq(ledger_count(ledger), 0);
	tell_own(true, false, 0);
	ck_assert_str_eq(json_string_value(evidence("SELF_TAMPERED", "disk")), "bb");
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	tell_own(false, true, 0);
	ck_assert(!issue("SELF_TAMPERED"));
	ck_assert_uint_eq(json_array_size(evidence("FILES_CHANGED", "files")), 1);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	tell_own(false, false, 1);
	ck_assert(!issue("FILES_CHANGED"));
	ck_assert_double_eq(json_number_value(evidence("SELF_PAUSED", "seconds")), 12);
	pass(FEED_RECENT_SEC + 1);
	tell_own(false, false, 1);
	ck_assert(!issue("SELF_PAUSED"));
}
END_TEST

static void tell_silence(int seconds, bool failing)
{
	json_t *status = json_pack("{s:[{s:s, s:s, s:b, s:{s:i, s:i}}]}", "sinks", "name", "upload", "target", "https://x", "failing", failing,
				   "heartbeats", "delivered", 3, "silentSec", seconds);

	feed_deliver(&feed, status);
	json_decref(status);
}

/* UPLOAD_UNACKNOWLEDGED: an attempt that neither fails nor ends. */
START_TEST(no_heartbeat_is_acknowledged)
{
	tell_silence(100000, false);
	ck_assert(!issue("UPLOAD_UNACKNOWLEDGED"));	/* there are none */
	feed.beat_sec = 60;
	tell_silence(2 * 60 + FEED_SILENT_SEC - 1, false);
	ck_assert(!issue("UPLOAD_UNACKNOWLEDGED"));
	tell_silence(2 * 60 + FEED_SILENT_SEC, false);
	ck_assert_int_eq(json_integer_value(evidence("UPLOAD_UNACKNOWLEDGED", "silentSec")), 2 * 60 + FEED_SILENT_SEC);
	tell_silence(100000, true);			/* it says itself why */
	ck_assert(!issue("UPLOAD_UNACKNOWLEDGED"));
}
END_TEST

START_TEST(a_call_is_lost)
{
	bool noted = !strcmp(losses[_i].code, "LESS_KNOWN");

	cover(PROGRAMS, losses[_i].calls);
	ck_assert_str_eq(text_of(losses[_i].code), losses[_i].text);
	ck_assert_ptr_nonnull(evidence(losses[_i].code, "calls"));
	if (!strcmp(losses[_i].code, "UNKNOWN"))
		ck_assert_uint_eq(json_array_size(evidence("UNKNOWN", "programs")), 4);	/* all that does not work: nobody knows which matters */
	ck_assert_str_eq(capability(losses[_i].capability), losses[_i].state);
	ck_assert_int_eq(!strcmp(ledger_status(ledger, true), "healthy"), noted);
	cover(PROGRAMS, WELL);
	ck_assert_uint_eq(ledger_count(ledger), 0);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	ck_assert_str_eq(capability("file"), "works");
	ck_assert_str_eq(capability("exec"), "works");
	ck_assert_str_eq(capability("network"), "off");
}
END_TEST

/* Without tracefs many calls are lost, and one thing is to be mended. */
START_TEST(one_cause_is_one_issue)
{
	cover("{\"sensor\": {\"state\": \"running\", \"notes\": [\"tracefs is not mounted and cannot be\"]}, \"calls\": {%s}}",
	      "\"openat\": {\"state\": \"lost\", \"reason\": \"o: tracefs is not mounted and cannot be\"},"
	      "\"connect\": {\"state\": \"lost\", \"reason\": \"c: tracefs is not mounted and cannot be\"}");
	ck_assert_uint_eq(ledger_count(ledger), 1);
	ck_assert_str_eq(text_of("TRACEFS_ABSENT"), "openat and 1 more are not seen: o: tracefs is not mounted and cannot be");
	ck_assert_str_eq(capability("file"), "lost");
	ck_assert_str_eq(capability("network"), "lost");
	ck_assert_str_eq(capability("sensor"), "less");
}
END_TEST

START_TEST(the_verifiers_words)
{
	cover(PROGRAMS, losses[0].calls);
	ck_assert_str_eq(json_string_value(evidence("PROG_LOAD_FAILED", "log")), "0: R0=1\n1: R1 invalid mem access");
	ck_assert_str_eq(json_string_value(evidence("PROG_LOAD_FAILED", "program")), "openat__exit");
}
END_TEST

/* The same by the coverage's own words: what it says of a program that the kernel refused. */
START_TEST(as_the_sensor_says_it)
{
	static struct sensor_state state;
	static struct wire_counter counters[EVENT_MAX];
	static struct needs needs;
	const struct ring ring[2] = {};
	const uint64_t records[2] = {};
	const bool damaged[2] = {};
	struct coverage c = {.state = &state, .needs = &needs, .counters = counters, .cpus = 1, .ring = ring, .records = records,
			     .damaged = damaged, .life = "running"};
	struct program_status *p = &state.program[PROGRAM_openat__exit];
	json_t *v;

	needs.call[CALL_OPENAT] = true;
	programs_choose(state.program, &needs);
	for (unsigned int i = 0; i < PROGRAM_MAX; i++) {
		if (state.program[i].state == PROGRAM_CHOSEN)
			state.program[i].state = PROGRAM_ATTACHED;
	}
	v = coverage_json(&c);
	feed_coverage(&feed, v);
	json_decref(v);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	*p = (struct program_status){.state = PROGRAM_REFUSED, .log_len = 4, .reason = "R1 invalid mem access 'scalar'"};
	memcpy(state.log, "log!", 4);
	v = coverage_json(&c);
	feed_coverage(&feed, v);
	json_decref(v);
	ck_assert_str_eq(text_of("PROG_LOAD_FAILED"), "openat is not seen: openat__exit: R1 invalid mem access 'scalar'");
	ck_assert_str_eq(json_string_value(evidence("PROG_LOAD_FAILED", "log")), "log!");
	*p = (struct program_status){.state = PROGRAM_ABSENT, .reason = "this kernel has no tracepoint syscalls/sys_exit_openat"};
	v = coverage_json(&c);
	feed_coverage(&feed, v);
	json_decref(v);
	ck_assert_str_eq(json_string_value(evidence("PROG_TYPE_UNSUPPORTED", "program")), "openat__exit");
	ck_assert_ptr_null(issue("PROG_LOAD_FAILED"));
}
END_TEST

START_TEST(entries_of_32_bits)
{
	cover("{\"ia32\": \"reachable, not guarded: compat__raw_tp: %s\", \"programs\": [{\"name\": \"compat__raw_tp\", \"state\": \"refused\"}]}", "no");
	ck_assert_str_eq(text_of("PROG_LOAD_FAILED"), "32-bit entries are not seen: compat__raw_tp: no");
	cover("{\"ia32\": \"%s\"}", "guarded");
	ck_assert_uint_eq(ledger_count(ledger), 0);
}
END_TEST

START_TEST(the_sensor_ends)
{
	cover("{\"sensor\": {\"pid\": 7, \"state\": \"%s\"}}", "dead");
	ck_assert_int_eq(json_integer_value(evidence("ATTACH_LOST", "pid")), 7);
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	cover("{\"sensor\": {\"pid\": 8, \"state\": \"%s\"}}", "running");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

START_TEST(what_the_sensor_notes)
{
	cover("{\"sensor\": {\"state\": \"running\", \"notes\": [\"%s\"]}}", "tracefs is not mounted and cannot be");
	ck_assert_str_eq(text_of("TRACEFS_ABSENT"), "tracefs is not mounted and cannot be");
	cover("{\"sensor\": {\"state\": \"running\", \"notes\": [\"%s\"]}}", "3 processes that were there before are known in part");
	ck_assert_ptr_null(issue("TRACEFS_ABSENT"));
	ck_assert_ptr_nonnull(issue("LESS_KNOWN"));
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

#define LOST "{\"events\": {\"open\": {\"lost\": {\"ring full\": %s, \"rate\": 0}}}}"

/* RINGBUF_DROPS: for ten minutes after the last one. */
START_TEST(records_are_lost)
{
	cover(LOST, "0");
	ck_assert_uint_eq(ledger_count(ledger), 0);
	cover(LOST, "3");
	ck_assert_str_eq(text_of("RINGBUF_DROPS"), "3 kernel records were lost since the start, the last seen at 2023-11-14T22:13:20.000000000Z");
	ck_assert_int_eq(json_integer_value(json_object_get(evidence("RINGBUF_DROPS", "lost"), "open: ring full")), 3);
	pass(FEED_RECENT_SEC - 1);
	cover(LOST, "4");
	ck_assert_int_eq(json_integer_value(evidence("RINGBUF_DROPS", "lately")), 1);
	pass(FEED_RECENT_SEC - 1);
	cover(LOST, "4");
	ck_assert_ptr_nonnull(issue("RINGBUF_DROPS"));
	pass(1);
	cover(LOST, "4");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

#define DETACHED "{\"sensor\": {\"state\": \"running\"}, \"programs\": [{\"name\": \"dns_egress__cgroup\", \"detached\": %s}, {\"name\": \"x\"}]}"

START_TEST(somebody_detaches)
{
	cover(DETACHED, "0");
	ck_assert_uint_eq(ledger_count(ledger), 0);
	cover(DETACHED, "2");
	ck_assert_str_eq(text_of("ATTACH_REPAIRED"), "somebody took programs off their hooks, 2 times since the start; they were put back");
	ck_assert_int_eq(json_integer_value(json_object_get(evidence("ATTACH_REPAIRED", "programs"), "dns_egress__cgroup")), 2);
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	pass(FEED_RECENT_SEC);
	cover(DETACHED, "2");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

#define RING "{\"rings\": {\"critical\": {\"used\": 0, \"taken\": 9}, \"bulk\": %s}}"

START_TEST(a_ring_stands_still)
{
	cover(RING, "{\"used\": 80, \"taken\": 100}");
	pass(4);
	cover(RING, "{\"used\": 90, \"taken\": 101}");	/* it moves */
	pass(4);
	cover(RING, "{\"used\": 90, \"taken\": 101}");
	ck_assert_uint_eq(ledger_count(ledger), 0);
	pass(1);
	cover(RING, "{\"used\": 90, \"taken\": 101}");
	ck_assert_str_eq(text_of("RINGBUF_STALLED"), "90 bytes of the bulk ring wait and are not read");
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	cover(RING, "{\"used\": 0, \"taken\": 191}");
	pass(100);
	cover(RING, "{\"used\": 0, \"taken\": 191}");	/* quiet, not stalled */
	ck_assert_uint_eq(ledger_count(ledger), 0);
	cover(RING, "{\"used\": 0, \"taken\": 191, \"damaged\": true}");
	ck_assert_ptr_nonnull(issue("RINGBUF_STALLED"));
}
END_TEST

static void deliver(const char *sink)
{
	char json[1024];
	json_t *v;

	snprintf(json, sizeof(json), "{\"sinks\": [%s]}", sink);
	v = json_loads(json, 0, NULL);
	ck_assert_msg(v != NULL, "%s", json);
	feed_deliver(&feed, v);
	json_decref(v);
}

#define FAILING(code) "{\"name\": \"upload\", \"target\": \"https://r\", \"failing\": true, \"lastError\": \"why\", \"lastErrorCode\": \"" code "\"," \
		      " \"lastStatus\": 503, \"queued\": 4, \"failingSince\": 1699999990000000000, \"retries\": 3}"
#define WORKING "{\"name\": \"upload\", \"target\": \"https://r\", \"failing\": false}"

static const struct {
	const char *code, *sink;
} uploads[] = {
	{"UPLOAD_DNS_FAIL", FAILING("UPLOAD_DNS_FAIL")},
	{"UPLOAD_CONNECT_FAIL", FAILING("UPLOAD_CONNECT_FAIL")},
	{"UPLOAD_TIMEOUT", FAILING("UPLOAD_TIMEOUT")},
	{"UPLOAD_TLS_FAIL", FAILING("UPLOAD_TLS_FAIL")},
	{"UPLOAD_PROXY_FAIL", FAILING("UPLOAD_PROXY_FAIL")},
	{"UPLOAD_403_SIGNATURE", FAILING("UPLOAD_403_SIGNATURE")},
	{"UPLOAD_403_DENIED", FAILING("UPLOAD_403_DENIED")},
	{"UPLOAD_CLOCK_SKEW", FAILING("UPLOAD_CLOCK_SKEW")},
	{"UPLOAD_TOKEN_EXPIRED", FAILING("UPLOAD_TOKEN_EXPIRED")},
	{"UPLOAD_THROTTLED", FAILING("UPLOAD_THROTTLED")},
	{"UPLOAD_NO_RECEIVER", FAILING("UPLOAD_NO_RECEIVER")},
	{"UPLOAD_SERVER_ERROR", FAILING("UPLOAD_SERVER_ERROR")},
	{"UNKNOWN", FAILING("UNKNOWN")},
	{"UNKNOWN", FAILING("NEW_WORD")},
};

/* Degraded, after a quarter of an hour unhealthy, and healthy with the first acknowledgement. */
START_TEST(an_upload_fails)
{
	deliver(uploads[_i].sink);
	ck_assert_str_eq(text_of(uploads[_i].code), "sink upload:https://r: why");
	ck_assert_int_eq(json_integer_value(evidence(uploads[_i].code, "status")), 503);
	ck_assert_int_eq(json_integer_value(evidence(uploads[_i].code, "retries")), 3);
	ck_assert_str_eq(json_string_value(json_object_get(issue(uploads[_i].code), "since")), "2023-11-14T22:13:10.000000000Z");
	ck_assert_int_eq(!strcmp(ledger_status(ledger, true), "degraded"), strcmp(uploads[_i].code, "UNKNOWN") != 0);
	pass(HEALTH_LASTING_SEC - 10);
	deliver(uploads[_i].sink);
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	ck_assert_str_eq(ledger_status(ledger, false), "degraded");	/* starting the agent again would mend nothing */
	ck_assert_str_eq(capability("upload"), strcmp(uploads[_i].code, "UNKNOWN") ? "less" : "lost");
	deliver(WORKING);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	ck_assert_str_eq(capability("upload"), "works");
}
END_TEST

static const struct {
	const char *code, *lost, *text;
} drops[] = {
	{"USERSPACE_QUEUE_FULL", "{\"queueFull\": {\"low\": 2, \"info\": 3}}", "sink upload:u lost 5 findings: its queue was full"},
	{"UPLOAD_REJECTED", "{\"refused\": 1, \"tooLarge\": 1}", "sink upload:u lost 2 findings: refused: said"},
	{"UPLOAD_PARTIAL_FAIL", "{\"notTaken\": 1}", "sink upload:u lost 1 findings: the receiver kept fewer than it was sent"},
};

START_TEST(findings_are_lost)
{
	char sink[256];

	snprintf(sink, sizeof(sink), "{\"name\": \"upload\", \"target\": \"u\", \"failing\": true, \"lastError\": \"said\","
		 " \"lastErrorCode\": \"UPLOAD_REJECTED\", \"lostReasons\": %s}", drops[_i].lost);
	deliver(sink);
	ck_assert_str_eq(text_of(drops[_i].code), drops[_i].text);
	ck_assert_uint_eq(ledger_count(ledger), 1);
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	pass(FEED_RECENT_SEC);
	deliver(sink);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

START_TEST(findings_wait)
{
	deliver("{\"name\": \"upload\", \"target\": \"u\", \"failing\": false, \"queued\": 9, \"oldestSec\": 299}");
	ck_assert_uint_eq(ledger_count(ledger), 0);
	deliver("{\"name\": \"upload\", \"target\": \"u\", \"failing\": false, \"queued\": 9, \"oldestSec\": 300}");
	ck_assert_str_eq(text_of("BACKLOG_GROWING"), "sink upload:u: 9 findings wait, the oldest for 300 s");
	deliver("{\"name\": \"upload\", \"target\": \"u\", \"failing\": false, \"queued\": 1, \"oldestSec\": 2}");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

START_TEST(another_sink_fails)
{
	deliver("{\"name\": \"file\", \"target\": \"/var/f\", \"failing\": true, \"lastError\": \"/var/f: No space left on device\"}");
	ck_assert_str_eq(text_of("SINK_FAILED"), "sink file:/var/f: /var/f: No space left on device");
	ck_assert_str_eq(capability("upload"), "less");
	deliver("{\"name\": \"file\", \"target\": \"/var/f\", \"failing\": false}");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	ck_assert_str_eq(capability("upload"), "off");
}
END_TEST

static struct ruleset *rules_of(const char *text)
{
	static struct rule_source v;	/* lives as long as the set */
	struct engine_load in = {.sources = &v, .nsources = 1, .min_priority = 7};
	struct diags d _cleanup_(diags_free) = {};
	struct ruleset *rs = NULL;

	v = (struct rule_source){STR("a.yaml"), str(text)};
	ck_assert_int_eq(ruleset_load(&rs, &in, &d), 0);
	return rs;
}

#define RULE(name, condition) "- rule: " name "\n  desc: d\n  condition: " condition "\n  output: o\n  priority: INFO\n"

START_TEST(no_rules)
{
	struct ruleset *rs;

	rs = rules_of("- list: x\n  items: [a]\n");
	feed_rules(&feed, rs, NULL);
	ck_assert_str_eq(text_of("RULES_EMPTY"), "no rule is enabled: nothing is looked for");
	ruleset_free(rs);
	rs = rules_of(RULE("R", "evt.type = execve"));
	feed_rules(&feed, rs, NULL);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	ruleset_free(rs);
}
END_TEST

START_TEST(rules_that_cannot_fire)
{
	json_t *lost = json_pack("{s:{s:{s:s}, s:{s:s}}}", "calls", "connect", "state", "lost", "execve", "state", "attached");
	struct ruleset *rs;

	rs = rules_of(RULE("Runs", "evt.type = execve") RULE("Talks", "evt.type in (connect, execve)")
		       RULE("Off", "evt.type = connect") "  enabled: false\n");
	feed_rules(&feed, rs, lost);
	ck_assert_str_eq(text_of("RULE_FIELD_UNAVAILABLE"), "1 rules, one of them \"Talks\", need events that are not seen here (connect)");
	ck_assert_uint_eq(json_array_size(evidence("RULE_FIELD_UNAVAILABLE", "rules")), 1);
	ck_assert_uint_eq(json_array_size(evidence("RULE_FIELD_UNAVAILABLE", "calls")), 1);
	json_object_clear(lost);
	feed_rules(&feed, rs, lost);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	json_decref(lost);
	ruleset_free(rs);
}
END_TEST

#define BACKTRACKS "evt.type = execve and proc.cmdline regex '(a|aa|a[a]*)*b'"

START_TEST(a_regex_is_given_up)
{
	struct ruleset *rs = rules_of(RULE("R", BACKTRACKS));
	struct json_event e;
	char cmdline[4000], line[4100];

	memset(cmdline, 'a', sizeof(cmdline));
	memcpy(cmdline + sizeof(cmdline) - 2, "b!", 2);
	snprintf(line, sizeof(line), "{\"evt.type\": \"execve\", \"proc.cmdline\": \"%.*s\"}", (int)sizeof(cmdline), cmdline);
	json_event(&e, line);
	feed_rules(&feed, rs, NULL);
	ck_assert_uint_eq(ledger_count(ledger), 0);
	ruleset_match(rs, &e.event);
	feed_rules(&feed, rs, NULL);
	ck_assert_int_eq(json_integer_value(evidence("RULE_TIMEOUT", "givenUp")), 1);
	ck_assert_str_eq(text_of("RULE_TIMEOUT"), "1 regex matches were given up at their limit");
	pass(FEED_RECENT_SEC);
	feed_rules(&feed, rs, NULL);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	json_event_release(&e);
	ruleset_free(rs);
}
END_TEST

START_TEST(growth)
{
	struct growth g = {};

	ck_assert(!growth_recent(&g, 0, now));
	ck_assert(growth_recent(&g, 5, now));
	ck_assert_uint_eq(g.by, 5);
	pass(FEED_RECENT_SEC - 1);
	ck_assert(growth_recent(&g, 5, now));
	pass(1);
	ck_assert(!growth_recent(&g, 5, now));
	ck_assert(!growth_recent(&g, 2, now));	/* counted anew */
	ck_assert(growth_recent(&g, 3, now));
}
END_TEST

START_TEST(a_reload_fails)
{
	struct diags d _cleanup_(diags_free) = {};

	diags_add(&d, DIAG_UNUSED_MACRO, (struct diag_place){str("w.yaml"), 1, 1, 1}, STR(""), NULL, NULL, "only a warning");
	diags_add(&d, DIAG_CONDITION, (struct diag_place){str("r.yaml"), 14, 24, 1}, STR(""), NULL, NULL, "unknown field \"proc.nmae\"");
	feed_reload(&feed, &d, "1 errors");
	ck_assert_str_eq(text_of("RULES_PARSE_ERROR"), "the last reload was refused: r.yaml:14:24: unknown field \"proc.nmae\"");
	ck_assert_int_eq(json_integer_value(evidence("RULES_PARSE_ERROR", "line")), 14);
	ck_assert_int_eq(json_integer_value(evidence("RULES_PARSE_ERROR", "column")), 24);
	feed_reload(&feed, NULL, "the sensor cannot be told");
	ck_assert_str_eq(text_of("RULES_PARSE_ERROR"), "the last reload was refused: the sensor cannot be told");
	feed_reload(&feed, NULL, NULL);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

/* A file below root, its folders made. */
static void put(const char *path, const char *words)
{
	char whole[256];
	FILE *f;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *p = strchr(whole + strlen(root) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		mkdir(whole, 0755);
		*p = '/';
	}
	f = fopen(whole, "w");
	ck_assert_msg(f && fputs(words, f) >= 0, "%s", whole);
	fclose(f);
}

static void again(void)
{
	feed_free(&feed);
	feed_init(&feed, ledger, clock_of_test, root);
}

static const struct {
	const char *cgroup, *cpu, *current, *max, *stat, *events;
} hierarchies[] = {
	{"0::/system.slice/noroshi.service\n", "/sys/fs/cgroup/system.slice/noroshi.service/cpu.stat", "/sys/fs/cgroup/system.slice/noroshi.service/memory.current",
	 "/sys/fs/cgroup/system.slice/noroshi.service/memory.max", "/sys/fs/cgroup/system.slice/noroshi.service/memory.stat",
	 "/sys/fs/cgroup/system.slice/noroshi.service/memory.events"},
	{"5:memory:/m\n4:cpuacct,cpu:/c\n1:name=systemd:/x\n0::/\n", "/sys/fs/cgroup/cpu/c/cpu.stat", "/sys/fs/cgroup/memory/m/memory.usage_in_bytes",
	 "/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "/sys/fs/cgroup/memory/m/memory.stat", "/sys/fs/cgroup/memory/m/memory.oom_control"},
};

START_TEST(what_the_group_may_use)
{
	put("/proc/self/cgroup", hierarchies[_i].cgroup);
	put(hierarchies[_i].cpu, "nr_periods 9\nnr_throttled 4\nthrottled_usec 100\n");
	put(hierarchies[_i].current, "1000000\n");
	put(hierarchies[_i].max, _i ? "9223372036854771712\n" : "max\n");
	put(hierarchies[_i].stat, "anon 5\ninactive_file 0\n");
	put(hierarchies[_i].events, "oom 0\noom_kill 0\n");
	again();
	feed_self(&feed, 7);
	ck_assert_uint_eq(ledger_count(ledger), 0);	/* what was throttled before the start is none of ours */
	put(hierarchies[_i].cpu, "nr_periods 109\nnr_throttled 8\n");
	pass(FEED_CPU_SEC);
	feed_self(&feed, 7);
	ck_assert_uint_eq(ledger_count(ledger), 0);	/* now and then costs nothing */
	put(hierarchies[_i].cpu, "nr_periods 209\nnr_throttled 13\n");
	pass(FEED_CPU_SEC - 1);
	feed_self(&feed, 7);
	ck_assert_uint_eq(ledger_count(ledger), 0);	/* the minute is not over */
	pass(1);
	feed_self(&feed, 7);
	ck_assert_str_eq(text_of("CPU_THROTTLED"), "the agent's processor quota was used up in 5 of 100 periods of the last minute");
	ck_assert_int_eq(json_integer_value(evidence("CPU_THROTTLED", "throttledSum")), 13);
	put(hierarchies[_i].max, "1100000\n");
	feed_self(&feed, 7);
	ck_assert_int_eq(json_integer_value(evidence("MEM_NEAR_LIMIT", "max")), 1100000);
	put(hierarchies[_i].stat, "anon 5\ninactive_file 500000\n");	/* that much the kernel can have back */
	put(hierarchies[_i].events, "oom 1\noom_kill 1\n");
	pass(FEED_CPU_SEC);
	feed_self(&feed, 7);
	ck_assert_ptr_null(issue("CPU_THROTTLED"));
	ck_assert_ptr_null(issue("MEM_NEAR_LIMIT"));
	ck_assert_int_eq(json_integer_value(evidence("OOM_KILLED", "killed")), 1);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");	/* a gap there was; it is noted */
}
END_TEST

START_TEST(descriptors_run_out)
{
	struct rlimit was, few;
	char path[64];

	getrlimit(RLIMIT_NOFILE, &was);
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		put(path, "");
	}
	feed_self(&feed, 7);
	ck_assert_uint_eq(ledger_count(ledger), 0);
	few = (struct rlimit){18, was.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	feed_self(&feed, 7);
	setrlimit(RLIMIT_NOFILE, &was);
	ck_assert_int_eq(json_integer_value(evidence("FD_LIMIT", "max")), 18);
	feed_self(&feed, 7);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}
END_TEST

START_TEST(the_clock_is_set)
{
	feed_self(&feed, 5000 * NSEC_PER_SEC);
	feed_self(&feed, 5001 * NSEC_PER_SEC);
	ck_assert_uint_eq(ledger_count(ledger), 0);	/* slewed */
	feed_self(&feed, 4001 * NSEC_PER_SEC);
	ck_assert_str_eq(text_of("CLOCK_JUMP"), "the wall clock was set by -1000.0 s");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	feed_self(&feed, 4001 * NSEC_PER_SEC);
	ck_assert_ptr_nonnull(issue("CLOCK_JUMP"));
	feed.jumped -= (FEED_RECENT_SEC + 1) * NSEC_PER_SEC;
	feed_self(&feed, 4001 * NSEC_PER_SEC);
	ck_assert_uint_eq(ledger_count(ledger), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("feed");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, providers_of_containers);
	tcase_add_test(t, a_group_of_no_known_shape);
	tcase_add_test(t, containers_older_than_the_agent);
	tcase_add_test(t, the_canary_does_not_come_back);
	tcase_add_test(t, no_heartbeat_is_acknowledged);
	tcase_add_test(t, somebody_touches_the_agent);
	tcase_add_loop_test(t, a_call_is_lost, 0, (int)ARRAY_SIZE(losses));
	tcase_add_test(t, one_cause_is_one_issue);
	tcase_add_test(t, the_verifiers_words);
	tcase_add_test(t, as_the_sensor_says_it);
	tcase_add_test(t, entries_of_32_bits);
	tcase_add_test(t, the_sensor_ends);
	tcase_add_test(t, what_the_sensor_notes);
	tcase_add_test(t, records_are_lost);
	tcase_add_test(t, somebody_detaches);
	tcase_add_test(t, a_ring_stands_still);
	tcase_add_loop_test(t, an_upload_fails, 0, (int)ARRAY_SIZE(uploads));
	tcase_add_loop_test(t, findings_are_lost, 0, (int)ARRAY_SIZE(drops));
	tcase_add_test(t, findings_wait);
	tcase_add_test(t, another_sink_fails);
	tcase_add_test(t, no_rules);
	tcase_add_test(t, rules_that_cannot_fire);
	tcase_add_test(t, a_regex_is_given_up);
	tcase_add_test(t, growth);
	tcase_add_test(t, a_reload_fails);
	tcase_add_loop_test(t, what_the_group_may_use, 0, (int)ARRAY_SIZE(hierarchies));
	tcase_add_test(t, descriptors_run_out);
	tcase_add_test(t, the_clock_is_set);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
