#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A day of faults, told by what the agent says of itself each second: at no time is it healthy while something is amiss.

DAY=30: so many seconds a fault lasts, and the peace after it (4). What was said is printed, a line for each change.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_ecs  # noqa: E402
from health import detach, free_port, start_receiver  # noqa: E402
from lib_agent import await_that  # noqa: E402
from lib_imds import Imds  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
HOLD = float(os.environ.get("DAY", "4"))
CANARY = 1 if HOLD < 20 else 5      # seconds
TOLERANCE = 2 * CANARY + 1          # and a sample
results = lib_agent.Results()
check = results.check

RULES = "".join("- rule: %s\n  desc: d\n  condition: %s\n  output: o\n  priority: NOTICE\n" % rule for rule in (
    ("Program", "evt.type = execve and proc.name = no-such-name"), ("Connection", "evt.type = connect and fd.sip = 192.0.2.1"),
    ("Name", "evt.type = dns and dns.qname = no.such.name"), ("File", "evt.type = openat and evt.is_open_write = true and fd.name = /no/such")))
CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	static const volatile long *add;
	if (!add)
		add = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open(getenv("DAY_CLOCK"), O_RDONLY | O_CLOEXEC), 0);
	int r = (int)syscall(SYS_clock_gettime, id, t);
	if (!r && id == CLOCK_REALTIME)
		t->tv_sec += *add;
	return r;
}
"""


class Log:
    """What the agent says, once a second; one that does not answer says "silent"."""

    def __init__(self, agent):
        self.agent, self.samples, self.over = agent, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def sample(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(0.9)
                s.connect(os.path.join(self.agent.state, "control.sock"))
                s.sendall(b"GET /coverage HTTP/1.1\r\nHost: noroshi\r\nConnection: close\r\n\r\n")
                said = json.loads(b"".join(iter(lambda: s.recv(65536), b"")).split(b"\r\n\r\n", 1)[1])
            return said["state"], sorted({i["code"] for i in said["issues"]})
        except (OSError, ValueError, IndexError):
            return "silent", []

    def run(self):
        while not self.over.wait(1):
            self.samples.append((time.monotonic(), *self.sample()))

    def end(self):
        self.over.set()
        self.thread.join()

    def within(self, start, end):
        return [s for s in self.samples if start + TOLERANCE < s[0] < end]

    def print(self, began):
        last = None
        for at, state, codes in self.samples:
            if (state, codes) != last:
                print("# %6.1f s  %-9s %s" % (at - began, state, " ".join(codes)))
            last = state, codes


class World:
    """Everything around the agent that can fail."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.rules = os.path.join(folder, "rules.yaml")
        self.clock = os.path.join(folder, "clock")
        self.receiver = None
        self.boxes = []
        self.ecs = lib_ecs.EcsAgent()
        self.ecs.start()            # for a port of its own
        self.ecs.stop()
        self.docker = lib_ecs.DockerApi(os.path.join(folder, "docker.sock"))
        self.imds = Imds(json.dumps({"accountId": "111122223333", "region": "ap-northeast-1", "instanceId": "i-0abc1234def567890",
                                     "availabilityZone": "ap-northeast-1a", "instanceType": "m7g.large", "imageId": "ami-1"}).encode(), b"web", Name="web")
        self.imds.off = True
        self.set_clock(0)
        self.write(RULES)

    def write(self, text):
        with open(self.rules, "w", encoding="utf-8") as f:
            f.write(text)

    def set_clock(self, seconds):
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as f:
            f.write(seconds.to_bytes(8, "little", signed=True).ljust(4096, b"\0"))

    def new_container(self):
        """One more that runs, of a task that ECS and Docker know when they are asked."""
        n = len(self.boxes) + 1
        cid, tid = "%064x" % (os.getpid() << 8 | n), "%032x" % (os.getpid() << 8 | n)
        self.ecs.tasks.append(lib_ecs.task(tid, lib_ecs.container(cid)))
        self.docker.containers[cid] = lib_ecs.docker_container(cid, tid, "web")
        box = lib_agent.Lookalike(cid, tid)
        self.boxes.append(box)
        box.process = subprocess.Popen(["sh", "-c", "echo $$ >%s/cgroup.procs; exec sleep 3600" % box.group])

    def up(self):
        self.docker.start()
        self.ecs.start()
        self.imds.off = False
        self.receiver = start_receiver(os.path.join(self.folder, "store"), self.port)

    def receiver_down(self):
        self.receiver.terminate()
        self.receiver.wait()
        self.receiver = None

    def end(self):
        if self.receiver:
            self.receiver_down()
        self.docker.stop()
        self.ecs.stop()
        for box in self.boxes:
            box.process.kill()
            box.process.wait()
            box.remove()


class Day:
    def __init__(self, agent, log):
        self.agent, self.log = agent, log

    def healthy(self):
        return await_that("healthy", lambda: self.log.sample()[0] == "healthy", 100)

    def last(self, name, codes, enter, leave=lambda: None):
        """While it lasts it is said, and never is the state healthy then. What is remembered lasts for a while."""
        start = time.monotonic()
        enter()
        seen = set()
        while time.monotonic() < start + HOLD or (not codes <= seen and time.monotonic() < start + HOLD + 30):
            seen |= set(self.log.sample()[1])
            time.sleep(0.2)
        end = time.monotonic()
        leave()
        check("%s: %s" % (name, " ".join(sorted(codes))), codes <= seen, sorted(seen))
        wrong = [s for s in self.log.within(start, end) if s[1] == "healthy"]
        check("%s: never healthy meanwhile" % name, not wrong, wrong)

    def fault(self, name, codes, enter, leave):
        """One that is over when it is mended: then the state is healthy."""
        self.last(name, codes, enter, leave)
        check("%s: healthy once it is over" % name, self.healthy(), self.agent.coverage()["reasons"])
        healed = time.monotonic()
        time.sleep(HOLD)
        bad = [s for s in self.log.samples if s[0] > healed and s[1] != "healthy"]
        check("%s: and stays so" % name, not bad, bad)

    def quiet(self, name, enter, leave, code=None):
        """What makes nothing less: the state stays healthy."""
        start = time.monotonic()
        enter()
        time.sleep(HOLD)
        seen = code is None or await_that(code, lambda: code in self.log.sample()[1], 30)
        leave()
        check("%s: %s" % (name, code or "no less healthy"), seen)
        check("%s: healthy all the time" % name, {s[1] for s in self.log.within(start - TOLERANCE, time.monotonic())} <= {"healthy"})


def flap(imds):
    for _ in range(4):
        imds.off = not imds.off
        time.sleep(HOLD / 8)
    imds.off = False


def stop_for(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def live(agent, world):
    log, began = Log(agent), time.monotonic()
    day = Day(agent, log)

    def broken():
        world.write(RULES.replace("dns.qname", "dns.qnmae"))
        agent.process.send_signal(signal.SIGHUP)

    def mended():
        world.write(RULES)
        agent.process.send_signal(signal.SIGHUP)

    def ecs_restarts():
        world.ecs.stop()
        world.new_container()

    try:
        day.fault("before anybody else", {"UPLOAD_CONNECT_FAIL", "ECS_AGENT_UNREACHABLE", "IMDS_UNREACHABLE", "DOCKER_SOCKET_UNREADABLE"},
                  world.new_container, world.up)
        day.fault("the ECS agent is started again", {"ECS_AGENT_UNREACHABLE"}, ecs_restarts, lambda: world.ecs.start())
        day.quiet("instance metadata comes and goes", lambda: flap(world.imds), lambda: None)
        day.fault("the receiver is down", {"UPLOAD_CONNECT_FAIL"}, world.receiver_down, lambda: setattr(
            world, "receiver", start_receiver(os.path.join(world.folder, "store"), world.port)))
        day.fault("rules are broken", {"RULES_PARSE_ERROR"}, broken, mended)
        day.quiet("the clock is set", lambda: world.set_clock(7200), lambda: world.set_clock(0), "CLOCK_JUMP")
        day.last("somebody takes the programs off", {"CANARY_MISSED", "ATTACH_REPAIRED"},
                 lambda: detach(agent.coverage()["coverage"]["sensor"]["pid"]))
        day.last("somebody stops the agent", {"SELF_PAUSED"}, lambda: stop_for(agent.process.pid, 11))
    finally:
        log.end()
        log.print(began)
    check("%d samples" % len(log.samples), log.samples)


def main():
    folder = tempfile.mkdtemp(prefix="noroshi-day.")
    world = World(folder)
    shim = os.path.join(folder, "clock.so")
    made = subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", shim], input=CLOCK.encode(), check=False)
    if made.returncode:
        lib_agent.skip("a C compiler is needed")
    options = os.environ.get("ASAN_OPTIONS", "")
    env = ["env", "LD_PRELOAD=" + shim, "DAY_CLOCK=" + world.clock, "ASAN_OPTIONS=" + (options + ":" if options else "") + "verify_asan_link_order=0"]
    config = """canary: %ds
heartbeat: 1s
imds: %s
attribution: {docker: %s, ecs: "%s", ecs_config: "off", ecs_files: "off"}
""" % (CANARY, world.imds.url, world.docker.at, world.ecs.url())
    try:
        with world.imds, lib_agent.Agent("-r", world.rules, "--sink", "upload:http://127.0.0.1:%d/v1/findings" % world.port, config=config,
                                         prefix=env) as agent:
            live(agent, world)
    finally:
        world.end()
        shutil.rmtree(folder, ignore_errors=True)
    results.end()


main()
