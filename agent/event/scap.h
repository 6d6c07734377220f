/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap
 *
 * A capture of Falco or sysdig (.scap, plain or gzip) as events: flat objects,
 * field name → value, as event/json.h takes them. Calls are events when they
 * return, as here; what their entry said is put in. Numbers of events are the
 * original's, which also counts some entries, so there are gaps.
 *
 * The file may come from anywhere: every length is checked, every table has a
 * cap (limits.h), memory does not grow with what the file claims.
 */
#ifndef EVENT_SCAP_H
#define EVENT_SCAP_H

#include "util/cleanup.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct scap;

/* What was not read, or not kept. */
struct scap_losses {
	uint64_t blocks;	/* passed over, of types that nobody here knows */
	uint64_t events;	/* passed over, of types that came later */
	uint64_t threads;	/* thrown out at the cap */
	uint64_t refused;	/* descriptors, texts and names at their caps */
};

/* Whether a file that begins with these bytes is a capture, or a gzip file, which may be one. */
bool scap_begins(const unsigned char *p, size_t n);

/* Takes fd (also when it fails). name is for messages. 0, or -errno and a reason in error[]. */
int scap_open(struct scap **ret, int fd, const char *name, char error[512]);
struct scap *scap_free(struct scap *s);
DEFINE_CLEANUP(struct scap *, scap_free);

/* 1 and an event (new reference) with its number; 0 at the end; -errno, with scap_error() naming the place. */
int scap_next(struct scap *s, json_t **ret, uint64_t *num);
const char *scap_error(const struct scap *s);
struct scap_losses scap_losses(const struct scap *s);

#endif
