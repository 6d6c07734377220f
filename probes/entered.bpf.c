// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is asked for
 *
 * Opens and connects where they come in, only for rules that ask whether the
 * arguments were changed on the way.
 */
#include "entered.h"

static const struct entered entered_none = {};

/* Which of the arguments it is; 0: not a call of ours. */
static __always_inline __u16 asked__call(__s32 nr, bool *second)
{
	*second = true;
	switch (nr) {
	case NR_OPENAT:
		return CALL_OPENAT;
	case NR_OPENAT2:
		return CALL_OPENAT2;
	case NR_CONNECT:
		return CALL_CONNECT;
#ifdef __TARGET_ARCH_x86
	case NR_OPEN:
		*second = false;
		return CALL_OPEN;
	case NR_CREAT:
		*second = false;
		return CALL_CREAT;
#endif
	}
	return CALL_NONE;
}

SEC("tracepoint")
int asked__enter(struct sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct wire_control *c = control__get();
	__u64 at, other, len;
	struct entered *e;
	bool second;
	__u16 call;
	long n;

	/* each in a register of its own: the context takes no address that was computed */
	other = ctx->args[0];
	PIN(other);
	at = ctx->args[1];
	PIN(at);
	len = ctx->args[2];
	PIN(len);
	call = asked__call(ctx->nr, &second);
	if (!second)
		at = other;
	if (!c || !call || !(c->want & WANT_ARGS) || !control__wants(c, call))
		return 0;
	e = bpf_map_lookup_elem(&entered, &tid);
	if (!e) {
		bpf_map_update_elem(&entered, &tid, &entered_none, BPF_ANY);
		e = bpf_map_lookup_elem(&entered, &tid);
	}
	if (!e)
		return 0;
	e->nr = ctx->nr;
	if (call != CALL_CONNECT) {
		n = bpf_probe_read_user_str(e->text, PATH_SIZE, (void *)at);
		e->len = n > 0 ? n : 0;
		return 0;
	}
	e->len = 0;
	PIN(len);
	if (len > 128)
		return 0;
	PIN(len);
	if (!bpf_probe_read_user(e->text, len, (void *)at))
		e->len = len;
	return 0;
}
