/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "version.h"
#include <bpf/libbpf.h>
#include <curl/curl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <protobuf-c/protobuf-c.h>
#include <sqlite3.h>
#include <string.h>
#include <uv.h>
#include <yaml.h>
#include <zlib.h>
#include <zstd.h>

static const struct cmd_option options[] = {
	{"--json", 0, NULL, "one JSON object"},
	{},
};

extern const struct cmd cmd_version;

static json_t *libraries(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
			 "libbpf", libbpf_version_string(), "libuv", uv_version_string(),
			 "libyaml", yaml_get_version_string(), "protobuf-c", protobuf_c_version(),
			 "libcurl", curl_version_info(CURLVERSION_NOW)->version, "jansson", jansson_version_str(),
			 "libmicrohttpd", MHD_get_version(), "sqlite", sqlite3_libversion(),
			 "zlib", zlibVersion(), "zstd", ZSTD_versionString());
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	bool as_json = false;
	json_t *libs, *v;
	const char *name;
	int o;

	while ((o = cmd_next(&p, &cmd_version)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o < 0)
			return EXIT_INPUT;
		as_json = true;
	}
	libs = libraries();
	if (as_json) {
		json_t *all = json_pack("{s:s, s:s, s:o}", "version", NOROSHI_VERSION, "revision", NOROSHI_REVISION,
					"libraries", libs);

		json_dumpf(all, stdout, JSON_COMPACT);
		puts("");
		json_decref(all);
		return EXIT_OK;
	}
	printf("noroshi %s (%s)\n", NOROSHI_VERSION, NOROSHI_REVISION);
	json_object_foreach(libs, name, v)
		printf("  %-14s %s\n", name, json_string_value(v));
	json_decref(libs);
	return EXIT_OK;
}

const struct cmd cmd_version = {
	.name = "version",
	.args = "[--json]",
	.summary = "version, build and libraries",
	.options = options,
	.run = run,
};
