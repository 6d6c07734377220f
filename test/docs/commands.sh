#!/bin/sh
# Every command has --help, stands in the manual, and answers an unknown option with one line and exit 2.
set -eu
"$NOROSHI" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort >"$BUILD/commands.code"
grep -oE '^\.It Cm [a-z ,Cm]*' "$SRC/docs/noroshi.8" | tr -s ' ,' '\n' | grep -E '^[a-z]+$' | sort -u >"$BUILD/commands.manual"
diff -u "$BUILD/commands.code" "$BUILD/commands.manual"
while read -r c; do
	"$NOROSHI" "$c" --help | grep -q "^usage: noroshi $c"
	status=0
	"$NOROSHI" "$c" --no-such-option >/dev/null 2>"$BUILD/commands.err" || status=$?
	[ "$status" = 2 ] || { echo "$c --no-such-option: exit $status, not 2"; exit 1; }
	[ "$(wc -l <"$BUILD/commands.err")" = 1 ] || { echo "$c: more than one line for an unknown option"; cat "$BUILD/commands.err"; exit 1; }
done <"$BUILD/commands.code"
status=0
"$NOROSHI" nonsense 2>/dev/null || status=$?
[ "$status" = 2 ]
for m in "$SRC"/docs/*.[58]; do
	mandoc -T lint -W warning "$m"
done
echo "commands: help, manual and exit codes agree"
