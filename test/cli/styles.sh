#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rules files in styles of their own: lists of lists that a second file appends to, macros that are switches, overrides of
# every key, exceptions in every shape, paths and bytes. What they compile to stands in golden/styles.txt.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >base.yaml <<'EOF2'
- required_engine_version: 0.57.0
- required_plugin_versions:
  - name: container
    version: 0.4.0
- list: shells
  items: [ash, bash, "dash", zsh]
- list: tools
  items: [shells, nc, "my tool"]
- list: nobody
  items: []
- macro: never_true
  condition: (evt.num=0)
- macro: always_true
  condition: (evt.num>=0)
- macro: spawned
  condition: (evt.type in (execve, execveat))
- macro: user_trusts
  condition: (never_true)
- macro: private
  condition: (fd.snet in ("10.0.0.0/8", "192.168.0.0/16"))
---
- rule: Tool run
  desc: >
    a tool
    was run
  condition: >
    spawned and proc.name in (tools, nobody)
    and not user_trusts
  output: Tool run | user=%user.name command=%proc.cmdline parent=%proc.pname[0]%evt.arg.res
  priority: NOTICE
  tags: [host, container]
  exceptions:
    - name: by_parent
      fields: proc.pname
      values: [cron, "my cron"]
    - name: pairs
      fields: [proc.name, fd.name, proc.pid]
      comps: [in, pmatch, ">="]
      values:
        - [[sh, shells], [/usr/bin, "/opt/*"], 10]
        - [(bash), /x, 1]
    - name: modified
      fields: proc.cmdline
      comps: contains anyof
      values: [" -x ", y]
    - name: later
      fields: [proc.exepath]
- rule: Files
  desc: d
  condition: evt.type in (open, openat) and fd.name pmatch (/etc, "/home/*/.ssh") and proc.aname intersects (shells)
  output: x
  priority: debug
  warn_evttypes: false
  enabled: false
- rule: Bytes
  desc: d
  condition: evt.type = write and evt.buffer bcontains 7f454c46 and evt.is_io_write=true and container.image.repository in (a/b)
  output: "%evt.buffer"
  priority: Info
- rule: Unknown
  desc: d
  condition: evt.type = open and ka.verb = get
  output: x
  priority: INFO
  skip-if-unknown-filter: true
- rule: Elsewhere
  desc: d
  condition: ka.verb = get
  output: x
  priority: INFO
  source: k8s_audit
EOF2
cat >local.yaml <<'EOF2'
- list: shells
  items: [fish]
  override: {items: append}
- macro: user_trusts
  condition: (proc.pname = ansible)
  override: {condition: replace}
- macro: private
  condition: or fd.sip = "127.0.0.1"
  override: {condition: append}
- rule: Tool run
  condition: and user.uid != 0 and not private
  output: cwd=%proc.cwd
  desc: really
  tags: [local]
  priority: CRITICAL
  warn_evttypes: false
  skip-if-unknown-filter: false
  exceptions:
    - name: by_parent
      values: [at]
    - name: later
      values: [[/bin/true]]
    - name: added
      fields: [proc.name]
      comps: [startswith]
      values: [[x]]
  override:
    condition: append
    output: append
    desc: append
    tags: append
    priority: replace
    warn_evttypes: replace
    skip-if-unknown-filter: replace
    exceptions: append
- rule: Files
  enabled: true
  output: y
  tags: [z, a]
  override: {enabled: replace, output: replace, tags: replace}
EOF2
status 0 "they load" "$NOROSHI" check base.yaml local.yaml
cp err said
status 0 "they compile" "$NOROSHI" explain --json -r base.yaml -r local.yaml
cat >look.py <<'EOF2'
import json, sys
for r in json.load(open(sys.argv[1])):
    print(r["rule"], "|", r["priority"], "|", " ".join(r["tags"]), "|", r["desc"])
    print("  condition", r["condition"])
    print("  output", r["output"])
    print("  events", *r["events"])
    print("  operators", *r["operators"])
print(open("said").read(), end="")
EOF2
python3 look.py out >styles
same styles "$golden/styles.txt" "they compile to what they say"
# each file is compiled with those before it alone, too
status 0 "the first by itself" "$NOROSHI" check base.yaml
status 1 "the second by itself has nothing to append to" "$NOROSHI" check local.yaml
has err "which is said" 'no list of that name stands before it'

printf -- '- rule: r\n  desc: d\n  condition: evt.type = open and later\n  output: x\n  priority: INFO\n' >early.yaml
printf -- '- macro: later\n  condition: proc.name = x\n' >late.yaml
status 0 "a macro of a later file" "$NOROSHI" check early.yaml late.yaml
has err "is warned of" 'warning: the original does not see the macro "later" here.*LOAD_DIFFERENT_SEMANTICS'
holds "once" test "$(grep -c warning: err)" = 1
status 1 "with --falco-strict it" "$NOROSHI" check --falco-strict early.yaml late.yaml
has err "is not there" 'error: undefined macro "later" here: a later file defines it'
status 0 "the other order" "$NOROSHI" check --strict --falco-strict late.yaml early.yaml
cat late.yaml early.yaml >both.yaml
status 0 "a later redefinition" "$NOROSHI" check --strict --falco-strict both.yaml late.yaml
cat early.yaml late.yaml >both.yaml
status 0 "a macro behind the rule, in one file" "$NOROSHI" check --strict --falco-strict both.yaml

# Every field and every event type of the language compiles.
"$NOROSHI" fields --json >fields.json
sed -n 's/^NAME(\([a-z0-9_]*\)).*/\1/p' "$SRC/agent/event/names.def" >names
cat >every.py <<'EOF2'
import json
n = 0
with open("every.yaml", "w") as f:
    for x in json.load(open("fields.json")):
        arg = {"evt.arg": ".res", "evt.rawarg": ".res", "evt.type.is": ".open", "evt.around": "[1]", "thread.cgroup": ".cpu"}.get(
            x["name"], {"": "", "[N]": "[1]", "[TEXT]": "[x]", "[N or TEXT]": "[1]", ".NAME": ".x"}[x["argument"]]
            if x["argumentNeeded"] else "")
        condition = f"evt.type = open and {x['name']}{arg} exists" if x["name"] != "evt.outputtime" else "evt.type = open"
        f.write(f"- rule: f{n}\n  desc: d\n  condition: {condition}\n  output: \"%{x['name']}{arg}\"\n  priority: INFO\n")
        n += 1
    for name in open("names").read().split():
        f.write(f"- rule: t{n}\n  desc: d\n  condition: evt.type = {name}\n  output: x\n  priority: INFO\n")
        n += 1
print(n)
EOF2
python3 every.py >count
status 0 "every field and every event type" "$NOROSHI" check every.yaml
has out "is a rule" "^ok: $(cat count) rules"
finish
