#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""/metrics: every metric of the document and no other, as the format wants it; also on TCP where that is configured, and what is not told there."""
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
from lib_record import SRC  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
SAMPLE = re.compile(r'(noroshi_[a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+]+)')
ABSENT = {"noroshi_issues_open", "noroshi_undecoded_total", "noroshi_upload_retries_total"}     # where there is none
results = lib_agent.Results()


def documented():
    with open(os.path.join(SRC, "docs", "METRICS.md"), encoding="utf-8") as f:
        return {m[1]: (m[2], [w for w in m[3].split(", ") if w]) for m in re.finditer(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*) \|", f.read(), re.M)}


def parse(text):
    """By metric its type and samples; what is no line of the format, or out of its place, is told."""
    kinds, samples, bad = {}, {}, []
    for line in text.split("\n")[:-1]:
        words = line.split(" ", 3)
        if line.startswith("# TYPE "):
            kinds[words[2]] = words[3]
        elif not line.startswith("# HELP "):
            m = SAMPLE.fullmatch(line)
            labels = re.findall(r'([a-z]+)="', m[2] or "") if m else []
            if not m or list(kinds)[-1:] != [m[1]] or line.rsplit(" ", 1)[0] in [s[0] for s in samples.get(m[1], [])]:
                bad.append(line)
            else:
                samples.setdefault(m[1], []).append((line.rsplit(" ", 1)[0], labels, float(m[3])))
    return kinds, samples, bad


def get(port, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def main():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with lib_agent.Agent(config='control: {listen: "127.0.0.1:%d"}\nattribution: {docker: "off", ecs: "off"}\n' % port) as agent:
        with open("/etc/shadow", "rb"):
            pass
        subprocess.run(["cat", "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)
        lib_agent.await_that("finding", lambda: agent.findings("Shadow file read"))
        status, text = get(port, "/metrics")
        results.add(status != 200 and status, "asked on TCP")
        kinds, samples, bad = parse(text)
        results.add(bad[:3], "each line is one of the format, under its own type, once")
        known = documented()
        results.add({k: v[0] for k, v in known.items()} != kinds and set(known) ^ set(kinds), "%d metrics, those of the document" % len(kinds))
        results.add([m for m in kinds if m not in samples and m not in ABSENT], "each has a value")
        results.add([s[0] for m, all_of in samples.items() for s in all_of if s[1] != known[m][1]][:3], "and the document's labels")
        one = {m: all_of[0][2] for m, all_of in samples.items()}
        told = agent.coverage()
        results.add((one["noroshi_rules"], one["noroshi_healthy"]) != (told["rules"]["enabled"], told["state"] == "healthy") and one,
                    "they say what the status says")
        results.add(not 0 < one["noroshi_events_total"] <= told["pipeline"]["events"] and one["noroshi_events_total"], "events, up to now")
        results.add(one["noroshi_findings_delivered_total"] < 1, "the finding was delivered")
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
            results.add(done.returncode and done.stdout + done.stderr, "promtool finds nothing to say")
        else:
            print("# without promtool")
        results.add([get(port, p)[0] for p in ("/healthz", "/readyz", "/coverage")] != [200, 200, 200], "health and coverage as well")
        results.add(get(port, "/top")[0] != 404, "not what processes do")
    second = lib_agent.Agent(config='control: {listen: "0.0.0.0:%d"}\n' % port)
    lib_agent.await_that("its end", lambda: second.process.poll() is not None)
    results.add("control.listen wants a loopback address" not in second.said() and second.said(), "an address that others reach is refused")
    second.remove()
    results.end()


main()
