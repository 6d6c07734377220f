/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileges
 *
 * What the agent gives away once the sensor has handed its memory over: every
 * capability, for good. Nothing it parses can then do what root can.
 */
#ifndef SENSOR_PRIVILEGES_H
#define SENSOR_PRIVILEGES_H

/*
 * Clears the capability sets of the calling thread (to be called while it is the only one), locks the way back and
 * forbids new privileges by exec. The ids stay, so that files the process owns stay its own. 0, or -errno with a
 * reason in error[].
 */
int sensor_drop_privileges(char error[512]);

#endif
