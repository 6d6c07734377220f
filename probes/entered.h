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

/* Is the word at this place of both texts the same, as far as the earlier one goes? The other lies in the walk's room. */
__weak __attribute__((noinline)) int text__same_word(__s32 nr, __u32 word)
{
	struct entered *e = entered__get(nr);
	struct walk *w = walk__get(SCRATCH_TASK);
	__u64 at = (__u64)word * 8, a, b;
	__u32 left;

	PIN(at);
	if (!e || !w || at > PATH_SIZE - 8)
		return 1;
	PIN(at);
	left = at < e->len ? e->len - at : 0;
	a = *(__u64 *)(e->text + at);
	b = *(__u64 *)(w->text + at);
	if (left < 8) {		/* what lies behind is an earlier text's */
		a = left ? a << (64 - 8 * left) : 0;
		b = left ? b << (64 - 8 * left) : 0;
	}
	return a == b;
}

__weak __attribute__((noinline)) int text__same(__s32 nr, __u32 part)
{
	__u32 i;

	for (i = 0; i < WORDS_EACH; i++)
		if (!text__same_word(nr, part * WORDS_EACH + i))
			return 0;
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
