/* SPDX-License-Identifier: Apache-2.0 */
/* Fields: the table, how names resolve, and every getter on records and JSON made by hand. */
#include "util/cleanup.h"
#include "field_event.h"
#include "enrich/user.h"
#include "event/attr.h"
#include "event/json.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <time.h>

static enum field_error resolve(const char *name, const char *arg)
{
	struct field_ref r;

	return field_resolve(&r, str(name), arg, str(arg), str(name));
}

START_TEST(table)
{
	size_t original = 0;

	for (size_t i = 0; i < field_count; i++) {
		const struct field_desc *d = &field_table[i];

		original += !(d->flags & FIELD_OWN);
		ck_assert_msg(d->doc && d->doc[0], "%s has no doc", d->name);
		ck_assert_msg(d->type != TYPE_NONE || !strcmp(d->name, "evt.rawarg"), "%s has no type", d->name);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(d->name, field_table[k].name);
	}
	ck_assert_uint_eq(original, 294);
}
END_TEST

START_TEST(resolving)
{
	ck_assert_int_eq(resolve("proc.name", NULL), FIELD_OK);
	ck_assert_int_eq(resolve("proc.nmae", NULL), FIELD_E_UNKNOWN);
	ck_assert_int_eq(resolve("", NULL), FIELD_E_UNKNOWN);
	ck_assert_int_eq(resolve("proc.name.", NULL), FIELD_E_UNKNOWN);
	ck_assert_int_eq(resolve("proc.name", "1"), FIELD_E_NO_ARG);
	ck_assert_int_eq(resolve("evt.arg", NULL), FIELD_E_ARG_NEEDED);
	ck_assert_int_eq(resolve("evt.arg.flags", NULL), FIELD_OK);
	ck_assert_int_eq(resolve("evt.arg.flags", "1"), FIELD_E_NO_ARG);
	ck_assert_int_eq(resolve("evt.arg.nosuch", NULL), FIELD_E_ARG);
	ck_assert_int_eq(resolve("evt.arg", "3"), FIELD_OK);
	ck_assert_int_eq(resolve("evt.arg", "x"), FIELD_E_ARG);
	ck_assert_int_eq(resolve("evt.type.is.open", NULL), FIELD_OK);
	ck_assert_int_eq(resolve("evt.type.is.opne", NULL), FIELD_E_ARG);
	ck_assert_int_eq(resolve("proc.aname", "x"), FIELD_E_ARG);
	ck_assert_int_eq(resolve("proc.env", "PATH"), FIELD_OK);
	ck_assert_int_eq(resolve("proc.env", ""), FIELD_E_ARG);
	ck_assert_int_eq(resolve("thread.cgroup.cpu", NULL), FIELD_OK);
	ck_assert_int_eq(resolve("container.label", "a"), FIELD_OK);
	ck_assert_str_eq(field_nearest(STR("proc.nmae")), "proc.name");
	ck_assert(ref("proc.aname", NULL).flags & FIELD_ANY);
	ck_assert(ref("proc.aname", "-1").flags & FIELD_ANY);
	ck_assert(!(ref("proc.aname", "2").flags & FIELD_ANY));
	ck_assert_int_eq(ref("evt.rawarg.flags", NULL).type, TYPE_UINT);
	ck_assert_int_eq(ref("evt.rawarg.res", NULL).type, TYPE_INT);
	ck_assert_int_eq(ref("evt.rawarg.tuple", NULL).type, TYPE_NONE);
}
END_TEST

START_TEST(process)
{
	BEGIN(EXEC, exec, EXECVE);
	f.self_image.flags = EXE_UPPER | EXE_MEMFD;
	f.self_image.ino = 42;
	f.self_image.ctime = 1700000003000000001ull;
	IS("proc.name", "curl");
	IS("proc.pname", "bash");
	IS("proc.aname", "bash|sshd");
	IS_AT("proc.aname", "0", "curl");
	IS_AT("proc.aname", "2", "sshd");
	IS_AT("proc.aname", "3", "<none>");
	IS("proc.exe", "/usr/bin/curl");
	IS("proc.pexe", "-bash");
	IS("proc.aexepath", "/bin/bash|/usr/sbin/sshd");
	IS("proc.cmdline", "curl -s http://x");
	IS("proc.pcmdline", "bash");
	IS("proc.args", "-s http://x");
	IS_AT("proc.args", "1", "http://x");
	IS_AT("proc.args", "99", "");
	IS("proc.aargs", " -D");
	IS("proc.exeline", "/usr/bin/curl -s http://x");
	IS("proc.cmdnargs", "2");
	IS("proc.cmdlenargs", "10");
	IS("proc.cwd", "/srv/");
	IS_AT("proc.env", "PATH", "/bin");
	IS_AT("proc.env", "A B", "c d");
	IS_AT("proc.env", "PAT", "");
	IS("proc.env", "PATH=/bin A B=c d EMPTY=");
	IS_AT("proc.aenv", "PATH", "");
	IS("proc.pid", "100");
	IS("proc.ppid", "50");
	IS("proc.apid", "50|10");
	IS("proc.vpid", "9");
	IS("proc.pvpid", "5");
	IS("proc.tty", "34817");
	IS("proc.sid", "10");
	IS("proc.sname", "sshd");
	IS("proc.pgid.name", "bash");
	IS("proc.loginshellid", "50");
	IS("proc.duration", "1000000000");
	IS("proc.ppid.duration", "3000000000");
	IS("proc.pid.ts", "1700000004000000001");
	IS("proc.is_exe_upper_layer", "true");
	IS("proc.is_exe_lower_layer", "false");
	IS("proc.is_exe_from_memfd", "true");
	IS("proc.exe_ino", "42");
	IS("proc.exe_ino.ctime", "1700000003000000001");
	IS("proc.exe_ino.mtime", "<none>");
	IS("proc.exe_ino.ctime_duration_proc_start", "1000000000");
	IS("proc.pidns_init_start_ts", "1700000003000000001");
	IS("thread.cap_effective", "CAP_CHOWN CAP_SYS_ADMIN");
	IS("thread.cap_permitted", "");
	IS("thread.tid", "101");
	IS("thread.vtid", "8");
	IS("proc.ns.mnt", "11");
	IS("proc.ns.pid", "12");
	IS("proc.ns.net", "13");
	IS("proc.ns.user", "14");
	IS("thread.ismain", "false");
	IS("user.uid", "0");
	IS("user.loginuid", "1000");
	IS("group.gid", "77");
	f.self.loginuid = 0xffffffff;
	IS("user.loginuid", "-1");
	IS("user.loginname", "<NA>");
	f.ev.process = NULL;
	IS("proc.name", "<none>");
	IS("proc.aname", "<none>");
	IS("proc.aargs", "<none>");
	IS("proc.pid", "100");
	IS_AT("proc.apid", "0", "100");	/* the process itself: the record says which */
	IS_AT("proc.apid", "1", "<none>");
	IS("proc.vpid", "9");		/* and these */
	IS("thread.vtid", "8");
	IS("group.gid", "77");
	IS("proc.ns.mnt", "11");
	IS("thread.cap_effective", "CAP_CHOWN CAP_SYS_ADMIN");
	IS("thread.cap_permitted", "<none>");
	f.rec.hdr.tgid = f.rec.hdr.vpid = f.rec.hdr.vtid = f.rec.hdr.mntns = 0;	/* a message of an unknown owner */
	IS("proc.vpid", "<none>");
	IS("thread.vtid", "<none>");
	IS("proc.ns.mnt", "<none>");
	IS("thread.cap_effective", "<none>");
}
END_TEST

START_TEST(users)
{
	char passwd[] = TEST_DIR "/unit/data/passwd", group[] = TEST_DIR "/unit/data/group";

	BEGIN(EXEC, exec, EXECVE);
	users_free();
	IS("user.name", "root");
	f.rec.hdr.euid = 1000;
	IS("user.name", "<NA>");
	ck_assert_int_eq(users_load(passwd, group), 0);
	IS("user.name", "alice");
	IS("user.homedir", "/home/alice");
	IS("group.name", "staff");
	strcpy(f.container.id, "x");
	f.ev.container = &f.container;	/* the number is somebody else's there */
	IS("user.name", "<NA>");
	IS("group.name", "<NA>");
	f.rec.hdr.euid = 0;
	IS("user.name", "root");
	users_free();
}
END_TEST

START_TEST(container)
{
	BEGIN(EXEC, exec, EXECVE);
	IS("container.id", "host");
	IS("container.name", "host");
	IS("container.type", "host");
	IS("ecs.task.id", "<none>");
	strcpy(f.container.id, "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e");
	strcpy(f.container.runtime, "docker");
	strcpy(f.container.task_id, "11112222333344445555666677778888");
	strcpy(f.container.cluster, "prod");
	f.ev.container = &f.container;
	IS("container.id", "3ad7b26ded6d");
	IS("container.full_id", "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e");
	IS("container.type", "docker");
	IS("container.name", "<none>");
	IS("container.start_ts", "1700000003000000001");
	IS("container.duration", "2000000000");
	IS("ecs.task.id", "11112222333344445555666677778888");
	IS("ecs.cluster", "prod");
}
END_TEST

START_TEST(event)
{
	BEGIN(EXIT, exit, PROCEXIT);
	IS("evt.num", "7");
	IS("evt.type", "procexit");
	IS("syscall.type", "<none>");
	IS("evt.type.is.procexit", "1");
	IS("evt.type.is.open", "0");
	IS("evt.res", "<none>");
	IS("evt.rawres", "<none>");
	IS("evt.category", "process");
	IS("evt.cpu", "3");
	IS("evt.rawtime", "1700000005000000001");
	IS("evt.rawtime.s", "1700000005");
	IS("evt.rawtime.ns", "1");
	IS("evt.time.iso8601", "2023-11-14T22:13:25.000000001+0000");
	IS("evt.dir", "<");
	IS("evt.source", "syscall");
	IS("evt.is_open_read", "false");
	IS("fd.name", "<none>");
	f.rec.exit.status = 9;
	IS("evt.arg.status", "9");
	IS("evt.arg.sig", "SIGKILL");
	IS("evt.arg.ret", "0");
	IS("evt.args", "status=9 ret=0 sig=9(SIGKILL) core=0");
	setenv("TZ", "UTC", 1);
	tzset();
	IS("evt.time", "22:13:25.000000001");
	IS("evt.datetime.s", "2023-11-14 22:13:25");
}
END_TEST

static void open_event(enum event_call call, uint32_t flags, int64_t res)
{
	begin(EVENT_OPEN, call, sizeof(struct wire_open));
	f.rec.hdr.res = res;
	f.rec.open.flags = flags;
	f.rec.open.mode = 0644;
	f.rec.open.dirfd = AT_FDCWD;
}

START_TEST(opens)
{
	open_event(CALL_OPENAT, O_RDWR | O_CREAT | O_CLOEXEC, 5);
	f.rec.open.file_mode = S_IFREG | 0644;
	f.rec.open.dev = 8 << 8 | 1;
	f.rec.open.ino = 99;
	f.rec.open.file_flags = FILE_CREATED | FILE_UPPER;
	BLOB(f.rec.open.name, "/etc/cron.d/x");
	BLOB(f.rec.open.raw, "../cron.d/x");
	IS("fd.num", "5");
	IS("fd.type", "file");
	IS("fd.typechar", "f");
	IS("fd.name", "/etc/cron.d/x");
	IS("fd.nameraw", "../cron.d/x");
	IS("fd.directory", "/etc/cron.d");
	IS("fd.filename", "x");
	IS("fd.dev", "2049");
	IS("fd.dev.major", "8");
	IS("fd.dev.minor", "1");
	IS("fd.ino", "99");
	IS("fd.uid", "1015");
	IS("fd.containername", "host:/etc/cron.d/x");
	IS("fd.is_upper_layer", "true");
	IS("fd.l4proto", "<NA>");
	IS("fd.sip", "<none>");
	IS("fd.ip", "");	/* exists, without a value */
	IS("evt.res", "SUCCESS");
	IS("evt.rawres", "5");
	IS("evt.failed", "false");
	IS("evt.is_open_read", "true");
	IS("evt.is_open_write", "true");
	IS("evt.is_open_create", "true");
	IS("evt.is_open_exec", "false");
	IS("evt.name_source", "kernel");
	IS("fs.path.name", "/etc/cron.d/x");
	IS("fs.path.nameraw", "../cron.d/x");
	IS("fs.path.source", "<none>");
	IS("evt.arg.name", "/etc/cron.d/x");
	IS("evt.rawarg.name", "../cron.d/x");
	IS("evt.arg.flags", "O_CREAT|O_RDWR|O_CLOEXEC|O_F_CREATED|FD_UPPER_LAYER");
	IS("evt.rawarg.flags", "53255");
	IS("evt.arg.fd", "<f>/etc/cron.d/x");
	IS("evt.arg.dirfd", "AT_FDCWD");
	IS("evt.arg.mode", "644");
	IS_AT("evt.arg", "1", "AT_FDCWD");
	IS_AT("evt.arg", "70", "<none>");
	IS("evt.arg.newpath", "<none>");
	IS("evt.args", "fd=5(<f>/etc/cron.d/x) dirfd=-100(AT_FDCWD) name=/etc/cron.d/x "
		       "flags=53255(O_CREAT|O_RDWR|O_CLOEXEC|O_F_CREATED|FD_UPPER_LAYER) mode=420(644) dev=2049 ino=99");
	open_event(CALL_OPEN, O_RDONLY, 3);
	IS("evt.arg.flags", "O_RDONLY");
	IS("evt.is_open_write", "false");
	IS("evt.arg.dirfd", "<none>");
	f.rec.open.file_mode = S_IFDIR;
	BLOB(f.rec.open.name, "/etc");
	IS("fd.typechar", "d");
	IS("fd.directory", "/etc");
	IS("fd.filename", "<none>");
	open_event(CALL_OPENAT2, O_RDONLY | O_TMPFILE | O_SYNC, 3);
	f.rec.open.resolve = 0x0b;	/* the kernel's numbers; below, the original's */
	IS("evt.arg.flags", "O_DIRECTORY|O_SYNC|O_DSYNC|O_RDONLY|O_TMPFILE");
	IS("evt.arg.resolve", "RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS|RESOLVE_NO_XDEV");
	IS("evt.rawarg.resolve", "21");
	open_event(CALL_CREAT, O_WRONLY | O_CREAT | O_TRUNC, 3);
	f.rec.open.mode = 0755;
	IS("evt.is_open_write", "true");
	IS("evt.is_open_exec", "true");
}
END_TEST

/* Calls that change a file without opening it: their parameters, and which have a descriptor. */
START_TEST(changes_of_files)
{
	begin(EVENT_MKNOD, CALL_MKNODAT, sizeof(struct wire_mknod));
	f.rec.mknod.mode = S_IFBLK | 0600;
	f.rec.mknod.rdev = 2049;
	BLOB(f.rec.mknod.name, "/tmp/disk");
	IS("evt.arg.mode", "S_IFBLK|S_IWUSR|S_IRUSR");
	f.rec.mknod.mode = S_IFSOCK;
	IS("evt.arg.mode", "S_IFSOCK");
	f.rec.mknod.mode = S_IFDIR | 0200;	/* the kernel refuses it, the attempt is an event */
	IS("evt.arg.mode", "S_IWUSR");
	f.rec.mknod.mode = 0100;
	IS("evt.arg.mode", "S_IFREG|S_IXUSR");
	IS("evt.arg.dev", "2049");
	IS("fs.path.name", "/tmp/disk");
	IS("fd.name", "<none>");
	begin(EVENT_CHOWN, CALL_FCHOWN, sizeof(struct wire_chown));
	f.rec.chown.dirfd = 7;
	f.rec.chown.uid = 12;
	f.rec.chown.gid = UINT32_MAX;
	f.rec.chown.ino = 99;
	BLOB(f.rec.chown.name, "/etc/x");
	IS("evt.args", "res=0 fd=7(<f>/etc/x) uid=12 gid=4294967295");
	f.rec.hdr.call = f.ev.call = CALL_FCHOWNAT;
	f.rec.chown.flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	IS("evt.arg.flags", "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH");
	f.rec.chown.flags = 0;
	IS("evt.arg.flags", "0");
	f.rec.hdr.call = f.ev.call = CALL_FCHOWN;
	IS("fd.name", "/etc/x");
	IS("fd.ino", "99");
	f.rec.hdr.call = f.ev.call = CALL_CHOWN;
	IS("fd.ino", "<none>");
	IS("fd.name", "<none>");
	begin(EVENT_XATTR, CALL_SETXATTR, sizeof(struct wire_xattr));
	BLOB(f.rec.xattr.attr, "security.capability");
	BLOB(f.rec.xattr.raw, "x");
	BLOB(f.rec.xattr.dir, "/srv");
	IS("evt.arg.name", "security.capability");
	IS("evt.arg.path", "/srv/x");
	IS("evt.name_source", "user");
	begin(EVENT_DUP, CALL_FCNTL, sizeof(struct wire_dup));
	f.rec.dup.fd_type = FD_FILE;
	f.rec.dup.flags = O_CLOEXEC;
	f.rec.hdr.res = 10;
	BLOB(f.rec.dup.name, "/a");
	IS("evt.arg.cmd", "F_DUPFD_CLOEXEC");
	IS("evt.rawarg.cmd", "26");
	IS("evt.arg.fd", "<f>/a");
	f.rec.dup.flags = 0;
	IS("evt.arg.cmd", "F_DUPFD");
	IS("evt.rawarg.cmd", "1");
}
END_TEST

START_TEST(ways_to_write)
{
	begin(EVENT_COPY, CALL_SENDFILE, sizeof(struct wire_copy));
	f.rec.copy.fd_out = 5;
	f.rec.copy.out_type = FD_IPV4;
	f.rec.copy.local = addr4("10.0.0.1", 40000);
	f.rec.copy.peer = addr4("10.0.0.9", 443);
	BLOB(f.rec.copy.in_name, "/etc/shadow");
	BLOB(f.rec.copy.out_name, "socket:[1]");
	IS("fd.num", "5");
	IS("fd.name", "10.0.0.1:40000->10.0.0.9:443");
	IS("fd.sip", "10.0.0.9");
	IS("fs.path.source", "/etc/shadow");
	IS("evt.is_io_write", "true");
	begin(EVENT_WRITE, CALL_PWRITE64, sizeof(struct wire_write));
	f.rec.write.fd_type = FD_PIPE;
	f.rec.write.size = 100;
	IS("fd.type", "pipe");
	IS("evt.arg.size", "100");
	IS("evt.is_io", "true");
}
END_TEST

/* A file that is written by stores, and memory that is nobody's file. */
START_TEST(stores)
{
	begin(EVENT_MEMORY, CALL_MMAP, sizeof(struct wire_memory));
	f.rec.memory.fd = 3;
	f.rec.memory.prot = 3;
	f.rec.memory.area = AREA_READ | AREA_WRITE | AREA_SHARED;
	f.rec.memory.region = REGION_FILE;
	BLOB(f.rec.memory.file, "/etc/shadow");
	IS("evt.is_io_write", "true");
	IS("evt.io_dir", "write");
	IS("fd.name", "/etc/shadow");
	f.rec.memory.region = REGION_ANON;
	IS("evt.is_io_write", "false");
	f.rec.memory.region = REGION_FILE;
	f.rec.memory.area = AREA_READ | AREA_WRITE;
	IS("evt.is_io_write", "false");
	f.rec.memory.area = AREA_READ | AREA_EXEC | AREA_SHARED;
	IS("evt.is_io", "false");
}
END_TEST

/* What wrote the executable: of nobody known the yes/no is no, the rest is missing. */
START_TEST(writers_of_executables)
{
	begin(EVENT_CONNECT, CALL_CONNECT, sizeof(struct wire_connect));
	IS("proc.exe_written", "false");
	IS("proc.exe_writer.name", "<none>");
	f.self_image.writer = (struct image_writer){
		.pid = 77, .time = 40, .name = STR("curl"), .exepath = STR("/usr/bin/curl"), .cmdline = STR("curl -o x"),
	};
	f.self_image.time = 100;
	f.self.pidns_start = 39;
	IS("proc.exe_written", "true");
	IS("proc.exe_written_age", "60");
	IS("proc.exe_writer.name", "curl");
	IS("proc.exe_writer.exepath", "/usr/bin/curl");
	IS("proc.exe_writer.cmdline", "curl -o x");
	f.self.pidns_start = 41;	/* before the container was there */
	IS("proc.exe_written", "false");
	IS("proc.exe_writer.pid", "77");
}
END_TEST

/* What runs is not what was executed: a script, or what the loader was given. */
START_TEST(executed_by_others)
{
	begin(EVENT_CONNECT, CALL_CONNECT, sizeof(struct wire_connect));
	f.self_image.script = STR_NONE;
	f.self_image.kind = EXE_KIND_UNKNOWN;
	IS("proc.exe_kind", "<none>");
	IS("proc.exe_caps", "<none>");
	IS("proc.script", "<none>");
	IS("proc.is_script_from_memfd", "false");
	f.self_image.kind = EXE_KIND_SCRIPT;
	f.self_image.script = STR("/tmp/x.sh");
	f.self_image.script_flags = EXE_UPPER;
	f.self_image.cap_given = 1ull << 13 | 1ull << 21;
	IS("proc.exe_kind", "script");
	IS("proc.script", "/tmp/x.sh");
	IS("proc.is_script_upper_layer", "true");
	IS("proc.is_script_from_memfd", "false");
	IS("proc.exe_caps", "CAP_NET_RAW CAP_SYS_ADMIN");
	f.self_image.kind = 99;
	IS("proc.exe_kind", "<none>");
}
END_TEST

#define ARGV(text) (f.self_image.argv = str_n(text, sizeof(text) - 1))

START_TEST(programs_of_the_loader)
{
	begin(EVENT_CONNECT, CALL_CONNECT, sizeof(struct wire_connect));
	f.self_image.cwd = STR("/srv/");
	f.self_image.exepath = STR("/usr/bin/ls");
	ARGV("ls\0/tmp/x\0");
	IS("proc.loaded_exe", "<none>");
	f.self_image.exepath = STR("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	IS("proc.loaded_exe", "/tmp/x");
	ARGV("ld\0--library-path\0/a\0--inhibit-cache\0--argv0\0sshd\0./x\0--preload\0");
	IS("proc.loaded_exe", "/srv/x");
	ARGV("ld\0--list\0x");	/* looked for by the loader, not in the directory */
	IS("proc.loaded_exe", "x");
	ARGV("ld\0--preload\0");
	IS("proc.loaded_exe", "<none>");
	ARGV("ld\0");
	IS("proc.loaded_exe", "<none>");
	ARGV("");
	IS("proc.loaded_exe", "<none>");
	f.self_image.exepath = STR("/lib/ld-musl-x86_64.so.1");
	ARGV("x\0/bin/sh\0");
	IS("proc.loaded_exe", "/bin/sh");
	f.self_image.env = str_n("A=1\0LD_PRELOAD=/tmp/a.so\0LD_LIBRARY_PATH=\0", 42);
	IS("proc.ld_preload", "/tmp/a.so");
	IS("proc.ld_library_path", "<none>");
}
END_TEST

START_TEST(failed_opens)
{
	open_event(CALL_OPENAT, O_RDONLY, -2);
	BLOB(f.rec.open.raw, "./a/../../etc//shadow");
	BLOB(f.rec.open.dir, "/srv/app");
	IS("evt.res", "ENOENT");
	IS("evt.rawres", "-2");
	IS("evt.failed", "true");
	IS("fd.num", "-1");
	IS("fd.typechar", "o");
	IS("fd.type", "<none>");
	IS("fd.name", "/srv/etc/shadow");
	IS("fd.directory", "/srv/etc");
	IS("fd.filename", "<none>");
	IS("fd.nameraw", "./a/../../etc//shadow");
	IS("fs.path.name", "<none>");
	IS("evt.abspath", "/srv/etc/shadow");
	IS("evt.arg.fd", "ENOENT");
	IS("evt.arg.ino", "<none>");
	IS("evt.name_source", "user");
	IS("fd.ip", "<none>");
	IS("evt.count.error.file", "1");
	BLOB(f.rec.open.raw, "/../../x");
	IS("fd.name", "/x");
	BLOB(f.rec.open.raw, "/");
	IS("fd.name", "/");
	BLOB(f.rec.open.raw, "rel");
	f.rec.open.dir.len = 0;
	IS("fd.name", "rel");	/* relative to nobody knows what */
}
END_TEST

START_TEST(paths)
{
	BEGIN(RENAME, rename, RENAMEAT2);
	BLOB(f.rec.rename.oldname, "/a");
	BLOB(f.rec.rename.newname, "/b");
	f.rec.rename.flags = 3;
	IS("fs.path.source", "/a");
	IS("fs.path.target", "/b");
	IS("evt.arg.oldpath", "/a");
	IS("evt.arg.newpath", "/b");
	IS("evt.abspath.src", "/a");
	IS("evt.arg.flags", "RENAME_NOREPLACE|RENAME_EXCHANGE");
	IS("evt.arg.res", "0");
	f.rec.hdr.res = -13;
	IS("fs.path.source", "<none>");
	IS("evt.arg.res", "EACCES");
	f.rec.hdr.res = INT64_MIN;	/* no error's number, and none to turn the sign of */
	IS("evt.arg.res", "-9223372036854775808");
	IS("evt.res", "-9223372036854775808");
	BEGIN(LINK, link, LINKAT);
	BLOB(f.rec.link.oldname, "/etc/shadow");
	BLOB(f.rec.link.newname, "/tmp/x");
	IS("fs.path.source", "/tmp/x");	/* the new name, as in the original */
	IS("fs.path.target", "/etc/shadow");
	IS("evt.arg.oldpath", "/etc/shadow");
	BEGIN(SYMLINK, symlink, SYMLINK);
	BLOB(f.rec.symlink.target, "../etc/shadow");
	BLOB(f.rec.symlink.name, "/tmp/x");
	IS("evt.arg.target", "../etc/shadow");
	IS("evt.arg.linkpath", "/tmp/x");
	IS("fs.path.target", "../etc/shadow");
	BEGIN(UNLINK, unlink, UNLINKAT);
	BLOB(f.rec.unlink.name, "/var/log/auth.log");
	f.rec.unlink.flags = AT_REMOVEDIR;
	IS("evt.arg.name", "/var/log/auth.log");
	IS("evt.arg.flags", "AT_REMOVEDIR");
	IS("evt.arg.path", "<none>");
	BEGIN(CHMOD, chmod, FCHMOD);
	BLOB(f.rec.chmod.name, "/tmp/x");
	f.rec.chmod.dirfd = 4;
	f.rec.chmod.mode = 04755;
	IS("evt.arg.mode", "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
	IS("evt.arg.fd", "<f>/tmp/x");
	IS("fd.num", "4");
	IS("fd.name", "/tmp/x");
	IS("fs.path.name", "/tmp/x");
}
END_TEST

START_TEST(connects)
{
	BEGIN(CONNECT, connect, CONNECT);
	f.rec.hdr.res = -EINPROGRESS;
	f.rec.connect.fd = 4;
	f.rec.connect.family = AF_INET;
	f.rec.connect.type = SOCK_STREAM | SOCK_CLOEXEC;
	f.rec.connect.protocol = IPPROTO_TCP;
	f.rec.connect.local = addr4("10.0.0.5", 47192);
	f.rec.connect.peer = addr4("93.184.216.34", 443);
	f.ev.peer_name = STR("pool.example.org");
	IS("fd.name", "10.0.0.5:47192->93.184.216.34:443");
	IS("fd.type", "ipv4");
	IS("fd.typechar", "4");
	IS("fd.num", "4");
	IS("fd.cip", "10.0.0.5");
	IS("fd.sip", "93.184.216.34");
	IS("fd.lip", "10.0.0.5");
	IS("fd.rip", "93.184.216.34");
	IS("fd.cport", "47192");
	IS("fd.sport", "443");
	IS("fd.sproto", "443");
	IS("fd.ip", "10.0.0.5|93.184.216.34");
	IS("fd.port", "47192|443");
	IS("fd.net", "10.0.0.5|93.184.216.34");
	IS("fd.snet", "93.184.216.34");
	IS("fd.l4proto", "tcp");
	IS("fd.sockfamily", "ip");
	IS("fd.is_server", "false");
	IS("fd.connected", "true");
	IS("fd.name_changed", "true");
	IS("fd.sip.name", "pool.example.org");
	IS("fd.rip.name", "pool.example.org");
	IS("fd.cip.name", "<none>");
	IS("evt.arg.tuple", "10.0.0.5:47192->93.184.216.34:443");
	IS("evt.args", "res=-115(EINPROGRESS) tuple=10.0.0.5:47192->93.184.216.34:443 "
		       "fd=4(<4t>10.0.0.5:47192->93.184.216.34:443) addr=93.184.216.34:443");
	f.rec.hdr.res = -ECONNREFUSED;
	IS("fd.connected", "false");
	IS("evt.res", "ECONNREFUSED");
	f.rec.connect.family = AF_INET6;	/* an IPv4 address on a dual-stack socket does not evade fd.snet */
	f.rec.connect.peer = addr6("::ffff:93.184.216.34", 443);
	f.rec.connect.local = addr6("::ffff:10.0.0.5", 47192);
	IS("fd.sip", "93.184.216.34");
	IS("fd.type", "ipv4");
	f.rec.connect.peer = addr6("2001:db8::3", 80);
	f.rec.connect.local = addr6("2001:db8::4", 54405);
	f.rec.connect.protocol = 0;
	IS("fd.name", "2001:db8::4:54405->2001:db8::3:80");
	IS("fd.typechar", "6");
	IS("fd.l4proto", "tcp");
	BEGIN(CONNECT, connect, CONNECT);
	f.rec.connect.family = AF_UNIX;
	BLOB(f.rec.connect.path, "/var/run/docker.sock");
	IS("fd.name", "/var/run/docker.sock");
	IS("fd.type", "unix");
	IS("fd.typechar", "u");
	IS("fd.sockfamily", "unix");
	IS("fd.sip", "<none>");
	IS("fd.ip", "");
	IS("evt.arg.addr", "/var/run/docker.sock");
}
END_TEST

START_TEST(servers)
{
	BEGIN(ACCEPT, accept, ACCEPT4);
	f.rec.hdr.res = 6;
	f.rec.accept.family = AF_INET;
	f.rec.accept.type = SOCK_STREAM;
	f.rec.accept.local = addr4("10.0.0.5", 22);
	f.rec.accept.peer = addr4("10.0.0.9", 50000);
	f.ev.peer_name = STR("who.example.org");
	IS("fd.num", "6");
	IS("fd.name", "10.0.0.9:50000->10.0.0.5:22");
	IS("fd.cip", "10.0.0.9");
	IS("fd.sip", "10.0.0.5");
	IS("fd.lip", "10.0.0.5");
	IS("fd.rport", "50000");
	IS("fd.is_server", "true");
	IS("fd.cip.name", "who.example.org");
	IS("fd.sip.name", "<none>");
	f.rec.hdr.res = -EAGAIN;
	IS("fd.num", "-1");
	IS("fd.sip", "<none>");
	IS("fd.type", "<none>");
	BEGIN(BIND, bind, BIND);
	f.rec.bind.fd = 3;
	f.rec.bind.family = AF_INET6;
	f.rec.bind.type = SOCK_DGRAM;
	f.rec.bind.local = addr6("2001:db8::3", 1234);
	IS("fd.name", "2001:db8::3:1234");
	IS("fd.sip", "2001:db8::3");
	IS("fd.sport", "1234");
	IS("fd.cip", "<none>");
	IS("fd.l4proto", "udp");
	IS("fd.port", "1234");
	IS("evt.arg.addr", "2001:db8::3:1234");
	BEGIN(LISTEN, listen, LISTEN);
	f.rec.listen.backlog = 128;
	IS("evt.arg.backlog", "128");
	IS("fd.is_server", "true");
	BEGIN(SOCKET, socket, SOCKET);
	f.rec.hdr.res = 4;
	f.rec.socket.domain = AF_PACKET;
	f.rec.socket.type = SOCK_RAW | SOCK_CLOEXEC;
	IS("evt.arg.domain", "AF_PACKET");
	IS("evt.arg.type", "3");
	IS("evt.arg.flags", "O_CLOEXEC");
	IS("fd.num", "4");
	IS("fd.name", "");
	f.rec.socket.domain = AF_INET;
	f.rec.socket.type = SOCK_STREAM;
	IS("evt.args", "fd=4(<4>) domain=2(AF_INET) type=1 proto=0 flags=0(O_NONE)");
}
END_TEST

START_TEST(dups)
{
	BEGIN(DUP, dup, DUP2);
	f.rec.hdr.res = 0;
	f.rec.dup.oldfd = 7;
	f.rec.dup.newfd = 0;
	f.rec.dup.fd_type = FD_IPV4;
	f.rec.dup.type = SOCK_STREAM;
	f.rec.dup.local = addr4("10.0.0.5", 40000);
	f.rec.dup.peer = addr4("198.51.100.7", 4444);
	IS("evt.rawres", "0");
	IS("fd.num", "7");
	IS("fd.type", "ipv4");
	IS("fd.rip", "198.51.100.7");
	IS("fd.sport", "4444");
	IS("evt.arg.newfd", "0");
	IS("evt.category", "net");
	f.rec.dup.local.port = 22;	/* a server's end of a connection */
	f.rec.dup.peer.port = 50000;
	IS("fd.sport", "22");
	IS("fd.rip", "198.51.100.7");
	f.rec.dup.fd_type = FD_PIPE;
	IS("fd.type", "pipe");
	IS("fd.rip", "198.51.100.7");
}
END_TEST

START_TEST(exec_arguments)
{
	BEGIN(EXEC, exec, EXECVE);
	f.rec.exec.exe_flags = EXE_WRITABLE | EXE_LOWER;
	f.rec.exec.ppid = 50;
	blob(&f.rec.exec.argv, "ls\0-l\0/tmp", 11);
	BLOB(f.rec.exec.filename, "/bin/ls");
	IS("evt.arg.flags", "EXE_WRITABLE|EXE_LOWER_LAYER");
	IS("evt.arg.exe", "ls");
	IS("evt.arg.args", "-l /tmp");
	IS("evt.arg.filename", "/bin/ls");
	IS("evt.arg.pid", "curl");	/* the original prints the process's name */
	IS("evt.arg.ptid", "bash");
	IS("evt.rawarg.pid", "100");
	IS("evt.arg.uid", "root");
	IS("evt.rawarg.uid", "0");
	IS("evt.arg.vm_size", "<none>");
	f.self_image.fd_type[0] = FD_IPV4;
	f.self_image.std_local = addr4("10.0.0.5", 40000);
	f.self_image.std_peer = addr4("198.51.100.7", 4444);
	IS("proc.stdin.type", "ipv4");
	IS("proc.stdin.name", "10.0.0.5:40000->198.51.100.7:4444");
	IS("proc.stdout.type", "<none>");
}
END_TEST

/* What was tried is the event's; the process is still who it was. */
START_TEST(exec_that_failed)
{
	BEGIN(EXEC, exec, EXECVE);
	f.rec.hdr.res = -2;
	f.rec.hdr.flags = WIRE_NAME_USER;
	blob(&f.rec.exec.argv, "nc\0-e\0/bin/sh", 14);
	BLOB(f.rec.exec.filename, "/opt/nc");
	IS("evt.arg.exe", "nc");
	IS("evt.arg.args", "-e /bin/sh");
	IS("evt.arg.filename", "/opt/nc");
	IS("evt.arg.res", "ENOENT");
	IS("proc.cmdline", "curl -s http://x");
	IS("proc.args", "-s http://x");
	IS("proc.exe", "/usr/bin/curl");
	IS("proc.cmdnargs", "2");
}
END_TEST

START_TEST(dns)
{
	BEGIN(DNS, dns, DNS);
	f.rec.dns.protocol = IPPROTO_UDP;
	f.rec.dns.egress = 1;
	f.rec.dns.local = addr4("10.0.0.5", 40000);
	f.rec.dns.peer = addr4("10.0.0.2", 53);
	f.dns.qname = STR("pool.example.org");
	f.dns.qtype = 1;
	f.ev.dns = &f.dns;
	IS("dns.qname", "pool.example.org");
	IS("dns.qtype", "A");
	IS("dns.qr", "query");
	IS("dns.rcode", "<none>");
	IS("dns.answers", "<none>");
	IS("dns.resolver", "10.0.0.2");
	IS("fd.num", "<none>");
	IS("fd.sport", "53");
	IS("fd.l4proto", "udp");
	f.dns.response = true;
	f.dns.nanswers = 2;
	f.dns.answers[0].text = STR("10.1.1.1");
	f.dns.answers[1].text = STR("10.1.1.2");
	IS("dns.answers", "10.1.1.1|10.1.1.2");
	IS("dns.rcode", "NOERROR");
	f.dns.nanswers = 0;
	IS("dns.answers", "");
	f.rec.dns.local.port = 53;	/* this end is the server */
	f.rec.dns.peer.port = 40000;
	IS("dns.resolver", "10.0.0.5");
	f.rec.hdr.tgid = 0;
	f.ev.process = NULL;
	IS("user.uid", "<none>");
}
END_TEST

START_TEST(available)
{
	struct field_ref r = ref("fd.sip", NULL);

	ck_assert(field_available(&r, CALL_CONNECT));
	ck_assert(!field_available(&r, CALL_OPEN));
	r = ref("evt.arg.flags", NULL);
	ck_assert(field_available(&r, CALL_OPENAT));
	ck_assert(!field_available(&r, CALL_CONNECT));
	r = ref("dns.qname", NULL);
	ck_assert(field_available(&r, CALL_DNS));
	ck_assert(!field_available(&r, CALL_EXECVE));
	r = ref("proc.name", NULL);
	ck_assert(field_available(&r, CALL_DNS));
	r = ref("fd.types", NULL);
	ck_assert(!field_available(&r, CALL_OPEN));
}
END_TEST

/* However long an environment, what the event itself is about has room; and where room ends, that is counted. */
START_TEST(a_long_text_crowds_nothing_out)
{
	static char env[8192];
	struct field_ref names[] = {ref("proc.env", NULL), ref("proc.aargs", NULL), ref("fd.name", NULL)};
	struct value v[FIELD_VALUES_MAX];
	bool present;

	memset(env, 'A', sizeof(env));
	begin(EVENT_CONNECT, CALL_CONNECT, sizeof(struct wire_connect));
	f.rec.connect.family = AF_INET;
	f.rec.connect.peer = (struct wire_addr){.family = AF_INET, .port = 3333, .ip = {10, 0, 0, 1}};
	f.self_image.env = f.parent_image.args = f.grand_image.args = str_n(env, sizeof(env));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		field_values(&names[i], &f.ev, &f.scratch, v, &present);
	ck_assert(present);
	ck_assert(str_eq(v[0].s, STR("->10.0.0.1:3333")));
	ck_assert_uint_eq(f.scratch.cut, 0);
	for (size_t i = 0; i < 8; i++)
		field_values(&names[0], &f.ev, &f.scratch, v, &present);
	ck_assert_uint_gt(f.scratch.cut, 0);
}
END_TEST

/* What a field says of some event, field_available() has to promise for its call. */
START_TEST(available_is_true)
{
	struct value v[FIELD_VALUES_MAX];
	bool present;

	for (unsigned int call = CALL_NONE + 1; call < CALL_MAX; call++) {
		begin(call_table[call].type, (enum event_call)call, sizeof(f.rec));
		f.ev.dns = &f.dns;
		for (size_t i = 0; i < field_count; i++) {
			struct field_ref r;

			if (field_resolve(&r, str(field_table[i].name), false, STR_NONE, str(field_table[i].name)))
				continue;
			f.scratch.used = 0;
			field_values(&r, &f.ev, &f.scratch, v, &present);
			ck_assert_msg(!present || field_available(&r, (enum event_call)call), "%s of %s",
				      field_table[i].name, call_table[call].name);
		}
	}
}
END_TEST

static struct json_fields *json(json_t **object, const char *text)
{
	char error[128];
	struct json_fields *ret = NULL;

	memset(&f, 0, sizeof(f));
	*object = json_loads(text, JSON_DECODE_ANY, NULL);
	ck_assert_ptr_nonnull(*object);
	ck_assert_msg(json_fields_new(&ret, *object, error) == 0, "%s", error);
	f.ev = (struct event){.num = 3, .fields = ret};
	return ret;
}

START_TEST(json_events)
{
	json_t *o;
	struct json_fields *j = json(&o, "{\"evt.type\":\"connect\",\"proc.name\":\"bash\",\"proc.aname\":[\"nginx\",\"systemd\"],"
		"\"proc.aname[2]\":\"init\",\"fd.cip\":\"10.0.0.5\",\"fd.sip\":\"::ffff:1.2.3.4\",\"fd.cport\":40000,\"fd.sport\":\"443\","
		"\"user.uid\":\"1000\",\"evt.is_open_read\":true,\"evt.arg\":{\"flags\":\"O_RDWR\"},\"proc.env[A B]\":\"x\","
		"\"dns.answers\":[\"a\",\"b\"],\"proc.exe\":\"\",\"evt.rawres\":-2,\"proc.tty\":\"x\",\"fd.lport\":70000,"
		"\"container.id\":\"<NA>\"}");

	IS("proc.name", "bash");
	IS_AT("proc.aname", "0", "bash");
	IS_AT("proc.aname", "1", "nginx");
	IS_AT("proc.aname", "2", "init");
	IS_AT("proc.aname", "3", "<none>");
	IS("proc.aname", "nginx|init");
	IS("proc.pname", "<none>");
	IS("fd.ip", "10.0.0.5|1.2.3.4");
	IS("fd.net", "10.0.0.5|1.2.3.4");
	IS("fd.snet", "1.2.3.4");
	IS("fd.lnet", "<none>");
	IS("fd.port", "40000|443");
	IS("fd.lport", "<none>");
	IS("user.uid", "1000");
	IS("evt.is_open_read", "true");
	IS("evt.is_open_write", "<none>");
	IS("evt.arg.flags", "O_RDWR");
	IS_AT("proc.env", "A B", "x");
	IS("dns.answers", "a|b");
	IS("proc.exe", "");
	IS("evt.rawres", "-2");
	IS("proc.tty", "<none>");	/* no number: missing */
	IS("container.id", "<none>");
	IS("evt.num", "3");
	IS("evt.dir", "<");
	IS("evt.type.is.connect", "1");
	json_fields_free(j);
	json_decref(o);
	j = json(&o, "{\"evt.type\":\"open\",\"fd.name\":\"/x\"}");
	IS("fd.ip", "");	/* a descriptor, but no socket */
	IS("fd.snet", "<none>");
	json_fields_free(j);
	json_decref(o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("field");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, table);
	tcase_add_test(t, resolving);
	tcase_add_test(t, process);
	tcase_add_test(t, users);
	tcase_add_test(t, container);
	tcase_add_test(t, event);
	tcase_add_test(t, opens);
	tcase_add_test(t, changes_of_files);
	tcase_add_test(t, ways_to_write);
	tcase_add_test(t, stores);
	tcase_add_test(t, writers_of_executables);
	tcase_add_test(t, executed_by_others);
	tcase_add_test(t, programs_of_the_loader);
	tcase_add_test(t, failed_opens);
	tcase_add_test(t, paths);
	tcase_add_test(t, connects);
	tcase_add_test(t, servers);
	tcase_add_test(t, dups);
	tcase_add_test(t, exec_arguments);
	tcase_add_test(t, exec_that_failed);
	tcase_add_test(t, dns);
	tcase_add_test(t, available);
	tcase_add_test(t, a_long_text_crowds_nothing_out);
	tcase_add_test(t, available_is_true);
	tcase_add_test(t, json_events);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
