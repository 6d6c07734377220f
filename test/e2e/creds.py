#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who a process is: namespaces, ids, capabilities and root, by every call, by programs that give privilege, and by nothing
that could. For the last, what the probes remember of a thread is made to say that it had no privilege before."""
import os
import json
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_record  # noqa: E402

if os.geteuid():
    lib_record.skip("needs root")
CALLS = ("setns", "unshare", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
         "setgroups", "capset", "cred_change", "keyctl", "personality", "prctl", "chroot", "clone", "clone3", "openat", "rename",
         "unlink")
EVENTS = ("namespace", "creds", "cred_change", "keyctl", "personality", "prctl", "chroot")
TRIGGER = os.path.join(lib_record.BUILD, "trigger", "creds")
ENV = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0"}     # of a set-uid program it cannot
FORGED = 1
CREDS = struct.Struct("=QQQIIIIIIIIIIII")   # struct creds of probes/maps.h


def trigger(*args):
    """What it says, in a folder that everybody may pass."""
    with tempfile.TemporaryDirectory(prefix="noroshi-creds.") as folder:
        os.chmod(folder, 0o755)
        done = subprocess.run([TRIGGER, *args, os.path.realpath(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              check=False, env=ENV)
        if done.returncode:
            sys.exit("trigger creds %s: exit status %d" % (" ".join(args), done.returncode))
        return lib_record.lines(done.stdout)


def bpftool(*args):
    done = subprocess.run(["bpftool", "-j", *args], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout) if done.stdout.strip() else None


def remembered(agent):
    """The map of the agent under test: the one that holds this tid with the entry's own numbers."""
    maps = [m["id"] for m in bpftool("map", "show") if m.get("name") == "creds"]
    sensors = {p["pid"] for m in bpftool("map", "show") if m["id"] in maps for p in m.get("pids", [])}
    if sensors:     # bpftool can tell whose they are: take those of our own recorder and its child
        ours = {agent} | {int(p) for p in subprocess.run(["ps", "-o", "pid=", "--ppid", str(agent)], stdout=subprocess.PIPE,
                                                         check=True).stdout.split()}
        maps = [m["id"] for m in bpftool("map", "show")
                if m["id"] in maps and ours & {p["pid"] for p in m.get("pids", [])}]
    return maps


def hexes(data):
    return ["0x%02x" % b for b in data]


def forge(agent, change):
    """A thread that has root's rights, and whose entry says what `change` makes of them: its truths."""
    waiting = subprocess.Popen([TRIGGER, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV)
    pid = json.loads(waiting.stdout.readline())["pid"]
    key, was = hexes(struct.pack("=I", pid)), None
    for m in remembered(agent):
        done = subprocess.run(["bpftool", "-j", "map", "lookup", "id", str(m), "key", *key], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            continue
        value = bytes(int(b, 16) for b in json.loads(done.stdout)["value"])
        was = change(list(CREDS.unpack(value)))
        subprocess.run(["bpftool", "map", "update", "id", str(m), "key", *key, "value", *hexes(CREDS.pack(*was))], check=True)
    said, _ = waiting.communicate(b"go\n")
    if was is None:
        sys.exit("no map knows the thread")
    truths = lib_record.lines(said)
    names = ("old_cap_permitted", "old_cap_effective", None, "old_uid", "old_euid", "old_suid", None, "old_gid", "old_egid",
             "old_sgid", None, "old_userns")
    for truth in truths:
        if truth["call"] == "cred_change":
            truth.update({n: v for n, v in zip(names, was[1:]) if n})
    return truths


def user(was):
    return was[:1] + [0, 0] + was[3:4] + [1000] * 4 + was[8:]


def uncapable(was):
    return was[:1] + [1 << 13, 0] + was[3:]


def deeper(was):
    return was[:12] + [4026599999, 2, 0]


def same_right(was):
    """It could set ids then: no call is out of the question."""
    return was[:1] + [1 << 7 | 1 << 6 | was[1], was[2]] + was[3:4] + [1000] * 8 + was[12:]


recorder = lib_record.Recorder(CALLS)
truths = trigger()
harmless = trigger("harmless")
agent = recorder.process.pid
forged = [("ids of another", forge(agent, user)), ("capabilities from nowhere", forge(agent, uncapable)),
          ("a user namespace above", forge(agent, deeper))]
allowed = forge(agent, same_right)
live = recorder.stop()
comparison = lib_record.Comparison(live)
results = lib_record.Results()
for truth in truths:
    results.add(comparison.take(truth), "%s = %d %s" % (truth["call"], truth["res"],
                                                        truth.get("option", truth.get("flags", truth.get("id0", "")))))
planted = {t["pid"] for _, lines in forged for t in lines}
for what, lines in forged:
    for truth in lines:
        if truth["call"] != "ready":
            results.add(comparison.take(truth), "%s: %s" % (what, truth["call"]))
changes = [r for r in live if r["event"] == "cred_change"]
results.add([r for r in changes if r["reason"] == FORGED and r["pid"] not in planted], "nothing else looks forged")
results.add([p for p in planted if sum(r["pid"] == p for r in changes) != 1], "each forgery is told once")
own = {t["pid"] for t in truths + harmless + allowed}
results.add([r for r in changes if r["pid"] in own and r not in comparison.left] and
            [r for r in comparison.left if r["event"] == "cred_change" and r["pid"] in own], "no other change of ours")
looks = [t for t in harmless if t["call"] == "personality"]
results.add(not looks or [t for t in looks if comparison.take(t)], "%d looks at what is harmless" % len(looks))
lib_record.report("creds", comparison.checked)
results.add(lib_record.uncompared(EVENTS, comparison.checked), "every field was compared")
results.add(lib_record.wrong_ways("creds", comparison.ways), "agent/event/ways.def says so")
results.end()
