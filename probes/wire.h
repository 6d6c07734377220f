/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Wire
 *
 * One record of a ring, as the probes write it and the agent reads it. Every
 * struct is aligned by hand, never packed: both sides then use whole loads and
 * stores. BLOBs follow the struct; each is named by a wire_blob slot inside it.
 * A record starts on an 8-byte boundary and its size counts the header.
 */
#ifndef PROBES_WIRE_H
#define PROBES_WIRE_H

#include <linux/types.h>

/* In wire_hdr.flags. */
enum wire_flag {
	WIRE_NAME_USER	= 1 << 0,	/* a path is the caller's text, not the kernel's dentries: evt.name_source=user */
	WIRE_UNREADABLE	= 1 << 1,	/* the caller's memory could not be read */
	WIRE_TRUNCATED	= 1 << 2,	/* a blob was cut at its cap */
	WIRE_IO_URING	= 1 << 3,	/* done through io_uring */
	WIRE_COMPAT	= 1 << 4,	/* done through a 32-bit entry */
	WIRE_SNAPSHOT	= 1 << 5,	/* a process that was there before the agent: state, no rule sees it */
	WIRE_OUTSIDE	= 1 << 6,	/* the path does not lie under the process's root: taken from its mount's root */
	WIRE_NO_OWNER	= 1 << 7,	/* DNS: the socket's process is not known; ids are 0 */
	WIRE_ADDR_USER	= 1 << 8,	/* an address is the caller's, the kernel kept none */
	WIRE_FROM_PROC	= 1 << 9,	/* snapshot: read from /proc by the sensor, no control group and no descriptors */
	WIRE_ARGS_CHANGED = 1 << 10,	/* what the caller passed was changed while the call was at work (on request) */
};

/* In exec.exe_flags. */
enum exe_flag {
	EXE_MEMFD	= 1 << 0,	/* a memory file (memfd_create, or shmem without a name) */
	EXE_UPPER	= 1 << 1,	/* overlay: in the upper layer */
	EXE_LOWER	= 1 << 2,	/* overlay: in the lower layer */
	EXE_WRITABLE	= 1 << 3,	/* writable by the effective user */
	EXE_SETID	= 1 << 4,	/* the exec raised ids or capabilities (secureexec) */
};

/* What the file that an exec named is, by its first bytes. */
enum exe_kind {
	EXE_KIND_UNKNOWN,	/* an attempt that failed, or an image that was there before */
	EXE_KIND_ELF,
	EXE_KIND_SCRIPT,	/* another program runs it: its first line names it, or binfmt_misc does */
	EXE_KIND_OTHER,
};

/* In container.what. */
enum container_what {
	CONTAINER_START = 1,	/* its first process was met */
	CONTAINER_DIE,		/* its last control group was removed */
	CONTAINER_OOM,		/* the kernel chose a process of it to be killed, for want of memory */
};

/* In cred_change.reason. */
enum cred_reason {
	CRED_EXEC,	/* the executable: set-user-id, set-group-id, or with capabilities */
	CRED_FORGED,	/* more than any call could have given: the kernel's memory was written to */
};

/* In open.file_flags. */
enum file_flag {
	FILE_CREATED	= 1 << 0,	/* by this call */
	FILE_UPPER	= 1 << 1,
	FILE_LOWER	= 1 << 2,
	FILE_MEMFD	= 1 << 3,
};

/* In memory.region: what the memory is that was made executable. */
enum region {
	REGION_NONE,	/* not mapped, or unknown */
	REGION_ANON,
	REGION_HEAP,
	REGION_STACK,
	REGION_FILE,
	REGION_MEMFD,
	REGION_MAX
};

/* In memory.area; the first four are the kernel's VM_*. */
enum area_flag {
	AREA_READ	= 1 << 0,
	AREA_WRITE	= 1 << 1,
	AREA_EXEC	= 1 << 2,
	AREA_SHARED	= 1 << 3,
	AREA_WRITTEN	= 1 << 4,	/* a page of it, or of what it was split from, is a private copy: it was written to */
};

/* What a descriptor is; the order is the agent's table of fd.type and fd.typechar. */
enum fd_type {
	FD_NONE,	/* closed, or unknown */
	FD_FILE,
	FD_DIRECTORY,
	FD_IPV4,
	FD_IPV6,
	FD_UNIX,
	FD_NETLINK,
	FD_PACKET,
	FD_SOCKET,	/* of another family */
	FD_PIPE,
	FD_MEMFD,
	FD_DEVICE,	/* character or block */
	FD_ANON,	/* other anonymous inode: event, timer, epoll, … */
	FD_TYPE_MAX
};

/*
 * Who, when and with what result: all that attributes an event stands in the event, so that nobody has to ask /proc
 * about a process that may be gone. The task is the one that made the call; of a DNS message the owner of the socket.
 */
struct wire_hdr {
	__u16 type;	/* enum event_type */
	__u16 call;	/* enum event_call */
	__u32 size;	/* of the whole record, bytes */
	__u64 time;	/* CLOCK_BOOTTIME, ns */
	__u64 start;	/* start time of the process (its leader), CLOCK_BOOTTIME ns */
	__u64 cgroup;	/* kernfs id in the hierarchy that names the container */
	__u32 tgid;	/* process id, initial namespace */
	__u32 tid;
	__u32 exec_id;	/* image generation: low half of self_exec_id */
	__u16 cpu;
	__u16 flags;	/* enum wire_flag */
	__u32 uid;	/* real, initial user namespace */
	__u32 euid;
	__u32 gid;	/* real */
	__u32 egid;
	__u32 vpid;	/* tgid and tid in the process's own pid namespace */
	__u32 vtid;
	__u32 mntns;	/* inodes of the thread's namespaces; 0 where it has none any more */
	__u32 pidns;
	__u32 netns;
	__u32 userns;	/* that of its credentials */
	__u64 cap_effective;
	__s64 res;	/* return value: an fd, a count, 0, or -errno */
};

struct wire_blob {
	__u16 off;	/* from the start of the record */
	__u16 len;
};

struct wire_addr {
	__u16 family;	/* AF_INET, AF_INET6, or 0 for none */
	__u16 port;	/* host byte order */
	__u8 ip[16];	/* network order; IPv4 in the first four bytes, the rest 0 */
};

/* A record is at most this long: a power of two, so that the verifier sees the bound. */
#define WIRE_RECORD_MAX 32768

enum event_type {
#define EVENT(ID, name, ring, doc) EVENT_##ID,
#include "events.def"
	EVENT_MAX
};

enum event_call {
	CALL_NONE,	/* a state record */
#define CALL(ID, name, NR, doc) CALL_##ID,
#include "events.def"
	CALL_MAX
};

#define CALL_WORDS	4	/* a bit for each call; a power of two, which needs no division the verifier cannot follow */
_Static_assert(CALL_MAX <= CALL_WORDS * 64, "more calls than bits");

#define EVENT(ID, name, ring, doc)	struct wire_##name { struct wire_hdr hdr;
#define U32(ev, field, doc)		__u32 field;
#define S32(ev, field, doc)		__s32 field;
#define U64(ev, field, doc)		__u64 field __attribute__((aligned(8)));
#define ADDR(ev, field, doc)		struct wire_addr field;
#define BLOB(ev, field, doc)		struct wire_blob field;
#define END(ev)				} __attribute__((aligned(8)));
#include "events.def"

/* Why a record did not reach the agent. Counted where it happens. */
enum loss_reason {
	LOSS_RING_FULL,		/* the ring had no room */
	LOSS_SCRATCH_BUSY,	/* another program of this CPU held the scratch */
	LOSS_TOO_BIG,		/* the record passed WIRE_RECORD_MAX */
	LOSS_RATE,		/* the control group's token bucket was empty: rate.h */
	LOSS_NO_ARGS,		/* the call's arguments were not found at its return */
	LOSS_MAX
};

/* One slot of the mmapable counter map, index cpu * EVENT_MAX + type; only atomic adds. */
struct wire_counter {
	__u64 seen;		/* attempts to send, the lost ones included */
	__u64 refused;		/* not sent because no rule can match: not a loss */
	__u64 lost[LOSS_MAX];
};

#define GROUPS_MAX	256	/* control groups whose losses are counted apart */
#define FLOOD_WEIGHT_MAX 4096	/* so many records of others, and another process is the one that is named */

/*
 * What one control group lost: slot of the mmapable map `groups`; only atomic adds, but for who did most of it. Slot 0
 * counts for all groups that found no slot, and has no cgroup.
 */
struct wire_group {
	__u64 cgroup;		/* as in wire_hdr; 0: nobody's yet */
	__u64 lost[EVENT_MAX];	/* for all reasons */
	__u64 over_rate;	/* of these, because it sent more than it may */
	__u64 start;		/* and the process that did most of that lately, */
	__u32 tgid;
	__u32 weight;		/* by so many more than others, up to FLOOD_WEIGHT_MAX */
	__u64 floods;		/* in slot 0: over_rate of all groups */
};

/* In wire_control.want: what the loaded rules need beyond the call itself. */
enum wire_want {
	WANT_OPEN_READ	= 1 << 0,	/* opens without write access or creation */
	WANT_OPEN_RAW	= 1 << 1,	/* the path as passed, also for opens that succeed */
	WANT_ENV	= 1 << 2,	/* the environment at exec */
	WANT_FAILED	= 1 << 3,	/* attempts that fail, of calls other than opens */
	WANT_OPEN_FAILED = 1 << 4,	/* opens that fail */
	WANT_WRITER	= 1 << 5,	/* who wrote the executable of an exec */
	WANT_ARGS	= 1 << 6,	/* whether arguments were changed on the way: opens and connects are seen twice */
	WANT_CREDS	= 1 << 7,	/* what each thread's credentials were, creds.h */
	WANT_COMPAT	= 1 << 8,	/* what enters as 32-bit programs do: the configuration says so, no rule */
	WANT_TRACEPOINT	= 1 << 9,	/* names that change: by tracepoints, also where a kernel has them not; */
	WANT_FUNCTION	= 1 << 10,	/* by functions, also where it has tracepoints; of both none: what there is */
};

/* Opens that only read, and all others: what rules want of them differs most. And calls that change names. */
enum opens_way { OPENS_READ, OPENS_WRITTEN, OPENS_NAMED, OPENS_WAYS };

#define OPENS_PLACES	4	/* a power of two: the verifier takes an index for one number, not for each in turn */

/* In wire_opens.tests. */
enum opens_test {
	OPENS_NARROW	= 1 << 0,	/* only what passes a test is sent; without it everything is */
	OPENS_TOP	= 1 << 1,	/* some are known by the first component of the path, */
	OPENS_PAIR	= 1 << 2,	/* by the first two, */
	OPENS_PART	= 1 << 3,	/* by any one */
};

#define OPENS_BITS	32768	/* with OPEN_FACTS_MAX facts one in 32 strangers passes a test */
#define OPENS_SUFFIX	8	/* bytes of an ending that are looked at */

/*
 * Which paths of successful opens, or of names that changed, some rule can match: a set that may hold too much, never too little. A fact is a bit
 * at its hash (opens.h), whatever its kind, so that sets of several rules are joined by "or", word by word, at any time.
 */
struct wire_opens {
	__u32 tests;		/* enum opens_test */
	__u32 suffixes;		/* bit n: some are known by the last n bytes of the last component, 1 to OPENS_SUFFIX */
	__u64 part_lens;	/* bit n: some component of OPENS_PART has n bytes; bit 63: 63 and more */
	__u64 bits[OPENS_BITS / 64];
};

/* Index of wire_refuse.kinds: who did it, and whether it failed. */
enum refuse_who { REFUSE_FAILED = 1 << 0, REFUSE_ROOT = 1 << 1, REFUSE_HOST = 1 << 2, REFUSE_WHO = 1 << 3 };

#define KINDS_MAX	32

/*
 * Which events of one call no rule can match: a bit for each kind of them (refuse.h), once for each answer to whether it
 * failed, was done as root, on the host. All zero refuses nothing. A bit that is set too little costs a record, one too
 * much would cost a finding.
 */
struct wire_refuse {
	__u32 asks;		/* enum refuse_who, of root and host: where the answer makes a difference */
	__u32 pad;
	__u32 any[2];		/* succeeded, failed: what is refused of everybody */
	__u32 kinds[REFUSE_WHO];
};

#define HOSTS_MAX	1024	/* a power of two */

/* The place in wire_control.hosts that a control group has if it has any. */
static inline __u32 hosts_place(__u64 cgroup)
{
	return (__u32)(cgroup * 0x9e3779b97f4a7c15ull >> 54);
}

_Static_assert(HOSTS_MAX == 1 << (64 - 54), "hosts_place() takes the top bits");

#define EXCLUDED_WAYS	4	/* places that one control group may have */
#define EXCLUDED_MAX	4096

/* The first of the places in wire_control.excluded that a control group may have. */
static inline __u32 excluded_place(__u64 cgroup)
{
	return (__u32)(cgroup * 0x9e3779b97f4a7c15ull >> 54) * EXCLUDED_WAYS;
}

_Static_assert(EXCLUDED_MAX == EXCLUDED_WAYS << (64 - 54), "excluded_place() takes the top bits");

#define DNS_PORTS_MAX	8	/* besides 53 */

/* The one-entry mmapable control map: the agent writes, the probes read. */
struct wire_control {
	__u64 calls[CALL_WORDS];	/* bit: a rule or the process table needs this call */
	__u32 want;				/* enum wire_want */
	__u32 self[2];				/* our own thread-group ids (sensor, agent): never reported */
	__u32 batch;				/* 1: the agent polls by timer, do not wake it */
	__u64 rate;				/* records per second and control group, 0 = no limit */
	__u64 burst;				/* and so many at once after a time of rest */
	__u16 dns_ports[DNS_PORTS_MAX];		/* where DNS is spoken besides 53, host byte order; the first 0 ends them */
	struct wire_opens opens[OPENS_PLACES];	/* by enum opens_way */
	struct wire_refuse refuse[CALL_MAX];
	__u64 hosts[HOSTS_MAX];		/* control groups that are no container's: those of which it is known, and that found room */
	__u64 excludes;			/* groups in excluded */
	__u64 excluded[EXCLUDED_MAX];	/* control groups that are not to be watched: of these only what keeps the process table true is told */
};

#endif
