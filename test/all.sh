#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The long rounds of `contrib/test --all`: test/all.sh OUT, where OUT/release and OUT/asan are built.
#   fuzz       every target with a fresh seed, FUZZ_RUNS executions (10,000,000) or FUZZ_SECONDS, what comes first;
#              FUZZ_JOBS of them side by side
#   planted    a build with a deliberate bug: fuzzing must find it
#   decoder    protobufjs of npm decodes what the agent uploads, and agrees with the receiver
#   differential  the engine against the reference (test/reference), DIFFERENTIAL_PAIRS (10,000,000) with a fresh seed
#   mutants    bugs planted in the engine (test/mutants): the differential must find each of them
#   kernels    the whole agent under other kernels, in virtual machines (test/vm); VM_KERNELS, VM_PARTS for some
#   flood      test/e2e/flood.py as the issue has it: 60,000 opens a second for 30 s (root; a machine of its own)
#   churn      test/e2e/churn.py as the issue has it: 20,000 processes in 2,000 containers, both builds (root)
#   day        test/e2e/day.py as the issue has it: some ten minutes of faults (root)
#   again      all tests ROUNDS (3) more times
# ONLY="fuzz planted" does a part. Crashes, corpora and logs stay below OUT/all.
set -u
src=$(cd "$(dirname "$0")/.." && pwd)
out=$(cd "$1" && pwd) || exit 1
runs=${FUZZ_RUNS:-10000000}
seconds=${FUZZ_SECONDS:-0}
rounds=${ROUNDS:-3}
fuzz_jobs=${FUZZ_JOBS:-$(nproc)}
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

# The longest input of a target. Left alone they grow to the longest seed, which finds nothing that a shorter one does not
# and costs by the byte: a rule, a case, a message, a record with all its fields fits.
longest() {
	case $1 in
	recording) echo 4096 ;;	# several records
	scap) echo 3000 ;;	# a host and several events
	condition | retry_after) echo 512 ;;
	*) echo 1024 ;;
	esac
}

# libFuzzer weighs inputs by rare features, which costs more than the execution where features are many; measured, these
# find as much without it, 1.2 to 2 times as fast.
weighing() {
	case $1 in
	condition | decode | rules) echo 0 ;;
	*) echo 1 ;;
	esac
}

# A target's dictionary: dict/TARGET.dict, and the words of the tables that it reads.
dictionary() {
	[ -f "$src/test/fuzz/dict/$1.dict" ] && cat "$src/test/fuzz/dict/$1.dict"
	case $1 in
	format) cat "$src/test/fuzz/dict/rules.dict" ;;
	rules | condition) words "OP TRANSFORM MODIFIER FIELD" rule/op.def rule/field.def ;;
	output) words "TRANSFORM FIELD" rule/op.def rule/field.def ;;
	config) words "KEY SINK_KEY" config.def ;;
	esac
}

# words "MACRO..." FILE...: the first text of each MACRO(…) of these tables.
words() {
	macros=$(echo "$1" | sed 's/ /\\|/g')
	shift
	for table in "$@"; do
		sed -n 's/^\('"$macros"'\)([^"]*\("[^"]*"\).*/\2/p' "$src/agent/$table"
	done
}

# fuzz_one TARGET BINARY FOLDER: a run with a fresh seed; what it finds new and what crashes goes to FOLDER.
# Freed memory is kept for one execution's time, not for 256 MiB, and stacks of allocations are short: half of the time
# went there. An input that crashes is run again without these options to see more.
fuzz_one() {
	mkdir -p "$3/new"
	seed=$(seed)
	dictionary "$1" >"$3/dict"
	dict=
	[ -s "$3/dict" ] && dict=-dict=$3/dict
	ASAN_OPTIONS=quarantine_size_mb=4:malloc_context_size=2 "$2" -seed="$seed" -runs="$runs" \
		-max_total_time="$seconds" -max_len="$(longest "$1")" -entropic="$(weighing "$1")" ${dict:+"$dict"} -timeout=30 -reload=0 \
		-print_final_stats=1 -artifact_prefix="$3/" "$3/new" "$src/test/fuzz/corpus/$1" >"$3/log" 2>&1
}

# What libFuzzer's log says: executions, edges, inputs kept and their bytes.
figures() {
	awk -v name="$2" -v seed="$3" '
		/^#[0-9]+.*cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "corp:") corpus = $(i + 1) } }
		/^stat::number_of_executed_units:/ { executions = $2 }
		/^stat::average_exec_per_sec:/ { rate = $2 }
		END { inputs = bytes = corpus; sub("/.*", "", inputs); sub(".*/", "", bytes)
		      printf "%-14s %10d executions  %6d a second  %5d edges  %5d inputs  %8s  seed %s\n", name, executions, rate, cov,
			     inputs, bytes, seed }' "$1"
}

# One target, named by TARGET: a process of its own for each, so that they run side by side.
fuzz_target() {
	fuzz_one "$TARGET" "$out/asan/test/fuzz_$TARGET" "$out/all/fuzz/$TARGET"
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
		xargs -P "$fuzz_jobs" -I '{}' env ONLY=fuzz_target TARGET='{}' sh "$src/test/all.sh" "$out" || fail "fuzz"
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
	fuzz_one dns "$folder/build/test/fuzz_dns" "$folder"
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

differential() {
	pairs=${DIFFERENTIAL_PAIRS:-10000000}
	say "the engine against the reference, $pairs pairs of a condition and an event"
	"$out/release/tool/differential" -seed "$(seed)" -pairs "$pairs" -shares >"$out/all/differential.log" 2>&1 ||
		fail "differential: $out/all/differential.log"
	cat "$out/all/differential.log"
}

mutants() {
	say "bugs planted in the engine are found"
	"$src/test/mutants/run" "$out/release" || fail "mutants"
}

kernels() {
	say "other kernels, in virtual machines"
	"$src/test/vm/all" "$out/release" "$out/all/vm" >"$out/all/vm.tap"
	status=$?
	if [ $status = 77 ]; then
		say "kernels: not run: $(sed -n 's/^1\.\.0 # skip: //p' "$out/all/vm.tap")"
		return
	fi
	grep -v '^#' "$out/all/vm.tap"
	[ -s "$out/all/vm/kernels.md" ] && cat "$out/all/vm/kernels.md"
	[ $status = 0 ] || fail "kernels: $(grep -c '^not ok' "$out/all/vm.tap") checks, $out/all/vm.tap"
}

flood() {
	say "a flood of 30 s"
	[ "$(id -u)" = 0 ] || { say "skipped: needs root"; return; }
	FLOOD_SECONDS=30 BUILD="$out/release" SRC="$src" NOROSHI="$out/release/noroshi" "$src/test/e2e/flood.py" || fail "flood"
}

churn() {
	say "20,000 short processes in 2,000 short containers"
	[ "$(id -u)" = 0 ] || { say "skipped: needs root"; return; }
	for build in release asan; do
		CHURN=2000x10 BUILD="$out/$build" SRC="$src" NOROSHI="$out/$build/noroshi" "$src/test/e2e/churn.py" || fail "churn, $build"
	done
}

day() {
	say "ten minutes of faults"
	[ "$(id -u)" = 0 ] || { say "skipped: needs root"; return; }
	DAY=30 BUILD="$out/release" SRC="$src" NOROSHI="$out/release/noroshi" "$src/test/e2e/day.py" || fail day
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

for part in ${ONLY:-fuzz planted decoder differential mutants flood churn day kernels again}; do
	$part
done
if [ "${ONLY-}" = fuzz_target ]; then
	[ -z "$failed" ]
	exit
fi
[ -z "$failed" ] || { say "FAILED:$failed"; exit 1; }
say "the long rounds passed"
