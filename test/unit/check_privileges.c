/* SPDX-License-Identifier: Apache-2.0 */
/* After the drop nothing comes back, and files that are ours can still be written. Each case in a child of its own. */
#include "sensor/confine.h"
#include "sensor/privileges.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];

/* The value of one line of /proc/self/status. */
static unsigned long long status(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long v = ~0ull;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ":%llx", &v);
	}
	if (f)
		fclose(f);
	return v;
}

static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int how = -1;

	if (!pid)
		_exit(fn());
	waitpid(pid, &how, 0);
	return WIFEXITED(how) ? WEXITSTATUS(how) : 255;
}

static int sets_are_empty(void)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};
	char error[512] = "";

	if (sensor_drop_privileges(error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	for (unsigned int i = 0; i < 4; i++) {
		if (status(sets[i]))
			return 2;
	}
	if (status("NoNewPrivs") != 1)
		return 3;
	return geteuid() == 0 && status("CapBnd") ? 4 : 0;
}

static int no_way_back(void)
{
	char error[512];

	if (sensor_drop_privileges(error) < 0)
		return 1;
	if (sensor_drop_privileges(error) < 0)
		return 2;	/* twice is harmless */
	if (geteuid() == 0 && mount("none", "/tmp", "tmpfs", 0, NULL) == 0)
		return 3;
	if (geteuid() == 0 && prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == 0)
		return 4;
	/* An exec by root would give root's capabilities back, were it not for the locked bits. */
	execl("/bin/sh", "sh", "-c", "grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status", NULL);
	return 5;
}

static int own_files_stay(void)
{
	char error[512];
	int fd;

	if (sensor_drop_privileges(error) < 0)
		return 1;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : 2;
}

static char readable[64], writable[64];	/* folders */

static bool refused(int fd)
{
	int e = errno;

	if (fd >= 0)
		close(fd);
	return fd < 0 && (e == EACCES || e == EPERM);
}

/* What an agent that somebody has taken over would try. */
static int confined(void)
{
	const struct confine_path v[] = {{.path = readable}, {.path = writable, .write = true}, {.path = "/nosuch/path", .write = true}};
	struct sockaddr_in any = {.sin_family = AF_INET};
	char error[512], file[128];
	int version, fd;

	if (sensor_drop_privileges(error) < 0)
		return 1;
	version = sensor_confine(v, 3, false, error);
	if (version < 0)
		return 77;
	if (!refused(open("/etc/noroshi-check-privileges", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) ||
	    !refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) || !refused(mkdir("/tmp/noroshi-check-made", 0700)) ||
	    !refused(unlink(path)))
		return 2;
	snprintf(file, sizeof(file), "%s/there", readable);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !refused(open(file, O_WRONLY | O_CLOEXEC)) || !refused(unlink(file)))
		return 3;
	snprintf(file, sizeof(file), "%s/new", writable);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) < 0 || unlink(file) < 0)
		return 4;
	if (version >= 4 && !refused(bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&any, sizeof(any))))
		return 5;
	execl("/bin/true", "true", NULL);
	return errno == EACCES ? 0 : 6;
}

START_TEST(test_confined)
{
	char file[128];
	int fd, r;

	strcpy(path, "/tmp/noroshi-check-privileges-XXXXXX");
	strcpy(readable, "/tmp/noroshi-check-privileges-XXXXXX");
	strcpy(writable, "/tmp/noroshi-check-privileges-XXXXXX");
	close(mkstemp(path));
	ck_assert(mkdtemp(readable) && mkdtemp(writable));
	snprintf(file, sizeof(file), "%s/there", readable);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	r = in_child(confined);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(rmdir(readable), 0);
	ck_assert_int_eq(rmdir(writable), 0);
	ck_assert_int_eq(unlink(path), 0);
	if (r == 77)
		printf("not tried: this kernel has no Landlock\n");
	else
		ck_assert_int_eq(r, 0);
}
END_TEST

START_TEST(test_sets_are_empty)
{
	ck_assert_int_eq(in_child(sets_are_empty), 0);
}
END_TEST

START_TEST(test_no_way_back)
{
	ck_assert_int_eq(in_child(no_way_back), 0);
}
END_TEST

START_TEST(test_own_files_stay)
{
	int fd;

	strcpy(path, "/tmp/noroshi-check-privileges-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(in_child(own_files_stay), 0);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("privileges");
	TCase *t = tcase_create("privileges");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, test_sets_are_empty);
	tcase_add_test(t, test_no_way_back);
	tcase_add_test(t, test_own_files_stay);
	tcase_add_test(t, test_confined);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
