#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Containers of a real podman and a real containerd: findings name them by what these keep on disk, also those older than the agent."""
import os
import secrets
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_docker  # noqa: E402
import lib_runc  # noqa: E402
from lib_agent import TASK, await_that  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()
check = results.check

RULE = """- rule: Program in a container
  desc: d
  condition: evt.type in (execve, execveat) and container.id != host and proc.name = sleep
  output: "%container.name %container.image %container.privileged %container.mounts"
  priority: NOTICE
"""
IMAGE = "localhost/noroshi-one:1.0"
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
ARN = "arn:aws:ecs:ap-northeast-1:111122223333:task/prod/" + TASK


def run(*args, **more):
    return subprocess.run(args, stdin=more.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)


class Podman:
    def __init__(self, folder):
        self.storage, self.run_root = os.path.join(folder, "storage"), os.path.join(folder, "run")
        self.command = ["podman", "--root", self.storage, "--runroot", self.run_root, "--tmpdir", os.path.join(folder, "tmp"),
                        "--cgroup-manager", "cgroupfs", "--runtime", "runc", "--storage-driver", "vfs", "--events-backend", "none"]

    def __call__(self, *args, **more):
        return run(*self.command, *args, **more)

    def start(self, name, *args):
        done = self("run", "-d", "--name", name, "--network", "none", *LIMITS, "--cgroup-parent", "/ecs/noroshi-podman", *args, IMAGE,
                    "/bin/sh", "-c", "sleep 1; sleep 2; sleep 3; while :; do sleep 1; done")
        return done.stdout.decode().strip() or done.stderr.decode()


class Containerd:
    def __init__(self, folder):
        self.state, self.socket = os.path.join(folder, "state"), os.path.join(folder, "sock")
        config = os.path.join(folder, "config.toml")
        with open(config, "w", encoding="utf-8") as f:
            f.write('version = 2\nroot = "%s/root"\nstate = "%s"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "%s"\n' %
                    (folder, self.state, self.socket))
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(["containerd", "-c", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        await_that("containerd", lambda: self("version").returncode == 0 or self.daemon.poll() is not None, 30)

    def __call__(self, *args, **more):
        return run("ctr", "-a", self.socket, *args, **more)

    def start(self, container, *labels):
        done = self("run", "-d", "--runc-binary", "runc", "--cgroup", "/ecs/%s/%s" % (TASK, container), *labels, IMAGE, container,
                    "/bin/sh", "-c", "while :; do sleep 1; done")
        return done.stderr.decode().strip()

    def remove(self, *containers):
        for container in containers:
            self("task", "kill", "-s", "KILL", container)
            await_that("its end", lambda: self("task", "rm", container).returncode == 0 or self("task", "ls", "-q").stdout == b"", 20)
            self("container", "rm", container)
        self.daemon.terminate()
        self.daemon.wait()


def said_of(done):
    return done.stderr.decode().strip()[-300:]


def of(agent, container):
    """What the latest finding of that container says of it."""
    found = [f["container"] for f in agent.findings() if f.get("container", {}).get("id") == container]
    return found[-1] if found else {}


def config(**places):
    every = {"docker": "off", "ecs": "off", "containerd": "off", "containers_run": "off", "containers_storage": "off", **places}
    return "canary: 0\nattribution:\n" + "".join("  %s: \"%s\"\n" % p for p in every.items())


def podman_part(folder, rules, image):
    podman = Podman(folder)
    done = podman("import", "-", IMAGE, input=image, stdin=None)
    if done.returncode:
        print("# podman does not run here: " + said_of(done))
        return
    try:
        older = podman.start("older", "--privileged")
        with lib_agent.Agent("-r", rules, config=config(containers_run=podman.run_root, containers_storage=podman.storage)) as agent:
            newer = podman.start("newer", "-v", "%s:/data:ro" % folder)
            check("podman: both are found", await_that("both", lambda: of(agent, older).get("name") and of(agent, newer).get("name")),
                  (older, newer))
            one, other = of(agent, older), of(agent, newer)
            check("by name, runtime and image", (one["name"], one["runtime"], other["name"], other["image"]) ==
                  ("older", "podman", "newer", IMAGE), (one, other))
            check("and what they may", one.get("privileged") and not other.get("privileged"), (one, other))
            data = [f["output"] for f in agent.findings() if f["container"]["id"] == newer]
            check("what they mount", data and "%s:/data::false:rprivate" % folder in data[-1], data)
            rows = {c["id"]: c for c in agent.coverage()["attribution"]["containers"]}
            check("status has them resolved", {rows[i]["attribution"] for i in (older, newer)} == {"resolved"},
                  [rows.get(i, {}).get("why") for i in (older, newer)])
    finally:
        podman("rm", "-f", "-t", "0", "-a")
        podman("system", "reset", "-f")
        lib_runc.remove_groups("ecs/noroshi-podman")


def containerd_part(folder, rules, image):
    archive = os.path.join(folder, "image.tar")
    podman = Podman(os.path.join(folder, "p"))
    podman("import", "-", IMAGE, input=image, stdin=None)
    saved = podman("save", "--format", "docker-archive", "-o", archive, IMAGE)
    if saved.returncode:
        print("# podman does not make the image: " + said_of(saved))
    podman("system", "reset", "-f")
    containerd, older, newer = Containerd(folder), secrets.token_hex(32), secrets.token_hex(32)
    try:
        imported = containerd("image", "import", archive)
        if imported.returncode:
            print("# containerd does not run here: " + said_of(imported))
            return
        labels = [w for label in ("com.amazonaws.ecs.task-arn=" + ARN, "com.amazonaws.ecs.task-definition-family=web",
                                  "com.amazonaws.ecs.container-name=app") for w in ("--label", label)]
        said = containerd.start(older, *labels)
        with lib_agent.Agent("-r", rules, config=config(containerd=containerd.state)) as agent:
            said += containerd.start(newer)
            check("containerd: both are found", await_that("both", lambda: of(agent, older).get("name") and of(agent, newer).get("name")), said)
            tasks = {f["container"]["id"]: f.get("ecs", {}) for f in agent.findings()}
            check("its labels name the task", tasks[older].get("taskArn") == ARN and tasks[older].get("family") == "web", tasks)
            check("the other has its path's alone", tasks[newer].get("taskId") == TASK and not tasks[newer].get("family"), tasks)
            check("and says so", [f["attributionReason"] for f in agent.findings() if f["container"]["id"] == newer and
                                  "image" in f.get("attributionReason", "")] or await_that("reason", lambda: [
                                      c for c in agent.coverage()["attribution"]["containers"] if c["id"] == newer and "image" in c["why"]]))
    finally:
        containerd.remove(older, newer)
        lib_runc.remove_groups("ecs/" + TASK)


def main():
    for program in ("podman", "ctr", "runc"):
        if not shutil.which(program):
            lib_agent.skip(program + " is needed")
    folder = tempfile.mkdtemp(prefix="noroshi-rt.")
    try:
        rules = os.path.join(folder, "rules.yaml")
        with open(rules, "w", encoding="utf-8") as f:
            f.write(RULE)
        image = lib_docker.tree([shutil.which(p) for p in ("sh", "sleep")], {})
        for part in (podman_part, containerd_part):
            own = os.path.join(folder, part.__name__[0])    # podman takes 50 bytes for a path
            os.makedirs(os.path.join(own, "p"))
            part(own, rules, image)
    finally:
        subprocess.run(["sh", "-c", 'umount -l "$0"/*/run/* "$0"/*/storage/* 2>/dev/null', folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    results.end()


main()
