/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer MODE DIR: a process of its own writes a program into DIR, in one of many ways, perhaps another one does
 * something else to the file afterwards, and a third executes it. Prints what is true of that exec. DIR: created by
 * the caller, empty.
 */
#include "truth.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char dir[PATH_MAX], target[4 * PATH_MAX];
static char self[PATH_MAX];

static unsigned long long boot_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec;
}

/* Until a change of a file gets another time than one before: the kernel's coarse clock has ticked. */
static void tick(void)
{
	struct timespec then, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &then);
	do {
		usleep(1000);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == then.tv_sec && now.tv_nsec == then.tv_nsec);
}

static int make(void)
{
	int fd = open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	must(fd >= 0, target);
	tick();		/* who made it is not the one to be found, but who filled it */
	return fd;
}

static off_t size_of(int fd)
{
	struct stat st;

	must(!fstat(fd, &st), "fstat");
	return st.st_size;
}

static void by_write(int from, int to)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		must(write(to, buf, (size_t)n) == n, "write");
}

static void by_sendfile(int from, int to)
{
	off_t left = size_of(from);

	while (left > 0) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		must(n > 0, "sendfile");
		left -= n;
	}
}

static void by_copy(int from, int to)
{
	off_t left = size_of(from);

	while (left > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);

		if (n < 0 && errno == EXDEV)
			exit(77);
		must(n > 0, "copy_file_range");
		left -= n;
	}
}

static void by_splice(int from, int to)
{
	int p[2];
	ssize_t n, m;

	must(!pipe(p), "pipe");
	while ((n = splice(from, NULL, p[1], NULL, 65536, 0)) > 0)
		for (; n > 0; n -= m)
			must((m = splice(p[0], NULL, to, NULL, (size_t)n, 0)) > 0, "splice");
	must(n == 0, "splice");
	close(p[0]);
	close(p[1]);
}

static void by_mmap(int from, int to)
{
	size_t n = (size_t)size_of(from);
	char *a, *b;

	must(!ftruncate(to, (off_t)n), "ftruncate");
	tick();
	a = mmap(NULL, n, PROT_READ, MAP_PRIVATE, from, 0);
	b = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	must(a != MAP_FAILED && b != MAP_FAILED, "mmap");
	memcpy(b, a, n);
	munmap(b, n);
}

/* The text of a script, of an interpreter that nobody wrote. */
static void by_script(int from __attribute__((unused)), int to)
{
	must(write(to, "#!/bin/true\n", 12) == 12, "write");
}

static void no_one(void) {}
static void later_chmod(void) { must(!chmod(target, 0711), "chmod"); }
static void later_stomp(void)
{
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	must(!utimensat(AT_FDCWD, target, old, 0), "utimensat");
}

static void later_read(void)
{
	char buf[64];
	int fd = open(target, O_RDONLY);

	must(fd >= 0 && read(fd, buf, sizeof(buf)) > 0, "read");
	close(fd);
}

static void later_move(void)
{
	char to[5 * PATH_MAX];

	snprintf(to, sizeof(to), "%s.moved", target);
	must(!rename(target, to) && !link(to, target), "rename");
}

#define FLOOD 12000	/* files: more than the memory holds */

/* In the control group that the caller names, or not at all. */
static void later_flood(void)
{
	const char *group = getenv("FLOOD_GROUP");
	char path[5 * PATH_MAX];
	FILE *f;

	if (!group)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	f = fopen(path, "we");
	must(f && fprintf(f, "0") > 0 && !fclose(f), path);
	for (int i = 0; i < FLOOD; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s.%d", target, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		must(fd >= 0 && write(fd, "x", 1) == 1 && !close(fd) && !unlink(path), path);
	}
}

static const struct {
	const char *name;
	void (*write)(int from, int to);
	void (*later)(void);
	int overlay;
} modes[] = {
	{"write", by_write, no_one, 0}, {"sendfile", by_sendfile, no_one, 0}, {"copy", by_copy, no_one, 0},
	{"splice", by_splice, no_one, 0}, {"mmap", by_mmap, no_one, 0}, {"overlay", by_write, no_one, 1},
	{"chmod", by_write, later_chmod, 0}, {"stomp", by_write, later_stomp, 0}, {"read", by_write, later_read, 0},
	{"move", by_write, later_move, 0}, {"script", by_script, no_one, 0}, {"flood", by_write, later_flood, 0},
};

/* An overlay over DIR that only this process and its children see. */
static void mount_overlay(void)
{
	char options[8 * PATH_MAX];

	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "unshare");
	must(!mount("none", dir, "tmpfs", 0, NULL), "tmpfs");
	snprintf(options, sizeof(options), "lowerdir=%s/l,upperdir=%s/u,workdir=%s/w", dir, dir, dir);
	for (const char *p = "luwm"; *p; p++) {
		char sub[2 * PATH_MAX];

		snprintf(sub, sizeof(sub), "%s/%c", dir, *p);
		must(!mkdir(sub, 0755), sub);
		if (*p == 'm') {
			if (mount("none", sub, "overlay", 0, options))
				exit(77);
			snprintf(target, sizeof(target), "%s/x", sub);
		}
	}
}

static pid_t run(void (*what)(int mode), int mode, const char *name)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_NAME, name);
		what(mode);
		exit(0);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		exit(77);
	must(WIFEXITED(status) && !WEXITSTATUS(status), name);
	return pid;
}

static unsigned long long *told;	/* the writer's start, and the bounds of its writing: shared memory */

static void writes(int mode)
{
	int from = open(self, O_RDONLY | O_CLOEXEC), to = make();

	told[0] = truth_stat("self", 22);
	told[1] = boot_now();
	modes[mode].write(from, to);
	must(!fsync(to), "fsync");
	told[2] = boot_now();
	close(to);
}

static void meddles(int mode)
{
	tick();
	modes[mode].later();
}

static void executes(int mode __attribute__((unused)))
{
	execl(target, target, (char *)NULL);
	must(0, target);
}

int main(int argc, char **argv)
{
	unsigned int m = 0;
	pid_t wrote, ran;

	if (argc < 2)
		return 0;	/* executed as what was written */
	if (argc == 2) {
		for (m = 0; m < sizeof(modes) / sizeof(*modes); m++)
			puts(modes[m].name);
		return 0;
	}
	must(!!realpath(argv[2], dir) && readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, argv[2]);
	while (m < sizeof(modes) / sizeof(*modes) && strcmp(modes[m].name, argv[1]))
		m++;
	must(m < sizeof(modes) / sizeof(*modes), argv[1]);
	told = mmap(NULL, 3 * sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(told != MAP_FAILED, "mmap");
	snprintf(target, sizeof(target), "%s/x", dir);
	if (modes[m].overlay)
		mount_overlay();
	wrote = run(writes, (int)m, "the-writer");
	run(meddles, (int)m, "the-meddler");
	ran = run(executes, (int)m, "the-runner");
	truth_begin("execve", ran, 0);
	truth_num("writer", wrote);
	truth_num("writer_start", (long long)told[0]);
	if (truth_cgroup())
		truth_num("writer_cgroup", (long long)truth_cgroup());
	truth_str("writer_comm", "the-writer");
	printf(",\"written\":[%llu,%llu]", told[1], told[2]);
	truth_str(modes[m].write == by_script ? "script" : "exe", target);
	truth_end();
	return 0;
}
