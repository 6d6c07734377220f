/* SPDX-License-Identifier: Apache-2.0 */
/* Executables of real processes, opened by the sensor's side and hashed by the agent's. The truth is sha256sum(1)'s. */
#include "enrich/hash.h"
#include "enrich/hash_cache.h"
#include "util/loop.h"
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static uv_loop_t loop;
static struct hashes *h;
static int pair[2];
static char dir[] = "/tmp/noroshi-hash.XXXXXX", path[64];

static struct { unsigned int n; uint64_t id; struct hash_answer a; } done;

static void on_done(void *ctx, uint64_t id, const struct hash_answer *a)
{
	(void)ctx;
	done.n++;
	done.id = id;
	done.a = *a;
}

static void begin(uint64_t max_bytes, bool sensor)
{
	memset(&done, 0, sizeof(done));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (sensor)
		ck_assert_int_eq(files_serve(pair[1]), 0);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	h = hashes_new(&loop, pair[0], max_bytes, on_done, NULL);
	ck_assert_ptr_nonnull(h);
}

static void end(void)
{
	hashes_stop(h);
	loop_end(&loop);
	h = hashes_free(h);
	shutdown(pair[0], SHUT_RDWR);	/* the threads end; what they have of pair[1] is theirs */
	close(pair[0]);
}

static void await_done(void)
{
	while (!done.n)
		uv_run(&loop, UV_RUN_ONCE);
}

static uint64_t boot_start(pid_t pid)
{
	unsigned long long ticks = 0;
	char name[32], text[1024] = "";
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	f = fopen(name, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	ck_assert_int_eq(sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
				&ticks), 1);
	return ticks * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK)) + 1;
}

static struct files_exe exe_of(pid_t pid, const char *file)
{
	struct stat st;

	ck_assert_int_eq(stat(file, &st), 0);
	return (struct files_exe){.pid = (uint32_t)pid, .start = boot_start(pid), .ino = st.st_ino, .dev = (uint32_t)st.st_dev,
				  .ctime = files_time(&st.st_ctim), .mtime = files_time(&st.st_mtim), .nlink = (uint32_t)st.st_nlink};
}

static void sum_of(const char *file, char hex[SHA256_HEX])
{
	char command[128];
	FILE *p;

	snprintf(command, sizeof(command), "sha256sum %s", file);
	p = popen(command, "re");
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(fread(hex, 1, 64, p), 64);
	hex[64] = '\0';
	pclose(p);
}

/* A copy of sleep(1) that runs until it is ended. */
static pid_t start(struct files_exe *exe)
{
	char command[128];
	pid_t pid;
	int ready[2];
	char c;

	snprintf(command, sizeof(command), "cp /bin/sleep %s", path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		execl(path, "sleep", "60", NULL);
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 0);	/* closed by the exec */
	close(ready[0]);
	*exe = exe_of(pid, path);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
}

START_TEST(as_sha256sum_and_then_from_the_cache)
{
	char truth[SHA256_HEX];
	struct hash_answer a;
	struct files_exe exe;
	pid_t pid = start(&exe);
	uint64_t id;

	begin(64 << 20, true);
	sum_of(path, truth);
	id = hashes_ask(h, &exe, &a);
	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(hashes_ask(h, &exe, &a), id);	/* not twice */
	await_done();
	ck_assert_uint_eq(done.n, 1);
	ck_assert_uint_eq(done.id, id);
	ck_assert_int_eq(done.a.why, HASH_KNOWN);
	ck_assert_str_eq(done.a.hex, truth);
	stop(pid);
	ck_assert_uint_eq(hashes_ask(h, &exe, &a), 0);	/* also without the process */
	ck_assert_str_eq(a.hex, truth);
	exe.ctime++;
	ck_assert_uint_ne(hashes_ask(h, &exe, &a), 0);	/* another change time is another file */
	end();
}
END_TEST

START_TEST(unlinked_and_replaced)
{
	char truth[SHA256_HEX], command[128];
	struct hash_answer a;
	struct files_exe exe;
	pid_t pid = start(&exe);

	begin(64 << 20, true);
	sum_of(path, truth);
	ck_assert_int_eq(unlink(path), 0);
	snprintf(command, sizeof(command), "cp /bin/ls %s", path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_ne(hashes_ask(h, &exe, &a), 0);
	await_done();
	ck_assert_int_eq(done.a.why, HASH_KNOWN);
	ck_assert_str_eq(done.a.hex, truth);
	stop(pid);
	end();
}
END_TEST

static const struct {
	const char *name;
	enum hash_why why;
} refusals[] = {
	{"the process is gone", HASH_GONE}, {"another process has its number", HASH_GONE}, {"it runs another file", HASH_OTHER},
	{"changed after the exec", HASH_CHANGED}, {"too large", HASH_LARGE}, {"as large as allowed", HASH_KNOWN},
};

START_TEST(refused_with_the_reason)
{
	struct hash_answer a;
	struct files_exe exe;
	struct stat st;
	pid_t pid = start(&exe);
	uint64_t max = 64 << 20;

	ck_assert_int_eq(stat(path, &st), 0);
	switch (_i) {
	case 0:
		stop(pid);
		break;
	case 1:
		exe.start += 1000000000ull;
		break;
	case 2:
		exe.ino++;
		break;
	case 3:
		ck_assert_int_eq(chmod(path, 0711), 0);
		break;
	case 4:
		max = (uint64_t)st.st_size - 1;
		break;
	default:
		max = (uint64_t)st.st_size;
	}
	begin(max, true);
	ck_assert_uint_ne(hashes_ask(h, &exe, &a), 0);
	await_done();
	ck_assert_msg(done.a.why == refusals[_i].why, "%s: %d", refusals[_i].name, done.a.why);
	if (_i)
		stop(pid);
	end();
}
END_TEST

static void send_file(struct files_answer *answer, int file)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = {answer, sizeof(*answer)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(file));
	memcpy(CMSG_DATA(c), &file, sizeof(file));
	ck_assert_int_gt(sendmsg(pair[1], &m, 0), 0);
}

/* The sensor has opened it and somebody changes it before it is read: the answer is written by hand. */
START_TEST(changed_between_open_and_read)
{
	struct files_answer answer = {.verdict = FILES_OPEN};
	struct files_request request;
	struct hash_answer a;
	struct files_exe exe;
	pid_t pid = start(&exe);
	int file = open(path, O_RDONLY | O_CLOEXEC);

	begin(64 << 20, false);
	ck_assert_uint_ne(hashes_ask(h, &exe, &a), 0);
	ck_assert_int_eq(recv(pair[1], &request, sizeof(request), 0), sizeof(request));
	ck_assert_uint_eq(request.exe.pid, (uint32_t)pid);
	ck_assert_int_eq(chmod(path, 0711), 0);
	answer.id = request.id;
	send_file(&answer, file);
	await_done();
	ck_assert_int_eq(done.a.why, HASH_CHANGING);
	close(file);
	close(pair[1]);
	stop(pid);
	end();
}
END_TEST

START_TEST(bounded_and_answered_at_the_stop)
{
	struct files_exe exe = {.pid = 1, .ino = 1, .dev = 1};
	struct hash_answer a;
	json_t *v;

	begin(64 << 20, false);
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++, exe.ino++)
		ck_assert_uint_ne(hashes_ask(h, &exe, &a), 0);
	ck_assert_uint_eq(hashes_ask(h, &exe, &a), 0);
	ck_assert_int_eq(a.why, HASH_BUSY);
	exe.ino = 0;
	ck_assert_uint_eq(hashes_ask(h, &exe, &a), 0);
	ck_assert_int_eq(a.why, HASH_UNKNOWN);
	hashes_stop(h);
	ck_assert_uint_eq(done.n, HASH_JOBS_MAX);
	ck_assert_int_eq(done.a.why, HASH_STOPPED);
	v = hashes_json(h);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(v, "refused"), "stopped")), HASH_JOBS_MAX);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(v, "refused"), "busy")), 1);
	json_decref(v);
	close(pair[1]);
	end();
}
END_TEST

/* More files than the cache holds: it forgets, and never tells one file's hash as another's. */
START_TEST(cache_is_bounded)
{
	struct files_exe exe = {.pid = 1, .dev = 7};
	char hex[SHA256_HEX], want[SHA256_HEX];
	struct hash_cache *c = calloc(1, sizeof(*c));
	unsigned int found = 0;

	ck_assert_ptr_nonnull(c);
	for (exe.ino = 1; exe.ino <= 4 * HASH_CACHE_MAX; exe.ino++) {
		snprintf(want, sizeof(want), "%064llx", (unsigned long long)exe.ino);
		hash_cache_put(c, &exe, want);
		ck_assert(hash_cache_find(c, &exe, hex));
	}
	for (exe.ino = 1; exe.ino <= 4 * HASH_CACHE_MAX; exe.ino++) {
		snprintf(want, sizeof(want), "%064llx", (unsigned long long)exe.ino);
		if (hash_cache_find(c, &exe, hex)) {
			found++;
			ck_assert_str_eq(hex, want);
		}
	}
	ck_assert_uint_le(found, HASH_CACHE_MAX);
	ck_assert_uint_gt(found, HASH_CACHE_MAX / 2);
	free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *t = tcase_create("hash");
	SRunner *runner;
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/program", dir);
	tcase_add_test(t, as_sha256sum_and_then_from_the_cache);
	tcase_add_test(t, unlinked_and_replaced);
	tcase_add_loop_test(t, refused_with_the_reason, 0, ARRAY_SIZE(refusals));
	tcase_add_test(t, changed_between_open_and_read);
	tcase_add_test(t, bounded_and_answered_at_the_stop);
	tcase_add_test(t, cache_is_bounded);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(dir);
	return failed != 0;
}
