# SPDX-License-Identifier: Apache-2.0
"""An agent under test, a look-alike of a container, and waiting for what must come."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from lib_record import BUILD, NOROSHI, SRC, Results, skip  # noqa: F401

DEADLINE = 90       # seconds; only an error waits that long
TASK = "0123456789abcdef0123456789abcdef"


def await_that(what, condition, deadline=DEADLINE):
    """The first true value of condition(), or None; no error yet, the caller judges."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value or time.monotonic() > end:
            if not value:
                print("# waited in vain: " + what)
            return value
        time.sleep(0.05)


def children(pid):
    """The living children of a process. An agent's canary is one for some milliseconds, then a zombie until its round ends."""
    def lives(child):
        try:
            with open("/proc/%s/stat" % child, encoding="utf-8", errors="replace") as f:
                return f.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False    # ended meanwhile
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(child) for child in f.read().split() if lives(child)]
    except OSError:
        return []


class Agent:
    """`noroshi run` with a state folder and a file sink of its own, from "ready" on."""

    def __init__(self, *args, config=None, state=None, prefix=()):
        self.dir = tempfile.mkdtemp(prefix="noroshi-agent.")
        self.state = state or os.path.join(self.dir, "state")
        os.makedirs(self.state, exist_ok=True)
        self.file = os.path.join(self.dir, "findings.jsonl")
        self.log = os.path.join(self.dir, "log")
        if config is not None:
            with open(os.path.join(self.dir, "noroshi.yaml"), "w", encoding="utf-8") as f:
                f.write(config)
            args += ("-c", os.path.join(self.dir, "noroshi.yaml"))
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([*prefix, NOROSHI, "run", "--state", self.state, "--sink", "file:" + self.file, *args],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def ready(self):
        """Waits; skips the test where this host has no live events."""
        await_that("ready", lambda: "ready" in self.said() or self.process.poll() is not None)
        if self.process.poll() is not None:
            said = self.said().strip().replace("\n", "; ")
            self.remove()
            if self.process.returncode == 3:
                skip("no live events here: " + said)
            sys.exit("the agent ended with %d: %s" % (self.process.returncode, said))
        return self

    def revisions(self, rule=None):
        """All that was written, a line each: what is learned later of a finding (its count, a hash) is another revision of it."""
        if not os.path.exists(self.file):
            return []
        with open(self.file, encoding="utf-8") as f:
            lines = f.read().split("\n")[:-1]   # what follows the last newline is not whole
        found = [json.loads(line) for line in lines]
        return [f for f in found if rule is None or f["rule"] == rule]

    def findings(self, rule=None):
        """Each finding once, in the order of their first revisions: its last one."""
        return list({f["id"]: f for f in self.revisions(rule)}.values())

    def coverage(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.path.join(self.state, "control.sock"))
            s.sendall(b"GET /coverage HTTP/1.1\r\nHost: noroshi\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        return json.loads(answer.split(b"\r\n\r\n", 1)[1])

    def stop(self):
        """The exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "did not end"

    def remove(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.ready()

    def __exit__(self, *exc):
        if exc[0]:
            sys.stderr.write(self.said())
        self.remove()


def group_root():
    """The hierarchy that names containers."""
    return "/sys/fs/cgroup/pids" if os.path.isdir("/sys/fs/cgroup/pids") else "/sys/fs/cgroup"


class Lookalike:
    """A container without an engine: a control group with an ECS task's path, namespaces of its own, an overlay root."""

    def __init__(self, container, task=TASK):
        self.container = container
        self.task = task
        self.dir = tempfile.mkdtemp(prefix="noroshi-container.")
        self.group = os.path.join(group_root(), "ecs", task, container)
        os.makedirs(self.group)
        subprocess.run(["mount", "-t", "tmpfs", "noroshi-e2e", self.dir], check=True)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.dir, name))
        self.root = os.path.join(self.dir, "root")
        subprocess.run(["mount", "-t", "overlay", "noroshi-e2e", "-o", "lowerdir=/,upperdir=%s/upper,workdir=%s/work" %
                        (self.dir, self.dir), self.root], check=True)

    def run(self, script, *args):
        """Shell text inside; its own network has a loopback only, its first process is the shell."""
        inside = 'mount -t proc proc /proc; ' + script
        return subprocess.run(["/bin/sh", "-c", "echo $$ >%s/cgroup.procs; exec unshare --net --pid --fork --uts --ipc --mount "
                               'chroot %s /bin/sh -c "$@"' % (self.group, self.root), "sh", inside, "sh", *args],
                              stdin=subprocess.DEVNULL, check=False).returncode

    def remove(self):
        subprocess.run(["umount", "-l", self.root], check=False)
        subprocess.run(["umount", "-l", self.dir], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
        await_that("empty control group", lambda: remove_group(self.group), 10)
        for above in (os.path.dirname(self.group), os.path.dirname(os.path.dirname(self.group))):
            remove_group(above)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


def remove_group(path):
    try:
        os.rmdir(path)
    except OSError:
        return not os.path.exists(path)
    return True
