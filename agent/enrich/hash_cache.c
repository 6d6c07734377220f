/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/hash_cache.h"
#include <stdio.h>
#include <string.h>

bool hash_same_file(const struct files_exe *a, const struct files_exe *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->ctime == b->ctime && a->mtime == b->mtime;
}

static struct hash_entry *set_of(struct hash_cache *c, const struct files_exe *e)
{
	uint64_t mix = (e->ino * 31 + e->dev) * 31 + e->ctime;

	mix *= 0x9e3779b97f4a7c15u;
	return &c->entry[(mix >> 32) % (HASH_CACHE_MAX / HASH_CACHE_WAYS) * HASH_CACHE_WAYS];
}

static bool is_of(const struct hash_entry *h, const struct files_exe *e)
{
	return h->ino == e->ino && h->dev == e->dev && h->ctime == e->ctime && h->mtime == e->mtime;
}

bool hash_cache_find(struct hash_cache *c, const struct files_exe *exe, char hex[SHA256_HEX])
{
	struct hash_entry *set = set_of(c, exe);

	for (unsigned int i = 0; i < HASH_CACHE_WAYS; i++) {
		if (!is_of(&set[i], exe))
			continue;
		set[i].used = ++c->clock;
		for (unsigned int k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", set[i].digest[k]);
		return true;
	}
	return false;
}

static struct hash_entry *place(struct hash_cache *c, const struct files_exe *exe)
{
	struct hash_entry *set = set_of(c, exe), *oldest = set;

	for (unsigned int i = 0; i < HASH_CACHE_WAYS; i++) {
		if (is_of(&set[i], exe))
			return &set[i];
		if (!set[i].ino || (oldest->ino && c->clock - set[i].used > c->clock - oldest->used))
			oldest = &set[i];
	}
	return oldest;
}

void hash_cache_put(struct hash_cache *c, const struct files_exe *exe, const char hex[SHA256_HEX])
{
	struct hash_entry *e = place(c, exe);

	*e = (struct hash_entry){.ino = exe->ino, .ctime = exe->ctime, .mtime = exe->mtime, .dev = exe->dev, .used = ++c->clock};
	for (unsigned int k = 0; k < 32; k++) {
		unsigned int byte = 0;

		sscanf(hex + 2 * k, "%2x", &byte);
		e->digest[k] = (uint8_t)byte;
	}
}
