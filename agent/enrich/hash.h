/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash
 *
 * SHA-256 of the executables that findings are about: opened by the sensor,
 * read on the loop's thread pool, remembered by device, inode and change time.
 * Nobody waits here; what cannot be had is answered with the reason.
 */
#ifndef ENRICH_HASH_H
#define ENRICH_HASH_H

#include "sensor/files.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include "util/sha256.h"
#include <jansson.h>
#include <uv.h>

/* HASH_WHY(ID, "short, for counts", "why there is no hash") */
#define HASH_WHYS(HASH_WHY)                                                                                             \
	HASH_WHY(GONE, "ended", "the process ended before its executable could be opened")                              \
	HASH_WHY(OTHER, "replaced", "the process ran another program before its executable could be opened")            \
	HASH_WHY(CHANGED, "changed", "the file was changed after it was started")                                       \
	HASH_WHY(CHANGING, "changing", "the file changed while it was read")                                            \
	HASH_WHY(LARGE, "too large", "the file is larger than hash.max_bytes allows")                                   \
	HASH_WHY(FOREIGN, "foreign", "the file lies on a file system that a process or another host serves")            \
	HASH_WHY(UNKNOWN, "unknown", "it is not known which file the process runs")                                     \
	HASH_WHY(BUSY, "busy", "too many other executables waited to be read")                                          \
	HASH_WHY(SLOW, "slow", "opening the file took too long")                                                        \
	HASH_WHY(FAILED, "failed", "the file could not be read")                                                        \
	HASH_WHY(STOPPED, "stopped", "the agent stopped before the file was read")

enum hash_why {
	HASH_KNOWN,
#define HASH_WHY(ID, word, text) HASH_##ID,
	HASH_WHYS(HASH_WHY)
#undef HASH_WHY
	HASH_WHY_MAX
};

struct hash_answer {
	enum hash_why why;
	int error;		/* of HASH_FAILED: an errno, or 0 */
	char hex[SHA256_HEX];	/* of HASH_KNOWN */
};

struct hashes;

typedef void (*hash_done_fn)(void *ctx, uint64_t id, const struct hash_answer *a);

/* files is the sensor's socket (files.h), which stays the caller's. NULL without memory. Before the loop runs. */
struct hashes *hashes_new(uv_loop_t *loop, int files, uint64_t max_bytes, hash_done_fn done, void *ctx);

/*
 * The hash of that executable. 0: *a is the answer, now. Else an id: done() will be called with it, once, later; who asks
 * for the same file meanwhile is given the same id.
 */
uint64_t hashes_ask(struct hashes *h, const struct files_exe *exe, struct hash_answer *a);

/* The same for who cannot wait: 0, and HASH_BUSY where it is not remembered. */
uint64_t hashes_known(struct hashes *h, const struct files_exe *exe, struct hash_answer *a);

/* Answers what is waited for with HASH_STOPPED. Then nothing is asked any more; what is being read gives up. */
void hashes_stop(struct hashes *h);

/* After hashes_stop(), and after the loop has come to its end. Returns NULL. */
struct hashes *hashes_free(struct hashes *h);

/* For status: new reference. */
json_t *hashes_json(const struct hashes *h);

const char *hash_why_text(enum hash_why why);

#endif
