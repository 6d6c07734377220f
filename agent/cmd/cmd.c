/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "rule/diag.h"
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64

static int unknown(const struct cmd *c, const char *arg, size_t n)
{
	const char *names[OPTIONS_MAX];
	const char *near;
	size_t count = 0;

	for (const struct cmd_option *o = c->options; o && o->name && count < OPTIONS_MAX; o++)
		names[count++] = o->name;
	near = diag_nearest(str_n(arg, n), names, count);
	fprintf(stderr, "noroshi %s: unknown option \"%.*s\"%s%s%s\n", c->name, (int)n, arg,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return CMD_ERROR;
}

static int missing(const struct cmd *c, const struct cmd_option *o)
{
	fprintf(stderr, "noroshi %s: %s needs a value (%s)\n", c->name, o->name, o->arg);
	return CMD_ERROR;
}

/* The value of an option that takes one: attached (may be NULL) or the next argument. */
static int with_value(struct cmd_parse *p, const struct cmd *c, int i, const char *attached)
{
	const struct cmd_option *o = &c->options[i];

	if (!o->arg) {
		if (!attached)
			return i;
		fprintf(stderr, "noroshi %s: %s takes no value\n", c->name, o->name);
		return CMD_ERROR;
	}
	if (attached)
		p->value = attached;
	else if (p->at < p->argc)
		p->value = p->argv[p->at++];
	else
		return missing(c, o);
	return i;
}

static int long_option(struct cmd_parse *p, const struct cmd *c, const char *arg)
{
	const char *eq = strchr(arg, '=');
	size_t n = eq ? (size_t)(eq - arg) : strlen(arg);

	for (int i = 0; c->options && c->options[i].name; i++) {
		if (strlen(c->options[i].name) == n && !memcmp(c->options[i].name, arg, n))
			return with_value(p, c, i, eq ? eq + 1 : NULL);
	}
	return unknown(c, arg, n);
}

int cmd_next(struct cmd_parse *p, const struct cmd *c)
{
	const char *arg;

	p->value = NULL;
	if (p->at >= p->argc)
		return CMD_END;
	arg = p->argv[p->at++];
	if (p->only_args || arg[0] != '-' || !arg[1]) {
		p->value = arg;
		return CMD_ARG;
	}
	if (!strcmp(arg, "--")) {
		p->only_args = true;
		return cmd_next(p, c);
	}
	if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
		cmd_help(c);
		return CMD_HELP;
	}
	if (arg[1] == '-')
		return long_option(p, c, arg);
	for (int i = 0; c->options && c->options[i].name; i++) {
		if (c->options[i].letter == arg[1])
			return with_value(p, c, i, arg[2] ? arg + 2 : NULL);
	}
	return unknown(c, arg, strlen(arg));
}

void cmd_help(const struct cmd *c)
{
	printf("usage: noroshi %s %s\n\n%s\n", c->name, c->args, c->summary);
	if (c->options && c->options[0].name)
		puts("");
	for (const struct cmd_option *o = c->options; o && o->name; o++) {
		char left[64];
		int n = o->letter ? snprintf(left, sizeof(left), "-%c, ", o->letter)
				  : snprintf(left, sizeof(left), "    ");

		snprintf(left + n, sizeof(left) - (size_t)n, "%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-30s %s\n", left, o->doc);
	}
}
