#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Findings a second from the batcher over HTTP into the embedded receiver's store."""
import json
import re
import subprocess
import tempfile
from lib_bench import NOROSHI, QUICK, row, tool

COUNT = 5000 if QUICK else 50000

with tempfile.TemporaryDirectory(prefix="noroshi-bench.") as tmp:
    receiver = subprocess.Popen([NOROSHI, "receive", "--listen", "127.0.0.1:0", "--store", tmp + "/store"],
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        url = None
        while not url:
            line = receiver.stderr.readline()
            if not line:
                raise SystemExit("the receiver did not start")
            url = re.search(r"https?://[^\s,]+", line) or re.search(r"127\.0\.0\.1:\d+", line)
        url = url[0] if "://" in url[0] else "http://" + url[0] + "/"
        best = {}
        for _ in range(1 if QUICK else 3):
            r = json.loads(subprocess.check_output([tool("upload"), url, str(COUNT)]))
            if r["perSecond"] > best.get("perSecond", 0):
                best = r
        row("findings to the receiver (gzip, SQLite, loopback)", "–",
            f"{best['perSecond']:.0f} findings a second, {best['lost']} lost of {COUNT}", None)
    finally:
        receiver.terminate()
        receiver.wait()
