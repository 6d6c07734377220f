/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confine
 *
 * Which files an agent with this configuration has to open after it has given
 * its capabilities up, at a reload or when a file is replaced too; the rest of
 * the file system is closed to it.
 */
#ifndef CONFINE_H
#define CONFINE_H

struct agent;

/* For ever. Sets a->confined, or a->confined_why. */
void agent_confine(struct agent *a);

#endif
