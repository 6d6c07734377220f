/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/load.h"
#include "probes.skel.h"
#include "sensor/host.h"
#include "sensor/kernel_types.h"
#include "util/cleanup.h"
#include "util/str.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#ifndef RETRIES		/* a test has fewer */
#define RETRIES 3	/* each costs libbpf's reading of the kernel's BTF, some 50 ms of CPU */
#endif

/*
 * What libbpf holds of an object, millions of bytes of instructions and types, goes once its programs are attached:
 * they live on by their links, and the maps by descriptors of our own.
 */
struct load {
	struct sensor_state *state;
	struct needs needs;
	struct probes *object[PROGRAM_MAX + 1];	/* the first has all programs at the start, others what was loaded beside it */
	unsigned int nobjects;
	char *section[PROGRAM_MAX];		/* NULL: not in this build */
	struct {
		char *name;
		int fd;
	} *map;
	unsigned int nmaps;
	struct bpf_program *prog[PROGRAM_MAX];	/* loaded, of one of the objects */
	struct bpf_link *link[PROGRAM_MAX];	/* of what is attached, but for iterators */
	int fd[PROGRAM_MAX];			/* of what has a link */
	bool tracefs;
	int cgroup;				/* root of the v2 hierarchy, or -errno */
	int types;				/* those of the kernel's that relocations need, or -errno: libbpf takes all */
	uint32_t task_type;			/* kernel_types.h */
	char tracefs_reason[PROGRAM_REASON_MAX];
	bool good[PROGRAM_MAX];			/* the kernel took it once, beside one that it refused */
	/* what libbpf said of the program it gave up on */
	enum program failed;
	char said[PROGRAM_REASON_MAX];
};

static struct load *listener;	/* libbpf's print function has no argument of the caller's */

void sensor_note(struct sensor_state *state, const char *fmt, ...)
{
	for (unsigned int i = 0; i < SENSOR_NOTES_MAX; i++) {
		va_list ap;

		if (state->note[i][0])
			continue;
		va_start(ap, fmt);
		vsnprintf(state->note[i], sizeof(state->note[i]), fmt, ap);
		va_end(ap);
		return;
	}
}

/* The verifier's last word: the last line of its log but for the statistics. */
static void last_word(char dst[PROGRAM_REASON_MAX], const char *log, size_t n)
{
	struct str rest = str_n(log, n);

	while (rest.n) {
		struct str line = str_after_last(rest, '\n');

		if (line.n && !str_starts(line, STR("processed ")) && !str_starts(line, STR("-- END "))) {
			snprintf(dst, PROGRAM_REASON_MAX, STR_FMT, STR_ARG(line));
			return;
		}
		rest.n = line.p > rest.p ? (size_t)(line.p - rest.p) - 1 : 0;
	}
}

/* Keeps the end of the verifier's log: that is where it says why. */
static void keep_log(struct load *l, enum program p, const char *log)
{
	struct sensor_state *s = l->state;
	size_t n = strlen(log), room = sizeof(s->log) - s->log_used;

	last_word(l->said, log, n);
	if (n > SENSOR_LOG_BYTES) {
		log += n - SENSOR_LOG_BYTES;
		n = SENSOR_LOG_BYTES;
	}
	if (n > room)
		return;
	s->program[p].log_off = s->log_used;
	s->program[p].log_len = (uint32_t)n;
	memcpy(s->log + s->log_used, log, n);
	s->log_used += (uint32_t)n;
}

/* The value between the first two quotes of "libbpf: prog 'NAME': …". */
static enum program named(const char *text, const char **rest)
{
	char name[64];
	int n = 0;

	if (sscanf(text, "libbpf: prog '%63[^']': %n", name, &n) != 1 || !n)
		return PROGRAM_MAX;
	*rest = text + n;
	return program_by_code(name);
}

/*
 * libbpf tells which program it gave up on, and why, only here. The log itself comes as an argument of a message of
 * its own, too long to be formatted first.
 */
static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct load *l = listener;
	const char *rest;
	char text[512];
	enum program p;

	if (!l || level != LIBBPF_WARN)
		return 0;
	if (strstr(fmt, "BEGIN PROG LOAD LOG")) {
		const char *name = va_arg(ap, const char *), *log = va_arg(ap, const char *);

		p = program_by_code(name);
		if (p != PROGRAM_MAX)
			keep_log(l, p, log);
		return 0;
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	p = named(text, &rest);
	if (p == PROGRAM_MAX)
		return 0;
	if (l->failed != p || !l->said[0])	/* the first message is nearest to the cause */
		snprintf(l->said, sizeof(l->said), "%.*s", (int)strcspn(rest, "\n"), rest);
	l->failed = p;
	return 0;
}

static void set_state(struct load *l, enum program p, enum program_state state, const char *reason)
{
	l->state->program[p].state = state;
	snprintf(l->state->program[p].reason, PROGRAM_REASON_MAX, "%s", reason ? reason : "");
}

static bool tracepoint_exists(struct load *l, const char *category, const char *name, char reason[PROGRAM_REASON_MAX])
{
	if (!l->tracefs)
		snprintf(reason, PROGRAM_REASON_MAX, "%s", l->tracefs_reason);
	else if (!host_tracepoint(category, name))
		snprintf(reason, PROGRAM_REASON_MAX, "this kernel has no tracepoint %s/%s", category, name);
	else
		return true;
	return false;
}

/* Every call has its tracepoint where any has. */
static bool call_exists(struct load *l, enum program p, const char *name, char reason[PROGRAM_REASON_MAX])
{
	if (tracepoint_exists(l, "syscalls", name, reason))
		return true;
	l->state->program[p].no_call = l->tracefs && host_tracepoint("syscalls", "sys_exit_execve");
	return false;
}

/* Cheap reasons why a program cannot work here: nothing is loaded to find out. */
static bool hook_exists(struct load *l, enum program p, const char *sec, char reason[PROGRAM_REASON_MAX])
{
	static const char *const bare[] = {"tp_btf/", "raw_tp/", "raw_tracepoint/"};
	const char *name;
	char category[64], tracepoint[64];

	program_tracepoint(tracepoint, p);
	if (*tracepoint)
		return call_exists(l, p, tracepoint, reason);

	if (!strncmp(sec, "fentry/", 7))
		return host_functions(reason);
	if (!strncmp(sec, "cgroup", 6)) {
		if (l->cgroup < 0)
			snprintf(reason, PROGRAM_REASON_MAX, "no cgroup v2 hierarchy: %s", strerror(-l->cgroup));
		return l->cgroup >= 0;
	}
	if (!strncmp(sec, "tracepoint/syscalls/", strlen("tracepoint/syscalls/")))
		return call_exists(l, p, strrchr(sec, '/') + 1, reason);
	if (sscanf(sec, "tracepoint/%63[^/]/", category) == 1 || sscanf(sec, "tp/%63[^/]/", category) == 1)
		return tracepoint_exists(l, category, strrchr(sec, '/') + 1, reason);
	for (unsigned int i = 0; i < ARRAY_SIZE(bare) && l->tracefs; i++) {
		name = sec + strlen(bare[i]);
		/* Some tracepoints are no trace events; by the kernel's custom their names end in _tp. */
		if (strncmp(sec, bare[i], strlen(bare[i])) || strstr(name, "_tp") || host_tracepoint(NULL, name))
			continue;
		snprintf(reason, PROGRAM_REASON_MAX, "this kernel has no tracepoint %s", name);
		return false;
	}
	return true;
}

/* Chooses until every chosen program has a hook. */
static void choose(struct load *l)
{
	bool again = true;

	while (again) {
		again = false;
		programs_choose(l->state->program, &l->needs);
		for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
			char reason[PROGRAM_REASON_MAX] = "this build does not have it";

			if (l->state->program[p].state != PROGRAM_CHOSEN || l->prog[p])
				continue;
			if (l->section[p] && hook_exists(l, p, l->section[p], reason))
				continue;
			set_state(l, p, PROGRAM_ABSENT, reason);
			again = true;
		}
	}
}

/* Opens the probes with none of its programs switched on and the maps sized for this host. */
static struct probes *open_probes(const struct load *l)
{
	char path[32];
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	int cpus = libbpf_num_possible_cpus();
	struct bpf_program *prog;
	struct probes *skel;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", l->types);
	if (l->types >= 0 && access(path, R_OK) == 0)
		opts.btf_custom_path = path;
	skel = probes__open_opts(&opts);
	if (!skel)
		return NULL;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, false);
	skel->rodata->task_type = l->task_type;
	if (cpus > 0)
		bpf_map__set_max_entries(skel->maps.counters, (uint32_t)cpus * EVENT_MAX);
	return skel;
}

static int load_probes(struct load *l, struct probes *skel)
{
	int r;

	l->failed = PROGRAM_MAX;
	l->said[0] = '\0';
	listener = l;
	r = probes__load(skel);
	listener = NULL;
	return r;
}

static void refuse_one(struct load *l, enum program p, const char *what, int error)
{
	char reason[PROGRAM_REASON_MAX];

	if (l->failed != PROGRAM_MAX && program_same_code(l->failed, p) && l->said[0])
		snprintf(reason, sizeof(reason), "%s", l->said);
	else
		snprintf(reason, sizeof(reason), "%s: %s", what, strerror(-error));
	set_state(l, p, PROGRAM_REFUSED, reason);
	l->prog[p] = NULL;
}

/* The verifier's no is for all programs of that code, and its words too. Also for those that are not needed yet. */
static void refuse_load(struct load *l, enum program p, int error)
{
	struct program_status *s = l->state->program;

	for (unsigned int q = 0; q < PROGRAM_MAX; q++) {
		if (!program_same_code(p, q) || s[q].state == PROGRAM_ABSENT || s[q].state == PROGRAM_ATTACHED)
			continue;
		refuse_one(l, q, "load", error);
		s[q].log_off = s[p].log_off;
		s[q].log_len = s[p].log_len;
	}
}

/* Another object that shares the maps of the first. */
static struct probes *open_beside(struct load *l)
{
	struct probes *skel = l->nobjects < ARRAY_SIZE(l->object) ? open_probes(l) : NULL;
	struct bpf_map *map;

	if (!skel)
		return NULL;
	bpf_object__for_each_map(map, skel->obj) {
		int fd = load_map(l, bpf_map__name(map));

		if (fd >= 0 && bpf_map__reuse_fd(map, fd) < 0) {
			probes__destroy(skel);
			return NULL;
		}
	}
	return skel;
}

/* Loads the chosen programs that are not loaded yet, or of these one code, in an object of their own. */
static bool load_beside(struct load *l, enum program one)
{
	bool set[PROGRAM_MAX] = {};
	struct probes *skel = open_beside(l);
	int r = skel ? 0 : -errno;

	l->failed = PROGRAM_MAX;
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		set[p] = l->state->program[p].state == PROGRAM_CHOSEN && !l->prog[p] &&
			 (one == PROGRAM_MAX || program_same_code(p, one));
		if (!set[p] || !skel)
			continue;
		l->prog[p] = bpf_object__find_program_by_name(skel->obj, program_code(p));
		bpf_program__set_autoload(l->prog[p], true);
	}
	r = r ?: load_probes(l, skel);
	if (r == 0) {
		l->object[l->nobjects++] = skel;
		return true;
	}
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (set[p])
			l->prog[p] = NULL;
	}
	if (one != PROGRAM_MAX)
		l->failed = one;
	if (l->failed != PROGRAM_MAX)
		refuse_load(l, l->failed, r);
	probes__destroy(skel);
	return false;
}

/* What is chosen and not loaded yet: alternatives of what was refused, each alone so that no more than it is lost. */
static void load_rest(struct load *l)
{
	bool again = true;

	while (again) {
		again = false;
		choose(l);
		for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
			if (l->state->program[p].state == PROGRAM_CHOSEN && !l->prog[p])
				again |= !load_beside(l, p);
		}
	}
}

/* libbpf loads in the object's order: what stands before the refused one was taken. */
static void remember_good(struct load *l, const struct probes *skel)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		enum program first = program_by_code(bpf_program__name(prog));

		if (first == l->failed)
			return;
		for (unsigned int p = first; p < PROGRAM_MAX; p++) {
			if (l->prog[p] == prog)
				l->good[p] = true;
		}
	}
}

/* What goes into the shared object: at first all, after RETRIES refusals what was taken before, at last maps only. */
static bool together(const struct load *l, enum program p, unsigned int attempt)
{
	return l->state->program[p].state == PROGRAM_CHOSEN && (attempt <= RETRIES || (attempt == RETRIES + 1 && l->good[p]));
}

/* Descriptors that outlive the object. */
static int keep_maps(struct load *l, const struct probes *skel)
{
	struct bpf_map *map;
	unsigned int n = 0;

	bpf_object__for_each_map(map, skel->obj)
		n++;
	l->map = calloc(n, sizeof(*l->map));
	if (!l->map)
		return -ENOMEM;
	bpf_object__for_each_map(map, skel->obj) {
		if (bpf_map__fd(map) < 0)
			continue;	/* no program has it yet */
		l->map[l->nmaps].name = strdup(bpf_map__name(map));
		l->map[l->nmaps].fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0);
		if (!l->map[l->nmaps].name || l->map[l->nmaps].fd < 0)
			return -ENOMEM;
		l->nmaps++;
	}
	return 0;
}

/* Chosen programs in one object. A refusal turns the one that libbpf names off; what is left out goes alone later. */
static int load_together(struct load *l, char error[512])
{
	struct probes *skel;
	int r = -ENOMEM;

	for (unsigned int attempt = 0; attempt <= RETRIES + 2; attempt++) {
		skel = open_probes(l);
		if (!skel)
			break;
		choose(l);
		for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
			if (!together(l, p, attempt))
				continue;
			l->prog[p] = bpf_object__find_program_by_name(skel->obj, program_code(p));
			bpf_program__set_autoload(l->prog[p], true);
		}
		r = load_probes(l, skel);
		if (r == 0) {
			l->object[l->nobjects++] = skel;
			return keep_maps(l, skel);
		}
		if (l->failed != PROGRAM_MAX)
			remember_good(l, skel);
		else if (attempt <= RETRIES)
			attempt = RETRIES + 1;	/* nobody to turn off */
		probes__destroy(skel);
		memset(l->prog, 0, sizeof(l->prog));
		if (l->failed != PROGRAM_MAX)
			refuse_load(l, l->failed, r);
	}
	snprintf(error, 512, "the kernel refuses the maps of the probes: %s%s", strerror(-r),
		 r == -EPERM ? "; run as root, or with CAP_BPF and CAP_PERFMON" : "");
	return r;
}

static int keep_sections(struct load *l, const struct probes *skel)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, program_code(p));

		l->section[p] = prog ? strdup(bpf_program__section_name(prog)) : NULL;
		if (prog && !l->section[p])
			return -ENOMEM;
	}
	return 0;
}

int load_new(struct load **ret, struct sensor_state *state)
{
	struct load *l = calloc(1, sizeof(*l));
	struct probes *names;
	int r;

	if (!l)
		return -ENOMEM;
	l->state = state;
	l->failed = PROGRAM_MAX;
	libbpf_set_print(on_libbpf);
	names = probes__open();
	l->types = names ? kernel_types(bpf_object__btf(names->obj), &l->task_type) : -ENOENT;
	r = names ? keep_sections(l, names) : -ENOMEM;
	probes__destroy(names);
	if (r < 0) {
		free(l);
		return r;
	}
	l->tracefs = host_tracefs(l->tracefs_reason);
	if (!l->tracefs)
		sensor_note(state, "%s", l->tracefs_reason);
	l->cgroup = host_cgroup2();
	*ret = l;
	return 0;
}

int load_begin(struct load *l, const struct needs *needs, char error[512])
{
	int r;

	l->needs = *needs;
	r = load_together(l, error);
	if (r < 0)
		return r;
	load_rest(l);
	return 0;
}

int load_map(const struct load *l, const char *name)
{
	for (unsigned int i = 0; i < l->nmaps; i++) {
		if (!strcmp(l->map[i].name, name))
			return l->map[i].fd;
	}
	return -1;
}

/* For those that go on with it. */
static void attach_work(struct load *l, enum program p)
{
	int fd = bpf_program__fd(l->prog[p]), work = program_work(p);

	if (bpf_map_update_elem(load_map(l, "works"), &work, &fd, BPF_ANY) < 0)
		refuse_one(l, p, "attach", -errno);
	else
		set_state(l, p, PROGRAM_ATTACHED, NULL);
}

static void attach(struct load *l, enum program p)
{
	const char *sec = bpf_program__section_name(l->prog[p]);
	struct bpf_link *link;
	char tracepoint[64];

	if (!strncmp(sec, "iter", 4)) {
		set_state(l, p, PROGRAM_ATTACHED, NULL);	/* it runs when it is read */
		return;
	}
	if (program_work(p) >= 0) {
		attach_work(l, p);
		return;
	}
	l->failed = PROGRAM_MAX;
	l->said[0] = '\0';
	listener = l;
	program_tracepoint(tracepoint, p);
	if (*tracepoint)
		link = bpf_program__attach_tracepoint(l->prog[p], "syscalls", tracepoint);
	else if (!strncmp(sec, "cgroup", 6))
		link = bpf_program__attach_cgroup(l->prog[p], l->cgroup);
	else
		link = bpf_program__attach(l->prog[p]);
	listener = NULL;
	if (!link) {
		refuse_one(l, p, "attach", -errno);
		return;
	}
	l->link[p] = link;
	l->fd[p] = fcntl(bpf_program__fd(l->prog[p]), F_DUPFD_CLOEXEC, 0);
	set_state(l, p, PROGRAM_ATTACHED, NULL);
}

static void attach_chosen(struct load *l, bool lifecycle)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (l->state->program[p].state == PROGRAM_CHOSEN && l->prog[p] && program_is_lifecycle(p) == lifecycle)
			attach(l, p);
	}
}

/* Chosen, and perhaps only those that are not loaded. */
static bool any_chosen(const struct load *l, bool unloaded)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (l->state->program[p].state == PROGRAM_CHOSEN && !(unloaded && l->prog[p]))
			return true;
	}
	return false;
}

void load_attach(struct load *l)
{
	do {
		attach_chosen(l, true);
		attach_chosen(l, false);
		load_rest(l);	/* alternatives of those that would not attach */
	} while (any_chosen(l, false));
}

void load_settle(struct load *l)
{
	memset(l->prog, 0, sizeof(l->prog));
	while (l->nobjects)
		probes__destroy(l->object[--l->nobjects]);
}

void load_needs(struct load *l, const struct needs *needs)
{
	l->needs = *needs;
	choose(l);
	if (any_chosen(l, true))
		load_beside(l, PROGRAM_MAX);	/* as a rule they load; one of them refused, and they go one by one */
	load_rest(l);
	load_attach(l);
	load_settle(l);
}

bool load_trim(struct load *l)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		int work = program_work(p);

		if (l->state->program[p].state != PROGRAM_ATTACHED || (!l->link[p] && work < 0) || program_needed(p, &l->needs))
			continue;
		if (work >= 0) {
			bpf_map_delete_elem(load_map(l, "works"), &work);
		} else {
			bpf_link__destroy(l->link[p]);
			close(l->fd[p]);
			l->link[p] = NULL;
		}
		set_state(l, p, PROGRAM_UNNEEDED, NULL);
		return true;
	}
	return false;
}

int load_iterator(struct load *l, enum program p)
{
	struct bpf_link *link;

	if (l->state->program[p].state != PROGRAM_ATTACHED || !l->prog[p])
		return -ENOENT;
	link = bpf_program__attach_iter(l->prog[p], NULL);
	if (!link) {
		int r = -errno;

		refuse_one(l, p, "attach", r);
		return r;
	}
	return bpf_iter_create(bpf_link__fd(link));
}

void load_poll_missed(struct load *l)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		struct bpf_prog_info info = {};
		__u32 n = sizeof(info);

		if (l->link[p] && bpf_obj_get_info_by_fd(l->fd[p], &info, &n) == 0)
			__atomic_store_n(&l->state->program[p].missed, info.recursion_misses, __ATOMIC_RELAXED);
	}
}

/* Root can take a link off its control group; of other links he cannot. False: it is where it was. */
static bool detached(const struct load *l, enum program p, struct bpf_link_info *info)
{
	__u32 n = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return l->link[p] && bpf_obj_get_info_by_fd(bpf_link__fd(l->link[p]), info, &n) == 0 && info->type == BPF_LINK_TYPE_CGROUP &&
	       !info->cgroup.cgroup_id;
}

/* The new link takes the descriptor of the old one: for whoever holds it nothing has changed. */
static int attach_again(struct load *l, enum program p, enum bpf_attach_type type)
{
	_cleanup_(closep) int fd = bpf_link_create(l->fd[p], l->cgroup, type, NULL);

	if (fd < 0)
		return -errno;
	return dup3(fd, bpf_link__fd(l->link[p]), O_CLOEXEC) < 0 ? -errno : 0;
}

void load_repair(struct load *l)
{
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		struct program_status *s = &l->state->program[p];
		char reason[PROGRAM_REASON_MAX];
		struct bpf_link_info info;
		int r;

		if (s->state != PROGRAM_ATTACHED || !detached(l, p, &info))
			continue;
		r = attach_again(l, p, info.cgroup.attach_type);
		if (r < 0) {
			snprintf(reason, sizeof(reason), "somebody detached it, and it cannot be attached again: %s", strerror(-r));
			set_state(l, p, PROGRAM_REFUSED, reason);
		}
		__atomic_fetch_add(&s->detached, 1, __ATOMIC_RELAXED);
	}
}
