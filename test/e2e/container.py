#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attribution: what a container does is told as its own, however short it lives, from its first exec on."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_runc  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
RULE = "Shadow file read"
CONFIG = "fold_window: 0\n"
TIMES = 100
OURS = ("3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e",
        "b8c1f22be2d5d1b9c0f3de7a0a11a3d0e3a5f1d2c4b6978812345678deadbeef")
FIRST = "cafe%060x" % os.getpid()
RULES = """
- rule: First exec
  desc: the container's first program
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS and proc.cmdline = "true noroshi-first"
  output: "%proc.cmdline"
  priority: NOTICE
"""
results = lib_agent.Results()


def attributed(finding, container):
    """None, or what is wrong with the finding's container and task."""
    have = finding.get("container", {}).get("id"), finding.get("ecs", {}).get("taskId")
    return None if have == (container, lib_agent.TASK) else "%s: container %s, task %s" % (finding["output"], *have)


def one_shots(agent):
    with lib_agent.Lookalike(OURS[0]) as one, lib_agent.Lookalike(OURS[1]) as other:
        for i in range(TIMES):
            box = one if i % 2 == 0 else other
            if box.run("exec cat /etc/shadow >/dev/null"):
                sys.exit("the look-alike did not run")
        lib_agent.await_that("findings", lambda: len(agent.findings(RULE)) >= TIMES, 30)
    found = agent.findings(RULE)
    mine = [f for f in found if f["process"]["cmdline"] == "cat /etc/shadow" and "container" in f]
    results.add(len(mine) != TIMES and "have %d" % len(mine), "%d of %d one-shots are found" % (len(mine), TIMES))
    for box in OURS:
        own = [f for f in mine if f["container"].get("id") == box]
        results.add(len(own) != TIMES // 2 and "have %d" % len(own), "half of them in each container")
        results.add([a for a in (attributed(f, box) for f in own) if a][:3], "with their task")
    results.add([f for f in mine if f["process"]["name"] != "cat" or not f["process"].get("exePath", "").endswith("/cat") or
                 f["process"].get("nsPid") != 1][:1], "by their program, the first of its namespace")


def on_the_host(agent):
    before = len(agent.findings(RULE))
    subprocess.run(["cat", "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)
    lib_agent.await_that("finding", lambda: len(agent.findings(RULE)) > before, 30)
    host = agent.findings(RULE)[before:]
    results.add(len(host) != 1 or "container" in host[0] or "ecs" in host[0], "the host is no container")


def with_runc(agent):
    if not shutil.which("runc"):
        print("# without runc")
        return
    with tempfile.TemporaryDirectory(prefix="noroshi-runc.") as bundle, lib_agent.Lookalike(FIRST) as box:
        group = "ecs/%s/%s" % (lib_agent.TASK, FIRST)
        lib_runc.bundle(bundle, lib_runc.spec(bundle), box.root, group, "/bin/true", "noroshi-first")
        done = subprocess.run(["runc", "--root", os.path.join(bundle, "state"), "run", "noroshi-e2e-%d" % os.getpid()], cwd=bundle,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        lib_runc.remove_groups(group)
    if done.returncode:
        print("# runc does not run here: %s" % done.stdout.decode(errors="replace").strip())
        return
    lib_agent.await_that("finding", lambda: agent.findings("First exec"), 30)
    found = agent.findings("First exec")
    results.add(len(found) != 1 and "have %d" % len(found), "runc: the first exec is seen")
    results.add(not found or attributed(found[0], FIRST), "runc: in its container and task")


with tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="noroshi-rules.") as rules:
    rules.write(RULES)
    rules.flush()
    with lib_agent.Agent("-r", "default", "-r", rules.name, config=CONFIG) as under_test:
        one_shots(under_test)
        on_the_host(under_test)
        with_runc(under_test)
        results.add(under_test.stop(), "the agent ends well")
results.end()
