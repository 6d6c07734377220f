#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where words end and what stands where, to the letter: what the parser takes, refuses, and means.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

cat >event.jsonl <<'EOF2'
{"evt.type":"open","proc.name":"cat","fd.name":"/usr/bin/cat","fd.num":3,"evt.num":5,"proc.aname":["bash","sshd"],"proc.pid":7,"user.uid":0,"proc.env[A B]":"v","evt.buffer":"hello"}
EOF2

# yes / no / bad CONDITION: it holds, it does not, it is refused.
is() {
	"$NOROSHI" eval -e event.jsonl "$2" >out 2>err
	got=$?
	case $got in
	0) if [ -s out ]; then got=yes; else got=no; fi ;;
	2) got=bad ;;
	esac
	if [ "$got" = "$1" ]; then ok "$1: $2"; else not_ok "$2: $got, not $1"; sed 's/^/# /' err; fi
}
yes() { is yes "$1"; }
no() { is no "$1"; }
bad() { is bad "$1"; }

yes 'proc.name=cat and(fd.num=3)or(fd.num=4)'
yes 'not(proc.name=x)'
yes 'not not proc.name=cat'
yes 'proc.name incat'
yes 'proc.name in(cat,dog)'
yes 'proc.name intersectscat'
yes 'fd.name pmatch(/usr)'
yes 'proc.name existsand fd.num=3'
bad 'proc.name=cat andfd.num=3'
bad 'proc.name=cat orfd.num=3'
bad 'proc.name=cat AND fd.num=3'
bad 'not'
bad 'nota'
bad 'and_x'
bad 'proc.name startswithc'
bad 'proc.name = a = b'
bad 'proc.name = a,b'
bad 'proc.name = (a)'
bad 'proc.name === a'
bad 'proc.name < abc'
bad 'proc.name < "3"'
yes 'proc.name > 3'
no 'proc.name in ()'
bad 'proc.name in (a,)'
bad 'proc.name in (,a)'
bad 'proc.name in (a,,b)'
yes 'proc.name == oneof (cat,dog)'
no 'proc.name == oneof (cat,cat)'
no 'proc.name == oneof'
bad 'proc.name == oneof(a)'
bad 'proc.name ==oneof (a)'
no 'proc.name == allof ()'
no 'proc.name != allof ()'
yes 'proc.name != anyof (cat, dog)'
no 'proc.name != allof (cat, dog)'
yes 'proc.name startswith anyof (c, d)'
no 'proc.name = proc.name'
yes 'proc.name = val(proc.name)'
yes 'proc.name = tolower(proc.name)'
bad 'val(proc.name) = a'
bad 'proc.name = val(val(proc.name))'
bad 'proc.name = val(toupper(proc.name))'
bad 'b64(val(proc.name)) = a'
bad 'b64 (proc.name) = x'
yes 'toupper(proc.name) = CAT'
yes 'len(proc.name) = 3'
yes 'join(",", (proc.name, "x")) = "cat,x"'
yes 'concat(proc.name, "!") = "cat!"'
yes 'basename(fd.name) = val(proc.name)'
yes 'b64("Y2F0") = cat'
yes 'getopt(("-n", "5"), "n:")[n] = 5'
bad 'toupper(proc.aname) = x'
bad 'len(proc.name)[x] = 3'
no 'proc.name = "a\"b"'
bad "proc.name = 'a\\\"b'"
bad 'proc.name = "\q"'
yes 'proc.name = "\x63\x61t"'
bad 'proc.name = "a\x00b"'
bad 'proc.name = "ends\\"'
yes "proc.name != $(printf '%0255d' 0)"
bad "proc.name != $(printf '%0256d' 0)"
yes 'proc.env["A B"] = v'
bad 'proc.env[A B] = v'
yes 'fd.num = +3'
yes 'fd.num = " 3"'
bad 'fd.num = 3.0'
bad 'fd.num = 3e0'
bad 'evt.failed = 1'
bad 'evt.failed = TRUE'
bad 'fd.sip = ::ffff:1.2.3.4'
bad 'fd.snet = 1.2.3.4'
bad 'evt.type contains cwd'
bad 'evt.type != nosuch'
no 'syscall.type = nosuch'
bad 'proc.name regex "(?i)cat"'
bad 'proc.name regex "\\d+"'
yes 'proc.name regex "[[:alpha:]]+"'
no 'proc.name regex "ca"'
yes 'proc.name regex "(c|ca|cat)"'
yes 'proc.name glob "c?t"'
yes 'fd.name glob "/usr*cat"'
no 'proc.name glob "C?T"'
yes 'proc.name iglob "C?T"'
yes 'fd.name pmatch (usr)'
yes 'fd.name pmatch ("/usr/*/cat")'
yes 'fd.name pmatch (/)'
no 'fd.name pmatch (/us)'
no 'fd.name pmatch (/usr/bin/cat/x)'
yes 'proc.aname != bash'
yes 'proc.aname = sshd'
yes 'proc.aname intersects (sshd, x)'
no 'proc.aname = cat'
yes 'proc.aname[0] = cat'
yes 'proc.aname[1] = bash'
no 'proc.aname[9] exists'
no 'fd.sip != 1.2.3.4'
yes 'not fd.sip = 1.2.3.4'
bad 'fd.ip = val(fd.ip)'
bad 'proc.name regex val(proc.exe)'
bad 'proc.pid = val(proc.name)'
bad 'proc.pid contains 7'
bad 'evt.failed < 1'
bad 'fd.name bcontains 66'
yes 'evt.buffer bcontains 656C'
yes 'evt.buffer bstartswith 68'
bad 'evt.buffer bcontains 6'
bad 'evt.rawarg.loginuid = 0'
no 'evt.rawarg.uid = 0'
yes "$(printf '\t proc.name\b=\r\ncat')"
bad "evt.type=open and $(printf '(%.0s' $(seq 199))proc.name=cat$(printf ')%.0s' $(seq 199))"
yes "evt.type=open and $(printf '(%.0s' $(seq 198))proc.name=cat$(printf ')%.0s' $(seq 198))"
finish
