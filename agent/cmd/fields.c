/* SPDX-License-Identifier: Apache-2.0 */
/* What a condition or an output may name. */
#include "cmd/listing.h"
#include "rule/field.h"

extern const struct cmd cmd_fields;

static const char *type_name(enum value_type t)
{
	static const char *const names[TYPE_MAX] = {
		[TYPE_NONE] = "any", [TYPE_BOOL] = "bool", [TYPE_INT] = "int", [TYPE_UINT] = "uint", [TYPE_PORT] = "port",
		[TYPE_STR] = "text", [TYPE_BYTES] = "bytes", [TYPE_IP] = "ip", [TYPE_NET] = "net",
	};

	return names[t];
}

static const char *argument(uint32_t flags)
{
	if (flags & FIELD_ARG_DOT)
		return ".NAME";
	if ((flags & FIELD_ARG_INDEX) && (flags & FIELD_ARG_KEY))
		return "[N or TEXT]";
	if (flags & FIELD_ARG_INDEX)
		return "[N]";
	return flags & FIELD_ARG_KEY ? "[TEXT]" : "";
}

static int run(int argc, char **argv)
{
	enum listing_form form;
	json_t *rows;
	int status;

	if (!listing_parse(&cmd_fields, argc, argv, &form, &status))
		return status;
	rows = json_array();
	for (size_t i = 0; i < field_count; i++) {
		const struct field_desc *f = &field_table[i];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:s?}",
			"name", f->name, "type", type_name(f->type), "doc", f->doc, "argument", argument(f->flags),
			"argumentNeeded", !!(f->flags & FIELD_ARG_NEEDED), "list", !!(f->flags & FIELD_LIST),
			"filterOnly", !!(f->flags & FIELD_FILTER), "available", !(f->flags & FIELD_NEVER),
			"deprecated", !!(f->flags & FIELD_DEPRECATED), "own", !!(f->flags & FIELD_OWN),
			"neverBecause", field_never(f)));
	}
	return listing_print(rows, form);
}

const struct cmd cmd_fields = {
	.name = "fields",
	.args = "[--names | --json]",
	.summary = "what a condition or an output may name",
	.options = listing_options,
	.run = run,
};
