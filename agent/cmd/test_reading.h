/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test reading
 *
 * What the readers of a test file share: errors at their place, and texts with
 * the row of a table put in. Private to test_cases.c, test_table.c, test_setup.c.
 */
#ifndef CMD_TEST_READING_H
#define CMD_TEST_READING_H

#include "cmd/test_cases.h"
#include "util/arena.h"
#include "util/yaml_json.h"

/* One YAML text being read. */
struct reading {
	struct test_cases *t;
	struct diags *diags;
	struct str file, text;
	yaml_document_t doc;
	size_t *lines, nlines;		/* byte offset of each line, when first needed */
	/* the row in hand */
	const json_t *row;		/* column → value, NULL outside a table */
	json_t *used;			/* columns that stood somewhere */
	bool again;			/* not the first row: what was said already is not said again */
	bool too_much;			/* TEST_VALUES_MAX was reached, and said */
	bool no_memory;			/* something could not be kept: what was read must not be run */
};

#define complain(r, node, hint, ...) reading_complain(r, node, hint, __VA_ARGS__)
void reading_complain(struct reading *r, const yaml_node_t *n, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

struct diag_place reading_place(const struct reading *r, const yaml_node_t *n);
const char *reading_keep(struct reading *r, const char *s);
/* A path of a test file is relative to that file. */
const char *reading_beside(struct reading *r, const char *path);

struct known_keys {
	const char *const *v;
	size_t n;
	const char *what;	/* "a case" */
};
bool reading_keys(struct reading *r, const yaml_node_t *map, const struct known_keys *k);

/* ---- tables (test_table.c) ---- */

/* The text of a scalar with the row's values put in for <column>; NULL when it is none. Kept with the cases. */
const char *reading_text(struct reading *r, const yaml_node_t *n);
struct str reading_fill(struct reading *r, const yaml_node_t *n, struct str text);
/* A node as JSON, likewise: a text that is nothing but <column> becomes the value with its type. New reference. */
json_t *reading_json(struct reading *r, const yaml_node_t *n);

/* Calls one for each row of the table, with r->row set. */
void reading_table(struct reading *r, const yaml_node_t *table, void (*one)(struct reading *r, const yaml_node_t *n, const yaml_node_t *row),
		   const yaml_node_t *n);
/* "name [shell=bash, port=4444]"; a name that mentions columns itself stays as it is. */
const char *reading_row_name(struct reading *r, const char *name, bool mentions);

/* ---- setup and diagnostics (test_setup.c) ---- */

extern const struct known_keys test_diagnostics_keys;
void read_setup(struct reading *r, const yaml_node_t *n, struct test_case *c);
void read_diagnostics(struct reading *r, const yaml_node_t *n, struct test_case *c);

#endif
