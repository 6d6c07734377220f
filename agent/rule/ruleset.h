/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ruleset
 *
 * What is loaded: all engines over the same sources, swapped whole on reload.
 */
#ifndef RULE_RULESET_H
#define RULE_RULESET_H

#include "rule/engine.h"

struct ruleset;

/* Reads the files (a folder: its *.yaml and *.yml, sorted) into *ret, to be given to ruleset_load(). */
struct rule_files {
	struct rule_source *v;
	size_t n;
};

/* Appends the file or folder; errors go to *diags (and < 0 is returned). */
int rule_files_add(struct rule_files *f, const char *path, struct diags *diags);
void rule_files_free(struct rule_files *f);

/* 0, or < 0 with errors in *diags; *ret untouched then. in->sources must stay until ruleset_free(). */
int ruleset_load(struct ruleset **ret, const struct engine_load *in, struct diags *diags);
/*
 * Reads the files and folders into *f, to be kept until ruleset_free() also on failure, and loads them (the sources of in
 * are set here). All errors at once: one unreadable file does not keep the others from being looked at.
 */
int ruleset_read(struct ruleset **ret, struct rule_files *f, const char *const *paths, size_t n, struct engine_load in,
		 struct diags *diags);
struct ruleset *ruleset_free(struct ruleset *rs);
DEFINE_CLEANUP(struct ruleset *, ruleset_free);

void ruleset_needs(const struct ruleset *rs, struct needs *n);

/* All rules that hold for the event. The result is valid until the next call. Does not allocate. */
const struct matches *ruleset_match(struct ruleset *rs, const struct event *ev);

uint32_t ruleset_count(const struct ruleset *rs);	/* enabled rules of all engines */
const char *ruleset_digest(const struct ruleset *rs);	/* sha256 over the sources, hex */
const struct engine *ruleset_engine(const struct ruleset *rs, const char *name);	/* or NULL */

#endif
