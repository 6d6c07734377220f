/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/container.h"
#include "enrich/workload.h"
#include <check.h>

#define ID "a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1"
#define OTHER "b4c2a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1a3b1"

static void says(const struct workload *w, enum workload_text t, const char *text)
{
	ck_assert_msg(str_eq(w->text[t], str(text)), "have \"" STR_FMT "\", not \"%s\"", STR_ARG(w->text[t]), text);
}

START_TEST(what_was_said_first_stays)
{
	struct workload *w = workload_new(), *other = workload_new();
	bool known;

	workload_say(w, WORKLOAD_NAME, STR("one"));
	workload_say(other, WORKLOAD_NAME, STR("two"));
	workload_say(other, WORKLOAD_IMAGE, STR("web:1"));
	workload_say_flag(other, WORKLOAD_PRIVILEGED, true);
	workload_say_flag(other, WORKLOAD_PRIVILEGED, false);
	workload_say_label(other, STR("a"), STR("1"));
	workload_say_label(other, STR("a"), STR("2"));
	workload_say_label(other, STR("empty"), STR(""));
	workload_say_mount(other, &(struct workload_mount){.source = STR("/a"), .dest = STR("/b"), .rw = true});
	workload_say_all(w, other);
	says(w, WORKLOAD_NAME, "one");
	says(w, WORKLOAD_IMAGE, "web:1");
	ck_assert(workload_is(w, WORKLOAD_PRIVILEGED, &known) && known);
	ck_assert(!workload_is(w, WORKLOAD_HOST_PID, &known) && !known);
	ck_assert(str_eq(workload_label(w, STR("a")), STR("1")));
	ck_assert(workload_label(w, STR("empty")).p && !workload_label(w, STR("empty")).n);
	ck_assert_ptr_null(workload_label(w, STR("b")).p);
	ck_assert_uint_eq(w->nmounts, 1);
	ck_assert(w->mounts[0].rw && str_eq(w->mounts[0].dest, STR("/b")));
	workload_free(other);
	workload_free(w);
}
END_TEST

START_TEST(bounds_are_told)
{
	char text[WORKLOAD_TEXT_MAX + 2];
	struct workload *w = workload_new();

	memset(text, 'x', sizeof(text));
	workload_say(w, WORKLOAD_NAME, str_n(text, sizeof(text)));
	ck_assert(!workload_has(w, WORKLOAD_NAME) && w->cut == 1);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "key%d", i);
		workload_say_label(w, str(text), STR("v"));
	}
	ck_assert_uint_eq(w->nlabels, WORKLOAD_LABELS_MAX);
	ck_assert_uint_eq(w->cut, 1 + 1000 - WORKLOAD_LABELS_MAX);
	workload_say(w, WORKLOAD_IMAGE, STR("a\nb\x1b"));
	says(w, WORKLOAD_IMAGE, "a?b?");
	workload_free(w);
}
END_TEST

START_TEST(task_arns)
{
	static const struct {
		const char *arn, *task, *cluster, *cluster_arn;
	} good[] = {
		{"arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", "prod",
		 "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"},
		{"arn:aws-cn:ecs:cn-north-1:111122223333:task/01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef", "", ""},
	};
	static const char *const bad[] = {
		"", "arn", "arn:aws:ecs:eu-west-1:1:service/x", "arn:aws:sqs:eu-west-1:1:task/prod/1", "arn:aws:ecs:eu-west-1:1:task/",
		"arn:aws:ecs:eu-west-1:1:task/prod/", "arn:aws:ecs::1:task/prod/1", "arn:aws:ecs:eu-west-1:1:task/a/b/c",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct workload *w = workload_new();

		ck_assert(workload_say_task_arn(w, str(good[i].arn)));
		says(w, WORKLOAD_TASK_ARN, good[i].arn);
		says(w, WORKLOAD_TASK_ID, good[i].task);
		says(w, WORKLOAD_CLUSTER, good[i].cluster);
		says(w, WORKLOAD_CLUSTER_ARN, good[i].cluster_arn);
		workload_free(w);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct workload *w = workload_new();

		ck_assert_msg(!workload_say_task_arn(w, str(bad[i])), "%s", bad[i]);
		ck_assert_uint_eq(w->bytes, 0);
		workload_free(w);
	}
}
END_TEST

START_TEST(clusters_by_name_and_arn)
{
	struct workload *w = workload_new();

	workload_say_cluster(w, STR("arn:aws:ecs:eu-west-1:1:cluster/prod"));
	says(w, WORKLOAD_CLUSTER, "prod");
	says(w, WORKLOAD_CLUSTER_ARN, "arn:aws:ecs:eu-west-1:1:cluster/prod");
	workload_free(w);
	w = workload_new();
	workload_say_cluster(w, STR("prod"));
	says(w, WORKLOAD_CLUSTER, "prod");
	says(w, WORKLOAD_CLUSTER_ARN, "");
	workload_free(w);
}
END_TEST

/* A container has one row, whatever number of groups; the row goes with the last of them and its ticket is never used again. */
START_TEST(a_container_is_one_row)
{
	struct container_table *t = container_table_new();
	struct workloads *all = container_table_workloads(t);
	struct workload_row *row;
	const struct container *c;
	uint64_t ticket;
	bool known;

	container_table_add(t, 1, STR("/docker/" ID));
	container_table_add(t, 2, STR("/docker/" ID "/init"));
	container_table_add(t, 3, STR("/system.slice/sshd.service"));
	row = workloads_fresh(all);
	ck_assert_ptr_nonnull(row);
	ck_assert_str_eq(row->id, ID);
	ck_assert_uint_eq(row->groups, 2);
	ck_assert_uint_eq(row->alive, 2);
	ck_assert_int_eq(row->state, WORKLOAD_PENDING);
	ck_assert_ptr_null(workloads_fresh(all));
	c = container_table_find(t, 2, &known);
	ck_assert_ptr_eq(c->who, row);
	ticket = row->ticket;
	ck_assert_ptr_eq(workloads_find(all, ticket), row);

	container_table_gone(t, 1, 1000);
	ck_assert_uint_eq(row->alive, 1);
	container_table_add(t, 1, STR("/docker/" ID));	/* a late record: it is told again */
	ck_assert_uint_eq(row->alive, 2);
	container_table_gone(t, 1, 1000);
	container_table_gone(t, 2, 1000);
	ck_assert_uint_eq(row->alive, 0);
	ck_assert_ptr_eq(workloads_find(all, ticket), row);	/* what it did is still told */
	container_table_gone(t, 9, 1000 + CGROUP_GRACE_SEC * 1000000000ull);
	ck_assert_ptr_null(workloads_find(all, ticket));
	container_table_add(t, 1, STR("/docker/" OTHER));
	row = workloads_fresh(all);
	ck_assert_str_eq(row->id, OTHER);
	ck_assert_uint_ne(row->ticket, ticket);
	container_table_free(t);
}
END_TEST

/* A group that is told anew keeps what is known of its container; one that became another's does not. */
START_TEST(what_is_known_survives_a_repetition)
{
	struct container_table *t = container_table_new();
	struct workload *w = workload_new();
	struct workload_row *row;

	container_table_add(t, 1, STR("/docker/" ID));
	row = workloads_fresh(container_table_workloads(t));
	workload_say(w, WORKLOAD_NAME, STR("web"));
	workloads_tell(row, w, WORKLOAD_RESOLVED, NULL);
	container_table_add(t, 1, STR("/docker/" ID));
	ck_assert_ptr_eq(row->known, w);
	ck_assert_uint_eq(row->groups, 1);
	ck_assert_uint_eq(row->alive, 1);
	container_table_add(t, 1, STR("/docker/" OTHER));
	ck_assert_ptr_eq(workloads_next(container_table_workloads(t), NULL), workloads_fresh(container_table_workloads(t)));
	container_table_free(t);
}
END_TEST

START_TEST(a_full_table_loses_the_oldest_alone)
{
	struct container_table *t = container_table_new();
	struct workload_row *row = NULL;
	unsigned int n = 0;
	char path[100];

	for (unsigned int i = 0; i < CGROUP_MAX + 100; i++) {
		snprintf(path, sizeof(path), "/docker/%064x", i);
		container_table_add(t, i + 1, str(path));
	}
	while ((row = workloads_next(container_table_workloads(t), row)))
		n++;
	ck_assert_uint_eq(n, CGROUP_MAX);
	for (n = 0; (row = workloads_fresh(container_table_workloads(t))); n++)
		ck_assert_uint_eq(row->groups, 1);
	ck_assert_uint_eq(n, CGROUP_MAX);
	container_table_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("workload");
	TCase *t = tcase_create("workload");
	SRunner *r;
	int failed;

	tcase_add_test(t, what_was_said_first_stays);
	tcase_add_test(t, bounds_are_told);
	tcase_add_test(t, task_arns);
	tcase_add_test(t, clusters_by_name_and_arn);
	tcase_add_test(t, a_container_is_one_row);
	tcase_add_test(t, what_is_known_survives_a_repetition);
	tcase_add_test(t, a_full_table_loses_the_oldest_alone);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
