#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From the moment before a call to the finding in the file of the sink: idle, and beside 20,000 opens a second; then reloads
and the stop beside them, and what was the loop's longest turn in all of it."""
import os
import subprocess
import time
from lib_bench import QUICK, Agent, bystander, need_live, row, tool, turn_row

COUNT = 30 if QUICK else 300
BUDGET = "p99 ≤ 20 ms idle, ≤ 50 ms under load"
need_live("event to finding", BUDGET)


def measure(a):
    took = []
    with open(a.findings, "rb") as f:
        f.seek(0, os.SEEK_END)
        for i in range(COUNT):
            time.sleep(0.004 + (i * 7919 % 97) / 4000)	# at no fixed phase of any timer
            end = f.tell()
            t = time.monotonic()
            os.close(os.open("/etc/shadow", os.O_RDONLY))
            while os.path.getsize(a.findings) == end:
                if time.monotonic() - t > 10:
                    raise SystemExit("no finding came")
                time.sleep(0.0002)
            took.append((time.monotonic() - t) * 1e3)
            time.sleep(0.002)
            f.seek(0, os.SEEK_END)
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100], took[-1]


with Agent(config="fold_window: 0\n") as a:
    os.close(os.open("/etc/shadow", os.O_RDONLY))
    while not os.path.exists(a.findings):
        time.sleep(0.01)
    a.settle()
    quiet = measure(a)
    load = subprocess.Popen([tool("load"), "opens", "20000", "600", bystander()], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        busy = measure(a)
        for _ in range(5):
            a.reload()
        longest = a.longest_turn()
    finally:
        load.terminate()
        load.wait()
for name, limit, (p50, p99, worst) in ("idle", 20, quiet), ("beside 20,000 opens a second", 50, busy):
    row(f"event to finding in the sink's file, {name}", f"p99 ≤ {limit} ms",
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst of {COUNT} {worst:.1f} ms", p99 <= limit)
turn_row("idle, beside 20,000 opens a second, at 5 reloads and at the stop", longest)
