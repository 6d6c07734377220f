/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/programs.h"
#include "util/cleanup.h"
#include <stdio.h>
#include <string.h>

const char *const program_name[PROGRAM_MAX] = {
#define PROGRAM(group, name) [PROGRAM_##name] = #name,
#include "programs.def"
};

static const char *const program_group[PROGRAM_MAX] = {
#define PROGRAM(group, name) [PROGRAM_##name] = #group,
#include "programs.def"
};

static const char *const shared_code[PROGRAM_MAX] = {
#define SHARED(name, code) [PROGRAM_##name] = #code,
#include "programs.def"
};

static const enum program works[] = {
#define WORK(name) PROGRAM_##name,
#include "programs.def"
};

static const struct need {
	enum event_call call;	/* CALL_NONE: the process table */
	enum need_how how;
	const char *group;
} need_table[] = {
#define NEED(CALL, group, how) {CALL_##CALL, NEED_##how, #group},
#include "programs.def"
};

static const struct {
	const char *group;
	enum program_style style;
} style_table[] = {
#define STYLE(group, style) {#group, STYLE_##style},
#include "programs.def"
};

const char *const program_state_name[] = {
	[PROGRAM_UNNEEDED] = "unneeded",
	[PROGRAM_ALTERNATIVE] = "alternative",
	[PROGRAM_CHOSEN] = "chosen",
	[PROGRAM_ATTACHED] = "attached",
	[PROGRAM_ABSENT] = "absent",
	[PROGRAM_REFUSED] = "refused",
};

enum program program_by_name(const char *name)
{
	unsigned int p = 0;

	while (p < PROGRAM_MAX && strcmp(program_name[p], name))
		p++;
	return p;
}

const char *program_code(enum program p)
{
	return shared_code[p] ?: program_name[p];
}

/* The call is what stands before "__", or before "_asked__". */
void program_tracepoint(char dst[64], enum program p)
{
	const char *name = program_name[p], *asked = strstr(name, "_asked__"), *end = asked ?: strstr(name, "__");
	int call = (int)(end ? end - name : 0);	/* names of calls have single underscores of their own */

	dst[0] = '\0';
	if (shared_code[p])
		snprintf(dst, 64, "sys_%s_%.*s", strrchr(name, '_') + 1, call, name);
}

int program_work(enum program p)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(works); i++) {
		if (works[i] == p)
			return (int)i;
	}
	return -1;
}

enum program program_by_code(const char *code)
{
	unsigned int p = 0;

	while (p < PROGRAM_MAX && strcmp(program_code(p), code))
		p++;
	return p;
}

bool program_same_code(enum program a, enum program b)
{
	return !strcmp(program_code(a), program_code(b));
}

bool program_same_group(enum program a, enum program b)
{
	return !strcmp(program_group[a], program_group[b]);
}

bool program_is_lifecycle(enum program p)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(need_table); i++) {
		const struct need *n = &need_table[i];

		if (n->call == CALL_NONE && n->how == NEED_MUST && !strcmp(n->group, program_group[p]))
			return true;
	}
	return false;
}

static bool need_applies(const struct need *n, const struct needs *needs)
{
	if (n->call != CALL_NONE && !needs->call[n->call])
		return false;
	if (n->how == NEED_WRITER)
		return needs->want & WANT_WRITER;
	if (n->how == NEED_COMPAT)
		return needs->want & WANT_COMPAT;
	if (n->how == NEED_ARGS)
		return needs->want & WANT_ARGS;
	return n->how != NEED_FAILED || needs->want & WANT_FAILED;
}

static bool group_needed(const char *group, const struct needs *needs)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(need_table); i++) {
		if (!strcmp(need_table[i].group, group) && need_applies(&need_table[i], needs))
			return true;
	}
	return false;
}

bool program_needed(enum program p, const struct needs *needs)
{
	return group_needed(program_group[p], needs);
}

static enum program_style style_of(const char *group)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(style_table); i++) {
		if (!strcmp(style_table[i].group, group))
			return style_table[i].style;
	}
	return STYLE_NONE;
}

static enum program_style style_preferred(const struct needs *needs)
{
	return needs->want & WANT_FUNCTION && !(needs->want & WANT_TRACEPOINT) ? STYLE_FUNCTION : STYLE_TRACEPOINT;
}

/* The program of a group to tell of when none of them can be had, else PROGRAM_MAX. */
static enum program group_lost(const struct program_status s[PROGRAM_MAX], const char *group)
{
	enum program lost = PROGRAM_MAX;

	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (strcmp(program_group[p], group))
			continue;
		if (s[p].state != PROGRAM_ABSENT && s[p].state != PROGRAM_REFUSED)
			return PROGRAM_MAX;
		lost = p;
	}
	return lost;
}

/* Of a style the first program that is needed and cannot be had, PROGRAM_MAX without one. */
static enum program style_lost(const struct program_status s[PROGRAM_MAX], const struct needs *needs, enum program_style style)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(style_table); i++) {
		enum program p = PROGRAM_MAX;

		if (style_table[i].style == style && group_needed(style_table[i].group, needs))
			p = group_lost(s, style_table[i].group);
		if (p != PROGRAM_MAX)
			return p;
	}
	return PROGRAM_MAX;
}

/* The style that is not at work; STYLE_NONE when both are. */
static enum program_style style_idle(const struct program_status s[PROGRAM_MAX], const struct needs *needs)
{
	enum program_style preferred = style_preferred(needs);

	if (!(needs->want & WANT_TRACEPOINT) && style_lost(s, needs, preferred) != PROGRAM_MAX)
		return STYLE_NONE;
	return preferred == STYLE_FUNCTION ? STYLE_TRACEPOINT : STYLE_FUNCTION;
}

static bool style_attached(const struct program_status s[PROGRAM_MAX], enum program_style style)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (s[p].state == PROGRAM_ATTACHED && style_of(program_group[p]) == style)
			return true;
	}
	return false;
}

enum program programs_styles(const struct program_status s[PROGRAM_MAX], const struct needs *needs, bool *tracepoint, bool *function)
{
	*tracepoint = style_attached(s, STYLE_TRACEPOINT);
	*function = style_attached(s, STYLE_FUNCTION);
	return style_lost(s, needs, style_preferred(needs));
}

void programs_choose(struct program_status s[PROGRAM_MAX], const struct needs *needs)
{
	enum program_style idle = style_idle(s, needs);

	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		bool taken = false;

		if (s[p].state == PROGRAM_ABSENT || s[p].state == PROGRAM_REFUSED || s[p].state == PROGRAM_ATTACHED)
			continue;
		for (unsigned int q = 0; q < PROGRAM_MAX && !taken; q++)
			taken = program_same_group(p, q) && (s[q].state == PROGRAM_ATTACHED ||
							     (q < p && s[q].state == PROGRAM_CHOSEN));
		if (!group_needed(program_group[p], needs) || (idle && style_of(program_group[p]) == idle))
			s[p].state = PROGRAM_UNNEEDED;
		else
			s[p].state = taken ? PROGRAM_ALTERNATIVE : PROGRAM_CHOSEN;
	}
}

void programs_calls(uint64_t bits[CALL_WORDS], const struct needs *needs)
{
	memset(bits, 0, CALL_WORDS * sizeof(*bits));
	for (unsigned int i = 0; i < ARRAY_SIZE(need_table); i++) {
		const struct need *n = &need_table[i];
		bool lifecycle = false;

		for (unsigned int k = 0; k < ARRAY_SIZE(need_table) && n->how == NEED_MUST; k++)
			lifecycle |= need_table[k].call == CALL_NONE && need_table[k].how == NEED_MUST &&
				     !strcmp(need_table[k].group, n->group);
		if (n->call != CALL_NONE && (lifecycle || needs->call[n->call]))
			bits[n->call / 64] |= 1ull << n->call % 64;
	}
}

/* The attached program of a group; else PROGRAM_MAX, and *lost is the one whose reason to tell. */
static enum program group_find(const struct program_status s[PROGRAM_MAX], const char *group, enum program *lost)
{
	*lost = PROGRAM_MAX;
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (strcmp(program_group[p], group))
			continue;
		if (s[p].state == PROGRAM_ATTACHED)
			return p;
		/* Of several that failed the refused one tells more than one without a hook. */
		if (*lost == PROGRAM_MAX || (s[*lost].state != PROGRAM_REFUSED && s[p].state == PROGRAM_REFUSED))
			*lost = p;
	}
	return PROGRAM_MAX;
}

/* Is what the call has by programs of the style attached? */
static bool call_has_style(const struct program_status s[PROGRAM_MAX], const struct needs *needs, enum event_call call,
			   enum program_style style)
{
	enum program lost;

	for (unsigned int i = 0; i < ARRAY_SIZE(need_table); i++) {
		const struct need *n = &need_table[i];

		if (n->call == call && need_applies(n, needs) && style_of(n->group) == style &&
		    group_find(s, n->group, &lost) == PROGRAM_MAX)
			return false;
	}
	return true;
}

bool programs_of_call(const struct program_status s[PROGRAM_MAX], const struct needs *needs, enum event_call call,
		      enum program *by, enum program *without, enum need_how *how)
{
	bool seen = true, either = call_has_style(s, needs, call, STYLE_TRACEPOINT) || call_has_style(s, needs, call, STYLE_FUNCTION);
	enum program_style preferred = style_preferred(needs);

	*by = *without = PROGRAM_MAX;
	for (unsigned int i = 0; i < ARRAY_SIZE(need_table); i++) {
		const struct need *n = &need_table[i];
		enum program_style style = style_of(n->group);
		enum program lost, p;

		if (n->call != call || !need_applies(n, needs) || (style && (either || style != preferred)))
			continue;	/* one style is enough; of none the preferred one is told */
		p = group_find(s, n->group, &lost);
		if (p != PROGRAM_MAX) {
			if (n->how == NEED_MUST && *by == PROGRAM_MAX)
				*by = p;
			continue;
		}
		if (*without == PROGRAM_MAX || n->how < *how) {
			*without = lost;
			*how = n->how;
		}
		if (n->how == NEED_MUST)
			seen = false;
	}
	return seen && *by != PROGRAM_MAX;
}
