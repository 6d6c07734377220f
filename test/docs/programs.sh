#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/PROGRAMS.md has a row for every BPF program of the probes, and none besides.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

awk '/^SEC\("(\.maps|license)/ { next } /^SEC\("/ { next_is = 1; next } next_is { print; next_is = 0 }' "$SRC"/probes/*.bpf.c |
	sed -n 's/^int BPF_PROG(\([a-z0-9_]*\).*/\1/p; s/^int \([a-z0-9_]*\)(.*/\1/p' | sort >"$tmp/probes"
sed -n 's/^| `\([a-z0-9_]*\)` |.*/\1/p' "$SRC/docs/PROGRAMS.md" | sort >"$tmp/document"
[ "$(wc -l <"$tmp/probes")" -gt 40 ] || { echo "few programs found in the probes"; exit 1; }
diff -u "$tmp/probes" "$tmp/document"
