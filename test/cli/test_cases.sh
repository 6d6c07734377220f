#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `test`: setup of a case, tables of variants, expected diagnostics, and what is said when they are written wrongly.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >rules.yaml <<'EOF'
- list: my_shells
  items: [sh, bash]
- macro: spawned
  condition: evt.type = execve and evt.res = SUCCESS
- rule: Shell
  desc: d
  condition: spawned and proc.name in (my_shells) and (proc.pname = nginx or proc.cmdline contains evil)
  output: "shell %proc.name by %proc.pname"
  priority: WARNING
- rule: Port
  desc: d
  condition: evt.type = connect and fd.rport > 1024
  output: "port %fd.rport"
  priority: WARNING
EOF
printf -- '- rule: Bad\n  desc: d\n  condition: evt.type = open and\n  output: x\n  priority: INFO\n' >bad.yaml

# ---- setup ----
cat >setup.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: a list of its own
    setup:
      - list: my_shells
        items: [fish]
    events: [{evt.type: execve, evt.res: SUCCESS, proc.name: fish, proc.pname: nginx},
      {evt.type: execve, evt.res: SUCCESS, proc.name: sh, proc.pname: nginx}]
    expect: [{rule: Shell, event: 1, output: shell fish by nginx, count: 1}]
  - name: the next case has the file's list again
    events: {evt.type: execve, evt.res: SUCCESS, proc.name: fish, proc.pname: nginx}
    silent: all
  - name: an override, indented less, and an appended list
    setup:
    - rule: Shell
      condition: and not user.name = build
      override: {condition: append}
    - {list: my_shells, items: [zsh], override: {items: append}}
    defaults: {evt.type: execve, evt.res: SUCCESS, proc.name: zsh, proc.pname: nginx}
    events: [{user.name: build}, {user.name: www}]
    expect: [{rule: Shell, event: 2, count: 1}]
  - {name: in one line, setup: [{macro: spawned, condition: evt.type = clone}], events: {evt.type: clone, proc.name: sh, proc.pname: nginx}, expect: [Shell]}
  - name: as the text of a rules file
    setup: |
      # a comment

      - rule: Mine
        desc: d
        condition: spawned and proc.name = mine
        output: mine
        priority: INFO
    events: {evt.type: execve, evt.res: SUCCESS, proc.name: mine}
    expect: [Mine]
EOF
status 0 "lists, macros and rules of a case" "$NOROSHI" test -v -t setup.test.yaml
has out "all held" '^5 cases, 0 failed$'

# ---- variants ----
cat >table.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: shells
    variants:
      - {shell: sh, parent: nginx, count: 1}
      - {shell: bash, parent: nginx, count: 1}
      - {shell: zsh, parent: nginx, count: 0}
      - {shell: sh, parent: <NA>, count: 0}
    defaults: {evt.type: execve, evt.res: SUCCESS}
    events: {proc.name: <shell>, proc.pname: <parent>, proc.cmdline: "<shell> </dev/null >x"}
    expect: [{rule: Shell, count: <count>}]
  - name: port <port> keeps its type
    variants: [{port: 1025}, {port: 2000}]
    events: {evt.type: connect, fd.rport: <port>}
    expect: [{rule: Port, output: port <port>, fields: {fd.rport: <port>}}]
  - name: also in a setup
    variants: [{name: a.b}, {name: c}]
    setup:
      - list: my_shells
        items: [<name>]
    events: {evt.type: execve, evt.res: SUCCESS, proc.name: <name>, proc.pname: nginx}
    expect: [Shell]
EOF
status 0 "a table" "$NOROSHI" test -v -t table.test.yaml
same out "$golden/test-table.txt" "each row is a case with a name and a place"

# ---- diagnostics ----
cat >diag.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: bad conditions are refused
    variants:
      - {condition: proc.nmae = x, col: 36, message: unknown field "proc.nmae"}
      - {condition: proc.nmae = x, col: 36, message: did you mean "proc.name"}
      - {condition: proc.name ==, col: 48, message: expected a value}
      - {condition: spwaned, col: 36, message: undefined macro}
    setup: |
      - rule: X
        desc: d
        condition: evt.type = execve and <condition>
        output: x
        priority: INFO
    diagnostics: [{line: 3, col: <col>, message: <message>}]
  - name: by its code, in items
    setup:
      - macro: spawned
        condition: evt.type = exceve
    diagnostics: [LOAD_ERR_COMPILE_CONDITION, {code: LOAD_ERR_COMPILE_CONDITION, line: 2, col: 25}]
  - name: a warning, and events besides
    setup: [{macro: unused_one, condition: evt.type = open}]
    diagnostics: [{code: LOAD_UNUSED_MACRO, line: 1, col: 10}]
    events: {evt.type: connect, fd.rport: 5000}
    expect: [Port]
  - name: a rules file
    rules: [bad.yaml]
    diagnostics: [{file: bad.yaml, line: 3, code: LOAD_ERR_COMPILE_CONDITION}]
EOF
status 0 "expected diagnostics" "$NOROSHI" test -t diag.test.yaml
has out "every row and case" '^7 cases, 0 failed$'

cat >fail.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: another place
    setup: |

      - macro: spawned
        condition: evt.type = exceve
    diagnostics: [{code: LOAD_ERR_COMPILE_CONDITION, line: 2}]
  - name: another error besides
    setup:
      - {list: a, itms: [b]}
      - macro: spawned
        condition: evt.type = exceve
    diagnostics: [{line: 3}]
  - name: none
    setup: [{list: my_shells, items: [b]}]
    diagnostics: [LOAD_UNUSED_LIST]
  - name: one that is not expected
    setup:
      - rule: Shell
        condition: and fd.nmae = x
        override: {condition: append}
    events: {evt.type: execve}
    silent: all
  - name: nothing can fire
    setup: [{macro: spawned, condition: x y}]
    diagnostics: [LOAD_ERR_COMPILE_CONDITION]
    events: {evt.type: execve}
    silent: all
  - name: no such rules
    rules: [nowhere.yaml]
    events: {evt.type: execve}
    silent: all
EOF
status 1 "diagnostics that fail" "$NOROSHI" test -t fail.test.yaml
same out "$golden/test-diagnostics.txt" "what was said instead"

# ---- errors of the test file ----
cat >bad.test.yaml <<'EOF'
rules: [rules.yaml]
tests:
  - name: rows
    variants: [{shell: sh, x: 1}, {shel: sh, x: 1}, 7, {shell: a, x: 1, y: 2}]
    events: {evt.type: execve, proc.name: <shell>, proc.pname: <shel>}
    silent: all
  - name: no rows
    variants: []
    events: {evt.type: execve}
    silent: all
  - name: bad names of columns
    variants: [{"a b": 1}]
    events: {evt.type: execve}
    silent: all
  - name: an error of the case is said once
    variants: [{a: 1}, {a: 2}]
    events: {evt.tpye: <a>}
    silnt: all
  - name: setups
    setup: {list: a}
    events: {evt.type: execve}
    silent: all
  - name: a folded setup
    setup: >
      - list: a
    events: {evt.type: execve}
    silent: all
  - name: diagnostics
    setup: []
    diagnostics: [LOAD_ERR_COMPILE_CONDITON, {line: 0}, {cod: x, line: 1}, {col: 1}, []]
  - name: not a list
    diagnostics: LOAD_UNUSED_LIST
  - name: both
    events: {evt.type: execve}
    replay: x.jsonl
    silent: all
  - name: diagnostics need no events, findings do
    diagnostics: [LOAD_UNUSED_LIST]
    expect: [Shell]
EOF
status 1 "a bad test file" "$NOROSHI" test -t bad.test.yaml
same err "$golden/test-bad-cases.txt" "every error at its place"
finish
