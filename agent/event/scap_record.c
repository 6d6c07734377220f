/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_record.h"
#include "event/scap_state.h"
#include "util/cleanup.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER 22u		/* time, tid, length, type */
#define NUMBERED_HEADER 26u	/* and the number of parameters */
#define PADDED 3u

enum { NOTIFICATION = 280, INFRA = 286 };	/* types */

static uint16_t u16_at(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t u32_at(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t lengths_sum(struct str body, unsigned int n, unsigned int width)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += width == 4 ? u32_at(body.p + 4 * i) : u16_at(body.p + 2 * i);
	return sum;
}

/* Early files do not say how many parameters there are: as many as the lengths account for all bytes. */
static bool count_params(struct str body, unsigned int most, unsigned int *ret)
{
	for (unsigned int n = most + 1; n-- > 0;) {
		if (2 * (size_t)n <= body.n && 2 * n + lengths_sum(body, n, 2) == body.n) {
			*ret = n;
			return true;
		}
	}
	return false;
}

static void split(struct scap_record *r, struct str body, unsigned int n, unsigned int width)
{
	const char *at = body.p + (size_t)n * width;

	r->n = n < SCAP_PARAMS_MAX ? n : SCAP_PARAMS_MAX;
	for (unsigned int i = 0; i < r->n; i++) {
		size_t len = width == 4 ? u32_at(body.p + 4 * i) : u16_at(body.p + 2 * i);

		r->v[i] = str_n(at, len);
		at += len;
	}
}

int scap_record_read(struct scap_record *r, struct str bytes, bool numbered, char why[128])
{
	unsigned int header = numbered ? NUMBERED_HEADER : HEADER, width = 2, n = 0;
	const struct scap_type *t;
	struct str body;
	uint32_t len;

	if (bytes.n < header)
		return snprintf(why, 128, "an event of %zu bytes, shorter than its header", bytes.n), -EBADMSG;
	r->time = u64_at(bytes.p);
	r->tid = (int64_t)u64_at(bytes.p + 8);
	len = u32_at(bytes.p + 16);
	r->type = u16_at(bytes.p + 20);
	if (r->type >= SCAP_TYPES || scap_types[r->type].class == SCAP_UNKNOWN)
		return 1;
	t = &scap_types[r->type];
	if (len < header || len > bytes.n)
		return snprintf(why, 128, "an event that says it has %u bytes, in a block of %zu", len, bytes.n),
		       -EBADMSG;
	body = str_n(bytes.p + header, len - header);
	if (!numbered && (r->type == NOTIFICATION || r->type == INFRA) && body.n >= PADDED)
		body.n -= PADDED;	/* early files count bytes that are not there */
	if (t->flags & SCAP_LARGE)
		width = 4;
	if (numbered)
		n = u32_at(bytes.p + HEADER);
	else if (!count_params(body, scap_nparams(t), &n))
		return snprintf(why, 128, "an event of type %u whose parameters do not add up", r->type), -EBADMSG;
	if ((uint64_t)n * width > body.n || (uint64_t)n * width + lengths_sum(body, n, width) > body.n)
		return snprintf(why, 128, "an event of type %u with %u parameters, longer than itself", r->type, n),
		       -EBADMSG;
	split(r, body, n, width);
	r->newest = &scap_types[t->newest];
	return 0;
}

static struct str find(const struct scap_type *t, const struct str *v, unsigned int n, const char *name, bool *dyn)
{
	for (unsigned int i = 0; i < n && t->params[i].name; i++) {
		if (!strcmp(t->params[i].name, name)) {
			*dyn = t->params[i].kind == SCAP_DYN;
			return v[i];
		}
	}
	return STR_NONE;
}

/* Numbers that later versions added to calls which had none of the kind before: 0 is what they were. */
static struct str added_later(const struct scap_type *t, const char *param)
{
	static const char *const added[][2] = {
		{"socket", "flags"}, {"accept", "queuelen"}, {"accept", "queuemax"}, {"accept4", "queuelen"},
		{"accept4", "queuemax"}, {"fcntl", "arg"},
	};
	static const char zeros[8];

	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		if (!strcmp(t->name, added[i][0]) && !strcmp(param, added[i][1]))
			return str_n(zeros, sizeof(zeros));
	return STR_NONE;
}

void scap_record_merge(struct scap_record *r, const struct scap_enter *enter)
{
	const struct scap_type *own = &scap_types[r->type];

	if (enter && (enter->type != r->type - 1 || own->class == SCAP_META))
		enter = NULL;
	for (unsigned int i = 0; r->newest->params[i].name; i++) {
		const struct scap_param *p = &r->newest->params[i];
		bool dyn = false;

		r->p[i] = find(own, r->v, r->n, p->name, &dyn);
		if (!r->p[i].p && enter)
			r->p[i] = scap_enter_param(enter, p->name);
		if (dyn && p->kind != SCAP_DYN)	/* it was a choice once */
			r->p[i] = str_skip(r->p[i], 1);
		if (!r->p[i].n)
			r->p[i] = added_later(r->newest, p->name);
		if (r->newest->class == SCAP_SYSCALL || r->p[i].p)
			r->shown = i + 1;
	}
}

struct str scap_enter_param(const struct scap_enter *e, const char *name)
{
	bool dyn;

	return e ? find(&scap_types[e->type], e->v, e->n, name, &dyn) : STR_NONE;
}

struct scap_enter *scap_enter_free(struct scap_state *s, struct scap_enter *e)
{
	if (e) {
		scap_state_refund(s, e->size);
		free(e);
	}
	return NULL;
}

void scap_enter_keep(struct scap_state *s, struct scap_thread *t, const struct scap_record *r)
{
	struct scap_enter *e;
	size_t bytes = 0;
	char *at;

	t->enter = scap_enter_free(s, t->enter);
	for (unsigned int i = 0; i < r->n && i < ARRAY_SIZE(e->v); i++)
		bytes += r->v[i].n;
	if (!r->n || !scap_state_charge(s, sizeof(*e) + bytes))
		return;
	e = malloc(sizeof(*e) + bytes);
	if (!e) {
		scap_state_refund(s, sizeof(*e) + bytes);
		return;
	}
	*e = (struct scap_enter){.type = r->type, .size = sizeof(*e) + bytes};
	at = e->bytes;
	for (; e->n < r->n && e->n < ARRAY_SIZE(e->v); e->n++) {
		memcpy(at, r->v[e->n].p, r->v[e->n].n);
		e->v[e->n] = str_n(at, r->v[e->n].n);
		at += r->v[e->n].n;
	}
	t->enter = e;
}

int scap_record_place(const struct scap_record *r, const char *name)
{
	for (int i = 0; r->newest->params[i].name; i++)
		if (!strcmp(r->newest->params[i].name, name))
			return i;
	return -1;
}

struct str scap_record_param(const struct scap_record *r, const char *name)
{
	int i = scap_record_place(r, name);

	return i >= 0 && r->p[i].n ? r->p[i] : STR_NONE;
}

static bool is_signed(enum scap_kind kind)
{
	switch (kind) {
	case SCAP_I8:
	case SCAP_I16:
	case SCAP_I32:
	case SCAP_I64:
	case SCAP_ERR:
	case SCAP_FD:
	case SCAP_PID:
		return true;
	default:
		return false;
	}
}

int64_t scap_number(enum scap_kind kind, struct str bytes)
{
	uint64_t v = 0;

	if (bytes.n > sizeof(v))
		bytes.n = sizeof(v);
	if (bytes.n)
		memcpy(&v, bytes.p, bytes.n);
	if (is_signed(kind) && bytes.n && bytes.n < sizeof(v) && bytes.p[bytes.n - 1] & 0x80)
		v |= ~(uint64_t)0 << (8 * bytes.n);
	return (int64_t)v;
}

int64_t scap_record_number(const struct scap_record *r, const char *name, int64_t fallback)
{
	int i = scap_record_place(r, name);

	return i >= 0 && r->p[i].n ? scap_number(r->newest->params[i].kind, r->p[i]) : fallback;
}

struct str scap_string(struct str bytes)
{
	return bytes.p ? str_n(bytes.p, strnlen(bytes.p, bytes.n)) : STR_NONE;
}

struct str scap_record_text(const struct scap_record *r, const char *name)
{
	return scap_string(scap_record_param(r, name));
}

bool scap_record_result(const struct scap_record *r, int64_t *ret)
{
	const struct scap_param *p = r->newest->params;

	if (r->newest->class != SCAP_SYSCALL || !p[0].name || !r->p[0].n)
		return false;
	if (strcmp(p[0].name, "res") && strcmp(p[0].name, "fd"))
		return false;
	*ret = scap_number(p[0].kind, r->p[0]);
	return true;
}
