#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`noroshi status --watch` tells again until the agent ends; rules that cannot be found here are named."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib_agent  # noqa: E402
import lib_ecs  # noqa: E402
from lib_record import NOROSHI  # noqa: E402

if os.geteuid():
    lib_agent.skip("needs root")
results = lib_agent.Results()


class Blind(lib_ecs.Double):
    """An agent that has an issue as /coverage tells it."""

    def answer(self, path):
        rules = {"rules": ["One", "A\x1b[31m red one"], "calls": ["ptrace"]}
        issue = {"code": "RULE_FIELD_UNAVAILABLE", "severity": "medium", "effect": "degraded", "text": "2 rules need events", "evidence": rules,
                 "since": "2026-11-24T05:00:00Z", "impact": "i", "remedy": "r", "capability": "rules", "subject": "", "count": 1, "heals": True}
        return (200 if path == "/coverage" else 404), {"state": "degraded", "issues": [issue], "rules": {"enabled": 5, "digest": "0" * 64}}


def blind(folder):
    double = Blind()
    double.at = os.path.join(folder, "control.sock")
    with double.start():
        done = subprocess.run([NOROSHI, "status", "--state", folder], capture_output=True, text=True, check=False)
    lines = done.stdout.split("\n")
    results.add(done.returncode != 1 or "not found  One" not in lines or "\x1b" in done.stdout or
                not [line for line in lines if line.startswith("           A") and line.endswith("red one")] and lines,
                "rules that cannot be found are named, whatever is in their names")


def main():
    with lib_agent.Agent(config='attribution: {docker: "off", ecs: "off"}\n') as agent:
        with subprocess.Popen([NOROSHI, "status", "--watch", "--json", "--state", agent.state], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as watch:
            told = [json.loads(watch.stdout.readline()) for _ in range(2)]
            results.add([t["pid"] for t in told] != [agent.process.pid] * 2, "told again")
            results.add(told[0]["pipeline"]["events"] > told[1]["pipeline"]["events"], "as it is then")
            results.add(agent.stop(), "the agent ends")
            rest = watch.communicate(timeout=lib_agent.DEADLINE)
            results.add(watch.returncode != 3 or "no agent answers" not in rest[1], "and so does it, with the reason")
        os.makedirs(os.path.join(agent.dir, "double"))
        blind(os.path.join(agent.dir, "double"))
    results.end()


main()
