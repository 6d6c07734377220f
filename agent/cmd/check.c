/* SPDX-License-Identifier: Apache-2.0 */
/* Compile rules and configuration, load nothing: every diagnostic at once. */
#include "cmd/cmd.h"
#include "cmd/rules_arg.h"
#include "config.h"
#include "deliver/sink.h"
#include <jansson.h>
#include <string.h>

#define PATHS_MAX 1024

extern const struct cmd cmd_check;

enum { OPT_CONFIG, OPT_JSON, OPT_STRICT, OPT_COMPAT };

static const struct cmd_option options[] = {
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "check this configuration too, and the rules it names when no RULES are given"},
	[OPT_JSON] = {"--json", 0, NULL, "one object in the shape of `falco -V` (positions from 0)"},
	[OPT_STRICT] = {"--strict", 0, NULL, "a warning fails as well"},
	[OPT_COMPAT] = {"--falco-strict", 0, NULL, "conditions mean what they mean in Falco also where that is a trap"},
	{},
};

struct args {
	const char *config, *paths[PATHS_MAX];
	size_t npaths;
	bool json, strict, compat;
};

static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	while ((o = cmd_next(&p, &cmd_check)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o == OPT_CONFIG)
			a->config = p.value;
		else if (o == OPT_JSON)
			a->json = true;
		else if (o == OPT_STRICT)
			a->strict = true;
		else if (o == OPT_COMPAT)
			a->compat = true;
		else if (o == CMD_ARG && a->npaths < PATHS_MAX)
			a->paths[a->npaths++] = p.value;
		else
			return EXIT_INPUT + 1;
	}
	return 0;
}

/* The original counts from 0. */
static json_t *diag_json(const struct diag *d)
{
	const struct diag_place *at = &d->place;
	char item[128] = "rules content", name[256] = "";
	json_t *position = json_pack("{s:s%, s:i, s:i, s:i}", "name", at->file.p ? at->file.p : "", at->file.n,
				     "line", at->line ? (int)at->line - 1 : 0, "column", at->col ? (int)at->col - 1 : 0, "offset", 0);
	json_t *o;

	if (d->item)
		sscanf(d->item, "%127[^\"]\"%255[^\"]", item, name);
	while (*item && item[strlen(item) - 1] == ' ')
		item[strlen(item) - 1] = 0;
	o = json_pack("{s:s, s:s, s:s, s:{s:[{s:s, s:s, s:o}], s:s}}", "code", diag_code_name(d->code),
		      "codedesc", diag_code_title(d->code), "message", d->message,
		      "context", "locations", "item_type", item, "item_name", name, "position", position,
		      "snippet", d->snippet ? d->snippet : "");
	if (o && d->hint)
		json_object_set_new(o, "hint", json_string(d->hint));
	return o;
}

static json_t *file_json(struct str file, const struct diags *d)
{
	json_t *errors = json_array(), *warnings = json_array();
	bool shape = true;

	for (size_t i = 0; i < d->n; i++) {
		if (!str_eq(d->v[i].place.file, file))
			continue;
		shape = shape && d->v[i].code != DIAG_YAML_VALIDATE && d->v[i].code != DIAG_UNKNOWN_KEY;
		json_array_append_new(diag_code_severity(d->v[i].code) == DIAG_ERROR ? errors : warnings, diag_json(&d->v[i]));
	}
	return json_pack("{s:s%, s:b, s:b, s:[], s:o, s:o}", "name", file.p, file.n, "successful", !json_array_size(errors),
			 "schema_valid", shape, "schema_warnings", "errors", errors, "warnings", warnings);
}

/* Files that could not be read are results too. */
static json_t *results_json(const struct args *a, const struct rule_files *files, const struct diags *d)
{
	json_t *results = json_array();

	if (a->config)
		json_array_append_new(results, file_json(str(a->config), d));
	for (size_t i = 0; i < files->n; i++)
		json_array_append_new(results, file_json(files->v[i].name, d));
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].code == DIAG_FILE_READ && (!a->config || !str_eq(d->v[i].place.file, str(a->config))))
			json_array_append_new(results, file_json(d->v[i].place.file, d));
	}
	return json_pack("{s:o}", "falco_load_results", results);
}

static void report(const struct args *a, const struct rule_files *files, const struct diags *d, uint32_t rules)
{
	if (a->json) {
		json_t *o = results_json(a, files, d);

		json_dumpf(o, stdout, JSON_COMPACT);
		puts("");
		json_decref(o);
		return;
	}
	rules_arg_print(d);
	if (!d->errors && !rules)
		fprintf(stderr, "noroshi check: no rule is enabled: an agent with these would look for nothing\n");
	if (d->errors)
		printf("%zu error%s, ", d->errors, d->errors == 1 ? "" : "s");
	else
		printf("ok: %u rule%s in %zu file%s, ", rules, rules == 1 ? "" : "s", files->n, files->n == 1 ? "" : "s");
	printf("%zu warning%s\n", d->warnings, d->warnings == 1 ? "" : "s");
}

static int check_rules(const struct args *a, struct rule_files *files, unsigned int priority, struct diags *d, uint32_t *rules)
{
	struct engine_load in = {.strict_compat = a->compat, .min_priority = priority};
	const char *paths[PATHS_MAX];
	size_t n = rules_arg_expand(paths, PATHS_MAX, a->paths, a->npaths);
	_cleanup_(ruleset_freep) struct ruleset *rs = NULL;
	int r = ruleset_read(&rs, files, paths, n, in, d);

	if (r >= 0)
		*rules = ruleset_count(rs);
	return r;
}

/* What would keep the agent from starting here; nothing is opened for writing, nothing sent. */
static void check_sinks(const char *file, const struct config *c, struct diags *d)
{
	for (size_t i = 0; i < c->nsinks; i++) {
		const struct config_sink *s = &c->sinks[i];
		struct sink_options o = {.format = s->format, .ca_file = s->ca_file, .token_file = s->token_file,
					 .compression = s->compression, .cert_file = s->cert_file, .key_file = s->key_file};
		char error[256];

		if (sink_check(s->spec, o, error) < 0)
			diags_add(d, DIAG_CONFIG, (struct diag_place){.file = str(file)}, STR_NONE, NULL, NULL, "sink %s: %s",
				  s->spec, error);
	}
}

static int run(int argc, char **argv)
{
	struct diags d _cleanup_(diags_free) = {};
	_cleanup_(config_freep) struct config *c = config_new();
	struct rule_files files = {};
	struct args a = {};
	uint32_t rules = 0;
	int priority = 7, r = parse(&a, argc, argv);

	if (r)
		return r - 1;
	if (a.config && c && config_read(c, a.config, &d) >= 0) {
		priority = rules_arg_priority(c->priority);
		check_sinks(a.config, c, &d);
		for (size_t i = 0; !a.npaths && i < c->rules_files.n && i < PATHS_MAX; i++)
			a.paths[i] = c->rules_files.v[i];
		a.npaths = a.npaths ? a.npaths : c->rules_files.n;
	}
	r = check_rules(&a, &files, (unsigned int)priority, &d, &rules);
	report(&a, &files, &d, rules);
	rule_files_free(&files);
	if (diags_have(&d, DIAG_FILE_READ))
		return EXIT_INPUT;
	return r < 0 || d.errors || (a.strict && d.warnings) ? EXIT_FINDINGS : EXIT_OK;
}

const struct cmd cmd_check = {
	.name = "check",
	.args = "[-c CONFIG] [RULES...]",
	.summary = "compile rules and configuration, load nothing: all diagnostics at once",
	.options = options,
	.run = run,
};
