/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the events in which a process changes what it is: namespaces, credentials, root, and what else it asks for. */
#include "event/attr.h"
#include "rule/field.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	_Alignas(8) union {
		union event_record rec;
		char bytes[8192];
	};
	size_t used;
	struct event ev;
	struct field_scratch scratch;
} f;

static void begin(enum event_call call)
{
	memset(&f, 0, sizeof(f));
	f.rec.hdr = (struct wire_hdr){.type = (uint16_t)call_table[call].type, .call = (uint16_t)call, .tgid = 100, .tid = 100};
	f.used = event_table[call_table[call].type].size;
	f.ev = (struct event){.num = 1, .call = call, .rec = &f.rec};
}

static void blob(struct wire_blob *b, const void *p, size_t n)
{
	*b = (struct wire_blob){(uint16_t)f.used, (uint16_t)n};
	memcpy(f.bytes + f.used, p, n);
	f.used += n;
}

static const char *get(const char *name)
{
	struct value v[FIELD_VALUES_MAX];
	static char out[512];
	struct field_ref r;
	bool present;

	ck_assert_int_eq(field_resolve(&r, str(name), false, STR_NONE, str(name)), FIELD_OK);
	f.scratch.used = 0;
	field_values(&r, &f.ev, &f.scratch, v, &present);
	if (!present)
		return "<none>";
	if (v[0].type == TYPE_STR)
		snprintf(out, sizeof(out), STR_FMT, STR_ARG(v[0].s));
	else
		snprintf(out, sizeof(out), "%llu", (unsigned long long)v[0].u);
	return out;
}

#define IS(name, text) ck_assert_str_eq(get(name), text)

START_TEST(namespaces)
{
	begin(CALL_SETNS);
	f.rec.namespace.fd = 7;
	f.rec.namespace.flags = 0x40000000;
	f.rec.namespace.changed = 0x40000000 | 0x20000;
	f.rec.namespace.old_netns = 4026531833u;
	IS("evt.category", "process");
	IS("evt.arg.fd", "7");
	IS("evt.arg.nstype", "CLONE_NEWNET");
	IS("evt.rawarg.nstype", "16");
	IS("evt.arg.changed", "CLONE_NEWNET|CLONE_NEWNS");
	IS("evt.arg.old_netns", "4026531833");
	IS("evt.rawarg.old_netns", "4026531833");
	IS("evt.arg.old_mntns", "<none>");
	IS("evt.arg.flags", "<none>");
	begin(CALL_UNSHARE);
	IS("evt.arg.flags", "0");
	IS("evt.arg.changed", "0");
	f.rec.namespace.flags = 0x10000000 | 0x20000000 | 0x80;
	f.rec.namespace.new_pidns = 12;
	IS("evt.arg.flags", "CLONE_NEWPID|CLONE_NEWUSER|CLONE_NEWTIME");
	IS("evt.arg.pidns", "12");
	begin(CALL_CLONE3);
	f.rec.fork.flags = 0x1000a0000ull | 0x100;
	IS("evt.arg.flags", "CLONE_NEWNS|CLONE_VM|CLONE_SETTLS");
}
END_TEST

START_TEST(ids)
{
	begin(CALL_SETUID);
	f.rec.hdr.res = -1;
	f.rec.creds.old_euid = 33;
	IS("evt.category", "user");
	IS("evt.arg.res", "EPERM");
	IS("evt.arg.uid", "root");
	IS("evt.arg.old_euid", "<none>");
	IS("evt.arg.old_cap_permitted", "<none>");
	f.rec.creds.known = 1;
	f.rec.creds.old_cap_permitted = 1 << 13;
	IS("evt.arg.old_euid", "33");
	IS("evt.rawarg.old_euid", "33");
	IS("evt.arg.old_cap_permitted", "CAP_NET_RAW");
	begin(CALL_SETRESGID);
	f.rec.creds.id0 = 5;
	f.rec.creds.id1 = 6;
	f.rec.creds.id2 = 0xffffffff;
	IS("evt.arg.rgid", "5");
	IS("evt.arg.egid", "6");
	IS("evt.arg.sgid", "-1");
	begin(CALL_SETGROUPS);
	IS("evt.arg.groups", "");
	blob(&f.rec.creds.groups, (uint32_t[]){0, 4, 27}, 12);
	IS("evt.arg.groups", "0,4,27");
	begin(CALL_CAPSET);
	f.rec.hdr.cap_effective = 1;
	IS("evt.category", "process");
	IS("evt.arg.cap_effective", "CAP_CHOWN");
}
END_TEST

START_TEST(credentials)
{
	begin(CALL_CRED_CHANGE);
	f.rec.cred_change.old_uid = 1000;
	f.rec.cred_change.old_userns = 9;
	f.rec.cred_change.cap_permitted = 1 << 21;
	IS("evt.type", "cred_change");
	IS("syscall.type", "<none>");
	IS("evt.res", "<none>");
	IS("evt.arg.reason", "exec");
	IS("evt.arg.ruid", "0");
	IS("evt.arg.old_ruid", "1000");
	IS("evt.arg.old_userns", "9");
	IS("evt.arg.cap_permitted", "CAP_SYS_ADMIN");
	IS("evt.arg.old_cap_permitted", "");
	f.rec.cred_change.reason = CRED_FORGED;
	IS("evt.arg.reason", "forged");
	f.rec.cred_change.reason = 77;
	IS("evt.arg.reason", "77");
}
END_TEST

START_TEST(itself)
{
	begin(CALL_PRCTL);
	f.rec.prctl.option = 15;
	f.rec.prctl.arg2 = 99;
	blob(&f.rec.prctl.text, "kworker", 7);
	IS("evt.arg.option", "PR_SET_NAME");
	IS("evt.rawarg.option", "15");
	IS("evt.arg.arg2_str", "kworker");
	IS("evt.arg.arg2_int", "99");
	f.rec.prctl.option = 4711;
	IS("evt.arg.option", "4711");
	begin(CALL_KEYCTL);
	f.rec.keyctl.operation = 11;
	f.rec.keyctl.arg5 = 5;
	IS("evt.arg.operation", "KEYCTL_READ");
	IS("evt.arg.arg5", "5");
	begin(CALL_PERSONALITY);
	f.rec.personality.persona = 0x440000;
	IS("evt.arg.persona", "ADDR_NO_RANDOMIZE|READ_IMPLIES_EXEC");
	f.rec.personality.persona = 0;
	IS("evt.arg.persona", "PER_LINUX");
	begin(CALL_CHROOT);
	blob(&f.rec.chroot.name, "/srv/jail", 9);
	blob(&f.rec.chroot.raw, "jail", 4);
	IS("evt.arg.path", "/srv/jail");
	IS("evt.path", "/srv/jail");
	IS("evt.name_source", "kernel");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("field_self");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, namespaces);
	tcase_add_test(t, ids);
	tcase_add_test(t, credentials);
	tcase_add_test(t, itself);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
