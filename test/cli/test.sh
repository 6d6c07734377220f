#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `test`: the default rules against their examples and test/rules; every key of a test file; what a failure says.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

status 0 "the default rules and their examples" "$NOROSHI" test
has out "none fails" '^[0-9]+ cases, 0 failed$'
status 0 "the default rules and test/rules" "$NOROSHI" test -t "$SRC/test/rules"
has out "none fails there" '^[0-9]+ cases, 0 failed$'

cat >rules.yaml <<'EOF'
- rule: Shell
  desc: d
  condition: evt.type = execve and (proc.name in (sh, bash) or proc.pname = x) and container.id != host
  output: "shell %proc.name by %proc.pname"
  priority: WARNING
  examples:
    - match: {evt.type: execve, proc.name: sh, container.id: 3ad7b26ded6d}
    - nomatch: [{evt.type: execve, proc.name: ls, container.id: 3ad7b26ded6d}, {evt.type: open, proc.name: sh}]
- rule: Open
  desc: d
  condition: evt.type = openat and fd.name startswith /etc/
  output: "open %fd.name"
  priority: WARNING
EOF
sed 's/proc.name: ls/proc.name: sh/' rules.yaml >wrong-example.yaml
status 0 "examples that hold" "$NOROSHI" test rules.yaml
status 1 "an example that does not" "$NOROSHI" test wrong-example.yaml
has out "is named by its line" '^FAIL wrong-example.yaml:8: '

cat >events.jsonl <<'EOF'
{"evt.type":"openat","fd.name":"/etc/passwd"}
{"evt.type":"openat","fd.name":"/usr/x"}
EOF
cat >good.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: output, event and fields
    defaults: {container.id: 3ad7b26ded6d, evt.type: execve, proc.pname: nginx}
    events: [{proc.name: ls}, {proc.name: bash}, {proc.name: sh, container.id: host}]
    expect: [{rule: Shell, event: 2, output: shell bash by nginx, fields: {proc.name: bash, proc.pname: nginx}}]
  - name: count
    events: [{evt.type: openat, fd.name: /etc/x}, {evt.type: openat, fd.name: /usr/x}, {evt.type: openat, fd.name: /etc/y}]
    expect: [{rule: Open, count: 2}]
  - name: a count of none
    events: {evt.type: openat, fd.name: /usr/x}
    expect: [{rule: Open, count: 0}]
  - name: silent ones
    events: {evt.type: openat, fd.name: /etc/x}
    expect: [Open]
    silent: [Shell]
  - name: others are allowed where it says so
    events: {evt.type: openat, fd.name: /etc/x}
    silent: [Shell]
    allow_others: true
  - name: all silent
    events: {evt.type: openat, fd.name: /usr/x}
    silent: all
  - name: a file of events
    replay: events.jsonl
    expect: [{rule: Open, event: 1}]
  - name: to be done
    todo: reads are not told apart yet
    events: {evt.type: openat, fd.name: /usr/x}
    expect: [Open]
EOF
status 0 "every key of a test file" "$NOROSHI" test -t good.test.yaml
has out "all cases ran" '^8 cases, 0 failed, 1 todo$'
status 0 "rules are those of the file, also from elsewhere" sh -c 'cd / && "$NOROSHI" test -t "$1"' sh "$dir/good.test.yaml"

cat >other.yaml <<'EOF'
- rule: Everything
  desc: d
  condition: evt.type = openat
  output: x
  priority: WARNING
EOF
mkdir folder
cp rules.yaml other.yaml events.jsonl folder
cp good.test.yaml folder/a.test.yaml
printf 'rules: [other.yaml]\ntests:\n- {name: other, events: {evt.type: openat}, expect: [Everything]}\n' >folder/b.test.yaml
status 0 "each file of a folder has its own rules" "$NOROSHI" test -t folder
has out "both ran" '^9 cases, 0 failed'

cat >failing.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: nothing fires
    defaults: {container.id: 3ad7b26ded6d, evt.type: execve}
    events:
      - {proc.name: zsh, proc.pname: nginx}
      - {proc.name: bash, proc.pname: nginx}
    expect: [{rule: Shell, event: 1}]
  - name: another output
    events: {evt.type: openat, fd.name: /etc/x}
    expect: [{rule: Open, output: open /etc/y}]
  - name: another field
    events: {evt.type: openat, fd.name: /etc/x}
    expect: [{rule: Open, fields: {fd.name: /etc/y}}]
  - name: another count
    events: {evt.type: openat, fd.name: /etc/x}
    expect: [{rule: Open, count: 2}]
  - name: one too many
    events: {evt.type: openat, fd.name: /etc/x}
    silent: [Shell]
  - name: not silent
    events: {evt.type: openat, fd.name: /etc/x}
    silent: all
  - name: no such rule
    events: {evt.type: openat, fd.name: /usr/x}
    silent: [Shel]
  - name: no such event
    events: {evt.type: openat, fd.name: /etc/x}
    expect: [{rule: Open, event: 3}]
    allow_others: true
  - name: no event of that type
    events: {evt.type: unlink}
    expect: [Open]
  - name: no such file
    replay: nowhere.jsonl
    silent: all
EOF
status 1 "cases that fail" "$NOROSHI" test -t failing.test.yaml
same out "$golden/test-failing.txt" "what was false, with the values"
status 1 "as TAP" "$NOROSHI" test --format tap -t failing.test.yaml -t good.test.yaml
same out "$golden/test-tap.txt" "TAP"
status 1 "as JUnit" "$NOROSHI" test --format junit -t failing.test.yaml -t good.test.yaml
cat >look.py <<'EOF'
import sys, xml.etree.ElementTree as e
s = e.parse(sys.argv[1]).getroot()
assert (s.get("tests"), s.get("failures"), s.get("skipped")) == ("18", "10", "1"), s.attrib
c = s.findall("testcase")
assert len(c) == 18 and len(s.findall("testcase/failure")) == 10 and len(s.findall("testcase/skipped")) == 1
assert c[0].get("name") == "nothing fires" and (c[0].get("file"), c[0].get("line")) == ("failing.test.yaml", "3") and "proc.name in (sh, bash)" in c[0].find("failure").text
EOF
holds "JUnit is XML with the counts" python3 look.py out

cat >bad.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - nme: x
    events: {evt.type: openat, fd.nmae: /etc/x}
    expect: [{rule: Open, event: -1}, {output: x}, {rule: Open, fields: [x]}]
  - name: nothing expected
    events: [{evt.type: openat}, 7]
  - name: no events
    silent: all
  - name: not a flag
    events: {evt.type: openat}
    allow_others: maybe
    silent: [{}]
  - 7
EOF
status 1 "bad test file" "$NOROSHI" test -t bad.test.yaml
same err "$golden/test-bad.txt" "every error of a test file at its place"
printf 'tests:\n  - {name: x, events: [\n' >not.test.yaml
status 1 "not YAML" "$NOROSHI" test rules.yaml -t not.test.yaml
has err "the place" '^not.test.yaml:3:1: error: not YAML: '
printf 'tests:\n  - name: "\377"\n' >bytes.test.yaml
status 1 "not UTF-8" "$NOROSHI" test rules.yaml -t bytes.test.yaml
has err "the place of the byte" '^bytes.test.yaml:2:12: error: not YAML: '
printf -- '- rule: x\n' >bad-rules.yaml
status 1 "rules that do not load" "$NOROSHI" test bad-rules.yaml -t good.test.yaml
status 2 "no such test file" "$NOROSHI" test rules.yaml -t nowhere.test.yaml
status 2 "no such rules" "$NOROSHI" test nowhere.yaml

# Rules chosen as the agent has them, and Falco's own meaning.
cat >chosen.yaml <<'EOF'
- rule: Trap
  desc: d
  condition: evt.type = connect and fd.snet != allof (10.0.0.0/8)
  output: "trap %fd.sip"
  priority: WARNING
  tags: [net]
- rule: Off
  desc: d
  condition: evt.type = execve
  output: off
  priority: INFO
  enabled: false
  examples: [{match: {evt.type: execve}}, {nomatch: {evt.type: open}}]
EOF
cat >chosen.test.yaml <<'EOF'
rules: [chosen.yaml]
tests:
  - {name: here, events: {evt.type: connect, fd.sip: 10.0.0.1}, silent: [Trap]}
  - {name: there, events: {evt.type: connect, fd.sip: 10.0.0.1}, expect: [{rule: Trap, output: trap 10.0.0.1}]}
EOF
status 1 "a trap, as its author means it" "$NOROSHI" test -t chosen.test.yaml
has out "the original's case fails" '^FAIL .*: there$'
holds "the other one does not" sh -c '! grep -q "FAIL.*: here$" out'
status 1 "a trap, as Falco has it" "$NOROSHI" test --falco-strict -t chosen.test.yaml
has out "the author's case fails" '^FAIL .*: here$'
holds "the original's does not" sh -c '! grep -q "FAIL.*: there$" out'
printf 'semantics: falco\nrules_files: [chosen.yaml]\nappend_output:\n- extra_output: more\n' >chosen.cfg
status 1 "by configuration" "$NOROSHI" test -c chosen.cfg -t chosen.test.yaml
has out "its additions to outputs are there" 'got: *trap 10.0.0.1 more$'
status 1 "examples of a rule that is off" "$NOROSHI" test chosen.yaml
has out "fail" '^      the rule is disabled$'
status 0 "enabled by its name" "$NOROSHI" test chosen.yaml --enable 'O*'
has out "they hold" '^2 cases, 0 failed$'
status 0 "a priority" "$NOROSHI" test --priority warning --falco-strict --rule there -t chosen.test.yaml --examples
has out "only cases of what is on" '^1 case, 0 failed$'
status 1 "a tag off" "$NOROSHI" test --disable-tag net -t chosen.test.yaml
has err "nothing is left" 'the rules of every case are off'
status 0 "cases left out" "$NOROSHI" test --disable Trap --enable Off -t chosen.test.yaml --examples
has out "are counted" '^2 cases, 0 failed, 2 of rules that are off$'
status 0 "as JSON" "$NOROSHI" test --json --disable Trap --enable Off -t chosen.test.yaml --examples
has out "as well" '"off": 2'
printf 'rules: [rules.yaml]\ntests:\n- {name: other, events: {evt.type: open}, silent: all}\n' >more.test.yaml
status 0 "rules of one test file" "$NOROSHI" test --disable Trap -t chosen.test.yaml -t more.test.yaml
holds "are found" sh -c '! grep -q nothing err'
status 0 "a name that nobody has in two test files" "$NOROSHI" test --disable Trip --rule other -t chosen.test.yaml -t more.test.yaml
holds "is told once" sh -c '[ "$(grep -c "nothing to disable" err)" = 1 ]'
status 0 "a name that nobody has" "$NOROSHI" test --disable Trip --enable Off chosen.yaml
has err "is told once" 'nothing to disable: no rule has the name "Trip"'
status 1 "coverage under Falco's meaning" "$NOROSHI" test --falco-strict --mutate --rule there -t chosen.test.yaml --min-mutation 100
has out "mutants are asked as Falco asks" 'mutation: '
status 2 "mutants of the first match" "$NOROSHI" test --matching first --mutate chosen.yaml
status 2 "an option's value" "$NOROSHI" test --priority loud chosen.yaml
status 2 "unknown format" "$NOROSHI" test --format xml rules.yaml
status 1 "nothing to test" "$NOROSHI" test other.yaml
has err "it says so" 'no case and no example'
finish
