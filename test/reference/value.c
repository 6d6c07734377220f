/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of an event as fields; transformers; constants. Everything is made anew each time it is asked for. */
#include "reference.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct rfield rfields[RFIELDS] = {
#define RFIELD(ID, name, type, flags, theme) {name, R_##type, flags, theme},
#include "field.def"
};

const char *const rtransform_words[RT_MAX] = {"tolower", "toupper", "b64", "basename", "len", "join", "concat", "getopt"};

/* ---- memory ---- */

#define MEMORY_MAX (64u << 20)

static char *memory;
static size_t used;

void *ref_memory(size_t n)
{
	if (!memory)
		memory = malloc(MEMORY_MAX);
	n = (n + 15) & ~(size_t)15;
	if (!memory || n > MEMORY_MAX - used)
		abort();
	used += n;
	return memory + used - n;
}

size_t ref_mark(void)
{
	return used;
}

void ref_forget(size_t mark)
{
	used = mark;
}

/* ---- fields ---- */

static void add(struct rvalues *ret, const struct rvalue *v, enum rtype type)
{
	if (ret->n == RVALUES_MAX)
		abort();
	ret->v[ret->n] = *v;
	ret->v[ret->n++].type = type;
	ret->present = true;
}

static void add_fact(const struct facts *e, int field, enum rtype type, struct rvalues *ret)
{
	ret->present |= e->of[field].present;
	for (unsigned int i = 0; e->of[field].present && i < e->of[field].n; i++) {
		if (!e->of[field].v[i].hole)
			add(ret, &e->of[field].v[i], type);
	}
}

/* The field that is [0] of an ancestors' field. */
static int self_of(int field)
{
	return field == F_PROC_ANAME ? F_PROC_NAME : field == F_PROC_AEXEPATH ? F_PROC_EXEPATH
	       : field == F_PROC_ACMDLINE ? F_PROC_CMDLINE : F_PROC_PID;
}

static void ancestor(const struct facts *e, int field, int index, struct rvalues *ret)
{
	if (index == 0)
		add_fact(e, self_of(field), rfields[field].type, ret);
	else if (e->of[field].present && (unsigned int)index <= e->of[field].n && !e->of[field].v[index - 1].hole)
		add(ret, &e->of[field].v[index - 1], rfields[field].type);
}

static void derived(const struct facts *e, int field, struct rvalues *ret)
{
	enum rtype type = rfields[field].type;

	if (field == F_EVT_TYPE_IS)
		add(ret, &(struct rvalue){.number = text_same(e->of[F_EVT_TYPE].v[0].text, STR("open"))}, type);
	if (field == F_FD_CNET || field == F_FD_IP || field == F_FD_NET)
		add_fact(e, F_FD_CIP, type, ret);
	if (field == F_FD_SNET || field == F_FD_IP || field == F_FD_NET)
		add_fact(e, F_FD_SIP, type, ret);
	if (field == F_FD_PORT)
		add_fact(e, F_FD_CPORT, type, ret);
	if (field == F_FD_PORT)
		add_fact(e, F_FD_SPORT, type, ret);
	/* they exist for any descriptor */
	if (rfields[field].flags & RF_EITHER && !e->no_descriptor)
		ret->present |= e->of[F_FD_NUM].present || e->of[F_FD_NAME].present;
}

static void field_values_of(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	if (rfields[x->field].flags & RF_ANCESTORS && x->index >= 0)
		ancestor(e, x->field, x->index, ret);
	else if (rfields[x->field].flags & RF_DERIVED)
		derived(e, x->field, ret);
	else
		add_fact(e, x->field, rfields[x->field].type, ret);
}

/* ---- transformers ---- */

static struct str changed_case(struct str s, bool upper)
{
	char *p = ref_memory(s.n + 1);

	for (size_t i = 0; i < s.n; i++) {
		p[i] = s.p[i];
		if (upper && p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
		if (!upper && p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	}
	return (struct str){p, s.n};
}

static struct str base_name(struct str s)
{
	size_t from = s.n;

	while (from && s.p[from - 1] != '/')
		from--;
	return (struct str){s.p + from, s.n - from};
}

/* A bit at a time. Padding may be left out, but not be half there; bits that are left over are zero. */
static bool from_b64(struct str s, struct str *ret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char *out = ref_memory(s.n + 1);
	size_t bits = 0, padding = 0, i;

	memset(out, 0, s.n + 1);
	while (padding < 2 && s.n && s.p[s.n - 1] == '=') {
		s.n--;
		padding++;
	}
	if (s.n % 4 == 1 || (padding && (s.n + padding) % 4))
		return false;
	for (i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(digits, s.p[i]) : NULL;

		for (int b = 5; at && b >= 0; b--, bits++)
			out[bits / 8] |= (unsigned char)(((at - digits) >> b & 1) << (7 - bits % 8));
		if (!at)
			return false;
	}
	for (i = bits / 8 * 8; i < bits; i++) {
		if (out[i / 8] >> (7 - i % 8) & 1)
			return false;
	}
	*ret = (struct str){(char *)out, bits / 8};
	return true;
}

static void each(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	struct rvalues in;

	ref_values(e, x->v[0], &in);
	ret->present = in.present;
	for (unsigned int i = 0; i < in.n; i++) {
		struct rvalue v = in.v[i];
		bool good = true;

		if (x->transform == RT_B64)
			good = from_b64(v.text, &v.text);
		else if (x->transform == RT_BASENAME)
			v.text = base_name(v.text);
		else
			v.text = changed_case(v.text, x->transform == RT_TOUPPER);
		if (x->type == R_STR)	/* texts end at their first NUL */
			v.text.n = strnlen(v.text.p, v.text.n);
		if (good)
			add(ret, &v, x->type);
	}
	if (!x->list && !ret->n)
		ret->present = false;
}

static void length(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	struct rvalue v = {};
	struct rvalues in;

	ref_values(e, x->v[0], &in);
	if (!in.present || (!x->v[0]->list && !in.n))
		return;
	v.number = x->v[0]->list ? (__int128)in.n : (__int128)in.v[0].text.n;
	add(ret, &v, R_UINT);
}

static struct str text_of(const struct rvalue *v)
{
	char *p;

	if (v->type == R_STR)
		return v->text;
	p = ref_memory(24);
	if (v->type == R_INT)
		return (struct str){p, (size_t)sprintf(p, "%lld", (long long)v->number)};
	return (struct str){p, (size_t)sprintf(p, "%llu", (unsigned long long)v->number)};
}

static void put_between(struct str *all, struct str more)
{
	memcpy((char *)all->p + all->n, more.p, more.n);
	all->n += more.n;
}

/* join() and concat(): missing when a part is. */
static void together(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	struct rvalue v = {.text = {ref_memory(8192), 0}};
	bool joins = x->transform == RT_JOIN;
	struct rvalues separator = {}, in;

	if (joins)
		ref_values(e, x->v[0], &separator);
	if (joins && !separator.present)
		return;
	for (unsigned int i = joins; i < x->n; i++) {
		ref_values(e, x->v[i], &in);
		if (!in.present)
			return;
		for (unsigned int k = 0; k < in.n; k++) {
			if (joins && k)
				put_between(&v.text, separator.v[0].text);
			put_between(&v.text, text_of(&in.v[k]));
		}
	}
	add(ret, &v, R_STR);
}

/*
 * getopt(3) itself. Without a letter: each option and its argument in turn, and of an option whose argument lacks
 * an empty text alone. With one: the argument of the last such option, the letter when it takes none.
 */
static void options(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	char *argv[RVALUES_MAX + 2] = {(char *)"", NULL}, letters[64];
	struct rvalues in, found = {};
	int c, argc = 1;

	ref_values(e, x->v[0], &in);
	if (!in.present)
		return;
	for (unsigned int i = 0; i < in.n; i++) {
		struct str s = text_of(&in.v[i]);

		argv[argc] = ref_memory(s.n + 1);
		memcpy(argv[argc], s.p, s.n);
		argv[argc++][s.n] = '\0';
	}
	argv[argc] = NULL;
	snprintf(letters, sizeof(letters), "+:%.*s", (int)x->v[1]->text.n, x->v[1]->text.p);
	opterr = 0;
	optind = 0;
	while ((c = getopt(argc, argv, letters)) != -1) {
		bool lacks = c == ':';
		char *letter = ref_memory(2);
		struct rvalue name = {.text = {letter, 1}}, argument = {};

		if (c == '?')
			continue;
		letter[0] = (char)(lacks ? optopt : c);
		if (optarg || lacks)
			argument.text = lacks ? STR("") : str(optarg);
		if (!x->letter && !lacks)
			add(&found, &name, R_STR);
		if (!x->letter && argument.text.p)
			add(&found, &argument, R_STR);
		if (x->letter == letter[0]) {
			found.n = 0;
			add(&found, argument.text.p ? &argument : &name, R_STR);
		}
	}
	*ret = found;
	ret->present = !x->letter || found.n;
}

static void list_of(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	struct rvalues in;

	ret->present = true;
	for (unsigned int i = 0; i < x->n; i++) {
		ref_values(e, x->v[i], &in);
		if (!in.present || !in.n) {
			ret->present = false;
			return;
		}
		add(ret, &in.v[0], in.v[0].type);
	}
}

void ref_values(const struct facts *e, const struct rexpr *x, struct rvalues *ret)
{
	struct rvalue constant = {.text = x->text};

	ret->present = false;
	ret->n = 0;
	if (x->kind == RX_FIELD)
		field_values_of(e, x, ret);
	else if (x->kind == RX_TEXT || x->kind == RX_NUMBER)
		add(ret, &constant, R_STR);
	else if (x->kind == RX_LIST)
		list_of(e, x, ret);
	else if (x->transform == RT_LEN)
		length(e, x, ret);
	else if (x->transform == RT_JOIN || x->transform == RT_CONCAT)
		together(e, x, ret);
	else if (x->transform == RT_GETOPT)
		options(e, x, ret);
	else
		each(e, x, ret);
}

/* ---- constants ---- */

static bool whole_number(struct str s, __int128 *ret)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	bool hex = s.n > i + 2 && s.p[i] == '0' && s.p[i + 1] == 'x';

	*ret = 0;
	for (i += hex ? 2 : 0; i < s.n; i++) {
		char c = (char)(s.p[i] | 0x20);

		if (s.p[i] >= '0' && s.p[i] <= '9')
			*ret = *ret * (hex ? 16 : 10) + (s.p[i] - '0');
		else if (hex && c >= 'a' && c <= 'f')
			*ret = *ret * 16 + (c - 'a' + 10);
		else
			return false;
	}
	if (s.n && s.p[0] == '-')
		*ret = -*ret;
	return true;
}

static bool address(struct str s, struct rvalue *ret)
{
	char text[64];

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(s));
	ret->six = !strchr(text, '.');
	ret->prefix = ret->six ? 128 : 32;
	return inet_pton(ret->six ? AF_INET6 : AF_INET, text, ret->address) == 1;
}

static bool hex_bytes(struct str s, struct rvalue *ret)
{
	char *p = ref_memory(s.n / 2 + 1);

	for (size_t i = 0; i + 1 < s.n; i += 2) {
		unsigned int byte;
		char two[3] = {s.p[i], s.p[i + 1], '\0'};

		if (sscanf(two, "%x", &byte) != 1)
			return false;
		p[i / 2] = (char)byte;
	}
	ret->text = (struct str){p, s.n / 2};
	return s.n && s.n % 2 == 0;
}

bool ref_constant(struct rvalue *ret, enum rtype type, enum rop op, struct str text)
{
	const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;

	*ret = (struct rvalue){.type = type, .text = text};
	switch (type) {
	case R_INT:
	case R_UINT:
	case R_PORT:
		return whole_number(text, &ret->number);	/* nothing is port 0 */
	case R_BOOL:
		ret->number = str_eq(text, STR("true"));
		return ret->number || str_eq(text, STR("false"));
	case R_IP:
		return address(text, ret);
	case R_NET:
		if (!slash || !address(str_n(text.p, (size_t)(slash - text.p)), ret))
			return false;
		ret->prefix = (unsigned int)atoi(slash + 1);
		return true;
	case R_BYTES:
		return op == RO_BCONTAINS || op == RO_BSTARTSWITH ? hex_bytes(text, ret) : true;
	default:
		return true;
	}
}
