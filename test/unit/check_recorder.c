/* SPDX-License-Identifier: Apache-2.0 */
/* What was recorded is what is replayed; what is damaged says where, and what stood before it still counts. */
#include "sensor/record.h"
#include "sensor/recording.h"
#include "sensor/source.h"
#include "wire.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define OFFSET 1234567890123456789ull

static char path[64];

static void setup(void)
{
	int fd;

	strcpy(path, "/tmp/noroshi-check-recorder-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void teardown(void)
{
	unlink(path);
}

/* Record i of a test file: its length and its bytes follow from i. */
static size_t make(uint8_t rec[WIRE_RECORD_MAX], unsigned int i)
{
	size_t n = 1 + (i * 7919u) % 500;

	if (i % 100 == 99)
		n = WIRE_RECORD_MAX - i % 9;
	for (size_t k = 0; k < n; k++)
		rec[k] = (uint8_t)(i + k * 31);
	return n;
}

static void record(unsigned int count)
{
	static uint8_t rec[WIRE_RECORD_MAX];
	struct recorder *r = NULL;

	ck_assert_int_eq(recorder_open(&r, path, OFFSET), 0);
	for (unsigned int i = 0; i < count; i++) {
		size_t n = make(rec, i);

		ck_assert_int_eq(recorder_add(r, rec, n), 0);
	}
	ck_assert_int_eq(recorder_close(r), 0);
}

/* Reads a file from memory. Returns what the last call returned, *seen says how many records came before. */
static int read_bytes(const void *p, size_t n, unsigned int *seen, char error[512])
{
	static uint8_t want[WIRE_RECORD_MAX];
	_cleanup_(recording_freep) struct recording *r = NULL;
	int fd = memfd_create("recording", MFD_CLOEXEC), err;
	const void *rec;
	size_t len;

	*seen = 0;
	error[0] = '\0';
	ck_assert_int_eq(pwrite(fd, p, n, 0), (ssize_t)n);
	err = recording_open(&r, fd, "x", error);
	if (err < 0)
		return err;
	ck_assert_uint_eq(recording_boot_offset(r), OFFSET);
	while ((err = recording_next(r, &rec, &len)) > 0) {
		ck_assert_uint_eq((uintptr_t)rec % 8, 0);
		ck_assert_uint_eq(len, make(want, *seen));
		ck_assert_mem_eq(rec, want, len);
		++*seen;
	}
	ck_assert_int_eq(recording_next(r, &rec, &len), err);	/* the end stays the end */
	if (err < 0)
		snprintf(error, 512, "%s", recording_error(r));
	return err;
}

static size_t slurp(uint8_t **ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*ret = malloc((size_t)st.st_size + 16);
	ck_assert_int_eq(read(fd, *ret, (size_t)st.st_size), st.st_size);
	close(fd);
	return (size_t)st.st_size;
}

START_TEST(test_round_trip)
{
	static const unsigned int counts[] = {0, 1, 2, 100, 5000};
	char error[512];
	unsigned int seen;
	uint8_t *p;

	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		struct stat st;
		size_t n;

		record(counts[i]);
		n = slurp(&p);
		ck_assert_msg(read_bytes(p, n, &seen, error) == 0, "%s", error);
		ck_assert_uint_eq(seen, counts[i]);
		free(p);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 0077, 0);
	}
}
END_TEST

START_TEST(test_cut_anywhere)
{
	char error[512], place[64];
	unsigned int seen;
	uint8_t *p;
	size_t n;

	record(6);
	n = slurp(&p);
	for (size_t cut = 0; cut < n; cut++) {
		ck_assert_int_lt(read_bytes(p, cut, &seen, error), 0);
		ck_assert_ptr_nonnull(strstr(error, "at byte "));
	}
	/* Everything but the end frame: all six are delivered, and the message names the place. */
	ck_assert_int_eq(read_bytes(p, n - 16, &seen, error), -EPIPE);
	ck_assert_uint_eq(seen, 6);
	snprintf(place, sizeof(place), "x: at byte %zu: ", n - 16);
	ck_assert_ptr_nonnull(strstr(error, place));
	free(p);
}
END_TEST

START_TEST(test_damage_anywhere)
{
	char error[512];
	unsigned int seen;
	uint8_t *p;
	size_t n;

	record(6);
	n = slurp(&p);
	for (size_t at = 0; at < n; at++) {
		int bit = 1 << at % 8, err;

		if (at >= 12 && at < 16)
			continue;	/* reserved: a later version may say something there */
		if (at >= 24 && at < 32)
			continue;	/* boot_offset: any value is a value */
		p[at] ^= (uint8_t)bit;
		err = read_bytes(p, n, &seen, error);
		p[at] ^= (uint8_t)bit;
		if (err == 0)	/* the zeros between a record and the next frame say nothing */
			ck_assert_uint_eq(seen, 6);
		else
			ck_assert_int_lt(err, 0);
		if (at < 24)
			ck_assert_int_lt(err, 0);
	}
	p[32 + 8] ^= 1;
	ck_assert_int_eq(read_bytes(p, n, &seen, error), -EBADMSG);
	ck_assert_str_eq(error, "x: at byte 32: record 1 is damaged");
	p[32 + 8] ^= 1;
	memset(p + n, 0, 16);
	ck_assert_int_eq(read_bytes(p, n + 1, &seen, error), -EBADMSG);
	ck_assert_uint_eq(seen, 6);
	free(p);
}
END_TEST

START_TEST(test_foreign)
{
	struct recording_header h = {RECORDING_MAGIC, RECORDING_VERSION, 0, 0, OFFSET};
	char error[512];
	unsigned int seen;

	ck_assert_int_eq(read_bytes("", 0, &seen, error), -EINVAL);
	ck_assert_str_eq(error, "x: at byte 0: this is no recording of noroshi");
	ck_assert_int_eq(read_bytes("{\"evt.type\":\"execve\"}\n", 22, &seen, error), -EINVAL);
	ck_assert_int_eq(read_bytes(&h, sizeof(h), &seen, error), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(error, "other events"));
	h.wire = recording_wire();
	h.version = 99;
	ck_assert_int_eq(read_bytes(&h, sizeof(h), &seen, error), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(error, "version 99"));
	h.version = __builtin_bswap32(RECORDING_VERSION);
	ck_assert_int_eq(read_bytes(&h, sizeof(h), &seen, error), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(error, "byte order"));
	h.version = RECORDING_VERSION;
	ck_assert_int_eq(read_bytes(&h, sizeof(h), &seen, error), -EPIPE);
}
END_TEST

START_TEST(test_recorder_refuses)
{
	struct recorder *r = NULL;
	uint8_t rec[8] = {1};

	ck_assert_int_eq(recorder_open(&r, "/nonexistent/x", 0), -ENOENT);
	ck_assert_ptr_null(r);
	ck_assert_int_eq(recorder_open(&r, path, 0), 0);
	ck_assert_int_eq(recorder_add(r, rec, 0), -EINVAL);
	ck_assert_int_eq(recorder_add(r, rec, WIRE_RECORD_MAX + 1), -EINVAL);
	ck_assert_int_eq(recorder_close(r), 0);
	ck_assert_int_eq(recorder_close(NULL), 0);
}
END_TEST

START_TEST(test_full_disk)
{
	static uint8_t rec[WIRE_RECORD_MAX];
	struct recorder *r = NULL;
	int err = 0;

	ck_assert_int_eq(recorder_open(&r, "/dev/full", 0), 0);
	for (unsigned int i = 0; i < 100 && !err; i++)
		err = recorder_add(r, rec, sizeof(rec));
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_int_eq(recorder_close(r), -ENOSPC);
}
END_TEST

/* The file as a source on a loop. */
struct got {
	struct source *s;
	unsigned int records, idle, ends, stop_at;
	int error;
	char why[512];
};

static void on_record(void *ctx, const void *rec, size_t n)
{
	static uint8_t want[WIRE_RECORD_MAX];
	struct got *g = ctx;

	ck_assert_uint_eq(n, make(want, g->records));
	ck_assert_mem_eq(rec, want, n);
	if (++g->records == g->stop_at)
		g->s->ops->stop(g->s);
}

static void on_idle(void *ctx)
{
	((struct got *)ctx)->idle++;
}

static void on_end(void *ctx, int error, const char *why)
{
	struct got *g = ctx;

	g->ends++;
	g->error = error;
	snprintf(g->why, sizeof(g->why), "%s", why ? why : "");
}

static void replay(struct got *g)
{
	struct source_handler h = {on_record, on_idle, on_end, g};
	char error[512] = "";
	uv_loop_t loop;

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_msg(source_file_new(&g->s, path, error) == 0, "%s", error);
	ck_assert_str_eq(g->s->ops->name, "file");
	ck_assert_uint_eq(g->s->ops->boot_offset(g->s), OFFSET);
	ck_assert_ptr_null(g->s->ops->coverage(g->s));
	ck_assert_int_eq(g->s->ops->start(g->s, &loop, &h), 0);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	g->s->ops->stop(g->s);
	g->s->ops->stop(g->s);
	ck_assert_ptr_null(g->s->ops->free(g->s));
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(test_source)
{
	struct got g = {};

	record(20000);
	replay(&g);
	ck_assert_uint_eq(g.records, 20000);
	ck_assert_uint_ge(g.idle, 1);
	ck_assert_uint_eq(g.ends, 1);
	ck_assert_int_eq(g.error, 0);
	ck_assert_str_eq(g.why, "");
}
END_TEST

START_TEST(test_source_stopped_by_its_handler)
{
	struct got g = {.stop_at = 17};

	record(100);
	replay(&g);
	ck_assert_uint_eq(g.records, 17);
	ck_assert_uint_eq(g.ends, 0);
}
END_TEST

START_TEST(test_source_cut)
{
	struct got g = {};
	struct stat st;

	record(50);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size - 20), 0);
	replay(&g);
	ck_assert_uint_eq(g.records, 49);
	ck_assert_uint_eq(g.ends, 1);
	ck_assert_int_eq(g.error, -EPIPE);
	ck_assert_ptr_nonnull(strstr(g.why, "cut within record 50"));
}
END_TEST

START_TEST(test_source_absent)
{
	struct source *s = NULL;
	char error[512] = "";

	ck_assert_int_eq(source_file_new(&s, "/nonexistent/x", error), -ENOENT);
	ck_assert_str_eq(error, "/nonexistent/x: No such file or directory");
	ck_assert_int_eq(source_file_new(&s, "/tmp", error), -EISDIR);
	ck_assert_ptr_null(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("recorder");
	TCase *t = tcase_create("recorder");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_round_trip);
	tcase_add_test(t, test_cut_anywhere);
	tcase_add_test(t, test_damage_anywhere);
	tcase_add_test(t, test_foreign);
	tcase_add_test(t, test_recorder_refuses);
	tcase_add_test(t, test_full_disk);
	tcase_add_test(t, test_source);
	tcase_add_test(t, test_source_stopped_by_its_handler);
	tcase_add_test(t, test_source_cut);
	tcase_add_test(t, test_source_absent);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
