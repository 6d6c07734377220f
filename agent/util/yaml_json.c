/* SPDX-License-Identifier: Apache-2.0 */
#include "util/yaml_json.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct conversion {
	yaml_document_t *doc;
	unsigned int nodes;
};

static json_t *convert(struct conversion *c, const yaml_node_t *n, unsigned int depth);

static json_t *scalar(const yaml_node_t *n)
{
	const char *s = (const char *)n->data.scalar.value;
	size_t len = n->data.scalar.length;
	const char *digits = *s == '-' ? s + 1 : s;
	char *end;
	long long v;

	if (n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_stringn(s, len);
	if (!strcmp(s, "true") || !strcmp(s, "false"))
		return json_boolean(*s == 't');
	if (!strcmp(s, "null") || !strcmp(s, "~") || !*s)
		return json_null();
	errno = 0;
	v = strtoll(s, &end, 10);
	if (*digits >= '0' && *digits <= '9' && !*end && !errno && (*digits != '0' || !digits[1]))
		return json_integer(v);
	return json_stringn(s, len);
}

static json_t *mapping(struct conversion *c, const yaml_node_t *n, unsigned int depth)
{
	json_t *o = json_object();

	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; o && p < n->data.mapping.pairs.top; p++) {
		const char *key = yaml_text(yaml_document_get_node(c->doc, p->key));
		json_t *v = key ? convert(c, yaml_document_get_node(c->doc, p->value), depth) : NULL;

		if (!v || json_object_set_new(o, key, v) < 0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

static json_t *sequence(struct conversion *c, const yaml_node_t *n, unsigned int depth)
{
	json_t *a = json_array();

	for (yaml_node_item_t *i = n->data.sequence.items.start; a && i < n->data.sequence.items.top; i++) {
		json_t *v = convert(c, yaml_document_get_node(c->doc, *i), depth);

		if (!v || json_array_append_new(a, v) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

static json_t *convert(struct conversion *c, const yaml_node_t *n, unsigned int depth)
{
	if (!n || depth > YAML_JSON_DEPTH_MAX || ++c->nodes > YAML_JSON_NODES_MAX)
		return NULL;
	switch (n->type) {
	case YAML_SCALAR_NODE:
		return scalar(n);
	case YAML_MAPPING_NODE:
		return mapping(c, n, depth + 1);
	case YAML_SEQUENCE_NODE:
		return sequence(c, n, depth + 1);
	default:
		return NULL;
	}
}

json_t *yaml_json(yaml_document_t *doc, const yaml_node_t *n)
{
	struct conversion c = {doc, 0};

	return convert(&c, n, 0);
}

yaml_node_t *yaml_map_get(yaml_document_t *doc, const yaml_node_t *n, const char *key, yaml_node_t **key_node)
{
	if (!n || n->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
		yaml_node_t *k = yaml_document_get_node(doc, p->key);

		if (!yaml_text(k) || strcmp(yaml_text(k), key))
			continue;
		if (key_node)
			*key_node = k;
		return yaml_document_get_node(doc, p->value);
	}
	return NULL;
}

const char *yaml_text(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

void yaml_error_place(const yaml_parser_t *y, const char *text, size_t n, unsigned int *line, unsigned int *col)
{
	*line = (unsigned int)y->problem_mark.line + 1;
	*col = (unsigned int)y->problem_mark.column + 1;
	if (y->error != YAML_READER_ERROR)
		return;
	*line = *col = 1;
	for (size_t i = 0; i < n && i < y->problem_offset; i++) {
		*col = text[i] == '\n' ? 1 : *col + 1;
		*line += text[i] == '\n';
	}
}
