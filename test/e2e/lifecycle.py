#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Containers that begin, end and run out of memory are events; those that were there before the agent are not told as started."""
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_record  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
RULES = """
- rule: Life
  desc: what becomes of containers
  condition: evt.type = container
  output: "%container.event"
  priority: NOTICE
- rule: Task began
  desc: only of that task
  condition: evt.type = container and container.event = start and ecs.task.id = {task}
  output: "%container.id by %proc.name"
  priority: NOTICE
""".format(task=lib_agent.TASK)
CONFIG = 'fold_window: 0\nattribution:\n  docker: "off"\n  ecs: "off"\n'
LIMIT = 24 << 20
results = lib_agent.Results()


def name(n):
    return "11fe%04x%056x" % (n, os.getpid())


def life(agent, box):
    return [f["output"] for f in agent.findings("Life") if f.get("container", {}).get("id") == box]


class Memory:
    """A control group with little memory, by either hierarchy; None where there is none."""

    def __init__(self, box):
        root = "/sys/fs/cgroup/memory"
        self.own = os.path.isdir(root)
        self.path = os.path.join(root, "noroshi-%d" % os.getpid()) if self.own else box.group
        self.there = True
        try:
            if self.own:
                os.mkdir(self.path)
            with open(os.path.join(self.path, "memory.limit_in_bytes" if self.own else "memory.max"), "w", encoding="ascii") as f:
                f.write(str(LIMIT))
        except OSError as e:
            print("# no memory limit here: %s" % e)
            self.there = False

    def remove(self):
        if self.own:
            lib_agent.await_that("empty group", lambda: lib_agent.remove_group(self.path), 10)


def begins_and_ends(agent, n):
    with lib_agent.Lookalike(name(n)) as box:
        box.run("true; exec true")
    lib_agent.await_that("the end", lambda: "die" in life(agent, name(n)), 30)
    results.add(life(agent, name(n)) != ["start", "die"] and life(agent, name(n)), "a short one began and ended, once each")
    began = [f for f in agent.findings("Task began") if f["container"]["id"] == name(n)]
    results.add(len(began) != 1 or began[0]["process"]["name"] != "unshare" or began[0]["process"]["pid"] < 2,
                "a rule for its task sees it begin, with the process that was first")
    first = [f for f in agent.findings("Life") if f.get("container", {}).get("id") == name(n)]
    results.add(not first or "process" in first[-1] or first[0]["event"]["type"] != "container", "its end is nobody's deed")


def runs_out(agent, n):
    with lib_agent.Lookalike(name(n)) as box:
        memory = Memory(box)
        if memory.there:
            script = "exec %s -c 'print(len(bytes(range(256)) * (100 << 12)))' >/dev/null" % sys.executable
            pid = os.fork()
            if not pid:
                if memory.own:
                    with open(memory.path + "/cgroup.procs", "w", encoding="ascii") as f:
                        f.write(str(os.getpid()))
                os._exit(0 if box.run(script) else 1)
            os.waitpid(pid, 0)
            lib_agent.await_that("oom", lambda: "oom" in life(agent, name(n)), 30)
            seen = [f for f in agent.findings("Life") if f["output"] == "oom" and f.get("container", {}).get("id") == name(n)]
            results.add(not seen, "one runs out of memory")
            victims = [f for f in seen if lib_record.RELEASE < (6, 8) or f["process"]["name"].startswith("python")]
            results.add(len(seen) != len(victims) and seen[:1], "the process of it is the one that is killed")
        memory.remove()


def older(agent):
    return [i for i in agent.coverage()["issues"] if i["code"] == "TASK_PREDATES_AGENT"]


def was_there(n):
    with lib_agent.Lookalike(name(n)) as box:
        keeper = os.fork()
        if not keeper:
            os._exit(box.run("exec sleep 600") & 1)
        group = os.path.join(box.group, "cgroup.procs")

        def members():
            with open(group, encoding="ascii") as f:
                return f.read().split()
        lib_agent.await_that("a member", lambda: len(members()) > 1, 10)
        time.sleep(0.3)
        with lib_agent.Agent("-r", rules, config=CONFIG) as agent:
            lib_agent.await_that("older", lambda: older(agent), 30)
            results.add(not older(agent), "an issue says how many are older than the agent")
            rows = [c for c in agent.coverage()["attribution"]["containers"] if c["id"] == name(n)]
            results.add(not rows or (rows[0]["coverage"], rows[0]["from"], "since" in rows[0]) != ("covered", "running", True) and rows,
                        "and status since when it is covered")
            for pid in members():
                os.kill(int(pid), 9)
            os.waitpid(keeper, 0)
            lib_agent.await_that("no members", lambda: not members(), 10)
            box.remove()
            lib_agent.await_that("the end", lambda: life(agent, name(n)), 30)
            results.add(life(agent, name(n)) != ["die"] and life(agent, name(n)), "one that was there before the agent only ends")
            results.add(older(agent) and older(agent), "with it the issue ends")
            results.add(agent.stop(), "the agent ends well")


with tempfile.TemporaryDirectory(prefix="noroshi-life.") as folder:
    rules = os.path.join(folder, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    with lib_agent.Agent("-r", rules, config=CONFIG) as agent:
        calls = agent.coverage()["coverage"]["calls"]["container"]
        results.add(calls["state"] != "attached" and calls, "the event is covered")
        begins_and_ends(agent, 1)
        runs_out(agent, 2)
        results.add(agent.stop(), "the agent ends well")
    was_there(3)
results.end()
