#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""io_uring: requests that write and splice are told like the calls that do the same, by every kind of ring."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
if lib_record.RELEASE < (5, 19):
    lib_record.skip("requests are known by their descriptors from Linux 5.19 on")
OPTIONAL = {"defer", "defer-async"}     # rings that not every kernel has

trigger = os.path.join(lib_record.BUILD, "trigger", "uring_write")
ways = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(("write", "pwrite", "writev", "pwritev", "splice"))
truths = []
for way in ways:
    with tempfile.TemporaryDirectory(prefix="noroshi-uring.") as folder:
        truths.append((way, lib_record.run("uring_write", way, os.path.realpath(folder))))
live = recorder.stop()
if not any(lines for _, lines in truths):
    lib_record.skip("this kernel has no io_uring for us")
comparison = lib_record.Comparison(live)
results = lib_record.Results()
for way, lines in truths:
    results.add(not lines and way not in OPTIONAL, "%s says something" % way)
    missed = [(t["call"], t["res"], w) for t, w in ((t, comparison.take(t)) for t in lines) if w]
    results.add(missed[:3], "%s: %d of %d as they were" % (way, len(lines) - len(missed), len(lines)))
pids = {t["pid"] for _, lines in truths for t in lines}
extra = [(r["call"], r["res"], r.get("name")) for r in comparison.left if r["io_uring"] and r["pid"] in pids]
results.add(extra[:5], "nothing is told twice")
results.add(lib_record.wrong_ways("uring_write", comparison.ways), "agent/event/ways.def says so")
results.end()
