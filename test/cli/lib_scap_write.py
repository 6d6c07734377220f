#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes .scap captures made up here: a host, a short story, and the ways a file can be wrong.

lib_scap_write.py CORPUS-FOLDER   the files that fuzzing begins with (test/fuzz/corpus/scap)
lib_scap_write.py --hostile DIR   files that have to be refused or survived, one line "NAME EXIT WORDS" each
"""
import gzip
import os
import struct
import sys

SECTION, MACHINE, INTERFACES, USERS = 0x0A0D0D0A, 0x201, 0x219, 0x220
PROCESSES = [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215]
FDS, FDS_2 = 0x203, 0x218
EVENT, EVENT_2, EVENT_LARGE, EVENT_FLAGS, EVENT_FLAGS_2, UNKNOWN = 0x204, 0x216, 0x221, 0x208, 0x217, 0x7777
START = 1700000000000000000


def block(kind, body):
    body += bytes(-len(body) % 4)
    n = len(body) + 12
    return struct.pack("<II", kind, n) + body + struct.pack("<I", n)


def section(magic=0x1A2B3C4D, major=1):
    return block(SECTION, struct.pack("<IHHQ", magic, major, 2, 2**64 - 1))


def machine():
    return block(MACHINE, struct.pack("<IQQ128sQQQQ", 2, 2**32, 4096, b"lab", START - 10**12, 0, 0, 0))


def text(s):
    return struct.pack("<H", len(s)) + s


def sized(row):
    return struct.pack("<I", len(row) + 4) + row


def interfaces():
    def row(kind, addr, mask, speed):
        r = struct.pack("<HH", kind, 4) + addr + mask + bytes(len(addr)) + speed + b"eth0"
        return struct.pack("<I", len(r)) + r
    v6 = bytes.fromhex("20010db8000000000000000000000001")
    return block(INTERFACES, row(1, bytes([10, 0, 0, 5]), bytes([255, 255, 255, 0]), bytes(8)) +
                 row(4, v6, b"\xff" * 8 + bytes(8), b""))


def users():
    return block(USERS, sized(b"\0" + struct.pack("<II", 1000, 1000) + text(b"ann") + text(b"/home/ann") + text(b"/bin/zsh")) +
                 sized(b"\1" + struct.pack("<I", 1000) + text(b"staff")))


def process(version, tid, pid, ppid, comm, exe, args, cwd=b"/srv", uid=1000):
    r = struct.pack("<QQQ", tid, pid, ppid)
    if version >= 6:
        r += struct.pack("<Q", 1)
    if version >= 8:
        r += struct.pack("<Q", pid)
    r += text(comm) + text(exe)
    if version >= 7:
        r += text(exe)
    r += text(args) + text(cwd) + struct.pack("<QIII", 1024, 0, uid, 1000)
    if version >= 2:
        r += struct.pack("<IIIQQ", 4000, 400, 0, 1, 2)
    if version >= 3:
        r += text(b"HOME=/home/ann\0PATH=/bin\0")
    if version >= 4:
        r += struct.pack("<QQ", tid, pid) + text(b"cpu=/user\0")
    if version >= 5:
        r += text(b"/")
    if version >= 9:
        r += struct.pack("<QII BQQQ BQQQ BBQ", START - 10**12, 34816, 1000, 1, 0, 3, 3, 1, 77, START - 5, START - 6, 0, 0, pid)
        r = sized(r)
    return r


def processes(version):
    return block(PROCESSES[version - 1],
                 process(version, 1, 1, 0, b"init", b"/sbin/init", b"", b"/", 0) +
                 process(version, 100, 100, 1, b"bash", b"/bin/bash", b"-l\0") +
                 process(version, 101, 100, 1, b"bash", b"/bin/bash", b"-l\0"))


def fds(v2, tid=100):
    wrap = sized if v2 else lambda r: r
    file = 16 if v2 else 1
    name = (struct.pack("<I", 3) if v2 else b"") + text(b"/dev/pts/0") + (struct.pack("<I", 0x8803) if v2 else b"")
    rows = [struct.pack("<QQB", 0, 3, file) + name,
            struct.pack("<QQB", 1, 3, file) + name,
            struct.pack("<QQB", 5, 9, 3) + bytes([10, 0, 0, 5, 192, 0, 2, 1]) + struct.pack("<HHB", 4444, 443, 2),
            struct.pack("<QQB", 6, 9, 5) + bytes([0, 0, 0, 0]) + struct.pack("<HB", 22, 2),
            struct.pack("<QQB", 7, 9, 4) + bytes(32) + struct.pack("<HHB", 1, 2, 3),
            struct.pack("<QQB", 8, 9, 6) + bytes(16) + struct.pack("<HB", 53, 3),
            struct.pack("<QQB", 9, 9, 8) + struct.pack("<QQ", 1, 2) + text(b"/run/x.sock"),
            struct.pack("<QQB", 10, 9, 7) + text(b"pipe:[9]")]
    if v2:
        rows.append(struct.pack("<QQB", 11, 9, 99) + b"of a later version")
    return block(FDS_2 if v2 else FDS, struct.pack("<Q", tid) + b"".join(map(wrap, rows)))


class Story:
    """Events with a clock of their own."""

    def __init__(self, kind=EVENT_2):
        self.kind, self.now, self.out = kind, START, b""

    def event(self, tid, number, *params, kind=None, n=None):
        kind = kind or self.kind
        wide = kind == EVENT_LARGE
        lens = b"".join(struct.pack("<I" if wide else "<H", len(p)) for p in params)
        count = struct.pack("<I", len(params) if n is None else n) if kind in (EVENT_2, EVENT_LARGE, EVENT_FLAGS_2) else b""
        body = lens + b"".join(params)
        self.now += 1000
        head = struct.pack("<QqIH", self.now, tid, 22 + len(count) + len(body), number) + count
        flags = struct.pack("<I", 0) if kind in (EVENT_FLAGS, EVENT_FLAGS_2) else b""
        self.out += block(kind, struct.pack("<H", 1) + flags + head + body)


def i64(n):
    return struct.pack("<q", n)


def u32(n):
    return struct.pack("<I", n)


def s(t):
    return t + b"\0"


def tuple4(sip, sport, dip, dport):
    return b"\2" + bytes(sip) + struct.pack("<H", sport) + bytes(dip) + struct.pack("<H", dport)


def clone(st, tid, res, exe, args, pid, ppid, flags, comm):
    st.event(tid, 223, i64(res), s(exe), args, i64(tid), i64(pid), i64(ppid), s(b""), i64(1024), i64(0), i64(0), u32(10), u32(5),
             u32(0), s(comm), b"cpu=/user\0", u32(flags), u32(1000), u32(1000), i64(tid), i64(pid), i64(0))


def execve(st, tid, exe, args, comm, path):
    st.event(tid, 293, i64(0), s(exe), args, i64(tid), i64(tid), i64(100), s(b""), i64(1024), i64(0), i64(9), u32(360), u32(4),
             u32(0), s(comm), b"cpu=/user\0", b"HOME=/home/ann\0", u32(34816), i64(tid), u32(1000), u32(1), i64(0), i64(1), i64(1),
             i64(88), i64(START - 9), i64(START - 8), u32(1000), s(path), i64(tid), u32(1000), s(path))


def story(kind=EVENT_2):
    st = Story(kind)
    e = st.event
    e(100, 4, i64(9))                                                   # an entry, and its exit that lacks what it said
    e(100, 5, i64(0))
    clone(st, 100, 200, b"/bin/bash", b"-l\0", 100, 1, 0, b"bash")
    clone(st, 200, 0, b"/bin/bash", b"-l\0", 200, 100, 0, b"bash")
    execve(st, 200, b"cat", b"../etc/shadow\0-n\0", b"cat", b"/usr/bin/cat")
    e(200, 307, i64(3), i64(-100), s(b"../etc/shadow"), u32(4097), u32(0), u32(0x8803), i64(42))
    e(200, 7, i64(6), b"root:x\0\xff\n", i64(3), u32(4096))
    e(200, 151, i64(20), i64(3), bytes([26]), i64(0))
    e(200, 19, i64(4), u32(2), u32(1), u32(0), u32(0))
    e(200, 23, i64(-115), tuple4((10, 0, 0, 5), 40000, (192, 0, 2, 7), 443), i64(4), b"\2" + bytes((192, 0, 2, 7)) + struct.pack("<H", 443))
    e(200, 9, i64(5), b"hello", i64(4), u32(5))
    e(200, 19, i64(5), u32(2), u32(2), u32(17), u32(0))
    e(200, 31, i64(4), b"ping", i64(5), u32(4), tuple4((0, 0, 0, 0), 5353, (10, 0, 0, 9), 53))
    e(200, 21, i64(0), b"\2" + bytes((0, 0, 0, 0)) + struct.pack("<H", 8080), i64(5))
    e(200, 61, i64(0), i64(6), i64(7), i64(11))
    e(200, 367, i64(8), i64(3))
    e(200, 43, i64(0), i64(9), i64(10), i64(1), i64(2), u32(1), u32(1), u32(0))
    e(200, 265, i64(-2), s(b"nowhere"), u32(4))
    e(200, 1, struct.pack("<H", 0), struct.pack("<H", 28))
    e(200, 5, i64(0), i64(3))
    e(200, 186, i64(0), i64(0), bytes([0]), bytes([0]), i64(1))
    e(1, 152, i64(7), i64(0), i64(3), u32(8), u32(9), u32(0))
    e(555, 1, struct.pack("<H", 0), struct.pack("<H", 10))              # a thread that nobody knows
    e(100, 500, b"later")                                               # of a later version
    return st.out


def capture(version=9, v2=True, kind=EVENT_2):
    return (section() + machine() + interfaces() + users() + processes(version) + fds(v2) + fds(v2, 31337) +
            block(UNKNOWN, b"of a later version too") + story(kind))


def large(n):
    st = Story()
    st.event(-1, 324, b'{"container":{}}\0', kind=EVENT_LARGE)
    st.event(-1, 402, u32(0), s(b"k8s"), b"x" * n, kind=EVENT_LARGE)
    return section() + st.out


def corpus(folder):
    os.makedirs(folder, exist_ok=True)
    files = {"story.scap": capture(), "story-flags.scap": capture(8, True, EVENT_FLAGS_2), "large.scap": large(300),
             "two.scap": capture(3, False, EVENT) + capture(9), "empty.scap": section(), "story.scap.gz": gzip.compress(capture(), mtime=0)}
    files.update({f"v{v}.scap": capture(v, False, EVENT if v % 2 else EVENT_FLAGS) for v in range(1, 9)})
    ends, at, told = [], 0, story()
    while at < len(told):
        at += struct.unpack_from("<I", told, at + 4)[0]
        ends.append(at)
    host = section() + block(PROCESSES[8], process(9, 100, 100, 1, b"bash", b"bash", b"-l\0") +
                             process(9, 200, 200, 100, b"cat", b"cat", b"x\0")) + fds(True, 200)
    for i in range(0, len(ends), 4):
        files[f"part{i}.scap"] = host + told[ends[i - 1] if i else 0:ends[min(i + 3, len(ends) - 1)]]
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


def bad_event(*args, **kw):
    st = Story()
    st.event(*args, **kw)
    return section() + st.out


def patched(data, at, what):
    return data[:at] + what + data[at + len(what):]


def hostile():
    full, head = capture(), section() + machine()
    lie = block(EVENT_2, struct.pack("<H", 1) + struct.pack("<QQIHI", 1, 1, 2**32 - 1, 7, 0))
    yield "not a capture", b"\x0a\x0d\x0d\x0a" + bytes(100), 2, "byte 0: a block of 0 bytes"
    yield "another mark", section(0xdeadbeef), 2, "byte 0: not a .scap capture"
    yield "other byte order", section(0x4D3C2B1A), 2, "other byte order"
    yield "a format to come", section(major=2), 2, "format version 2.2"
    yield "no section first", b"\x1f\x8b" + gzip.compress(machine())[2:], 2, "does not begin with a section"
    yield "nothing in gzip", gzip.compress(b""), 2, "it is empty"
    yield "gzip cut", gzip.compress(full)[:400], 2, "the file ends within"
    yield "gzip damaged", patched(gzip.compress(full, 9), 200, b"\xff" * 40), 2, "byte [0-9]+ unpacked: "
    yield "a block without end", head + struct.pack("<II", UNKNOWN, 2**32 - 1), 2, "the file ends within a block"
    yield "a list without end", head + struct.pack("<II", PROCESSES[8], 60 << 20) + bytes(100), 2, "the file ends within a block"
    yield "a list too long", head + struct.pack("<II", PROCESSES[8], 2**32 - 1), 2, "at most 67108864 are read"
    yield "an event too long", head + struct.pack("<II", EVENT_2, 1 << 20), 2, "longer than one can be"
    yield "a block too short", head + struct.pack("<III", EVENT_2, 8, 8), 2, "shorter than its own frame"
    yield "two lengths", patched(full, 24, struct.pack("<I", 32)), 2, "another length than it begins with"
    yield "an event beyond its block", section() + lie, 2, "an event that says it has 4294967295 bytes"
    yield "an event shorter than its header", section() + block(EVENT_2, b"12"), 2, "shorter than its header"
    yield "parameters without end", bad_event(1, 7, i64(1), n=2**32 - 1), 2, "with 4294967295 parameters, longer than itself"
    yield "more parameters than any has", bad_event(1, 7, *[b"x"] * 5000), 0, ""
    yield "parameters that do not add up", section() + block(EVENT, struct.pack("<HQQIH", 1, 1, 1, 25, 7) + b"\1\2\3"), 2, \
        "do not add up"
    yield "parameters of other widths", bad_event(1, 23, b"\1", b"\2", b"\3", b"\xff"), 0, ""
    yield "an event of more than 64 KiB", large(70000), 0, ""
    yield "addresses cut", bad_event(1, 31, i64(1), b"x", i64(1), b"", b"\x0a\1\2"), 0, ""
    yield "a process beyond its list", head + block(PROCESSES[8], struct.pack("<I", 9999)), 2, "a row longer than itself"
    yield "a process of length 0", head + block(PROCESSES[8], bytes(64)), 2, "a row longer than itself"
    yield "a descriptor of length 0", head + block(FDS_2, bytes(64)), 2, "a row longer than itself"
    yield "a user beyond its list", head + block(USERS, sized(b"\0" + bytes(8) + b"\xff\xff")), 2, "a row longer than itself"
    yield "an interface of no kind", head + block(INTERFACES, struct.pack("<IHHQ", 12, 9, 0, 0)), 2, "no known kind"
    yield "its own parent", head + block(PROCESSES[8], process(9, 1, 1, 1, b"a", b"a", b"")) + bad_event(1, 265, i64(0), s(b"x"), u32(0)), 0, ""
    yield "parents in a ring", section() + block(PROCESSES[8], process(9, 1, 1, 2, b"a", b"a", b"") + process(9, 2, 2, 1, b"b", b"b", b"")) + \
        bad_event(1, 265, i64(0), s(b"x"), u32(0))[len(section()):], 0, ""
    yield "a terminal's orders", bad_event(1, 265, i64(0), s(b"\x1b[31m\x07"), u32(0)), 0, ""
    yield "a bomb", gzip.compress(section() + struct.pack("<II", UNKNOWN, (256 << 20) + 12) + bytes(256 << 20) +
                                  struct.pack("<I", (256 << 20) + 12), 1), 0, "1 blocks of unknown types"


def main():
    if sys.argv[1] != "--hostile":
        return corpus(sys.argv[1])
    for i, (name, data, code, words) in enumerate(hostile()):
        with open(os.path.join(sys.argv[2], f"h{i}.scap"), "wb") as f:
            f.write(data)
        print(f"h{i}.scap\t{code}\t{name}\t{words}")


if __name__ == "__main__":
    main()
