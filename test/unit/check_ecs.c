/* SPDX-License-Identifier: Apache-2.0 */
/* The ECS agent's introspection, in the shapes that it answers in, and with its faults. */
#include "attribution/attribution.h"
#include "provider_case.h"
#include "route_peer.h"

#define INSTANCE "arn:aws:ecs:ap-northeast-1:111122223333:container-instance/prod/4d5e6f708192a3b4c5d6e7f8091a2b3c"
#define METADATA "{\"Cluster\":\"prod\",\"ContainerInstanceArn\":\"" INSTANCE "\",\"Version\":\"Amazon ECS Agent - v1.105.1 (*a8b3e7d3)\"}"
#define UNREGISTERED "{\"Cluster\":\"prod\",\"ContainerInstanceArn\":null,\"Version\":\"Amazon ECS Agent - v1.105.1 (*a8b3e7d3)\"}"
#define CONTAINER(id) "{\"DockerId\":\"" id "\",\"DockerName\":\"ecs-web-42-web-9ae8c1f0b2d3e4f50700\",\"Name\":\"web\"," \
	"\"Image\":\"111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/web:1.8\",\"ImageID\":\"sha256:5c1f\"," \
	"\"CreatedAt\":\"2026-11-22T09:11:58.101Z\",\"StartedAt\":\"2026-11-22T09:12:00.004Z\"," \
	"\"Ports\":[{\"ContainerPort\":8080,\"Protocol\":\"tcp\",\"HostPort\":32768}]," \
	"\"Networks\":[{\"NetworkMode\":\"awsvpc\",\"IPv4Addresses\":[\"10.0.1.23\"]}]," \
	"\"Volumes\":[{\"DockerName\":\"data\",\"Source\":\"/var/lib/data\",\"Destination\":\"/data\"}],\"RestartCount\":0}"
#define OTHER_ID "b4c2a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1"
#define TASK_OF(arn, containers) "{\"Arn\":\"" arn "\",\"DesiredStatus\":\"RUNNING\",\"KnownStatus\":\"RUNNING\",\"Family\":\"web\"," \
	"\"Version\":\"42\",\"Containers\":[" containers "]}"
#define TASK TASK_OF(TASK_ARN, CONTAINER(OTHER_ID) "," CONTAINER(ID))
#define OLD_ARN "arn:aws:ecs:ap-northeast-1:111122223333:task/" TASK_ID
#define ZERO "{\"Arn\":\"\",\"KnownStatus\":\"\",\"Family\":\"\",\"Version\":\"\",\"Containers\":null}"
#define QUESTION "GET /v1/tasks?dockerid=" ID " "

static struct route_peer peer;
static struct provider_case at;
static char endpoint[64];

static void begin(const struct route *routes)
{
	route_start(&peer, routes);
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u/", peer.port);
	at = (struct provider_case){.places.ecs_endpoint = endpoint};
	ck_assert_int_eq(case_open(&at, &provider_ecs), 0);
}

static void end(void)
{
	case_close(&at);
	route_stop(&peer);
}

START_TEST(tells_task_and_host)
{
	begin((struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "200 OK", TASK, 0}, {}});
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_FACTS);
	case_says(&at, WORKLOAD_TASK_ARN, TASK_ARN);
	case_says(&at, WORKLOAD_TASK_ID, TASK_ID);
	case_says(&at, WORKLOAD_CLUSTER, "prod");
	case_says(&at, WORKLOAD_CLUSTER_ARN, "arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod");
	case_says(&at, WORKLOAD_FAMILY, "web");
	case_says(&at, WORKLOAD_REVISION, "42");
	case_says(&at, WORKLOAD_CONTAINER_NAME, "web");
	case_says(&at, WORKLOAD_NAME, "ecs-web-42-web-9ae8c1f0b2d3e4f50700");
	case_says(&at, WORKLOAD_IMAGE, "111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/web:1.8");
	case_says(&at, WORKLOAD_IMAGE_ID, "sha256:5c1f");
	case_says(&at, WORKLOAD_IP, "10.0.1.23");
	case_says(&at, WORKLOAD_STARTED, "2026-11-22T09:12:00.004Z");
	case_says(&at, WORKLOAD_SERVICE, "");
	ck_assert_str_eq(at.host.cluster, "prod");
	ck_assert_str_eq(at.host.instance_arn, INSTANCE);
	ck_assert_str_eq(at.host.version, "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)");
	ck_assert(at.host.since && at.host.told && !at.host.silent_since);
	end();
}
END_TEST

START_TEST(the_host_is_asked_for_seldom)
{
	begin((struct route[]){{"GET /v1/metadata ", "500 No", "", 1}, {"GET /v1/metadata ", "200 OK", UNREGISTERED, 0}, {QUESTION, "200 OK", TASK, 0}, {}});
	case_ask(&at, ID, TASK_ID);
	ck_assert_uint_eq(at.host.since, 0);
	for (int i = 0; i < 5; i++)
		case_ask(&at, ID, TASK_ID);
	ck_assert_uint_eq(peer.asked[0], 1);	/* what failed is asked for with the next question */
	ck_assert_uint_eq(peer.asked[1], 1);	/* what was told is not, for a minute */
	ck_assert_uint_eq(at.facts_in, 6);
	ck_assert_str_eq(at.host.instance_arn, "");
	ck_assert_str_eq(at.host.cluster, "prod");
	end();
}
END_TEST

START_TEST(metadata_may_leave_things_out)
{
	struct ecs_host h = {.instance_arn = "old"};
	json_t *m = json_pack("{s:s, s:n}", "Cluster", "default", "ContainerInstanceArn");
	json_t *commands = json_pack("{s:[s]}", "AvailableCommands", "/v1/metadata");

	ck_assert(!ecs_host_read(&h, commands));
	ck_assert(!ecs_host_read(&h, NULL));
	ck_assert_str_eq(h.instance_arn, "old");
	ck_assert(ecs_host_read(&h, m));
	ck_assert_str_eq(h.cluster, "default");
	ck_assert_str_eq(h.instance_arn, "");
	ck_assert_str_eq(h.version, "");
	json_decref(m);
	json_decref(commands);
}
END_TEST

/* The old form of the ARN has no cluster: that of the host is it, and is waited for. */
START_TEST(an_old_arn_takes_the_hosts_cluster)
{
	begin((struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "200 OK", TASK_OF(OLD_ARN, CONTAINER(ID)), 0}, {}});
	case_ask(&at, ID, TASK_ID);
	case_says(&at, WORKLOAD_TASK_ARN, OLD_ARN);
	case_says(&at, WORKLOAD_CLUSTER, "prod");
	end();
	begin((struct route[]){{"GET /v1/metadata ", "404 No", "", 0}, {QUESTION, "200 OK", TASK_OF(OLD_ARN, CONTAINER(ID)), 0}, {}});
	case_ask(&at, ID, TASK_ID);
	case_says(&at, WORKLOAD_TASK_ARN, OLD_ARN);
	case_says(&at, WORKLOAD_CLUSTER, "");
	end();
}
END_TEST

/* Each fault is worth its verdict: what may pass is asked again, what will not is not. */
static const struct {
	const char *status, *body;
	enum verdict want;
	const char *why;
} faults[] = {
	{"404 Not Found", ZERO, VERDICT_UNKNOWN, "it knows no such container"},
	{"404 Not Found", "404 page not found", VERDICT_UNKNOWN, "it knows no such container"},
	{"400 Bad Request", "", VERDICT_GARBAGE, "HTTP status 400"},
	{"401 Unauthorized", "", VERDICT_REFUSED, "HTTP status 401"},
	{"403 Forbidden", "", VERDICT_REFUSED, "HTTP status 403"},
	{"429 Too Many Requests", "", VERDICT_DOWN, "HTTP status 429"},
	{"500 Internal Server Error", ZERO, VERDICT_DOWN, "HTTP status 500"},
	{"301 Moved\r\nLocation: http://192.0.2.1/", "", VERDICT_GARBAGE, "HTTP status 301"},
	{"200 OK", "", VERDICT_GARBAGE, "127.0.0.1"},
	{"200 OK", "<html>", VERDICT_GARBAGE, "127.0.0.1"},
	{"200 OK", "{\"AvailableCommands\":[\"/v1/metadata\",\"/v1/tasks\",\"/license\"]}", VERDICT_GARBAGE, "no task with that container"},
	{"200 OK", ZERO, VERDICT_GARBAGE, "no task with that container"},
	{"200 OK", "[]", VERDICT_GARBAGE, "no task with that container"},
	{"200 OK", "{\"Tasks\":[" TASK "]}", VERDICT_GARBAGE, "no task with that container"},
	{"200 OK", TASK_OF(TASK_ARN, CONTAINER(OTHER_ID)), VERDICT_GARBAGE, "no task with that container"},
	{"200 OK", TASK_OF("web", CONTAINER(ID)), VERDICT_GARBAGE, "no task with that container"},
	{"200 OK", TASK_OF("arn:aws:ecs:ap-northeast-1:111122223333:task/prod/ffffffffffffffffffffffffffffffff", CONTAINER(ID)), VERDICT_GARBAGE,
	 "another task"},
	{"endless", NULL, VERDICT_GARBAGE, "127.0.0.1"},
	{"", NULL, VERDICT_DOWN, "127.0.0.1"},
};

START_TEST(a_fault_is_told)
{
	begin((struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, faults[_i].status, faults[_i].body, 0}, {}});
	case_ask(&at, ID, TASK_ID);
	ck_assert_msg(at.verdict == faults[_i].want, "verdict %d: %s", at.verdict, at.why);
	ck_assert_msg(strstr(at.why, faults[_i].why) != NULL, "%s", at.why);
	ck_assert_str_eq(at.host.cluster, "prod");
	end();
}
END_TEST

START_TEST(silence_is_down)
{
	begin((struct route[]){{"GET /v1/metadata ", NULL, NULL, 0}, {QUESTION, NULL, NULL, 0}, {}});
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_DOWN);
	ck_assert(at.host.silent_since && at.host.why[0]);
	end();
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", peer.port);	/* nobody listens any more */
	at = (struct provider_case){.places.ecs_endpoint = endpoint};
	ck_assert_int_eq(case_open(&at, &provider_ecs), 0);
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_DOWN);
	ck_assert_msg(strstr(at.why, "Connection refused") && !strstr(at.why, ID), "%s", at.why);
	case_close(&at);
}
END_TEST

START_TEST(whom_it_may_know)
{
	struct workload_row row = case_row(ID, "");

	at = (struct provider_case){};
	ck_assert_int_eq(case_open(&at, &provider_ecs), -ENOENT);	/* off */
	case_close(&at);
	begin((struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "200 OK", TASK, 0}, {}});
	ck_assert(!provider_ecs.may_know(at.p, &row));	/* a host where nothing is of ECS */
	case_ask(&at, ID, TASK_ID);
	ck_assert(provider_ecs.may_know(at.p, &row));	/* it is there after all */
	snprintf(row.runtime, sizeof(row.runtime), "podman");
	ck_assert(!provider_ecs.may_know(at.p, &row));
	end();
}
END_TEST

/* Dropped in the middle of questions: nothing is answered, nothing is left over. */
START_TEST(freed_while_asked)
{
	struct workload_row row = case_row(ID, TASK_ID);

	begin((struct route[]){{"GET /v1/metadata ", NULL, NULL, 0}, {QUESTION, "200 OK", TASK_OF(OLD_ARN, CONTAINER(ID)), 0}, {}});
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(at.p->ops->ask(at.p, &row, 7), 0);
	while (peer.connections < 2)
		uv_run(&at.loop, UV_RUN_ONCE);
	end();
	ck_assert_uint_eq(at.answers, 0);
}
END_TEST

/* ---- the whole inquiry ---- */

static unsigned int told;
static enum workload_state told_state[8];
static char told_why[8][200];

static void on_done(void *ctx, struct workload_row *row)
{
	(void)ctx;
	ck_assert_uint_lt(told, ARRAY_SIZE(told_state));
	told_state[told] = row->state;
	snprintf(told_why[told++], sizeof(told_why[0]), "%s", row->why);
}

/* One container of a task, asked for until nothing is asked any more. */
static const struct workload_row *inquire(const struct attribution_places *places, struct workloads *rows, uv_loop_t *loop)
{
	struct workload_row key = case_row(ID, TASK_ID);
	struct attribution *a;
	const struct workload_row *row;

	told = 0;
	uv_loop_init(loop);
	a = attribution_new(&(struct attribution_options){.loop = loop, .workloads = rows, .places = places, .user_agent = "noroshi/test",
							  .done = on_done});
	row = workloads_hold(rows, &key);
	attribution_wake(a);
	ck_assert_int_eq(row->state, WORKLOAD_PENDING);
	while (!told)
		uv_run(loop, UV_RUN_ONCE);
	attribution_free(a);
	uv_run(loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(loop), 0);
	return row;
}

START_TEST(a_late_container_is_asked_for_again)
{
	struct workloads *rows = workloads_new();
	struct attribution_places places = {.ecs_endpoint = endpoint};
	const struct workload_row *row;
	uv_loop_t loop;

	route_start(&peer, (struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "404 Not Found", ZERO, 2},
					     {QUESTION, "500 Busy", "", 1}, {QUESTION, "200 OK", TASK, 0}, {}});
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", peer.port);
	row = inquire(&places, rows, &loop);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(told_state[0], WORKLOAD_RESOLVED);
	ck_assert_str_eq(row->why, "");
	ck_assert(str_eq(row->known->text[WORKLOAD_FAMILY], STR("web")));
	ck_assert_uint_eq(peer.asked[1], 2);
	ck_assert_uint_eq(peer.asked[2], 1);
	workloads_free(rows);
	route_stop(&peer);
}
END_TEST

START_TEST(garbage_is_the_reason_and_not_asked_again)
{
	struct workloads *rows = workloads_new();
	struct attribution_places places = {.ecs_endpoint = endpoint};
	uv_loop_t loop;

	route_start(&peer, (struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "200 OK", "{}", 0}, {}});
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", peer.port);
	inquire(&places, rows, &loop);
	ck_assert_int_eq(told_state[0], WORKLOAD_PARTIAL);	/* the task's id is in the control group's path */
	ck_assert_str_eq(told_why[0], "not known: name, image, task ARN, task definition, name in the task "
				      "(ecs: what the ECS agent answers is no task with that container)");
	ck_assert_uint_eq(peer.asked[1], 1);
	workloads_free(rows);
	route_stop(&peer);
}
END_TEST

/* What waits says for what, and whose cluster it is, which is the host's. */
START_TEST(what_is_pending_says_why)
{
	struct workloads *rows = workloads_new();
	struct attribution_places places = {.ecs_endpoint = endpoint, .docker_socket = "/nowhere/docker.sock", .ecs_cluster = "configured"};
	struct workload_row key = case_row(ID, TASK_ID);
	const struct workload_row *row;
	struct attribution *a;
	uv_loop_t loop;

	route_start(&peer, (struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "404 Not Found", ZERO, 0}, {}});
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", peer.port);
	uv_loop_init(&loop);
	a = attribution_new(&(struct attribution_options){.loop = &loop, .workloads = rows, .places = &places, .user_agent = "noroshi/test",
							  .done = on_done});
	row = workloads_hold(rows, &key);
	attribution_wake(a);
	ck_assert_str_eq(row->why, "not known yet: name, image, task ARN, task definition, name in the task");
	ck_assert(str_eq(row->known->text[WORKLOAD_CLUSTER], STR("configured")));
	while (!strstr(row->why, "ecs"))
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_str_eq(row->why, "not known yet: name, image, task ARN, task definition, name in the task "
				   "(docker: /nowhere/docker.sock: No such file or directory; ecs: it does not know it yet)");
	ck_assert_int_eq(row->state, WORKLOAD_PENDING);
	told = 0;
	attribution_free(a);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(row->state, WORKLOAD_PARTIAL);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	workloads_free(rows);
	route_stop(&peer);
}
END_TEST

static int asking(const struct attribution *a)
{
	json_t *said = attribution_json(a);
	int n = (int)json_integer_value(json_object_get(said, "asking"));

	json_decref(said);
	return n;
}

/* Who knew all is not waited on by those that know nothing: the table of inquiries is for others. */
START_TEST(a_known_container_is_done_with)
{
	struct workloads *rows = workloads_new();
	struct attribution_places places = {.ecs_endpoint = endpoint, .docker_socket = "/nowhere/docker.sock"};
	struct workload_row key = case_row(ID, TASK_ID);
	struct attribution *a;
	json_t *said;
	uv_loop_t loop;

	route_start(&peer, (struct route[]){{"GET /v1/metadata ", "200 OK", METADATA, 0}, {QUESTION, "200 OK", TASK, 0}, {}});
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", peer.port);
	uv_loop_init(&loop);
	a = attribution_new(&(struct attribution_options){.loop = &loop, .workloads = rows, .places = &places, .user_agent = "noroshi/test",
							  .done = on_done});
	told = 0;
	workloads_hold(rows, &key);
	attribution_wake(a);
	while (!told)
		uv_run(&loop, UV_RUN_ONCE);
	for (int i = 0; i < 4 && asking(a); i++)	/* Docker was perhaps being asked just then */
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(asking(a), 0);
	said = attribution_json(a);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(said, "ecs"), "cluster")), "prod");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(said, "ecs"), "containerInstanceArn")), INSTANCE);
	json_decref(said);
	attribution_free(a);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	workloads_free(rows);
	route_stop(&peer);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ecs");
	TCase *t = tcase_create("ecs");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, tells_task_and_host);
	tcase_add_test(t, the_host_is_asked_for_seldom);
	tcase_add_test(t, metadata_may_leave_things_out);
	tcase_add_test(t, an_old_arn_takes_the_hosts_cluster);
	tcase_add_loop_test(t, a_fault_is_told, 0, ARRAY_SIZE(faults));
	tcase_add_test(t, silence_is_down);
	tcase_add_test(t, whom_it_may_know);
	tcase_add_test(t, freed_while_asked);
	tcase_add_test(t, a_late_container_is_asked_for_again);
	tcase_add_test(t, what_is_pending_says_why);
	tcase_add_test(t, a_known_container_is_done_with);
	tcase_add_test(t, garbage_is_the_reason_and_not_asked_again);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
