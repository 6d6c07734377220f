/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/coverage.h"
#include "event/attr.h"
#include "sensor/host.h"
#include <stdio.h>

const char *const loss_name[LOSS_MAX] = {
	[LOSS_RING_FULL] = "ring full",
	[LOSS_SCRATCH_BUSY] = "scratch busy",
	[LOSS_TOO_BIG] = "too big",
	[LOSS_RATE] = "rate",
	[LOSS_NO_ARGS] = "no arguments",
};

void coverage_sum(struct wire_counter *ret, const struct wire_counter *counters, uint32_t cpus, enum event_type type)
{
	*ret = (struct wire_counter){};
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const struct wire_counter *c = &counters[cpu * EVENT_MAX + type];

		ret->seen += __atomic_load_n(&c->seen, __ATOMIC_RELAXED);
		ret->refused += __atomic_load_n(&c->refused, __ATOMIC_RELAXED);
		for (unsigned int i = 0; i < LOSS_MAX; i++)
			ret->lost[i] += __atomic_load_n(&c->lost[i], __ATOMIC_RELAXED);
	}
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

/* What is missing of a call, in words. */
static void explain(char dst[2 * PROGRAM_REASON_MAX], const struct sensor_state *s, enum program without, enum need_how how)
{
	static const char *const takes[] = {
		[NEED_MUST] = "",
		[NEED_HELPS] = "less is known of it: ",
		[NEED_FAILED] = "failed attempts are not seen: ",
		[NEED_WRITER] = "who wrote an executable is not known: ",
		[NEED_COMPAT] = "32-bit entries are not seen: ",
		[NEED_ARGS] = "arguments changed on the way are not seen: ",
	};
	const char *reason = s->program[without].reason;

	snprintf(dst, 2 * PROGRAM_REASON_MAX, "%s%s: %s", takes[how], program_name[without],
		 *reason ? reason : program_state_name[s->program[without].state]);
}

/* Programs start, fork and end: the process table is told whatever the rules ask for. */
static bool is_state(enum event_call call)
{
	enum event_type type = call_table[call].type;

	return type == EVENT_EXEC || type == EVENT_FORK || type == EVENT_EXIT;
}

static json_t *call_json(const struct coverage *c, enum event_call call)
{
	enum program by = PROGRAM_MAX, without = PROGRAM_MAX;
	enum need_how how = NEED_MUST;
	char reason[2 * PROGRAM_REASON_MAX] = "";
	const char *state = is_state(call) ? "process table" : "not needed";	/* where no rule needs it */
	uint64_t missed = 0;

	if (c->needs->call[call]) {
		bool seen = programs_of_call(c->state->program, c->needs, call, &by, &without, &how);

		state = seen ? "attached" : "lost";
		if (!seen && how == NEED_MUST && without != PROGRAM_MAX && c->state->program[without].no_call)
			state = "not in this kernel";
		if (without != PROGRAM_MAX)
			explain(reason, c->state, without, how);
		else if (!seen)
			snprintf(reason, sizeof(reason), "no program of this build sees it");
	}
	if (by != PROGRAM_MAX)
		missed = __atomic_load_n(&c->state->program[by].missed, __ATOMIC_RELAXED);
	return json_pack("{s:s, s:s, s:o, s:o, s:I}", "event", event_table[call_table[call].type].name, "state", state,
			 "program", by != PROGRAM_MAX ? json_string(program_name[by]) : json_null(),
			 "reason", text_or_null(reason), "missed", (json_int_t)missed);
}

static json_t *calls_json(const struct coverage *c)
{
	json_t *o = json_object();

	for (unsigned int call = CALL_NONE + 1; call < CALL_MAX; call++)
		json_object_set_new(o, call_table[call].name, call_json(c, call));
	return o;
}

static const char *how_sent(const struct needs *n, enum opens_way way)
{
	if (way == OPENS_READ && !(n->want & WANT_OPEN_READ))
		return "none";
	return n->opens[way].tests & OPENS_NARROW ? "by name" : "all";
}

/* Which opens leave the kernel: they are most of all events, so this is what rules cost. */
static json_t *opens_json(const struct needs *n)
{
	if (!n->call[CALL_OPEN] && !n->call[CALL_OPENAT] && !n->call[CALL_OPENAT2] && !n->call[CALL_CREAT] &&
	    !n->call[CALL_OPEN_BY_HANDLE_AT])
		return json_null();
	return json_pack("{s:s, s:s, s:s}", "readOnly", how_sent(n, OPENS_READ), "others", how_sent(n, OPENS_WRITTEN), "failed",
			 n->want & WANT_OPEN_FAILED ? "all" : "none");
}

static json_t *events_json(const struct coverage *c)
{
	json_t *o = json_object();

	for (unsigned int e = 0; e < EVENT_MAX; e++) {
		json_t *lost = json_object();
		struct wire_counter sum;

		coverage_sum(&sum, c->counters, c->cpus, e);
		for (unsigned int i = 0; i < LOSS_MAX; i++)
			json_object_set_new(lost, loss_name[i], json_integer((json_int_t)sum.lost[i]));
		json_object_set_new(o, event_table[e].name,
				    json_pack("{s:s, s:I, s:I, s:o}", "ring", event_table[e].critical ? "critical" : "bulk",
					      "seen", (json_int_t)sum.seen, "refused", (json_int_t)sum.refused, "lost", lost));
	}
	return o;
}

static json_t *ring_json(const struct coverage *c, unsigned int i)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:b}", "bytes", (json_int_t)c->ring[i].bytes, "used",
			 (json_int_t)ring_used(&c->ring[i]), "taken", (json_int_t)c->ring[i].pos, "records", (json_int_t)c->records[i], "damaged",
			 (int)c->damaged[i]);
}

static json_t *programs_json(const struct coverage *c)
{
	json_t *a = json_array();

	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		const struct program_status *s = &c->state->program[p];
		json_t *log = NULL;

		/* A verifier log may be cut within a character; what is no UTF-8 is left out, not the whole entry. */
		if (s->log_len && s->log_off <= SENSOR_LOGS_BYTES && s->log_len <= SENSOR_LOGS_BYTES - s->log_off)
			log = json_stringn(c->state->log + s->log_off, s->log_len);
		json_array_append_new(a, json_pack("{s:s, s:s, s:o, s:o, s:I, s:I}", "name", program_name[p], "state",
						   program_state_name[s->state], "reason", text_or_null(s->reason), "log",
						   log ? log : json_null(), "missed",
						   (json_int_t)__atomic_load_n(&s->missed, __ATOMIC_RELAXED), "detached",
						   (json_int_t)__atomic_load_n(&s->detached, __ATOMIC_RELAXED)));
	}
	return a;
}

const char *coverage_ia32(char dst[COVERAGE_IA32_MAX], const struct coverage *c, bool reachable)
{
	const struct program_status *s = &c->state->program[PROGRAM_compat__raw_tp];

	if (!reachable)
		return "not reachable";
	if (!(c->needs->want & WANT_COMPAT))
		return "reachable, not guarded";
	if (s->state == PROGRAM_ATTACHED)
		return "guarded";
	if (s->state == PROGRAM_UNNEEDED)
		return "reachable; no rule needs a call that the guard sees";
	snprintf(dst, COVERAGE_IA32_MAX, COVERAGE_UNGUARDED "%s: %s", program_name[PROGRAM_compat__raw_tp],
		 *s->reason ? s->reason : program_state_name[s->state]);
	return dst;
}

const char *coverage_attach(char dst[COVERAGE_ATTACH_MAX], const struct coverage *c)
{
	bool tracepoint, function;
	enum program lost = programs_styles(c->state->program, c->needs, &tracepoint, &function);
	const char *by = tracepoint && function ? "tracepoints and functions" : tracepoint ? "tracepoints" : function ? "functions" : "nothing";

	if (lost == PROGRAM_MAX)
		snprintf(dst, COVERAGE_ATTACH_MAX, "%s", tracepoint || function ? by : "not needed");
	else
		snprintf(dst, COVERAGE_ATTACH_MAX, "%s; %s: %s", by, program_name[lost], c->state->program[lost].reason);
	return dst;
}

json_t *coverage_json(const struct coverage *c)
{
	char ia32[COVERAGE_IA32_MAX], attach[COVERAGE_ATTACH_MAX];
	json_t *notes = json_array();

	for (unsigned int i = 0; i < SENSOR_NOTES_MAX && c->state->note[i][0]; i++)
		json_array_append_new(notes, json_string(c->state->note[i]));
	return json_pack("{s:{s:i, s:s, s:o}, s:s, s:s, s:o, s:o, s:o, s:{s:o, s:o}, s:o}", "sensor", "pid", c->pid, "state", c->life,
			 "notes", notes, "ia32", coverage_ia32(ia32, c, host_ia32()), "attach", coverage_attach(attach, c), "calls", calls_json(c), "events",
			 events_json(c), "opens", opens_json(c->needs), "rings", "critical", ring_json(c, 0), "bulk",
			 ring_json(c, 1), "programs", programs_json(c));
}
