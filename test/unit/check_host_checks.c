/* SPDX-License-Identifier: Apache-2.0 */
/* Every check of the host against a double of it: well, amiss, and well again. */
#include "health/check.h"
#include "util/clock.h"
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static struct ledger *ledger;
static struct check_host host;
static int bpf_says;
static const char *fargate;

static int try_bpf(void)
{
	return bpf_says;
}

static const char *env(const char *name)
{
	return !strcmp(name, "AWS_EXECUTION_ENV") ? fargate : NULL;
}

/* A file below root, its folders made. */
static void put(const char *path, const char *words)
{
	char whole[256];
	FILE *f;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *p = strchr(whole + strlen(root) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		mkdir(whole, 0755);
		*p = '/';
	}
	f = fopen(whole, "w");
	ck_assert_msg(f && fputs(words, f) >= 0, "%s", whole);
	fclose(f);
}

static void drop(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	ck_assert_msg(unlink(whole) == 0, "%s", whole);
}

static void namespace(const char *name)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s/proc/self/ns/pid", root);
	unlink(whole);
	put("/proc/self/ns/x", "");
	ck_assert_int_eq(symlink(name, whole), 0);
}

#define ALL_CAPS "Name:\tnoroshi\nCapEff:\t000001ffffffffff\n"

/* A host on which all is well. */
static void setup(void)
{
	strcpy(root, "/tmp/noroshi-host.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	bpf_says = 0;
	fargate = NULL;
	host = (struct check_host){root, "6.1.0-18-amd64", "x86_64", try_bpf, env};
	put("/sys/kernel/btf/vmlinux", "btf");
	put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put("/sys/kernel/security/lsm", "capability,selinux\n");
	put("/sys/kernel/tracing/events/syscalls", "");
	put("/proc/self/status", ALL_CAPS);
	put("/proc/self/limits", "Max locked memory         65536                65536                bytes     \n");
	put("/proc/sys/kernel/perf_event_paranoid", "2\n");
	put("/proc/77/comm", "nginx\n");
	namespace("pid:[4026531836]");
	ledger = ledger_new(NULL);
	ledger_quiet(ledger);
}

static void teardown(void)
{
	char command[128];

	ledger = ledger_free(ledger);
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void note(void *ctx, const struct check *c)
{
	ck_assert_msg(*c->said, "%s says nothing", c->name);
	*(unsigned int *)ctx += c->raised;
}

static unsigned int look(void)
{
	unsigned int raised = 0;

	checks_run(ledger, &host, true, note, &raised);
	ck_assert_uint_eq(raised, ledger_count(ledger));
	return raised;
}

static void be_well(void)
{
	ck_assert_uint_eq(look(), 0);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
}

/* The only open issue; the JSON lives until the next call. */
static json_t *only(const char *code)
{
	static json_t *all;
	json_t *one;

	json_decref(all);
	all = ledger_json(ledger);
	one = json_array_get(json_object_get(all, "issues"), 0);
	ck_assert_msg(one != NULL, "%s is not open", code);
	ck_assert_str_eq(json_string_value(json_object_get(one, "code")), code);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "issues")), 1);
	return one;
}

static const char *said(const char *code)
{
	return json_string_value(json_object_get(only(code), "text"));
}

static json_t *evidence(const char *code, const char *key)
{
	return json_object_get(json_object_get(only(code), "evidence"), key);
}

START_TEST(kernels)
{
	be_well();
	host.release = "5.4.0-1-aws";
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(said("KERNEL_TOO_OLD"), "Linux 5.4.0-1-aws is too old: BPF ring buffers came with 5.8");
	ck_assert_str_eq(json_string_value(evidence("KERNEL_TOO_OLD", "release")), "5.4.0-1-aws");
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	host.release = "5.8.0";
	be_well();
	host.release = "9.0.1";
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(json_string_value(evidence("KERNEL_UNTESTED", "newestTried")), "7.3");
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");	/* noted only */
	host.release = "7.3.2";
	be_well();
	host.release = "custom";
	be_well();
}
END_TEST

START_TEST(machines)
{
	host.machine = "riscv64";
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(json_string_value(evidence("UNSUPPORTED_ARCH", "machine")), "riscv64");
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	host.machine = "aarch64";
	be_well();
}
END_TEST

START_TEST(types_of_the_kernel)
{
	drop("/sys/kernel/btf/vmlinux");
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(said("BTF_MISSING"), "/sys/kernel/btf/vmlinux: No such file or directory");
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	put("/sys/kernel/btf/vmlinux", "btf");
	be_well();
}
END_TEST

START_TEST(a_locked_kernel)
{
	put("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(json_string_value(evidence("LOCKDOWN_CONFIDENTIALITY", "lockdown")), "none integrity [confidentiality]");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	be_well();
	drop("/sys/kernel/security/lockdown");
	be_well();
}
END_TEST

START_TEST(capabilities)
{
	put("/proc/self/status", "CapEff:\t000000c000080004\n");	/* BPF, PERFMON, SYS_PTRACE, DAC_READ_SEARCH: no NET_ADMIN */
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(said("CAP_MISSING"), "CAP_NET_ADMIN is missing: of DNS only queries are seen, of TLS and HTTP nothing");
	ck_assert_uint_eq(json_object_size(evidence("CAP_MISSING", "missing")), 1);
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	ck_assert(check_has_right(&host));
	put("/proc/self/status", "CapEff:\t000000c000081004\n");
	be_well();
	put("/proc/sys/kernel/perf_event_paranoid", "3\n");
	ck_assert_uint_eq(look(), 1);
	ck_assert_ptr_nonnull(json_object_get(evidence("CAP_MISSING", "missing"), "CAP_SYS_ADMIN"));
	put("/proc/self/status", "CapEff:\t0000000000000000\n");
	ck_assert(!check_has_right(&host));
	look();
	ck_assert_uint_eq(json_object_size(evidence("CAP_MISSING", "missing")), 6);
	put("/proc/self/status", "CapEff:\t0000000000280004\n");	/* SYS_ADMIN instead of the new ones */
	be_well();
}
END_TEST

START_TEST(locked_memory)
{
	put("/proc/self/status", "CapEff:\t0000000000280004\n");	/* without CAP_SYS_RESOURCE */
	be_well();
	host.release = "5.10.0-28-amd64";
	ck_assert_uint_eq(look(), 1);
	ck_assert_int_eq(json_integer_value(evidence("MEMLOCK_LOW", "bytes")), 65536);
	put("/proc/self/limits", "Max locked memory         unlimited            unlimited            bytes     \n");
	be_well();
	put("/proc/self/limits", "Max locked memory         65536                33554432             bytes     \n");
	be_well();
	put("/proc/self/limits", "Max locked memory         65536                65536                bytes     \n");
	put("/proc/self/status", ALL_CAPS);	/* raises it by itself */
	be_well();
}
END_TEST

START_TEST(the_system_call)
{
	bpf_says = -EPERM;
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(said("BPF_SYSCALL_DENIED"), "bpf() is refused (Operation not permitted) although the capabilities are there: a seccomp filter forbids it");
	ck_assert_int_eq(json_integer_value(evidence("BPF_SYSCALL_DENIED", "errno")), EPERM);
	bpf_says = -EACCES;
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(json_string_value(evidence("LSM_DENIED", "modules")), "capability,selinux\n");
	bpf_says = -EPERM;
	fargate = "AWS_ECS_FARGATE";
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(said("FARGATE_NO_BPF"), "bpf() is refused: Operation not permitted");
	ck_assert_str_eq(ledger_status(ledger, true), "unhealthy");
	bpf_says = 0;
	be_well();
}
END_TEST

START_TEST(tracepoints)
{
	drop("/sys/kernel/tracing/events/syscalls");
	be_well();	/* who may mount does it */
	put("/proc/self/status", "CapEff:\t000000c000081004\n");
	ck_assert_uint_eq(look(), 1);
	ck_assert_uint_eq(json_array_size(evidence("TRACEFS_ABSENT", "looked")), 2);
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	put("/sys/kernel/debug/tracing/events/syscalls", "");
	be_well();
}
END_TEST

START_TEST(namespaces)
{
	namespace("pid:[4026532201]");
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(json_string_value(evidence("PIDNS_LIMITED", "namespace")), "pid:[4026532201]");
	ck_assert_str_eq(ledger_status(ledger, true), "degraded");
	namespace("pid:[4026531836]");
	be_well();
}
END_TEST

START_TEST(other_agents)
{
	put("/proc/88/comm", "falco\n");
	put("/proc/89/comm", "falcon\n");	/* a web framework */
	ck_assert_uint_eq(look(), 1);
	ck_assert_str_eq(said("SECOND_AGENT"), "falco runs here as well");
	ck_assert_uint_eq(json_array_size(evidence("SECOND_AGENT", "agents")), 1);
	ck_assert_str_eq(ledger_status(ledger, true), "healthy");
	put("/proc/88/comm", "bash\n");
	be_well();
}
END_TEST

/* What an agent does at its start asks for less. */
START_TEST(at_the_start)
{
	unsigned int raised = 0;

	bpf_says = -EPERM;
	put("/proc/88/comm", "falco\n");
	checks_run(ledger, &host, false, note, &raised);
	ck_assert_uint_eq(raised, 0);
	host.release = "5.4";
	checks_run(ledger, &host, false, note, &raised);
	ck_assert_uint_eq(raised, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host checks");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, kernels);
	tcase_add_test(t, machines);
	tcase_add_test(t, types_of_the_kernel);
	tcase_add_test(t, a_locked_kernel);
	tcase_add_test(t, capabilities);
	tcase_add_test(t, locked_memory);
	tcase_add_test(t, the_system_call);
	tcase_add_test(t, tracepoints);
	tcase_add_test(t, namespaces);
	tcase_add_test(t, other_agents);
	tcase_add_test(t, at_the_start);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
