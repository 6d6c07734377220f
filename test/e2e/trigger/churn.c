/* SPDX-License-Identifier: Apache-2.0 */
/*
 * churn CONTAINERS PROCESSES GROUPS FOLDER: short containers, each of short processes.
 *
 * A container is a control group below GROUPS that a task's or docker's container has the path of, and a first program
 * (churn first FOLDER CONTAINER PROCESSES). Its processes come one after the other and each does one thing, from which
 * one reads who it was: it opens FOLDER/CONTAINER.N.PID.PARENT for writing, N its number. Those of an even number run a
 * program of their own first (churn work FOLDER CONTAINER N), the others are as they were forked. Then everything is
 * gone: the processes reaped, the group removed, and the numbers of the processes are given anew.
 *
 * Some containers live at the same time. Prints how many of them and of their processes there were.
 */
#include "truth.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define AT_ONCE 4u		/* containers alive */
#define PIDS_AGAIN 64u		/* containers after which process numbers start over where they began */
#define LAST_PID "/proc/sys/kernel/ns_last_pid"

/* The error, negative; no message, the caller knows whether it matters. */
static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static void last_pid(char *to, size_t size)
{
	int fd = open(LAST_PID, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);

	to[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void work(const char *folder, const char *container, const char *n)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.%s.%d.%d", folder, container, n, getpid(), getppid());
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0, path);
	close(fd);
	unlink(path);
}

static void reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && !status, "a process that ends well");
}

static int first(const char *self, const char *folder, const char *container, unsigned int processes)
{
	for (unsigned int i = 0; i < processes; i++) {
		char n[16];
		pid_t pid;

		snprintf(n, sizeof(n), "%u", i);
		pid = fork();
		must(pid >= 0, "fork");
		if (!pid) {
			if (i % 2 == 0) {
				execl(self, "churn", "work", folder, container, n, NULL);
				_exit(127);
			}
			work(folder, container, n);
			_exit(0);
		}
		reap(pid);
	}
	return 0;
}

/* Every second one of docker, the others of a task. */
static void name(unsigned int i, char id[65], char path[4096], const char *groups)
{
	snprintf(id, 65, "c4%06x%056x", i, (unsigned int)getpid());
	snprintf(path, 4096, "%s/%s/%s", groups, i % 2 ? "docker" : "ecs/0123456789abcdef0123456789abcdef", id);
}

/* A thread that moves itself (version 1 only) waits for no other, a process for all processors: a tenth of a second. */
static void join(const char *group)
{
	char file[4096 + 16];

	snprintf(file, sizeof(file), "%s/tasks", group);
	if (!put(file, "0"))
		return;
	snprintf(file, sizeof(file), "%s/cgroup.procs", group);
	must(!put(file, "0"), file);
}

static pid_t start(const char *self, const char *groups, const char *folder, unsigned int i, const char *processes)
{
	char id[65], path[4096];
	pid_t pid;

	name(i, id, path, groups);
	must(!mkdir(path, 0755), path);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		join(path);
		execl(self, "churn", "first", folder, id, processes, NULL);
		_exit(127);
	}
	return pid;
}

static void finish(const char *groups, unsigned int i, pid_t pid)
{
	char id[65], path[4096];

	reap(pid);
	name(i, id, path, groups);
	for (int tries = 0; rmdir(path); tries++) {	/* busy until the last of its dead is off */
		must(errno == EBUSY && tries < 10000, path);
		usleep(1000);
	}
}

static int all(const char *self, char **argv)
{
	unsigned int containers = (unsigned int)atoi(argv[1]), processes = (unsigned int)atoi(argv[2]);
	pid_t alive[AT_ONCE];
	char began[32];

	last_pid(began, sizeof(began));
	for (unsigned int i = 0; i < containers + AT_ONCE; i++) {
		if (i >= AT_ONCE && i - AT_ONCE < containers)
			finish(argv[3], i - AT_ONCE, alive[i % AT_ONCE]);
		if (i % PIDS_AGAIN == 0)
			put(LAST_PID, began);
		if (i < containers)
			alive[i % AT_ONCE] = start(self, argv[3], argv[4], i, argv[2]);
	}
	printf("{\"containers\":%u,\"processes\":%u}\n", containers, containers * processes);
	return 0;
}

int main(int argc, char **argv)
{
	static char self[4096];

	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "/proc/self/exe");
	if (argc == 5 && !strcmp(argv[1], "work"))
		return work(argv[2], argv[3], argv[4]), 0;
	if (argc == 5 && !strcmp(argv[1], "first"))
		return first(self, argv[2], argv[3], (unsigned int)atoi(argv[4]));
	if (argc == 5)
		return all(self, argv);
	fprintf(stderr, "usage: churn CONTAINERS PROCESSES GROUPS FOLDER\n");
	return 2;
}
