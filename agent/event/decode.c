/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decode
 *
 * The only code that trusts nothing. What each event needs checked is laid out
 * at compile time, so that a record costs its own blobs and no loop over
 * another event's.
 */
#include "event/decode.h"
#include "event/attr.h"
#include <sys/socket.h>

const char *const decode_error_text[DECODE_E_MAX] = {
	[DECODE_OK] = "ok",
	[DECODE_E_SHORT] = "shorter than its fixed part",
	[DECODE_E_TYPE] = "unknown event type",
	[DECODE_E_CALL] = "unknown call, or a call of another event",
	[DECODE_E_SIZE] = "its size is not the size received",
	[DECODE_E_BLOB] = "a blob does not lie within the record",
	[DECODE_E_VALUE] = "an address family or descriptor type out of range",
};

/* Offsets of the fields to check, ended by 0: no field lies at 0, the header is there. */
#define BLOBS_MAX 12
#define ADDRS_MAX 4

static const struct shape {
	uint16_t size;
	uint16_t blob[BLOBS_MAX];
} shapes[EVENT_MAX] = {
#define EVENT(ID, name, ring, doc) [EVENT_##ID] = {sizeof(struct wire_##name), {
#define BLOB(ev, field, doc) offsetof(struct wire_##ev, field),
#define END(ev) 0} },
#include "events.def"
};

static const uint16_t addresses[EVENT_MAX][ADDRS_MAX] = {
#define EVENT(ID, name, ring, doc) [EVENT_##ID] = {
#define ADDR(ev, field, doc) offsetof(struct wire_##ev, field),
#define END(ev) 0},
#include "events.def"
};

/* enum fd_type fields: tables are indexed by them later. */
static bool fd_types_good(const union event_record *r)
{
	if (r->hdr.type == EVENT_EXEC)
		return r->exec.stdin_type < FD_TYPE_MAX && r->exec.stdout_type < FD_TYPE_MAX &&
		       r->exec.stderr_type < FD_TYPE_MAX;
	if (r->hdr.type == EVENT_DUP)
		return r->dup.fd_type < FD_TYPE_MAX;
	if (r->hdr.type == EVENT_COPY)
		return r->copy.in_type < FD_TYPE_MAX && r->copy.out_type < FD_TYPE_MAX;
	if (r->hdr.type == EVENT_WRITE)
		return r->write.fd_type < FD_TYPE_MAX;
	return true;
}

static bool addresses_good(const union event_record *r)
{
	for (const uint16_t *off = addresses[r->hdr.type]; *off; off++) {
		const struct wire_addr *a = (const void *)((const char *)r + *off);

		if (a->family != 0 && a->family != AF_INET && a->family != AF_INET6)
			return false;
	}
	return true;
}

static bool call_good(const struct wire_hdr *h)
{
	if (h->call == CALL_NONE)	/* only state has none */
		return h->type == EVENT_CGROUP || h->flags & WIRE_SNAPSHOT;
	return h->call < CALL_MAX && call_table[h->call].type == h->type;
}

enum decode_error decode(struct event *ret, const void *rec, size_t n, uint64_t boot_offset)
{
	const union event_record *r = rec;
	const struct shape *shape;

	if (n < sizeof(r->hdr))
		return DECODE_E_SHORT;
	if (r->hdr.type >= EVENT_MAX)
		return DECODE_E_TYPE;
	if (r->hdr.size != n || n > WIRE_RECORD_MAX)
		return DECODE_E_SIZE;
	shape = &shapes[r->hdr.type];
	if (n < shape->size)
		return DECODE_E_SHORT;
	if (!call_good(&r->hdr))
		return DECODE_E_CALL;
	for (const uint16_t *off = shape->blob; *off; off++) {
		const struct wire_blob *b = (const void *)((const char *)rec + *off);

		if (b->len && (b->off < shape->size || (size_t)b->off + b->len > n))
			return DECODE_E_BLOB;
	}
	if (!addresses_good(r) || !fd_types_good(r))
		return DECODE_E_VALUE;
	*ret = (struct event){
		.time = r->hdr.time + boot_offset,
		.call = (enum event_call)r->hdr.call,
		.rec = r,
	};
	return DECODE_OK;
}
