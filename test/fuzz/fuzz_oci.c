/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a bundle's config.json and as a storage's containers.json: facts within their bounds, or none. */
#include "attribution/oci.h"
#include <stdlib.h>

static void check(const struct workload *w)
{
	if (w->bytes > WORKLOAD_BYTES_MAX || w->nlabels > WORKLOAD_LABELS_MAX || w->nmounts > WORKLOAD_MOUNTS_MAX)
		abort();
	for (unsigned int i = 0; i < WORKLOAD_TEXTS; i++) {
		if (w->text[i].n > WORKLOAD_TEXT_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	json_t *o = json_loadb((const char *)data, n, JSON_REJECT_DUPLICATES, NULL);
	struct workload *w = oci_facts(o), *said = workload_new();

	if (w)
		check(w);
	if (said && oci_storage_say(said, o, STR("a3b1")))
		check(said);
	workload_free(w);
	workload_free(said);
	json_decref(o);
	return 0;
}
