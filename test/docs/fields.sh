#!/bin/sh
# noroshi-rules(5) names every field with its type, every event and every operator of this build, and none besides; its
# examples of types and operators hold.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
manual=$SRC/docs/noroshi-rules.5

"$NOROSHI" fields --names | sort >"$tmp/fields.code"
sed -n 's/^\.It Va \([^ ]*\) (.*/\1/p' "$manual" | sort >"$tmp/fields.manual"
diff -u "$tmp/fields.code" "$tmp/fields.manual"
"$NOROSHI" fields | awk '{ print $1, "(" $2 ")" }' | sort >"$tmp/types.code"
sed -n 's/^\.It Va \(.*\)/\1/p' "$manual" | sort >"$tmp/types.manual"
diff -u "$tmp/types.code" "$tmp/types.manual"

"$NOROSHI" events --names | sort >"$tmp/events.code"
sed -n 's/^\.It Ic \([^ ]*\) (.*/\1/p' "$manual" | sort >"$tmp/events.manual"
diff -u "$tmp/events.code" "$tmp/events.manual"

"$NOROSHI" operators --names | sort >"$tmp/operators.code"
sed -n '/^\.Ss Operators/,/^\.Sh/s/^\.It Cm \\&//p' "$manual" | sort >"$tmp/operators.manual"
diff -u "$tmp/operators.code" "$tmp/operators.manual"
# every operator has an example that names it, and the examples of operators and types hold for the event of the manual
sed -n '/^\.Ss Operators/,/^\.Sh/p' "$manual" >"$tmp/operators"
sed -n '/^\.Bd/,/^\.Ed/p' "$tmp/operators" | grep -v '^\.' | tr -d '\n' >"$tmp/event.jsonl"
awk '/^\.It Cm/ { name = substr($3, 3) }
	/^\.Dl/ && !index($0, name) { print "no " name " in " $0; bad = 1 }
	END { exit bad }' "$tmp/operators"
examples() {
	sed -n 's/\\(dq/"/g; s/^\.Dl //p' "$@"
}
examples "$tmp/operators" >"$tmp/examples"
[ "$(wc -l <"$tmp/examples")" = "$(wc -l <"$tmp/operators.code")" ]
sed -n '/^\.Ss Types/,/^\.Ss Missing/p' "$manual" >"$tmp/types"
[ "$(grep -c '^\.Dl' "$tmp/types")" -ge 7 ]
examples "$tmp/types" >>"$tmp/examples"
while IFS= read -r condition; do
	[ "$("$NOROSHI" eval -e "$tmp/event.jsonl" "$condition" | wc -l)" = 1 ] || { echo "does not hold: $condition"; exit 1; }
	[ "$("$NOROSHI" eval -e "$tmp/event.jsonl" "not ($condition)" | wc -l)" = 0 ]
done <"$tmp/examples"
[ "$(wc -l <"$tmp/fields.code")" -gt 200 ] && [ "$(wc -l <"$tmp/operators.code")" -gt 20 ]
echo "fields: the manual agrees with $(wc -l <"$tmp/fields.code") fields, events and operators"
