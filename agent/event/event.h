/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event
 *
 * What happened, decoded: a view of one record, with pointers that enrich
 * fills in. It owns nothing and lives as long as the record; whoever wants to
 * keep something copies it.
 *
 * An event comes from the kernel (or a recording of it), then rec is set, or
 * from a line of JSON, then fields is set. Only agent/rule/field.c needs to
 * know the difference.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "util/str.h"
#include "wire.h"

struct enrich;
struct host_facts;
struct process;
struct container;
struct json_fields;
struct dns_message;
struct tls_hello;
struct http_request;

/* Any record, by its type; a pointer that decode_check() has passed is safe to read through. */
union event_record {
	struct wire_hdr hdr;
#define EVENT(ID, name, ring, doc) struct wire_##name name;
#include "events.def"
};

struct event {
	uint64_t num;				/* 1 for the first event of a source; never 0 */
	uint64_t time;				/* wall clock, ns since the epoch */
	enum event_call call;			/* evt.type */
	const union event_record *rec;		/* NULL for an event from JSON */
	const struct json_fields *fields;	/* NULL for an event from a record */

	/* enrich */
	struct process *process;		/* who; NULL when the process is unknown */
	const struct container *container;	/* NULL on the host */
	const struct process *target;		/* whom a call was aimed at, when known */
	const struct container *target_container;	/* NULL on the host */
	const struct dns_message *dns;		/* decoded payload of a DNS event, or NULL */
	const struct tls_hello *tls;		/* of an event `tls`, or NULL */
	const struct http_request *http;	/* of an event `http`, or NULL */
	struct str peer_name;			/* name that this container resolved to the peer's address */
	const struct host_facts *host;		/* which host this is; NULL when nobody knows */
	const struct enrich *tables;		/* for what is looked up when a rule asks: enrich_pipe_peers() */
};

/* The bytes of a blob of ev->rec, {NULL, 0} when it is empty. */
static inline struct str event_blob(const struct event *ev, struct wire_blob b)
{
	return b.len ? str_n((const char *)ev->rec + b.off, b.len) : STR_NONE;
}

#endif
