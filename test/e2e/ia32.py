#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""32-bit entries, where the kernel has them, of a 64-bit and of a 32-bit program: the same events, with the mark."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("open", "openat", "rename", "unlink", "chmod", "socket", "connect", "execve")
lib_record.FLAGS["compat"] = 1 << 4
with tempfile.TemporaryDirectory(prefix="noroshi-ia32.") as folder:
    if subprocess.run([os.path.join(lib_record.BUILD, "trigger", "ia32"), folder], stdout=subprocess.DEVNULL,
                      check=False).returncode == 77:
        lib_record.skip("no 32-bit entries here")

recorder = lib_record.Recorder(CALLS, 'evt.compat = true', 'fd.nameraw = "x"')
with tempfile.TemporaryDirectory(prefix="noroshi-ia32.") as folder:
    truths = lib_record.run("ia32", os.path.realpath(folder))
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
results.add(not truths, "the trigger says something")
for truth in truths:
    # its record has no mark: by then the program that was started runs, not the one that asked; program32 says "again"
    way = "ia32" if truth["call"] == "execve" and truth["argc"] == 3 else None
    results.add(comparison.take(truth, way), "%s = %s" % (truth["call"], truth["res"]))
if not os.path.exists(os.path.join(lib_record.BUILD, "trigger", "program32")):
    print("# this build has no 32-bit program")
extra = [(r["call"], r["res"]) for r in comparison.left if r["pid"] in {t["pid"] for t in truths} and r["compat"]]
results.add(extra, "nothing is told twice")
results.add(lib_record.wrong_ways("ia32", comparison.ways), "agent/event/ways.def says so")
results.end()
