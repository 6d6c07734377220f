#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever stops, traces or reaches into the agent or its sensor is found, with his program; whoever does it to others, or only asks, is not."""
import ctypes
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
SIGNAL, REACHED = "This agent stopped by a signal", "This agent traced or written to"
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
results = lib_agent.Results()
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def found(agent, rule, text=""):
    return [f for f in agent.findings(rule) if text in f["output"] and f["process"]["pid"] == os.getpid()]


def judged(agent, rule, text, what):
    seen = lib_agent.await_that(what, lambda: found(agent, rule, text), 30)
    results.add(not seen, what)
    if seen:
        print("# " + seen[0]["output"])


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.2)
    os.kill(pid, signal.SIGCONT)


def trace(pid):
    results.add(libc.ptrace(PTRACE_ATTACH, pid, None, None) and os.strerror(ctypes.get_errno()), "traced")
    os.waitpid(pid, 0x40000000)     # __WALL
    libc.ptrace(PTRACE_DETACH, pid, None, None)


def main():
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        with lib_agent.Agent(config='fold_window: 0\nattribution: {docker: "off", ecs: "off"}\n') as agent:
            pid = agent.process.pid
            os.kill(pid, 0)
            stop(bystander.pid)
            stop(pid)
            judged(agent, SIGNAL, "SIGSTOP", "who stops the agent is found once it goes on")
            results.add(len(found(agent, SIGNAL)) != 1 and len(found(agent, SIGNAL)), "once, and not who stops another process")
            stop(lib_agent.children(pid)[0])
            lib_agent.await_that("its sensor", lambda: len(found(agent, SIGNAL)) > 1, 30)
            results.add(len(found(agent, SIGNAL)) != 2 and len(found(agent, SIGNAL)), "and who stops its sensor")
            trace(pid)
            judged(agent, REACHED, "ptrace", "who traces it")
            with open("/proc/%d/oom_score_adj" % pid, "r+", encoding="ascii") as f:
                f.read()
            judged(agent, REACHED, "openat", "who opens its files of /proc for writing")
            before = len(agent.findings(REACHED))
            with open("/proc/%d/oom_score_adj" % bystander.pid, "r+", encoding="ascii") as f:
                f.read()
            with open("/proc/%d/status" % pid, encoding="ascii") as f:
                f.read()
            subprocess.run(["cat", "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)
            lib_agent.await_that("what came last", lambda: agent.findings("Shadow file read"))
            results.add(len(agent.findings(REACHED)) != before, "who opens others' files, or only reads the agent's, is not")
            results.add(agent.stop(), "SIGTERM ends it")
            results.add(len(agent.findings(REACHED)) != before and agent.findings(REACHED)[-1]["output"], "nothing more was found")
    finally:
        bystander.kill()
        bystander.wait()
    results.end()


main()
