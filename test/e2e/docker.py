#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attribution by a real Docker Engine: every one-shot by its own task, whoever was first, and without the engine the reason."""
import concurrent.futures
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_docker  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
ONE_SHOTS = 50
RULE = "Shadow file read"
RULES = """
- rule: %s
  desc: a program reads the password hashes
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and evt.is_open_read = true and container.id != host
  output: "%%proc.cmdline read %%fd.name"
  priority: WARNING
""" % RULE
# Whoever launches a task, the agent sees the same labels: a service's task has one more name in front of the container's.
LAUNCHERS = ("service", "run-task", "step-functions", "codepipeline", "events")
CLUSTER = "arn:aws:ecs:ap-northeast-1:111122223333:cluster/prod"
results = lib_agent.Results()


def task(i):
    return "%08x%024x" % (os.getpid(), 0xd0c0000 + i)     # other tests have tasks too


def labels(i):
    return {"com.amazonaws.ecs.cluster": "prod", "com.amazonaws.ecs.container-name": "main-%d" % i,
            "com.amazonaws.ecs.task-arn": "arn:aws:ecs:ap-northeast-1:111122223333:task/prod/" + task(i),
            "com.amazonaws.ecs.task-definition-family": "family-%s-%d" % (LAUNCHERS[i % len(LAUNCHERS)], i),
            "com.amazonaws.ecs.task-definition-version": str(i)}


def run(docker, i, *args, detach=False):
    """One container of task i, in the group that the ECS agent would give it."""
    words = [w for pair in labels(i).items() for w in ("--label", "%s=%s" % pair)]
    return docker.docker("run", *(["-d"] if detach else ["--rm"]), "--network", "none", "--cgroup-parent", "/ecs/" + task(i), "--name",
                         "ecs-family-%d-%d-main" % (i, i), *words, "web:1.8", *(args or ("/bin/cat", "/etc/shadow")), quiet=True)


def wrong(finding, i):
    """None, or what of the attribution is wrong."""
    want = {"name": "ecs-family-%d-%d-main" % (i, i), "image": "web:1.8", "runtime": "docker"}
    ecs = {"cluster": "prod", "clusterArn": CLUSTER, "taskId": task(i), "taskArn": labels(i)["com.amazonaws.ecs.task-arn"],
           "family": labels(i)["com.amazonaws.ecs.task-definition-family"], "revision": str(i), "containerName": "main-%d" % i}
    have = finding.get("container", {})
    bad = {k: have.get(k) for k in want if have.get(k) != want[k]}
    bad.update({k: finding.get("ecs", {}).get(k) for k in ecs if finding.get("ecs", {}).get(k) != ecs[k]})
    if not re.fullmatch("sha256:[0-9a-f]{64}", have.get("imageId", "")):
        bad["imageId"] = have.get("imageId")
    if finding["attribution"] != "ATTRIBUTION_RESOLVED" or "attributionReason" in finding:
        bad["attribution"] = finding["attribution"], finding.get("attributionReason")
    return bad or None


def of_task(agent, i):
    return [f for f in agent.findings(RULE) if f.get("ecs", {}).get("taskId") == task(i)]


def one_shots(docker, agent):
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda i: run(docker, i).returncode, range(ONE_SHOTS)))
    print("# %.1f containers a second" % (ONE_SHOTS / (time.monotonic() - start)))
    results.add([e for e in ended if e], "%d containers ran" % ONE_SHOTS)
    lib_agent.await_that("findings", lambda: all(of_task(agent, i) for i in range(ONE_SHOTS)), 30)
    lib_agent.await_that("answers", lambda: not [f for i in range(ONE_SHOTS) for f in of_task(agent, i)
                                                 if f["attribution"] == "ATTRIBUTION_PENDING"], 40)
    results.add([i for i in range(ONE_SHOTS) if len(of_task(agent, i)) != 1], "each is one finding")
    bad = [(i, wrong(f, i)) for i in range(ONE_SHOTS) for f in of_task(agent, i) if wrong(f, i)]
    results.add(bad[:3], "with its own container, image, task, family and revision")
    early = sum(1 for f in agent.revisions(RULE) if f["revision"] == 1 and f["attribution"] == "ATTRIBUTION_RESOLVED")
    print("# %d of them in their first revision, %d revisions" % (early, len(agent.revisions(RULE))))
    lost = [f for f in agent.revisions(RULE) if f["attribution"] == "ATTRIBUTION_PENDING" and not f.get("attributionReason")]
    results.add(lost[:1], "what waits says for what")


def engine_comes_late(agent, docker):
    """The agent was first: who ran before is known once the engine is there."""
    said = {p["name"]: p for p in agent.coverage()["attribution"]["providers"]}["docker"]
    results.add(said["state"] not in ("not asked", "down") and said, "an engine that is not there is no error")
    docker.start()
    docker.image("web:1.8", ["/bin/cat", "/bin/sleep"], {"/etc/shadow": "root:x:1:\n"})


def before_the_agent(docker):
    """A task that ran before the agent did is resolved with its first finding."""
    i = ONE_SHOTS
    docker.docker("rm", "-f", "ecs-family-%d-%d-main" % (i, i), quiet=True)
    results.add(run(docker, i, "/bin/sleep", "600", detach=True).returncode, "a task runs")
    with lib_agent.Agent("-r", rules, config=config(docker)) as agent:
        known = lib_agent.await_that("the task", lambda: [c for c in agent.coverage()["attribution"]["containers"]
                                                          if c["attribution"] == "resolved" and c.get("taskId") == task(i)])
        results.add(not known or known[0]["known"].get("family") != labels(i)["com.amazonaws.ecs.task-definition-family"],
                    "it is known without its having done anything")
        docker.docker("exec", "ecs-family-%d-%d-main" % (i, i), "/bin/cat", "/etc/shadow", quiet=True)
        lib_agent.await_that("finding", lambda: of_task(agent, i), 30)
        first = [f for f in agent.revisions(RULE) if f.get("ecs", {}).get("taskId") == task(i)][:1]
        results.add(not first or wrong(first[0], i), "and its first finding says so in its first revision")
        gone(docker, agent, i)


def gone(docker, agent, i):
    """The engine is stopped: what was known stays known, and who comes then has the reason."""
    docker.stop()
    other = "feed%060x" % os.getpid()
    with lib_agent.Lookalike(other, task(i + 1)) as box:
        box.run("exec cat /etc/shadow >/dev/null")
        found = lib_agent.await_that("finding", lambda: of_task(agent, i + 1), 30)
        last = lib_agent.await_that("answer", lambda: [f for f in of_task(agent, i + 1) if f["attribution"] == "ATTRIBUTION_PARTIAL"], 60)
    results.add(not found or found[0]["attribution"] not in ("ATTRIBUTION_PENDING", "ATTRIBUTION_PARTIAL") or not last or
                "docker: " not in last[0]["attributionReason"], "without the engine the finding says why")
    print("# " + (last[0]["attributionReason"] if last else "nothing"))
    said = {p["name"]: p for p in agent.coverage()["attribution"]["providers"]}["docker"]
    results.add(said["state"] != "down" or "since" not in said or "lastError" not in said, "and so does the status, with the time")
    codes = {i["code"] for i in agent.coverage()["issues"]}
    results.add("DOCKER_SOCKET_UNREADABLE" not in codes and codes, "as an issue with a code")


def config(docker):
    return "fold_window: 0\nattribution:\n  docker: %s\n" % docker.socket


with lib_docker.Docker() as docker:
    rules = os.path.join(docker.dir, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    with lib_agent.Agent("-r", rules, config=config(docker)) as agent:
        engine_comes_late(agent, docker)
        one_shots(docker, agent)
        results.add(agent.stop(), "the agent ends well")
    before_the_agent(docker)
results.end()
