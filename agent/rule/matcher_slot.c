/* SPDX-License-Identifier: Apache-2.0 */
/* Values: a field is read once per event, a transformer applied once. Nothing allocates. */
#include "rule/matcher_node.h"
#include <stdio.h>

static struct str new_text(struct matcher *m, size_t n)
{
	char *p = m->text + m->text_used;

	if (n > TEXT_SCRATCH_BYTES - m->text_used) {
		m->texts_cut++;
		return STR_NONE;
	}
	m->text_used += n;
	return str_n(p, n);
}

static void load_field(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	unsigned int n = field_values(&slot->field, m->event, m->scratch, s->v, &s->present);

	s->n = (uint16_t)(slot->multi || !n ? n : 1);
}

/* ---- transformers of one value ---- */

static char changed(char c, bool upper)
{
	if (upper)
		return c >= 'a' && c <= 'z' ? c & ~0x20 : c;
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool change_case(struct matcher *m, struct value *v, bool upper)
{
	struct str text = new_text(m, v->s.n);
	char *dst = (char *)text.p;
	size_t i;

	if (!text.p)
		return false;
	for (i = 0; i < text.n; i++)
		dst[i] = changed(v->s.p[i], upper);
	v->s = text;
	return true;
}

static int b64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding may be missing when the bits left over are zero. A text ends at its first NUL, bytes do not. */
static bool decode_b64(struct matcher *m, struct value *v)
{
	struct str in = v->s, out;
	uint32_t bits = 0, have = 0;
	size_t i, n = 0, pad = 0;

	while (in.n && pad < 2 && in.p[in.n - 1] == '=') {
		in.n--;
		pad++;
	}
	if (in.n % 4 == 1 || (pad && (in.n + pad) % 4))
		return false;
	out = new_text(m, in.n / 4 * 3 + 3);
	if (!out.p)
		return false;
	for (i = 0; i < in.n; i++) {
		int d = b64_digit(in.p[i]);

		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			((char *)out.p)[n++] = (char)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	v->s = str_n(out.p, v->type == TYPE_STR ? strnlen(out.p, n) : n);
	return !bits;
}

static bool transform_value(struct matcher *m, enum transform t, struct value *v)
{
	switch (t) {
	case TRANSFORM_TOLOWER:
		return change_case(m, v, false);
	case TRANSFORM_TOUPPER:
		return change_case(m, v, true);
	case TRANSFORM_BASENAME:
		v->s = str_after_last(v->s, '/');
		return true;
	case TRANSFORM_B64:
		return decode_b64(m, v);
	default:
		return false;
	}
}

static void load_each(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	const struct slot_state *in = slot_values(m, slot->args[0]);
	uint16_t i;

	s->present = in->present;
	s->n = 0;
	for (i = 0; i < in->n; i++) {
		s->v[s->n] = in->v[i];
		if (transform_value(m, slot->transform, &s->v[s->n]))
			s->n++;
	}
	if (!slot->list && !s->n)
		s->present = false;
}

/* ---- lists and texts of several ---- */

static void load_list(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	uint32_t i;

	s->n = 0;
	s->present = true;
	for (i = 0; i < slot->nargs && s->n < FIELD_VALUES_MAX; i++) {
		const struct slot_state *in = slot_values(m, slot->args[i]);

		if (!in->n) {
			s->present = false;
			s->n = 0;
			return;
		}
		s->v[s->n++] = in->v[0];
	}
}

static struct str value_text(const struct value *v, char number[24])
{
	if (v->type == TYPE_STR || v->type == TYPE_BYTES)
		return v->s;
	if (v->type == TYPE_INT)
		return str_n(number, (size_t)snprintf(number, 24, "%lld", (long long)v->i));
	return str_n(number, (size_t)snprintf(number, 24, "%llu", (unsigned long long)v->u));
}

/* Appends to a text under way; false without room. */
static bool append(struct matcher *m, struct str *text, struct str more)
{
	struct str room = new_text(m, more.n);

	if (!room.p)
		return false;
	if (more.n)
		memcpy((char *)room.p, more.p, more.n);
	text->n += more.n;
	return true;
}

static void set_text(struct slot_state *s, bool ok, struct str text)
{
	s->v[0] = (struct value){.type = TYPE_STR, .s = text};
	s->present = ok;
	s->n = ok;
}

static void load_join(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	const struct slot_state *sep = slot_values(m, slot->args[0]), *in = slot_values(m, slot->args[1]);
	bool ok = sep->n && in->present;
	struct str text;
	char number[24];
	uint16_t i;

	text = str_n(m->text + m->text_used, 0);	/* nothing else is loaded from here on */
	for (i = 0; ok && i < in->n; i++)
		ok = (!i || append(m, &text, sep->v[0].s)) && append(m, &text, value_text(&in->v[i], number));
	set_text(s, ok, text);
}

static void load_concat(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	struct str text;
	bool ok = true;
	uint32_t i;

	for (i = 0; i < slot->nargs; i++)
		ok &= slot_values(m, slot->args[i])->n > 0;
	text = str_n(m->text + m->text_used, 0);
	for (i = 0; ok && i < slot->nargs; i++)
		ok = append(m, &text, slot_values(m, slot->args[i])->v[0].s);
	set_text(s, ok, text);
}

static void load_len(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	const struct slot_state *in = slot_values(m, slot->args[0]);
	bool list = m->slots[slot->args[0]].list;

	s->present = in->present && (list || in->n);
	s->n = s->present;
	s->v[0] = (struct value){.type = TYPE_UINT, .u = list ? in->n : in->n ? in->v[0].s.n : 0};
}

/* ---- getopt ---- */

struct getopt_out {
	struct slot_state *s;
	const struct slot *slot;
};

/* The argument is {NULL, 0} where the option takes none. One that should be there and is not counts as empty. */
static void found_option(struct getopt_out *o, struct str letter, struct str argument, bool lacking)
{
	struct slot_state *s = o->s;
	bool takes = argument.p;

	if (o->slot->has_arg) {
		if (str_eq(letter, o->slot->arg)) {
			s->v[0] = (struct value){.type = TYPE_STR, .s = takes ? argument : letter};
			s->n = 1;
		}
		return;
	}
	if (!lacking && s->n < FIELD_VALUES_MAX)
		s->v[s->n++] = (struct value){.type = TYPE_STR, .s = letter};
	if (takes && s->n < FIELD_VALUES_MAX)
		s->v[s->n++] = (struct value){.type = TYPE_STR, .s = argument};
}

/* One word of options; true when it took the next word as an argument. */
static bool option_word(struct getopt_out *o, struct str letters, struct str word, const struct value *next)
{
	size_t i;

	for (i = 1; i < word.n; i++) {
		const char *at = word.p[i] == ':' || !letters.n ? NULL : memchr(letters.p, word.p[i], letters.n);
		size_t behind = at ? letters.n - (size_t)(at - letters.p) - 1 : 0;
		struct str letter = str_n(word.p + i, 1), rest = str_skip(word, i + 1);

		if (!at)
			continue;
		if (!behind || at[1] != ':') {
			found_option(o, letter, STR_NONE, false);
			continue;
		}
		if (rest.n)
			found_option(o, letter, rest, false);
		else if (behind > 1 && at[2] == ':')	/* x:: takes an argument only from its own word */
			found_option(o, letter, STR_NONE, false);
		else if (next)
			found_option(o, letter, next->s, false);
		else
			found_option(o, letter, STR(""), true);
		return !rest.n && next && !(behind > 1 && at[2] == ':');
	}
	return false;
}

static void load_getopt(struct matcher *m, const struct slot *slot, struct slot_state *s)
{
	const struct slot_state *in = slot_values(m, slot->args[0]);
	struct str letters = m->slots[slot->args[1]].constant.s;
	struct getopt_out o = {s, slot};
	uint16_t i;

	s->n = 0;
	for (i = 0; in->present && i < in->n; i++) {
		struct str word = in->v[i].s;

		if (word.n < 2 || word.p[0] != '-' || str_eq(word, STR("--")))
			break;
		if (option_word(&o, letters, word, i + 1 < in->n ? &in->v[i + 1] : NULL))
			i++;
	}
	s->present = in->present && (s->n || !slot->has_arg);
}

void slot_load(struct matcher *m, uint32_t index)
{
	const struct slot *slot = &m->slots[index];
	struct slot_state *s = &m->states[index];

	s->generation = m->generation;
	s->present = false;
	s->n = 0;
	if (slot->kind == EXPR_FIELD)
		load_field(m, slot, s);
	else if (slot->kind == EXPR_LIST)
		load_list(m, slot, s);
	else if (slot->kind != EXPR_TRANSFORM) {
		s->v[0] = slot->constant;
		s->n = 1;
		s->present = true;
	} else if (slot->transform == TRANSFORM_JOIN)
		load_join(m, slot, s);
	else if (slot->transform == TRANSFORM_CONCAT)
		load_concat(m, slot, s);
	else if (slot->transform == TRANSFORM_LEN)
		load_len(m, slot, s);
	else if (slot->transform == TRANSFORM_GETOPT)
		load_getopt(m, slot, s);
	else
		load_each(m, slot, s);
}
