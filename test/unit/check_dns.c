/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dns.h"
#include "util/cleanup.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct dns_message m;

/* A message built byte by byte. */
static struct {
	uint8_t p[65536];
	size_t n;
} w;

static void u8(unsigned int v)
{
	w.p[w.n++] = (uint8_t)v;
}

static void u16(unsigned int v)
{
	u8(v >> 8);
	u8(v & 255);
}

static void header(unsigned int flags, unsigned int questions, unsigned int answers)
{
	w.n = 0;
	u16(0x1234);
	u16(flags);
	u16(questions);
	u16(answers);
	u16(0);
	u16(0);
}

static void bytes(const void *p, size_t n)
{
	memcpy(w.p + w.n, p, n);
	w.n += n;
}

static void name(const char *dotted)
{
	while (*dotted) {
		size_t n = strcspn(dotted, ".");

		u8((unsigned int)n);
		bytes(dotted, n);
		dotted += n + (dotted[n] == '.');
	}
	u8(0);
}

static void question(const char *dotted, unsigned int type)
{
	name(dotted);
	u16(type);
	u16(1);
}

/* An answer whose owner is the question; its data follows. */
static void answer(unsigned int type, unsigned int length)
{
	u16(0xc00c);
	u16(type);
	u16(1);
	u16(0);
	u16(300);
	u16(length);
}

static enum dns_error parse(void)
{
	_cleanup_(freep) uint8_t *exact = malloc(w.n + 1);

	memcpy(exact, w.p, w.n);
	memset(&m, 0xaa, sizeof(m));
	return dns_parse(&m, exact, w.n);
}

static void ck_text(struct str s, const char *want)
{
	ck_assert_msg(str_eq(s, str(want)), "'" STR_FMT "' is not '%s'", STR_ARG(s), want);
}

START_TEST(a_query_has_its_question)
{
	header(0x0100, 1, 0);
	question("WWW.Example.COM", 28);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert(!m.response);
	ck_assert_uint_eq(m.id, 0x1234);
	ck_assert_uint_eq(m.qtype, 28);
	ck_assert_uint_eq(m.rcode, 0);
	ck_assert_uint_eq(m.nanswers, 0);
	ck_text(m.qname, "www.example.com");
	header(0x0100, 1, 0);
	question("", 2);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_text(m.qname, ".");
}
END_TEST

START_TEST(answers_become_text)
{
	header(0x8183, 1, 10);
	question("a.test", 1);
	answer(5, 4);
	bytes("\1b\xc0\x0e", 4);	/* b. + "test" of the question */
	answer(1, 4);
	bytes("\12\0\0\1", 4);
	answer(28, 16);
	bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	answer(15, 4);
	u16(10);
	u16(0xc00c);
	answer(16, 8);
	bytes("\3v=1\3a\"\t", 8);
	answer(33, 8);
	u16(1);
	u16(2);
	u16(443);
	u16(0xc00c);
	answer(65, 17);
	u16(1);
	u8(0);
	u16(1);
	u16(2);
	bytes("h2", 2);
	u16(4);
	u16(4);
	bytes("\1\2\3\4", 4);
	answer(12, 2);
	u16(0xc00c);
	answer(2, 2);
	u16(0xc00c);
	answer(257, 3);
	bytes("\0\xabz", 3);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert(m.response);
	ck_assert_uint_eq(m.rcode, 3);
	ck_assert_uint_eq(m.nanswers, 10);
	ck_text(m.answers[0].text, "b.test");
	ck_assert_uint_eq(m.answers[0].family, 0);
	ck_assert_uint_eq(m.answers[0].ttl, 300);
	ck_text(m.answers[1].text, "10.0.0.1");
	ck_assert_uint_eq(m.answers[1].family, AF_INET);
	ck_assert_mem_eq(m.answers[1].ip, "\12\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	ck_text(m.answers[2].text, "2001:db8::1");
	ck_assert_uint_eq(m.answers[2].family, AF_INET6);
	ck_text(m.answers[3].text, "10 a.test");
	ck_text(m.answers[4].text, "v=1a\"\\009");
	ck_text(m.answers[5].text, "1 2 443 a.test");
	ck_text(m.answers[6].text, "1 . ipv4hint=1.2.3.4");
	ck_text(m.answers[7].text, "a.test");
	ck_text(m.answers[8].text, "a.test");
	ck_text(m.answers[9].text, "\\# 3 00ab7a");
	ck_assert_uint_eq(m.dropped, 0);
}
END_TEST

START_TEST(no_byte_of_a_label_can_pose_as_a_border)
{
	header(0, 1, 0);
	u8(8);
	bytes("a.b\\ \0\x7f\xff", 8);
	u8(0);
	u16(1);
	u16(1);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_text(m.qname, "a\\046b\\092\\032\\000\\127\\255");
}
END_TEST

START_TEST(loops_and_forward_pointers_end)
{
	static const unsigned int to[] = {12, 13, 14, 0x3fff, 11};

	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		header(0, 1, 0);
		u16(0xc000 | to[i]);
		u16(1);
		u16(1);
		/* 11 lies in the header and is an empty name: odd, but it ends */
		ck_assert_int_eq(parse(), to[i] == 11 ? DNS_OK : DNS_E_LOOP);
	}
	/* Two names that point at each other. */
	header(0x8000, 1, 1);
	question("x", 1);
	u16(0xc000 | (unsigned int)(w.n + 2));
	u16(0xc000 | (unsigned int)(w.n - 2));
	ck_assert_int_eq(parse(), DNS_E_LOOP);
	ck_text(m.qname, "x");
}
END_TEST

START_TEST(a_chain_of_pointers_is_bounded)
{
	unsigned int at;

	header(0x8000, 1, 1);
	question("x", 16);
	answer(16, 400);
	at = (unsigned int)w.n;
	u16(0xc00c);
	for (unsigned int i = 0; i < 199; i++) {	/* each points at the one before */
		u16(0xc000 | at);
		at += 2;
	}
	w.p[7] = 2;	/* a second answer, owned by the last of them */
	u16(0xc000 | at);
	for (int i = 0; i < 10; i++)
		u8(0);
	ck_assert_int_eq(parse(), DNS_E_LOOP);
	ck_assert_uint_eq(m.nanswers, 1);
}
END_TEST

START_TEST(overlong_names_end)
{
	char label[64];

	memset(label, 'a', 63);
	label[63] = 0;
	header(0, 1, 0);
	for (int i = 0; i < 4; i++) {
		u8(i == 3 ? 61 : 63);
		bytes(label, i == 3 ? 61 : 63);
	}
	u8(0);
	u16(1);
	u16(1);
	ck_assert_int_eq(parse(), DNS_OK);	/* 255 bytes: the longest */
	ck_assert_uint_eq(m.qname.n, 253);
	header(0, 1, 0);
	for (int i = 0; i < 4; i++) {
		u8(i == 3 ? 62 : 63);
		bytes(label, i == 3 ? 62 : 63);
	}
	u8(0);
	ck_assert_int_eq(parse(), DNS_E_NAME);
	header(0, 1, 0);
	u8(0x80);
	ck_assert_int_eq(parse(), DNS_E_NAME);
	header(0, 0, 0);
	ck_assert_int_eq(parse(), DNS_E_QUESTION);
}
END_TEST

START_TEST(a_truncated_message_keeps_what_was_read)
{
	size_t whole, after_first;

	header(0x8000, 1, 2);
	question("a.test", 1);
	answer(1, 4);
	bytes("\12\0\0\1", 4);
	after_first = w.n;
	answer(1, 4);
	bytes("\12\0\0\2", 4);
	whole = w.n;
	for (size_t n = 0; n < whole; n++) {
		w.n = n;
		ck_assert_int_eq(parse(), DNS_E_SHORT);
		ck_assert_int_eq(m.error, DNS_E_SHORT);
		ck_assert_uint_eq(m.nanswers, n >= after_first);
		ck_assert((m.qname.p != NULL) == (n >= 12 + 8 + 4));
	}
	w.n = whole;
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert_uint_eq(m.nanswers, 2);
}
END_TEST

START_TEST(answers_beyond_the_bounds_are_counted)
{
	header(0x8000, 1, 100);
	question("a.test", 1);
	for (int i = 0; i < 100; i++) {
		answer(1, 4);
		bytes("\12\0\0\1", 4);
	}
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert_uint_eq(m.nanswers, DNS_ANSWERS_MAX);
	ck_assert_uint_eq(m.dropped, 100 - DNS_ANSWERS_MAX);
	/* One text that has no room; the next one has. */
	header(0x8000, 1, 2);
	question("a.test", 10);
	answer(10, 5000);
	for (int i = 0; i < 5000; i++)
		u8(7);
	answer(1, 4);
	bytes("\12\0\0\1", 4);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert_uint_eq(m.nanswers, 1);
	ck_assert_uint_eq(m.dropped, 1);
	ck_text(m.answers[0].text, "10.0.0.1");
}
END_TEST

START_TEST(mutated_messages_are_safe)
{
	unsigned int seed = 77;
	unsigned int good = 0, bad = 0;
	size_t whole;
	uint8_t copy[512];

	header(0x8000, 1, 3);
	question("www.a.test", 1);
	answer(5, 4);
	bytes("\1b\xc0\x10", 4);
	answer(65, 13);
	u16(1);
	u8(0);
	u16(4);
	u16(4);
	bytes("\1\2\3\4", 4);
	u16(0);
	answer(1, 4);
	bytes("\12\0\0\1", 4);
	whole = w.n;
	memcpy(copy, w.p, whole);
	for (int round = 0; round < 100000; round++) {
		memcpy(w.p, copy, whole);
		for (int k = 0; k < 1 + rand_r(&seed) % 5; k++)
			w.p[(size_t)rand_r(&seed) % whole] = (uint8_t)rand_r(&seed);
		w.n = whole - (size_t)(rand_r(&seed) % 4);
		parse() == DNS_OK ? good++ : bad++;
		ck_assert_uint_le(m.used, sizeof(m.text));
		for (unsigned int i = 0; i < m.nanswers; i++)
			ck_assert(m.answers[i].text.p >= m.text &&
				  m.answers[i].text.p + m.answers[i].text.n <= m.text + m.used);
	}
	ck_assert_uint_gt(good, 100);
	ck_assert_uint_gt(bad, 100);
}
END_TEST

START_TEST(types_and_codes_have_names)
{
	char buf[16];

	ck_assert_str_eq(dns_type_text(1, buf), "A");
	ck_assert_str_eq(dns_type_text(28, buf), "AAAA");
	ck_assert_str_eq(dns_type_text(65, buf), "HTTPS");
	ck_assert_str_eq(dns_type_text(65535, buf), "TYPE65535");
	ck_assert_str_eq(dns_rcode_text(0, buf), "NOERROR");
	ck_assert_str_eq(dns_rcode_text(3, buf), "NXDOMAIN");
	ck_assert_str_eq(dns_rcode_text(65535, buf), "RCODE65535");
}
END_TEST

/* What it says behind the answers: the upper bits of the result. */
START_TEST(edns)
{
	header(0x8181, 1, 0);
	w.p[11] = 1;
	name("example.org");
	u16(1);
	u16(1);
	u8(0);
	u16(41);
	u16(1232);
	u8(1);	/* of 16 + 1 */
	u8(0);
	u16(0);
	u16(0);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert_uint_eq(m.rcode, 17);
	w.n--;	/* cut: what stood before it stands */
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert_uint_eq(m.rcode, 1);
}
END_TEST

/* Multicast DNS answers without repeating the question, and marks its answers. */
START_TEST(no_question)
{
	header(0x8400, 0, 1);
	name("printer.local");
	u16(1);
	u16(0x8001);
	u16(0);
	u16(120);
	u16(4);
	bytes("\12\0\0\1", 4);
	ck_assert_int_eq(parse(), DNS_OK);
	ck_assert(str_eq(m.qname, STR("printer.local")));
	ck_assert_uint_eq(m.qtype, 1);
	ck_assert_uint_eq(m.nanswers, 1);
	ck_assert(str_eq(m.answers[0].text, STR("10.0.0.1")));
	header(0x0100, 0, 1);
	ck_assert_int_eq(parse(), DNS_E_QUESTION);	/* a query without one asks nothing */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dns");
	TCase *c = tcase_create("messages");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_query_has_its_question);
	tcase_add_test(c, answers_become_text);
	tcase_add_test(c, no_byte_of_a_label_can_pose_as_a_border);
	tcase_add_test(c, loops_and_forward_pointers_end);
	tcase_add_test(c, a_chain_of_pointers_is_bounded);
	tcase_add_test(c, overlong_names_end);
	tcase_add_test(c, a_truncated_message_keeps_what_was_read);
	tcase_add_test(c, answers_beyond_the_bounds_are_counted);
	tcase_add_test(c, mutated_messages_are_safe);
	tcase_add_test(c, types_and_codes_have_names);
	tcase_add_test(c, edns);
	tcase_add_test(c, no_question);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
