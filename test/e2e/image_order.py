#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Files and processes travel in two rings, read one after the other. An event must still carry the image that did it:
hundreds of short programs change a mode right after their exec, and each event has to name its program.
"""
import json, os, signal, subprocess, sys, tempfile

RUNS = 400

if os.geteuid():
    print("skip: watching the kernel needs root")
    sys.exit(77)

with tempfile.TemporaryDirectory(prefix="noroshi-order-") as tmp:
    target = tmp + "/target"
    open(target, "w").close()
    record = subprocess.Popen([os.environ["NOROSHI"], "record", "--json", "-o", tmp + "/events",
                               f"evt.type in (chmod, fchmodat, fchmodat2) and fs.path.name = {target}"],
                              stderr=subprocess.PIPE, text=True)
    line = record.stderr.readline()
    if "ready" not in line:
        print("skip: " + line.strip())
        sys.exit(77)
    script = f"i=0; while [ $i -lt {RUNS} ]; do chmod 600 {target}; i=$((i+1)); done"
    subprocess.run(["/bin/sh", "-c", script], check=True)
    record.send_signal(signal.SIGTERM)
    record.communicate(timeout=120)
    events = [json.loads(l) for l in open(tmp + "/events")]
    mine = [e for e in events if e.get("fs.path.name") == target]
    wrong = [e for e in mine if e.get("proc.name") != "chmod" or not e.get("proc.cmdline", "").startswith("chmod 600")]
    for e in wrong[:5]:
        print(e.get("evt.type"), e.get("proc.name"), e.get("proc.cmdline"), e.get("proc.pid"))
    assert len(mine) == RUNS, f"{len(mine)} of {RUNS} events"
    assert not wrong, f"{len(wrong)} of {RUNS} events name another program"
    print(f"ok: {RUNS} of {RUNS} events name the program that did it")
