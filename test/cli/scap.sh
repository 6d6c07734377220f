#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Captures of Falco and sysdig through `eval`, `replay` and `test`: public ones against the original's values, made-up
# ones against what they were made of, and files that are wrong.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"
here=$SRC/test/cli
python3 "$here/lib_scap_write.py" made
for f in made/*; do
	holds "${f##*/}, which fuzzing begins with, is what the writer writes" cmp "$f" "$SRC/test/fuzz/corpus/scap/${f##*/}"
done

# ---- a made-up story ----
cat >look.py <<'EOF'
import json, sys
v = [json.loads(l) for l in open(sys.argv[1])]
by = {e["evt.num"]: e for e in v}
assert [e["evt.num"] for e in v] == list(range(1, 23)), [e["evt.num"] for e in v]
cat = by[5]
for k, w in {"evt.type": "openat", "fd.num": 3, "fd.name": "/etc/shadow", "fd.nameraw": "../etc/shadow", "fd.directory": "/etc",
             "fs.path.name": "/etc/shadow", "fs.path.nameraw": "../etc/shadow", "evt.is_open_read": True, "evt.is_open_write": False,
             "evt.arg.flags": "O_RDONLY|O_CLOEXEC", "evt.rawarg.flags": 4097, "evt.arg.name": "/etc/shadow", "fd.dev.major": 0x88,
             "fd.dev.minor": 3, "fd.ino": 42, "proc.name": "cat", "proc.exe": "cat", "proc.exepath": "/usr/bin/cat",
             "proc.cmdline": "cat ../etc/shadow -n", "proc.args[1]": "-n", "proc.cmdnargs": 2, "proc.pid": 200, "proc.ppid": 100,
             "proc.pname": "bash", "proc.aname": ["bash", "init"], "proc.apid": [100, 1], "proc.cwd": "/srv/", "user.name": "ann",
             "user.homedir": "/home/ann", "group.name": "staff", "user.loginuid": 1000, "proc.env[HOME]": "/home/ann", "proc.tty": 34816,
             "proc.sname": "init", "proc.is_exe_writable": True, "thread.cap_effective": "CAP_CHOWN", "proc.exe_ino": 88,
             "evt.hostname": "lab", "evt.cpu": 1, "evt.res": "SUCCESS", "proc.stdin.name": "/dev/pts/0"}.items():
    assert cat.get(k) == w, (k, cat.get(k), w)
expected = {
    1: {"evt.type": "close", "fd.num": 9, "fd.name": "/run/x.sock", "fd.type": "unix", "evt.arg.fd": "<u>/run/x.sock"},
    6: {"evt.buffer": "root:x...", "evt.buflen": 6, "evt.io_dir": "read", "evt.category": "file", "evt.args":
        "res=6 data=root:x... fd=3(<f>/etc/shadow) size=4096"},
    7: {"evt.arg.cmd": "F_DUPFD_CLOEXEC", "fd.num": 20, "fd.name": "/etc/shadow"},
    9: {"fd.name": "10.0.0.5:40000->192.0.2.7:443", "fd.cip": "10.0.0.5", "fd.sip": "192.0.2.7", "fd.sport": 443, "fd.lip": "10.0.0.5",
        "fd.rport": 443, "fd.l4proto": "tcp", "fd.is_server": False, "evt.failed": True, "evt.res": "EINPROGRESS"},
    12: {"fd.name": "10.0.0.5:5353->10.0.0.9:53", "fd.l4proto": "udp"},
    13: {"fd.name": "0.0.0.0:8080", "fd.is_server": True, "fd.sport": 8080},
    14: {"fd.type": "pipe", "fd.num": 7}, 15: {"fd.num": 8, "fd.name": "/etc/shadow"}, 16: {"fd.type": "unix"},
    17: {"evt.res": "ENOENT", "evt.rawres": -2, "evt.arg.name": "/srv/nowhere"},
    18: {"evt.type": "madvise", "syscall.type": "madvise"}, 20: {"evt.type": "procexit", "proc.nthreads": 0},
    21: {"evt.type": "switch", "proc.name": "init", "thread.pfminor": 3},
    22: {"evt.type": "mprotect", "thread.tid": 555},
}
for n, want in expected.items():
    for k, w in want.items():
        assert by[n].get(k) == w, (n, k, by[n].get(k), w)
for e, k in ((by[22], "proc.name"), (by[22], "proc.pid"), (by[22], "user.uid"), (by[17], "fd.num"), (by[20], "syscall.type")):
    assert k not in e, (e["evt.num"], k)
EOF
status 0 "the story" "$NOROSHI" eval -e "made/story.scap" 'evt.num > 0'
holds "is told as it was written" python3 look.py out
has err "what was passed over is said" 'note: 1 blocks of unknown types'
has err "also events" 'note: 1 events of later versions'
cp out story
status 0 "the same with gzip" "$NOROSHI" eval -e "made/story.scap.gz" 'evt.num > 0'
same out story "is the same"
status 0 "the same with flags in front" "$NOROSHI" eval -e "made/story-flags.scap" 'evt.num > 0 and evt.type = openat'
has out "has the same file" '"fd.name":"/etc/shadow"'
for v in 1 2 3 4 5 6 7 8; do
	status 0 "lists of version $v" "$NOROSHI" eval -e "made/v$v.scap" 'evt.type = openat and proc.pname = bash and proc.cwd = /srv/ and fd.name = /etc/shadow'
	holds "have the process" test "$(wc -l <out)" = 1
done
status 0 "two captures in one file" "$NOROSHI" eval -e "made/two.scap" 'evt.type = openat'
holds "are read one after the other" test "$(wc -l <out)" = 2
status 0 "large events" "$NOROSHI" eval -e "made/large.scap" 'evt.num > 0'
has out "have their parameters" '"evt.arg.name":"k8s"'
status 0 "no events" "$NOROSHI" eval -e "made/empty.scap" 'evt.num > 0'

cat >rules.yaml <<'EOF'
- rule: Shadow
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow and proc.aname = init
  output: "%evt.datetime.s %proc.cmdline of %user.name read %fd.name"
  priority: WARNING
- rule: Out
  desc: d
  condition: evt.type = connect and fd.snet = 192.0.2.0/24 and evt.rawarg.res < 0
  output: "%proc.name to %fd.sip:%fd.sport"
  priority: NOTICE
EOF
status 0 "rules over it" "$NOROSHI" replay -r rules.yaml -e "made/story.scap" --json
has out "find the file" '"output":"2023-11-1[45] [0-9:]{8} cat ../etc/shadow -n of ann read /etc/shadow"'
has out "and the connection, by the original's number" '"output":"[^"]*cat to 192.0.2.7:443".*"eventNumber":9'
has err "in all" '^noroshi replay: 22 events, 2 findings$'
cat >capture.test.yaml <<EOF
rules: [rules.yaml]
tests:
  - name: a capture as the events of a case
    replay: made/story.scap
    expect:
      - rule: Shadow
    allow_others: true
EOF
status 0 "a capture in a test file" "$NOROSHI" test -t capture.test.yaml

# ---- files that are wrong ----
cat >memory.py <<'EOF'
import resource, subprocess, sys
p = subprocess.run(sys.argv[1:], timeout=120)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(f"peak {peak} KiB", file=sys.stderr)
sys.exit(p.returncode if peak < 220 << 10 else 99)	# an eighth of it with no sanitizer
EOF
mkdir hostile
python3 "$here/lib_scap_write.py" --hostile hostile >list
while IFS="$(printf '\t')" read -r file code name words; do
	status "$code" "$name" python3 memory.py "$NOROSHI" eval -e "hostile/$file" 'evt.num > 0'
	[ -z "$words" ] || has err "it is said where and what" "$words"
	holds "a terminal obeys no file" sh -c '! grep -q "$(printf "\033")" out err'
done <list
n=$(wc -c <"made/story.scap") i=0 wrong=0 whole=0
while [ "$i" -lt "$n" ]; do
	head -c "$i" "made/story.scap" >cut.scap
	"$NOROSHI" eval -e cut.scap 'evt.num > 0' >out 2>err
	case $? in
	0) whole=$((whole + 1)) ;;
	2) grep -qE 'byte [0-9]+: |is no section|not JSON' err || wrong=$((wrong + 1)) ;;
	*) wrong=$((wrong + 1)) ;;
	esac
	i=$((i + 41))
done
holds "cut anywhere, it is read to the end or the place is said ($whole ends of blocks, $wrong others)" test "$wrong" = 0

# ---- public captures ----
if [ -d "$shared/corpus/captures" ]; then
	for f in "$shared"/corpus/captures/*.scap; do
		name=${f##*/}
		status 0 "$name" "$NOROSHI" eval -e "$f" 'evt.num > 0'
		holds "$name: every field that both know is the original's" \
			python3 "$here/lib_scap_compare.py" out "${f%.scap}.events.jsonl"
		status 0 "the stable rules over $name" "$NOROSHI" replay --json -r "$shared/corpus/falco-rules/stable.yaml" -e "$f"
		gzip -dc "$f" >plain.scap
		cp out before
		"$NOROSHI" replay --json -r "$shared/corpus/falco-rules/stable.yaml" -e plain.scap >after 2>err
		holds "$name: the same unpacked" sh -c 'sed "s/\"id\":\"[^\"]*\"//" before >a; sed "s/\"id\":\"[^\"]*\"//" after >b; cmp a b'
	done
	holds "the public cases with captures" python3 "$here/lib_scap_cases.py" "$NOROSHI" "$shared"
else
	echo "# no captures in ../shared: that part is skipped"
fi
finish
