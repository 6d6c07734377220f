#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The long rounds of `contrib/test --all`: test/all.sh OUT, where OUT/release and OUT/asan are built.
#   fuzz       every target with a fresh seed, FUZZ_RUNS executions (10,000,000) or FUZZ_SECONDS, what comes first
#   planted    a build with a deliberate bug: fuzzing must find it
#   decoder    protobufjs of npm decodes what the agent uploads, and agrees with the receiver
#   again      all tests ROUNDS (3) more times
# ONLY="fuzz planted" does a part. Crashes, corpora and logs stay below OUT/all.
set -u
src=$(cd "$(dirname "$0")/.." && pwd)
out=$(cd "$1" && pwd) || exit 1
runs=${FUZZ_RUNS:-10000000}
seconds=${FUZZ_SECONDS:-0}
rounds=${ROUNDS:-3}
failed=
mkdir -p "$out/all"

say() {
	printf '== %s\n' "$*"
}

fail() {
	say "FAILED: $*"
	failed="$failed
  $*"
}

seed() {
	od -An -N4 -tu4 /dev/urandom | tr -d ' '
}

# fuzz_one BINARY FOLDER CORPUS: a run with a fresh seed; what it finds new and what crashes goes to FOLDER.
fuzz_one() {
	mkdir -p "$2/new"
	seed=$(seed)
	"$1" -seed="$seed" -runs="$runs" -max_total_time="$seconds" -timeout=30 -print_final_stats=1 \
		-artifact_prefix="$2/" "$2/new" "$3" >"$2/log" 2>&1
}

# What libFuzzer's log says: executions, edges, inputs kept.
figures() {
	awk -v name="$2" -v seed="$3" '
		/^#[0-9]+.*cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "corp:") corpus = $(i + 1) } }
		/^stat::number_of_executed_units:/ { executions = $2 }
		END { sub("/.*", "", corpus)
		      printf "%-14s %10d executions  %5d edges  %5d inputs  seed %s\n", name, executions, cov, corpus, seed }' "$1"
}

# One target, named by TARGET: a process of its own for each, so that they run side by side.
fuzz_target() {
	fuzz_one "$out/asan/test/fuzz_$TARGET" "$out/all/fuzz/$TARGET" "$src/test/fuzz/corpus/$TARGET"
	status=$?
	figures "$out/all/fuzz/$TARGET/log" "$TARGET" "$seed"
	[ $status = 0 ] && return
	tail -n 30 "$out/all/fuzz/$TARGET/log"
	fail "fuzz $TARGET (exit $status): $(find "$out/all/fuzz/$TARGET" -maxdepth 1 \( -name 'crash-*' -o -name 'leak-*' \
		-o -name 'timeout-*' -o -name 'oom-*' \) | tr '\n' ' ')"
}

fuzz() {
	say "fuzzing, $runs executions of each target$([ "$seconds" = 0 ] || echo " or $seconds s")"
	find "$src/test/fuzz" -name 'fuzz_*.c' | sed 's/.*fuzz_//; s/\.c$//' | sort |
		xargs -P "$(nproc)" -I '{}' env ONLY=fuzz_target TARGET='{}' sh "$src/test/all.sh" "$out" || fail "fuzz"
}

planted() {
	say "a planted bug is found"
	folder=$out/all/planted
	mkdir -p "$folder"
	rm -f "$folder"/crash-*
	if ! cmake -S "$src" -B "$folder/build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
		-DSANITIZE=address,undefined -DFUZZ=ON -DBENCH=OFF -DPLANT_BUG=ON >"$folder/build.log" 2>&1 ||
		! ninja -C "$folder/build" fuzz_dns >"$folder/build.log" 2>&1; then
		tail -n 30 "$folder/build.log"
		fail "planted: the build"
		return
	fi
	fuzz_one "$folder/build/test/fuzz_dns" "$folder" "$src/test/fuzz/corpus/dns"
	status=$?
	figures "$folder/log" planted "$seed"
	if [ $status = 0 ] || ! grep -q 'AddressSanitizer: heap-buffer-overflow' "$folder/log" ||
		! grep -q 'in dns_parse' "$folder/log"; then
		fail "planted: not found"
	else
		say "found: $(grep -m 1 'in dns_parse' "$folder/log" | sed 's/.* in //')"
	fi
	if cmake --install "$folder/build" --prefix "$folder/installed" >"$folder/install.log" 2>&1 ||
		! grep -q PLANT_BUG "$folder/install.log"; then
		fail "planted: such a build can be installed"
	fi
}

decoder() {
	say "a decoder that is not ours: protobufjs"
	folder=$out/all/decoder
	if ! command -v npm >/dev/null; then
		fail "decoder: npm is not installed"
		return
	fi
	mkdir -p "$folder"
	rm -f "$folder/store.db"*
	if [ ! -d "$folder/node_modules/protobufjs" ] &&
		! npm install --silent --no-audit --no-fund --prefix "$folder" protobufjs@7 >"$folder/npm.log" 2>&1; then
		tail -n 20 "$folder/npm.log"
		fail "decoder: npm install protobufjs"
		return
	fi
	NODE_PATH=$folder/node_modules node "$src/test/decode.js" "$out/release" "$src" "$folder" 500 || fail "decoder"
}

again() {
	for round in $(seq "$rounds"); do
		for build in release asan; do
			say "all tests again, $build, round $round"
			(cd "$out/$build" && ctest --output-on-failure -j "$(nproc)" >"$out/all/ctest-$build-$round.log" 2>&1) ||
				fail "again: $build, round $round: $(sed -n 's/^.*[0-9] - \(.*\) (\(Failed\|Timeout\).*/\1/p' \
					"$out/all/ctest-$build-$round.log" | tr '\n' ' ')"
		done
	done
}

for part in ${ONLY:-fuzz planted decoder again}; do
	$part
done
if [ "${ONLY-}" = fuzz_target ]; then
	[ -z "$failed" ]
	exit
fi
say "other kernels: not run, there is no round in virtual machines yet"
[ -z "$failed" ] || { say "FAILED:$failed"; exit 1; }
say "the long rounds passed"
