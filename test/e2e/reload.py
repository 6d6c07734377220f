#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules come and go: what both sets need loses nothing, what no rule needs any more is detached after a while, and comes back."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()
tmp = os.path.realpath(tempfile.mkdtemp(prefix="noroshi-reload."))
BOTH, NAME = os.path.join(tmp, "both"), os.path.join(tmp, "name")
RULE = """
- rule: %s
  desc: d
  condition: evt.type in (%s) and evt.res = SUCCESS and %s
  output: o
  priority: NOTICE
"""
COMMON = RULE % ("Both", "openat, openat2", "fd.name = " + BOTH)
CHMOD = RULE % ("Mode", "chmod, fchmodat", "fs.path.name = " + NAME)
RENAME = RULE % ("Name", "rename, renameat", "fs.path.source = " + NAME)
rules = os.path.join(tmp, "rules.yaml")


def put(text):
    with open(rules + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(rules + ".new", rules)


def coverage(agent):
    return json.loads(subprocess.run([lib_agent.NOROSHI, "status", "--json", "--state", agent.state], stdout=subprocess.PIPE,
                                     check=False).stdout)["coverage"]


def programs(agent):
    return {p["name"]: p["state"] for p in coverage(agent)["programs"]}


def is_link(path):
    """The sensor may close it between the listing and this: then it is none any more."""
    try:
        name = os.readlink(path)
    except FileNotFoundError:
        return False
    return "bpf_link" in name or "bpf-link" in name


def links(agent):
    """Descriptors of the sensor that keep a program attached."""
    folder = "/proc/%d/fd" % coverage(agent)["sensor"]["pid"]
    return sum(is_link(os.path.join(folder, fd)) for fd in os.listdir(folder))


def count(agent, rule):
    return sum({f["id"]: f["count"] for f in agent.findings(rule)}.values())


def reload(agent, text):
    before = agent.said().count("reloaded: ")
    put(text)
    agent.process.send_signal(signal.SIGHUP)
    lib_agent.await_that("reload", lambda: agent.said().count("reloaded: ") > before)


def attached(agent, call):
    return lib_agent.await_that(call, lambda: coverage(agent)["calls"][call]["state"] == "attached" and
                                programs(agent)[call + "__exit"] == "attached")


for path in (BOTH, NAME):
    with open(path, "w", encoding="utf-8"):
        pass
put(COMMON + CHMOD)
done, stop = [0], threading.Event()


def keep_opening():
    while not stop.is_set():
        os.close(os.open(BOTH, os.O_RDONLY))
        done[0] += 1
        time.sleep(0.0005)


try:
    with lib_agent.Agent("-r", rules, config="fold_window: 1h\nrate_limit: 0\n") as agent:
        thread = threading.Thread(target=keep_opening)
        thread.start()
        os.chmod(NAME, 0o600)
        first = links(agent)
        for _ in range(3):
            reload(agent, COMMON + RENAME)
            results.add(not attached(agent, "rename"), "rename is attached")
            reload(agent, COMMON + CHMOD)
        both = links(agent)
        results.add(programs(agent)["rename__exit"] != "attached", "while rules are being changed nothing is detached")
        reload(agent, COMMON + RENAME)
        os.chmod(NAME, 0o640)   # refused by then: the gate is shut at once
        detached = lib_agent.await_that("chmod detached", lambda: programs(agent)["chmod__exit"] == "unneeded")
        results.add(not detached, "chmod is detached when no rule needs it any more")
        lib_agent.await_that("links", lambda: links(agent) < both)
        results.add(not links(agent) < both and (first, both, links(agent)), "in the kernel: %d, then %d, then %d links" %
                    (first, both, links(agent)))
        state = coverage(agent)["calls"]
        results.add((state["chmod"]["state"], state["openat"]["state"], state["rename"]["state"]) !=
                    ("not needed", "attached", "attached") and state, "status says so")
        results.add("path_ns__tp_btf" in programs(agent) and programs(agent)["path_ns__tp_btf"] == "unneeded",
                    "what rename needs too stays")
        reload(agent, COMMON + CHMOD)
        results.add(not attached(agent, "chmod"), "it is attached again when a rule needs it")
        os.chmod(NAME, 0o600)
        stop.set()
        thread.join()
        results.add(not lib_agent.await_that("finding", lambda: len(agent.findings("Mode")) > 0), "and seen")
        results.add(agent.stop(), "the agent ends")
        results.add(count(agent, "Both") != done[0] and (count(agent, "Both"), done[0]), "%d opens, all seen" % done[0])
        results.add(count(agent, "Mode") != 2 and count(agent, "Mode"), "modes are seen while a rule wants them")
finally:
    stop.set()
    shutil.rmtree(tmp, ignore_errors=True)
results.end()
