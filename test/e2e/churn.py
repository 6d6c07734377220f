#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many short processes in many short containers: each event is told of the process and the container that did it.

What a process does says who it was (trigger/churn.c). CHURN=2000x10 for the full figure: so many containers, of so many
processes; the memory of both processes is looked at while that runs, and printed.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
CONTAINERS, PROCESSES = (int(n) for n in os.environ.get("CHURN", "60x10").split("x"))
RSS_BUDGET = 24 << 10       # KiB, both processes; of a build without sanitizers
RULES = """
- rule: Work
  desc: what a process of a container does
  condition: evt.type = openat and evt.is_open_write = true and fd.num >= 0 and fd.directory = %s
  output: "%%fd.filename %%proc.pid %%proc.ppid %%container.id %%proc.exepath %%proc.aname[2] %%proc.cmdline"
  priority: NOTICE
- rule: Program
  desc: a program of a container
  condition: evt.type = execve and evt.res = SUCCESS and (proc.args startswith "work %s" or proc.args startswith "first %s")
  output: "%%proc.pid %%proc.ppid %%container.id %%proc.cmdline"
  priority: NOTICE
"""
os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=8")   # what is freed shall not look like growth
results = lib_agent.Results()
trigger = os.path.realpath(os.path.join(lib_agent.BUILD, "trigger", "churn"))


class Memory:
    """Resident KiB of both processes over time."""

    def __init__(self, agent):
        self.pids = [agent.process.pid, agent.coverage()["coverage"]["sensor"]["pid"]]
        self.began = time.monotonic()
        self.curve = []

    def look(self):
        kib = []
        for pid in self.pids:
            with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as f:
                kib.append(next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")))
        self.curve.append((time.monotonic() - self.began, *kib))
        return sum(kib)

    def show(self, steps=16):
        for second, agent, sensor in self.curve[::max(1, len(self.curve) // steps)] + self.curve[-1:]:
            print("# %5.1f s: %6.1f MiB, agent %.1f, sensor %.1f" % (second, (agent + sensor) / 1024, agent / 1024, sensor / 1024))

    def highest(self):
        return max(agent + sensor for _, agent, sensor in self.curve)


def told(finding):
    """Words of the output; what else the finding says of process and container must be the same."""
    words = finding["output"].split(" ")
    pid, container = (words[1], words[3]) if finding["rule"] == "Work" else (words[0], words[2])
    if (str(finding["process"]["pid"]), finding.get("container", {}).get("id", "")[:12]) != (pid, container[:12]):
        return words, "the finding's process or container: " + json.dumps(finding)
    task = finding.get("ecs", {}).get("taskId")
    if task != (None if int(container[2:8], 16) % 2 else lib_agent.TASK):
        return words, "the task: " + json.dumps(finding)
    return words, None


def work(findings, folder):
    """Who worked, as far as that is told rightly, and what is told wrong."""
    seen, wrong = set(), []
    for f in findings:
        words, error = told(f)
        container, n, pid, parent = words[0].split(".")
        own = "work %s %s %s" % (folder, container, n) if int(n) % 2 == 0 else "first %s %s %d" % (folder, container, PROCESSES)
        if error or words[1:3] != [pid, parent] or f["container"]["id"] != container or words[4] != trigger or \
                words[5] != "churn" or " ".join(words[6:]) != "churn " + own:
            wrong.append(error or f["output"])
        else:
            seen.add((container, n))
    return seen, wrong


def programs(findings):
    """Programs by (container, number), the first one's number is empty; and what is told wrong."""
    seen, wrong = set(), []
    for f in findings:
        words, error = told(f)
        what, container, n = words[4], words[6], words[7]
        if error or f["container"]["id"] != container:
            wrong.append(error or f["output"])
        else:
            seen.add((container, n if what == "work" else ""))
    return seen, wrong


def lines(path):
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as f:
        return sum(b'"revision":1,' in line for line in f)


def churn(agent, groups, folder):
    """Runs the trigger, in the background of looks at the memory; the truth it tells."""
    memory = Memory(agent)
    with subprocess.Popen([trigger, str(CONTAINERS), str(PROCESSES), groups, folder], stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            memory.look()
            time.sleep(0.25)
        truth = json.loads(process.stdout.read())
    expected = truth["processes"] + truth["containers"] * (1 + (PROCESSES + 1) // 2)
    lib_agent.await_that("findings", lambda: lines(agent.file) >= expected, 60)
    memory.look()
    return truth, memory


def judge(agent, truth, memory, folder):
    findings = agent.findings()
    found, ran = ([f for f in findings if f["rule"] == rule] for rule in ("Work", "Program"))
    seen, wrong = work(found, folder)
    want = truth["processes"]
    results.add(wrong[:3], "%d of %d processes are told rightly, whose container is told rightly" % (len(seen), want))
    results.add(len(seen) != want and "missing %d" % (want - len(seen)), "and none is missing")
    results.add(len(found) != want and "have %d" % len(found), "none is told twice")
    seen, wrong = programs(ran)
    want = truth["containers"] * (1 + (PROCESSES + 1) // 2)
    results.add(wrong[:3], "%d of %d programs likewise" % (len(seen), want))
    results.add((len(seen), len(ran)) != (want, want) and "have %d, of %d" % (len(ran), len(seen)), "none missing, none twice")
    v = agent.coverage()
    results.add(sum(sum(e["lost"].values()) for e in v["coverage"]["events"].values()), "no record was lost")
    results.add(v["tables"]["processes"]["evictedRunning"], "no running process was thrown out of the table")
    groups = v["tables"]["groups"]
    results.add(groups["rows"] - groups["gone"] >= truth["containers"] and groups, "control groups that are gone are known to be")
    print("# tables: " + json.dumps(v["tables"]["processes"]) + " " + json.dumps(v["tables"]["groups"]))
    memory.show()
    sanitized = b"__asan_init" in open(lib_agent.NOROSHI, "rb").read()
    results.add(not sanitized and memory.highest() > RSS_BUDGET, "resident memory at most %.1f MiB" % (memory.highest() / 1024))


with tempfile.TemporaryDirectory(prefix="noroshi-churn.") as tmp:
    folder = os.path.join(os.path.realpath(tmp), "work")
    os.mkdir(folder)
    rules = os.path.join(tmp, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as file:
        file.write(RULES % (folder, folder, folder))
    groups = os.path.join(lib_agent.group_root(), "noroshi-churn-%d" % os.getpid())
    below = [groups, groups + "/docker", groups + "/ecs", groups + "/ecs/" + lib_agent.TASK]
    for group in below:
        os.mkdir(group)
    try:
        with lib_agent.Agent("-r", rules, config="fold_window: 0\nrate_limit: 0\n") as under_test:
            done, rss = churn(under_test, groups, folder)
            judge(under_test, done, rss, folder)
            results.add(under_test.stop(), "the agent ends well")
            results.add("Sanitizer" in under_test.said() and under_test.said(), "no leak")
    finally:
        for group in reversed(below):
            lib_agent.remove_group(group)
results.end()
