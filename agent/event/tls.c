/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tls
 *
 * Everything here is the peer's and the attacker's text. The handshake message
 * is first put together out of the records it may be spread over; then it is
 * read in order, each length against what is there.
 */
#include "event/tls.h"
#include "util/cleanup.h"
#include "util/reader.h"

enum { RECORD_HANDSHAKE = 22, CLIENT_HELLO = 1 };
enum { EXT_SERVER_NAME = 0, EXT_ALPN = 16, EXT_VERSIONS = 43 };
enum { NAME_HOST = 0 };

/* The payloads of consecutive handshake records, as far as they are there. */
static size_t join_records(uint8_t *to, size_t room, struct reader r)
{
	size_t n = 0, part;
	uint16_t version, len;
	uint8_t type;

	while (reader_u8(&r, &type) && type == RECORD_HANDSHAKE && reader_u16be(&r, &version) && version >> 8 == 3 &&
	       reader_u16be(&r, &len) && len) {
		part = len < reader_left(&r) ? len : reader_left(&r);
		part = part < room - n ? part : room - n;
		memcpy(to + n, r.pos, part);
		n += part;
		if (part < len)
			break;
		r.pos += part;
	}
	return n;
}

/* A length of 1, 2 or 3 bytes and what it counts; of a hello that is cut, what is there. */
static bool part_of(struct reader *r, unsigned int width, struct reader *ret)
{
	size_t len = 0;
	uint8_t byte;

	while (width--) {
		if (!reader_u8(r, &byte))
			return false;
		len = len << 8 | byte;
	}
	len = len < reader_left(r) ? len : reader_left(r);
	*ret = reader(r->pos, len);
	r->pos += len;
	return true;
}

/* A copy in which what is not printable is \DDD, as names of DNS have it. */
static struct str keep(struct tls_hello *h, struct str s, bool lower)
{
	size_t start = h->used;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];
		bool plain = c > ' ' && c < 127 && c != '\\';

		if (sizeof(h->text) - h->used < 4)
			break;
		if (plain) {
			h->text[h->used++] = (char)(lower && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
			continue;
		}
		h->text[h->used++] = '\\';
		h->text[h->used++] = (char)('0' + c / 100);
		h->text[h->used++] = (char)('0' + c / 10 % 10);
		h->text[h->used++] = (char)('0' + c % 10);
	}
	return str_n(h->text + start, h->used - start);
}

/* A name that was cut is none: it would be another one. */
static void read_names(struct tls_hello *h, struct reader r)
{
	struct reader list;
	struct str name;
	uint16_t len;
	uint8_t type;

	if (!part_of(&r, 2, &list))
		return;
	while (!h->sni.p && reader_u8(&list, &type) && reader_u16be(&list, &len) && reader_bytes(&list, len, &name)) {
		if (type == NAME_HOST && name.n && name.n <= DNS_NAME_MAX)
			h->sni = keep(h, name, true);
	}
}

static void read_alpn(struct tls_hello *h, struct reader r)
{
	struct reader list;
	struct str name;
	uint8_t len;

	if (!part_of(&r, 2, &list))
		return;
	while (h->nalpn < TLS_ALPN_MAX && reader_u8(&list, &len) && len && reader_bytes(&list, len, &name))
		h->alpn[h->nalpn++] = keep(h, name, false);
}

/* The highest that we know: clients put others among them, to see that nobody minds. */
static void read_versions(struct tls_hello *h, struct reader r)
{
	struct reader list;
	uint16_t v;

	if (!part_of(&r, 1, &list))
		return;
	while (reader_u16be(&list, &v)) {
		if (tls_version_text(v) && v > h->version)
			h->version = v;
	}
}

static void read_extensions(struct tls_hello *h, struct reader r)
{
	struct reader all, one;
	uint16_t type;

	if (!part_of(&r, 2, &all))
		return;
	while (reader_u16be(&all, &type) && part_of(&all, 2, &one)) {
		if (type == EXT_SERVER_NAME)
			read_names(h, one);
		else if (type == EXT_ALPN && !h->nalpn)
			read_alpn(h, one);
		else if (type == EXT_VERSIONS)
			read_versions(h, one);
	}
}

bool tls_parse(struct tls_hello *h, const void *p, size_t n)
{
	uint8_t message[TLS_HELLO_MAX], type;
	struct reader r, body, skip;
	struct str bytes;

	h->sni = STR_NONE;
	h->version = 0;
	h->nalpn = 0;
	h->used = 0;
	r = reader(message, join_records(message, sizeof(message), reader(p ? p : "", p ? n : 0)));
	if (!reader_u8(&r, &type) || type != CLIENT_HELLO || !part_of(&r, 3, &body))
		return false;
	if (!reader_u16be(&body, &h->version) || !reader_bytes(&body, 32, &bytes))
		return true;
	if (part_of(&body, 1, &skip) && part_of(&body, 2, &skip) && part_of(&body, 1, &skip))
		read_extensions(h, body);
	return true;
}

const char *tls_version_text(uint16_t version)
{
	static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

	return version >> 8 == 3 && (version & 255) < ARRAY_SIZE(names) ? names[version & 255] : NULL;
}
