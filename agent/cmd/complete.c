/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand where the cursor is: the shells' completion asks this, so that its answer is that of the table of
 * commands and of the rules at hand. First line: the kind, then a word a line, perhaps a tab and what it means.
 */
#include "cmd/cmd.h"
#include "cmd/rules_arg.h"
#include "rule/engine_condition.h"
#include "rule/field.h"
#include <stdio.h>
#include <string.h>

#define PATHS_MAX 256

extern const struct cmd cmd_complete;

static const struct cmd_option options[] = {
	{},
};

struct source {
	const char *word;	/* as it stands in the help: "RULES"; of arguments, the command */
	const char *kind;	/* what the shell does with it */
	const char *list;	/* of words, blanks between */
};

/* What an option's value is. One that is not here is free text. */
static const struct source values[] = {
	{"RULES", "file", NULL},
	{"CONFIG", "file", NULL},
	{"TESTS", "file", NULL},
	{"EVENTS", "file", NULL},
	{"FILE", "file", NULL},
	{"DIR", "folder", NULL},
	{"RULE", "rule", NULL},
	{"NAME", "rule", NULL},
	{"GLOB", "rule", NULL},
	{"MIN", "word", "info low medium high critical"},
	{"FORMAT", "word", "text tap junit json"},
	{"SPEC", "word", "stdout file: upload:https://"},
	{"PRIORITY", "word", "emergency alert critical error warning notice informational debug"},
	{},
};

static const struct source arguments[] = {
	{"check", "file", NULL},
	{"test", "file", NULL},
	{"fmt", "file", NULL},
	{"explain", "rule", NULL},
	{"profile", "rule", NULL},
	{"eval", "condition", NULL},
	{"record", "condition", NULL},
	{},
};

static const struct source *source_find(const struct source *s, const char *word)
{
	while (s->word && strcmp(s->word, word))
		s++;
	return s->word ? s : NULL;
}

static const struct cmd *command_find(const char *name)
{
	for (const struct cmd *const *c = cmd_list; *c; c++) {
		if (!strcmp((*c)->name, name))
			return *c;
	}
	return NULL;
}

/* The option that the word is, or NULL. */
static const struct cmd_option *option_find(const struct cmd *c, const char *word)
{
	for (const struct cmd_option *o = c->options; o && o->name; o++) {
		if (!strcmp(o->name, word) || (o->letter && word[0] == '-' && word[1] == o->letter && !word[2]))
			return o;
	}
	return NULL;
}

static void print_commands(void)
{
	puts(":word");
	for (const struct cmd *const *c = cmd_list; *c; c++) {
		if (*c != &cmd_complete)
			printf("%s\t%s\n", (*c)->name, (*c)->summary);
	}
}

static void print_options(const struct cmd *c)
{
	puts(":word");
	for (const struct cmd_option *o = c->options; o && o->name; o++)
		printf("%s\t%s\n", o->name, o->doc);
	puts("--help\tthis command's options");
}

static void print_list(const char *list)
{
	for (size_t n; *list; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		printf("%.*s\n", (int)n, list);
	}
}

static void print_fields(void)
{
	for (size_t i = 0; i < field_count; i++) {
		if (!(field_table[i].flags & FIELD_NEVER))
			printf("%s\t%s\n", field_table[i].name, field_table[i].doc);
	}
}

/* Rules of the -r and --rules before the cursor, else the default ones. A set that does not load has no names. */
static void print_rules(const struct cmd *c, char **words, int n)
{
	struct diags d _cleanup_(diags_free) = {};
	const char *rules[PATHS_MAX], *paths[PATHS_MAX];
	struct rule_files files = {};
	struct ruleset *rs = NULL;
	const struct loaded *l;
	size_t count = 0;

	for (int i = 0; i + 1 < n && count < PATHS_MAX; i++) {
		const struct cmd_option *o = option_find(c, words[i]);

		if (o && o->arg && !strcmp(o->name, "--rules"))
			rules[count++] = words[++i];
	}
	count = rules_arg_expand(paths, PATHS_MAX, rules, count);
	if (ruleset_read(&rs, &files, paths, count, (struct engine_load){.min_priority = 7}, &d) >= 0) {
		l = engine_condition_loaded(ruleset_engine(rs, "condition"));
		for (uint32_t i = 0; i < l->nrules; i++)
			puts(l->rules[i].info.name);
	}
	ruleset_free(rs);
	rule_files_free(&files);
}

static void print_source(const struct source *s, const struct cmd *c, char **words, int n)
{
	printf(":%s\n", s->kind);
	if (s->list)
		print_list(s->list);
	else if (!strcmp(s->kind, "rule"))
		print_rules(c, words, n);
	else if (!strcmp(s->kind, "condition"))
		print_fields();
}

/* words: what stands after "noroshi", the last one being written. */
static void complete(char **words, int n)
{
	const struct cmd *c = n > 1 ? command_find(words[0]) : NULL;
	const struct cmd_option *before = c && n > 2 ? option_find(c, words[n - 2]) : NULL;
	const struct source *s;

	if (n <= 1) {
		print_commands();
		return;
	}
	if (!c)
		return;
	if (before && before->arg)
		s = source_find(values, before->arg);
	else if (words[n - 1][0] == '-')
		return print_options(c);
	else
		s = source_find(arguments, c->name);
	if (s)
		print_source(s, c, words + 1, n - 1);
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o = cmd_next(&p, &cmd_complete);

	if (o == CMD_HELP)
		return EXIT_OK;
	if (o == CMD_ERROR)
		return EXIT_INPUT;
	complete(argv + p.at - (o == CMD_ARG), argc - p.at + (o == CMD_ARG));
	return EXIT_OK;
}

const struct cmd cmd_complete = {
	.name = "complete",
	.args = "-- WORDS...",
	.summary = "what may stand in the place of the last word; for the shells",
	.options = options,
	.run = run,
};
