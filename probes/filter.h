/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Filter
 *
 * What may leave the kernel, and the numbers of what does not. A program asks
 * before it does any work: a refusal costs two array look-ups.
 */
#ifndef PROBES_FILTER_H
#define PROBES_FILTER_H

#include "kernel.h"
#include "maps.h"

#define SECOND_NS	1000000000ull

/*
 * A value that is checked stays in one register from the check to its use: before 6.2 the verifier does not know that
 * two copies are equal, and what the compiler derived before the check has no bound. So: PIN, check, PIN, use.
 */
#define PIN(x) asm volatile("" : "+r"(x))

static __always_inline struct wire_control *control__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline bool control__wants(const struct wire_control *c, __u32 call)
{
	return c->calls[call / 64 % CALL_WORDS] >> (call % 64) & 1;
}

static __always_inline bool control__self(const struct wire_control *c, __u32 tgid)
{
	return tgid && (tgid == c->self[0] || tgid == c->self[1]);
}

static __always_inline struct wire_counter *counter__get(__u32 type)
{
	__u32 i = bpf_get_smp_processor_id() * EVENT_MAX + type;

	return bpf_map_lookup_elem(&counters, &i);
}

/* Atomic adds: a program can interrupt another one of its CPU between load and store. */
static __always_inline void counter__refused(__u32 type)
{
	struct wire_counter *n = counter__get(type);

	if (n)
		__sync_fetch_and_add(&n->refused, 1);
}

/* An attempt that ends before there is a record to send. */
static __always_inline void counter__lost(__u32 type, enum loss_reason why)
{
	struct wire_counter *n = counter__get(type);

	if (!n)
		return;
	__sync_fetch_and_add(&n->seen, 1);
	__sync_fetch_and_add(&n->lost[why], 1);
}

#define EVENT_BIT(ID)		(1ull << EVENT_##ID)
#define RING_critical(ID)	EVENT_BIT(ID)
#define RING_bulk(ID)		0

_Static_assert(EVENT_MAX <= 64, "events are bits of one word");

static const __u64 critical_events =
#define EVENT(ID, name, ring, doc) RING_##ring(ID) |
#include "events.def"
	0;

/* Of the critical ones only these can be made to flood by a caller without making processes. */
static const __u64 rated_critical_events = EVENT_BIT(CONNECT) | EVENT_BIT(BIND) | EVENT_BIT(LISTEN) |
					   EVENT_BIT(ACCEPT) | EVENT_BIT(DNS) | EVENT_BIT(NAMESPACE) |
					   EVENT_BIT(CREDS) | EVENT_BIT(CHROOT) | EVENT_BIT(MOUNT) |
					   EVENT_BIT(TAMPER) | EVENT_BIT(SIGNAL) | EVENT_BIT(BPF) | EVENT_BIT(KERNEL);

/* Without these the process table would be wrong: they are told of everybody. */
static const __u64 state_events = EVENT_BIT(CGROUP) | EVENT_BIT(EXEC) | EVENT_BIT(FORK) | EVENT_BIT(EXIT);

static __always_inline bool event__state(__u32 type)
{
	return state_events >> (type & 63) & 1;
}

static __always_inline bool event__critical(__u32 type)
{
	return critical_events >> (type & 63) & 1;
}

#endif
