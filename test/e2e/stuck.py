#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A process whose memory the kernel has locked for as long as a file system does not answer: who asks for its command line
waits with it. The start goes on without, and says so."""
import ctypes
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
libc = ctypes.CDLL(None, use_errno=True)
results = lib_agent.Results()
LOOKUP, GETATTR, OPEN, READ, WRITE, INIT = 1, 3, 14, 15, 16, 26


class Silent:
    """A file system with one file of a page, whose writes are never answered: a process of its own, whose end ends it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="noroshi-stuck.")
        self.flag = self.dir + ".asked"
        self.pid = 0
        try:
            fd = os.open("/dev/fuse", os.O_RDWR)
        except OSError as e:
            self.end()
            lib_agent.skip("no /dev/fuse: %s" % e)
        if libc.mount(b"noroshi-e2e", self.dir.encode(), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd):
            error = ctypes.get_errno()
            os.close(fd)
            self.end()
            lib_agent.skip("no FUSE here: " + os.strerror(error))
        self.pid = os.fork()
        if not self.pid:
            try:
                self.serve(fd)
            finally:
                os._exit(0)
        os.close(fd)

    def asked(self):
        return os.path.exists(self.flag)

    def serve(self, fd):
        opened = 0
        while True:
            request = os.read(fd, 1 << 17)
            op, unique, node = struct.unpack_from("=IQQ", request, 4)
            if op == WRITE:
                with open(self.flag, "w", encoding="utf-8"):
                    continue
            opened += op == OPEN
            body = self.answer(op, node, opened)
            os.write(fd, struct.pack("=IiQ", 16 + len(body or b""), 0 if body is not None else -38, unique) + (body or b""))

    @staticmethod
    def answer(op, node, opened):
        def attr(ino):
            mode = 0o40755 if ino == 1 else 0o100644
            return struct.pack("=QQQQQQIIIIIIIIII", ino, 4096, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

        if op == INIT:
            return struct.pack("=IIIIHHIIHHIIIIIIII", 7, 31, 65536, 0, 12, 9, 65536, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)[:64]
        if op == LOOKUP:
            return struct.pack("=QQQQII", 2, 0, 60, 60, 0, 0) + attr(2)
        if op == GETATTR:
            return struct.pack("=QII", 60, 0, 0) + attr(node)
        if op == READ:
            return bytes(4096)
        return struct.pack("=QII", opened, 3 * (opened - 1), 0) if op == OPEN else None   # then FOPEN_DIRECT_IO | FOPEN_KEEP_CACHE

    def end(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)     # whoever waits for an answer has an error now
            libc.umount2(self.dir.encode(), 2)
        if self.asked():
            os.unlink(self.flag)
        os.rmdir(self.dir)


# A private mapping of a file opened for direct access throws its cached pages away: those that were written to have to be
# written out before, which nobody does, and all that time the kernel holds the lock of the process's memory.
VICTIM = """
import ctypes, mmap, os, sys
dirty = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 4096)
dirty[0] = 1
direct = os.open(sys.argv[1], os.O_RDWR)
ctypes.CDLL(None).prctl(15, b"stuck", 0, 0, 0)
mmap.mmap(direct, 4096, mmap.MAP_PRIVATE)
"""


def settled(child):
    """Whether the child is as far as it is to go."""
    with open("/proc/%d/comm" % child.pid, encoding="utf-8") as f:
        return child.poll() is not None or f.read() == "stuck\n"


fs = Silent()
child = subprocess.Popen(["/usr/bin/python3", "-c", VICTIM, fs.dir + "/file"], stdin=subprocess.DEVNULL)
try:
    lib_agent.await_that("victim", lambda: settled(child) and fs.asked())
    results.add(child.poll() is not None and child.returncode or not fs.asked(), "a process that waits within mmap()")
    with lib_agent.Agent() as agent:
        report = json.loads(subprocess.run([lib_agent.NOROSHI, "status", "--json", "--state", agent.state], stdout=subprocess.PIPE,
                                           check=False).stdout)
        notes = report["coverage"]["sensor"]["notes"]
        results.add(not any("1 processes that were there before are known in part" in n for n in notes) and ("notes", notes),
                    "one process is known in part")
        results.add(report["tables"]["processes"]["running"] < 3 and report["tables"], "the others are known")
        results.add(agent.stop(), "and the agent ends while the file system still says nothing")
finally:
    child.kill()
    fs.end()
    child.wait()
results.end()
