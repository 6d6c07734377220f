/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a call as evt.arg.NAME (text) and evt.rawarg.NAME (native)
 * show them: a list per call in the original's order, each parameter with the
 * form it prints in.
 */
#include "rule/field_arg.h"
#include "event/attr.h"
#include "rule/diag.h"
#include "util/cleanup.h"

static const struct {
	const char *name;
	enum value_type type;
} names[] = {
#define ARG(name, type) {#name, TYPE_##type},
#include "rule/arg.def"
};

#define OFF(event, field) offsetof(struct wire_##event, field)
#define P(name_, form_, off_) {.name = A_##name_, .form = FORM_##form_, .off = off_}

/* Our own, behind the original's. */
#define CHANGED_NAMESPACES									\
	P(changed, CLONE_FLAGS, OFF(namespace, changed)), P(old_mntns, NS, OFF(namespace, old_mntns)),	\
	P(old_netns, NS, OFF(namespace, old_netns)), P(old_userns, NS, OFF(namespace, old_userns)),	\
	P(old_pidns, NS, OFF(namespace, old_pidns)), P(pidns, NS, OFF(namespace, new_pidns))
#define CHANGED_CREDS										\
	P(old_ruid, OLD_ID, OFF(creds, old_uid)), P(old_euid, OLD_ID, OFF(creds, old_euid)),	\
	P(old_suid, OLD_ID, OFF(creds, old_suid)), P(old_rgid, OLD_ID, OFF(creds, old_gid)),	\
	P(old_egid, OLD_ID, OFF(creds, old_egid)), P(old_sgid, OLD_ID, OFF(creds, old_sgid)),	\
	P(old_cap_permitted, OLD_CAPS, OFF(creds, old_cap_permitted)),				\
	P(old_cap_effective, OLD_CAPS, OFF(creds, old_cap_effective))

static const struct param p_open[] = {P(fd, RET_FD, 0), P(name, PATH, PATH_ONLY), P(flags, OPEN_FLAGS, 0),
	P(mode, OCTAL, OFF(open, mode)), P(dev, DEV, OFF(open, dev)), P(ino, U64, OFF(open, ino)), {}};
static const struct param p_openat[] = {P(fd, RET_FD, 0), P(dirfd, DIRFD, OFF(open, dirfd)), P(name, PATH, PATH_ONLY),
	P(flags, OPEN_FLAGS, 0), P(mode, OCTAL, OFF(open, mode)), P(dev, DEV, OFF(open, dev)),
	P(ino, U64, OFF(open, ino)), {}};
static const struct param p_openat2[] = {P(fd, RET_FD, 0), P(dirfd, DIRFD, OFF(open, dirfd)),
	P(name, PATH, PATH_ONLY), P(flags, OPEN_FLAGS, 0), P(mode, OCTAL, OFF(open, mode)),
	P(resolve, RESOLVE, OFF(open, resolve)), P(dev, DEV, OFF(open, dev)), P(ino, U64, OFF(open, ino)), {}};
static const struct param p_creat[] = {P(fd, RET_FD, 0), P(name, PATH, PATH_ONLY), P(mode, OCTAL, OFF(open, mode)),
	P(dev, DEV, OFF(open, dev)), P(ino, U64, OFF(open, ino)), P(creat_flags, CREAT_FLAGS, 0), {}};
static const struct param p_rename[] = {P(res, RES, 0), P(oldpath, PATH, PATH_OLD), P(newpath, PATH, PATH_NEW), {}};
static const struct param p_renameat[] = {P(res, RES, 0), P(olddirfd, DIRFD, OFF(rename, olddirfd)),
	P(oldpath, PATH, PATH_OLD), P(newdirfd, DIRFD, OFF(rename, newdirfd)), P(newpath, PATH, PATH_NEW), {}};
static const struct param p_renameat2[] = {P(res, RES, 0), P(olddirfd, DIRFD, OFF(rename, olddirfd)),
	P(oldpath, PATH, PATH_OLD), P(newdirfd, DIRFD, OFF(rename, newdirfd)), P(newpath, PATH, PATH_NEW),
	P(flags, RENAME_FLAGS, OFF(rename, flags)), {}};
static const struct param p_unlink[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), {}};
static const struct param p_unlinkat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(unlink, dirfd)),
	P(name, PATH, PATH_ONLY), P(flags, UNLINK_FLAGS, OFF(unlink, flags)), {}};
static const struct param p_link[] = {P(res, RES, 0), P(oldpath, PATH, PATH_OLD), P(newpath, PATH, PATH_NEW), {}};
static const struct param p_linkat[] = {P(res, RES, 0), P(olddir, DIRFD, OFF(link, olddirfd)),
	P(oldpath, PATH, PATH_OLD), P(newdir, DIRFD, OFF(link, newdirfd)), P(newpath, PATH, PATH_NEW),
	P(flags, LINK_FLAGS, OFF(link, flags)), {}};
static const struct param p_symlink[] = {P(res, RES, 0), P(target, BLOB, OFF(symlink, target)),
	P(linkpath, PATH, PATH_NEW), {}};
static const struct param p_symlinkat[] = {P(res, RES, 0), P(target, BLOB, OFF(symlink, target)),
	P(linkdirfd, DIRFD, OFF(symlink, dirfd)), P(linkpath, PATH, PATH_NEW), {}};
static const struct param p_chmod[] = {P(res, RES, 0), P(filename, PATH, PATH_ONLY),
	P(mode, MODE, OFF(chmod, mode)), {}};
static const struct param p_fchmod[] = {P(res, RES, 0), P(fd, FD, 0), P(mode, MODE, OFF(chmod, mode)), {}};
static const struct param p_fchmodat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(chmod, dirfd)),
	P(filename, PATH, PATH_ONLY), P(mode, MODE, OFF(chmod, mode)), {}};
static const struct param p_fchmodat2[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(chmod, dirfd)),
	P(filename, PATH, PATH_ONLY), P(mode, MODE, OFF(chmod, mode)), P(flags, AT_FLAGS, OFF(chmod, flags)), {}};
static const struct param p_open_by_handle_at[] = {P(fd, RET_FD, 0), P(mountfd, S32, OFF(open, dirfd)),
	P(flags, OPEN_FLAGS, 0), P(path, PATH, PATH_ONLY), P(dev, DEV, OFF(open, dev)), P(ino, U64, OFF(open, ino)), {}};
static const struct param p_mkdir[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), P(mode, OCTAL, OFF(mkdir, mode)), {}};
static const struct param p_mkdirat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(mkdir, dirfd)), P(path, PATH, PATH_ONLY),
	P(mode, OCTAL, OFF(mkdir, mode)), {}};
static const struct param p_mknod[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), P(mode, NODE, OFF(mknod, mode)),
	P(dev, U32, OFF(mknod, rdev)), {}};
static const struct param p_mknodat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(mknod, dirfd)), P(path, PATH, PATH_ONLY),
	P(mode, NODE, OFF(mknod, mode)), P(dev, U32, OFF(mknod, rdev)), {}};
static const struct param p_chown[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), P(uid, U32, OFF(chown, uid)),
	P(gid, U32, OFF(chown, gid)), {}};
static const struct param p_fchown[] = {P(res, RES, 0), P(fd, FD, 0), P(uid, U32, OFF(chown, uid)),
	P(gid, U32, OFF(chown, gid)), {}};
static const struct param p_fchownat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(chown, dirfd)),
	P(pathname, PATH, PATH_ONLY), P(uid, U32, OFF(chown, uid)), P(gid, U32, OFF(chown, gid)),
	P(flags, AT_FLAGS, OFF(chown, flags)), {}};
static const struct param p_setxattr[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), P(name, BLOB, OFF(xattr, attr)),
	P(size, COUNT, OFF(xattr, size)), P(data, BLOB, OFF(xattr, value)), P(flags, U32, OFF(xattr, flags)), {}};
static const struct param p_fsetxattr[] = {P(res, RES, 0), P(fd, FD, 0), P(name, BLOB, OFF(xattr, attr)),
	P(size, COUNT, OFF(xattr, size)), P(data, BLOB, OFF(xattr, value)), P(flags, U32, OFF(xattr, flags)), {}};
static const struct param p_setxattrat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(xattr, dirfd)), P(path, PATH, PATH_ONLY),
	P(name, BLOB, OFF(xattr, attr)), P(size, COUNT, OFF(xattr, size)), P(data, BLOB, OFF(xattr, value)),
	P(flags, U32, OFF(xattr, flags)), {}};
static const struct param p_removexattrat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(xattr, dirfd)), P(path, PATH, PATH_ONLY),
	P(name, BLOB, OFF(xattr, attr)), {}};
static const struct param p_removexattr[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), P(name, BLOB, OFF(xattr, attr)), {}};
static const struct param p_fremovexattr[] = {P(res, RES, 0), P(fd, FD, 0), P(name, BLOB, OFF(xattr, attr)), {}};
static const struct param p_truncate[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY),
	P(length, COUNT, OFF(truncate, length)), {}};
static const struct param p_ftruncate[] = {P(res, RES, 0), P(fd, FD, 0), P(length, COUNT, OFF(truncate, length)), {}};
static const struct param p_fallocate[] = {P(res, RES, 0), P(fd, FD, 0), P(mode, U32, OFF(truncate, mode)),
	P(offset, COUNT, OFF(truncate, offset)), P(len, COUNT, OFF(truncate, length)), {}};
static const struct param p_utimensat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(utime, dirfd)), P(path, PATH, PATH_ONLY),
	P(atime, COUNT, OFF(utime, atime)), P(mtime, COUNT, OFF(utime, mtime)), P(flags, AT_FLAGS, OFF(utime, flags)), {}};
static const struct param p_futimesat[] = {P(res, RES, 0), P(dirfd, DIRFD, OFF(utime, dirfd)), P(path, PATH, PATH_ONLY),
	P(atime, COUNT, OFF(utime, atime)), P(mtime, COUNT, OFF(utime, mtime)), {}};
static const struct param p_utime[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), P(atime, COUNT, OFF(utime, atime)),
	P(mtime, COUNT, OFF(utime, mtime)), {}};
static const struct param p_sendfile[] = {P(res, RES, 0), P(out_fd, S32, OFF(copy, fd_out)), P(in_fd, S32, OFF(copy, fd_in)),
	P(size, COUNT, OFF(copy, len)), {}};
static const struct param p_splice[] = {P(res, RES, 0), P(fd_in, S32, OFF(copy, fd_in)), P(fd_out, S32, OFF(copy, fd_out)),
	P(size, COUNT, OFF(copy, len)), {}};
static const struct param p_copy_file_range[] = {P(res, RES, 0), P(fdin, S32, OFF(copy, fd_in)), P(len, COUNT, OFF(copy, len)),
	P(fdout, S32, OFF(copy, fd_out)), {}};
static const struct param p_write[] = {P(res, RES, 0), P(fd, FD, 0), P(size, COUNT, OFF(write, size)), {}};
static const struct param p_fcntl[] = {P(res, RET_FD, 0), P(fd, FD, 0), P(cmd, DUP_CMD, OFF(dup, flags)), {}};
static const struct param p_socket[] = {P(fd, RET_FD, 0), P(domain, DOMAIN, OFF(socket, domain)),
	P(type, SOCK_TYPE, OFF(socket, type)), P(proto, U32, OFF(socket, protocol)),
	P(flags, SOCK_FLAGS, OFF(socket, type)), {}};
static const struct param p_socketpair[] = {P(res, RES, 0), P(fd1, FD_AT, OFF(socketpair, fd1)),
	P(fd2, FD_AT, OFF(socketpair, fd2)), P(domain, DOMAIN, OFF(socketpair, domain)),
	P(type, SOCK_TYPE, OFF(socketpair, type)), P(proto, U32, OFF(socketpair, protocol)), P(flags, SOCK_FLAGS, OFF(socketpair, type)), {}};
static const struct param p_connect[] = {P(res, RES, 0), P(tuple, TUPLE, 0), P(fd, FD, 0), P(addr, PEER, 0), {}};
static const struct param p_bind[] = {P(res, RES, 0), P(addr, LOCAL, 0), P(fd, FD, 0), {}};
static const struct param p_listen[] = {P(res, RES, 0), P(fd, FD, 0), P(backlog, S32, OFF(listen, backlog)), {}};
static const struct param p_accept[] = {P(fd, RET_FD, 0), P(tuple, TUPLE, 0), {}};
static const struct param p_accept4[] = {P(fd, RET_FD, 0), P(tuple, TUPLE, 0), P(flags, U32, OFF(accept, flags)), {}};
#define DATA P(data, BLOB, OFF(transfer, data))
#define SIZE P(size, U64, OFF(transfer, size))
#define MSG_FLAGS P(flags, U32, OFF(transfer, flags))
static const struct param p_sendto[] = {P(res, RES, 0), DATA, P(fd, FD, 0), SIZE, P(tuple, TUPLE, 0), MSG_FLAGS, {}};
static const struct param p_sendmmsg[] = {P(res, RES, 0), P(fd, FD, 0), SIZE, DATA, P(tuple, TUPLE, 0), MSG_FLAGS, {}};
static const struct param p_recvfrom[] = {P(res, RES, 0), DATA, P(tuple, TUPLE, 0), P(fd, FD, 0), SIZE, MSG_FLAGS, {}};
static const struct param p_recvmsg[] = {P(res, RES, 0), SIZE, DATA, P(tuple, TUPLE, 0), P(fd, FD, 0), MSG_FLAGS, {}};
static const struct param p_dup[] = {P(res, RET_FD, 0), P(oldfd, FD, 0), {}};
static const struct param p_dup2[] = {P(res, RET_FD, 0), P(oldfd, FD, 0), P(newfd, S32, OFF(dup, newfd)), {}};
static const struct param p_dup3[] = {P(res, RET_FD, 0), P(oldfd, FD, 0), P(newfd, S32, OFF(dup, newfd)),
	P(flags, DUP_FLAGS, 0), {}};
static const struct param p_exec[] = {P(res, RES, 0), P(exe, PROC_EXE, 0), P(args, PROC_ARGS, 0), P(tid, TID, 0),
	P(pid, PID, 0), P(ptid, PTID, 0), P(cwd, BLOB, OFF(exec, cwd)), P(comm, BLOB, OFF(exec, comm)),
	P(env, WORDS, OFF(exec, env)), P(tty, U32, OFF(exec, tty)), P(vpgid, U32, OFF(exec, vpgid)),
	P(loginuid, UID, OFF(exec, loginuid)), P(flags, EXE_FLAGS, OFF(exec, exe_flags)),
	P(cap_inheritable, CAPS, OFF(exec, cap_inheritable)), P(cap_permitted, CAPS, OFF(exec, cap_permitted)),
	P(cap_effective, CAPS, OFF(exec, hdr.cap_effective)), P(exe_ino, U64, OFF(exec, ino)),
	P(exe_ino_ctime, U64, OFF(exec, ctime)), P(exe_ino_mtime, U64, OFF(exec, mtime)),
	P(uid, UID, OFF(exec, hdr.euid)), P(trusted_exepath, BLOB, OFF(exec, exe)), P(pgid, U32, OFF(exec, pgid)),
	P(gid, U32, OFF(exec, hdr.egid)), P(filename, BLOB, OFF(exec, filename)), {}};
static const struct param p_fork[] = {P(res, RES, 0), P(exe, PROC_EXE, 0), P(args, PROC_ARGS, 0), P(tid, TID, 0),
	P(pid, PID, 0), P(ptid, PTID, 0), P(comm, BLOB, OFF(fork, comm)),
	P(flags, CLONE_FLAGS, OFF(fork, flags)), P(uid, UID, OFF(fork, hdr.euid)),
	P(gid, U32, OFF(fork, hdr.egid)), P(vtid, U32, OFF(fork, hdr.vtid)),
	P(vpid, U32, OFF(fork, hdr.vpid)), {}};
static const struct param p_exit[] = {P(status, S32, OFF(exit, status)), P(ret, EXIT_CODE, 0), P(sig, EXIT_SIGNAL, 0),
	P(core, EXIT_CORE, 0), {}};

static const struct param p_setns[] = {P(res, RES, 0), P(fd, S32, OFF(namespace, fd)),
	P(nstype, CLONE_FLAGS, OFF(namespace, flags)), CHANGED_NAMESPACES, {}};
static const struct param p_unshare[] = {P(res, RES, 0), P(flags, CLONE_FLAGS, OFF(namespace, flags)),
	CHANGED_NAMESPACES, {}};
static const struct param p_setuid[] = {P(res, RES, 0), P(uid, UID, OFF(creds, id0)), CHANGED_CREDS, {}};
static const struct param p_setgid[] = {P(res, RES, 0), P(gid, U32, OFF(creds, id0)), CHANGED_CREDS, {}};
static const struct param p_setreuid[] = {P(res, RES, 0), P(ruid, UID, OFF(creds, id0)), P(euid, UID, OFF(creds, id1)),
	CHANGED_CREDS, {}};
static const struct param p_setregid[] = {P(res, RES, 0), P(rgid, S32, OFF(creds, id0)), P(egid, S32, OFF(creds, id1)),
	CHANGED_CREDS, {}};
static const struct param p_setresuid[] = {P(res, RES, 0), P(ruid, UID, OFF(creds, id0)), P(euid, UID, OFF(creds, id1)),
	P(suid, UID, OFF(creds, id2)), CHANGED_CREDS, {}};
static const struct param p_setresgid[] = {P(res, RES, 0), P(rgid, S32, OFF(creds, id0)), P(egid, S32, OFF(creds, id1)),
	P(sgid, S32, OFF(creds, id2)), CHANGED_CREDS, {}};
static const struct param p_setgroups[] = {P(res, RES, 0), P(size, U32, OFF(creds, id0)),
	P(groups, GROUPS, OFF(creds, groups)), CHANGED_CREDS, {}};
static const struct param p_capset[] = {P(res, RES, 0), P(cap_inheritable, CAPS, OFF(creds, cap_inheritable)),
	P(cap_permitted, CAPS, OFF(creds, cap_permitted)), P(cap_effective, CAPS, OFF(creds, hdr.cap_effective)),
	CHANGED_CREDS, {}};
static const struct param p_cred_change[] = {P(reason, REASON, OFF(cred_change, reason)),
	P(ruid, U32, OFF(cred_change, hdr.uid)), P(euid, U32, OFF(cred_change, hdr.euid)), P(suid, U32, OFF(cred_change, suid)),
	P(rgid, U32, OFF(cred_change, hdr.gid)), P(egid, U32, OFF(cred_change, hdr.egid)), P(sgid, U32, OFF(cred_change, sgid)),
	P(old_ruid, U32, OFF(cred_change, old_uid)), P(old_euid, U32, OFF(cred_change, old_euid)),
	P(old_suid, U32, OFF(cred_change, old_suid)), P(old_rgid, U32, OFF(cred_change, old_gid)),
	P(old_egid, U32, OFF(cred_change, old_egid)), P(old_sgid, U32, OFF(cred_change, old_sgid)),
	P(userns, NS, OFF(cred_change, hdr.userns)), P(old_userns, NS, OFF(cred_change, old_userns)),
	P(cap_permitted, CAPS, OFF(cred_change, cap_permitted)), P(cap_effective, CAPS, OFF(cred_change, hdr.cap_effective)),
	P(old_cap_permitted, CAPS, OFF(cred_change, old_cap_permitted)),
	P(old_cap_effective, CAPS, OFF(cred_change, old_cap_effective)), {}};
static const struct param p_keyctl[] = {P(res, RES, 0), P(operation, KEYCTL, OFF(keyctl, operation)),
	P(arg2, U64, OFF(keyctl, arg2)), P(arg3, U64, OFF(keyctl, arg3)), P(arg4, U64, OFF(keyctl, arg4)),
	P(arg5, U64, OFF(keyctl, arg5)), {}};
static const struct param p_personality[] = {P(res, RES, 0), P(persona, PERSONA, OFF(personality, persona)), {}};
static const struct param p_prctl[] = {P(res, RES, 0), P(option, PRCTL, OFF(prctl, option)),
	P(arg2_str, BLOB, OFF(prctl, text)), P(arg2_int, U64, OFF(prctl, arg2)), P(arg3, U64, OFF(prctl, arg3)), {}};
static const struct param p_chroot[] = {P(res, RES, 0), P(path, PATH, PATH_ONLY), {}};

static const struct param *const params[CALL_MAX] = {
	[CALL_SETNS] = p_setns, [CALL_UNSHARE] = p_unshare,
	[CALL_SETUID] = p_setuid, [CALL_SETGID] = p_setgid, [CALL_SETREUID] = p_setreuid, [CALL_SETREGID] = p_setregid,
	[CALL_SETRESUID] = p_setresuid, [CALL_SETRESGID] = p_setresgid, [CALL_SETFSUID] = p_setuid,
	[CALL_SETFSGID] = p_setgid, [CALL_SETGROUPS] = p_setgroups, [CALL_CAPSET] = p_capset,
	[CALL_CRED_CHANGE] = p_cred_change, [CALL_KEYCTL] = p_keyctl, [CALL_PERSONALITY] = p_personality,
	[CALL_PRCTL] = p_prctl, [CALL_CHROOT] = p_chroot,
	[CALL_EXECVE] = p_exec, [CALL_EXECVEAT] = p_exec,
	[CALL_CLONE] = p_fork, [CALL_CLONE3] = p_fork, [CALL_FORK] = p_fork, [CALL_VFORK] = p_fork,
	[CALL_PROCEXIT] = p_exit,
	[CALL_OPEN] = p_open, [CALL_OPENAT] = p_openat, [CALL_OPENAT2] = p_openat2, [CALL_CREAT] = p_creat,
	[CALL_RENAME] = p_rename, [CALL_RENAMEAT] = p_renameat, [CALL_RENAMEAT2] = p_renameat2,
	[CALL_UNLINK] = p_unlink, [CALL_UNLINKAT] = p_unlinkat,
	[CALL_LINK] = p_link, [CALL_LINKAT] = p_linkat, [CALL_SYMLINK] = p_symlink, [CALL_SYMLINKAT] = p_symlinkat,
	[CALL_CHMOD] = p_chmod, [CALL_FCHMOD] = p_fchmod, [CALL_FCHMODAT] = p_fchmodat,
	[CALL_FCHMODAT2] = p_fchmodat2,
	[CALL_OPEN_BY_HANDLE_AT] = p_open_by_handle_at, [CALL_RMDIR] = p_unlink,
	[CALL_MKDIR] = p_mkdir, [CALL_MKDIRAT] = p_mkdirat, [CALL_MKNOD] = p_mknod, [CALL_MKNODAT] = p_mknodat,
	[CALL_CHOWN] = p_chown, [CALL_LCHOWN] = p_chown, [CALL_FCHOWN] = p_fchown, [CALL_FCHOWNAT] = p_fchownat,
	[CALL_SETXATTR] = p_setxattr, [CALL_LSETXATTR] = p_setxattr, [CALL_FSETXATTR] = p_fsetxattr,
	[CALL_REMOVEXATTR] = p_removexattr, [CALL_LREMOVEXATTR] = p_removexattr, [CALL_FREMOVEXATTR] = p_fremovexattr,
	[CALL_SETXATTRAT] = p_setxattrat, [CALL_REMOVEXATTRAT] = p_removexattrat,
	[CALL_TRUNCATE] = p_truncate, [CALL_FTRUNCATE] = p_ftruncate, [CALL_FALLOCATE] = p_fallocate,
	[CALL_UTIMENSAT] = p_utimensat, [CALL_UTIMES] = p_utime, [CALL_FUTIMESAT] = p_futimesat, [CALL_UTIME] = p_utime,
	[CALL_SENDFILE] = p_sendfile, [CALL_SPLICE] = p_splice, [CALL_COPY_FILE_RANGE] = p_copy_file_range,
	[CALL_WRITE] = p_write, [CALL_PWRITE64] = p_write, [CALL_WRITEV] = p_write, [CALL_PWRITEV] = p_write,
	[CALL_PWRITEV2] = p_write, [CALL_FCNTL] = p_fcntl,
	[CALL_SOCKET] = p_socket, [CALL_SOCKETPAIR] = p_socketpair, [CALL_CONNECT] = p_connect, [CALL_BIND] = p_bind, [CALL_LISTEN] = p_listen,
	[CALL_ACCEPT] = p_accept, [CALL_ACCEPT4] = p_accept4,
	[CALL_SENDTO] = p_sendto, [CALL_SENDMSG] = p_sendto, [CALL_SENDMMSG] = p_sendmmsg, [CALL_RECVFROM] = p_recvfrom,
	[CALL_RECVMSG] = p_recvmsg, [CALL_RECVMMSG] = p_sendmmsg,
	[CALL_DUP] = p_dup, [CALL_DUP2] = p_dup2, [CALL_DUP3] = p_dup3,
};

static const struct param none[] = {{}};

const struct param *params_of(enum event_call call)
{
	if (call >= CALL_MAX)
		return none;
	return params[call] ?: params_of_system(call) ?: none;
}

const char *param_name(unsigned int arg)
{
	return names[arg - 1].name;
}

int arg_find(struct str name, enum value_type *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(name, str(names[i].name))) {
			*type = names[i].type;
			return (int)i + 1;
		}
	}
	return -1;
}

const char *arg_nearest(struct str field)
{
	const char *words[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		words[i] = names[i].name;
	if (!str_starts(field, STR("evt.arg.")) && !str_starts(field, STR("evt.rawarg.")))
		return NULL;
	return diag_nearest(str_after_last(field, '.'), words, ARRAY_SIZE(names));
}

static const struct param *find(unsigned int arg, enum event_call call)
{
	for (const struct param *p = params_of(call); p->name; p++) {
		if (p->name == arg)
			return p;
	}
	return NULL;
}

bool arg_of_call(unsigned int arg, enum event_call call)
{
	return find(arg, call) != NULL;
}

static const struct param *nth(enum event_call call, int64_t n)
{
	for (const struct param *p = params_of(call); p->name; p++) {
		if (!n--)
			return p;
	}
	return NULL;
}

int get_evt_arg(const struct field_get *g, struct value *v)
{
	const struct param *p = g->ref->index >= 0 ? nth(g->ev->call, g->ref->index) : find(g->ref->aux, g->ev->call);

	return p ? param_text(g, p, v) : FIELD_MISSING;
}

int get_evt_rawarg(const struct field_get *g, struct value *v)
{
	const struct param *p = find(g->ref->aux, g->ev->call);

	if (!p || param_raw(g, p, v) != 1)
		return FIELD_MISSING;
	/* two parameters of one name can differ in type: this use has the one it was checked with */
	if ((v->type == TYPE_STR) != (g->ref->type == TYPE_STR || g->ref->type == TYPE_BYTES) &&
	    g->ref->type != TYPE_NONE)
		return FIELD_MISSING;
	v->type = g->ref->type;
	return 1;
}

/* Adds "name=4097(O_RDONLY|O_CLOEXEC)": the native value, and what it means where that is more. */
static void add_param(const struct field_get *g, struct text *t, const struct param *p)
{
	struct field_scratch *s = g->s;
	struct value raw, text;
	struct str before;
	size_t used;

	/* the two forms are built behind what stands so far, moved down, and given back */
	text_puts(t, param_name(p->name));
	text_char(t, '=');
	used = s->used;
	if (param_text(g, p, &text) != 1)
		text.s = STR("<NA>");
	if (param_raw(g, p, &raw) == 1 && raw.type != TYPE_STR) {
		struct text number = text_begin(s);

		text_int(&number, raw.i);
		before = text_view(&number);
	} else {
		before = STR_NONE;
	}
	if (before.p && !str_eq(before, text.s)) {
		struct text whole = text_begin(s);

		text_str(&whole, before);
		text_char(&whole, '(');
		text_str(&whole, text.s);
		text_char(&whole, ')');
		text.s = text_view(&whole);
	}
	if (text.s.n > sizeof(s->bytes) - used)
		text.s.n = sizeof(s->bytes) - used;
	memmove(s->bytes + used, text.s.p, text.s.n);
	s->used = used + text.s.n;
}

int get_evt_args(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);

	for (const struct param *p = params_of(g->ev->call); p->name; p++) {
		if (t.s->used > t.start)
			text_char(&t, ' ');
		add_param(g, &t, p);
	}
	return put_str(v, text_view(&t));
}
