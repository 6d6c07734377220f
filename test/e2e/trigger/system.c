/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: other processes, signals, memory, BPF, the kernel
 *
 * Calls that are told by what they are given, each also in a way that fails.
 * What is reached into is a child of the program's own; what would change the
 * host is asked for with arguments that the kernel refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "truth.h"

#define NOBODY	0x3ffffff	/* a pid that no system gives out */
#define PAGE	4096l

static int child;
static char child_pid[16];
static unsigned long long child_start;
static long shared_word = 42;

static long result(long r)
{
	return r < 0 && r >= -4095 ? -errno : r;
}

static void truth_u64(const char *name, unsigned long long v)
{
	printf(",\"%s\":%llu", name, v);
}

static void begin(const char *call, long r)
{
	truth_begin(call, getpid(), result(r));
}

static void end_target(int known)
{
	unsigned long long cgroup = truth_cgroup();

	truth_num("target", known ? child : 0);
	truth_str("target_comm", known ? "mk-target" : "");
	truth_u64("target_start", known ? child_start : 0);
	if (cgroup)
		truth_u64("target_cgroup", known ? cgroup : 0);
	truth_end();
}

static void make_child(void)
{
	int fds[2];
	char c;

	must(!pipe(fds), "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (!child) {
		prctl(PR_SET_NAME, "mk-target");
		must(write(fds[1], "x", 1) == 1, "write");
		for (;;)
			pause();
	}
	must(read(fds[0], &c, 1) == 1, "read");
	close(fds[0]);
	close(fds[1]);
	snprintf(child_pid, sizeof(child_pid), "%d", child);
	child_start = truth_stat(child_pid, 22);
}

/* ---- other processes ---- */

static void trace(long request, int pid, unsigned long addr, unsigned long data, int known)
{
	long r = syscall(SYS_ptrace, request, pid, addr, data);

	begin("ptrace", r);
	truth_num("request", request);
	truth_num("to_pid", pid);
	truth_num("fd", -1);
	truth_u64("addr", addr);
	truth_u64("data", data);
	end_target(known);
}

static void vm(const char *call, long nr, int pid, int known)
{
	static long mine;
	struct iovec local = { &mine, sizeof(mine) }, remote = { &shared_word, sizeof(shared_word) };
	long r = syscall(nr, pid, &local, 1, &remote, 1, 0);

	begin(call, r);
	truth_num("to_pid", pid);
	truth_u64("addr", (uintptr_t)&shared_word);
	truth_u64("data", 0);
	end_target(known);
}

static void take(int pidfd, int fd, int flags)
{
	long r = syscall(SYS_pidfd_getfd, pidfd, fd, flags);

	begin("pidfd_getfd", r);
	truth_num("to_pid", 0);
	truth_num("fd", pidfd);
	truth_num("target_fd", fd);
	truth_num("flags", flags);
	end_target(1);
	if (r >= 0)
		close((int)r);
}

static void others(int pidfd)
{
	trace(PTRACE_ATTACH, NOBODY, 0, 0, 0);
	trace(PTRACE_ATTACH, child, 0, 0, 1);
	must(waitpid(child, NULL, __WALL) == child, "waitpid");
	trace(PTRACE_POKEDATA, child, (uintptr_t)&shared_word, 43, 1);
	trace(PTRACE_PEEKDATA, child, 16, (uintptr_t)&shared_word, 1);
	trace(PTRACE_DETACH, child, 0, 0, 1);
	vm("process_vm_readv", SYS_process_vm_readv, child, 1);
	vm("process_vm_writev", SYS_process_vm_writev, child, 1);
	vm("process_vm_writev", SYS_process_vm_writev, NOBODY, 0);
	take(pidfd, 0, 0);
	take(pidfd, 999, 0);
	take(pidfd, 0, 5);
}

/* ---- signals ---- */

static void sent(const char *call, long r, int pid, int tid, int fd, int sig, int code, int flags, int known)
{
	begin(call, r);
	truth_num("to_pid", pid);
	truth_num("to_tid", tid == child ? tid : 0);
	truth_num("fd", fd);
	truth_num("sig", sig);
	truth_num("code", code);
	truth_num("flags", flags);
	end_target(known);
}

static void signals(int pidfd)
{
	siginfo_t info = { .si_signo = SIGCONT, .si_code = SI_QUEUE };
	long r;

	r = syscall(SYS_kill, child, SIGCONT);
	sent("kill", r, child, 0, -1, SIGCONT, 0, 0, 1);
	r = syscall(SYS_kill, child, 999);
	sent("kill", r, child, 0, -1, 999, 0, 0, 1);
	r = syscall(SYS_kill, NOBODY, SIGKILL);
	sent("kill", r, NOBODY, 0, -1, SIGKILL, 0, 0, 0);
	r = syscall(SYS_tkill, child, 0);
	sent("tkill", r, 0, child, -1, 0, SI_TKILL, 0, 1);
	r = syscall(SYS_tgkill, child, child, SIGCONT);
	sent("tgkill", r, child, child, -1, SIGCONT, SI_TKILL, 0, 1);
	r = syscall(SYS_rt_sigqueueinfo, child, SIGCONT, &info);
	sent("rt_sigqueueinfo", r, child, 0, -1, SIGCONT, SI_QUEUE, 0, 1);
	r = syscall(SYS_rt_tgsigqueueinfo, child, child, SIGCONT, &info);
	sent("rt_tgsigqueueinfo", r, child, child, -1, SIGCONT, SI_QUEUE, 0, 1);
	r = syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
	sent("pidfd_send_signal", r, 0, 0, pidfd, SIGCONT, 0, 0, 1);
	r = syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0x1000);
	sent("pidfd_send_signal", r, 0, 0, pidfd, SIGCONT, 0, 0x1000, 1);
}

/* ---- memory ---- */

enum { NONE, ANON, HEAP, STACK, FILE_, MEMFD };		/* enum region */
enum { READ = 1, WRITE = 2, EXEC = 4, SHARED = 8, WRITTEN = 16 };

static void *map(unsigned long length, int prot, int flags, int fd, long offset, int region, int area, const char *file)
{
	long r = syscall(SYS_mmap, NULL, length, prot, flags, fd, offset);

	if (!(prot & PROT_EXEC) && !(prot & PROT_WRITE && flags & MAP_SHARED && fd >= 0))
		return (void *)r;
	begin("mmap", r);
	truth_u64("addr", r == -1 ? 0 : (unsigned long long)r);
	truth_u64("length", length);
	truth_num("prot", prot);
	truth_num("flags", flags);
	truth_num("fd", fd);
	truth_num("pkey", -1);
	truth_num("offset", offset);
	truth_num("region", region);
	truth_num("area", area);
	truth_str("file", file);
	truth_end();
	return (void *)r;
}

static void protect(int pkey, void *at, int prot, int region, int area)
{
	long r = pkey ? syscall(SYS_pkey_mprotect, at, PAGE, prot, -1) : syscall(SYS_mprotect, at, PAGE, prot);

	begin(pkey ? "pkey_mprotect" : "mprotect", r);
	truth_u64("addr", (uintptr_t)at);
	truth_u64("length", PAGE);
	truth_num("prot", prot);
	truth_num("pkey", -1);
	truth_num("fd", -1);
	truth_num("flags", 0);
	truth_num("region", region);
	truth_num("area", area);
	truth_end();
}

/* Of what may be written, shared files alone are told. */
static void shared_files(const char *path, int fd)
{
	int reads = open(path, O_RDONLY | O_CLOEXEC);
	char *p;

	must(reads >= 0, path);
	map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE, FILE_, READ | WRITE | SHARED, path);
	map(PAGE, PROT_WRITE, MAP_SHARED_VALIDATE, fd, 0, FILE_, WRITE | SHARED, path);
	map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reads, 0, NONE, 0, "");
	map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0, 0, 0, NULL);
	map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0, 0, 0, NULL);
	p = map(PAGE, PROT_READ, MAP_SHARED, fd, 0, 0, 0, NULL);
	protect(0, p, PROT_READ | PROT_WRITE, FILE_, READ | WRITE | SHARED);
	p = map(PAGE, PROT_READ, MAP_SHARED, reads, 0, 0, 0, NULL);
	protect(1, p, PROT_READ | PROT_WRITE, FILE_, READ);	/* refused */
	close(reads);
}

static void mapped_files(void)
{
	char path[] = "/tmp/noroshi-map-XXXXXX";
	int fd = mkstemp(path), mem;

	must(fd >= 0 && !ftruncate(fd, 4 * PAGE), path);
	map(PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, PAGE, FILE_, READ | EXEC, path);
	map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd, 0, FILE_, READ | WRITE | EXEC | SHARED, path);
	shared_files(path, fd);
	unlink(path);
	mem = (int)syscall(SYS_memfd_create, "mk-map", 0);
	must(mem >= 0 && !ftruncate(mem, PAGE), "memfd_create");
	map(PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, mem, 0, MEMFD, READ | EXEC, "memfd:mk-map");
	map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0, MEMFD, READ | WRITE | SHARED, "memfd:mk-map");
	map(PAGE, PROT_EXEC, MAP_PRIVATE, 997, 0, NONE, 0, "");
	close(mem);
	close(fd);
}

static void memory(void)
{
	char *p, on_stack[3 * PAGE], *page = (char *)(((uintptr_t)on_stack + PAGE) & ~(uintptr_t)(PAGE - 1));

	map(3 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, ANON, READ | EXEC, "");
	mapped_files();
	p = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, 0, 0, NULL);
	protect(0, p, PROT_READ | PROT_EXEC, ANON, READ | EXEC);
	p[PAGE] = 1;
	protect(0, p + PAGE, PROT_READ | PROT_EXEC, ANON, READ | EXEC | WRITTEN);
	protect(1, p + PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANON, READ | WRITE | EXEC | WRITTEN);
	munmap(p, 4 * PAGE);
	protect(0, p, PROT_EXEC, NONE, 0);
	p = (char *)(((uintptr_t)sbrk(4 * PAGE) + PAGE) & ~(uintptr_t)(PAGE - 1));
	*p = 1;
	protect(0, p, PROT_READ | PROT_WRITE | PROT_EXEC, HEAP, READ | WRITE | EXEC | WRITTEN);
	*page = 1;
	protect(0, page, PROT_READ | PROT_WRITE | PROT_EXEC, as_own_stack ? ANON : STACK, READ | WRITE | EXEC | WRITTEN);
}

/* ---- BPF ---- */

static long bpf(int cmd, union bpf_attr *attr, int prog, int attach, int map_type, const char *name, const char *text)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	begin("bpf", r);
	truth_num("cmd", cmd);
	truth_num("prog_type", prog);
	truth_num("attach_type", attach);
	truth_num("map_type", map_type);
	truth_str("name", name);
	truth_str("text", text);
	truth_end();
	return r;
}

static void bpf_calls(void)
{
	static const struct bpf_insn code[] = {{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT }};
	union bpf_attr map_attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1,
				    .map_name = "mk_map" };
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (uintptr_t)code, .insn_cnt = 2,
				.license = (uintptr_t)"GPL", .prog_name = "mk_prog" };
	union bpf_attr bad = { .prog_type = BPF_PROG_TYPE_KPROBE, .insns = (uintptr_t)code, .insn_cnt = 0,
			       .license = (uintptr_t)"GPL", .prog_name = "mk_bad" };
	union bpf_attr get = { .pathname = (uintptr_t)"/sys/fs/bpf/no/such" }, tp = {}, attach = {}, elem = {};
	int fd, key = 0, value;

	fd = (int)bpf(BPF_MAP_CREATE, &map_attr, 0, 0, BPF_MAP_TYPE_ARRAY, "mk_map", "");
	elem.map_fd = (unsigned int)fd;
	elem.key = (uintptr_t)&key;
	elem.value = (uintptr_t)&value;
	must(!syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &elem, sizeof(elem)), "lookup");	/* not told */
	map_attr.map_type = 9999;
	bpf(BPF_MAP_CREATE, &map_attr, 0, 0, 9999, "mk_map", "");
	fd = (int)bpf(BPF_PROG_LOAD, &load, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, "mk_prog", "");
	must(fd >= 0, "BPF_PROG_LOAD");
	bpf(BPF_PROG_LOAD, &bad, BPF_PROG_TYPE_KPROBE, 0, 0, "mk_bad", "");
	bpf(BPF_OBJ_GET, &get, 0, 0, 0, "", "/sys/fs/bpf/no/such");
	tp.raw_tracepoint.name = (uintptr_t)"sys_enter";
	tp.raw_tracepoint.prog_fd = (unsigned int)fd;
	bpf(BPF_RAW_TRACEPOINT_OPEN, &tp, BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, "mk_prog", "sys_enter");
	attach.target_fd = 0;
	attach.attach_bpf_fd = (unsigned int)fd;
	attach.attach_type = BPF_CGROUP_INET_EGRESS;
	bpf(BPF_PROG_ATTACH, &attach, BPF_PROG_TYPE_SOCKET_FILTER, BPF_CGROUP_INET_EGRESS, 0, "mk_prog", "");
}

/* ---- the kernel, and calls that few programs make ---- */

static long plain(const char *call, long nr, const unsigned long a[5], const char *file, const void *text, size_t n)
{
	static const char *const names[] = {"arg1", "arg2", "arg3", "arg4", "arg5"};
	long r = syscall(nr, a[0], a[1], a[2], a[3], a[4]);

	begin(call, r);
	for (int i = 0; i < 5; i++)
		truth_u64(names[i], a[i]);
	if (file)
		truth_str("file", file);
	truth_bytes("text", text ? text : "", n);
	truth_end();
	return r;
}

#define PLAIN(call, file, text, n, ...) plain(#call, SYS_##call, (unsigned long[5]){__VA_ARGS__}, file, text, n)
#define AT(p) ((uintptr_t)(p))

static void kernel(void)
{
	static char name[100] = "mk-host-name", times[32] = { [8] = 0x7f, [11] = 0x7f, [15] = 0x7f };

	must(!unshare(CLONE_NEWUTS), "unshare");
	PLAIN(sethostname, "", name, 7, AT(name), 7, 1, 2, 3);
	PLAIN(sethostname, "", name, 65, AT(name), 65, 0, 0, 0);
	PLAIN(setdomainname, "", name, 12, AT(name), 12, 0, 0, 0);
	PLAIN(reboot, "", NULL, 0, 1, 2, 3, 4, 5);
	PLAIN(settimeofday, "", times, sizeof(times), AT(times), 0, 0, 0, 0);
	PLAIN(clock_settime, "", times, sizeof(times), 0, AT(times), 0, 0, 0);
	PLAIN(init_module, "", "arg=1", 5, AT(name), sizeof(name), AT("arg=1"), 0, 0);
	PLAIN(delete_module, "", "mk_none", 7, AT("mk_none"), O_NONBLOCK, 0, 0, 0);
}

static void special(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .size = sizeof(attr) };
	struct io_uring_params params = {}, bad = { .flags = 1u << 31 };
	unsigned long at[5] = { 4, AT(&params), 0, 0, 0 };
	long ring;

	PLAIN(userfaultfd, "", NULL, 0, O_CLOEXEC | 1, 0, 0, 0, 0);
	PLAIN(userfaultfd, "", NULL, 0, 0x7f, 0, 0, 0, 0);
	PLAIN(memfd_create, "memfd:mk file", "mk file", 7, AT("mk file"), MFD_CLOEXEC, 7, 8, 9);
	PLAIN(memfd_create, "", "mk bad", 6, AT("mk bad"), 0x7000, 0, 0, 0);
	PLAIN(perf_event_open, "", &attr, 32, AT(&attr), 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	PLAIN(perf_event_open, "", &attr, 32, AT(&attr), 0, -1, -1, 0x7000);
	PLAIN(pidfd_open, "", NULL, 0, child, 0, 0, 0, 0);
	PLAIN(pidfd_open, "", NULL, 0, child, 0x7000, 0, 0, 0);
	PLAIN(io_uring_setup, "", &bad, 32, 4, AT(&bad), 0, 0, 0);
	/* the kernel fills the struct in: its truth is known after the call */
	ring = syscall(SYS_io_uring_setup, 4, &params, 0, 0, 0);
	begin("io_uring_setup", ring);
	truth_u64("arg1", at[0]);
	truth_u64("arg2", at[1]);
	truth_bytes("text", (char *)&params, 32);
	truth_end();
	if (ring >= 0)
		PLAIN(io_uring_register, "anon_inode:[io_uring]", NULL, 0, ring, 999, 0, 0, 0);
}

int main(int argc, char **argv)
{
	int pidfd;

	(void)argc;
	(void)argv;
	make_child();
	pidfd = (int)syscall(SYS_pidfd_open, child, 0, 0, 0, 0);
	must(pidfd >= 0, "pidfd_open");
	others(pidfd);
	signals(pidfd);
	memory();
	bpf_calls();
	special();
	kernel();
	syscall(SYS_kill, child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
