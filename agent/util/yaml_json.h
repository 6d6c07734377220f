/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Yaml JSON
 *
 * A node of a YAML document as JSON. Plain scalars that are canonical decimal
 * numbers, true or false get those types; everything else is text, so that
 * a container id made of digits and a leading zero stays what it is.
 */
#ifndef UTIL_YAML_JSON_H
#define UTIL_YAML_JSON_H

#include <jansson.h>
#include <yaml.h>

#define YAML_JSON_DEPTH_MAX 32
#define YAML_JSON_NODES_MAX 100000	/* aliases included: a document that multiplies itself ends here */

/* New reference, or NULL: too deep, too many nodes, a key that is no text, no memory. */
json_t *yaml_json(yaml_document_t *doc, const yaml_node_t *n);

/* The value under a key of a mapping, NULL when it has none (or n is no mapping). *key_node may be NULL. */
yaml_node_t *yaml_map_get(yaml_document_t *doc, const yaml_node_t *n, const char *key, yaml_node_t **key_node);

/* The text of a scalar, NULL of any other node. */
const char *yaml_text(const yaml_node_t *n);

/* Where a failed parser stopped in the text, from 1. Bytes that are no UTF-8 have an offset only. */
void yaml_error_place(const yaml_parser_t *y, const char *text, size_t n, unsigned int *line, unsigned int *col);

#endif
