#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `profile`: what is counted is exact, what is timed is there and in order; no figure of time is asserted on.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- macro: spawned
  condition: evt.type in (execve, execveat)
- rule: Shell
  desc: d
  condition: spawned and (proc.name = sh or proc.name = bash) and not proc.pname = sshd
  output: x
  priority: NOTICE
- rule: Open
  desc: d
  condition: evt.type = openat and fd.name startswith /etc/
  output: x
  priority: NOTICE
- rule: Off
  desc: d
  condition: evt.type = openat
  output: x
  priority: NOTICE
  enabled: false
EOF
cat >events.jsonl <<'EOF'
{"evt.type":"execve","proc.name":"bash","proc.pname":"nginx"}
{"evt.type":"execve","proc.name":"bash"}
{"evt.type":"execve","proc.name":"sh","proc.pname":"sshd"}
{"evt.type":"execveat","proc.name":"cat"}
{"evt.type":"openat","fd.name":"/etc/passwd"}
{"evt.type":"connect"}
EOF

status 0 "as text" "$NOROSHI" profile -r rules.yaml -e events.jsonl
has out "all together" '^6 events, 2 rules: together [0-9]+ ns an event, [0-9]+ events a second'
has out "a rule" '^ *[0-9.]+% +[0-9.]+ +4 +2  Shell$'
has out "a check" ' 4 +2    proc.name = bash|proc.name = sh'
has out "of a macro" 'evt.type in \(execve, execveat\)  \(spawned\)$'
status 0 "as JSON" "$NOROSHI" profile -r rules.yaml -e events.jsonl --json
if command -v python3 >/dev/null; then
	holds "evaluations and outcomes" python3 -c '
import json
o = json.load(open("out"))
assert o["events"] == 6 and o["rules"] == 2
rules = {r["rule"]: r for r in o["profile"]}
assert list(sorted(rules)) == ["Open", "Shell"]
counts = lambda r: (r["evaluations"], r["hits"])
assert counts(rules["Shell"]) == (4, 2) and counts(rules["Open"]) == (1, 1)
checks = {c["check"]: (c["evaluations"], c["true"], c["missing"]) for c in rules["Shell"]["checks"]}
assert checks == {"evt.type in (execve, execveat)": (4, 4, 0), "proc.name = sh": (4, 1, 0), "proc.name = bash": (3, 2, 0),
                  "proc.pname = sshd": (3, 1, 1)}, checks
ns = [r["ns"] for r in o["profile"]]
assert ns == sorted(ns, reverse=True) and abs(sum(r["share"] for r in o["profile"]) - 1) < 0.001'
fi
status 0 "the dearest" "$NOROSHI" profile -r rules.yaml -e events.jsonl --top 1
holds "one rule" test "$(grep -c % out)" = 1
status 0 "which rules" "$NOROSHI" profile -r rules.yaml -e events.jsonl --enable Off --disable Shell
has out "one more, one less" ' 1 +1  Off$'
holds "one less" sh -c '! grep -q Shell out'

# more rules than are measured in one pass: every one is there, once, with the same events
for i in $(seq 600); do
	printf -- '- rule: R%s\n  desc: d\n  condition: evt.type = openat and fd.name = /x/%s\n  output: x\n  priority: NOTICE\n' "$i" "$i"
done >many.yaml
status 0 "six hundred rules" "$NOROSHI" profile -r many.yaml -e events.jsonl --top 0
has out "events once" '^6 events, 600 rules: '
holds "all of them" test "$(grep -cE ' 1 +0  R[0-9]+$' out)" = 600

: >empty.jsonl
status 0 "no events" "$NOROSHI" profile -r rules.yaml -e empty.jsonl
has out "says so" '^0 events, 2 rules'
status 2 "no file" "$NOROSHI" profile -r rules.yaml
status 2 "no such file" "$NOROSHI" profile -r rules.yaml -e nowhere.jsonl
has err "its name" '^noroshi profile: nowhere.jsonl: '
status 2 "no number" "$NOROSHI" profile -r rules.yaml -e events.jsonl --top x
status 2 "rules that do not load" "$NOROSHI" profile -r nowhere.yaml -e events.jsonl
finish
