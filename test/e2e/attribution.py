#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attribution on a host of ECS: the task of every container, also when it is known late, when nobody is there yet, and whoever tells."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_ecs  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
RULE = "Shadow file read"
RULES = """
- rule: %s
  desc: a program reads the password hashes
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and evt.is_open_read = true and container.id != host
  output: "%%proc.cmdline read %%fd.name"
  priority: WARNING
""" % RULE
READ = "exec cat /etc/shadow >/dev/null"
# Whoever launches a task: the ECS agent is told what to run, not by whom.
LAUNCHERS = ("service", "run-task", "step-functions", "codepipeline", "events")
results = lib_agent.Results()
folder = tempfile.mkdtemp(prefix="noroshi-attribution.")


def config(ecs="off", docker="off", ecs_config="off", ecs_files="off"):
    return """fold_window: 0
hash: {executables: "off"}
attribution: {docker: %s, ecs: "%s", ecs_config: %s, ecs_files: %s}
""" % (docker, ecs, ecs_config, ecs_files)


def ids(i):
    return "%064x" % (0xfeed0000 + i), "%032x" % (0xabc0000 + i)


def of_task(agent, tid):
    return [f for f in agent.revisions(RULE) if f.get("ecs", {}).get("taskId") == tid]


def last(agent, tid, state="RESOLVED", deadline=40):
    """The revisions of that task's findings, once the last says so."""
    lib_agent.await_that(state, lambda: of_task(agent, tid) and of_task(agent, tid)[-1]["attribution"] == "ATTRIBUTION_" + state, deadline)
    return of_task(agent, tid)


def wrong(finding, cid, tid, family="web", name="web", **more):
    """None, or what of the attribution is wrong."""
    want = {"cluster": "prod", "clusterArn": lib_ecs.ARN + "cluster/prod", "taskId": tid, "taskArn": lib_ecs.ARN + "task/prod/" + tid,
            "family": family, "revision": "42", "containerName": name, **more}
    bad = {k: finding.get("ecs", {}).get(k) for k in want if finding.get("ecs", {}).get(k) != want[k]}
    if finding.get("container", {}).get("id") != cid or not finding["container"].get("image") or not finding["container"].get("name"):
        bad["container"] = finding.get("container")
    if finding["attribution"] != "ATTRIBUTION_RESOLVED" or "attributionReason" in finding:
        bad["attribution"] = finding["attribution"], finding.get("attributionReason")
    return bad or None


def read_shadow(cid, tid):
    with lib_agent.Lookalike(cid, tid) as box:
        box.run(READ)


def late(agent, ecs):
    cid, tid = ids(1)
    ecs.late[cid] = 1
    ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid)))
    read_shadow(cid, tid)
    said = last(agent, tid)
    results.add([f["attribution"] for f in said] != ["ATTRIBUTION_PENDING", "ATTRIBUTION_RESOLVED"] or
                [f["revision"] for f in said] != [1, 2] or said[0]["id"] != said[1]["id"],
                "a container that is known a second late: revision 1 waits, revision 2 knows")
    results.add(not said or wrong(said[-1], cid, tid), "its cluster, task, family, revision, name and image")
    print("# " + (said[0].get("attributionReason", "no reason") if said else "nothing"))
    results.add(not said or not said[0].get("attributionReason"), "and the first said what is not known")


def launchers(agent, ecs):
    bad = []
    for i, launcher in enumerate(LAUNCHERS):
        cid, tid = ids(10 + i)
        ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid, family=launcher), family=launcher))
        read_shadow(cid, tid)
        said = last(agent, tid)
        if not said or wrong(said[-1], cid, tid, family=launcher):
            bad.append((launcher, said[-1:] and wrong(said[-1], cid, tid, family=launcher)))
    results.add(bad, "a task by any launcher is the same")


def pause(agent, docker):
    """The introspection leaves it out; its labels are there."""
    cid, tid = ids(2)
    docker.containers[cid] = lib_ecs.docker_container(cid, tid, "~internal~ecs~pause")
    read_shadow(cid, tid)
    said = last(agent, tid)
    results.add(not said or wrong(said[-1], cid, tid, name="~internal~ecs~pause"), "the pause container is known by its labels")
    results.add(len(said) > 1 and said, "at once, as nobody else is waited for")


def host(agent):
    ecs = agent.coverage()["attribution"]["ecs"]
    results.add((ecs.get("cluster"), ecs.get("containerInstanceArn"), ecs["registered"]) != ("prod", lib_ecs.INSTANCE, True) and ecs,
                "status says whose container instance this is")


def absent_at_first():
    """Nobody to ask: the reason stands there; then the ECS agent starts."""
    cid, tid = ids(3)
    with lib_ecs.EcsAgent().start() as ecs:
        ecs.stop()
        ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid)))
        with lib_agent.Agent("-r", rules, config=config(ecs.url())) as agent, lib_agent.Lookalike(cid, tid) as box:
            box.run(READ)
            lib_agent.await_that("finding", lambda: of_task(agent, tid))
            said = lib_agent.await_that("down", lambda: [p for p in agent.coverage()["attribution"]["providers"]
                                                         if p["name"] == "ecs" and p["state"] == "down" and "since" in p])
            results.add(not said, "an ECS agent that is not there is down, with the time")
            results.add("silentSince" not in agent.coverage()["attribution"]["ecs"], "and the host's part says since when it is silent")
            print("# " + (said[0]["lastError"] if said else "nothing"))
            ecs.start()
            found = last(agent, tid)
            results.add(found[0]["attribution"] != "ATTRIBUTION_PENDING" or wrong(found[-1], cid, tid),
                        "when it comes the container is known, and the finding in a new revision")


def nobody_comes():
    """After half a minute it is told as far as it is known, and why no further; a later finding asks again."""
    cid, tid = ids(4)
    with lib_ecs.EcsAgent().start() as ecs:
        ecs.stop()
        with lib_agent.Agent("-r", rules, config=config(ecs.url())) as agent, lib_agent.Lookalike(cid, tid) as box:
            box.run(READ)
            found = last(agent, tid, "PARTIAL", 60)
            results.add(not found or "ecs: " not in found[-1].get("attributionReason", "") or ": Connection refused" not in found[-1]["attributionReason"],
                        "what nobody knows is told with the reason")
            print("# " + (found[-1].get("attributionReason", "no reason") if found else "nothing"))
            ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid)))
            ecs.start()

            def again():    # five seconds lie between two inquiries
                box.run(READ)
                return [f for f in of_task(agent, tid) if f["attribution"] == "ATTRIBUTION_RESOLVED"]
            known = lib_agent.await_that("another finding that knows", again, 40)
            results.add(not known or wrong(known[-1], cid, tid), "and it is asked for again when it does something again")


def before_the_agent():
    """A task that ran first is resolved from the agent's first second, and by its first finding."""
    cid, tid = ids(5)
    with lib_ecs.EcsAgent().start() as ecs, lib_agent.Lookalike(cid, tid) as box:
        ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid)))
        ran = threading.Thread(target=box.run, args=("mkfifo /go; read x </go; " + READ,))
        ran.start()
        go = os.path.join(box.root, "go")
        lib_agent.await_that("the task", lambda: os.path.exists(go))
        with lib_agent.Agent("-r", rules, config=config(ecs.url())) as agent:
            known = lib_agent.await_that("its row", lambda: [c for c in agent.coverage()["attribution"]["containers"]
                                                             if c["id"] == cid and c["attribution"] == "resolved"])
            results.add(not known or known[0]["known"].get("family") != "web", "a task from before is known without its doing anything")
            subprocess.run(["sh", "-c", "echo >" + go], check=True)
            ran.join()
            found = last(agent, tid)
            results.add(not found or found[0]["revision"] != 1 or wrong(found[0], cid, tid), "and its first finding says all")


def by_files():
    """No ECS agent answers; its files do, in a folder that comes after the agent has closed the file system to itself."""
    cid, tid = ids(6)
    data = os.path.join(folder, "ecs")
    os.makedirs(data)
    with open(os.path.join(folder, "ecs.config"), "w", encoding="utf-8") as f:
        f.write('# the host\nECS_CLUSTER="prod"\nexport ECS_HOST_DATA_DIR=%s\nECS_ENGINE_AUTH_DATA={"a":{"password":"secret"}}\n' % data)
    with lib_agent.Agent("-r", rules, config=config(ecs_config=os.path.join(folder, "ecs.config"), ecs_files="auto")) as agent:
        lib_ecs.metadata_file(data, tid, cid, status="INITIAL")
        read_shadow(cid, tid)
        first = lib_agent.await_that("finding", lambda: of_task(agent, tid))
        results.add(not first or first[0]["attribution"] != "ATTRIBUTION_PENDING", "a file that is not ready is waited for")
        lib_ecs.metadata_file(data, tid, cid)
        found = last(agent, tid)
        results.add(not found or wrong(found[-1], cid, tid), "metadata files tell when they are")
        results.add("secret" in agent.said(), "nothing of ecs.config is logged")


def as_a_sidecar():
    cid, tid = ids(7)
    with lib_ecs.TaskMetadata(lib_ecs.own_task(tid, lib_ecs.container(cid))).start() as metadata:
        os.environ["ECS_CONTAINER_METADATA_URI_V4"] = metadata.url()
        with lib_agent.Agent("-r", rules, config=config()) as agent:
            del os.environ["ECS_CONTAINER_METADATA_URI_V4"]
            read_shadow(cid, tid)
            found = last(agent, tid)
            results.add(not found or wrong(found[-1], cid, tid, service="front", launchType="EC2"),
                        "as a container of the task itself it knows service and launch type too")


try:
    rules = os.path.join(folder, "rules.yaml")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    with lib_ecs.EcsAgent().start() as ecs, lib_ecs.DockerApi(os.path.join(folder, "docker.sock")).start() as docker:
        with lib_agent.Agent("-r", rules, config=config(ecs.url(), docker.at)) as agent:
            late(agent, ecs)
            launchers(agent, ecs)
            pause(agent, docker)
            host(agent)
            results.add(agent.stop(), "the agent ends well")
    absent_at_first()
    nobody_comes()
    before_the_agent()
    by_files()
    as_a_sidecar()
finally:
    shutil.rmtree(folder, ignore_errors=True)
results.end()
