/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diag
 *
 * Everything that is wrong with what a user wrote, at once: file, line, column,
 * the line with a caret, and a suggestion. Used for rules, tests and the config.
 */
#ifndef RULE_DIAG_H
#define RULE_DIAG_H

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/limits.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

/* The reference's codes (rule-language §2.6). A code says of itself whether it is an error. */
enum diag_code {
#define DIAG(ID, name, severity, title) DIAG_##ID,
#include "rule/diag.def"
	DIAG_CODE_MAX
};

const char *diag_code_name(enum diag_code c);	/* "LOAD_ERR_COMPILE_CONDITION" */
const char *diag_code_title(enum diag_code c);	/* "condition error" */
enum diag_severity diag_code_severity(enum diag_code c);

struct diag_place {
	struct str file;	/* as the user named it; "" without one */
	unsigned int line, col;	/* from 1; 0 = unknown. A column counts bytes */
	unsigned int len;	/* bytes the caret underlines, at least 1 */
};

struct diag {
	enum diag_code code;
	struct diag_place place;
	char *message;		/* one sentence, no final dot; names the culprit */
	char *hint;		/* "did you mean \"proc.name\"?", or NULL */
	char *snippet;		/* the line of the file, cut to fit, or NULL */
	unsigned int snippet_col;	/* caret column within snippet, from 1 */
	size_t offset;		/* of the place, bytes from the beginning of the file */
	char text[24];		/* the beginning of the condition or output it is within, or "" */
	char *item;		/* "rule \"Reverse shell\"", "macro \"x\"", or NULL */
};

struct diags {
	struct diag *v;
	size_t n, room;
	size_t errors, warnings;	/* all, the ones not kept (beyond DIAGS_MAX) included */
};

void diags_free(struct diags *d);
/* For _cleanup_(): struct diags d _cleanup_(diags_free) = {}; */

/*
 * Adds one. source is the text of the whole file (for the snippet), or {NULL, 0}. hint and item may be NULL.
 * Strings are copied.
 */
void diags_add(struct diags *d, enum diag_code code, struct diag_place at, struct str source,
	       const char *item, const char *hint, const char *fmt, ...) __attribute__((format(printf, 7, 8)));

void diags_drop(struct diags *d, size_t i);	/* that one, as if it had not been said */
bool diags_have(const struct diags *d, enum diag_code code);	/* among those kept */

/* "file:line:col: error: message; hint", the line and a caret under it, for each, then a note of what was not kept. */
void diags_print(const struct diags *d, struct buf *out);

/* Nearest of the n candidate words to a misspelt one, NULL when none is near. */
const char *diag_nearest(struct str word, const char *const *candidates, size_t n);

#endif
