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

# Exceptions held against events: what of them silences something there, example or not.
cat >held.yaml <<'END'
- rule: Held
  desc: Held against events.
  condition: evt.type = execve and proc.name = a
  output: "%proc.name"
  priority: INFO
  tags: [process]
  exceptions:
    - name: tuples
      fields: [proc.pname, proc.cwd]
      comps: [=, startswith]
      values:
        - [b, /srv]
        - [c, /srv]
    - {name: words, fields: proc.exe, values: [x, y, z]}
    - {name: unmet, fields: proc.pname, values: [d, e]}
- rule: Never
  desc: No event is for it.
  condition: evt.type = execve and proc.name = never
  output: "%proc.name"
  priority: INFO
  tags: [process]
  exceptions:
    - {name: idle, fields: proc.exe, values: [x, y]}
END
cat >held.jsonl <<'END'
{"evt.type":"execve","proc.name":"a","proc.pname":"b","proc.cwd":"/srv/"}
{"evt.type":"execve","proc.name":"a","proc.exe":"y"}
{"evt.type":"execve","proc.name":"other","proc.exe":"x","proc.pname":"d"}
{"evt.type":"execve","proc.name":"a"}
END
status 0 "exceptions against events" "$NOROSHI" check --lints exception_not_hit -e held.jsonl held.yaml
sed -n 's/^\(held.yaml:[0-9]*:[0-9]*\): warning: \(.*\) .rule ".*/\1 \2/p' err >got
cat >want <<'END'
held.yaml:13:12 this value of the exception "tuples" silences nothing: it meets none of the 3 matches among 4 events; drop it, if these are events of all that it was made for
held.yaml:14:48 this value of the exception "words" silences nothing: it meets none of the 3 matches among 4 events; drop it, if these are events of all that it was made for
held.yaml:14:54 this value of the exception "words" silences nothing: it meets none of the 3 matches among 4 events; drop it, if these are events of all that it was made for
held.yaml:15:14 the exception "unmet" silences nothing: it meets none of the 3 matches among 4 events; drop it, if these are events of all that it was made for
held.yaml:23:14 the exception "idle" had nothing to silence: without it the rule matches none of the 4 events, either
END
same got want "what silences nothing"
grep -v '"proc.exe":"y"' held.jsonl >first.jsonl
grep '"proc.exe":"y"' held.jsonl >second.jsonl
status 0 "events of several files" "$NOROSHI" check --lints exception_not_hit -e first.jsonl -e second.jsonl held.yaml
sed -n 's/^\(held.yaml:[0-9]*:[0-9]*\): warning: \(.*\) .rule ".*/\1 \2/p' err >got
same got want "together"
status 2 "no such events" "$NOROSHI" check -e gone.jsonl held.yaml
has err "are named" '^gone.jsonl: error: cannot read the events'

# One lint silent: by option, and beside what it would speak of.
cat >silent.yaml <<'END'
- macro: slow
  condition: (evt.type = execve and proc.acmdline regex ".*x[0-9].*" and proc.pid = 5)
- rule: One
  desc: Held against the lints.
  condition: slow and proc.name in (a)
  output: "%proc.name"
  priority: INFO
- rule: Two
  desc: Held against the lints.
  condition: evt.type = open and fd.name in (a)
  output: "%proc.name"
  priority: INFO
  tags: [a]
END
codes() {
	sed -n 's/^\([^ ]*\):[0-9]*: warning.*\[LINT_\(.*\)\]$/\1 \2/p' err | sort >got
	printf '%s\n' "$@" | sed '/^$/d' | sort >want
	same got want "what is said"
}
with() {
	status 0 "lints $*" "$NOROSHI" check "$@"
}
with --lint silent.yaml
codes "silent.yaml:2 ORDER" "silent.yaml:3 NO_EXAMPLES" "silent.yaml:3 NO_TAGS" "silent.yaml:5 LIST_OF_ONE" "silent.yaml:10 LIST_OF_ONE"
with --lints=no_tags,LINT_ORDER silent.yaml
codes "silent.yaml:2 ORDER" "silent.yaml:3 NO_TAGS"
with --lints -list_of_one,-no_examples silent.yaml
codes "silent.yaml:2 ORDER" "silent.yaml:3 NO_TAGS"
with --lints no_tags,-no_tags,order silent.yaml
codes "silent.yaml:2 ORDER"
sed '/rule: One/a\  no_lint: [list_of_one, Order, LINT_NO_TAGS]' silent.yaml >beside.yaml
with --lint beside.yaml
codes "beside.yaml:3 NO_EXAMPLES" "beside.yaml:11 LIST_OF_ONE"
sed '/macro: slow/a\  no_lint: order' silent.yaml >macro.yaml
with --lints order,list_of_one macro.yaml
codes "macro.yaml:6 LIST_OF_ONE" "macro.yaml:11 LIST_OF_ONE"
sed -n '/rule: Two/,$p' silent.yaml | sed 's/name: Two/&/;/rule: Two/a\  no_lint: [order, list_of_one]' >two.yaml
with --lints list_of_one silent.yaml two.yaml
codes "silent.yaml:5 LIST_OF_ONE"
printf -- '[{macro: a, condition: proc.name in (a), no_lint: list_of_one}, {macro: b, condition: proc.name in (b)},\n' >flow.yaml
printf '{rule: r, desc: d e, condition: evt.type = open and a and b, output: x, priority: INFO}]\n' >>flow.yaml
with --lints list_of_one flow.yaml
has err "items of one line" '^flow.yaml:1:87: warning: .*LIST_OF_ONE'
holds "the first is silent" test "$(grep -c LIST_OF_ONE err)" = 1
status 2 "no such lint" "$NOROSHI" check --lints order,no_tag silent.yaml
has err "the nearest is named" 'no lint has the name "no_tag"; did you mean "no_tags"'
status 2 "an empty name" "$NOROSHI" check --lints order, silent.yaml
sed 's/  no_lint: .*/  no_lint: [order, no_tag]/' beside.yaml >bad.yaml
status 1 "no such lint in a file" "$NOROSHI" check bad.yaml
has err "its place" '^bad.yaml:4:12: error: no lint has the name "no_tag"; did you mean "no_tags"[?] .rule "One".'
status 0 "the default rules, strictly" "$NOROSHI" check --lint --strict
finish
