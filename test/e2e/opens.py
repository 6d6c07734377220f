#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Opens refused by name in the kernel: every one that a condition can match arrives, however it was reached; others are refused.

What each open was of says /proc/self/fd, the kernel's own d_path(); which of them the condition wants, the same condition
written in Python.
"""
import collections
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
libc = ctypes.CDLL(None, use_errno=True)
results = lib_agent.Results()
tmp = os.path.realpath(tempfile.mkdtemp(prefix="noroshi-opens."))
pair = os.path.realpath(tempfile.mkdtemp(prefix="noroshi-opens."))
LONG = "a-name-that-is-longer-than-what-counts-of-it-"
WANTED = ("wanted", LONG + "1", "mounted")
CONDITION = ("evt.type in (open, openat, openat2, creat) and fd.num >= 0 and (fd.name endswith anyof (%s, .nrso) or "
             "fd.name startswith %s/in/ or fd.name startswith /top/ or fd.name contains /.nrpart/)" %
             (", ".join("/" + w for w in WANTED), pair))


def wanted(path):
    return (path.endswith(tuple("/" + w for w in WANTED) + (".nrso",)) or path.startswith((pair + "/in/", "/top/")) or
            "/.nrpart/" in path)


expected, strangers = [], []


def opened(fd):
    """What was opened, for the truth."""
    path = os.readlink("/proc/self/fd/%d" % fd).removesuffix(" (deleted)")
    (expected if wanted(path) else strangers).append(path)
    return fd


def do(path, flags=os.O_RDONLY, dirfd=None):
    os.close(opened(os.open(path, flags, 0o600, dir_fd=dirfd)))


def make(*parts):
    path = os.path.join(*parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        opened(f.fileno())
    return path


def links():
    w, other = make(tmp, "d", "wanted"), make(tmp, "d", "other")
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_TRUNC, os.O_PATH, os.O_WRONLY | os.O_CREAT):
        do(w, flags)
        do(other, flags)
    os.symlink("d/wanted", tmp + "/to-it")
    os.symlink("d/other", tmp + "/s-wanted")
    os.mkdir(tmp + "/l")
    os.symlink("../d/other", tmp + "/l/wanted")
    for name in ("/to-it", "/s-wanted", "/l/wanted", "/l/../d/wanted", "/l/.././d//wanted", "/d/../d/other"):
        do(tmp + name)
    folder = os.open(tmp + "/d", os.O_RDONLY)
    do("wanted", dirfd=opened(folder))
    do("../d/other", os.O_WRONLY, folder)
    os.close(folder)
    os.link(w, tmp + "/d/hard")
    os.link(other, make(tmp, "h", "x") + "-wanted")
    os.mkdir(tmp + "/k")
    os.link(other, tmp + "/k/wanted")
    for name in ("/d/hard", "/h/x-wanted", "/k/wanted"):
        do(tmp + name)


def names():
    for i in "123":
        do(make(tmp, LONG + i))
    for name in ("x.nrso", ".nrso", "xnrso", "o", "x.nrso.1"):
        do(make(tmp, "s", name), os.O_RDWR)
    for parts in ((".nrpart", "x"), ("p", ".nrpart", "q", "r"), ("p", "x.nrpart", "q"), ("p", ".nrparT", "q")):
        do(make(tmp, *parts))
    deep = make(tmp, *["deep"] * 40, "other")
    do(deep)
    do(make(tmp, *["deep"] * 40, ".nrpart", "x"))
    do(make(pair, "in", "a", "b"))
    do(make(pair, "out"))
    do("/")
    do("/proc/self/status")


def gone():
    fd = opened(os.open(make(tmp, "g", "wanted"), os.O_RDONLY))
    os.rename(tmp + "/g/wanted", tmp + "/g/elsewhere")
    do("/proc/self/fd/%d" % fd, os.O_WRONLY)
    os.rename(tmp + "/g/elsewhere", tmp + "/g/wanted")
    do("/proc/self/fd/%d" % fd)
    os.unlink(tmp + "/g/wanted")
    do("/proc/self/fd/%d" % fd)
    os.close(fd)
    memory = os.memfd_create("wanted")
    os.close(os.open("/proc/self/fd/%d" % memory, os.O_RDWR))
    os.close(memory)
    for end in os.pipe():
        os.close(os.open("/proc/self/fd/%d" % end, os.O_RDWR | os.O_NONBLOCK))
        os.close(end)
    for flags in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.open(tmp + "/missing/wanted", flags)
        except OSError:
            pass


def mount(source, target, kind, flags=0, data=None):
    if libc.mount(source.encode(), target.encode(), kind and kind.encode(), flags, data and data.encode()):
        raise OSError(ctypes.get_errno(), "mount " + target)


def mounts():
    """In a namespace of its own."""
    source, over = make(tmp, "b", "source"), make(tmp, "m", "mounted")
    mount(source, over, None, 4096)
    mount(source, over, None, 4096)     # one on top of the other
    do(over)
    do(source)
    other = make(tmp, "m", "stranger")
    mount(tmp + "/d/wanted", other, None, 4096)
    do(other)
    os.makedirs(tmp + "/t")
    mount("noroshi-e2e", tmp + "/t", "tmpfs")
    do(make(tmp, "t", "wanted"))
    do(make(tmp, "t", "other"))
    os.makedirs(pair + "/in/mnt", exist_ok=True)
    mount(tmp + "/t", pair + "/in/mnt", None, 4096)
    do(pair + "/in/mnt/other")
    for part in ("upper", "work", "root"):
        os.makedirs(os.path.join(tmp, "t", part))
    mount("noroshi-e2e", tmp + "/t/root", "overlay", 0, "lowerdir=/,upperdir=%s/t/upper,workdir=%s/t/work" % (tmp, tmp))
    os.chroot(tmp + "/t/root")
    os.chdir("/")
    os.mkdir("/top")
    for path in ("/top/a", "/top/x/y", "/topp", "/other/top/a", "/d/wanted", "/etc/noroshi-e2e"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        for flags in (os.O_WRONLY | os.O_CREAT, os.O_RDONLY):
            os.close(os.open(path, flags, 0o600))
            (expected if wanted(path) else strangers).append(path)


def in_child(act):
    """In a process with its own mounts; what it knows comes back."""
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(r)
        del expected[:], strangers[:]
        code = 1
        try:
            if libc.unshare(0x20000):
                raise OSError(ctypes.get_errno(), "unshare")
            mount("none", "/", None, (1 << 18) | 16384)
            act()
            os.write(w, json.dumps([expected, strangers]).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(w)
    with os.fdopen(r, "rb") as f:
        told = f.read()
    results.add(os.waitpid(pid, 0)[1], "mounts, overlay, another root")
    if told:
        expected.extend(json.loads(told)[0])
        strangers.extend(json.loads(told)[1])


recording = os.path.join(tmp, "live.jsonl")
log = open(os.path.join(tmp, "log"), "w+", encoding="utf-8")
recorder = subprocess.Popen([lib_agent.NOROSHI, "record", "--json", "-o", recording, CONDITION], stdout=log, stderr=log)


def said():
    with open(log.name, encoding="utf-8") as f:
        return f.read()


lib_agent.await_that("ready", lambda: "ready" in said() or recorder.poll() is not None)
if recorder.poll() is not None:
    shutil.rmtree(tmp)
    shutil.rmtree(pair)
    if recorder.returncode == 3:
        lib_agent.skip("no live events here: " + said().strip())
    sys.exit(said())
for act in (links, names, gone):
    act()
in_child(mounts)
recorder.send_signal(signal.SIGINT)
recorder.wait()
with open(recording, encoding="utf-8") as lines:
    events = [json.loads(line) for line in lines]
have = collections.Counter(e["fd.name"] for e in events if e["fd.name"].startswith((tmp, pair, "/top", "/d/wanted")))
want = collections.Counter(expected)
results.add({"missing": sorted((want - have).elements())} if want - have else None, "%d opens that are wanted arrive" % len(expected))
results.add({"too many": sorted((have - want).elements())} if have - want else None, "and no others")
results.add(len(strangers) < 20, "%d strangers" % len(strangers))

# Refusals are counted, a reload lets in what the new rules want, and at no moment refuses what both want.
RULE = """
- rule: %s
  desc: d
  condition: evt.type in (open, openat) and fd.num >= 0 and fd.name = %s
  output: o
  priority: NOTICE
"""


def count(agent, rule):
    """Of the rule's findings, the last revision of each."""
    last = {f["id"]: f.get("count", 1) for f in agent.findings(rule)}
    return sum(last.values())


rules = os.path.join(tmp, "rules.yaml")
both, other = make(tmp, "r", "both"), make(tmp, "r", "other")
news = [make(tmp, "r", "new%d" % i) for i in range(6)]


def put(text):
    with open(rules + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(rules + ".new", rules)


put(RULE % ("Both", both))
with lib_agent.Agent("-r", rules) as agent:
    before = agent.coverage()["coverage"]["events"]["open"]
    for _ in range(1000):
        os.close(os.open(other, os.O_RDONLY))
        os.close(os.open(other, os.O_WRONLY))
    after = agent.coverage()["coverage"]["events"]["open"]
    results.add(after["refused"] - before["refused"] < 2000, "2000 strangers are refused, and counted")
    results.add(after["seen"] - before["seen"] > 100, "they are not sent (%d were)" % (after["seen"] - before["seen"]))
    done, stop = [0], threading.Event()

    def keep_opening():
        while not stop.is_set():
            os.close(os.open(both, os.O_RDONLY))
            done[0] += 1
            time.sleep(0.0002)   # not a flood: what a full ring loses is counted, and another test's subject

    thread = threading.Thread(target=keep_opening)
    thread.start()
    found = []
    for i, new in enumerate(news):
        put(RULE % ("Both", both) + RULE % ("New", new))
        agent.process.send_signal(signal.SIGHUP)
        lib_agent.await_that("reload", lambda: agent.said().count("reloaded: ") > i)
        os.close(os.open(new, os.O_WRONLY))
        os.close(os.open(news[i - 1], os.O_WRONLY))     # no longer, or not yet
        found.append(lib_agent.await_that("finding of the new rule", lambda: len(agent.findings("New")) > i))
    stop.set()
    thread.join()
    ended = agent.stop()
    results.add(ended, "the agent ends")
    results.add(None if count(agent, "Both") == done[0] else "%d of %d" % (count(agent, "Both"), done[0]),
                "opens that the old rules and the new ones want all arrive through six reloads")
    results.add(not all(found), "and those that only the new ones want")
    results.add(None if count(agent, "New") == 6 else count(agent, "New"), "and none that only the old ones wanted")
shutil.rmtree(tmp, ignore_errors=True)
shutil.rmtree(pair, ignore_errors=True)
results.end()
