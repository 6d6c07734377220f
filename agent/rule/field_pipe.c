/* SPDX-License-Identifier: Apache-2.0 */
/* Who sits at the other end of a process's standard pipes, and whom those talk to. */
#include "enrich/enrich.h"
#include "rule/field_get.h"

_Static_assert(PIPE_ENDS <= FIELD_VALUES_MAX, "every peer has its value");

typedef int (*peer_put)(struct value *v, const struct process *p);

static int put_peers(const struct field_get *g, struct value *v, unsigned int fd, peer_put put)
{
	const struct process *peers[PIPE_ENDS];
	unsigned int n = enrich_pipe_peers(g->ev, fd, peers);
	int values = 0;

	for (unsigned int i = 0; i < n; i++)
		values += put(v + values, peers[i]) == 1;
	return values ? values : FIELD_MISSING;
}

static int put_peer_name(struct value *v, const struct process *p)
{
	return p->image ? put_str(v, p->image->comm) : FIELD_MISSING;
}

static int put_peer_exepath(struct value *v, const struct process *p)
{
	return p->image ? put_str(v, p->image->exepath) : FIELD_MISSING;
}

static int put_peer_pid(struct value *v, const struct process *p)
{
	return put_int(v, p->pid);
}

static int put_peer_rip(struct value *v, const struct process *p)
{
	struct value ip = {.type = TYPE_IP};

	if (!wire_ip(&p->peer, &ip.ip))
		return FIELD_MISSING;
	*v = ip;
	return 1;
}

static int put_peer_rport(struct value *v, const struct process *p)
{
	return p->peer.family ? put_uint(v, p->peer.port) : FIELD_MISSING;
}

#define PEER(field)                                                                      \
	int get_proc_stdin_peer_##field(const struct field_get *g, struct value *v)      \
	{                                                                                \
		return put_peers(g, v, 0, put_peer_##field);                             \
	}                                                                                \
	int get_proc_stdout_peer_##field(const struct field_get *g, struct value *v)     \
	{                                                                                \
		return put_peers(g, v, 1, put_peer_##field);                             \
	}

PEER(name)
PEER(exepath)
PEER(pid)
PEER(rip)
PEER(rport)

int get_proc_stdout_loops(const struct field_get *g, struct value *v)
{
	return get_image(g) ? put_bool(v, enrich_pipe_loop(g->ev)) : FIELD_MISSING;
}
