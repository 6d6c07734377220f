/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink
 *
 * Where findings go. A sink takes whole batches and says when it is done with
 * one; deliver keeps the batch until then. One batch at a time per sink.
 */
#ifndef DELIVER_SINK_H
#define DELIVER_SINK_H

#include "finding/falco.h"
#include "noroshi/v1/batch.pb-c.h"
#include "util/buf.h"
#include <uv.h>

struct sink;

struct batch {
	Noroshi__V1__Finding **v;	/* borrowed from the queue */
	size_t n;
	uint64_t id;			/* grows by one, per agent run; a retry of the same findings keeps it */
	uint64_t lost;			/* findings of this run that this sink could not be given */
	Noroshi__V1__Coverage *heartbeat;	/* then there is no finding; only for a sink that takes them */
};

enum sink_result {
	SINK_DELIVERED,		/* acknowledged: the findings may go */
	SINK_RETRY,		/* not now: the sink itself waits as the peer asked, then is offered the batch again */
	SINK_TOO_LARGE,		/* halve the batch and offer again */
	SINK_REFUSED,		/* never: a batch of one that the peer will not take; counted as lost with a reason */
};

typedef void (*sink_done_fn)(void *ctx, enum sink_result result, const char *why);

struct sink_options {
	const char *target;		/* what follows "upload:" or "file:"; NULL for stdout */
	const char *format;		/* "native" (default), "falco"; NULL = default */
	struct finding_template template;	/* for "falco"; its ctx outlives the sink */
	bool json;			/* stdout: JSON lines */
	const char *agent_id;		/* goes into every FindingBatch */
	/* upload */
	const char *ca_file, *token_file, *compression;	/* "gzip" (default), "zstd", "none" */
	const char *cert_file, *key_file;		/* client certificate */
	unsigned int connect_timeout_ms, timeout_ms;	/* 0 = defaults */
	unsigned int backoff_min_ms, backoff_max_ms;	/* 0 = defaults */
};

struct sink_stats {
	uint64_t batches, findings, bytes;	/* delivered */
	uint64_t retries, refused;
	uint64_t not_taken;			/* of batches that were delivered: the peer says that it kept fewer */
	uint64_t last_success;			/* wall clock ns, 0 = never */
	char last_error[256];			/* "" when the last attempt went well */
	const char *cause;			/* its code of health/issue.def, static; NULL: it has none */
	int status;				/* of the answer to the last attempt, HTTP; 0 without one */
	uint64_t failing_since;			/* wall clock ns of the first attempt since which none went well, 0 */
};

struct sink_ops {
	const char *name;	/* the word before the colon of a sink's SPEC */
	const char *doc;
	bool heartbeats;	/* takes them */
	bool prompt;		/* costs nothing to wake: gets what there is at the end of every burst */
	/* 0 or < 0 with a reason in error[]. Strings of o are copied. */
	int (*open)(struct sink **ret, const struct sink_options *o, uv_loop_t *loop, char error[256]);
	/* As open() does, what can be known without opening or sending anything. May be NULL. */
	int (*check)(const struct sink_options *o, char error[256]);
	/*
	 * Takes the batch; done is called exactly once, at once or later, on the loop's thread. With SINK_RETRY it is
	 * called only after the wait, so that the caller may offer again immediately.
	 */
	void (*send)(struct sink *s, const struct batch *b, sink_done_fn done, void *ctx);
	/* Stops waiting between retries (the agent is ending): the next attempt is made now. */
	void (*hurry)(struct sink *s);
	void (*stats)(const struct sink *s, struct sink_stats *ret);
	/* Abandons what is under way without calling done, closes its handles on the loop; the loop must run once more before free memory is returned. */
	void (*close)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	char target[256];	/* what follows the colon of its SPEC, without a password: for people */
};

#define SINK(variable) extern const struct sink_ops variable;
#include "deliver/sink.def"
extern const struct sink_ops *const sink_list[];	/* sink.def, NULL-terminated */

/* The sink of a SPEC ("stdout", "file:/var/log/x", "upload:https://…"); o.target is set from it. */
int sink_open(struct sink **ret, const char *spec, struct sink_options o, uv_loop_t *loop, char error[256]);

/* Whether it would open, as far as that can be known without opening it. */
int sink_check(const char *spec, struct sink_options o, char error[256]);

#endif
