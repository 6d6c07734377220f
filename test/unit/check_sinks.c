/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks that write: standard output in all its kinds, and the file. */
#include "deliver/sink.h"
#include "finding/finding.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static uv_loop_t loop;
static struct sink *sink;
static char dir[] = "/tmp/check_sinks.XXXXXX", path[64], spec[80];
static char error[256];

static unsigned int answers;
static enum sink_result result;
static char why[256];

static void on_done(void *ctx, enum sink_result r, const char *text)
{
	ck_assert_ptr_eq(ctx, &answers);
	answers++;
	result = r;
	snprintf(why, sizeof(why), "%s", text);
}

static Noroshi__V1__Finding *finding(const char *output)
{
	Noroshi__V1__Finding *f = malloc(sizeof(*f));

	noroshi__v1__finding__init(f);
	f->time = strdup("2023-11-14T22:13:20.000000000Z");
	f->rule = strdup("A rule");
	f->severity = NOROSHI__V1__SEVERITY__SEVERITY_LOW;
	f->output = strdup(output);
	return f;
}

static Noroshi__V1__Finding *some[300];

static void send_n(size_t n)
{
	struct batch b = {.v = some, .n = n, .id = 1};

	answers = 0;
	sink->ops->send(sink, &b, on_done, &answers);
}

static void wait_answer(void)
{
	while (!answers)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(answers, 1);
}

static void open_sink(const char *of, struct sink_options o)
{
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_msg(sink_open(&sink, of, o, &loop, error) == 0, "%s", error);
}

static void close_sink(void)
{
	sink->ops->close(sink);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* The file's text; the caller's until the next call. */
static const char *text_of(const char *name)
{
	static char text[1 << 20];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	ck_assert_int_ge(n, 0);
	text[n] = 0;
	close(fd);
	return text;
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void check_json_lines(const char *text, unsigned int n)
{
	ck_assert_uint_eq(lines(text), n);
	for (; *text; text = strchr(text, '\n') + 1) {
		json_t *j = json_loadb(text, (size_t)(strchr(text, '\n') - text), 0, NULL);

		ck_assert_ptr_nonnull(j);
		ck_assert_str_eq(json_string_value(json_object_get(j, "rule")), "A rule");
		json_decref(j);
	}
}

START_TEST(specs)
{
	static const char *const bad[][2] = {
		{"stdot", "did you mean \"stdout\"?"}, {"flie:/x", "did you mean \"file\"?"}, {"", "there is no sink"},
		{"file", "needs a path"}, {"file:", "needs a path"}, {"stdout:x", "nothing behind it"},
		{"file:/no/such/folder/x", "No such file"}, {":", "there is no sink"},
	};

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		sink = NULL;
		ck_assert_int_lt(sink_open(&sink, bad[i][0], (struct sink_options){}, &loop, error), 0);
		ck_assert_ptr_null(sink);
		ck_assert_msg(strstr(error, bad[i][1]) != NULL, "%s: %s", bad[i][0], error);
	}
	ck_assert_int_lt(sink_open(&sink, "stdout", (struct sink_options){.format = "xml"}, &loop, error), 0);
	ck_assert_ptr_nonnull(strstr(error, "xml"));
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

START_TEST(a_file_gets_lines)
{
	struct sink_stats st;
	struct stat meta;

	open_sink(spec, (struct sink_options){});
	ck_assert_str_eq(sink->target, path);
	send_n(3);
	wait_answer();
	ck_assert_int_eq(result, SINK_DELIVERED);
	send_n(2);
	wait_answer();
	check_json_lines(text_of(path), 5);
	ck_assert_int_eq(stat(path, &meta), 0);
	ck_assert_uint_eq(meta.st_mode & 07777, 0600);
	sink->ops->stats(sink, &st);
	ck_assert_uint_eq(st.findings, 5);
	ck_assert_uint_eq(st.batches, 2);
	ck_assert_uint_eq(st.bytes, (uint64_t)meta.st_size);
	ck_assert_uint_gt(st.last_success, 0);
	ck_assert_str_eq(st.last_error, "");
	close_sink();
	unlink(path);
}
END_TEST

START_TEST(a_file_that_was_moved_is_begun_anew)
{
	char moved[80];

	snprintf(moved, sizeof(moved), "%s.1", path);
	open_sink(spec, (struct sink_options){});
	send_n(1);
	wait_answer();
	ck_assert_int_eq(rename(path, moved), 0);
	send_n(2);
	wait_answer();
	check_json_lines(text_of(moved), 1);
	check_json_lines(text_of(path), 2);
	unlink(path);
	send_n(3);
	wait_answer();
	check_json_lines(text_of(path), 3);
	close_sink();
	unlink(path);
	unlink(moved);
}
END_TEST

/* A disk that is full in the middle of a batch: RLIMIT_FSIZE does it for one process. */
START_TEST(a_torn_batch_is_undone_and_written_again)
{
	struct rlimit full = {2500, RLIM_INFINITY}, room = {RLIM_INFINITY, RLIM_INFINITY};
	struct sink_stats st;

	signal(SIGXFSZ, SIG_IGN);
	open_sink(spec, (struct sink_options){.backoff_min_ms = 1, .backoff_max_ms = 1});
	send_n(2);
	wait_answer();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	send_n(300);
	wait_answer();
	ck_assert_int_eq(result, SINK_RETRY);
	ck_assert_ptr_nonnull(strstr(why, "File too large"));
	sink->ops->stats(sink, &st);
	ck_assert_ptr_nonnull(strstr(st.last_error, path));
	ck_assert_uint_eq(st.retries, 1);
	check_json_lines(text_of(path), 2);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &room), 0);
	send_n(300);
	wait_answer();
	ck_assert_int_eq(result, SINK_DELIVERED);
	check_json_lines(text_of(path), 302);
	close_sink();
	unlink(path);
}
END_TEST

START_TEST(a_failing_file_waits_and_can_be_hurried)
{
	open_sink(spec, (struct sink_options){.backoff_min_ms = 3600000, .backoff_max_ms = 3600000});
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);	/* cannot be written, whoever we are */
	send_n(1);
	uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(answers, 0);
	sink->ops->hurry(sink);
	wait_answer();
	ck_assert_int_eq(result, SINK_RETRY);
	ck_assert_int_eq(rmdir(path), 0);
	send_n(1);
	wait_answer();
	ck_assert_int_eq(result, SINK_DELIVERED);
	close_sink();
	unlink(path);
}
END_TEST

START_TEST(closing_abandons_what_is_under_way)
{
	open_sink(spec, (struct sink_options){});
	send_n(300);
	close_sink();
	ck_assert_uint_eq(answers, 0);
	unlink(path);
}
END_TEST

static int saved;

/* Standard output becomes fd; check's own output comes after restore(). */
static void become_stdout(int fd)
{
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
}

static void restore(void)
{
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

START_TEST(stdout_to_a_file)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	become_stdout(fd);
	open_sink("stdout", (struct sink_options){});
	send_n(2);
	restore();
	ck_assert_uint_eq(answers, 1);
	ck_assert_int_eq(result, SINK_DELIVERED);
	ck_assert_uint_eq(lines(text_of(path)), 2);
	ck_assert(str_starts(str(text_of(path)), STR("2023-11-14T22:13:20Z LOW      A rule: output")));
	close_sink();
	become_stdout(fd);
	open_sink("stdout", (struct sink_options){.json = true});
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
	send_n(4);
	restore();
	check_json_lines(text_of(path), 4);
	close_sink();
	close(fd);
	unlink(path);
}
END_TEST

/* More than the pipe holds: the batch is done only once somebody has read, and the shared descriptor still blocks. */
static void slow_reader(int in, int fd, int room)
{
	static char text[1 << 21];
	size_t n = 0;
	ssize_t r;

	become_stdout(fd);
	open_sink("stdout", (struct sink_options){.json = true});
	send_n(300);
	uv_run(&loop, UV_RUN_NOWAIT);
	restore();
	ck_assert_uint_eq(answers, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	while (!answers) {
		r = recv(in, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);
		if (r < 0 && errno == ENOTSOCK)
			r = read(in, text + n, (size_t)room);
		n += r > 0 ? (size_t)r : 0;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_int_eq(result, SINK_DELIVERED);
	close_sink();
	close(fd);
	while ((r = read(in, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = 0;
	check_json_lines(text, 300);
	close(in);
}

START_TEST(stdout_to_a_slow_pipe)
{
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(p[1], F_SETPIPE_SZ, 4096), 4096);
	slow_reader(p[0], p[1], 1000);
}
END_TEST

START_TEST(stdout_to_a_slow_socket)
{
	int p[2], small = 4096;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	ck_assert_int_eq(setsockopt(p[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	slow_reader(p[0], p[1], 1000);
}
END_TEST

START_TEST(stdout_whose_reader_is_gone)
{
	struct sink_stats st;
	int p[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	become_stdout(p[1]);
	open_sink("stdout", (struct sink_options){});
	close(p[0]);
	send_n(1);
	restore();
	ck_assert_uint_eq(answers, 1);
	ck_assert_int_eq(result, SINK_REFUSED);
	sink->ops->stats(sink, &st);
	ck_assert_ptr_nonnull(strstr(st.last_error, "Broken pipe"));
	close_sink();
	close(p[1]);
}
END_TEST

#define POOL 4	/* threads of libuv's */

static uv_sem_t hold;

static void occupy(uv_work_t *w)
{
	(void)w;
	uv_sem_wait(&hold);
}

static void on_occupied(uv_work_t *w, int status)
{
	(void)w;
	(void)status;
}

static void on_tick(uv_timer_t *t)
{
	if (++*(unsigned int *)t->data == 20)
		uv_timer_stop(t);
}

/* A disk that does not answer: here the other threads are busy, which must not keep the loop. Nothing is opened on it. */
START_TEST(a_file_that_does_not_answer)
{
	uv_work_t works[POOL];
	unsigned int ticks = 0;
	uv_timer_t timer;

	open_sink(spec, (struct sink_options){});
	unlink(path);	/* moved away: the next batch has to open it again */
	uv_sem_init(&hold, 0);
	for (unsigned int i = 0; i < POOL; i++)
		uv_queue_work(&loop, &works[i], occupy, on_occupied);
	uv_timer_init(&loop, &timer);
	timer.data = &ticks;
	uv_timer_start(&timer, on_tick, 1, 1);
	send_n(3);
	while (ticks < 20)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(answers, 0);
	ck_assert_int_lt(access(path, F_OK), 0);
	for (unsigned int i = 0; i < POOL; i++)
		uv_sem_post(&hold);
	wait_answer();
	ck_assert_int_eq(result, SINK_DELIVERED);
	check_json_lines(text_of(path), 3);
	uv_close((uv_handle_t *)&timer, NULL);
	close_sink();
	uv_sem_destroy(&hold);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sinks");
	TCase *t = tcase_create("sinks");
	SRunner *sr;
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/out", dir);
	setenv("UV_THREADPOOL_SIZE", "4", 1);	/* POOL */
	snprintf(spec, sizeof(spec), "file:%s", path);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		some[i] = finding("output of a length that fills pipes: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 0);
	tcase_add_test(t, specs);
	tcase_add_test(t, a_file_gets_lines);
	tcase_add_test(t, a_file_that_was_moved_is_begun_anew);
	tcase_add_test(t, a_torn_batch_is_undone_and_written_again);
	tcase_add_test(t, a_failing_file_waits_and_can_be_hurried);
	tcase_add_test(t, closing_abandons_what_is_under_way);
	tcase_add_test(t, a_file_that_does_not_answer);
	tcase_add_test(t, stdout_to_a_file);
	tcase_add_test(t, stdout_to_a_slow_pipe);
	tcase_add_test(t, stdout_to_a_slow_socket);
	tcase_add_test(t, stdout_whose_reader_is_gone);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		finding_free(some[i]);
	rmdir(dir);
	return failed;
}
