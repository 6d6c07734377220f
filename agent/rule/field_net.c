/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and ports of an event's socket.
 *
 * Who is client and who is server is decided by the event (fd_view): who
 * connects is the client, who accepts, binds or listens the server.
 */
#include "rule/field_get.h"
#include <netinet/in.h>
#include <sys/socket.h>

enum end { CLIENT, SERVER, LOCAL, REMOTE };

static bool end_is_local(const struct fd_view *f, enum end e)
{
	return e == LOCAL || (e == SERVER && f->server) || (e == CLIENT && !f->server);
}

static bool ip_of(const struct fd_view *f, enum end e, struct value_ip *ret)
{
	bool local = end_is_local(f, e);

	if (f->failed_open || !(local ? f->has_local : f->has_peer))
		return false;
	*ret = local ? f->local : f->peer;
	return true;
}

static int put_ip(const struct field_get *g, struct value *v, enum end e)
{
	struct value_ip ip;
	struct fd_view f;

	if (!fd_view(g, &f) || !ip_of(&f, e, &ip))
		return FIELD_MISSING;
	*v = (struct value){.type = g->ref->type, .ip = ip};
	return 1;
}

static int put_port(const struct field_get *g, struct value *v, enum end e)
{
	struct value_ip ip;
	struct fd_view f;

	if (!fd_view(g, &f) || !ip_of(&f, e, &ip))
		return FIELD_MISSING;
	*v = (struct value){.type = TYPE_PORT, .u = end_is_local(&f, e) ? f.local_port : f.peer_port};
	return 1;
}

static int put_proto(const struct field_get *g, struct value *v, enum end e)
{
	struct text t = text_begin(g->s);
	struct value port;

	if (put_port(g, &port, e) != 1)
		return FIELD_MISSING;
	text_uint(&t, port.u);
	return put_str(v, text_view(&t));
}

/* The name a container resolved belongs to the other side of the connection. */
static int put_name(const struct field_get *g, struct value *v, enum end e)
{
	struct value_ip ip;
	struct fd_view f;

	if (!fd_view(g, &f) || !ip_of(&f, e, &ip) || end_is_local(&f, e))
		return FIELD_MISSING;
	return put_str(v, g->ev->peer_name);
}

#define END(letter, e)                                                                  \
	int get_fd_##letter##ip(const struct field_get *g, struct value *v)             \
	{                                                                               \
		return put_ip(g, v, e);                                                 \
	}                                                                               \
	int get_fd_##letter##port(const struct field_get *g, struct value *v)           \
	{                                                                               \
		return put_port(g, v, e);                                               \
	}                                                                               \
	int get_fd_##letter##proto(const struct field_get *g, struct value *v)          \
	{                                                                               \
		return put_proto(g, v, e);                                              \
	}                                                                               \
	int get_fd_##letter##ip_name(const struct field_get *g, struct value *v)        \
	{                                                                               \
		return put_name(g, v, e);                                               \
	}

END(c, CLIENT)
END(s, SERVER)
END(l, LOCAL)
END(r, REMOTE)

/* Client, then server. As in the original they exist for every descriptor, with values for a socket only. */
int get_fd_ip(const struct field_get *g, struct value *v)
{
	struct fd_view f;
	int n = 0;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	n += put_ip(g, v, CLIENT) == 1;
	n += put_ip(g, v + n, SERVER) == 1;
	return n;
}

int get_fd_port(const struct field_get *g, struct value *v)
{
	struct fd_view f;
	int n = 0;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	n += put_port(g, v, CLIENT) == 1;
	n += put_port(g, v + n, SERVER) == 1;
	return n;
}

const char *fd_l4proto(const struct fd_view *f)
{
	if (f->type != FD_IPV4 && f->type != FD_IPV6)
		return "<NA>";
	switch (f->protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	case IPPROTO_RAW:
		return "raw";
	default:
		return f->sock_type == SOCK_STREAM ? "tcp" : f->sock_type == SOCK_DGRAM ? "udp"
			: f->sock_type == SOCK_RAW ? "raw" : "<NA>";
	}
}

int get_fd_l4proto(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	return put_text(v, fd_l4proto(&f));
}

int get_fd_sockfamily(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	if (f.type == FD_IPV4 || f.type == FD_IPV6)
		return put_text(v, "ip");
	return f.type == FD_UNIX ? put_text(v, "unix") : FIELD_MISSING;
}

static bool is_loopback(const struct value_ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip->family == AF_INET ? ip->ip[0] == 127 : !memcmp(ip->ip, one, sizeof(one));
}

int get_fd_is_server(const struct field_get *g, struct value *v)
{
	struct fd_view f;
	bool same_host;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	same_host = f.has_peer && (is_loopback(&f.peer) || (f.has_local && f.local.family == f.peer.family &&
							    !memcmp(f.local.ip, f.peer.ip, sizeof(f.peer.ip))));
	return put_bool(v, f.server || same_host);
}

int get_fd_connected(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	if (!fd_view(g, &f) || f.failed_open)
		return FIELD_MISSING;
	return put_bool(v, f.connected);
}
