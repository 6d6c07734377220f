/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that a container's runtime or orchestrator tells. */
#include "enrich/host_facts.h"
#include "field_event.h"

static struct workload_row row;
static struct workload *w;

static void scene(void)
{
	BEGIN(EXEC, exec, EXECVE);
	w = workload_new();
	row = (struct workload_row){.known = w};
	f.container = (struct container){.id = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e", .runtime = "docker",
					 .task_id = "0123456789abcdef0123456789abcdef", .cluster = "path", .who = &row};
	f.ev.container = &f.container;
}

static void end(void)
{
	workload_free(w);
}

START_TEST(nothing_is_known_yet)
{
	static const char *const names[] = {"container.name", "container.image", "container.image.repository", "container.image.tag",
					    "container.image.id", "container.image.digest", "container.privileged", "container.mounts",
					    "container.labels", "container.ip", "container.host_pid", "ecs.family", "ecs.task.arn",
					    "k8s.pod.name", "k8s.pod.ip"};

	for (int known = 1; known >= 0; known--) {
		scene();
		row.known = known ? w : NULL;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			IS(names[i], "<none>");
		IS_AT("container.label", "a", "<none>");
		IS_AT("container.mount", "0", "<none>");
		IS("ecs.cluster", "path");
		IS("ecs.task.id", "0123456789abcdef0123456789abcdef");
		end();
	}
}
END_TEST

START_TEST(images)
{
	static const struct {
		const char *image, *repository, *tag;
	} cases[] = {
		{"web:1.8", "web", "1.8"},
		{"web", "web", "latest"},
		{"host:5000/team/web", "host:5000/team/web", "latest"},
		{"host:5000/team/web:2@sha256:abc", "host:5000/team/web", "2"},
		{"team/web@sha256:abc", "team/web", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scene();
		workload_say(w, WORKLOAD_IMAGE, str(cases[i].image));
		IS("container.image", cases[i].image);
		IS("container.image.repository", cases[i].repository);
		if (cases[i].tag)
			IS("container.image.tag", cases[i].tag);
		else
			IS("container.image.tag", "<none>");
		end();
	}
	scene();
	workload_say(w, WORKLOAD_IMAGE_ID, STR("sha256:5c1f"));
	workload_say(w, WORKLOAD_IMAGE_DIGEST, STR("sha256:77"));
	IS("container.image.id", "5c1f");
	IS("container.image.digest", "sha256:77");
	end();
}
END_TEST

START_TEST(rights)
{
	scene();
	workload_say_flag(w, WORKLOAD_PRIVILEGED, true);
	workload_say_flag(w, WORKLOAD_HOST_PID, false);
	IS("container.privileged", "true");
	IS("container.host_pid", "false");
	IS("container.host_network", "<none>");
	end();
}
END_TEST

START_TEST(mounts)
{
	scene();
	w->mounts_known = true;
	IS("container.mounts", "");
	workload_say_mount(w, &(struct workload_mount){.source = STR("/var/lib/data"), .dest = STR("/data"), .mode = STR("z"),
						       .propagation = STR("rprivate"), .rw = true});
	workload_say_mount(w, &(struct workload_mount){.source = STR("/var/run/docker.sock"), .dest = STR("/sock")});
	IS("container.mounts", "/var/lib/data:/data:z:true:rprivate,/var/run/docker.sock:/sock::false:");
	IS_AT("container.mount", "1", "/var/run/docker.sock:/sock::false:");
	IS_AT("container.mount", "/var/lib/*", "/var/lib/data:/data:z:true:rprivate");
	IS_AT("container.mount", "2", "<none>");
	IS_AT("container.mount", "/data", "<none>");
	IS_AT("container.mount.dest", "/var/run/docker.sock", "/sock");
	IS_AT("container.mount.source", "/d*", "/var/lib/data");
	IS_AT("container.mount.mode", "0", "z");
	IS_AT("container.mount.rdwr", "0", "true");
	IS_AT("container.mount.rdwr", "1", "false");
	IS_AT("container.mount.propagation", "0", "rprivate");
	end();
}
END_TEST

START_TEST(labels)
{
	scene();
	workload_say_label(w, STR("team"), STR("blue"));
	workload_say_label(w, STR("annotation.x"), STR("y"));
	workload_say_label(w, STR("io.kubernetes.pod.name"), STR("web-0"));
	workload_say_label(w, STR("io.kubernetes.pod.uid"), STR("u-1"));
	workload_say_label(w, STR("io.kubernetes.pod.namespace"), STR("prod"));
	workload_say_label(w, STR("empty"), STR(""));
	workload_say(w, WORKLOAD_IP, STR("10.0.0.7"));
	workload_say(w, WORKLOAD_SANDBOX, STR("aaaaaaaaaaaabbbb"));
	IS("container.labels", "team:blue, empty:");
	IS_AT("container.label", "team", "blue");
	IS_AT("container.label", "empty", "");
	IS_AT("container.label", "other", "<none>");
	IS("k8s.pod.name", "web-0");
	IS("k8s.ns.name", "prod");
	IS("k8s.pod.uid", "u-1");
	IS("k8s.pod.id", "u-1");
	IS("k8s.pod.sandbox_id", "aaaaaaaaaaaa");
	IS("k8s.pod.full_sandbox_id", "aaaaaaaaaaaabbbb");
	IS("k8s.pod.ip", "10.0.0.7");
	IS("container.ip", "10.0.0.7");
	end();
}
END_TEST

START_TEST(tasks)
{
	scene();
	workload_say_task_arn(w, STR("arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef"));
	workload_say(w, WORKLOAD_FAMILY, STR("web"));
	workload_say(w, WORKLOAD_REVISION, STR("42"));
	workload_say(w, WORKLOAD_CONTAINER_NAME, STR("main"));
	workload_say(w, WORKLOAD_SERVICE, STR("web-service"));
	IS("ecs.cluster", "prod");
	IS("ecs.cluster.arn", "arn:aws:ecs:eu-west-1:111122223333:cluster/prod");
	IS("ecs.family", "web");
	IS("ecs.revision", "42");
	IS("ecs.container.name", "main");
	IS("ecs.service", "web-service");
	f.ev.container = NULL;
	IS("ecs.family", "<none>");
	IS("container.name", "host");
	end();
}
END_TEST

START_TEST(which_host)
{
	static struct host_facts h;
	static const char *const names[] = {"aws.account", "aws.region", "aws.zone", "aws.instance.id", "aws.instance.type", "aws.ami"};

	scene();
	for (int known = 0; known <= 1; known++) {
		f.ev.host = known ? &h : NULL;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			IS(names[i], "<none>");
	}
	host_say(&h, HOST_ACCOUNT, STR("111122223333"));
	host_say(&h, HOST_REGION, STR("ap-northeast-1"));
	host_say(&h, HOST_ZONE, STR("ap-northeast-1a"));
	host_say(&h, HOST_INSTANCE_ID, STR("i-0abc1234def567890"));
	host_say(&h, HOST_INSTANCE_TYPE, STR("m7g.large"));
	host_say(&h, HOST_AMI, STR("ami-0123456789abcdef0"));
	IS("aws.account", "111122223333");
	IS("aws.region", "ap-northeast-1");
	IS("aws.zone", "ap-northeast-1a");
	IS("aws.instance.id", "i-0abc1234def567890");
	IS("aws.instance.type", "m7g.large");
	IS("aws.ami", "ami-0123456789abcdef0");
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("field_workload");
	TCase *t = tcase_create("field_workload");
	SRunner *r;
	int failed;

	tcase_add_test(t, nothing_is_known_yet);
	tcase_add_test(t, images);
	tcase_add_test(t, rights);
	tcase_add_test(t, mounts);
	tcase_add_test(t, labels);
	tcase_add_test(t, tasks);
	tcase_add_test(t, which_host);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
