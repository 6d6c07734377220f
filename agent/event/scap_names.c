/* SPDX-License-Identifier: Apache-2.0 */
/* A capture's users, groups and interfaces: short lists, searched from the front. */
#include "event/scap_state.h"
#include "util/limits.h"
#include <stdlib.h>

const struct scap_user *scap_user_find(const struct scap_state *s, uint32_t uid)
{
	for (size_t i = s->nusers; i-- > 0;)	/* the last entry of a number counts */
		if (s->users[i].uid == uid)
			return &s->users[i];
	return NULL;
}

const struct scap_group *scap_group_find(const struct scap_state *s, uint32_t gid)
{
	for (size_t i = s->ngroups; i-- > 0;)
		if (s->groups[i].gid == gid)
			return &s->groups[i];
	return NULL;
}

/* Room for one more in an array of n, which has room for a power of two; NULL at the cap, counted, or without memory. */
static void *room(struct scap_state *s, void *v, size_t n, size_t size)
{
	if (n >= SCAP_NAMES_MAX) {
		s->refused++;
		return NULL;
	}
	return n & (n - 1) ? v : realloc(v, (n ? 2 * n : 1) * size);
}

static char *append(char *at, struct str s)
{
	if (s.n)
		memcpy(at, s.p, s.n);
	at[s.n] = '\0';
	return at + s.n + 1;
}

bool scap_user_add(struct scap_state *s, uint32_t uid, uint32_t gid, struct str name, struct str home, struct str shell)
{
	struct scap_user *v = room(s, s->users, s->nusers, sizeof(*v)), *u;

	if (!v)
		return s->nusers >= SCAP_NAMES_MAX;
	s->users = v;
	u = &v[s->nusers];
	u->uid = uid;
	u->gid = gid;
	u->name = malloc(name.n + home.n + shell.n + 3);
	if (!u->name)
		return false;
	u->home = append(u->name, name);
	u->shell = append(u->home, home);
	append(u->shell, shell);
	s->nusers++;
	return true;
}

bool scap_group_add(struct scap_state *s, uint32_t gid, struct str name)
{
	struct scap_group *v = room(s, s->groups, s->ngroups, sizeof(*v));

	if (!v)
		return s->ngroups >= SCAP_NAMES_MAX;
	s->groups = v;
	v[s->ngroups].gid = gid;
	v[s->ngroups].name = malloc(name.n + 1);
	if (!v[s->ngroups].name)
		return false;
	append(v[s->ngroups++].name, name);
	return true;
}

bool scap_interface_add(struct scap_state *s, bool v6, const void *addr, const void *mask)
{
	struct scap_interface *v = room(s, s->interfaces, s->ninterfaces, sizeof(*v));

	if (!v)
		return s->ninterfaces >= SCAP_NAMES_MAX;
	s->interfaces = v;
	v += s->ninterfaces++;
	*v = (struct scap_interface){.v6 = v6};
	memcpy(v->addr, addr, v6 ? 16 : 4);
	memcpy(v->mask, mask, v6 ? 16 : 4);
	return true;
}

static bool same_network(const struct scap_interface *i, const uint8_t *addr)
{
	if (i->v6)	/* the original compares the first half, whatever the mask */
		return !memcmp(i->addr, addr, 8);
	for (unsigned int k = 0; k < 4; k++)
		if ((i->addr[k] ^ addr[k]) & i->mask[k])
			return false;
	return true;
}

bool scap_address_is_ours(const struct scap_state *s, bool v6, const uint8_t addr[16])
{
	for (size_t i = 0; i < s->ninterfaces; i++) {
		const struct scap_interface *f = &s->interfaces[i];

		if (f->v6 == v6 && (v6 ? same_network(f, addr) : !memcmp(f->addr, addr, 4)))
			return true;
	}
	return false;
}

static bool loopback(const struct scap_interface *i)
{
	static const uint8_t one6[16] = {[15] = 1}, one4[4] = {127, 0, 0, 1};

	return i->v6 ? !memcmp(i->addr, one6, 16) : !memcmp(i->addr, one4, 4);
}

void scap_address_near(const struct scap_state *s, bool v6, const uint8_t peer[16], uint8_t ret[16])
{
	size_t n = v6 ? 16 : 4;

	memset(ret, 0, 16);
	for (unsigned int round = 0; round < 3; round++) {
		for (size_t i = 0; i < s->ninterfaces; i++) {
			const struct scap_interface *f = &s->interfaces[i];

			if (f->v6 == v6 && (round == 0 ? !memcmp(f->addr, peer, n)
				    : round == 1 ? same_network(f, peer) : !loopback(f))) {
				memcpy(ret, f->addr, n);
				return;
			}
		}
	}
}
