#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# noroshi-rules(5) names every lint, in the words of the table, and none besides.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sed -n 's/^LINT(\([A-Z_]*\), [a-z_]*, "[^"]*", "\(.*\)")$/LINT_\1 \2/p' "$SRC/agent/rule/lint.def" | sed 's/\\"/"/g' >"$tmp/code"
sed -n '/^\.Sh LINTS/,/^\.El/p' "$SRC/docs/noroshi-rules.5" | sed -n '/^\.It Li /{s///;N;s/\n/ /;s/\\(dq/"/g;p}' >"$tmp/manual"
diff -u "$tmp/code" "$tmp/manual"
[ "$(grep -c '^LINT(' "$SRC/agent/rule/lint.def")" = "$(wc -l <"$tmp/code")" ] && [ "$(wc -l <"$tmp/code")" -gt 10 ]
echo "lints: the manual agrees with $(wc -l <"$tmp/code") lints"
