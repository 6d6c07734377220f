/* SPDX-License-Identifier: Apache-2.0 */
#include "util/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* The table of Unicode 15, section 3.9, "well-formed UTF-8 byte sequences": the second byte's range depends on the first. */
size_t utf8_sequence(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (!s.n)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.n < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Length of the ASCII text that s begins with, in whole words: most of what is asked about is nothing else. */
static size_t ascii(struct str s)
{
	size_t n = 0;
	uint64_t w;

	for (; s.n - n >= sizeof(w); n += sizeof(w)) {
		memcpy(&w, s.p + n, sizeof(w));
		if (w & 0x8080808080808080ull)
			break;
	}
	return n;
}

bool utf8_valid(struct str s)
{
	while (s.n) {
		size_t n = ascii(s);

		if (!n)
			n = utf8_sequence(s);

		if (!n)
			return false;
		s = str_skip(s, n);
	}
	return true;
}

size_t utf8_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s.n;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return max;
}

uint32_t utf8_point(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	switch (n) {
	case 1:
		return u[0];
	case 2:
		return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	case 3:
		return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	default:
		return (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
	}
}

size_t utf8_clean(char *dst, size_t room, struct str s, bool *cut)
{
	size_t used = 0;

	*cut = false;
	while (s.n) {
		size_t n = utf8_sequence(s);
		bool bad = !n || !*s.p;
		const char *from = bad ? REPLACEMENT : s.p;
		size_t length = bad ? sizeof(REPLACEMENT) - 1 : n;

		if (length > room - used) {
			*cut = true;
			break;
		}
		memcpy(dst + used, from, length);
		used += length;
		s = str_skip(s, n ? n : 1);
	}
	return used;
}
