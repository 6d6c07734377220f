/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap addr
 *
 * Socket addresses of a .scap capture: as parameters of an event, in a
 * descriptor, as text.
 */
#ifndef EVENT_SCAP_ADDR_H
#define EVENT_SCAP_ADDR_H

#include "event/scap_state.h"
#include "util/buf.h"

enum { SCAP_AF_UNIX = 1, SCAP_AF_INET = 2, SCAP_AF_INET6 = 10 };

/* An address or a pair of them, read from a parameter. */
struct scap_tuple {
	uint8_t family;		/* as it means: a mapped IPv4 address is SCAP_AF_INET */
	uint8_t sip[16], dip[16];
	uint16_t sport, dport;
	uint64_t source, peer;	/* of a unix socket */
	struct str path;
};

/* False for what is too short for its family, and for a family that is none of these. */
bool scap_tuple_read(struct scap_tuple *t, struct str bytes);
bool scap_address_read(struct scap_tuple *t, struct str bytes);	/* into the d side */

void scap_tuple_text(const struct scap_tuple *t, struct buf *out);
void scap_address_text(const struct scap_tuple *t, struct buf *out);

/* The name of a descriptor: its addresses if it is a socket, else the text. */
void scap_fd_name(struct scap_state *s, struct scap_fd *fd, struct str text);
void scap_ip_text(bool v6, const uint8_t ip[16], struct buf *out);

static inline bool scap_fd_v6(const struct scap_fd *fd)
{
	return fd->type == SCAP_FD_IPV6 || fd->type == SCAP_FD_IPV6_SERVER;
}

static inline bool scap_fd_is_pair(const struct scap_fd *fd)
{
	return fd->type == SCAP_FD_IPV4 || fd->type == SCAP_FD_IPV6;
}

static inline bool scap_fd_is_server(const struct scap_fd *fd)
{
	return fd->type == SCAP_FD_IPV4_SERVER || fd->type == SCAP_FD_IPV6_SERVER;
}

static inline bool scap_fd_is_file(const struct scap_fd *fd)
{
	return fd->type == SCAP_FD_FILE || fd->type == SCAP_FD_FILE2;
}

/* Sets the pair. True when it says anything new: not when it is the same one, in either direction. */
bool scap_fd_pair(struct scap_fd *fd, const struct scap_tuple *t, bool overwrite);

#endif
