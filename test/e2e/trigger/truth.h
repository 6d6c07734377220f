/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Truth
 *
 * One JSON line of what a trigger knows of the thing it did: `call`, `pid` and
 * `res`, then fields under their names in probes/events.def. What it cannot
 * know it leaves out. An address FIELD is FIELD_ip and FIELD_port.
 */
#ifndef TRIGGER_TRUTH_H
#define TRIGGER_TRUTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static inline void truth_begin(const char *call, int pid, long long res)
{
	printf("{\"call\":\"%s\",\"pid\":%d,\"res\":%lld", call, pid, res);
}

static inline void truth_num(const char *name, long long v)
{
	printf(",\"%s\":%lld", name, v);
}

/* n bytes as a JSON string; each byte beyond ASCII or not printable as \u00XX. */
static inline void truth_bytes(const char *name, const char *s, size_t n)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 32 || c > 126)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static inline void truth_str(const char *name, const char *s)
{
	truth_bytes(name, s, strlen(s));
}

/* Inode and device of a file; the device as the kernel encodes it for stat(2). */
static inline void truth_inode(const struct stat *st)
{
	truth_num("ino", (long long)st->st_ino);
	truth_num("dev", (long long)((minor(st->st_dev) & 0xff) | major(st->st_dev) << 8 |
				     (minor(st->st_dev) & ~0xffu) << 12));
}

static inline void truth_end(void)
{
	printf("}\n");
	fflush(stdout);
}

/* Setting the scene must not fail: a trigger that did not do its thing says so. */
static inline void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

#endif
