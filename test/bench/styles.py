#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What each style of attaching costs calls of no interest: ratios against nothing attached, interleaved, by ../shared/bench/abab.py."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from lib_bench import QUICK, SHARED, need_live, row, skip, tool

BENCH = os.path.join(SHARED, "bench")
ROUNDS = "1" if QUICK else os.environ.get("ROUNDS", "6")
WORK = [f"{mode}:{n // (50 if QUICK else 1)}" for mode, n in
        (("getpid", 1000000), ("read", 1000000), ("open", 200000), ("names", 100000), ("tcp", 50000))]
STYLES = {"tracepoint": "a program for each call", "sys_exit": "the same and one on every return (ia32: guard)",
          "function": "functions of the kernel (fentry)"}


def reason_against(style):
    """None when this host takes it."""
    with subprocess.Popen([tool("attach"), style], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        ready = p.stdout.readline() == "ready\n"
        p.send_signal(signal.SIGINT)
        said = p.stderr.read().strip()
        return None if p.wait() == 0 and ready else said or "it does not start"


if not os.path.exists(BENCH + "/wl.c"):
    skip("styles of attaching", "–", "../shared/bench is absent")
need_live("styles of attaching", "–")
refused = {style: reason_against(style) for style in STYLES}
with tempfile.TemporaryDirectory(prefix="noroshi-bench.") as tmp:
    subprocess.run(["cc", "-O2", "-o", tmp + "/wl", BENCH + "/wl.c"], check=True)
    with open(tmp + "/work", "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\ncase $1 in names) exec {tool("load")} "$@" ;; esac\nexec {tmp}/wl "$@"\n')
    os.chmod(tmp + "/work", 0o755)
    agents = {style: f"{tool('attach')} {style}" for style, why in refused.items() if not why}
    out = subprocess.check_output([sys.executable, BENCH + "/abab.py", ROUNDS, *WORK], text=True, cwd=tmp,
                                  env=dict(os.environ, AGENTS=json.dumps(agents), WL=tmp + "/work", OUT=tmp))
cpu = {}
for m in re.finditer(r"^(\w+) +(\w+) .*\| cpu ns/op min (\d+) .* cpu min ([\d.]+)", out, re.M):
    cpu.setdefault(m[2], []).append(f"{m[1]} {m[4]} ({m[3]} ns)")
row("style: nothing attached", "–", ", ".join(re.sub(r" [\d.]+ \(", " (", c) for c in cpu["none"]))
for style, what in STYLES.items():
    row(f"style: {what}", "–", f"not here: {refused[style]}" if refused[style] else ", ".join(cpu[style]))
