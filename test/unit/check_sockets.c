/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of sockets leave the kernel for a condition: by name, and never too few. */
#include "event/needs.h"
#include "../make_record.h"
#include "rule_helper.h"
#include <sys/socket.h>

enum { ALL = SOCKET_KINDS * SOCKET_FAMILIES };

static const struct {
	const char *condition;
	int sent;	/* of all kinds and families; -1: no sockets at all */
} cases[] = {
	{"evt.type = socket", ALL},
	{"evt.type = socket and evt.arg.domain = AF_PACKET", SOCKET_KINDS + (SOCKET_FAMILIES - 46) * SOCKET_KINDS},
	{"evt.type = socket and evt.rawarg.domain = 17", SOCKET_KINDS},
	{"evt.type = socket and not evt.rawarg.domain = 17", ALL - SOCKET_KINDS},
	{"evt.type = socket and evt.rawarg.domain != 17", ALL - SOCKET_KINDS},
	{"evt.type = socket and evt.rawarg.domain in (2, 10)", 2 * SOCKET_KINDS},
	{"evt.type = socket and evt.rawarg.domain < 3", 3 * SOCKET_KINDS},
	{"evt.type = socket and evt.rawarg.domain = 2 and evt.rawarg.type = 3", 2},	/* kind 0 may be anything */
	{"evt.type = socket and evt.rawarg.domain = 2 and evt.arg.type = 3", 2},
	{"evt.type = socket and evt.rawarg.domain = 2 and proc.name = x", SOCKET_KINDS},
	{"evt.type = socket and evt.rawarg.domain = 2 or evt.type = bind", SOCKET_KINDS},
	{"evt.type in (socket, bind) and fd.type = packet", ALL},
	{"evt.arg.domain contains INET and evt.rawarg.domain > 0 and evt.rawarg.domain < 46", 2 * SOCKET_KINDS},
	{"evt.arg.domain startswith AF_INE and evt.rawarg.domain < 46", 2 * SOCKET_KINDS},
	{"evt.arg.domain endswith KET and evt.rawarg.domain < 46", SOCKET_KINDS},
	{"evt.arg.domain glob AF_P* and evt.rawarg.domain < 46", 46 * SOCKET_KINDS},	/* nothing is said of patterns */
	{"evt.type = bind", -1},
};

static void compiled(struct compiled *c, struct needs *n, const char *condition)
{
	ck_assert_msg(!compile(c, str(condition), 0, 100), "%s: %s", condition, c->said.p ? c->said.p : "");
	memset(n, 0, sizeof(*n));
	matcher_needs(c->matcher, n);
}

static bool refused(const struct needs *n, unsigned int family, unsigned int type)
{
	return n->sockets_refused[type < SOCKET_KINDS ? type : 0] >> family & 1;
}

START_TEST(told)
{
	struct compiled c;
	struct needs n;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int sent = 0;

		compiled(&c, &n, cases[i].condition);
		for (unsigned int k = 0; k < ALL; k++)
			sent += !refused(&n, k / SOCKET_KINDS, k % SOCKET_KINDS);
		if (!n.call[CALL_SOCKET])
			sent = -1;
		ck_assert_msg(sent == cases[i].sent, "%s: %d kinds are sent, not %d", cases[i].condition, sent, cases[i].sent);
		compiled_release(&c);
	}
}
END_TEST

/* Each socket that matches is sent, whatever else it is. */
START_TEST(never_too_few)
{
	static struct made m;
	struct compiled c;
	struct needs n;
	uint32_t id;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		compiled(&c, &n, cases[i].condition);
		for (unsigned int k = 0; k < SOCKET_FAMILIES * 16; k++) {
			union event_record *r = make_call(&m, CALL_SOCKET);
			struct event ev = {.num = 1, .call = CALL_SOCKET, .rec = r};

			r->socket.domain = k / 16;
			r->socket.type = (k % 16) | SOCK_CLOEXEC;
			r->hdr.res = k % 3 ? 3 : -1;
			if (matcher_match(c.matcher, &ev, &id) == 1)
				ck_assert_msg(!refused(&n, k / 16, k % 16), "%s: family %u, type %u", cases[i].condition, k / 16, k % 16);
		}
		compiled_release(&c);
	}
}
END_TEST

/* At a reload both sets are in force for a moment: only what neither wants is refused. */
START_TEST(joined)
{
	struct needs a = {.sockets_refused = {6}}, b = {.sockets_refused = {3}}, none = {};

	a.call[CALL_SOCKET] = b.call[CALL_SOCKET] = true;
	needs_join(&a, &b);
	ck_assert_uint_eq(a.sockets_refused[0], 2);
	needs_join(&a, &none);
	ck_assert_uint_eq(a.sockets_refused[0], 2);
	needs_join(&none, &b);
	ck_assert_uint_eq(none.sockets_refused[0], 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockets");
	TCase *t = tcase_create("sockets");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, told);
	tcase_add_test(t, never_too_few);
	tcase_add_test(t, joined);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
