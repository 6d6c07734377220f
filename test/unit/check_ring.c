/* SPDX-License-Identifier: Apache-2.0 */
/* A ring made of plain memory, written as the kernel writes it. */
#include "sensor/ring.h"
#include <check.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES 4096u

static struct fixture {
	struct ring ring;
	uint64_t consumer, producer;
	uint8_t *data;
	int fd;
	/* what the reader was given */
	unsigned int n;
	uint64_t first[64];
	size_t len[64];
} f;

static void setup(void)
{
	memset(&f, 0, sizeof(f));
	f.fd = memfd_create("ring", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(f.fd, BYTES), 0);
	f.data = mmap(NULL, 2 * BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(f.data, MAP_FAILED);
	for (unsigned int half = 0; half < 2; half++)
		ck_assert_ptr_ne(mmap(f.data + half * BYTES, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, f.fd, 0),
				 MAP_FAILED);
	ring_init(&f.ring, &f.consumer, &f.producer, f.data, BYTES);
}

static void teardown(void)
{
	munmap(f.data, 2 * BYTES);
	close(f.fd);
}

/* What bpf_ringbuf_output() leaves behind: length word with its bits, then the bytes. */
static uint64_t put(uint64_t value, uint32_t len, uint32_t bits)
{
	uint64_t at = f.producer;
	uint8_t *p = f.data + at % BYTES;
	uint32_t word = len | bits;

	memcpy(p, &word, sizeof(word));
	memset(p + 8, 0x5a, len);
	if (len >= sizeof(value))
		memcpy(p + 8, &value, sizeof(value));
	f.producer += (8 + len + 7) & ~7u;
	return at;
}

static void take(void *ctx, const void *rec, size_t n)
{
	struct fixture *x = ctx;

	ck_assert_uint_lt(x->n, 64);
	ck_assert_uint_eq((uintptr_t)rec % 8, 0);
	x->len[x->n] = n;
	if (n >= 8)
		memcpy(&x->first[x->n], rec, 8);
	for (size_t i = 8; i < n; i++)
		ck_assert_uint_eq(((const uint8_t *)rec)[i], 0x5a);
	x->n++;
}

START_TEST(test_empty)
{
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 0);
	ck_assert_uint_eq(ring_used(&f.ring), 0);
}
END_TEST

START_TEST(test_order_and_lengths)
{
	for (uint64_t i = 0; i < 5; i++)
		put(i, 8 + (uint32_t)i, 0);
	ck_assert_uint_eq(ring_used(&f.ring), f.producer);
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 5);
	for (uint64_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(f.first[i], i);
		ck_assert_uint_eq(f.len[i], 8 + i);
	}
	ck_assert_uint_eq(f.consumer, f.producer);
}
END_TEST

START_TEST(test_budget)
{
	for (uint64_t i = 0; i < 5; i++)
		put(i, 16, 0);
	ck_assert_int_eq(ring_drain(&f.ring, 3, RING_ALL, take, &f), 3);
	ck_assert_uint_eq(f.consumer, 3 * 24);
	ck_assert_int_eq(ring_drain(&f.ring, 3, RING_ALL, take, &f), 2);
	ck_assert_uint_eq(f.first[4], 4);
}
END_TEST

START_TEST(test_end)
{
	uint64_t end;

	for (uint64_t i = 0; i < 3; i++)
		put(i, 16, 0);
	end = ring_end(&f.ring);
	for (uint64_t i = 3; i < 5; i++)
		put(i, 16, 0);
	ck_assert_int_eq(ring_drain(&f.ring, 10, end, take, &f), 3);
	ck_assert_uint_eq(f.consumer, end);
	ck_assert_int_eq(ring_drain(&f.ring, 10, end, take, &f), 0);
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 2);
	ck_assert_uint_eq(f.first[4], 4);
}
END_TEST

START_TEST(test_busy_holds_back_what_follows)
{
	uint64_t at;
	uint32_t done = 16;

	put(1, 16, 0);
	at = put(2, 16, BPF_RINGBUF_BUSY_BIT);
	put(3, 16, 0);
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 1);
	ck_assert_uint_eq(f.consumer, at);
	memcpy(f.data + at % BYTES, &done, sizeof(done));
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 2);
	ck_assert_uint_eq(f.first[1], 2);
	ck_assert_uint_eq(f.first[2], 3);
}
END_TEST

START_TEST(test_discarded_is_skipped)
{
	put(1, 16, 0);
	put(2, 600, BPF_RINGBUF_DISCARD_BIT);
	put(3, 16, 0);
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 2);
	ck_assert_uint_eq(f.first[0], 1);
	ck_assert_uint_eq(f.first[1], 3);
	ck_assert_uint_eq(f.consumer, f.producer);
}
END_TEST

START_TEST(test_wraps)
{
	/* 1000 is no divisor of the ring: over 40 rounds records cross its end at many places. */
	for (uint64_t i = 0; i < 40; i++) {
		put(i, 1000, 0);
		put(i + 1000, 1001, 0);
		f.n = 0;
		ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 2);
		ck_assert_uint_eq(f.first[0], i);
		ck_assert_uint_eq(f.first[1], i + 1000);
		ck_assert_uint_eq(f.len[1], 1001);
	}
	ck_assert_uint_gt(f.producer, 4 * BYTES);
}
END_TEST

START_TEST(test_impossible_length)
{
	uint32_t word = 2000;

	put(1, 16, 0);
	put(2, 16, 0);
	memcpy(f.data + 24, &word, sizeof(word));	/* longer than what was produced */
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), -EIO);
	ck_assert_uint_eq(f.n, 1);
}
END_TEST

/* The kernel's mapping shows as much of the beginning again as a record may need, no more: nothing is read behind it. */
START_TEST(test_longer_than_what_is_mapped_again)
{
	f.ring.longest = BYTES / 4;
	put(1, BYTES / 4 - 8, 0);
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), 1);
	put(2, BYTES / 4 - 7, 0);
	ck_assert_int_eq(ring_drain(&f.ring, 10, RING_ALL, take, &f), -EIO);
	ck_assert_uint_eq(f.n, 1);
}
END_TEST

START_TEST(test_map_refuses)
{
	struct ring r = {};

	ck_assert_int_eq(ring_map(&r, f.fd, 0), -EINVAL);
	ck_assert_int_eq(ring_map(&r, f.fd, 12288), -EINVAL);
	ck_assert_int_lt(ring_map(&r, -1, 4096), 0);
	ck_assert_ptr_null(r.consumer);
	ring_unmap(&r);
	ck_assert_uint_eq(ring_used(&r), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_empty);
	tcase_add_test(t, test_order_and_lengths);
	tcase_add_test(t, test_budget);
	tcase_add_test(t, test_end);
	tcase_add_test(t, test_busy_holds_back_what_follows);
	tcase_add_test(t, test_discarded_is_skipped);
	tcase_add_test(t, test_wraps);
	tcase_add_test(t, test_impossible_length);
	tcase_add_test(t, test_longer_than_what_is_mapped_again);
	tcase_add_test(t, test_map_refuses);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
