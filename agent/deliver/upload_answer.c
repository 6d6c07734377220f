/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/upload_answer.h"
#include "noroshi/v1/batch.pb-c.h"
#include "util/cleanup.h"
#include <stdio.h>

#define CONTENT_TYPE "application/x-protobuf"
#define QUOTE_MAX 120	/* bytes quoted of what the receiver said */

/* The first line of a text, unprintable bytes as "?": a receiver's text ends up on terminals. */
static void quote(char dst[QUOTE_MAX + 1], struct str s)
{
	size_t n = 0;

	while (n < s.n && n < QUOTE_MAX && s.p[n] != '\n' && s.p[n] != '\r') {
		dst[n] = s.p[n] >= 0x20 && s.p[n] < 0x7f ? s.p[n] : '?';
		n++;
	}
	dst[n] = 0;
}

/* ": " and the receiver's own words, when it has some that people can read. */
static const char *words(char dst[QUOTE_MAX + 3], const struct http_response *r)
{
	struct str type = http_header(r, "Content-Type");

	dst[0] = 0;
	if (!http_media_type_is(type, "text/plain") && !http_media_type_is(type, "application/json"))
		return dst;
	memcpy(dst, ": ", 2);
	quote(dst + 2, r->body);
	if (!dst[2])
		dst[0] = 0;
	return dst;
}

static void judge_2xx(struct upload_answer *a, const struct http_response *r, size_t count)
{
	Noroshi__V1__UploadResponse *m = NULL;
	char said[QUOTE_MAX + 1];

	a->verdict = UPLOAD_ACK;
	if (!r->body.n)
		return;
	if (http_media_type_is(http_header(r, "Content-Type"), CONTENT_TYPE))
		m = noroshi__v1__upload_response__unpack(NULL, r->body.n, (const uint8_t *)r->body.p);
	if (!m) {
		/* A captive portal or a balancer's page: it has not got the findings. */
		a->verdict = UPLOAD_AGAIN;
		snprintf(a->why, sizeof(a->why), "the answer %d is not from a receiver of findings", r->status);
		return;
	}
	quote(said, str(m->message));
	if (m->accepted && m->accepted < count) {	/* 0 is also what a receiver says that does not count */
		a->not_taken = count - m->accepted;
		snprintf(a->why, sizeof(a->why), "the receiver took %u of %zu findings%s%s", m->accepted, count,
			 said[0] ? ": " : "", said);
	}
	noroshi__v1__upload_response__free_unpacked(m, NULL);
}

/* What a receiver of findings answers to a request it understood and will never take. */
static bool is_refusal(const struct http_response *r)
{
	switch (r->status) {
	case 400:
		/* A proxy in front says it in HTML ("No required SSL certificate was sent"): that can be mended. */
		return !http_media_type_is(http_header(r, "Content-Type"), "text/html");
	case 406:
	case 411:
	case 414:
	case 416:
	case 417:
	case 422:
	case 431:
	case 451:
		return true;
	default:
		return false;
	}
}

static void judge_status(struct upload_answer *a, const struct http_response *r)
{
	char said[QUOTE_MAX + 3];

	words(said, r);
	a->verdict = UPLOAD_AGAIN;
	if (r->status == 413) {
		a->verdict = UPLOAD_TOO_LARGE;
		snprintf(a->why, sizeof(a->why), "too large for the receiver (413)%s", said);
	} else if (r->status == 415) {
		a->verdict = UPLOAD_PLAIN;
		snprintf(a->why, sizeof(a->why), "the receiver does not take this format (415)%s", said);
	} else if (is_refusal(r)) {
		a->verdict = UPLOAD_REFUSE;
		snprintf(a->why, sizeof(a->why), "refused by the receiver (%d)%s", r->status, said);
	} else if (r->status == 401 || r->status == 403) {
		a->verdict = r->status == 401 ? UPLOAD_TOKEN : UPLOAD_AGAIN;
		snprintf(a->why, sizeof(a->why), "not allowed (%d): check the token or client certificate%s",
			 r->status, said);
	} else if (r->status >= 300 && r->status < 400) {
		snprintf(a->why, sizeof(a->why), "redirected (%d), which is not followed: check the URL", r->status);
	} else if (r->status == 404 || r->status == 405) {
		snprintf(a->why, sizeof(a->why), "no receiver of findings at this URL (%d)%s", r->status, said);
	} else if (r->status == 429) {
		snprintf(a->why, sizeof(a->why), "the receiver asks for patience (429)%s", said);
	} else {
		snprintf(a->why, sizeof(a->why), "the receiver answers %d%s", r->status, said);
	}
}

void upload_answer(struct upload_answer *ret, const struct http_response *r, size_t count, uint64_t now_sec)
{
	struct upload_answer a = {.verdict = UPLOAD_AGAIN};

	if (r->error != HTTP_OK)
		snprintf(a.why, sizeof(a.why), "%s", r->text);
	else if (r->status >= 200 && r->status < 300)
		judge_2xx(&a, r, count);
	else
		judge_status(&a, r);
	a.has_retry_after = http_retry_after(http_header(r, "Retry-After"), now_sec, UPLOAD_RETRY_AFTER_MAX,
					     &a.retry_after);
	*ret = a;
}
