/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets
 *
 * Which kinds of sockets a rule can ask for: what checks of the family and the
 * type of a new socket come to is known for each kind before any is made. Most
 * sockets are of a kind that no rule means, and need not leave the kernel.
 */
#include "rule/field_get.h"
#include "rule/matcher_node.h"

static uint32_t text_known(const struct pred *p, struct str text)
{
	bool hit = false;
	uint32_t i;

	for (i = 0; i < p->n && !hit; i++) {
		switch (p->test) {
		case TEST_TEXTS:
			hit = str_eq(text, p->v[i].s);
			break;
		case TEST_PREFIX:
			hit = str_starts(text, p->v[i].s);
			break;
		case TEST_SUFFIX:
			hit = str_ends(text, p->v[i].s);
			break;
		case TEST_CONTAINS:
			hit = !p->v[i].s.n || memmem(text.p, text.n, p->v[i].s.p, p->v[i].s.n);
			break;
		default:
			return NODE_BAD;
		}
	}
	return hit != p->negate ? NODE_TRUE : NODE_FALSE;
}

static uint32_t number_known(const struct pred *p, uint64_t number)
{
	bool hit = false;
	uint32_t i;

	if (p->test == TEST_RANGE && p->v[0].type != TYPE_INT)
		return (number >= p->v[0].u && number <= p->v[1].u) != p->negate ? NODE_TRUE : NODE_FALSE;
	if (p->test != TEST_NUMBERS)
		return NODE_BAD;
	for (i = 0; i < p->n && !hit; i++)
		hit = p->v[i].u == number;
	return hit != p->negate ? NODE_TRUE : NODE_FALSE;
}

/* kind 0 is all types that have no kind of their own: of their number nothing is known. */
uint32_t socket_judge(const struct slot *s, const struct pred *p, unsigned int family, unsigned int kind)
{
	static const char *const types[SOCKET_KINDS] = {"", "1", "2", "3"};
	struct str name = s->field.text;
	const char *text;

	if (s->kind != EXPR_FIELD)
		return NODE_BAD;
	if (str_eq(name, STR("evt.arg.domain"))) {
		text = socket_family_name(family);
		return text ? text_known(p, str(text)) : NODE_BAD;
	}
	if (str_eq(name, STR("evt.rawarg.domain")))
		return number_known(p, family);
	if (kind && str_eq(name, STR("evt.arg.type")))
		return text_known(p, str(types[kind]));
	return kind && str_eq(name, STR("evt.rawarg.type")) ? number_known(p, kind) : NODE_BAD;
}
