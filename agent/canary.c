/* SPDX-License-Identifier: Apache-2.0 */
#include "canary.h"
#include "finding/finding.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/json_text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADDRESS "127.83.71.53"	/* of the loopback: as a rule nobody listens there */
#define AGENT_EXE "/proc/self/exe"

enum kind {
#define CANARY(ID, ...) KIND_##ID,
#include "canary.def"
};

static const struct {
	const char *name;
	enum event_call call;
	const char *capability;
	const char *condition;
} table[CANARY_KINDS] = {
#define CANARY(ID, word, CALL, capability, condition) {word, CALL_##CALL, #capability, condition},
#include "canary.def"
};

enum event_call canary_call(unsigned int kind)
{
	return table[kind].call;
}

/* ---- its rules ---- */

static void add_condition(struct buf *b, const char *text, const char *token)
{
	for (; *text; text++) {
		if (*text != '%')
			buf_char(b, *text);
		else if (*++text == 's')
			buf_puts(b, token);
		else
			buf_printf(b, "%u", geteuid());
	}
}

static void add_rules(struct buf *b, const char *token)
{
	for (unsigned int i = 0; i < CANARY_KINDS; i++) {
		buf_printf(b, "- rule: %s\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: ", table[i].name);
		add_condition(b, table[i].condition, token);
		buf_char(b, '\n');
	}
}

static void new_token(char token[33])
{
	char uuid[37];
	size_t n = 0;

	finding_uuid(uuid);
	for (const char *p = uuid; *p && n < 32; p++) {
		if (*p != '-')
			token[n++] = *p;
	}
	token[n] = 0;
}

int canary_init(struct canary *c, uint16_t port, char error[512])
{
	struct diags d _cleanup_(diags_free) = {};
	struct buf b = {};
	int r;

	*c = (struct canary){.port = port, .null = -1};
	new_token(c->token);
	add_rules(&b, c->token);
	c->text = (struct rule_source){STR("canary"), str_n(b.p, b.n)};	/* kept: the rule set points into it */
	r = b.p ? ruleset_load(&c->rules, &(struct engine_load){.sources = &c->text, .nsources = 1, .min_priority = 7}, &d) : -ENOMEM;
	if (r < 0)
		snprintf(error, 512, "the canary's own rules do not load: %s", d.n ? d.v[0].message : strerror(-r));
	return r;
}

void canary_needs(const struct canary *c, struct needs *n)
{
	struct needs mine = {};
	bool any = false;

	if (!c->rules)
		return;
	ruleset_needs(c->rules, &mine);
	for (unsigned int i = 0; i < CANARY_KINDS; i++) {
		mine.call[table[i].call] &= n->call[table[i].call];
		any |= mine.call[table[i].call];
	}
	if (any)
		needs_join(n, &mine);
}

/* ---- what the child does ---- */

/* A query for TOKEN.canary.noroshi.invalid, not to be passed on. */
static void make_query(struct canary *c)
{
	const char *labels[] = {c->token, "canary", "noroshi", "invalid"};
	unsigned char *p = c->query;

	memset(p, 0, sizeof(c->query));
	p[1] = 1;	/* id */
	p[5] = 1;	/* one question */
	p += 12;
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		*p = (unsigned char)strlen(labels[i]);
		memcpy(p + 1, labels[i], *p);
		p += 1 + *p;
	}
	p[2] = p[4] = 1;	/* behind the root: A, IN */
	c->nquery = (size_t)(p + 5 - c->query);
}

static void try_open(struct canary *c)
{
	int fd = open(c->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	c->kind[KIND_OPEN].error = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
}

static void try_network(struct canary *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(c->port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool connected;

	inet_pton(AF_INET, ADDRESS, &to.sin_addr);
	connected = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
	c->kind[KIND_CONNECT].error = connected ? 0 : errno;
	if (connected && c->kind[KIND_DNS].wanted)
		connected = send(fd, c->query, c->nquery, MSG_NOSIGNAL) == (ssize_t)c->nquery;
	c->kind[KIND_DNS].error = connected ? 0 : errno;
	if (fd >= 0)
		close(fd);
}

/* In the child, which has the agent's memory until its exec: only system calls, and nothing but errors is written. */
static _Noreturn __attribute__((noinline)) void live(struct canary *c)
{
	char *const args[] = {"noroshi-canary", c->token, NULL}, *const no_env[] = {NULL};

	if (c->kind[KIND_OPEN].wanted)
		try_open(c);
	if (c->kind[KIND_CONNECT].wanted || c->kind[KIND_DNS].wanted)
		try_network(c);
	if (c->kind[KIND_EXEC].wanted) {
		dup2(c->null, STDOUT_FILENO);
		dup2(c->null, STDERR_FILENO);
		execve(AGENT_EXE, args, no_env);
		c->kind[KIND_EXEC].error = errno;
	}
	_exit(0);
}

/*
 * The agent's own calls are left out in the kernel, a child's are not. Once its exec is done, that of this program, there is
 * nothing more for it to do: it is killed before it has loaded its libraries.
 */
static int give_birth(struct canary *c)
{
	pid_t pid;

	for (unsigned int i = 0; i < CANARY_KINDS; i++)
		c->kind[i].error = 0;
	c->tgid = 0;
	c->reaped = 0;
	pid = vfork();
	if (!pid)
		live(c);
	if (pid < 0)
		return -errno;
	c->child = pid;
	kill(pid, SIGKILL);
	return 0;
}

/* ---- rounds ---- */

static bool reap(struct canary *c)
{
	if (c->child && !c->reaped && waitpid(c->child, NULL, WNOHANG))
		c->reaped = clock_boot_ns();
	return !c->child || c->reaped;
}

static void miss(struct canary *c, struct canary_kind *k)
{
	k->waiting = false;
	if (k->error) {
		k->missed = 0;
		return;
	}
	k->since = k->missed++ ? k->since : c->at;
	k->missed_sum++;
}

/* What has not come back is missed. Whether something is for the first time. */
static bool judge(struct canary *c)
{
	bool first = false, any = false;

	for (unsigned int i = 0; i < CANARY_KINDS; i++) {
		if (!c->kind[i].waiting)
			continue;
		any = true;
		miss(c, &c->kind[i]);
		first |= c->kind[i].missed == 1;
	}
	c->rounds += any;	/* else it was over when the last came back */
	return first;
}

static void begin_round(struct canary *c)
{
	int r;

	for (unsigned int i = 0; i < CANARY_KINDS; i++)
		c->kind[i].wanted = false;
	if (!c->ready(c->ctx, c))
		return;
	c->why_not[0] = 0;
	if (!reap(c)) {
		snprintf(c->why_not, sizeof(c->why_not), "the child of the last round does not end");
		return;
	}
	c->at = clock_wall_ns();
	c->begun_at = clock_boot_ns();
	r = give_birth(c);
	if (r < 0) {
		snprintf(c->why_not, sizeof(c->why_not), "no process can be made: %s", strerror(-r));
		return;
	}
	for (unsigned int i = 0; i < CANARY_KINDS; i++)
		c->kind[i].waiting = c->kind[i].wanted;
}

/* After one that missed something for the first time the next begins at once: it may be chance, and soon is known whether it is. */
static void on_timer(uv_timer_t *t)
{
	struct canary *c = t->data;
	uint64_t wait = c->interval / 2 < CANARY_JUDGE_MS ? c->interval / 2 : CANARY_JUDGE_MS;

	if (!c->under_way) {
		begin_round(c);
	} else {
		wait = judge(c) ? 1 : c->interval - wait;
		reap(c);
	}
	c->under_way = !c->under_way;
	uv_timer_start(t, on_timer, wait, 0);
}

void canary_begin(struct canary *c, const char *state_dir, uint64_t interval_ms)
{
	char dir[PATH_MAX];
	struct stat st;

	c->interval = interval_ms;
	c->pidns = stat("/proc/self/ns/pid", &st) < 0 ? 0 : (uint32_t)st.st_ino;
	snprintf(c->path, sizeof(c->path), "%s/canary-%s", realpath(state_dir, dir) ? dir : state_dir, c->token);
	c->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	make_query(c);
}

void canary_start(struct canary *c, uv_loop_t *loop)
{
	if (!c->interval || !c->rules)
		return;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->begun = true;
	on_timer(&c->timer);
}

void canary_stop(struct canary *c)
{
	if (!c->begun)
		return;
	uv_timer_stop(&c->timer);
	unlink(c->path);
	c->begun = false;
}

void canary_free(struct canary *c)
{
	c->rules = ruleset_free(c->rules);
	free((char *)c->text.text.p);
	c->text.text = STR_NONE;
	if (c->null >= 0)
		close(take_fd(c->null));
}

/* ---- what comes back ---- */

/*
 * The agent's fork is left out in the kernel, so the id in our namespace tells who it is: as long as we have not waited for
 * the child nobody else has it.
 */
bool canary_is(struct canary *c, const struct event *ev)
{
	const struct wire_hdr *h = &ev->rec->hdr;

	if (!c->child)
		return false;
	if (c->tgid)
		return h->tgid == c->tgid && h->start == c->start;
	if ((int)h->vpid != c->child || h->pidns != c->pidns || h->start < c->begun_at || (c->reaped && h->time > c->reaped))
		return false;
	c->tgid = h->tgid;
	c->start = h->start;
	return true;
}

static void see(struct canary *c, unsigned int kind, uint64_t time)
{
	struct canary_kind *k = &c->kind[kind];
	uint64_t now = clock_boot_ns();

	if (!k->waiting)
		return;
	k->waiting = false;
	k->missed = 0;
	k->since = 0;
	k->latency = now > time ? now - time : 0;
	k->last = clock_wall_ns();
	for (unsigned int i = 0; i < CANARY_KINDS; i++) {
		if (c->kind[i].waiting)
			return;
	}
	c->rounds++;
}

void canary_take(struct canary *c, const struct event *ev)
{
	const struct matches *m = ruleset_match(c->rules, ev);

	for (uint32_t i = 0; i < m->n; i++)
		see(c, m->v[i].id, ev->rec->hdr.time);
}

/* ---- what is said of it ---- */

static const char *state_of(const struct canary *c, const struct canary_kind *k)
{
	if (k->why_not[0] || !c->begun)
		return "not tried";
	if (k->error)
		return "not done";
	if (k->missed)
		return "missed";
	return k->last ? "seen" : "waiting";
}

static json_t *kind_json(const struct canary *c, unsigned int kind)
{
	const struct canary_kind *k = &c->kind[kind];
	char time[CLOCK_TEXT_MAX];
	json_t *j = json_pack("{s:s, s:s, s:s, s:f, s:i, s:I, s:I}", "state", state_of(c, k), "capability", table[kind].capability,
			      "reason", k->why_not[0] ? k->why_not : k->error ? strerror(k->error) : "",
			      "ms", (double)k->latency / NSEC_PER_MSEC, "missed", (int)k->missed, "missedSum", (json_int_t)k->missed_sum,
			      "since", (json_int_t)k->since);

	if (k->last)
		json_object_set_new(j, "lastSeen", json_string(clock_rfc3339(time, k->last)));
	return j;
}

bool canary_waits(const struct canary *c)
{
	return c->begun && !c->why_not[0] && !c->rounds;
}

json_t *canary_json(const struct canary *c)
{
	const char *state = canary_waits(c) ? "waiting" : c->begun && !c->why_not[0] ? "on" : "off";
	json_t *kinds = json_object(), *j;
	char time[CLOCK_TEXT_MAX];

	for (unsigned int i = 0; i < CANARY_KINDS; i++)
		json_object_set_new(kinds, table[i].name, kind_json(c, i));
	j = json_pack("{s:s, s:s, s:f, s:I, s:o}", "state", state, "why", !c->interval ? "canary is 0" : c->why_not,
		      "intervalSec", (double)c->interval / 1e3, "rounds", (json_int_t)c->rounds, "kinds", kinds);
	if (c->at)
		json_object_set_new(j, "last", json_string(clock_rfc3339(time, c->at)));
	return j;
}
