#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `explain` says what of a rule the kernel side is told, what it is not, and why.
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- rule: Stream
  desc: d
  condition: evt.type in (dup, dup2) and evt.rawres in (0, 1, 2) and fd.typechar = 4 and proc.name = sh
  output: o
  priority: NOTICE
- rule: Connects
  desc: d
  condition: evt.type = connect and container.id != host and fd.typechar = 4 and fd.l4proto = tcp and fd.sport = 22 and fd.sip.name = x
  output: o
  priority: NOTICE
- rule: Names
  desc: d
  condition: evt.type in (rename, open) and evt.res = SUCCESS and evt.path startswith /etc/ and user.uid = 0 and user.name = x
  output: o
  priority: NOTICE
- rule: Odd
  desc: d
  condition: evt.type = ptrace and evt.arg.request regex PTRACE_.* or evt.type = execve and evt.failed = true
  output: o
  priority: NOTICE
- rule: State
  desc: d
  condition: evt.type in (execve, fork, dns)
  output: o
  priority: NOTICE
EOF
status 0 "text" "$NOROSHI" explain -r rules.yaml
grep -E '^[A-Z]|^  sent|^              [a-z]' out >sent
same sent "$golden/explain-refuse.txt" "per rule and call"
status 0 "json" "$NOROSHI" explain --json -r rules.yaml
holds "reasons" python3 - out <<'EOF'
import json, sys
rules = {r["rule"]: {s["event"]: s for s in r["sent"]} for r in json.load(open(sys.argv[1]))}
want = [("Stream", "dup2", "proc.name", "the process table is the agent's"), ("Connects", "connect", "container.id", "only the host is told from the rest"),
        ("Connects", "connect", "fd.sip.name", "names come from the agent's memory of DNS answers"),
        ("Connects", "connect", "fd.sport", "the kernel side does not look at it"), ("Names", "rename", "evt.path", "nothing of the path that is sure"),
        ("Names", "open", "user.name", "of users only the effective id is told, and whether it is root's"),
        ("Odd", "ptrace", "evt.arg.request", "not by this comparison")]
bad = [w for w in want if rules[w[0]][w[1]]["left"].get(w[2]) != w[3]]
assert not bad, bad
assert rules["Names"]["rename"]["user"] == "root" and rules["Names"]["rename"]["outcome"] == "succeeded"
assert rules["Connects"]["connect"]["where"] == "not on the host"
assert "evt.path" in rules["Names"]["open"]["told"] and "ptrace" in rules["Odd"] and not rules["Odd"]["ptrace"]["told"]
assert rules["Odd"]["execve"]["outcome"] == "failed" and not rules["State"].get("fork") and not rules["State"].get("dns")
EOF
finish
