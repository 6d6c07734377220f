/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Rate
 *
 * How many records one control group may send, and what it lost. A token bucket each for its bulk and for its network
 * events: who floods us with files must not drown his own connections with it. A processor takes tokens from the
 * group's bucket by the handful, so that the group's processors do not fight over one number. No kernel gives a
 * tracepoint a lock, and 5.10 no atomic with a result: the limit is kept to within a handful per processor. What is
 * counted as lost is exact.
 */
#ifndef PROBES_RATE_H
#define PROBES_RATE_H

#include "filter.h"

#define RATES_MAX	2048	/* groups with a bucket; one that was pushed out begins with a full one */
#define RATE_HANDFUL	16
#define RATE_LONG_NS	(10 * SECOND_NS)	/* after so long a bucket is full, whatever the arithmetic would say */
#define GROUP_TRIES	4	/* slots that a group may have */

/* [0] bulk, [1] network */
struct handful {
	__u32 left[2];
};

struct bucket {
	__u64 since[2];		/* up to here its tokens are in */
	__s64 tokens[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, RATES_MAX);
	__type(key, __u64);
	__type(value, struct handful);
} handfuls __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RATES_MAX);
	__type(key, __u64);
	__type(value, struct bucket);
} buckets __weak SEC(".maps");

/* Which group has which slot of `groups`: adding a key that is not there is the one thing that two cannot both do. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GROUPS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} group_slots __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GROUPS_MAX);
	__type(key, __u32);
	__type(value, struct wire_group);
} groups __weak SEC(".maps");

/* Puts in what has run up since. */
static __always_inline void bucket__fill(struct bucket *b, __u32 which, const struct wire_control *c)
{
	__u64 now = bpf_ktime_get_boot_ns(), passed = now - b->since[which], more;
	__s64 tokens;

	if ((__s64)passed < 0)
		return;		/* another processor was here a moment later */
	if (passed > RATE_LONG_NS) {
		b->since[which] = now;
		b->tokens[which] = c->burst;
		return;
	}
	more = passed * c->rate / SECOND_NS;
	if (!more)
		return;
	b->since[which] += more * SECOND_NS / c->rate;
	tokens = b->tokens[which] + more;
	b->tokens[which] = tokens < (__s64)c->burst ? tokens : c->burst;
}

/* 1 when the group may send one more record, bulk (0) or network (1). */
__weak __attribute__((noinline)) int rate__take(__u64 cgroup, __u32 network)
{
	struct wire_control *c = control__get();
	struct bucket *b, full = {};
	struct handful *h, none = {};
	__u32 which = network & 1, left;
	__s64 n;

	if (!c || !c->rate)
		return 1;
	h = bpf_map_lookup_elem(&handfuls, &cgroup);
	if (!h) {
		bpf_map_update_elem(&handfuls, &cgroup, &none, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&handfuls, &cgroup);
		if (!h)
			return 1;
	}
	left = *(volatile __u32 *)&h->left[which];
	if (left) {
		h->left[which] = left - 1;
		return 1;
	}
	b = bpf_map_lookup_elem(&buckets, &cgroup);
	if (!b) {
		full.since[0] = full.since[1] = bpf_ktime_get_boot_ns();
		full.tokens[0] = full.tokens[1] = c->burst;
		bpf_map_update_elem(&buckets, &cgroup, &full, BPF_NOEXIST);
		b = bpf_map_lookup_elem(&buckets, &cgroup);
		if (!b)
			return 1;
	}
	bucket__fill(b, which, c);
	n = b->tokens[which];
	if (n <= 0)
		return 0;
	if (n > RATE_HANDFUL)
		n = RATE_HANDFUL;
	__sync_fetch_and_add(&b->tokens[which], -n);
	h->left[which] = n - 1;
	return 1;
}

/* True when the control group has used up what it may send for now. */
static __always_inline bool rate__exceeded(const struct wire_control *c, __u32 type, __u64 cgroup)
{
	bool critical = event__critical(type);

	if (!c->rate || (critical && !(rated_critical_events >> (type & 63) & 1)))
		return false;
	return !rate__take(cgroup, critical);
}

/* The slot of a group; the first, which is all others', when those it may have are taken. */
static __always_inline struct wire_group *group__get(__u64 cgroup)
{
	__u32 i, slot, home = (cgroup ^ cgroup >> 56) * 0x9e3779b1u >> 8, zero = 0;
	struct wire_group *g;
	__u64 *owner;

	for (i = 0; i < GROUP_TRIES && cgroup; i++) {
		slot = 1 + (home + i) % (GROUPS_MAX - 1);
		owner = bpf_map_lookup_elem(&group_slots, &slot);
		if (!owner) {
			bpf_map_update_elem(&group_slots, &slot, &cgroup, BPF_NOEXIST);
			owner = bpf_map_lookup_elem(&group_slots, &slot);
		}
		if (!owner || *owner != cgroup)
			continue;
		g = bpf_map_lookup_elem(&groups, &slot);
		if (g && !g->cgroup)
			g->cgroup = cgroup;
		return g;
	}
	return bpf_map_lookup_elem(&groups, &zero);
}

/*
 * Which process it is that sends most: a vote, in which each record of another one takes one of its votes. Approximate
 * where two come at once; it names somebody, it judges nobody.
 */
static __always_inline void group__vote(struct wire_group *g, __u32 tgid, __u64 start)
{
	__u32 weight = g->weight;

	if (g->tgid == tgid && g->start == start) {
		if (weight < FLOOD_WEIGHT_MAX)
			g->weight = weight + 1;
	} else if (!weight) {
		g->tgid = tgid;
		g->start = start;
		g->weight = 1;
	} else {
		g->weight = weight - 1;
	}
}

/* A record of that group was lost: for the rate when a process is named, else for another reason. */
__weak __attribute__((noinline)) int group__lost(__u64 cgroup, __u32 type, __u32 tgid, __u64 start)
{
	struct wire_group *g = group__get(cgroup), *all;
	__u64 event = type;
	__u32 zero = 0;

	PIN(event);
	if (!g || event >= EVENT_MAX)
		return 0;
	PIN(event);
	__sync_fetch_and_add(&g->lost[event], 1);
	if (!tgid)
		return 0;
	__sync_fetch_and_add(&g->over_rate, 1);
	group__vote(g, tgid, start);
	all = bpf_map_lookup_elem(&groups, &zero);
	if (all)
		__sync_fetch_and_add(&all->floods, 1);
	return 0;
}

#endif
