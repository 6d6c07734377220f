#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`noroshi top`: what happened while it counted, by type, process, container and rule."""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()
RULES = """
- rule: Written
  desc: d
  condition: evt.type = openat and evt.is_open_write = true and fd.num >= 0 and fd.name = %s
  output: o
  priority: NOTICE
- rule: Another
  desc: d
  condition: evt.type = openat and evt.is_open_write = true and fd.num >= 0 and fd.name in (%s, /nowhere)
  output: o
  priority: NOTICE
"""
N = 500


def top(agent, out, *args):
    return subprocess.Popen([lib_agent.NOROSHI, "top", "--state", agent.state, *args], stdout=out)


def floods(counting):
    """Who opened the file N times each, one after the other, while top counts: the first and the last may be counted in part."""
    pids = []
    while counting.poll() is None:
        process = subprocess.Popen([os.path.join(lib_agent.BUILD, "trigger", "flood"), str(N), target])
        if process.wait():
            sys.exit("the trigger failed")
        pids.append(process.pid)
        time.sleep(0.2)
    return pids


with tempfile.TemporaryDirectory(prefix="noroshi-top.") as tmp:
    rules, target = os.path.join(tmp, "rules.yaml"), os.path.join(os.path.realpath(tmp), "file")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES % (target, target))
    with lib_agent.Agent("-r", rules) as agent:
        with open(os.path.join(tmp, "json"), "w+", encoding="utf-8") as out, top(agent, out, "--json", "--for", "4") as counting:
            pids = floods(counting)
            out.seek(0)
            v = json.load(out)
        rows = {pid: [r for r in v["rows"] if r["pid"] == pid and r["type"] == "openat"] for pid in pids}
        whole = [pid for pid in pids if {(r["rule"], r["events"]) for r in rows[pid]} == {(None, N), ("Written", N), ("Another", N)}]
        results.add(len(whole) < max(1, len(pids) - 2) and rows, "opens by their process, and by rule")
        results.add([r for pid in whole for r in rows[pid] if (r["process"], r["container"]) != ("flood", None)], "with its name, in no container")
        results.add(not [r for r in v["rows"] if r["type"] == "procexit" and r["pid"] in pids and r["rule"] is None],
                    "what the process table needs is counted too")
        kernel = {k["record"]: k for k in v["kernel"]}
        results.add(kernel["open"]["seen"] < N * len(whole) and kernel, "the kernel's own count says so")
        results.add(not v["seconds"] >= 3.9 and v["seconds"], "over its time")
        with open(os.path.join(tmp, "table"), "w+", encoding="utf-8") as out, top(agent, out) as counting:
            pids = [str(pid) for pid in floods(counting)]
            out.seek(0)
            said = out.read()
        table = [line.split()[1:] for line in said.splitlines()]
        results.add(not [p for p in pids if ["openat", p, "flood", "-", "-"] in table] and said, "as a table")
        results.add(not [p for p in pids if ["openat", p, "flood", "-", "Written"] in table] and said, "and its rules")
        results.add(agent.stop(), "the agent ends")
        with top(agent, subprocess.DEVNULL) as nobody:
            nobody.wait()
        results.add(nobody.returncode != 3 and nobody.returncode, "without an agent: 3")
    with subprocess.Popen([lib_agent.NOROSHI, "top", "--for", "x"], stderr=subprocess.PIPE) as bad:
        bad.communicate()
    results.add(bad.returncode != 2 and bad.returncode, "a bad time: 2")
results.end()
