/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/ecs_config.h"
#include "places.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[96];

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/noroshi-ecs-config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ecs.config", dir);
}

static void teardown(void)
{
	unlink(path);
	rmdir(dir);
}

/* ECS_CLUSTER's value as written → as read; NULL: the line says nothing. */
static const struct {
	const char *written, *read;
} values[] = {
	{"prod", "prod"},
	{"  prod \t", "prod"},
	{"prod\r", "prod"},
	{"prod # the big one", "prod"},
	{"prod#1", "prod#1"},
	{"", ""},
	{"# nothing", ""},
	{"\"prod\"", "prod"},
	{"\"prod\" # the big one", "prod"},
	{"'prod'", "prod"},
	{"''", ""},
	{"'a\\'", "a\\"},
	{"\"a \\\"b\\\" \\\\ \\n #c\"", "a \"b\" \\ \\n #c"},
	{"{\"a\": \"b # c\"}", "{\"a\": \"b # c\"}"},
	{"\"prod", NULL},
	{"'prod", NULL},
	{"\"", NULL},
	{"\"prod\\\"", NULL},
	{"\"prod\"x", NULL},
};

START_TEST(a_value)
{
	struct ecs_config c = {};
	char text[200];

	snprintf(text, sizeof(text), "ECS_CLUSTER=%s\nECS_HOST_DATA_DIR=/d\n", values[_i].written);
	ecs_config_parse(&c, str(text));
	ck_assert_msg(!strcmp(c.cluster, values[_i].read ? values[_i].read : ""), "%s: have \"%s\"", values[_i].written, c.cluster);
	ck_assert_uint_eq(c.unread, values[_i].read ? 0 : 1);
	ck_assert_str_eq(c.data_dir, "/d");
}
END_TEST

START_TEST(lines)
{
	struct ecs_config c = {};

	ecs_config_parse(&c, str("# ECS_CLUSTER=not\n"
				 "ECS_CLUSTER=first\n"
				 "   export   ECS_CLUSTER = second\n"
				 "XECS_HOST_DATA_DIR=/no\n"
				 "ECS_ENGINE_AUTH_DATA={\"https://index.docker.io/v1/\":{\"password\":\"secret\"}}\n"
				 "DOCKER_HOST=unix:///run/other.sock\n"
				 "ECS_CONTAINER_INSTANCE_TAGS={\"GuardDutyManaged\": \"false\"}\n"
				 "ECS_ENABLE_TASK_CPU_MEM_LIMIT=false\n"
				 "no assignment\n"
				 "\n"
				 "=x"));
	ck_assert_str_eq(c.cluster, "second");
	ck_assert_str_eq(c.data_dir, "");
	ck_assert_str_eq(c.docker_host, "unix:///run/other.sock");
	ck_assert_str_eq(c.instance_tags, "{\"GuardDutyManaged\": \"false\"}");
	ck_assert(c.no_task_limit);
	ck_assert_uint_eq(c.unread, 1);
	ecs_config_parse(&c, str("ECS_ENABLE_TASK_CPU_MEM_LIMIT=true"));	/* nothing is left of before */
	ck_assert_str_eq(c.cluster, "");
	ck_assert(!c.no_task_limit && !c.unread);
	ecs_config_parse(&c, STR("ECS_CLUSTER=a\0b\nDOCKER_HOST=x"));
	ck_assert_str_eq(c.cluster, "");
	ck_assert_str_eq(c.docker_host, "x");
	ck_assert_uint_eq(c.unread, 1);
}
END_TEST

START_TEST(what_is_too_long_is_told)
{
	struct ecs_config c = {};
	char text[400];

	memset(text, 'x', sizeof(text));
	memcpy(text, "ECS_CLUSTER=", 12);
	ecs_config_parse(&c, str_n(text, 12 + sizeof(c.cluster)));
	ck_assert_uint_eq(c.unread, 1);
	ck_assert_str_eq(c.cluster, "");
	ecs_config_parse(&c, str_n(text, 12 + sizeof(c.cluster) - 1));
	ck_assert_uint_eq(c.unread, 0);
	ck_assert_uint_eq(strlen(c.cluster), sizeof(c.cluster) - 1);
}
END_TEST

START_TEST(is_read_again_when_it_changes)
{
	struct ecs_config c = {};

	ck_assert(!ecs_config_read(&c, path));
	ck_assert(!c.there && !c.error);		/* a host without ECS is no error */
	write_text("ECS_CLUSTER=one\n");
	ck_assert(ecs_config_read(&c, path));
	ck_assert(c.there);
	ck_assert_str_eq(c.cluster, "one");
	ck_assert(!ecs_config_read(&c, path));
	write_text("ECS_CLUSTER=three\n");
	ck_assert(ecs_config_read(&c, path));
	ck_assert_str_eq(c.cluster, "three");
	unlink(path);
	mkdir(path, 0700);				/* not a file: what was known stays */
	ck_assert(!ecs_config_read(&c, path));
	ck_assert(c.there && c.error);
	ck_assert_str_eq(c.cluster, "three");
	rmdir(path);
	ck_assert(ecs_config_read(&c, path));		/* it has gone */
	ck_assert(!c.there && !c.error && !c.cluster[0]);
}
END_TEST

START_TEST(a_long_file_is_refused)
{
	struct ecs_config c = {};
	FILE *f = fopen(path, "w");

	for (int i = 0; i < 10000; i++)
		fputs("ECS_CLUSTER=prod\n", f);
	fclose(f);
	ck_assert(!ecs_config_read(&c, path));
	ck_assert_int_eq(c.error, E2BIG);
	ck_assert_str_eq(c.cluster, "");
}
END_TEST

/* What the configuration leaves open comes from the ECS agent's, and from the environment. */
START_TEST(places_by_what_is_said)
{
	struct config *c = config_new();
	struct places p;

	unsetenv("ECS_CONTAINER_METADATA_URI_V4");
	c->attribution_ecs_config = path;
	places_init(&p, c);
	ck_assert_str_eq(p.of.docker_socket, "/run/docker.sock");
	ck_assert_str_eq(p.of.ecs_endpoint, "http://127.0.0.1:51678");
	ck_assert_str_eq(p.of.ecs_data_dir, "/var/lib/ecs");
	ck_assert_ptr_null(p.of.task_metadata);
	write_text("DOCKER_HOST=unix:///run/other.sock\nECS_HOST_DATA_DIR=/data/ecs\n");
	setenv("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/7c1e2d3f", 1);
	places_init(&p, c);
	write_text("ECS_CLUSTER=prod\nECS_HOST_DATA_DIR=/another/ecs\n");
	places_refresh(&p);
	ck_assert_str_eq(p.of.ecs_cluster, "prod");
	ck_assert_str_eq(p.of.docker_socket, "/run/other.sock");
	ck_assert_str_eq(p.of.ecs_data_dir, "/data/ecs");
	ck_assert_str_eq(p.of.task_metadata, "http://169.254.170.2/v4/7c1e2d3f");
	c->attribution_docker = "/run/mine.sock";	/* what is written in our own counts */
	c->attribution_ecs_files = "/srv/ecs";
	c->attribution_task_metadata = "off";
	c->attribution_ecs = "off";
	places_init(&p, c);
	ck_assert_str_eq(p.of.docker_socket, "/run/mine.sock");
	ck_assert_str_eq(p.of.ecs_data_dir, "/srv/ecs");
	ck_assert_ptr_null(p.of.task_metadata);
	ck_assert_ptr_null(p.of.ecs_endpoint);
	config_free(c);
}
END_TEST

START_TEST(places_that_are_refused)
{
	struct config *c = config_new();
	struct places p;

	c->attribution_ecs_config = path;
	write_text("DOCKER_HOST=tcp://10.0.0.1:2375\nECS_HOST_DATA_DIR=/\n");
	setenv("ECS_CONTAINER_METADATA_URI_V4", "http://192.0.2.1/v4/x", 1);
	places_init(&p, c);
	ck_assert_str_eq(p.of.docker_socket, "/run/docker.sock");
	ck_assert_str_eq(p.of.ecs_data_dir, "/var/lib/ecs");
	ck_assert_ptr_null(p.of.task_metadata);
	unsetenv("ECS_CONTAINER_METADATA_URI_V4");
	ck_assert_ptr_nonnull(places_refuse_data_dir("/var"));
	ck_assert_ptr_nonnull(places_refuse_data_dir("/var/"));
	ck_assert_ptr_nonnull(places_refuse_data_dir("/var//"));
	ck_assert_ptr_nonnull(places_refuse_data_dir("var/lib/ecs"));
	ck_assert_ptr_nonnull(places_refuse_data_dir("/var/lib/.."));
	ck_assert_ptr_null(places_refuse_data_dir("/var/lib/ecs"));
	ck_assert_ptr_null(places_refuse_metadata("http://169.254.170.2/v4/x"));
	ck_assert_ptr_null(places_refuse_metadata("http://127.0.0.1:8080/v4/x"));
	ck_assert_ptr_nonnull(places_refuse_metadata("http://169.254.169.254/v4/x"));
	ck_assert_ptr_nonnull(places_refuse_metadata("https://169.254.170.2/v4/x"));
	ck_assert_ptr_nonnull(places_refuse_metadata("http://169.254.170.2/v4/x?y"));
	config_free(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ecs_config");
	TCase *t = tcase_create("ecs_config");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_value, 0, sizeof(values) / sizeof(*values));
	tcase_add_test(t, lines);
	tcase_add_test(t, what_is_too_long_is_told);
	tcase_add_test(t, is_read_again_when_it_changes);
	tcase_add_test(t, a_long_file_is_refused);
	tcase_add_test(t, places_by_what_is_said);
	tcase_add_test(t, places_that_are_refused);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
