/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uring WAY DIR: what calls do to files in DIR (empty, made by the caller) and to sockets, done by requests of
 * io_uring, each succeeding and failing, and what is true of it. `uring list` names the ways. Exit status 77:
 * this kernel has no such ring for us.
 */
#include "truth.h"
#include "uring_way.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

/* probes/wire.h */
enum { FILE_CREATED = 1 };

static void make(const char *name)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0, "make");
	close(fd);
}

static int dir_fd(void)
{
	int d = open(dir, O_RDONLY | O_DIRECTORY);

	must(d >= 0, "dir");
	return d;
}

/* ---- files ---- */

static void truth_file(const struct stat *st, int created)
{
	truth_inode(st);
	truth_num("nlink", (long long)st->st_nlink);
	truth_num("file_mode", st->st_mode);
	truth_num("file_flags", created ? FILE_CREATED : 0);
}

static void openat_of(int dirfd, const char *raw, int flags, mode_t mode, const char *real, const char *base)
{
	struct io_uring_sqe *e = request(IORING_OP_OPENAT, dirfd, raw);
	struct stat st;
	int fd;

	e->open_flags = (__u32)flags;
	e->len = mode;
	fd = run();
	truth_begin("openat", getpid(), fd);
	truth_num("dirfd", dirfd);
	truth_num("flags", flags);
	truth_num("mode", flags & O_CREAT ? mode : 0);
	truth_num("resolve", 0);
	truth_str("raw", raw);
	truth_str("name", fd < 0 ? "" : real);
	truth_str("dir", base);
	memset(&st, 0, sizeof(st));
	if (fd >= 0)
		must(!fstat(fd, &st), "fstat");
	truth_file(&st, fd >= 0 && flags & O_CREAT);
	done(fd < 0 ? "user" : "kernel", 0);
	if (fd >= 0)
		close(fd);
}

static void opens(void)
{
	static char deep[PATH_MAX];
	int d = dir_fd();

	openat_of(AT_FDCWD, in_dir("new"), O_WRONLY | O_CREAT | O_EXCL, 0640, in_dir("new"), "");
	openat_of(AT_FDCWD, in_dir("new"), O_WRONLY | O_CREAT | O_EXCL, 0640, "", dir);
	openat_of(AT_FDCWD, in_dir("new"), O_RDONLY, 0, in_dir("new"), "");
	openat_of(d, "./new", O_RDWR | O_CLOEXEC, 0, in_dir("new"), "");
	must(!symlink("new", in_dir("ln")), "symlink");
	openat_of(d, "ln", O_RDONLY, 0, in_dir("new"), "");
	openat_of(d, "none", O_RDONLY, 0, "", dir);
	/* longer than a short text, and as long as can be */
	snprintf(deep, sizeof(deep), "%0*d/new", 400, 0);
	for (size_t i = 0; i < 400; i += 2)
		memcpy(deep + i, "./", 2);
	memcpy(deep + 400, "new", 4);
	openat_of(d, deep, O_RDWR, 0, in_dir("new"), "");
	for (size_t i = 0; i < 4092; i += 2)
		memcpy(deep + i, "./", 2);
	memcpy(deep + 4092, "no", 3);
	openat_of(d, deep, O_RDWR, 0, "", dir);
	close(d);
}

static void openat2_of(int dirfd, const char *raw, __u64 resolve, const char *real, const char *base)
{
	struct open_how how = { .flags = O_RDWR, .resolve = resolve };
	struct io_uring_sqe *e = request(IORING_OP_OPENAT2, dirfd, raw);
	struct stat st;
	int fd;

	e->len = sizeof(how);
	e->off = (unsigned long)&how;
	fd = run();
	truth_begin("openat2", getpid(), fd);
	truth_num("dirfd", dirfd);
	truth_num("flags", O_RDWR);
	truth_num("mode", 0);
	truth_num("resolve", (long long)resolve);
	truth_str("raw", raw);
	truth_str("name", real);
	truth_str("dir", base);
	memset(&st, 0, sizeof(st));
	if (fd >= 0)
		must(!fstat(fd, &st), "fstat");
	truth_file(&st, 0);
	done(fd < 0 ? "user" : "kernel", 0);
	if (fd >= 0)
		close(fd);
}

/* One batch opens, closes what it opened, and opens another file by the same descriptor. */
static void open_close(const char *first, const char *second)
{
	struct stat st[2];
	const char *names[] = { in_dir(first), in_dir(second) };
	int fd = dup(0), i;

	must(fd >= 0, "dup");
	close(fd);	/* the next one */
	request(IORING_OP_OPENAT, AT_FDCWD, names[0])->open_flags = O_RDWR;
	request(IORING_OP_CLOSE, fd, NULL);
	request(IORING_OP_OPENAT, AT_FDCWD, names[1])->open_flags = O_RDWR;
	ring_run(&ring);
	for (i = 0; i < 2; i++) {
		must(ring.res[2 * i] == fd && !stat(names[i], &st[i]), "batch");
		truth_begin("openat", getpid(), fd);
		truth_str("name", names[i]);
		truth_str("raw", names[i]);
		truth_file(&st[i], 0);
		done("kernel", 0);
	}
	close(fd);
}

/* Into the ring's own table: there is no descriptor. */
static void open_fixed(unsigned int slot)
{
	struct io_uring_sqe *e = request(IORING_OP_OPENAT, AT_FDCWD, in_dir("new"));
	struct stat st;
	int res;

	e->open_flags = O_RDWR;
	e->file_index = slot;
	res = run();
	must(res >= 0 && !stat(in_dir("new"), &st), "fixed");
	truth_begin("openat", getpid(), res);
	truth_num("flags", O_RDWR);
	truth_str("name", in_dir("new"));
	truth_file(&st, 0);
	done("kernel", 0);
}

static void files_opened(void)
{
	int d = dir_fd(), none[4] = { -1, -1, -1, -1 };

	opens();
	openat2_of(d, "new", RESOLVE_NO_SYMLINKS, in_dir("new"), "");
	openat2_of(d, "ln", RESOLVE_NO_SYMLINKS, "", dir);
	make("secret");
	make("decoy");
	if (!strcmp(way->name, "plain") || !strcmp(way->name, "sqpoll"))
		open_close("secret", "decoy");
	must(!syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, none, 4), "IORING_REGISTER_FILES");
	open_fixed(3);
	if (syscall(SYS_io_uring_register, ring.fd, 25 /* IORING_REGISTER_FILE_ALLOC_RANGE */, &(__u32[4]){ 0, 2 }, 0) == 0)
		open_fixed(~0u);
	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_FILES, NULL, 0);
	close(d);
}

static void renameat_of(const char *oldraw, const char *newraw, int flags, const char *oldname, const char *newname)
{
	int from = dir_fd(), to = open(in_dir("to"), O_RDONLY | O_DIRECTORY), res;
	struct io_uring_sqe *e;
	struct stat st;

	memset(&st, 0, sizeof(st));
	fstatat(from, oldraw, &st, AT_SYMLINK_NOFOLLOW);
	e = request(IORING_OP_RENAMEAT, from, oldraw);
	e->off = (unsigned long)newraw;
	e->len = (__u32)to;
	e->rename_flags = (__u32)flags;
	res = run();
	truth_begin("renameat2", getpid(), res);
	truth_num("olddirfd", from);
	truth_num("newdirfd", to);
	truth_num("flags", flags);
	truth_str("oldraw", oldraw);
	truth_str("newraw", newraw);
	truth_str("olddir", dir);
	truth_str("newdir", in_dir("to"));
	truth_str("oldname", oldname);
	truth_str("newname", newname);
	truth_inode(res ? memset(&st, 0, sizeof(st)) : &st);
	done(res ? "user" : "kernel", 0);
	close(from);
	close(to);
}

static void unlinkat_of(const char *raw, int flags, const char *name, int left)
{
	int d = dir_fd(), res;
	struct stat st;

	memset(&st, 0, sizeof(st));
	fstatat(d, raw, &st, AT_SYMLINK_NOFOLLOW);
	request(IORING_OP_UNLINKAT, d, raw)->unlink_flags = (__u32)flags;
	res = run();
	truth_begin("unlinkat", getpid(), res);
	truth_num("dirfd", d);
	truth_num("flags", flags);
	truth_str("raw", raw);
	truth_str("dir", dir);
	truth_str("name", name);
	truth_inode(res ? memset(&st, 0, sizeof(st)) : &st);
	truth_num("nlink", res ? 0 : left);
	done(res ? "user" : "kernel", 0);
	close(d);
}

static void linkat_of(const char *oldraw, int flags, const char *oldname, const char *newraw, const char *newname)
{
	int d = dir_fd(), res;
	struct io_uring_sqe *e = request(IORING_OP_LINKAT, d, oldraw);
	struct stat st;

	memset(&st, 0, sizeof(st));
	e->off = (unsigned long)newraw;
	e->len = (__u32)d;
	e->hardlink_flags = (__u32)flags;
	res = run();
	if (!res)
		must(!stat(newname, &st), "stat");
	truth_begin("linkat", getpid(), res);
	truth_num("olddirfd", d);
	truth_num("newdirfd", d);
	truth_num("flags", flags);
	truth_str("oldraw", oldraw);
	truth_str("newraw", newraw);
	truth_str("olddir", dir);
	truth_str("newdir", dir);
	truth_str("oldname", oldname);
	truth_str("newname", newname);
	truth_inode(&st);
	done(res ? "user" : "kernel", 0);
	close(d);
}

static void symlinkat_of(const char *raw, const char *name)
{
	int d = dir_fd(), res;
	struct io_uring_sqe *e = request(IORING_OP_SYMLINKAT, d, "some/where");
	struct stat st;

	memset(&st, 0, sizeof(st));
	e->off = (unsigned long)raw;
	res = run();
	if (!res)
		must(!lstat(name, &st), "stat");
	truth_begin("symlinkat", getpid(), res);
	truth_num("dirfd", d);
	truth_str("target", "some/where");
	truth_str("name", name);
	truth_str("raw", raw);
	truth_str("dir", dir);
	truth_inode(&st);
	done(res ? "user" : "kernel", 0);
	close(d);
}

static void mkdirat_of(const char *raw, const char *name)
{
	int d = dir_fd(), res;
	struct stat st;

	memset(&st, 0, sizeof(st));
	request(IORING_OP_MKDIRAT, d, raw)->len = 0750;
	res = run();
	if (!res)
		must(!stat(name, &st), "stat");
	truth_begin("mkdirat", getpid(), res);
	truth_num("dirfd", d);
	truth_num("mode", 0750);
	truth_str("raw", raw);
	truth_str("dir", dir);
	truth_str("name", name);
	truth_inode(&st);
	done(res ? "user" : "kernel", 0);
	close(d);
}

/* By a path, or by a descriptor where that is NULL. */
static void setxattr_of(int fd, const char *raw, const char *attr, const char *value, size_t size, int flags, const char *name)
{
	struct io_uring_sqe *e = request(raw ? OP_SETXATTR : OP_FSETXATTR, raw ? 0 : fd, attr);
	struct stat st;
	int res;

	e->off = (unsigned long)value;
	e->len = (__u32)size;
	e->rw_flags = flags;
	e->addr3 = (unsigned long)raw;
	res = run();
	memset(&st, 0, sizeof(st));
	if (*name)
		must(!stat(name, &st), "stat");
	truth_begin(raw ? "setxattr" : "fsetxattr", getpid(), res);
	truth_num("dirfd", raw ? AT_FDCWD : fd);
	truth_num("flags", flags);
	truth_num("size", (long long)size);
	truth_str("attr", attr);
	truth_bytes("value", value, size < 64 ? size : 64);
	truth_str("raw", raw ? raw : "");
	truth_str("name", name);
	truth_inode(&st);
	done(*name ? "kernel" : "user", 0);
}

static void size_of(unsigned int op, const char *call, int fd, int mode, off_t offset, off_t length, const char *name)
{
	struct io_uring_sqe *e = request(op, fd, NULL);
	struct stat st;
	int res;

	if (op == IORING_OP_FALLOCATE) {
		e->len = (__u32)mode;
		e->off = (__u64)offset;
		e->addr = (__u64)length;
	} else {
		e->off = (__u64)length;
	}
	res = run();
	must(!stat(name, &st), "stat");
	truth_begin(call, getpid(), res);
	truth_num("dirfd", fd);
	truth_num("mode", mode);
	truth_num("offset", offset);
	truth_num("length", length);
	truth_str("name", name);
	truth_inode(&st);
	done("kernel", 0);
}

/* From 5.19 on the requests have descriptors that are known; before that nothing of it is told. */
static void changes(void)
{
	char value[200];
	int fd;

	if (!ring_has(&ring, OP_SOCKET))
		return;
	memset(value, 'v', sizeof(value));
	must(!symlink("sub", in_dir("by")), "symlink");
	make("x");
	fd = open(in_dir("x"), O_RDWR);
	must(fd >= 0, "x");
	mkdirat_of("by/made", in_dir("sub/made"));
	mkdirat_of("by/made", "");
	rmdir(in_dir("sub/made"));
	setxattr_of(-1, in_dir("by/../x"), "trusted.short", "one", 3, 0, in_dir("x"));
	setxattr_of(-1, in_dir("x"), "trusted.long", value, sizeof(value), XATTR_CREATE, in_dir("x"));
	setxattr_of(-1, in_dir("none"), "trusted.short", "one", 3, 0, "");
	setxattr_of(fd, NULL, "trusted.other", "two", 3, 0, in_dir("x"));
	size_of(IORING_OP_FALLOCATE, "fallocate", fd, 0, 5, 4096, in_dir("x"));
	if (ring_has(&ring, OP_FTRUNCATE))
		size_of(OP_FTRUNCATE, "ftruncate", fd, 0, 0, 77, in_dir("x"));
	close(fd);
}

/* An operation that no kernel has fails before it is submitted: nothing is told, least of all of who had the number before. */
static void refused(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		request(200, -1, NULL);
		must(run() == -EINVAL, "no operation");
	}
}

static void names(void)
{
	must(!mkdir(in_dir("to"), 0755) && !mkdir(in_dir("sub"), 0755) && !symlink("sub", in_dir("to-sub")), "scene");
	make("a");
	make("f");
	renameat_of("./a", "b", RENAME_NOREPLACE, in_dir("a"), in_dir("to/b"));
	renameat_of("a", "b", 0, "", "");
	if (ring_has(&ring, IORING_OP_LINKAT)) {	/* from 5.15 on, and with it the other */
		linkat_of("f", 0, in_dir("f"), "to-sub/g", in_dir("sub/g"));
		linkat_of("none", 0, "", "h", "");
		symlinkat_of("to-sub/../s", in_dir("s"));
		symlinkat_of("no/s", "");
		unlinkat_of("to-sub/g", 0, in_dir("sub/g"), 1);
	}
	refused();
	changes();
	unlinkat_of("f", 0, in_dir("f"), 0);
	unlinkat_of("none", 0, "", 0);
	unlinkat_of("sub", AT_REMOVEDIR, in_dir("sub"), 0);
}

/* ---- sockets ---- */

static void print_addr(const char *name, const struct sockaddr_in *a)
{
	char key[32], text[INET_ADDRSTRLEN];

	if (a->sin_family != AF_INET)
		return;
	snprintf(key, sizeof(key), "%s_ip", name);
	truth_str(key, inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text)));
	snprintf(key, sizeof(key), "%s_port", name);
	truth_num(key, ntohs(a->sin_port));
}

static void print_local(int fd)
{
	struct sockaddr_in a = {};
	socklen_t len = sizeof(a);

	if (!getsockname(fd, (void *)&a, &len))
		print_addr("local", &a);
}

static void kind(int family, int type, int protocol)
{
	truth_num("family", family);
	truth_num("type", type);
	if (protocol >= 0)
		truth_num("protocol", protocol);
}

/* Kernels from 5.19 on; by a call where there is no such operation. */
static int socket_of(int domain, int type, int protocol)
{
	struct io_uring_sqe *e;
	int fd;

	if (!ring_has(&ring, OP_SOCKET))
		return socket(domain, type, protocol);
	e = request(OP_SOCKET, domain, NULL);
	e->off = (__u64)type;
	e->len = (__u32)protocol;
	fd = run();
	truth_begin("socket", getpid(), fd);
	truth_num("domain", domain);
	truth_num("type", type);
	truth_num("protocol", protocol);
	done(NULL, 0);
	return fd;
}

static void connect_of(int fd, const struct sockaddr_in *to)
{
	struct sockaddr_in bound = {};
	socklen_t len = sizeof(bound);
	int res;

	getsockname(fd, (void *)&bound, &len);
	request(IORING_OP_CONNECT, fd, to)->off = sizeof(*to);
	res = run();
	truth_begin("connect", getpid(), res);
	truth_num("fd", fd);
	print_addr("peer", to);
	if (!res)
		print_local(fd);
	else if (bound.sin_port)
		print_addr("local", &bound);
	if (fd < 900)
		kind(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	done(NULL, 0);
}

static void connect_path(int fd, const char *path, int fails)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int res;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	request(IORING_OP_CONNECT, fd, &un)->off = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
	res = run();
	must(!res == !fails, "unix connect");
	truth_begin("connect", getpid(), res);
	truth_num("fd", fd);
	truth_str("path", path);
	kind(AF_UNIX, SOCK_STREAM, 0);
	done(NULL, 0);
}

static void bind_of(int fd, struct sockaddr_in *a)
{
	int res;

	request(OP_BIND, fd, a)->off = sizeof(*a);
	res = run();
	truth_begin("bind", getpid(), res);
	truth_num("fd", fd);
	kind(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	if (res)
		print_addr("local", a);
	else
		print_local(fd);
	done(NULL, 0);
}

static void listen_of(int fd, int backlog)
{
	int res;

	request(OP_LISTEN, fd, NULL)->len = (__u32)backlog;
	res = run();
	truth_begin("listen", getpid(), res);
	truth_num("fd", fd);
	truth_num("backlog", backlog);
	kind(AF_INET, SOCK_STREAM, -1);
	print_local(fd);
	done(NULL, 0);
}

static int accept_of(int fd, int flags)
{
	struct io_uring_sqe *e = request(IORING_OP_ACCEPT, fd, NULL);
	struct sockaddr_in peer = {};
	socklen_t len = sizeof(peer);
	int res;

	e->accept_flags = (__u32)flags;
	res = run();
	truth_begin("accept4", getpid(), res);
	truth_num("listenfd", fd);
	truth_num("flags", flags);
	kind(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	print_local(res < 0 ? fd : res);
	if (res >= 0 && !getpeername(res, (void *)&peer, &len))
		print_addr("peer", &peer);
	done(NULL, 0);
	return res;
}

/* One request that accepts again and again. */
static void accept_multi(int l, const struct sockaddr_in *to)
{
	struct io_uring_sqe *e = ring_next(&ring);
	int i, c, fd[2];

	e->opcode = IORING_OP_ACCEPT;
	e->fd = l;
	e->ioprio = ACCEPT_MULTI;
	e->flags = (__u8)(way->sqe & ~IOSQE_ASYNC);
	e->user_data = RING_ENTRIES - 1;
	ring_submit(&ring, 0);
	for (i = 0; i < 2; i++) {
		struct sockaddr_in local = {};
		socklen_t len = sizeof(local);

		ring.res[RING_ENTRIES - 1] = 0;
		c = socket(AF_INET, SOCK_STREAM, 0);
		must(c >= 0 && !connect(c, (void *)to, sizeof(*to)) && !getsockname(c, (void *)&local, &len), "connect");
		while (!ring.res[RING_ENTRIES - 1]) {
			syscall(SYS_io_uring_enter, ring.fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
			ring_reap(&ring);
		}
		fd[i] = ring.res[RING_ENTRIES - 1];
		must(fd[i] > 0, "multishot");
		truth_begin("accept4", getpid(), fd[i]);
		truth_str("via", "multishot");	/* told from 6.14 on */
		truth_num("listenfd", l);
		truth_num("flags", 0);
		kind(AF_INET, SOCK_STREAM, IPPROTO_TCP);
		print_local(fd[i]);
		print_addr("peer", &local);
		done(NULL, 0);
		close(c);
	}
	close(fd[0]);
	close(fd[1]);
	e = ring_next(&ring);
	e->opcode = IORING_OP_ASYNC_CANCEL;
	e->addr = RING_ENTRIES - 1;
	ring_run(&ring);
	truth_begin("accept4", getpid(), -ECANCELED);
	truth_num("listenfd", l);
	done(NULL, 0);
}

static void sockets(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a);
	int l = socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c, s, ops = ring_has(&ring, OP_BIND);

	must(l >= 0, "IORING_OP_SOCKET");
	socket_of(250, SOCK_STREAM, 0);
	if (ops)
		bind_of(l, &a);
	else
		must(!bind(l, (void *)&a, len), "bind");
	must(!getsockname(l, (void *)&a, &len), "getsockname");
	if (ops)
		listen_of(l, 7);
	else
		must(!listen(l, 7), "listen");
	c = socket_of(AF_INET, SOCK_STREAM, 0);
	if (ops)
		bind_of(c, &a);		/* taken */
	connect_of(c, &a);
	s = accept_of(l, SOCK_CLOEXEC);
	close(s);
	close(c);
	if (!strcmp(way->name, "plain") && ring_has(&ring, OP_SOCKET))	/* as new as that */
		accept_multi(l, &a);
	close(l);
	c = socket(AF_INET, SOCK_STREAM, 0);
	connect_of(c, &a);	/* nobody listens any more */
	close(c);
	connect_of(997, &a);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", in_dir("sock"));
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	must(!bind(l, (void *)&un, sizeof(un)) && !listen(l, 2), "unix");
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	connect_path(c, in_dir("sock"), 0);
	close(c);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	connect_path(c, in_dir("nobody"), 1);
	close(c);
	close(l);
}

/* Asks for no word of its success. What can be said is what was asked, before it is done. */
static void silent(void)
{
	struct io_uring_sqe *e;

	if (strcmp(way->name, "plain") || !(ring.p.features & IORING_FEAT_CQE_SKIP))
		return;
	make("quiet");
	e = request(IORING_OP_UNLINKAT, AT_FDCWD, in_dir("quiet"));
	e->flags |= SQE_CQE_SKIP_SUCCESS;
	ring.waiting--;
	ring_submit(&ring, 0);
	while (!access(in_dir("quiet"), F_OK))
		usleep(1000);
	truth_begin("unlinkat", getpid(), 0);
	truth_str("raw", in_dir("quiet"));
	truth_str("name", "");
	done("user", 0);
}

static void all(void)
{
	files_opened();
	names();
	sockets();
	silent();
}

int main(int argc, char **argv)
{
	return way_main(argc, argv, all);
}
