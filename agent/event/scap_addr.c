/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_addr.h"
#include "util/reader.h"
#include <arpa/inet.h>

static bool mapped(const uint8_t ip[16])
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(ip, prefix, sizeof(prefix));
}

static void unmap(uint8_t ip[16])
{
	memmove(ip, ip + 12, 4);
	memset(ip + 4, 0, 12);
}

static struct str path(struct reader *r)
{
	struct str s = str_n((const char *)r->pos, reader_left(r));

	return str_n(s.p, strnlen(s.p, s.n));
}

bool scap_tuple_read(struct scap_tuple *t, struct str bytes)
{
	struct reader r;
	size_t n;

	*t = (struct scap_tuple){};
	if (!bytes.n)
		return false;
	r = reader(bytes.p, bytes.n);
	if (!reader_u8(&r, &t->family))
		return false;
	if (t->family == SCAP_AF_UNIX) {
		if (!reader_copy(&r, &t->source, 8) || !reader_copy(&r, &t->peer, 8))
			return false;
		t->path = path(&r);
		return true;
	}
	if (t->family != SCAP_AF_INET && t->family != SCAP_AF_INET6)
		return false;
	n = t->family == SCAP_AF_INET6 ? 16 : 4;
	if (!reader_copy(&r, t->sip, n) || !reader_copy(&r, &t->sport, 2) || !reader_copy(&r, t->dip, n) ||
	    !reader_copy(&r, &t->dport, 2))
		return false;
	if (t->family == SCAP_AF_INET6 && mapped(t->sip) && mapped(t->dip)) {
		t->family = SCAP_AF_INET;
		unmap(t->sip);
		unmap(t->dip);
	}
	return true;
}

bool scap_address_read(struct scap_tuple *t, struct str bytes)
{
	struct reader r;

	*t = (struct scap_tuple){};
	if (!bytes.n)
		return false;
	r = reader(bytes.p, bytes.n);
	if (!reader_u8(&r, &t->family))
		return false;
	if (t->family == SCAP_AF_UNIX) {
		t->path = path(&r);
		return true;
	}
	return (t->family == SCAP_AF_INET || t->family == SCAP_AF_INET6) &&
	       reader_copy(&r, t->dip, t->family == SCAP_AF_INET6 ? 16 : 4) && reader_copy(&r, &t->dport, 2);
}

void scap_ip_text(bool v6, const uint8_t ip[16], struct buf *out)
{
	char text[INET6_ADDRSTRLEN];

	buf_puts(out, inet_ntop(v6 ? AF_INET6 : AF_INET, ip, text, sizeof(text)) ? text : "");
}

static void pair_text(bool v6, const uint8_t *sip, uint16_t sport, const uint8_t *dip, uint16_t dport, struct buf *out)
{
	scap_ip_text(v6, sip, out);
	buf_printf(out, ":%u->", sport);
	scap_ip_text(v6, dip, out);
	buf_printf(out, ":%u", dport);
}

void scap_tuple_text(const struct scap_tuple *t, struct buf *out)
{
	if (t->family == SCAP_AF_UNIX) {
		buf_printf(out, "%llx->%llx ", (unsigned long long)t->source, (unsigned long long)t->peer);
		buf_str(out, t->path);
	} else {
		pair_text(t->family == SCAP_AF_INET6, t->sip, t->sport, t->dip, t->dport, out);
	}
}

void scap_address_text(const struct scap_tuple *t, struct buf *out)
{
	if (t->family == SCAP_AF_UNIX) {
		buf_str(out, t->path);
	} else {
		scap_ip_text(t->family == SCAP_AF_INET6, t->dip, out);
		buf_printf(out, ":%u", t->dport);
	}
}

void scap_fd_name(struct scap_state *s, struct scap_fd *fd, struct str text)
{
	struct buf b = {};

	if (scap_fd_is_pair(fd)) {
		pair_text(scap_fd_v6(fd), fd->sip, fd->sport, fd->dip, fd->dport, &b);
		text = buf_view(&b);
	} else if (scap_fd_is_server(fd)) {
		scap_ip_text(scap_fd_v6(fd), fd->dip, &b);
		buf_printf(&b, ":%u", fd->dport);
		text = buf_view(&b);
	}
	scap_text_set(s, &fd->name, text);
	buf_free(&b);
}

bool scap_fd_pair(struct scap_fd *fd, const struct scap_tuple *t, bool overwrite)
{
	static const uint8_t none[16];
	bool was_pair = fd->type == (t->family == SCAP_AF_INET6 ? SCAP_FD_IPV6 : SCAP_FD_IPV4), changed = false;

	if (was_pair && ((!memcmp(fd->sip, t->sip, 16) && !memcmp(fd->dip, t->dip, 16) && fd->sport == t->sport &&
			  fd->dport == t->dport) ||
			 (!memcmp(fd->sip, t->dip, 16) && !memcmp(fd->dip, t->sip, 16) && fd->sport == t->dport &&
			  fd->dport == t->sport)))
		return false;
	fd->type = t->family == SCAP_AF_INET6 ? SCAP_FD_IPV6 : SCAP_FD_IPV4;
	if (memcmp(fd->sip, t->sip, 16) || fd->sport != t->sport) {
		memcpy(fd->sip, t->sip, 16);
		fd->sport = t->sport;
		changed = true;
	}
	if ((overwrite && memcmp(fd->dip, t->dip, 16)) || !memcmp(fd->dip, none, 16)) {
		memcpy(fd->dip, t->dip, 16);
		changed = true;
	}
	if ((overwrite && fd->dport != t->dport) || !fd->dport) {
		fd->dport = t->dport;
		changed = true;
	}
	return changed;
}
