/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/set.h"
#include "rule/glob.h"
#include <arpa/inet.h>
#include <stdlib.h>

int value_cmp(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return (a->type > b->type) - (a->type < b->type);
	switch (a->type) {
	case TYPE_BOOL:
		return a->b - b->b;
	case TYPE_INT:
		return (a->i > b->i) - (a->i < b->i);
	case TYPE_UINT:
	case TYPE_PORT:
		return (a->u > b->u) - (a->u < b->u);
	case TYPE_STR:
	case TYPE_BYTES:
		return str_cmp(a->s, b->s);
	case TYPE_IP:
	case TYPE_NET:
		return memcmp(&a->ip, &b->ip, sizeof(a->ip));
	default:
		return 0;
	}
}

static void mark_first(uint64_t first[4], char c)
{
	first[(unsigned char)c / 64] |= 1ull << ((unsigned char)c % 64);
}

static bool marked(const uint64_t first[4], char c)
{
	return first[(unsigned char)c / 64] >> ((unsigned char)c % 64) & 1;
}

/* ---- texts ---- */

static uint64_t length_bit(size_t n)
{
	return 1ull << (n < 63 ? n : 63);
}

static uint32_t tag_of(struct str s)
{
	return (uint32_t)(str_hash(s) >> 32) | 1;
}

static void text_set_add(struct text_set *s, struct str text)
{
	uint32_t tag = tag_of(text), i;

	for (i = tag & s->mask; s->tags[i]; i = (i + 1) & s->mask) {
		if (s->tags[i] == tag && str_eq(s->texts[i], text))
			return;
	}
	s->tags[i] = tag;
	s->texts[i] = text;
	s->lengths |= length_bit(text.n);
	if (text.n)
		mark_first(s->first, text.p[0]);
}

static bool text_set_alloc(struct text_set *s, struct arena *a, uint32_t n)
{
	size_t slots = 4;

	memset(s, 0, sizeof(*s));
	while (slots < 2 * (size_t)n)
		slots *= 2;
	s->mask = (uint32_t)(slots - 1);
	s->tags = arena_array(a, uint32_t, slots);
	s->texts = arena_array(a, struct str, slots);
	return s->tags && s->texts;
}

bool text_set_init(struct text_set *s, struct arena *a, const struct value *v, uint32_t n)
{
	uint32_t i;

	if (!text_set_alloc(s, a, n))
		return false;
	for (i = 0; i < n; i++)
		text_set_add(s, v[i].s);
	return true;
}

bool text_set_has(const struct text_set *s, struct str text)
{
	uint32_t tag, i;

	if (!(s->lengths & length_bit(text.n)) || (text.n && !marked(s->first, text.p[0])))
		return false;
	tag = tag_of(text);
	for (i = tag & s->mask; s->tags[i]; i = (i + 1) & s->mask) {
		if (s->tags[i] == tag && str_eq(s->texts[i], text))
			return true;
	}
	return false;
}

/* ---- prefixes and suffixes ---- */

static int reversed_cmp(struct str a, struct str b)
{
	size_t i;

	for (i = 1; i <= a.n && i <= b.n; i++) {
		int d = (unsigned char)a.p[a.n - i] - (unsigned char)b.p[b.n - i];

		if (d)
			return d;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int cmp_reversed(const void *a, const void *b)
{
	return reversed_cmp(*(const struct str *)a, *(const struct str *)b);
}

bool affix_set_init(struct affix_set *s, struct arena *a, const struct value *v, uint32_t n, bool reversed)
{
	uint32_t i;

	memset(s, 0, sizeof(*s));
	s->reversed = reversed;
	s->v = arena_array(a, struct str, n + 1);
	if (!s->v)
		return false;
	for (i = 0; i < n; i++) {
		s->v[i] = v[i].s;
		s->always |= !v[i].s.n;
	}
	qsort(s->v, n, sizeof(*s->v), reversed ? cmp_reversed : str_order);
	/* One that another begins is never needed. */
	for (i = 0; i < n && !s->always; i++) {
		struct str last = s->n ? s->v[s->n - 1] : STR_NONE;

		if (!s->n || !(reversed ? str_ends(s->v[i], last) : str_starts(s->v[i], last)))
			s->v[s->n++] = s->v[i];
	}
	for (i = 0; i < s->n; i++)
		mark_first(s->first, reversed ? s->v[i].p[s->v[i].n - 1] : s->v[i].p[0]);
	return true;
}

bool affix_set_has(const struct affix_set *s, struct str text)
{
	uint32_t lo = 0, hi = s->n, mid;

	if (s->always)
		return true;
	if (!text.n || !marked(s->first, s->reversed ? text.p[text.n - 1] : text.p[0]))
		return false;
	/* The greatest one that is not above the text: if any begins the text, it is that one. */
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if ((s->reversed ? reversed_cmp(s->v[mid], text) : str_cmp(s->v[mid], text)) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	return s->reversed ? str_ends(text, s->v[lo - 1]) : str_starts(text, s->v[lo - 1]);
}

/* ---- needles ---- */

static unsigned int pair_of(const char *p)
{
	return ((unsigned char)p[0] * 67u + (unsigned char)p[1]) & 4095;
}

/* How common a byte is in paths and command lines, roughly. */
static unsigned int commonness(char c)
{
	if (strchr("/eaoirtnsl", c))
		return 4;
	if (c >= 'a' && c <= 'z')
		return 3;
	return strchr("-. _0123456789", c) ? 2 : 1;
}

bool needle_set_init(struct needle_set *s, struct arena *a, const struct value *v, uint32_t n)
{
	uint32_t i;

	memset(s, 0, sizeof(*s));
	s->v = arena_array(a, struct str, n + 1);
	if (!s->v)
		return false;
	for (i = 0; i < n; i++) {
		struct str t = v[i].s;

		s->v[s->n++] = t;
		s->always |= !t.n;
		s->single |= t.n == 1;
		if (t.n > 1)
			s->pairs[pair_of(t.p) / 64] |= 1ull << pair_of(t.p) % 64;
	}
	for (i = 0; n == 1 && i < s->v[0].n && i < 256; i++) {
		if (commonness(s->v[0].p[i]) < commonness(s->v[0].p[s->rare]))
			s->rare = (uint8_t)i;
	}
	return true;
}

/* One needle: every place of its least common byte. */
static bool lone_within(const struct needle_set *s, struct str text)
{
	struct str t = s->v[0];
	const char *at, *end;

	if (t.n > text.n)
		return false;
	at = text.p + s->rare;
	end = text.p + text.n - t.n + s->rare + 1;
	while (at < end && (at = memchr(at, t.p[s->rare], (size_t)(end - at)))) {
		if (!memcmp(at - s->rare, t.p, t.n))
			return true;
		at++;
	}
	return false;
}

bool needle_set_within(const struct needle_set *s, struct str text)
{
	const char *p, *end = text.p + text.n;
	uint32_t i;

	if (s->always)
		return true;
	if (s->n == 1)
		return lone_within(s, text);
	for (i = 0; s->single && text.n && i < s->n; i++) {
		if (s->v[i].n == 1 && memchr(text.p, s->v[i].p[0], text.n))
			return true;
	}
	for (p = text.p; p + 1 < end; p++) {
		unsigned int pair = pair_of(p);

		if (!(s->pairs[pair / 64] >> pair % 64 & 1))
			continue;
		for (i = 0; i < s->n; i++) {
			if (s->v[i].n > 1 && str_starts(str_n(p, (size_t)(end - p)), s->v[i]))
				return true;
		}
	}
	return false;
}

/* ---- paths ---- */

/* The next component of *rest, {NULL, 0} behind the last. */
static struct str component(struct str *rest)
{
	const char *slash;
	struct str s;

	while (rest->n && rest->p[0] == '/')
		*rest = str_skip(*rest, 1);
	if (!rest->n)
		return STR_NONE;
	slash = memchr(rest->p, '/', rest->n);
	s = str_n(rest->p, slash ? (size_t)(slash - rest->p) : rest->n);
	*rest = str_skip(*rest, s.n);
	return s;
}

/* "a/b" of "//a/b/": no slash at the ends, one between components. */
static struct str normalise(struct arena *a, struct str path)
{
	char *dst = arena_alloc(a, path.n + 1);
	size_t n = 0;
	struct str part;

	if (!dst)
		return STR_NONE;
	while ((part = component(&path)).p) {
		if (n)
			dst[n++] = '/';
		memcpy(dst + n, part.p, part.n);
		n += part.n;
	}
	return str_n(dst, n);
}

bool path_set_init(struct path_set *s, struct arena *a, const struct value *v, uint32_t n)
{
	uint32_t i;

	memset(s, 0, sizeof(*s));
	s->patterns = arena_array(a, struct str, n + 1);
	if (!s->patterns || !text_set_alloc(&s->literal, a, n))
		return false;
	for (i = 0; i < n; i++) {
		struct str path = normalise(a, v[i].s);

		if (!path.p)
			return false;
		if (!path.n) {
			s->always = true;
		} else if (glob_special(path)) {
			s->patterns[s->npatterns++] = path;
		} else {
			text_set_add(&s->literal, path);
			s->any_literal = true;
		}
	}
	return true;
}

static bool pattern_begins(struct str pattern, struct str path)
{
	struct str want, have;

	while ((want = component(&pattern)).p) {
		have = component(&path);
		if (!have.p || !glob_match(want, have, false))
			return false;
	}
	return true;
}

/* Every folder of the path in turn, looked up as a text; only one with doubled slashes has to be rewritten for that. */
static bool literal_begins(const struct path_set *s, struct str path)
{
	char clean[4096];
	size_t n = 0;
	struct str part, rest = path;
	unsigned int depth = 0;

	while (path.n && path.p[0] == '/')
		path = str_skip(path, 1);
	if (!path.n || !marked(s->literal.first, path.p[0]))
		return false;
	if (!memmem(path.p, path.n, "//", 2)) {
		for (rest = path; (part = component(&rest)).p && depth++ < PATH_DEPTH_MAX;) {
			if (text_set_has(&s->literal, str_n(path.p, (size_t)(part.p + part.n - path.p))))
				return true;
		}
		return false;
	}
	while ((part = component(&rest)).p && depth++ < PATH_DEPTH_MAX && n + part.n + 1 < sizeof(clean)) {
		if (n)
			clean[n++] = '/';
		memcpy(clean + n, part.p, part.n);
		n += part.n;
		if (text_set_has(&s->literal, str_n(clean, n)))
			return true;
	}
	return false;
}

bool path_set_has(const struct path_set *s, struct str path)
{
	uint32_t i;

	if (s->always || (s->any_literal && literal_begins(s, path)))
		return true;
	for (i = 0; i < s->npatterns; i++) {
		if (pattern_begins(s->patterns[i], path))
			return true;
	}
	return false;
}

/* ---- networks ---- */

static int cmp_range(const void *a, const void *b)
{
	return memcmp(((const struct net_range *)a)->first, ((const struct net_range *)b)->first, 16);
}

static struct net_range range_of(const struct value_ip *net)
{
	struct net_range r = {};
	unsigned int bytes = net->family == AF_INET ? 4 : 16, i, left;

	memcpy(r.first, net->ip, bytes);
	memcpy(r.last, net->ip, bytes);
	for (i = 0; i < bytes; i++) {
		left = net->prefix > 8 * i ? net->prefix - 8 * i : 0;
		if (left < 8) {
			r.first[i] &= (uint8_t)(0xff00 >> left);
			r.last[i] |= (uint8_t)(0xff >> left);
		}
	}
	return r;
}

bool net_set_init(struct net_set *s, struct arena *a, const struct value *v, uint32_t n)
{
	uint32_t i, f, kept;

	memset(s, 0, sizeof(*s));
	for (f = 0; f < 2; f++) {
		s->family[f].v = arena_array(a, struct net_range, n + 1);
		if (!s->family[f].v)
			return false;
	}
	for (i = 0; i < n; i++) {
		f = v[i].ip.family == AF_INET6;
		s->family[f].v[s->family[f].n++] = range_of(&v[i].ip);
	}
	for (f = 0; f < 2; f++) {
		struct net_range *r = s->family[f].v;

		qsort(r, s->family[f].n, sizeof(*r), cmp_range);
		for (i = 0, kept = 0; i < s->family[f].n; i++) {
			if (!kept || memcmp(r[i].first, r[kept - 1].last, 16) > 0)
				r[kept++] = r[i];
			else if (memcmp(r[i].last, r[kept - 1].last, 16) > 0)
				memcpy(r[kept - 1].last, r[i].last, 16);
		}
		s->family[f].n = kept;
	}
	return true;
}

bool net_set_has(const struct net_set *s, const struct value_ip *ip)
{
	uint8_t key[16] = {};
	uint32_t f = ip->family == AF_INET6, lo = 0, hi = s->family[f].n, mid;
	const struct net_range *r = s->family[f].v;

	memcpy(key, ip->ip, f ? 16 : 4);
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (memcmp(r[mid].first, key, 16) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && memcmp(key, r[lo - 1].last, 16) <= 0;
}
