/* SPDX-License-Identifier: Apache-2.0 */
/* Upload token: the bearer token of the upload sink, from a file that may be replaced while the agent runs. */
#ifndef DELIVER_UPLOAD_TOKEN_H
#define DELIVER_UPLOAD_TOKEN_H

#include <stdbool.h>
#include <sys/stat.h>

struct upload_token {
	char *path;	/* NULL: no token is sent */
	char *text;
	struct stat st;	/* of the file it was read from */
};

/* 0, or < 0 with the reason in why: not one line of visible ASCII, or not readable. path may be NULL. */
int upload_token_open(struct upload_token *t, const char *path, char why[256]);
void upload_token_close(struct upload_token *t);

/* Reads the file when it has changed. What cannot be read now leaves the token as it is: it may still do. */
void upload_token_refresh(struct upload_token *t);

/* The token was not taken: reads the file whatever its time says. True when it holds another one. */
bool upload_token_renew(struct upload_token *t);

#endif
