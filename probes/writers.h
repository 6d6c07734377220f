/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writers
 *
 * Who wrote a file last. The kernel says when an inode becomes dirty; who made
 * it so is kept here until somebody executes it. Bounded: an entry is one
 * inode, the longest untouched goes first. The memory is in parts and a control
 * group writes into one of them, so that a container that writes files without
 * end forgets its own and those of one part, not everybody's.
 */
#ifndef PROBES_WRITERS_H
#define PROBES_WRITERS_H

#include "fd.h"
#include "kernel.h"

#define WRITERS_EACH	1024	/* inodes of one part */

struct writer_key {
	__u64 ino;
	__u32 dev;
	__u32 generation;	/* an inode number is used again, with another generation */
};

struct writer {
	__u64 time;	/* CLOCK_BOOTTIME, ns, of the last sight */
	__u64 mtime;	/* of the inode then: tells a write from a change of other things */
	__u64 start;
	__u64 cgroup;
	__u32 tgid;
	__u32 exec_id;
	char comm[16];
};

struct writers_part {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WRITERS_EACH);
	__type(key, struct writer_key);
	__type(value, struct writer);
};

struct writers_part writers_0 __weak SEC(".maps"), writers_1 __weak SEC(".maps"), writers_2 __weak SEC(".maps"),
	writers_3 __weak SEC(".maps"), writers_4 __weak SEC(".maps"), writers_5 __weak SEC(".maps"),
	writers_6 __weak SEC(".maps"), writers_7 __weak SEC(".maps");

#define WRITERS_PARTS	8

/* No map of maps: what is written into one is not static for the linker. */
#define WRITERS_EVERY(what) \
	what(0); what(1); what(2); what(3); what(4); what(5); what(6); what(7)

static __always_inline struct writer *writers__find(__u32 part, const struct writer_key *key)
{
	switch (part & (WRITERS_PARTS - 1)) {
#define FIND(n) case n: return bpf_map_lookup_elem(&writers_##n, key)
	WRITERS_EVERY(FIND);
#undef FIND
	}
	return NULL;
}

static __always_inline void writers__put(__u32 part, const struct writer_key *key, const struct writer *w)
{
	switch (part & (WRITERS_PARTS - 1)) {
#define PUT(n) case n: bpf_map_update_elem(&writers_##n, key, w, BPF_ANY); break
	WRITERS_EVERY(PUT);
#undef PUT
	}
}

static __always_inline __u32 writers__part(__u64 cgroup)
{
	return cgroup * 0x9e3779b97f4a7c15ull >> 61;
}

static __always_inline void writers__key(struct writer_key *key, struct inode *inode)
{
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
}

/* Of an overlay the inode that holds the bytes: its upper one, where there is one. */
static __always_inline struct inode *inode__written(struct inode *inode)
{
	struct dentry *upper = NULL;

	if (!inode__on(inode, OVERLAY_MAGIC))
		return inode;
	bpf_probe_read_kernel(&upper, sizeof(upper), (char *)inode + bpf_core_type_size(struct inode));
	return upper ? BPF_CORE_READ(upper, d_inode) : inode;
}

/*
 * Of several parts that know the inode the one that saw its last content: the newest mtime, and of one mtime the first to
 * be seen, because reading a file in the tick it was written in makes it dirty as well.
 */
static __always_inline struct writer *writers__last(const struct writer_key *key)
{
	struct writer *best = NULL, *w;

#define BETTER(n) \
	w = bpf_map_lookup_elem(&writers_##n, key); \
	if (w && (!best || w->mtime > best->mtime || (w->mtime == best->mtime && w->time < best->time))) \
		best = w
	WRITERS_EVERY(BETTER);
#undef BETTER
	return best;
}

#endif
