#!/bin/sh
# The rule printed in README.md is shorter than 20 lines, loads without a warning, and its own examples hold; what README.md
# names is there, and its numbers of fields and default rules are those of this build.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
awk '/^```yaml$/ { on = 1; next } /^```$/ { on = 0 } on' "$SRC/README.md" >"$tmp/my.yaml"
lines=$(wc -l <"$tmp/my.yaml")
[ "$lines" -gt 4 ] && [ "$lines" -lt 20 ]
"$NOROSHI" check --strict "$tmp/my.yaml"
"$NOROSHI" test "$tmp/my.yaml" >"$tmp/out"
grep -qx '2 cases, 0 failed' "$tmp/out"
"$NOROSHI" explain -r "$tmp/my.yaml" >"$tmp/out"
grep -q 'execve' "$tmp/out"
# a case that does not hold is seen: the same rule with its examples exchanged
sed -e 's/- match:/- swapped:/; s/- nomatch:/- match:/; s/- swapped:/- nomatch:/' "$tmp/my.yaml" >"$tmp/wrong.yaml"
status=0
"$NOROSHI" test "$tmp/wrong.yaml" >"$tmp/out" 2>&1 || status=$?
[ "$status" = 1 ] || { echo "exchanged examples: exit $status, not 1"; cat "$tmp/out"; exit 1; }

# the files and commands that README.md names exist
grep -oE '(docs|contrib|test)/[A-Za-z0-9._/-]+[A-Za-z0-9]' "$SRC/README.md" | sort -u | while read -r f; do
	[ -e "$SRC/$f" ] || { echo "README.md names $f, which does not exist"; exit 1; }
done
"$NOROSHI" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' >"$tmp/commands"
sed -n 's/^ *\(build\/release\/\)\{0,1\}noroshi \([a-z]*\) .*/\2/p' "$SRC/README.md" | while read -r c; do
	grep -qx "$c" "$tmp/commands" || { echo "README.md names the command $c"; exit 1; }
done

# the numbers are those of this build
fields=$("$NOROSHI" fields --names | wc -l)
never=$("$NOROSHI" fields --json | grep -o '"available":false' | wc -l)
rules=$(cat "$SRC"/rules/*.yaml | grep -c '^- rule:')
[ "$never" -gt 0 ] && [ "$never" -lt "$fields" ]
for promise in "$never of $fields fields are never known here" "| default rules | $rules, each"; do
	grep -qF "$promise" "$SRC/README.md" || { echo "README.md does not say: $promise"; exit 1; }
done
echo "readme: the rule of $lines lines loads and its examples hold"
