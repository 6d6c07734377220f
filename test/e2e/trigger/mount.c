/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: mounts
 *
 * The old calls and the new ones, in a mount namespace of the program's own,
 * also through a symbolic link and in the ways that fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>
#include "truth.h"

#define MNT_DETACH	2

static char dir[] = "/tmp/noroshi-mount-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void truth_dev(const char *path)
{
	struct stat st;

	must(!stat(path, &st), path);
	truth_num("dev", (minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffu) << 12);
}

static void begin(const char *call, long r, long long flags, int fd, int tofd)
{
	truth_begin(call, getpid(), r < 0 ? -errno : r);
	truth_num("flags", flags);
	truth_num("fd", fd);
	truth_num("tofd", tofd);
}

static void old(long r, const char *source, const char *to, const char *type, unsigned long flags, const char *data)
{
	begin("mount", r, (long long)flags, AT_FDCWD, AT_FDCWD);
	truth_str("source_raw", source ? source : "");
	truth_str("target_raw", to);
	truth_str("data", data ? data : "");
	truth_str("dir", dir);
	if (r)
		truth_str("fstype", type ? type : "");
}

static long do_mount(const char *source, const char *to, const char *type, unsigned long flags, const char *data)
{
	return syscall(SYS_mount, source, to, type, flags, data);
}

/* What the kernel says it made. */
static void made(const char *source, const char *at, const char *type)
{
	truth_str("source", source);
	truth_str("target", in_dir(at));
	truth_str("fstype", type);
	truth_dev(in_dir(at));
	truth_str("name_source", "kernel");
	truth_end();
}

static void asked(void)
{
	truth_str("name_source", "user");
	truth_str("target", "");
	truth_str("source", "");
	truth_num("dev", 0);
	truth_end();
}

static void old_calls(void)
{
	char source[100];
	long r;

	r = do_mount("mksrc", "a", "tmpfs", MS_NOSUID, "size=1m");
	old(r, "mksrc", "a", "tmpfs", MS_NOSUID, "size=1m");
	made("mksrc", "a", "tmpfs");
	must(!mkdir("a/sub", 0700) && !symlink("b", "ln"), "sub");
	r = do_mount("mklink", "ln", "tmpfs", 0, NULL);
	old(r, "mklink", "ln", "tmpfs", 0, NULL);
	made("mklink", "b", "tmpfs");
	r = do_mount("a/sub", "c", NULL, MS_BIND, NULL);
	old(r, "a/sub", "c", NULL, MS_BIND, NULL);
	snprintf(source, sizeof(source), "%s/a/sub", dir);
	made(source, "c", "tmpfs");
	r = do_mount(NULL, "b", NULL, MS_REMOUNT | MS_NOSUID, NULL);
	old(r, NULL, "b", NULL, MS_REMOUNT | MS_NOSUID, NULL);
	asked();
	r = do_mount("x", "nowhere", "tmpfs", 0, "mode=7");
	old(r, "x", "nowhere", "tmpfs", 0, "mode=7");
	asked();
	r = syscall(SYS_umount2, "c", MNT_DETACH);
	begin("umount2", r, MNT_DETACH, AT_FDCWD, AT_FDCWD);
	truth_str("target_raw", "c");
	truth_str("dir", dir);
	asked();
	r = syscall(SYS_umount2, "nowhere", 0);
	begin("umount2", r, 0, AT_FDCWD, AT_FDCWD);
	truth_str("target_raw", "nowhere");
	asked();
	r = syscall(SYS_pivot_root, "a", "nowhere");
	begin("pivot_root", r, 0, AT_FDCWD, AT_FDCWD);
	truth_str("source_raw", "a");
	truth_str("target_raw", "nowhere");
	truth_str("dir", dir);
	asked();
}

static void config(int fd, int cmd, const char *key, const char *value, int aux)
{
	long r = syscall(SYS_fsconfig, fd, cmd, key, value, aux);

	begin("fsconfig", r, 0, fd, AT_FDCWD);
	truth_num("cmd", cmd);
	truth_num("aux", aux);
	truth_str("key", key ? key : "");
	truth_str("data", value ? value : "");
	truth_str("fstype", "tmpfs");
	truth_end();
}

static void tree(const char *call, long nr, const char *path, int flags, const char *target)
{
	long r = syscall(nr, AT_FDCWD, path, flags);

	begin(call, r, flags, AT_FDCWD, AT_FDCWD);
	truth_str("target_raw", path);
	truth_str("dir", dir);
	truth_str("target", target ? in_dir(target) : "");
	truth_str("fstype", r >= 0 ? "tmpfs" : "");
	truth_str("name_source", target ? "kernel" : "user");
	if (r >= 0)
		truth_dev(in_dir(path));
	truth_end();
}

static void new_calls(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .attr_clr = MOUNT_ATTR_NODEV };
	struct stat st;
	long fd, m, r;

	fd = syscall(SYS_fsopen, "nosuchfs", 0);
	begin("fsopen", fd, 0, (int)-errno, AT_FDCWD);
	truth_str("fstype", "nosuchfs");
	truth_end();
	fd = syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	must(fd >= 0, "fsopen");
	begin("fsopen", fd, FSOPEN_CLOEXEC, (int)fd, AT_FDCWD);
	truth_str("fstype", "tmpfs");
	truth_end();
	config((int)fd, FSCONFIG_SET_STRING, "source", "mknew", 0);
	config((int)fd, FSCONFIG_SET_STRING, "bogus", "value", 0);
	config((int)fd, FSCONFIG_SET_FD, "other", NULL, 7);
	config((int)fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	m = syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	must(m >= 0 && !fstat((int)m, &st), "fsmount");
	begin("fsmount", m, FSMOUNT_CLOEXEC, (int)fd, AT_FDCWD);
	truth_num("attr", MOUNT_ATTR_NODEV);
	truth_num("dev", (minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffu) << 12);
	truth_str("source", "mknew");
	truth_str("fstype", "tmpfs");
	truth_end();
	r = syscall(SYS_move_mount, m, "", AT_FDCWD, "c", MOVE_MOUNT_F_EMPTY_PATH);
	begin("move_mount", r, MOVE_MOUNT_F_EMPTY_PATH, (int)m, AT_FDCWD);
	truth_str("target_raw", "c");
	truth_str("dir", dir);
	made("mknew", "c", "tmpfs");
	r = syscall(SYS_move_mount, AT_FDCWD, "c", (int)m, "nowhere", 0);
	begin("move_mount", r, 0, AT_FDCWD, (int)m);
	truth_str("source_raw", "c");
	truth_str("target_raw", "nowhere");
	truth_str("dir", in_dir("c"));
	asked();
	tree("open_tree", SYS_open_tree, "c", O_CLOEXEC, "c");
	tree("open_tree", SYS_open_tree, "nowhere", 0, NULL);
	tree("fspick", SYS_fspick, "c", 0, NULL);
	r = syscall(SYS_mount_setattr, AT_FDCWD, "c", AT_SYMLINK_NOFOLLOW, &attr, sizeof(attr));
	begin("mount_setattr", r, AT_SYMLINK_NOFOLLOW, AT_FDCWD, AT_FDCWD);
	truth_num("attr", (long long)attr.attr_set);
	truth_num("attr_clr", (long long)attr.attr_clr);
	truth_str("target_raw", "c");
	asked();
}

int main(int argc, char **argv)
{
	long r;

	(void)argc;
	(void)argv;
	must(!!mkdtemp(dir) && !chdir(dir), dir);
	must(!mkdir("a", 0700) && !mkdir("b", 0700) && !mkdir("c", 0700), "mkdir");
	must(!unshare(CLONE_NEWNS), "unshare");
	r = do_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	old(r, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	asked();
	old_calls();
	new_calls();
	/* the mounts end with their namespace; the directories below are the host's as well */
	must(!chdir("/"), "/");
	for (const char *p = "abc"; *p; p++)
		syscall(SYS_umount2, in_dir((char[]){*p, 0}), MNT_DETACH);
	for (const char *p = "abc"; *p; p++)
		rmdir(in_dir((char[]){*p, 0}));
	unlink(in_dir("ln"));
	rmdir(dir);
	return 0;
}
