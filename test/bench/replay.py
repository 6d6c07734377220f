#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replay of the fixed mix: events per CPU-second of every stage, and allocations per event."""
import os
import re
import subprocess
import tempfile
from lib_bench import QUICK, SHARED, SRC, row, tool

STABLE = os.path.join(SHARED, "corpus/falco-rules/stable.yaml")
EVENTS, ROUNDS = (100000, 2) if QUICK else (1000000, 7)


def stages(recording, *rules):
    """{stage: (ns, allocations, ratio)}, share of matches, number of rules"""
    out = subprocess.check_output([tool("pipeline"), "-k", str(ROUNDS), recording, *rules], text=True)
    found = {m[1]: (float(m[2]), float(m[3]), float(m[4])) for m in re.finditer(
        r"^(decode|\+ enrich|\+ match) +\d+ +([\d.]+) +\d+ +([\d.]+) +([\d.]+)$", out, re.M)}
    share = re.search(r"([\d.]+) % of the events", out)
    return found, share[1] if share else "?", re.search(r"^rules: (\d+)", out, re.M)[1]


def show(what, budget, per_second, recording, *rules):
    found, share, n = stages(recording, *rules)
    ns, allocations, ratio = found["+ match"]
    row(f"{what} ({n} rules, {share} % match)", budget,
        f"{1e3 / ns:.2f} M events per CPU-second, {ns:.0f} ns an event, {ratio:.1f} × decode alone",
        1e9 / ns >= per_second if per_second else None)
    return found, allocations


with tempfile.TemporaryDirectory(prefix="noroshi-bench.") as tmp:
    mix = tmp + "/mix.rec"
    subprocess.run([tool("gen_recording"), "-n", str(EVENTS), mix], check=True)
    found, worst = show("replay, default rules", "–", 0, mix, SRC + "/rules")
    for stage in "decode", "+ enrich":
        row(f"replay, stage {stage}", "–", f"{1e3 / found[stage][0]:.1f} M events per CPU-second, {found[stage][0]:.1f} ns")
    if os.path.exists(STABLE):
        found, allocations = show("replay, stable.yaml", "≥ 5 M events per CPU-second", 5e6, mix, STABLE)
        worst = max(worst, allocations)
        _, allocations = show("replay, stable.yaml and default rules together", "(93 rules: ≥ 3 M)", 0, mix, STABLE, SRC + "/rules")
        worst = max(worst, allocations)
    else:
        row("replay, stable.yaml", "≥ 5 M events per CPU-second", "not measured: ../shared is absent")
    row("allocations from record to match", "0 per event", f"{worst:.6f} per event", worst == 0)
