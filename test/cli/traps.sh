#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the original's meaning is a trap: here what the author means, with a warning that names the difference; with
# --falco-strict, or by configuration, the original's.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >event.jsonl <<'EOF2'
{"evt.type":"connect","fd.cip":"1.2.3.4","fd.sip":"4.3.2.1","fd.cport":600,"fd.sport":80,"fd.name":"n","fd.num":3,"proc.apid":[10,1],"evt.rawarg.res":0,"proc.name":"x1","proc.cmdline":"say A now","evt.cpu":1,"user.uid":0}
EOF2
printf 'semantics: falco\n' >falco.cfg

matches() {
	"$NOROSHI" replay -r rule.yaml -e event.jsonl "$@" 2>>err | grep -c .
}

# trap HERE THERE WORDS CONDITION: how many findings here, and in the original; the warning's words.
trap_is() {
	printf -- '- list: A\n  items: [x1, x2]\n- list: B\n  items: [A, y]\n- list: C\n  items: [B, z]\n' >rule.yaml
	printf -- '- rule: r\n  desc: d\n  output: "%%fd.ip"\n  priority: INFO\n  condition: evt.type = connect and %s\n' "$4" >>rule.yaml
	: >err
	got="$(matches) $(matches --falco-strict) $(matches -c falco.cfg)"
	if [ "$got" = "$1 $2 $2" ]; then ok "$4"; else not_ok "$4: $got, not $1 $2 $2"; sed 's/^/# /' err; fi
	status 0 "it loads" "$NOROSHI" check rule.yaml
	has err "a warning says so" "warning: .*$3.*LOAD_DIFFERENT_SEMANTICS"
}

trap_is 1 0 'fd.ip in" never matches' 'fd.ip in (4.3.2.1)'
trap_is 1 0 'never matches' 'fd.ip intersects (4.3.2.1)'
trap_is 1 0 'never matches' 'fd.port intersects (80)'
trap_is 1 0 'never matches' 'fd.net intersects (4.0.0.0/8)'
trap_is 1 0 'first value' 'fd.net in (9.0.0.0/8, 4.0.0.0/8)'
trap_is 1 0 'never matches' 'proc.apid in (10)'
trap_is 1 0 'never matches' 'evt.rawarg.res in (0)'
trap_is 1 0 'first value' 'fd.port = anyof (1, 80)'
trap_is 1 0 'first value' 'proc.apid == anyof (5, 10)'
trap_is 1 0 'never matches' 'fd.snet == anyof (4.0.0.0/8)'
trap_is 0 1 'always matches' 'fd.snet != allof (4.0.0.0/8)'
trap_is 1 0 '"A" is also a list' 'proc.cmdline contains "say A now"'
trap_is 1 0 'leaves the name as a literal' 'proc.name in (C)'
trap_is 0 1 'another number' 'fd.sport = 65616'
trap_is 0 1 'another number' 'evt.cpu = 65537'
trap_is 0 1 'another number' 'user.uid = 4294967296'
trap_is 1 0 'the original refuses it' 'fd.num = 0x3'
# the original refuses it: no finding, because the rules do not load
status 1 "what the original refuses, with --falco-strict" "$NOROSHI" check --falco-strict rule.yaml
has err "is refused" 'error: "0x3" is not a valid number'

cat >replaced.yaml <<'EOF2'
- rule: r
  desc: d
  condition: evt.type = connect
  output: x
  priority: INFO
  exceptions: [{name: e, fields: [proc.name], values: [[other]]}]
- rule: r
  exceptions: [{name: e, fields: [proc.name, fd.num], values: [[x1, 3]]}]
  override: {exceptions: replace}
EOF2
status 0 "replaced exceptions without comps" "$NOROSHI" explain --json -r replaced.yaml
has out "compare for equality" 'proc.name = x1 and fd.num = 3'
status 0 "a condition of the command line" "$NOROSHI" eval -e event.jsonl 'fd.ip in (4.3.2.1)'
has err "is warned of too" '^condition:1:7: warning: .*never matches'
holds "and means what it says" test -s out
status 0 "with --falco-strict" "$NOROSHI" eval --falco-strict -e event.jsonl 'fd.ip in (4.3.2.1)'
holds "it does not" test ! -s out
finish
