#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every benchmark, one row each, as a Markdown table: test/bench/run.sh BUILD [quick]
# No time is judged: a row that says "no" fails nothing. Minima of several rounds; ratios are what to compare.
set -eu
[ $# -ge 1 ] || { echo "usage: $0 BUILD [quick]" >&2; exit 2; }
BUILD=$(cd "$1" && pwd)
SRC=$(cd "$(dirname "$0")/../.." && pwd)
QUICK=0
[ "${2-}" != quick ] || QUICK=1
export BUILD SRC QUICK PYTHONDONTWRITEBYTECODE=1
for program in noroshi bench/pipeline bench/gen_recording bench/load bench/upload; do
	[ -x "$BUILD/$program" ] || { echo "$BUILD/$program is missing: build with -DBENCH=ON" >&2; exit 2; }
done
status=0
echo "$(uname -sr), $(nproc) processors, load before: $(cut -d' ' -f1-3 /proc/loadavg); $("$BUILD/noroshi" version | head -n 1)"
echo
echo "| what | budget | measured | met |"
echo "|---|---|---|---|"
for bench in ${BENCHES-replay rules_load start memory kernel deliver latency idle cost styles refuse bytes}; do
	/usr/bin/python3 "$SRC/test/bench/$bench.py" || { echo "| $bench.py | – | failed | – |"; status=1; }
done
[ ! -e "$BUILD/noroshi.stripped" ] || rm "$BUILD/noroshi.stripped"
if strip -o "$BUILD/noroshi.stripped" "$BUILD/noroshi"; then
	size=$(stat -c %s "$BUILD/noroshi.stripped")
	packed=$(gzip -9c "$BUILD/noroshi.stripped" | wc -c)
	rm "$BUILD/noroshi.stripped"
	met=yes
	[ "$packed" -le 2097152 ] || met='**no**'
	echo "| package: the program, stripped and compressed | ≤ 2 MiB | $packed bytes ($size installed) | $met |"
fi
echo
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
exit $status
