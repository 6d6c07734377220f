/* SPDX-License-Identifier: Apache-2.0 */
#include "event/attr.h"
#include <sys/syscall.h>

/* Calls that some architectures never had, or that the build host's headers do not know yet. */
#ifndef __NR_open
#define __NR_open -1
#endif
#ifndef __NR_creat
#define __NR_creat -1
#endif
#ifndef __NR_fork
#define __NR_fork -1
#endif
#ifndef __NR_vfork
#define __NR_vfork -1
#endif
#ifndef __NR_rename
#define __NR_rename -1
#endif
#ifndef __NR_renameat
#define __NR_renameat -1
#endif
#ifndef __NR_unlink
#define __NR_unlink -1
#endif
#ifndef __NR_link
#define __NR_link -1
#endif
#ifndef __NR_symlink
#define __NR_symlink -1
#endif
#ifndef __NR_chmod
#define __NR_chmod -1
#endif
#ifndef __NR_mkdir
#define __NR_mkdir -1
#endif
#ifndef __NR_rmdir
#define __NR_rmdir -1
#endif
#ifndef __NR_mknod
#define __NR_mknod -1
#endif
#ifndef __NR_chown
#define __NR_chown -1
#endif
#ifndef __NR_lchown
#define __NR_lchown -1
#endif
#ifndef __NR_utime
#define __NR_utime -1
#endif
#ifndef __NR_utimes
#define __NR_utimes -1
#endif
#ifndef __NR_futimesat
#define __NR_futimesat -1
#endif
#ifndef __NR_dup2
#define __NR_dup2 -1
#endif
#ifndef __NR_accept
#define __NR_accept -1
#endif
#ifndef __NR_fchmodat2
#if defined(__x86_64__) || defined(__aarch64__)
#define __NR_fchmodat2 452	/* newer than Debian 12's headers; one number on all architectures */
#else
#define __NR_fchmodat2 -1
#endif
#endif
#ifndef __NR_setxattrat
#if defined(__x86_64__) || defined(__aarch64__)
#define __NR_setxattrat 463
#define __NR_removexattrat 466
#else
#define __NR_setxattrat -1
#define __NR_removexattrat -1
#endif
#endif
#define __NR_NONE -1

/* The fields of one event are one array: attrs_exec, attrs_fork, … */
#define ATTR(ev, field, kind, doc) {kind, offsetof(struct wire_##ev, field), #field, doc},
#define EVENT(ID, name, ring, doc) static const struct attr attrs_##name[] = {
#define U32(ev, field, doc)	ATTR(ev, field, ATTR_U32, doc)
#define S32(ev, field, doc)	ATTR(ev, field, ATTR_S32, doc)
#define U64(ev, field, doc)	ATTR(ev, field, ATTR_U64, doc)
#define ADDR(ev, field, doc)	ATTR(ev, field, ATTR_ADDR, doc)
#define BLOB(ev, field, doc)	ATTR(ev, field, ATTR_BLOB, doc)
#define END(ev)			};
#include "events.def"

enum ring { ring_bulk, ring_critical };

const struct event_desc event_table[EVENT_MAX] = {
#define EVENT(ID, name, ring, doc)                                                         \
	[EVENT_##ID] = {#name, doc, sizeof(struct wire_##name), attrs_##name,              \
			sizeof(attrs_##name) / sizeof(attrs_##name[0]), ring_##ring == ring_critical},
#include "events.def"
};

/*
 * A CALL line does not say whose it is, its place does: an event's first place is a multiple of CALLS_PER_EVENT,
 * its calls count on from there.
 */
#define CALLS_PER_EVENT 64
enum place {
#define EVENT(ID, name, ring, doc) EVENT_PLACE_##ID = EVENT_##ID * CALLS_PER_EVENT,
#define CALL(ID, name, NR, doc) CALL_PLACE_##ID,
#include "events.def"
};

const struct call_desc call_table[CALL_MAX] = {
	[CALL_NONE] = {"", "", EVENT_MAX, -1},
#define CALL(ID, name, NR, doc) \
	[CALL_##ID] = {#name, doc, (enum event_type)(CALL_PLACE_##ID / CALLS_PER_EVENT), __NR_##NR},
#include "events.def"
};

#define SLOTS 512	/* at least twice CALL_MAX, a power of two */
_Static_assert(CALL_MAX * 2 <= SLOTS, "call_by_name needs more slots");
static uint8_t slots[SLOTS];

__attribute__((constructor)) static void call_index(void)
{
	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++) {
		uint64_t at = str_hash(str(call_table[c].name));

		while (slots[at % SLOTS])
			at++;
		slots[at % SLOTS] = (uint8_t)c;
	}
}

enum event_call call_by_name(struct str name)
{
	for (uint64_t at = str_hash(name); slots[at % SLOTS]; at++)
		if (str_eq(call_name(slots[at % SLOTS]), name))
			return (enum event_call)slots[at % SLOTS];
	return CALL_NONE;
}
