#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which rules are on (`rules`, --enable, --disable, tags, priority, first match), what is put behind their outputs
# (`append_output`), and findings as Falco's JSON lines.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF2'
- rule: Net one
  desc: d
  condition: evt.type = connect
  output: "one %fd.sport %proc.name %evt.failed %fd.name"
  priority: WARNING
  tags: [net, b, a]
- rule: Net two
  desc: d
  condition: evt.type = connect
  output: "two %proc.name"
  priority: INFO
  tags: [net]
- rule: File
  desc: d
  condition: evt.type = open
  output: "file %fd.name"
  priority: ERROR
- rule: Off
  desc: d
  condition: evt.type in (open, connect)
  output: off
  priority: ERROR
  tags: [off]
  enabled: false
EOF2
cat >events.jsonl <<'EOF2'
{"evt.num":1,"evt.rawtime":1700000000123456789,"evt.type":"connect","proc.name":"curl","fd.sport":443,"evt.failed":false,"proc.pid":7}
{"evt.num":2,"evt.rawtime":1700000001000000000,"evt.type":"open","proc.name":"cat","fd.name":"/tmp/\"x\""}
EOF2

# rules NAME WANTED OPTIONS...: which rules have findings, in order
rules() {
	name=$1 wanted=$2
	shift 2
	"$NOROSHI" replay -r rules.yaml -e events.jsonl --json "$@" 2>err |
		python3 -c 'import json,sys; print(",".join(json.loads(l)["rule"] for l in sys.stdin))' >out
	if [ "$(cat out)" = "$wanted" ]; then ok "$name"; else not_ok "$name: $(cat out), not $wanted"; cat err; fi
}

rules "as the rules say" "Net one,Net two,File"
rules "a rule off by its name" "Net two,File" --disable "Net one"
rules "the name is the whole name" "Net one,Net two,File" --disable "Net"
rules "a star in a name" "File" --disable "Net*"
rules "stars that have to try again" "Net one,File" --disable "*t *t*o*"
rules "case counts" "Net one,Net two,File" --disable "net*"
rules "in sequence" "Net one,Off,Off" --disable "*" --enable-tag net --disable "*two" --enable Off
rules "a tag on" "Net one,Net two,Off,File,Off" --enable-tag off
rules "a tag off" "File" --disable-tag net
rules "least urgency" "File" --priority error
rules "what is below it cannot be enabled" "Net one,File" --priority warning --enable "Net two"
rules "the first match only" "Net one,File" --matching first
rules "the first of those that are on" "Net two,File" --matching first --disable "Net one"
status 2 "no priority" "$NOROSHI" replay -r rules.yaml -e events.jsonl --priority loud
status 2 "neither all nor first" "$NOROSHI" run -r rules.yaml --matching most
status 0 "nobody is meant" "$NOROSHI" check rules.yaml --disable nobody --enable-tag none
has err "that is said" 'nothing to disable: no rule has the name "nobody"'
has err "of tags too" 'nothing to enable: no rule has the tag "none"'
has out "rules that are on are counted" '^ok: 3 rules'

cat >first.cfg <<'EOF2'
rules_files: [rules.yaml]
rule_matching: first
priority: warning
rules:
- disable: {rule: "*"}
- enable: {rule: "*ne", tag: off}
append_output:
- match: {tags: [net, a], source: syscall}
  extra_output: "(pid %proc.pid)"
  extra_fields: [evt.num, user.name, {who: "%proc.name/%proc.pid"}, {user: "%user.name"}, {up: "%toupper(user.name)"}, {as: "by %user.name"}]
- match: {rule: Off}
  extra_output: never
- match: {tags: [net, missing]}
  extra_output: never
EOF2
"$NOROSHI" replay -c first.cfg -e events.jsonl --falco-json >out 2>err
cat >look.py <<'EOF2'
import json, os, socket, sys
lines = open(sys.argv[1]).read().splitlines()
one, off = map(json.loads, lines)
assert list(one) == sorted(one) and list(one["output_fields"]) == sorted(one["output_fields"])
assert one["hostname"] == socket.gethostname() and one["source"] == "syscall" and one["priority"] == "Warning"
assert one["rule"] == "Net one" and one["tags"] == ["a", "b", "net"]
assert one["time"] == "2023-11-14T22:13:20.123456789Z", one["time"]
assert one["output"].endswith(".123456789: Warning one 443 curl false <NA> (pid 7)"), one["output"]
assert one["output_fields"] == {"fd.sport": 443, "proc.name": "curl", "evt.failed": False, "fd.name": None, "proc.pid": 7,
	"evt.num": 1, "who": "curl/7", "user.name": None, "user": None, "up": None, "as": "by <NA>", "evt.time": 1700000000123456789}, one["output_fields"]
assert off["rule"] == "Off" and off["output"].endswith(": Error off never"), off
EOF2
holds "a configuration's choice, its additions, and Falco's JSON" python3 look.py out
"$NOROSHI" replay -c first.cfg -e events.jsonl --disable Off >out 2>err
holds "the command line comes after it" test "$(grep -c . out)" = 1
has out "the output ends with what is appended" 'one 443 curl false <NA> \(pid 7\)'

cat >bad.cfg <<'EOF2'
rule_matching: most
rules:
- disble: {rule: x}
- disable: {rul: x}
- enable: x
append_output:
- match: {tag: [a]}
  extra_outputs: x
  suggested_output: maybe
EOF2
status 1 "a bad configuration" "$NOROSHI" check -c bad.cfg rules.yaml
same err "$golden/check-select.txt" "every error of it at its place"
printf 'append_output:\n- extra_output: "%%proc.nmae"\n' >template.cfg
status 1 "a bad template" "$NOROSHI" check -c template.cfg rules.yaml
has err "is told once" 'error: append_output: .*"proc.nmae"'
holds "and once only" test "$(grep -c error err)" = 1
printf 'append_output:\n- suggested_output: true\n' >suggested.cfg
"$NOROSHI" replay -c suggested.cfg -r rules.yaml -e events.jsonl --disable "Net*" >out 2>err
has out "suggested fields" 'container_id=<NA> container_name=<NA> .*k8s_ns_name=<NA>'
finish
