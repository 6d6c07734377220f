/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load
 *
 * Takes the chosen probes into the kernel and attaches them. One that is
 * refused costs only itself: it is turned off and what is left is loaded again.
 */
#ifndef SENSOR_LOAD_H
#define SENSOR_LOAD_H

#include "sensor/sensor.h"

struct load;

/* A map by its name in the probes, -1 without one. */
int load_map(const struct load *l, const char *name);

/* What does not depend on needs: reads the probes and the kernel's types. *state receives what becomes of each program. */
int load_new(struct load **ret, struct sensor_state *state);

/*
 * Chooses, loads (attaches nothing). The maps are there when it returns 0; -errno when not even they can be made,
 * with a reason.
 */
int load_begin(struct load *l, const struct needs *needs, char error[512]);

/* Attaches what was loaded, programs of the process table first. A refused one is replaced by its next alternative. */
void load_attach(struct load *l);

/* Gives back what loading took. Iterators are of no more use. */
void load_settle(struct load *l);

/* Loads and attaches what other needs ask for beside what is there. Nothing is detached yet: the gate is shut for it. */
void load_needs(struct load *l, const struct needs *needs);

/*
 * Detaches one program that the needs no longer ask for; false when there is none. The kernel takes some 55 ms for a
 * tracepoint: so one at a time, and whoever calls looks for requests in between. The kernel forgets it.
 */
bool load_trim(struct load *l);

/* An open descriptor of the iterator, or -errno. */
int load_iterator(struct load *l, enum program p);

/* Copies how often the kernel skipped each program to the state. */
void load_poll_missed(struct load *l);

/* What somebody detached is attached again, and counted. */
void load_repair(struct load *l);

/* What else is not as it should be, for the coverage. */
__attribute__((format(printf, 2, 3))) void sensor_note(struct sensor_state *state, const char *fmt, ...);

#endif
