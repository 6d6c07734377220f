/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query
 *
 * A GET on the loop whose answer is one JSON document: what HTTP providers
 * share. Says of every way to fail which verdict it is.
 */
#ifndef ATTRIBUTION_QUERY_H
#define ATTRIBUTION_QUERY_H

#include "attribution/provider.h"
#include "util/http.h"
#include <jansson.h>

struct query_result {
	enum verdict verdict;
	char why[300];	/* of all but facts */
	json_t *json;	/* of facts; borrowed */
};

typedef void (*query_done_fn)(void *ctx, const struct query_result *r);

struct query;

/* NULL without memory. done is called once, on the loop, never from within; then the query is gone. */
struct query *query_new(struct http_client *c, const struct http_request *r, query_done_fn done, void *ctx);

/* The same of endpoint + path + id, whatever the endpoint ends in. NULL also where http is. */
struct query *query_at(struct http_client *http, const char *endpoint, const char *path, const char *id, query_done_fn done, void *ctx);

void query_cancel(struct query *q);	/* done is not called; NULL is taken */

/* A text of an object; STR_NONE when it is none. */
struct str query_text(json_t *o, const char *key);

#endif
