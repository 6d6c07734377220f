/* SPDX-License-Identifier: Apache-2.0 */
#include "generate.h"
#include <arpa/inet.h>
#include <stdlib.h>

static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
}

/* splitmix64 */
uint64_t random_bits(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t below(uint32_t n)
{
	return (uint32_t)((random_bits() >> 32) * n >> 32);
}

bool chance(unsigned int percent)
{
	return below(100) < percent;
}

/* ---- texts ---- */

struct str copy(const char *p, size_t n)
{
	char *m = ref_memory(n + 1);

	if (n)
		memcpy(m, p, n);
	m[n] = '\0';
	return (struct str){m, n};
}

#define PICK(list) (list)[below(sizeof(list) / sizeof(*(list)))]

static struct str one_name(void)
{
	static const char *const names[] = {"bash", "sh", "Bash", "nginx", "NGINX", "python3", "ba", "bas", "curl", "5d", "1", "x.y",
		"a*b", "caf\xc3\xa9", "O_RDONLY|O_CLOEXEC", "", "runc:[2:INIT]", "\xff\xfe", "systemd", "ssh", "sshd", "example.org"};

	return str(PICK(names));
}

static struct str one_path(void)
{
	static const char *const parts[] = {"etc", "passwd", "bin", "usr", "sh", "tmp", "a", "b", "..", "x y", "*", "proc", "self",
		"[1]", "etc", "usr", "Bin", "lib64"};
	char text[128];
	size_t n = 0;

	for (unsigned int i = 0, k = below(5); i <= k; i++) {
		const char *part = PICK(parts);

		if (i || chance(65))
			text[n++] = '/';
		if (chance(8))
			text[n++] = '/';
		memcpy(text + n, part, strlen(part));
		n += strlen(part);
	}
	if (chance(15))
		text[n++] = '/';
	return copy(text, n);
}

static struct str one_option(void)
{
	static const char *const words[] = {"-a", "-b", "-bval", "-ab", "-c", "-cx", "-x", "--", "-", "val", "-abc", "10.0.0.1",
		"aGVsbG8=", "Mixed", "/usr/bin/x", "", "-za"};

	return str(PICK(words));
}

static struct str one_command(void)
{
	char text[1024];
	size_t n = 0;

	for (unsigned int i = 0, k = below(4); i <= k; i++) {
		struct str s = i ? chance(50) ? one_option() : one_path() : one_name();

		if (i)
			text[n++] = ' ';
		memcpy(text + n, s.p, s.n);
		n += s.n;
	}
	return copy(text, n);
}

struct str wild_text(size_t max)
{
	static const char alphabet[] = "aaabbABxyz019/.-_ *?[]!^\\\"'(),=\n\t|{}+$%:\xc3\xa9\xff";
	size_t n = chance(4) ? 56 + below(100) : below((uint32_t)max + 1);
	char *p = ref_memory(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = alphabet[below(sizeof(alphabet) - 1)];
	return (struct str){p, n};
}

struct str as_b64(struct str s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *p = ref_memory(s.n * 2 + 8);
	size_t n = 0, bits = s.n * 8;

	for (size_t i = 0; i < bits; i += 6) {
		unsigned int d = 0;

		for (size_t b = i; b < i + 6; b++)
			d = d << 1 | (b < bits ? (unsigned char)s.p[b / 8] >> (7 - b % 8) & 1u : 0);
		p[n++] = digits[d];
	}
	while (n % 4 && chance(70))
		p[n++] = '=';
	return (struct str){p, n};
}

static struct str with_nul(struct str s)
{
	s = copy(s.p, s.n);
	if (s.n && chance(12))
		((char *)s.p)[below((uint32_t)s.n)] = '\0';
	return s;
}

struct str text_of_theme(enum theme theme)
{
	if (theme == THEME_WILD ? chance(70) : chance(12))
		return wild_text(12);
	switch (theme) {
	case THEME_PATH:
		return one_path();
	case THEME_COMMAND:
		return one_command();
	case THEME_B64:
		return chance(80) ? as_b64(with_nul(chance(50) ? one_name() : one_path())) : one_path();
	case THEME_OPTIONS:
		return one_option();
	default:
		return one_name();
	}
}

/* Nearly the same. */
struct str mutated(struct str s)
{
	size_t at = s.n ? below((uint32_t)s.n) : 0;
	char *p = ref_memory(s.n + 2);

	if (s.n)
		memcpy(p, s.p, s.n);
	switch (below(5)) {
	case 0:
		p[s.n] = "ab/ 0"[below(5)];
		return (struct str){p, s.n + 1};
	case 1:
		return (struct str){p, at};
	case 2:
		return (struct str){p + at, s.n - at};
	case 3:
		for (size_t i = 0; i < s.n; i++)
			p[i] = (char)((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ? p[i] ^ 0x20 : p[i]);
		return (struct str){p, s.n};
	default:
		if (s.n)
			p[at] = "abXY/.5"[below(7)];
		return (struct str){p, s.n};
	}
}

/* ---- values ---- */

static __int128 number(enum rtype type)
{
	static const uint16_t ports[] = {0, 22, 53, 80, 443, 8080, 40000, 65535};
	__int128 n;

	if (type == R_BOOL)
		return below(2);
	if (type == R_PORT)
		return chance(80) ? PICK(ports) : below(65536);
	if (chance(75))
		n = (int)below(12) - (type == R_INT ? 4 : 0);
	else if (type == R_INT)
		n = chance(50) ? (int64_t)random_bits() >> below(64) : chance(50) ? INT64_MAX - below(2) : INT64_MIN + below(2);
	else
		n = chance(50) ? random_bits() >> below(64) : chance(50) ? UINT64_MAX - below(2) : (uint64_t)INT64_MAX + below(2);
	return n;
}

static void make_address(struct rvalue *v)
{
	static const char *const four[] = {"10.0.0.1", "10.0.0.2", "10.1.2.3", "127.0.0.1", "192.168.1.1", "192.168.1.255", "8.8.8.8",
		"0.0.0.0", "255.255.255.255", "172.16.5.4"};
	static const char *const six[] = {"::1", "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "fe80::1", "::", "a00:1::",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

	v->six = chance(35);
	v->prefix = v->six ? 128 : 32;
	if (inet_pton(v->six ? AF_INET6 : AF_INET, v->six ? PICK(six) : PICK(four), v->address) != 1)
		abort();
	if (chance(10))
		v->address[v->six ? 15 : 3] ^= (uint8_t)(1u << below(8));
}

struct rvalue random_value(int field)
{
	static const char *const names[] = {"open", "openat", "openat2", "execve", "connect", "accept", "unlink", "rename", "clone", "dns",
		"socket", "procexit", "nosuch", "xyz"};
	struct rvalue v = {.type = rfields[field].type};

	switch (v.type) {
	case R_STR:
		v.text = field == F_EVT_TYPE || field == F_SYSCALL_TYPE ? str(PICK(names)) : text_of_theme(rfields[field].theme);
		break;
	case R_BYTES:
		v.text = chance(30) ? as_b64(text_of_theme(THEME_NAME)) : text_of_theme(THEME_WILD);
		v.text = with_nul(v.text);
		break;
	case R_IP:
	case R_NET:
		make_address(&v);
		break;
	default:
		v.number = number(v.type);
		if (field == F_EVT_NUM && !v.number)
			v.number = 1;
	}
	return v;
}
