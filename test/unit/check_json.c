/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"
#include "util/cleanup.h"
#include <check.h>
#include <errno.h>
#include <glob.h>

static struct json_fields *parse(const char *text)
{
	struct json_fields *f = NULL;
	char error[128] = "";
	json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);

	ck_assert_ptr_nonnull(object);
	ck_assert_msg(json_fields_new(&f, object, error) == 0, "%s: %s", text, error);
	json_decref(object);	/* the fields keep their own reference */
	return f;
}

static const char *text(const struct json_fields *f, const char *key)
{
	return json_string_value(json_fields_get(f, str(key)));
}

START_TEST(keys_are_found)
{
	struct json_fields *f = parse("{\"evt.type\":\"execve\",\"evt.num\":7,\"proc.name\":\"bash\",\"proc.args\":\"\","
				      "\"dns.answers\":[],\"fd.sport\":null,\"x\":\"<NA>\",\"proc.env[PATH]\":\"/bin\"}");

	ck_assert_str_eq(text(f, "proc.name"), "bash");
	ck_assert_int_eq(json_integer_value(json_fields_get(f, STR("evt.num"))), 7);
	ck_assert_str_eq(text(f, "proc.args"), "");
	ck_assert(json_is_array(json_fields_get(f, STR("dns.answers"))));
	ck_assert_str_eq(text(f, "proc.env[PATH]"), "/bin");
	ck_assert_ptr_null(json_fields_get(f, STR("fd.sport")));
	ck_assert_ptr_null(json_fields_get(f, STR("x")));
	ck_assert_ptr_null(json_fields_get(f, STR("proc.nam")));
	ck_assert_ptr_null(json_fields_get(f, STR("")));
	ck_assert(json_is_object(json_fields_object(f)));
	ck_assert_ptr_null(json_fields_free(f));
}
END_TEST

START_TEST(an_argument_map_is_spread)
{
	struct json_fields *f = parse("{\"evt.type\":\"open\",\"evt.arg\":{\"flags\":\"O_RDWR\",\"mode\":\"<NA>\",\"name\":\"/a\"},"
				      "\"evt.arg.name\":\"/b\"}");

	ck_assert_str_eq(text(f, "evt.arg.flags"), "O_RDWR");
	ck_assert_str_eq(text(f, "evt.arg.name"), "/b");
	ck_assert_ptr_null(json_fields_get(f, STR("evt.arg.mode")));
	ck_assert_ptr_null(json_fields_get(f, STR("evt.arg")));
	json_fields_free(f);
}
END_TEST

START_TEST(an_ancestor_array_answers_for_its_indexes)
{
	struct json_fields *f = parse("{\"evt.type\":\"execve\",\"proc.name\":\"sh\",\"proc.aname\":[\"nginx\",\"<NA>\",\"systemd\"]}");

	ck_assert_str_eq(text(f, "proc.aname[0]"), "sh");
	ck_assert_str_eq(text(f, "proc.aname[1]"), "nginx");
	ck_assert_ptr_null(json_fields_get(f, STR("proc.aname[2]")));
	ck_assert_str_eq(text(f, "proc.aname[3]"), "systemd");
	ck_assert_ptr_null(json_fields_get(f, STR("proc.aname[4]")));
	ck_assert_ptr_null(json_fields_get(f, STR("proc.aname[]")));
	ck_assert_ptr_null(json_fields_get(f, STR("proc.aname[1x]")));
	ck_assert_ptr_null(json_fields_get(f, STR("proc.aname[99999999999999999999]")));
	ck_assert_ptr_null(json_fields_get(f, STR("proc.name[0]")));
	json_fields_free(f);
}
END_TEST

/* Both forms at once: an element's own key wins in its place, the others stay. */
START_TEST(list_and_elements)
{
	struct json_fields *f = parse("{\"evt.type\":\"execve\",\"proc.aname\":[\"nginx\",\"runc\"],"
				      "\"proc.aname[1]\":\"other\",\"proc.aname[3]\":\"systemd\"}");
	const json_t *list = json_fields_get(f, STR("proc.aname"));

	ck_assert_uint_eq(json_array_size(list), 3);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "other");
	ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "runc");
	ck_assert_str_eq(json_string_value(json_array_get(list, 2)), "systemd");
	ck_assert_str_eq(text(f, "proc.aname[1]"), "other");
	ck_assert_str_eq(text(f, "proc.aname[2]"), "runc");
	json_fields_free(f);
}
END_TEST

START_TEST(indexed_keys_win_over_the_array)
{
	struct json_fields *f = parse("{\"evt.type\":\"execve\",\"proc.aname\":\"wrong\",\"proc.aname[0]\":\"sh\","
				      "\"proc.aname[1]\":\"nginx\",\"proc.aname[2]\":\"systemd\"}");
	const json_t *list = json_fields_get(f, STR("proc.aname"));

	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "nginx");
	ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "systemd");
	ck_assert_str_eq(text(f, "proc.aname[0]"), "sh");
	ck_assert_str_eq(text(f, "proc.aname[2]"), "systemd");
	ck_assert_ptr_null(json_fields_get(f, STR("proc.aname[3]")));
	json_fields_free(f);
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
	static const char *const bad[] = {
		"[]", "1", "{}", "{\"evt.type\":1}", "{\"evt.type\":\"<NA>\"}", "{\"evt.type\":\"a\",\"x\":{}}",
		"{\"evt.type\":\"a\",\"x\":[[1]]}", "{\"evt.type\":\"a\",\"evt.arg\":{\"x\":{}}}",
		"{\"evt.type\":\"a\",\"x\":[{}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct json_fields *f = NULL;
		char error[128] = "";
		json_t *object = json_loads(bad[i], JSON_DECODE_ANY, NULL);

		ck_assert_msg(json_fields_new(&f, object, error) == -EINVAL, "%s", bad[i]);
		ck_assert_ptr_null(f);
		ck_assert_uint_gt(strlen(error), 0);
		json_decref(object);
	}
	ck_assert_ptr_null(json_fields_free(NULL));
}
END_TEST

static unsigned int read_capture(const char *path)
{
	_cleanup_(fclosep) FILE *in = fopen(path, "r");
	_cleanup_(freep) char *line = NULL;
	unsigned int events = 0;
	size_t room = 0;

	ck_assert_ptr_nonnull(in);
	while (getline(&line, &room, in) > 0) {
		struct json_fields *f = parse(line);
		const char *key;
		json_t *v;

		json_object_foreach(json_fields_object(f), key, v)
			/* proc.aname and the like stand there as one joined text beside their X[N] keys */
			if (json_is_string(v) && strcmp(json_string_value(v), "<NA>") &&
			    !json_is_array(json_fields_get(f, str(key))))
				ck_assert_str_eq(text(f, key), json_string_value(v));
		events++;
		json_fields_free(f);
	}
	return events;
}

START_TEST(the_corpus_is_read)
{
	unsigned int events = 0;
	glob_t g;

	if (glob(SHARED_DIR "/corpus/captures/*.events.jsonl", 0, NULL, &g)) {
		fprintf(stderr, "skipped: no captures at " SHARED_DIR "\n");
		return;
	}
	for (size_t i = 0; i < g.gl_pathc; i++)
		events += read_capture(g.gl_pathv[i]);
	globfree(&g);
	ck_assert_uint_gt(events, 100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json");
	TCase *c = tcase_create("objects");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, list_and_elements);
	tcase_add_test(c, keys_are_found);
	tcase_add_test(c, an_argument_map_is_spread);
	tcase_add_test(c, an_ancestor_array_answers_for_its_indexes);
	tcase_add_test(c, indexed_keys_win_over_the_array);
	tcase_add_test(c, what_is_no_event_is_refused);
	tcase_add_test(c, the_corpus_is_read);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
