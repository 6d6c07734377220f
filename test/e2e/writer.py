#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who wrote what is executed: by every way to write a file, and whatever others do to it afterwards."""
import atexit
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
OPTIONAL = {"overlay", "copy"}     # what not every host and pair of file systems has



def group_root():
    """Where the control groups that name containers are, and the number of their hierarchy, 0 of v2."""
    with open("/proc/cgroups", encoding="utf-8") as f:
        pids = [line.split() for line in f if line.startswith("pids")]
    if os.path.isdir("/sys/fs/cgroup/pids") and pids:
        return "/sys/fs/cgroup/pids", int(pids[0][1])
    return "/sys/fs/cgroup", 0


def part(path):
    """Which part of the memory a control group writes into: probes/writers.h."""
    return ((os.stat(path).st_ino | HIERARCHY << 56) * 0x9e3779b97f4a7c15 & (1 << 64) - 1) >> 61


ROOT, HIERARCHY = group_root()
with open("/proc/self/cgroup", encoding="utf-8") as own:
    PATHS = dict(line.strip().split(":", 2)[1:] for line in own)
group_of_mine = ROOT + PATHS["pids" if HIERARCHY else ""]
for number in range(64):
    group = os.path.join(ROOT, "noroshi-e2e-%d-%d" % (os.getpid(), number))
    os.mkdir(group)
    atexit.register(os.rmdir, group)
    if part(group) != part(group_of_mine):
        os.environ["FLOOD_GROUP"] = group
        break

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
