/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI
 *
 * What stands on disk of a container that an OCI runtime runs: config.json of
 * its bundle (the runtime specification), and containers.json of the storage
 * that podman and CRI-O share. Annotations are what tells name, image and pod.
 */
#ifndef ATTRIBUTION_OCI_H
#define ATTRIBUTION_OCI_H

#include "enrich/workload.h"

/* Of a bundle's config.json; NULL when it is none, or without memory. */
struct workload *oci_facts(json_t *spec);

/* Adds what containers.json says of the container of that id; false: it does not stand there. */
bool oci_storage_say(struct workload *w, json_t *containers, struct str id);

#endif
