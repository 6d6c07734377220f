/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/container.h"
#include "util/cleanup.h"
#include <check.h>
#include <stdio.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "ffffffffffffffff0123456789abcdef0123456789abcdef0123456789abcdef"
#define TASK "0af1b2c3d4e5f60718293a4b5c6d7e8f"
#define UUID "0123abcd-0123-4567-89ab-0123456789ab"

static const struct {
	const char *path, *id, *runtime, *task, *cluster;
} good[] = {
	/* ECS */
	{"/ecs/" TASK "/" ID, ID, "docker", TASK, ""},
	{"/ecs/" UUID "/" ID, ID, "docker", UUID, ""},
	{"/ecs/prod_1/" TASK "/" ID, ID, "docker", TASK, "prod_1"},
	{"/ecs/" TASK "/" TASK "-4242424242", TASK "-4242424242", "ecs", TASK, ""},
	{"/ecstasks.slice/ecstasks-" TASK ".slice/docker-" ID ".scope", ID, "docker", TASK, ""},
	{"/ecstasks.slice/ecstasks-" TASK ".slice/cri-containerd-" ID ".scope", ID, "containerd", TASK, ""},
	{"/ecstasks-" TASK ".slice/" ID, ID, "docker", TASK, ""},
	{"/ecstasks.slice/ecstasks-0123abcd.slice/ecstasks-0123abcd-0123.slice/ecstasks-0123abcd-0123-4567.slice/"
	 "ecstasks-0123abcd-0123-4567-89ab.slice/ecstasks-" UUID ".slice/docker-" ID ".scope", ID, "docker", UUID, ""},
	/* Docker */
	{"/system.slice/docker-" ID ".scope", ID, "docker", "", ""},
	{"/docker/" ID, ID, "docker", "", ""},
	{"/docker/" ID "/", ID, "docker", "", ""},
	{"/../../docker/" ID, ID, "docker", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/docker-" ID ".scope", ID, "docker", "", ""},
	/* what lies below a container was made inside it */
	{"/docker/" ID "/init.scope", ID, "docker", "", ""},
	{"/system.slice/docker-" ID ".scope/system.slice/sshd.service", ID, "docker", "", ""},
	{"/docker/" ID "/docker/" ID2, ID, "docker", "", ""},
	{"/docker/" ID "/ecs/" TASK "/" ID2, ID, "docker", "", ""},
	{"/system.slice/docker-" ID ".scope/kubelet.slice/cri-containerd-" ID2 ".scope", ID, "docker", "", ""},
	/* Podman, CRI-O, containerd */
	{"/machine.slice/libpod-" ID ".scope", ID, "podman", "", ""},
	{"/machine.slice/libpod-" ID ".scope/container", ID, "podman", "", ""},
	{"/libpod_parent/libpod-" ID, ID, "podman", "", ""},
	{"/ecs/task1/libpod-" ID, ID, "podman", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container", ID, "podman", "", ""},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0123abcd_0123.slice/crio-" ID ".scope", ID,
	 "cri-o", "", ""},
	{"/kubepods/burstable/pod" UUID "/crio-" ID, ID, "cri-o", "", ""},
	{"/kubepods.slice/kubepods-pod0123.slice/cri-containerd-" ID ".scope", ID, "containerd", "", ""},
	{"/kubepods/burstable/pod" UUID "/" ID, ID, "containerd", "", ""},
	{"/kubepods/pod" UUID "/" ID, ID, "containerd", "", ""},
	{"/kubepods.slice/kubepods-pod0123.slice/" ID, ID, "containerd", "", ""},
	{"/system.slice/containerd.service/kubepods-burstable-pod0123.slice:cri-containerd:" ID, ID, "containerd", "", ""},
	{"/system.slice/nerdctl-" ID ".scope", ID, "containerd", "", ""},
};

static const char *const none[] = {
	"", "/", "//", "/..", "/init.scope", "/user.slice/user-0.slice/session-1.scope", "/system.slice/docker.service",
	"/" ID, "/foo/" ID, "/user.slice/" ID, "/docker/" ID "0", "/docker/0123456789abcdef", "/docker", "/docker/",
	"/docker/foo/" ID, "/Docker/" ID,
	"/system.slice/docker-0123456789ab.scope", "/system.slice/docker-" ID ".service", "/system.slice/docker-" ID,
	"/system.slice/foo-" ID ".scope", "/system.slice/xdocker-" ID ".scope",
	"/machine.slice/libpod-conmon-" ID ".scope", "/kubepods.slice/kubepods-pod1.slice/crio-conmon-" ID ".scope",
	"/kubepods/burstable/" ID, "/burstable/pod1/" ID, "/kubepods/burstable/crio-" ID,
	"/ecs/" TASK, "/ecs/" ID, "/ecs/prod.1/" TASK "/" ID, "/ecs/a/b/" TASK "/" ID, "/ecs/nothex/" ID,
	"/ecs/" TASK "/" UUID, "/ecs/" TASK "/" TASK "-", "/ecs/" TASK "/" TASK "-12345678901", "/ecs/" TASK "/" TASK "-1a",
	"/x/" TASK "/" TASK "-1", "/ecs/" UUID "/" TASK "-1",
	"/ecstasks-" TASK ".slice", "/ecstasks-.slice/" ID, "/ecstasks-zz.slice/" ID, "/ecstasks-" TASK ".slice/foo/" ID,
	"/foo.slice:cri-containerd:" ID, "/kubepods-pod1.slice:foo:" ID, "/kubepods:" ID, "/:" ID,
	"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
};

START_TEST(known_shapes)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct container c;

		memset(&c, 0xaa, sizeof(c));
		ck_assert_msg(container_parse(&c, str(good[i].path)), "%s", good[i].path);
		ck_assert_str_eq(c.id, good[i].id);
		ck_assert_str_eq(c.runtime, good[i].runtime);
		ck_assert_str_eq(c.task_id, good[i].task);
		ck_assert_str_eq(c.cluster, good[i].cluster);
		ck_assert_str_eq(c.path, good[i].path);
	}
}
END_TEST

START_TEST(all_other_shapes)
{
	struct container c, before;

	memset(&c, 0xaa, sizeof(c));
	before = c;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		ck_assert_msg(!container_parse(&c, str(none[i])), "%s", none[i]);
	ck_assert(!container_parse(&c, STR_NONE));
	ck_assert_mem_eq(&c, &before, sizeof(c));
}
END_TEST

START_TEST(no_cut_of_a_path_is_misread)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		size_t whole = strlen(good[i].path);

		for (size_t n = 0; n <= whole; n++) {
			char *exact = malloc(n + 1);
			struct container c;

			memcpy(exact, good[i].path, n);
			if (container_parse(&c, str_n(exact, n)))
				ck_assert(!strncmp(c.id, good[i].id, strlen(c.id)));
			free(exact);
		}
	}
}
END_TEST

START_TEST(long_paths_are_cut)
{
	char path[3000] = "/docker/" ID "/";
	struct container c;

	memset(path + strlen(path), 'x', sizeof(path) - strlen(path) - 1);
	path[sizeof(path) - 1] = 0;
	ck_assert(container_parse(&c, str(path)));
	ck_assert_uint_eq(strlen(c.path), sizeof(c.path) - 1);
	ck_assert_str_eq(c.id, ID);
}
END_TEST

START_TEST(groups_are_remembered)
{
	struct container_table *t = container_table_new();
	const struct container *c;
	struct container_stats s;
	bool known = true;

	ck_assert_ptr_null(container_table_find(t, 7, &known));
	ck_assert(!known);
	container_table_add(t, 7, STR("/docker/" ID));
	container_table_add(t, 8, STR("/init.scope"));
	container_table_add(t, UINT64_MAX, STR("/docker/" ID "/nested"));
	c = container_table_find(t, 7, &known);
	ck_assert(known);
	ck_assert_str_eq(c->id, ID);
	ck_assert_uint_eq(c->cgroup, 7);
	ck_assert_ptr_null(container_table_find(t, 8, &known));
	ck_assert(known);
	ck_assert_str_eq(container_table_find(t, UINT64_MAX, &known)->id, ID);
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.groups, 3);
	ck_assert_uint_eq(s.containers, 2);
	ck_assert_uint_eq(s.unknown, 1);
	ck_assert_uint_eq(s.evicted, 0);
	/* The same number again, for something else. */
	container_table_add(t, 7, STR("/init.scope"));
	ck_assert_ptr_null(container_table_find(t, 7, &known));
	ck_assert(known);
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.groups, 3);
	ck_assert_uint_eq(s.containers, 1);
	ck_assert_ptr_null(container_table_free(t));
	ck_assert_ptr_null(container_table_free(NULL));
}
END_TEST

/* Ids where no known shape has them: counted, the last is told. */
START_TEST(unknown_shapes_are_told)
{
	static const char id[] = "a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1";
	static const char *const plain[] = {"/", "/system.slice/ssh.service", "/user.slice/user-1000.slice", "/a/%sa", "/a/x%.63s"};
	struct container_table *t = container_table_new();
	struct container_stats s;
	char path[200];

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		snprintf(path, sizeof(path), plain[i], id);
		container_table_add(t, 1 + i, str(path));
	}
	snprintf(path, sizeof(path), "/docker/%s", id);
	container_table_add(t, 20, str(path));
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.unrecognised, 0);
	snprintf(path, sizeof(path), "/new.slice/thing-%s.scope", id);
	container_table_add(t, 21, str(path));
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.unrecognised, 1);
	ck_assert_str_eq(s.unrecognised_path, path);
	container_table_free(t);
}
END_TEST

START_TEST(removed_groups_are_forgotten_after_a_while)
{
	const uint64_t second = 1000000000, grace = CGROUP_GRACE_SEC * second;
	struct container_table *t = container_table_new();
	struct container_stats s;
	bool known;

	for (uint64_t k = 1; k <= 5; k++)
		container_table_add(t, k, STR("/docker/" ID));
	container_table_gone(t, 1, 10 * second);
	container_table_gone(t, 1, 15 * second);	/* the first time counts */
	container_table_gone(t, 2, 20 * second);
	container_table_gone(t, 99, 20 * second);	/* never met */
	ck_assert_ptr_nonnull(container_table_find(t, 1, &known));	/* told late, and known for it */
	container_table_gone(t, 99, 10 * second + grace - 1);
	ck_assert_ptr_nonnull(container_table_find(t, 1, &known));
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.groups, 5);
	ck_assert_uint_eq(s.gone, 2);
	container_table_gone(t, 99, 10 * second + grace);
	ck_assert_ptr_null(container_table_find(t, 1, &known));
	ck_assert(!known);
	ck_assert_ptr_nonnull(container_table_find(t, 2, &known));
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.groups, 4);
	ck_assert_uint_eq(s.containers, 4);
	ck_assert_uint_eq(s.gone, 1);
	/* Met again: it is there. */
	container_table_add(t, 2, STR("/init.scope"));
	container_table_gone(t, 99, 100 * grace);
	ck_assert_ptr_null(container_table_find(t, 2, &known));
	ck_assert(known);
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.gone, 0);
	ck_assert_uint_eq(s.evicted, 0);
	container_table_free(t);
}
END_TEST

START_TEST(a_host_of_short_containers_needs_few_rows)
{
	const uint64_t second = 1000000000;
	struct container_table *t = container_table_new();
	struct container_stats s;
	bool known;

	for (uint64_t k = 1; k <= 4 * CGROUP_MAX; k++) {
		container_table_add(t, k, STR("/docker/" ID));
		ck_assert_ptr_nonnull(container_table_find(t, k, &known));
		container_table_gone(t, k, k * second);
		ck_assert(k <= 2 || container_table_find(t, k - 2, &known));
	}
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.groups, CGROUP_GRACE_SEC);
	ck_assert_uint_eq(s.containers, CGROUP_GRACE_SEC);
	ck_assert_uint_eq(s.evicted, 0);
	container_table_free(t);
}
END_TEST

START_TEST(the_removed_make_room_first)
{
	struct container_table *t = container_table_new();
	bool known;

	for (uint64_t k = 1; k <= CGROUP_MAX; k++)
		container_table_add(t, k, STR("/docker/" ID));
	container_table_gone(t, CGROUP_MAX / 2, 1);
	container_table_add(t, CGROUP_MAX + 1, STR("/docker/" ID));
	ck_assert_ptr_null(container_table_find(t, CGROUP_MAX / 2, &known));
	ck_assert_ptr_nonnull(container_table_find(t, 1, &known));
	container_table_free(t);
}
END_TEST

START_TEST(a_group_in_use_is_not_idle)
{
	struct container_table *t = container_table_new();
	bool known;

	container_table_add(t, 1, STR("/docker/" ID));
	for (uint64_t k = 2; k < 2 * CGROUP_MAX; k++) {
		ck_assert_ptr_nonnull(container_table_find(t, 1, &known));	/* and no other ever is */
		container_table_add(t, k, STR("/x"));
	}
	container_table_free(t);
}
END_TEST

START_TEST(the_table_is_bounded_and_forgets_the_idle)
{
	struct container_table *t = container_table_new();
	struct container_stats s;
	char path[100];
	bool known;

	for (uint64_t k = 1; k <= 3 * CGROUP_MAX; k++) {
		snprintf(path, sizeof(path), k % 3 ? "/docker/%064llx" : "/x/%llx", (unsigned long long)k);
		container_table_add(t, k << 32, str(path));
		ck_assert_uint_eq(container_table_find(t, k << 32, &known) != NULL, k % 3 > 0);
		ck_assert_ptr_nonnull(container_table_find(t, 1ull << 32, &known));	/* in use all the time */
	}
	container_table_stats(t, &s);
	ck_assert_uint_eq(s.groups, CGROUP_MAX);
	ck_assert_uint_le(s.containers, CGROUP_MAX);
	ck_assert_uint_eq(s.evicted, 2 * CGROUP_MAX);
	container_table_find(t, 2ull << 32, &known);
	ck_assert(!known);
	ck_assert_str_eq(container_table_find(t, (3ull * CGROUP_MAX - 1) << 32, &known)->runtime, "docker");
	container_table_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("container");
	TCase *c = tcase_create("groups");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, known_shapes);
	tcase_add_test(c, all_other_shapes);
	tcase_add_test(c, no_cut_of_a_path_is_misread);
	tcase_add_test(c, long_paths_are_cut);
	tcase_add_test(c, groups_are_remembered);
	tcase_add_test(c, unknown_shapes_are_told);
	tcase_add_test(c, removed_groups_are_forgotten_after_a_while);
	tcase_add_test(c, a_host_of_short_containers_needs_few_rows);
	tcase_add_test(c, the_removed_make_room_first);
	tcase_add_test(c, a_group_in_use_is_not_idle);
	tcase_add_test(c, the_table_is_bounded_and_forgets_the_idle);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
