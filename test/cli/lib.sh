# SPDX-License-Identifier: Apache-2.0
# Shared by the tests of the commands: TAP lines, a folder that goes away, golden texts.
# shellcheck shell=sh disable=SC2034
set -u
golden=$SRC/test/cli/golden
shared=$SRC/../shared
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
tests=0 bad=0

ok() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

not_ok() {
	tests=$((tests + 1)) bad=$((bad + 1))
	echo "not ok $tests - $1"
}

# status WANTED NAME COMMAND...: what it prints is kept in ./out and ./err.
status() {
	wanted=$1 name=$2
	shift 2
	"$@" >out 2>err </dev/null
	got=$?
	if [ "$got" = "$wanted" ]; then
		ok "$name: exit $wanted"
	else
		not_ok "$name: exit $got, not $wanted"
		sed 's/^/# /' out err
	fi
}

# same FILE TEXT-FILE NAME: FILE is what it should be. UPDATE_GOLDEN=1 writes a golden text instead.
same() {
	case ${UPDATE_GOLDEN:+$2} in "$golden"/*) cp "$1" "$2" ;; esac
	if cmp -s "$1" "$2"; then
		ok "$3"
	else
		not_ok "$3"
		diff -u "$2" "$1" | sed 's/^/# /'
	fi
}

# has FILE NAME PATTERN: a line of FILE is as the extended regular expression says.
has() {
	if grep -qE -e "$3" "$1"; then
		ok "$2"
	else
		not_ok "$2: nothing like $3"
		sed 's/^/# /' "$1"
	fi
}

# holds NAME COMMAND...
holds() {
	name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name"; fi
}

finish() {
	echo "1..$tests"
	[ "$bad" = 0 ]
	exit
}
