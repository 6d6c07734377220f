#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What refusal in the kernel saves: records and bytes on the rings, and the agent's time, with the default rules, with and without."""
import os
import socket
import subprocess
import tempfile
from lib_bench import QUICK, Agent, need_live, row

TIMES = 1 if QUICK else 4
need_live("refusal in the kernel", "–")


def opens(folder):
    """Files read, written, renamed and removed, as a build does."""
    for i in range(500 * TIMES):
        for name in ("/etc/passwd", "/usr/bin/env", "/etc/hosts"):
            os.close(os.open(name, os.O_RDONLY))
        path = os.path.join(folder, "object-%d" % i)
        os.close(os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT, 0o600))
        os.chmod(path + ".tmp", 0o644)
        os.rename(path + ".tmp", path)
        os.unlink(path)


def connects(folder):
    """Names looked up by a local service, datagrams and streams within the host."""
    with socket.socket(socket.AF_UNIX) as local, socket.socket(socket.AF_INET) as server:
        local.bind(os.path.join(folder, "socket"))
        local.listen(512)
        server.bind(("127.0.0.1", 0))
        server.listen(512)
        for _ in range(500 * TIMES):
            for family, kind, address in ((socket.AF_UNIX, socket.SOCK_STREAM, local.getsockname()),
                                          (socket.AF_UNIX, socket.SOCK_STREAM, local.getsockname()),
                                          (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 9)),
                                          (socket.AF_INET, socket.SOCK_STREAM, server.getsockname())):
                with socket.socket(family, kind) as s:
                    s.connect(address)
                    if kind == socket.SOCK_STREAM:
                        (local if family == socket.AF_UNIX else server).accept()[0].close()


def execs(_):
    """Pipelines of a shell."""
    subprocess.run(["/bin/sh", "-c", 'i=0; while [ $i -lt %d ]; do echo $i | cat >/dev/null 2>&1; /bin/true </dev/null; i=$((i + 1)); done' %
                    (100 * TIMES)], check=True)


def counters(status):
    rings = status["coverage"]["rings"]
    return (sum(r["records"] for r in rings.values()), sum(r["taken"] for r in rings.values()),
            sum(e["refused"] for e in status["coverage"]["events"].values()))


def measured(refuse, work):
    with tempfile.TemporaryDirectory(prefix="noroshi-bench.") as folder:
        with Agent(config="rate_limit: 0\nsensor:\n  refuse: \"%s\"\n" % refuse) as a:
            a.settle()
            before, spent = counters(a.status()), a.cpu()[0]
            work(folder)
            a.settle()
            spent = a.cpu()[0] - spent
            return [b - f for b, f in zip(counters(a.status()), before)] + [spent]


for what in (opens, connects, execs):
    off, on = measured("off", what), measured("on", what)
    row("refusal in the kernel: " + what.__name__, "–",
        "without %d records, %d KiB, %.0f ms of the agent's CPU; with it %d records (%.0f %%), %d KiB (%.0f %%), %.0f ms, %d refused" % (
            off[0], off[1] // 1024, off[3] * 1000, on[0], 100 * on[0] / off[0], on[1] // 1024, 100 * on[1] / off[1], on[3] * 1000, on[2]))
