/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access
 *
 * Who may talk to the receiver: bearer tokens from a file, client certificates.
 * Private to the receiver.
 */
#ifndef RECEIVE_ACCESS_H
#define RECEIVE_ACCESS_H

#include "util/buf.h"
#include "util/cleanup.h"
#include <microhttpd.h>
#include <sys/stat.h>

struct access_tokens {
	char *path;		/* NULL: no token is asked for */
	struct buf text;	/* the file */
	struct stat st;
};

/* 0, or < 0 with the reason in why: unreadable, or without a single token. */
int access_tokens_open(struct access_tokens *t, const char *path, char why[256]);
void access_tokens_close(struct access_tokens *t);

/* Whether "Authorization: Bearer X" carries one of the tokens; the file is read again when it has changed. */
bool access_token_is_good(struct access_tokens *t, const char *authorization);

/* Whether the client has shown a certificate that the client CA signed, for this use. */
bool access_certificate_is_good(struct MHD_Connection *c);

#endif
