#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `explain --json` of the stable rules as published says what the original engine compiled them to.
corpus=$SRC/../shared/corpus/falco-rules
[ -r "$corpus/stable.yaml" ] || { echo "skipped: no corpus in ../shared"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
"$NOROSHI" explain --json -r "$corpus/stable.yaml" | python3 -c '
import json, sys
ours = json.load(sys.stdin)
golden = json.load(open(sys.argv[1]))
words = lambda s: s.split()
names = lambda v: sorted(set(v) - {"asyncevent"})
pairs = [("rule", "rule", str), ("condition", "condition_compiled", words), ("output", "output_compiled", words),
         ("fields", "condition_fields", names), ("outputFields", "output_fields", names), ("operators", "operators", names),
         ("events", "events", names), ("priority", "priority", str), ("tags", "tags", names), ("enabled", "enabled", bool)]
bad = 0 if len(ours) == len(golden) else 1
for o, g in zip(ours, golden):
    for a, b, norm in pairs:
        if norm(o[a]) != norm(g[b]):
            bad += 1
            print(g["rule"], a, norm(o[a]), "should be", norm(g[b]), sep="\n  ")
print(len(ours), "rules,", bad, "differences")
sys.exit(bad > 0)
' "$corpus/compiled-stable.json"
