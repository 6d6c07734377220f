#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lib_scap_compare.py OURS.jsonl THEIRS.jsonl: the events of a capture, field by field, as the original reads them.

A value of the original that says "nothing known" counts as missing: "", -1, <NA>. Ancestors are compared by index.
Prints how many fields are equal, differ, are left out; fails when one differs, or is left out without a reason below.
"""
import collections
import json
import re
import sys

# What is not compared, or not given here, and why.
UNKNOWN_PROCESS = "nothing is known of the process: the original prints its defaults"
UNKNOWN_FD = "nothing is known of the descriptor: the original prints its defaults"
JOINED = "ancestors are compared by index; without one the original joins them with blanks, here it is a list"
NOT_OURS = {
    "proc.aname": JOINED, "proc.aexe": JOINED, "proc.aexepath": JOINED, "proc.acmdline": JOINED, "proc.aargs": JOINED,
    "proc.apid": JOINED,
    "proc.ppid.duration": "the parent's start is unknown: the original prints the number of its descriptors instead",
    "proc.ppid.ts": "the parent's start is unknown: the original prints 0",
    "evt.buffer": "the buffer is empty: the original prints what its own held before",
    "proc.exe_ino.ctime_duration_pidns_start": "the capture has neither time: the original prints memory it never set",
}
ANCESTOR = re.compile(r"^(proc\.a(?:name|exe|exepath|cmdline|pid))\[(\d+)\]$")
SELF = {"proc.aname": "proc.name", "proc.aexe": "proc.exe", "proc.aexepath": "proc.exepath",
        "proc.acmdline": "proc.cmdline", "proc.apid": "proc.pid"}
UNSET_ID = {"user.uid", "group.gid"}    # 4294967295 is -1 there


def nothing(name, v):
    if isinstance(v, list):
        return not v
    return v is None or v in ("", "<NA>") or (v == -1 and not isinstance(v, bool)) or \
        (name in UNSET_ID and v == 4294967295)


def flat(event):
    out = {}
    for k, v in event.items():
        if k == "evt.arg":
            out.update({f"evt.arg.{n}": a for n, a in v.items()})
        else:
            out[k] = v
    return out


def ours_of(ours, name):
    m = ANCESTOR.match(name)
    if not m:
        return ours.get(name)
    base, n = m[1], int(m[2])
    if n == 0:
        return ours.get(SELF[base])
    line = ours.get(base, [])
    return line[n - 1] if n <= len(line) else None


def reason(ours, name):
    if name in NOT_OURS and not (name == "evt.buffer" and name in ours):
        return NOT_OURS[name]
    if name.startswith(("proc.", "thread.", "user.", "group.")) and "proc.pid" not in ours:
        return UNKNOWN_PROCESS
    if name.startswith("fd.") and "fd.typechar" not in ours:
        return UNKNOWN_FD
    return None


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a == b
    if isinstance(a, list):     # of types, in no order
        return sorted(a) == sorted(b)
    return str(a) == str(b)


def main():
    ours = {e["evt.num"]: e for e in map(json.loads, open(sys.argv[1]))}
    count, why, bad = collections.Counter(), collections.Counter(), []
    events = [flat(json.loads(line)) for line in open(sys.argv[2])]
    for theirs in events:
        num = theirs["evt.num"]
        mine = ours.get(num)
        if mine is None:
            bad.append(f"event {num} ({theirs['evt.type']}) is not there")
            continue
        for name, v in sorted(theirs.items()):
            w = ours_of(mine, name)
            if nothing(name, v) and nothing(name, w):
                count["missing in both"] += 1
            elif reason(mine, name) is None and w is not None and same(w, v):
                count["equal"] += 1
            elif reason(mine, name):
                count["left out"] += 1
                why[f"{name}: {reason(mine, name)}"] += 1
            else:
                bad.append(f"event {num} ({theirs['evt.type']}) {name}: {w!r}, the original has {v!r}")
    print(f"# {len(events)} events: " + ", ".join(f"{count[k]} {k}" for k in ("equal", "missing in both", "left out")) +
          f", {len(bad)} different")
    for k, n in sorted(why.items()):
        print(f"#   {n} × {k}")
    for b in bad[:40]:
        print("# DIFFERENT " + b)
    return 1 if bad or not count["equal"] else 0


sys.exit(main())
