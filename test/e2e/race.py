#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Arguments that another thread changes while the call is at work: what the kernel did is what is told, each time, and
that they were changed is told too, of no call whose arguments stayed."""
import collections
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
if os.cpu_count() < 2:
    lib_record.skip("needs two processors")
CALLS = 12000       # of one round
ROUNDS = 20         # at most, until a call was changed on the way: where the other thread seldom runs at the same time
RULE = """
- rule: changed
  desc: arguments changed on the way
  condition: evt.type in (openat, connect) and evt.args_mutated = true
  output: "%proc.pid"
  priority: INFO
"""
ARGS_CHANGED = 1 << 10


def mutated(rec):
    """Changed, and not to another way to say the same."""
    if not rec["hdr_flags"] & ARGS_CHANGED:
        return False
    return rec["event"] == "connect" or rec["name_source"] == b"kernel" and \
        os.path.normpath(rec["raw"] or b"") != rec["name"]


def is_real(rec, folder):
    if rec["event"] == "connect":
        return rec["peer_port"] == 5555
    return rec["res"] >= 0 and rec["name"] == folder + b"/secret." and rec["flags"] & os.O_ACCMODE == os.O_RDWR


def race(what):
    """One round: the truth, the events, and of how many the agent says that they were changed."""
    recorder = lib_record.Recorder(("openat", "connect"), "evt.args_mutated = true")
    with tempfile.TemporaryDirectory(prefix="noroshi-race.") as folder:
        folder = os.path.realpath(folder)
        truth = lib_record.run("race", what, folder, str(CALLS))[0]
        live = [r for r in recorder.stop() if r["pid"] == truth["pid"] and r["event"] in ("open", "connect")]
        rules = os.path.join(folder, "rules.yaml")
        with open(rules, "w", encoding="utf-8") as f:
            f.write(RULE)
        said = subprocess.run([lib_record.NOROSHI, "replay", "--json", "-e", recorder.path, "-r", rules],
                              stdout=subprocess.PIPE, check=True).stdout
    output = collections.Counter(json.loads(line)["output"] for line in said.splitlines())
    return truth, folder.encode(), live, output[str(truth["pid"])]


def check(what, rounds):
    calls = real = changed = 0
    for _ in range(rounds):
        truth, folder, live, said = race(what)
        told = [r for r in live if is_real(r, folder)]
        results.add(len(told) != truth["real"], "%s: %d of %d calls came to the real thing, and %d events say so" % (
            what, truth["real"], truth["calls"], len(told)))
        seen = [r for r in live if mutated(r)]
        results.add(len(seen) != said, "%s: %d records changed on the way, and the agent says %d" % (what, len(seen), said))
        calls, real = calls + truth["calls"], real + len(told)
        changed += len([r for r in seen if is_real(r, folder)])
        if changed:
            break
    return calls, real, changed


def told_of(truth, what, folder, live):
    """The events that came to the real thing, as the kernel says."""
    mine = [r for r in live if r["pid"] == truth["pid"] and r["call"] == what and not r["res"]]
    if what == "bind":
        return [r for r in mine if r["local_port"] == 5555]
    key = "oldname" if what in ("rename", "link") else "name"
    return [r for r in mine if r["name_source"] == b"kernel" and r[key] == folder.encode() + b"/secret."]


def names_and_binds():
    """Calls that change names, and bind, each in the same race: of which events all that came to the real thing is told."""
    whats = subprocess.run([os.path.join(lib_record.BUILD, "trigger", "race"), "list"], stdout=subprocess.PIPE,
                           check=True).stdout.decode().split() if lib_record.names_seen_here else []
    recorder = lib_record.Recorder(whats + ["bind"])
    done = []
    for what in whats + ["bind"]:
        # a file system that knows the attributes of the kernel's own
        with tempfile.TemporaryDirectory(prefix="noroshi-race.", dir="/var/tmp") as folder:
            folder = os.path.realpath(folder)
            done.append((what, folder, lib_record.run("race", what, folder, str(CALLS // 4))[0]))
    live, shown = recorder.stop(), set()
    for what, folder, truth in done:
        told = told_of(truth, what, folder, live)
        results.add(len(told) != truth["real"] or not told, "%s: %d of %d calls came to the real thing, and %d events say so" % (
            what, truth["real"], truth["calls"], len(told)))
        shown |= {("race", r["event"]) for r in told}
    return shown


results = lib_record.Results()
raced = set()
for what in ("open", "connect"):
    calls, real, changed = check(what, ROUNDS)
    raced |= {("race", what)} if real else set()
    results.add(not changed, "%s: of %d that came to the real thing %d are told as changed on the way" % (what, real, changed))
raced |= names_and_binds()
for what in ("through", "still"):
    calls, real, changed = check(what, 1)
    results.add(changed, "%s: of %d none is told as changed on the way" % (what, real))
results.add(lib_record.wrong_ways("race", raced), "agent/event/ways.def says so")
results.end()
