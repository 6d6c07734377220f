#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A flood of opens: each is received or counted as lost, to the last one, and it pushes no exec out.

First the agent keeps up as it can; then it is stopped for a while, so that the ring must overflow.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()
tmp = os.path.realpath(tempfile.mkdtemp(prefix="noroshi-flood."))
FILE = os.path.join(tmp, "file")
RULES = """
- rule: Flood
  desc: the flood's opens
  condition: evt.type = openat and evt.is_open_write = true and fd.num >= 0 and fd.name = %s
  output: o
  priority: NOTICE
- rule: Exec
  desc: what must get through
  condition: evt.type = execve and evt.res = SUCCESS and proc.cmdline = "true %s"
  output: o
  priority: NOTICE
""" % (FILE, tmp)


def coverage(agent):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.path.join(agent.state, "control.sock"))
        s.sendall(b"GET /coverage HTTP/1.1\r\nHost: noroshi\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


def unaccounted(agent):
    """Records that are neither lost nor at the rules; some are on their way at any time."""
    c = coverage(agent)
    sent = sum(e["seen"] - sum(e["lost"].values()) for name, e in c["coverage"]["events"].items() if name != "cgroup")
    return sent - c["pipeline"]["events"] - sum(c["pipeline"]["undecoded"].values())


def flood(n, execs):
    """n opens, and meanwhile programs that are started."""
    process = subprocess.Popen([os.path.join(lib_agent.BUILD, "trigger", "flood"), str(n), FILE])
    for _ in range(execs):
        subprocess.run(["/bin/true", tmp], check=True)
    results.add(process.wait(), "%d opens, %d programs" % (n, execs))


def count(agent, rule):
    return max((f["count"] for f in agent.findings(rule)), default=0)


rules = os.path.join(tmp, "rules.yaml")
with open(rules, "w", encoding="utf-8") as rules_file:
    rules_file.write(RULES)
try:
    with lib_agent.Agent("-r", rules, config="fold_window: 1h\n") as under_test:
        flood(200000, 100)
        results.add(not lib_agent.await_that("account", lambda: unaccounted(under_test) == 0) and unaccounted(under_test),
                    "seen = received + lost")
        under_test.process.send_signal(signal.SIGSTOP)
        flood(150000, 50)
        under_test.process.send_signal(signal.SIGCONT)
        results.add(not lib_agent.await_that("account", lambda: unaccounted(under_test) == 0) and unaccounted(under_test),
                    "seen = received + lost, also while nobody reads")
        events = coverage(under_test)["coverage"]["events"]
        lost = sum(events["open"]["lost"].values())
        results.add(not lost, "the ring was too small for it: %s" % events["open"]["lost"])
        results.add(sum(sum(events[e]["lost"].values()) for e in ("exec", "fork", "exit")), "no process record was lost")
        results.add(under_test.stop(), "the agent ends well")
        received = count(under_test, "Flood")
        results.add(not received <= 350000 <= received + lost and (received, lost), "each open is received or counted as lost")
        results.add(count(under_test, "Exec") != 150 and count(under_test, "Exec"), "each program is found")
        results.add(not under_test.findings("noroshi: events lost"), "the loss is a finding")
finally:
    shutil.rmtree(tmp, ignore_errors=True)
results.end()
