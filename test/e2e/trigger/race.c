/* SPDX-License-Identifier: Apache-2.0 */
/*
 * race list | race WHAT DIR N: one thread calls N times with an argument that another one changes all the time, between a decoy
 * and the real thing; what the kernel made of it each time is true: the file behind the descriptor, the peer of the
 * socket. Prints how many came to the real thing.
 *
 *	open      the path, /DIR/d/decoy.. and /DIR/d/secret.
 *	through   nothing changes, but the path leads through a symbolic link
 *	still     nothing changes
 *	connect   the port of the address; UDP on loopback, 4444 and 5555
 *	bind      the same
 *	and each of names[] below: the path, of a call that changes one of the two files or makes one; what came of it is
 *	looked at and undone each time, by other calls
 */
#include "truth.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>

static char path[2 * PATH_MAX], secret_path[2 * PATH_MAX], decoy_path[2 * PATH_MAX], other[2 * PATH_MAX];
static const struct raced *raced;
static struct sockaddr_in addr = { .sin_family = AF_INET };
static int stop;

/* A thread to a processor, where there are two: else they seldom run at the same time. */
static void bind_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Long enough in each state that some calls see only one of them. */
static void *flip(void *arg)
{
	const char *what = arg, *names[] = { "decoy..", "secret." };
	char *at = path + strlen(path) - 7;
	unsigned int i = 0, spin;

	bind_to(1);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		i ^= 1;
		if (!strcmp(what, "open") || raced)
			memcpy(at, names[i], 7);
		else if (!strcmp(what, "connect") || !strcmp(what, "bind"))
			__atomic_store_n(&addr.sin_port, htons(i ? 5555 : 4444), __ATOMIC_RELAXED);
		for (spin = 0; spin < 300; spin++)
			__asm__ volatile("" ::: "memory");
	}
	return NULL;
}

static int make(const char *dir, const char *name, struct stat *st)
{
	char full[2 * PATH_MAX];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	fd = open(full, O_WRONLY | O_CREAT, 0600);
	must(fd >= 0 && !fstat(fd, st), full);
	return close(fd);
}

static unsigned int opens(unsigned int n, const struct stat *secret)
{
	unsigned int real = 0, i;
	struct stat st;
	int fd;

	for (i = 0; i < n; i++) {
		fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
		if (fd < 0)
			continue;	/* half of one name and half of the other */
		must(!fstat(fd, &st), "fstat");
		real += st.st_ino == secret->st_ino && st.st_dev == secret->st_dev;
		close(fd);
	}
	return real;
}

/* ---- calls that change names ---- */

static long do_chmod(void) { return syscall(SYS_chmod, path, 0700); }
static int is_chmod(const struct stat *st) { return st && (st->st_mode & 0777) == 0700; }
static void no_chmod(const char *p) { syscall(SYS_fchmodat, AT_FDCWD, p, 0600); }
static long do_unlink(void) { return syscall(SYS_unlink, path); }
static long do_rename(void) { return syscall(SYS_rename, path, other); }
static int is_gone(const struct stat *st) { return !st; }
static void no_gone(const char *p) { close(open(p, O_WRONLY | O_CREAT, 0600)); }
static long do_link(void) { return syscall(SYS_link, path, other); }
static int is_link(const struct stat *st) { return st && st->st_nlink == 2; }
static void no_link(const char *p) { (void)p; unlinkat(AT_FDCWD, other, 0); }
static long do_symlink(void) { return syscall(SYS_symlink, "nowhere", path); }
static long do_mknod(void) { return syscall(SYS_mknod, path, S_IFIFO | 0600, 0); }
static int is_there(const struct stat *st) { return !!st; }
static void no_file(const char *p) { unlinkat(AT_FDCWD, p, 0); }
static long do_mkdir(void) { return syscall(SYS_mkdir, path, 0700); }
static void no_dir(const char *p) { unlinkat(AT_FDCWD, p, AT_REMOVEDIR); }
static long do_chown(void) { return syscall(SYS_chown, path, 1, 1); }
static int is_chown(const struct stat *st) { return st && st->st_uid == 1; }
static void no_chown(const char *p) { must(!fchownat(AT_FDCWD, p, 0, 0, 0), "fchownat"); }
static long do_setxattr(void) { return syscall(SYS_setxattr, path, "trusted.raced", "x", 1, 0); }
static int is_setxattr(const struct stat *st) { return st && lgetxattr(secret_path, "trusted.raced", NULL, 0) == 1; }
static void no_setxattr(const char *p) { lremovexattr(p, "trusted.raced"); }
static long do_truncate(void) { return syscall(SYS_truncate, path, 5L); }
static int is_truncate(const struct stat *st) { return st && st->st_size == 5; }
static void no_truncate(const char *p) { close(open(p, O_WRONLY | O_TRUNC)); }
static long do_utimes(void) { return syscall(SYS_utimes, path, &(struct timeval[2]){ { 9, 0 }, { 9, 0 } }); }
static int is_utimes(const struct stat *st) { return st && st->st_mtim.tv_sec == 9; }
static void no_utimes(const char *p) { utimensat(AT_FDCWD, p, NULL, 0); }

static const struct raced {
	const char *name;	/* the call */
	int makes;		/* what is not there before */
	long (*call)(void);
	int (*came)(const struct stat *st);	/* to the real thing; NULL: it is not there */
	void (*undo)(const char *path);
} names[] = {
	{ "chmod", 0, do_chmod, is_chmod, no_chmod }, { "unlink", 0, do_unlink, is_gone, no_gone },
	{ "rename", 0, do_rename, is_gone, no_gone }, { "link", 0, do_link, is_link, no_link },
	{ "symlink", 1, do_symlink, is_there, no_file }, { "mknod", 1, do_mknod, is_there, no_file },
	{ "mkdir", 1, do_mkdir, is_there, no_dir }, { "chown", 0, do_chown, is_chown, no_chown },
	{ "setxattr", 0, do_setxattr, is_setxattr, no_setxattr }, { "truncate", 0, do_truncate, is_truncate, no_truncate },
	{ "utimes", 0, do_utimes, is_utimes, no_utimes },
};

static unsigned int changes(unsigned int n)
{
	unsigned int real = 0, i;
	struct stat st;

	for (i = 0; i < n; i++) {
		if (raced->call())
			continue;	/* half of one name and half of the other */
		real += (unsigned int)raced->came(lstat(secret_path, &st) ? NULL : &st);
		raced->undo(secret_path);
		raced->undo(decoy_path);
	}
	return real;
}

/* ---- sockets ---- */

static unsigned int binds(unsigned int n)
{
	struct sockaddr_in local;
	unsigned int real = 0, i;
	socklen_t len;
	int fd;

	for (i = 0; i < n; i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		len = sizeof(local);
		must(fd >= 0 && !bind(fd, (void *)&addr, sizeof(addr)) && !getsockname(fd, (void *)&local, &len), "bind");
		real += ntohs(local.sin_port) == 5555;
		close(fd);
	}
	return real;
}

static unsigned int connects(unsigned int n)
{
	struct sockaddr_in peer;
	unsigned int real = 0, i;
	socklen_t len;
	int fd;

	for (i = 0; i < n; i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		len = sizeof(peer);
		must(fd >= 0 && !connect(fd, (void *)&addr, sizeof(addr)) && !getpeername(fd, (void *)&peer, &len), "connect");
		real += ntohs(peer.sin_port) == 5555;
		close(fd);
	}
	return real;
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 4 ? (unsigned int)atoi(argv[3]) : 0, real, i;
	struct stat secret, decoy;
	char link[2 * PATH_MAX];
	pthread_t t;

	if (!n) {
		for (i = 0; argc == 2 && i < sizeof(names) / sizeof(names[0]); i++)
			puts(names[i].name);
		return argc != 2;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		raced = strcmp(argv[1], names[i].name) ? raced : &names[i];
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(4444);
	if (!raced || !raced->makes) {
		make(argv[2], "secret.", &secret);
		make(argv[2], "decoy..", &decoy);
	}
	snprintf(secret_path, sizeof(secret_path), "%s/secret.", argv[2]);
	snprintf(decoy_path, sizeof(decoy_path), "%s/decoy..", argv[2]);
	snprintf(other, sizeof(other), "%s/other", argv[2]);
	snprintf(path, sizeof(path), "%s/%s", argv[2], !strcmp(argv[1], "through") ? "ln" : "secret.");
	snprintf(link, sizeof(link), "%s/ln", argv[2]);
	must(!symlink("secret.", link), "symlink");
	bind_to(0);
	must(!pthread_create(&t, NULL, flip, argv[1]), "pthread_create");
	real = raced ? changes(n) : !strcmp(argv[1], "connect") ? connects(n) : !strcmp(argv[1], "bind") ? binds(n) : opens(n, &secret);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	printf("{\"pid\":%d,\"calls\":%u,\"real\":%u}\n", getpid(), n, real);
	return 0;
}
