#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `fields`, `events`, `operators`, `version`, `help`: what they name exists, and their three forms say the same.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >look.py <<'EOF'
import json, sys
rows = json.load(open(sys.argv[1]))
names = [l.rstrip("\n") for l in open(sys.argv[2])]
shown = [r["name"] for r in rows if r.get("seen", True)]
assert shown == names and len(set(shown)) == len(shown) and shown, set(shown) ^ set(names)
assert all(r["doc"] for r in rows), [r for r in rows if not r["doc"]]
EOF
for what in fields events operators; do
	status 0 "$what" "$NOROSHI" $what
	cp out text
	status 0 "$what --names" "$NOROSHI" $what --names
	cp out names
	holds "$what: a line each" test "$(wc -l <text)" = "$(wc -l <names)"
	status 0 "$what --json" "$NOROSHI" $what --json
	holds "$what: the three forms agree" python3 look.py out names
	status 2 "$what with an argument" "$NOROSHI" $what more
	status 2 "$what with an unknown option" "$NOROSHI" $what --xml
done
status 0 "events --ways" "$NOROSHI" events --ways
has out "a way and what it is" '^io_uring: a request'
has out "what is seen" '^    seen    exec fork exit '
status 0 "events --ways --json" "$NOROSHI" events --ways --json
cat >ways.py <<'EOW'
import json, sys
rows = json.load(open(sys.argv[1]))
ways = {r["way"] for r in rows}
events = {e for r in rows if r["way"] == "plain" for e in r["events"]}
assert len(ways) > 20 and len(events) > 40, (ways, events)
for way in ways:
    told = [e for r in rows if r["way"] == way for e in r["events"]]
    assert sorted(told) == sorted(events), way
assert all(r["state"] == "seen" or r["why"] for r in rows)
EOW
holds "each way says one thing of each event" python3 ways.py out
status 2 "events --ways --names" "$NOROSHI" events --ways --names
status 0 "events" "$NOROSHI" events
has out "with the parameters of each call" '^openat .*; evt.arg: fd dirfd name flags mode dev ino$'
"$NOROSHI" events --names >names
echo '{"evt.type":"execve"}' >e.jsonl
while read -r event; do
	"$NOROSHI" eval -e e.jsonl "evt.type = $event" >/dev/null 2>&1 || not_ok "evt.type = $event compiles"
done <names
ok "every event compiles"
status 0 "version" "$NOROSHI" version
has out "its first line" '^noroshi [0-9]+\.[0-9]+'
status 0 "version --json" "$NOROSHI" version --json
holds "is JSON" python3 -c 'import json; v = json.load(open("out")); assert v["version"] and v["libraries"]["libuv"]'
status 0 "--version" "$NOROSHI" --version
status 0 "help" "$NOROSHI" --help
for command in $(sed -n 's/^  \([a-z]*\) .*/\1/p' out); do
	status 0 "$command --help" "$NOROSHI" "$command" --help
	has out "$command: usage" "^usage: noroshi $command"
	status 2 "$command with an unknown option" "$NOROSHI" "$command" --no-such-option
done
status 2 "no command" "$NOROSHI"
status 2 "an unknown command" "$NOROSHI" chekc
has err "a suggestion" 'did you mean "check"'
"$NOROSHI" fields --json >out
cat >never.py <<'EOF'
import json, sys
rows = {f["name"]: f for f in json.load(open(sys.argv[1]))}
assert sum(not f["own"] for f in rows.values()) >= 294, len(rows)
for f in rows.values():
    assert f["available"] == (f["neverBecause"] is None), f
    assert f["available"] or (len(f["neverBecause"]) > 10 and f["doc"].endswith(": " + f["neverBecause"])), f
assert "sandbox" in rows["k8s.pod.labels"]["neverBecause"]
EOF
holds "a field that no event has says why" python3 never.py out
finish
