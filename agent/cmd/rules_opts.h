/* SPDX-License-Identifier: Apache-2.0 */
/* Options of every command that loads rules as the agent would: which of them are on, and how they are read. */
#ifndef CMD_RULES_OPTS_H
#define CMD_RULES_OPTS_H

#include "cmd/cmd.h"
#include "config.h"
#include "rule/ruleset.h"

/* A command's table of options ends with these: RULES_OPTIONS(BASE), BASE being the number of its own. */
enum { OPT_PRIORITY, OPT_ENABLE, OPT_DISABLE, OPT_OBSERVE, OPT_ENABLE_TAG, OPT_DISABLE_TAG, OPT_OBSERVE_TAG, OPT_MATCHING, OPT_COMPAT, RULES_OPTIONS_N };

#define RULES_OPTIONS(base)                                                                                    \
	[(base) + OPT_PRIORITY] = {"--priority", 0, "WORD", "leave out rules less urgent than this"},                \
	[(base) + OPT_ENABLE] = {"--enable", 0, "GLOB", "rules of this name on, after the configuration; in the order given"}, \
	[(base) + OPT_DISABLE] = {"--disable", 0, "GLOB", "rules of this name off"},                                 \
	[(base) + OPT_OBSERVE] = {"--observe", 0, "GLOB", "rules of this name on, but without findings: only counted"},      \
	[(base) + OPT_ENABLE_TAG] = {"--enable-tag", 0, "TAG", "rules that have the tag on"},                        \
	[(base) + OPT_DISABLE_TAG] = {"--disable-tag", 0, "TAG", "rules that have the tag off"},                     \
	[(base) + OPT_OBSERVE_TAG] = {"--observe-tag", 0, "TAG", "rules that have the tag observed"},                        \
	[(base) + OPT_MATCHING] = {"--matching", 0, "HOW", "all: every rule that holds (default); first: the first of them, as in Falco"}, \
	[(base) + OPT_COMPAT] = {"--falco-strict", 0, NULL, "conditions mean what they mean in Falco also where that is a trap"}

#define SELECT_OPTIONS_MAX 256

struct rules_opts {
	struct rule_select select[SELECT_OPTIONS_MAX];
	size_t nselect;
	int priority;		/* -1: not said */
	const char *matching;	/* NULL: not said */
	bool compat;
};

#define RULES_OPTS_INIT {.priority = -1}

/* Takes option o (less the table's BASE) with its value. False when it is none of these; *bad after a line on stderr said what is wrong. */
bool rules_opts_take(struct rules_opts *r, const char *command, int o, const char *value, bool *bad);

/*
 * What the options say, over what c says (NULL: no configuration), into *in. The steps of both live in *steps, to be
 * given to free(). 0, or < 0 after a line on stderr.
 */
int rules_opts_fill(const struct rules_opts *r, const struct config *c, struct engine_load *in, struct rule_select **steps);

/* The configuration at path; NULL after its errors went to stderr. To be given to config_free(). */
struct config *rules_config(const char *path);

#define RULES_PATHS_MAX 256

/* Rules as a command that only looks at them reads them. */
struct rules_read {
	struct ruleset *rules;
	struct engine_load in;		/* how they were read */
	struct rule_files files;	/* what follows is only kept for the rules */
	struct rule_select *steps;
	struct config *config;
};

/*
 * The files at paths, without any those that the configuration names, without one the default ones; config is its path, or
 * NULL. Errors go to stderr, of rules that load also the warnings where wanted. 0 or < 0; *ret is for rules_read_end()
 * either way.
 */
int rules_read(struct rules_read *ret, const struct rules_opts *r, const char *config, const char *const *paths, size_t n,
	       bool warnings);
void rules_read_end(struct rules_read *r);

#endif
