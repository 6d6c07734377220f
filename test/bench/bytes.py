#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes of a record on the ring, by event: ordinary programs at work (a compiler, a shell's pipeline, an HTTP server and its
client, a copy of a tree), with everything recorded."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from lib_bench import BUILD, NOROSHI, need_live, row

RING_HEADER = 8     # of each record, the kernel's own
WIRE_SNAPSHOT = 32  # of a process that was there before: it came from the iterator, not over the ring


def work(tmp):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp}
    with open(tmp + "/hello.c", "w", encoding="utf-8") as f:
        f.write("#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n")
    subprocess.run(["cc", "-o", "hello", "hello.c"], check=True, **quiet)
    subprocess.run(["sh", "-c", "./hello; ls -l /etc | grep pass | sort | wc -l; cp -r /etc/ssl copy; mv copy moved; rm -r moved"],
                   check=False, **quiet)
    with subprocess.Popen([sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, cwd=tmp, env=dict(os.environ, PYTHONUNBUFFERED="1"), text=True) as server:
        port = server.stdout.readline().split("port ")[1].split()[0]
        for _ in range(20):
            subprocess.run([sys.executable, "-c", f"import urllib.request as u; u.urlopen('http://localhost:{port}/hello.c')"],
                           check=False, **quiet)
        server.terminate()


def sizes(path):
    """Of each record, in the order of the file."""
    with open(path, "rb") as f:
        data = f.read()
    at, found = 32, []
    while at + 8 <= len(data):
        n, _ = struct.unpack_from("<II", data, at)
        if not n:
            break
        found.append(n)
        at += 8 + (n + 7) // 8 * 8
    return found


need_live("bytes of a record on the ring", "–")
tmp = tempfile.mkdtemp(prefix="noroshi-bench.")
try:
    with open(tmp + "/log", "w+", encoding="utf-8") as log:
        recorder = subprocess.Popen([NOROSHI, "record", "-o", tmp + "/a.rec"], stderr=log)
        while "ready" not in log.read() and recorder.poll() is None:
            time.sleep(0.05)
            log.seek(0)
        work(tmp)
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
    lines = subprocess.check_output([BUILD + "/tool/dump", tmp + "/a.rec"], text=True).splitlines()
    by = {}
    for n, line in zip(sizes(tmp + "/a.rec"), map(json.loads, lines), strict=True):
        if not line["flags_"] & WIRE_SNAPSHOT:
            by.setdefault(line["event"], []).append(n + RING_HEADER)
finally:
    shutil.rmtree(tmp)
every = sum(by.values(), [])
row("bytes of a record on the ring", "–", f"{sum(every) / len(every):.0f} on average of {len(every)} records; " + ", ".join(
    f"{event} {sum(v) / len(v):.0f} (at most {max(v)}, of {len(v)})" for event, v in sorted(by.items(), key=lambda i: -sum(i[1]))))
