/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own
 *
 * What is the agent's own and others with root's rights may touch: its program
 * on disk, the files it was told by, and its time.
 */
#ifndef OWN_H
#define OWN_H

#include "config.h"
#include "rule/ruleset.h"
#include "util/sha256.h"
#include <jansson.h>
#include <limits.h>
#include <sys/stat.h>
#include <uv.h>

#define OWN_LOOK_MS 5000u	/* between two looks at the time */
#define OWN_PAUSE_MS 5000u	/* late by this, the agent did not run: a stop of ten seconds is always seen */
#define OWN_CHANGED_MAX 16	/* files that are named */

/* A file, read only when it is not as it was. */
struct own_file {
	struct stat was;		/* when it was judged last */
	bool other;			/* it is not what is in force */
};

struct own {
	char exe[PATH_MAX];		/* "" when it cannot be known */
	struct own_file program, config_file;
	struct own_file *rule_files;	/* of rules; NULL: none of these was looked at yet */
	char running[SHA256_HEX], disk[SHA256_HEX];	/* once it was another; disk "" where it cannot be read */
	const struct config *config;
	const struct rule_files *rules;	/* those in force; may become others */
	uv_timer_t timer;
	bool begun;
	uint64_t due;			/* monotonic, ms */
	uint64_t pauses, pause_ms;	/* how many, and how long the last was */
	uint64_t paused_at;		/* wall clock, ns, when that was over */
};

/* Before the confinement. config and rules outlive it. */
void own_init(struct own *o, const struct config *config, const struct rule_files *rules);
void own_start(struct own *o, uv_loop_t *loop);
void own_stop(struct own *o);
/* Other rules are in force now; also frees what is kept of them. */
void own_reloaded(struct own *o);

/*
 * Looks at the files. { "program": { "path", "other": false, "running": "", "disk": "" },
 *   "changed": ["/etc/noroshi/rules.yaml"],		files that say something else than what is in force; no more than OWN_CHANGED_MAX
 *   "pauses": 0, "pauseMs": 0, "pausedAt": 0 }
 */
json_t *own_json(struct own *o);	/* new reference */

#endif
