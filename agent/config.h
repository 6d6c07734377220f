/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config
 *
 * The YAML configuration file → struct config. Every key stands in config.def;
 * an unknown key is an error with a suggestion, and all errors are reported at once.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "rule/diag.h"
#include "rule/select.h"
#include "util/arena.h"
#include "util/sha256.h"

struct texts {
	const char **v;
	size_t n;
};

typedef uint64_t config_UINT;
typedef uint64_t config_BYTES;
typedef uint64_t config_DURATION;	/* ms */
typedef const char *config_TEXT;
typedef struct texts config_TEXTS;

struct config_sink {
#define SINK_KEY(name, kind, member, min, max, doc) config_##kind member;
#include "config.def"
};

struct config {
#define KEY(name, kind, member, deflt, min, max, doc) config_##kind member;
#include "config.def"
	const char *path;			/* of the file; NULL: there is none */
	char digest[SHA256_HEX];		/* of what it said */
	struct config_sink *sinks;
	size_t nsinks;
	struct rule_select *select;		/* "rules", in their order */
	size_t nselect;
	struct rule_addition *additions;	/* "append_output" */
	size_t nadditions;
	struct arena *arena;
};

/* The number of a port, 0 for a text that is none. */
unsigned int config_port(const char *text);

/* A config with every default. NULL without memory. */
struct config *config_new(void);
struct config *config_free(struct config *c);
DEFINE_CLEANUP(struct config *, config_free);

/* Reads the text of a file over what c has. 0, or -EINVAL with errors in *diags (c is then half changed: drop it). */
int config_parse(struct config *c, struct str file, struct str text, struct diags *diags);
int config_read(struct config *c, const char *path, struct diags *diags);	/* also -errno of the file, with an error in *diags */

#endif
