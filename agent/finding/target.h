/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target
 *
 * What an event from the kernel was done to: a socket or a file, the same for
 * all kinds of record. Folding keys on it, findings show it.
 */
#ifndef FINDING_TARGET_H
#define FINDING_TARGET_H

#include "event/event.h"

struct target_socket {
	struct wire_addr local, peer;	/* family 0: none */
	uint32_t family;		/* of the socket, 0 when unknown */
	uint32_t type, protocol;	/* 0 when unknown */
	struct str path;		/* AF_UNIX */
	const char *direction;		/* "outbound", "inbound", "listening", or NULL */
};

/* False when the event is not about a socket. ev->rec must be set. */
bool target_socket(const struct event *ev, struct target_socket *ret);

#define TARGET_PATH_MAX 8192

struct target_file {
	struct str path;	/* borrowed from the record or in buf */
	struct str raw;		/* as the caller passed it, may be {NULL, 0} */
	struct str other;	/* rename, link: the other path; symlink: its text */
	const char *operation;
	double inode;		/* 0 when unknown */
	uint32_t device, mode;
	bool has_mode;
	char buf[2][TARGET_PATH_MAX];
};

/* False when the event is not about a file. ev->rec must be set. */
bool target_file(const struct event *ev, struct target_file *ret);

/* "tcp" of 6, of a stream over IP; NULL when unknown. "ipv4"; NULL. The address as text. */
const char *target_protocol(uint32_t protocol, uint32_t family, uint32_t type);
const char *target_family(uint32_t family);
#define TARGET_IP_TEXT 46
struct str target_ip(const struct wire_addr *a, char buf[TARGET_IP_TEXT]);	/* {NULL, 0} for family 0 */

#endif
