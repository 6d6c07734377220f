/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check
 *
 * Live answers to "could an agent watch here, and if not, why?": each looks at
 * one thing, and what is amiss with it becomes an issue. Nothing is loaded,
 * mounted or changed; doctor runs them before any agent does.
 */
#ifndef HEALTH_CHECK_H
#define HEALTH_CHECK_H

#include "health/ledger.h"

#define CHECK_SAID_MAX 256

/* What they look at: the host, or a test's double of it. */
struct check_host {
	const char *root;			/* before /proc and /sys; "" */
	const char *release, *machine;		/* NULL: those of uname() */
	int (*try_bpf)(void);			/* makes a map and lets it go: 0 or -errno. NULL: by the system call */
	const char *(*env)(const char *name);	/* NULL: getenv */
};

struct check {
	const struct check_host *host;
	struct ledger *ledger;
	const char *name;
	char said[CHECK_SAID_MAX];	/* what was found, well or not */
	unsigned int raised;
};

/* One check is done: its name, what it found, and how many issues it raised. */
typedef void (*check_fn)(void *ctx, const struct check *c);

/* All of check.def, or only those that an agent does at its start; raised as FEED_CHECKS, what was raised before and is not now is over. */
void checks_run(struct ledger *l, const struct check_host *h, bool all, check_fn fn, void *ctx);

/* Whether the right to load programs is there, by the capabilities alone. */
bool check_has_right(const struct check_host *h);

struct check_sink {
	const char *url, *ca_file, *token_file, *cert_file, *key_file;
	unsigned int connect_timeout_ms, timeout_ms;	/* 0: defaults */
};

/*
 * Whether a receiver answers there, with a request that leaves nothing behind. Blocks until it does, or a time-out. Fills said
 * and raises for the subject ("upload:URL").
 */
void check_upload(struct check *c, const char *subject, const struct check_sink *s);

/* For the checks themselves: raises, and puts the text into said. */
void check_raise(struct check *c, struct ledger_case *k, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void check_say(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
