#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `explain RULE`: the tree with costs, what this host sees, and with -e why the rule is true or false of an event.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- list: shells
  items: [sh, bash]
- macro: spawned
  condition: evt.type in (execve, execveat)
- macro: odd_parent
  condition: (proc.pname in (nginx, "a b") or proc.aname = java)
- rule: Shell
  desc: d
  condition: spawned and proc.name in (shells) and odd_parent and not proc.args contains "-c true" and proc.name != val(proc.pname)
  output: shell %proc.name
  priority: NOTICE
- rule: Off
  desc: d
  condition: evt.type = ptrace and proc.name regex "(gdb|lldb)"
  output: x
  priority: NOTICE
  enabled: false
- rule: Blind
  desc: d
  condition: evt.type in (semop) and evt.reltime > 5
  output: x
  priority: NOTICE
- rule: Half blind
  desc: d
  condition: evt.type in (execve, semop) and fd.sport = 5
  output: x
  priority: NOTICE
EOF
cat >macro.yaml <<'EOF'
- macro: spawned
  condition: (evt.type in (execve, execveat) and evt.arg.res = 0)
- rule: In a macro
  desc: d
  condition: proc.name = sh and spawned
  output: x
  priority: NOTICE
EOF
cat >events.jsonl <<'EOF'
{"evt.type":"execve","proc.name":"cat","proc.pname":"nginx"}
{"evt.type":"openat","proc.name":"bash"}
{"evt.type":"execve","proc.name":"bash","proc.pname":"nginx","proc.args":"-c \u001b[31mid"}
{"evt.type":"execve","proc.name":"bash","proc.pname":"ls","proc.aname":["ls","sshd"],"proc.args":"-c true"}
EOF

status 0 "a rule" "$NOROSHI" explain -r rules.yaml Shell
same out "$golden/explain-tree.txt" "tree, cost and host"
status 0 "a rule that is off" "$NOROSHI" explain -r rules.yaml Off
has out "says so" 'NOTICE, disabled|Notice, disabled'
has out "and has a tree" 'proc.name regex'
status 0 "a rule nobody reports anything for" "$NOROSHI" explain -r rules.yaml Blind
has out "says so" 'cannot see it: no event of this rule is reported here'
has out "and which field is never there" 'never set +evt.reltime: '
status 0 "a rule some of whose events are reported" "$NOROSHI" explain -r rules.yaml "Half blind"
has out "says so" 'reports some of the events of this rule'
has out "and which field none of them has" 'no event of this rule that is reported here has fd.sport$'

status 0 "events" "$NOROSHI" explain -r rules.yaml -e events.jsonl Shell
same out "$golden/explain-events.txt" "those of its types, each part, and why"
status 0 "one event" "$NOROSHI" explain -r rules.yaml -e events.jsonl:2 Shell
has out "of another type" '^  false because evt.type = "openat" is not in \(execve, execveat\)$'
status 0 "a type that a macro asks for" "$NOROSHI" explain -r macro.yaml -e events.jsonl:2 "In a macro"
has out "is the reason, before a plain check" '^  false because evt.type = "openat" is not in \(execve, execveat\)$'
status 0 "no event of its types" "$NOROSHI" explain -r rules.yaml -e events.jsonl Off
has out "the first" '^  false because evt.type = "execve" is not ptrace$'
has out "counted" '^4 events, 0 of its types, true for 0$'
cp events.jsonl odd:2
status 0 "a file of that name" "$NOROSHI" explain -r rules.yaml -e odd:2 Shell
has out "is read whole" '^4 events, 3 of its types, true for 1$'
for _ in 1 2 3 4 5 6 7; do cat events.jsonl; done >many.jsonl
status 0 "many" "$NOROSHI" explain -r rules.yaml -e many.jsonl Shell
has out "are counted" '^28 events, 21 of its types, true for 7; 20 shown, -e FILE:N shows event N$'

status 0 "as JSON" "$NOROSHI" explain --json -r rules.yaml -e events.jsonl:3 Shell
if command -v python3 >/dev/null; then
	holds "tree, cost, host, results" python3 -c '
import json
[o] = json.load(open("out"))
def leaves(p): return [p] if p["kind"] == "check" else [x for q in p["parts"] for x in leaves(q)]
assert o["host"] == {"events": "all", "fieldsMissing": []}, o["host"]
assert o["cost"]["event"] in ("execve", "execveat") and 0 < o["cost"]["expected"] < o["cost"]["most"]
assert o["tree"]["kind"] == "and" and all("cost" in x for x in leaves(o["tree"]))
[e] = o["evaluations"]
assert e["event"] == 3 and e["type"] == "execve" and e["holds"] and e["why"].startswith("true because ")
l = leaves(e["tree"])
assert [x["result"] for x in l] == ["true", "true", "true", "missing", "false", "true"], l
assert l[2]["macro"] == "odd_parent" and l[2]["value"] == "\"nginx\"" and "value" not in l[3]
assert o["evaluated"] == {"events": 4, "ofItsTypes": 3, "true": 1}'
fi
status 0 "all as JSON" "$NOROSHI" explain --json -r rules.yaml
has out "have trees" '"tree":'
status 2 "no such event" "$NOROSHI" explain -r rules.yaml -e events.jsonl:5 Shell
has err "says how many there are" '^noroshi explain: events.jsonl has 4 events, none with the number 5$'
status 2 "no such file" "$NOROSHI" explain -r rules.yaml -e nowhere.jsonl Shell
status 2 "no such rule" "$NOROSHI" explain -r rules.yaml Shel
has err "the nearest" 'did you mean "Shell"'
status 2 "events without a rule" "$NOROSHI" explain -r rules.yaml -e events.jsonl
has err "says so" '^noroshi explain: -e needs the name of a RULE$'
finish
