/* SPDX-License-Identifier: Apache-2.0 */
#include "util/siphash.h"
#include "util/utf8.h"
#include <check.h>
#include <stdlib.h>

#define BAD "\xef\xbf\xbd"

static const char *clean(const char *p, size_t n, size_t room)
{
	static char buf[256];
	bool cut;

	ck_assert_uint_lt(room, sizeof(buf));
	buf[utf8_clean(buf, room, str_n(p, n), &cut)] = 0;
	return buf;
}

START_TEST(what_is_valid_stays)
{
	static const char *const texts[] = {"", "plain", "\xc3\xa9", "\xe7\x8b\xbc\xe7\x85\x99", "\xf0\x9f\x94\xa5",
					    "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert(utf8_valid(str(texts[i])));
		ck_assert_str_eq(clean(texts[i], strlen(texts[i]), 100), texts[i]);
	}
}
END_TEST

START_TEST(what_is_not_valid_is_replaced_byte_by_byte)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"a\x80z", "a" BAD "z"},
		{"\xff", BAD},
		{"\xc0\x80", BAD BAD},			/* overlong NUL */
		{"\xc1\xbf", BAD BAD},
		{"\xe0\x9f\xbf", BAD BAD BAD},		/* overlong */
		{"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
		{"\xed\xa0\x80", BAD BAD BAD},		/* surrogate */
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD},	/* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", BAD BAD BAD BAD},
		{"x\xe7\x8b", "x" BAD BAD},		/* ends too early */
		{"\xe7\x8bz", BAD BAD "z"},
		{"\xc3\xa9\xc3", "\xc3\xa9" BAD},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(!utf8_valid(str(cases[i].in)));
		ck_assert_str_eq(clean(cases[i].in, strlen(cases[i].in), 100), cases[i].out);
	}
	ck_assert_str_eq(clean("a\0b", 3, 100), "a" BAD "b");
}
END_TEST

START_TEST(a_cut_falls_between_characters)
{
	char buf[8];
	bool cut;

	ck_assert_uint_eq(utf8_clean(buf, 4, STR("\xe7\x8b\xbc\xe7\x85\x99"), &cut), 3);
	ck_assert(cut);
	ck_assert_uint_eq(utf8_clean(buf, 6, STR("\xe7\x8b\xbc\xe7\x85\x99"), &cut), 6);
	ck_assert(!cut);
	ck_assert_uint_eq(utf8_clean(buf, 2, STR("\xff"), &cut), 0);
	ck_assert(cut);
}
END_TEST

START_TEST(texts_are_cut_between_letters)
{
	struct str s = STR("a\xe7\x8b\xbc" "b");

	ck_assert_uint_eq(utf8_cut(s, 9), 5);
	ck_assert_uint_eq(utf8_cut(s, 5), 5);
	ck_assert_uint_eq(utf8_cut(s, 4), 4);
	ck_assert_uint_eq(utf8_cut(s, 3), 1);
	ck_assert_uint_eq(utf8_cut(s, 2), 1);
	ck_assert_uint_eq(utf8_cut(s, 0), 0);
	ck_assert_uint_eq(utf8_cut(STR("\x80\x80"), 1), 0);
	ck_assert_uint_eq(utf8_cut(STR_NONE, 1), 0);
}
END_TEST

START_TEST(points_are_read)
{
	ck_assert_uint_eq(utf8_point("a", 1), 'a');
	ck_assert_uint_eq(utf8_point("\xc2\x9b", 2), 0x9b);
	ck_assert_uint_eq(utf8_point("\xe2\x80\xae", 3), 0x202e);
	ck_assert_uint_eq(utf8_point("\xf0\x9f\x94\xa5", 4), 0x1f525);
}
END_TEST

/* Whatever the bytes, the result is valid, and valid input is its own result. */
START_TEST(random_bytes_become_valid)
{
	unsigned int seed = 7;

	for (int round = 0; round < 20000; round++) {
		char in[24], out[72];
		size_t n = (size_t)rand_r(&seed) % sizeof(in), m;
		bool cut;

		for (size_t i = 0; i < n; i++)
			in[i] = (char)(rand_r(&seed) % 3 ? 0x80 + rand_r(&seed) % 128 : 1 + rand_r(&seed) % 127);
		m = utf8_clean(out, sizeof(out), str_n(in, n), &cut);
		ck_assert(!cut);
		ck_assert(utf8_valid(str_n(out, m)));
		if (utf8_valid(str_n(in, n)))
			ck_assert(str_eq(str_n(in, n), str_n(out, m)));
	}
}
END_TEST

/* The first vector of the authors' list (key and message count upwards), and one beyond a word: `openssl mac … SIPHASH`. */
START_TEST(siphash_is_the_references)
{
	static const uint8_t none[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
					 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
	static const uint8_t fifteen[16] = {0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11,
					    0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9};
	uint64_t key[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull}, ret[2];
	uint8_t message[15];
	struct siphash h;

	siphash_begin(&h, key);
	siphash_end(&h, ret);
	ck_assert_mem_eq(ret, none, 16);
	for (uint8_t i = 0; i < 15; i++)
		message[i] = i;
	for (size_t split = 0; split <= 15; split++) {	/* in two parts, wherever they meet */
		siphash_begin(&h, key);
		siphash_add(&h, message, split);
		siphash_add(&h, message + split, 15 - split);
		siphash_end(&h, ret);
		ck_assert_mem_eq(ret, fifteen, 16);
	}
}
END_TEST

START_TEST(siphash_texts_keep_their_borders)
{
	uint64_t key[2] = {1, 2}, a[2], b[2];
	struct siphash h;

	siphash_begin(&h, key);
	siphash_text(&h, STR("ab"));
	siphash_text(&h, STR("c"));
	siphash_end(&h, a);
	siphash_begin(&h, key);
	siphash_text(&h, STR("a"));
	siphash_text(&h, STR("bc"));
	siphash_end(&h, b);
	ck_assert(a[0] != b[0] && a[1] != b[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("utf8");
	TCase *t = tcase_create("utf8");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, what_is_valid_stays);
	tcase_add_test(t, what_is_not_valid_is_replaced_byte_by_byte);
	tcase_add_test(t, a_cut_falls_between_characters);
	tcase_add_test(t, texts_are_cut_between_letters);
	tcase_add_test(t, points_are_read);
	tcase_add_test(t, random_bytes_become_valid);
	tcase_add_test(t, siphash_is_the_references);
	tcase_add_test(t, siphash_texts_keep_their_borders);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
