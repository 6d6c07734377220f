#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""60,000 opens a second from the kernel: each is read or counted as lost, and what that costs."""
import subprocess
from lib_bench import QUICK, Agent, bystander, need_live, row, tool, turn_row

RATE, SECONDS = 60000, 2 if QUICK else 10
need_live("60,000 opens a second", "losses exact")


def bulk(s):
    """Of the events of the bulk ring: seen and lost; and the records read from it."""
    sums = {"seen": 0, "lost": 0}
    for e in s["coverage"]["events"].values():
        if e["ring"] == "bulk":
            sums["seen"] += e["seen"]
            sums["lost"] += sum(e["lost"].values())
    return sums, s["coverage"]["rings"]["bulk"]["records"]


# One control group sends more than it may by default.
with Agent(config="rate_limit: 0\n") as a:
    a.settle()
    spent = a.cpu()
    before = a.status()
    out = subprocess.check_output([tool("load"), "opens", str(RATE), str(SECONDS), bystander()], text=True).split()
    spent = [after - b for after, b in zip(a.cpu(), spent)]
    a.settle()
    after = a.status()
    longest = a.longest_turn()
done, seconds = int(out[0]), float(out[1])
opens = after["coverage"]["events"]["open"]["seen"] - before["coverage"]["events"]["open"]["seen"]
lost = sum(after["coverage"]["events"]["open"]["lost"].values()) - sum(before["coverage"]["events"]["open"]["lost"].values())
sums, records = bulk(after)
unaccounted = sums["seen"] - sums["lost"] - records
events = after["pipeline"]["events"] - before["pipeline"]["events"]
row("60,000 opens a second, default rules", "losses exact",
    f"{done} opens at {done / seconds:.0f} a second: {opens} seen, {lost} lost, {events} events matched against the rules "
    f"({events / seconds:.0f} a second), unaccounted {unaccounted} of {sums['seen']}; "
    f"agent {spent[0] / done * 1e9:.0f} ns of CPU an open, sensor {spent[1] / done * 1e9:.0f}",
    opens >= done and unaccounted == 0)
turn_row("60,000 opens a second, and the stop", longest)
