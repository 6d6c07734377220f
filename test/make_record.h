/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make record
 *
 * Ring records made by hand, for tests and benchmarks: a fixed part and the
 * blobs behind it.
 */
#ifndef TEST_MAKE_RECORD_H
#define TEST_MAKE_RECORD_H

#include "event/attr.h"
#include "event/event.h"
#include <stdlib.h>

struct made {
	union {
		union event_record r;
		struct wire_hdr hdr;
		_Alignas(8) char bytes[WIRE_RECORD_MAX];
	};
};

/* An empty record of that type; the call's type is taken when call is not CALL_NONE. */
static inline union event_record *make(struct made *m, enum event_type type, enum event_call call)
{
	if (call != CALL_NONE)
		type = call_table[call].type;
	memset(m->bytes, 0, event_table[type].size);
	m->hdr.type = (uint16_t)type;
	m->hdr.call = (uint16_t)call;
	m->hdr.size = (uint32_t)event_table[type].size;
	return &m->r;
}

static inline union event_record *make_call(struct made *m, enum event_call call)
{
	return make(m, EVENT_MAX, call);
}

static inline void make_who(struct made *m, uint32_t tgid, uint64_t start, uint32_t exec_id, uint64_t time)
{
	m->hdr.tgid = m->hdr.tid = tgid;
	m->hdr.start = start;
	m->hdr.exec_id = exec_id;
	m->hdr.time = time;
}

static inline void make_blob(struct made *m, struct wire_blob *slot, const void *p, size_t n)
{
	if (n > sizeof(m->bytes) - m->hdr.size)
		abort();
	*slot = (struct wire_blob){(uint16_t)m->hdr.size, (uint16_t)n};
	if (n)
		memcpy(m->bytes + m->hdr.size, p, n);
	m->hdr.size += (uint32_t)n;
}

static inline void make_text(struct made *m, struct wire_blob *slot, const char *s)
{
	make_blob(m, slot, s, strlen(s));
}

#endif
