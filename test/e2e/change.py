#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files made, changed and written by calls that open none, against what the trigger knows; on disk and in memory."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
EVENTS = ("mkdir", "mknod", "chown", "xattr", "truncate", "utime", "copy", "write")
CALLS = ("mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chown", "lchown", "fchown", "fchownat", "setxattr", "lsetxattr",
         "fsetxattr", "setxattrat", "removexattrat", "removexattr", "lremovexattr", "fremovexattr", "truncate", "ftruncate", "fallocate", "utimensat",
         "utimes", "futimesat", "utime", "sendfile", "splice", "copy_file_range", "open_by_handle_at", "fcntl")
# of these the trigger's own printing makes more than it tells
LOUD = ("write", "pwrite", "writev", "pwritev", "pwritev2")
WAYS = {"writev": "pieces", "pwritev": "pieces", "pwritev2": "pieces"}      # of agent/event/ways.def
OPTIONAL = {"handle"}      # what not every file system has

trigger = os.path.join(lib_record.BUILD, "trigger", "change")
modes = subprocess.run([trigger, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(CALLS + LOUD)
truths = []
for place in ("/var/tmp", "/dev/shm"):
    for mode in modes:
        with tempfile.TemporaryDirectory(prefix="noroshi-change.", dir=place) as folder:
            truths.append(("%s in %s" % (mode, place), mode, lib_record.run("change", mode, os.path.realpath(folder))))
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
for name, mode, lines in truths:
    missed = [w for w in (comparison.take(truth, WAYS.get(truth["call"])) for truth in lines) if w]
    results.add(missed[:2] or (not lines and mode not in OPTIONAL and "says nothing"),
                "%s: %d of %d as they were" % (name, len(lines) - len(missed), len(lines)))
more = [r for r in comparison.unexpected([t for _, _, lines in truths for t in lines]) if r["call"] not in LOUD]
results.add([(r["call"], r["res"]) for r in more[:3]], "nothing else is reported")
if not lib_record.names_seen_here:
    print("# this kernel does not say which inode a call is at work on: of a node none is known")
    comparison.checked |= {("mknod", "dev"), ("mknod", "ino")}
lib_record.report("change", comparison.checked)
results.add(lib_record.uncompared(EVENTS, comparison.checked), "every field was compared")
results.add(lib_record.wrong_ways("change", comparison.ways), "agent/event/ways.def says so")
results.end()
