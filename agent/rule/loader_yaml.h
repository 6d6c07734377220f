/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader: YAML
 *
 * A document of a rules file as nodes that know exactly where they stand, and
 * texts that know where each of their bytes came from: a condition is put
 * together from folded scalars, appended parts and expanded lists, and an error
 * in it still points at the line the user wrote. Private to loader*.c.
 */
#ifndef RULE_LOADER_YAML_H
#define RULE_LOADER_YAML_H

#include "rule/diag.h"
#include "rule/engine.h"
#include "util/arena.h"
#include <yaml.h>

#define YAML_EVENTS_MAX 8000000	/* of one file: bounds the memory of its documents */
#define YAML_DEPTH_MAX 64	/* rules nest a handful of levels */

/* A file: bytes, and tables that are made when first needed. */
struct origin_file {
	struct str name, text;
	size_t skip;		/* bytes of a byte order mark */
	bool ascii;		/* a character is a byte */
	size_t *chars;		/* byte offset of every CHARS_STEP-th character, NULL when ascii */
	size_t nchars;
	size_t *lines;		/* byte offset of each line's beginning */
	size_t nlines;
};

int origin_file_init(struct origin_file *f, const struct rule_source *s);
void origin_file_free(struct origin_file *f);

/* Where a node stands: bytes from start up to end, and how a scalar was written. */
struct place {
	const struct origin_file *file;
	size_t start, end;
	yaml_scalar_style_t style;
};

struct place place_of(const struct origin_file *f, const yaml_node_t *n);

/* Byte offset within the file of the offset-th byte of a scalar's value. */
size_t place_within(const struct place *p, struct str value, size_t offset);

struct diag_place place_diag(const struct place *p, size_t byte, size_t len);

/* A text put together from scalars. Its segments are ascending in at and cover all of it. */
struct segment {
	size_t at;		/* within the text */
	struct place place;
	struct str value;	/* the whole scalar */
	size_t from;		/* within the value */
	bool fixed;		/* every byte of the segment stands for the whole value: an expanded list */
	size_t fixed_len;	/* length of what it stands for */
};

struct ctext {
	struct buf text;
	struct segment *v;
	size_t n, room;
};

int ctext_add(struct ctext *t, struct str text, const struct segment *s);	/* s->at is set here */
int ctext_scalar(struct ctext *t, struct str value, const struct place *p);
int ctext_copy(struct ctext *t, const struct ctext *from, size_t at, size_t n);	/* that part, with its places */
void ctext_free(struct ctext *t);
struct diag_place ctext_diag(const struct ctext *t, size_t pos, size_t len);

/* A node as text: false for null, a sequence or a map. */
struct str node_text(const yaml_node_t *n);
bool node_is_null(const yaml_node_t *n);
bool node_bool(const yaml_node_t *n, bool *ret);	/* false: it is none */

#endif
