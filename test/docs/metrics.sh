#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/METRICS.md is agent/metrics.def. UPDATE_METRICS=1 writes it anew.
set -eu
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
{
	echo '# Metrics'
	echo
	echo 'What the agent tells at /metrics of its control socket, and of the loopback address that `control.listen` names, as Prometheus'
	echo 'reads it (text format 0.0.4). A *counter* counts since the agent was started, a *gauge* says how it is now.'
	echo
	echo '| metric | kind | labels | |'
	echo '|---|---|---|---|'
	sed -n 's/^METRIC(\([a-z_]*\), \([a-z]*\), "\([^"]*\)", [a-z_]*, "[^"]*", "[^"]*", "\(.*\)")$/| `noroshi_\1` | \2 | \3 | \4 |/p' "$SRC/agent/metrics.def" | sed 's/\([a-z]\),\([a-z]\)/\1, \2/g'
} >"$tmp"
[ -z "${UPDATE_METRICS:-}" ] || cp "$tmp" "$SRC/docs/METRICS.md"
diff -u "$SRC/docs/METRICS.md" "$tmp"
[ "$(grep -c '^METRIC' "$SRC/agent/metrics.def")" = "$(grep -c '^| `noroshi_' "$tmp")" ]
echo "metrics: the document agrees with metrics.def"
