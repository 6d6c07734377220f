/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap host
 *
 * The blocks of a .scap capture that say how the host was when it began:
 * processes, descriptors, users, interfaces. Rows go into the state; of a row
 * that a later version made longer the rest is passed over.
 */
#ifndef EVENT_SCAP_HOST_H
#define EVENT_SCAP_HOST_H

#include "event/scap_block.h"
#include "event/scap_state.h"

struct scap_machine {
	uint64_t boot_time;
	char hostname[129];
};

/* 0; -EBADMSG with what is wrong; -ENOMEM. */
int scap_host_section(struct str body, char why[128]);
void scap_host_machine(struct scap_machine *m, struct str body);
int scap_host_processes(struct scap_state *s, struct str body, unsigned int version, char why[128]);
int scap_host_fds(struct scap_state *s, struct str body, bool sized, char why[128]);
int scap_host_users(struct scap_state *s, struct str body, bool sized, char why[128]);
int scap_host_interfaces(struct scap_state *s, struct str body, bool sized, char why[128]);

#endif
