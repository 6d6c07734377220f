/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creds
 *
 *   creds FOLDER        who a process is, changed by every call there is for it: ids, groups, capabilities, namespaces,
 *                       root, name; and by set-id and capable programs, copies of this one in FOLDER
 *   creds harmless FOLDER   things that look like a change and are none, for processes without privilege
 *   creds wait          says "ready", and after a line from standard input what it is after all: "forged"
 *
 * Each case runs in a child of its own. One JSON line of truth each, keys as in probes/events.def.
 */
#include "truth.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define NONE 0xffffffffu

static const char *folder;

struct ids {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	unsigned long long permitted, effective;
};

static void ids_now(struct ids *i)
{
	must(!getresuid(&i->ruid, &i->euid, &i->suid) && !getresgid(&i->rgid, &i->egid, &i->sgid), "ids");
	i->permitted = truth_status("CapPrm:");
	i->effective = truth_status("CapEff:");
}

/* The fourth number of "Uid:" or "Gid:". */
static unsigned int for_files(const char *key)
{
	unsigned int id[4] = {0};
	char line[256];
	FILE *f = fopen("/proc/thread-self/status", "re");

	must(!!f, "status");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, 4))
			must(sscanf(line + 4, "%u %u %u %u", &id[0], &id[1], &id[2], &id[3]) == 4, key);
	fclose(f);
	return id[3];
}

static void truth_now(void)
{
	struct ids now;

	ids_now(&now);
	truth_num("suid", now.suid);
	truth_num("sgid", now.sgid);
	truth_num("fsuid", for_files("Uid:"));
	truth_num("fsgid", for_files("Gid:"));
	truth_num("cap_permitted", (long long)now.permitted);
}

static void truth_before(const struct ids *was)
{
	truth_num("old_uid", was->ruid);
	truth_num("old_euid", was->euid);
	truth_num("old_suid", was->suid);
	truth_num("old_gid", was->rgid);
	truth_num("old_egid", was->egid);
	truth_num("old_sgid", was->sgid);
	truth_num("old_cap_permitted", (long long)was->permitted);
	truth_num("old_cap_effective", (long long)was->effective);
}

static long long result(long r)
{
	return r < 0 ? -errno : r;
}

/* One call that sets ids: does it, and says what came of it. */
static void set(const char *name, long nr, unsigned int a, unsigned int b, unsigned int c)
{
	struct ids was;
	long long res;

	ids_now(&was);
	res = result(syscall(nr, a, b, c));
	truth_begin(name, getpid(), res);
	truth_num("id0", a);
	truth_num("id1", b);
	truth_num("id2", c);
	truth_num("known", 1);
	truth_now();
	truth_before(&was);
	truth_num("cap_inheritable", (long long)truth_status("CapInh:"));
	truth_str("groups", "");
	truth_header();
	truth_end();
}

static void users(void)
{
	set("setfsuid", SYS_setfsuid, 1003, NONE, NONE);
	set("setresuid", SYS_setresuid, 1000, 1001, 0);
	set("setreuid", SYS_setreuid, NONE, 0, NONE);
	set("setuid", SYS_setuid, 1000, NONE, NONE);
	set("setuid", SYS_setuid, 0, NONE, NONE);	/* refused */
	set("setreuid", SYS_setreuid, 7, 7, NONE);
	set("setresuid", SYS_setresuid, NONE, NONE, 0);
}

static void some_groups(void)
{
	gid_t list[] = { 0, 4, 27 };
	struct ids was;
	int n = 3;

	set("setfsgid", SYS_setfsgid, 1003, NONE, NONE);
	set("setresgid", SYS_setresgid, 1000, 1001, 1002);
	set("setregid", SYS_setregid, NONE, 1000, NONE);
	set("setgid", SYS_setgid, 50, NONE, NONE);
	ids_now(&was);
	must(!syscall(SYS_setgroups, n, list), "setgroups");
	truth_begin("setgroups", getpid(), 0);
	truth_num("id0", n);
	truth_bytes("groups", (char *)list, sizeof(list));
	truth_before(&was);
	truth_header();
	truth_end();
	must(!setresuid(1000, 1000, 1000), "setresuid");
	ids_now(&was);
	truth_begin("setgroups", getpid(), result(syscall(SYS_setgroups, n, list)));
	truth_before(&was);
	truth_header();
	truth_end();
}

static void capabilities(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	struct ids was;

	must(!syscall(SYS_capget, &h, d), "capget");
	d[0].effective &= ~(1u << CAP_NET_RAW | 1u << CAP_SETUID);
	d[0].permitted &= ~(1u << CAP_NET_RAW);
	d[0].inheritable |= 1u << CAP_CHOWN;
	ids_now(&was);
	truth_begin("capset", getpid(), result(syscall(SYS_capset, &h, d)));
	truth_num("id0", NONE);
	truth_now();
	truth_before(&was);
	truth_num("cap_inheritable", (long long)truth_status("CapInh:"));
	truth_header();
	truth_end();
	d[0].permitted |= 1u << CAP_NET_RAW;
	truth_begin("capset", getpid(), result(syscall(SYS_capset, &h, d)));	/* refused */
	truth_header();
	truth_end();
}

/* ---- namespaces ---- */

static unsigned int ns_of(const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", kind);
	return stat(path, &st) ? 0 : (unsigned int)st.st_ino;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* In a user namespace of one's own: who is its root. */
static void map_root(const char *map)
{
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", map);
	write_text("/proc/self/gid_map", map);
}

static const struct { const char *kind; unsigned int flag; } kinds[] = {
	{ "mnt", CLONE_NEWNS }, { "net", CLONE_NEWNET }, { "user", CLONE_NEWUSER }, { "pid_for_children", CLONE_NEWPID },
	{ "uts", CLONE_NEWUTS }, { "ipc", CLONE_NEWIPC }, { "cgroup", CLONE_NEWCGROUP }, { "time_for_children", CLONE_NEWTIME },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* unshare(flags), or setns(fd, flags). */
static void enter(int fd, unsigned int flags)
{
	unsigned int was[KINDS], changed = 0, pidns;
	long long res;

	for (size_t i = 0; i < KINDS; i++)
		was[i] = ns_of(kinds[i].kind);
	res = result(fd < 0 ? syscall(SYS_unshare, flags) : syscall(SYS_setns, fd, flags));
	if (!res && flags & CLONE_NEWUSER)
		map_root("0 0 1");	/* or the ids of the truth are nobody's */
	for (size_t i = 0; i < KINDS; i++)	/* before its first process is made, a pid namespace cannot be read */
		changed |= ns_of(kinds[i].kind) != was[i] ? kinds[i].flag : 0;
	pidns = ns_of("pid_for_children");
	truth_begin(fd < 0 ? "unshare" : "setns", getpid(), res);
	truth_num("fd", fd);
	truth_num("flags", flags);
	truth_num("changed", changed);
	truth_num("old_mntns", was[0]);
	truth_num("old_netns", was[1]);
	truth_num("old_userns", was[2]);
	if (was[3])
		truth_num("old_pidns", was[3]);
	if (pidns)
		truth_num("new_pidns", pidns);
	truth_header();
	truth_end();
}

static void unshared(void)
{
	enter(-1, CLONE_FILES);
	enter(-1, CLONE_NEWNS | CLONE_NEWUTS);
	enter(-1, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP);
	enter(-1, CLONE_NEWPID);
	enter(-1, CLONE_NEWTIME);
	enter(-1, CLONE_PARENT);	/* refused */
	enter(-1, CLONE_NEWUSER);
}

static void entered(void)
{
	int up[2], down[2], fd;
	char path[64], c;
	pid_t pid;

	must(!pipe(up) && !pipe(down), "pipe");
	pid = fork();
	if (!pid) {
		must(!unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS) && write(up[1], "x", 1) == 1, "unshare");
		close(down[1]);
		_exit(read(down[0], &c, 1) != 0);
	}
	must(read(up[0], &c, 1) == 1, "read");
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	enter(fd, 0);
	enter(fd, CLONE_NEWNET);	/* refused: it is no such */
	close(fd);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	enter(fd, CLONE_NEWNET | CLONE_NEWNS);
	close(down[1]);
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
	enter(99, CLONE_NEWNET);
}

/* The flags are what the caller shares with the child, CLONE_SETTLS and the like what it asked for. */
static void cloned(const char *call, unsigned long flags)
{
	struct clone_args a = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid;

	fflush(stdout);
	if (!strcmp(call, "clone3"))
		pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
	else
		pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(0);
	must(pid > 0, call);
	truth_begin(call, getpid(), pid);
	truth_num("child", pid);
	truth_num("flags", (long long)flags);
	truth_header();
	truth_end();
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void clones(void)
{
	cloned("clone", CLONE_NEWUTS | CLONE_NEWNET);
	cloned("clone", CLONE_FS | CLONE_FILES | CLONE_IO);
	cloned("clone", CLONE_NEWUSER | CLONE_NEWPID);
	cloned("clone3", CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWCGROUP);
	cloned("clone3", CLONE_CLEAR_SIGHAND);
}

/* ---- the process itself ---- */

static void roots(void)
{
	char path[PATH_MAX], link[PATH_MAX];
	struct stat st;
	int back;

	snprintf(path, sizeof(path), "%s/root", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	must(!mkdir(path, 0755) && !symlink("root", link) && !stat(path, &st) && !chdir(folder), path);
	truth_begin("chroot", getpid(), result(chroot("nothing")));
	truth_str("raw", "nothing");
	truth_str("dir", folder);
	truth_str("name", "");
	truth_flags = 1 << 0;
	truth_header();
	truth_end();
	back = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(!chroot("./link") && !fchdir(back) && !chroot("."), "chroot");	/* to /proc again, for the truth */
	truth_begin("chroot", getpid(), 0);
	truth_str("raw", "./link");
	truth_str("name", path);
	truth_inode(&st);
	truth_header();
	truth_end();
}

static void key(unsigned int op, long a, long b, long c, long d)
{
	truth_begin("keyctl", getpid(), result(syscall(SYS_keyctl, op, a, b, c, d)));
	truth_num("operation", op);
	truth_num("arg2", a);
	truth_num("arg3", b);
	truth_num("arg4", c);
	truth_num("arg5", d);
	truth_header();
	truth_end();
}

static void persona(unsigned int p)
{
	truth_begin("personality", getpid(), result(syscall(SYS_personality, p)));
	truth_num("persona", p);
	truth_header();
	truth_end();
}

static void control(unsigned int option, unsigned long a, unsigned long b, const char *name)
{
	truth_begin("prctl", getpid(), result(syscall(SYS_prctl, option, a, b, 0, 0)));
	truth_num("option", option);
	truth_num("arg2", (long long)a);
	truth_num("arg3", (long long)b);
	truth_str("text", name);
	truth_header();
	truth_end();
}

static void itself(void)
{
	static char name[] = "kworker/0:1-a longer one";

	key(99, 1, 2, 3, 4);
	key(KEYCTL_REVOKE, 0, 0, 0, 0);
	persona(ADDR_NO_RANDOMIZE | PER_LINUX);
	persona(NONE);
	control(PR_SET_NAME, (unsigned long)name, 0, "kworker/0:1-a l");
	control(PR_SET_NAME, 1, 0, "");		/* refused */
	control(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, "");
	control(PR_SET_MM, PR_SET_MM_ARG_START, 1, "");
	control(PR_SET_NO_NEW_PRIVS, 1, 0, "");
	control(PR_SET_DUMPABLE, 0, 0, "");
}

/* ---- programs that give privilege ---- */

static void copy(const char *path, mode_t mode)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	static char bytes[1 << 20];
	ssize_t n;

	must(from >= 0 && to >= 0, path);
	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		must(write(to, bytes, (size_t)n) == n, path);
	must(!fchmod(to, mode), path);
	close(from);
	close(to);
}

/* Runs the copy as somebody; it says what it became, and that it was that. */
static void become(const char *name, mode_t mode, const struct vfs_cap_data *caps, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	copy(path, mode);
	if (caps)
		must(!setxattr(path, "security.capability", caps, size, 0), "setxattr");
	must(!setgroups(0, NULL) && !setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000), "setresuid");
	fflush(stdout);
	execl(path, "creds", "became", NULL);
	must(0, path);
}

static void by_setuid(void) { become("setuid", 04755, NULL, 0); }
static void by_setgid(void) { become("setgid", 02755, NULL, 0); }

static void by_capability(void)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
				     .data = { { .permitted = 1u << CAP_NET_RAW } } };

	become("capable", 0755, &caps, sizeof(caps));
}

static void became(void)
{
	struct ids was = { 1000, 1000, 1000, 1000, 1000, 1000, 0, 0 };

	truth_begin("cred_change", getpid(), 0);
	truth_num("reason", 0);
	truth_now();
	truth_before(&was);
	truth_num("old_userns", ns_of("user"));
	truth_header();
	truth_end();
	if (!geteuid()) {	/* what su goes on to do: no change but by calls */
		must(!seteuid(1000) && !seteuid(0) && !setresuid(0, 0, 0), "as su does");
		close(open("/dev/null", O_RDONLY | O_CLOEXEC));
	}
}

static void wait_for_change(void)
{
	char line[16];

	printf("{\"call\":\"ready\",\"pid\":%d}\n", getpid());
	fflush(stdout);
	must(!!fgets(line, sizeof(line), stdin), "stdin");
	persona(NONE);
	truth_begin("cred_change", getpid(), 0);
	truth_num("reason", 1);
	truth_now();
	truth_header();
	truth_end();
}

static void in_child(void (*run)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		run();
		fflush(stdout);
		_exit(0);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "child");
}

#include "creds_harmless.h"

/* Programs that raise their ids run without the environment's options, and cannot look for leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

int main(int argc, char **argv)
{
	static void (*const cases[])(void) = { users, some_groups, capabilities, unshared, entered, clones, roots, itself,
					       by_setuid, by_setgid, by_capability };

	if (argc == 2 && !strcmp(argv[1], "became"))
		return became(), 0;
	if (argc == 2 && !strcmp(argv[1], "wait"))
		return wait_for_change(), 0;
	folder = argv[argc - 1];
	if (argc == 3)
		return harmless(), 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		in_child(cases[i]);
	return 0;
}
