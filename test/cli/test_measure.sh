#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `test`: --coverage, --min-coverage, --mutate, --examples, --rule, --fail-fast, --format json, colours.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- list: my_shells
  items: [sh, bash]
- macro: spawned
  condition: evt.type = execve and evt.res = SUCCESS
- rule: Shell
  desc: d
  condition: >
    spawned and proc.name in (my_shells)
    and not proc.pname = sshd
  output: "shell %proc.name by %proc.pname"
  priority: WARNING
  exceptions:
    - name: builders
      fields: [user.name, proc.cmdline]
      comps: [=, startswith]
      values:
        - [build, make]
  examples:
    - match: {evt.type: execve, evt.res: SUCCESS, proc.name: sh}
    - nomatch: {evt.type: execve, evt.res: SUCCESS, proc.name: ls}
- rule: Port
  desc: d
  condition: evt.type = connect and (fd.rport > 1024 or fd.rport = 22)
  output: "port %fd.rport"
  priority: WARNING
- rule: Off
  desc: d
  enabled: false
  condition: evt.type = open
  output: x
  priority: WARNING
EOF
cat >a.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: ports
    events: [{evt.type: connect, fd.rport: 2000}, {evt.type: connect, fd.rport: 80}, {evt.type: open}]
    expect: [{rule: Port, event: 1, count: 1, output: port 2000}]
  - name: says nothing of ports
    events: [{evt.type: connect, fd.rport: 22}]
    silent: [Shell]
    allow_others: true
  - name: a setup changes a list of the same condition
    setup:
      - {list: my_shells, items: [zsh], override: {items: append}}
    events: [{evt.type: execve, evt.res: SUCCESS, proc.name: zsh, user.name: build, proc.cmdline: make all}]
    silent: all
EOF
status 0 "coverage of examples" "$NOROSHI" test --coverage rules.yaml
same out "$golden/test-coverage.txt" "what was never true, never false, never asked, with its place"
status 0 "coverage of a test file" "$NOROSHI" test --coverage -t a.test.yaml
has out "a rule has what its judged cases saw" '^   83 %  Port$'
has out "an event that no case judges does not count" 'never true   rules.yaml:23:57: fd.rport = 22$'
has out "an exception has its place" 'never false  rules.yaml:14:16: '
status 0 "test file and examples" "$NOROSHI" test --coverage -t a.test.yaml --examples
has out "both ran" '^5 cases, 0 failed$'
status 0 "one rule" "$NOROSHI" test --coverage -t a.test.yaml --examples --rule 'Po*'
has out "its case" '^1 case, 0 failed$'
holds "and no other rule's figures" sh -c '! grep -q Shell out'
status 0 "cases by their name" "$NOROSHI" test -v -t a.test.yaml --rule 'says *' --coverage
has out "one" '^1 case, 0 failed$'
has out "figures are of all rules" '   0 %  Port \(no case\)'
status 1 "no such case" "$NOROSHI" test -t a.test.yaml --rule 'x*'
has err "it says so" 'no case is like --rule x\*'

status 0 "enough" "$NOROSHI" test --min-coverage 83 -t a.test.yaml --rule Port
status 1 "not enough" "$NOROSHI" test --min-coverage 83.4 -t a.test.yaml --rule Port
has err "it names the rule" 'coverage is below 83.4 %: "Port" \(83 %\)$'
status 1 "each rule has to have it" "$NOROSHI" test --min-coverage 50 rules.yaml
has err "the one without a case" '"Port" \(0 %\)$'
status 2 "no number" "$NOROSHI" test --min-coverage 101 rules.yaml
has err "it says so" 'wants a number from 0 to 100'

# ---- mutants ----
status 0 "mutants" "$NOROSHI" test --mutate -t a.test.yaml --examples
same out "$golden/test-mutate.txt" "changes that no case notices, with their places"
cat >whole.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: all of it
    events: [{evt.type: connect, fd.rport: 1025}, {evt.type: connect, fd.rport: 1024}, {evt.type: open, fd.rport: 2000}, {evt.type: connect, fd.rport: 22}]
    expect: [{rule: Port, event: 1}, {rule: Port, event: 4}]
EOF
status 0 "all are noticed" "$NOROSHI" test --mutate -t whole.test.yaml --rule Port
has out "by events at the edges" '^  100 %  Port \(10 of 10 killed\)$'
cp whole.test.yaml whole2.test.yaml
status 0 "several files with the same rules" "$NOROSHI" test --mutate --coverage -t a.test.yaml -t whole.test.yaml -t whole2.test.yaml
has out "count together" '^  100 %  Port \(10 of 10 killed\)$'
holds "as one set of rules" test "$(grep -c ' Port' out)" = 2
status 0 "enough are killed" "$NOROSHI" test --min-mutation 100 -t whole.test.yaml --rule Port
status 1 "not enough" "$NOROSHI" test --min-mutation 70.5 -t a.test.yaml --rule Port
has err "it names the rule" 'mutation is below 70.5 %: "Port" \(70 %\)$'
status 2 "no number" "$NOROSHI" test --min-mutation x rules.yaml
has err "it says so" '--min-mutation wants a number from 0 to 100'
sed 's/fd.rport: 2000/fd.rport: 7/' a.test.yaml >failing.test.yaml
status 1 "no mutants of what fails" "$NOROSHI" test --mutate -t failing.test.yaml
has err "it says so" 'waits for cases that hold'
status 0 "as TAP" "$NOROSHI" test --format tap --mutate --coverage rules.yaml
has out "figures are comments" '^#   100 %|^# coverage: '
status 0 "as JUnit" "$NOROSHI" test --format junit --mutate --coverage rules.yaml
holds "XML" python3 -c 'import xml.etree.ElementTree as e; assert "Port" in e.parse("out").getroot().findall("system-out")[1].text'

# ---- JSON ----
status 1 "as JSON" "$NOROSHI" test --format json --coverage -t failing.test.yaml
cat >look.py <<'EOF'
import json
o = json.load(open("out"))
assert o["summary"] == {"cases": 3, "failed": 1, "todo": 0, "notRun": 0, "off": 0}, o["summary"]
c = o["cases"][0]
assert (c["name"], c["file"], c["line"], c["status"]) == ("ports", "failing.test.yaml", 3, "failed"), c
assert 'rule "Port" did not fire' in c["why"] and "why" not in o["cases"][1]
shell, port = o["coverage"]["rules"]
assert (shell["rule"], shell["file"], shell["line"]) == ("Shell", "rules.yaml", 5), shell
assert shell["checks"][0] == {"text": "evt.type = execve", "file": "rules.yaml", "line": 4, "col": 14, "macro": "spawned", "true": True, "false": True}, shell["checks"][0]
assert port["cases"] == 1 and 0 < shell["percent"] < 100
EOF
holds "what it says" python3 look.py
status 0 "mutants as JSON" "$NOROSHI" test --json --mutate -t a.test.yaml
cat >look.py <<'EOF'
import json
m = json.load(open("out"))["mutation"]
port = [r for r in m["rules"] if r["rule"] == "Port"][0]
assert port["mutants"] == 10 and port["killed"] == 10 - len(port["survivors"]) and port["leftOut"] == 0, port
assert {"kind": "drop", "text": "dropped: fd.rport = 22", "file": "rules.yaml", "line": 23, "col": 57} in port["survivors"], port
assert m["mutants"] == sum(r["mutants"] for r in m["rules"])
EOF
holds "what it says of them" python3 look.py

# ---- the first failure, colours ----
cat >two.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - {name: one, events: {evt.type: connect, fd.rport: 2000}, expect: [{rule: Port, output: port 2010 x}]}
  - {name: two, events: {evt.type: open}, expect: [Port]}
EOF
status 1 "stop" "$NOROSHI" test --fail-fast -t two.test.yaml
has out "one ran" '^1 case, 1 failed, 1 not run$'
status 1 "stop" "$NOROSHI" test --format tap --fail-fast -t two.test.yaml
has out "TAP says so" '^Bail out!'
# terminal COMMAND...: what it prints on one, escapes as ^.
terminal() {
	TERM=xterm python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$@" </dev/null | tr -d '\r' | tr '\033' '^' >out
}
terminal "$NOROSHI" test -t two.test.yaml
same out "$golden/test-colour.txt" "colours on a terminal, what differs in reverse"
NO_COLOR=1 terminal "$NOROSHI" test -t two.test.yaml
has out "it ran" "^2 cases, 2 failed$"
holds "no colours with NO_COLOR" sh -c '! grep -q "\^\[" out'
finish
