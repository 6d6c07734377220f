#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Processes: exec in every way there is to evade a name, fork and exit, and the control groups they are in."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("execve", "execveat", "clone", "clone3", "fork", "vfork", "procexit")
EVENTS = ("cgroup", "exec", "fork", "exit")
TRIGGER = os.path.join(lib_record.BUILD, "trigger", "exec")
# modes of the trigger by the ways of agent/event/ways.def; the others are plain
WAYS = {"relative": "relative", "symlink": "symlink", "dotdot": "dotdot", "hardlink": "hard-link", "procroot": "proc-root",
        "script": "script", "script-nested": "script", "script-here": "script", "script-symlink": "script", "script-memory": "script",
        "at-dirfd": "execveat", "at-empty": "execveat", "at-cwd": "execveat", "deleted": "deleted",
        "memfd": "memfd", "memfd-path": "memfd", "flip": "race", "big-args": "big-argv", "no-args": "empty-argv", "loader": "loader",
        "thread": "thread"}


def group_root():
    """The hierarchy that names containers, and its version."""
    if os.path.isdir("/sys/fs/cgroup/pids"):
        return "/sys/fs/cgroup/pids", 1
    return "/sys/fs/cgroup", 2


def trigger(mode, before=""):
    """What a mode says; `before` is shell text that runs first, in the trigger's own process."""
    with tempfile.TemporaryDirectory(prefix="noroshi-exec.") as folder:
        os.chmod(folder, 0o755)
        done = subprocess.run(["/bin/sh", "-c", before + 'exec "$@"', "sh", TRIGGER, mode, os.path.realpath(folder)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                              env={"PATH": os.environ["PATH"], "NOROSHI_TEST": "two words",
                                   "ASAN_OPTIONS": "detect_leaks=0"})      # of a set-uid program it cannot
        if done.returncode:
            sys.exit("trigger exec %s: exit status %d" % (mode, done.returncode))
        return lib_record.lines(done.stdout)


def generations(live, pid):
    """The image generations of a process, from its fork on: each is one more, and its children's begin where it is."""
    wrong = []
    born = {r["child"]: r for r in live if r["event"] == "fork"}
    if pid not in born:
        return ["%d: no fork" % pid]
    now = born[pid]["child_exec_id"]
    if now != born[pid]["exec_id"]:
        wrong.append("%d begins as %d, its parent is %d" % (pid, now, born[pid]["exec_id"]))
    for r in live:
        if r["pid"] == pid:
            now += r["event"] == "exec" and not r["res"]
            if r["exec_id"] != now:
                wrong.append("%s of %d: exec_id %d, not %d" % (r["call"], pid, r["exec_id"], now))
        if r["event"] == "exec" and r["ppid"] == pid and r["pexec_id"] != now:
            wrong.append("%s of %d: pexec_id %d, not %d" % (r["call"], r["pid"], r["pexec_id"], now))
    return wrong


root, version = group_root()
group = os.path.join(root, "noroshi-e2e-%d" % os.getpid())
modes = subprocess.run([TRIGGER, "list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
recorder = lib_record.Recorder(CALLS, 'proc.env[NOROSHI_TEST] = "x"')
truths = [(mode, trigger(mode)) for mode in modes]
os.mkdir(group)
try:
    inode = os.stat(group).st_ino | (lib_record.hierarchy("pids") << 56 if version == 1 else 0)
    truths.append(("group", trigger("plain", "echo $$ >%s/cgroup.procs; " % group)))
finally:
    os.rmdir(group)
live = recorder.stop()
comparison = lib_record.Comparison(live)
results = lib_record.Results()
for mode, lines in truths:
    results.add(not lines, "%s says something" % mode)
    for truth in lines:
        results.add(comparison.take(truth, WAYS.get(mode)), "%s: %s = %d" % (mode, truth["call"], truth["res"]))
forked = [t["child"] for _, lines in truths for t in lines if "child" in t]
pids = {t["pid"] for _, lines in truths for t in lines} | set(forked)
wrong = [w for pid in sorted(pids - {os.getpid()}) for w in generations(live, pid)]
results.add(wrong, "image generations")
comparison.checked |= {("exec", "exec_id"), ("exec", "pexec_id"), ("fork", "exec_id"), ("fork", "child_exec_id")}
met = [r for r in live if r["event"] == "cgroup" and r["cgroup"] == inode and not r["gone"]]
results.add(len(met) != 1, "a control group is introduced once")
results.add(comparison.take({"call": "none", "pid": met[0]["pid"] if met else 0, "res": 0, "version": version, "cgroup": inode,
                             "gone": 0, "path": "/" + os.path.relpath(group, root)}), "control group")
removed = [r for r in live if r["event"] == "cgroup" and r["cgroup"] == inode and r["gone"]]
results.add(len(removed) != 1 or [r for r in live[live.index(removed[0]) + 1:] if r["cgroup"] == inode],
            "its removal is told once, behind all else of it")
results.add(comparison.take({"call": "none", "pid": 0, "res": 0, "version": version, "cgroup": inode, "gone": 1}), "control group removed")
results.add([t for t in truths[-1][1] if t.get("cgroup") != inode], "the trigger was in it")
first = next((i for i, r in enumerate(live) if r["cgroup"] == inode and r["event"] != "cgroup"), -1)
results.add(not met or live.index(met[0]) > first >= 0, "before any record that names it")
lib_record.report("exec", comparison.checked)
results.add(lib_record.uncompared(EVENTS, comparison.checked), "every field was compared")
results.add(lib_record.wrong_ways("exec", comparison.ways), "agent/event/ways.def says so")
results.end()
