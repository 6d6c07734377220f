#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Resident memory of both processes and the BPF maps: at rest, and after 10,000 processes in 50 containers and a million events."""
import os
import subprocess
from lib_bench import QUICK, Agent, bystander, file_pages_kib, map_bytes, need_live, row, status_kib, tool

BUDGET = "≤ 24 MiB RSS + ≤ 16 MiB BPF maps"
PROCESSES, EVENTS, GROUPS = (500, 20000, 5) if QUICK else (10000, 1000000, 50)
need_live("memory, busy host", BUDGET)


def hierarchy():
    for path in "/sys/fs/cgroup/pids", "/sys/fs/cgroup":
        if os.path.exists(path + "/cgroup.procs") and os.access(path, os.W_OK):
            return path
    return None


def report(a, what, budget=None):
    parts, total = [], 0
    for name, pid in zip(("agent", "sensor"), a.pids):
        rss = status_kib(pid, "VmRSS")
        files, rings = file_pages_kib(pid)
        total += rss
        parts.append(f"{name} {rss / 1024:.1f} (anonymous {status_kib(pid, 'RssAnon') / 1024:.1f}, rings {rings / 1024:.1f}, "
                     f"files {files / 1024:.1f})")
    maps = map_bytes(a.pids[1]) / 2**20
    row(what, budget or "–", f"{total / 1024:.1f} MiB RSS: {', '.join(parts)}; BPF maps {maps:.1f} MiB",
        (total <= 24 * 1024 and maps <= 16) if budget else None)


# One control group sends more than it may by default.
with Agent(config="rate_limit: 0\n") as a:
    a.settle()
    report(a, "memory, at rest")
    top = hierarchy()
    groups = [f"{top}/noroshi-bench/docker/{n:064x}" for n in range(0xbe0000, 0xbe0000 + GROUPS)] if top else []
    try:
        for g in groups:
            os.makedirs(g)
        subprocess.run([tool("load"), "opens", "60000", str(max(1, EVENTS // 60000)), bystander()], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([tool("load"), "execs", str(PROCESSES), *groups], check=True, stdout=subprocess.DEVNULL)
        a.settle()
        s = a.status()
        report(a, f"memory, busy host ({s['pipeline']['events']} events, {s['tables']['processes']['rows']} processes, "
               f"{s['tables']['groups']['containers']} containers)", BUDGET)
    finally:
        for g in groups:
            if os.path.isdir(g):
                os.rmdir(g)
        for g in (top + "/noroshi-bench/docker", top + "/noroshi-bench") if top else ():
            if os.path.isdir(g):
                os.rmdir(g)
