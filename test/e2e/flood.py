#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A flood: each event of it is received or counted as lost, to the last one, and it pushes nobody else's out.

First without a limit: the agent keeps up as it can; then it is stopped for a while, so that the ring must overflow. Then
with one: a container floods, and loses only its own.
"""
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


def unaccounted(agent):
    """Records that are neither lost nor at the rules; some are on their way at any time."""
    c = agent.coverage()
    sent = sum(e["seen"] - sum(e["lost"].values()) for name, e in c["coverage"]["events"].items() if name != "cgroup")
    return sent - c["pipeline"]["events"] - sum(c["pipeline"]["undecoded"].values())


def flood(n, execs):
    """n opens, and meanwhile programs that are started."""
    process = subprocess.Popen([os.path.join(lib_agent.BUILD, "trigger", "flood"), str(n), FILE])
    for _ in range(execs):
        subprocess.run(["/bin/true", tmp], check=True)
    results.add(process.wait(), "%d opens, %d programs" % (n, execs))


def count(agent, rule):
    last = {f["id"]: f["count"] for f in agent.findings(rule)}
    return sum(last.values())


def losses(agent, container=None):
    """By event, of one control group: a container's, or all of no container."""
    out = {}
    for group in agent.coverage()["losers"]:
        if group["container"] == container:
            for event, n in group["lost"].items():
                out[event] = out.get(event, 0) + n
    return out


def unlimited():
    with lib_agent.Agent("-r", rules, config="fold_window: 1h\nrate_limit: 0\n") as under_test:
        flood(200000, 100)
        results.add(not lib_agent.await_that("account", lambda: unaccounted(under_test) == 0) and unaccounted(under_test),
                    "seen = received + lost")
        under_test.process.send_signal(signal.SIGSTOP)
        flood(150000, 50)
        under_test.process.send_signal(signal.SIGCONT)
        results.add(not lib_agent.await_that("account", lambda: unaccounted(under_test) == 0) and unaccounted(under_test),
                    "seen = received + lost, also while nobody reads")
        coverage = under_test.coverage()["coverage"]
        events, skipped = coverage["events"], coverage["calls"]["openat"]["missed"]     # that the kernel did not run the program for
        lost = sum(events["open"]["lost"].values())
        results.add(not lost, "the ring was too small for it: %s" % events["open"]["lost"])
        results.add(sum(sum(events[e]["lost"].values()) for e in ("exec", "fork", "exit")), "no process record was lost")
        own = losses(under_test).get("open", 0)
        results.add(own != lost and (own, lost), "each loss has a control group")
        results.add(under_test.stop(), "the agent ends well")
        received = count(under_test, "Flood")
        results.add(not 0 <= 350000 - received - own <= skipped and (received, own, skipped),
                    "each open is received or counted as lost, but for %d that the kernel skipped" % skipped)
        results.add(count(under_test, "Exec") != 150 and count(under_test, "Exec"), "each program is found")
        results.add(not under_test.findings("noroshi: events lost"), "the loss is a finding")
        results.add(bool(under_test.findings("Telemetry flood")), "no group is blamed where there is no limit")


class Group:
    """A control group with a task's path: a container as far as names go."""

    def __init__(self, container):
        self.container = container
        self.path = os.path.join(lib_agent.group_root(), "ecs", lib_agent.TASK, container)
        os.makedirs(self.path)

    def start(self, *argv):
        def join():
            with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write("0")
        return subprocess.Popen(argv, preexec_fn=join)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        lib_agent.await_that("empty control group", lambda: lib_agent.remove_group(self.path), 10)
        for above in (os.path.dirname(self.path), os.path.dirname(os.path.dirname(self.path))):
            lib_agent.remove_group(above)


OTHERS = """
import socket, subprocess, sys, time
for i in range(200):
    subprocess.run(["/bin/true", sys.argv[1]], check=True)
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))):
        pass
    time.sleep(float(sys.argv[3]) / 200)
"""


def judge(agent, box, rule, event, call, done, before):
    """What came of one container's flood, once the agent has ended."""
    after, lost = before
    skipped = after["calls"][call]["missed"]    # the kernel says how many, not whose: up to so many are the flooder's
    sums = count(agent, rule), lost.get(event, 0), skipped
    results.add(not 0 <= done - sum(sums[:2]) <= skipped and (sums, done, after["events"][event]),
                "%s: seen %d + lost %d + up to %d skipped = done" % (event, *sums))
    results.add(not lost.get(event), "some are lost")
    named = [f for f in agent.findings("Telemetry flood") if f.get("container", {}).get("id") == box.container]
    results.add(not named or named[0].get("process", {}).get("name") != "flood", "the flooder is named, with its program")
    said = named[-1]["output"] if named else ""
    results.add("%s %s records" % (lost.get(event), event) not in said and said, "and what it lost: " + said)


def limited(seconds, rate, config):
    """A container floods with opens, another with connections; a third one works."""
    trigger = os.path.join(lib_agent.BUILD, "trigger", "flood")
    opens, connects = seconds * rate, seconds * rate // 4
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as served, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        ports = served.getsockname()[1], sink.getsockname()[1]
        with open(rules, "w", encoding="utf-8") as f:
            f.write(RULES + NETWORK % ports)
        with Group("f100d%059x" % os.getpid()) as files, Group("f100e%059x" % os.getpid()) as network, \
                Group("900d%060x" % os.getpid()) as other, lib_agent.Agent("-r", rules, config="fold_window: 1h\n" + config) as agent:
            running = [files.start(trigger, str(opens), FILE, str(rate)), network.start(trigger, str(connects), str(ports[1]), str(rate)),
                       other.start(sys.executable, "-c", OTHERS, tmp, str(ports[0]), str(seconds))]
            results.add([p.wait() for p in running] != [0, 0, 0], "%d opens, %d connections, and another container" % (opens, connects))
            results.add(not lib_agent.await_that("account", lambda: unaccounted(agent) == 0) and unaccounted(agent), "seen = received + lost")
            lib_agent.await_that("findings", lambda: len(agent.findings("Telemetry flood")) > 1)
            after = agent.coverage()["coverage"]
            lost = {box: losses(agent, box.container) for box in (files, network, other)}
            results.add(lost[other], "the other container loses nothing")
            results.add({e for e in ("exec", "fork", "exit") if sum(after["events"][e]["lost"].values())}, "nobody loses a process record")
            results.add(agent.stop(), "the agent ends well")
            judge(agent, files, "Flood", "open", "openat", opens, (after, lost[files]))
            judge(agent, network, "Flooding connections", "connect", "connect", connects, (after, lost[network]))
            results.add(count(agent, "Exec") != 200 and count(agent, "Exec"), "200 of 200 programs of the other are seen")
            results.add(count(agent, "Connect") != 200 and (count(agent, "Connect"), after["calls"]["connect"], after["events"]["connect"]),
                        "and 200 of 200 connections")


NETWORK = """
- rule: Connect
  desc: what must get through
  condition: evt.type = connect and evt.res = SUCCESS and fd.sport = %d
  output: o
  priority: NOTICE
- rule: Flooding connections
  desc: what floods
  condition: evt.type = connect and evt.res = SUCCESS and fd.sport = %d
  output: o
  priority: NOTICE
"""
rules = os.path.join(tmp, "rules.yaml")
with open(rules, "w", encoding="utf-8") as rules_file:
    rules_file.write(RULES)
try:
    LONG = int(os.environ.get("FLOOD_SECONDS", "0"))
    if LONG:    # as the agent comes; only a machine that is quick enough makes it lose something
        limited(LONG, 60000, "")
    else:
        unlimited()
        limited(5, 20000, "rate_limit: 2000\nrate_burst: 3000\n")
finally:
    shutil.rmtree(tmp, ignore_errors=True)
results.end()
