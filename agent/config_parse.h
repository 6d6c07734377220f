/* SPDX-License-Identifier: Apache-2.0 */
/* What config.c and config_rules.c share while they read one file. */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "config.h"
#include <yaml.h>

#define CONFIG_KEYS_MAX 64

/* One file being read. */
struct config_parse {
	struct config *c;
	struct diags *diags;
	struct str file, text;
	yaml_document_t doc;
	bool seen[CONFIG_KEYS_MAX];	/* "batch.count: 1" and "batch: {count: 1}" are the same key */
};

static inline const char *config_scalar(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static inline struct diag_place config_place(const struct config_parse *p, const yaml_node_t *n)
{
	unsigned int len = 1;

	if (n->end_mark.line == n->start_mark.line && n->end_mark.column > n->start_mark.column)
		len = (unsigned int)(n->end_mark.column - n->start_mark.column);
	return (struct diag_place){p->file, (unsigned int)n->start_mark.line + 1, (unsigned int)n->start_mark.column + 1, len};
}

#define complain(p, node, hint, ...) \
	diags_add((p)->diags, DIAG_CONFIG, config_place(p, node), (p)->text, NULL, hint, __VA_ARGS__)

/* config_rules.c */
void config_read_rules(struct config_parse *p, const yaml_node_t *n);
void config_read_append_output(struct config_parse *p, const yaml_node_t *n);

#endif
