#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets, duplicated descriptors and DNS: every field of the records against what the triggers know."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "dup", "dup2", "dup3", "dns")
EVENTS = ("socket", "socketpair", "connect", "bind", "listen", "accept", "dup", "dns")
TRIGGERS = (("net",), ("net_entry",), ("dup",), ("dns", "-n"))

PIECES = {"writev", "sendmsg", "sendmmsg", "gso", "tcp_pieces", "tcp_prefix", "tcp_three"}     # ways of dns


def way(truth):
    """Of agent/event/ways.def."""
    if truth["call"] == "dns" and truth.get("via") in PIECES:
        return "pieces"
    if truth["call"] == "dns" and truth.get("via") == "uring":
        return "io_uring"
    return "memfd" if truth.get("fd_type") == "memfd" else None


recorder = lib_record.Recorder(CALLS)
truths = [(t[0], lib_record.run(*t)) for t in TRIGGERS]
comparison = lib_record.Comparison(recorder.stop())
failed = number = 0


def result(problem, what):
    global failed, number
    number += 1
    failed += bool(problem)
    print("%s %d - %s" % ("not ok" if problem else "ok", number, what))
    if problem:
        print("# %s" % (problem,))


for trigger, lines in truths:
    result(not lines, "%s says something" % trigger)
    for truth in lines:
        what = truth.get("via") or truth.get("path") or truth.get("name") or truth.get("peer_ip") or ""
        result(comparison.take(truth, way(truth)), "%s %s = %s %s" % (trigger, truth["call"], truth.get("res", ""), what))
# the launcher's own dup2 calls come before the trigger's program, under the same process id
extra = [r for r in comparison.unexpected([t for _, lines in truths for t in lines])
         if not (r["call"] == "dup2" and r["newfd"] in (0, 1, 2))]
result(extra, "nothing that no trigger did")
lib_record.report("net", comparison.checked)
result(lib_record.uncompared(EVENTS, comparison.checked), "every field was compared")
result(lib_record.wrong_ways("net", comparison.ways), "agent/event/ways.def says so")
print("1..%d" % number)
sys.exit(1 if failed else 0)
