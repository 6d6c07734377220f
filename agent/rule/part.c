/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/part.h"
#include "rule/ast_node.h"
#include "util/utf8.h"

struct part part_of_tree(const struct ast *n)
{
	return (struct part){
		.kind = n->kind == AST_AND ? PART_ALL : n->kind == AST_OR ? PART_ANY : n->kind == AST_NOT ? PART_NOT : PART_CHECK,
		.macro = n->macro, .place = n->place, .n = n->n,
	};
}

void part_print(const struct ast *n, size_t max, struct buf *out)
{
	size_t begin = out->n, cut;
	struct str text;

	ast_print(n, out);
	if (buf_error(out))
		return;
	text = str_skip(buf_view(out), begin);
	cut = utf8_cut(text, max);
	if (cut == text.n)
		return;
	out->n = begin + cut;
	buf_puts(out, " ...");
}
