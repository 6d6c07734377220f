/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More programs are refused than loading together is tried again for: those that the kernel took are loaded
 * together, the rest one by one, and only the refused ones are lost. Needs root and BPF; skipped without.
 */
#define RETRIES 1
#include "sensor/load.c"	/* in place of the library's, with fewer retries */
#include <check.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Without CAP_NET_ADMIN the kernel refuses all three programs of DNS. */
static void drop_net_admin(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	uint64_t caps = 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_DAC_OVERRIDE;
	struct __user_cap_data_struct d[2] = {
		{.effective = (uint32_t)caps, .permitted = (uint32_t)caps},
		{.effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32)},
	};

	if (syscall(SYS_capset, &h, d) < 0)
		_exit(77);
}

static int load_without_net_admin(void)
{
	static struct sensor_state state;
	struct needs needs = {};
	struct load *l = NULL;
	char error[512] = "";
	unsigned int refused = 0, attached = 0;
	int r;

	for (unsigned int c = CALL_NONE + 1; c < CALL_MAX; c++)
		needs.call[c] = true;
	drop_net_admin();
	if (host_check(error) < 0) {
		printf("SKIP: %s\n", error);
		return 77;
	}
	r = load_new(&l, &state) ?: load_begin(l, &needs, error);
	if (r < 0) {
		fprintf(stderr, "%s\n", error);
		return r == -EPERM ? 77 : 1;
	}
	load_attach(l);
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		const struct program_status *s = &state.program[p];

		refused += s->state == PROGRAM_REFUSED;
		attached += s->state == PROGRAM_ATTACHED;
		if (s->state == PROGRAM_CHOSEN || (s->state == PROGRAM_REFUSED && !s->reason[0]))
			return 2;
	}
	if (refused < 3 || state.program[PROGRAM_exec__tp_btf].state != PROGRAM_ATTACHED)
		return 3;
	fprintf(stderr, "# %u refused, %u attached\n", refused, attached);
	/* All that are left are attached: each stands beside the refused ones or has taken a place of its own. */
	return attached >= 4 ? 0 : 4;
}

static int status;

START_TEST(test_one_by_one)
{
	pid_t pid = fork();
	int how = -1;

	if (!pid)
		_exit(load_without_net_admin());
	waitpid(pid, &how, 0);
	status = WIFEXITED(how) ? WEXITSTATUS(how) : 255;
	ck_assert(status == 0 || status == 77);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("load");
	TCase *t = tcase_create("load");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_test(t, test_one_by_one);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : status;
}
