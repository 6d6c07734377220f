/* SPDX-License-Identifier: Apache-2.0 */
/* The ECS agent's metadata files of containers, whole, half made and malicious; and the task metadata endpoint. */
#include "provider_case.h"
#include "route_peer.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHER_ID "b4c2a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1"
#define OTHER_ARN "arn:aws:ecs:ap-northeast-1:111122223333:task/prod/ffffffffffffffffffffffffffffffff"
#define FILE_OF(id, arn, status) "{\"Cluster\":\"prod\",\"ContainerInstanceARN\":\"arn:aws:ecs:ap-northeast-1:111122223333:container-instance/prod/4d5e\"," \
	"\"TaskARN\":\"" arn "\",\"TaskDefinitionFamily\":\"web\",\"TaskDefinitionRevision\":\"42\",\"ContainerID\":\"" id "\"," \
	"\"ContainerName\":\"web\",\"DockerContainerName\":\"/ecs-web-42-web-9ae8\",\"ImageID\":\"sha256:5c1f\",\"ImageName\":\"web:1.8\"," \
	"\"PortMappings\":[],\"Networks\":[{\"NetworkMode\":\"bridge\",\"IPv4Addresses\":[\"172.17.0.2\"]}]," \
	"\"MetadataFileStatus\":\"" status "\",\"AvailabilityZone\":\"ap-northeast-1a\",\"HostPrivateIPv4Address\":\"10.0.1.10\"}"
#define V4 "{\"Cluster\":\"arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod\",\"TaskARN\":\"" TASK_ARN "\",\"Family\":\"web\",\"Revision\":\"42\"," \
	"\"ServiceName\":\"front\",\"DesiredStatus\":\"RUNNING\",\"KnownStatus\":\"RUNNING\",\"LaunchType\":\"EC2\",\"Limits\":{\"CPU\":0.5,\"Memory\":512}," \
	"\"Containers\":[{\"DockerId\":\"" ID "\",\"Name\":\"web\",\"DockerName\":\"ecs-web-42-web-9ae8\",\"Image\":\"web:1.8\",\"ImageID\":\"sha256:5c1f\"," \
	"\"Labels\":{\"com.amazonaws.ecs.cluster\":\"prod\",\"team\":\"app\"},\"Type\":\"NORMAL\",\"CreatedAt\":\"2026-11-22T09:11:58.101Z\"," \
	"\"Networks\":[{\"NetworkMode\":\"bridge\",\"IPv4Addresses\":[\"172.17.0.2\"]}]}]}"

static char dir[64];
static struct provider_case at;

static void put(const char *below, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "data/metadata/%s", below);
	case_put(dir, path, text);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/noroshi-ecs-files.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	at = (struct provider_case){.places.ecs_data_dir = dir};
	ck_assert_int_eq(case_open(&at, &provider_ecs_files), 0);
}

static void teardown(void)
{
	char command[100];

	case_close(&at);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

#define NAME "/ecs-container-metadata.json"

static void tells(void)
{
	case_ask(&at, ID, TASK_ID);
	case_says(&at, WORKLOAD_TASK_ARN, TASK_ARN);
	case_says(&at, WORKLOAD_CLUSTER, "prod");
	case_says(&at, WORKLOAD_FAMILY, "web");
	case_says(&at, WORKLOAD_REVISION, "42");
	case_says(&at, WORKLOAD_CONTAINER_NAME, "web");
	case_says(&at, WORKLOAD_NAME, "ecs-web-42-web-9ae8");
	case_says(&at, WORKLOAD_IMAGE, "web:1.8");
	case_says(&at, WORKLOAD_IP, "172.17.0.2");
}

START_TEST(a_file_tells)
{
	put("other/" TASK_ID "/web" NAME, "{");
	put("prod/" TASK_ID "/side" NAME, FILE_OF(OTHER_ID, TASK_ARN, "READY"));
	put("prod/" TASK_ID "/web" NAME, FILE_OF(ID, TASK_ARN, "READY"));
	tells();
}
END_TEST

START_TEST(so_it_does_without_a_clusters_folder)
{
	put(TASK_ID "/web" NAME, FILE_OF(ID, TASK_ARN, "READY"));
	tells();
}
END_TEST

/* Until it is ready the container is not known: it is asked for again. */
START_TEST(not_ready_is_unknown)
{
	static const char initial[] = "{\"Cluster\":\"prod\",\"TaskARN\":\"" TASK_ARN "\",\"ContainerName\":\"web\",\"MetadataFileStatus\":\"INITIAL\"}";

	put("prod/x", NULL);
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	put("prod/" TASK_ID "/web" NAME, initial);
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	put("prod/" TASK_ID "/web" NAME, FILE_OF(ID, TASK_ARN, "INITIAL"));
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	put("prod/" TASK_ID "/web" NAME, FILE_OF(ID, TASK_ARN, "READY"));
	tells();
}
END_TEST

START_TEST(what_is_not_its_file_is_not_taken)
{
	char path[400], to[400];
	struct buf large = {};

	put("prod/" TASK_ID "/other" NAME, FILE_OF(OTHER_ID, TASK_ARN, "READY"));
	put("prod/" TASK_ID "/task" NAME, FILE_OF(ID, OTHER_ARN, "READY"));	/* the folder is one task's, the file another's */
	put("prod/" TASK_ID "/array" NAME, "[1]");
	put("prod/" TASK_ID "/empty" NAME, "");
	for (int i = 0; i < 100000; i++)
		buf_add(&large, " ", 1);
	buf_add(&large, FILE_OF(ID, TASK_ARN, "READY"), sizeof(FILE_OF(ID, TASK_ARN, "READY")));
	put("prod/" TASK_ID "/large" NAME, large.p);
	buf_free(&large);
	put("elsewhere/web" NAME, FILE_OF(ID, TASK_ARN, "READY"));
	put("prod/" TASK_ID "/link/x", NULL);
	snprintf(to, sizeof(to), "%s/data/metadata/elsewhere/web", dir);
	snprintf(path, sizeof(path), "%s/data/metadata/prod/" TASK_ID "/folder-link", dir);
	ck_assert_int_eq(symlink(to, path), 0);
	snprintf(to, sizeof(to), "%s/data/metadata/elsewhere/web" NAME, dir);
	snprintf(path, sizeof(path), "%s/data/metadata/prod/" TASK_ID "/link" NAME, dir);
	ck_assert_int_eq(symlink(to, path), 0);
	put("prod/" TASK_ID "/fifo/x", NULL);
	snprintf(path, sizeof(path), "%s/data/metadata/prod/" TASK_ID "/fifo" NAME, dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	ck_assert_msg(strstr(at.why, "no complete file") != NULL, "%s", at.why);
}
END_TEST

START_TEST(only_where_there_are_files)
{
	struct workload_row row = case_row(ID, TASK_ID), no_task = case_row(ID, "");
	char folder[100], gone[100];

	ck_assert(!provider_ecs_files.may_know(at.p, &row));
	put("x", NULL);
	ck_assert(provider_ecs_files.may_know(at.p, &row));
	ck_assert(!provider_ecs_files.may_know(at.p, &no_task));
	snprintf(folder, sizeof(folder), "%s/data", dir);
	snprintf(gone, sizeof(gone), "%s/gone", dir);
	ck_assert_int_eq(rename(folder, gone), 0);
	case_ask(&at, ID, TASK_ID);
	ck_assert_int_eq(at.verdict, VERDICT_DOWN);
	ck_assert_msg(strstr(at.why, "/data/metadata: No such file or directory") != NULL, "%s", at.why);
}
END_TEST

START_TEST(files_freed_while_read)
{
	struct workload_row row = case_row(ID, TASK_ID);

	put("prod/" TASK_ID "/web" NAME, FILE_OF(ID, TASK_ARN, "READY"));
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(at.p->ops->ask(at.p, &row, 7), 0);
	at.p->ops->free(at.p);
	at.p = NULL;
	uv_run(&at.loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(at.answers, 0);
}
END_TEST

/* ---- task metadata ---- */

static struct route_peer peer;
static struct provider_case own;
static char endpoint[100];

static void begin(const struct route *routes)
{
	route_start(&peer, routes);
	snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u/v4/7c1e2d3f-aaaa", peer.port);
	own = (struct provider_case){.places.task_metadata = endpoint};
	ck_assert_int_eq(case_open(&own, &provider_task_metadata), 0);
}

static void end(void)
{
	case_close(&own);
	route_stop(&peer);
}

START_TEST(own_task_tells)
{
	struct workload_row other = case_row(OTHER_ID, "ffffffffffffffffffffffffffffffff"), mine = case_row(OTHER_ID, TASK_ID);

	begin((struct route[]){{"GET /v4/7c1e2d3f-aaaa/task ", "200 OK", V4, 0}, {}});
	ck_assert(provider_task_metadata.may_know(own.p, &other));	/* which is our own is not known yet */
	case_ask(&own, ID, TASK_ID);
	case_says(&own, WORKLOAD_TASK_ARN, TASK_ARN);
	case_says(&own, WORKLOAD_CLUSTER, "prod");
	case_says(&own, WORKLOAD_CLUSTER_ARN, "arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod");
	case_says(&own, WORKLOAD_SERVICE, "front");
	case_says(&own, WORKLOAD_LAUNCH_TYPE, "EC2");
	case_says(&own, WORKLOAD_FAMILY, "web");
	case_says(&own, WORKLOAD_CONTAINER_NAME, "web");
	ck_assert(str_eq(workload_label(own.facts, STR("team")), STR("app")));
	ck_assert(!provider_task_metadata.may_know(own.p, &other) && provider_task_metadata.may_know(own.p, &mine));
	case_ask(&own, OTHER_ID, TASK_ID);
	ck_assert_int_eq(own.verdict, VERDICT_UNKNOWN);
	end();
}
END_TEST

static const struct {
	const char *status, *body;
	enum verdict want;
	const char *why;
} faults[] = {
	{"404 Not Found", "\"V4 task metadata handler: unable to get task arn from request\"", VERDICT_DOWN, "not known there"},
	{"429 Too Many Requests", "", VERDICT_DOWN, "429"},
	{"500 Internal Server Error", "\"V4 task metadata handler\"", VERDICT_DOWN, "500"},
	{"403 Forbidden", "", VERDICT_REFUSED, "403"},
	{"200 OK", "{}", VERDICT_GARBAGE, "no task"},
	{"200 OK", "\"text\"", VERDICT_GARBAGE, ""},
	{"200 OK", "<html>", VERDICT_GARBAGE, "127.0.0.1"},
	{"endless", NULL, VERDICT_GARBAGE, "127.0.0.1"},
	{"", NULL, VERDICT_DOWN, "127.0.0.1"},
};

START_TEST(own_task_faults)
{
	begin((struct route[]){{"/task ", faults[_i].status, faults[_i].body, 0}, {}});
	case_ask(&own, ID, TASK_ID);
	ck_assert_msg(own.verdict == faults[_i].want, "verdict %d: %s", own.verdict, own.why);
	ck_assert_msg(strstr(own.why, faults[_i].why) != NULL, "%s", own.why);
	end();
}
END_TEST

START_TEST(own_task_freed_while_asked)
{
	struct workload_row row = case_row(ID, TASK_ID);

	begin((struct route[]){{"/task ", NULL, NULL, 0}, {}});
	ck_assert_int_eq(own.p->ops->ask(own.p, &row, 7), 0);
	while (!peer.connections)
		uv_run(&own.loop, UV_RUN_ONCE);
	end();
	ck_assert_uint_eq(own.answers, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ecs_files");
	TCase *t = tcase_create("files"), *m = tcase_create("task_metadata");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_set_timeout(m, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_file_tells);
	tcase_add_test(t, so_it_does_without_a_clusters_folder);
	tcase_add_test(t, not_ready_is_unknown);
	tcase_add_test(t, what_is_not_its_file_is_not_taken);
	tcase_add_test(t, only_where_there_are_files);
	tcase_add_test(t, files_freed_while_read);
	tcase_add_test(m, own_task_tells);
	tcase_add_loop_test(m, own_task_faults, 0, sizeof(faults) / sizeof(*faults));
	tcase_add_test(m, own_task_freed_while_asked);
	suite_add_tcase(s, t);
	suite_add_tcase(s, m);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
