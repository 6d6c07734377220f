/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec MODE DIR: starts itself in one of many ways from DIR (created by the
 * caller, empty) and lets the new image say what is true of it, or forks and
 * exits. What an image cannot find out itself it is told in TRUTH_*.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char dir[PATH_MAX];	/* absolute, without symbolic links */
static char prog[PATH_MAX + 8];	/* a copy of this program in it */

static const char *in_dir(const char *name)
{
	static char buf[8][PATH_MAX + 256];
	static int next;
	char *p = buf[next++ % 8];

	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

static void copy(const char *to)
{
	static char buf[1 << 16];
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t n;

	must(in >= 0 && out >= 0, "copy");
	while ((n = read(in, buf, sizeof(buf))) > 0)
		must(write(out, buf, (size_t)n) == n, "copy");
	close(in);
	close(out);
}

/* Process id in the initial namespace, as the host's /proc has it. */
static int self(void)
{
	char text[32] = "";

	must(readlink("/proc/self", text, sizeof(text) - 1) > 0, "/proc/self");
	return atoi(text);
}

static unsigned long long status_hex(const char *key)
{
	char line[256];
	unsigned long long v = 0;
	FILE *f = fopen("/proc/self/status", "re");

	must(!!f, "/proc/self/status");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			v = strtoull(line + strlen(key) + 1, NULL, 16);
	fclose(f);
	return v;
}

static void truth_ns(const char *field, const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		truth_num(field, (long long)st.st_ino);
}

/* The new image: everything it can know of itself. */
static int child(void)
{
	static char args[1 << 16];
	const char *call = getenv("TRUTH_CALL"), *filename = getenv("TRUTH_FILENAME"), *exe = getenv("TRUTH_EXE");
	char cwd[PATH_MAX], name[32] = "";
	struct stat st;
	ssize_t n, i, argc = 0;
	int fd;

	truth_begin(call ? call : "execve", self(), 0);
	if (filename)
		truth_str("filename", filename);
	if (exe)
		truth_str("exe", exe);
	fd = open("/proc/self/cmdline", O_RDONLY);
	n = read(fd, args, sizeof(args));
	must(n > 0, "cmdline");
	for (i = 0; i < n; i++)
		argc += !args[i];
	truth_num("argc", argc);
	if (n <= 8192)
		truth_bytes("argv", args, (size_t)n);
	close(fd);
	fd = open("/proc/self/comm", O_RDONLY);
	n = read(fd, name, sizeof(name));
	truth_bytes("comm", name, n > 0 ? (size_t)n - 1 : 0);
	must(!!getcwd(cwd, sizeof(cwd)), "getcwd");
	truth_str("cwd", cwd);
	must(!stat("/proc/self/exe", &st), "stat");
	truth_inode(&st);
	truth_num("mode", st.st_mode);
	truth_num("nlink", (long long)st.st_nlink);
	truth_num("mtime", st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
	truth_num("ctime", st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec);
	truth_num("uid", getuid());
	truth_num("euid", geteuid());
	truth_num("gid", getgid());
	truth_num("egid", getegid());
	truth_num("vpid", getpid());
	truth_num("vpgid", getpgid(0));
	truth_num("vsid", getsid(0));
	truth_num("cap_inheritable", (long long)status_hex("CapInh:"));
	truth_num("cap_permitted", (long long)status_hex("CapPrm:"));
	truth_num("cap_effective", (long long)status_hex("CapEff:"));
	truth_ns("mntns", "/proc/self/ns/mnt");
	truth_ns("pidns", "/proc/self/ns/pid");
	if (getenv("TRUTH_PPID"))
		truth_num("ppid", atoi(getenv("TRUTH_PPID")));
	if (getenv("TRUTH_STDIN_TYPE"))
		truth_num("stdin_type", atoi(getenv("TRUTH_STDIN_TYPE")));
	if (getenv("TRUTH_STD_PEER_PORT"))
		truth_num("std_peer_port", atoi(getenv("TRUTH_STD_PEER_PORT")));
	truth_end();
	return 0;
}

static void tell(const char *call, const char *filename, const char *exe)
{
	setenv("TRUTH_CALL", call, 1);
	setenv("TRUTH_FILENAME", filename, 1);
	setenv("TRUTH_EXE", exe, 1);
}

static char *const child_argv[] = { (char *)"prog", (char *)"--child", (char *)"a b", (char *)"", (char *)"\"q\"", NULL };
extern char **environ;

/* execve() of a path whose executable has the true name exe, in a child process. */
static void run(const char *filename, const char *exe)
{
	char ppid[16];
	int status;
	pid_t pid;

	snprintf(ppid, sizeof(ppid), "%d", self());
	setenv("TRUTH_PPID", ppid, 1);
	pid = fork();
	if (!pid) {
		tell("execve", filename, exe);
		execve(filename, child_argv, environ);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "run");
}

/* execveat() in place of this image. */
static void run_at(int fd, const char *path, int flags, const char *filename, const char *exe)
{
	tell("execveat", filename, exe);
	syscall(SYS_execveat, fd, path, child_argv, environ, flags);
	must(0, "execveat");
}

static void plain(void) { run(prog, prog); }

static void by_symlink(void)
{
	must(!symlink("prog", in_dir("ln")), "symlink");
	run(in_dir("ln"), prog);
}

static void dotdot(void)
{
	must(!mkdir(in_dir("sub"), 0755), "mkdir");
	run(in_dir("sub/../prog"), prog);
}

static void hardlink(void)
{
	must(!link(prog, in_dir("hard")), "link");
	run(in_dir("hard"), in_dir("hard"));
}

static void relative(void)
{
	must(!chdir(dir), "chdir");
	run("./prog", prog);
}

static void procroot(void)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "/proc/self/root%s", prog);
	run(path, prog);
}

static void script(void)
{
	int fd = open(in_dir("script"), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	must(fd >= 0 && dprintf(fd, "#!%s --child\n", prog) > 0, "script");
	close(fd);
	run(in_dir("script"), prog);
}

static void at_dirfd(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	char filename[64];

	snprintf(filename, sizeof(filename), "/dev/fd/%d/prog", fd);
	run_at(fd, "prog", 0, filename, prog);
}

static void at_empty(void)
{
	int fd = open(prog, O_RDONLY);
	char filename[64];

	snprintf(filename, sizeof(filename), "/dev/fd/%d", fd);
	run_at(fd, "", AT_EMPTY_PATH, filename, prog);
}

static void at_cwd(void) { run_at(AT_FDCWD, prog, 0, prog, prog); }

static void deleted(void)
{
	int fd = open(prog, O_RDONLY);
	char filename[64];

	snprintf(filename, sizeof(filename), "/dev/fd/%d", fd);
	must(!unlink(prog), "unlink");
	run_at(fd, "", AT_EMPTY_PATH, filename, prog);
}

static void memory(void)
{
	char path[64];
	int fd = memfd_create("trigger", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy(path);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	/* a file that is open for writing is busy: hand it over by another descriptor */
	snprintf(prog, sizeof(prog), "/proc/self/fd/%d", fd);
	fd = open(prog, O_RDONLY);
	must(fd >= 0, "memfd");
	close(atoi(strrchr(prog, '/') + 1));
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	run_at(fd, "", AT_EMPTY_PATH, path, "memfd:trigger");
}

/* Needs root: another user runs what belongs to root and is set-uid. */
static void setid(void)
{
	int status;
	pid_t pid;

	must(!chmod(prog, 04755), "chmod");
	unsetenv("TRUTH_PPID");
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		tell("execve", prog, prog);
		execve(prog, child_argv, environ);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "setid");
}

/* More than the record keeps: argc is still true. */
static void long_args(void)
{
	static char big[12001];
	char *argv[] = { (char *)"prog", (char *)"--child", big, big, NULL };

	memset(big, 'x', sizeof(big) - 1);
	tell("execve", prog, prog);
	execve(prog, argv, environ);
	must(0, "execve");
}

static void *exec_in_thread(void *arg)
{
	(void)arg;
	tell("execve", prog, prog);
	execve(prog, child_argv, environ);
	return NULL;
}

static void thread(void)
{
	pthread_t t;

	must(!pthread_create(&t, NULL, exec_in_thread, NULL), "pthread_create");
	pthread_join(t, NULL);
	must(0, "execve");
}

/* Needs root. */
static void pid_namespace(void)
{
	unsetenv("TRUTH_PPID");
	must(!unshare(CLONE_NEWPID), "unshare");
	run(prog, prog);
}

/* Descriptor 0 is a connected TCP socket. */
static void std_socket(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(a);
	char port[16];

	must(!bind(l, (struct sockaddr *)&a, sizeof(a)) && !listen(l, 1) && !getsockname(l, (struct sockaddr *)&a, &n) &&
	     !connect(c, (struct sockaddr *)&a, sizeof(a)) && !dup2(c, 0), "socket");
	snprintf(port, sizeof(port), "%d", ntohs(a.sin_port));
	setenv("TRUTH_STD_PEER_PORT", port, 1);
	setenv("TRUTH_STDIN_TYPE", "3", 1);	/* FD_IPV4 */
	tell("execve", prog, prog);
	execve(prog, child_argv, environ);
}

static void missing(void)
{
	int ret = execve(in_dir("none"), child_argv, environ);

	truth_begin("execve", self(), ret < 0 ? -errno : 0);
	truth_str("filename", in_dir("none"));
	truth_str("name_source", "user");
	truth_end();
}

static void missing_at(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	long ret = syscall(SYS_execveat, fd, "none", child_argv, environ, 0);

	truth_begin("execveat", self(), ret < 0 ? -errno : 0);
	truth_str("filename", "none");
	truth_str("name_source", "user");
	truth_end();
}

static void said_forked(const char *call, pid_t pid)
{
	truth_begin(call, self(), pid);
	truth_num("child", pid);
	truth_num("child_vpid", pid);
	truth_num("ppid", self());
	truth_str("comm", "exec");
	truth_end();
}

static void ended(pid_t pid, int want)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && (want < 0 || status == want), "waitpid");
	truth_begin("procexit", pid, 0);
	truth_num("status", status);
	truth_end();
}

static void do_fork(void)
{
#ifdef SYS_fork
	pid_t pid = (pid_t)syscall(SYS_fork);

	if (!pid)
		_exit(3);
	said_forked("fork", pid);
	ended(pid, 3 << 8);
#endif
}

static void do_vfork(void)
{
#ifdef SYS_vfork
	pid_t pid = vfork();

	if (!pid)
		_exit(4);
	said_forked("vfork", pid);
	ended(pid, 4 << 8);
#endif
}

static void do_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		for (;;)
			pause();
	said_forked("clone", pid);
	kill(pid, SIGKILL);
	ended(pid, SIGKILL);
}

static void do_clone3(void)
{
	struct clone_args a = { .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));

	if (!pid)
		_exit(5);
	said_forked("clone3", pid);
	ended(pid, 5 << 8);
}

static void *last(void *arg)
{
	(void)arg;
	usleep(50000);
	syscall(SYS_exit, 0);	/* this thread only, and it is the last */
	return NULL;
}

/* The leader goes first: the process ends with its last thread; whose code it has changed in 5.18. */
static void leader_first(void)
{
	pid_t pid = fork();
	pthread_t t;

	if (!pid) {
		must(!pthread_create(&t, NULL, last, NULL), "pthread_create");
		syscall(SYS_exit, 6);
	}
	ended(pid, -1);
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "plain", plain },
	{ "symlink", by_symlink },
	{ "dotdot", dotdot },
	{ "hardlink", hardlink },
	{ "relative", relative },
	{ "procroot", procroot },
	{ "script", script },
	{ "at-dirfd", at_dirfd },
	{ "at-empty", at_empty },
	{ "at-cwd", at_cwd },
	{ "deleted", deleted },
	{ "memfd", memory },
	{ "setid", setid },
	{ "long-args", long_args },
	{ "thread", thread },
	{ "pidns", pid_namespace },
	{ "std-socket", std_socket },
	{ "missing", missing },
	{ "missing-at", missing_at },
	{ "fork", do_fork },
	{ "vfork", do_vfork },
	{ "clone", do_clone },
	{ "clone3", do_clone3 },
	{ "leader-first", leader_first },
};

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "--child"))
		return child();
	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			puts(modes[i].name);
		return 0;
	}
	umask(022);
	if (argc == 3 && realpath(argv[2], dir)) {
		snprintf(prog, sizeof(prog), "%s/prog", dir);
		copy(prog);
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (!strcmp(argv[1], modes[i].name))
				return modes[i].run(), 0;
	}
	fprintf(stderr, "usage: exec MODE DIR | exec list\n");
	return 2;
}
