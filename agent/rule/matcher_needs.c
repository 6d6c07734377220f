/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs
 *
 * What has to leave the kernel for these conditions: the graph is simplified
 * once more under "this call, and it failed" or "this open, and it only reads";
 * what is then false for every rule need not be sent.
 */
#include "event/attr.h"
#include "rule/matcher_node.h"
#include <stdlib.h>

enum supposition { SUPPOSE_NOTHING, SUPPOSE_FAILED, SUPPOSE_SOCKET, SUPPOSE_OPENED, SUPPOSE_READ_ONLY };

struct assumption {
	int name;			/* of the call, first: oracle_of_name() reads it */
	enum supposition what;
	bool open;
	unsigned int family, kind;	/* SUPPOSE_SOCKET */
	uint8_t *memo;			/* per node: what judge() said */
};

static bool is(const struct slot *s, const char *name)
{
	return s->kind == EXPR_FIELD && !strcmp(s->field.desc->name, name);
}

static bool is_text(const struct slot *s, const char *text)
{
	return s->kind == EXPR_FIELD && str_eq(s->field.text, str(text));
}

static uint32_t known(bool holds)
{
	return holds ? NODE_TRUE : NODE_FALSE;
}

/* A yes/no field of a known value. */
static uint32_t bool_known(const struct pred *p, bool value)
{
	uint32_t i;

	if (p->test == TEST_EXISTS)
		return NODE_TRUE;
	for (i = 0; p->test == TEST_BOOLS && i < p->n; i++) {
		if (p->v[i].b == value)
			return known(!p->negate);
	}
	return p->test == TEST_BOOLS ? known(p->negate) : NODE_BAD;
}

/* A text field that has not this value: it can only be said of a comparison with that value alone. */
static uint32_t text_is_not(const struct pred *p, const char *value)
{
	return p->test == TEST_TEXTS && p->n == 1 && str_eq(p->v[0].s, str(value)) ? known(p->negate) : NODE_BAD;
}

/* A number that is below zero. */
static uint32_t negative_number(const struct pred *p)
{
	bool below = false, above = false;
	uint32_t i;

	if ((p->test != TEST_RANGE && p->test != TEST_NUMBERS) || !p->n || p->v[0].type != TYPE_INT)
		return NODE_BAD;
	for (i = 0; i < p->n; i++) {
		below |= p->v[i].i < 0;
		above |= p->v[i].i >= 0;
	}
	if (p->test == TEST_RANGE && p->v[0].i == INT64_MIN && p->v[1].i >= -1)
		return NODE_TRUE;
	return !below && above ? known(p->negate) : NODE_BAD;
}

static uint32_t when_failed(const struct slot *s, const struct pred *p, bool open)
{
	if (is(s, "evt.failed"))
		return bool_known(p, true);
	if (is(s, "evt.res"))
		return text_is_not(p, "SUCCESS");
	if (is(s, "evt.rawres"))
		return negative_number(p);
	if (open && is(s, "fd.num"))
		return negative_number(p);
	if (open && is(s, "fd.typechar"))	/* a failed open's is 'o' */
		return p->test == TEST_TEXTS && p->n == 1 && !str_eq(p->v[0].s, STR("o")) ? known(p->negate) : NODE_BAD;
	return NODE_BAD;
}

/* A number that is not. */
static uint32_t natural_number(const struct pred *p)
{
	bool above = false;
	uint32_t i;

	if ((p->test != TEST_RANGE && p->test != TEST_NUMBERS) || !p->n || p->v[0].type != TYPE_INT)
		return NODE_BAD;
	if (p->test == TEST_RANGE)
		return p->v[1].i < 0 ? NODE_FALSE : p->v[0].i <= 0 && p->v[1].i == INT64_MAX ? NODE_TRUE : NODE_BAD;
	for (i = 0; i < p->n; i++)
		above |= p->v[i].i >= 0;
	return above ? NODE_BAD : known(p->negate);
}

static uint32_t when_opened(const struct slot *s, const struct pred *p)
{
	uint32_t i;

	if (is(s, "evt.failed"))
		return bool_known(p, false);
	if (is(s, "evt.rawres") || is(s, "fd.num"))
		return natural_number(p);
	if (!is(s, "evt.res") || p->test != TEST_TEXTS)
		return NODE_BAD;
	for (i = 0; i < p->n && !str_eq(p->v[i].s, STR("SUCCESS")); i++)
		;
	return known((i < p->n) != p->negate);
}

static uint32_t when_read_only(const struct slot *s, const struct pred *p)
{
	static const char *const flags[] = {"O_CREAT", "O_WRONLY", "O_RDWR", "O_TMPFILE", "O_TRUNC", "O_F_CREATED"};
	uint32_t i, j, hits = 0;

	if (is(s, "evt.is_open_write") || is(s, "evt.is_open_create") || is(s, "evt.is_open_exec"))
		return bool_known(p, false);
	if (!is_text(s, "evt.arg.flags") || p->test != TEST_CONTAINS)
		return NODE_BAD;
	for (i = 0; i < p->n; i++) {
		for (j = 0; j < ARRAY_SIZE(flags) && !str_eq(p->v[i].s, str(flags[j])); j++)
			;
		hits += j < ARRAY_SIZE(flags);
	}
	return p->n && hits == p->n ? known(p->negate) : NODE_BAD;
}

static uint32_t oracle(const struct matcher *m, const struct pred *p, void *ctx)
{
	const struct assumption *a = ctx;
	const struct slot *s = &m->slots[p->slot];
	uint32_t r = oracle_of_name(m, p, (void *)&a->name);

	if (r <= NODE_TRUE || s->multi || p->quant != QUANT_ANY)
		return r;
	if (a->what == SUPPOSE_FAILED)
		return when_failed(s, p, a->open);
	if (a->what == SUPPOSE_SOCKET)
		return socket_judge(s, p, a->family, a->kind);
	if (a->what >= SUPPOSE_OPENED)
		r = when_opened(s, p);
	return a->what == SUPPOSE_READ_ONLY && r > NODE_TRUE ? when_read_only(s, p) : r;
}

/*
 * Whether a node may hold for some event: no new nodes are made, so that a matcher in use stays as it is.
 * NODE_TRUE, NODE_FALSE, or NODE_BAD for "that depends".
 */
static uint32_t judge(const struct matcher *m, uint32_t id, void *ctx)
{
	struct assumption *a = ctx;
	const struct node *n = &m->nodes[id];
	uint32_t r, i, part, decisive;
	uint8_t *memo = a->memo;

	if (memo[id])
		return memo[id] == 3 ? NODE_BAD : memo[id] - 1u;
	switch (n->kind) {
	case NODE_CONST:
		r = id;
		break;
	case NODE_PRED:
		r = oracle(m, &m->preds[n->pred], a);
		break;
	case NODE_NOT:
		r = judge(m, n->v[0], a);
		r = r <= NODE_TRUE ? !r : NODE_BAD;
		break;
	case NODE_ONE:
		r = NODE_BAD;
		break;
	default:
		decisive = n->kind == NODE_AND ? NODE_FALSE : NODE_TRUE;
		for (i = 0, r = !decisive; i < n->n && r != decisive; i++) {
			part = judge(m, n->v[i], a);
			r = part == decisive ? decisive : part > NODE_TRUE ? NODE_BAD : r;
		}
		break;
	}
	r = r <= NODE_TRUE ? r : NODE_BAD;
	memo[id] = r == NODE_BAD ? 3 : (uint8_t)(r + 1);
	return r;
}

static bool some_may_hold(const struct matcher *m, struct assumption a)
{
	uint32_t i;

	if (!a.memo)
		return true;
	memset(a.memo, 0, m->nnodes);
	for (i = 0; i < m->nrules; i++) {
		if (m->shown[i] && judge(m, m->raw[i], &a) != NODE_FALSE)
			return true;
	}
	return false;
}

/* ---- fields that cost extra ---- */

static uint32_t want_of_slot(const struct slot *s)
{
	static const char *const raw[] = {"fd.nameraw",        "fs.path.nameraw", "fs.path.sourceraw",
					  "fs.path.targetraw", "evt.args",        "evt.info",
					  "evt.arg",           "evt.rawarg",      "evt.abspath"};
	unsigned int i;

	if (is(s, "proc.env") || is(s, "proc.aenv"))
		return WANT_ENV;
	if (s->kind == EXPR_FIELD && !strncmp(s->field.desc->name, "proc.exe_writ", 13))
		return WANT_WRITER;
	if (is(s, "evt.compat"))
		return WANT_COMPAT;
	if (is(s, "evt.args_mutated"))
		return WANT_ARGS | WANT_OPEN_RAW;
	for (i = 0; i < ARRAY_SIZE(raw); i++) {
		if (!is(s, raw[i]))
			continue;
		/* Of the arguments by name only the path is extra. */
		return !s->field.arg.n || s->field.index >= 0 || str_eq(s->field.arg, STR("name")) ? WANT_OPEN_RAW : 0;
	}
	return 0;
}

/* Fields whose values are kept from other events: those have to come, whether or not a rule matches them. */
static void needs_of_state(const struct slot *s, struct needs *n)
{
	static const char *const names[] = {"fd.cip.name", "fd.sip.name", "fd.lip.name", "fd.rip.name"};
	static const char *const peers[] = {"proc.stdin.peer.rip", "proc.stdin.peer.rport", "proc.stdout.peer.rip",
					    "proc.stdout.peer.rport"};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		n->call[CALL_DNS] |= is(s, names[i]);
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		if (is(s, peers[i]))
			n->call[CALL_CONNECT] = n->call[CALL_ACCEPT] = n->call[CALL_ACCEPT4] = true;
	}
}

static bool is_open(enum event_call call)
{
	return call == CALL_OPEN || call == CALL_OPENAT || call == CALL_OPENAT2 || call == CALL_CREAT;
}

static bool can_fail(enum event_call call)
{
	return call != CALL_PROCEXIT && call != CALL_DNS && call != CALL_CRED_CHANGE && call != CALL_SIGNAL &&
	       call != CALL_MODULE_LOAD;
}

/* ---- opens by name ---- */

void matcher_opens(const struct matcher *m, uint32_t rule, enum opens_way way, struct opens *ret)
{
	_cleanup_(freep) uint8_t *memo = calloc(m->nnodes, 1);
	enum event_call call;
	uint32_t i;

	*ret = (struct opens){.all = !memo};
	for (call = CALL_NONE + 1; call < CALL_MAX; call++) {
		struct assumption a = {.name = name_of_call(call), .open = true, .memo = memo,
				       .what = way == OPENS_READ ? SUPPOSE_READ_ONLY : SUPPOSE_OPENED};

		if (!memo || !is_open(call) || (call == CALL_CREAT && way == OPENS_READ))
			continue;
		memset(memo, 0, m->nnodes);
		for (i = 0; i < m->nrules; i++) {
			if (m->shown[i] && (i == rule || rule == UINT32_MAX))
				matcher_opens_of(m, m->raw[i], judge, &a, ret);
		}
	}
}

static void needs_of_opens(const struct matcher *m, struct needs *n)
{
	enum opens_way way;
	struct opens o;

	for (way = 0; way < OPENS_WAYS; way++) {
		matcher_opens(m, UINT32_MAX, way, &o);
		if (o.all || o.n)	/* written or read ones alike are only sent if some are wanted */
			n->want |= way == OPENS_READ ? WANT_OPEN_READ : 0;
		if (!o.all)
			opens_narrow(&n->opens[way], o.v, o.n);
		opens_free(&o);
	}
}

static void needs_of_sockets(const struct matcher *m, struct needs *n, struct assumption a)
{
	a.what = SUPPOSE_SOCKET;
	for (a.kind = 0; a.kind < SOCKET_KINDS; a.kind++) {
		n->sockets_refused[a.kind] = 0;
		for (a.family = 0; a.family < SOCKET_FAMILIES; a.family++)
			n->sockets_refused[a.kind] |= (uint64_t)!some_may_hold(m, a) << a.family;
	}
}

/* What was before, of events that show it. */
static bool tells_credentials(enum event_call call)
{
	return call_table[call].type == EVENT_CREDS || call == CALL_CRED_CHANGE;
}

/*
 * Calls that busy programs make all the time: a rule has to ask for them, by name or by what only they have. One that
 * would hold for events of any type gets all others.
 */
static bool on_request(enum event_call call)
{
	return call_table[call].type == EVENT_TRANSFER;
}

static bool requested(const struct matcher *m, enum event_call call)
{
	static const char *const own[] = {"evt.buffer", "evt.buflen", "evt.is_io", "evt.io_dir"};
	unsigned int i, k;

	if (name_of_call(call) >= 0 && m->class_of[name_of_call(call)])
		return true;
	for (i = 0; i < m->nslots; i++) {
		for (k = 0; m->slots[i].kind == EXPR_FIELD && k < ARRAY_SIZE(own); k++) {
			if (!strncmp(m->slots[i].field.desc->name, own[k], strlen(own[k])))
				return true;
		}
	}
	return false;
}

void matcher_needs(const struct matcher *m, struct needs *n)
{
	_cleanup_(freep) uint8_t *memo = calloc(m->nnodes, 1);
	enum event_call call;
	bool opens = false;
	uint32_t i;

	for (call = CALL_NONE + 1; call < CALL_MAX; call++) {
		struct assumption a = {.name = name_of_call(call), .open = is_open(call), .memo = memo};

		if ((on_request(call) && !requested(m, call)) || !some_may_hold(m, a))
			continue;
		n->call[call] = true;
		n->want |= tells_credentials(call) ? WANT_CREDS : 0;
		opens |= a.open;
		if (call == CALL_SOCKET)
			needs_of_sockets(m, n, a);
		a.what = SUPPOSE_FAILED;
		if (can_fail(call) && some_may_hold(m, a))
			n->want |= a.open ? WANT_OPEN_FAILED : WANT_FAILED;
	}
	if (opens)
		needs_of_opens(m, n);
	for (i = 0; i < m->nslots; i++) {
		needs_of_state(&m->slots[i], n);
		n->want |= want_of_slot(&m->slots[i]) & (opens ? ~0u : ~(uint32_t)WANT_OPEN_RAW);
	}
}
