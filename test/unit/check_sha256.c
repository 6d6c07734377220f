/* SPDX-License-Identifier: Apache-2.0 */
#include "util/sha256.h"
#include <check.h>
#include <stdlib.h>

static void expect(struct str text, size_t step, const char *want)
{
	struct sha256 s;
	char hex[SHA256_HEX];

	sha256_init(&s);
	for (size_t at = 0; at < text.n; at += step)
		sha256_add(&s, str_n(text.p + at, step < text.n - at ? step : text.n - at));
	sha256_hex(&s, hex);
	ck_assert_str_eq(hex, want);
}

/* The examples of FIPS 180-4, and sizes around the block's end as sha256sum(1) prints them. */
START_TEST(known_digests)
{
	char a[1000];

	memset(a, 'a', sizeof(a));
	expect(STR(""), 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect(STR("abc"), 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 7,
	       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	expect(str_n(a, 55), 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	expect(str_n(a, 64), 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	expect(str_n(a, 1000), 63, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sha256");
	TCase *t = tcase_create("sha256");
	SRunner *sr;
	int failed;

	tcase_add_test(t, known_digests);
	suite_add_tcase(suite, t);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
