/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: who talks to whom. */
#include "event/scap_step.h"
#include <netinet/in.h>
#include <sys/socket.h>

static uint8_t l4_of(uint32_t type, uint32_t protocol)
{
	bool raw = type == SOCK_RAW;

	switch (protocol) {
	case IPPROTO_TCP:
		return raw ? SCAP_L4_RAW : SCAP_L4_TCP;
	case IPPROTO_UDP:
		return raw ? SCAP_L4_RAW : SCAP_L4_UDP;
	case IPPROTO_ICMP:
		return raw ? SCAP_L4_RAW : SCAP_L4_ICMP;
	case IPPROTO_RAW:
		return SCAP_L4_RAW;
	case IPPROTO_IP:
		type &= 0xff;	/* without the flags */
		return type == SOCK_STREAM ? SCAP_L4_TCP : type == SOCK_DGRAM ? SCAP_L4_UDP : SCAP_L4_UNKNOWN;
	default:
		return SCAP_L4_UNKNOWN;
	}
}

static void add_socket(const struct step *x, int64_t num, uint32_t domain, uint8_t l4)
{
	uint8_t type = domain == SCAP_AF_UNIX ? SCAP_FD_UNIX : domain == SCAP_AF_INET ? SCAP_FD_IPV4
		     : domain == SCAP_AF_INET6 ? SCAP_FD_IPV6 : domain == AF_NETLINK ? SCAP_FD_NETLINK : SCAP_FD_UNKNOWN;
	struct scap_fd *fd = num >= 0 ? scap_step_add(x, num, type) : NULL;

	if (fd)
		fd->l4 = l4;
}

void scap_socket_bound(const struct step *x)
{
	struct scap_tuple t;
	struct scap_fd *fd;
	struct buf name = {};

	if (x->e->result < 0 || !scap_address_read(&t, scap_record_param(&x->e->r, "addr")) || !(fd = scap_step_edit(x)))
		return;
	if (t.family != SCAP_AF_UNIX && t.dport) {	/* a port of one's own: it will listen */
		fd->type = t.family == SCAP_AF_INET6 ? SCAP_FD_IPV6_SERVER : SCAP_FD_IPV4_SERVER;
		memcpy(fd->dip, t.dip, sizeof(fd->dip));
		fd->dport = t.dport;
		fd->role = SCAP_ROLE_SERVER;
	}
	scap_address_text(&t, &name);
	scap_text_set(x->s, &fd->name, buf_view(&name));
	buf_free(&name);
}

static void swap_ends(struct scap_fd *fd)
{
	uint8_t ip[16];
	uint16_t port = fd->sport;

	memcpy(ip, fd->sip, 16);
	memcpy(fd->sip, fd->dip, 16);
	memcpy(fd->dip, ip, 16);
	fd->sport = fd->dport;
	fd->dport = port;
}

void scap_socket_connected(const struct step *x)
{
	struct str tuple = scap_record_param(&x->e->r, "tuple"), addr = scap_enter_param(x->e->enter, "addr");
	struct scap_tuple t;
	struct buf name = {};
	struct scap_fd *fd;

	if ((x->e->result < 0 && x->e->result != -115 /* EINPROGRESS */) || !(fd = scap_step_edit(x)))
		return;
	fd->connected = true;
	if (tuple.p ? !scap_tuple_read(&t, tuple) : !scap_address_read(&t, addr))
		return;
	if (t.family == SCAP_AF_UNIX) {
		if (fd->type != SCAP_FD_UNIX)
			return;
		scap_tuple_text(&t, &name);
		scap_text_set(x->s, &fd->name, buf_view(&name));
		buf_free(&name);
	} else if (tuple.p) {
		if (scap_fd_pair(fd, &t, true) && fd->role == SCAP_ROLE_SERVER && fd->l4 == SCAP_L4_UDP)
			swap_ends(fd);
		scap_fd_name(x->s, fd, STR_NONE);
	} else {
		fd->type = t.family == SCAP_AF_INET6 ? SCAP_FD_IPV6 : SCAP_FD_IPV4;
		memcpy(fd->dip, t.dip, sizeof(fd->dip));
		fd->dport = t.dport;
		return;
	}
	if (fd->role == SCAP_ROLE_NONE)
		fd->role = SCAP_ROLE_CLIENT;
}

void scap_socket_accepted(const struct step *x)
{
	struct scap_tuple t;
	struct scap_fd *fd;
	struct buf name = {};

	if (x->e->result < 0)
		return;
	x->e->thread->last_fd = x->e->result;
	if (!scap_tuple_read(&t, scap_record_param(&x->e->r, "tuple")))
		return;
	fd = scap_step_add(x, x->e->result, SCAP_FD_UNIX);
	if (!fd)
		return;
	if (t.family != SCAP_AF_UNIX) {
		scap_fd_pair(fd, &t, true);
		fd->l4 = SCAP_L4_TCP;
	}
	scap_tuple_text(&t, &name);
	scap_text_set(x->s, &fd->name, buf_view(&name));
	buf_free(&name);
	fd->role = SCAP_ROLE_SERVER;
	fd->connected = true;
}

/* A socket that is not connected has the addresses of its last message. */
static bool addressed(const struct step *x, struct scap_fd *fd, const struct scap_tuple *t)
{
	static const uint8_t none[16];

	if (t->family == SCAP_AF_UNIX) {
		fd->type = SCAP_FD_UNIX;
		return true;
	}
	if (!scap_fd_pair(fd, t, false))
		return false;
	if (fd->l4 == SCAP_L4_UNKNOWN)
		fd->l4 = SCAP_L4_UDP;
	if (!memcmp(fd->sip, none, 16))
		scap_address_near(x->s, scap_fd_v6(fd), fd->dip, fd->sip);
	else if (!memcmp(fd->dip, none, 16))
		scap_address_near(x->s, scap_fd_v6(fd), fd->sip, fd->dip);
	return true;
}

static void message(const struct step *x, bool out)
{
	struct scap_tuple t;
	bool has = scap_tuple_read(&t, scap_record_param(&x->e->r, "tuple"));
	enum scap_role role = out ? SCAP_ROLE_CLIENT : SCAP_ROLE_SERVER;
	struct buf name = {};
	struct scap_fd *fd;

	if (out && !x->e->fd && has && x->e->thread->last_fd >= 0)	/* its socket() was before the capture */
		add_socket(x, x->e->thread->last_fd, t.family, SCAP_L4_UDP);
	if (!x->e->has_result || x->e->result < 0 || !x->e->fd)
		return;
	if (scap_fd_is_pair(x->e->fd) && !x->e->fd->connected && (fd = scap_step_edit(x)))
		fd->connected = true;
	fd = x->e->fd;
	if (!has || (fd->l4 == SCAP_L4_TCP && fd->name && fd->name->n))
		return;
	fd = scap_step_edit(x);
	if (!fd || !addressed(x, fd, &t))
		return;
	if (scap_fd_is_pair(fd)) {
		if (fd->role == SCAP_ROLE_NONE)
			fd->role = role;
		else if (fd->role != role)
			swap_ends(fd);
		scap_fd_name(x->s, fd, STR_NONE);
	} else {
		scap_tuple_text(&t, &name);
		scap_text_set(x->s, &fd->name, buf_view(&name));
		buf_free(&name);
	}
}

void scap_data_moved(const struct step *x)
{
	struct scap_fd *fd = x->e->fd;

	if (!fd || x->e->result < 0 || !scap_fd_is_pair(fd) || fd->connected)
		return;
	fd = scap_step_edit(x);
	if (fd)
		fd->connected = true;
}

void scap_socket_made(const struct step *x)
{
	add_socket(x, x->e->result, (uint32_t)number(x, "domain", 0),
		   l4_of((uint32_t)number(x, "type", 0), (uint32_t)number(x, "proto", 0)));
}

void scap_sent(const struct step *x)
{
	message(x, true);
}

void scap_received(const struct step *x)
{
	message(x, false);
}

void scap_socket_pair_made(const struct step *x)
{
	if (x->e->result < 0 || !given(x, "fd1") || !given(x, "fd2") || number(x, "fd1", -1) == number(x, "fd2", -1))
		return;
	scap_step_add(x, number(x, "fd2", -1), SCAP_FD_UNIX);
	scap_step_add(x, number(x, "fd1", -1), SCAP_FD_UNIX);
}
