/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a ring record: refused, or every slot can be read, every field has a value or none, and rules judge and
 * print it. What the tables of enrich would add is fixed, so that an input means the same in every run.
 */
#include "enrich/container.h"
#include "enrich/process.h"
#include "event/attr.h"
#include "event/decode.h"
#include "event/dns.h"
#include "rule/field.h"
#include "rule/ruleset.h"
#include "../make_record.h"
#include <stdio.h>
#include <sys/socket.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static const char rules_text[] =
	"- rule: all\n"
	"  desc: prints all that an event says of itself\n"
	"  condition: evt.num > 0\n  warn_evttypes: false\n"
	"  output: \"%evt.type %evt.args %evt.info %fd.name %fd.nameraw %proc.cmdline %container.id %dns.qname %evt.res\"\n"
	"  priority: INFO\n"
	"- rule: some\n"
	"  desc: every way to compare\n"
	"  condition: >\n"
	"    (fd.name startswith /etc or fd.directory in (/tmp, /var) or fd.name glob \"/r*t/?\" or fd.name pmatch (/usr, /proc)\n"
	"    or proc.cmdline contains sh or evt.arg.name regex \"/.*[0-9]+\" or fd.snet in (10.0.0.0/8) or fd.sport > 1024\n"
	"    or proc.aname in (init) or evt.rawres < 0 or fd.nameraw endswith passwd or toupper(dns.qname) = A or dns.answers exists)\n"
	"  output: \"%fd.sip:%fd.sport %fd.cip %evt.arg.flags %evt.rawarg.flags %evt.abspath %proc.pname %dns.answers\"\n"
	"  priority: INFO\n";

#define SLICES 16	/* an input reads one part of the fields, which its header's processor names: all cost too much */

static struct field_ref refs[1024];
static size_t nrefs;
static uint16_t of_call[CALL_MAX][ARRAY_SIZE(refs)];	/* the fields that a call can have */
static size_t nof_call[CALL_MAX];
static struct ruleset *rules;
static struct process_table *processes;
static struct process *process;
static struct container container;

static void add_field(const char *name, bool has_arg, const char *arg)
{
	if (nrefs < ARRAY_SIZE(refs) && field_resolve(&refs[nrefs], str(name), has_arg, str(arg), str(name)) == FIELD_OK)
		nrefs++;
}

static void add_arguments(void)
{
	static char names[256][48];
	size_t n = 0;

#define ARG(name, type) \
	if (n + 2 <= ARRAY_SIZE(names)) { \
		snprintf(names[n], sizeof(names[n]), "evt.arg." #name); \
		add_field(names[n++], false, ""); \
		snprintf(names[n], sizeof(names[n]), "evt.rawarg." #name); \
		add_field(names[n++], false, ""); \
	}
#include "rule/arg.def"
}

static void sort_by_call(void)
{
	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++) {
		for (size_t i = 0; i < nrefs; i++) {
			if (field_available(&refs[i], (enum event_call)c))
				of_call[c][nof_call[c]++] = (uint16_t)i;
		}
	}
}

/* A process with a parent, as two records of execs make it. */
static void make_process(void)
{
	static struct made m;

	processes = process_table_new(16, 65536);
	for (uint32_t pid = 1; processes && pid <= 2; pid++) {
		union event_record *r = make_call(&m, CALL_EXECVE);

		make_who(&m, pid, pid * 1000, 1, pid * 1000);
		r->exec.ppid = pid - 1;
		r->exec.pstart = (pid - 1) * 1000;
		r->exec.pexec_id = 1;
		make_text(&m, &r->exec.comm, pid == 1 ? "init" : "bash");
		make_text(&m, &r->exec.exe, pid == 1 ? "/sbin/init" : "/bin/bash");
		make_blob(&m, &r->exec.argv, "bash\0-c\0ls", 11);
		make_blob(&m, &r->exec.env, "HOME=/\0A=b", 11);
		make_text(&m, &r->exec.cwd, "/tmp");
		process = process_table_apply(processes, r);
	}
	if (!process)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct rule_source source = {STR("decode.yaml"), str(rules_text)};
	struct engine_load in = {.sources = &source, .nsources = 1, .min_priority = 7};
	struct diags d = {};

	(void)argc, (void)argv;
	for (size_t i = 0; i < field_count; i++) {
		add_field(field_table[i].name, false, "");
		add_field(field_table[i].name, true, "1");
		add_field(field_table[i].name, true, "HOME");
	}
	add_arguments();
	sort_by_call();
	make_process();
	if (!container_parse(&container, STR("/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")) ||
	    ruleset_load(&rules, &in, &d)) {
		struct buf text = {};

		diags_print(&d, &text);
		fprintf(stderr, "%.*s", (int)text.n, text.p ? text.p : "");
		abort();
	}
	diags_free(&d);
	return 0;
}

static void read_all(struct str s)
{
	volatile char last;

	for (size_t i = 0; i < s.n; i++)
		last = s.p[i];
	(void)last;
}

static void read_slots(const struct event *ev)
{
	const struct event_desc *e = &event_table[ev->rec->hdr.type];

	for (unsigned int i = 0; i < e->nattrs; i++) {
		struct wire_blob b;

		if (e->attrs[i].kind != ATTR_BLOB)
			continue;
		memcpy(&b, (const char *)ev->rec + e->attrs[i].off, sizeof(b));
		read_all(event_blob(ev, b));
	}
}

static void read_fields(const struct event *ev)
{
	static struct field_scratch scratch;
	static struct value v[FIELD_VALUES_MAX];
	bool present;

	for (size_t i = ev->rec->hdr.cpu / 8 % SLICES; i < nof_call[ev->call]; i += SLICES) {
		unsigned int n;

		scratch.used = 0;
		n = field_values(&refs[of_call[ev->call][i]], ev, &scratch, v, &present);
		if (n > FIELD_VALUES_MAX || (n && !present))
			abort();
		for (unsigned int k = 0; k < n; k++) {
			if (v[k].type == TYPE_STR || v[k].type == TYPE_BYTES)
				read_all(v[k].s);
		}
	}
}

static void judge(struct event *ev)
{
	static struct dns_message dns;
	const struct matches *m;
	struct buf out = {};

	ev->num = 1;
	ev->process = ev->rec->hdr.cpu & 1 ? NULL : process;
	ev->container = ev->rec->hdr.cpu & 2 ? &container : NULL;
	ev->peer_name = ev->rec->hdr.cpu & 4 ? STR("example.org") : STR_NONE;
	if (ev->rec->hdr.type == EVENT_DNS) {
		struct str payload = event_blob(ev, ev->rec->dns.payload);

		dns_parse(&dns, payload.p, payload.n);
		ev->dns = &dns;
	}
	read_fields(ev);
	m = ruleset_match(rules, ev);
	for (uint32_t i = 0; i < m->n; i++)
		m->v[i].engine->ops->output(m->v[i].engine, m->v[i].id, ev, &out);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	void *rec = malloc(n ? n : 1);	/* aligned, and exactly that long */
	struct event ev;

	memcpy(rec, data, n);
	if (decode(&ev, rec, n, 0) == DECODE_OK) {
		read_slots(&ev);
		if (ev.rec->hdr.type != EVENT_CGROUP && !(ev.rec->hdr.flags & WIRE_SNAPSHOT))
			judge(&ev);
	}
	free(rec);
	return 0;
}

/* ---- mutation ---- */

static void repair_call(struct wire_hdr *h)
{
	if (h->type >= EVENT_MAX)
		h->type %= EVENT_MAX;
	for (unsigned int i = 0; i < CALL_MAX; i++) {	/* the next call that yields this event */
		if (h->call < CALL_MAX && call_table[h->call].type == h->type && h->call != CALL_NONE)
			return;
		h->call = (uint16_t)((h->call + 1u) % CALL_MAX);
	}
	h->call = CALL_NONE;
}

static void repair_slots(const struct event_desc *e, uint8_t *rec, size_t n)
{
	for (unsigned int i = 0; i < e->nattrs; i++) {
		uint8_t *slot = rec + e->attrs[i].off;
		struct wire_addr a;
		struct wire_blob b;

		if (e->attrs[i].kind == ATTR_BLOB) {
			memcpy(&b, slot, sizeof(b));
			if (b.off < e->size || b.off > n)
				b.off = (uint16_t)(e->size + b.off % (n - e->size + 1));
			if (b.len > n - b.off)
				b.len = (uint16_t)(b.len % (n - b.off + 1));
			memcpy(slot, &b, sizeof(b));
		} else if (e->attrs[i].kind == ATTR_ADDR) {
			static const uint16_t families[] = {0, AF_INET, AF_INET6};

			memcpy(&a, slot, sizeof(a));
			if (a.family != AF_INET && a.family != AF_INET6)
				a.family = families[a.family % ARRAY_SIZE(families)];
			memcpy(slot, &a, sizeof(a));
		}
	}
}

/* Most mutants are refused by their header: most are given one that fits, so that what is behind it is tried. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct wire_hdr h;
	size_t n = LLVMFuzzerMutate(data, size, max_size), want;

	if (seed % 16 == 0 || n < sizeof(h))
		return n;
	memcpy(&h, data, sizeof(h));
	repair_call(&h);
	want = event_table[h.type].size;
	if (want > max_size)
		return n;
	if (n < want) {
		memset(data + n, 0, want - n);
		n = want;
	}
	h.size = (uint32_t)n;
	h.cpu = (uint16_t)(seed >> 4);
	memcpy(data, &h, sizeof(h));
	repair_slots(&event_table[h.type], data, n);
	return n;
}
