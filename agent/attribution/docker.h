/* SPDX-License-Identifier: Apache-2.0 */
/* Docker: facts of what its API answers, apart from asking: /containers/ID/json and /images/ID/json. */
#ifndef ATTRIBUTION_DOCKER_H
#define ATTRIBUTION_DOCKER_H

#include "enrich/workload.h"

/* The facts of one container; NULL when the document is none of that container, or without memory. */
struct workload *docker_facts(json_t *container, struct str id);

/* The digest of an image in the repository that it was named by; STR_NONE when it has none. Borrowed from the document. */
struct str docker_digest(json_t *image, struct str name);

#endif
