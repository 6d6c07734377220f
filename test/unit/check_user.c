/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/user.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/check_user.XXXXXX";
static char passwd[64], group[64];

static void write_file(const char *path, const char *text)
{
	char fresh[80];
	FILE *f;

	/* As the tools do it: a new file under the old name. */
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(rename(fresh, path), 0);
}

START_TEST(names_are_found)
{
	write_file(passwd, "+::::::\nroot:x:0:0:root:/root:/bin/bash\nrubbish\n:::\n# x\nalice:x:1000:1000::/home/alice:/bin/zsh\n"
			   "toor:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nbig:x:4294967294:1::/b:/b\n");
	write_file(group, "root:x:0:\ndocker:x:999:alice,bob\n");
	ck_assert_int_eq(users_load(passwd, group), 0);
	ck_assert_str_eq(user_name(0), "root");
	ck_assert_str_eq(user_name(1000), "alice");
	ck_assert_str_eq(user_homedir(1000), "/home/alice");
	ck_assert_str_eq(user_shell(1000), "/bin/zsh");
	ck_assert_str_eq(user_name(4294967294u), "big");
	ck_assert_str_eq(group_name(999), "docker");
	ck_assert_ptr_null(user_name(1));
	ck_assert_ptr_null(user_homedir(1));
	ck_assert_ptr_null(user_shell(0xffffffffu));
	ck_assert_ptr_null(group_name(1));
}
END_TEST

START_TEST(changes_are_seen_when_asked_for)
{
	ck_assert(!users_refresh());
	write_file(passwd, "root:x:0:0:root:/root:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/sh\n");
	ck_assert_ptr_null(user_name(1001));
	ck_assert(users_refresh());
	ck_assert_str_eq(user_name(1001), "bob");
	ck_assert_ptr_null(user_name(1000));
	ck_assert_str_eq(group_name(999), "docker");
	ck_assert(!users_refresh());
	/* A file that is gone leaves what was known. */
	ck_assert_int_eq(unlink(passwd), 0);
	ck_assert(!users_refresh());
	ck_assert_str_eq(user_name(1001), "bob");
}
END_TEST

START_TEST(a_missing_file_is_an_error)
{
	ck_assert_int_eq(users_load("/nonexistent/passwd", group), -ENOENT);
	ck_assert_ptr_null(user_name(0));
	ck_assert_str_eq(group_name(0), "root");
	users_free();
	ck_assert_ptr_null(group_name(0));
	ck_assert(!users_refresh());
	ck_assert_int_eq(users_load(NULL, NULL), 0);
	ck_assert_str_eq(user_name(0), "root");
	users_free();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("user");
	TCase *c = tcase_create("names");
	SRunner *r = srunner_create(s);
	int failed;

	if (!mkdtemp(dir))
		return 77;
	snprintf(passwd, sizeof(passwd), "%s/passwd", dir);
	snprintf(group, sizeof(group), "%s/group", dir);
	tcase_add_test(c, names_are_found);
	tcase_add_test(c, changes_are_seen_when_asked_for);
	tcase_add_test(c, a_missing_file_is_an_error);
	suite_add_tcase(s, c);
	srunner_set_fork_status(r, CK_NOFORK);	/* the cases build on one another */
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	unlink(passwd);
	unlink(group);
	rmdir(dir);
	return failed;
}
