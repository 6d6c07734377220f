/* SPDX-License-Identifier: Apache-2.0 */
#include "event/needs.h"
#include "opens.h"

static uint64_t hash(struct str name, uint64_t seed)
{
	__u64 head[OPENS_HEAD] = {};

	if (name.n)
		memcpy(head, name.p, name.n < sizeof(head) ? name.n : sizeof(head));
	return opens__hash(head, (uint32_t)name.n, seed);
}

static uint64_t suffix_hash(struct str end, uint32_t n)
{
	__u64 tail = 0;

	memcpy((char *)&tail + OPENS_SUFFIX - n, end.p + end.n - n, n);
	return opens__suffix(tail, n);
}

static void mark(struct wire_opens *o, uint64_t h)
{
	uint32_t bit = opens__bit(h);

	o->bits[bit / 64] |= 1ull << (bit % 64);
}

static void add(struct wire_opens *o, const struct open_fact *f)
{
	uint32_t n;

	switch (f->kind) {
	case OPEN_NAME:
		mark(o, hash(f->a, OPENS_SEED_NAME));
		break;
	case OPEN_SUFFIX:
		n = f->a.n < OPENS_SUFFIX ? (uint32_t)f->a.n : OPENS_SUFFIX;
		o->suffixes |= 1u << n;
		mark(o, suffix_hash(f->a, n));
		break;
	case OPEN_TOP:
		o->tests |= OPENS_TOP;
		mark(o, hash(f->a, OPENS_SEED_TOP));
		break;
	case OPEN_PAIR:
		o->tests |= OPENS_PAIR;
		mark(o, hash(f->b, OPENS_SEED_PAIR + hash(f->a, OPENS_SEED_TOP)));
		break;
	case OPEN_PART:
		o->tests |= OPENS_PART;
		o->part_lens |= 1ull << (f->a.n < 63 ? f->a.n : 63);
		mark(o, hash(f->a, OPENS_SEED_PART));
		break;
	}
}

bool call_is_named(enum event_call call)
{
	switch (call) {
	case CALL_RENAME:
	case CALL_RENAMEAT:
	case CALL_RENAMEAT2:
	case CALL_UNLINK:
	case CALL_UNLINKAT:
	case CALL_RMDIR:
	case CALL_LINK:
	case CALL_LINKAT:
		return true;
	default:
		return false;
	}
}

void opens_narrow(struct wire_opens *o, const struct open_fact *v, uint32_t n)
{
	*o = (struct wire_opens){.tests = OPENS_NARROW};
	for (uint32_t i = 0; i < n; i++)
		add(o, &v[i]);
}

static bool wants_names(const struct needs *n)
{
	bool any = false;

	for (unsigned int call = 0; call < CALL_MAX; call++)
		any |= n->call[call] && call_is_named((enum event_call)call);
	return any;
}

static bool wants_opens(const struct needs *n, enum opens_way way)
{
	if (way == OPENS_NAMED)
		return wants_names(n);
	return (n->call[CALL_OPEN] || n->call[CALL_OPENAT] || n->call[CALL_OPENAT2] || n->call[CALL_CREAT] ||
		n->call[CALL_OPEN_BY_HANDLE_AT]) &&
	       (way == OPENS_WRITTEN || n->want & WANT_OPEN_READ);
}

static void join_opens(struct wire_opens *o, const struct wire_opens *more)
{
	if (!(o->tests & OPENS_NARROW) || !(more->tests & OPENS_NARROW)) {
		*o = (struct wire_opens){};
		return;
	}
	o->tests |= more->tests;
	o->suffixes |= more->suffixes;
	o->part_lens |= more->part_lens;
	for (unsigned int i = 0; i < OPENS_BITS / 64; i++)
		o->bits[i] |= more->bits[i];
}

void refuse_finish(struct wire_refuse *r)
{
	r->asks = 0;
	r->any[0] = r->any[1] = ~0u;
	for (uint32_t who = 0; who < REFUSE_WHO; who++) {
		r->any[who & REFUSE_FAILED] &= r->kinds[who];
		r->asks |= r->kinds[who] != r->kinds[who & ~(uint32_t)REFUSE_ROOT] ? REFUSE_ROOT : 0;
		r->asks |= r->kinds[who] != r->kinds[who & ~(uint32_t)REFUSE_HOST] ? REFUSE_HOST : 0;
	}
}

/* What both refuse. A call that one of them does not ask for has only the other's say. */
static void join_refuse(struct needs *n, const struct needs *more, unsigned int call)
{
	struct wire_refuse *r = &n->refuse[call];

	if (!n->call[call]) {
		*r = more->refuse[call];
		return;
	}
	if (!more->call[call])
		return;
	for (uint32_t who = 0; who < REFUSE_WHO; who++)
		r->kinds[who] &= more->refuse[call].kinds[who];
	refuse_finish(r);
}

void needs_refuse_nothing(struct needs *n)
{
	memset(n->refuse, 0, sizeof(n->refuse));
	memset(n->opens, 0, sizeof(n->opens));
	n->want |= WANT_OPEN_READ | WANT_OPEN_FAILED | WANT_FAILED;
}

void needs_join(struct needs *n, const struct needs *more)
{
	for (unsigned int i = 0; i < CALL_MAX; i++)
		join_refuse(n, more, i);
	for (enum opens_way way = 0; way < OPENS_WAYS; way++) {
		if (!wants_opens(n, way))
			n->opens[way] = more->opens[way];
		else if (wants_opens(more, way))
			join_opens(&n->opens[way], &more->opens[way]);
	}
	for (unsigned int i = 0; i < CALL_MAX; i++)
		n->call[i] |= more->call[i];
	n->want |= more->want;
}
