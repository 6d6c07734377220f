/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrich
 *
 * Attaches process, container and names to a decoded event, and keeps the
 * tables that this needs. Nothing allocates after enrich_new().
 */
#ifndef ENRICH_ENRICH_H
#define ENRICH_ENRICH_H

#include "enrich/container.h"
#include "enrich/host_facts.h"
#include "enrich/process.h"
#include "event/dns.h"
#include "util/cleanup.h"
#include "util/limits.h"

struct enrich;

struct enrich_options {
	uint32_t processes;	/* rows of the process table, 0 = PROCESS_MAX */
	size_t text_bytes;	/* 0 = PROCESS_TEXT_BYTES_MAX */
};

struct enrich *enrich_new(const struct enrich_options *o);
struct enrich *enrich_free(struct enrich *e);
DEFINE_CLEANUP(struct enrich *, enrich_free);

/*
 * Fills in ev->process, container, dns and peer_name. They stay valid until the next call.
 * Returns false when the record is state only (cgroup, snapshot): nothing is to be matched.
 */
bool enrich_event(struct enrich *e, struct event *ev);

/* Whether the control group was met and is no container's. */
bool enrich_on_host(struct enrich *e, uint64_t cgroup);

/*
 * The processes at the other end of the pipe that was descriptor fd (0 to 2) when the event's process was started, newest
 * first, at most PIPE_ENDS; ended ones too. They are valid as long as the event.
 */
unsigned int enrich_pipe_peers(const struct event *ev, unsigned int fd, const struct process *ret[PIPE_ENDS]);

/*
 * Whether what the event's process writes comes back to it through pipes and the programs between them, at most
 * PIPE_LOOP_MAX with itself: programs that talk to each other and not a pipeline. It may, where the last of them writes to
 * a FIFO with a name: anyone may read that.
 */
bool enrich_pipe_loop(const struct event *ev);

/*
 * What enrich_event() attaches, for somebody who made no event: from rec's cgroup, tgid (0: nobody) and start; the ids in *rec become the
 * process's. Changes no table.
 */
void enrich_who(struct enrich *e, struct event *ev, union event_record *rec);

/* The process ids of the agent itself, 0 for none; and whether one is of these. */
void enrich_set_agent(struct enrich *e, const uint32_t pids[2]);
bool enrich_is_agent(const struct enrich *e, uint32_t pid);

/* Who the container of that control group is; NULL when it is none, or not known. */
struct workload_row *enrich_container_of(struct enrich *e, uint64_t cgroup);

/* All control groups that were met, in no order: c NULL on the host. fn changes nothing of enrich. */
void enrich_groups(const struct enrich *e, void (*fn)(void *ctx, uint64_t cgroup, const struct container *c), void *ctx);

/* Who the containers are that were met; enrich's own. */
struct workloads *enrich_workloads(struct enrich *e);

/* Which host this is: enrich's own, empty until somebody says it; every event points to it. */
struct host_facts *enrich_host(struct enrich *e);

struct enrich_stats {
	struct process_stats process;
	struct container_stats container;
	uint32_t dns_names;
	uint64_t dns_evicted;
	uint64_t pipes_evicted;
	uint64_t dns_malformed[DNS_E_MAX];
};

void enrich_stats(const struct enrich *e, struct enrich_stats *ret);

#endif
