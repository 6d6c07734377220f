/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tls
 *
 * The beginning of a connection that speaks TLS → what its ClientHello says in
 * clear: the name of the server, versions, protocols. The records may be cut at
 * any place; what stands before the cut is read.
 */
#ifndef EVENT_TLS_H
#define EVENT_TLS_H

#include "util/limits.h"
#include "util/str.h"

struct tls_hello {
	struct str sni;				/* lower case; {NULL, 0} without one */
	uint16_t version;			/* the highest that it offers, 0x0303 is TLS 1.2; 0 when unknown */
	unsigned int nalpn;
	struct str alpn[TLS_ALPN_MAX];		/* protocols it offers, as it orders them */
	size_t used;				/* of text[] */
	char text[TLS_TEXT_MAX];
};

/* Reads the bytes; false when they are no ClientHello. What could not be read is missing. */
bool tls_parse(struct tls_hello *ret, const void *p, size_t n);

/* "TLS 1.3", or NULL for a number that is no version. */
const char *tls_version_text(uint16_t version);

#endif
