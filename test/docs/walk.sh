#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/FROM-FALCO.md and docs/WRITING-RULES.md print what stands there, and the check of it can fail.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 "$SRC/test/docs/walk.py" "$SRC/docs/WRITING-RULES.md" "$SRC/docs/FROM-FALCO.md"

# one promise broken, and a walk that comes to its end still: exactly one command fails
sed '0,/^2 cases, 0 failed$/s//2 cases, 7 failed/' "$SRC/docs/WRITING-RULES.md" >"$tmp/broken.md"
status=0
python3 "$SRC/test/docs/walk.py" "$tmp/broken.md" >"$tmp/out" || status=$?
[ "$status" = 1 ] || { echo "a broken promise: exit $status, not 1"; cat "$tmp/out"; exit 1; }
grep -q ' commands, 1 failed$' "$tmp/out"

echo "walk: what the documents promise holds"
