/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route list | route WAY DIR: does every call that takes a path by one way of naming it, each in a process and a folder
 * of its own below DIR (empty, made by the caller), and prints what is true of it. `list` prints the ways.
 *
 * The `route` of a truth is "CALL WAY", with ".new" behind a call whose second path it is.
 */
#include "truth.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#define ROOM (4 * PATH_MAX)
#define CHAIN 8

static char base[PATH_MAX];	/* of one call, absolute, without symbolic links */

/* A file in base/d, and one way to name it. */
struct place {
	const char *leaf;
	int dirfd;
	char raw[ROOM];		/* as the call is told */
	char real[ROOM];	/* as the kernel knows it, under the process's root */
};

enum { WAY_AT = 1, WAY_EXISTS = 2, WAY_FOLLOWS = 4, WAY_THREAD = 8, WAY_VFORK = 16 };
enum { ACT_FOLDER = 32, ACT_EXECUTES = 64, ACT_MOUNTS = 128, ACT_ROOT = 256 };	/* what an act's path is, besides */

static void join(char *ret, const char *folder, const char *leaf)
{
	must(snprintf(ret, ROOM, "%s/%s", folder, leaf) < ROOM, "a path that long");
}

static const char *under(const char *name)
{
	static char buf[4][ROOM];
	static int next;
	char *p = buf[next++ % 4];

	join(p, base, name);
	return p;
}

static void by_absolute(struct place *p) { join(p->raw, under("d"), p->leaf); }

static void by_relative(struct place *p)
{
	must(!chdir(under("d")), "chdir");
	strcpy(p->raw, p->leaf);
}

static void by_dirfd(struct place *p)
{
	p->dirfd = open(under("d"), O_RDONLY | O_DIRECTORY);
	strcpy(p->raw, p->leaf);
}

static void by_symlink(struct place *p)
{
	must(!symlink("d", under("ln")), "symlink");
	join(p->raw, under("ln"), p->leaf);
}

static void by_last_symlink(struct place *p)
{
	must(!symlink(p->real, under("last")), "symlink");
	strcpy(p->raw, under("last"));
}

static void by_dotdot(struct place *p)
{
	must(!mkdir(under("d/s"), 0755), "mkdir");
	join(p->raw, under("d/s/.././s/.."), p->leaf);
}

/* The folder by a name in /proc that leads to it. */
static void by_proc(struct place *p, const char *link, const char *folder)
{
	char text[ROOM];

	must(snprintf(text, sizeof(text), "/proc/self/%s%s", link, folder) < ROOM, "a path that long");
	join(p->raw, text, p->leaf);
}

static void by_proc_root(struct place *p) { by_proc(p, "root", under("d")); }

static void by_proc_cwd(struct place *p)
{
	must(!chdir(under("d")), "chdir");
	by_proc(p, "cwd", "");
}

static void by_proc_fd(struct place *p)
{
	char link[32];

	snprintf(link, sizeof(link), "fd/%d", open(under("d"), O_RDONLY | O_DIRECTORY));
	by_proc(p, link, "");
}

/* Through the roots of processes that nobody has looked at: the kernel makes two inodes for each on the way. */
static void by_proc_chain(struct place *p)
{
	int ends[2];
	size_t n = 0;
	pid_t child;

	must(!pipe(ends), "pipe");
	for (int i = 0; i < CHAIN; i++) {
		child = fork();
		must(child >= 0, "fork");
		if (!child) {
			close(ends[1]);
			_exit((int)read(ends[0], &child, 1));	/* until the parent is gone */
		}
		n += (size_t)snprintf(p->raw + n, ROOM - n, "/proc/%d/root", child);
	}
	snprintf(p->raw + n, ROOM - n, "%s", p->real);
}

static void by_hard_link(struct place *p)
{
	must(!rename(p->real, under("elsewhere")) && !link(under("elsewhere"), p->real), "link");
	strcpy(p->raw, p->real);
}

static void own_mounts(void)
{
	static int done;

	if (done++)
		return;
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "a mount namespace");
}

/* Another file system mounted there, and that once more elsewhere: the way taken is what counts. */
static void by_bind_mount(struct place *p)
{
	must(!mkdir(under("b"), 0755), "mkdir");
	own_mounts();
	must(!mount(under("d"), under("b"), NULL, MS_BIND, NULL), "bind");
	join(p->raw, under("b"), p->leaf);
	strcpy(p->real, p->raw);
}

static void by_chroot(struct place *p)
{
	must(!chroot(base) && !chdir("/"), "chroot");
	join(p->raw, "/d", p->leaf);
	strcpy(p->real, p->raw);
}

/* As long as the kernel takes: what is said is 4,095 bytes, what it comes to is short. */
static void by_long_text(struct place *p)
{
	size_t want = PATH_MAX - 1, end = strlen(under("d")), tail = strlen(p->leaf) + 1;

	strcpy(p->raw, under("d"));
	while (end + 2 + tail <= want) {
		strcpy(p->raw + end, "/.");
		end += 2;
	}
	if (end + 1 + tail <= want)
		p->raw[end++] = '/';
	snprintf(p->raw + end, ROOM - end, "/%s", p->leaf);
}

static void by_odd_name(struct place *p) { by_absolute(p); }

static const struct way {
	const char *name;
	int flags;		/* what a call must be able to, or be */
	void (*take)(struct place *p);
} ways[] = {
	{ "absolute", 0, by_absolute },
	{ "relative", 0, by_relative },
	{ "dirfd", WAY_AT, by_dirfd },
	{ "symlink", 0, by_symlink },
	{ "last-symlink", WAY_FOLLOWS, by_last_symlink },
	{ "dotdot", 0, by_dotdot },
	{ "proc-root", 0, by_proc_root },
	{ "proc-cwd", 0, by_proc_cwd },
	{ "proc-fd", 0, by_proc_fd },
	{ "proc-chain", 0, by_proc_chain },
	{ "hard-link", WAY_EXISTS, by_hard_link },
	{ "bind-mount", 0, by_bind_mount },
	{ "chroot", 0, by_chroot },
	{ "long-text", 0, by_long_text },
	{ "odd-name", 0, by_odd_name },
	{ "thread", WAY_THREAD, by_absolute },
	{ "vfork", WAY_VFORK, by_absolute },
};
#define NWAYS (sizeof(ways) / sizeof(ways[0]))

static long call_open(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_open, p, O_RDWR); }
static long call_openat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_openat, d, p, O_RDWR); }
static long call_creat(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_creat, p, 0644); }

static long call_openat2(int d, const char *p, const char *o)
{
	struct open_how how = { .flags = O_RDWR };

	(void)o;
	return syscall(SYS_openat2, d, p, &how, sizeof(how));
}

static long call_rename(int d, const char *p, const char *o) { (void)d; return syscall(SYS_rename, p, o); }
static long call_rename_new(int d, const char *p, const char *o) { (void)d; return syscall(SYS_rename, o, p); }
static long call_renameat(int d, const char *p, const char *o) { return syscall(SYS_renameat, d, p, AT_FDCWD, o); }
static long call_renameat_new(int d, const char *p, const char *o) { return syscall(SYS_renameat, AT_FDCWD, o, d, p); }
static long call_renameat2(int d, const char *p, const char *o) { return syscall(SYS_renameat2, d, p, AT_FDCWD, o, 0); }
static long call_renameat2_new(int d, const char *p, const char *o) { return syscall(SYS_renameat2, AT_FDCWD, o, d, p, 0); }
static long call_unlink(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_unlink, p); }
static long call_unlinkat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_unlinkat, d, p, 0); }
static long call_link(int d, const char *p, const char *o) { (void)d; return syscall(SYS_link, p, o); }
static long call_link_new(int d, const char *p, const char *o) { (void)d; return syscall(SYS_link, o, p); }
static long call_linkat(int d, const char *p, const char *o) { return syscall(SYS_linkat, d, p, AT_FDCWD, o, 0); }
static long call_linkat_new(int d, const char *p, const char *o) { return syscall(SYS_linkat, AT_FDCWD, o, d, p, 0); }
static long call_symlink(int d, const char *p, const char *o) { (void)d; return syscall(SYS_symlink, o, p); }
static long call_symlinkat(int d, const char *p, const char *o) { return syscall(SYS_symlinkat, o, d, p); }
static long call_chmod(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_chmod, p, 0600); }
static long call_fchmodat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_fchmodat, d, p, 0600); }
static long call_fchmodat2(int d, const char *p, const char *o) { (void)o; return syscall(SYS_fchmodat2, d, p, 0600, 0); }

static long call_mkdir(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_mkdir, p, 0700); }
static long call_mkdirat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_mkdirat, d, p, 0700); }
static long call_rmdir(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_rmdir, p); }
static long call_mknod(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_mknod, p, S_IFIFO | 0600, 0); }
static long call_mknodat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_mknodat, d, p, S_IFREG | 0600, 0); }
static long call_chown(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_chown, p, 1, 1); }
static long call_lchown(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_lchown, p, 1, 1); }
static long call_fchownat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_fchownat, d, p, 1, 1, 0); }
static long call_setxattr(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_setxattr, p, "trusted.nr", "v", 1, 0); }
static long call_lsetxattr(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_lsetxattr, p, "trusted.nr", "v", 1, 0); }
static long call_setxattrat(int d, const char *p, const char *o)
{
	struct { unsigned long long value; unsigned int size, flags; } args = { (unsigned long)"v", 1, 0 };

	(void)o;
	return syscall(SYS_setxattrat, d, p, 0, "trusted.nr", &args, sizeof(args));
}

static long call_truncate(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_truncate, p, 3L); }
static long call_utimes(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_utimes, p, &(struct timeval[2]){ { 9, 0 }, { 9, 0 } }); }
static long call_utimensat(int d, const char *p, const char *o) { (void)o; return syscall(SYS_utimensat, d, p, &(struct timespec[2]){ { 9, 0 }, { 9, 0 } }, 0); }
static long call_chroot(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_chroot, p); }
static long call_mount(int d, const char *p, const char *o) { (void)d; (void)o; return syscall(SYS_mount, "noroshi", p, "tmpfs", 0, NULL); }

static pid_t executed;	/* the process that did it */

static long executes(long nr, int d, const char *p)
{
	char *argv[] = { (char *)"prog", NULL }, *env[] = { NULL };
	int status = 0;

	executed = fork();
	if (!executed) {
		if (nr == SYS_execve)
			syscall(nr, p, argv, env);
		else
			syscall(nr, d, p, argv, env, 0);
		_exit(127);
	}
	must(executed > 0 && waitpid(executed, &status, 0) == executed, "fork");
	errno = ENOEXEC;
	return status ? -1 : 0;
}

static long call_execve(int d, const char *p, const char *o) { (void)o; return executes(SYS_execve, d, p); }
static long call_execveat(int d, const char *p, const char *o) { (void)o; return executes(SYS_execveat, d, p); }

static const struct act {
	const char *name;	/* with ".new" where the path is the second one */
	int flags;		/* WAY_*: takes a descriptor, its file exists, follows a symlink; ACT_* */
	const char *key;	/* the record's field that holds the path */
	long (*call)(int dirfd, const char *raw, const char *other);
} acts[] = {
	{ "open", WAY_EXISTS | WAY_FOLLOWS, "name", call_open },
	{ "openat", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_openat },
	{ "openat2", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_openat2 },
	{ "creat", WAY_EXISTS | WAY_FOLLOWS, "name", call_creat },
	{ "rename", WAY_EXISTS, "oldname", call_rename },
	{ "rename.new", 0, "newname", call_rename_new },
	{ "renameat", WAY_AT | WAY_EXISTS, "oldname", call_renameat },
	{ "renameat.new", WAY_AT, "newname", call_renameat_new },
	{ "renameat2", WAY_AT | WAY_EXISTS, "oldname", call_renameat2 },
	{ "renameat2.new", WAY_AT, "newname", call_renameat2_new },
	{ "unlink", WAY_EXISTS, "name", call_unlink },
	{ "unlinkat", WAY_AT | WAY_EXISTS, "name", call_unlinkat },
	{ "link", WAY_EXISTS, "oldname", call_link },
	{ "link.new", 0, "newname", call_link_new },
	{ "linkat", WAY_AT | WAY_EXISTS, "oldname", call_linkat },
	{ "linkat.new", WAY_AT, "newname", call_linkat_new },
	{ "symlink", 0, "name", call_symlink },
	{ "symlinkat", WAY_AT, "name", call_symlinkat },
	{ "chmod", WAY_EXISTS | WAY_FOLLOWS, "name", call_chmod },
	{ "fchmodat", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_fchmodat },
	{ "fchmodat2", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_fchmodat2 },
	{ "mkdir", 0, "name", call_mkdir },
	{ "mkdirat", WAY_AT, "name", call_mkdirat },
	{ "rmdir", ACT_FOLDER, "name", call_rmdir },
	{ "mknod", 0, "name", call_mknod },
	{ "mknodat", WAY_AT, "name", call_mknodat },
	{ "chown", WAY_EXISTS | WAY_FOLLOWS, "name", call_chown },
	{ "lchown", WAY_EXISTS, "name", call_lchown },
	{ "fchownat", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_fchownat },
	{ "setxattr", WAY_EXISTS | WAY_FOLLOWS, "name", call_setxattr },
	{ "lsetxattr", WAY_EXISTS, "name", call_lsetxattr },
	{ "setxattrat", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_setxattrat },
	{ "truncate", WAY_EXISTS | WAY_FOLLOWS, "name", call_truncate },
	{ "utimes", WAY_EXISTS | WAY_FOLLOWS, "name", call_utimes },
	{ "utimensat", WAY_AT | WAY_EXISTS | WAY_FOLLOWS, "name", call_utimensat },
	{ "chroot", WAY_FOLLOWS | ACT_FOLDER | ACT_ROOT, "name", call_chroot },
	{ "mount", WAY_FOLLOWS | ACT_FOLDER | ACT_MOUNTS, "target", call_mount },
	{ "execve", WAY_EXISTS | WAY_FOLLOWS | ACT_EXECUTES, "exe", call_execve },
	{ "execveat", WAY_AT | WAY_EXISTS | WAY_FOLLOWS | ACT_EXECUTES, "exe", call_execveat },
};

static void file_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	must(fd >= 0, path);
	close(fd);
}

/* A program that ends at once, and needs nothing to begin: it runs under any root. */
static void program_new(const char *path)
{
#ifdef __x86_64__
	static const unsigned char code[] = { 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 };
	const Elf64_Half machine = EM_X86_64;
#else
	static const unsigned int code[] = { 0xd2800ba8, 0xd2800000, 0xd4000001 };
	const Elf64_Half machine = EM_AARCH64;
#endif
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		unsigned char code[sizeof(code)];
	} f = { .e = { .e_ident = ELFMAG "\2\1\1", .e_type = ET_EXEC, .e_machine = machine, .e_version = 1, .e_ehsize = sizeof(f.e),
		       .e_phentsize = sizeof(f.p), .e_phnum = 1, .e_phoff = sizeof(f.e), .e_entry = 0x400000 + sizeof(f.e) + sizeof(f.p) },
		.p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_paddr = 0x400000, .p_filesz = sizeof(f),
		       .p_memsz = sizeof(f), .p_align = 0x1000 } };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	memcpy(f.code, code, sizeof(code));
	must(fd >= 0 && write(fd, &f, sizeof(f)) == sizeof(f), path);
	close(fd);
}

struct doing {
	const struct way *way;
	const struct act *act;
	struct place place;
	char other[ROOM];
};

/* The call itself, and its truth. */
static void *act_out(void *arg)
{
	struct doing *d = arg;
	long got = d->act->call(d->place.dirfd, d->place.raw, d->other), res = got < 0 ? -errno : got;
	int executes = d->act->flags & ACT_EXECUTES;
	char call[32], whole[2 * ROOM];

	snprintf(call, sizeof(call), "%.*s", (int)strcspn(d->act->name, "."), d->act->name);
	truth_begin(call, executes ? executed : getpid(), res);
	/* a root is told as the host's first process names it */
	snprintf(whole, sizeof(whole), "%s%s", d->act->flags & ACT_ROOT && d->way->take == by_chroot ? base : "", d->place.real);
	truth_str(d->act->key, whole);
	truth_str("name_source", "kernel");
	truth_num("tid", executes ? executed : (long long)syscall(SYS_gettid));
	printf(",\"route\":\"%s %s\"", d->act->name, d->way->name);
	truth_end();
	return NULL;
}

static void take(const struct way *w, const struct act *a)
{
	static struct doing d;
	pthread_t thread;
	pid_t child;

	d.way = w;
	d.act = a;
	d.place.leaf = w->take == by_odd_name ? "a\nb\xff\xc3 \"c" : "leaf";
	d.place.dirfd = AT_FDCWD;
	join(d.place.real, under("d"), d.place.leaf);
	must(!mkdir(under("d"), 0755), "mkdir");
	if (a->flags & ACT_MOUNTS)
		own_mounts();
	if (a->flags & ACT_EXECUTES)
		program_new(d.place.real);
	else if (a->flags & ACT_FOLDER)
		must(!mkdir(d.place.real, 0755), "mkdir");
	else if (a->flags & WAY_EXISTS)
		file_new(d.place.real);
	else
		file_new(under("d/other"));
	w->take(&d.place);
	strcpy(d.other, w->take == by_chroot ? "/d/other" : w->take == by_bind_mount ? under("b/other") : under("d/other"));
	if (w->flags & WAY_THREAD) {
		must(!pthread_create(&thread, NULL, act_out, &d) && !pthread_join(thread, NULL), "a thread");
	} else if (w->flags & WAY_VFORK) {
		child = vfork();
		if (!child) {
			act_out(&d);
			_exit(0);
		}
		must(child > 0 && waitpid(child, NULL, 0) == child, "vfork");
	} else {
		act_out(&d);
	}
}

static int run(const struct way *w, const char *dir)
{
	const int able = WAY_AT | WAY_EXISTS | WAY_FOLLOWS;
	int status = 0;

	for (unsigned int i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (w->flags & able & ~acts[i].flags)
			continue;
		must(snprintf(base, sizeof(base), "%s/%u", dir, i) < PATH_MAX, dir);
		must(!mkdir(base, 0755), "mkdir");
		fflush(stdout);
		switch (fork()) {
		case -1:
			must(0, "fork");
			break;
		case 0:
			take(w, &acts[i]);
			_exit(0);	/* without what a sanitizer looks for at the end: there may be no /proc */
		}
		must(wait(&status) > 0 && !status, acts[i].name);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static char dir[PATH_MAX];

	umask(0);
	for (unsigned int i = 0; i < NWAYS; i++) {
		if (argc == 2 && !strcmp(argv[1], "list"))
			puts(ways[i].name);
		else if (argc == 3 && !strcmp(argv[1], ways[i].name) && realpath(argv[2], dir))
			return run(&ways[i], dir);
	}
	return argc == 2 && !strcmp(argv[1], "list") ? 0 : 2;
}
