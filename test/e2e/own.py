#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who touches the agent's program, its files or its time is told by it: SELF_TAMPERED, FILES_CHANGED, SELF_PAUSED; and when that is over."""
import os
import shutil
import signal
import sys
import tempfile
import time

FOLDER = tempfile.mkdtemp(prefix="noroshi-own.")
REAL = os.environ["NOROSHI"]
os.environ["NOROSHI"] = os.path.join(FOLDER, "noroshi")    # one that may be touched
shutil.copy(REAL, os.environ["NOROSHI"])
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
from lib_agent import NOROSHI, await_that  # noqa: E402

results = lib_agent.Results()
check = results.check
RULES = """- rule: Nothing to find
  desc: d
  condition: evt.type = execve and proc.name = no-such-name-at-all
  output: o
  priority: NOTICE
"""
PAUSE = 11      # seconds: ten are always seen


def issues(agent):
    return {i["code"]: i for i in agent.coverage()["issues"]}


def replace(make):
    """Another file under the program's name, as an upgrade puts it there."""
    make(NOROSHI + ".new")
    os.rename(NOROSHI + ".new", NOROSHI)


def longer(path):
    shutil.copy(REAL, path)
    with open(path, "ab") as f:
        f.write(b"x")


def program(agent):
    check("nothing is amiss", await_that("healthy", lambda: agent.coverage()["state"] == "healthy") and not issues(agent), issues(agent))
    replace(lambda path: shutil.copy(REAL, path))
    check("the same program once more is none", not issues(agent), issues(agent))
    replace(longer)
    evidence = issues(agent).get("SELF_TAMPERED", {}).get("evidence", {})
    check("another one is said", evidence.get("path") == NOROSHI and evidence["disk"] and evidence["disk"] != evidence["running"], evidence)
    check("which is less than healthy", agent.coverage()["state"] == "degraded")
    os.unlink(NOROSHI)
    check("so is none at all", issues(agent)["SELF_TAMPERED"]["evidence"]["disk"] == "")
    replace(lambda path: shutil.copy(REAL, path))
    check("until it is back", not issues(agent), issues(agent))


def files(agent, rules):
    for path, over in ((rules, lambda: agent.process.send_signal(signal.SIGHUP)), (os.path.join(agent.dir, "noroshi.yaml"), None)):
        with open(path, encoding="utf-8") as f:
            before = f.read()
        with open(path, "a", encoding="utf-8") as f:
            f.write("# another line\n")
        found = issues(agent).get("FILES_CHANGED", {}).get("evidence", {}).get("files")
        check("a file that says something else is said", found == [path], found)
        check("but no less healthy", agent.coverage()["state"] == "healthy")
        if over:
            over()
        else:
            with open(path, "w", encoding="utf-8") as f:
                f.write(before)
        check("until that is in force", await_that("over", lambda: not issues(agent)), issues(agent))


def freezer(pid):
    """Where a control group of its own freezes the process, None without one; and how it is taken back."""
    group = "/sys/fs/cgroup/freezer/noroshi-own-%d" % os.getpid()
    try:
        os.mkdir(group)
        with open(group + "/cgroup.procs", "w", encoding="ascii") as f:
            f.write(str(pid))
    except OSError:
        return None
    return group


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def pauses(agent):
    pid = agent.process.pid
    os.kill(pid, signal.SIGSTOP)
    time.sleep(PAUSE)
    os.kill(pid, signal.SIGCONT)
    check("a stop is said", await_that("SELF_PAUSED", lambda: "SELF_PAUSED" in issues(agent)), issues(agent))
    evidence = issues(agent)["SELF_PAUSED"]["evidence"]
    check("with its length", 5 <= evidence["seconds"] <= 60 and evidence["pauses"] == 1, evidence)
    group = freezer(pid)
    if not group:
        print("# there is no freezer here")
        return
    try:
        write(group + "/freezer.state", "FROZEN")
        time.sleep(PAUSE)
        write(group + "/freezer.state", "THAWED")
        check("so is a frozen control group", await_that("again", lambda: issues(agent)["SELF_PAUSED"]["evidence"]["pauses"] == 2))
    finally:
        write(group + "/freezer.state", "THAWED")
        write("/sys/fs/cgroup/freezer/cgroup.procs", str(pid))
        lib_agent.remove_group(group)


def main():
    if os.geteuid():
        lib_agent.skip("needs root")
    rules = os.path.join(FOLDER, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    with lib_agent.Agent("-r", rules, config='attribution: {docker: "off", ecs: "off"}\n') as agent:
        program(agent)
        files(agent, rules)
        pauses(agent)
    results.end()


try:
    main()
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
