/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs [-v]: asks the running kernel for every BPF program of this build, each in an object of its own, and prints what
 * its verifier made of it, largest first. For test/vm: no program may be refused by a kernel that has its hook.
 *
 *   STATE NAME INSTRUCTIONS STACK XLATED JITED SECTION REASON
 *
 * separated by tabs. STATE is loaded, absent (the kernel has no such hook), refused, or "deep": loaded here, but kernels before
 * 6.6 would refuse it, for its stack or for a loop whose head is fallen into from its own end. REASON is the verifier's last word, and its last lines go to standard error. INSTRUCTIONS are those that
 * the verifier walked, of a million that it may. STACK is the deepest chain of calls in bytes, of 512, as those kernels count it:
 * each function's rounded up to 32. XLATED and JITED are the sizes in the kernel in bytes. Exit 1 for refused and deep ones.
 */
#include "probes.skel.h"
#include "sensor/host.h"
#include "sensor/kernel_types.h"
#include "util/cleanup.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES (16 << 20)
#define LAST_LINES 25
#define FUNCTIONS_MAX 128
#define STACK_MAX 512		/* of a chain of calls */
#define STACK_STEP 32		/* of a function, up to 6.5; then 16 where the processor's own code is run */

struct row {
	const char *state;
	char name[64], section[64], reason[200];
	unsigned int instructions, stack, xlated, jited;
	int falls_back;
};

static char said[512];		/* libbpf's first warning */
static char *verifier_log;
static uint32_t task_type;	/* kernel_types.h */

static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && !said[0] && !strstr(fmt, "PROG LOAD LOG"))
		vsnprintf(said, sizeof(said), fmt, ap);
	return 0;
}

/* The functions of a program: the stack of each, and whom each calls. */
struct graph {
	unsigned int n, stack[FUNCTIONS_MAX];
	bool calls[FUNCTIONS_MAX][FUNCTIONS_MAX];
};

static unsigned int deepest(const struct graph *g, unsigned int f)
{
	unsigned int below = 0, own = (g->stack[f] + !g->stack[f] + STACK_STEP - 1) / STACK_STEP * STACK_STEP;

	for (unsigned int callee = 0; callee < g->n; callee++) {
		unsigned int n = g->calls[f][callee] ? deepest(g, callee) : 0;

		below = n > below ? n : below;
	}
	return own + below;
}

/* "stack depth 40+0+16": of each function, in their order. */
static void read_stacks(struct graph *g, const char *log)
{
	const char *p = strstr(log, "stack depth ");

	g->n = 0;
	for (p = p ? p + strlen("stack depth ") : NULL; p && g->n < FUNCTIONS_MAX; p = *p == '+' ? p + 1 : NULL) {
		char *end;

		g->stack[g->n++] = (unsigned int)strtoul(p, &end, 10);
		p = end;
	}
}

/* Sizes of the loaded program, and from its instructions who calls whom. */
static void look_at(int fd, struct row *r)
{
	static struct bpf_func_info functions[FUNCTIONS_MAX];
	static struct bpf_insn code[1 << 16];
	static struct graph g;
	struct bpf_prog_info info = {
		.xlated_prog_insns = (uintptr_t)code, .xlated_prog_len = sizeof(code), .func_info = (uintptr_t)functions,
		.func_info_rec_size = sizeof(functions[0]), .nr_func_info = FUNCTIONS_MAX,
	};
	unsigned int f = 0;
	__u32 n = sizeof(info);

	read_stacks(&g, verifier_log);
	memset(g.calls, 0, sizeof(g.calls));
	if (bpf_obj_get_info_by_fd(fd, &info, &n) < 0)
		return;
	r->xlated = info.xlated_prog_len;
	r->jited = info.jited_prog_len;
	for (unsigned int i = 0; i < info.xlated_prog_len / sizeof(code[0]); i++) {
		while (f + 1 < info.nr_func_info && functions[f + 1].insn_off <= i)
			f++;
		/* of a call that was compiled, what is left says the function's number */
		if (code[i].code == (BPF_JMP | BPF_CALL) && code[i].src_reg == BPF_PSEUDO_CALL && (unsigned int)code[i].imm < g.n && f < g.n)
			g.calls[f][code[i].imm] = true;
	}
	r->stack = g.n ? deepest(&g, 0) : 0;
}

/*
 * Kernels up to 6.1 and some after it take a loop that a jump closes, conditional or not, but not one whose last instruction
 * is another and falls into the head: the instruction that does so, or -1. As they do it: depth first, the next before the
 * target.
 */
static int falls_back(const struct bpf_program *prog)
{
	enum { NEXT = 1, TARGET = 2, DONE = 3, STEP = 3, ON_PATH = 4 };
	const struct bpf_insn *code = bpf_program__insns(prog);
	int n = (int)bpf_program__insn_cnt(prog), at = 0, depth = 0, bad = -1;
	int *path = calloc((size_t)n + 1, sizeof(*path));
	char *state = calloc((size_t)n + 1, 1);

	while (path && state && depth >= 0 && bad < 0) {
		const struct bpf_insn *i = &code[at];
		bool jump = (BPF_CLASS(i->code) == BPF_JMP || BPF_CLASS(i->code) == BPF_JMP32) && BPF_OP(i->code) != BPF_CALL &&
			    BPF_OP(i->code) != BPF_EXIT;
		bool calls = BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) == BPF_CALL && i->src_reg == BPF_PSEUDO_CALL;
		bool always = i->code == (BPF_JMP | BPF_JA), ends = i->code == (BPF_JMP | BPF_EXIT);
		int step = (state[at] & STEP) + 1, to = -1;

		state[at] = (char)(ON_PATH | step);
		if (step == NEXT && !always && !ends)
			to = at + 1;
		else if (step == TARGET && (jump || calls))
			to = at + 1 + (jump ? i->off : i->imm);
		if (to >= 0 && to < n && !state[to]) {
			path[depth++] = at;
			at = to;
		} else if (to >= 0 && to < n && state[to] & ON_PATH && !jump) {
			bad = at;
		} else if (step >= TARGET) {
			state[at] = DONE;
			at = depth ? path[depth - 1] : 0;
			depth--;
		}
	}
	free(path);
	free(state);
	return bad;
}

static unsigned int walked(const char *log)
{
	const char *p = strstr(log, "processed ");
	unsigned int n = 0;

	if (p)
		sscanf(p, "processed %u insns", &n);
	return n;
}

/* The last lines of the log but for the statistics; the last of them is also the reason. */
static void tell_refused(struct row *r, bool verbose)
{
	char *lines[LAST_LINES] = {}, *save = NULL, *line;
	unsigned int n = 0;

	for (line = strtok_r(verifier_log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11))
			lines[n++ % LAST_LINES] = line;
	}
	snprintf(r->reason, sizeof(r->reason), "%.*s", (int)strcspn(n ? lines[(n - 1) % LAST_LINES] : said, "\n"),
		 n ? lines[(n - 1) % LAST_LINES] : said);
	for (unsigned int i = n > LAST_LINES ? n - LAST_LINES : 0; verbose && i < n; i++)
		fprintf(stderr, "%s: %s\n", r->name, lines[i % LAST_LINES]);
}

/* One program alone; the object's maps are made for it and go with it. */
static int load_one(const char *name, int types, int level, struct row *r)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_program *prog;
	struct probes *skel;
	char path[32];
	int error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", types);
	if (types >= 0)
		opts.btf_custom_path = path;
	skel = probes__open_opts(&opts);
	if (!skel)
		return -errno;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	bpf_map__set_max_entries(skel->maps.counters, 4096);
	skel->rodata->task_type = task_type;
	prog = bpf_object__find_program_by_name(skel->obj, name);
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->section, sizeof(r->section), "%s", bpf_program__section_name(prog));
	verifier_log[0] = said[0] = '\0';
	bpf_program__set_log_buf(prog, verifier_log, LOG_BYTES);
	bpf_program__set_log_level(prog, (__u32)level);
	error = probes__load(skel);
	if (error == 0) {
		r->instructions = walked(verifier_log);
		r->falls_back = falls_back(prog);
		look_at(bpf_program__fd(prog), r);
	}
	probes__destroy(skel);
	return error;
}

static void try_one(const char *name, int types, bool verbose, struct row *r)
{
	char reason[200];
	int error = load_one(name, types, 4, r);

	r->state = r->stack > STACK_MAX || r->falls_back >= 0 ? "deep" : "loaded";
	if (r->stack > STACK_MAX)
		snprintf(r->reason, sizeof(r->reason), "a chain of calls with %u bytes of stack", r->stack);
	else if (r->falls_back >= 0)
		snprintf(r->reason, sizeof(r->reason), "the loop that instruction %d ends is closed without a jump", r->falls_back);
	if (error == 0)
		return;
	r->state = "refused";
	if (!strncmp(r->section, "fentry/", 7) && !host_functions(reason)) {	/* nor would it take one that does nothing */
		r->state = "absent";
		snprintf(r->reason, sizeof(r->reason), "%s", reason);
		return;
	}
	if (!verifier_log[0] && strstr(said, "failed to find kernel BTF type ID")) {	/* before the kernel was asked */
		r->state = "absent";
		snprintf(r->reason, sizeof(r->reason), "no such hook");
		return;
	}
	if (load_one(name, types, 1, r) == 0)
		r->state = "loaded";	/* said no once: not of its code */
	else
		tell_refused(r, verbose);
}

static int larger(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->instructions != y->instructions)
		return x->instructions < y->instructions ? 1 : -1;
	return strcmp(x->name, y->name);
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	struct probes *names;
	struct bpf_program *prog;
	unsigned int n = 0, refused = 0;
	struct row *rows;
	int types;

	libbpf_set_print(on_libbpf);
	names = probes__open();
	verifier_log = malloc(LOG_BYTES);
	if (!names || !verifier_log)
		return 3;
	bpf_object__for_each_program(prog, names->obj)
		n++;
	rows = calloc(n, sizeof(*rows));
	types = kernel_types(bpf_object__btf(names->obj), &task_type);
	if (!rows)
		return 3;
	n = 0;
	bpf_object__for_each_program(prog, names->obj)
		try_one(bpf_program__name(prog), types, verbose, &rows[n++]);
	probes__destroy(names);
	qsort(rows, n, sizeof(*rows), larger);
	for (unsigned int i = 0; i < n; i++) {
		const struct row *r = &rows[i];

		refused += !strcmp(r->state, "refused") || !strcmp(r->state, "deep");
		printf("%s\t%s\t%u\t%u\t%u\t%u\t%s\t%s\n", r->state, r->name, r->instructions, r->stack,
		       r->xlated, r->jited, r->section, r->reason);
	}
	free(rows);
	free(verifier_log);
	return refused ? 1 : 0;
}
