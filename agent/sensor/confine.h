/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confine
 *
 * What is left of root without capabilities is root's files. Landlock takes
 * those away too: the agent opens what it was told of at its start and nothing
 * else, whatever becomes of it.
 */
#ifndef SENSOR_CONFINE_H
#define SENSOR_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* Everything below a folder, or one file: readable; with write also to be changed, made and removed; with execute to be started. */
struct confine_path {
	const char *path;	/* one that is not there is left out */
	bool write;
	bool execute;
};

/*
 * Confines the calling thread and all that it starts, for good; to be called after sensor_drop_privileges(), while it is
 * the only one. Beside the files: nothing else is executed, no TCP port opened and, unless abstract is true, no abstract
 * socket of others talked to, each where the kernel can refuse it. The version of Landlock that does it (1 or more), or
 * -errno with a reason in why[]: nothing is confined then.
 */
int sensor_confine(const struct confine_path *v, size_t n, bool abstract, char why[256]);

#endif
