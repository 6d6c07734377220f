/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http
 *
 * The beginning of a connection that speaks HTTP/1 in clear → its request line
 * and the host it names. Texts point into the bytes; what they hold is the
 * peer's.
 */
#ifndef EVENT_HTTP_H
#define EVENT_HTTP_H

#include "util/str.h"

struct http_request {
	struct str method;	/* "GET" */
	struct str path;	/* the request's target as it stands there; of a full address what follows the host */
	struct str host;	/* as the target, else the first Host names it, without the port; {NULL, 0} without one */
};

/* False when it does not begin with a request line. What was cut off is missing. */
bool http_parse(struct http_request *ret, const void *p, size_t n);

#endif
