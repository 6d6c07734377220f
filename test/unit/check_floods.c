/* SPDX-License-Identifier: Apache-2.0 */
/* What control groups lost becomes findings that name them. */
#include "finding_event.h"
#include "floods.h"

static struct wire_group groups[GROUPS_MAX];
static Noroshi__V1__Finding *out[16];
static size_t n_out;

static void emit(void *ctx, Noroshi__V1__Finding *f)
{
	(void)ctx;
	ck_assert_uint_lt(n_out, ARRAY_SIZE(out));
	out[n_out++] = f;
}

static void lose(unsigned int slot, uint64_t cgroup, enum event_type type, uint64_t n)
{
	groups[slot].cgroup = cgroup;
	groups[slot].lost[type] += n;
	groups[slot].over_rate += n;
	groups[0].floods += n;
}

static unsigned int report(struct floods *f, struct fold *fold, struct enrich *e, unsigned int sec)
{
	static const struct finding_context c = {.agent_version = "1", .boot_id = "b", .hostname = "h", .kernel = "k", .ruleset_digest = "d"};
	struct floods_report r = {e, fold, &c, 100, T0 + sec * SECOND};

	return floods_report(f, &r);
}

START_TEST(a_flood_is_told_while_it_lasts)
{
	struct enrich *e = enrich_new(&(struct enrich_options){64, 1 << 16});
	struct fold *fold = fold_new(60000, emit, NULL);
	struct floods *f = floods_new(groups, 60000);
	static struct record group;
	struct event ev;
	json_t *all;

	RECORD(&group, CGROUP, NONE, cgroup);
	record_text(&group, &group.r.cgroup.path, "/docker/3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e");
	ev = (struct event){.rec = &group.r};
	enrich_event(e, &ev);
	ck_assert(!floods_grew(f));
	groups[9].lost[EVENT_EXEC] = 3;	/* the ring was full: no flood of its own */
	groups[9].cgroup = 9;
	ck_assert(!floods_grew(f));
	lose(5, 7, EVENT_OPEN, 1000);
	lose(5, 7, EVENT_CONNECT, 20);
	ck_assert(floods_grew(f));
	ck_assert_uint_eq(report(f, fold, e, 0), 1);
	ck_assert(!floods_grew(f));
	ck_assert_uint_eq(n_out, 1);
	ck_assert_str_eq(out[0]->rule, "Telemetry flood");
	ck_assert_str_eq(out[0]->container->id, "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e");
	ck_assert_ptr_null(out[0]->process);
	ck_assert_ptr_nonnull(strstr(out[0]->output, "container 3ad7b26ded6d"));
	ck_assert_ptr_nonnull(strstr(out[0]->output, "about 1120 a second"));
	ck_assert_ptr_nonnull(strstr(out[0]->output, "1000 open, 20 connect records"));
	ck_assert_ptr_nonnull(strstr(out[0]->output, "of several processes"));
	lose(5, 7, EVENT_OPEN, 500);
	groups[5].tgid = 99;
	groups[5].weight = 500;
	ck_assert_uint_eq(report(f, fold, e, 1), 1);
	ck_assert_uint_eq(n_out, 1);	/* counted, told when the window ends */
	fold_expire(fold, UINT64_MAX);
	ck_assert_uint_eq(n_out, 2);
	ck_assert_uint_eq(out[1]->revision, 2);
	ck_assert_ptr_nonnull(strstr(out[1]->output, "1500 open, 20 connect records"));
	ck_assert_ptr_nonnull(strstr(out[1]->output, "most of them of process 99"));
	lose(5, 7, EVENT_OPEN, 1);
	lose(0, 0, EVENT_OPEN, 2);
	ck_assert_uint_eq(report(f, fold, e, 100), 2);
	ck_assert_uint_eq(n_out, 4);
	ck_assert_ptr_nonnull(strstr(out[2]->output, "too many to tell them apart"));
	ck_assert_ptr_nonnull(strstr(out[3]->output, "; 1 open records"));	/* a flood of its own */
	all = floods_json(f, e);
	ck_assert_uint_eq(json_array_size(all), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json_array_get(all, 1), "lost"), "open")), 1501);
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(all, 2), "overRate")), 0);
	json_decref(all);
	while (n_out)
		finding_free(out[--n_out]);
	floods_free(f);
	fold_free(fold);
	enrich_free(e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("floods");
	TCase *t = tcase_create("floods");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, a_flood_is_told_while_it_lasts);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
