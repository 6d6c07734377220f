/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs
 *
 * What has to leave the kernel for these conditions: the graph is simplified
 * once more under "this call, and it failed" or "this open, and it only reads";
 * what is then false for every rule need not be sent.
 */
#include "event/attr.h"
#include "rule/matcher_judge.h"
#include <stdlib.h>

static bool is(const struct slot *s, const char *name)
{
	return s->kind == EXPR_FIELD && !strcmp(s->field.desc->name, name);
}

static bool some_may_hold(const struct matcher *m, struct assumption a)
{
	uint32_t i;

	if (!a.memo)
		return true;
	memset(a.memo, 0, m->nnodes);
	for (i = 0; i < m->nrules; i++) {
		if (m->shown[i] && matcher_judge(m, m->raw[i], &a) != NODE_FALSE)
			return true;
	}
	return false;
}

/* May a rule hold for the call that may not hold for one that no rule names? */
static bool some_names_it(const struct matcher *m, struct assumption a)
{
	bool may;

	for (uint32_t i = 0; a.memo && i < m->nrules; i++) {
		struct assumption other = a;

		if (!m->shown[i])
			continue;
		memset(a.memo, 0, m->nnodes);
		may = matcher_judge(m, m->raw[i], &a) != NODE_FALSE;
		other.name = -1;
		memset(a.memo, 0, m->nnodes);
		if (may && matcher_judge(m, m->raw[i], &other) == NODE_FALSE)
			return true;
	}
	return !a.memo;
}

/* ---- fields that cost extra ---- */

static uint32_t want_of_slot(const struct slot *s)
{
	static const char *const raw[] = {"fd.nameraw",        "fs.path.nameraw", "fs.path.sourceraw",
					  "fs.path.targetraw", "evt.args",        "evt.info",
					  "evt.arg",           "evt.rawarg",      "evt.abspath"};
	unsigned int i;

	if (is(s, "proc.env") || is(s, "proc.aenv") || is(s, "proc.ld_preload") || is(s, "proc.ld_library_path"))
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
static void needs_of_state(const struct slot *s, struct needs *n, bool *keeps_peers)
{
	static const char *const names[] = {"fd.cip.name", "fd.sip.name", "fd.lip.name", "fd.rip.name"};
	static const char *const peers[] = {"proc.stdin.peer.rip", "proc.stdin.peer.rport", "proc.stdout.peer.rip",
					    "proc.stdout.peer.rport"};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		n->call[CALL_DNS] |= is(s, names[i]);
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		if (is(s, peers[i]))
			*keeps_peers = n->call[CALL_CONNECT] = n->call[CALL_ACCEPT] = n->call[CALL_ACCEPT4] = true;
	}
}

/* ---- opens by name ---- */

void matcher_opens(const struct matcher *m, uint32_t rule, enum opens_way way, struct opens *ret)
{
	_cleanup_(freep) uint8_t *memo = calloc(m->nnodes, 1);
	enum event_call call;
	uint32_t i;

	*ret = (struct opens){.all = !memo};
	for (call = CALL_NONE + 1; call < CALL_MAX; call++) {
		struct assumption a = {.name = name_of_call(call), .call = call, .memo = memo,
				       .what = way == OPENS_READ ? SUPPOSE_READ_ONLY : SUPPOSE_DONE};

		if (!memo || !(way == OPENS_NAMED ? call_is_named(call) : call_is_open(call)) || (call == CALL_CREAT && way == OPENS_READ))
			continue;
		memset(memo, 0, m->nnodes);
		for (i = 0; i < m->nrules; i++) {
			if (m->shown[i] && (i == rule || rule == UINT32_MAX))
				matcher_opens_of(m, m->raw[i], &a, ret);
		}
	}
}

static bool needs_of_way(const struct matcher *m, struct needs *n, enum opens_way way)
{
	struct opens o;
	bool some;

	matcher_opens(m, UINT32_MAX, way, &o);
	some = o.all || o.n;
	if (!o.all)
		opens_narrow(&n->opens[way], o.v, o.n);
	opens_free(&o);
	return some;
}

static void needs_of_opens(const struct matcher *m, struct needs *n)
{
	needs_of_way(m, n, OPENS_WRITTEN);
	if (needs_of_way(m, n, OPENS_READ))	/* written or read ones alike are only sent if some are wanted */
		n->want |= WANT_OPEN_READ;
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
	switch (call_table[call].type) {
	case EVENT_TRANSFER:
	case EVENT_HELLO:
	case EVENT_WRITE:
	case EVENT_COPY:
	case EVENT_UTIME:
		return true;
	default:
		return call == CALL_FCNTL;
	}
}

static bool requested(const struct matcher *m, struct assumption a)
{
	static const struct {
		const char *field;	/* its beginning */
		enum event_type type;
	} own[] = {{"evt.buffer", EVENT_TRANSFER}, {"evt.buflen", EVENT_TRANSFER}, {"evt.is_io", EVENT_TRANSFER},
		   {"evt.io_dir", EVENT_TRANSFER}, {"evt.is_io", EVENT_WRITE}, {"evt.io_dir", EVENT_WRITE},
		   {"evt.is_io", EVENT_COPY}, {"evt.io_dir", EVENT_COPY}, {"tls.", EVENT_HELLO}, {"http.", EVENT_HELLO}};
	unsigned int i, k;

	for (i = 0; i < m->nslots; i++) {
		for (k = 0; m->slots[i].kind == EXPR_FIELD && k < ARRAY_SIZE(own); k++) {
			if (own[k].type == call_table[a.call].type &&
			    !strncmp(m->slots[i].field.desc->name, own[k].field, strlen(own[k].field)))
				return true;
		}
	}
	return some_names_it(m, a);
}

void matcher_needs(const struct matcher *m, struct needs *n)
{
	_cleanup_(freep) uint8_t *memo = calloc(m->nnodes, 1);
	enum event_call call;
	bool opens = false, names = false, peers = false;
	uint32_t i;

	for (call = CALL_NONE + 1; call < CALL_MAX; call++) {
		struct assumption a = {.name = name_of_call(call), .call = call, .memo = memo};

		if (!some_may_hold(m, a) || (on_request(call) && !requested(m, a)))
			continue;
		n->call[call] = true;
		n->want |= tells_credentials(call) ? WANT_CREDS : 0;
		opens |= call_is_open(call);
		names |= call_is_named(call);
		a.what = SUPPOSE_FAILED;
		if (call_can_fail(call) && some_may_hold(m, a))
			n->want |= call_is_open(call) ? WANT_OPEN_FAILED : WANT_FAILED;
	}
	if (opens)
		needs_of_opens(m, n);
	if (names)
		needs_of_way(m, n, OPENS_NAMED);
	for (i = 0; i < m->nslots; i++) {
		needs_of_state(&m->slots[i], n, &peers);
		n->want |= want_of_slot(&m->slots[i]) & (opens ? ~0u : ~(uint32_t)WANT_OPEN_RAW);
	}
	matcher_refuse(m, UINT32_MAX, n->refuse);
	matcher_refuse_no_state(n->refuse, peers);
}
