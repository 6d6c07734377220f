#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# findings --propose-exception: what it prints silences the finding, with the rules as they are, and only what it said.
# The findings come by replay, protobuf's own JSON reader and a receiver into a store.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

command -v protoc >/dev/null && /usr/bin/python3 -c 'import google.protobuf' 2>/dev/null || { echo "skip: no protoc or python3-protobuf"; exit 77; }

cat >events.py <<'EOF'
import json
base = {"evt.type": "openat", "evt.res": "SUCCESS", "evt.is_open_read": True, "evt.is_open_write": False, "fd.name": "/etc/shadow",
        "fd.num": 3, "fd.typechar": "f", "user.name": "root", "container.id": "host", "proc.pname": "cron"}
odd = "backup --to=\"s3://b, c\" it's\n(a\\b) \u72fc" + "x" * 300
for pid, name, cmdline in ((77, "backup", odd), (78, "backup", odd), (79, "cat", "cat /etc/shadow"), (80, "backup", "backup"), (81, "slash", "slash \\")):
    print(json.dumps(dict(base, **{"proc.name": name, "proc.exepath": "/opt/" + name, "proc.cmdline": cmdline, "proc.pid": pid})))
EOF
cat >post.py <<'EOF'
import json, sys, urllib.request
from google.protobuf import json_format
from noroshi.v1 import batch_pb2
batch = batch_pb2.FindingBatch(agent_id="2f1c1f0e-0000-4000-8000-000000000001", batch=1)
for line in open(sys.argv[1]):
    one = json.loads(line)
    one.pop("eventNumber")
    json_format.ParseDict(one, batch.findings.add())
r = urllib.request.Request(sys.argv[2], batch.SerializeToString(), {"Content-Type": "application/x-protobuf"})
urllib.request.urlopen(r).read()
EOF
python3 events.py >events.jsonl
"$NOROSHI" replay -r "$SRC/rules" -e events.jsonl --json >findings.jsonl 2>err
holds "five findings" test "$(grep -c . findings.jsonl)" = 5
protoc -I "$SRC/proto" --python_out=. "$SRC"/proto/noroshi/v1/*.proto
"$NOROSHI" receive --listen 127.0.0.1:0 --store store.db >receive.log 2>&1 &
receiver=$!
for _ in $(seq 100); do
	url=$(grep -o 'http://[^ ,;]*' receive.log | head -n 1)
	[ -z "$url" ] || break
	sleep 0.1
done
holds "the receiver takes them" /usr/bin/python3 post.py findings.jsonl "$url"
kill "$receiver"
wait "$receiver" 2>/dev/null

id() {
	sed -n "$1"'s/.*"id":"\([^"]*\)".*/\1/p' findings.jsonl
}

# left PROPOSAL: numbers of the events that still make a finding.
left() {
	"$NOROSHI" replay -r "$SRC/rules" -r "$1" -e events.jsonl --json 2>err | sed 's/.*"eventNumber":\([0-9]*\).*/\1/' | tr '\n' ' '
}

status 0 "of a finding with an odd command line" "$NOROSHI" findings --store store.db --propose-exception "$(id 1)"
cp out odd.yaml
has odd.yaml "says what else it silences" "^# and 1 of the 4 other stored findings of the rule:"
has odd.yaml "compares the beginning of what is too long" "startswith"
holds "no process id in it" sh -c '! grep -q proc.pid odd.yaml'
status 0 "it loads without a warning" "$NOROSHI" check --strict "$SRC/rules" odd.yaml
holds "those two are silent, the others are not" test "$(left odd.yaml)" = "3 4 5 "
short=$(id 3 | tail -c 9)
status 0 "by the end of the id" "$NOROSHI" findings --store store.db --propose-exception "$short"
cp out cat.yaml
has cat.yaml "none of the others" "^# and none of the 4 other"
holds "it is silent alone" test "$(left cat.yaml)" = "1 2 4 5 "
status 0 "of a value that ends in a backslash" "$NOROSHI" findings --store store.db --propose-exception "$(id 5)"
cp out slash.yaml
holds "that one too" test "$(left slash.yaml)" = "1 2 3 4 "
status 2 "an id that is not there" "$NOROSHI" findings --store store.db --propose-exception 0000ffff
has err "says so" "no finding with id"
status 2 "too short an id" "$NOROSHI" findings --store store.db --propose-exception f
finish
