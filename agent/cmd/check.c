/* SPDX-License-Identifier: Apache-2.0 */
/* Compile rules and configuration, load nothing: every diagnostic at once. */
#include "cmd/check_lint.h"
#include "cmd/cmd.h"
#include "cmd/modes.h"
#include "cmd/never.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "config.h"
#include "deliver/sink.h"
#include "rule/engine_condition.h"
#include "rule/lint_name.h"
#include "util/json_text.h"
#include <jansson.h>
#include <string.h>

#define PATHS_MAX 1024

extern const struct cmd cmd_check;

enum { OPT_CONFIG, OPT_JSON, OPT_STRICT, OPT_LINT, OPT_LINTS, OPT_EVENTS, OPT_RULES_BASE };

static const struct cmd_option options[] = {
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "check this configuration too, and the rules it names when no RULES are given"},
	[OPT_JSON] = {"--json", 0, NULL, "one object in the shape of `falco -V` (positions from 0)"},
	[OPT_STRICT] = {"--strict", 0, NULL, "a warning fails as well"},
	[OPT_LINT] = {"--lint", 0, NULL, "also warn of what is allowed and most likely not meant"},
	[OPT_LINTS] = {"--lints", 0, "LINTS", "--lint with these alone (no_tags,order), or with all but these (-no_tags,-order)"},
	[OPT_EVENTS] = {"--events", 'e', "EVENTS", "--lint that holds exceptions against the events of this file, not against the examples"},
	RULES_OPTIONS(OPT_RULES_BASE),
	{},
};

struct args {
	const char *config, *paths[PATHS_MAX];
	size_t npaths;
	bool json, strict, lint;
	uint32_t lints;
	struct check_events events;
	struct rules_opts opts;
};

static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	bool bad = false;
	int o;

	while ((o = cmd_next(&p, &cmd_check)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o >= 0 && rules_opts_take(&a->opts, "check", o - OPT_RULES_BASE, p.value, &bad)) {
			if (bad)
				return EXIT_INPUT + 1;
		} else if (o == OPT_CONFIG)
			a->config = p.value;
		else if (o == OPT_JSON)
			a->json = true;
		else if (o == OPT_STRICT)
			a->strict = true;
		else if (o == OPT_LINT)
			a->lint = true;
		else if (o == OPT_LINTS) {
			a->lint = true;
			a->lints = check_lint_names(p.value);
			if (!a->lints)
				return EXIT_INPUT + 1;
		}
		else if (o == OPT_EVENTS && a->events.n < CHECK_EVENTS_MAX) {
			a->lint = true;
			a->events.paths[a->events.n++] = p.value;
		}
		else if (o == CMD_ARG && a->npaths < PATHS_MAX)
			a->paths[a->npaths++] = p.value;
		else
			return EXIT_INPUT + 1;
	}
	return 0;
}

static json_t *location_json(const char *type, const char *name, struct str file, unsigned int line, unsigned int col, size_t offset)
{
	return json_pack("{s:s, s:o, s:{s:s%, s:i, s:i, s:I}}", "item_type", type, "item_name", json_text(str(name)), "position",
			 "name", file.p ? file.p : "", file.n, "line", (int)line, "column", (int)col, "offset", (json_int_t)offset);
}

/* From the file down to the place itself. The original counts from 0. */
static json_t *locations_json(const struct diag *d)
{
	const struct diag_place *at = &d->place;
	unsigned int line = at->line ? at->line - 1 : 0, col = at->col ? at->col - 1 : 0;
	char item[128] = "", name[256] = "", part[160] = "";
	json_t *all = json_array();

	json_array_append_new(all, location_json("rules content", "", at->file, 0, 0, 0));
	if (d->item)
		sscanf(d->item, "%127[^\"]\"%255[^\"]", item, name);
	while (*item && item[strlen(item) - 1] == ' ')
		item[strlen(item) - 1] = 0;
	for (char *p = item; !*name && *p; p++)
		*p = *p == '_' && !strncmp(item, "required", 8) && strcmp(item, "required_engine_version") ? ' ' : *p;
	if (*item || at->line)
		json_array_append_new(all, location_json(*item ? item : "rules content item", name, at->file, line, col, d->offset));
	if (!*d->text)
		return all;
	snprintf(part, sizeof(part), "%s %s", *item ? item : "rule", d->code == DIAG_OUTPUT ? "output" : "condition");
	json_array_append_new(all, location_json(part, "", at->file, line, col, d->offset));
	json_array_append_new(all, location_json(d->code == DIAG_OUTPUT ? "rule output expression" : "condition expression", d->text,
						 at->file, line, col, d->offset));
	return all;
}

/* The line, and a caret under the place. */
static json_t *snippet_json(const struct diag *d)
{
	struct buf b _cleanup_(buf_free) = {};

	if (!d->snippet)
		return json_string("");
	buf_printf(&b, "%s\n", d->snippet);
	for (unsigned int i = 1; i < d->snippet_col; i++)
		buf_char(&b, d->snippet[i - 1] == '\t' ? '\t' : ' ');
	buf_puts(&b, "^\n");
	return json_text(buf_view(&b));
}

static json_t *diag_json(const struct diag *d)
{
	static const char deprecated[] = "the field \"";
	json_t *o = json_pack("{s:s, s:s, s:o, s:{s:o, s:o}}", "code", diag_code_name(d->code), "codedesc", diag_code_title(d->code),
			      "message", json_text(str(d->message)), "context", "locations", locations_json(d), "snippet", snippet_json(d));

	if (o && d->hint)
		json_object_set_new(o, "hint", json_text(str(d->hint)));
	if (o && d->code == DIAG_DEPRECATED && !strncmp(d->message, deprecated, strlen(deprecated))) {
		const char *name = d->message + strlen(deprecated);

		json_object_set_new(o, "deprecated_field", json_stringn(name, strcspn(name, "\"")));
	}
	return o;
}

/* Wrong by the original's schema, which asks neither how a version is written nor for an exception's fields. */
static bool breaks_schema(const struct diag *d)
{
	if (d->code != DIAG_YAML_VALIDATE)
		return d->code == DIAG_UNKNOWN_KEY;
	return (!d->item || strcmp(d->item, "required_engine_version")) && strncmp(d->message, "exception \"", strlen("exception \""));
}

static json_t *file_json(struct str file, const struct diags *d)
{
	json_t *errors = json_array(), *warnings = json_array();
	bool shape = true;

	for (size_t i = 0; i < d->n; i++) {
		if (!str_eq(d->v[i].place.file, file))
			continue;
		shape = shape && !breaks_schema(&d->v[i]);
		json_array_append_new(diag_code_severity(d->v[i].code) == DIAG_ERROR ? errors : warnings, diag_json(&d->v[i]));
	}
	return json_pack("{s:s%, s:b, s:b, s:[], s:o, s:o}", "name", file.p, file.n, "successful", !json_array_size(errors),
			 "schema_valid", shape, "schema_warnings", "errors", errors, "warnings", warnings);
}

/* What is said of no file, but of all rules or of the options. The original has no place for it. */
static json_t *fileless_json(const struct diags *d)
{
	json_t *all = json_array();

	for (size_t i = 0; i < d->n; i++) {
		bool error = diag_code_severity(d->v[i].code) == DIAG_ERROR;
		json_t *one = d->v[i].place.file.n ? NULL : diag_json(&d->v[i]);

		if (one)
			json_object_set_new(one, "severity", json_string(error ? "error" : "warning"));
		json_array_append_new(all, one);
	}
	return all;
}

struct result {
	uint32_t rules;
	json_t *never, *modes;
};

/* Files that could not be read are results too. */
static json_t *results_json(const struct args *a, const struct rule_files *files, const struct diags *d, const struct result *r)
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
	return json_pack("{s:o, s:o, s:O, s:O}", "falco_load_results", results, "diagnostics", fileless_json(d), "never_available", r->never,
			 "modes", r->modes);
}

static void report(const struct args *a, const struct rule_files *files, const struct diags *d, const struct result *result)
{
	uint32_t rules = result->rules;

	if (a->json) {
		json_t *o = results_json(a, files, d, result);

		json_dumpf(o, stdout, JSON_COMPACT);
		puts("");
		json_decref(o);
		return;
	}
	rules_arg_print(d);
	never_print(result->never);
	modes_print(result->modes);
	if (d->errors)
		printf("%zu error%s, ", d->errors, d->errors == 1 ? "" : "s");
	else
		printf("ok: %u rule%s in %zu file%s, ", rules, rules == 1 ? "" : "s", files->n, files->n == 1 ? "" : "s");
	printf("%zu warning%s\n", d->warnings, d->warnings == 1 ? "" : "s");
}

static int check_rules(const struct args *a, struct rule_files *files, const struct config *c, struct diags *d, struct result *ret)
{
	_cleanup_(freep) struct rule_select *steps = NULL;
	struct engine_load in = {};
	const char *paths[PATHS_MAX];
	size_t n = rules_arg_expand(paths, PATHS_MAX, a->paths, a->npaths);
	_cleanup_(ruleset_freep) struct ruleset *rs = NULL;
	int r = rules_opts_fill(&a->opts, c, &in, &steps);

	in.lint = in.places = a->lint;
	if (r >= 0)
		r = ruleset_read(&rs, files, paths, n, in, d);
	if (r >= 0)
		ret->rules = ruleset_count(rs);
	if (r >= 0) {
		const struct loaded *l = engine_condition_loaded(ruleset_engine(rs, "condition"));

		json_decref(ret->never);
		json_decref(ret->modes);
		ret->never = never_of_rules(l);
		ret->modes = modes_of_rules(l, in.min_priority);
	}
	if (r >= 0 && !ret->rules)
		diags_add(d, DIAG_NO_RULES, (struct diag_place){}, STR_NONE, NULL, NULL,
			  "no rule is enabled: an agent with these would look for nothing");
	if (r >= 0 && a->lint)
		r = check_lint(rs, files, &in, a->lints, &a->events, d);
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
	struct args a = {.opts = RULES_OPTS_INIT, .lints = LINTS_ALL};
	struct result result = {};
	int r = parse(&a, argc, argv);

	if (r)
		return r - 1;
	result = (struct result){.never = json_array(), .modes = json_array()};
	if (a.config && c && config_read(c, a.config, &d) < 0)
		c = config_free(c);
	if (a.config && c) {
		check_sinks(a.config, c, &d);
		for (size_t i = 0; !a.npaths && i < c->rules_files.n && i < PATHS_MAX; i++)
			a.paths[i] = c->rules_files.v[i];
		a.npaths = a.npaths ? a.npaths : c->rules_files.n;
	}
	r = check_rules(&a, &files, c, &d, &result);
	report(&a, &files, &d, &result);
	json_decref(result.never);
	json_decref(result.modes);
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
