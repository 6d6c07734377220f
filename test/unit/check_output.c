/* SPDX-License-Identifier: Apache-2.0 */
/* Output templates: what compiles, what prints, and where an error is. */
#include "event/json.h"
#include "rule/output.h"
#include "util/limits.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>

static struct field_scratch scratch;
static struct output_error error;

static const char event[] =
	"{\"evt.type\":\"openat\",\"evt.num\":3,\"proc.name\":\"bash\",\"proc.aname\":[\"sshd\",\"systemd\"],\"proc.cmdline\":\"bash -c \xe6\x97\xa5\xe6\x9c\xac\","
	"\"fd.cip\":\"10.0.0.1\",\"fd.sip\":\"2001:db8::1\",\"fd.sport\":443,\"proc.is_exe_upper_layer\":true,\"dns.answers\":[\"a\",\"b\"],"
	"\"proc.env[A B]\":\"x\",\"proc.env[PATH]\":\"/bin\",\"evt.arg.flags\":\"O_RDWR\",\"evt.rawtime.ns\":42,\"evt.rawres\":-2,\"proc.exe\":\"%s%n\"}";

/* The rendered template, or "error at POS+LEN: MESSAGE". */
static const char *render(const char *template)
{
	static char ret[65536];
	struct arena *a = arena_new(0);
	struct output *o = NULL;
	int r = output_parse(&o, a, str(template), &error);

	if (r < 0) {
		snprintf(ret, sizeof(ret), "error at %zu+%zu: %s", error.pos, error.len, error.message);
	} else {
		json_t *object = json_loads(event, 0, NULL);
		struct json_fields *fields = NULL;
		struct buf out = {};
		char why[128];
		struct event ev = {.num = 1};

		ck_assert_int_eq(json_fields_new(&fields, object, why), 0);
		ev.fields = fields;
		scratch.used = 0;
		output_render(o, &ev, &scratch, &out);
		snprintf(ret, sizeof(ret), "%s", out.p ? out.p : "");
		buf_free(&out);
		json_fields_free(fields);
		json_decref(object);
	}
	output_release(o);
	arena_free(a);
	return ret;
}

#define IS(template, expected) ck_assert_str_eq(render(template), expected)

START_TEST(fields)
{
	IS("", "");
	IS("plain text", "plain text");
	IS("%proc.name", "bash");
	IS("a %proc.name b %evt.type.", "a bash b openat.");
	IS("%proc.name%evt.type", "bashopenat");
	IS("%proc.pname", "<NA>");
	IS("%proc.aname[2]|%proc.aname[1]|%proc.aname[7]", "systemd|sshd|<NA>");
	IS("%proc.aname", "sshd systemd");
	IS("%dns.answers", "(a,b)");
	IS("%fd.cip:%fd.sport %fd.sip", "10.0.0.1:443 2001:db8::1");
	IS("%proc.is_exe_upper_layer %evt.rawres", "true -2");
	IS("%proc.env[PATH] %proc.env[\"A B\"] %proc.env['A B']", "/bin x x");
	IS("%evt.arg.flags", "O_RDWR");
	IS("1.%evt.rawtime.ns", "1.000000042");
	/* conditions only */
	IS("%fd.ip %fd.net", "<NA> <NA>");
	/* the attacker's text is no template */
	IS("%proc.exe", "%s%n");
}
END_TEST

/* The longest beginning that is a field; what follows is literal. */
START_TEST(prefix)
{
	IS("%proc.name.foo", "bash.foo");
	IS("%proc.namefoo", "bashfoo");
	IS("%proc.name[", "bash[");
	IS("%proc.name)", "bash)");
	IS("(%proc.name)", "(bash)");
	IS("%evt.arg.flags2", "O_RDWR2");
	IS("%evt.arg.nosuch", "error at 1+14: wrong argument of the field \"evt.arg.nosuch\"");
}
END_TEST

START_TEST(width)
{
	IS("%8proc.name|", "bash    |");
	IS("%2proc.name|", "ba|");
	IS("%10proc.cmdline|", "bash -c \xe6\x97\xa5\xe6\x9c\xac|");
	IS("%9proc.cmdline|", "bash -c \xe6\x97\xa5|");
	IS("%6proc.pname|", "<NA>  |");
}
END_TEST

START_TEST(transformers)
{
	IS("%toupper(proc.name)!", "BASH!");
	IS("%toupper(proc.pname)!", "<NA>!");
	IS("%basename(proc.env[PATH])", "bin");
	IS("%len(proc.name)", "4");
	IS("%len(dns.answers)", "2");
	IS("%join(\"-\", (proc.name, evt.type))", "bash-openat");
	IS("%concat(proc.name, \")\")", "bash)");
	IS("%6toupper(proc.name)|", "BASH  |");
}
END_TEST

START_TEST(errors)
{
	IS("100%", "error at 3+1: an output cannot end with a % sign");
	IS("a % b", "error at 2+1: no field name follows the % sign");
	IS("%%", "error at 0+1: no field name follows the % sign");
	IS("%nosuch.field", "error at 1+12: unknown field \"nosuch.field\"");
	IS("x %proc.nmae", "error at 3+9: unknown field \"proc.nmae\"");
	ck_assert_str_eq(error.hint, "did you mean \"proc.name\"?");
	IS("%evt.arg", "error at 1+7: an argument is missing for the field \"evt.arg\"");
	IS("%proc.aname[x]", "sshd systemd[x]");
	IS("%toupper(proc.nmae)", "error at 9+9: unknown field \"proc.nmae\"");
	IS("%toupper(proc.name", "error at 1+7: a closing parenthesis is missing for \"toupper\"");
	IS("%99999proc.name", "error at 4+1: the width is too large");
}
END_TEST

static void count(void *ctx, const struct field_ref *f)
{
	char *names = ctx;

	sprintf(names + strlen(names), STR_FMT " ", STR_ARG(f->text));
}

START_TEST(lists_fields)
{
	struct arena *a = arena_new(0);
	char names[256] = "";
	struct output *o;

	ck_assert_int_eq(output_parse(&o, a, STR("%proc.name %toupper(proc.pname) %proc.aname[2]"), &error), 0);
	output_each_field(o, count, names);
	ck_assert_str_eq(names, "proc.name proc.pname proc.aname[2] ");
	output_release(o);
	arena_free(a);
}
END_TEST

/* A long text is cut where a character ends. */
START_TEST(cut)
{
	struct buf template = {};

	for (int i = 0; i < 3000; i++)
		buf_puts(&template, "\xe6\x97\xa5\xe6\x9c\xac");
	ck_assert_uint_eq(strlen(render(template.p)), OUTPUT_BYTES_MAX - OUTPUT_BYTES_MAX % 3);
	buf_reset(&template);
	for (int i = 0; i < 300; i++)
		buf_puts(&template, "%proc.name");
	ck_assert_str_eq(render(template.p), "error at 2550+1: too many fields in one output");
	buf_free(&template);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("output");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, fields);
	tcase_add_test(t, prefix);
	tcase_add_test(t, width);
	tcase_add_test(t, transformers);
	tcase_add_test(t, errors);
	tcase_add_test(t, lists_fields);
	tcase_add_test(t, cut);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
