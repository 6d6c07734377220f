#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The test file of the manual holds, with the rule of the README and the default rules.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed -n '/^```yaml$/,/^```$/p' "$SRC/README.md" | sed '/^```/d' >"$dir/my.yaml"
sed -n '/^rules: \[my.yaml\]$/,/^\.Ed$/p' "$SRC/docs/noroshi-rules.5" | sed '$d' >"$dir/manual.test.yaml"
"$NOROSHI" test default "$dir/my.yaml" -t "$dir/manual.test.yaml" >"$dir/out" || { cat "$dir/out"; exit 1; }
grep -q '^5 cases, 0 failed$' "$dir/out"
echo "tests: the cases of the manual hold"
