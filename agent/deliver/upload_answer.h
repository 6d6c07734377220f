/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload answer
 *
 * What a receiver's answer means for the batch. Only a 2xx whose body is empty
 * or an UploadResponse acknowledges; whatever another request could mend keeps
 * the data. Private to the upload sink.
 */
#ifndef DELIVER_UPLOAD_ANSWER_H
#define DELIVER_UPLOAD_ANSWER_H

#include "util/http.h"

enum upload_verdict {
	UPLOAD_ACK,
	UPLOAD_AGAIN,	/* later: after retry_after seconds, or as long as the backoff says */
	UPLOAD_TOKEN,	/* the bearer token is not taken: read it again, then as UPLOAD_AGAIN */
	UPLOAD_PLAIN,	/* the coding is not taken: without it, then as UPLOAD_REFUSE */
	UPLOAD_TOO_LARGE,
	UPLOAD_REFUSE,
};

struct upload_answer {
	enum upload_verdict verdict;
	bool has_retry_after;
	unsigned int retry_after;	/* seconds, at most UPLOAD_RETRY_AFTER_MAX */
	size_t not_taken;		/* findings of the batch that the receiver says it has not kept; with UPLOAD_ACK */
	char why[256];			/* for people; "" with a plain UPLOAD_ACK */
	const char *cause;		/* the code of health/issue.def that this is, NULL with a plain UPLOAD_ACK; static */
};

#define UPLOAD_RETRY_AFTER_MAX (15 * 60)
#define UPLOAD_SKEW_SEC (5 * 60)	/* so much a receiver's clock may differ: signatures and certificates are judged like that */

/* count: findings in the batch that was sent. */
void upload_answer(struct upload_answer *ret, const struct http_response *r, size_t count, uint64_t now_sec);

#endif
