/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source
 *
 * Where records come from: the live kernel or a recorded file. Both feed the
 * same callback, on the loop's thread.
 */
#ifndef SENSOR_SOURCE_H
#define SENSOR_SOURCE_H

#include "event/needs.h"
#include "util/cleanup.h"
#include <jansson.h>
#include <uv.h>

struct source;

struct source_handler {
	/* One record of n bytes, aligned to 8, gone when the call returns. Must not block. */
	void (*record)(void *ctx, const void *rec, size_t n);
	/* A burst is over (rings drained for now): time to flush what was gathered. */
	void (*idle)(void *ctx);
	/* No more records will come: end of file, or the sensor is gone (error < 0 and a text). */
	void (*end)(void *ctx, int error, const char *why);
	void *ctx;
};

struct source_ops {
	const char *name;
	int (*start)(struct source *s, uv_loop_t *loop, const struct source_handler *h);
	void (*stop)(struct source *s);	/* drains what is there into the handler, then stops; idempotent */
	json_t *(*coverage)(struct source *s);	/* new reference: see coverage.h; NULL when it has none */
	const struct wire_group *(*groups)(const struct source *s);	/* what control groups lost, GROUPS_MAX of them; NULL where none can */
	uint64_t (*boot_offset)(const struct source *s);	/* wall - boottime of its records, ns; a live one follows the clock: ask again in idle() */
	struct source *(*free)(struct source *s);	/* returns NULL */
};

struct source {
	const struct source_ops *ops;
};

/*
 * The live kernel. Starts the sensor process (which keeps the capabilities); it reads the kernel's types while the
 * caller reads rules, and inherits none of them. Until source_kernel_begin() only free() may be called. 0, or < 0 with
 * a reason in error[]. Call before any thread exists and before capabilities are dropped.
 */
int source_kernel_fork(struct source **ret, char error[512]);

/*
 * Has the sensor load what `needs` asks for and maps its rings. 0, or < 0 with a reason and a remedy in error[]: -EPERM
 * without the right, -ENOTSUP without the kernel feature. Then as well only free() may be called.
 */
int source_kernel_begin(struct source *s, const struct needs *needs, char error[512]);

/* Both. */
int source_kernel_new(struct source **ret, const struct needs *needs, char error[512]);

/*
 * Other rules will want other things: from now on what the new needs ask for leaves the kernel as well. 0 when what is
 * attached suffices; 1 when the sensor is told to attach more, which takes it a moment (coverage() says how it went);
 * < 0 when it cannot be told, and nothing has changed. Needs no capability.
 */
int source_kernel_widen(struct source *s, const struct needs *needs);

/* The new rules are in force: from now on only what they ask for leaves the kernel. */
void source_kernel_settle(struct source *s);

/* The control group was met, and it is no container's, or it is: rules that ask for containers need nothing of the former. */
void source_kernel_group(struct source *s, uint64_t cgroup, bool host);

/*
 * Nothing of the control group is to be told from now on but what keeps the process table true, or all of it again. False when
 * there is no room for it in the kernel's table: its events go on to come.
 */
bool source_kernel_exclude(struct source *s, uint64_t cgroup, bool excluded);

/* The process ids that the probes leave out: the sensor's and the agent's. */
void source_kernel_agent(const struct source *s, uint32_t pids[2]);

/* The socket over which the sensor opens executables: files.h. It is the source's. */
int source_kernel_files(const struct source *s);

/* A file written by recorder_open(). */
int source_file_new(struct source **ret, const char *path, char error[512]);

#endif
