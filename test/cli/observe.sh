#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `enabled: observe`, in the rule and by configuration: explain says so, replay marks, tests see matches as ever.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- rule: Tried
  desc: d
  condition: evt.type = execve and proc.name = bash
  output: tried %proc.name
  priority: NOTICE
  enabled: observe
- rule: Live
  desc: d
  condition: evt.type = execve
  output: live %proc.name
  priority: NOTICE
EOF
printf '{"evt.type":"execve","proc.name":"bash"}\n{"evt.type":"execve","proc.name":"ls"}\n' >events.jsonl

status 0 "replay" "$NOROSHI" replay -r rules.yaml -e events.jsonl
holds "the observed one is marked" test "$(grep -c '^observed: .*Tried' out)" = 1
holds "the others are not" test "$(grep -v '^observed: ' out | grep -c Live)" = 2
has err "counted apart" '^noroshi replay: 2 events, 2 findings, 1 matches only observed$'
status 0 "replay as JSON" "$NOROSHI" replay -r rules.yaml -e events.jsonl --json
holds "marked" test "$(grep -c '"observed":true' out)" = 1
status 0 "only the first match" "$NOROSHI" replay -r rules.yaml -e events.jsonl --matching first
has err "an observed rule takes nobody's place" '2 findings, 1 matches only observed'
status 0 "explain" "$NOROSHI" explain -r rules.yaml Tried
has out "says so" 'Notice, observed: no findings$'
status 0 "explain --json" "$NOROSHI" explain -r rules.yaml --json
has out "the mode" '"mode":"observe".*"mode":"on"'

printf 'rules:\n  - observe: {rule: "L*"}\n  - enable: {rule: Tried}\n' >c.yaml
status 0 "by configuration" "$NOROSHI" replay -c c.yaml -r rules.yaml -e events.jsonl
has err "the other way round" '2 events, 1 findings, 2 matches only observed'
printf 'rules:\n  - disable: {rule: "*"}\n  - observe: {rule: Live}\n' >c.yaml
status 0 "off, then observed" "$NOROSHI" replay -c c.yaml -r rules.yaml -e events.jsonl
has err "is on" '2 events, 0 findings, 2 matches only observed'
printf 'rules:\n  - observe: {rule: None}\n' >c.yaml
"$NOROSHI" replay -c c.yaml -r rules.yaml -e events.jsonl >out 2>err
has err "no such rule" 'nothing to observe: no rule has the name "None"'

printf -- '- rule: Live\n  override: {enabled: replace}\n  enabled: observe\n' >over.yaml
status 0 "by override" "$NOROSHI" replay -r rules.yaml -r over.yaml -e events.jsonl
has err "both" '0 findings, 3 matches only observed'
status 0 "by option" "$NOROSHI" replay -r rules.yaml -e events.jsonl --enable Tried --observe 'L*'
has err "the other way round, too" '2 events, 1 findings, 2 matches only observed'
printf 'rules:\n  - observe: {rule: Live}\n' >c.yaml
status 0 "an option over the configuration" "$NOROSHI" replay -c c.yaml -r rules.yaml -e events.jsonl --enable Live
has err "comes after it" '2 events, 2 findings, 1 matches only observed'
sed 's/Live$/&\n  tags: [t]/' rules.yaml >tagged.yaml
status 0 "by a tag" "$NOROSHI" replay -r tagged.yaml -e events.jsonl --observe-tag t
has err "both" '0 findings, 3 matches only observed'
status 0 "nobody" "$NOROSHI" check rules.yaml --observe Lively
has err "is told" 'nothing to observe: no rule has the name "Lively"'
status 0 "check" "$NOROSHI" check rules.yaml
printf 'Rules that make no findings:\n  only observed: "Tried"\nok: 2 rules in 1 file, 0 warnings\n' >want
same out want "tells what is only observed"
status 0 "check of what is off" "$NOROSHI" check tagged.yaml --disable-tag t
has out "by its name" '^  disabled: "Live"$'
status 0 "check as JSON" "$NOROSHI" check --json tagged.yaml --disable-tag t
has out "the modes" '"modes":\[\{"rule":"Tried","file":"tagged.yaml","line":1,"mode":"observe"\},\{"rule":"Live","file":"tagged.yaml","line":7,"mode":"off","because":"disabled"\}\]'
status 0 "check with a priority" "$NOROSHI" check tagged.yaml --priority warning
has out "what is below it" '^  below the priority: "Tried", "Live"$'
status 0 "check of rules that are on" "$NOROSHI" check tagged.yaml --enable '*'
holds "says nothing of modes" test "$(cat out)" = "ok: 2 rules in 1 file, 0 warnings"

sed 's/enabled: observe/enabled: watch/' rules.yaml >bad.yaml
status 2 "any other word" "$NOROSHI" replay -r bad.yaml -e events.jsonl
has err "is refused" '"enabled" has to be true, false or observe'
finish
