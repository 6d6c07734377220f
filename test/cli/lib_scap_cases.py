#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lib_scap_cases.py NOROSHI SHARED: the public rule cases that name a capture: findings per rule, through `replay`.

The counts are those of the real engine when it gets calls as they return, as here. What cannot run is listed.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

NOROSHI, SHARED = sys.argv[1:]
CAPTURES = os.path.join(SHARED, "corpus/captures")


def capture_of(name):
    """CatWrite is cat_write.scap, OpenMultipleFiles open-multiple-files.scap."""
    for f in sorted(os.listdir(CAPTURES)):
        if f.endswith(".scap") and re.sub(r"[-_.]|scap$", "", f).lower() == name.lower():
            return os.path.join(CAPTURES, f)
    return None


def selection(options):
    """Falco's command line as `rules:` and `priority:` of a configuration."""
    rules, priority = [], None
    for o in options:
        what, args = o.split("(", 1)
        names = re.findall(r'"([^"]*)"', args)
        if what == "WithDisabledRules":
            rules += [{"disable": {"rule": n}} for n in names]
        elif what == "WithDisabledTags":
            rules += [{"disable": {"tag": n}} for n in names]
        elif what == "WithEnabledTags":
            rules += [{"disable": {"rule": "*"}}] + [{"enable": {"tag": n}} for n in names]
        elif what == "WithMinRulePriority":
            priority = names[0].lower()
    config = {}
    if rules:
        config["rules"] = rules
    if priority:
        config["priority"] = priority
    return config


def run(case, folder, has_config):
    capture = capture_of(case["capture"])
    config = selection(case["options"])
    if not capture:
        return "skip", "the capture is not in the corpus"
    steps = [s for s in case["steps"] if "yaml" in s]   # of a file that is not in the corpus no rule is counted
    if not steps or case["missing_fixtures"]:
        return "skip", "a rules file is not in the corpus"
    if "oracle" not in case:
        return "skip", "no counts of the real engine"
    if config and not has_config:
        return "skip", "`replay` takes no configuration"
    args = [NOROSHI, "replay", "--json", "-e", capture]
    for i, step in enumerate(steps):
        path = os.path.join(folder, f"{i}.yaml")
        with open(path, "w") as f:
            f.write(step["yaml"])
        args += ["-r", path]
    if config:
        path = os.path.join(folder, "config.yaml")
        with open(path, "w") as f:
            json.dump(config, f)
        args += ["-c", path]
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if p.returncode:
        return "bad", f"exit {p.returncode}: {p.stderr.strip()}"
    found = [json.loads(line) for line in p.stdout.splitlines()]
    counts = dict(collections.Counter(f["rule"] for f in found))
    if counts != case["oracle"]["counts"]:
        return "bad", f"{counts}, not {case['oracle']['counts']}"
    outputs = {f["output"] for f in found}
    if case["oracle"]["outputs"] and not set(case["oracle"]["outputs"]) <= outputs:
        return "bad", f"{sorted(outputs)}, not {case['oracle']['outputs']}"
    return "good", ""


def main():
    has_config = "--config" in subprocess.run([NOROSHI, "replay", "--help"], capture_output=True, text=True, check=False).stdout
    total = collections.Counter()
    for line in open(os.path.join(SHARED, "corpus/loader-cases.jsonl")):
        case = json.loads(line)
        if not case.get("capture"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            result, why = run(case, folder, has_config)
        total[result] += 1
        if result != "good":
            print(f"# {result}: {case['test']}: {why}")
    print(f"# cases with captures: {total['good']} as in the real engine, {total['bad']} not, {total['skip']} left out")
    return 1 if total["bad"] or not total["good"] else 0


sys.exit(main())
