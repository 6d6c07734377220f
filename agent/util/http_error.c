/* SPDX-License-Identifier: Apache-2.0 */
#include "util/http_error.h"
#include "util/cleanup.h"
#include <errno.h>
#include <stdio.h>

/* OpenSSL's verification results (X509_V_ERR_…), which libcurl passes on as numbers. */
enum {
	VERIFY_NOT_YET_VALID = 9,
	VERIFY_EXPIRED = 10,
	VERIFY_SELF_SIGNED = 18,
	VERIFY_SELF_SIGNED_CHAIN = 19,
	VERIFY_ISSUER_UNKNOWN = 20,
	VERIFY_LEAF_UNVERIFIED = 21,
};

static void say_untrusted(char *dst, size_t room, CURL *easy, const char *detail, const char *host,
			  const char *ca_file)
{
	const char *ca = ca_file ? ca_file : "the system's CA certificates";
	long verify = 0;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verify);
	switch (verify) {
	case VERIFY_NOT_YET_VALID:
		snprintf(dst, room, "the certificate of %s is not valid yet: is this host's clock right?", host);
		return;
	case VERIFY_EXPIRED:
		snprintf(dst, room, "the certificate of %s has expired", host);
		return;
	case VERIFY_SELF_SIGNED:
	case VERIFY_SELF_SIGNED_CHAIN:
	case VERIFY_ISSUER_UNKNOWN:
	case VERIFY_LEAF_UNVERIFIED:
		snprintf(dst, room, "the certificate of %s is not signed by a CA in %s", host, ca);
		return;
	}
	if (strstr(detail, "subject name"))
		snprintf(dst, room, "the certificate is for another name than %s: %s", host, detail);
	else
		snprintf(dst, room, "the certificate of %s cannot be verified: %s", host, detail);
}

static enum http_error say_tls(char *dst, size_t room, CURL *easy, CURLcode code, const char *detail,
			       const char *host, const char *ca_file)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		say_untrusted(dst, room, easy, detail, host, ca_file);
		break;
	case CURLE_SSL_CACERT_BADFILE:
		snprintf(dst, room, "no CA certificates can be read from %s", ca_file ? ca_file : "the system's files");
		break;
	case CURLE_SSL_CERTPROBLEM:
		snprintf(dst, room, "the client certificate or its key cannot be used: %s", detail);
		break;
	default:
		snprintf(dst, room, "no TLS connection with %s: %s", host, detail);
	}
	return HTTP_E_TLS;
}

/* What is no matter of certificates. */
static enum http_error say_transport(char *dst, size_t room, CURL *easy, CURLcode code, const char *detail,
				     const char *host, unsigned int port)
{
	long os = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os);
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		snprintf(dst, room, "not a usable URL: %s", detail);
		return HTTP_E_URL;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		snprintf(dst, room, "the name %s cannot be resolved", host);
		return HTTP_E_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		snprintf(dst, room, "no connection to %s port %u: %s", host, port, os ? strerror((int)os) : detail);
		return HTTP_E_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		snprintf(dst, room, "no answer from %s port %u in time: %s", host, port, detail);
		return HTTP_E_TIMEOUT;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
		snprintf(dst, room, "%s ended the connection before its answer was complete: %s", host, detail);
		return HTTP_E_CLOSED;
	case CURLE_WRITE_ERROR:
		snprintf(dst, room, "the answer of %s is longer than is read", host);
		return HTTP_E_TOO_LONG;
	default:
		snprintf(dst, room, "%s: %s", host, detail);
		return HTTP_E_OTHER;
	}
}

/* With TLS 1.3 a refused client certificate arrives as an alert after the handshake, as a failed read. */
static bool is_tls(CURLcode code, const char *detail)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return true;
	default:
		return strstr(detail, "alert") && strstr(detail, "SSL");
	}
}

enum http_error http_error_explain(char *dst, size_t room, CURL *easy, CURLcode code, const char *detail,
				   const char *url, const char *ca_file)
{
	_cleanup_(http_url_free) struct http_url u = {};
	const char *host;

	if (room)
		dst[0] = 0;
	if (code == CURLE_OK)
		return HTTP_OK;
	if (!detail[0])
		detail = curl_easy_strerror(code);
	host = http_url_parse(&u, url) < 0 ? "the server" : u.host;
	if (is_tls(code, detail))
		return say_tls(dst, room, easy, code, detail, host, ca_file);
	return say_transport(dst, room, easy, code, detail, host, u.port);
}
