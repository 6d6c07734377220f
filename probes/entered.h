/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Entered
 *
 * What a call was asked for where it came in, kept until it returns, when a rule wants to know whether that was
 * changed on the way (WANT_ARGS). The kernel took its own copy at some moment between, which nobody else sees: a
 * text is looked at several times at the return, so that a thread that goes on changing it shows.
 */
#ifndef PROBES_ENTERED_H
#define PROBES_ENTERED_H

#include "record.h"
#include "task.h"

#define ENTERED_MAX	256	/* calls at work at once; one thrown out is not looked at */
#define LOOKS		4	/* at the memory when the call returns */
#define WORDS_EACH	32
#define WORDS_PARTS	(PATH_SIZE / 8 / WORDS_EACH)

struct entered {
	__s32 nr;		/* -1: its call has returned */
	__u32 len;		/* with the NUL of a text; 0: could not be read */
	char text[PATH_SIZE];	/* the path, or the socket's address */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);	/* a thread that dies in its call leaves its entry */
	__uint(max_entries, ENTERED_MAX);
	__type(key, __u32);
	__type(value, struct entered);
} entered __weak SEC(".maps");

/* What the current thread's call was asked for; NULL where that is not known. */
static __always_inline struct entered *entered__get(__s32 nr)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct entered *e = bpf_map_lookup_elem(&entered, &tid);

	return e && e->nr == nr && e->len ? e : NULL;
}

/* The texts are equal where this part of the earlier one goes. The other lies in the walk's room. */
__weak __attribute__((noinline)) int text__same(__s32 nr, __u32 part)
{
	struct entered *e = entered__get(nr);
	struct walk *w = walk__get(SCRATCH_TASK);
	__u32 i, at;

	if (!e || !w)
		return 1;
	for (i = 0; i < WORDS_EACH; i++) {
		at = (part * WORDS_EACH + i) * 8 & (PATH_SIZE - 1);
		if (at + 8 > e->len)
			break;
		if (*(__u64 *)&e->text[at] != *(__u64 *)&w->text[at])
			return 0;
	}
	for (i = 0; i < 7; i++) {
		at = (part * WORDS_EACH * 8 + i + (e->len & ~7u) % (WORDS_EACH * 8)) & (PATH_SIZE - 1);
		if (at < e->len && e->text[at] != w->text[at])
			return 0;
	}
	return 1;
}

/* The caller's text is another one by now. The record of this kind is claimed, and the walk's room with it. */
__weak __attribute__((noinline)) int entered__changed(__s32 nr, __u64 user)
{
	struct entered *e = entered__get(nr);
	struct walk *w = walk__get(SCRATCH_TASK);
	__u32 look, i;
	long n;

	if (!e || !w)
		return 0;
	for (look = 0; look < LOOKS; look++) {
		n = bpf_probe_read_user_str(w->text, PATH_SIZE, (void *)user);
		if (n > 0 && n != e->len)
			return 1;
		for (i = 0; n > 0 && i < WORDS_PARTS && i * WORDS_EACH * 8 < e->len; i++)
			if (!text__same(nr, i))
				return 1;
	}
	return 0;
}

#endif
