# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: an agent of their own, what it costs, and rows of the table."""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ["BUILD"])
SRC = os.path.abspath(os.environ["SRC"])
QUICK = os.environ.get("QUICK") == "1"
NOROSHI = os.path.join(BUILD, "noroshi")
SHARED = os.path.join(SRC, "..", "shared")


def tool(name):
    return os.path.join(BUILD, "bench", name)


def bystander():
    """A file that no rule matches although one knows its name: its opens are not refused in the kernel."""
    folder = tempfile.mkdtemp(prefix="noroshi-bench.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = os.path.join(folder, "shadow")
    with open(path, "w", encoding="utf-8"):
        return path


def row(what, budget, measured, met=None):
    """One line of the table. met: True, False, or None where there is no budget."""
    print(f"| {what} | {budget} | {measured} | {'–' if met is None else 'yes' if met else '**no**'} |", flush=True)


def skip(what, budget, why):
    print(f"| {what} | {budget} | not measured: {why} | – |", flush=True)
    sys.exit(0)


def cpu(pid):
    """Seconds of CPU time of all threads, to the nanosecond."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/schedstat") as f:
                total += int(f.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def status_kib(pid, name):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def file_pages_kib(pid):
    """Resident pages of files (libraries, our own program), which every process that maps them shares."""
    rings = 0
    name = ""
    with open(f"/proc/{pid}/smaps") as f:
        for line in f:
            words = line.split()
            if not words[0].endswith(":"):
                name = words[5] if len(words) > 5 else ""
            elif words[0] == "Rss:" and "bpf-map" in name:
                rings += int(words[1])
    return status_kib(pid, "RssFile") - rings, rings


def map_bytes(pid):
    """What the kernel charges for the BPF maps that a process holds, each once."""
    maps = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}") as f:
                info = dict(line.split(":", 1) for line in f if ":" in line)
        except OSError:
            continue
        if "map_id" in info:
            maps[int(info["map_id"])] = int(info["memlock"])
    return sum(maps.values())


class Agent:
    """`noroshi run`, ready, with a file sink in a folder of its own."""

    def __init__(self, *args, config=None):
        self.dir = tempfile.mkdtemp(prefix="noroshi-bench.")
        self.findings = self.dir + "/findings"
        command = [NOROSHI, "run", "--state", self.dir, "--sink", "file:" + self.findings, *args]
        with open(self.dir + "/config.yaml", "w") as f:
            f.write(config or "log_level: info\n")
        command += ["-c", self.dir + "/config.yaml"]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        said = b""
        while b"ready" not in said:
            line = self.process.stderr.readline()
            if not line:
                self.process.wait()
                shutil.rmtree(self.dir)
                raise RuntimeError("the agent did not start: " + said.decode(errors="replace").strip())
            said += line
        self.ready = time.monotonic()
        self.pids = [self.pid, self.status()["coverage"]["sensor"]["pid"]]

    def status(self):
        # Exit status 1 is an agent that is well no more, as one that lost something: the row says what.
        got = subprocess.run([NOROSHI, "status", "--json", "--state", self.dir], stdout=subprocess.PIPE)
        if got.returncode > 1:
            got.check_returncode()
        return json.loads(got.stdout)

    def cpu(self):
        return [cpu(p) for p in self.pids]

    def settle(self):
        """Until everything in the rings was read and the processors turn to us again."""
        for _ in range(100):
            before = self.cpu()[0]
            time.sleep(0.1)
            if self.cpu()[0] - before < 0.004:
                return

    def reload(self):
        """Rules read and compiled anew, and in force."""
        before = self.status()["rules"]["reloads"]
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 60
        while self.status()["rules"]["reloads"] == before:
            if time.monotonic() > end:
                raise RuntimeError("no reload")
            time.sleep(0.02)

    def longest_turn(self):
        """Ends the agent. Milliseconds of its loop's longest turn, by the clock and of processor time, the stop included."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.stderr.read().decode(errors="replace")
        self.process.wait(30)
        words = said.rpartition("longest turn of the loop took ")[2].split()
        return float(words[0]), float(words[5])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.dir)


def turn_row(what, longest):
    row("the loop's longest turn: " + what, "≤ 20 ms", "%.1f ms, of processor time at most %.1f ms" % longest, longest[0] <= 20)


def need_live(what, budget):
    """An agent can be started here, else the row says why not."""
    if os.geteuid():
        skip(what, budget, "needs root")
    try:
        with Agent():
            pass
    except RuntimeError as e:
        skip(what, budget, str(e).splitlines()[-1])
