/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program32 DIR: a 32-bit program, without any library. It begins itself anew by int $0x80, with "again" behind DIR, and then does
 * calls by the entry that C libraries use (__kernel_vsyscall), to files in DIR and to a socket. What each returned goes
 * to standard output, int by int in the order of ia32.c, which started it.
 */
enum { EXIT = 1, WRITE = 4, OPEN = 5, CLOSE = 6, UNLINK = 10, EXECVE = 11, CHMOD = 15, RENAME = 38, OPENAT = 295, SOCKET = 359,
       CONNECT = 362 };
enum { AT_SYSINFO = 32, HERE = -100, WRONLY_CREAT = 01 | 0100, RDWR = 2, INET = 2, DGRAM = 2, PATH = 4096 };

static unsigned int fast_entry;		/* __kernel_vsyscall, or 0 */

static int enter(int nr, unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	if (fast_entry)
		__asm__ volatile("call *%1" : "+a"(nr) : "m"(fast_entry), "b"(a), "c"(b), "d"(c), "S"(d) : "memory", "cc");
	else
		__asm__ volatile("int $0x80" : "+a"(nr) : "b"(a), "c"(b), "d"(c), "S"(d) : "memory", "cc");
	return nr;
}

static unsigned int at(const void *p)
{
	return (unsigned int)p;
}

static char *join(char *dst, const char *dir, char name)
{
	int n = 0;

	while (dir[n] && n < PATH - 3) {
		dst[n] = dir[n];
		n++;
	}
	dst[n] = '/';
	dst[n + 1] = name;
	dst[n + 2] = 0;
	return dst;
}

static void work(const char *dir)
{
	static char p[PATH], q[PATH];
	/* 127.0.0.1, port 4445 */
	static const unsigned char to[16] = { INET, 0, 0x11, 0x5d, 127, 0, 0, 1 };
	int r[9];

	join(p, dir, 'p');
	join(q, dir, 'q');
	r[0] = enter(OPENAT, (unsigned int)HERE, at(p), WRONLY_CREAT, 0600);
	enter(CLOSE, (unsigned int)r[0], 0, 0, 0);
	r[1] = enter(OPEN, at(p), RDWR, 0, 0);
	enter(CLOSE, (unsigned int)r[1], 0, 0, 0);
	r[2] = enter(OPENAT, (unsigned int)HERE, at(q), RDWR, 0);
	r[3] = enter(CHMOD, at(p), 0644, 0, 0);
	r[4] = enter(RENAME, at(p), at(q), 0, 0);
	r[5] = enter(UNLINK, at(q), 0, 0, 0);
	r[6] = enter(UNLINK, at(q), 0, 0, 0);
	r[7] = enter(SOCKET, INET, DGRAM, 0, 0);
	r[8] = enter(CONNECT, (unsigned int)r[7], at(to), sizeof(to), 0);
	enter(WRITE, 1, at(r), sizeof(r), 0);
}

__attribute__((used)) _Noreturn void begin(char **stack)
{
	unsigned int argc = (unsigned int)stack[0];
	char **argv = stack + 1, **env = argv + argc + 1, **aux = env;
	char *again[] = { argv[0], argv[1], "again", 0 };

	if (argc == 2)
		enter(EXECVE, at(argv[0]), at(again), at(env), 0);
	if (argc != 3)
		enter(EXIT, 2, 0, 0, 0);
	while (*aux)
		aux++;
	for (aux++; *aux; aux += 2)
		if ((unsigned int)aux[0] == AT_SYSINFO)
			fast_entry = (unsigned int)aux[1];
	work(argv[1]);
	for (;;)
		enter(EXIT, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\txorl %ebp, %ebp\n\tmovl %esp, %eax\n\tandl $-16, %esp\n\tsubl $12, %esp\n\tpushl %eax\n\tcall begin\n");
