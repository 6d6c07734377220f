/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a ring record: refused, or every slot can be read. */
#include "event/attr.h"
#include "event/decode.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	void *rec = malloc(n ? n : 1);	/* aligned, and exactly that long */
	uint32_t size = (uint32_t)n;
	volatile char last;
	struct event ev;

	memcpy(rec, data, n);
	/* The true length, which the sensor knows: the fuzzer need not guess it. */
	if (n >= sizeof(struct wire_hdr) && n % 2)
		memcpy((char *)rec + offsetof(struct wire_hdr, size), &size, sizeof(size));
	if (decode(&ev, rec, n, 0) == DECODE_OK) {
		const struct event_desc *e = &event_table[ev.rec->hdr.type];

		for (unsigned int i = 0; i < e->nattrs; i++) {
			const char *slot = (const char *)rec + e->attrs[i].off;
			struct wire_blob b;
			struct str s;

			if (e->attrs[i].kind != ATTR_BLOB)
				continue;
			memcpy(&b, slot, sizeof(b));
			s = event_blob(&ev, b);
			for (size_t j = 0; j < s.n; j++)
				last = s.p[j];
		}
		(void)last;
	}
	free(rec);
	return 0;
}
