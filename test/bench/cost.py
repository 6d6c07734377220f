#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the agent costs the work beside it: interleaved rounds of wl with and without it, by ../shared/bench/abab.py."""
import json
import os
import re
import subprocess
import sys
import tempfile
from lib_bench import NOROSHI, QUICK, SHARED, need_live, row, skip

BENCH = os.path.join(SHARED, "bench")
ROUNDS = "1" if QUICK else os.environ.get("ROUNDS", "6")
WORK = "getpid:{} read:{} open:{} openw:{} udp:{} tcp:{} exec:{}".format(
    *([20000, 20000, 5000, 5000, 3000, 2000, 50] if QUICK else [1000000, 1000000, 200000, 200000, 100000, 50000, 500])).split()
# mode: (row, budget, ratio of the work's CPU, own CPU in ns)
BUDGETS = {
    "getpid": ("untraced system call", "ratio ≤ 1.03", 1.03, None),
    "read": ("read of 64 B, untraced", "ratio ≤ 1.03", 1.03, None),
    "open": ("open(O_RDONLY)+close that no rule matches", "ratio ≤ 1.15, own CPU ≤ 0.1 µs", 1.15, 100),
    "openw": ("open(O_WRONLY)+close that no rule matches", "ratio ≤ 1.15, own CPU ≤ 0.1 µs", 1.15, 100),
    "udp": ("UDP socket+connect+close", "–", None, None),
    "tcp": ("TCP connect/accept/close", "ratio ≤ 1.10, own CPU ≤ 1 µs", 1.10, 1000),
    "exec": ("vfork+exec", "own CPU ≤ 20 µs", None, 20000),
}

if not os.path.exists(BENCH + "/wl.c"):
    skip("cost to the work beside it", "–", "../shared/bench is absent")
need_live("cost to the work beside it", "–")
with tempfile.TemporaryDirectory(prefix="noroshi-bench.") as tmp:
    subprocess.run(["cc", "-O2", "-o", tmp + "/wl", BENCH + "/wl.c"], check=True)
    agents = {"noroshi": f"{NOROSHI} run --state {tmp} --sink file:/dev/null"}
    out = subprocess.check_output([sys.executable, BENCH + "/abab.py", ROUNDS, *WORK], text=True, cwd=tmp,
                                  env=dict(os.environ, AGENTS=json.dumps(agents), WL=tmp + "/wl", OUT=tmp))
cpu = {}
for m in re.finditer(r"^(\w+) +(\w+) .*\| cpu ns/op min (\d+) med \d+ \| agent cpu ns/op min (-?\d+) med (-?\d+) \| "
                     r"ratio wall min ([\d.]+) med ([\d.]+) cpu min ([\d.]+)", out, re.M):
    cpu.setdefault(m[1], {})[m[2]] = (int(m[3]), int(m[4]), int(m[5]), float(m[6]), float(m[8]))
for mode, (what, budget, ratio, own) in BUDGETS.items():
    without, (with_agent, least, median, wall, work) = cpu[mode]["none"][0], cpu[mode]["noroshi"]
    met = None if ratio is None and own is None else (ratio is None or work <= ratio) and (own is None or least <= own)
    row(what, budget, f"CPU {without} → {with_agent} ns, ratio {work:.2f} (wall {wall:.2f}); agent's own CPU {least} ns (median {median})",
        met)
