#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `eval`: matching lines unchanged; lists and macros from rules; where a condition or a line is wrong.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >events.jsonl <<'EOF'
{"evt.type":"execve",  "proc.name":"bash", "proc.aname":["nginx","systemd"], "x.unknown": 1}
{"evt.num":7,"evt.type":"openat","fd.name":"/etc/shadow","proc.name":"cat"}

{"evt.type":"execve","proc.name":"ls"}
EOF
printf -- '- list: shells\n  items: [sh, bash]\n- macro: is_shell\n  condition: proc.name in (shells)\n' >lists.yaml

status 0 "a condition" "$NOROSHI" eval -e events.jsonl 'evt.type = execve and proc.aname = systemd'
sed -n 1p events.jsonl >want
same out want "the line as it stands"
status 0 "nothing holds" "$NOROSHI" eval -e events.jsonl 'evt.type = unlink'
holds "nothing is printed" test ! -s out
status 0 "lists and macros" "$NOROSHI" eval -e events.jsonl -r lists.yaml 'is_shell or not proc.name in (shells)'
sed '/^$/d' events.jsonl >want
same out want "every line"
holds "rules that only lend something do not warn" test ! -s err
status 0 "the default rules' macros" "$NOROSHI" eval -e events.jsonl -r default 'opened or evt.type = openat'
status 0 "a condition of several lines" "$NOROSHI" eval -e events.jsonl 'evt.type = execve
  and proc.name = ls'
sed -n 4p events.jsonl >want
same out want "is one condition"

status 2 "fields that do not exist" "$NOROSHI" eval -e events.jsonl 'proc.nmae = x
  and fd.nam = 3'
same err "$golden/eval-bad.txt" "every error, where it was typed"
status 2 "a broken condition" "$NOROSHI" eval -e events.jsonl 'proc.name = cat and'
has err "its place" '^condition:1:[0-9]+: error: '
status 2 "no such rules" "$NOROSHI" eval -e events.jsonl -r nowhere.yaml 'evt.num > 0'
status 2 "no such file" "$NOROSHI" eval -e nowhere.jsonl 'evt.num > 0'
status 2 "a folder" "$NOROSHI" eval -e . 'evt.num > 0'
status 2 "no events" "$NOROSHI" eval 'evt.num > 0'
status 2 "no condition" "$NOROSHI" eval -e events.jsonl
status 2 "two conditions" "$NOROSHI" eval -e events.jsonl 'evt.num > 0' 'evt.num > 1'

printf '{"evt.type":"open"}\n\n{"evt.type": }\n' >broken.jsonl
status 2 "a broken line" "$NOROSHI" eval -e broken.jsonl 'evt.type exists'
has err "its place" '^noroshi eval: broken.jsonl:3:14: not JSON'
has out "what stood before it counts" '^{"evt.type":"open"}$'
printf '{"evt.type":"open"}\n[1]\n' >broken.jsonl
status 2 "a line that is no object" "$NOROSHI" eval -e broken.jsonl 'evt.type exists'
has err "its line" '^noroshi eval: broken.jsonl:2:1: '
printf '{"evt.type":7}\n' >broken.jsonl
status 2 "an event without a type" "$NOROSHI" eval -e broken.jsonl 'evt.type exists'
has err "says so" '^noroshi eval: broken.jsonl:1:1: .*evt.type'
printf '\033[31m{}\n' >broken.jsonl
status 2 "garbage" "$NOROSHI" eval -e broken.jsonl 'evt.type exists'
has err "its place" '^noroshi eval: broken.jsonl:1:1: not JSON'
holds "a terminal obeys no file" sh -c '! grep -q "$(printf "\033")" err'
printf '{"evt.type":"open","proc.name":"cut' >broken.jsonl
status 2 "a line cut short" "$NOROSHI" eval -e broken.jsonl 'evt.type exists'
has err "its line" '^noroshi eval: broken.jsonl:1:'
: >empty.jsonl
status 0 "an empty file" "$NOROSHI" eval -e empty.jsonl 'evt.type exists'
status 2 "an output that takes nothing" sh -c '"$NOROSHI" eval -e events.jsonl "evt.type exists" >/dev/full'

if [ -d "$shared/corpus/captures" ]; then
	for f in "$shared"/corpus/captures/*.events.jsonl; do
		status 0 "${f##*/}" "$NOROSHI" eval -e "$f" 'evt.type exists'
		same out "$f" "${f##*/} is printed unchanged"
	done
else
	echo "# no captures in ../shared: that part is skipped"
fi
finish
