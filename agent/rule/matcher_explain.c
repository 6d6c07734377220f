/* SPDX-License-Identifier: Apache-2.0 */
/* Explain: one condition as it was written, every part evaluated, with the values that decided. */
#include "rule/matcher_node.h"
#include "rule/matcher_part.h"
#include <arpa/inet.h>

#define EXPLAIN_VALUES_MAX 8		/* values of one field that are shown */
#define EXPLAIN_TEXT_MAX 200		/* bytes of one value */

static void put_text(struct buf *out, struct str s)
{
	size_t i, n = s.n < EXPLAIN_TEXT_MAX ? s.n : EXPLAIN_TEXT_MAX;

	buf_char(out, '"');
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			buf_printf(out, "\\x%02x", c);
		else
			buf_char(out, (char)c);
	}
	buf_puts(out, n < s.n ? "...\"" : "\"");
}

static void put_value(struct buf *out, const struct value *v)
{
	char ip[INET6_ADDRSTRLEN];

	switch (v->type) {
	case TYPE_BOOL:
		buf_puts(out, v->b ? "true" : "false");
		break;
	case TYPE_INT:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case TYPE_UINT:
	case TYPE_PORT:
		buf_printf(out, "%llu", (unsigned long long)v->u);
		break;
	case TYPE_STR:
	case TYPE_BYTES:
		put_text(out, v->s);
		break;
	case TYPE_IP:
	case TYPE_NET:
		buf_puts(out, inet_ntop(v->ip.family, v->ip.ip, ip, sizeof(ip)) ? ip : "?");
		break;
	default:
		buf_puts(out, "?");
		break;
	}
}

void slot_print(struct matcher *m, uint32_t slot, struct buf *out)
{
	const struct slot_state *s = slot_values(m, slot);
	bool list = m->slots[slot].multi;
	uint16_t i;

	if (!s->present) {
		buf_puts(out, "missing");
		return;
	}
	if (!s->n && !list) {
		buf_puts(out, "there, without a value");
		return;
	}
	buf_puts(out, list ? "(" : "");
	for (i = 0; i < s->n && i < EXPLAIN_VALUES_MAX; i++) {
		buf_puts(out, i ? ", " : "");
		put_value(out, &s->v[i]);
	}
	buf_puts(out, i < s->n ? ", ..." : "");
	buf_puts(out, list ? ")" : "");
}

static void explain(struct matcher *m, const struct shown *s, unsigned int depth, struct buf *out)
{
	unsigned int i;

	buf_puts(out, node_holds(m, s->node) ? "+ " : "- ");
	for (i = 0; i < depth; i++)
		buf_puts(out, "  ");
	switch (s->ast->kind) {
	case AST_AND:
		buf_puts(out, "all of\n");
		break;
	case AST_OR:
		buf_puts(out, "any of\n");
		break;
	case AST_NOT:
		buf_puts(out, "not\n");
		break;
	default:
		part_print(s->ast, PART_SHOWN_MAX, out);
		if (s->slot != UINT32_MAX) {
			buf_puts(out, "    [");
			slot_print(m, s->slot, out);
			if (s->rhs != UINT32_MAX) {
				buf_puts(out, " against ");
				slot_print(m, s->rhs, out);
			}
			buf_char(out, ']');
		}
		buf_char(out, '\n');
		break;
	}
	for (i = 0; i < s->n; i++)
		explain(m, s->v[i], depth + 1, out);
}

bool matcher_explain(struct matcher *m, uint32_t i, const struct event *ev, struct buf *out)
{
	if (i >= m->nrules || !m->shown[i]) {
		buf_puts(out, "- (no condition)\n");
		return false;
	}
	matcher_begin(m, ev);
	explain(m, m->shown[i], 0, out);
	return node_holds(m, m->raw[i]);
}
