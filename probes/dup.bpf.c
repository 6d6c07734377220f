// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Dup
 *
 * A descriptor was duplicated, and what it is: a shell whose standard input
 * became a socket is seen here.
 */
#include "compat.h"
#include "net.h"

#define F_DUPFD		0	/* include/uapi/linux/fcntl.h */
#define F_DUPFD_CLOEXEC	1030
#define O_CLOEXEC	02000000

/* The unix path is the socket's own; a client has none, then its peer's. */
static __always_inline void dup__socket(struct wire_dup *r, struct sock *sk)
{
	r->type = sock__type(sk);
	r->protocol = sock__protocol(sk);
	net__ends(sk, &r->local, &r->peer);
	if (r->fd_type == FD_UNIX && !record__unix_sock(&r->hdr, &r->name, sk))
		record__unix_sock(&r->hdr, &r->name, unix__peer(sk));
}

static __always_inline int dups__report(__s32 nr, __s64 ret)
{
	__u16 call = nr == NR_DUP ? CALL_DUP : nr == NR_DUP3 ? CALL_DUP3 : nr == NR_FCNTL ? CALL_FCNTL : CALL_DUP2;
	__u32 cmd = nr == NR_FCNTL ? task__arg_now(2) : F_DUPFD;
	__u32 kinds, fd_type;
	struct wire_dup *r;
	struct pt_regs *regs;
	struct socket *sock;
	struct file *f;

	if (cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC)
		return 0;	/* the other commands are other things, and many */
	kinds = call__kinds(call, ret < 0);
	if (!(kinds & 0xffu << (kind__dup(FD_NONE, ret) & ~7u)))	/* of this result, whatever it is */
		goto refuse;
	regs = task__regs();
	f = fd__file(task__current(), ret < 0 ? (int)task__arg(regs, 1) : (int)ret);
	fd_type = file__fd_type(f);
	if (!(kinds >> kind__dup(fd_type, ret) & 1))
		goto refuse;
	r = record__new(EVENT_DUP, call, sizeof(*r));
	if (!r)
		return 0;
	r->oldfd = task__arg(regs, 1);
	r->newfd = nr == NR_DUP ? -1 : nr == NR_FCNTL ? (__s32)task__arg(regs, 3) : (__s32)task__arg(regs, 2);
	r->flags = nr == NR_DUP3 ? task__arg(regs, 3) : cmd == F_DUPFD_CLOEXEC ? O_CLOEXEC : 0;
	r->fd_type = fd_type;
	sock = file__socket(f);
	if (sock)
		dup__socket(r, BPF_CORE_READ(sock, sk));
	else
		record__file(&r->hdr, &r->name, f);
	return record__send(&r->hdr, ret);
refuse:
	counter__refused(EVENT_DUP);
	return 0;
}

#ifndef ENTRY32
SEC("tracepoint")
int dups__exit(struct sys_exit *ctx)
{
	return dups__report(ctx->nr, ctx->ret);
}
#endif
