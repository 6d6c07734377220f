/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of a check, cut from the values that its left side has in the batch. */
#include "generate.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* A value that the left side has for some event of the batch; false when it was not met. */
static bool value_near(struct batch *b, const struct rexpr *x, struct rvalue *ret)
{
	struct rvalues v;

	for (unsigned int i = 0; i < 4; i++) {
		ref_values(&b->occasions[below(b->noccasions)].facts, x, &v);
		if (!v.n)
			continue;
		*ret = v.v[below(v.n)];
		return true;
	}
	return false;
}

static struct str text_near(struct batch *b, const struct rexpr *x)
{
	struct rvalue v;

	if (!value_near(b, x, &v) || (v.type != R_STR && v.type != R_BYTES))
		return text_of_theme((enum theme)below(THEMES));
	v.text.n = v.type == R_STR ? strnlen(v.text.p, v.text.n) : v.text.n;
	if (v.text.n > 60)
		v.text.n = 60;
	return chance(12) ? mutated(v.text) : v.text;
}

static struct str piece(struct str s)
{
	size_t from = below((uint32_t)s.n + 1), n = below((uint32_t)(s.n - from) + 1);

	return (struct str){s.p + from, chance(70) && n > 4 ? 4 : n};
}

static struct str other_case(struct str s)
{
	char *p = ref_memory(s.n + 1);

	for (size_t i = 0; i < s.n; i++) {
		bool letter = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z');

		p[i] = letter && chance(50) ? s.p[i] ^ 0x20 : s.p[i];
	}
	return (struct str){p, s.n};
}

/* ---- patterns ---- */

struct pattern {
	char p[512];
	size_t n;
};

static void put(struct pattern *d, const char *s)
{
	size_t n = strlen(s);

	if (d->n + n <= sizeof(d->p)) {
		memcpy(d->p + d->n, s, n);
		d->n += n;
	}
}

static void put_char(struct pattern *d, char c)
{
	if (d->n < sizeof(d->p))
		d->p[d->n++] = c;
}

static void put_glob_char(struct pattern *d, char c)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

	switch (below(letter ? 20 : 8)) {
	case 0:
		put_char(d, '?');
		break;
	case 1:
		put(d, letter ? "[!/]" : "[^a-zA-Z0-9]");
		break;
	case 8:
		put(d, "[");
		put_char(d, c);
		put(d, "]");
		break;
	case 9:
		put(d, c <= '9' ? "[0-9]" : c <= 'Z' ? "[A-Z]" : "[a-z]");
		break;
	case 10:
		put(d, "[[:alnum:]_]");
		break;
	default:
		if (strchr("*?[\\", c) ? chance(80) : chance(4))
			put_char(d, '\\');
		put_char(d, c);
	}
}

static struct str glob_of(struct str s)
{
	struct pattern d = {};

	if (chance(6))
		return wild_text(8);
	if (chance(30))
		put_char(&d, '*');
	for (size_t i = d.n && s.n ? below((uint32_t)s.n) : 0; i < s.n; i++) {
		if (chance(7)) {
			put_char(&d, '*');
			i += below(4);
		} else {
			put_glob_char(&d, s.p[i]);
		}
		if (chance(5)) {
			put_char(&d, '*');
			break;
		}
	}
	if (chance(15))
		put_char(&d, '*');
	return copy(d.p, d.n < 250 ? d.n : 250);
}

static size_t character_at(struct str s, size_t i)
{
	size_t n = 1;

	while (i + n < s.n && ((unsigned char)s.p[i + n] & 0xc0) == 0x80)
		n++;
	return n == 2 && (unsigned char)s.p[i] >= 0xc2 && (unsigned char)s.p[i] < 0xe0 ? 2
	       : (unsigned char)s.p[i] < 0x80 ? 1 : 0;
}

/* The character itself or a set that has it, and what may follow. */
static void put_regex_char(struct pattern *d, struct str s, size_t i, size_t n)
{
	static const char *const more[] = {"+", "*", "?", "{1}", "{1,3}", "{0,2}", "{1,}"};
	char c = s.p[i];
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

	if (!n) {
		put(d, ".");
	} else if (chance(8) && c != '\n') {
		put(d, ".");
	} else if (letter && chance(15)) {
		put(d, c <= '9' ? chance(50) ? "[0-9]" : "[[:digit:]]" : c <= 'Z' ? "[A-Zx]" : chance(50) ? "[a-z]" : "[^A-Z/]");
	} else if (letter && chance(10)) {
		put(d, "(");
		put_char(d, c);
		put(d, chance(50) ? "|zz)" : "|[0-9]+)");
	} else {
		if (n == 1 && !letter && c > ' ' && c < 0x7f)
			put_char(d, '\\');
		for (size_t k = 0; k < n; k++)
			put_char(d, s.p[i + k]);
	}
	if (chance(10))
		put(d, more[below(sizeof(more) / sizeof(*more))]);
}

static struct str regex_of(struct str s)
{
	struct pattern d = {};
	size_t i = 0, n;

	if (chance(8))
		put(&d, "^");
	if (chance(20)) {
		put(&d, ".*");
		i = s.n ? below((uint32_t)s.n) : 0;
		while (i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
			i++;
	}
	for (; i < s.n && d.n < 200; i += n ? n : 1) {
		n = character_at(s, i);
		if (chance(4)) {
			put(&d, ".*");
			continue;
		}
		put_regex_char(&d, s, i, n);
		if (chance(4)) {
			put(&d, ".*");
			break;
		}
	}
	if (chance(15))
		put(&d, "(/[a-z]+)*");
	if (chance(8))
		put(&d, "$");
	if (chance(12))
		put(&d, "|x+y");
	return copy(d.p, d.n);
}

static struct str path_of(struct str s)
{
	struct pattern d = {};
	size_t keep = 1 + below(4);

	for (size_t i = 0; i < s.n; i++) {
		bool begins = s.p[i] != '/' && (!i || s.p[i - 1] == '/');

		if (begins && !keep--)
			break;
		if (begins && chance(15)) {
			put(&d, chance(60) ? "*" : "[!q]*");
			while (i + 1 < s.n && s.p[i + 1] != '/')
				i++;
			continue;
		}
		put_char(&d, s.p[i]);
		if (s.p[i] == '/' && chance(5))
			put_char(&d, '/');
	}
	if (chance(8))
		return chance(50) ? STR("/") : STR("");
	return copy(d.p, d.n < 250 ? d.n : 250);
}

/* ---- constants by type ---- */

static struct str hex_of(struct str s)
{
	struct pattern d = {};
	char two[3];

	for (size_t i = 0; i < s.n && i < 40; i++) {
		snprintf(two, sizeof(two), chance(50) ? "%02x" : "%02X", (unsigned char)s.p[i]);
		put(&d, two);
	}
	return d.n ? copy(d.p, d.n) : STR("61");
}

static struct str text_constant(struct batch *b, const struct rtree *t)
{
	static const char *const numbers[] = {"5", "0", "7", "9", "+5", "-1", "1", "50"};
	struct str s;

	if (t->op == RO_LT || t->op == RO_LE || t->op == RO_GT || t->op == RO_GE)	/* only numbers stand here */
		return str(numbers[below(8)]);
	s = text_near(b, t->lhs);
	switch (t->op) {
	case RO_STARTSWITH:
		return (struct str){s.p, below((uint32_t)s.n + 1)};
	case RO_ENDSWITH:
		return str_skip(s, below((uint32_t)s.n + 1));
	case RO_CONTAINS:
		return piece(s);
	case RO_ICONTAINS:
		return other_case(piece(s));
	case RO_BSTARTSWITH:
		return hex_of((struct str){s.p, below((uint32_t)s.n + 1)});
	case RO_BCONTAINS:
		return hex_of(piece(s));
	case RO_GLOB:
		return glob_of(s);
	case RO_IGLOB:
		return glob_of(other_case(s));
	case RO_REGEX:
		return regex_of(s);
	case RO_PMATCH:
		return path_of(s);
	default:
		return s;
	}
}

static struct str number_constant(struct batch *b, const struct rtree *t)
{
	static const int8_t steps[] = {0, 0, 0, 0, 1, -1};
	enum rtype type = t->lhs->type;
	bool ordered = t->op == RO_LT || t->op == RO_LE || t->op == RO_GT || t->op == RO_GE;
	struct rvalue v = {};
	char text[48];

	if (!value_near(b, t->lhs, &v) || chance(6))
		v.number = chance(50) ? below(10) : type == R_PORT ? below(70000) : (int64_t)(random_bits() >> 1);
	v.number += steps[below(6)];
	if (chance(2))
		v.number = type == R_UINT ? -(int)below(5) - 1 : (__int128)INT64_MAX + 1 + below(2);
	if (v.number < 0 && type == R_PORT)
		v.number = 0;
	if (type == R_PORT && (v.number > 200000 || (v.number > 65535 && b->strict && ordered)))
		v.number = 65535;
	if (v.number > UINT64_MAX)
		v.number = UINT64_MAX;
	if (v.number < INT64_MIN || (b->strict && type == R_INT && v.number > INT64_MAX))
		v.number = INT64_MIN;
	if (!b->strict && v.number >= 0 && chance(3))
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v.number);
	else
		snprintf(text, sizeof(text), v.number < 0 ? "%lld" : type != R_PORT && chance(3) ? "+%llu" : chance(3) ? "0%llu" : "%llu",
			 (long long)v.number);
	return copy(text, strlen(text));
}

static struct str address_constant(struct batch *b, const struct rtree *t)
{
	char text[INET6_ADDRSTRLEN + 8];
	struct rvalue v;
	size_t n;

	if (!value_near(b, t->lhs, &v))
		v = random_value(F_FD_CIP);
	if (!inet_ntop(v.six ? AF_INET6 : AF_INET, v.address, text, sizeof(text)))
		abort();
	if (v.six && strchr(text, '.'))	/* such a form is no constant */
		snprintf(text, sizeof(text), "2001:db8::9");
	n = strlen(text);
	if (t->lhs->type == R_NET) {
		unsigned int most = v.six ? 128 : 32;

		snprintf(text + n, 8, "/%u", chance(50) ? most - below(9) : b->strict && v.six ? 1 + below(most) : below(most + 1));
	}
	return copy(text, strlen(text));
}

static struct str name_constant(struct batch *b, const struct rtree *t)
{
	struct str s = text_near(b, t->lhs);

	if (str_eq(s, STR("nosuch")) || str_eq(s, STR("xyz")))
		s = STR("openat");
	for (int i = 0; i < 40; i++) {
		struct rvalue v = random_value(F_EVT_TYPE);

		if (str_eq(v.text, s))
			return s;
	}
	return STR("open");
}

void add_constant(struct batch *b, struct rtree *t)
{
	struct str s;

	if (t->lhs->kind == RX_FIELD && rfields[t->lhs->field].flags & RF_NAME) {
		s = name_constant(b, t);
	} else {
		switch (t->lhs->type) {
		case R_STR:
		case R_BYTES:
			s = text_constant(b, t);
			break;
		case R_BOOL:
			s = chance(50) ? STR("true") : STR("false");
			break;
		case R_IP:
		case R_NET:
			s = address_constant(b, t);
			break;
		default:
			s = number_constant(b, t);
		}
	}
	t->texts[t->nconstants] = s;
	if (!ref_constant(&t->constants[t->nconstants++], t->lhs->type, t->op, s)) {
		fprintf(stderr, "a constant of %s is none: " STR_FMT "\n", rop_words[t->op], STR_ARG(s));
		abort();
	}
}
