#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who wrote what is executed: by every way to write a file, and whatever others do to it afterwards."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
OPTIONAL = {"overlay", "copy"}     # what not every host and pair of file systems has

trigger = os.path.join(lib_record.BUILD, "trigger", "writer")
modes = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(("execve", "clone", "fork", "vfork", "clone3"), "proc.exe_written = true")
truths = []
# a file system on disk and one in memory: they make inodes dirty in different ways
for place in ("/var/tmp", "/dev/shm"):
    for mode in modes:
        with tempfile.TemporaryDirectory(prefix="noroshi-writer.", dir=place) as folder:
            truths.append(("%s in %s" % (mode, place), lib_record.run("writer", mode, os.path.realpath(folder)), mode))
old = subprocess.Popen(["/bin/true"])
old.wait()
live = recorder.stop()
comparison = lib_record.Comparison(live)
results = lib_record.Results()
born = {r["child"]: r["child_exec_id"] for r in live if r["event"] == "fork"}
for name, lines, mode in truths:
    for truth in lines:
        truth["writer_exec_id"] = born.get(truth["writer"], -1)
    missed = [w for w in (comparison.take(truth) for truth in lines) if w]
    results.add(missed or (not lines and mode not in OPTIONAL and "says nothing"), name)
mine = [r for r in live if r["event"] == "exec" and r["pid"] == old.pid]
results.add(not mine or mine[0]["writer"] or mine[0]["writer_comm"], "what nobody wrote while the agent watched has no writer")
lib_record.report("writer", comparison.checked)
results.end()
