/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dns memory
 *
 * Which name a container (or the host) last resolved to an address, so that a
 * later connection carries the name it was meant for.
 *
 * A record's TTL is not enforced: programs keep addresses far longer than
 * resolvers do (pools, runtimes that never look up again), and what was asked
 * for stays true. After DNS_NAME_AGE_SEC without a new answer the name is no
 * longer told: by then the address may well belong to someone else.
 */
#ifndef ENRICH_DNSMEM_H
#define ENRICH_DNSMEM_H

#include "util/limits.h"
#include "util/str.h"
#include "wire.h"

#define DNS_NAME_AGE_SEC 86400

struct dnsmem;

struct dnsmem *dnsmem_new(uint32_t names, size_t text_bytes);	/* NULL without memory */
struct dnsmem *dnsmem_free(struct dnsmem *m);

/* The owner (a number for the container, 0 for the host) was told that the name has this address. now: CLOCK_BOOTTIME ns. */
void dnsmem_add(struct dnsmem *m, uint64_t owner, const struct wire_addr *address, struct str name, uint64_t now);

/* The name, valid until the next add; {NULL, 0} when there is none. The port does not matter. */
struct str dnsmem_find(struct dnsmem *m, uint64_t owner, const struct wire_addr *address, uint64_t now);

uint32_t dnsmem_names(const struct dnsmem *m);
uint32_t dnsmem_longest(const struct dnsmem *m);	/* names in the fullest bucket: counts them all */
uint64_t dnsmem_evicted(const struct dnsmem *m);	/* names that had to go for others */

#endif
