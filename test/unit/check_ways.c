/* SPDX-License-Identifier: Apache-2.0 */
/* Ways: each says exactly one thing of every event, nothing without a reason, nothing seen without a test. */
#include "event/attr.h"
#include "event/ways.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void one_thing(unsigned int way)
{
	uint64_t said = 0;

	for (unsigned int i = 0; i < way_cell_count; i++) {
		if (way_cells[i].way != way)
			continue;
		for (unsigned int e = 0; e < EVENT_MAX; e++)
			ck_assert_msg(!(said & way_cells[i].events & 1ull << e), "%s says two things of %s", way_table[way].name,
				      event_table[e].name);
		said |= way_cells[i].events;
	}
	for (unsigned int e = 0; e < EVENT_MAX; e++)
		ck_assert_msg((said >> e & 1) == (ways_events() >> e & 1), "%s says nothing of %s: ways.c has sets of events, each event "
			      "belongs in one", way_table[way].name, event_table[e].name);
}

START_TEST(every_event)
{
	ck_assert_uint_gt(way_count, 20);
	for (unsigned int w = 0; w < way_count; w++) {
		ck_assert_str_ne(way_table[w].doc, "");
		one_thing(w);
		for (unsigned int k = 0; k < w; k++)
			ck_assert_str_ne(way_table[w].name, way_table[k].name);
	}
}
END_TEST

START_TEST(reasons)
{
	char path[512];

	for (unsigned int i = 0; i < way_cell_count; i++) {
		const struct way_cell *c = &way_cells[i];
		const char *way = way_table[c->way].name;

		ck_assert_msg(c->state == WAY_SEEN || *c->why, "%s: no reason", way);
		ck_assert_msg(c->state_without == WAY_SEEN || c->host == HOST_ANY || *c->why_without, "%s: no reason elsewhere", way);
		ck_assert_msg(c->state != WAY_SEEN || *c->test, "%s: seen, but no test shows it", way);
		ck_assert_msg(c->state < WAY_BLIND || !*c->test, "%s: a test shows what is not seen", way);
		snprintf(path, sizeof(path), TEST_DIR "/e2e/%s.py", c->test);
		ck_assert_msg(!*c->test || !access(path, X_OK), "%s: no such test: %s", way, path);
	}
}
END_TEST

START_TEST(hosts)
{
	const struct way_cell plain = {.events = 1, .state = WAY_SEEN, .why = "", .host = HOST_SIGHTS, .state_without = WAY_LESS,
				       .why_without = "text"};
	struct way_cell ring = plain;
	const char *why;

	ck_assert_int_eq(way_table[plain.way].needs, HOST_ANY);
	ck_assert_int_eq(way_state_here(&plain, 1u << HOST_SIGHTS, &why), WAY_SEEN);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(way_state_here(&plain, 0, &why), WAY_LESS);
	ck_assert_str_eq(why, "text");
	while (way_table[ring.way].needs != HOST_URING)
		ring.way++;
	ck_assert_int_eq(way_state_here(&ring, 1u << HOST_SIGHTS, &why), WAY_NONE);
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(way_state_here(&ring, 1u << HOST_URING, &why), WAY_LESS);
	ck_assert_int_eq(way_state_here(&ring, 1u << HOST_URING | 1u << HOST_SIGHTS, &why), WAY_SEEN);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ways");
	TCase *t = tcase_create("ways");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, every_event);
	tcase_add_test(t, reasons);
	tcase_add_test(t, hosts);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
