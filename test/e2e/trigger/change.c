/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change MODE DIR: changes files in DIR (created by the caller, empty) by calls that neither open nor name one, and
 * prints what is true of each.
 */
#include "truth.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_removexattrat 466
#endif

enum { NAME_USER = 1 };	/* probes/wire.h */


static char dir[PATH_MAX];

static const char *in_dir(const char *name)
{
	static char buf[8][2 * PATH_MAX];
	static int next;
	char *p = buf[next++ % 8];

	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

static int make(const char *name)
{
	int fd = open(in_dir(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && write(fd, "0123456789", 10) == 10, name);
	return fd;
}

static long result;	/* of the call, or -errno */
#define DO(...) (result = syscall(__VA_ARGS__), result = result < 0 ? -errno : result)

/* The file of a call that named it: `real` is its path, NULL where the kernel's is not known. */
static void file(const char *call, int dirfd, const char *raw, const char *real, const char *base)
{
	struct stat st;

	truth_begin(call, getpid(), result);
	truth_num("dirfd", dirfd);
	truth_str("raw", raw);
	truth_str("dir", base);
	truth_str("name", real ? real : "");
	if (real && !lstat(real, &st))
		truth_inode(&st);
	truth_flags = real ? 0 : NAME_USER;
	truth_str("name_source", real ? "kernel" : "user");
	truth_header();
}

/* Of one that had a descriptor. */
static void opened(const char *call, int fd, const char *real)
{
	struct stat st;

	truth_begin(call, getpid(), result);
	truth_num("dirfd", fd);
	truth_str("raw", "");
	truth_str("dir", "");
	truth_str("name", real);
	if (!fstat(fd, &st))
		truth_inode(&st);
	truth_flags = *real ? 0 : NAME_USER;
	truth_str("name_source", *real ? "kernel" : "user");
	truth_header();
}

static int at(void)
{
	static int d = -1;

	if (d < 0)
		d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d;
}

static void mkdirs(void)
{
	must(!symlink(".", in_dir("here")), "symlink");
	DO(SYS_mkdirat, at(), "here/made", 0750);
	file("mkdirat", at(), "here/made", in_dir("made"), dir);
	truth_num("mode", 0750);
	truth_end();
	DO(SYS_mkdirat, at(), "made", 0700);
	file("mkdirat", at(), "made", NULL, dir);
	truth_num("mode", 0700);
	truth_num("ino", 0);
	truth_num("dev", 0);
	truth_end();
#ifdef SYS_mkdir
	must(!chdir(dir), "chdir");
	DO(SYS_mkdir, in_dir("other"), 0711);
	file("mkdir", AT_FDCWD, in_dir("other"), in_dir("other"), dir);
	truth_num("mode", 0711);
	truth_end();
#endif
}

static void rmdirs(void)
{
#ifdef SYS_rmdir
	struct stat st;

	must(!chdir(dir) && !mkdir(in_dir("gone"), 0755) && !stat(in_dir("gone"), &st), "mkdir");
	DO(SYS_rmdir, "./gone");
	file("rmdir", AT_FDCWD, "./gone", in_dir("gone"), dir);
	truth_inode(&st);
	truth_num("flags", AT_REMOVEDIR);
	truth_end();
	DO(SYS_rmdir, "gone");
	file("rmdir", AT_FDCWD, "gone", NULL, dir);
	truth_num("flags", AT_REMOVEDIR);
	truth_end();
#endif
}

static void node(const char *name, mode_t mode, dev_t dev)
{
	DO(SYS_mknodat, at(), name, mode, dev);
	file("mknodat", at(), name, result ? NULL : in_dir(name), dir);
	truth_num("mode", mode);
	truth_num("rdev", (long long)dev);
	truth_end();
}

static void mknods(void)
{
	node("null", S_IFCHR | 0600, makedev(1, 3));
	node("disk", S_IFBLK | 0640, makedev(259, 300));
	node("fifo", S_IFIFO | 0644, 0);
	node("plain", S_IFREG | 0644, 0);
	node("plain", S_IFREG | 0644, 0);
#ifdef SYS_mknod
	must(!chdir(dir), "chdir");
	DO(SYS_mknod, "zero", S_IFCHR | 0600, makedev(1, 5));
	file("mknod", AT_FDCWD, "zero", in_dir("zero"), dir);
	truth_num("mode", S_IFCHR | 0600);
	truth_num("rdev", makedev(1, 5));
	truth_end();
#endif
}

static void owner(uid_t uid, gid_t gid, int flags)
{
	truth_num("uid", uid);
	truth_num("gid", gid);
	truth_num("flags", flags);
	truth_end();
}

static void chowns(void)
{
	int fd = make("f");

	must(!symlink("f", in_dir("ln")) && !chdir(dir), "symlink");
	DO(SYS_fchownat, at(), "ln", 12, 13, 0);
	file("fchownat", at(), "ln", in_dir("f"), dir);
	owner(12, 13, 0);
	DO(SYS_fchownat, at(), "ln", 14, (gid_t)-1, AT_SYMLINK_NOFOLLOW);
	file("fchownat", at(), "ln", in_dir("ln"), dir);
	owner(14, (gid_t)-1, AT_SYMLINK_NOFOLLOW);
	DO(SYS_fchown, fd, 15, 16);
	opened("fchown", fd, in_dir("f"));
	owner(15, 16, 0);
	DO(SYS_fchown, 1000, 15, 16);
	opened("fchown", 1000, "");
	owner(15, 16, 0);
	DO(SYS_fchownat, at(), "none", 1, 2, 0);
	file("fchownat", at(), "none", NULL, dir);
	owner(1, 2, 0);
#ifdef SYS_chown
	DO(SYS_chown, "ln", 17, 18);
	file("chown", AT_FDCWD, "ln", in_dir("f"), dir);
	owner(17, 18, 0);
	DO(SYS_lchown, "ln", 19, 20);
	file("lchown", AT_FDCWD, "ln", in_dir("ln"), dir);
	owner(19, 20, 0);
#endif
}

static void attribute(const char *name, const void *value, size_t size, int flags)
{
	truth_str("attr", name);
	truth_num("size", (long long)size);
	truth_num("flags", flags);
	truth_bytes("value", (const char *)value, size < 64 ? size : 64);
	truth_end();
}

/* cap_net_raw=ep, as setcap writes it: struct vfs_cap_data. */
static const unsigned char raw_cap[20] = {1, 0, 0, 2, 0, 0x20};

/* Calls of Linux 6.13: behind a directory's descriptor, or of the descriptor itself. */
static void xattrs_at(int fd)
{
	struct { unsigned long long value; unsigned int size, flags; } args = { (unsigned long)"at", 2, XATTR_CREATE };
	int d = open(dir, O_RDONLY | O_DIRECTORY);

	DO(SYS_setxattrat, d, "f", 0, "trusted.at", &args, sizeof(args));
	if (result == -ENOSYS)
		return;
	file("setxattrat", d, "f", in_dir("f"), dir);
	attribute("trusted.at", "at", 2, XATTR_CREATE);
	DO(SYS_setxattrat, d, "none", 0, "trusted.at", &args, sizeof(args));
	file("setxattrat", d, "none", NULL, dir);
	attribute("trusted.at", "at", 2, XATTR_CREATE);
	args.flags = 0;
	DO(SYS_setxattrat, fd, "", AT_EMPTY_PATH, "trusted.at", &args, sizeof(args));
	opened("setxattrat", fd, in_dir("f"));
	attribute("trusted.at", "at", 2, 0);
	DO(SYS_removexattrat, d, "f", 0, "trusted.at");
	file("removexattrat", d, "f", in_dir("f"), dir);
	attribute("trusted.at", "", 0, 0);
	close(d);
}

static void xattrs(void)
{
	static char big[300];
	int fd = make("f");

	memset(big, 'b', sizeof(big));
	must(!chdir(dir), "chdir");
	DO(SYS_setxattr, "f", "security.capability", raw_cap, sizeof(raw_cap), 0);
	file("setxattr", AT_FDCWD, "f", in_dir("f"), dir);
	attribute("security.capability", raw_cap, sizeof(raw_cap), 0);
	DO(SYS_lsetxattr, "f", "trusted.big", big, sizeof(big), XATTR_CREATE);
	file("lsetxattr", AT_FDCWD, "f", in_dir("f"), dir);
	attribute("trusted.big", big, sizeof(big), XATTR_CREATE);
	DO(SYS_fsetxattr, fd, "trusted.x", "1", 1, 0);
	opened("fsetxattr", fd, in_dir("f"));
	attribute("trusted.x", "1", 1, 0);
	DO(SYS_setxattr, "none", "trusted.x", "1", 1, 0);
	file("setxattr", AT_FDCWD, "none", NULL, dir);
	attribute("trusted.x", "1", 1, 0);
	DO(SYS_removexattr, "f", "trusted.big");
	file("removexattr", AT_FDCWD, "f", in_dir("f"), dir);
	attribute("trusted.big", "", 0, 0);
	DO(SYS_lremovexattr, "f", "security.capability");
	file("lremovexattr", AT_FDCWD, "f", in_dir("f"), dir);
	attribute("security.capability", "", 0, 0);
	DO(SYS_fremovexattr, fd, "trusted.x");
	opened("fremovexattr", fd, in_dir("f"));
	attribute("trusted.x", "", 0, 0);
	xattrs_at(fd);
}

static void size(int mode, long long offset, long long length)
{
	truth_num("mode", mode);
	truth_num("offset", offset);
	truth_num("length", length);
	truth_end();
}

static void truncates(void)
{
	int fd = make("f");

	must(!chdir(dir), "chdir");
	DO(SYS_truncate, "f", 3L);
	file("truncate", AT_FDCWD, "f", in_dir("f"), dir);
	size(0, 0, 3);
	DO(SYS_truncate, "none", 4L);
	file("truncate", AT_FDCWD, "none", NULL, dir);
	size(0, 0, 4);
	DO(SYS_ftruncate, fd, 5000L);
	opened("ftruncate", fd, in_dir("f"));
	size(0, 0, 5000);
	DO(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 4096L, 8192L);
	opened("fallocate", fd, in_dir("f"));
	size(FALLOC_FL_KEEP_SIZE, 4096, 8192);
}

static void times(const char *real, int flags)
{
	struct stat st = {};

	if (real)
		must(!stat(real, &st), real);
	truth_num("atime", st.st_atim.tv_sec * 1000000000ll + st.st_atim.tv_nsec);
	truth_num("mtime", st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
	truth_num("flags", flags);
	truth_end();
}

static void utimes_all(void)
{
	struct timespec old[2] = {{1000000000, 5}, {1100000000, 7}};
	int fd = make("f");

	must(!chdir(dir) && !symlink("f", in_dir("ln")), "chdir");
	DO(SYS_utimensat, at(), "ln", old, 0);
	file("utimensat", at(), "ln", in_dir("f"), dir);
	times(in_dir("f"), 0);
	DO(SYS_utimensat, fd, NULL, NULL, 0);
	opened("utimensat", fd, in_dir("f"));
	times(in_dir("f"), 0);
	DO(SYS_utimensat, at(), "none", old, AT_SYMLINK_NOFOLLOW);
	file("utimensat", at(), "none", NULL, dir);
	times(NULL, AT_SYMLINK_NOFOLLOW);
#ifdef SYS_utimes
	{
		struct timeval tv[2] = {{1200000000, 5}, {1300000000, 7}};
		long seconds[2] = {1400000000, 1500000000};

		DO(SYS_utimes, "f", tv);
		file("utimes", AT_FDCWD, "f", in_dir("f"), dir);
		times(in_dir("f"), 0);
		DO(SYS_futimesat, at(), "f", tv);
		file("futimesat", at(), "f", in_dir("f"), dir);
		times(in_dir("f"), 0);
		DO(SYS_utime, "f", seconds);
		file("utime", AT_FDCWD, "f", in_dir("f"), dir);
		times(in_dir("f"), 0);
	}
#endif
}

static void inode_of(const char *dev, const char *ino, int fd)
{
	struct stat st;

	must(!fstat(fd, &st), "fstat");
	truth_num(ino, (long long)st.st_ino);
	truth_num(dev, (long long)((minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffu) << 12));
}

static void copied(const char *call, int in, int out, long long len, const char *in_type, const char *out_type)
{
	truth_begin(call, getpid(), result);
	truth_num("fd_in", in);
	truth_num("fd_out", out);
	truth_num("len", len);
	printf(",\"in_type\":%s,\"out_type\":%s", in_type, out_type);
	inode_of("in_dev", "in_ino", in);
	inode_of("out_dev", "out_ino", out);
	truth_header();
}

/* enum fd_type */
#define T_FILE "1"
#define T_IPV4 "3"
#define T_PIPE "9"

static void copies(void)
{
	struct sockaddr_in { unsigned short family, port; unsigned char ip[4], zero[8]; } a = {AF_INET, 0, {127, 0, 0, 1}, {}}, b;
	socklen_t n = sizeof(a);
	int in = make("in"), out = make("out"), p[2], l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), s;

	must(!pipe(p), "pipe");
	DO(SYS_sendfile, out, in, NULL, 0L);
	copied("sendfile", in, out, 0, T_FILE, T_FILE);
	truth_str("in_name", in_dir("in"));
	truth_str("out_name", in_dir("out"));
	truth_end();
	must(!lseek(in, 0, SEEK_SET), "lseek");
	DO(SYS_sendfile, out, in, NULL, 6L);
	copied("sendfile", in, out, 6, T_FILE, T_FILE);
	truth_str("in_name", in_dir("in"));
	truth_str("out_name", in_dir("out"));
	truth_end();
	DO(SYS_copy_file_range, in, NULL, out, NULL, 4L, 0);
	copied("copy_file_range", in, out, 4, T_FILE, T_FILE);
	truth_str("out_name", in_dir("out"));
	truth_end();
	must(!lseek(in, 0, SEEK_SET), "lseek");
	DO(SYS_splice, in, NULL, p[1], NULL, 5L, 0);
	copied("splice", in, p[1], 5, T_FILE, T_PIPE);
	truth_str("in_name", in_dir("in"));
	truth_end();
	DO(SYS_splice, p[0], NULL, out, NULL, 5L, 0);
	copied("splice", p[0], out, 5, T_PIPE, T_FILE);
	truth_str("out_name", in_dir("out"));
	truth_end();
	DO(SYS_sendfile, p[0], in, NULL, 3L);	/* the end to read from */
	copied("sendfile", in, p[0], 3, T_FILE, T_PIPE);
	truth_end();
	s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(!bind(l, (void *)&a, n) && !listen(l, 1) && !getsockname(l, (void *)&a, &n) && !connect(s, (void *)&a, n) &&
	     !getsockname(s, (void *)&b, &n), "connect");
	must(!lseek(in, 0, SEEK_SET), "lseek");
	DO(SYS_sendfile, s, in, NULL, 10L);
	copied("sendfile", in, s, 10, T_FILE, T_IPV4);
	truth_str("local_ip", "127.0.0.1");
	truth_num("local_port", (b.port & 0xff) << 8 | b.port >> 8);
	truth_str("peer_ip", "127.0.0.1");
	truth_num("peer_port", (a.port & 0xff) << 8 | a.port >> 8);
	truth_end();
}

static pid_t about;	/* the process that the file is about */

static void written(const char *call, int fd, long long n, const char *real)
{
	char text[16];

	truth_begin(call, getpid(), result);
	truth_num("fd", fd);
	truth_num("size", n);
	if (real) {
		printf(",\"fd_type\":" T_FILE);
		inode_of("dev", "ino", fd);
	}
	truth_str("name", real ? real : "");
	snprintf(text, sizeof(text), "%d", about);
	truth_num("target", about);
	truth_num("target_start", about ? (long long)truth_stat(text, 22) : 0);
	truth_header();
	truth_end();
}

/* To the memory of another process, by its file. */
static void write_memory(void)
{
	static char there[16];
	char path[64];
	int fd;

	about = fork();
	if (!about)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/mem", about);
	fd = open(path, O_RDWR);
	must(fd >= 0, path);
	DO(SYS_pwrite64, fd, "here", 4L, (long)there);
	written("pwrite", fd, 4, path);
	kill(about, SIGKILL);
	waitpid(about, NULL, 0);
}

static void writes(void)
{
	int fd = make("w"), none = 1000;
	struct iovec v[2] = {{(void *)"ab", 2}, {(void *)"cde", 3}};

	DO(SYS_write, fd, "hello", 5L);
	written("write", fd, 5, in_dir("w"));
	DO(SYS_pwrite64, fd, "hello", 4L, 2L);
	written("pwrite", fd, 4, in_dir("w"));
	DO(SYS_writev, fd, v, 2L);
	written("writev", fd, 2, in_dir("w"));
	DO(SYS_pwritev, fd, v, 1L, 0L, 0L);
	written("pwritev", fd, 1, in_dir("w"));
	DO(SYS_pwritev2, fd, v, 2L, 0L, 0L, 0);
	written("pwritev2", fd, 2, in_dir("w"));
	DO(SYS_write, none, "x", 1L);
	written("write", none, 1, NULL);
	write_memory();
	_exit(0);	/* what the C library writes after this is its own */
}

static void handles(void)
{
	struct { struct file_handle h; unsigned char room[128]; } handle = {.h.handle_bytes = sizeof(handle.room)};
	struct stat st;
	int mount_id, fd = make("f");

	if (name_to_handle_at(AT_FDCWD, in_dir("f"), &handle.h, &mount_id, 0))
		exit(77);
	close(fd);
	DO(SYS_open_by_handle_at, at(), &handle.h, O_RDWR);
	must(!stat(in_dir("f"), &st), "stat");
	if (result >= 0) {
		truth_begin("open_by_handle_at", getpid(), result);
		truth_num("dirfd", at());
		truth_num("flags", O_RDWR);
		truth_str("name", in_dir("f"));
		truth_str("raw", "");
		truth_inode(&st);
		truth_str("name_source", "kernel");
		truth_header();
		truth_end();
	}
	handle.h.handle_bytes = 0;
	DO(SYS_open_by_handle_at, at(), &handle.h, O_RDWR);
	truth_begin("open_by_handle_at", getpid(), result);
	truth_num("dirfd", at());
	truth_num("flags", O_RDWR);
	truth_str("name", "");
	truth_end();
}

static void dups(void)
{
	int fd = make("f");

	DO(SYS_fcntl, fd, F_DUPFD, 100);
	truth_begin("fcntl", getpid(), result);
	truth_num("oldfd", fd);
	truth_num("newfd", 100);
	truth_num("flags", 0);
	printf(",\"fd_type\":" T_FILE);
	truth_str("name", in_dir("f"));
	truth_header();
	truth_end();
	DO(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
	truth_begin("fcntl", getpid(), result);
	truth_num("oldfd", fd);
	truth_num("newfd", 3);
	truth_num("flags", O_CLOEXEC);
	truth_str("name", in_dir("f"));
	truth_end();
	DO(SYS_fcntl, 1000, F_DUPFD, 3);
	truth_begin("fcntl", getpid(), result);
	truth_num("oldfd", 1000);
	truth_end();
	DO(SYS_fcntl, fd, F_GETFD, 0);	/* no dup */
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"mkdir", mkdirs}, {"rmdir", rmdirs}, {"mknod", mknods}, {"chown", chowns}, {"xattr", xattrs},
	{"truncate", truncates}, {"utime", utimes_all}, {"copy", copies}, {"write", writes},
	{"handle", handles}, {"dup", dups},
};

int main(int argc, char **argv)
{
	umask(0);
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (argc == 2)
			puts(modes[i].name);
		if (argc != 3 || strcmp(argv[1], modes[i].name))
			continue;
		must(!!realpath(argv[2], dir), argv[2]);
		modes[i].run();
		return 0;
	}
	return argc != 2;
}
