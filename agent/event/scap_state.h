/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap state
 *
 * What a capture says of its host as it goes on: threads, their descriptors,
 * users, groups, interfaces. Everything comes from the file, so every table
 * has a cap; what is thrown out or refused at a cap is counted.
 */
#ifndef EVENT_SCAP_STATE_H
#define EVENT_SCAP_STATE_H

#include "util/str.h"
#include <sys/queue.h>

/* A text that several rows share: a fork copies all of them. */
struct scap_text {
	unsigned int refs;
	uint32_t n;
	char p[];
};

enum scap_fd_type {
	SCAP_FD_UNKNOWN, SCAP_FD_FILE, SCAP_FD_DIRECTORY, SCAP_FD_IPV4, SCAP_FD_IPV6, SCAP_FD_IPV4_SERVER,
	SCAP_FD_IPV6_SERVER, SCAP_FD_FIFO, SCAP_FD_UNIX, SCAP_FD_EVENT, SCAP_FD_UNSUPPORTED, SCAP_FD_SIGNALFD,
	SCAP_FD_EVENTPOLL, SCAP_FD_INOTIFY, SCAP_FD_TIMERFD, SCAP_FD_NETLINK, SCAP_FD_FILE2, SCAP_FD_BPF,
	SCAP_FD_USERFAULTFD, SCAP_FD_IOURING, SCAP_FD_MEMFD, SCAP_FD_PIDFD, SCAP_FD_TYPES
};

enum scap_l4 { SCAP_L4_UNKNOWN, SCAP_L4_NA, SCAP_L4_TCP, SCAP_L4_UDP, SCAP_L4_ICMP, SCAP_L4_RAW };

enum scap_role { SCAP_ROLE_NONE, SCAP_ROLE_CLIENT, SCAP_ROLE_SERVER };

struct scap_fd {
	unsigned int refs;
	uint8_t type, l4, role;
	bool connected, upper, lower;
	uint32_t open_flags, dev;
	uint64_t ino;
	uint8_t sip[16], dip[16];	/* client, server, in network order; one that listens has only the second */
	uint16_t sport, dport;
	struct scap_text *name, *raw;	/* raw: as the call had it; either may be NULL */
};

struct scap_fd_slot {
	int64_t num;
	struct scap_fd *fd;
};

/* Descriptors by number: a hash with linear probing. */
struct scap_fds {
	struct scap_fd_slot *v;
	size_t n, mask;
};

enum {	/* of struct scap_thread.flags, as the file numbers them */
	SCAP_CLONE_FILES = 1 << 0, SCAP_CLONE_NEWPID = 1 << 6, SCAP_CLONE_PARENT = 1 << 8, SCAP_CLONE_THREAD = 1 << 13,
	SCAP_CLONE_INVERTED = 1 << 16, SCAP_CLONE_VFORK = 1 << 27, SCAP_CLONE_IN_PIDNS = 1 << 29,
};

struct scap_thread {
	TAILQ_ENTRY(scap_thread) age;
	struct scap_thread *next;	/* in its hash chain */
	int64_t tid, pid, ptid, vtid, vpid, sid, pgid, vpgid, fd_limit;
	int64_t last_fd;		/* that the last event was about */
	uint32_t uid, gid, login_uid, tty, flags, vm_size, vm_rss, vm_swap;
	uint64_t pf_major, pf_minor, cap_permitted, cap_inheritable, cap_effective;
	uint64_t exe_ino, exe_ctime, exe_mtime, clone_ts, pidns_ts;
	bool exe_writable, exe_upper, exe_lower, exe_memfd, ended;
	uint32_t nthreads;		/* of a main thread: live threads of its process, itself included */
	struct scap_text *comm, *exe, *exepath, *args, *env, *cwd, *cgroups;
	struct scap_fds fds;
	struct scap_enter *enter;	/* the entry whose exit has not come yet */
};

struct scap_user {
	uint32_t uid, gid;
	char *name, *home, *shell;
};

struct scap_group {
	uint32_t gid;
	char *name;
};

struct scap_interface {
	bool v6;
	uint8_t addr[16], mask[16];
};

TAILQ_HEAD(scap_ages, scap_thread);

#define SCAP_BUCKETS 4096

struct scap_state {
	struct scap_thread *buckets[SCAP_BUCKETS];
	struct scap_ages ages;		/* the least recently active first */
	size_t nthreads, nfds, text_bytes;
	uint64_t evicted, refused;	/* threads thrown out; descriptors and texts not kept */
	struct scap_user *users;
	struct scap_group *groups;
	struct scap_interface *interfaces;
	size_t nusers, ngroups, ninterfaces;
};

void scap_state_init(struct scap_state *s);
void scap_state_clear(struct scap_state *s);	/* forgets everything but the counts */

/*
 * Between two events or rows, when nobody holds a thread: makes room for the next one's texts by throwing out the
 * threads that were silent for longest.
 */
void scap_state_trim(struct scap_state *s);

/* References. scap_text_new() gives NULL (counted) at the cap; an empty text is a text. */
struct scap_text *scap_text_new(struct scap_state *s, struct str text);
struct scap_text *scap_text_ref(struct scap_text *t);
struct scap_text *scap_text_unref(struct scap_state *s, struct scap_text *t);	/* NULL */
void scap_text_set(struct scap_state *s, struct scap_text **t, struct str text);

static inline struct str scap_text_view(const struct scap_text *t)
{
	return t ? str_n(t->p, t->n) : str_n("", 0);
}

struct scap_thread *scap_thread_find(const struct scap_state *s, int64_t tid);
/* Known or new with nothing known of it; NULL without memory. */
struct scap_thread *scap_thread_get(struct scap_state *s, int64_t tid);
void scap_thread_remove(struct scap_state *s, struct scap_thread *t);
void scap_thread_touch(struct scap_state *s, struct scap_thread *t);	/* the most recently active */
/* After pid is known: counts it for its process. */
void scap_thread_join(struct scap_state *s, struct scap_thread *t);

/* The thread that stands for the process, which may be t; NULL when it is unknown. */
struct scap_thread *scap_thread_main(const struct scap_state *s, struct scap_thread *t);
/* The main thread of the n-th ancestor, 0 being the process itself. NULL when the line is broken. */
struct scap_thread *scap_thread_ancestor(const struct scap_state *s, struct scap_thread *t, unsigned int n);

/* The thread's own table, or its process's where it shares that. NULL when that is unknown. */
struct scap_fds *scap_thread_fds(const struct scap_state *s, struct scap_thread *t);

struct scap_fd *scap_fd_find(const struct scap_fds *f, int64_t num);
/* A new descriptor in place of any old one, for the caller to fill; NULL at the cap, counted. */
struct scap_fd *scap_fd_add(struct scap_state *s, struct scap_fds *f, int64_t num);
/* The same, sharing what `of` says. */
void scap_fd_share(struct scap_state *s, struct scap_fds *f, int64_t num, struct scap_fd *of);
/* The one that this table alone holds, to be changed; NULL when there is none, or no memory. */
struct scap_fd *scap_fd_edit(struct scap_state *s, struct scap_fds *f, int64_t num);
void scap_fd_remove(struct scap_state *s, struct scap_fds *f, int64_t num);
void scap_fds_copy(struct scap_state *s, struct scap_fds *to, const struct scap_fds *from);
void scap_fds_clear(struct scap_state *s, struct scap_fds *f);

/* Entries' room is part of the texts' cap. */
bool scap_state_charge(struct scap_state *s, size_t n);
void scap_state_refund(struct scap_state *s, size_t n);

const struct scap_user *scap_user_find(const struct scap_state *s, uint32_t uid);
const struct scap_group *scap_group_find(const struct scap_state *s, uint32_t gid);
bool scap_user_add(struct scap_state *s, uint32_t uid, uint32_t gid, struct str name, struct str home, struct str shell);
bool scap_group_add(struct scap_state *s, uint32_t gid, struct str name);
bool scap_interface_add(struct scap_state *s, bool v6, const void *addr, const void *mask);
bool scap_address_is_ours(const struct scap_state *s, bool v6, const uint8_t addr[16]);
/* The address of ours that speaks to that one: on its network, else the first that is no loopback. */
void scap_address_near(const struct scap_state *s, bool v6, const uint8_t peer[16], uint8_t ret[16]);

#endif
