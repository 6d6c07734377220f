/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/confine.h"
#include "util/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Of versions that the header may be older than. */
#define FS_TRUNCATE	(1ull << 14)	/* 3 */
#define NET_BIND_TCP	(1ull << 0)	/* 4 */
#define FS_IOCTL_DEV	(1ull << 15)	/* 5 */
#define SCOPE_ABSTRACT	(1ull << 0)	/* 6 */

#define FS_READ		(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
			 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
#define FS_OF_FILES	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
			 FS_TRUNCATE | FS_IOCTL_DEV)

struct attr {
	uint64_t fs, net, scope;
};

/* Everything that the version can refuse. */
static struct attr handled(int version, bool abstract, size_t *size)
{
	struct attr a = {.fs = LANDLOCK_ACCESS_FS_REFER - 1};

	if (version >= 2)
		a.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		a.fs |= FS_TRUNCATE;
	if (version >= 4)
		a.net |= NET_BIND_TCP;
	if (version >= 5)
		a.fs |= FS_IOCTL_DEV;
	if (version >= 6 && !abstract)
		a.scope |= SCOPE_ABSTRACT;
	*size = version < 4 ? 8 : version < 6 ? 16 : 24;
	return a;
}

static int allow(int ruleset, const struct confine_path *p, uint64_t can)
{
	struct landlock_path_beneath_attr a = {
		.allowed_access = FS_READ | (p->write ? FS_WRITE : 0) | (p->execute ? LANDLOCK_ACCESS_FS_EXECUTE : 0),
	};
	_cleanup_(closep) int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct stat st;

	a.allowed_access &= can;
	a.parent_fd = fd;
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;	/* what cannot be reached now is not needed later */
	if (!S_ISDIR(st.st_mode))
		a.allowed_access &= FS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0 && errno != EBADFD)
		return -errno;	/* EBADFD: a pipe or the like, which is never refused */
	return 0;
}

static int failed(const char *what, int r, char why[256])
{
	const char *how = strerror(-r);

	if (r == -ENOSYS)
		how = "this kernel has no Landlock";
	else if (r == -EOPNOTSUPP)
		how = "Landlock is turned off (lsm= of the kernel's command line)";
	snprintf(why, 256, "%s: %s", what, how);
	return r;
}

int sensor_confine(const struct confine_path *v, size_t n, bool abstract, char why[256])
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	_cleanup_(closep) int ruleset = -1;
	struct attr a;
	size_t size;

	if (version < 0)
		return failed("not confined", -errno, why);
	a = handled(version, abstract, &size);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
	if (ruleset < 0)
		return failed("Landlock rules", -errno, why);
	for (size_t i = 0; i < n; i++) {
		int r = v[i].path ? allow(ruleset, &v[i], a.fs) : 0;

		if (r < 0)
			return failed(v[i].path, r, why);
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return failed("Landlock", -errno, why);
	return version;
}
