/* SPDX-License-Identifier: Apache-2.0 */
/* The chosen types of the kernel are laid out as they are among all of them; and what is no BTF is refused. */
#include "sensor/kernel_types.h"
#include <bpf/btf.h>
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct btf *kernel, *wanted;
static uint32_t task;

static struct btf *parsed(int fd)
{
	char path[32];
	struct btf *b;

	ck_assert_int_ge(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	b = btf__parse(path, NULL);
	ck_assert_ptr_nonnull(b);
	close(fd);
	return b;
}

/* The same members, at the same places, of the same size; counts them, those of unnamed members too. */
static unsigned int compare(const struct btf *a, uint32_t ai, const struct btf *b, uint32_t bi)
{
	const struct btf_type *x = btf__type_by_id(a, ai), *y = btf__type_by_id(b, bi);
	unsigned int n = 0;

	ck_assert_uint_eq(x->info, y->info);
	ck_assert_uint_eq(x->size, y->size);
	for (unsigned int i = 0; i < btf_vlen(x); i++, n++) {
		const struct btf_member *m = btf_members(x) + i, *o = btf_members(y) + i;
		const struct btf_type *in = btf__type_by_id(a, (uint32_t)btf__resolve_type(a, m->type));

		ck_assert_str_eq(btf__name_by_offset(a, m->name_off), btf__name_by_offset(b, o->name_off));
		ck_assert_uint_eq(m->offset, o->offset);
		ck_assert_int_eq(btf__resolve_size(a, m->type), btf__resolve_size(b, o->type));
		if (btf_is_composite(in))
			n += compare(a, (uint32_t)btf__resolve_type(a, m->type), b, (uint32_t)btf__resolve_type(b, o->type));
	}
	return n;
}

/* By its number in the kernel, where there is what it is for: the verifier refuses each program that names another type. */
START_TEST(the_task)
{
	bool cast = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0 &&
		    btf__find_by_name_kind(kernel, "task_struct__safe_rcu", BTF_KIND_STRUCT) > 0;
	struct btf *slim = parsed(kernel_types(wanted, &task));

	ck_assert_uint_eq(task, cast ? (uint32_t)btf__find_by_name_kind(kernel, "task_struct", BTF_KIND_STRUCT) : 0);
	btf__free(slim);
}
END_TEST

START_TEST(laid_out_as_in_the_kernel)
{
	static const char *const structs[] = {"task_struct", "file", "cred", "inode"};
	struct btf *slim = parsed(kernel_types(wanted, &task));
	int a, b;

	for (unsigned int i = 0; i < 4; i++) {
		a = btf__find_by_name_kind(kernel, structs[i], BTF_KIND_STRUCT);
		b = btf__find_by_name_kind(slim, structs[i], BTF_KIND_STRUCT);
		ck_assert_int_gt(a, 0);
		ck_assert_int_gt(b, 0);
		ck_assert_uint_gt(compare(kernel, (uint32_t)a, slim, (uint32_t)b), 5);
	}
	a = btf__find_by_name_kind(kernel, "bpf_func_id", BTF_KIND_ENUM);
	b = btf__find_by_name_kind(slim, "bpf_func_id", BTF_KIND_ENUM);
	ck_assert_int_gt(b, 0);
	for (unsigned int i = 0; i < btf_vlen(btf__type_by_id(kernel, (uint32_t)a)); i++) {
		const struct btf_enum *x = btf_enum(btf__type_by_id(kernel, (uint32_t)a)) + i;
		const struct btf_enum *y = btf_enum(btf__type_by_id(slim, (uint32_t)b)) + i;

		ck_assert_str_eq(btf__name_by_offset(kernel, x->name_off), btf__name_by_offset(slim, y->name_off));
		ck_assert_int_eq(x->val, y->val);
	}
	ck_assert_int_lt(btf__find_by_name_kind(slim, "super_block", BTF_KIND_STRUCT), 0);
	ck_assert_uint_lt(btf__type_cnt(slim), btf__type_cnt(kernel) / 10);
	btf__free(slim);
}
END_TEST

START_TEST(again_the_same)
{
	struct btf *slim = parsed(kernel_types(wanted, &task)), *again;
	const void *x, *y;
	__u32 n, m;

	x = btf__raw_data(slim, &n);
	again = parsed(kernel_types_slim(x, n, wanted, &task));
	y = btf__raw_data(again, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_int_eq(memcmp(x, y, n), 0);
	btf__free(slim);
	btf__free(again);
}
END_TEST

/* Whatever is wrong with it, it is refused or read as far as it goes: nothing beyond its end. */
START_TEST(broken)
{
	struct btf *slim = parsed(kernel_types(wanted, &task));
	unsigned int refused = 0;
	const void *x;
	__u32 n;

	x = btf__raw_data(slim, &n);
	for (unsigned int i = 0; i < 2000; i++) {
		size_t cut = i < 1000 ? n : n * (size_t)(i - 1000) / 1000, at = i < 100 ? i : (size_t)rand() % n;
		char *copy = malloc(cut + 1);
		int fd;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, x, cut);
		if (i < 1000)
			copy[at] = (char)(copy[at] ^ (1 << rand() % 8));
		fd = kernel_types_slim(copy, cut, wanted, &task);
		if (fd >= 0)
			close(fd);
		else
			refused++;
		free(copy);
	}
	ck_assert_uint_gt(refused, 1000);
	ck_assert_int_eq(kernel_types_slim("", 0, wanted, &task), -EPROTO);
	btf__free(slim);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kernel_types");
	TCase *t = tcase_create("kernel_types");
	SRunner *r;
	int failed;

	kernel = btf__load_vmlinux_btf();
	if (!kernel) {
		puts("1..0 # skip: this kernel does not tell its types");
		return 77;
	}
	wanted = btf__new_empty();
	btf__add_struct(wanted, "task_struct", 0);
	btf__add_struct(wanted, "file___older", 0);
	btf__add_struct(wanted, "cred", 0);
	btf__add_struct(wanted, "inode", 0);
	btf__add_enum(wanted, "bpf_func_id", 4);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_task);
	tcase_add_test(t, laid_out_as_in_the_kernel);
	tcase_add_test(t, again_the_same);
	tcase_add_test(t, broken);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	btf__free(kernel);
	btf__free(wanted);
	return failed;
}
