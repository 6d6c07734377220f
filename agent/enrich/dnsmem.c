/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/dnsmem.h"
#include "enrich/lazy.h"
#include "enrich/links.h"
#include "enrich/text_pool.h"
#include "util/clock.h"
#include "util/siphash.h"
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

struct key {
	uint64_t owner;
	uint8_t ip[16];		/* IPv4 as ::ffff:a.b.c.d, whichever socket it was */
};

struct entry {
	struct key key;
	uint64_t time;
	char *name;
	uint32_t hash_next;
	uint16_t n;
};

struct dnsmem {
	struct entry *entries;		/* 1 … max */
	struct link *links;		/* the same, and the list of all, least recently used first */
	uint32_t *buckets;
	struct text_pool *texts;
	uint32_t max, mask, fresh, free, used;
	uint64_t evicted;
	uint64_t secret[2];	/* who answers chooses the addresses, and must not choose the bucket */
};

struct dnsmem *dnsmem_new(uint32_t names, size_t text_bytes)
{
	struct dnsmem *m = calloc(1, sizeof(*m));
	uint32_t buckets = 16;

	if (!m)
		return NULL;
	while (buckets < names)
		buckets *= 2;
	m->max = names;
	m->mask = buckets - 1;
	m->entries = lazy_new(names + 1, sizeof(*m->entries));
	m->links = lazy_new(names + 2, sizeof(*m->links));
	m->buckets = lazy_new(buckets, sizeof(*m->buckets));
	m->texts = text_pool_new(text_bytes);
	if (!m->entries || !m->links || !m->buckets || !m->texts ||
	    getrandom(m->secret, sizeof(m->secret), 0) != sizeof(m->secret))
		return dnsmem_free(m);
	links_init(m->links, names + 1);
	return m;
}

struct dnsmem *dnsmem_free(struct dnsmem *m)
{
	if (!m)
		return NULL;
	lazy_free(m->entries, m->max + 1, sizeof(*m->entries));
	lazy_free(m->links, m->max + 2, sizeof(*m->links));
	lazy_free(m->buckets, m->mask + 1, sizeof(*m->buckets));
	text_pool_free(m->texts);
	free(m);
	return NULL;
}

static bool key_of(struct key *ret, uint64_t owner, const struct wire_addr *a)
{
	if (a->family != AF_INET && a->family != AF_INET6)
		return false;
	*ret = (struct key){.owner = owner};
	if (a->family == AF_INET6) {
		memcpy(ret->ip, a->ip, 16);
		return true;
	}
	ret->ip[10] = ret->ip[11] = 0xff;
	memcpy(ret->ip + 12, a->ip, 4);
	return true;
}

static uint32_t *bucket(struct dnsmem *m, const struct key *k)
{
	struct siphash h;
	uint64_t hash[2];

	siphash_begin(&h, m->secret);
	siphash_add(&h, k, sizeof(*k));
	siphash_end(&h, hash);
	return &m->buckets[hash[0] & m->mask];
}

static uint32_t find(struct dnsmem *m, const struct key *k)
{
	uint32_t i = *bucket(m, k);

	while (i && memcmp(&m->entries[i].key, k, sizeof(*k)) != 0)
		i = m->entries[i].hash_next;
	return i;
}

static void drop(struct dnsmem *m, uint32_t i)
{
	struct entry *e = &m->entries[i];
	uint32_t *at = bucket(m, &e->key);

	while (*at != i)
		at = &m->entries[*at].hash_next;
	*at = e->hash_next;
	links_remove(m->links, i);
	text_pool_give(m->texts, e->name);
	*e = (struct entry){.hash_next = m->free};
	m->free = i;
	m->used--;
}

static bool evict(struct dnsmem *m)
{
	uint32_t head = m->max + 1, i = links_first(m->links, head);

	if (i == head)
		return false;
	drop(m, i);
	m->evicted++;
	return true;
}

static uint32_t fresh(struct dnsmem *m)
{
	uint32_t i = m->free;

	if (i)
		m->free = m->entries[i].hash_next;
	else
		i = ++m->fresh;
	m->used++;
	return i;
}

void dnsmem_add(struct dnsmem *m, uint64_t owner, const struct wire_addr *address, struct str name, uint64_t now)
{
	struct entry *e;
	uint32_t i, *at;
	struct key k;
	char *text;

	if (!name.n || name.n > UINT16_MAX || !key_of(&k, owner, address))
		return;
	i = find(m, &k);
	if (i && str_eq(str_n(m->entries[i].name, m->entries[i].n), name)) {
		m->entries[i].time = now;
		links_push(m->links, m->max + 1, i);
		return;
	}
	if (i)
		drop(m, i);	/* the last name wins */
	while (m->used == m->max || !(text = text_pool_take(m->texts, name.n)))
		if (!evict(m))
			return;
	i = fresh(m);
	e = &m->entries[i];
	at = bucket(m, &k);
	memcpy(text, name.p, name.n);
	*e = (struct entry){.key = k, .time = now, .name = text, .n = (uint16_t)name.n, .hash_next = *at};
	*at = i;
	links_push(m->links, m->max + 1, i);
}

struct str dnsmem_find(struct dnsmem *m, uint64_t owner, const struct wire_addr *address, uint64_t now)
{
	const struct entry *e;
	struct key k;
	uint32_t i;

	if (!m->used || !key_of(&k, owner, address))
		return STR_NONE;
	i = find(m, &k);
	e = &m->entries[i];
	if (!i || (now > e->time && now - e->time > DNS_NAME_AGE_SEC * NSEC_PER_SEC))
		return STR_NONE;
	links_push(m->links, m->max + 1, i);
	return str_n(e->name, e->n);
}

uint32_t dnsmem_names(const struct dnsmem *m)
{
	return m->used;
}

uint32_t dnsmem_longest(const struct dnsmem *m)
{
	uint32_t longest = 0;

	for (uint32_t b = 0; b <= m->mask; b++) {
		uint32_t n = 0;

		for (uint32_t i = m->buckets[b]; i; i = m->entries[i].hash_next)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

uint64_t dnsmem_evicted(const struct dnsmem *m)
{
	return m->evicted;
}
