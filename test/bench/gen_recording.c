/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gen recording
 *
 *   gen_recording [-n EVENTS] [-s SEED] FILE
 *
 * Writes a recording of a fixed mix: 60 % openat, 15 % connect, 10 % execve, 15 % others; distinct paths, names and
 * addresses; processes in containers; about 1 % of the events are such that a rule should match (a shadow file
 * read, a miner started). The same seed writes the same bytes.
 */
#include "../make_record.h"
#include "sensor/record.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTAINERS 50
#define PROCESSES 400		/* alive at a time */
#define BOOT_OFFSET 1700000000000000000ull
#define STEP 1000000ull		/* ns between events: 1,000 a second, with 100 execs and 40 forks a busy host */

static uint64_t state = 20240601;
static uint64_t now = 1000000000000ull;
static struct made made;
static struct recorder *out;
static int failed;

static uint32_t pick(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) % n);
}

static struct member {
	uint32_t pid, exec_id, ppid, container, uid;
	uint64_t start, pstart;
	char comm[16];
} alive[PROCESSES];

static uint32_t last_pid = 1000;

static const char *const programs[] = {
	"nginx", "php-fpm", "python3", "node", "java", "redis-server", "postgres", "curl", "ls", "sed", "grep", "awk",
	"envsubst", "sleep", "date", "stat", "tar", "gzip", "find", "xargs", "head", "tail", "sort", "uniq",
};

#define NPROGRAMS (sizeof(programs) / sizeof(programs[0]))

static void write_record(void)
{
	int r = recorder_add(out, made.bytes, made.hdr.size);

	if (r < 0 && !failed)
		failed = r;
}

static union event_record *begin(enum event_call call, const struct member *m)
{
	union event_record *r = make_call(&made, call);

	now += STEP;
	make_who(&made, m->pid, m->start, m->exec_id, now);
	made.hdr.cgroup = 1000 + m->container;
	made.hdr.uid = made.hdr.euid = made.hdr.gid = m->uid;
	made.hdr.cpu = (uint16_t)pick(4);
	return r;
}

static void format_text(struct wire_blob *slot, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void format_text(struct wire_blob *slot, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_text(&made, slot, text);
}

static struct wire_addr address(uint32_t ip, uint16_t port)
{
	struct wire_addr a = {.family = AF_INET, .port = port};

	for (int i = 0; i < 4; i++)
		a.ip[i] = (uint8_t)(ip >> (24 - 8 * i));
	return a;
}

static void openat_event(struct member *m)
{
	union event_record *r = begin(CALL_OPENAT, m);
	bool writes = pick(100) < 15;

	r->open.dirfd = AT_FDCWD;
	r->open.ino = pick(1u << 20);
	r->open.dev = 0x800001;
	r->open.nlink = 1;
	r->open.file_mode = 0100644;
	made.hdr.res = 3 + pick(60);
	if (pick(1000) < 10) {	/* one of those that match */
		r->open.flags = O_RDONLY | O_CLOEXEC;
		make_text(&made, &r->open.name, "/etc/shadow");
	} else if (writes) {
		r->open.flags = O_WRONLY | O_CREAT | O_CLOEXEC;
		r->open.mode = 0644;
		format_text(&r->open.name, "/var/lib/app-%u/data/%02x/file-%u.json", m->container, pick(256), pick(1000000));
	} else {
		r->open.flags = O_RDONLY | O_CLOEXEC;
		switch (pick(4)) {
		case 0:
			format_text(&r->open.name, "/usr/lib/x86_64-linux-gnu/lib%s-%u.so.%u", programs[pick(NPROGRAMS)], pick(3000),
				    pick(9));
			break;
		case 1:
			format_text(&r->open.name, "/srv/www/site-%u/assets/%u/index-%u.html", pick(50), pick(200), pick(100000));
			break;
		case 2:
			format_text(&r->open.name, "/proc/%u/stat", m->pid);
			break;
		default:
			format_text(&r->open.name, "/usr/share/locale/l%u/LC_MESSAGES/m%u.mo", pick(100), pick(5000));
		}
	}
	write_record();
}

static void connect_event(struct member *m)
{
	static const uint16_t ports[] = {443, 5432, 6379, 8080, 80, 3306};
	union event_record *r = begin(CALL_CONNECT, m);

	r->connect.fd = (int32_t)(3 + pick(60));
	r->connect.family = AF_INET;
	r->connect.type = SOCK_STREAM;
	r->connect.protocol = 6;
	r->connect.local = address(0x0a000000u | pick(65536), (uint16_t)(32768 + pick(28000)));
	r->connect.peer = address(pick(2) ? 0x0a010000u | pick(65536) : 0x34000000u | pick(1u << 24), ports[pick(6)]);
	made.hdr.res = pick(2) ? 0 : -115;
	write_record();
}

static void execve_event(struct member *m)
{
	bool miner = pick(1000) < 40;
	const char *program = miner ? "xmrig" : programs[pick(NPROGRAMS)];
	union event_record *r;
	char argv[256];
	int n;

	m->exec_id++;
	snprintf(m->comm, sizeof(m->comm), "%.15s", program);
	r = begin(CALL_EXECVE, m);
	r->exec.ppid = m->ppid;
	r->exec.pstart = m->pstart;
	r->exec.pgid = r->exec.sid = m->pid;
	r->exec.loginuid = 0xffffffff;
	r->exec.ino = pick(1u << 20);
	r->exec.mode = 0100755;
	r->exec.nlink = 1;
	r->exec.exe_flags = EXE_LOWER;
	r->exec.ctime = r->exec.mtime = BOOT_OFFSET - 1000000000000000ull;
	r->exec.stdin_type = r->exec.stdout_type = r->exec.stderr_type = FD_PIPE;
	r->exec.argc = 4;
	n = miner ? snprintf(argv, sizeof(argv), "%s%c-o%cpool-%u.example:3333%c--donate-level=1", program, 0, 0, pick(1000), 0)
		  : snprintf(argv, sizeof(argv), "%s%c--job%c%u%c/srv/www/site-%u/input-%u.dat", program, 0, 0, pick(1000000),
			     0, pick(50), pick(10000));
	make_text(&made, &r->exec.comm, m->comm);
	format_text(&r->exec.exe, "/usr/bin/%s", program);
	format_text(&r->exec.filename, "/usr/bin/%s", program);
	make_blob(&made, &r->exec.argv, argv, (size_t)n + 1);
	format_text(&r->exec.cwd, "/srv/www/site-%u", pick(50));
	write_record();
}

/* Who ended last: the next child takes the place, so that the number of processes stays. */
static struct member *gone;

static void exit_event(struct member *m)
{
	begin(CALL_PROCEXIT, m);
	write_record();
	gone = m;
}

static void fork_event(struct member *m)
{
	union event_record *r = begin(CALL_CLONE, m);

	*gone = *m;
	gone->pid = ++last_pid;
	gone->start = now - 1000;
	gone->ppid = m->pid;
	gone->pstart = m->start;
	r->fork.child = gone->pid;
	r->fork.child_vpid = gone->pid % 100;
	r->fork.child_start = gone->start;
	r->fork.child_cgroup = made.hdr.cgroup;
	r->fork.ppid = m->pid;
	r->fork.pstart = m->start;
	r->fork.child_exec_id = m->exec_id;
	made.hdr.res = gone->pid;
	gone = NULL;
	make_text(&made, &r->fork.comm, m->comm);
	write_record();
}

/* A query or its answer, for a name of its own. */
static void dns_event(struct member *m)
{
	unsigned char p[256] = {0x12, 0x34, 1, 0, 0, 1};
	union event_record *r = begin(CALL_DNS, m);
	bool answer = pick(2);
	char label[32];
	size_t n = 12;

	snprintf(label, sizeof(label), "host-%u", pick(20000));
	p[n++] = (unsigned char)strlen(label);
	memcpy(p + n, label, strlen(label));
	n += strlen(label);
	memcpy(p + n, "\7example\3com\0\0\1\0\1", 17);
	n += 17;
	if (answer) {
		p[2] = 0x81;
		p[3] = 0x80;
		p[7] = 1;
		memcpy(p + n, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x0a\1", 14);
		p[n + 14] = (unsigned char)pick(256);
		p[n + 15] = (unsigned char)pick(256);
		n += 16;
	}
	r->dns.protocol = 17;
	r->dns.egress = !answer;
	r->dns.local = address(0x0a000001, 40000);
	r->dns.peer = address(0x0a000002, 53);
	make_blob(&made, &r->dns.payload, p, n);
	write_record();
}

static void other_event(struct member *m)
{
	union event_record *r;

	switch (pick(15)) {
	case 0: case 1: case 2: case 3: case 4: case 5: case 6: case 7:
		if (gone)
			fork_event(m);
		else
			exit_event(m);
		return;
	case 8: case 9:
		r = begin(CALL_RENAMEAT2, m);
		format_text(&r->rename.oldname, "/var/lib/app-%u/data/tmp-%u", m->container, pick(1000000));
		format_text(&r->rename.newname, "/var/lib/app-%u/data/file-%u.json", m->container, pick(1000000));
		break;
	case 10: case 11:
		r = begin(CALL_UNLINKAT, m);
		format_text(&r->unlink.name, "/var/lib/app-%u/data/tmp-%u", m->container, pick(1000000));
		break;
	case 12:
		r = begin(CALL_DUP2, m);
		r->dup.oldfd = (int32_t)(3 + pick(20));
		r->dup.newfd = made.hdr.res = 3 + pick(20);
		r->dup.fd_type = FD_PIPE;
		break;
	case 13:
		r = begin(CALL_ACCEPT4, m);
		r->accept.family = AF_INET;
		r->accept.type = SOCK_STREAM;
		r->accept.protocol = 6;
		r->accept.local = address(0x0a000001, 80);
		r->accept.peer = address(0x0a020000u | pick(65536), (uint16_t)(32768 + pick(28000)));
		made.hdr.res = 3 + pick(60);
		break;
	default:
		dns_event(m);
		return;
	}
	write_record();
}

/* The containers' groups, and the processes that were there before the recording. */
static void first_records(void)
{
	for (uint32_t c = 0; c < CONTAINERS; c++) {
		union event_record *r = make(&made, EVENT_CGROUP, CALL_NONE);

		made.hdr.cgroup = 1000 + c;
		made.hdr.time = now;
		r->cgroup.version = 2;
		format_text(&r->cgroup.path, "/system.slice/docker-%064x.scope", 0xc0ffee00u + c);
		write_record();
	}
	for (uint32_t i = 0; i < PROCESSES; i++) {
		struct member *m = &alive[i];

		*m = (struct member){
			.pid = ++last_pid, .ppid = 1, .exec_id = 2, .container = i % CONTAINERS, .uid = i % 3 ? 0 : 33,
			.start = now - 1000000000ull + i, .pstart = 1,
		};
		execve_event(m);
	}
}

static void generate(unsigned long events)
{
	first_records();
	for (unsigned long i = 0; i < events && !failed; i++) {
		struct member *m = &alive[pick(PROCESSES)];
		uint32_t kind = pick(100);

		if (m == gone)
			m = &alive[(m - alive + 1) % PROCESSES];
		if (kind < 60)
			openat_event(m);
		else if (kind < 75)
			connect_event(m);
		else if (kind < 85)
			execve_event(m);
		else
			other_event(m);
	}
}

int main(int argc, char **argv)
{
	unsigned long events = 1000000;
	int c, r;

	while ((c = getopt(argc, argv, "n:s:")) != -1) {
		if (c == 'n')
			events = strtoul(optarg, NULL, 0);
		else if (c == 's')
			state = strtoull(optarg, NULL, 0) | 1;
		else
			return 2;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: gen_recording [-n EVENTS] [-s SEED] FILE\n");
		return 2;
	}
	r = recorder_open(&out, argv[optind], BOOT_OFFSET);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[optind], strerror(-r));
		return 2;
	}
	generate(events);
	r = recorder_close(out);
	if (failed || r < 0) {
		fprintf(stderr, "%s: %s\n", argv[optind], strerror(failed ? -failed : -r));
		return 2;
	}
	return 0;
}
