#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From record to match nothing is allocated, and the mix of the benchmark has the matches it promises.
# One short round of the benchmark; no figure of time is judged.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ ! -x "$BUILD/bench/pipeline" ]; then
	echo "skipped: built without benchmarks"
	exit 77
fi
"$BUILD/bench/gen_recording" -n 30000 "$dir/mix.rec"
"$BUILD/bench/gen_recording" -n 30000 "$dir/again.rec"
cmp "$dir/mix.rec" "$dir/again.rec"
"$BUILD/bench/pipeline" -k 1 "$dir/mix.rec" "$SRC/rules" | tee "$dir/out"

awk '
	$1 == "decode" || $1 == "+" { stages++; if ($NF == "" || $(NF - 1) != "0.000000") bad = bad "\n" $0 }
	$1 == "decode" && $2 != 30450 { bad = bad "\nnot every record decodes: " $0 }
	$1 == "matches:" { share = $3 }
	END {
		if (stages != 3) bad = bad "\nnot three stages"
		if (share < 0.5 || share > 3) bad = bad "\nthe share of matches is off: " share
		if (bad) { print "not ok:" bad; exit 1 }
		print "ok"
	}' "$dir/out"
