# SPDX-License-Identifier: Apache-2.0
"""Live records beside the truth that a trigger prints.

Records are read from the file of `noroshi record`, field by field as probes/events.def lays them out: what is compared is
what left the kernel, before anything of the agent has judged it.
"""
import atexit
import functools
import ipaddress
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BUILD, SRC, NOROSHI = (os.environ[name] for name in ("BUILD", "SRC", "NOROSHI"))
HEADER = struct.Struct("=HHIQQQIIIHHIIIIIIIIIIQq")
HEADER_NAMES = ("type", "call", "size", "time", "start", "cgroup", "tgid", "tid", "exec_id", "cpu", "flags", "uid", "euid",
                "gid", "egid", "vpid", "vtid", "mntns", "pidns", "netns", "userns", "cap_effective", "res")
KINDS = {"U32": ("I", 4, 4), "S32": ("i", 4, 4), "U64": ("Q", 8, 8), "ADDR": ("HH16s", 20, 2), "BLOB": ("HH", 4, 2)}
IGNORED = {"call", "via", "mode", "qname", "route"}     # of a truth: what it is called, where it is no field of the record
FLAGS = {"truncated": 1 << 2, "io_uring": 1 << 3}
NAME_USER, COMPAT, ADDR_USER = 1 << 0, 1 << 4, 1 << 8
TICK = 1000000000 // os.sysconf("SC_CLK_TCK")
TICKS = {"start", "pstart", "child_start", "pidns_start", "writer_start", "target_start"}   # truths count them as /proc does


RELEASE = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2])
NAMES = {"rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmodat",
         "fchmodat2", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chown", "lchown", "fchownat", "setxattr", "lsetxattr",
         "removexattr", "lremovexattr", "setxattrat", "removexattrat", "truncate", "utimensat", "utimes", "futimesat", "utime"}


def hierarchy(controller):
    """The number of a v1 hierarchy: the top byte of its control groups' numbers."""
    with open("/proc/self/cgroup", encoding="utf-8") as f:
        return next(int(line.split(":")[0]) for line in f if controller in line.split(":")[1].split(","))


def names_seen():
    """Whether the inode of a name that changes is seen while the call is at work: by tracepoints from 6.13 on, or at functions
    of the kernel where they take programs. ATTACH=tracepoint or function does the tests in that style."""
    with open("/sys/kernel/btf/vmlinux", "rb") as f:
        if b"\0btf_trace_ctime_ns_xchg\0" in f.read():
            return True
    if os.environ.get("ATTACH") == "tracepoint":
        return False
    cells = json.loads(subprocess.run([NOROSHI, "events", "--ways", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    return any(c["way"] == "plain" and "rename" in c["events"] and c["state"] == "seen" for c in cells)


def here(truth):
    """What has to be told of it on this kernel: where the inode is not seen, the caller's text, marked as such, and no other.
    Before 5.19 a request of io_uring does not know its descriptor any more, nor its names, before 6.10 it has no address of
    its own."""
    if truth.get("io_uring") and RELEASE < (5, 19):
        truth = {k: -1 if k in ("fd", "listenfd") and v >= 0 else v for k, v in truth.items()}
    if truth.get("io_uring") and RELEASE < (6, 10) and truth["call"] == "connect" and truth["res"] in (-2, -9):
        truth = dict(truth, hdr_flags=truth["hdr_flags"] | ADDR_USER)
    seen = names_seen_here and not (truth.get("io_uring") and RELEASE < (5, 19))    # whose request a name belongs to is not known there
    if truth["call"] not in NAMES or truth["res"] < 0 or seen or truth.get("raw") == "":    # of a descriptor itself
        return truth
    told = {k: "" if k in ("name", "oldname", "newname") else v for k, v in truth.items()
            if k not in ("dev", "ino", "nlink", "atime", "mtime")}
    told["name_source"] = "user"
    if "hdr_flags" in told:
        told["hdr_flags"] |= NAME_USER
    return told


def skip(why):
    print("1..0 # skip: " + why)
    sys.exit(77)


def fd_types():
    """enum fd_type by the names that triggers use."""
    with open(os.path.join(SRC, "probes", "wire.h"), encoding="utf-8") as f:
        body = re.search(r"enum fd_type \{(.*?)\};", f.read(), re.S).group(1)
    return [name.lower() for name in re.findall(r"^\tFD_(\w+)", body, re.M)]


def layout():
    """events.def as (events: [(name, [(field, kind, offset)])], calls: [name])."""
    events, calls = [], ["none"]
    with open(os.path.join(SRC, "probes", "events.def"), encoding="utf-8") as f:
        for word, args in re.findall(r"^\t?(EVENT|CALL|U32|S32|U64|ADDR|BLOB)\(([^\"]*)", f.read(), re.M):
            args = [a.strip() for a in args.split(",") if a.strip()]
            if word == "EVENT":
                events.append((args[1], []))
                end = HEADER.size
            elif word == "CALL":
                calls.append(args[1])
            else:
                _, size, align = KINDS[word]
                end = (end + align - 1) // align * align
                events[-1][1].append((args[1], word, end))
                end += size
    return events, calls


EVENTS, CALLS = layout()
FD_TYPES = fd_types()
names_seen_here = names_seen()


def field(rec, kind, at):
    values = struct.unpack_from("=" + KINDS[kind][0], rec, at)
    if kind == "ADDR":
        family, port, ip = values
        if family == socket.AF_INET:
            return (ipaddress.ip_address(ip[:4]), port)
        return (ipaddress.ip_address(ip), port) if family == socket.AF_INET6 else None
    if kind == "BLOB":
        off, size = values
        return rec[off:off + size] if size else None
    return values[0]


def record(rec):
    r = dict(zip(HEADER_NAMES, HEADER.unpack_from(rec)))
    name, fields = EVENTS[r["type"]]
    r.update(event=name, call=CALLS[r["call"]], pid=r["tgid"], hdr_flags=r.pop("flags"), hdr_type=r.pop("type"))
    for key, bit in FLAGS.items():
        r[key] = int(bool(r["hdr_flags"] & bit))
    r["name_source"] = b"user" if r["hdr_flags"] & NAME_USER else b"kernel"
    for key, kind, at in fields:
        value = field(rec, kind, at)
        if kind == "ADDR":
            r[key + "_ip"], r[key + "_port"] = value or (None, None)
        else:
            r[key] = value
    return r


def records(path):
    """The records of a recording, in the order of their time."""
    with open(path, "rb") as f:
        data = f.read()
    out, pos = [], 32
    while pos + 8 <= len(data):
        size, _ = struct.unpack_from("=II", data, pos)
        if not size:
            break
        out.append(record(data[pos + 8:pos + 8 + size]))
        pos += 8 + (size + 7) // 8 * 8
    return sorted(out, key=lambda r: r["time"])


def same(key, want, have):
    if key.endswith("_ip"):
        return have == ipaddress.ip_address(want)
    if isinstance(want, list):
        return want[0] <= have <= want[1]
    if key in TICKS:
        return have // TICK == want
    if isinstance(want, str) and not want:
        return not have
    if key == "fd_type" and isinstance(want, str):
        return have < len(FD_TYPES) and FD_TYPES[have] == want
    if isinstance(want, str):
        return have is not None and have == (bytes.fromhex(want) if key == "payload" else want.encode("latin-1"))
    return have == want


class Recorder:
    """`noroshi record` of some calls, from "ready" until stop()."""

    def __init__(self, calls, *also):
        self.dir = tempfile.TemporaryDirectory(prefix="noroshi-e2e.")
        self.path = os.path.join(self.dir.name, "live.rec")
        self.log = open(os.path.join(self.dir.name, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([NOROSHI, "record", "--attach", os.environ.get("ATTACH", "auto"), "-o", self.path,
                                         " or ".join(("evt.type in (%s)" % ", ".join(calls),) + also)],
                                        stdout=self.log, stderr=self.log)
        atexit.register(self.end)   # also when a comparison throws
        while "ready" not in self.said():
            if self.process.poll() is not None:
                said, code = self.said(), self.process.returncode
                if code == 3:
                    skip("no live events here: " + said.strip().replace("\n", "; "))
                sys.exit("record ended with %d: %s" % (code, said))
            time.sleep(0.05)

    def said(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def stop(self):
        time.sleep(0.5)     # what is in the rings is drained at the end; what is on its way to them is not
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        return records(self.path)


def run(name, *args, env=None):
    """Runs a trigger: what it printed, line by line."""
    done = subprocess.run([os.path.join(BUILD, "trigger", name), *args], stdout=subprocess.PIPE, check=False,
                          env=dict(os.environ, **env) if env else None)
    if done.returncode not in (0, 77):
        sys.exit("trigger %s: exit status %d" % (name, done.returncode))
    return lines(done.stdout)


def lines(text):
    return [json.loads(line) for line in text.decode().splitlines()]


def compared(key, rec):
    return key in rec and key != "call" or key not in IGNORED


class Comparison:
    """Each truth takes the first record that it equals; `checked` is what was compared, (event, field)."""

    def __init__(self, live):
        self.live = live
        self.checked = set()
        self.ways = set()       # (way, event) of what was told as it was: agent/event/ways.def
        self.left = list(live)
        self.of = {}            # what is left, by call and process
        for rec in live:
            self.of.setdefault((rec["call"], rec["pid"]), []).append(rec)

    def wrong(self, truth, rec):
        return {k: (v, rec.get(k)) for k, v in truth.items() if compared(k, rec) and not same(k, v, rec.get(k))}

    def take(self, truth, way=None):
        """None, or why there is no such record. way: of agent/event/ways.def, where it is not the call's own."""
        nearest, truth = None, here(truth)
        candidates = self.of.get((truth["call"], truth["pid"]), [])
        for i, rec in enumerate(candidates):
            wrong = self.wrong(truth, rec)
            if not wrong:
                del candidates[i]
                del self.left[next(k for k, r in enumerate(self.left) if r is rec)]
                self.checked |= {(rec["event"], k) for k in truth if compared(k, rec)}
                entry = "io_uring" if rec["io_uring"] else "ia32" if rec["hdr_flags"] & COMPAT else "plain"
                self.ways.add((way or entry, rec["event"]))
                return None
            if nearest is None or len(wrong) < len(nearest):
                nearest = wrong
        return "no such record; nearest differs in %s" % nearest if nearest else "no such record"

    def unexpected(self, truths):
        """Records of the truths' processes and calls that no truth took."""
        seen = {(t["pid"], t["call"]) for t in truths}
        return [r for r in self.left if (r["pid"], r["call"]) in seen]


def uncompared(events, checked):
    """Fields of these events that no truth named, addresses by either half."""
    out = []
    for name, fields in EVENTS:
        for key, _, _ in fields if name in events else ():
            if not {(name, key), (name, key + "_ip")} & checked:
                out.append(name + "." + key)
    return out


@functools.cache
def traced():
    """The calls that this kernel was built with: those that have a tracepoint. Mounted for a moment where nobody has."""
    at = next((d for d in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing") if os.path.isdir(d + "/events/syscalls")), None)
    if at:
        return os.listdir(at + "/events/syscalls")
    with tempfile.TemporaryDirectory(prefix="noroshi-e2e.") as own:
        if subprocess.run(["mount", "-t", "tracefs", "tracefs", own], stderr=subprocess.DEVNULL, check=False).returncode:
            return []
        try:
            return os.listdir(own + "/events/syscalls")
        finally:
            subprocess.run(["umount", own], check=True)


def has(call):
    """Whether this kernel was built with the call: else nobody can make it."""
    number = {"umount2": "umount", "sendfile": "sendfile64", "pwrite": "pwrite64"}.get(call, call)
    return not traced() or "sys_exit_" + number in traced()


def contexts():
    """As whom triggers can do what they do: e2e/trigger/as.h."""
    done = subprocess.run([os.path.join(BUILD, "trigger", "race"), "list"], stdout=subprocess.DEVNULL, check=False,
                          env=dict(os.environ, TRIGGER_AS="vfork"))
    return ("thread",) if done.returncode == 77 else ("thread", "vfork", "clone-vm")


def wrong_ways(test, seen, done=None, without=()):
    """Where agent/event/ways.def and what a test has seen differ: what it should have shown here, what should not show. With
    `done`, the (way, event) that could be done here at all: what was not done need not show; nor need those of `without`."""
    cells = json.loads(subprocess.run([NOROSHI, "events", "--ways", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    shown = {(c["way"], e) for c in cells for e in c["events"] if c["test"] == test and c["state"] in ("seen", c["at_best"])}
    shown = {(w, e) for w, e in shown if w not in ("vfork", "clone-vm") or w in contexts()}
    hidden = {(c["way"], e) for c in cells for e in c["events"] if c["state"] in ("blind", "-")}
    shown -= set(without)
    if done is not None:
        shown &= done
    return ["%s by %s should show" % (e, w) for w, e in sorted(shown - seen)] + \
        ["%s by %s shows, but not in the table" % (e, w) for w, e in sorted(seen & hidden)]


def report(test, checked):
    """Leaves the fields that a test compared where zz_fields.py looks for them."""
    folder = os.path.join(BUILD, "e2e-fields")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, test + ".txt"), "w", encoding="utf-8") as f:
        f.writelines("%s.%s\n" % c for c in sorted(checked))


class Results:
    """TAP lines, and at the end how the test went."""

    def __init__(self):
        self.number = self.failed = 0

    def add(self, problem, what):
        self.number += 1
        self.failed += bool(problem)
        print("%s %d - %s" % ("not ok" if problem else "ok", self.number, what))
        if problem:
            print("# %s" % (problem,))
        sys.stdout.flush()

    def check(self, what, holds, seen=""):
        self.add(None if holds else seen or "it does not", what)

    def end(self):
        print("1..%d" % self.number)
        sys.exit(1 if self.failed else 0)
