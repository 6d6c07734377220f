#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every call that takes a path, by every way of naming it: the record has the kernel's own path."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("open", "openat", "openat2", "creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat",
         "symlink", "symlinkat", "chmod", "fchmodat", "fchmodat2")
OPENS = ("open", "openat", "openat2", "creat")


def known(truth):
    """What probes/name.h says cannot be told: by which of two mounts of the root's own file system a name was reached."""
    call, way = truth["route"].split()
    if way != "bind-mount" or call in OPENS:
        return None
    return {k: v.replace("/b/", "/d/") if k.endswith("name") else v for k, v in truth.items()}


def take(truth):
    why, other = comparison.take(truth), known(truth)
    return comparison.take(other) if why and other else why


trigger = os.path.join(lib_record.BUILD, "trigger", "route")
ways = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(CALLS, 'fd.nameraw = "x"')
truths = []
for way in ways:
    with tempfile.TemporaryDirectory(prefix="noroshi-route.") as folder:
        truths.append((way, lib_record.run("route", way, os.path.realpath(folder))))
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
for way, lines in truths:
    # fchmodat2 is as new as Linux 6.6
    done = [t for t in lines if t["res"] != -38 or t["call"] != "fchmodat2"]
    missed = ["%s: %s" % (t["route"], w) for t in done for w in [take(t)] if w]
    results.add(not done or missed[:2], "%s: %d of %d calls as they were" % (way, len(done) - len(missed), len(done)))
results.end()
