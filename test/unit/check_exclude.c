/* SPDX-License-Identifier: Apache-2.0 */
/* Who is not to be watched: each source alone, and each against those that come before it. */
#include "exclude.h"
#include <check.h>

static struct config *config;
static struct host_facts host;
static struct ecs_config ecs;
static struct pipeline pipeline;
static struct exclude x;
static struct workload_row row;
static struct workload *known;

static void begin(void)
{
	config = config_new();
	known = workload_new();
	workload_say(known, WORKLOAD_CLUSTER, STR("prod"));
	workload_say(known, WORKLOAD_FAMILY, STR("web-front"));
	workload_say(known, WORKLOAD_IMAGE, STR("repo.example:5000/team/web:1.8"));
	workload_say(known, WORKLOAD_TASK_ID, STR("0123456789abcdef0123456789abcdef"));
	workload_say_label(known, STR("team"), STR("sandbox"));
	workload_say_label(known, STR("bare"), STR(""));
	row = (struct workload_row){.id = "a3b1", .known = known, .state = WORKLOAD_RESOLVED};
	host = (struct host_facts){};
	ecs = (struct ecs_config){};
	x = (struct exclude){.config = config, .host = &host, .ecs = &ecs, .pipeline = &pipeline};
}

static void finish(void)
{
	workload_free(known);
	config_free(config);
}

static void tag(const char *key, const char *value)
{
	snprintf(host.tags[host.ntags].key, sizeof(host.tags[0].key), "%s", key);
	snprintf(host.tags[host.ntags++].value, sizeof(host.tags[0].value), "%s", value);
}

static void is(enum exclude_word word, const char *by)
{
	char have[WORKLOAD_BY_MAX] = "";

	exclude_init(&x);
	ck_assert_int_eq(exclude_says(&x, &row, have), word);
	ck_assert_str_eq(have, by);
}

static struct texts one(const char *text)
{
	static const char *kept[8];
	static unsigned int n;

	kept[++n % 8] = text;
	return (struct texts){&kept[n % 8], 1};
}

START_TEST(nobody_says_anything)
{
	is(EXCLUDE_SAYS_NOTHING, "");
	tag("Name", "false");
	snprintf(ecs.instance_tags, sizeof(ecs.instance_tags), "{\"team\":\"false\"}");
	is(EXCLUDE_SAYS_NOTHING, "");
}
END_TEST

START_TEST(the_configuration_says_it_by_names)
{
	static const struct {
		size_t off;
		const char *pattern, *by;
	} cases[] = {
		{offsetof(struct config, exclude_clusters), "pro?", "exclude.clusters: pro?"},
		{offsetof(struct config, exclude_families), "web-*", "exclude.families: web-*"},
		{offsetof(struct config, exclude_images), "*/team/web:*", "exclude.images: */team/web:*"},
		{offsetof(struct config, exclude_labels), "team=sand*", "exclude.labels: team=sand*"},
		{offsetof(struct config, exclude_labels), "team", "exclude.labels: team"},
		{offsetof(struct config, exclude_labels), "bare=", "exclude.labels: bare="},
	};
	static const struct {
		size_t off;
		const char *pattern;
	} not[] = {
		{offsetof(struct config, exclude_clusters), "pro"}, {offsetof(struct config, exclude_families), "front"},
		{offsetof(struct config, exclude_images), "web"}, {offsetof(struct config, exclude_labels), "team=prod"},
		{offsetof(struct config, exclude_labels), "team="}, {offsetof(struct config, exclude_labels), "te*"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct texts *t = (struct texts *)((char *)config + cases[i].off);

		*t = one(cases[i].pattern);
		is(EXCLUDE_LEAVE, cases[i].by);
		*t = (struct texts){};
	}
	for (size_t i = 0; i < ARRAY_SIZE(not); i++) {
		struct texts *t = (struct texts *)((char *)config + not[i].off);

		*t = one(not[i].pattern);
		is(EXCLUDE_SAYS_NOTHING, "");
		*t = (struct texts){};
	}
}
END_TEST

/* From the broadest to the narrowest: each speaks against the one before, and counts. */
START_TEST(the_narrower_counts)
{
	tag("GuardDutyManaged", "False");
	is(EXCLUDE_LEAVE, "instance tag GuardDutyManaged=False");
	tag("noroshi:managed", "true");
	is(EXCLUDE_WATCH, "instance tag noroshi:managed=true");
	snprintf(ecs.instance_tags, sizeof(ecs.instance_tags), "{\"GuardDutyManaged\":\"false\"}");
	is(EXCLUDE_LEAVE, "ECS_CONTAINER_INSTANCE_TAGS GuardDutyManaged=false");
	workload_say_label(known, STR("GuardDutyManaged"), STR("true"));
	is(EXCLUDE_WATCH, "label GuardDutyManaged=true");
	workload_say_label(known, STR("noroshi:managed"), STR("false"));
	is(EXCLUDE_LEAVE, "label noroshi:managed=false");
	config->include_images = one("*web*");
	is(EXCLUDE_WATCH, "include.images: *web*");
	config->exclude_clusters = one("*");
	is(EXCLUDE_WATCH, "include.images: *web*");
	config->include_images = (struct texts){};
	is(EXCLUDE_LEAVE, "exclude.clusters: *");
}
END_TEST

START_TEST(tags_of_tasks_are_not_of_others)
{
	snprintf(ecs.instance_tags, sizeof(ecs.instance_tags), "{\"noroshi:managed\":\"false\"}");
	is(EXCLUDE_LEAVE, "ECS_CONTAINER_INSTANCE_TAGS noroshi:managed=false");
	row.known = NULL;
	is(EXCLUDE_SAYS_NOTHING, "");
	ck_assert_ptr_null(exclude_of_host(&x));
	snprintf(row.task_id, sizeof(row.task_id), "0123");
	is(EXCLUDE_LEAVE, "ECS_CONTAINER_INSTANCE_TAGS noroshi:managed=false");
	snprintf(row.cluster, sizeof(row.cluster), "dev-1");
	config->include_clusters = one("dev-*");	/* the path says the cluster */
	is(EXCLUDE_WATCH, "include.clusters: dev-*");
}
END_TEST

START_TEST(the_host_is_left_by_its_tag_only)
{
	tag("noroshi:managed", "false");
	exclude_init(&x);
	ck_assert_str_eq(exclude_of_host(&x), "instance tag noroshi:managed=false");
	config->exclude_tags = "off";
	exclude_init(&x);
	ck_assert_ptr_null(exclude_of_host(&x));
	is(EXCLUDE_SAYS_NOTHING, "");
	workload_say_label(known, STR("noroshi:managed"), STR("false"));
	is(EXCLUDE_SAYS_NOTHING, "");
}
END_TEST

START_TEST(what_is_no_word_says_nothing)
{
	tag("noroshi:managed", "no");
	is(EXCLUDE_SAYS_NOTHING, "");
	tag("GuardDutyManaged", "false");
	is(EXCLUDE_LEAVE, "instance tag GuardDutyManaged=false");
	snprintf(ecs.instance_tags, sizeof(ecs.instance_tags), "{\"noroshi:managed\":false");
	is(EXCLUDE_LEAVE, "instance tag GuardDutyManaged=false");
	workload_say_label(known, STR("noroshi:managed"), STR(""));
	is(EXCLUDE_LEAVE, "instance tag GuardDutyManaged=false");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exclude");
	TCase *t = tcase_create("words");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, nobody_says_anything);
	tcase_add_test(t, the_configuration_says_it_by_names);
	tcase_add_test(t, the_narrower_counts);
	tcase_add_test(t, tags_of_tasks_are_not_of_others);
	tcase_add_test(t, the_host_is_left_by_its_tag_only);
	tcase_add_test(t, what_is_no_word_says_nothing);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
