/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/format_same.h"
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 64	/* deeper ones, and circles of aliases, count as different */

static bool nodes_equal(yaml_document_t *da, int a, yaml_document_t *db, int b, unsigned int depth);

static bool scalars_equal(const yaml_node_t *a, const yaml_node_t *b)
{
	return a->data.scalar.length == b->data.scalar.length &&
	       !memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) &&
	       (a->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) == (b->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static bool lists_equal(yaml_document_t *da, const yaml_node_t *a, yaml_document_t *db, const yaml_node_t *b, unsigned int depth)
{
	yaml_node_item_t *x = a->data.sequence.items.start, *y = b->data.sequence.items.start;

	while (x < a->data.sequence.items.top && y < b->data.sequence.items.top && nodes_equal(da, *x, db, *y, depth)) {
		x++;
		y++;
	}
	return x == a->data.sequence.items.top && y == b->data.sequence.items.top;
}

static size_t pair_count(const yaml_node_t *n)
{
	return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
}

/* Maps that are large have their keys in the same place: looked at first. */
static bool maps_equal(yaml_document_t *da, const yaml_node_t *a, yaml_document_t *db, const yaml_node_t *b, unsigned int depth)
{
	size_t n = pair_count(a);

	if (n != pair_count(b))
		return false;
	for (size_t i = 0; i < n; i++) {
		const yaml_node_pair_t *p = &a->data.mapping.pairs.start[i];
		bool found = false;

		for (size_t k = 0; k < n && !found; k++) {
			const yaml_node_pair_t *q = &b->data.mapping.pairs.start[(i + k) % n];

			found = nodes_equal(da, p->key, db, q->key, depth) && nodes_equal(da, p->value, db, q->value, depth);
		}
		if (!found)
			return false;
	}
	return true;
}

static bool nodes_equal(yaml_document_t *da, int a, yaml_document_t *db, int b, unsigned int depth)
{
	const yaml_node_t *x = yaml_document_get_node(da, a), *y = yaml_document_get_node(db, b);

	if (!x || !y || x->type != y->type || depth == DEPTH_MAX)
		return false;
	if (x->type == YAML_SCALAR_NODE)
		return scalars_equal(x, y);
	return (x->type == YAML_SEQUENCE_NODE ? lists_equal : maps_equal)(da, x, db, y, depth + 1);
}

/* The next document of both. *more: there was one. */
static bool documents_equal(yaml_parser_t *pa, yaml_parser_t *pb, bool *more)
{
	yaml_document_t a, b;
	bool same;

	*more = false;
	if (!yaml_parser_load(pa, &a))
		return false;
	if (!yaml_parser_load(pb, &b)) {
		yaml_document_delete(&a);
		return false;
	}
	*more = yaml_document_get_root_node(&a) != NULL;
	same = *more ? nodes_equal(&a, 1, &b, 1, 0) : !yaml_document_get_root_node(&b);
	yaml_document_delete(&a);
	yaml_document_delete(&b);
	return same;
}

static size_t hashes(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '#';
	return n;
}

bool format_same(struct str a, struct str b)
{
	yaml_parser_t pa, pb;
	bool same = true;

	if (str_starts(a, STR("\xef\xbb\xbf")))
		a = str_skip(a, 3);

	if (hashes(a) != hashes(b) || !yaml_parser_initialize(&pa))
		return false;
	if (!yaml_parser_initialize(&pb)) {
		yaml_parser_delete(&pa);
		return false;
	}
	yaml_parser_set_encoding(&pa, YAML_UTF8_ENCODING);
	yaml_parser_set_encoding(&pb, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&pa, (const unsigned char *)a.p, a.n);
	yaml_parser_set_input_string(&pb, (const unsigned char *)b.p, b.n);
	for (bool more = true; more && same;)
		same = documents_equal(&pa, &pb, &more);
	yaml_parser_delete(&pa);
	yaml_parser_delete(&pb);
	return same;
}
