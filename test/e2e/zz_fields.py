#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every field of probes/events.def and of the record's header is compared with the truth by some test.

Each truth test leaves a list of what it compared; where that is missing or older than what it speaks of, the test is run.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = ("exec", "file", "net", "writer", "creds", "system", "transfer", "hello", "change")
# not of an event: the form of the record (what does not decode is counted by the agent)
FORM = {"type", "call", "size"}
# told by the agent itself, but for one cause: lifecycle.py says what is true of it
AGENTS = {"container"}
HEADER = [n for n in lib_record.HEADER_NAMES if n not in FORM]


def fresh(test, path):
    newest = max(os.path.getmtime(p) for p in (os.path.join(HERE, test + ".py"), os.path.join(HERE, "lib_record.py"),
                                               os.path.join(lib_record.SRC, "probes", "events.def"), lib_record.NOROSHI))
    return os.path.exists(path) and os.path.getmtime(path) >= newest


def compared(test):
    path = os.path.join(lib_record.BUILD, "e2e-fields", test + ".txt")
    if not fresh(test, path):
        done = subprocess.run([os.path.join(HERE, test + ".py")], stdout=subprocess.PIPE, check=False)
        if done.returncode == 77:
            lib_record.skip(test + " was skipped")
    with open(path, encoding="utf-8") as f:
        return {tuple(line.strip().split(".", 1)) for line in f}


results = lib_record.Results()
checked = set().union(*(compared(test) for test in TESTS))
for event in (name for name, _ in lib_record.EVENTS if name not in AGENTS):
    results.add(lib_record.uncompared((event,), checked), "every field of %s" % event)
header = {"tgid": "pid", "flags": "hdr_flags"}
anywhere = {field for _, field in checked}
results.add([n for n in HEADER if header.get(n, n) not in anywhere], "every field of the header")
results.end()
