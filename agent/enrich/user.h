/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User
 *
 * Names of the host's users and groups, from /etc/passwd and /etc/group as
 * they were when last read. A container has files of its own: inside one only
 * uid 0 may be told a name ("root"), the rest are somebody else's numbers.
 *
 * The texts are good until the next users_load() or users_refresh(), which
 * belong on a timer, never on an event's path.
 */
#ifndef ENRICH_USER_H
#define ENRICH_USER_H

#include <stdbool.h>
#include <stdint.h>

/* Reads both files; NULL means the host's own. 0, or < 0 for the first that cannot be read (the other is there). */
int users_load(const char *passwd, const char *group);

/* Reads what has changed since (by time, size or inode); true when something had. */
bool users_refresh(void);

void users_free(void);

/* NULL when the number has no entry. Of two entries the first counts. */
const char *user_name(uint32_t uid);
const char *user_homedir(uint32_t uid);
const char *user_shell(uint32_t uid);
const char *group_name(uint32_t gid);

#endif
