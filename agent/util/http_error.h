/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Http error
 *
 * What libcurl reports, in words that say what to mend. Private to util/http.c.
 */
#ifndef UTIL_HTTP_ERROR_H
#define UTIL_HTTP_ERROR_H

#include "util/http.h"
#include <curl/curl.h>

/* dst is "" for CURLE_OK. detail: libcurl's error buffer, may be empty. ca_file: NULL for the system's. */
enum http_error http_error_explain(char *dst, size_t room, CURL *easy, CURLcode code, const char *detail,
				   const char *url, const char *ca_file);

#endif
