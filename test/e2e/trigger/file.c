/* SPDX-License-Identifier: Apache-2.0 */
/* file MODE DIR: does one thing to files in DIR (created by the caller, empty) and prints what is true of it. */
#include "truth.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* probes/wire.h */
enum { NAME_USER = 1 };
enum { FILE_CREATED = 1, FILE_UPPER = 2, FILE_LOWER = 4, FILE_MEMFD = 8 };

static char dir[PATH_MAX];	/* absolute, without symbolic links */

static const char *in_dir(const char *name)
{
	static char buf[8][2 * PATH_MAX];
	static int next;
	char *p = buf[next++ % 8];

	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

static void make(const char *name)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0, "make");
	close(fd);
}

static void source(const char *s)
{
	truth_flags = strcmp(s, "user") ? 0 : NAME_USER;
	truth_str("name_source", s);
}

static int file_flags;	/* FILE_*, what the mode knows */

static void truth_opened(const struct stat *st, int flags)
{
	truth_str("dir", "");
	truth_inode(st);
	truth_num("nlink", (long long)st->st_nlink);
	truth_num("file_mode", st->st_mode);
	truth_num("file_flags", file_flags | (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? FILE_CREATED : 0));
	source("kernel");
}

/* openat() and what is true of the result; `real` is the path expected of a success. */
/* Of a file in /proc: whom it is about. */
static void truth_about(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	truth_num("target", pid);
	truth_num("target_start", pid ? (long long)truth_stat(text, 22) : 0);
}

static pid_t about;

static void do_openat(int dirfd, const char *raw, int flags, mode_t mode, const char *real, const char *base)
{
	int fd = (int)syscall(SYS_openat, dirfd, raw, flags, mode), err = errno;
	struct stat st;

	truth_begin("openat", getpid(), fd < 0 ? -err : fd);
	truth_num("dirfd", dirfd);
	truth_num("flags", flags);
	truth_num("mode", flags & (O_CREAT | __O_TMPFILE) ? mode : 0);
	truth_num("resolve", 0);
	truth_str("raw", raw);
	if (fd < 0) {
		truth_str("name", "");
		truth_str("dir", base);
		truth_num("ino", 0);
		source("user");
	} else {
		must(!fstat(fd, &st), "fstat");
		truth_str("name", real);
		truth_opened(&st, flags);
		truth_about(about);
	}
	truth_header();
	truth_end();
}

static void open_create(void) { do_openat(AT_FDCWD, in_dir("new"), O_WRONLY | O_CREAT | O_EXCL, 0640, in_dir("new"), ""); }

static void open_write(void)
{
	make("f");
	do_openat(AT_FDCWD, in_dir("f"), O_RDWR | O_APPEND | O_CLOEXEC, 0, in_dir("f"), "");
}

static void open_read(void)
{
	make("f");
	do_openat(AT_FDCWD, in_dir("f"), O_RDONLY, 0, in_dir("f"), "");
}

static void open_symlink(void)
{
	make("f");
	must(!symlink("f", in_dir("ln")), "symlink");
	do_openat(AT_FDCWD, in_dir("ln"), O_RDWR, 0, in_dir("f"), "");
}

static void open_dotdot(void)
{
	make("f");
	must(!mkdir(in_dir("sub"), 0755), "mkdir");
	do_openat(AT_FDCWD, in_dir("sub/.././sub/../f"), O_RDWR, 0, in_dir("f"), "");
}

static void open_hardlink(void)
{
	make("f");
	must(!link(in_dir("f"), in_dir("g")), "link");
	do_openat(AT_FDCWD, in_dir("g"), O_WRONLY | O_TRUNC, 0, in_dir("g"), "");
}

static void open_dirfd(void)
{
	int d;

	make("f");
	must(!mkdir(in_dir("sub"), 0755), "mkdir");
	d = open(in_dir("sub"), O_RDONLY | O_DIRECTORY);
	do_openat(d, "../f", O_RDWR, 0, in_dir("f"), "");
}

static void open_procroot(void)
{
	char raw[2 * PATH_MAX];

	make("f");
	snprintf(raw, sizeof(raw), "/proc/self/root%s/f", dir);
	do_openat(AT_FDCWD, raw, O_RDWR, 0, in_dir("f"), "");
}

static void open_missing(void)
{
	must(!chdir(dir), "chdir");
	do_openat(AT_FDCWD, "no/such", O_RDWR, 0, "", dir);
}

static void open_missing_dirfd(void)
{
	int d = open(dir, O_RDONLY | O_DIRECTORY);

	do_openat(d, "none", O_RDONLY, 0, "", dir);
}

static void open_deleted(void)
{
	char raw[64];
	int fd;

	make("f");
	fd = open(in_dir("f"), O_RDONLY);
	must(fd >= 0 && !unlink(in_dir("f")), "unlink");
	snprintf(raw, sizeof(raw), "/proc/self/fd/%d", fd);
	do_openat(AT_FDCWD, raw, O_RDWR, 0, in_dir("f"), "");
}

/* Another process's memory, and a file of one of its threads. */
static void open_proc(void)
{
	char path[64];

	about = fork();
	if (!about)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/mem", about);
	do_openat(AT_FDCWD, path, O_RDWR, 0, path, "");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/environ", about, about);
	do_openat(AT_FDCWD, path, O_RDONLY, 0, path, "");
	kill(about, SIGKILL);
	waitpid(about, NULL, 0);
}

static void open_memfd(void)
{
	char raw[64];
	int fd = memfd_create("trigger", 0);

	file_flags = FILE_MEMFD;
	snprintf(raw, sizeof(raw), "/proc/self/fd/%d", fd);
	do_openat(AT_FDCWD, raw, O_RDWR, 0, "memfd:trigger", "");
}

/* As long as a path can be: made and opened step by step, each name 200 bytes. */
static void open_long(void)
{
	char name[201], real[PATH_MAX];
	size_t n = strlen(dir);
	int d = open(dir, O_RDONLY | O_DIRECTORY), e;

	memset(name, 'n', sizeof(name));
	name[200] = 0;
	memcpy(real, dir, n);
	while (n + 1 + 200 + 2 < sizeof(real)) {
		must(!mkdirat(d, name, 0755), "mkdirat");
		e = openat(d, name, O_RDONLY | O_DIRECTORY);
		must(e >= 0, "openat");
		close(d);
		d = e;
		real[n++] = '/';
		memcpy(real + n, name, 200);
		n += 200;
	}
	memcpy(real + n, "/f", 3);
	do_openat(d, "f", O_WRONLY | O_CREAT, 0600, real, "");
}

static void open_plain(void)
{
#ifdef SYS_open
	struct stat st;
	int fd = (int)syscall(SYS_open, in_dir("new"), O_WRONLY | O_CREAT, 0604);

	must(fd >= 0 && !fstat(fd, &st), "open");
	truth_begin("open", getpid(), fd);
	truth_num("dirfd", AT_FDCWD);
	truth_str("raw", in_dir("new"));
	truth_num("flags", O_WRONLY | O_CREAT);
	truth_num("mode", 0604);
	truth_str("name", in_dir("new"));
	truth_opened(&st, O_CREAT);
	truth_header();
	truth_end();
#endif
}

static void do_creat(void)
{
#ifdef SYS_creat
	struct stat st;
	int fd = (int)syscall(SYS_creat, in_dir("new"), 0600);

	must(fd >= 0 && !fstat(fd, &st), "creat");
	truth_begin("creat", getpid(), fd);
	truth_num("dirfd", AT_FDCWD);
	truth_str("raw", in_dir("new"));
	truth_num("flags", O_WRONLY | O_CREAT | O_TRUNC);
	truth_num("mode", 0600);
	truth_str("name", in_dir("new"));
	truth_opened(&st, O_CREAT);
	truth_header();
	truth_end();
#endif
}

static void do_openat2(void)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_NO_SYMLINKS };
	struct stat st;
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, in_dir("new"), &how, sizeof(how));

	must(fd >= 0 && !fstat(fd, &st), "openat2");
	truth_begin("openat2", getpid(), fd);
	truth_num("dirfd", AT_FDCWD);
	truth_str("raw", in_dir("new"));
	truth_num("flags", O_RDWR | O_CREAT);
	truth_num("mode", 0600);
	truth_num("resolve", RESOLVE_NO_SYMLINKS);
	truth_str("name", in_dir("new"));
	truth_opened(&st, O_CREAT);
	truth_header();
	truth_end();
}

/* renameat2() of two names, each relative to a directory of its own; flags RENAME_*. */
static void do_renameat2(const char *oldraw, const char *newraw, const char *oldname, const char *newname, int flags)
{
	struct stat st;
	int from = open(dir, O_RDONLY | O_DIRECTORY), to = open(in_dir("to"), O_RDONLY | O_DIRECTORY), ret, err;

	memset(&st, 0, sizeof(st));
	fstatat(from, oldraw, &st, AT_SYMLINK_NOFOLLOW);
	ret = (int)syscall(SYS_renameat2, from, oldraw, to, newraw, flags);
	err = errno;
	truth_begin("renameat2", getpid(), ret < 0 ? -err : 0);
	truth_num("olddirfd", from);
	truth_num("newdirfd", to);
	truth_num("flags", flags);
	truth_str("oldraw", oldraw);
	truth_str("newraw", newraw);
	truth_str("olddir", dir);
	truth_str("newdir", to < 0 ? "" : in_dir("to"));
	truth_str("oldname", ret ? "" : oldname);
	truth_str("newname", ret ? "" : newname);
	truth_inode(ret ? memset(&st, 0, sizeof(st)) : &st);
	source(ret ? "user" : "kernel");
	truth_header();
	truth_end();
}

/* rename() or renameat() from the working directory. */
static void do_rename(const char *oldraw, const char *newraw, const char *oldname, const char *newname)
{
	struct stat st;
	int ret, err;

	must(!chdir(dir), "chdir");
	memset(&st, 0, sizeof(st));
	lstat(oldraw, &st);
	ret = (int)syscall(SYS_renameat, AT_FDCWD, oldraw, AT_FDCWD, newraw);
	err = errno;
	truth_begin("renameat", getpid(), ret < 0 ? -err : 0);
	truth_num("olddirfd", AT_FDCWD);
	truth_num("newdirfd", AT_FDCWD);
	truth_num("flags", 0);
	truth_str("oldraw", oldraw);
	truth_str("newraw", newraw);
	truth_str("olddir", dir);
	truth_str("newdir", dir);
	truth_str("oldname", ret ? "" : oldname);
	truth_str("newname", ret ? "" : newname);
	truth_inode(ret ? memset(&st, 0, sizeof(st)) : &st);
	source(ret ? "user" : "kernel");
	truth_header();
	truth_end();
}

static void rename_to(void)
{
	make("a");
	must(!mkdir(in_dir("to"), 0755), "mkdir");
	do_renameat2("./a", "b", in_dir("a"), in_dir("to/b"), RENAME_NOREPLACE);
}

static void rename_noreplace(void)
{
	make("a");
	must(!mkdir(in_dir("to"), 0755), "mkdir");
	make("to/b");
	do_renameat2("a", "b", in_dir("a"), in_dir("to/b"), RENAME_NOREPLACE);
}

static void rename_symlink(void)
{
	make("a");
	must(!mkdir(in_dir("sub"), 0755) && !symlink("sub", in_dir("ln")), "scene");
	do_rename("a", "ln/b", in_dir("a"), in_dir("sub/b"));
}

static void rename_over(void)
{
	make("a");
	make("b");
	do_rename("a", "b", in_dir("a"), in_dir("b"));
}

static void rename_dir(void)
{
	must(!mkdir(in_dir("a"), 0755), "mkdir");
	do_rename("./a", "b", in_dir("a"), in_dir("b"));
}

static void rename_missing(void) { do_rename("a", "b", "", ""); }

static void do_unlinkat(const char *raw, int flags, const char *name, int left)
{
	struct stat st;
	int d = open(dir, O_RDONLY | O_DIRECTORY), ret, err;

	memset(&st, 0, sizeof(st));
	fstatat(d, raw, &st, AT_SYMLINK_NOFOLLOW);
	ret = (int)syscall(SYS_unlinkat, d, raw, flags);
	err = errno;
	truth_begin("unlinkat", getpid(), ret < 0 ? -err : 0);
	truth_num("dirfd", d);
	truth_num("flags", flags);
	truth_str("raw", raw);
	truth_str("dir", dir);
	truth_str("name", ret ? "" : name);
	truth_inode(ret ? memset(&st, 0, sizeof(st)) : &st);
	truth_num("nlink", ret ? 0 : left);
	source(ret ? "user" : "kernel");
	truth_header();
	truth_end();
}

static void unlink_dotdot(void)
{
	make("f");
	must(!mkdir(in_dir("sub"), 0755) && !symlink("sub", in_dir("ln")), "scene");
	do_unlinkat("ln/../f", 0, in_dir("f"), 0);
}

static void unlink_hardlink(void)
{
	make("f");
	must(!link(in_dir("f"), in_dir("g")), "link");
	do_unlinkat("f", 0, in_dir("f"), 1);
}

static void unlink_dir(void)
{
	must(!mkdir(in_dir("d"), 0755), "mkdir");
	do_unlinkat("d", AT_REMOVEDIR, in_dir("d"), 0);
}

static void unlink_missing(void) { do_unlinkat("none", 0, "", 0); }

static void link_of(const char *oldraw, int flags, const char *oldname)
{
	struct stat st;
	int ret, err, from, to;

	make("f");
	must(!mkdir(in_dir("sub"), 0755) && !symlink("sub", in_dir("ln")) && !symlink("f", in_dir("fln")), "scene");
	must(!stat(in_dir("f"), &st), "stat");
	from = open(dir, O_RDONLY | O_DIRECTORY);
	to = open(in_dir("sub"), O_RDONLY | O_DIRECTORY);
	ret = (int)syscall(SYS_linkat, from, oldraw, to, "../ln/g", flags);
	err = errno;
	truth_begin("linkat", getpid(), ret < 0 ? -err : 0);
	truth_num("olddirfd", from);
	truth_num("newdirfd", to);
	truth_num("flags", flags);
	truth_str("oldname", ret ? "" : oldname);
	truth_str("newname", ret ? "" : in_dir("sub/g"));
	truth_str("oldraw", oldraw);
	truth_str("newraw", "../ln/g");
	truth_str("olddir", dir);
	truth_str("newdir", in_dir("sub"));
	truth_inode(ret ? memset(&st, 0, sizeof(st)) : &st);
	source(ret ? "user" : "kernel");
	truth_header();
	truth_end();
}

static void do_link(void) { link_of("f", 0, in_dir("f")); }
static void link_follow(void) { link_of("fln", AT_SYMLINK_FOLLOW, in_dir("f")); }
static void link_missing(void) { link_of("none", 0, ""); }

static void symlink_at(const char *raw, const char *name)
{
	struct stat st;
	int d = open(dir, O_RDONLY | O_DIRECTORY), ret, err;

	ret = (int)syscall(SYS_symlinkat, "some/where", d, raw);
	err = errno;
	memset(&st, 0, sizeof(st));
	if (!ret)
		must(!fstatat(d, raw, &st, AT_SYMLINK_NOFOLLOW), "stat");
	truth_begin("symlinkat", getpid(), ret < 0 ? -err : 0);
	truth_num("dirfd", d);
	truth_str("target", "some/where");
	truth_str("name", name);
	truth_str("raw", raw);
	truth_str("dir", dir);
	truth_inode(&st);
	source(ret ? "user" : "kernel");
	truth_header();
	truth_end();
}

static void do_symlink(void) { symlink_at("./ln", in_dir("ln")); }
static void symlink_missing(void) { symlink_at("no/ln", ""); }

/* NR is fchmodat's or fchmodat2's number. */
static void chmod_at(const char *call, long nr, const char *raw, int flags, const char *name)
{
	struct stat st;
	int d = open(dir, O_RDONLY | O_DIRECTORY), ret, err;

	ret = (int)syscall(nr, d, raw, 04711, flags);
	err = errno;
	if (ret && err == ENOSYS)
		return;
	memset(&st, 0, sizeof(st));
	if (!ret)
		must(!stat(name, &st), "stat");
	truth_begin(call, getpid(), ret < 0 ? -err : 0);
	truth_num("dirfd", d);
	truth_num("mode", 04711);
	truth_num("flags", flags);
	truth_str("name", name);
	truth_str("raw", raw);
	truth_str("dir", dir);
	truth_inode(&st);
	source(ret ? "user" : "kernel");
	truth_header();
	truth_end();
}

static void do_chmod(void)
{
	make("f");
	must(!symlink("f", in_dir("ln")), "symlink");
	chmod_at("fchmodat", SYS_fchmodat, "ln", 0, in_dir("f"));
}

/* On some file systems not possible: then it is an attempt. */
static void chmod_nofollow(void)
{
	make("f");
	chmod_at("fchmodat2", SYS_fchmodat2, "./f", AT_SYMLINK_NOFOLLOW, in_dir("f"));
}

static void chmod_missing(void) { chmod_at("fchmodat", SYS_fchmodat, "none", 0, ""); }

static void do_fchmod(void)
{
	struct stat st;
	int fd;

	make("f");
	fd = open(in_dir("f"), O_RDONLY);
	must(fd >= 0 && !syscall(SYS_fchmod, fd, 0751) && !fstat(fd, &st), "fchmod");
	truth_begin("fchmod", getpid(), 0);
	truth_num("dirfd", fd);
	truth_num("mode", 0751);
	truth_num("flags", 0);
	truth_str("name", in_dir("f"));
	truth_str("raw", "");
	truth_str("dir", "");
	truth_inode(&st);
	source("kernel");
	truth_header();
	truth_end();
}

/* The calls without a directory descriptor, where there are such. */
static void plain_rename(void)
{
#ifdef SYS_rename
	make("a");
	must(!syscall(SYS_rename, in_dir("a"), in_dir("b")), "rename");
	truth_begin("rename", getpid(), 0);
	truth_num("olddirfd", AT_FDCWD);
	truth_num("newdirfd", AT_FDCWD);
	truth_str("oldname", in_dir("a"));
	truth_str("newname", in_dir("b"));
	truth_header();
	truth_end();
#endif
}

static void plain_unlink(void)
{
#ifdef SYS_unlink
	make("a");
	must(!syscall(SYS_unlink, in_dir("a")), "unlink");
	truth_begin("unlink", getpid(), 0);
	truth_num("dirfd", AT_FDCWD);
	truth_str("name", in_dir("a"));
	truth_str("raw", in_dir("a"));
	truth_header();
	truth_end();
#endif
}

static void plain_link(void)
{
#ifdef SYS_link
	make("a");
	must(!syscall(SYS_link, in_dir("a"), in_dir("b")), "link");
	truth_begin("link", getpid(), 0);
	truth_num("olddirfd", AT_FDCWD);
	truth_str("oldname", in_dir("a"));
	truth_str("newname", in_dir("b"));
	truth_header();
	truth_end();
#endif
}

static void plain_symlink(void)
{
#ifdef SYS_symlink
	must(!syscall(SYS_symlink, "t", in_dir("b")), "symlink");
	truth_begin("symlink", getpid(), 0);
	truth_num("dirfd", AT_FDCWD);
	truth_str("target", "t");
	truth_str("name", in_dir("b"));
	truth_header();
	truth_end();
#endif
}

static void plain_chmod(void)
{
#ifdef SYS_chmod
	make("a");
	must(!syscall(SYS_chmod, in_dir("a"), 0611), "chmod");
	truth_begin("chmod", getpid(), 0);
	truth_num("dirfd", AT_FDCWD);
	truth_num("mode", 0611);
	truth_str("name", in_dir("a"));
	truth_header();
	truth_end();
#endif
}

static void *flip_byte(void *byte)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);	/* not where the opener is bound to */
	for (;;)
		*(volatile char *)byte ^= 'A' ^ 'B';
	return NULL;
}

/* Another thread flips a byte of the path all the time: what was opened is what the descriptor leads to. */
static void open_flip(void)
{
	static char path[2 * PATH_MAX];
	char link[64], real[PATH_MAX + 1];
	struct stat st;
	pthread_t t;

	make("fileA");
	make("fileB");
	snprintf(path, sizeof(path), "%s", in_dir("fileA"));
	must(!pthread_create(&t, NULL, flip_byte, path + strlen(path) - 1), "pthread_create");
	for (int i = 0; i < 500; i++) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
		ssize_t n = 0;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		must(fd >= 0 && !fstat(fd, &st) && (n = readlink(link, real, sizeof(real) - 1)) > 0, "flip");
		real[n] = 0;
		truth_begin("openat", getpid(), fd);
		truth_str("name", real);
		truth_inode(&st);
		source("kernel");
		truth_end();
		if (fd > 500)
			break;
	}
}

/* A file without a name. */
static void open_tmpfile(void)
{
	char link[64], real[PATH_MAX + 1];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, dir, O_TMPFILE | O_RDWR, 0640);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return;		/* a file system that has none */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	must(!fstat(fd, &st) && (n = readlink(link, real, sizeof(real) - 1)) > 0, "tmpfile");
	real[n] = 0;
	if (strstr(real, " (deleted)"))
		*strstr(real, " (deleted)") = 0;
	truth_begin("openat", getpid(), fd);
	truth_num("dirfd", AT_FDCWD);
	truth_num("mode", 0640);
	truth_num("nlink", 0);
	truth_str("name", real);
	truth_inode(&st);
	source("kernel");
	truth_end();
}

/* Needs root: the layers of an overlay. */
static void overlay(const char *file, int flags, int layer)
{
	char options[8 * PATH_MAX];

	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && !mkdir(in_dir("m"), 0755) &&
	     !mount("trigger", in_dir("m"), "tmpfs", 0, NULL) && !mkdir(in_dir("m/l"), 0755) && !mkdir(in_dir("m/u"), 0755) &&
	     !mkdir(in_dir("m/w"), 0755) && !mkdir(in_dir("m/r"), 0755), "tmpfs");
	make("m/l/below");
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", in_dir("m/l"), in_dir("m/u"), in_dir("m/w"));
	must(!mount("trigger", in_dir("m/r"), "overlay", 0, options), "overlay");
	file_flags = layer;
	do_openat(AT_FDCWD, in_dir(file), flags, 0600, in_dir(file), "");
}

static void overlay_lower(void) { overlay("m/r/below", O_RDONLY, FILE_LOWER); }
static void overlay_copied(void) { overlay("m/r/below", O_RDWR, FILE_UPPER); }
static void overlay_new(void) { overlay("m/r/new", O_WRONLY | O_CREAT, FILE_UPPER); }

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "open-create", open_create },
	{ "open-write", open_write },
	{ "open-read", open_read },
	{ "open-symlink", open_symlink },
	{ "open-dotdot", open_dotdot },
	{ "open-hardlink", open_hardlink },
	{ "open-dirfd", open_dirfd },
	{ "open-procroot", open_procroot },
	{ "open-missing", open_missing },
	{ "open-missing-dirfd", open_missing_dirfd },
	{ "open-deleted", open_deleted },
	{ "open-memfd", open_memfd },
	{ "open-proc", open_proc },
	{ "open-long", open_long },
	{ "open", open_plain },
	{ "creat", do_creat },
	{ "openat2", do_openat2 },
	{ "open-flip", open_flip },
	{ "open-tmpfile", open_tmpfile },
	{ "overlay-lower", overlay_lower },
	{ "overlay-copied", overlay_copied },
	{ "overlay-new", overlay_new },
	{ "rename", plain_rename },
	{ "rename-to", rename_to },
	{ "rename-noreplace", rename_noreplace },
	{ "rename-symlink", rename_symlink },
	{ "rename-over", rename_over },
	{ "rename-dir", rename_dir },
	{ "rename-missing", rename_missing },
	{ "unlink-dotdot", unlink_dotdot },
	{ "unlink-hardlink", unlink_hardlink },
	{ "unlink-dir", unlink_dir },
	{ "unlink-missing", unlink_missing },
	{ "unlink", plain_unlink },
	{ "link", plain_link },
	{ "linkat", do_link },
	{ "link-follow", link_follow },
	{ "link-missing", link_missing },
	{ "symlink", plain_symlink },
	{ "symlinkat", do_symlink },
	{ "symlink-missing", symlink_missing },
	{ "chmod", plain_chmod },
	{ "fchmodat", do_chmod },
	{ "fchmodat2", chmod_nofollow },
	{ "chmod-missing", chmod_missing },
	{ "fchmod", do_fchmod },
};

int main(int argc, char **argv)
{
	umask(0);
	truth_bind();
	if (argc == 3 && realpath(argv[2], dir))
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (!strcmp(argv[1], modes[i].name))
				return modes[i].run(), 0;
	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			puts(modes[i].name);
		return 0;
	}
	fprintf(stderr, "usage: file MODE DIR | file list\n");
	return 2;
}
