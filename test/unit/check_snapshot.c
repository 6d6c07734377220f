/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot from an iterator's stream that is made up here, about processes that are not. */
#include "sensor/snapshot.h"
#include "sensor/snapshot_proc.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NSEC 1000000000ull

static struct wire_exec in, out;
static char exe[4096], argv0[4096];

/* Its start, in the middle of the tick that /proc names. */
static uint64_t start_of(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[32], text[1024] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert(fgets(text, sizeof(text), f) != NULL);
	fclose(f);
	ck_assert_int_eq(sscanf(strrchr(text, ')') + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
				" %*s %*s %llu", &ticks), 1);
	return ticks * (NSEC / (uint64_t)sysconf(_SC_CLK_TCK)) + 1234567;
}

/* A record of a process whose parent is as told. */
static void child_of(uint32_t pid, uint32_t parent, uint64_t start)
{
	memset(&in, 0, sizeof(in));
	in.hdr = (struct wire_hdr){.type = EVENT_EXEC, .call = CALL_EXECVE, .size = sizeof(in), .flags = WIRE_SNAPSHOT,
				   .tgid = pid, .tid = pid, .start = 77};
	in.ppid = parent;
	in.pstart = start;
	in.pexec_id = 42;
}

/* Takes `in`, and the record of pid, if there is one, as `out`. How many records there were. */
static unsigned int take(uint32_t pid, bool *found)
{
	int from = memfd_create("from", MFD_CLOEXEC), to = memfd_create("to", MFD_CLOEXEC);
	static char bytes[1 << 20];
	struct snapshot_stats stats = {};
	unsigned int count = 0;
	uint64_t len;
	ssize_t n;

	ck_assert_int_eq(write(from, &in, sizeof(in)), sizeof(in));
	ck_assert_int_eq(lseek(from, 0, SEEK_SET), 0);
	n = snapshot_take(from, to, &(struct snapshot_options){.env = true}, &stats);
	ck_assert_uint_eq(stats.given_up, 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(pread(to, bytes, sizeof(bytes), 0), n);
	*found = false;
	for (ssize_t at = 0; at < n; at += 8 + (ssize_t)((len + 7) & ~7ull), count++) {
		const char *rec = bytes + at + 8;

		memcpy(&len, bytes + at, 8);
		if (((const struct wire_hdr *)rec)->tgid != pid)
			continue;
		*found = true;
		memcpy(&out, rec, sizeof(out));
		snprintf(exe, sizeof(exe), "%.*s", out.exe.len, rec + out.exe.off);
		snprintf(argv0, sizeof(argv0), "%.*s", out.argv.len, rec + out.argv.off);
	}
	close(from);
	close(to);
	return count;
}

START_TEST(parent_left_out)
{
	char self[4096] = "", login[16] = "";
	uint64_t start = start_of(getpid());
	struct stat st;
	bool found;
	int fd;

	child_of(1u << 21, (uint32_t)getpid(), start);
	ck_assert_uint_eq(take((uint32_t)getpid(), &found), 2);
	ck_assert(found);
	ck_assert_uint_eq(out.hdr.flags, WIRE_SNAPSHOT | WIRE_FROM_PROC);
	ck_assert_uint_eq(out.hdr.start, start);
	ck_assert_uint_eq(out.hdr.exec_id, 42);
	ck_assert_uint_eq(out.hdr.uid, getuid());
	ck_assert_uint_eq(out.hdr.euid, geteuid());
	ck_assert_uint_eq(out.hdr.gid, getgid());
	ck_assert_uint_eq(out.hdr.egid, getegid());
	ck_assert_uint_eq(out.ppid, (uint32_t)getppid());
	ck_assert_uint_eq(out.pgid, (uint32_t)getpgrp());
	ck_assert_uint_eq(out.sid, (uint32_t)getsid(0));
	ck_assert_uint_eq(out.hdr.vpid, (uint32_t)getpid());
	ck_assert_uint_eq(out.vsid, (uint32_t)getsid(0));
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	ck_assert_str_eq(exe, self);
	ck_assert_int_eq(stat(self, &st), 0);
	ck_assert_uint_eq(out.ino, st.st_ino);
	ck_assert_uint_eq(out.mode, st.st_mode);
	ck_assert_int_eq(stat("/proc/self/ns/pid", &st), 0);
	ck_assert_uint_eq(out.hdr.pidns, st.st_ino);
	ck_assert_int_eq(stat("/proc/self/ns/mnt", &st), 0);
	ck_assert_uint_eq(out.hdr.mntns, st.st_ino);
	ck_assert_int_eq(stat("/proc/self/ns/net", &st), 0);
	ck_assert_uint_eq(out.hdr.netns, st.st_ino);
	ck_assert_int_eq(stat("/proc/self/ns/user", &st), 0);
	ck_assert_uint_eq(out.hdr.userns, st.st_ino);
	ck_assert_uint_gt(out.argc, 0);
	ck_assert_str_ne(argv0, "");
	ck_assert_uint_eq(out.env.len, 0);
	fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
	if (read(fd, login, sizeof(login) - 1) <= 0)
		strcpy(login, "4294967295");
	close(fd);
	ck_assert_uint_eq(out.loginuid, strtoul(login, NULL, 10));
}
END_TEST

/* Its pid is another's by now, or nobody's; or it has a record. */
START_TEST(parent_not_taken)
{
	bool found;

	child_of(1u << 21, (uint32_t)getpid(), start_of(getpid()) + NSEC);
	ck_assert_uint_eq(take((uint32_t)getpid(), &found), 1);
	child_of(1u << 21, (1u << 22) - 1, start_of(getpid()));
	ck_assert_uint_eq(take((1u << 22) - 1, &found), 1);
	child_of(1u << 21, UINT32_MAX, start_of(getpid()));
	ck_assert_uint_eq(take(UINT32_MAX, &found), 1);
	child_of((uint32_t)getpid(), (uint32_t)getpid(), start_of(getpid()));
	ck_assert_uint_eq(take((uint32_t)getpid(), &found), 1);
	ck_assert_uint_eq(out.hdr.flags, WIRE_SNAPSHOT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("snapshot");
	TCase *t = tcase_create("absent");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, parent_left_out);
	tcase_add_test(t, parent_not_taken);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
