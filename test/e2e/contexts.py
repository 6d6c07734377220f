#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What every trigger does, done by somebody else: by a later thread of a process, by a child of vfork(), by a process that
shares memory with another. Who did it is told as truly as ever."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
EXEC = ("plain", "symlink", "memfd", "at-dirfd", "missing", "missing-at", "fork", "vfork", "clone", "clone3")
NOT_HERE = {"module_load", "tls", "http"}   # no module is loaded here; no trigger of ours begins a connection so
NO_CALL = {"procexit", "cred_change", "signal", "dns"}      # seen without one


def modes(name):
    return subprocess.run([os.path.join(lib_record.BUILD, "trigger", name), "list"], stdout=subprocess.PIPE,
                          check=True).stdout.decode().split()


def doings():
    """(trigger, mode or None)"""
    yield from (("exec", mode) for mode in EXEC)
    yield from (("file", mode) for mode in modes("file") if "flip" not in mode)
    yield from (("change", mode) for mode in modes("change"))
    yield from ((name, None) for name in ("net", "dup", "transfer", "mount", "system"))
    yield "dns", "-n"
    yield "creds", None


def done(context, name, mode):
    with tempfile.TemporaryDirectory(prefix="noroshi-contexts.") as folder:
        os.chmod(folder, 0o755)
        folder = [os.path.realpath(folder)] if name in ("exec", "file", "change", "creds") else []
        return lib_record.run(name, *([mode] if mode else []), *folder,
                              env={"TRIGGER_AS": context, "NOROSHI_TEST": "x", "ASAN_OPTIONS": "detect_leaks=0"})


calls = [c for c in lib_record.CALLS if c not in NOT_HERE and c != "none" and (c in NO_CALL or lib_record.has(c))]
recorder = lib_record.Recorder(calls, 'evt.type = openat and fd.nameraw = "x"', 'evt.type = execve and proc.env[NOROSHI_TEST] = "y"')
truths = [(context, name, mode, done(context, name, mode)) for context in lib_record.contexts() for name, mode in doings()]
comparison = lib_record.Comparison(recorder.stop())
results = lib_record.Results()
for context, name, mode, lines in truths:
    lines = [t for t in lines if t["call"] in calls]
    missed = ["%s = %s: %s" % (t["call"], t["res"], w) for t in lines for w in [comparison.take(t, context)] if w]
    results.add(missed[:3], "%s: %s %s: %d of %d as they were" % (context, name, mode or "", len(lines) - len(missed), len(lines)))
results.add(lib_record.wrong_ways("contexts", comparison.ways), "agent/event/ways.def says so")
results.end()
