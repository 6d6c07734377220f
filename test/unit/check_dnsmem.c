/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/dnsmem.h"
#include "util/clock.h"
#include <check.h>
#include <stdio.h>
#include <sys/socket.h>

static struct wire_addr v4(uint32_t ip)
{
	struct wire_addr a = {.family = AF_INET, .port = 443};

	memcpy(a.ip, &ip, 4);
	return a;
}

static bool is(struct dnsmem *m, uint64_t owner, struct wire_addr a, const char *want)
{
	struct str s = dnsmem_find(m, owner, &a, 1);

	return want ? str_eq(s, str(want)) : !s.p;
}

static void add(struct dnsmem *m, uint64_t owner, struct wire_addr a, const char *name)
{
	dnsmem_add(m, owner, &a, str(name), 1);
}

START_TEST(names_are_the_owners)
{
	struct dnsmem *m = dnsmem_new(100, 1 << 16);
	struct wire_addr none = {0}, mapped = {.family = AF_INET6, .ip = {[10] = 0xff, 0xff, 1, 2, 3, 4}};
	struct wire_addr plain = {.family = AF_INET, .ip = {1, 2, 3, 4}}, v6 = {.family = AF_INET6, .ip = {1, 2, 3, 4}};

	ck_assert(is(m, 0, plain, NULL));
	add(m, 0, plain, "host.test");
	add(m, 7, plain, "pool.test");
	add(m, 7, v6, "six.test");
	add(m, 7, none, "none.test");
	ck_assert(is(m, 0, plain, "host.test"));
	ck_assert(is(m, 7, plain, "pool.test"));
	ck_assert(is(m, 7, v6, "six.test"));
	ck_assert(is(m, 8, plain, NULL));
	ck_assert(is(m, 7, none, NULL));
	ck_assert(is(m, 7, mapped, "pool.test"));	/* the same peer, from an IPv6 socket */
	add(m, 7, plain, "other.test");
	ck_assert(is(m, 7, plain, "other.test"));
	add(m, 7, plain, "");
	ck_assert(is(m, 7, plain, "other.test"));
	ck_assert_uint_eq(dnsmem_names(m), 3);
	ck_assert_uint_eq(dnsmem_evicted(m), 0);
	ck_assert_ptr_null(dnsmem_free(m));
	ck_assert_ptr_null(dnsmem_free(NULL));
}
END_TEST

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/*
 * Who answers chooses the addresses, 64 of them a message. These all have one str_hash(): the last word undoes what
 * the one before did. They must not all lie in one bucket, where each look-up would pass all of them.
 */
START_TEST(nobody_can_fill_a_bucket)
{
	const uint64_t k0 = 0x9e3779b97f4a7c15ull, k1 = 0xd6e8feb86659fd93ull;
	struct dnsmem *m = dnsmem_new(DNS_NAMES_MAX, DNS_TEXT_BYTES_MAX);
	struct {
		uint64_t owner, ip[2];
	} key = {.owner = 7}, first = {};

	for (uint64_t i = 1; i <= 4096; i++) {
		struct wire_addr a = {.family = AF_INET6};

		key.ip[0] = i;
		key.ip[1] = mix(mix(k0 ^ sizeof(key) ^ key.owner, k1) ^ i, k1) ^ 1;
		first = i == 1 ? key : first;
		ck_assert_uint_eq(str_hash(str_n((char *)&key, sizeof(key))), str_hash(str_n((char *)&first, sizeof(first))));
		memcpy(a.ip, key.ip, sizeof(a.ip));
		add(m, key.owner, a, "x.test");
	}
	ck_assert_uint_eq(dnsmem_names(m), 4096);
	ck_assert_uint_lt(dnsmem_longest(m), 32);
	dnsmem_free(m);
}
END_TEST

START_TEST(old_names_are_not_told)
{
	struct dnsmem *m = dnsmem_new(100, 1 << 16);
	struct wire_addr a = v4(1);
	uint64_t age = DNS_NAME_AGE_SEC * NSEC_PER_SEC;

	dnsmem_add(m, 0, &a, STR("a"), 10);
	ck_assert_ptr_nonnull(dnsmem_find(m, 0, &a, 10 + age).p);
	ck_assert_ptr_null(dnsmem_find(m, 0, &a, 11 + age).p);
	ck_assert_ptr_nonnull(dnsmem_find(m, 0, &a, 5).p);	/* records come out of order */
	dnsmem_add(m, 0, &a, STR("a"), 11 + age);
	ck_assert_ptr_nonnull(dnsmem_find(m, 0, &a, 12 + age).p);
	dnsmem_free(m);
}
END_TEST

START_TEST(the_least_used_goes_first)
{
	struct dnsmem *m = dnsmem_new(100, 1 << 16);
	char name[64];

	add(m, 0, v4(1), "kept.test");
	for (uint32_t k = 2; k < 1000; k++) {
		snprintf(name, sizeof(name), "n%u.test", k);
		add(m, 0, v4(k), name);
		ck_assert(is(m, 0, v4(k), name));
		ck_assert(is(m, 0, v4(1), "kept.test"));
	}
	ck_assert_uint_eq(dnsmem_names(m), 100);
	ck_assert_uint_eq(dnsmem_evicted(m), 899);
	ck_assert(is(m, 0, v4(900), NULL));
	ck_assert(is(m, 0, v4(901), "n901.test"));
	dnsmem_free(m);
}
END_TEST

START_TEST(texts_are_bounded_too)
{
	struct dnsmem *m = dnsmem_new(10000, 1 << 16);
	char name[1001];

	memset(name, 'a', 1000);
	name[1000] = 0;
	for (uint32_t k = 1; k < 5000; k++) {
		name[k % 1000] = 'b';
		dnsmem_add(m, 0, &(struct wire_addr){.family = AF_INET, .ip = {(uint8_t)(k >> 8), (uint8_t)k}},
			   str_n(name, 1 + k % 1000), 1);
	}
	ck_assert_uint_gt(dnsmem_names(m), 10);
	ck_assert_uint_lt(dnsmem_names(m), 1000);
	ck_assert_uint_gt(dnsmem_evicted(m), 0);
	dnsmem_free(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dnsmem");
	TCase *c = tcase_create("names");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, names_are_the_owners);
	tcase_add_test(c, nobody_can_fill_a_bucket);
	tcase_add_test(c, old_names_are_not_told);
	tcase_add_test(c, the_least_used_goes_first);
	tcase_add_test(c, texts_are_bounded_too);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
