/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load
 *
 *   load opens RATE SECONDS FILE   opens and closes FILE, RATE times a second
 *   load execs COUNT FOLDER...     /bin/true, COUNT times, each with arguments of its own; in turn in the control
 *                                  groups FOLDER
 *
 *   load names COUNT               renames a file of its own in the working directory
 *
 * Prints how many it did and in how many seconds; names: seconds by the clock, of its own, of the kernel, and ns each, as the
 * programs that ../shared/bench/abab.py runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICES 1000u	/* a second: opens come in as many bursts */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int opens(unsigned long rate, unsigned long seconds, const char *file)
{
	unsigned long all = rate * seconds, done = 0;
	double start = now(), spent;

	while (done < all) {
		unsigned long due = (unsigned long)((now() - start) * (double)rate) + rate / SLICES + 1;

		for (; done < due && done < all; done++) {
			int fd = open(file, O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				return perror(file), 1;
			close(fd);
		}
		if (done < all)
			usleep(1000000 / SLICES);
	}
	spent = now() - start;
	return printf("%lu %.3f\n", done, spent) < 0;
}

static int enter(const char *group)
{
	char path[4096];
	int fd, r;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 || write(fd, "0", 1) != 1 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return r;
}

static int execs(unsigned long count, char **groups, int ngroups)
{
	double start = now();

	for (unsigned long i = 0; i < count; i++) {
		char number[32], path[128];
		char *argv[] = {"true", "--request", number, path, NULL};
		int status = 0;
		pid_t pid;

		/* A few in a row in each group: entering one costs more than the exec. */
		if (ngroups && i % 16 == 0 && enter(groups[i / 16 % (unsigned int)ngroups]) < 0)
			return perror(groups[i / 16 % (unsigned int)ngroups]), 1;
		snprintf(number, sizeof(number), "%lu", i);
		snprintf(path, sizeof(path), "/srv/www/site-%lu/assets/input-%lu.json", i % 97, i);
		pid = vfork();
		if (!pid) {
			execv("/bin/true", argv);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
			return perror("exec"), 1;
	}
	return printf("%lu %.3f\n", count, now() - start) < 0;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int names(unsigned long count)
{
	static const char *const name[] = {"name-one", "name-two"};
	double start = now(), spent;
	struct rusage used;
	int fd = open(name[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return perror(name[0]), 1;
	close(fd);
	for (unsigned long i = 0; i < count; i++)
		if (rename(name[i % 2], name[(i + 1) % 2]) < 0)
			return perror("rename"), 1;
	spent = now() - start;
	unlink(name[count % 2]);
	getrusage(RUSAGE_SELF, &used);
	return printf("%.6f %.6f %.6f %.1f\n", spent, seconds(used.ru_utime), seconds(used.ru_stime), spent / (double)count * 1e9) < 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "opens"))
		return opens(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0), argv[4]);
	if (argc >= 3 && !strcmp(argv[1], "execs"))
		return execs(strtoul(argv[2], NULL, 0), argv + 3, argc - 3);
	if (argc == 3 && !strcmp(argv[1], "names"))
		return names(strtoul(argv[2], NULL, 0));
	fprintf(stderr, "usage: load opens RATE SECONDS FILE | load execs COUNT FOLDER... | load names COUNT\n");
	return 2;
}
