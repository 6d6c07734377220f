#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""io_uring: what requests do is told like what calls do, by every kind of ring, against what the trigger knows."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("openat", "openat2", "renameat2", "unlinkat", "linkat", "symlinkat", "socket", "connect", "bind", "listen",
         "accept4", "mkdirat", "setxattr", "fsetxattr", "fallocate", "ftruncate")
OPTIONAL = {"defer", "defer-async"}     # rings that not every kernel has



def unsubmitted(res):
    """Before 5.19 a request with a bad descriptor ends before it is submitted: nothing is told, in a chain less than is true."""
    return res == -9 and lib_record.RELEASE < (5, 19)


trigger = os.path.join(lib_record.BUILD, "trigger", "uring")
ways = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(CALLS, 'fd.nameraw = "x"')
truths = []
for way in ways:
    with tempfile.TemporaryDirectory(prefix="noroshi-uring.") as folder:
        truths.append((way, lib_record.run("uring", way, os.path.realpath(folder))))
live = recorder.stop()
if not any(lines for _, lines in truths):
    lib_record.skip("this kernel has no io_uring for us")
comparison = lib_record.Comparison(live)
results = lib_record.Results()
for way, lines in truths:
    results.add(not lines and way not in OPTIONAL, "%s says something" % way)
    lines = [t for t in lines if not unsubmitted(t["res"]) and not (t.get("via") == "multishot" and lib_record.RELEASE < (6, 14))]
    missed = [(t["call"], t["res"], w) for t, w in ((t, comparison.take(t)) for t in lines) if w]
    results.add(missed[:3], "%s: %d of %d as they were" % (way, len(lines) - len(missed), len(lines)))
pids = {t["pid"] for _, lines in truths for t in lines}
extra = [(r["call"], r["res"], r.get("name"), r.get("raw")) for r in comparison.left
         if r["pid"] in pids and r["io_uring"] and not unsubmitted(r["res"])]
results.add(extra[:5], "nothing is told twice")
workers = [r for r in live if r["io_uring"] and r["pid"] not in pids]
results.add(len(workers) > 1000, "no flood of anything else")
# Before 6.11 rings do not have all that the trigger asks of them: it tells what it did.
event = {r["call"]: r["event"] for r in live}
done = {("io_uring", event.get(t["call"])) for _, lines in truths for t in lines}
results.add(lib_record.wrong_ways("uring", comparison.ways, done if lib_record.RELEASE < (6, 11) else None), "agent/event/ways.def says so")
results.end()
