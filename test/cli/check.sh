#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `check`: everything that is wrong at once, at its place, with a suggestion; exit codes.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >good.yaml <<'EOF'
- list: shells
  items: [sh, bash]
- rule: Shell
  desc: a shell
  condition: evt.type = execve and proc.name in (shells)
  output: "%proc.name ran"
  priority: NOTICE
EOF
cat >bad.yaml <<'EOF'
- macro: is_shell
  condition: proc.name in (sh, bash)
- rule: Field
  desc: d
  condition: evt.type = execve and proc.nmae = bash and is_shell
  output: "%proc.nmae"
  priority: WARNING
- rule: Macro
  desc: d
  condition: evt.type = execve and is_shel
  output: ok
  priority: INFO
  tag: [a]
- rule: Type
  desc: d
  condition: evt.type = exeve and proc.pid = abc
  output: x
  priority: INFO
- rule: Priority
  desc: d
  condition: evt.type = execve
  output: x
  priority: WARNNG
- rule: Output
  desc: d
  condition: evt.type = execve
  output: "%proc.nmae of %proc.pnme, %toupper(proc.nam) %join(proc.args %evt.arg %"
  priority: INFO
EOF
cp good.yaml unused.yaml
printf -- '- macro: nobody\n  condition: evt.num > 0\n' >>unused.yaml
printf -- '- rule: [\n  x: y\n' >not.yaml
printf -- '- rule: x\n  desc: \377\n' >bytes.yaml
printf 'batch:\n  cont: 5\nfold_window: 5 parsecs\nlog_levl: x\nsinks:\n- sink: stdot\n' >bad.cfg
printf 'rules_files: [%s/good.yaml]\npriority: warning\n' "$dir" >good.cfg
head -c 4096 /dev/urandom >garbage
printf 'rules_files: [%s/good.yaml]\nsinks:\n- sink: file:/nosuch/folder/f\n- sink: upload:https://h/\n  ca_file: /nosuch/ca\n- sink: upload:https://h/\n  token_file: /nosuch/token\n- sink: file:%s/findings\n' "$dir" "$dir" >sinks.cfg
: >none.yaml

status 0 "good rules" "$NOROSHI" check good.yaml
has out "it says what was read" '^ok: 1 rule in 1 file, 0 warnings$'
status 1 "bad rules" "$NOROSHI" check good.yaml bad.yaml
same err "$golden/check-bad.txt" "every error at its place"
has out "errors are counted" '^12 errors, 1 warning$'
status 1 "sinks that would not open" "$NOROSHI" check -c sinks.cfg
has err "no folder" 'sink file:/nosuch/folder/f: /nosuch/folder/: No such file'
has err "no certificates" 'cannot read the CA file /nosuch/ca'
has err "no token" 'token file /nosuch/token: No such file'
has out "and no more" '^3 errors, 0 warnings$'
test ! -e "$dir/findings" || { echo "check made a sink's file" >&2; exit 1; }
status 0 "no rules" "$NOROSHI" check none.yaml
has err "are told" '^warning: no rule is enabled: .*\[NO_RULE_ENABLED\]$'
status 1 "no rules, strictly" "$NOROSHI" check --strict none.yaml
status 0 "no rules as JSON" "$NOROSHI" check --json none.yaml
has out "are told" '"diagnostics":\[\{"code":"NO_RULE_ENABLED",.*"severity":"warning"\}\]'
status 0 "a warning alone" "$NOROSHI" check unused.yaml
has err "the warning is shown" '^unused.yaml:8:10: warning: nothing uses this macro'
status 1 "a warning with --strict" "$NOROSHI" check --strict unused.yaml
status 1 "not YAML" "$NOROSHI" check not.yaml
has err "the place of the YAML error" '^not.yaml:3:1: error: '
status 1 "not UTF-8" "$NOROSHI" check bytes.yaml
has err "the place of the byte" '^bytes.yaml:2:9: error: '
status 1 "garbage" "$NOROSHI" check garbage
status 2 "no such file" "$NOROSHI" check good.yaml nowhere.yaml
has err "it is named" '^nowhere.yaml: error: .*No such file'
status 2 "unknown option" "$NOROSHI" check --stric
has err "a suggestion" 'did you mean "--strict"'
status 2 "an option without its value" "$NOROSHI" check -c
status 0 "help" "$NOROSHI" check --help
status 0 "the default rules, strictly" "$NOROSHI" check --strict

status 1 "bad configuration" "$NOROSHI" check -c bad.cfg good.yaml
same err "$golden/check-config.txt" "every error of the configuration at its place"
status 0 "a configuration names its rules" "$NOROSHI" check -c good.cfg
has out "and they are checked" '^ok: 0 rules in 1 file'
status 2 "no such configuration" "$NOROSHI" check -c nowhere.cfg good.yaml
status 0 "the configuration that is shipped" "$NOROSHI" check -c "$SRC/contrib/noroshi.yaml"

cat >hash.yaml <<'EOF'
- rule: Condition
  desc: d
  condition: evt.type = execve and proc.sha256 = abc
  output: "%proc.name"
  priority: INFO
- rule: Output
  desc: d
  condition: evt.type = execve
  output: "%proc.sha256"
  priority: INFO
EOF
status 1 "a hash is asked for" "$NOROSHI" check hash.yaml
has err "why a condition cannot have it" '^hash.yaml:3:36: error: unknown field "proc.sha256": an executable is hashed once a rule has held'
has err "why an output cannot have it" '^hash.yaml:9:13: error: unknown field "proc.sha256"; an executable is hashed once'

status 1 "bad rules as JSON" "$NOROSHI" check --json good.yaml bad.yaml
cat >look.py <<'EOF'
import json, sys
good, bad = json.load(open(sys.argv[1]))["falco_load_results"]
assert good["successful"] and not good["errors"] and good["name"] == "good.yaml", good
assert not bad["successful"] and len(bad["errors"]) == 12 and len(bad["warnings"]) == 1, bad
e = bad["errors"][0]
top, at, part, text = e["context"]["locations"]
assert top == {"item_type": "rules content", "item_name": "", "position": {"name": "bad.yaml", "line": 0, "column": 0, "offset": 0}}, top
assert e["code"] == "LOAD_ERR_COMPILE_CONDITION" and "proc.nmae" in e["message"], e
assert (at["item_type"], at["item_name"]) == ("rule", "Field"), at
# from 0 here, from 1 in the text
assert (at["position"]["name"], at["position"]["line"], at["position"]["column"]) == ("bad.yaml", 4, 35), at
assert at["position"]["offset"] == open("bad.yaml").read().index("proc.nmae"), at
assert part["item_type"] == "rule condition" and part["position"] == at["position"], part
assert (text["item_type"], text["item_name"]) == ("condition expression", "evt.type = execve..."), text
assert e["context"]["snippet"] == "  condition: evt.type = execve and proc.nmae = bash and is_shell\n" + 35 * " " + "^\n", e
o = bad["errors"][1]["context"]["locations"][-1]
assert (o["item_type"], o["item_name"]) == ("rule output expression", "%proc.nmae"), o
assert good["schema_valid"] and not bad["schema_valid"]
EOF
holds "JSON has the same, positions from 0" python3 look.py out
status 1 "bytes that are no UTF-8, as JSON" "$NOROSHI" check --json bytes.yaml
has out "are a result too" '"code":"LOAD_ERR_YAML_PARSE".*"line":1,"column":8,"offset":18'
cat >old.yaml <<'EOF'
- rule: Old
  desc: d
  condition: evt.type = open and evt.dir = < and k8s.pod.labels = x
  output: "%thread.cgroups %k8s.pod.labels"
  priority: INFO
EOF
status 0 "an old field" "$NOROSHI" check --json old.yaml
has out "is named as deprecated" '"deprecated_field":"evt.dir"'
has out "fields that no event has, and where" '"field":"k8s.pod.labels","because":"the labels .*","conditions":\["Old"\],"outputs":\[\]'
status 0 "and for people" "$NOROSHI" check old.yaml
has out "the reason" '^  thread.cgroups: only the control group'
has out "the rule" '^    in the output of "Old"'
status 0 "explain" "$NOROSHI" explain -r old.yaml
has out "says it too" '^  never set   k8s.pod.labels: the labels'
status 2 "an unreadable file as JSON" "$NOROSHI" check --json nowhere.yaml
has out "is a result too" '"name":"nowhere.yaml","successful":false.*LOAD_ERR_FILE_READ'
finish
