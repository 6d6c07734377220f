#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files: every call that opens, names or unnames one, by every kind of path, against what the triggers know."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
EVENTS = ("open", "rename", "unlink", "link", "symlink", "chmod")
CALLS = ("open", "openat", "openat2", "creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat",
         "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "fchmodat2")
WAYS = {"open-deleted": "deleted", "open-memfd": "memfd"}    # of agent/event/ways.def
OPTIONAL = {"open-tmpfile", "fchmodat2"}   # what not every file system and kernel has

trigger = os.path.join(lib_record.BUILD, "trigger", "file")
modes = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(CALLS, 'fd.nameraw = "x"')
truths = []
for mode in modes:
    with tempfile.TemporaryDirectory(prefix="noroshi-file.") as folder:
        truths.append((mode, lib_record.run("file", mode, os.path.realpath(folder))))
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
for mode, lines in truths:
    results.add(not lines and mode not in OPTIONAL, "%s says something" % mode)
    missed = [w for w in (comparison.take(truth, WAYS.get(mode)) for truth in lines) if w]
    results.add(missed[:2], "%s: %d of %d as they were" % (mode, len(lines) - len(missed), len(lines)))
lib_record.report("file", comparison.checked)
results.add(lib_record.uncompared(EVENTS, comparison.checked), "every field was compared")
results.add(lib_record.wrong_ways("file", comparison.ways), "agent/event/ways.def says so")
results.end()
