/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap block
 *
 * The frame of a .scap capture, plain or gzip: blocks of a type, a length, the
 * body, the length again. Bodies that are wanted are read whole, up to a cap
 * and only as far as the file really goes; the others are passed over. Memory
 * does not depend on what a length says or a gzip stream unpacks to.
 */
#ifndef EVENT_SCAP_BLOCK_H
#define EVENT_SCAP_BLOCK_H

#include "util/buf.h"
#include <zlib.h>

/* ..._EARLY: numbers from before the format was fixed. */
enum scap_block_type {
	SCAP_SECTION = 0x0A0D0D0A, SCAP_MACHINE = 0x201, SCAP_MACHINE_EARLY = 0x8002ABCD,
	SCAP_INTERFACES = 0x205, SCAP_INTERFACES_EARLY = 0x8011ABCD, SCAP_INTERFACES_2 = 0x219,
	SCAP_USERS = 0x206, SCAP_USERS_EARLY = 0x8012ABCD, SCAP_USERS_2 = 0x220,
	SCAP_FDS = 0x203, SCAP_FDS_EARLY = 0x8001ABCD, SCAP_FDS_2 = 0x218,
	SCAP_EVENT = 0x204, SCAP_EVENT_EARLY = 0x8010ABCD, SCAP_EVENT_2 = 0x216, SCAP_EVENT_2_LARGE = 0x221,
	SCAP_EVENT_FLAGS = 0x208, SCAP_EVENT_FLAGS_2 = 0x217, SCAP_EVENT_FLAGS_2_LARGE = 0x222,
};

struct scap_blocks {
	gzFile file;
	uint64_t at;		/* of the next block, in the unpacked file */
	struct buf body;
	uint64_t skipped;	/* blocks of types that nobody here knows */
};

struct scap_block {
	uint32_t type;
	uint64_t at;
	struct str body;	/* gone with the next block */
};

/* Takes fd. 0 or -errno. */
int scap_blocks_open(struct scap_blocks *b, int fd);
void scap_blocks_close(struct scap_blocks *b);

/*
 * The next block whose body is wanted, which must be a section if `first`. 1; 0 at the end; -EBADMSG with what is wrong
 * at b->at; -EIO, -ENOMEM.
 */
int scap_blocks_next(struct scap_blocks *b, struct scap_block *ret, bool first, char why[128]);

/* The version of a list of processes, 1 to 9; 0 for a block of any other type. */
unsigned int scap_block_processes(uint32_t type);

#endif
