/* SPDX-License-Identifier: Apache-2.0 */
/* file MODE DIR: does one thing to files in DIR (created by the caller, empty) and prints what is true of it. */
#include "truth.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

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
	truth_str("name_source", s);
}

/* openat() and what is true of the result; `real` is the path expected of a success. */
static void do_openat(int dirfd, const char *raw, int flags, mode_t mode, const char *real, const char *base)
{
	int fd = (int)syscall(SYS_openat, dirfd, raw, flags, mode), err = errno;
	struct stat st;

	truth_begin("openat", getpid(), fd < 0 ? -err : fd);
	truth_num("dirfd", dirfd);
	truth_num("flags", flags);
	truth_num("mode", flags & (O_CREAT | __O_TMPFILE) ? mode : 0);
	if (fd < 0) {
		truth_str("raw", raw);
		truth_str("dir", base);
		source("user");
	} else {
		must(!fstat(fd, &st), "fstat");
		truth_str("name", real);
		truth_inode(&st);
		truth_num("nlink", (long long)st.st_nlink);
		truth_num("file_mode", st.st_mode);
		source("kernel");
	}
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

static void open_memfd(void)
{
	char raw[64];
	int fd = memfd_create("trigger", 0);

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
	int fd = (int)syscall(SYS_open, in_dir("new"), O_WRONLY | O_CREAT, 0604);

	truth_begin("open", getpid(), fd);
	truth_num("flags", O_WRONLY | O_CREAT);
	truth_num("mode", 0604);
	truth_str("name", in_dir("new"));
	truth_end();
#endif
}

static void do_creat(void)
{
#ifdef SYS_creat
	int fd = (int)syscall(SYS_creat, in_dir("new"), 0600);

	truth_begin("creat", getpid(), fd);
	truth_num("flags", O_WRONLY | O_CREAT | O_TRUNC);
	truth_num("mode", 0600);
	truth_str("name", in_dir("new"));
	truth_end();
#endif
}

static void do_openat2(void)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_NO_SYMLINKS };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, in_dir("new"), &how, sizeof(how));

	truth_begin("openat2", getpid(), fd);
	truth_num("flags", O_RDWR | O_CREAT);
	truth_num("mode", 0600);
	truth_num("resolve", RESOLVE_NO_SYMLINKS);
	truth_str("name", in_dir("new"));
	truth_end();
}

static void do_rename(const char *oldraw, const char *newraw, const char *oldname, const char *newname)
{
	struct stat st;
	int ret, err;

	must(!chdir(dir), "chdir");
	memset(&st, 0, sizeof(st));
	lstat(oldraw, &st);
	ret = (int)syscall(SYS_renameat2, AT_FDCWD, oldraw, AT_FDCWD, newraw, 0);
	err = errno;
	truth_begin("renameat2", getpid(), ret < 0 ? -err : 0);
	truth_str("oldraw", oldraw);
	truth_str("newraw", newraw);
	truth_str("olddir", dir);
	truth_str("newdir", dir);
	if (!ret) {
		truth_str("oldname", oldname);
		truth_str("newname", newname);
		truth_inode(&st);
	}
	source(ret ? "user" : "kernel");
	truth_end();
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
	if (!ret) {
		truth_str("name", name);
		truth_inode(&st);
		truth_num("nlink", left);
	}
	source(ret ? "user" : "kernel");
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

static void do_link(void)
{
	struct stat st;
	int ret;

	make("f");
	must(!mkdir(in_dir("sub"), 0755) && !symlink("sub", in_dir("ln")) && !stat(in_dir("f"), &st), "scene");
	ret = (int)syscall(SYS_linkat, AT_FDCWD, in_dir("f"), AT_FDCWD, in_dir("ln/g"), 0);
	truth_begin("linkat", getpid(), ret < 0 ? -errno : 0);
	truth_str("oldname", in_dir("f"));
	truth_str("newname", in_dir("sub/g"));
	truth_str("oldraw", in_dir("f"));
	truth_str("newraw", in_dir("ln/g"));
	truth_inode(&st);
	source("kernel");
	truth_end();
}

static void do_symlink(void)
{
	struct stat st;
	int ret, d = open(dir, O_RDONLY | O_DIRECTORY);

	ret = (int)syscall(SYS_symlinkat, "some/where", d, "ln");
	must(!ret && !lstat(in_dir("ln"), &st), "symlinkat");
	truth_begin("symlinkat", getpid(), 0);
	truth_num("dirfd", d);
	truth_str("target", "some/where");
	truth_str("name", in_dir("ln"));
	truth_str("raw", "ln");
	truth_str("dir", dir);
	truth_inode(&st);
	source("kernel");
	truth_end();
}

static void do_chmod(void)
{
	struct stat st;
	int ret;

	make("f");
	must(!symlink("f", in_dir("ln")), "symlink");
	ret = (int)syscall(SYS_fchmodat, AT_FDCWD, in_dir("ln"), 04711);
	must(!ret && !stat(in_dir("f"), &st), "fchmodat");
	truth_begin("fchmodat", getpid(), 0);
	truth_num("mode", 04711);
	truth_str("name", in_dir("f"));
	truth_str("raw", in_dir("ln"));
	truth_inode(&st);
	source("kernel");
	truth_end();
}

static void chmod_missing(void)
{
	int d = open(dir, O_RDONLY | O_DIRECTORY), ret = (int)syscall(SYS_fchmodat, d, "none", 0777), err = errno;

	truth_begin("fchmodat", getpid(), ret < 0 ? -err : 0);
	truth_num("mode", 0777);
	truth_str("raw", "none");
	truth_str("dir", dir);
	source("user");
	truth_end();
}

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
	truth_str("name", in_dir("f"));
	truth_inode(&st);
	source("kernel");
	truth_end();
}

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
	{ "open-long", open_long },
	{ "open", open_plain },
	{ "creat", do_creat },
	{ "openat2", do_openat2 },
	{ "rename-symlink", rename_symlink },
	{ "rename-over", rename_over },
	{ "rename-dir", rename_dir },
	{ "rename-missing", rename_missing },
	{ "unlink-dotdot", unlink_dotdot },
	{ "unlink-hardlink", unlink_hardlink },
	{ "unlink-dir", unlink_dir },
	{ "unlink-missing", unlink_missing },
	{ "link", do_link },
	{ "symlink", do_symlink },
	{ "chmod", do_chmod },
	{ "chmod-missing", chmod_missing },
	{ "fchmod", do_fchmod },
};

int main(int argc, char **argv)
{
	umask(0);
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
