#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU of both processes while next to nothing happens. Whatever else this machine does counts as events."""
import time
from lib_bench import Agent, QUICK, need_live, row

SECONDS = 5 if QUICK else 60
need_live("idle CPU", "≤ 0.05 % of a core")
with Agent() as a:
    time.sleep(2)
    before, events = a.cpu(), a.status()["pipeline"]["events"]
    time.sleep(SECONDS)
    after = a.cpu()
    events = a.status()["pipeline"]["events"] - events
agent, sensor = ((y - x) / SECONDS * 100 for x, y in zip(before, after))
row("idle CPU of both processes", "≤ 0.05 % of a core",
    f"{agent + sensor:.3f} % (agent {agent:.3f}, sensor {sensor:.3f}) over {SECONDS} s with {events / SECONDS:.1f} events a second from "
    "the rest of the machine", agent + sensor <= 0.05)
