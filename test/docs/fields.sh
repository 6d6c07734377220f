#!/bin/sh
# noroshi-rules(5) names every field with its type, every event and every operator of this build, and none besides.
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
[ "$(wc -l <"$tmp/fields.code")" -gt 200 ] && [ "$(wc -l <"$tmp/operators.code")" -gt 20 ]
echo "fields: the manual agrees with $(wc -l <"$tmp/fields.code") fields, events and operators"
