/* SPDX-License-Identifier: Apache-2.0 */
/* ClientHellos built byte by byte, whole, cut and spread over records; requests of HTTP as they come and as they should not. */
#include "event/http.h"
#include "event/tls.h"
#include "util/cleanup.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	uint8_t p[70000];
	size_t n;
} w;
static struct tls_hello h;

static void u8(unsigned int v)
{
	w.p[w.n++] = (uint8_t)v;
}

static void u16(size_t v)
{
	u8((unsigned int)(v >> 8));
	u8(v & 255);
}

static void bytes(const char *s)
{
	memcpy(w.p + w.n, s, strlen(s));
	w.n += strlen(s);
}

static void zeros(size_t n)
{
	memset(w.p + w.n, 0, n);
	w.n += n;
}

static void extension_name(const char *name)
{
	u16(0);
	u16(strlen(name) + 5);
	u16(strlen(name) + 3);
	u8(0);
	u16(strlen(name));
	bytes(name);
}

static void extension_alpn(void)
{
	u16(16);
	u16(14);
	u16(12);
	u8(2);
	bytes("h2");
	u8(8);
	bytes("http/1.1");
}

static void extension_versions(void)
{
	u16(43);
	u16(7);
	u8(6);
	u16(0x7a7a);
	u16(0x0304);
	u16(0x0303);
}

/* pad: bytes of an unknown extension before the others. */
static void hello(const char *name, size_t pad)
{
	size_t lengths;

	w.n = 0;
	u8(22);
	u16(0x0301);
	u16(0);
	u8(1);
	u8(0);
	u16(0);
	u16(0x0303);
	zeros(32);
	u8(0);
	u16(2);
	u16(0x1301);
	u8(1);
	u8(0);
	lengths = w.n;
	u16(0);
	if (pad) {
		u16(21);
		u16(pad);
		zeros(pad);
	}
	extension_alpn();
	if (name)
		extension_name(name);
	extension_versions();
	w.p[lengths] = (uint8_t)((w.n - lengths - 2) >> 8);
	w.p[lengths + 1] = (uint8_t)(w.n - lengths - 2);
	w.p[3] = (uint8_t)((w.n - 5) >> 8);
	w.p[4] = (uint8_t)(w.n - 5);
	w.p[7] = (uint8_t)((w.n - 9) >> 8);
	w.p[8] = (uint8_t)(w.n - 9);
}

/* The same message in records of n bytes each. */
static void spread(size_t n)
{
	static uint8_t message[sizeof(w.p)];
	size_t all = w.n - 5, at = 0;

	memcpy(message, w.p + 5, all);
	for (w.n = 0; at < all; at += n) {
		size_t part = all - at < n ? all - at : n;

		u8(22);
		u16(0x0301);
		u16(part);
		memcpy(w.p + w.n, message + at, part);
		w.n += part;
	}
}

static const char *sni(void)
{
	static char text[1100];

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(h.sni));
	return h.sni.p ? text : "none";
}

START_TEST(whole)
{
	hello("Api.Example.ORG", 0);
	ck_assert(tls_parse(&h, w.p, w.n));
	ck_assert_str_eq(sni(), "api.example.org");
	ck_assert_uint_eq(h.version, 0x0304);
	ck_assert_str_eq(tls_version_text(h.version), "TLS 1.3");
	ck_assert_uint_eq(h.nalpn, 2);
	ck_assert(str_eq(h.alpn[0], STR("h2")) && str_eq(h.alpn[1], STR("http/1.1")));
	hello(NULL, 0);
	ck_assert(tls_parse(&h, w.p, w.n));
	ck_assert_str_eq(sni(), "none");
	hello("a b\\\n.x", 0);
	ck_assert(tls_parse(&h, w.p, w.n));
	ck_assert_str_eq(sni(), "a\\032b\\092\\010.x");
	hello("far.example.org", 3000);
	ck_assert(tls_parse(&h, w.p, w.n));
	ck_assert_str_eq(sni(), "far.example.org");
	hello("too-far.example.org", TLS_HELLO_MAX);
	ck_assert(tls_parse(&h, w.p, w.n));
	ck_assert_str_eq(sni(), "none");
}
END_TEST

START_TEST(spread_over_records)
{
	for (size_t n = 1; n < 300; n++) {
		hello("split.example.org", 100);
		spread(n);
		ck_assert(tls_parse(&h, w.p, w.n));
		ck_assert_str_eq(sni(), "split.example.org");
		ck_assert_uint_eq(h.nalpn, 2);
	}
}
END_TEST

/* Whatever is missing at its end: the name is the name, or none. */
START_TEST(cut)
{
	size_t known = 0;

	hello("cut.example.org", 0);
	for (size_t n = 0; n <= w.n; n++) {
		bool is = tls_parse(&h, w.p, n);

		ck_assert(is == (n >= 9));
		ck_assert(!h.sni.p || !strcmp(sni(), "cut.example.org"));
		known += h.sni.p != NULL;
	}
	ck_assert_uint_gt(known, 5);
}
END_TEST

START_TEST(no_hello)
{
	static const char *const others[] = {"", "GET / HTTP/1.1\r\n", "\x16\x03\x01", "\x17\x03\x03\x01\x01", "\x80\x2e\x01\x03\x01"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert(!tls_parse(&h, others[i], strlen(others[i])));
	hello("x", 0);
	w.p[5] = 2;	/* ServerHello */
	ck_assert(!tls_parse(&h, w.p, w.n));
	ck_assert_ptr_null(tls_version_text(0x7a7a));
	ck_assert_ptr_null(tls_version_text(0x0305));
}
END_TEST

static const struct {
	const char *bytes, *method, *path, *host;
} requests[] = {
	{"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "GET", "/", "example.org"},
	{"GET /a?b=c HTTP/1.1\r\nAccept: */*\r\nHOST:\texample.org:8080 \r\n\r\nHost: other\r\n", "GET", "/a?b=c", "example.org"},
	{"POST /x HTTP/1.1\nhost: [::1]:80\n\nbody", "POST", "/x", "::1"},
	{"GET http://u@proxied.example:80/p/q HTTP/1.1\r\nHost: other.example\r\n\r\n", "GET", "/p/q", "proxied.example"},
	{"GET http://bare.example HTTP/1.0\r\n\r\n", "GET", "/", "bare.example"},
	{"CONNECT tunnel.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT", "tunnel.example:443", "tunnel.example"},
	{"OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS", "*", ""},
	{"GET / HTTP/1.1\r\n\r\nHost: behind.example\r\n", "GET", "/", ""},
	{"GET / HTTP/1.1\r\nX-Host: no.example\r\nHost : spaced.example\r\n\r\n", "GET", "/", ""},
	{"GET / HTTP/1.1\r\nHost: cut.exam", "GET", "/", ""},
	{"GET /cut/in/the/li", "GET", "/cut/in/the/li", ""},
	{"GET / HTTP/1.1\r\nHost:\r\nHost: second.example\r\n\r\n", "GET", "/", "second.example"},
};

static const char *const no_requests[] = {"", "GET", "GET ", "GET  HTTP/1.1\r\n\r\n", "GET / nothing\r\n\r\n", "get / HTTP/1.1\r\n\r\n",
					   "HTTP/1.1 200 OK\r\n\r\n", "\x16\x03\x01", " / HTTP/1.1\r\n",
					   "METHODTHATISMUCHTOOLONGFORONE / HTTP/1.1\r\n\r\n"};

START_TEST(http)
{
	struct http_request r;

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		ck_assert_msg(http_parse(&r, requests[i].bytes, strlen(requests[i].bytes)), "%s", requests[i].bytes);
		ck_assert_msg(str_eq(r.method, str(requests[i].method)) && str_eq(r.path, str(requests[i].path)),
			      "%s: " STR_FMT " " STR_FMT, requests[i].bytes, STR_ARG(r.method), STR_ARG(r.path));
		ck_assert_msg(requests[i].host[0] ? r.host.p && str_eq(r.host, str(requests[i].host)) : !r.host.p,
			      "%s: host " STR_FMT, requests[i].bytes, STR_ARG(r.host));
	}
	for (size_t i = 0; i < ARRAY_SIZE(no_requests); i++)
		ck_assert_msg(!http_parse(&r, no_requests[i], strlen(no_requests[i])), "%s", no_requests[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hello");
	TCase *t = tcase_create("hello");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, whole);
	tcase_add_test(t, spread_over_records);
	tcase_add_test(t, cut);
	tcase_add_test(t, no_hello);
	tcase_add_test(t, http);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
