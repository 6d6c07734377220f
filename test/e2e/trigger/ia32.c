/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ia32 DIR: what a 64-bit program does by the 32-bit entry (int $0x80), and what a 32-bit program does (program32, beside this
 * one, where it could be built), to files in DIR and to sockets, and what is true of it. Exit status 77: there is no such
 * entry here.
 */
#include "ia32.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

/* probes/wire.h */
enum { NAME_USER = 1, COMPAT = 16, ADDR_USER = 256 };
enum { FILE_CREATED = 1 };
/* arch/x86/entry/syscalls/syscall_32.tbl */
enum { OPEN = 5, UNLINK = 10, RENAME = 38, SOCKETCALL = 102, OPENAT = 295, SOCKET = 359, CONNECT = 362 };

static char dir[PATH_MAX];

static char *in_dir(const char *name)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return keep(text, strlen(text) + 1);
}

static void done(const char *source, int flags)
{
	truth_flags = COMPAT | flags | (source && !strcmp(source, "user") ? NAME_USER : 0);
	if (source)
		truth_str("name_source", source);
	truth_header();
	truth_end();
}

static void do_openat(const char *name, int flags, mode_t mode)
{
	char *path = in_dir(name);
	int fd = (int)enter(OPENAT, (uintptr_t)(unsigned int)AT_FDCWD, (uintptr_t)path, (uintptr_t)flags, mode);
	struct stat st;

	truth_begin("openat", getpid(), fd);
	truth_num("dirfd", AT_FDCWD);
	truth_num("flags", flags);
	truth_num("mode", mode);
	truth_str("name", fd < 0 ? "" : path);
	truth_str("raw", path);
	if (fd >= 0) {
		must(!fstat(fd, &st), "fstat");
		truth_inode(&st);
		truth_num("file_mode", st.st_mode);
		truth_num("file_flags", flags & O_CREAT ? FILE_CREATED : 0);
		close(fd);
	}
	done(fd < 0 ? "user" : "kernel", 0);
}

static void do_open(const char *name)
{
	char *path = in_dir(name);
	int fd = (int)enter(OPEN, (uintptr_t)path, O_RDWR, 0, 0);

	truth_begin("open", getpid(), fd);
	truth_num("flags", O_RDWR);
	truth_str("name", path);
	truth_str("raw", path);
	done("kernel", 0);
	close(fd);
}

/* From 6.13 on the kernel's own names are known, before only the text: either is right, the text always. */
static void do_names(void)
{
	char *a = in_dir("a"), *b = in_dir("b");
	long res = enter(RENAME, (uintptr_t)a, (uintptr_t)b, 0, 0);

	truth_begin("rename", getpid(), res);
	truth_num("olddirfd", AT_FDCWD);
	truth_str("oldraw", a);
	truth_str("newraw", b);
	truth_num("compat", 1);
	truth_end();
	res = enter(UNLINK, (uintptr_t)b, 0, 0, 0);
	truth_begin("unlink", getpid(), res);
	truth_str("raw", b);
	truth_num("compat", 1);
	truth_end();
	res = enter(UNLINK, (uintptr_t)b, 0, 0, 0);
	truth_begin("unlink", getpid(), res);
	truth_str("raw", b);
	truth_str("name", "");
	done("user", 0);
}

static void do_connect(int by_socketcall)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(4444), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned int args[] = { AF_INET, SOCK_DGRAM, 0 };
	void *addr = keep(&to, sizeof(to)), *list;
	int fd;
	long res;

	if (by_socketcall)
		fd = (int)enter(SOCKETCALL, 1, (uintptr_t)keep(args, sizeof(args)), 0, 0);
	else
		fd = (int)enter(SOCKET, AF_INET, SOCK_DGRAM, 0, 0);
	truth_begin("socket", getpid(), fd);
	truth_num("domain", AF_INET);
	truth_num("type", SOCK_DGRAM);
	truth_num("protocol", 0);
	done(NULL, 0);
	args[0] = (unsigned int)fd;
	args[1] = (unsigned int)(uintptr_t)addr;
	args[2] = sizeof(to);
	list = keep(args, sizeof(args));
	res = by_socketcall ? enter(SOCKETCALL, 3, (uintptr_t)list, 0, 0) :
			      enter(CONNECT, (uintptr_t)fd, (uintptr_t)addr, sizeof(to), 0);
	truth_begin("connect", getpid(), res);
	truth_num("fd", fd);
	truth_str("peer_ip", "127.0.0.1");
	truth_num("peer_port", 4444);
	truth_num("family", AF_INET);
	done(NULL, 0);
	close(fd);
}

enum { RESULTS = 9 };	/* of program32 */

static void program_truth(const char *call, pid_t pid, int res)
{
	char text[16];

	truth_begin(call, pid, res);
	snprintf(text, sizeof(text), "%d", pid);
	truth_num("start", (long long)truth_stat(text, 22));
	truth_num("tid", pid);
}

static void program_file(const char *call, pid_t pid, int res, const char *path)
{
	program_truth(call, pid, res);
	truth_num("compat", 1);
	truth_str("raw", path);
	if (res < 0 || strstr(call, "open"))	/* of names that change as in do_names() */
		truth_str("name", res < 0 ? "" : path);
	truth_end();
}

static void program_exec(pid_t pid, const char *path, const char *args, size_t n, int argc)
{
	program_truth("execve", pid, 0);
	truth_str("exe", path);
	truth_str("filename", path);
	truth_num("argc", argc);
	truth_bytes("argv", args, n);
	truth_end();
}

/* Every result tells of one line of program32.c; the process is not waited for before all is said of it. */
static void program_done(pid_t pid, const char *path, const int r[RESULTS])
{
	char *p = in_dir("p"), *q = in_dir("q"), args[3 * PATH_MAX];
	int n = snprintf(args, sizeof(args), "%s%c%s%cagain%c", path, 0, dir, 0, 0);

	program_exec(pid, path, args, (size_t)n - sizeof("again"), 2);
	program_exec(pid, path, args, (size_t)n, 3);
	program_file("openat", pid, r[0], p);
	program_file("open", pid, r[1], p);
	program_file("openat", pid, r[2], q);
	program_file("chmod", pid, r[3], p);
	program_truth("rename", pid, r[4]);
	truth_num("compat", 1);
	truth_str("oldraw", p);
	truth_str("newraw", q);
	truth_end();
	program_file("unlink", pid, r[5], q);
	program_file("unlink", pid, r[6], q);
	program_truth("socket", pid, r[7]);
	truth_num("compat", 1);
	truth_num("domain", AF_INET);
	truth_num("type", SOCK_DGRAM);
	truth_end();
	program_truth("connect", pid, r[8]);
	truth_num("compat", 1);
	truth_num("fd", r[7]);
	truth_str("peer_ip", "127.0.0.1");
	truth_num("peer_port", 4445);
	truth_end();
}

static void do_program(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("program32"));
	int out[2], r[RESULTS];
	siginfo_t info;
	pid_t pid;

	must(n > 0, "/proc/self/exe");
	snprintf(strrchr(path, '/') + 1, sizeof("program32"), "program32");
	if (access(path, X_OK))
		return;
	must(!pipe(out), "pipe");
	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		must(dup2(out[1], 1) == 1, "dup2");
		execl(path, path, dir, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	must(read(out[0], r, sizeof(r)) == sizeof(r), "program32");
	must(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), "waitid");
	program_done(pid, path, r);
	close(out[0]);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc != 2 || !realpath(argv[1], dir)) {
		fprintf(stderr, "usage: ia32 DIR\n");
		return 2;
	}
	if (!reachable())
		return 77;
	low_begin();
	umask(0);
	do_openat("a", O_WRONLY | O_CREAT, 0640);
	do_open("a");
	do_openat("none", O_RDONLY, 0);
	do_names();
	do_connect(0);
	do_connect(1);
	do_program();
	return 0;
}
