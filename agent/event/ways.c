/* SPDX-License-Identifier: Apache-2.0 */
#include "event/ways.h"
#include "event/attr.h"

#define EV(ID)		(1ull << EVENT_##ID)

/* Sets of events that the same is true of, whichever way they are done. Each event is in one of them. */
#define PROCESS		(EV(EXEC) | EV(FORK) | EV(EXIT))
#define IDS		(EV(NAMESPACE) | EV(CREDS) | EV(CRED_CHANGE))
#define SELF		(EV(KEYCTL) | EV(PERSONALITY) | EV(PRCTL))
#define ROOTS		(EV(CHROOT) | EV(MOUNT))
#define OPENS		EV(OPEN)
#define NAMES		(EV(RENAME) | EV(UNLINK) | EV(LINK) | EV(SYMLINK) | EV(CHMOD))
#define CHANGES		(EV(MKDIR) | EV(MKNOD) | EV(CHOWN) | EV(XATTR) | EV(TRUNCATE) | EV(UTIME))
#define WRITES		(EV(COPY) | EV(WRITE))
#define SOCKETS		(EV(SOCKET) | EV(SOCKETPAIR) | EV(CONNECT) | EV(BIND) | EV(LISTEN) | EV(ACCEPT))
#define TRANSFERS	EV(TRANSFER)
#define PACKETS		(EV(HELLO) | EV(DNS))
#define DUPS		EV(DUP)
#define OTHERS		(EV(TAMPER) | EV(SIGNAL))
#define KERNELS		(EV(MEMORY) | EV(BPF) | EV(KERNEL) | EV(SPECIAL))
#define ALL	(PROCESS | IDS | SELF | ROOTS | OPENS | NAMES | CHANGES | WRITES | SOCKETS | TRANSFERS | PACKETS | DUPS | OTHERS | KERNELS)

enum way_id {
#define WAY(id, name, needs, doc) WAY_OF_##id,
#include "event/ways.def"
	WAY_OF_NONE
};

const struct way way_table[] = {
#define WAY(id, name, needs, doc) [WAY_OF_##id] = {name, doc, HOST_##needs},
#include "event/ways.def"
};
const unsigned int way_count = WAY_OF_NONE;

const struct way_cell way_cells[] = {
#define CELL(id, events, state, test, why) {WAY_OF_##id, events, WAY_##state, test, why, HOST_ANY, WAY_##state, why},
#define CELL_OR(id, events, state, test, why, host, without, why_without) \
	{WAY_OF_##id, events, WAY_##state, test, why, HOST_##host, WAY_##without, why_without},
#include "event/ways.def"
};
const unsigned int way_cell_count = sizeof(way_cells) / sizeof(way_cells[0]);

const char *const way_host_text[HOST_MAX] = {
	[HOST_ANY] = "",
	[HOST_URING] = "io_uring",
	[HOST_URING_NAMED] = "io_uring of Linux 5.19 or newer",
	[HOST_URING_SIGHTS] = "io_uring of Linux 5.19 or newer, and tracepoints of inode times (Linux 6.13 or newer) or programs at the kernel's functions",
	[HOST_IA32] = "32-bit entries",
	[HOST_SIGHTS] = "tracepoints of inode times (Linux 6.13 or newer) or programs at the kernel's functions",
};

const char *const way_state_text[] = {"seen", "less", "blind", "-"};

uint64_t ways_events(void)
{
	uint64_t all = 0;

	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++)
		all |= 1ull << call_table[c].type;
	return all & ~EV(CONTAINER);	/* nobody does that: it becomes of a container, whatever way */
}

enum way_state way_state_here(const struct way_cell *c, unsigned int hosts, const char **why)
{
	enum way_host needs = way_table[c->way].needs;

	if (needs != HOST_ANY && !(hosts >> needs & 1)) {
		*why = "this host has no such way";
		return WAY_NONE;
	}
	if (c->host != HOST_ANY && !(hosts >> c->host & 1)) {
		*why = c->why_without;
		return c->state_without;
	}
	*why = c->why;
	return c->state;
}
