#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mounts, other processes, signals, executable memory, BPF, the kernel: every field against what the triggers know."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
EVENTS = ("mount", "tamper", "signal", "memory", "bpf", "kernel", "special")
STATE = {"module_load"}     # no call of its own: a module would have to be loaded
MAP_DENYWRITE = 0x800       # only the loader asks for it


def calls_of(events):
    """The calls of these events, in the order of events.def."""
    out, inside = [], False
    with open(os.path.join(lib_record.SRC, "probes", "events.def"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("EVENT("):
                inside = line.split(",")[1].strip() in events
            elif inside and line.startswith("CALL("):
                out.append(line.split(",")[1].strip())
    return out


def start_of(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[19])


def stop_recorder(pid):
    """The signal that stops, and the one that lets go on: what the kernel says of it is in the recording."""
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGCONT)
    return {"call": "signal", "pid": os.getpid(), "res": 0, "target": pid, "target_comm": "noroshi",
            "target_start": start_of(pid), "sig": int(signal.SIGSTOP), "code": 0, "fd": -1}


calls = [c for c in calls_of(EVENTS) if c not in STATE and (c == "signal" or lib_record.has(c))]
results = lib_record.Results()
recorder = lib_record.Recorder(calls)
truths = [("recorder", [stop_recorder(recorder.process.pid)])]
truths += [(t, [truth for truth in lib_record.run(t) if truth["call"] in calls]) for t in ("mount", "system")]
comparison = lib_record.Comparison(recorder.stop())
for trigger, lines in truths:
    results.add(not lines, "%s says something" % trigger)
    for truth in lines:
        what = truth.get("target_raw") or truth.get("name") or truth.get("request") or truth.get("sig") or truth.get("file") or ""
        way = "memfd" if "memfd" in truth["call"] or truth.get("file", "").startswith("memfd:") else None
        results.add(comparison.take(truth, way), "%s %s = %s %s" % (trigger, truth["call"], truth["res"], what))
own = {"kill", "umount2", "pidfd_open", "memfd_create", "signal"}     # the scene's: made, and cleared away
extra = [r for r in comparison.unexpected([t for _, lines in truths for t in lines])
         if r["call"] not in own and not (r["call"] == "mmap" and r["flags"] & MAP_DENYWRITE)]
known = subprocess.run([lib_record.NOROSHI, "eval", "-e", recorder.path,
                        "evt.type in (ptrace, kill) and evt.target.name = mk-target and evt.target.container.id = host and "
                        "evt.target.exepath endswith /trigger/system and evt.target.pid > 1"], stdout=subprocess.PIPE, check=True)
aimed = [r for r in comparison.live if r["call"] in ("ptrace", "kill") and r["target_comm"] == b"mk-target"]
results.add(not aimed or len(known.stdout.splitlines()) != len(aimed), "the target is found in the process table")
results.add(extra, "nothing that no trigger did")
if not lib_record.has("finit_module"):
    print("# this kernel has no modules and no kexec: nothing can name a file to it")
    comparison.checked.add(("kernel", "file"))
if not lib_record.has("mount_setattr"):
    print("# this kernel has no mount_setattr: nothing clears attributes")
    comparison.checked.add(("mount", "attr_clr"))
lib_record.report("system", comparison.checked)
results.add(lib_record.uncompared(EVENTS, comparison.checked), "every field was compared")
results.add(lib_record.wrong_ways("system", comparison.ways), "agent/event/ways.def says so")
results.end()
