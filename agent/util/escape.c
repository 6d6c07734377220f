/* SPDX-License-Identifier: Apache-2.0 */
#include "util/escape.h"
#include "util/utf8.h"

bool escape_needed(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return true;
	switch (c) {
	case 0x061c:			/* Arabic letter mark */
	case 0x200e ... 0x200f:		/* left-to-right, right-to-left mark */
	case 0x2028 ... 0x202e:		/* line and paragraph ends; embeddings and overrides */
	case 0x2066 ... 0x2069:		/* isolates */
		return true;
	default:
		return false;
	}
}

void escape_add(struct buf *out, struct str s)
{
	while (s.n) {
		size_t n = utf8_sequence(s);
		uint32_t c = n ? utf8_point(s.p, n) : (unsigned char)*s.p;

		if (n && !escape_needed(c))
			buf_add(out, s.p, n);
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else if (c < 0x100)
			buf_printf(out, "\\x%02x", c);
		else
			buf_printf(out, "\\u%04x", c);
		s = str_skip(s, n ? n : 1);
	}
}
