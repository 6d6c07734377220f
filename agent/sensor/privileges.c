/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/privileges.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECBITS (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
		 SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static int failed(const char *what, char error[512])
{
	int r = -errno;

	snprintf(error, 512, "cannot give up privileges: %s: %s", what, strerror(-r));
	return r;
}

/* Needs CAP_SETPCAP; a process that never had it keeps a bounding set that no_new_privs makes worthless. */
static int drop_bounding(char error[512])
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
			return failed("bounding set", error);
	}
	return 0;
}

int sensor_drop_privileges(char error[512])
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {};
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed("no_new_privs", error);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return failed("ambient set", error);
	r = drop_bounding(error);
	if (r < 0)
		return r;
	if (prctl(PR_SET_SECUREBITS, SECBITS, 0, 0, 0) < 0 && errno != EPERM)
		return failed("secure bits", error);
	if (syscall(SYS_capset, &h, none) < 0)
		return failed("capability sets", error);
	return 0;
}
