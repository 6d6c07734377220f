/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ia32_calls DIR: calls of all kinds by the 32-bit entry (int $0x80), with what is different there: numbers, ids of 16 bits, lengths in
 * two registers, structs with 32-bit pointers, arguments in memory. What is true of each. Exit status 77: there is no such entry.
 */
#include "ia32.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum { WRITE = 4, LINK = 9, MKNOD = 14, MOUNT = 21, UMOUNT = 22, SETUID16 = 23, PTRACE = 26, KILL = 37, MKDIR = 39, RMDIR = 40, DUP = 41,
       UMOUNT2 = 52, CHROOT = 61, DUP2 = 63, SETREUID16 = 70, SETHOSTNAME = 74, SETTIMEOFDAY = 79, SYMLINK = 83, OLD_MMAP = 90, FTRUNCATE = 93,
       SOCKETCALL = 102, MPROTECT = 125, DELETE_MODULE = 129, PERSONALITY = 136, PRCTL = 172, PWRITE64 = 181, CHOWN16 = 182, MMAP2 = 192,
       TRUNCATE64 = 193, LCHOWN = 198, SETGROUPS = 206, SETRESUID = 208, FCNTL64 = 221, SETXATTR = 226, SENDFILE64 = 239,
       CLOCK_SETTIME = 264, TGKILL = 270, UTIMES = 271, KEYCTL = 288, MKDIRAT = 296, UNSHARE = 310, UTIMENSAT = 320, FALLOCATE = 324,
       DUP3 = 330, RECVMMSG = 337, SENDMMSG = 345, SETNS = 346, PROCESS_VM_READV = 347, MEMFD_CREATE = 356, BPF = 357, SOCKET = 359,
       SOCKETPAIR = 360, BIND = 361, CONNECT = 362, LISTEN = 363, ACCEPT4 = 364, SENDTO = 369, SENDMSG = 370, RECVFROM = 371,
       RECVMSG = 372, FSOPEN = 430, PIDFD_OPEN = 434 };

#define NONE	0xffffffffll	/* an id that is not to change */
#define ADDR(p)	((uintptr_t)(p))

/* As a 32-bit program has them. */
struct part32 { uint32_t base, len; };
struct msg32 { uint32_t name, namelen, iov, iovlen, control, controllen, flags, got; };

static char dir[PATH_MAX];

static char *text(const char *s)
{
	return keep(s, strlen(s) + 1);
}

static char *in_dir(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return text(path);
}

static void begin(const char *call, long long res)
{
	truth_begin(call, getpid(), res);
	truth_num("tid", truth_tid());
	truth_num("compat", 1);
}

static void by_path(const char *call, long res, const char *raw)
{
	begin(call, res);
	truth_str("raw", raw);
}

static int made(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0 && !ftruncate(fd, (off_t)size), path);
	return fd;
}

static void do_directories(void)
{
	char *a = in_dir("d"), *b = in_dir("e"), *node = in_dir("fifo");

	by_path("mkdir", enter(MKDIR, ADDR(a), 0750, 0, 0), a);
	truth_num("mode", 0750);
	truth_end();
	by_path("mkdirat", enter(MKDIRAT, (uint32_t)AT_FDCWD, ADDR(b), 0700, 0), b);
	truth_num("dirfd", AT_FDCWD);
	truth_end();
	by_path("rmdir", enter(RMDIR, ADDR(b), 0, 0, 0), b);
	truth_end();
	by_path("mknod", enter(MKNOD, ADDR(node), S_IFIFO | 0600, 0, 0), node);
	truth_num("mode", S_IFIFO | 0600);
	truth_end();
}

static void do_links(const char *file)
{
	char *hard = in_dir("hard"), *soft = in_dir("soft"), *to = text("nowhere");
	long res = enter(LINK, ADDR(file), ADDR(hard), 0, 0);

	begin("link", res);
	truth_str("oldraw", file);
	truth_str("newraw", hard);
	truth_end();
	res = enter(SYMLINK, ADDR(to), ADDR(soft), 0, 0);
	begin("symlink", res);
	truth_str("target", to);
	truth_str("raw", soft);
	truth_end();
}

static void do_sizes(const char *file, int fd)
{
	long res = enter(TRUNCATE64, ADDR(file), 1, 1, 0);

	by_path("truncate", res, file);
	truth_num("length", 0x100000001);
	truth_end();
	res = enter(FTRUNCATE, (uintptr_t)fd, 77, 0, 0);
	begin("ftruncate", res);
	truth_num("dirfd", fd);
	truth_num("length", 77);
	truth_str("name", file);
	truth_end();
	res = enter6(FALLOCATE, (uintptr_t)fd, 1, 0x1000, 1, 0x2000, 0);
	begin("fallocate", res);
	truth_num("mode", 1);
	truth_num("offset", 0x100001000);
	truth_num("length", 0x2000);
	truth_end();
}

static void do_attributes(const char *file)
{
	char *name = text("user.x"), *value = text("val");
	long res = enter(CHOWN16, ADDR(file), 0xffff, 12, 0);

	by_path("chown", res, file);
	truth_num("uid", NONE);
	truth_num("gid", 12);
	truth_end();
	by_path("lchown", enter(LCHOWN, ADDR(file), 0x12345, (uint32_t)-1, 0), file);
	truth_num("uid", 0x12345);
	truth_num("gid", NONE);
	truth_end();
	res = enter6(SETXATTR, ADDR(file), ADDR(name), ADDR(value), 3, 0, 0);
	by_path("setxattr", res, file);
	truth_str("attr", "user.x");
	truth_str("value", "val");
	truth_num("size", 3);
	truth_end();
	by_path("utimes", enter(UTIMES, ADDR(file), 0, 0, 0), file);
	truth_end();
	by_path("utimensat", enter(UTIMENSAT, (uint32_t)AT_FDCWD, ADDR(file), 0, 0), file);
	truth_end();
}

static void do_writes(const char *file, int fd)
{
	char *bytes = text("hello"), *path = in_dir("copy");
	int out = made(path, 0);
	long res = enter(WRITE, (uintptr_t)fd, ADDR(bytes), 5, 0);

	begin("write", res);
	truth_num("fd", fd);
	truth_num("size", 5);
	truth_str("name", file);
	truth_end();
	res = enter6(PWRITE64, (uintptr_t)fd, ADDR(bytes), 3, 1, 0, 0);
	begin("pwrite", res);
	truth_num("size", 3);
	truth_end();
	must(!lseek(fd, 0, SEEK_SET), "lseek");
	res = enter(SENDFILE64, (uintptr_t)out, (uintptr_t)fd, 0, 4);
	begin("sendfile", res);
	truth_num("fd_out", out);
	truth_num("fd_in", fd);
	truth_num("len", 4);
	truth_str("out_name", path);
	truth_str("in_name", file);
	truth_end();
	close(out);
}

static void duplicated(const char *call, long res, int fd, int asked, int flags, const char *file)
{
	begin(call, res);
	truth_num("oldfd", fd);
	truth_num("newfd", asked);
	truth_num("flags", flags);
	truth_str("fd_type", "file");
	truth_str("name", file);
	truth_end();
}

static void do_dups(const char *file, int fd)
{
	duplicated("dup", enter(DUP, (uintptr_t)fd, 0, 0, 0), fd, -1, 0, file);
	duplicated("dup2", enter(DUP2, (uintptr_t)fd, 50, 0, 0), fd, 50, 0, file);
	duplicated("dup3", enter(DUP3, (uintptr_t)fd, 51, O_CLOEXEC, 0), fd, 51, O_CLOEXEC, file);
	duplicated("fcntl", enter(FCNTL64, (uintptr_t)fd, F_DUPFD, 60, 0), fd, 60, 0, file);
}

static void mapped(long res, size_t length, const char *file)
{
	begin("mmap", (long long)(uint32_t)res);
	truth_num("addr", (long long)(uint32_t)res);
	truth_num("length", (long long)length);
	truth_num("offset", 4096);
	truth_num("prot", PROT_READ | PROT_EXEC);
	truth_num("flags", MAP_PRIVATE);
	truth_str("file", file);
	truth_end();
}

static void do_memory(void)
{
	char *path = in_dir("pages"), *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd = made(path, 12288);
	uint32_t args[] = { 0, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, (uint32_t)fd, 4096 };
	long res = enter(MPROTECT, ADDR(page), 4096, PROT_READ | PROT_EXEC, 0);

	begin("mprotect", res);
	truth_num("addr", (long long)ADDR(page));
	truth_num("length", 4096);
	truth_num("prot", PROT_READ | PROT_EXEC);
	truth_end();
	mapped(enter6(MMAP2, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, (uintptr_t)fd, 1), 4096, path);
	mapped(enter(OLD_MMAP, ADDR(keep(args, sizeof(args))), 0, 0, 0), 8192, path);
	close(fd);
}

static void do_mounts(void)
{
	char *on = in_dir("m"), *none = text("nothing"), *type = text("tmpfs");
	long res;

	must(!mkdir(on, 0700), on);
	for (int i = 0; i < 2; i++) {
		res = enter6(MOUNT, ADDR(none), ADDR(on), ADDR(type), 1, ADDR(text("size=4k")), 0);
		begin("mount", res);
		truth_num("flags", 1);
		truth_str("source", "nothing");
		truth_str("fstype", "tmpfs");
		truth_str("target", on);
		truth_str("target_raw", on);
		truth_str("data", "size=4k");
		truth_end();
		res = i ? enter(UMOUNT, ADDR(on), 7, 7, 7) : enter(UMOUNT2, ADDR(on), 2, 0, 0);
		begin("umount2", res);
		truth_num("flags", i ? 0 : 2);
		truth_str("target_raw", on);
		truth_end();
	}
	res = enter(FSOPEN, ADDR(type), 0, 0, 0);
	begin("fsopen", res);
	truth_str("fstype", "tmpfs");
	truth_end();
}

static void do_self(void)
{
	char *name = text("ia32-name"), *root = text("/");
	long res = enter(PRCTL, 15, ADDR(name), 0x80000000, 0);
	struct stat st;

	begin("prctl", res);
	truth_num("option", 15);
	truth_num("arg2", (long long)ADDR(name));
	truth_num("arg3", 0x80000000);
	truth_str("text", "ia32-name");
	truth_end();
	begin("personality", enter(PERSONALITY, 0xffffffff, 0, 0, 0));
	truth_num("persona", NONE);
	truth_end();
	begin("keyctl", enter(KEYCTL, 0, (uint32_t)-3, 0, 0));
	truth_num("operation", 0);
	truth_num("arg2", 0xfffffffd);
	truth_end();
	must(!stat("/", &st), "/");
	by_path("chroot", enter(CHROOT, ADDR(root), 0, 0, 0), "/");
	truth_inode(&st);
	truth_str("name", "/");
	truth_end();
}

static void do_namespaces(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	begin("unshare", enter(UNSHARE, CLONE_FS, 0, 0, 0));
	truth_num("fd", -1);
	truth_num("flags", CLONE_FS);
	truth_end();
	begin("setns", enter(SETNS, (uintptr_t)fd, CLONE_NEWUTS, 0, 0));
	truth_num("fd", fd);
	truth_num("flags", CLONE_NEWUTS);
	truth_end();
	close(fd);
}

/* In a process that ends after it. */
static void do_ids(void)
{
	uint32_t groups[] = { 8, 0x1234567 };	/* the kernel sorts them */
	long res = enter(SETGROUPS, 2, ADDR(keep(groups, sizeof(groups))), 0, 0);

	begin("setgroups", res);
	truth_num("id0", 2);
	truth_bytes("groups", (char *)groups, sizeof(groups));
	truth_end();
	begin("setresuid", enter(SETRESUID, (uint32_t)-1, (uint32_t)-1, (uint32_t)-1, 0));
	truth_num("id0", NONE);
	truth_num("id2", NONE);
	truth_end();
	begin("setreuid", enter(SETREUID16, 0xffff, 12, 0, 0));
	truth_num("id0", NONE);
	truth_num("id1", 12);
	truth_num("euid", 12);
	truth_num("fsuid", 12);
	truth_end();
	begin("setuid", enter(SETUID16, 12, 0, 0, 0));
	truth_num("id0", 12);
	truth_end();
}

static void do_others(void)
{
	uint32_t parts[] = { (uint32_t)ADDR(low), 8, (uint32_t)ADDR(low) + 8, 8 }, *at = keep(parts, sizeof(parts));
	long res = enter(PTRACE, 16, 0x7ffffff, 0x80001234, 5);

	begin("ptrace", res);
	truth_num("request", 16);
	truth_num("to_pid", 0x7ffffff);
	truth_num("addr", 0x80001234);
	truth_num("data", 5);
	truth_end();
	res = enter6(PROCESS_VM_READV, (uintptr_t)getpid(), ADDR(at), 1, ADDR(at + 2), 1, 0);
	begin("process_vm_readv", res);
	truth_num("target", getpid());
	truth_num("addr", (long long)ADDR(low) + 8);
	truth_end();
	begin("kill", enter(KILL, (uintptr_t)getpid(), 0, 0, 0));
	truth_num("to_pid", getpid());
	truth_num("target", getpid());
	truth_num("sig", 0);
	truth_end();
	begin("tgkill", enter(TGKILL, (uintptr_t)getpid(), (uintptr_t)gettid(), 0, 0));
	truth_num("to_tid", gettid());
	truth_num("code", -6);
	truth_end();
}

static void do_bpf(void)
{
	struct { uint32_t type, key, value, max, flags, inner, node; char name[16]; char rest[80]; } a = { 2, 4, 4, 1, 0, 0, 0, "ia32map", "" };
	long res = enter(BPF, 0, ADDR(keep(&a, sizeof(a))), sizeof(a), 0);

	begin("bpf", res);
	truth_num("cmd", 0);
	truth_num("map_type", 2);
	truth_str("name", "ia32map");
	truth_end();
}

static void do_kernel(void)
{
	char host[65] = "", *name, *module = text("no-such-module");
	int32_t time[] = { 7, -1 };
	int64_t wide[] = { 7, -1 };
	long res;

	must(!gethostname(host, sizeof(host) - 1), "gethostname");
	name = text(host);
	begin("sethostname", enter(SETHOSTNAME, ADDR(name), strlen(host), 0, 0));
	truth_num("arg2", (long long)strlen(host));
	truth_str("text", host);
	truth_end();
	begin("delete_module", enter(DELETE_MODULE, ADDR(module), 0, 0, 0));
	truth_str("text", module);
	truth_end();
	res = enter(SETTIMEOFDAY, ADDR(keep(time, sizeof(time))), 0, 0, 0);
	must(res < 0, "a time that no clock takes");
	begin("settimeofday", res);
	truth_bytes("text", (char *)wide, sizeof(wide));
	truth_end();
	res = enter(CLOCK_SETTIME, 99, ADDR(keep(time, sizeof(time))), 0, 0);
	begin("clock_settime", res);
	truth_num("arg1", 99);
	truth_bytes("text", (char *)wide, sizeof(wide));
	truth_end();
	begin("memfd_create", enter(MEMFD_CREATE, ADDR(text("m32")), 0, 0, 0));
	truth_str("text", "m32");
	truth_end();
	begin("pidfd_open", enter(PIDFD_OPEN, (uintptr_t)getpid(), 0, 0, 0));
	truth_num("arg1", getpid());
	truth_end();
}

static long socketcall(uint32_t which, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	/* what stands behind the arguments of the shorter calls must not be taken for theirs */
	uint32_t args[] = { a, b, c, d, e, f };

	return enter(SOCKETCALL, which, ADDR(keep(args, sizeof(args))), 0, 0);
}

static void do_pair(int by_socketcall)
{
	int *fd = keep((int[2]){ -1, -1 }, 8);
	long res = by_socketcall ? socketcall(8, AF_UNIX, SOCK_STREAM, 0, (uint32_t)ADDR(fd), 0, 0) :
				   enter(SOCKETPAIR, AF_UNIX, SOCK_STREAM, 0, ADDR(fd));

	begin("socketpair", res);
	truth_num("domain", AF_UNIX);
	truth_num("type", SOCK_STREAM);
	truth_num("fd1", fd[0]);
	truth_num("fd2", fd[1]);
	truth_end();
	close(fd[0]);
	close(fd[1]);
}

static void served(const char *call, long res, const char *key, long fd, unsigned int port)
{
	begin(call, res);
	truth_num(key, fd);
	truth_num("family", AF_INET);
	truth_str("local_ip", "127.0.0.1");
	truth_num("local_port", port);
	truth_end();
}

static void do_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	long fd = enter(SOCKET, AF_INET, SOCK_STREAM, 0, 0), res, got;
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned int port;

	res = enter(BIND, (uintptr_t)fd, ADDR(keep(&at, sizeof(at))), sizeof(at), 0);
	must(!getsockname((int)fd, (struct sockaddr *)&at, &len), "getsockname");
	port = ntohs(at.sin_port);
	served("bind", res, "fd", fd, port);
	served("listen", enter(LISTEN, (uintptr_t)fd, 3, 0, 0), "fd", fd, port);
	must(!connect(client, (struct sockaddr *)&at, sizeof(at)), "connect");
	got = enter(ACCEPT4, (uintptr_t)fd, 0, 0, 0);
	served("accept4", got, "listenfd", fd, port);
	close((int)got);
	close(client);
	close((int)fd);
}

static void sent(const char *call, long res, int fd, size_t size, const char *data, unsigned int port)
{
	begin(call, res);
	truth_num("fd", fd);
	truth_num("family", AF_INET);
	truth_num("size", (long long)size);
	truth_str("data", data);
	if (port) {
		truth_str("peer_ip", "127.0.0.1");
		truth_num("peer_port", port);
	}
	truth_end();
}

/* A message of two parts, to an address or into memory. */
static struct msg32 *message(void *name, uint32_t namelen, char *a, char *b, uint32_t each)
{
	struct part32 parts[] = { { (uint32_t)ADDR(a), each }, { (uint32_t)ADDR(b), each } };
	struct msg32 m = { (uint32_t)ADDR(name), namelen, (uint32_t)ADDR(keep(parts, sizeof(parts))), 2, 0, 0, 0, 0 };

	return keep(&m, sizeof(m));
}

/* From a datagram socket to itself. */
static void do_transfers(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char *one = text("one"), *two = text("two"), *room = keep(&(char[64]){ 0 }, 64);
	uint32_t *namelen = keep(&len, sizeof(len));
	void *to;
	unsigned int port;
	struct msg32 *m;

	must(fd >= 0 && !bind(fd, (struct sockaddr *)&at, len) && !getsockname(fd, (struct sockaddr *)&at, &len), "socket");
	to = keep(&at, sizeof(at));
	port = ntohs(at.sin_port);
	sent("sendto", enter6(SENDTO, (uintptr_t)fd, ADDR(one), 3, 0, ADDR(to), len), fd, 3, "one", port);
	sent("recvfrom", enter6(RECVFROM, (uintptr_t)fd, ADDR(room), 16, 0, ADDR(to), ADDR(namelen)), fd, 16, "one", port);
	m = message(to, len, one, two, 3);
	sent("sendmsg", enter(SENDMSG, (uintptr_t)fd, ADDR(m), 0, 0), fd, 6, "onetwo", port);
	m = message(to, len, room, room + 8, 4);
	sent("recvmsg", enter(RECVMSG, (uintptr_t)fd, ADDR(m), 0, 0), fd, 8, "onetwo", port);
	m = message(to, len, two, one, 3);
	must(enter(SENDMMSG, (uintptr_t)fd, ADDR(m), 1, 0) == 1, "sendmmsg");
	sent("sendmmsg", 6, fd, 6, "twoone", port);
	m = message(to, len, room, room + 8, 4);
	must(enter6(RECVMMSG, (uintptr_t)fd, ADDR(m), 1, 0, 0, 0) == 1, "recvmmsg");
	sent("recvmmsg", 6, fd, 8, "twoone", port);
	sent("sendto", socketcall(11, (uint32_t)fd, (uint32_t)ADDR(two), 3, 0, (uint32_t)ADDR(to), len), fd, 3, "two", port);
	sent("recvfrom", socketcall(10, (uint32_t)fd, (uint32_t)ADDR(room), 16, 0, 0x1234, 5), fd, 16, "two", 0);
	m = message(to, len, one, two, 2);
	sent("sendmsg", socketcall(16, (uint32_t)fd, (uint32_t)ADDR(m), 0, 0, 0, 0), fd, 4, "ontw", port);
	close(fd);
}

static void do_files(void)
{
	char *file = in_dir("file");
	int fd = made(file, 10);

	do_directories();
	do_links(file);
	do_sizes(file, fd);
	do_attributes(file);
	do_writes(file, fd);
	do_dups(file, fd);
	close(fd);
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc != 2 || !realpath(argv[1], dir)) {
		fprintf(stderr, "usage: ia32_calls DIR\n");
		return 2;
	}
	if (!reachable())
		return 77;
	low_begin();
	umask(0);
	do_files();
	do_memory();
	do_mounts();
	do_self();
	do_namespaces();
	do_others();
	do_bpf();
	do_kernel();
	do_pair(0);
	do_pair(1);
	do_server();
	do_transfers();
	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		do_ids();
		_exit(0);
	}
	return waitpid(pid, NULL, 0) != pid;
}
