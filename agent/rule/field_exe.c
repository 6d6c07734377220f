/* SPDX-License-Identifier: Apache-2.0 */
/* What the file is that was executed, and what else decides over the program that runs: scripts, the loader, its variables. */
#include "rule/field_get.h"
#include "util/cleanup.h"

int get_proc_exe_kind(const struct field_get *g, struct value *v)
{
	static const char *const names[] = {
		[EXE_KIND_ELF] = "elf", [EXE_KIND_SCRIPT] = "script", [EXE_KIND_OTHER] = "other",
	};
	const struct image *i = get_image(g);

	return i && i->kind && i->kind < ARRAY_SIZE(names) ? put_text(v, names[i->kind]) : FIELD_MISSING;
}

int get_proc_script(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && i->script.n ? put_str(v, i->script) : FIELD_MISSING;
}

#define SCRIPT_FLAG(name, bit)                                                           \
	int get_##name(const struct field_get *g, struct value *v)                       \
	{                                                                                \
		const struct image *i = get_image(g);                                    \
											 \
		return i ? put_bool(v, i->script_flags & (bit)) : FIELD_MISSING;         \
	}

SCRIPT_FLAG(proc_is_script_upper_layer, EXE_UPPER)
SCRIPT_FLAG(proc_is_script_from_memfd, EXE_MEMFD)

int get_proc_exe_caps(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && i->kind ? put_capabilities(g, v, i->cap_given) : FIELD_MISSING;
}

/* Is that the dynamic loader? Of glibc, of musl, and under the older names. */
static bool is_loader(struct str exepath)
{
	static const struct str prefixes[] = {STR("ld-linux"), STR("ld-musl-"), STR("ld.so"), STR("ld64.so"), STR("ld-2.")};
	struct str name = str_after_last(exepath, '/');

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(name, prefixes[i]))
			return true;
	return false;
}

/* How many words an option of the loader takes with its value, 0 for what is none. What is not known takes no value. */
static unsigned int loader_option(struct str word)
{
	static const struct str with_value[] = {
		STR("--library-path"), STR("--glibc-hwcaps-prepend"), STR("--glibc-hwcaps-mask"), STR("--inhibit-rpath"),
		STR("--audit"), STR("--preload"), STR("--argv0"),
	};

	if (!str_starts(word, STR("--")))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(with_value); i++)
		if (str_eq(word, with_value[i]))
			return 2;
	return 1;
}

/* Of its arguments, each ended by NUL: the program that the loader is told to run. */
static struct str loaded_program(struct str argv)
{
	unsigned int skip = 1;	/* its own name */

	while (argv.n) {
		const char *nul = memchr(argv.p, 0, argv.n);
		struct str word = str_n(argv.p, nul ? (size_t)(nul - argv.p) : argv.n);

		argv = str_skip(argv, word.n + (nul ? 1 : 0));
		if (skip) {
			skip--;
			continue;
		}
		skip = loader_option(word);
		if (!skip)
			return word;
		skip--;
	}
	return STR_NONE;
}

int get_proc_loaded_exe(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);
	struct str program;

	if (!i || !is_loader(i->exepath))
		return FIELD_MISSING;
	program = loaded_program(i->argv);
	if (!program.n)
		return FIELD_MISSING;
	return put_str(v, memchr(program.p, '/', program.n) ? path_join(g->s, i->cwd, program) : program);
}

static int put_variable(const struct field_get *g, struct value *v, struct str name)
{
	const struct image *i = get_image(g);
	struct str value = i ? env_value(i->env, name) : STR_NONE;

	return value.n ? put_str(v, value) : FIELD_MISSING;
}

int get_proc_ld_preload(const struct field_get *g, struct value *v)
{
	return put_variable(g, v, STR("LD_PRELOAD"));
}

int get_proc_ld_library_path(const struct field_get *g, struct value *v)
{
	return put_variable(g, v, STR("LD_LIBRARY_PATH"));
}
