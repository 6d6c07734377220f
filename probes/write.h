/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Write: what is told of the files that bytes go to and come from, by a call or a request of io_uring. */
#ifndef PROBES_WRITE_H
#define PROBES_WRITE_H

#include "net.h"
#include "pid.h"

static __always_inline void write__inode(struct file *f, __u32 *dev, __u64 *ino)
{
	struct inode *inode = BPF_CORE_READ(f, f_inode);

	*dev = inode__dev(inode);
	*ino = BPF_CORE_READ(inode, i_ino);
}

static __always_inline void write__file(struct wire_write *r, struct file *f)
{
	r->fd_type = file__fd_type(f);
	if (!f)
		return;
	write__inode(f, &r->dev, &r->ino);
	record__about(r, BPF_CORE_READ(f, f_inode));
	record__file(&r->hdr, &r->name, f);
}

static __always_inline void copy__socket(struct wire_copy *r, struct file *f)
{
	struct sock *sk = file__sock(f);

	if (sk && !r->local.family && !r->peer.family)
		net__ends(sk, &r->local, &r->peer);
}

static __always_inline void copy__files(struct wire_copy *r, struct file *in, struct file *out)
{
	r->in_type = file__fd_type(in);
	r->out_type = file__fd_type(out);
	if (out) {
		copy__socket(r, out);
		write__inode(out, &r->out_dev, &r->out_ino);
		record__file(&r->hdr, &r->out_name, out);
	}
	if (in) {
		copy__socket(r, in);
		write__inode(in, &r->in_dev, &r->in_ino);
		record__file(&r->hdr, &r->in_name, in);
	}
}

#endif
