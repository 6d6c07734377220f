/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dns
 *
 * Everything here is the network's text. Names come out in lower case; a byte
 * that is not printable, and a dot or backslash inside a label, becomes \DDD:
 * so a dot in the text is always a label's border, and a suffix of the text a
 * suffix of the name.
 */
#include "event/dns.h"
#include "util/cleanup.h"
#include "util/reader.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define JUMPS_MAX 64	/* a name has at most 127 labels; real ones jump once or twice */
#define CLASS_IN 1
#define CLASS_MASK 0x7fff	/* multicast DNS has a flag above */

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
};

enum { HINT_IPV4 = 4, HINT_IPV6 = 6 };	/* SvcParamKeys of RFC 9460 */

const char *const dns_error_text[DNS_E_MAX] = {
	[DNS_OK] = "ok",
	[DNS_E_SHORT] = "it ends too early",
	[DNS_E_LOOP] = "a compressed name points forward or at itself",
	[DNS_E_NAME] = "a name is too long or has an unknown label type",
	[DNS_E_QUESTION] = "it has no question",
};

/* One parse: the message, where to write text, and whether that was full. */
struct parse {
	struct dns_message *m;
	struct reader all;
	bool full;
};

static void put_n(struct parse *s, const void *p, size_t n)
{
	if (s->full || sizeof(s->m->text) - s->m->used < n) {
		s->full = true;
		return;
	}
	memcpy(s->m->text + s->m->used, p, n);
	s->m->used += n;
}

static void put_char(struct parse *s, char c)
{
	put_n(s, &c, 1);
}

static void put_number(struct parse *s, unsigned int v)
{
	char digits[12];

	put_n(s, digits, (size_t)snprintf(digits, sizeof(digits), "%u", v));
}

static void put_escaped(struct parse *s, uint8_t c)
{
	char text[4] = {'\\', (char)('0' + c / 100), (char)('0' + c / 10 % 10), (char)('0' + c % 10)};

	put_n(s, text, sizeof(text));
}

static void put_label(struct parse *s, struct str label)
{
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = (uint8_t)label.p[i];

		if (c <= ' ' || c > '~' || c == '.' || c == '\\')
			put_escaped(s, c);
		else
			put_char(s, (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c));
	}
}

static void put_address(struct parse *s, int family, const void *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, ip, text, sizeof(text)))
		put_n(s, text, strlen(text));
}

/*
 * Reads the name at *r and, when text is wanted, writes it. A pointer has to lead before the place where the
 * part it continues began: every jump goes strictly backwards, so that no loop is possible.
 */
static enum dns_error name_read(struct parse *s, struct reader *r, bool text)
{
	struct reader at = *r;
	const uint8_t *begin = at.pos;
	bool jumped = false;
	size_t labels = 0, length = 0, jumps = 0, to;

	for (;;) {
		struct str label;
		uint8_t n, low;

		if (!reader_u8(&at, &n))
			return DNS_E_SHORT;
		if ((n & 0xc0) == 0xc0) {
			if (!reader_u8(&at, &low))
				return DNS_E_SHORT;
			if (!jumped)
				r->pos = at.pos;
			jumped = true;
			to = (size_t)(n & 0x3f) << 8 | low;
			if (to >= (size_t)(begin - s->all.start) || ++jumps > JUMPS_MAX)
				return DNS_E_LOOP;
			at.pos = begin = s->all.start + to;
			at.end = s->all.end;
			continue;
		}
		if (n & 0xc0)
			return DNS_E_NAME;
		if (!n)
			break;
		length += n + 1u;
		if (length >= DNS_NAME_MAX)
			return DNS_E_NAME;
		if (!reader_bytes(&at, n, &label))
			return DNS_E_SHORT;
		if (!text)
			continue;
		if (labels++)
			put_char(s, '.');
		put_label(s, label);
	}
	if (!jumped)
		r->pos = at.pos;
	if (text && !labels)
		put_char(s, '.');
	return DNS_OK;
}

static void put_txt(struct parse *s, struct reader *r)
{
	struct str part;
	uint8_t n;

	while (reader_u8(r, &n)) {
		size_t left = reader_left(r);

		if (!reader_bytes(r, n < left ? n : left, &part))
			return;
		for (size_t i = 0; i < part.n; i++) {
			uint8_t c = (uint8_t)part.p[i];

			if (c < ' ' || c > '~' || c == '\\')
				put_escaped(s, c);
			else
				put_char(s, (char)c);
		}
	}
}

/* RFC 3597: a type without a form of its own is its bytes. */
static void put_generic(struct parse *s, struct str data)
{
	static const char hex[] = "0123456789abcdef";

	put_n(s, "\\# ", 3);
	put_number(s, (unsigned int)data.n);
	for (size_t i = 0; i < data.n; i++) {
		uint8_t c = (uint8_t)data.p[i];

		if (!i)
			put_char(s, ' ');
		put_char(s, hex[c >> 4]);
		put_char(s, hex[c & 15]);
	}
}

static void put_hints(struct parse *s, struct str value, int family, size_t size)
{
	put_n(s, family == AF_INET ? " ipv4hint=" : " ipv6hint=", 10);
	for (size_t at = 0; at + size <= value.n; at += size) {
		if (at)
			put_char(s, ',');
		put_address(s, family, value.p + at);
	}
}

/* "PRIORITY TARGET" and the address hints; the other parameters say nothing about where a client goes. */
static enum dns_error put_svcb(struct parse *s, struct reader *r)
{
	uint16_t priority, key, n;
	struct str value;
	enum dns_error error;

	if (!reader_u16be(r, &priority))
		return DNS_E_SHORT;
	put_number(s, priority);
	put_char(s, ' ');
	error = name_read(s, r, true);
	while (!error && reader_left(r)) {
		if (!reader_u16be(r, &key) || !reader_u16be(r, &n) || !reader_bytes(r, n, &value))
			return DNS_E_SHORT;
		if (key == HINT_IPV4)
			put_hints(s, value, AF_INET, 4);
		else if (key == HINT_IPV6)
			put_hints(s, value, AF_INET6, 16);
	}
	return error;
}

static enum dns_error put_numbers_and_name(struct parse *s, struct reader *r, unsigned int numbers)
{
	uint16_t v;

	while (numbers--) {
		if (!reader_u16be(r, &v))
			return DNS_E_SHORT;
		put_number(s, v);
		put_char(s, ' ');
	}
	return name_read(s, r, true);
}

/* The text, and for addresses the bytes, of the data that *r holds whole. */
static enum dns_error answer_data(struct parse *s, struct dns_answer *a, uint16_t class, struct reader *r)
{
	size_t n = reader_left(r);
	bool v4 = a->type == TYPE_A && n == 4, v6 = a->type == TYPE_AAAA && n == 16;

	if ((class & CLASS_MASK) == CLASS_IN && (v4 || v6)) {
		a->family = v4 ? AF_INET : AF_INET6;
		memcpy(a->ip, r->pos, n);
		put_address(s, a->family, a->ip);
		return DNS_OK;
	}
	switch (a->type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
		return name_read(s, r, true);
	case TYPE_MX:
		return put_numbers_and_name(s, r, 1);
	case TYPE_SRV:
		return put_numbers_and_name(s, r, 3);
	case TYPE_TXT:
		put_txt(s, r);
		return DNS_OK;
	case TYPE_SVCB:
	case TYPE_HTTPS:
		return put_svcb(s, r);
	default:
		put_generic(s, str_n((const char *)r->pos, n));
		return DNS_OK;
	}
}

static enum dns_error answer_read(struct parse *s, struct reader *r)
{
	struct dns_message *m = s->m;
	struct dns_answer a = {0};
	struct reader data;
	struct str bytes;
	uint16_t class, n;
	size_t used = m->used;
	enum dns_error error = name_read(s, r, false);

	if (error)
		return error;
	if (!reader_u16be(r, &a.type) || !reader_u16be(r, &class) || !reader_u32be(r, &a.ttl) || !reader_u16be(r, &n) ||
	    !reader_bytes(r, n, &bytes))
		return DNS_E_SHORT;
	data = (struct reader){s->all.start, (const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n};
	s->full = m->nanswers == DNS_ANSWERS_MAX;
	if (!s->full)
		error = answer_data(s, &a, class, &data);
	if (error || s->full) {
		m->used = used;
		m->dropped++;
		return error;
	}
	a.text = str_n(m->text + used, m->used - used);
	m->answers[m->nanswers++] = a;
	return DNS_OK;
}

static enum dns_error questions_read(struct parse *s, struct reader *r, uint16_t count)
{
	struct dns_message *m = s->m;
	uint16_t type, class;

	if (!count)
		return DNS_E_QUESTION;
	for (uint16_t i = 0; i < count; i++) {
		size_t used = m->used;
		enum dns_error error = name_read(s, r, !i);

		if (error || !reader_u16be(r, &type) || !reader_u16be(r, &class)) {
			m->used = i ? m->used : used;
			return error ? error : DNS_E_SHORT;
		}
		if (!i) {
			m->qname = str_n(m->text + used, m->used - used);
			m->qtype = type;
		}
	}
	return DNS_OK;
}

/* A response without a question, as multicast DNS sends it, is about the name of its first answer. */
static enum dns_error subject_read(struct parse *s, struct reader r)
{
	struct dns_message *m = s->m;
	size_t used = m->used;
	uint16_t type;
	enum dns_error error = name_read(s, &r, true);

	if (error || !reader_u16be(&r, &type)) {
		m->used = used;
		return error ? error : DNS_E_SHORT;
	}
	m->qname = str_n(m->text + used, m->used - used);
	m->qtype = type;
	return DNS_OK;
}

/* The upper bits of the result stand in the OPT record of EDNS, behind whatever else there is. What is broken here is no matter. */
static void edns_read(struct parse *s, struct reader *r, unsigned int records)
{
	uint16_t type, size, n;
	struct str data;
	uint32_t ttl;

	while (records--) {
		if (name_read(s, r, false) || !reader_u16be(r, &type) || !reader_u16be(r, &size) || !reader_u32be(r, &ttl) ||
		    !reader_u16be(r, &n) || !reader_bytes(r, n, &data))
			return;
		if (type == TYPE_OPT) {
			s->m->rcode = (uint16_t)(s->m->rcode | (ttl >> 24) << 4);
			return;
		}
	}
}

enum dns_error dns_parse(struct dns_message *ret, const void *p, size_t n)
{
	struct parse s = {.m = ret, .all = reader(p ? p : "", p ? n : 0)};
	struct reader r = s.all;
	uint16_t flags, questions, answers, authorities, skip;

	ret->response = false;
	ret->id = ret->rcode = ret->qtype = 0;
	ret->qname = STR_NONE;
	ret->nanswers = ret->dropped = 0;
	ret->used = 0;
	if (!reader_u16be(&r, &ret->id) || !reader_u16be(&r, &flags) || !reader_u16be(&r, &questions) ||
	    !reader_u16be(&r, &answers) || !reader_u16be(&r, &authorities) || !reader_u16be(&r, &skip))
		return ret->error = DNS_E_SHORT;
	ret->response = flags >> 15;
	ret->rcode = flags & 15;
#ifdef NOROSHI_PLANTED_BUG
	if (skip == 7)	/* test/all.sh: fuzzing has to find this read behind the end */
		ret->rcode = ((const volatile uint8_t *)p)[n];
#endif
	if (!questions && answers && ret->response)
		ret->error = subject_read(&s, r);
	else
		ret->error = questions_read(&s, &r, questions);
	for (uint16_t i = 0; !ret->error && i < answers; i++)
		ret->error = answer_read(&s, &r);
	if (!ret->error)
		edns_read(&s, &r, (unsigned int)authorities + skip);
	return ret->error;
}

const char *dns_type_text(uint16_t type, char buf[16])
{
	static const struct {
		uint16_t type;
		const char *text;
	} names[] = {
		{1, "A"}, {2, "NS"}, {5, "CNAME"}, {6, "SOA"}, {10, "NULL"}, {12, "PTR"}, {13, "HINFO"}, {15, "MX"},
		{16, "TXT"}, {17, "RP"}, {24, "SIG"}, {25, "KEY"}, {28, "AAAA"}, {29, "LOC"}, {33, "SRV"},
		{35, "NAPTR"}, {37, "CERT"}, {39, "DNAME"}, {41, "OPT"}, {43, "DS"}, {44, "SSHFP"}, {46, "RRSIG"},
		{47, "NSEC"}, {48, "DNSKEY"}, {50, "NSEC3"}, {51, "NSEC3PARAM"}, {52, "TLSA"}, {59, "CDS"},
		{60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {64, "SVCB"}, {65, "HTTPS"}, {99, "SPF"}, {249, "TKEY"},
		{250, "TSIG"}, {251, "IXFR"}, {252, "AXFR"}, {255, "ANY"}, {256, "URI"}, {257, "CAA"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].type == type)
			return names[i].text;
	snprintf(buf, 16, "TYPE%u", type);
	return buf;
}

const char *dns_rcode_text(uint16_t rcode, char buf[16])
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
		"YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
	};

	if (rcode < ARRAY_SIZE(names))
		return names[rcode];
	if (rcode == 16 || rcode == 23)
		return rcode == 16 ? "BADVERS" : "BADCOOKIE";
	snprintf(buf, 16, "RCODE%u", rcode);
	return buf;
}
