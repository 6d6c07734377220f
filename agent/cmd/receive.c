/* SPDX-License-Identifier: Apache-2.0 */
/* receive: the embedded receiver in the foreground. */
#include "cmd/cmd.h"
#include "receive/server.h"
#include "util/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

static const struct cmd_option options[] = {
	{"--listen", 0, "ADDR:PORT", "where to listen (" SERVER_DEFAULT_LISTEN "; port 0: any)"},
	{"--store", 0, "FILE", "the SQLite file (" STORE_DEFAULT_PATH ")"},
	{"--tls-cert", 0, "FILE", "certificate chain, PEM; without it only loopback addresses"},
	{"--tls-key", 0, "FILE", "its key, PEM"},
	{"--client-ca", 0, "FILE", "clients must show a certificate of this CA"},
	{"--token-file", 0, "FILE", "clients must show one of these bearer tokens, one a line"},
	{"--keep", 0, "COUNT", "findings to keep; the oldest go (1000000)"},
	{},
};

extern const struct cmd cmd_receive;

struct arguments {
	struct server_options server;
	const char *store;
};

static int parse_keep(const char *value, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(value, &end, 10);
	if (!errno && *value >= '0' && *value <= '9' && !*end && *ret)
		return 0;
	fprintf(stderr, "noroshi receive: --keep takes a number above 0, not \"%s\"\n", value);
	return -EINVAL;
}

/* 0, 1: help was printed, < 0: a line said why. */
static int parse(struct arguments *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	const char **texts[] = {&a->server.listen, &a->store, &a->server.cert_file, &a->server.key_file,
				&a->server.client_ca_file, &a->server.token_file};
	int o;

	while ((o = cmd_next(&p, &cmd_receive)) != CMD_END) {
		if (o == CMD_HELP)
			return 1;
		if (o == CMD_ARG)
			fprintf(stderr, "noroshi receive: takes no argument (\"%s\")\n", p.value);
		if (o < 0)
			return -EINVAL;
		if (o < (int)ARRAY_SIZE(texts))
			*texts[o] = p.value;
		else if (parse_keep(p.value, &a->server.keep) < 0)
			return -EINVAL;
	}
	return 0;
}

static void on_signal(uv_signal_t *s, int number)
{
	(void)number;
	uv_stop(s->loop);
}

static void close_handle(uv_handle_t *h, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void serve(uv_loop_t *loop, const struct server *s, const struct arguments *a)
{
	uv_signal_t term, interrupt;
	struct server_stats st;

	uv_signal_init(loop, &term);
	uv_signal_init(loop, &interrupt);
	uv_signal_start(&term, on_signal, SIGTERM);
	uv_signal_start(&interrupt, on_signal, SIGINT);
	fprintf(stderr, "noroshi receive: ready on %s, store %s\n", server_url(s), a->store);
	uv_run(loop, UV_RUN_DEFAULT);
	server_stats(s, &st);
	log_info("receive: %llu findings in %llu uploads stored, %llu known before; %llu requests refused, %llu failed",
		 (unsigned long long)st.findings, (unsigned long long)st.batches, (unsigned long long)st.duplicates,
		 (unsigned long long)st.refused, (unsigned long long)st.failed);
	uv_close((uv_handle_t *)&term, NULL);
	uv_close((uv_handle_t *)&interrupt, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

/* Its folder belongs to whoever set the machine up, but for the default one. */
static void make_default_folder(const char *store)
{
	if (!strcmp(store, STORE_DEFAULT_PATH))
		mkdir("/var/lib/noroshi", 0700);
}

static int receive(const struct arguments *a)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct server *s = NULL;
	char why[256];
	uv_loop_t loop;
	int r;

	umask(077);	/* findings name what runs here */
	make_default_folder(a->store);
	r = store_open(&store, a->store, STORE_WRITE, why);
	if (r < 0) {
		log_error("receive: store %s: %s", a->store, why);
		return EXIT_INPUT;
	}
	uv_loop_init(&loop);
	r = server_new(&s, &a->server, store, &loop, why);
	if (r < 0)
		log_error("receive: %s", why);
	else
		serve(&loop, s, a);
	server_free(s);
	uv_walk(&loop, close_handle, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return r < 0 ? EXIT_INPUT : EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct arguments a = {.store = STORE_DEFAULT_PATH};
	int r = parse(&a, argc, argv);

	if (r)
		return r < 0 ? EXIT_INPUT : EXIT_OK;
	if (a.server.cert_file && !a.server.client_ca_file && !a.server.token_file)
		log_warning("receive: neither --token-file nor --client-ca: whoever reaches the port may write");
	return receive(&a);
}

const struct cmd cmd_receive = {
	.name = "receive",
	.args = "[--listen ADDR:PORT] [--store FILE] [--tls-cert FILE --tls-key FILE] [--client-ca FILE] [--token-file FILE]",
	.summary = "receive findings and store them, for one host to a few hundred",
	.options = options,
	.run = run,
};
