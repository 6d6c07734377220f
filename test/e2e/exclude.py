#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is not to be watched: by configuration, label and tags; nothing of it leaves the kernel, status says so, and it can be taken back."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_ecs  # noqa: E402
import lib_imds  # noqa: E402
from lib_record import NOROSHI  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
RULE = "Marked file read"
RULES = """
- rule: %s
  desc: a program reads a file of this test
  condition: evt.type in (open, openat, openat2) and fd.name startswith /noroshi-exclude-%d and evt.is_open_read = true
  output: "%%proc.cmdline read %%fd.name"
  priority: WARNING
- rule: Marked program
  desc: a program of this test runs
  condition: evt.type in (execve, execveat) and proc.cmdline contains noroshi-exclude-%d
  output: "%%proc.cmdline"
  priority: WARNING
""" % (RULE, os.getpid(), os.getpid())
TIMES = 200
results = lib_agent.Results()
folder = tempfile.mkdtemp(prefix="noroshi-exclude.")
rules = os.path.join(folder, "rules.yaml")
mark = "/noroshi-exclude-%d" % os.getpid()
READ = "i=0; while [ $i -lt $1 ]; do read x <%s; i=$((i+1)); done; /bin/true %s" % (mark, mark)


def ids(i):
    return "%064x" % (0xe5c10000 + i), "%032x" % (0xe5c000 + i)


class Box(lib_agent.Lookalike):
    """A container with that file, known to Docker's double by those labels."""

    def __init__(self, i, docker, family="web", image="repo.example/web:1.8", **labels):
        self.cid, self.tid = ids(i)
        of = lib_ecs.docker_container(self.cid, self.tid, "web", family)
        of["Config"]["Image"] = image
        of["Config"]["Labels"].update({k.replace("_", ":"): v for k, v in labels.items()})
        docker.containers[self.cid] = of
        super().__init__(self.cid, self.tid)
        with open(self.root + mark, "w", encoding="utf-8") as f:
            f.write("x\n")


def row(agent, box):
    rows = [c for c in agent.coverage()["attribution"]["containers"] if c["id"] == box.cid]
    return rows[0] if rows else {}


def decided(agent, box, coverage):
    """The container's row once it says that."""
    return lib_agent.await_that(coverage, lambda: row(agent, box).get("attribution") == "resolved" and
                                row(agent, box).get("coverage") == coverage and row(agent, box), 30) or row(agent, box)


def reads(agent, box, times=TIMES):
    """Findings of so many reads, and of a program, in that container from now on. What comes behind them is waited for."""
    before = len(agent.revisions())
    box.run(READ, str(times))
    lib_agent.await_that("what was read last", lambda: behind(agent), 30)
    return [f for f in marked(agent, before) if f.get("container", {}).get("id") == box.cid]


def marked(agent, before):
    """Of the files, and of the program; the shell's own command line has the name as well."""
    return [f for f in agent.revisions()[before:] if f["rule"] == RULE or f["process"]["cmdline"] == "true " + mark]


ticks = [0]


def behind(agent):
    """True once an event of now is through: what was before it is, too."""
    if ticks[0] and [f for f in agent.findings("Marked program") if f["process"]["cmdline"].endswith("tick-%d" % ticks[0])]:
        ticks[0] = -ticks[0]
        return True
    ticks[0] = abs(ticks[0]) + 1
    subprocess.run(["/bin/true", "%s-tick-%d" % (mark, ticks[0])], check=True)
    return False


def config(docker, imds="off", ecs_config="off", more=""):
    return """fold_window: 0
hash: {executables: "off"}
imds: "%s"
attribution: {docker: %s, ecs: "off", ecs_config: "%s", ecs_files: "off"}
%s
""" % (imds, docker, ecs_config, more)


def refused(agent):
    return agent.coverage()["coverage"]["events"]["open"].get("refused", 0)


def by_name_and_label():
    socket = os.path.join(folder, "docker.sock")
    more = """exclude: {families: [batch-*], images: ["*/scanner:*"]}
include: {labels: [tier=gold]}"""
    with lib_ecs.DockerApi(socket).start() as docker, \
            Box(1, docker) as plain, Box(2, docker, noroshi_managed="false") as label, Box(3, docker, family="batch-7") as family, \
            Box(4, docker, image="repo.example/scanner:2", noroshi_managed="true") as image, \
            Box(5, docker, family="batch-8", tier="gold", noroshi_managed="false") as gold:
        with lib_agent.Agent("-r", rules, config=config(socket, more=more)) as agent:
            for box in (plain, label, family, image, gold):
                box.run("true")
            for box, want, who in ((plain, "covered", None), (label, "excluded", "label noroshi:managed=false"),
                                   (family, "excluded", "exclude.families: batch-*"), (image, "excluded", "exclude.images: */scanner:*"),
                                   (gold, "covered", "include.labels: tier=gold")):
                said = decided(agent, box, want)
                results.add((said.get("coverage"), said.get("by")) != (want, who) and said, "%s is %s" % (who or "nobody's", want))
                before, left = refused(agent), agent.coverage()["excluded"]["events"]
                found = reads(agent, box)
                expected = TIMES + 1 if want == "covered" else 0
                results.add(len(found) != expected and len(found), "%d findings of its %d reads and a program" % (expected, TIMES))
                if want == "excluded":
                    results.add(refused(agent) - before < TIMES and refused(agent) - before, "its reads never left the kernel")
                    through = agent.coverage()["excluded"]["events"] - left
                    results.add(through > 40 and through, "what does is little: programs and processes")
            text = subprocess.run([NOROSHI, "status", "--state", agent.state], capture_output=True, text=True, check=False).stdout
            results.add(("3 of them not watched" not in text or "by exclude.families: batch-*" not in text) and text,
                        "`noroshi status` says which are not watched, and who said so")
            results.add(agent.coverage()["state"] != "healthy" and agent.coverage()["reasons"], "the agent is healthy")


def was_there_before():
    """Excluded also where it ran before the agent began."""
    socket = os.path.join(folder, "docker.sock")
    with lib_ecs.DockerApi(socket).start() as docker, Box(6, docker, noroshi_managed="false") as box:
        sleeper = subprocess.Popen(["/bin/sh", "-c", "echo $$ >%s/cgroup.procs; exec sleep 600" % box.group])
        try:
            with lib_agent.Agent("-r", rules, config=config(socket)) as agent:
                said = decided(agent, box, "excluded")
                results.add(said.get("coverage") != "excluded" and said, "a container that ran before the agent is not watched")
                results.add(reads(agent, box) or None, "and nothing of it is found")
        finally:
            sleeper.kill()
            sleeper.wait()


def by_the_ecs_agents_configuration():
    """Taken back while the agent runs."""
    socket, path = os.path.join(folder, "docker.sock"), os.path.join(folder, "ecs.config")
    with open(path, "w", encoding="utf-8") as f:
        f.write('ECS_CLUSTER=prod\nECS_CONTAINER_INSTANCE_TAGS={"GuardDutyManaged":"false"}\n')
    with lib_ecs.DockerApi(socket).start() as docker, Box(7, docker) as box:
        with lib_agent.Agent("-r", rules, config=config(socket, ecs_config=path)) as agent:
            box.run("true")
            said = decided(agent, box, "excluded")
            results.add(said.get("by") != "ECS_CONTAINER_INSTANCE_TAGS GuardDutyManaged=false" and said, "a tag of the container instance")
            results.add(reads(agent, box) or None, "its tasks are not watched")
            with open(path, "w", encoding="utf-8") as f:
                f.write("ECS_CLUSTER=prod\n")
            agent.process.send_signal(signal.SIGHUP)
            said = decided(agent, box, "covered")
            results.add(said.get("coverage") != "covered" and said, "without the tag they are")
            found = reads(agent, box)
            results.add(len(found) != TIMES + 1 and len(found), "and everything is found again")


DOCUMENT = (b'{"accountId":"111122223333","instanceId":"i-0abc1234def567890","region":"ap-northeast-1","instanceType":"m7g.large",'
            b'"imageId":"ami-0123456789abcdef0","availabilityZone":"ap-northeast-1a"}')


def the_whole_host():
    socket = os.path.join(folder, "docker.sock")
    with open(mark, "w", encoding="utf-8") as f:
        f.write("x\n")
    try:
        with lib_imds.Imds(DOCUMENT, b"role", GuardDutyManaged="false") as imds, lib_ecs.DockerApi(socket).start() as docker, \
                Box(8, docker) as plain, Box(9, docker, noroshi_managed="true") as asked:
            with lib_agent.Agent("-r", rules, config=config(socket, imds=imds.url)) as agent:
                lib_agent.await_that("excluded", lambda: agent.coverage()["state"] == "excluded", 30)
                said = agent.coverage()
                results.add((said["state"], said["excluded"]["host"], said["excluded"]["by"]) !=
                            ("excluded", True, "instance tag GuardDutyManaged=false") and said["excluded"], "the instance's tag: the host is excluded")
                results.add([i["code"] for i in said["issues"]][:1] != ["OPTED_OUT_TAG"] and said["issues"], "with a code of its own")
                plain.run("true")
                asked.run("true")
                decided(agent, plain, "excluded")
                decided(agent, asked, "covered")
                before = len(agent.revisions())
                subprocess.run(["/bin/sh", "-c", READ, "sh", "100"], check=True)
                plain.run(READ, "100")
                asked.run(READ, "100")
                lib_agent.await_that("of the one that asked", lambda: len(marked(agent, before)) >= 101, 30)
                who = {f.get("container", {}).get("id") for f in agent.revisions()[before:]}
                results.add((len(marked(agent, before)), who) != (101, {asked.cid}) and (len(marked(agent, before)), who),
                            "a container that asks for it is watched, and nothing else")
                status = subprocess.run([NOROSHI, "status", "--state", agent.state], capture_output=True, text=True, check=False)
                results.add((status.returncode or "excluded" not in status.stdout) and status.stdout, "`noroshi status` says so, and ends with 0")
    finally:
        os.unlink(mark)


def main():
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULES)
    try:
        by_name_and_label()
        was_there_before()
        by_the_ecs_agents_configuration()
        the_whole_host()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results.end()


main()
