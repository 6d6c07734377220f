/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Harmless
 *
 * What gives a thread other rights for a moment, or in a namespace of its own,
 * and is no change of its credentials: temporary overrides inside the kernel
 * (overlay, access, io_uring), ids taken back, root of a user namespace. Part
 * of creds.c. After each the thread makes a call that leads to a record.
 */
#ifndef TRIGGER_CREDS_HARMLESS_H
#define TRIGGER_CREDS_HARMLESS_H

static void look(void)
{
	truth_begin("personality", getpid(), result(syscall(SYS_personality, NONE)));
	truth_num("persona", NONE);
	truth_end();
}

static void nobody(void)
{
	must(!setgroups(0, NULL) && !setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000), "setresuid");
}

static void own_namespace(void)
{
	nobody();
	must(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable");
	if (syscall(SYS_unshare, CLONE_NEWUSER))
		return;		/* this host forbids it */
	look();
	map_root("0 1000 1");
	must(!setresuid(0, 0, 0) && !setresgid(0, 0, 0), "root of the namespace");
	look();
}

static void taken_back(void)
{
	look();
	must(!setresuid(1000, 1001, 0), "setresuid");
	look();
	must(!setresuid(0, 1000, 1001), "setresuid");
	look();
	must(!seteuid(0), "seteuid");
	look();
	nobody();
	look();
}

static void on_overlay(void)
{
	char data[3 * PATH_MAX], path[PATH_MAX];
	static const char *const names[] = { "lower", "upper", "work", "merged" };

	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	     !mount("none", folder, "tmpfs", 0, "mode=755"), "tmpfs");
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		must(!mkdir(path, 0777) && !chmod(path, 0777), path);
	}
	snprintf(data, sizeof(data), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", folder, folder, folder);
	if (mount("none", path, "overlay", 0, data))
		return;		/* no overlay here */
	nobody();
	strcat(path, "/file");
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	look();
	must(!access(path, R_OK) && !rename(path, path) && !unlink(path), path);
	look();
}

/* An open by a ring with root's credentials, for a process that has dropped them. */
static void by_ring(void)
{
	struct io_uring_params p = {};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p), id;
	unsigned int *tail, *array;
	struct io_uring_sqe *sqe;
	char *sq;

	if (fd < 0)
		return;
	id = (int)syscall(SYS_io_uring_register, fd, IORING_REGISTER_PERSONALITY, NULL, 0);
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	must(id > 0 && sq != MAP_FAILED && sqe != MAP_FAILED, "ring");
	nobody();
	tail = (void *)(sq + p.sq_off.tail);
	array = (void *)(sq + p.sq_off.array);
	*sqe = (struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)"/etc/shadow",
				      .open_flags = O_RDONLY, .flags = IOSQE_ASYNC, .personality = (unsigned short)id };
	array[*tail & (p.sq_entries - 1)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1, "io_uring_enter");
	look();
}

static void *drop_alone(void *arg)
{
	must(!syscall(SYS_setresuid, 1000, 1000, 1000), "setresuid");	/* this thread's only */
	look();
	return arg;
}

static void by_thread(void)
{
	pthread_t t;

	look();
	must(!pthread_create(&t, NULL, drop_alone, NULL) && !pthread_join(t, NULL), "thread");
	look();
}

static void harmless(void)
{
	static void (*const cases[])(void) = { own_namespace, taken_back, on_overlay, by_ring, by_thread };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		in_child(cases[i]);
}

#endif
