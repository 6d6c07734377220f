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
	{"NAME", "rule", NULL},
	{"GLOB", "rule", NULL},
	{"TAG", "tag", NULL},
	{"MIN", "word", "info low medium high critical"},
	{"FORMAT", "word", "text tap junit json"},
	{"SPEC", "word", "stdout file: upload:https://"},
	{"HOW", "word", "all first"},
	{"STYLE", "word", "auto tracepoint function"},
	{"LINTS", "word",
#define LINT(ID, function, title, doc) " " #ID
#include "rule/lint.def"
	},
	{"WORD", "word", "emergency alert critical error warning notice informational debug"},
	{},
};

static const struct source arguments[] = {
	{"check", "file", NULL},
	{"test", "file", NULL},
	{"fmt", "file", NULL},
	{"explain", "rule", NULL},
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
		if (n)
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

static void print_names(const struct loaded *l)
{
	for (uint32_t i = 0; i < l->nrules; i++)
		puts(l->rules[i].info.name);
}

static bool has_tag(const struct loaded_rule *r, const char *tag)
{
	for (size_t i = 0; r->info.tags[i]; i++) {
		if (!strcmp(r->info.tags[i], tag))
			return true;
	}
	return false;
}

/* Each once: of the first rule that has it. */
static void print_tags(const struct loaded *l)
{
	for (uint32_t i = 0; i < l->nrules; i++) {
		for (size_t t = 0; l->rules[i].info.tags[t]; t++) {
			uint32_t k = 0;

			while (!has_tag(&l->rules[k], l->rules[i].info.tags[t]))
				k++;
			if (k == i)
				puts(l->rules[i].info.tags[t]);
		}
	}
}

/*
 * Of the rules of the -r and --rules before the cursor, or of a command whose arguments are rules, these; else of the
 * default ones. A set that does not load has nothing to offer.
 */
static void print_of_rules(const struct cmd *c, char **words, int n, void (*print)(const struct loaded *l))
{
	struct diags d _cleanup_(diags_free) = {};
	const char *rules[PATHS_MAX], *paths[PATHS_MAX];
	struct rule_files files = {};
	struct ruleset *rs = NULL;
	const struct source *of = source_find(arguments, c->name);
	bool files_are_rules = of && !strcmp(of->kind, "file");
	size_t count = 0;

	for (int i = 0; i + 1 < n && count < PATHS_MAX; i++) {
		const struct cmd_option *o = option_find(c, words[i]);

		if (o && o->arg && !strcmp(o->name, "--rules") && i + 2 < n)
			rules[count++] = words[i + 1];
		else if (!o && files_are_rules && words[i][0] != '-')
			rules[count++] = words[i];
		i += o && o->arg;
	}
	count = rules_arg_expand(paths, PATHS_MAX, rules, count);
	if (ruleset_read(&rs, &files, paths, count, (struct engine_load){.min_priority = 7}, &d) >= 0)
		print(engine_condition_loaded(ruleset_engine(rs, "condition")));
	ruleset_free(rs);
	rule_files_free(&files);
}

static void print_source(const struct source *s, const struct cmd *c, char **words, int n)
{
	printf(":%s\n", s->kind);
	if (s->list)
		print_list(s->list);
	else if (!strcmp(s->kind, "rule"))
		print_of_rules(c, words, n, print_names);
	else if (!strcmp(s->kind, "tag"))
		print_of_rules(c, words, n, print_tags);
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
