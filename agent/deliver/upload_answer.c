/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/upload_answer.h"
#include "noroshi/v1/batch.pb-c.h"
#include "util/cleanup.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

static const char *cause_of_error(enum http_error e)
{
	static const char *const causes[_HTTP_E_MAX] = {
		[HTTP_E_URL] = "UPLOAD_NO_RECEIVER",
		[HTTP_E_RESOLVE] = "UPLOAD_DNS_FAIL",
		[HTTP_E_CONNECT] = "UPLOAD_CONNECT_FAIL",
		[HTTP_E_TIMEOUT] = "UPLOAD_TIMEOUT",
		[HTTP_E_TLS] = "UPLOAD_TLS_FAIL",
		[HTTP_E_CLOSED] = "UPLOAD_SERVER_ERROR",
		[HTTP_E_TOO_LONG] = "UPLOAD_NO_RECEIVER",
	};

	return causes[e] ? causes[e] : "UNKNOWN";
}

/* The names that signed services give to what is wrong say more than the status. */
static const char *cause_of_words(const struct http_response *r)
{
	static const char *const causes[][2] = {
		{"SignatureDoesNotMatch", "UPLOAD_403_SIGNATURE"}, {"InvalidSignature", "UPLOAD_403_SIGNATURE"},
		{"RequestTimeTooSkewed", "UPLOAD_CLOCK_SKEW"}, {"Signature expired", "UPLOAD_CLOCK_SKEW"},
		{"ExpiredToken", "UPLOAD_TOKEN_EXPIRED"}, {"Throttling", "UPLOAD_THROTTLED"},
		{"ProvisionedThroughputExceeded", "UPLOAD_THROTTLED"}, {"AccessDenied", "UPLOAD_403_DENIED"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		if (r->body.n && memmem(r->body.p, r->body.n, causes[i][0], strlen(causes[i][0])))
			return causes[i][1];
	}
	return NULL;
}

static bool clocks_differ(const struct http_response *r, uint64_t now_sec)
{
	struct str date = http_header(r, "Date");
	char text[64];
	time_t at;

	if (!date.n || date.n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), STR_FMT, STR_ARG(date));
	at = curl_getdate(text, NULL);
	return at > 0 && llabs((long long)at - (long long)now_sec) > UPLOAD_SKEW_SEC;
}

static const char *cause_of_status(const struct http_response *r, uint64_t now_sec)
{
	const char *cause = r->status >= 400 && r->status < 500 ? cause_of_words(r) : NULL;

	if (cause)
		return cause;
	if (r->status < 400 || r->status == 404 || r->status == 405)
		return "UPLOAD_NO_RECEIVER";
	if (r->status >= 500 || r->status == 408)
		return r->status == 408 ? "UPLOAD_TIMEOUT" : "UPLOAD_SERVER_ERROR";
	if (r->status == 407)
		return "UPLOAD_PROXY_FAIL";
	if (r->status == 429)
		return "UPLOAD_THROTTLED";
	if (clocks_differ(r, now_sec))
		return "UPLOAD_CLOCK_SKEW";
	return r->status == 401 ? "UPLOAD_TOKEN_EXPIRED" : r->status == 403 ? "UPLOAD_403_DENIED" : "UPLOAD_REJECTED";
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
	if (r->error != HTTP_OK)
		a.cause = cause_of_error(r->error);
	else if (a.verdict == UPLOAD_ACK)
		a.cause = a.not_taken ? "UPLOAD_PARTIAL_FAIL" : NULL;
	else
		a.cause = cause_of_status(r, now_sec);
	a.has_retry_after = http_retry_after(http_header(r, "Retry-After"), now_sec, UPLOAD_RETRY_AFTER_MAX,
					     &a.retry_after);
	*ret = a;
}
