#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Loading hostile or large rules: `check` of 100 and 10,000 rules, a list of a million items, regular expressions that explode."""
import json
import os
import re
import subprocess
import tempfile
from lib_bench import QUICK, row

NOROSHI = os.path.join(os.environ["BUILD"], "noroshi")
ROUNDS = 2 if QUICK else 5


def measure(*args):
    """Processor seconds and MiB of the smallest of some runs."""
    best = None
    for _ in range(ROUNDS):
        pid = os.fork()
        if not pid:
            null = os.open("/dev/null", os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.execv(NOROSHI, [NOROSHI, *args])
        _, _, use = os.wait4(pid, 0)
        took = (use.ru_utime + use.ru_stime, use.ru_maxrss / 1024)
        best = min(best or took, took)
    return best


def rule(i, condition):
    return f"- rule: Rule {i}\n  desc: a rule\n  condition: {condition}\n  output: \"%proc.name %fd.name\"\n  priority: INFO\n"


def rules(n):
    return "".join(rule(i, f"evt.type in (open, openat) and fd.name startswith /data/{i}/ and not proc.name in (a{i}, b{i}, c{i})"
                           f" and proc.cmdline contains x{i}") for i in range(n))


def explosion(folder, path):
    """Both expressions read the same 4,000 bytes; the second has more ways through them than there are atoms."""
    events, n = os.path.join(folder, "e.jsonl"), 100
    with open(events, "w", encoding="utf-8") as f:
        f.write((json.dumps({"evt.type": "open", "proc.cmdline": "a" * 4000 + "!b"}) + "\n") * n)
    with open(path, "w", encoding="utf-8") as f:
        f.write(rule(0, "evt.type = open and proc.cmdline regex 'a+[!]b'") + rule(1, "evt.type = open and proc.cmdline regex '(a+)+b'"))
    args = ["-r", path, "-e", events]
    profile = json.loads(subprocess.run([NOROSHI, "profile", "--json", *args], check=True, capture_output=True).stdout)["profile"]
    took = {r["rule"]: r["nsPerEvent"] / 1000 for r in profile}
    said = subprocess.run([NOROSHI, "replay", *args], check=True, capture_output=True, text=True).stderr
    hits = re.search(r"(\d+) regular expressions given up", said)
    row("a regular expression that explodes over 4,000 bytes, against a plain one", "bounded",
        f"{took['Rule 1']:.0f} µs an event against {took['Rule 0']:.1f} µs ({took['Rule 1'] / took['Rule 0']:.0f} times); "
        f"given up at its limit in {hits[1] if hits else 0} of {n} events")


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "r.yaml")

    def check(text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return measure("check", path)

    few, some, many = check(rules(100)), check(rules(1000)), check(rules(10000))
    row("10,000 rules against 100, loaded", "near to linear",
        f"{many[0]:.2f} s of processor, {many[1]:.0f} MiB against {few[0]:.3f} s, {few[1]:.0f} MiB ({many[0] / few[0]:.0f} times); "
        f"1,000: {some[0]:.2f} s")
    long = check("- list: big\n  items:\n" + "".join(f"  - item{i}\n" for i in range(1000000)) +
                 rule(0, "evt.type = open and proc.name in (big)"))
    row("a list of a million items, loaded", "–", f"{long[0]:.2f} s of processor, {long[1]:.0f} MiB")
    explosion(folder, path)
