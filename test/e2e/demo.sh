#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demonstration shows what it promises: five findings, told on stdout and held by the receiver, all in the task.
set -eu
[ "$(id -u)" = 0 ] || { echo "skip: needs root"; exit 77; }
command -v cc >/dev/null || { echo "skip: the demonstration builds its scene with cc"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

status=0
"$SRC/contrib/demo/demo" "$NOROSHI" >"$dir/out" 2>"$dir/err" || status=$?
if [ $status = 3 ] || grep -q "no live events" "$dir/err"; then
	echo "skip: $(tail -1 "$dir/err")"
	exit 77
fi

# ok TEXT COMMAND...: one line of TAP.
ok() {
	text=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		failed=1
	fi
}

# What people read, what the receiver has counted.
told() { grep -q "$1: .*task 0123456789abcdef0123456789abcdef container 3ad7b26ded6d" "$dir/out"; }
held() { grep -Eq "^(high|medium) +1 +[0-9]+ .* $1\$" "$dir/out"; }
left() { [ -z "$(grep -l noroshi-demo /proc/self/mounts)" ]; }

ok "it ends well" [ $status = 0 ]
for rule in "New binary executed" "Crypto miner executed" "Miner pool asked for by DNS" "Miner pool contacted" "Shadow file read"; do
	ok "$rule: told, with task and container" told "$rule"
	ok "$rule: held by the receiver" held "$rule"
done
ok "one finding is shown whole, with the name of the peer" grep -q '"remoteName": *"xmr.pool.example"' "$dir/out"
ok "nothing stays mounted" left
[ $failed = 0 ] || sed 's/^/# /' "$dir/err"
echo "1..$n"
exit $failed
