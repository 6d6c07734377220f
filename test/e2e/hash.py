#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SHA-256 of what findings are about: of the file that was started, whatever became of its name, or the reason why not."""
import hashlib
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
ARG = "3.357"      # seconds, and the mark of a program of ours
CAP = 8 << 20
CONFIG = "hash:\n  max_bytes: 8MiB\n"
RULES = """
- rule: Marked
  desc: a program of the test
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS and proc.args = "%s"
  output: "%%proc.exepath"
  priority: NOTICE
""" % ARG
CONTAINER = "beef%060x" % os.getpid()
results = lib_agent.Results()
with open("/bin/sleep", "rb") as f:
    SLEEP = f.read()


def digest(content):
    return hashlib.sha256(content).hexdigest()


def truth(path):
    return subprocess.run(["sha256sum", path], stdout=subprocess.PIPE, check=True).stdout.decode().split()[0].lstrip("\\")


class Program:
    """A file of its own: sleep(1) with something behind it, so that no two have the same hash."""

    def __init__(self, folder, name, size=0):
        self.path = os.path.join(folder, name)
        content = SLEEP + name.encode()
        self.put(content + bytes(max(0, size - len(content))))
        self.sha256 = truth(self.path)

    def put(self, content):
        with open(self.path + ".new", "wb") as f:
            f.write(content)
        os.chmod(self.path + ".new", 0o755)
        os.rename(self.path + ".new", self.path)

    def start(self):
        return subprocess.Popen([self.path, ARG])


def final(agent, name):
    """The latest revision about the program of that name, once its hash or the reason is there."""
    def told():
        mine = [f for f in agent.revisions("Marked") if f["process"].get("exePath", "").endswith(name)]
        mine.sort(key=lambda f: f["revision"])
        return mine if mine and ("sha256" in mine[-1]["process"] or "sha256Missing" in mine[-1]["process"]) else None
    return lib_agent.await_that("hash of " + name, told, 30) or [{"process": {}, "revision": 0}]


def expect(agent, name, sha256=None, missing=None, what=None):
    have = final(agent, name)[-1]["process"]
    wrong = have.get("sha256") != sha256 or (missing or "") not in have.get("sha256Missing", "") or \
        (missing is None) == ("sha256Missing" in have)
    results.add(wrong and "%s %s" % (have.get("sha256"), have.get("sha256Missing")), what or name)


class Held:
    """The sensor opens nothing meanwhile; findings go out all the same."""

    def __init__(self, agent):
        self.agent = agent
        self.pid = lib_agent.children(agent.process.pid)[0]

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)
        lib_agent.await_that("sensor at rest", lambda: all(map(self.rests, os.listdir("/proc/%d/task" % self.pid))), 10)
        return self

    def rests(self, task):
        with open("/proc/%d/task/%s/stat" % (self.pid, task), encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "T"

    def told(self, name):
        first = lib_agent.await_that("first revision of " + name, lambda: [
            f for f in self.agent.revisions("Marked") if f["process"].get("exePath", "").endswith(name)], 30)
        results.add(not first or [f["revision"] for f in first if f["revision"] != 1 or "sha256" in f["process"]],
                    name + ": the first revision does not wait")

    def __exit__(self, *exc):
        os.kill(self.pid, signal.SIGCONT)


def ordinary(agent, folder):
    program = Program(folder, "nh-ordinary")
    with program.start():
        expect(agent, "nh-ordinary", program.sha256)
    twin = os.path.join(folder, "nh-link")
    os.link(program.path, twin)      # another name changes the change time: it is another file to the cache
    with subprocess.Popen([twin, ARG]):
        expect(agent, "nh-link", program.sha256, what="the same by another name")
    before = agent.coverage()["hashes"]
    os.rename(twin, os.path.join(folder, "nh-moved"))
    with subprocess.Popen(["sh", "-c", 'cd "$1"; exec ./nh-moved %s' % ARG, "sh", folder]):
        expect(agent, "nh-moved", program.sha256, what="the same moved")
    with lib_agent.Lookalike(CONTAINER) as box:
        box.run("exec sleep " + ARG)
        expect(agent, "/sleep", truth("/bin/sleep"), what="of an overlay's lower layer")
        box.run('cp /bin/sleep /nh-upper; printf upper >>/nh-upper; exec /nh-upper ' + ARG)
        expect(agent, "nh-upper", digest(SLEEP + b"upper"), what="of an overlay's upper layer")
    results.add(agent.coverage()["hashes"]["hashed"] <= before["hashed"] and before, "status counts them")


def memory_file(agent):
    fd = os.memfd_create("nh-memfd", 0)
    os.write(fd, SLEEP + b"memfd")
    child = os.fork()
    if not child:
        os.execve(fd, ["nh-memfd", ARG], os.environ)
    expect(agent, "nh-memfd", digest(SLEEP + b"memfd"), what="of a memory file")
    os.waitpid(child, 0)
    os.close(fd)


def cached(agent, folder):
    program = Program(folder, "nh-cached")
    with program.start():
        expect(agent, "nh-cached", program.sha256)
    before = agent.coverage()["hashes"]["fromCache"]
    with Held(agent), lib_agent.Lookalike(CONTAINER) as box:     # another container is another finding
        with open(os.path.join(box.group, "cgroup.procs"), "w", encoding="ascii") as group:
            subprocess.run(["sh", "-c", 'echo $$ >&%d; exec "$0" %s' % (group.fileno(), ARG), program.path],
                           pass_fds=[group.fileno()], check=True)
        lib_agent.await_that("second", lambda: len(final(agent, "nh-cached")) > 1, 30)
        found = final(agent, "nh-cached")
        results.add([f for f in found if f["process"].get("sha256") != program.sha256] or len(found) < 2,
                    "from the cache, without the sensor")
    results.add(agent.coverage()["hashes"]["fromCache"] <= before, "status counts what came from the cache")


def while_held(agent, folder):
    """What happens between the exec and the open."""
    names = ("nh-unlinked", "nh-replaced", "nh-changed", "nh-gone")
    program = {name: Program(folder, name) for name in names}
    with Held(agent) as held:
        running = {name: program[name].start() for name in names}
        for name in names:
            held.told(name)
        os.unlink(program["nh-unlinked"].path)
        program["nh-replaced"].put(SLEEP + b"another")
        os.chmod(program["nh-changed"].path, 0o711)
        running["nh-gone"].kill()
        running["nh-gone"].wait()
    expect(agent, "nh-unlinked", program["nh-unlinked"].sha256)
    expect(agent, "nh-replaced", program["nh-replaced"].sha256)
    expect(agent, "nh-changed", missing="changed after it was started")
    expect(agent, "nh-gone", missing="the process ended")
    for name in ("nh-unlinked", "nh-gone"):
        all_of = final(agent, name)
        results.add([f["revision"] for f in all_of] != [1, 2] or all_of[0]["id"] != all_of[1]["id"] or
                    all_of[0]["output"] != all_of[1]["output"], name + ": a second, complete revision of the same finding")
    for one in running.values():
        one.wait()


def execs_on(agent, folder):
    """The same process runs another program before the first can be opened."""
    later, go = Program(folder, "nh-later"), os.path.join(folder, "go")
    with open(os.path.join(folder, ARG), "w", encoding="ascii") as f:     # the shell's script has the mark for its name
        f.write("while ! [ -e %s ]; do sleep 0.05; done; exec %s 4\n" % (go, later.path))
    with open(os.path.realpath("/bin/sh"), "rb") as f:
        shell = f.read()
    first = Program(folder, "nh-shell")
    first.put(shell)
    with Held(agent) as held:
        process = subprocess.Popen([first.path, ARG], cwd=folder)
        held.told("nh-shell")
        with open(go, "w", encoding="ascii"):
            pass
        lib_agent.await_that("exec", lambda: os.readlink("/proc/%d/exe" % process.pid) == later.path, 10)
    expect(agent, "nh-shell", missing="ran another program")
    process.kill()
    process.wait()


def by_size(agent, folder):
    fits, large = Program(folder, "nh-fits", CAP), Program(folder, "nh-large", CAP + 1)
    with fits.start(), large.start():
        expect(agent, "nh-fits", fits.sha256, what="as large as allowed")
        expect(agent, "nh-large", missing="larger than hash.max_bytes")


def every_one(agent, folder):
    """Short-lived ones: each has its hash or the reason, and the right one."""
    programs = [Program(folder, "nh-short-%02d" % i) for i in range(40)]
    for p in programs:
        subprocess.Popen([p.path, ARG]).kill()
    wrong = []
    for p in programs:
        have = final(agent, os.path.basename(p.path))[-1]["process"]
        if have.get("sha256", p.sha256) != p.sha256 or ("sha256" in have) == ("sha256Missing" in have):
            wrong.append(have.get("sha256Missing", have.get("sha256")))
    results.add(wrong[:3], "%d that hardly lived: the right hash, or the reason" % len(programs))


def status_text(agent):
    text = subprocess.run([lib_agent.NOROSHI, "status", "--state", agent.state], stdout=subprocess.PIPE, check=False).stdout.decode()
    line = [s for s in text.split("\n") if s.startswith("hashed")]
    refused = agent.coverage()["hashes"]["refused"]
    results.add(not line or [w for w in ("ended", "changed", "too large") if w not in line[0] or not refused.get(w)],
                "status says how many, and why not")


with tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="noroshi-rules.") as rules, \
        tempfile.TemporaryDirectory(prefix="noroshi-hash.", dir="/var/tmp") as place:
    rules.write(RULES)
    rules.flush()
    with lib_agent.Agent("-r", rules.name, config=CONFIG) as under_test:
        ordinary(under_test, place)
        memory_file(under_test)
        cached(under_test, place)
        while_held(under_test, place)
        execs_on(under_test, place)
        by_size(under_test, place)
        every_one(under_test, place)
        status_text(under_test)
        results.add(under_test.stop(), "the agent ends well")
    with lib_agent.Agent("-r", rules.name, config="hash:\n  executables: off\n") as under_test:
        off = Program(place, "nh-off")
        with off.start():
            lib_agent.await_that("finding", under_test.findings, 30)
        found = under_test.revisions()
        results.add(not found or [f for f in found if "sha256" in f["process"] or "sha256Missing" in f["process"]], "off: none")
results.end()
