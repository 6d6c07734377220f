#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `record`: live events to a recording and to JSON lines, a condition, an end by itself; replay reads what it wrote.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

status 2 "no output" "$NOROSHI" record --for 1
status 2 "a binary recording to stdout" "$NOROSHI" record -o - --for 1
status 2 "a time that is none" "$NOROSHI" record -o x --for soon
status 2 "a condition that does not compile" "$NOROSHI" record -o x --for 1 'proc.nmae = x'
has err "where it was typed" '^condition:1:1: error: unknown field'
"$NOROSHI" record -o probe.rec --for 0.1 >out 2>err </dev/null
if [ $? = 3 ]; then
	echo "skipped: no right or no kernel feature to record: $(tail -n 1 err)"
	[ "$bad" = 0 ] && exit 77
	exit 1
fi
cp /bin/true marked_program

# recorded OPTIONS...: records until the marked program has run, then ends it as a user would
recorded() {
	: >log
	"$NOROSHI" record "$@" 2>log </dev/null &
	pid=$!
	for _ in $(seq 200); do
		grep -q ready log && break
		sleep 0.05
	done
	grep CapEff "/proc/$pid/status" >caps
	./marked_program
	cat marked_program >/dev/null
	kill -INT "$pid"
	wait "$pid"
}

recorded -o a.rec
holds "a recording ends with 0" test $? = 0
has caps "what reads foreign bytes has no capability" 'CapEff:[[:space:]]0+$'
has log "it says what it kept" 'record: [0-9]+ of [0-9]+ events kept'
status 0 "its events are read" "$NOROSHI" eval -e a.rec 'evt.type in (execve, execveat) and proc.name = marked_program'
has out "the program is among them" '"proc.name":"marked_program"'
recorded --json -o a.jsonl 'evt.type = execve and proc.name = marked_program'
holds "JSON lines with a condition" test $? = 0
holds "for the owner alone: environments are in it" test "$(stat -c %a a.rec a.jsonl | sort -u)" = 600
holds "only what it holds for" python3 -c '
import json
v = [json.loads(l) for l in open("a.jsonl")]
assert v and all(e["proc.name"] == "marked_program" and e["evt.type"] == "execve" for e in v), v'
status 0 "and they can be replayed" "$NOROSHI" replay -e a.jsonl
# A recorder that does not keep up for a while says what that cost.
: >log
"$NOROSHI" record -o slow.rec 'evt.type in (open, openat)' 2>log </dev/null &
pid=$!
for _ in $(seq 200); do
	grep -q ready log && break
	sleep 0.05
done
kill -STOP "$pid"
python3 -c '
import os
for _ in range(200000):
    os.close(os.open("/etc/passwd", os.O_RDONLY))'
kill -CONT "$pid"
kill -INT "$pid"
wait "$pid"
has log "losses are told" 'record: [0-9]+ kernel records were lost'
status 0 "--for ends by itself" "$NOROSHI" record --json -o - --for 0.3 'evt.type = execve and proc.name = nobody'
status 2 "a folder that is not there" "$NOROSHI" record -o nowhere/x.rec --for 1
finish
