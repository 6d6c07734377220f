// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Paths
 *
 * The other half of name.h: the programs that see inodes while a call is at
 * work. The kernel has these tracepoints since 6.13; each is one way that an
 * inode's change time is set (fs/inode.c, inode_set_ctime_current()). Writes
 * set it too, so the first test is the call's number.
 */
#include "sight.h"
#include <bpf/bpf_tracing.h>

#define NAME_EACH	16	/* squared: more than NAME_MAX */

/* Where the last component of the scratch's text begins, as far as some steps back from its end can tell. */
__weak __attribute__((noinline)) __u64 text__component(__u64 end)
{
	struct scratch *tmp = scratch__get(SCRATCH_TASK);
	__u64 at = end;
	int i;

	for (i = 0; tmp && i < NAME_EACH; i++) {
		if (!at || tmp->rec[(at - 1) & (PATH_SIZE - 1)] == '/')
			break;
		at--;
	}
	return at;
}

/* Read the last component of the path the caller gave; through the scratch, because only its end is of interest. */
static __always_inline void sights__want(struct sights *s, __u64 via, __u64 text)
{
	struct scratch *tmp = scratch__claim(SCRATCH_TASK, NULL, NULL);
	__u64 end, last, i;
	long n;

	if (!tmp)
		return;
	n = entry__read(via, tmp->rec, PATH_SIZE, text);
	end = n > 1 ? n - 1 : 0;
	for (i = 0; i < NAME_EACH; i++) {
		last = text__component(end);
		if (last == end)
			break;
		end = last;
	}
	n = bpf_probe_read_kernel_str(s->want, sizeof(s->want), &tmp->rec[end & (PATH_SIZE - 1)]);
	s->want_len = n > 0 ? n - 1 : 0;
	scratch__release(tmp);
}

/* The argument that names the object of the call. */
static __always_inline __u64 sights__text(__s32 nr, __u64 via)
{
	return sights__path_first(nr) ? entry__arg(via, 1) : entry__arg(via, 2);
}

/* Is this sight's name the one that was asked for, as far as this part of it goes? */
__weak __attribute__((noinline)) int sight__wanted(__u64 via, __u32 slot, __u32 part)
{
	__u64 key = sights__key(via);
	__u32 i, at;
	struct sights *s = bpf_map_lookup_elem(&sights, &key);
	__u64 k = slot;
	struct sight *sight;

	PIN(k);
	if (!s || k >= SIGHTS_MAX)
		return 0;
	sight = &s->at[k];
	for (i = 0; i < NAME_EACH; i++) {
		at = (part * NAME_EACH + i) & NAME_MAX;
		if (at >= sight->len)
			return 1;
		if (sight->name[at] != s->want[at])
			return 0;
	}
	return 1;
}

/* Takes this name for the sight: 1 when it is the one that was asked for. */
__weak __attribute__((noinline)) int sight__try(__u64 via, __u32 slot, __u64 alias)
{
	__u64 key = sights__key(via);
	__u32 i;
	struct sights *s = bpf_map_lookup_elem(&sights, &key);
	__u64 k = slot;

	PIN(k);
	if (!s || k >= SIGHTS_MAX)
		return 0;
	sight__take(&s->at[k], alias__dentry((void *)alias));
	if (s->at[k].len != s->want_len)
		return 0;
	for (i = 0; i < NAME_EACH; i++)
		if (!sight__wanted(via, slot, i))
			return 0;
	return 1;
}

/* A file with several names: the one that the caller's text ends with, else the first. */
__weak __attribute__((noinline)) int sight__alias(__u64 via, __u32 slot, __u64 first)
{
	__u64 key = sights__key(via);
	__u32 i;
	struct sights *s = bpf_map_lookup_elem(&sights, &key);
	struct hlist_node *n = (void *)first;

	if (!s)
		return 0;
	sights__want(s, via, sights__text(s->nr, via));
	for (i = 0; n && i < ALIASES_MAX; i++) {
		if (sight__try(via, slot, (__u64)n))
			return 1;
		n = BPF_CORE_READ(n, next);
	}
	return sight__try(via, slot, first);
}

static __always_inline int path__see(struct inode *inode)
{
	__u64 via = VIA_CALL;
	__s32 nr = path__call(&via);
	struct hlist_node *first;
	struct sight *at;
	__u32 slot = 0;

	if (!sights__call(nr))
		return 0;
	first = BPF_CORE_READ(inode, i_dentry.first);
	at = sight__new(nr, via, inode, first, &slot);
	if (!at)
		return 0;
	if (first && BPF_CORE_READ(first, next))
		sight__alias(via, slot, (__u64)first);
	else if (first)
		sight__take(at, alias__dentry(first));
	return 0;
}

SEC("tp_btf/ctime_ns_xchg")
int BPF_PROG(path_ns__tp_btf, struct inode *inode)
{
	return path__see(inode);
}

SEC("tp_btf/ctime_xchg_skip")
int BPF_PROG(path_skip__tp_btf, struct inode *inode)
{
	return path__see(inode);
}

SEC("tp_btf/inode_set_ctime_to_ts")
int BPF_PROG(path_set__tp_btf, struct inode *inode)
{
	return path__see(inode);
}
