/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server
 *
 * The embedded receiver: POST /v1/findings takes batches, GET /v1/findings
 * gives JSON lines, GET /healthz says whether the store works. A batch is
 * answered with 2xx only when it is on the disk.
 */
#ifndef RECEIVE_SERVER_H
#define RECEIVE_SERVER_H

#include "receive/store.h"
#include <uv.h>

#define SERVER_DEFAULT_LISTEN "127.0.0.1:8443"
#define SERVER_PATH "/v1/findings"

struct server;

struct server_options {
	const char *listen;		/* "ADDR:PORT", "[ADDR]:PORT"; port 0: any that is free */
	const char *cert_file, *key_file;	/* TLS; without them only loopback addresses */
	const char *client_ca_file;	/* clients must show a certificate of this CA */
	const char *token_file;		/* one bearer token a line, any of them; read again when it changes */
	uint64_t keep;			/* findings to keep; 0: RECEIVE_KEEP_MAX */
};

/* Borrows the store. 0, or < 0 with the reason in why. */
int server_new(struct server **ret, const struct server_options *o, struct store *store, uv_loop_t *loop,
	       char why[256]);
const char *server_url(const struct server *s);	/* of SERVER_PATH, with the real port */
struct server *server_free(struct server *s);	/* the loop must run once more before its memory is back */

struct server_stats {
	uint64_t batches, findings, duplicates;	/* stored */
	uint64_t refused, failed;		/* requests answered 4xx, 5xx */
};
void server_stats(const struct server *s, struct server_stats *ret);

#endif
