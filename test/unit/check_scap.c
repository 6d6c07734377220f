/* SPDX-License-Identifier: Apache-2.0 */
/* Captures: cut and damaged everywhere, and the caps of what is kept of a host. Corpus: test/fuzz/corpus/scap. */
#include "event/scap.h"
#include "event/scap_addr.h"
#include "event/scap_event.h"
#include "event/scap_record.h"
#include "event/scap_state.h"
#include "util/limits.h"
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct outcome {
	int r;
	unsigned int events;
	struct scap_losses losses;
	char error[512];
};

static struct outcome read_bytes(const void *p, size_t n)
{
	struct outcome o = {};
	struct scap *s = NULL;
	int fd = memfd_create("scap", MFD_CLOEXEC);
	uint64_t num;
	json_t *e;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, p, n, 0), n);
	ck_assert_int_eq(scap_open(&s, fd, "x", o.error), 0);
	while ((o.r = scap_next(s, &e, &num)) > 0) {
		o.events++;
		json_decref(e);
	}
	snprintf(o.error, sizeof(o.error), "%s", scap_error(s));
	o.losses = scap_losses(s);
	scap_free(s);
	return o;
}

static size_t load(const char *name, unsigned char *p, size_t room)
{
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/fuzz/corpus/scap/%s", TEST_DIR, name);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	n = fread(p, 1, room, f);
	fclose(f);
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_lt(n, room);
	return n;
}

static unsigned char whole[64 << 10];

START_TEST(test_story)
{
	size_t n = load("story.scap", whole, sizeof(whole));
	struct outcome o = read_bytes(whole, n);

	ck_assert_int_eq(o.r, 0);
	ck_assert_uint_eq(o.events, 22);
	ck_assert_uint_eq(o.losses.blocks, 1);
	ck_assert_uint_eq(o.losses.events, 1);
	ck_assert_uint_eq(o.losses.threads, 0);
	ck_assert_uint_eq(o.losses.refused, 0);
}
END_TEST

/* Every length of the file: only at the end of a block is it whole. */
START_TEST(test_cut)
{
	static const char *const names[] = {"story.scap", "v1.scap", "story.scap.gz"};
	size_t n = load(names[_i], whole, sizeof(whole));
	unsigned int ends = 0;

	for (size_t i = 0; i < n; i++) {
		struct outcome o = read_bytes(whole, i);

		if (!o.r) {
			ends++;
			continue;
		}
		ck_assert_int_eq(o.r, -EBADMSG);
		ck_assert_msg(!strncmp(o.error, "x: byte ", 8), "%s", o.error);
	}
	if (_i == 2)
		ck_assert_uint_eq(ends, 0);	/* gzip has an end of its own */
	else
		ck_assert_uint_gt(ends, 20);
}
END_TEST

/* One byte wrong, anywhere: read or refused, with a place. */
START_TEST(test_damaged)
{
	static const char *const names[] = {"part4.scap", "v7.scap"};
	const size_t step = _i ? 5 : 1;
	size_t n = load(names[_i], whole, sizeof(whole));
	static const unsigned char masks[] = {0xff, 0x01};
	unsigned int refused = 0;

	for (size_t i = 0; i < n; i += step) {
		for (size_t k = 0; k < sizeof(masks); k++) {
			struct outcome o;

			whole[i] ^= masks[k];
			o = read_bytes(whole, n);
			whole[i] ^= masks[k];
			if (o.r) {
				ck_assert_msg(!strncmp(o.error, "x: byte ", 8), "%s", o.error);
				refused++;
			}
		}
	}
	ck_assert_uint_gt(refused, 100);
}
END_TEST

static struct scap_state state;

static void setup(void)
{
	scap_state_init(&state);
}

static void teardown(void)
{
	scap_state_clear(&state);
	ck_assert_uint_eq(state.nthreads, 0);
	ck_assert_uint_eq(state.nfds, 0);
	ck_assert_uint_eq(state.text_bytes, 0);
}

START_TEST(test_threads_cap)
{
	const unsigned int over = 100;

	for (int64_t tid = 1; tid <= SCAP_THREADS_MAX + over; tid++) {
		ck_assert_ptr_nonnull(scap_thread_get(&state, tid));
		scap_thread_touch(&state, scap_thread_get(&state, 1));	/* never the one that was silent for longest */
	}
	ck_assert_uint_eq(state.nthreads, SCAP_THREADS_MAX);
	ck_assert_uint_eq(state.evicted, over);
	ck_assert_ptr_nonnull(scap_thread_find(&state, 1));
	ck_assert_ptr_null(scap_thread_find(&state, 2));
	ck_assert_ptr_nonnull(scap_thread_find(&state, SCAP_THREADS_MAX + over));
}
END_TEST

START_TEST(test_fds_cap)
{
	struct scap_thread *t = scap_thread_get(&state, 1), *child = scap_thread_get(&state, 2);
	unsigned int over = 10;

	for (int64_t i = 0; i < SCAP_FDS_MAX + over; i++)
		scap_fd_add(&state, &t->fds, i);
	ck_assert_uint_eq(state.nfds, SCAP_FDS_MAX);
	ck_assert_uint_eq(state.refused, over);
	scap_fds_copy(&state, &child->fds, &t->fds);
	ck_assert_uint_eq(child->fds.n, 0);
	ck_assert_uint_eq(state.refused, SCAP_FDS_MAX + over);
	for (int64_t i = 0; i < SCAP_FDS_MAX; i += 2)
		scap_fd_remove(&state, &t->fds, i);
	for (int64_t i = 0; i < SCAP_FDS_MAX; i++)
		ck_assert_int_eq(scap_fd_find(&t->fds, i) != NULL, i % 2);
}
END_TEST

START_TEST(test_texts_cap)
{
	const size_t each = 1 << 20;
	char *text = calloc(1, each);
	struct scap_thread *t;

	for (int64_t tid = 1; state.evicted < 3; tid++) {
		scap_state_trim(&state);
		t = scap_thread_get(&state, tid);
		scap_text_set(&state, &t->args, str_n(text, each));
		ck_assert_uint_le(state.text_bytes, SCAP_TEXT_BYTES_MAX);
		ck_assert_int_lt(tid, 1000);
	}
	ck_assert_ptr_null(scap_thread_find(&state, 1));
	ck_assert_uint_eq(state.refused, 0);
	t = scap_thread_get(&state, 5000);
	for (unsigned int i = 0; i < 1000 && !state.refused; i++) {	/* nobody makes room within an event */
		struct scap_thread *more = scap_thread_get(&state, 6000 + i);

		scap_text_set(&state, &more->args, str_n(text, each));
		if (state.refused)
			ck_assert_ptr_null(more->args);
	}
	ck_assert_uint_eq(state.refused, 1);
	free(text);
}
END_TEST

START_TEST(test_shared_fd)
{
	struct scap_thread *parent = scap_thread_get(&state, 1), *child = scap_thread_get(&state, 2);
	struct scap_fd *fd = scap_fd_add(&state, &parent->fds, 3);

	fd->type = SCAP_FD_FILE;
	scap_text_set(&state, &fd->name, STR("/a"));
	scap_fds_copy(&state, &child->fds, &parent->fds);
	ck_assert_ptr_eq(scap_fd_find(&child->fds, 3), fd);
	fd = scap_fd_edit(&state, &child->fds, 3);	/* a change is the child's alone */
	scap_text_set(&state, &fd->name, STR("/b"));
	ck_assert_str_eq(scap_fd_find(&parent->fds, 3)->name->p, "/a");
	ck_assert_str_eq(scap_fd_find(&child->fds, 3)->name->p, "/b");
	scap_fd_remove(&state, &parent->fds, 3);
	ck_assert_ptr_null(scap_fd_find(&parent->fds, 3));
	ck_assert_ptr_null(scap_fd_edit(&state, &parent->fds, 3));
	ck_assert_str_eq(scap_fd_find(&child->fds, 3)->name->p, "/b");
}
END_TEST

START_TEST(test_paths)
{
	static const struct {
		const char *dir, *path, *want;
	} rows[] = {
		{"/srv/", "a", "/srv/a"}, {"/srv", "../etc/./passwd", "/etc/passwd"}, {"/srv/", "/x//y/", "/x/y"},
		{"/", "../..", "/"}, {"", "a", "a"}, {"", "/a/../b", "/b"}, {"/a/b/c", "../../d", "/a/d"}, {"/a", ".", "/a"},
	};
	struct buf b = {};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		scap_path_join(str(rows[i].dir), str(rows[i].path), &b);
		ck_assert_msg(str_eq(buf_view(&b), str(rows[i].want)), "%s + %s", rows[i].dir, rows[i].path);
	}
	buf_free(&b);
}
END_TEST

/* What the table says must hold for the code that reads by it. */
START_TEST(test_table)
{
	unsigned int events = 0;

	for (unsigned int i = 0; i < SCAP_TYPES; i++) {
		const struct scap_type *t = &scap_types[i];

		if (t->class == SCAP_UNKNOWN)
			continue;
		ck_assert_ptr_nonnull(t->params);
		ck_assert_uint_le(scap_nparams(t), SCAP_PARAMS_MAX);
		ck_assert_uint_lt(t->newest, SCAP_TYPES);
		ck_assert_msg(scap_types[t->newest].name != NULL, "%u", i);
		ck_assert_uint_eq(scap_types[t->newest].newest, t->newest);
		if (t->class == SCAP_ENTER)
			continue;
		events++;
		ck_assert_msg(scap_types[t->newest].category != NULL, "%u", i);
		for (unsigned int k = 0; t->params[k].name; k++) {
			if (t->params[k].kind == SCAP_AT)
				ck_assert_int_eq(scap_types[t->newest].params[t->params[k].aux].kind, SCAP_FD);
		}
	}
	ck_assert_uint_gt(events, 200);
	ck_assert_str_eq(scap_call_name(0, 10), "mprotect");
	ck_assert_str_eq(scap_call_name(0, 65535), "unknown");
	ck_assert_str_eq(scap_call_name(100000, 100000), "unknown");
}
END_TEST

START_TEST(test_addresses)
{
	static const uint8_t mapped[] = {10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1, 1, 0,
					 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2, 2, 0};
	struct scap_tuple t;
	struct buf b = {};

	ck_assert(scap_tuple_read(&t, str_n((const char *)mapped, sizeof(mapped))));
	ck_assert_int_eq(t.family, SCAP_AF_INET);	/* an IPv4 address in IPv6's clothes */
	scap_tuple_text(&t, &b);
	ck_assert_str_eq(b.p, "10.0.0.1:1->10.0.0.2:2");
	buf_free(&b);
	for (size_t n = 0; n < sizeof(mapped); n++)
		ck_assert(!scap_tuple_read(&t, str_n((const char *)mapped, n)));
	ck_assert(!scap_tuple_read(&t, STR("\x63zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")));
	ck_assert(!scap_address_read(&t, STR_NONE));
	ck_assert(scap_address_read(&t, STR("\1/run/x")));
	ck_assert_uint_eq(t.path.n, 6);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scap");
	TCase *files = tcase_create("files"), *kept = tcase_create("state"), *parts = tcase_create("parts");
	SRunner *r;
	int failed;

	tcase_set_timeout(files, 300);
	tcase_set_timeout(kept, 300);
	tcase_add_test(files, test_story);
	tcase_add_loop_test(files, test_cut, 0, 3);
	tcase_add_loop_test(files, test_damaged, 0, 2);
	tcase_add_checked_fixture(kept, setup, teardown);
	tcase_add_test(kept, test_threads_cap);
	tcase_add_test(kept, test_fds_cap);
	tcase_add_test(kept, test_texts_cap);
	tcase_add_test(kept, test_shared_fd);
	tcase_add_test(parts, test_paths);
	tcase_add_test(parts, test_table);
	tcase_add_test(parts, test_addresses);
	suite_add_tcase(s, files);
	suite_add_tcase(s, kept);
	suite_add_tcase(s, parts);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
