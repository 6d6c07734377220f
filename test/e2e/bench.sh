#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The benchmarks still run: a quick round, of which no figure is judged. With sanitizers only the shortest of them.
set -eu
[ -x "$BUILD/bench/pipeline" ] || { echo "skip: built without benchmarks"; exit 77; }
if grep -q '^SANITIZE:STRING=.' "$BUILD/CMakeCache.txt"; then
	export BENCHES="deliver start"
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$SRC/test/bench/run.sh" "$BUILD" quick | tee "$dir/out"
rows=$(grep -c '^| ' "$dir/out")
[ "$rows" -ge 3 ] || { echo "not ok: only $rows rows"; exit 1; }
echo "ok: $rows rows"
