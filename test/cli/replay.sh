#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `replay`: findings of recorded events with their number; recordings and JSON lines; damaged ones.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- rule: Second
  desc: d
  condition: evt.type = openat and fd.name startswith /etc/
  output: "%proc.name opened %fd.name"
  priority: WARNING
  tags: [T1003]
- rule: First
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow
  output: "shadow opened by %proc.name, uid %user.uid"
  priority: CRITICAL
EOF
cat >events.jsonl <<'EOF'
{"evt.type":"openat","fd.name":"/usr/x","proc.name":"cat"}
{"evt.type":"openat","fd.num":3,"fd.name":"/etc/shadow","proc.name":"cat","user.uid":0}
{"evt.type":"openat","fd.num":3,"fd.name":"/etc/shadow","proc.name":"cat","user.uid":0}
EOF
cat >look.py <<'EOF'
import json, sys
v = [json.loads(l) for l in open(sys.argv[1])]
assert [(f["eventNumber"], f["rule"], f["count"]) for f in v] == [
    (2, "Second", 1), (2, "First", 1), (3, "Second", 1), (3, "First", 1)], v
assert v[0]["output"] == "cat opened /etc/shadow" and v[1]["output"] == "shadow opened by cat, uid 0", v
assert v[0]["severity"] == "SEVERITY_MEDIUM" and v[0]["severityScore"] == 5 and v[0]["mitre"] == ["T1003"], v[0]
assert v[1]["severity"] == "SEVERITY_HIGH" and v[1]["type"] == "Custom:Runtime/First", v[1]
assert len({f["id"] for f in v}) == 4 and all(f["revision"] == 1 for f in v), v
assert all("container" not in f for f in v), v
EOF
status 0 "JSON lines" "$NOROSHI" replay --json -r rules.yaml -e events.jsonl
holds "a finding for every match, in order, not folded" python3 look.py out
has err "the sum" '^noroshi replay: 3 events, 4 findings$'
cat >explodes.yaml <<'EOF'
- rule: Explodes
  desc: d
  condition: evt.type = open and proc.cmdline regex '(a+)+b'
  output: x
  priority: INFO
EOF
long=$(printf '%04000d' 0 | tr 0 a)
printf '{"evt.type":"open","proc.cmdline":"%s!b"}\n{"evt.type":"open","proc.cmdline":"%sb"}\n' "$long" "$long" >explodes.jsonl
status 0 "a regular expression that explodes" "$NOROSHI" replay -r explodes.yaml -e explodes.jsonl
has err "is given up, and counted" '^noroshi replay: 2 events, 1 findings, 1 regular expressions given up at their limit$'
status 0 "for people" "$NOROSHI" replay -r rules.yaml -e events.jsonl
holds "one line each" test "$(wc -l <out)" = 4
has out "with the output" 'cat opened /etc/shadow'
status 0 "the default rules" "$NOROSHI" replay -e events.jsonl
has out "know the shadow file" 'Shadow file read'
: >empty
status 0 "an empty file" "$NOROSHI" replay -r rules.yaml -e empty

status 2 "no such file" "$NOROSHI" replay -r rules.yaml -e nowhere
status 2 "no such rules" "$NOROSHI" replay -r nowhere.yaml -e events.jsonl
printf -- '- rule: x\n' >bad.yaml
status 2 "rules that do not load" "$NOROSHI" replay -r bad.yaml -e events.jsonl
status 2 "no events" "$NOROSHI" replay -r rules.yaml
status 2 "an argument too many" "$NOROSHI" replay -r rules.yaml -e events.jsonl more
printf '{"evt.type":"openat","fd.name":"/etc/a"}\n{"evt.type":"openat","fd.name":"/etc/b"\n' >cut.jsonl
status 2 "a line cut short" "$NOROSHI" replay --json -r rules.yaml -e cut.jsonl
has err "its place" '^noroshi replay: cut.jsonl:2:[0-9]+: not JSON'
has out "what stood before it counts" '"output":"[^"]*opened /etc/a"'
head -c 5000 /dev/urandom | tr -d 'n\n' >garbage
status 2 "garbage" "$NOROSHI" replay -r rules.yaml -e garbage
{ printf 'noroshi\n'; head -c 5000 /dev/urandom; } >garbage
status 2 "garbage that begins like a recording" "$NOROSHI" replay -r rules.yaml -e garbage
status 2 "an output that takes nothing" sh -c '"$NOROSHI" replay --json -r rules.yaml -e events.jsonl >/dev/full'

if [ -x "$BUILD/bench/gen_recording" ]; then
	"$BUILD/bench/gen_recording" -n 2000 mix.rec
	status 0 "a recording" "$NOROSHI" replay --json -r default -e mix.rec
	cp out whole
	status 0 "and its events" "$NOROSHI" eval -e mix.rec 'evt.type exists'
	cat >look.py <<'EOF'
import json, sys
events = [json.loads(l) for l in open(sys.argv[1])]
findings = [json.loads(l) for l in open(sys.argv[2])]
assert len(events) > 1900 and findings, (len(events), len(findings))
assert [e["evt.num"] for e in events] == list(range(1, len(events) + 1))
for f in findings:
    e = events[f["eventNumber"] - 1]
    assert f["process"]["pid"] == e["proc.pid"], (f, e)
EOF
	holds "findings name their events" python3 look.py out whole
	head -c "$(($(wc -c <mix.rec) * 2 / 3))" mix.rec >cut.rec
	status 2 "a recording cut short" "$NOROSHI" replay --json -r default -e cut.rec
	has err "where" '^noroshi replay: cut.rec: .*(byte [0-9]+|record)'
	holds "what is there still counts" sh -c 'test -s out && head -c "$(wc -c <out)" whole | cmp -s - out ||
		test "$(wc -l <out)" -lt "$(wc -l <whole)" -a -s out'
	{ head -c 9000 mix.rec; printf '\377\377\377\377\377'; tail -c +9006 mix.rec; } >damaged.rec
	status 2 "a damaged recording" "$NOROSHI" replay -r default -e damaged.rec
	head -c 20 mix.rec >head.rec
	status 2 "half a header" "$NOROSHI" replay -r default -e head.rec
else
	echo "# built without benchmarks, which make recordings: that part is skipped"
fi

if [ -d "$shared/corpus/captures" ]; then
	for f in "$shared"/corpus/captures/*.events.jsonl; do
		status 0 "stable rules over ${f##*/}" "$NOROSHI" replay --json -r "$shared/corpus/falco-rules/stable.yaml" -e "$f"
		has err "every event was read" "^noroshi replay: $(grep -c . "$f") events, "
	done
else
	echo "# no captures in ../shared: that part is skipped"
fi
finish
