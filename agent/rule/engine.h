/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine
 *
 * The pluggable part of detection. An engine is one const struct engine_ops;
 * the list is engine.def. needs() tells the sensor which calls, and which parts
 * of them, the engine wants, so that nothing else leaves the kernel: it promises
 * a superset; later an engine may ask for less, never for more without asking.
 *
 * Every engine's match() runs on the loop's thread, must not block and must not
 * allocate.
 */
#ifndef RULE_ENGINE_H
#define RULE_ENGINE_H

#include "event/event.h"
#include "event/needs.h"
#include "rule/diag.h"
#include "rule/select.h"
#include "rule/value.h"

/* Severity bands: 0 info, 1–3 low, 4–6 medium, 7–8 high, 9–10 critical. */
enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

enum severity severity_of_score(unsigned int score);
const char *severity_name(enum severity s);	/* "info" … "critical" */

/* What a finding says of the rule that made it. Owned by the engine, lives as long as the rule set. */
struct rule_info {
	const char *name;
	const char *desc;		/* may be "" */
	const char *type;		/* "Execution:Runtime/ReverseShell" */
	unsigned int score;		/* 0 to 10 */
	const char *priority;		/* Falco's word ("Warning"), or NULL */
	const char *remedy;		/* may be "" */
	const char *const *tags;	/* sorted, NULL-terminated */
	const char *const *mitre;	/* technique ids, NULL-terminated */
	const char *source;		/* "syscall" */
	bool enabled;
	bool observe;			/* tried out: it matches, but no finding is made of it */
};

struct engine;

struct match {
	struct engine *engine;
	const struct rule_info *rule;
	uint32_t id;			/* of the rule within its engine, for engine_ops.output and .fields */
};

struct matches {
	struct match *v;	/* room for every rule of the set: none is dropped */
	uint32_t n, room;
};

/* Where an engine's rules come from: texts already read, in load order. */
struct rule_source {
	struct str name;	/* path as the user gave it */
	struct str text;
};

struct engine_load {
	const struct rule_source *sources;
	size_t nsources;
	bool strict_compat;	/* copy the original's traps as well (§7.2 of the language reference) */
	unsigned int min_priority;	/* rules less urgent than this are left out: 0 Emergency … 7 Debug */
	bool places;			/* keep where every part of a condition was written: for what tests rules */
	bool lint;			/* with places: keep what else lints ask of a rule (loaded_rule.written) */
	const struct rule_select *select;	/* in this order */
	size_t nselect;
	const struct rule_addition *additions;
	size_t nadditions;
	bool first_match;	/* of the rules that hold for an event only the first one is a match */
};

typedef void (*engine_field_fn)(void *ctx, const char *name, const struct value *v, bool present);

struct engine_stats {
	uint32_t rules, enabled;
	size_t bytes;			/* memory of the compiled rules */
	uint64_t texts_cut;		/* values compared without their end: an event had more text than there is room for */
	uint64_t regex_limit;		/* regex matches given up at REGEX_MATCH_LIMIT: counted as no match */
};

struct engine_ops {
	const char *name;
	/* 0, or < 0 with errors in *diags; *ret untouched then. Warnings may be there either way. */
	int (*load)(struct engine **ret, const struct engine_load *in, struct diags *diags);
	void (*needs)(const struct engine *e, struct needs *n);	/* *n is all zero */
	/* Appends a match per rule that holds, in definition order. */
	void (*match)(struct engine *e, const struct event *ev, struct matches *m);
	/* The rendered output of a rule that matched ev. */
	void (*output)(struct engine *e, uint32_t id, const struct event *ev, struct buf *out);
	/* Every field of the rule's output and condition, with its value: evidence. */
	void (*fields)(struct engine *e, uint32_t id, const struct event *ev, engine_field_fn fn, void *ctx);
	uint32_t (*count)(const struct engine *e);			/* ids are 0 … count - 1 */
	const struct rule_info *(*rule)(const struct engine *e, uint32_t id);
	void (*stats)(const struct engine *e, struct engine_stats *ret);
	void (*free)(struct engine *e);
};

/* First member of every engine. */
struct engine {
	const struct engine_ops *ops;
};

/* All engines of engine.def, NULL-terminated. */
extern const struct engine_ops *const engine_list[];
extern const struct engine_ops engine_condition;	/* the YAML condition engine */

#endif
