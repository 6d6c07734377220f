#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `check --lint`: each lint says what it should and nothing of its near misses (test/rules/lint, each with its golden text).
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"
golden=$SRC/test/rules/lint

for file in "$SRC"/test/rules/lint/*.yaml; do
	name=$(basename "$file" .yaml)
	cp "$file" .
	status 0 "$name" "$NOROSHI" check --lint "$name.yaml"
	same err "$golden/$name.txt" "$name: what is said"
	code=LINT_$(echo "${name%_file}" | tr '[:lower:]' '[:upper:]')
	has err "$name: its lint speaks" "\\[$code\\]\$"
	status 0 "$name without --lint" "$NOROSHI" check "$name.yaml"
	holds "$name: no lint speaks then" sh -c '! grep -q LINT_ err'
done

# Every lint has such a file; this one has dates that move.
cat >expires.yaml <<END
- rule: Excepted
  desc: Held against the lints.
  condition: evt.type = execve
  output: "%proc.name"
  priority: INFO
  tags: [process]
  exceptions:
    - {name: soon, fields: proc.name, values: [a], expires: $(date -u -d '+10 days' +%F)}
    - {name: later, fields: proc.name, values: [b], expires: $(date -u -d '+30 days' +%F)}
    - {name: past, fields: proc.name, values: [c], expires: 2001-01-01}
  examples:
    - nomatch: [{evt.type: execve, proc.name: a}, {evt.type: execve, proc.name: b}]
END
status 0 "an exception that expires" "$NOROSHI" check --lint expires.yaml
has err "soon" 'exception "soon" expires in (9|10) days; .*\[LINT_EXCEPTION_EXPIRES\]$'
has err "already" 'exception "past" has expired'
holds "once" sh -c '[ "$(grep -c "warning:" err)" = 2 ]'
for id in $(sed -n 's/^LINT(\([A-Z_]*\),.*/\1/p' "$SRC/agent/rule/lint.def"); do
	file=$golden/$(echo "$id" | tr '[:upper:]' '[:lower:]').yaml
	holds "LINT_$id has a test" test "$id" = EXCEPTION_EXPIRES -o -f "$file"
done

cp "$golden/no_tags.yaml" .
status 1 "a finding with --strict" "$NOROSHI" check --lint --strict no_tags.yaml
status 0 "as JSON" "$NOROSHI" check --lint --json no_tags.yaml
has out "it is a warning" '"errors":\[\],"warnings":\[\{"code":"LINT_NO_TAGS","codedesc":"no tags"'
has out "at its place, from 0" '"line":8,"column":8'
status 0 "the default rules, strictly" "$NOROSHI" check --lint --strict
finish
