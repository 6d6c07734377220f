// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Mounts
 *
 * The old calls return no descriptor: of what mount(2) has made the newest
 * mount of the caller's namespace tells, if it is of the type asked for. The
 * new ones go by descriptors, and those lead to the kernel's own objects.
 */
#include "call.h"
#include "compat.h"
#include "name.h"

#define MS_REMOUNT	(1 << 5)
#define MS_BIND		(1 << 12)
#define MS_MOVE		(1 << 13)
#define MS_REC		(1 << 14)
#define MS_CHANGE	(1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)	/* unbindable, private, slave, shared */
#define MOVE_MOUNT_F_EMPTY_PATH	0x4

#define TEXT_MAX	256
#define DATA_MAX	1024
#define TREE_DEPTH	40

enum { FSCONFIG_SET_STRING = 1, FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY };

static __always_inline __u16 mount__call(__s32 nr)
{
	switch (nr) {
	CALL_CASE(MOUNT)
	CALL_CASE(UMOUNT2)
	CALL_CASE(PIVOT_ROOT)
	CALL_CASE(MOVE_MOUNT)
	CALL_CASE(OPEN_TREE)
	CALL_CASE(FSOPEN)
	CALL_CASE(FSPICK)
	CALL_CASE(FSCONFIG)
	CALL_CASE(FSMOUNT)
	CALL_CASE(MOUNT_SETATTR)
	}
	return CALL_NONE;
}

static __always_inline struct mount *mount__of_node(struct rb_node *n)
{
	return n ? (void *)((char *)n - bpf_core_field_offset(struct mount, mnt_node)) : NULL;
}

/* The mount that the caller's namespace got last. */
__weak __attribute__((noinline)) __u64 mount__newest(void)
{
	struct mnt_namespace *ns = BPF_CORE_READ(task__current(), nsproxy, mnt_ns);
	struct mnt_namespace___list *old = (void *)ns;
	struct rb_node *n, *next;
	int i;

	if (!ns)
		return 0;
	if (bpf_core_field_exists(ns->mnt_last_node))	/* since 6.14 */
		return (__u64)mount__of_node(BPF_CORE_READ(ns, mnt_last_node));
	if (!bpf_core_field_exists(ns->mounts))		/* before 6.8 */
		return (__u64)BPF_CORE_READ(old, list.prev) - bpf_core_field_offset(struct mount___ns_list, mnt_list);
	n = BPF_CORE_READ(ns, mounts.rb_node);
	for (i = 0; i < TREE_DEPTH && n; i++) {
		next = BPF_CORE_READ(n, rb_right);
		if (!next)
			break;
		n = next;
	}
	return (__u64)mount__of_node(n);
}

/* Whether two texts, one of the caller's and one of the kernel's, are the same as far as their first bytes go. */
static __always_inline bool text__same(const char *user, const char *kernel)
{
	char a[32] = {}, b[32] = {};
	int i;

	if (bpf_probe_read_user_str(a, sizeof(a), user) < 0 || bpf_probe_read_kernel_str(b, sizeof(b), kernel) < 0)
		return false;
	for (i = 0; i < (int)sizeof(a); i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static __always_inline const char *sb__type(struct super_block *sb)
{
	return BPF_CORE_READ(sb, s_type, name);
}

static __always_inline void mount__fs(struct wire_mount *r, struct vfsmount *mnt)
{
	struct super_block *sb = BPF_CORE_READ(mnt, mnt_sb);

	r->dev = dev__encode(BPF_CORE_READ(sb, s_dev));
	record__str(&r->hdr, &r->fstype, sb__type(sb), TEXT_MAX);
}

/* The mount that mount(2) has just made; NULL when it made none, or when another thread came between. */
static __always_inline struct mount *mount__made(const char *type, __u64 flags, __s64 ret)
{
	struct mount *m;

	if (ret || (flags & (MS_REMOUNT | MS_MOVE | MS_REC) && !(flags & MS_BIND)) || flags & (MS_REC | MS_CHANGE | MS_REMOUNT))
		return NULL;
	m = (void *)mount__newest();
	if (!m || flags & MS_BIND)
		return m;
	return text__same(type, sb__type(BPF_CORE_READ(m, mnt.mnt_sb))) ? m : NULL;
}

/* The mount that what was bound belongs to, which the new one shows as well: struct vfsmount *, or 0. */
static __always_inline __u64 mount__bound(struct mount *m, __u64 root, __u64 source)
{
	__u64 self = (__u64)__builtin_preserve_access_index(&m->mnt);
	__u64 from = mount__find(root, mount__start(VIA_CALL, source, AT_FDCWD));

	if (from != self)
		return from;
	from = mounts__look((__u64)mounts__next(m), root);
	return from & MOUNT_FOUND ? (from & ~MOUNT_FOUND) + bpf_core_field_offset(struct mount, mnt) : 0;
}

__weak __attribute__((noinline)) int mount__emit(__s64 ret)
{
	struct wire_mount *r = record__new(EVENT_MOUNT, CALL_MOUNT, sizeof(*r));
	const char *source, *type;
	struct mount *m, *above;
	struct dentry *root;
	__u64 from;

	if (!r)
		return 0;
	r->fd = r->tofd = AT_FDCWD;
	source = (void *)CALL_ARG(1);
	type = (void *)CALL_ARG(3);
	r->flags = CALL_ARG(4);
	m = mount__made(type, r->flags, ret);
	if (m) {
		mount__fs(r, __builtin_preserve_access_index(&m->mnt));
		above = BPF_CORE_READ(m, mnt_parent);
		record__dentry(&r->hdr, &r->target, BPF_CORE_READ(m, mnt_mountpoint),
			       __builtin_preserve_access_index(&above->mnt));
		root = BPF_CORE_READ(m, mnt.mnt_root);
		from = r->flags & MS_BIND ? mount__bound(m, (__u64)root, (__u64)source) : 0;
		if (from)
			record__dentry(&r->hdr, &r->source, root, (struct vfsmount *)from);
		else
			record__str(&r->hdr, &r->source, BPF_CORE_READ(m, mnt_devname), PATH_SIZE);
	} else {
		r->hdr.flags |= WIRE_NAME_USER;
		if (type)
			record__user_str(&r->hdr, &r->fstype, type, TEXT_MAX);
	}
	if (source)
		record__user_str(&r->hdr, &r->source_raw, source, PATH_SIZE);
	record__user_str(&r->hdr, &r->target_raw, (void *)CALL_ARG(2), PATH_SIZE);
	record__dir(&r->hdr, &r->dir, AT_FDCWD);
	if (CALL_ARG(5))
		record__user_str(&r->hdr, &r->data, (void *)CALL_ARG(5), DATA_MAX);
	return record__send(&r->hdr, ret);
}

static __always_inline __u32 mount__umount_flags(void)
{
#ifdef ENTRY32
	if (task__nr_now() == NR32_UMOUNT)
		return 0;
#endif
	return CALL_ARG(2);
}

/* umount2(path, flags), pivot_root(new, old): texts only. */
__weak __attribute__((noinline)) int mount__texts(__u32 call, __s64 ret)
{
	struct wire_mount *r = record__new(EVENT_MOUNT, call, sizeof(*r));

	if (!r)
		return 0;
	r->fd = r->tofd = AT_FDCWD;
	r->hdr.flags |= WIRE_NAME_USER;
	if (call == CALL_UMOUNT2) {
		r->flags = mount__umount_flags();
		record__user_str(&r->hdr, &r->target_raw, (void *)CALL_ARG(1), PATH_SIZE);
	} else {
		record__user_str(&r->hdr, &r->source_raw, (void *)CALL_ARG(1), PATH_SIZE);
		record__user_str(&r->hdr, &r->target_raw, (void *)CALL_ARG(2), PATH_SIZE);
	}
	record__dir(&r->hdr, &r->dir, AT_FDCWD);
	return record__send(&r->hdr, ret);
}

/* A mount that a descriptor names: after the call it hangs where it was put. */
__weak __attribute__((noinline)) int mount__move(__s64 ret)
{
	struct wire_mount *r = record__new(EVENT_MOUNT, CALL_MOVE_MOUNT, sizeof(*r));
	struct vfsmount *mnt;
	struct file *f = NULL;

	if (!r)
		return 0;
	r->fd = CALL_ARG(1);
	r->tofd = CALL_ARG(3);
	r->flags = (__u32)CALL_ARG(5);
	if (r->flags & MOVE_MOUNT_F_EMPTY_PATH)
		f = fd__file(task__current(), r->fd);
	if (f) {
		mnt = BPF_CORE_READ(f, f_path.mnt);
		mount__fs(r, mnt);
		record__str(&r->hdr, &r->source, BPF_CORE_READ(mount__of(mnt), mnt_devname), PATH_SIZE);
		if (!ret)
			record__dentry(&r->hdr, &r->target, BPF_CORE_READ(mnt, mnt_root), mnt);
	}
	if (!f || ret)
		r->hdr.flags |= WIRE_NAME_USER;
	record__user_str(&r->hdr, &r->source_raw, (void *)CALL_ARG(2), PATH_SIZE);
	record__user_str(&r->hdr, &r->target_raw, (void *)CALL_ARG(4), PATH_SIZE);
	record__dir(&r->hdr, &r->dir, r->tofd);
	return record__send(&r->hdr, ret);
}

/* open_tree(dir, path, flags), fspick(dir, path, flags), mount_setattr(dir, path, flags, attributes, size) */
__weak __attribute__((noinline)) int mount__path(__u32 call, __s64 ret)
{
	struct wire_mount *r = record__new(EVENT_MOUNT, call, sizeof(*r));
	struct fs_context *fc;
	__u64 attr[2] = {};
	struct file *f;

	if (!r)
		return 0;
	r->fd = CALL_ARG(1);
	r->tofd = AT_FDCWD;
	r->flags = (__u32)CALL_ARG(3);
	f = ret >= 0 && call != CALL_MOUNT_SETATTR ? fd__file(task__current(), ret) : NULL;
	if (f && call == CALL_OPEN_TREE) {
		mount__fs(r, BPF_CORE_READ(f, f_path.mnt));
		record__file(&r->hdr, &r->target, f);
	} else {
		r->hdr.flags |= WIRE_NAME_USER;
	}
	fc = call == CALL_FSPICK ? file__private(f, "[fscont") : NULL;
	if (fc) {
		r->dev = dev__encode(BPF_CORE_READ(fc, root, d_sb, s_dev));
		record__str(&r->hdr, &r->fstype, BPF_CORE_READ(fc, fs_type, name), TEXT_MAX);
	}
	if (call == CALL_MOUNT_SETATTR) {
		bpf_probe_read_user(attr, sizeof(attr), (void *)CALL_ARG(4));
		r->attr = attr[0];
		r->attr_clr = attr[1];
	}
	record__user_str(&r->hdr, &r->target_raw, (void *)CALL_ARG(2), PATH_SIZE);
	record__dir(&r->hdr, &r->dir, r->fd);
	return record__send(&r->hdr, ret);
}

static __always_inline void fsconfig__value(struct wire_mount *r)
{
	void *value = (void *)CALL_ARG(4);

	if (!value)
		return;
	if (r->cmd == FSCONFIG_SET_BINARY && r->aux > 0)
		record__user_bytes(&r->hdr, &r->data, value, (__u32)r->aux, DATA_MAX);
	else if (r->cmd == FSCONFIG_SET_STRING || r->cmd == FSCONFIG_SET_PATH || r->cmd == FSCONFIG_SET_PATH_EMPTY)
		record__user_str(&r->hdr, &r->data, value, DATA_MAX);
}

/* fsopen(type, flags), fsconfig(fd, cmd, key, value, aux), fsmount(fd, flags, attributes) */
__weak __attribute__((noinline)) int mount__context(__u32 call, __s64 ret)
{
	struct wire_mount *r = record__new(EVENT_MOUNT, call, sizeof(*r));
	struct fs_context *fc;
	struct vfsmount *mnt;
	struct file *f;

	if (!r)
		return 0;
	r->tofd = AT_FDCWD;
	r->fd = call == CALL_FSOPEN ? ret : (__s32)CALL_ARG(1);
	r->flags = call == CALL_FSCONFIG ? 0 : (__u32)CALL_ARG(2);
	fc = file__private(fd__file(task__current(), r->fd), "[fscont");
	if (fc)
		record__str(&r->hdr, &r->fstype, BPF_CORE_READ(fc, fs_type, name), TEXT_MAX);
	else if (call == CALL_FSOPEN)
		record__user_str(&r->hdr, &r->fstype, (void *)CALL_ARG(1), TEXT_MAX);
	if (call == CALL_FSCONFIG) {
		r->cmd = CALL_ARG(2);
		r->aux = CALL_ARG(5);
		if (CALL_ARG(3))
			record__user_str(&r->hdr, &r->key, (void *)CALL_ARG(3), TEXT_MAX);
		fsconfig__value(r);
		if (fc && BPF_CORE_READ(fc, source))
			record__str(&r->hdr, &r->source, BPF_CORE_READ(fc, source), PATH_SIZE);
	} else if (call == CALL_FSMOUNT) {
		r->attr = (__u32)CALL_ARG(3);
		f = ret >= 0 ? fd__file(task__current(), ret) : NULL;
		mnt = f ? BPF_CORE_READ(f, f_path.mnt) : NULL;
		if (mnt) {
			r->dev = dev__encode(BPF_CORE_READ(mnt, mnt_sb, s_dev));
			record__str(&r->hdr, &r->source, BPF_CORE_READ(mount__of(mnt), mnt_devname), PATH_SIZE);
		}
	}
	return record__send(&r->hdr, ret);
}

static __always_inline int mounts__report(__s32 nr, __s64 ret)
{
	__u16 call = mount__call(nr);

	if (!call || !call__wanted(EVENT_MOUNT, call, ret < 0))
		return 0;
	switch (call) {
	case CALL_MOUNT:
		return mount__emit(ret);
	case CALL_UMOUNT2:
	case CALL_PIVOT_ROOT:
		return mount__texts(call, ret);
	case CALL_MOVE_MOUNT:
		return mount__move(ret);
	case CALL_OPEN_TREE:
	case CALL_FSPICK:
	case CALL_MOUNT_SETATTR:
		return mount__path(call, ret);
	}
	return mount__context(call, ret);
}

#ifndef ENTRY32
SEC("tracepoint")
int mounts__exit(struct sys_exit *ctx)
{
	return mounts__report(ctx->nr, ctx->ret);
}
#endif
