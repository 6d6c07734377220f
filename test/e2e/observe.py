#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A rule that is only observed: status counts and shows its matches, no finding is sent, until a reload makes it a rule."""
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
MARK = "noroshi-observed-%d" % os.getpid()
RULE = """- rule: %s
  desc: d
  condition: evt.type in (execve, execveat) and proc.args contains %s
  output: ran %%proc.args
  priority: NOTICE
  enabled: %s
"""
results = lib_agent.Results()
check = results.check



def act(n):
    for i in range(n):
        subprocess.run(["/bin/echo", "%s-%d" % (MARK, i)], stdout=subprocess.DEVNULL, check=True)


def status(agent, *args):
    return subprocess.run([lib_agent.NOROSHI, "status", "--state", agent.state, *args], capture_output=True, text=True,
                          check=False).stdout


def observed(agent):
    return {o["rule"]: o for o in json.loads(status(agent, "--json"))["observed"]}


with tempfile.TemporaryDirectory(prefix="noroshi-observe.") as tmp:
    rules = os.path.join(tmp, "rules.yaml")

    def write(tried):
        with open(rules, "w", encoding="utf-8") as f:
            f.write(RULE % ("Live", MARK, "true") + RULE % ("Tried", MARK, tried))

    write("observe")
    with lib_agent.Agent("-r", rules) as agent:
        check("nothing observed at first", observed(agent) == {}, status(agent, "--json"))
        act(5)
        lib_agent.await_that("the matches", lambda: observed(agent).get("Tried", {}).get("matches") == 5)
        tried = observed(agent)
        check("only the rule that is tried out", list(tried) == ["Tried"], tried)
        first = [s["output"] for s in tried["Tried"]["first"]]
        check("the first three with their outputs", first == ["ran %s-%d" % (MARK, i) for i in range(3)], first)
        text = status(agent)
        check("status says it", "Tried: 5 matches, no findings" in text and "ran %s-0" % MARK in text, text)
        write("true")
        agent.process.send_signal(signal.SIGHUP)
        lib_agent.await_that("the reload", lambda: json.loads(status(agent, "--json"))["rules"]["reloads"] == 1)
        before = observed(agent)["Tried"]["matches"]
        act(1)
        lib_agent.await_that("a finding of it", lambda: agent.findings("Tried"))
        check("observed no more", observed(agent)["Tried"]["matches"] == before, observed(agent))
        ended = agent.stop()
        check("the agent ends", ended == 0, ended)
        found = agent.findings("Tried")
        check("the match after the reload is the only finding", [f["output"] for f in found] == ["ran %s-0" % MARK], found)
        live = {f["id"]: f["count"] for f in agent.findings("Live")}  # the last revision of each counts
        check("the other rule's matches were findings all the time", sum(live.values()) == 6, live)
results.end()
