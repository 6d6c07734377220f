/* SPDX-License-Identifier: Apache-2.0 */
/* What the running agent says of itself, over its unix socket. */
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/issues.h"
#include "cmd/status_who.h"
#include "util/buf.h"
#include "util/escape.h"
#include "util/json_text.h"
#include <jansson.h>
#include <string.h>
#include <unistd.h>

extern const struct cmd cmd_status;

#define WATCH_SEC 2

enum { OPT_STATE, OPT_JSON, OPT_WATCH };

static const struct cmd_option options[] = {
	[OPT_STATE] = {"--state", 0, "DIR", "folder of the agent's control socket (/run/noroshi)"},
	[OPT_JSON] = {"--json", 0, NULL, "everything, as one JSON object"},
	[OPT_WATCH] = {"--watch", 0, NULL, "again every 2 seconds, for as long as the agent answers"},
	{},
};

static long long number(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* The names of all calls in this state, on a line that says how many and, where it is not plain, why. */
static void print_calls_in(json_t *calls, const char *label, const char *state, const char *why)
{
	const char *name;
	json_t *c;
	int n = 0;

	json_object_foreach(calls, name, c)
		n += !strcmp(json_word(c, "state"), state);
	if (!n)
		return;
	printf("%-10s %d calls%s:", label, n, why);
	json_object_foreach(calls, name, c) {
		if (!strcmp(json_word(c, "state"), state))
			printf(" %s", name);
	}
	puts("");
}

static void print_calls(json_t *calls)
{
	const char *name;
	json_t *c;

	print_calls_in(calls, "sees", "attached", "");
	print_calls_in(calls, "follows", "process table", " for the process table alone");
	print_calls_in(calls, "off", "not needed", " that no rule asks for");
	print_calls_in(calls, "absent", "not in this kernel", " that this kernel does not have");
	json_object_foreach(calls, name, c) {
		if (!strcmp(json_word(c, "state"), "lost"))
			printf("blind      %s: %s\n", name, json_word(c, "reason"));
	}
}

static void print_opens(json_t *opens)
{
	if (json_is_object(opens))
		printf("opens      sent: read-only %s, others %s, failed %s; `noroshi explain` says for which rule\n",
		       json_word(opens, "readOnly"), json_word(opens, "others"), json_word(opens, "failed"));
}

/* What never left the kernel because no rule can match it: not a loss. */
static void print_refused(json_t *events)
{
	long long sum = 0;
	const char *name;
	json_t *e;

	json_object_foreach(events, name, e)
		sum += number(e, "refused");
	if (!sum)
		return;
	printf("refused    %lld events that no rule can match:", sum);
	json_object_foreach(events, name, e) {
		if (number(e, "refused"))
			printf(" %s %lld", name, number(e, "refused"));
	}
	puts("");
}

/* What a word for a loss means to who runs the agent. */
static const char *loss_meaning(const char *reason)
{
	static const struct {
		const char *reason, *meaning;
	} t[] = {
		{"ring full", "the agent did not keep up"},
		{"scratch busy", "the kernel interrupted its own record"},
		{"too big", "more than a record holds"},
		{"rate", "one control group sent more than rate_limit allows"},
		{"no arguments", "the call's beginning was not seen"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		if (!strcmp(reason, t[i].reason))
			return t[i].meaning;
	}
	return reason;
}

static void print_losses(json_t *events)
{
	const char *name, *reason;
	json_t *e, *n;
	bool any = false;

	json_object_foreach(events, name, e) {
		json_object_foreach(json_object_get(e, "lost"), reason, n) {
			if (!json_integer_value(n))
				continue;
			printf("lost       %lld of %lld %s records: %s\n", (long long)json_integer_value(n), number(e, "seen"), name,
			       loss_meaning(reason));
			any = true;
		}
	}
	if (!any)
		puts("lost       nothing");
}

/* Whose records they were. */
static void print_losers(json_t *losers)
{
	const char *name, *between;
	json_t *g, *n;
	size_t i;

	json_array_foreach(losers, i, g) {
		if (*json_word(g, "container"))
			printf("%-10s container %.12s:", "", json_word(g, "container"));
		else
			printf("%-10s control group %lld:", "", number(g, "cgroup") & ~(0xffll << 56));
		between = " ";
		json_object_foreach(json_object_get(g, "lost"), name, n) {
			printf("%s%lld %s", between, (long long)json_integer_value(n), name);
			between = ", ";
		}
		printf("; %lld of them for its rate\n", number(g, "overRate"));
	}
}

static void print_sinks(json_t *sinks)
{
	json_t *s;
	size_t i;

	json_array_foreach(sinks, i, s) {
		printf("sink       %s%s%s: %lld delivered, %lld queued, %lld lost", json_word(s, "name"), *json_word(s, "target") ? ":" : "",
		       json_word(s, "target"), number(s, "delivered"), number(s, "queued"), number(s, "lost"));
		if (*json_word(s, "lastSuccess"))
			printf(", last at %s", json_word(s, "lastSuccess"));
		if (*json_word(s, "lastError"))
			printf("; last error: %s", json_word(s, "lastError"));
		if (json_object_get(s, "heartbeats"))
			printf("; %lld heartbeats", number(json_object_get(s, "heartbeats"), "delivered"));
		puts("");
	}
}

static void print_samples(json_t *samples, const char *label)
{
	json_t *s;
	size_t i;

	json_array_foreach(samples, i, s) {
		struct buf b = {};

		escape_add(&b, str(json_word(s, "output")));
		printf("%-10s   %s %s " STR_FMT "\n", "", label, json_word(s, "time"), STR_ARG(buf_view(&b)));
		buf_free(&b);
	}
}

static void print_observed(json_t *observed, long long uncounted)
{
	json_t *r;
	size_t i;

	json_array_foreach(observed, i, r) {
		printf("%-10s %s: %lld matches, no findings\n", "observed", json_word(r, "rule"), number(r, "matches"));
		print_samples(json_object_get(r, "first"), "first ");
		print_samples(json_object_get(r, "latest"), "latest");
	}
	if (uncounted)
		printf("%-10s %lld matches of more observed rules than are counted one by one\n", "observed", uncounted);
}

/* Of executables that findings are about. */
static void print_hashes(json_t *h)
{
	const char *why, *between = "; not had: ";
	json_t *n;

	if (!json_is_object(h))
		return;
	printf("%-10s %lld executables, %lld more from the cache", "hashed", number(h, "hashed"), number(h, "fromCache"));
	json_object_foreach(json_object_get(h, "refused"), why, n) {
		printf("%s%s %lld", between, why, (long long)json_integer_value(n));
		between = ", ";
	}
	puts("");
}

/* Rules whose events, or some of them, are not seen here. */
static void print_blind_rules(json_t *issues)
{
	json_t *issue, *rule, *rules;
	size_t i, j;

	json_array_foreach(issues, i, issue) {
		rules = json_object_get(json_object_get(issue, "evidence"), "rules");
		if (strcmp(json_word(issue, "code"), "RULE_FIELD_UNAVAILABLE"))
			continue;
		json_array_foreach(rules, j, rule) {
			struct buf b = {};

			escape_add(&b, json_str(rule));
			printf("%-10s " STR_FMT "\n", j ? "" : "not found", STR_ARG(buf_view(&b)));
			buf_free(&b);
		}
	}
}

/* What the agent did itself, whether it saw it, and after how long. */
static void print_canary(json_t *canary)
{
	const char *name, *state, *between = " ";
	json_t *kind;

	if (strcmp(json_word(canary, "state"), "on")) {
		printf("%-10s %s%s%s\n", "canary", json_word(canary, "state"), *json_word(canary, "why") ? ": " : "", json_word(canary, "why"));
		return;
	}
	printf("%-10s", "canary");
	json_object_foreach(json_object_get(canary, "kinds"), name, kind) {
		state = json_word(kind, "state");
		printf("%s%s %s", between, name, state);
		if (!strcmp(state, "seen"))
			printf(" after %.1f ms", json_number_value(json_object_get(kind, "ms")));
		if (*json_word(kind, "reason"))
			printf(" (%s)", json_word(kind, "reason"));
		between = ", ";
	}
	printf("; %lld rounds, the last at %s\n", number(canary, "rounds"), json_word(canary, "last"));
}

static int print(json_t *v)
{
	const char *state = json_word(v, "state");
	json_t *p = json_object_get(v, "pipeline"), *r = json_object_get(v, "rules");

	printf("state      %s\n", state);
	issues_print(json_object_get(v, "issues"), false);
	issues_print_recent(json_object_get(v, "recent"));
	issues_print_capabilities(json_object_get(v, "capabilities"));
	printf("agent      %s, process %lld, since %s\n", json_word(v, "version"), number(v, "pid"), json_word(v, "started"));
	if (!number(json_object_get(v, "confinement"), "landlock"))
		printf("open       the file system, as far as root without capabilities gets: %s\n",
		       json_word(json_object_get(v, "confinement"), "reason"));
	printf("rules      %lld, digest %.16s\n", number(r, "enabled"), json_word(r, "digest"));
	print_blind_rules(json_object_get(v, "issues"));
	printf("events     %lld, %lld matches\n", number(p, "events"), number(p, "matches"));
	print_canary(json_object_get(v, "canary"));
	status_who_print(v);
	print_observed(json_object_get(v, "observed"), number(v, "observedUncounted"));
	print_calls(json_object_get(json_object_get(v, "coverage"), "calls"));
	print_opens(json_object_get(json_object_get(v, "coverage"), "opens"));
	printf("ia32       %s\n", json_word(json_object_get(v, "coverage"), "ia32"));
	printf("names      by %s\n", json_word(json_object_get(v, "coverage"), "attach"));
	print_refused(json_object_get(json_object_get(v, "coverage"), "events"));
	print_losses(json_object_get(json_object_get(v, "coverage"), "events"));
	print_losers(json_object_get(v, "losers"));
	print_hashes(json_object_get(v, "hashes"));
	print_sinks(json_object_get(json_object_get(v, "deliver"), "sinks"));
	return issues_exit(state);
}

static int show(const char *state, bool as_json)
{
	char error[600] = "";
	json_t *v = ask(state, "coverage", error, sizeof(error));
	int r;

	if (!v) {
		fprintf(stderr, "noroshi status: no agent answers (%s); is it running, with this --state?\n", error);
		return EXIT_HOST;
	}
	if (!as_json) {
		r = print(v);
	} else {
		json_dumpf(v, stdout, JSON_COMPACT);
		puts("");
		r = issues_exit(json_word(v, "state"));
	}
	json_decref(v);
	return r;
}

/* On a terminal each takes the place of the one before. */
static int watch(const char *state, bool as_json)
{
	bool terminal = isatty(STDOUT_FILENO);
	int r = EXIT_OK;

	for (unsigned int n = 0; r != EXIT_HOST && !ferror(stdout); n++) {
		if (n)
			sleep(WATCH_SEC);
		if (!as_json)
			fputs(terminal ? "\033[H\033[2J" : n ? "\n" : "", stdout);
		r = show(state, as_json);
		fflush(stdout);
	}
	return r;
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	const char *state = "/run/noroshi";
	bool as_json = false, again = false;
	int o;

	while ((o = cmd_next(&p, &cmd_status)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o == CMD_ARG)
			fprintf(stderr, "noroshi status: unexpected argument \"%s\"\n", p.value);
		if (o < 0)
			return EXIT_INPUT;
		if (o == OPT_STATE)
			state = p.value;
		as_json |= o == OPT_JSON;
		again |= o == OPT_WATCH;
	}
	return again ? watch(state, as_json) : show(state, as_json);
}

const struct cmd cmd_status = {
	.name = "status",
	.args = "[--state DIR] [--json] [--watch]",
	.summary = "coverage, losses, queue and last upload of the running agent",
	.options = options,
	.run = run,
};
