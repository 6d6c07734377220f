/* SPDX-License-Identifier: Apache-2.0 */
/* The instance metadata service, version 2: what is learned of the host, and what is said of each way to fail. */
#include "attribution/imds.h"
#include "imds_peer.h"
#include "util/cleanup.h"

static struct imds_peer peer;
static struct host_facts facts;
static struct imds *imds;
static uv_loop_t loop;
static char url[64];

static void setup(void)
{
	memset(&facts, 0, sizeof(facts));
	imds_start(&peer);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer.port);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void begin(unsigned int token_sec)
{
	/* Nobody is waited for here but where no answer comes: then the answer's time is short. */
	imds = imds_new(&(struct imds_options){
		.loop = &loop, .facts = &facts, .url = url, .user_agent = "noroshi/test", .retry_ms = 1, .token_sec = token_sec,
		.answer_ms = peer.put_status && peer.status ? 0 : 50,
	});
	ck_assert_ptr_nonnull(imds);
}

static void teardown(void)
{
	imds = imds_free(imds);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	imds_stop(&peer);
}

static const struct imds_evidence *fault(enum imds_fault f)
{
	return &imds_state(imds)->faults[f];
}

#define UNTIL(cond)                                   \
	do {                                          \
		while (!(cond))                       \
			uv_run(&loop, UV_RUN_ONCE);   \
	} while (0)

static void ck_fact(enum host_fact f, const char *text)
{
	struct str have = host_fact(&facts, f);

	ck_assert_msg(str_eq(have, str(text)), "have \"" STR_FMT "\", not \"%s\"", STR_ARG(have), text);
}

static unsigned int open_faults(void)
{
	unsigned int n = 0;

	for (enum imds_fault f = 0; f < IMDS_FAULTS; f++)
		n += fault(f)->since != 0;
	return n;
}

START_TEST(who_the_host_is)
{
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_fact(HOST_ACCOUNT, "111122223333");
	ck_fact(HOST_REGION, "ap-northeast-1");
	ck_fact(HOST_ZONE, "ap-northeast-1a");
	ck_fact(HOST_INSTANCE_ID, "i-0abc1234def567890");
	ck_fact(HOST_INSTANCE_TYPE, "m7g.large");
	ck_fact(HOST_AMI, "ami-0123456789abcdef0");
	ck_assert(!host_fact(&facts, HOST_ORG_PATH).p && facts.since && facts.tags_told);
	ck_assert_uint_eq(facts.ntags, 3);
	ck_assert_str_eq(facts.tags[0].key, "Name");
	ck_assert_str_eq(facts.tags[0].value, "web-1");
	ck_assert_str_eq(facts.tags[2].key, "noroshi:managed");
	ck_assert_str_eq(facts.tags[2].value, "true");
	ck_assert_str_eq(imds_state(imds)->role, "ecsInstanceRole");
	ck_assert_uint_eq(open_faults(), 0);
	ck_assert_str_eq(peer.ttl, "21600");
	ck_assert_uint_eq(peer.puts, 1);
	ck_assert_uint_eq(peer.gets, 6);
	ck_assert_uint_eq(peer.refused, 0);
	imds_wake(imds);	/* not yet time */
	ck_assert_uint_eq(peer.gets, 6);
}
END_TEST

START_TEST(the_configuration_wins)
{
	char longer[HOST_FACT_MAX + 1] = {[0 ... HOST_FACT_MAX - 1] = 'x'};

	ck_assert(host_fix(&facts, HOST_REGION, "eu-west-1") && host_fix(&facts, HOST_ORG_PATH, "o-abc/r-xyz/ou-123"));
	ck_assert(host_fix(&facts, HOST_AMI, NULL) && host_fix(&facts, HOST_AMI, "") && !host_fix(&facts, HOST_AMI, longer));
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_fact(HOST_REGION, "eu-west-1");
	ck_fact(HOST_ORG_PATH, "o-abc/r-xyz/ou-123");
	ck_fact(HOST_ACCOUNT, "111122223333");
	ck_fact(HOST_AMI, "ami-0123456789abcdef0");
}
END_TEST

/* A token whose end comes in the middle of a round: another is taken, and nothing is amiss. */
START_TEST(a_token_ends)
{
	peer.uses = 4;
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(peer.puts, 2);
	ck_assert_uint_eq(peer.refused, 1);
	ck_assert_uint_eq(peer.documents, 1);	/* what is known is not asked again */
	ck_assert_uint_eq(facts.ntags, 3);
	ck_assert_uint_eq(open_faults(), 0);
}
END_TEST

START_TEST(tags_are_off_and_no_role)
{
	peer.tags = peer.role = NULL;
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(open_faults(), 2);
	ck_assert(fault(IMDS_TAGS_OFF)->since && fault(IMDS_NO_ROLE)->since);
	ck_assert_int_eq(fault(IMDS_TAGS_OFF)->status, 404);
	ck_assert_msg(strstr(fault(IMDS_TAGS_OFF)->url, "/latest/meta-data/tags/instance/") != NULL, "%s", fault(IMDS_TAGS_OFF)->url);
	ck_assert_str_eq(imds_state(imds)->role, "");
	ck_fact(HOST_ACCOUNT, "111122223333");
	ck_assert_uint_eq(facts.tags_told, 0);
}
END_TEST

/* Names that would lead elsewhere are left out, others are written as a path wants them; there is room for so many. */
START_TEST(names_of_tags)
{
	struct buf all = {};

	buf_printf(&all, "a/b=1\n..=2\na b=3\nok+@=4\n");
	for (int n = 0; n < HOST_TAGS_MAX + 5; n++)
		buf_printf(&all, "t%d=v\n", n);
	buf_add(&all, "", 1);
	peer.tags = "a/b=1\n..=2\na b=3\n";
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(facts.ntags, 0);
	ck_assert(facts.tags_told && !strstr(peer.paths, ".."));
	imds = imds_free(imds);
	peer.tags = "Name=\nok+@x=4\n";
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert(strstr(peer.paths, "/instance/ok%2B%40x\n") != NULL);
	ck_assert_uint_eq(facts.ntags, 1);	/* this peer does not decode it: taken away, for all that is known */
	ck_assert_str_eq(facts.tags[0].value, "");
	imds = imds_free(imds);
	peer.tags = all.p;
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(facts.ntags, HOST_TAGS_MAX - 1);
	buf_free(&all);
}
END_TEST

static const struct {
	const char *put_status, *put_body, *status, *document;
	bool open;
	enum imds_fault want;
	int code;
	const char *text;
} faults[] = {
	{"403 Forbidden", "", "403 Forbidden", "", false, IMDS_DISABLED, 403, "turned off"},
	{"200 OK", "t", "403 Forbidden", "", false, IMDS_DISABLED, 403, "turned off"},
	{NULL, "", "200 OK", "", false, IMDS_UNREACHABLE, 0, "hop limit of 1"},
	{"200 OK", "a token\r\nX: y", "200 OK", "", false, IMDS_UNREACHABLE, 200, "no token"},
	{"500 Internal Server Error", "", "200 OK", "", false, IMDS_UNREACHABLE, 500, "no token"},
	{"404 Not Found", "", "200 OK", "", false, IMDS_TOKEN_REFUSED, 401, "gives no token, and wants one"},
	{"200 OK", "t", NULL, "", false, IMDS_UNREACHABLE, 0, "no answer"},
	{"200 OK", "t", "200 OK", "<html>", false, IMDS_NO_DOCUMENT, 200, "no identity document"},
	{"200 OK", "t", "200 OK", "[]", false, IMDS_NO_DOCUMENT, 200, "no identity document"},
	{"200 OK", "t", "200 OK", "", false, IMDS_NO_DOCUMENT, 200, "no identity document"},
	{"200 OK", "t", "200 OK", "{\"accountId\":7,\"instanceId\":\"i\",\"region\":\"r\"}", false, IMDS_NO_DOCUMENT, 200, "no identity document"},
	{"200 OK", "t", "404 Not Found", "", false, IMDS_NO_DOCUMENT, 404, "HTTP status 404"},
	{"200 OK", "t", "500 Internal Server Error", "", false, IMDS_NO_DOCUMENT, 500, "HTTP status 500"},
};

/* Each fault is told, and ends once its cause does, by itself. */
START_TEST(a_fault_is_told_and_ends)
{
	const char *body = faults[_i].put_body;

	peer.put_status = faults[_i].put_status;
	peer.put_body = body;
	peer.status = faults[_i].status;
	peer.document = faults[_i].document;
	begin(0);
	UNTIL(open_faults());
	ck_assert_uint_eq(open_faults(), 1);
	ck_assert_msg(fault(faults[_i].want)->since, "fault %d", _i);
	ck_assert_int_eq(fault(faults[_i].want)->status, faults[_i].code);
	ck_assert_msg(strstr(fault(faults[_i].want)->text, faults[_i].text) != NULL, "%s", fault(faults[_i].want)->text);
	ck_assert_msg(strstr(fault(faults[_i].want)->url, url) != NULL, "%s", fault(faults[_i].want)->url);
	ck_assert(!imds_state(imds)->told && !facts.since && !host_fact(&facts, HOST_ACCOUNT).p);
	peer.document = DOCUMENT;
	peer.put_body = "AQAEALtoken";
	peer.put_status = peer.status = "200 OK";
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(open_faults(), 0);
	ck_fact(HOST_ACCOUNT, "111122223333");
}
END_TEST

START_TEST(a_token_that_is_never_taken)
{
	peer.uses = 1;
	peer.document = "no";
	begin(0);
	UNTIL(fault(IMDS_NO_DOCUMENT)->since);
	peer.uses = 0;
	peer.document = DOCUMENT;
	UNTIL(imds_state(imds)->told);
	imds = imds_free(imds);
	peer.put_status = "200 OK";
	peer.put_body = "x";
	peer.open = false;
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(open_faults(), 0);
}
END_TEST

START_TEST(version_one)
{
	peer.put_status = "404 Not Found";
	peer.open = true;
	begin(0);
	UNTIL(imds_state(imds)->told);
	ck_assert_uint_eq(open_faults(), 1);
	ck_assert(fault(IMDS_V1_ONLY)->since);
	ck_fact(HOST_ACCOUNT, "111122223333");
	ck_assert_uint_eq(facts.ntags, 3);
}
END_TEST

START_TEST(nobody_listens)
{
	begin(0);
	imds = imds_free(imds);		/* in the middle of a request */
	imds_stop(&peer);
	begin(0);
	UNTIL(fault(IMDS_UNREACHABLE)->since);
	ck_assert_msg(strstr(fault(IMDS_UNREACHABLE)->text, "Connection refused") != NULL, "%s", fault(IMDS_UNREACHABLE)->text);
	ck_assert_str_eq(peer.ttl, "");
	imds = imds_free(imds);
	imds_start(&peer);
}
END_TEST

/* No secret in what people see. */
START_TEST(what_status_says)
{
	json_t *o;
	char *text;

	host_fix(&facts, HOST_ORG_PATH, "o-abc");
	peer.tags = NULL;
	begin(0);
	UNTIL(imds_state(imds)->told);
	o = imds_json(imds, &facts, "");
	ck_assert_str_eq(json_string_value(json_object_get(o, "account")), "111122223333");
	ck_assert_str_eq(json_string_value(json_object_get(o, "orgPath")), "o-abc");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(o, "imds"), "state")), "answers");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(o, "imds"), "role")), "ecsInstanceRole");
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(o, "imds"), "faults")), 1);
	text = json_dumps(o, 0);
	ck_assert(!strstr(text, "AQAEALtoken"));
	free(text);
	json_decref(o);
	o = imds_json(NULL, &facts, "why");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(o, "imds"), "state")), "not asked");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(o, "imds"), "reason")), "why");
	json_decref(o);
}
END_TEST

static void put_file(const char *root, const char *path, const char *text)
{
	char name[300];
	FILE *f;

	snprintf(name, sizeof(name), "mkdir -p %s$(dirname %s)", root, path);
	ck_assert_int_eq(system(name), 0);
	snprintf(name, sizeof(name), "%s%s", root, path);
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(which_hosts_are_instances)
{
	static const struct {
		const char *path, *text;
		bool is;
	} cases[] = {
		{"/sys/class/dmi/id/sys_vendor", "QEMU\n", false}, {"/sys/class/dmi/id/sys_vendor", "Amazon EC2\n", true},
		{"/sys/class/dmi/id/board_vendor", "Amazon EC2\n", true}, {"/sys/hypervisor/uuid", "ec2e1916-9099-7caf-fd21-012345abcdef\n", true},
		{"/sys/hypervisor/uuid", "4ec2aaaa\n", false}, {"/sys/class/dmi/id/product_uuid", "EC2AE145-D1DC-13B2-94ED-012345ABCDEF\n", true},
		{"/sys/class/dmi/id/product_uuid", "", false},
	};
	char root[] = "/tmp/imdsXXXXXX", rm[64], why[128];

	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(rm, sizeof(rm), "rm -rf %s/sys", root);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_file(root, cases[i].path, cases[i].text);
		ck_assert_msg(imds_is_ec2(root, why) == cases[i].is, "case %zu: %s", i, why);
		ck_assert(!cases[i].is || strstr(why, cases[i].path));
		ck_assert_int_eq(system(rm), 0);
	}
	ck_assert(!imds_is_ec2(root, why) && strstr(why, "nothing in"));
	rmdir(root);
}
END_TEST

START_TEST(which_urls_are_local)
{
	static const char *const good[] = {"http://169.254.169.254", "http://169.254.169.254/", "http://127.0.0.1:8080", "http://localhost:1",
					   "http://[fd00:ec2::254]", "http://[fe80::1]", "http://[::1]:99"};
	static const char *const bad[] = {"http://10.0.0.1", "https://169.254.169.254", "http://169.255.0.1", "http://a@127.0.0.1",
					  "http://[fd00:ec2::255]", "http://metadata.internal", "169.254.169.254:x", "ftp://127.0.0.1", "x", ""};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(imds_url_is_local(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!imds_url_is_local(bad[i]), "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("imds");
	TCase *t = tcase_create("imds");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_the_host_is);
	tcase_add_test(t, the_configuration_wins);
	tcase_add_test(t, a_token_ends);
	tcase_add_test(t, tags_are_off_and_no_role);
	tcase_add_test(t, names_of_tags);
	tcase_add_loop_test(t, a_fault_is_told_and_ends, 0, ARRAY_SIZE(faults));
	tcase_add_test(t, a_token_that_is_never_taken);
	tcase_add_test(t, version_one);
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, what_status_says);
	tcase_add_test(t, which_hosts_are_instances);
	tcase_add_test(t, which_urls_are_local);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
