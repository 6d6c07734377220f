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
#include <link.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>

/* probes/wire.h */
enum { NAME_USER = 1, UNREADABLE = 2, TRUNCATED = 4, ARGV_MAX = 8192, ARGC_MAX = 1024 };
enum { EXE_MEMFD = 1, EXE_UPPER = 2, EXE_LOWER = 4, EXE_WRITABLE = 8, EXE_SETID = 16 };

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

/* An enum fd_type of probes/wire.h. */
static int fd_type(int fd)
{
	static const struct { int domain, type; } sockets[] = { { AF_INET, 3 }, { AF_INET6, 4 }, { AF_UNIX, 5 } };
	int domain = 0;
	socklen_t n = sizeof(domain);
	struct stat st;

	if (fstat(fd, &st))
		return 0;
	if (S_ISREG(st.st_mode))
		return 1;
	if (S_ISDIR(st.st_mode))
		return 2;
	if (S_ISFIFO(st.st_mode))
		return 9;
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return 11;
	must(S_ISSOCK(st.st_mode) && !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n), "SO_DOMAIN");
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		if (sockets[i].domain == domain)
			return sockets[i].type;
	return 8;
}

static void truth_addr(const char *ip, const char *port, const struct sockaddr_in *a)
{
	char text[INET_ADDRSTRLEN];

	truth_str(ip, inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text)));
	truth_num(port, ntohs(a->sin_port));
}

static void truth_pipe(const char *name, int fd)
{
	struct statfs fs;
	struct stat st;
	unsigned long long dev;
	bool pipe = !fstat(fd, &st) && S_ISFIFO(st.st_mode);

	dev = (minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffull) << 12;
	truth_num(name, pipe ? (long long)(fstatfs(fd, &fs) || fs.f_type == PIPEFS_MAGIC ? st.st_ino : st.st_ino ^ dev << 32) : 0);
}

static void truth_stdio(void)
{
	struct sockaddr_in local, peer;
	socklen_t n = sizeof(local), m = sizeof(peer);

	truth_pipe("stdin_pipe", 0);
	truth_pipe("stdout_pipe", 1);
	truth_pipe("stderr_pipe", 2);
	truth_num("stdin_type", fd_type(0));
	truth_num("stdout_type", fd_type(1));
	truth_num("stderr_type", fd_type(2));
	for (int fd = 0; fd < 3; fd++) {
		if (fd_type(fd) != 3)
			continue;
		must(!getsockname(fd, (struct sockaddr *)&local, &n) && !getpeername(fd, (struct sockaddr *)&peer, &m), "names");
		truth_addr("std_local_ip", "std_local_port", &local);
		truth_addr("std_peer_ip", "std_peer_port", &peer);
		return;
	}
}

/* What an image and an attempt that failed have in common. */
static void truth_identity(void)
{
	unsigned long long ppid = truth_stat("self", 4);
	char cwd[PATH_MAX], name[32] = "", parent[32];
	int fd;
	ssize_t n;

	truth_num("ppid", (long long)ppid);
	snprintf(parent, sizeof(parent), "%llu", ppid);
	truth_num("pstart", ppid ? (long long)truth_stat(parent, 22) : 0);
	truth_num("pgid", (long long)truth_stat("self", 5));
	truth_num("sid", (long long)truth_stat("self", 6));
	truth_num("tty", (long long)truth_stat("self", 7));
	truth_num("vpgid", getpgid(0));
	truth_num("vsid", getsid(0));
	truth_num("cap_inheritable", (long long)truth_status("CapInh:"));
	truth_num("cap_permitted", (long long)truth_status("CapPrm:"));
	truth_num("pidns_start", (long long)truth_stat(getpid() == 1 ? "self" : "1", 22));
	fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && (n = read(fd, name, sizeof(name) - 1)) > 0)
		truth_num("loginuid", strtoll(name, NULL, 10));
	close(fd);
	fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	n = read(fd, name, sizeof(name));
	truth_bytes("comm", name, n > 0 ? (size_t)n - 1 : 0);
	close(fd);
	must(!!getcwd(cwd, sizeof(cwd)), "getcwd");
	truth_str("cwd", cwd);
	truth_stdio();
}

/* A file of /proc/self, where it is no longer than the record keeps; how many strings it holds. */
static ssize_t truth_strings(const char *field, const char *path)
{
	static char text[1 << 18];
	ssize_t n, i, count = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	n = read(fd, text, sizeof(text));
	must(n > 0, path);
	close(fd);
	for (i = 0; i < n; i++)
		count += !text[i];
	if (n <= 8192)
		truth_bytes(field, text, (size_t)n);
	else
		truth_flags |= TRUNCATED;
	return count;
}

/* EXE_*: in a layer of an overlay, writable. What else there is the caller says. */
static int exe_flags(void)
{
	const char *told = getenv("TRUTH_EXE_FLAGS");
	struct statfs fs;
	int flags = told ? atoi(told) : 0;

	must(!statfs("/proc/self/exe", &fs), "statfs");
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC && !(flags & EXE_LOWER))
		flags |= EXE_UPPER;
	if (truth_status("CapEff:") >> 1 & 1)	/* CAP_DAC_OVERRIDE */
		flags |= EXE_WRITABLE;
	return flags;
}

/* What was named, when that is not the program itself: TRUTH_SCRIPT is its name, TRUTH_SCRIPT_AT a path to it where it has none. */
static void truth_script(void)
{
	const char *script = getenv("TRUTH_SCRIPT"), *at = getenv("TRUTH_SCRIPT_AT"), *flags = getenv("TRUTH_SCRIPT_FLAGS");
	struct statfs fs = {};
	struct stat st = {};
	unsigned int dev;
	int told = flags ? atoi(flags) : 0;

	if (script)
		must(!stat(at ? at : script, &st) && !statfs(at ? at : script, &fs), script);
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC && !(told & EXE_LOWER))
		told |= EXE_UPPER;
	dev = (minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffu) << 12;
	truth_num("exe_kind", script ? 2 : 1);
	truth_str("script", script ? script : "");
	truth_num("script_ino", (long long)st.st_ino);
	truth_num("script_dev", dev);
	truth_num("script_flags", told);
}

/* The new image: everything it can know of itself. */
static int child(void)
{
	const char *call = getenv("TRUTH_CALL"), *filename = getenv("TRUTH_FILENAME"), *exe = getenv("TRUTH_EXE");
	char real[PATH_MAX] = "";
	struct stat st;

	truth_cpu = sched_getcpu();	/* bound before */
	truth_begin(call ? call : "execve", self(), 0);
	if (filename)
		truth_str("filename", filename);
	must(readlink("/proc/self/exe", real, sizeof(real) - 1) > 0, "/proc/self/exe");
	truth_str("exe", exe ? exe : real);
	truth_num("argc", truth_strings("argv", "/proc/self/cmdline"));
	truth_strings("env", "/proc/self/environ");
	must(!stat("/proc/self/exe", &st), "stat");
	truth_inode(&st);
	truth_num("mode", st.st_mode);
	truth_num("nlink", (long long)st.st_nlink);
	truth_num("mtime", st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
	truth_num("ctime", st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec);
	truth_num("exe_flags", exe_flags());
	truth_script();
	truth_num("cap_given", (long long)(getuid() && geteuid() ? truth_status("CapPrm:") & ~truth_status("CapAmb:") : 0));
	truth_num("writer", 0);		/* nobody asks for it here: writer.c */
	truth_num("writer_exec_id", 0);
	truth_num("writer_start", 0);
	truth_num("writer_cgroup", 0);
	truth_num("written", 0);
	truth_str("writer_comm", "");
	truth_identity();
	truth_header();
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
	int status;
	pid_t pid = fork();

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

static const char *make_script(const char *name, const char *interpreter)
{
	const char *path = in_dir(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	must(fd >= 0 && dprintf(fd, "#!%s --child\n", interpreter) > 0, "script");
	close(fd);
	setenv("TRUTH_SCRIPT", path, 1);
	return path;
}

static void script(void) { run(make_script("script", prog), prog); }

/* A script's interpreter may be a script: the one that was named is told. */
static void script_nested(void)
{
	const char *second = make_script("second", prog), *third = make_script("third", second);

	run(make_script("script", third), prog);
}

/* In this very process, whose image, libraries and descriptors are let go of in the same call. */
static void script_here(void)
{
	const char *path = make_script("script", prog);

	for (int i = 0; i < 40; i++)
		must(open(i & 1 ? prog : "/dev/null", O_RDONLY | O_CLOEXEC) >= 0, "open");
	tell("execve", path, prog);
	execve(path, child_argv, environ);
	must(0, "execve");
}

static void script_symlink(void)
{
	const char *path = make_script("script", prog);

	must(!symlink("script", in_dir("ln")), "symlink");
	setenv("TRUTH_SCRIPT", path, 1);
	run(in_dir("ln"), prog);
}

/* It has no name: its interpreter reads it by its descriptor. */
static void script_memory(void)
{
	int fd = memfd_create("text", 0);
	char path[64];

	must(fd >= 0 && dprintf(fd, "#!%s --child\n", prog) > 0, "memfd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("TRUTH_SCRIPT", "memfd:text", 1);
	setenv("TRUTH_SCRIPT_AT", path, 1);
	setenv("TRUTH_SCRIPT_FLAGS", "1", 1);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	run_at(fd, "", AT_EMPTY_PATH, path, prog);
}

/* The program has rights of its own that its caller has not. */
static void run_as_nobody(const char *what)
{
	int status;
	pid_t pid;

	setenv("TRUTH_EXE_FLAGS", "16", 1);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		tell("execve", prog, prog);
		execve(prog, child_argv, environ);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, what);
}

/* Needs root: the capabilities of a file, of which its user had none. */
static void file_caps(void)
{
	struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0] = {.permitted = 1u << CAP_NET_RAW | 1u << CAP_DAC_READ_SEARCH},	/* the last to read its own /proc */
	};

	must(!setxattr(prog, "security.capability", &caps, sizeof(caps), 0), "security.capability");
	run_as_nobody("file_caps");
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
	setenv("TRUTH_EXE_FLAGS", "1", 1);
	run_at(fd, "", AT_EMPTY_PATH, path, "memfd:trigger");
}

/* The same by the path of its descriptor. */
static void memory_path(void)
{
	int fd = memfd_create("trigger", 0);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy(path);
	fd = open(path, O_RDONLY);
	must(fd >= 0, "memfd");
	close(atoi(strrchr(path, '/') + 1));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("TRUTH_EXE_FLAGS", "1", 1);
	run(path, "memfd:trigger");
}

/* Needs root: neither its owner nor with any capability. */
static void nobody(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		tell("execve", prog, prog);
		execve(prog, child_argv, environ);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "nobody");
}

/* A path of nearly 4096 bytes; it is reached in steps, execve() takes no more. */
static void long_path(void)
{
	static char real[PATH_MAX];
	char name[201];
	size_t n = (size_t)snprintf(real, sizeof(real), "%s", dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	memset(name, 'n', 200);
	name[200] = 0;
	while (n + 1 + 200 + 2 < sizeof(real)) {
		must(!mkdirat(fd, name, 0755) && (next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, "mkdirat");
		close(fd);
		fd = next;
		n += (size_t)snprintf(real + n, sizeof(real) - n, "/%s", name);
	}
	snprintf(real + n, sizeof(real) - n, "/p");
	must(!linkat(AT_FDCWD, prog, fd, "p", 0), "linkat");
	run(real, real);
}

/* Another process flips a byte of the path all the time: what was executed is what the image says. */
static void flip(void)
{
	char *path = mmap(NULL, 2 * PATH_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *last;
	cpu_set_t all;
	pid_t flipper;
	int status;

	must(path != MAP_FAILED && !rename(prog, in_dir("progA")), "flip");
	snprintf(path, 2 * PATH_MAX, "%s/progB", dir);
	copy(path);
	last = path + strlen(path) - 1;
	memset(&all, 0xff, sizeof(all));
	flipper = fork();
	if (!flipper) {
		sched_setaffinity(0, sizeof(all), &all);
		for (;;)
			*(volatile char *)last ^= 'A' ^ 'B';
	}
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (!pid) {
			execve(path, child_argv, environ);
			_exit(127);
		}
		must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "flip");
	}
	kill(flipper, SIGKILL);
	waitpid(flipper, NULL, 0);
}

/* Needs root: an overlay's lower layer, in a mount namespace of its own. */
static void overlay(bool upper)
{
	char options[4 * PATH_MAX];

	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && !mkdir(in_dir("m"), 0755) &&
	     !mount("trigger", in_dir("m"), "tmpfs", 0, NULL) && !mkdir(in_dir("m/l"), 0755) && !mkdir(in_dir("m/u"), 0755) &&
	     !mkdir(in_dir("m/w"), 0755) && !mkdir(in_dir("m/r"), 0755), "tmpfs");
	copy(in_dir("m/l/prog"));
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", in_dir("m/l"), in_dir("m/u"), in_dir("m/w"));
	must(!mount("trigger", in_dir("m/r"), "overlay", 0, options), "overlay");
	if (upper)
		copy(in_dir("m/r/new"));
	else
		setenv("TRUTH_EXE_FLAGS", "4", 1);
	run(in_dir(upper ? "m/r/new" : "m/r/prog"), in_dir(upper ? "m/r/new" : "m/r/prog"));
}

static void overlay_lower(void) { overlay(false); }
static void overlay_upper(void) { overlay(true); }

/* In a session with a terminal. */
static void terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), tty;

	must(fd >= 0 && !grantpt(fd) && !unlockpt(fd), "ptmx");
	must(setsid() > 0, "setsid");
	tty = open(ptsname(fd), O_RDWR | O_CLOEXEC);
	must(tty >= 0 && ioctl(tty, TIOCSCTTY, 0) >= 0, "TIOCSCTTY");
	run(prog, prog);
}

/* Needs root: another user runs what belongs to root and is set-uid. */
static void setid(void)
{
	must(!chmod(prog, 04755), "chmod");
	run_as_nobody("setid");
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

/* 128 KiB, the longest last. */
static void big_args(void)
{
	static char each[8 << 10], last[1 << 14];
	char *argv[18] = { (char *)"prog", (char *)"--child" };

	memset(each, 'x', sizeof(each) - 1);
	memset(last, 'y', sizeof(last) - 1);
	for (size_t i = 2; i < 16; i++)
		argv[i] = each;
	argv[16] = last;
	tell("execve", prog, prog);
	execve(prog, argv, environ);
	must(0, "execve");
}

/* Not even a name. */
static void no_args(void)
{
	char *argv[] = { NULL };

	setenv("TRUTH_CHILD", "1", 1);
	tell("execve", prog, prog);
	execve(prog, argv, environ);
	must(0, "execve");
}

/* Where the program says its loader is. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *ret)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)ret = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	}
	return 1;	/* the program itself comes first */
}

static void loader(void)
{
	char *argv[] = { (char *)"ld", prog, (char *)"--child", (char *)"a b", NULL }, real[PATH_MAX];
	const char *ld = NULL;

	dl_iterate_phdr(find_loader, &ld);
	must(ld && realpath(ld, real), "the loader");
	tell("execve", ld, real);
	execve(ld, argv, environ);
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
	must(!unshare(CLONE_NEWPID), "unshare");
	run(prog, prog);
}

/* Descriptor 0 is a connected TCP socket. */
static void std_socket(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(a);

	must(!bind(l, (struct sockaddr *)&a, sizeof(a)) && !listen(l, 1) && !getsockname(l, (struct sockaddr *)&a, &n) &&
	     !connect(c, (struct sockaddr *)&a, sizeof(a)) && !dup2(c, 0), "socket");
	tell("execve", prog, prog);
	execve(prog, child_argv, environ);
}

/* The arguments of an attempt that failed: each with its NUL, also the one that is cut. NULL ends them. */
static void truth_argv(char *const *argv)
{
	static char text[ARGV_MAX];
	size_t n = 0;
	int argc = 0;

	for (; argv && argv[argc] && argc < ARGC_MAX; argc++) {
		size_t len = strlen(argv[argc]) + 1, room = sizeof(text) - n;

		memcpy(text + n, argv[argc], len < room ? len : room);
		n += len < room ? len : room;
		if (len > room)
			truth_flags |= TRUNCATED;
	}
	if (n == sizeof(text))
		text[n - 1] = '\0';
	if (argv && argv[argc])
		truth_flags |= TRUNCATED;
	truth_num("argc", argc);
	truth_bytes("argv", text, n);
}

/* argv: what can be read of it. */
static void failed_with(const char *call, long ret, const char *filename, char *const *argv, int flags)
{
	truth_flags = NAME_USER | flags;
	truth_begin(call, self(), ret < 0 ? -errno : 0);
	truth_argv(argv);
	truth_str("filename", filename);
	truth_str("name_source", "user");
	truth_str("exe", "");
	truth_num("ino", 0);
	truth_identity();
	truth_header();
	truth_end();
}

static void failed(const char *call, long ret, const char *filename)
{
	failed_with(call, ret, filename, child_argv, 0);
}

static void missing(void) { failed("execve", execve(in_dir("none"), child_argv, environ), in_dir("none")); }

static void missing_with(char *const *argv, char *const *readable, int flags)
{
	failed_with("execve", syscall(SYS_execve, in_dir("none"), argv, environ), in_dir("none"), readable, flags);
}

static void missing_long(void)
{
	static char big[12001];
	char *argv[] = { (char *)"prog", big, big, NULL };

	memset(big, 'x', sizeof(big) - 1);
	missing_with(argv, argv, 0);
}

static void missing_full(void)
{
	static char big[ARGV_MAX];	/* nothing is cut */
	char *argv[] = { big, NULL };

	memset(big, 'x', sizeof(big) - 1);
	missing_with(argv, argv, 0);
}

static void missing_many(void)
{
	static char *argv[ARGC_MAX + 100];

	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]) - 1; i++)
		argv[i] = (char *)"a";
	missing_with(argv, argv, 0);
}

static void missing_unreadable(void)
{
	char *argv[] = { (char *)"prog", (char *)1, (char *)"last", NULL }, *readable[] = { argv[0], (char *)"", argv[2], NULL };

	missing_with((char *const *)8, NULL, UNREADABLE);
	missing_with(argv, readable, UNREADABLE);
}

static void missing_none(void) { missing_with(NULL, NULL, 0); }

static void missing_at(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	failed("execveat", syscall(SYS_execveat, fd, "none", child_argv, environ, 0), "none");
}

static void said_forked_from(const char *call, pid_t pid, int vpid, int ppid)
{
	char child_pid[16], parent[16];

	snprintf(child_pid, sizeof(child_pid), "%d", pid);
	snprintf(parent, sizeof(parent), "%d", ppid);
	truth_begin(call, self(), pid);
	truth_num("child", pid);
	truth_num("child_vpid", vpid);
	truth_num("child_start", (long long)truth_stat(child_pid, 22));
	truth_num("child_cgroup", (long long)truth_cgroup());
	truth_num("ppid", ppid);
	truth_num("pstart", (long long)truth_stat(parent, 22));
	truth_num("flags", !strcmp(call, "vfork") ? CLONE_VM | CLONE_VFORK : ppid == self() ? 0 : CLONE_PARENT);
	truth_str("comm", "exec");
	truth_header();
	truth_end();
}

static void said_forked(const char *call, pid_t pid) { said_forked_from(call, pid, pid, self()); }

/* A child's end: of its header, what it shares with this process. */
static void ended(pid_t pid, int want)
{
	char text[16];
	unsigned long long start;
	siginfo_t info;
	int status;

	snprintf(text, sizeof(text), "%d", pid);
	must(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), "waitid");
	start = truth_stat(text, 22);
	must(waitpid(pid, &status, 0) == pid && (want < 0 || status == want), "waitpid");
	truth_begin("procexit", pid, 0);
	truth_num("status", status);
	truth_num("start", (long long)start);
	truth_num("cgroup", (long long)truth_cgroup());
	truth_num("uid", getuid());
	truth_num("euid", geteuid());
	truth_num("gid", getgid());
	truth_num("hdr_flags", 0);
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

/* The child is this process's sibling. */
static void clone_parent(void)
{
	pid_t middle = fork(), pid;
	int status;

	if (!middle) {
		pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
		if (!pid)
			_exit(7);
		said_forked_from("clone", pid, pid, getppid());
		_exit(0);
	}
	must(middle > 0 && waitpid(middle, &status, 0) == middle && !status, "clone_parent");
	while ((pid = waitpid(-1, NULL, 0)) > 0)
		;
}

/* Needs root: the first process of a namespace. */
static void fork_pidns(void)
{
	pid_t pid;

	must(!unshare(CLONE_NEWPID), "unshare");
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(8);
	said_forked_from("clone", pid, 1, self());
	ended(pid, 8 << 8);
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
	{ "script-nested", script_nested },
	{ "script-here", script_here },
	{ "script-symlink", script_symlink },
	{ "script-memory", script_memory },
	{ "file-caps", file_caps },
	{ "at-dirfd", at_dirfd },
	{ "at-empty", at_empty },
	{ "at-cwd", at_cwd },
	{ "deleted", deleted },
	{ "memfd", memory },
	{ "memfd-path", memory_path },
	{ "setid", setid },
	{ "nobody", nobody },
	{ "long-path", long_path },
	{ "flip", flip },
	{ "overlay-lower", overlay_lower },
	{ "overlay-upper", overlay_upper },
	{ "terminal", terminal },
	{ "long-args", long_args },
	{ "big-args", big_args },
	{ "no-args", no_args },
	{ "loader", loader },
	{ "thread", thread },
	{ "pidns", pid_namespace },
	{ "std-socket", std_socket },
	{ "missing", missing },
	{ "missing-at", missing_at },
	{ "missing-long", missing_long },
	{ "missing-full", missing_full },
	{ "missing-many", missing_many },
	{ "missing-unreadable", missing_unreadable },
	{ "missing-none", missing_none },
	{ "fork", do_fork },
	{ "vfork", do_vfork },
	{ "clone", do_clone },
	{ "clone3", do_clone3 },
	{ "clone-parent", clone_parent },
	{ "fork-pidns", fork_pidns },
	{ "leader-first", leader_first },
};

int main(int argc, char **argv)
{
	if ((argc >= 2 && !strcmp(argv[1], "--child")) || getenv("TRUTH_CHILD"))
		return child();
	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			puts(modes[i].name);
		return 0;
	}
	umask(022);
	truth_bind();
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
