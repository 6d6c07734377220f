/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader state
 *
 * What the passes of the loader hand to each other: definitions as collected
 * from all files, before anything is compiled. Private to loader*.c.
 *
 *   loader.c            the passes in order, and the result
 *   loader_yaml.c       positions
 *   loader_collect.c    documents → items; lists, macros
 *   loader_version.c    required versions
 *   loader_rule.c       rule items: keys, defaults, redefinition
 *   loader_override.c   append, override, enabled
 *   loader_exception.c  exceptions → condition text
 *   loader_expand.c     lists put into condition texts
 *   loader_select.c     what the configuration says of the rules
 *   loader_compile.c    texts → checked trees and outputs
 *   loader_info.c       what a finding says of its rule
 *   loader_lint.c       what lints ask besides
 */
#ifndef RULE_LOADER_STATE_H
#define RULE_LOADER_STATE_H

#include "rule/loader.h"
#include "rule/loader_yaml.h"

/* A scalar that outlives its document. */
struct scalar {
	struct str value;	/* {NULL, 0}: the key is not there */
	struct place place;
};

/* Names to indexes. */
struct name_map {
	uint32_t *slots;	/* index + 1 */
	size_t mask, used;
};

struct list_def {
	struct scalar name;
	struct scalar *items;
	size_t n, room;
	uint32_t index;		/* order of the first definition among lists and macros */
	uint32_t visibility;	/* order of the last definition or append */
	bool used;
	bool open;		/* being expanded: a list within itself */
	bool warned;
	bool odd;		/* a name that is more than one word */
};

enum macro_state { MACRO_NEW, MACRO_OPEN, MACRO_DONE };

struct macro_def {
	struct scalar name;
	struct ctext condition, expanded;
	uint32_t index, visibility;
	bool used, broken, checked;
	const struct origin_file *first;	/* where it was defined for the first time */
	enum macro_state state;
	uint32_t *refs;		/* macros it names itself */
	size_t nrefs;
	struct ast *tree;
	uint32_t nodes, depth;	/* of the tree with its macros put in */
};

/* An element of an exception: a text or a list of texts. */
struct exception_value {
	struct scalar text;
	struct exception_value *v;
	size_t n, room;
	bool list;
};

struct exception_def {
	struct scalar name, expires;
	struct exception_value fields, comps, values;	/* fields.list: a tuple of fields */
	struct place place;
	bool has_fields, has_comps;
};

#define NO_SCORE UINT32_MAX	/* no severity of its own: from the priority */

struct rule_def {
	struct scalar name;
	struct ctext condition, output, desc;
	struct scalar source, type, severity, remedy;
	unsigned int priority;
	unsigned int score;
	bool enabled, observe, warn_evttypes, skip_unknown;
	bool broken;		/* an error of it was reported: only looked at so that appends find it */
	bool skipped;		/* of a source that is not ours */
	bool examples;
	struct str *tags, *mitre;
	size_t ntags, nmitre;
	struct exception_def *exceptions;
	size_t nexceptions;
};

struct loader {
	const struct engine_load *in;
	struct diags *diags;
	struct arena *arena;
	struct origin_file *files;
	size_t nfiles;

	struct list_def *lists;
	struct macro_def *macros;
	struct rule_def *rules;
	size_t nlists, nmacros, nrules;
	size_t odd_lists;
	struct name_map list_names, macro_names, rule_names;
	uint32_t order;		/* of definitions */
	size_t nitems;		/* of all lists */
	struct loaded_again *again;
	size_t nagain;
	struct loaded_quiet *quiet;
	size_t nquiet;
	unsigned int engine_minor;	/* highest required */

	/* the document in hand */
	const struct origin_file *file;
	yaml_document_t *doc;
	bool no_memory;
};

/* ---- saying what is wrong (loader.c) ---- */

void say_at(struct loader *l, enum diag_code code, struct diag_place at, const struct origin_file *f, const char *item,
	    const char *hint, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
void say(struct loader *l, enum diag_code code, const struct place *p, const char *item, const char *hint,
	 const char *fmt, ...) __attribute__((format(printf, 6, 7)));
const char *item_text(char buf[160], const char *kind, struct str name);	/* rule "Reverse shell" */
const char *hint_text(char buf[160], const char *near);	/* did you mean "x"?, or NULL */

/* ---- names (loader.c) ---- */

/* The index of name, or -1. name_of gives the name of an index. */
typedef struct str (*name_of_fn)(const struct loader *l, size_t i);
int name_map_find(const struct loader *l, const struct name_map *m, name_of_fn name_of, struct str name);
int name_map_add(struct loader *l, struct name_map *m, name_of_fn name_of, struct str name, size_t index);

struct list_def *list_find(struct loader *l, struct str name);
struct macro_def *macro_find(struct loader *l, struct str name);
struct rule_def *rule_find(struct loader *l, struct str name);
struct list_def *list_add(struct loader *l, const struct scalar *name);
struct macro_def *macro_add(struct loader *l, const struct scalar *name);
struct rule_def *rule_add(struct loader *l, const struct scalar *name);

/* ---- reading nodes (loader_collect.c) ---- */

yaml_node_t *node_at(const struct loader *l, int index);
yaml_node_t *map_get(const struct loader *l, const yaml_node_t *map, const char *key);	/* the first of that key, or NULL */
struct place node_place(const struct loader *l, const yaml_node_t *n);
struct scalar node_scalar(struct loader *l, const yaml_node_t *n);	/* value.p NULL when it is none */

struct key_set {
	const char *const *known;
	size_t n;
};

/* The keys of each kind of item, one table for the reader and for whatever describes rules files elsewhere. */
extern const struct key_set loader_rule_keys, loader_list_keys, loader_macro_keys, loader_exception_keys;

/* Warns of keys that are none of the set, and of a second one of the same name. */
void check_keys(struct loader *l, const yaml_node_t *map, const struct key_set *set, const char *item);

/* A required non-empty text; an error and false without it. */
bool need_text(struct loader *l, const yaml_node_t *map, const char *key, const char *item, struct scalar *ret);
/* A yes or no; absent: *ret stays. False after an error. */
bool get_bool(struct loader *l, const yaml_node_t *map, const char *key, const char *item, bool *ret);
/* A list of texts, or one text; absent: *n stays. */
bool get_texts(struct loader *l, const yaml_node_t *map, const char *key, const char *item, struct str **ret, size_t *n);

int collect(struct loader *l);

void collect_engine_version(struct loader *l, const yaml_node_t *map);
void collect_plugin_versions(struct loader *l, const yaml_node_t *map);

/* ---- append and override (loader_override.c) ---- */

enum change { CHANGE_NONE, CHANGE_APPEND, CHANGE_REPLACE };

struct changes {
	bool any;			/* the item has `override` or `append: true` */
	bool legacy;			/* by `append: true` */
	enum change of[32];		/* per key of the item's table */
};

struct change_key {
	const char *key;
	bool append, replace;	/* what is allowed */
};

/* Reads `append` and `override` of an item. False after an error. */
bool get_changes(struct loader *l, const yaml_node_t *map, const char *item, const struct change_key *keys, size_t n,
		 struct changes *ret);

/* ---- rules (loader_rule.c, loader_exception.c) ---- */

void collect_rule(struct loader *l, const yaml_node_t *map);

/* Reads `exceptions:`. to_append: names that the rule has already may leave out their fields. */
bool get_exceptions(struct loader *l, const yaml_node_t *map, const char *item, struct rule_def *r, bool to_append);
/* "(condition) and not (...)" in *out; false after an error. */
bool add_exceptions(struct loader *l, struct rule_def *r, struct ctext *out);

/* ---- compiling ---- */

/* text with every list's name replaced by its items. 0, -EINVAL after an error, -ENOMEM. */
int expand_lists(struct loader *l, const struct ctext *text, struct ctext *ret, const char *item);

int compile(struct loader *l, struct loaded *ret);
void rule_release(struct loaded_rule *r);	/* what the arena does not hold */

/* ---- what the configuration says (loader_select.c) ---- */

void select_rules(struct loader *l);
bool check_additions(struct loader *l);	/* false after an error */
struct str output_with_additions(struct loader *l, const struct rule_def *d, struct str text);
void extra_fields(struct loader *l, const struct rule_def *d, struct loaded_rule *out);

/* ---- for lints (loader_lint.c); nothing without engine_load.lint ---- */

/* Reads `no_lint` of the item that begins at p; unknown lints are errors always. */
void collect_no_lint(struct loader *l, const yaml_node_t *map, const struct place *p, const char *item);

void defined_again(struct loader *l, const char *kind, const struct scalar *before, const struct scalar *name);
void keep_constants(struct loader *l, struct ast *n, const struct ctext *text);	/* where they stand */
void begin_item(struct loader *l, const struct place *p);	/* of a file */
const struct loaded_written *keep_written(struct loader *l, const struct rule_def *d, const struct loaded_rule *r);
bool exception_applies(const struct exception_def *e);	/* has values and has not expired */

void fill_info(struct loader *l, const struct rule_def *d, struct rule_info *info);

#endif
