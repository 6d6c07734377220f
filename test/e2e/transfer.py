#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is sent and received: each call and request of io_uring against the truth; and nothing of it unless a rule asks."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg")
TRIGGER = os.path.join(lib_record.BUILD, "trigger", "transfer")
RULES = """- rule: Many
  desc: d
  condition: evt.type = sendmmsg and evt.buffer startswith "message "
  output: "%evt.type %evt.buflen %evt.io_dir %fd.rip %evt.buffer"
  priority: NOTICE
"""
results = lib_record.Results()


def here(way, truth):
    """Before 6.10 a request to an address, those with these results, has no copy of it of the kernel's own."""
    if way == "requests" and truth["call"] == "sendmsg" and truth["res"] in (6, 7) and lib_record.RELEASE < (6, 10):
        return dict(truth, hdr_flags=truth["hdr_flags"] | lib_record.ADDR_USER)
    return truth


def compared():
    recorder = lib_record.Recorder(CALLS)
    truths = {way: lib_record.run("transfer", *args) for way, args in (("calls", ()), ("requests", ("uring",)))}
    comparison = lib_record.Comparison(recorder.stop())
    if lib_record.RELEASE < (5, 19):
        del truths["requests"]      # not known by their descriptors there: agent/event/ways.def
    for way, lines in truths.items():
        results.add(not lines and way == "calls", "%s say something" % way)
        for truth in lines:
            split = way == "calls" and truth["call"] not in ("sendto", "recvfrom")
            results.add(comparison.take(here(way, truth), "pieces" if split else None), "%s: %s = %d" % (way, truth["call"], truth["res"]))
    pids = {t["pid"] for lines in truths.values() for t in lines}
    results.add([r for r in comparison.left if r["pid"] in pids and r["event"] == "transfer"], "nothing is told twice, and nothing that nobody did")
    lib_record.report("transfer", comparison.checked)
    results.add(lib_record.uncompared(("transfer",), comparison.checked), "every field was compared")
    results.add(lib_record.wrong_ways("transfer", comparison.ways), "agent/event/ways.def says so")


def on_request(folder):
    with lib_agent.Agent("-r", os.path.join(lib_record.SRC, "rules")) as agent:
        states = {call: agent.coverage()["coverage"]["calls"][call]["state"] for call in CALLS}
        results.add({c: s for c, s in states.items() if s != "not needed"}, "default rules attach none of it")
        agent.stop()
    rules = os.path.join(folder, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    with lib_agent.Agent("-r", rules, config="fold_window: 0\n") as agent:
        subprocess.run([TRIGGER, "-f", "100"], check=True)
        lib_agent.await_that("findings", lambda: len(agent.findings("Many")) >= 64)
        outputs = [f["output"] for f in agent.findings("Many")]
        results.add(outputs[:1] != ["sendmmsg 9 write 127.0.0.8 message 0"] and outputs[:1], "text, length and peer of a finding")
        count = agent.coverage()["coverage"]["events"]["transfer"]
        results.add((len(outputs), count["seen"], sum(count["lost"].values())) != (64, 100, 36) and (len(outputs), count),
                    "of 100 messages 64 are told, and 36 counted as lost")
        results.add(agent.stop(), "the agent ends")


compared()
with tempfile.TemporaryDirectory(prefix="noroshi-transfer.") as tmp:
    on_request(tmp)
results.end()
