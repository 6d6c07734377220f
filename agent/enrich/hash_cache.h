/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash cache
 *
 * What files hashed to, by device, inode and change time. HASH_CACHE_MAX of them, in small sets; within a set the one
 * that was asked for longest ago goes first.
 */
#ifndef ENRICH_HASH_CACHE_H
#define ENRICH_HASH_CACHE_H

#include "sensor/files.h"
#include "util/limits.h"
#include "util/sha256.h"

#define HASH_CACHE_WAYS 8u

struct hash_cache {
	uint32_t clock;
	struct hash_entry {
		uint64_t ino, ctime, mtime;	/* ino 0: unused */
		uint32_t dev, used;
		uint8_t digest[32];
	} entry[HASH_CACHE_MAX];
};

bool hash_same_file(const struct files_exe *a, const struct files_exe *b);
bool hash_cache_find(struct hash_cache *c, const struct files_exe *exe, char hex[SHA256_HEX]);
void hash_cache_put(struct hash_cache *c, const struct files_exe *exe, const char hex[SHA256_HEX]);

#endif
