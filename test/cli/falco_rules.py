#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The public cases of the original's rule loader, through the command line: which files load, with which codes, what
# they compile to, and which rules match in the public captures. What cannot run stands in falco_skips.txt.
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import lib_falco
from lib_falco import NOROSHI, SHARED

# Our words are our own: a message of the original stands for its code.
CODES = [
    ("is deprecated", "LOAD_DEPRECATED_ITEM"), ("'enabled' key usage", "LOAD_DEPRECATED_ITEM"), ("evt.dir", "LOAD_DEPRECATED_ITEM"),
    ("too many evt.type", "LOAD_NO_EVTTYPE"), ("Macro has an invalid name", "LOAD_INVALID_MACRO_NAME"),
    ("List has an invalid name", "LOAD_INVALID_LIST_NAME"), ("exception with no values", "LOAD_APPEND_NO_VALUES"),
    ("may be a valid field", "LOAD_COMPILE_CONDITION"), ("Unknown key", "LOAD_UNKNOWN_KEY"),
    ("Unable to parse engine version", "LOAD_ERR_YAML_VALIDATE"), ("no mapping for key", "LOAD_ERR_YAML_VALIDATE"),
    ("", "LOAD_ERR_VALIDATE"),
]

# What a case calls in the original's engine, as a configuration.
CONFIGS = {
    "extra_format_all": "append_output:\n- extra_output: evt.type=%evt.type\n",
    "extra_format_by_tag_rule": "append_output:\n- {match: {tags: [tag1]}, extra_output: extra 1}\n"
                                "- {match: {rule: another_rule}, extra_output: extra 2}\n"
                                "- {match: {tags: [tag1, tag2]}, extra_output: extra 3}\n",
    "extra_fields_all": "append_output:\n- extra_fields: [evt.num, {my_field: 'open of %evt.type'}]\n",
}

# Options to switch rules, and how many are then on.
SWITCHES = {
    "enable_disabled_rule_by_tag": [([], 1), (["--enable-tag", "exec process"], 2)],
    "enable_rule_id": [([], 1), (["--disable", "*", "--enable", "test rule"], 1), (["--enable", "*"], 2),
                       (["--enable", "test rule", "--disable", "test*"], 0)],
}


def code_of(message):
    return next(code for piece, code in CODES if piece in message)


def run(*args):
    return subprocess.run([NOROSHI, *args], capture_output=True, text=True, check=False)


def check(files, *options):
    return json.loads(run("check", "--json", "--falco-strict", *options, *files).stdout)["falco_load_results"]


def explain(files, *options):
    r = run("explain", "--json", "--falco-strict", *options, *[a for f in files for a in ("-r", f)])
    return {x["rule"]: x for x in json.loads(r.stdout)} if r.returncode == 0 else {}


def codes(results, kind):
    return [e["code"] for f in results for e in f[kind]]


def squeeze(text):
    return re.sub(r"\s+", " ", re.sub(r"\s*([(),])\s*", r"\1", text)).strip()


def load(case, files, config):
    """A case of the unit tests: what is wrong."""
    wrong = []
    for i, step in enumerate(case["steps"]):
        results = check(files[:i + 1])
        if step["expect"] in ("ok", "error") and (step["expect"] == "error") != bool(codes(results, "errors")):
            wrong.append(f"step {i}: {codes(results, 'errors')}")
    results = check(files)
    for kind in ("errors", "warnings"):
        wrong += [f"no {kind[:-1]} {m}" for m in case[f"{kind}_contain"] if code_of(m) not in codes(results, kind)]
        wrong += [f"{kind[:-1]} {m}" for m in case[f"{kind}_not_contain"] if code_of(m) in codes(results, kind)]
    if case["schema_validation"] and results[-1]["schema_valid"] != (case["schema_validation"] == "ok"):
        wrong.append(f"schema: {results[-1]['schema_valid']}, {case['schema_validation']}")
    if case["has_warnings"] is False and codes(results, "warnings"):
        wrong.append(f"warnings: {codes(results, 'warnings')}")
    for piece in case["snippet_contains"]:
        if not any(piece in e["context"]["snippet"] for f in results for e in f["errors"]):
            wrong.append(f"no snippet with {piece}")
    rules = explain(files, *(["-c", config] if config else []))
    if case["num_enabled_rules"] is not None and len(rules) != int(case["num_enabled_rules"]):
        wrong.append(f"{len(rules)} rules, not {case['num_enabled_rules']}")
    for key, ours in (("compiled_condition", "condition"), ("compiled_output", "output")):
        for name, text in case[key].items():
            if squeeze(rules[name][ours]) != squeeze(text):
                wrong.append(f"{rules[name][ours]}\n    is not {text}")
    for member, ours in (("condition", "conditionSource"), ("output", "output"), ("description", "desc")):
        for text in re.findall(r'\["info"\]\["%s"\]\.templateget<std::string>\(\), "(.*)"\)' % member, "\n".join(case["other_asserts"])):
            if not any(r[ours] == text for r in rules.values()):
                wrong.append(f"{member} is not {text}")
    for options, n in SWITCHES.get(case["test"], []):
        if len(explain(files, *options)) != n:
            wrong.append(f"{options}: {len(explain(files, *options))} rules, not {n}")
    return wrong


def validate(case, files):
    results = check(files)
    status = run("check", "--falco-strict", *files).returncode
    wrong = [] if status == case["exit_code"] else [f"exit {status}"]
    for kind in ("errors", "warnings"):
        wrong += [f"no {c['code']} in {codes(results, kind)}" for c in case[kind] if c["code"] not in codes(results, kind)]
    return wrong


def options_of(case):
    """The case's options as ours."""
    out = ["--matching", "first"]       # the original's default
    for o in case["options"]:
        words = re.findall(r'"([^"]*)"', o)
        if o.startswith("WithDisabledRules"):
            out += [a for w in words for a in ("--disable", w)]
        elif o.startswith("WithDisabledTags"):
            out += [a for w in words for a in ("--disable-tag", w)]
        elif o.startswith("WithEnabledTags"):
            out += ["--disable", "*"] + [a for w in words for a in ("--enable-tag", w)]
        elif o.startswith("WithMinRulePriority"):
            out += ["--priority", words[0]]
        elif o == "WithConfig(configs.RuleMatchingAll)":
            out[1] = "all"
    return out


# Cases whose capture is not there: events that their rules are about, made for what the case expects, and near misses.
SHADOW = {"evt.type": "openat", "evt.is_open_read": True, "fd.typechar": "f", "fd.num": 3, "fd.name": "/etc/shadow",
          "fd.directory": "/etc", "proc.name": "cat", "proc.cmdline": "cat /etc/shadow", "proc.pname": "make"}
LOGIN = {"evt.type": "execve", "evt.arg.res": "0", "proc.name": "sh", "proc.aname": ["sh", "bash", "sshd"], "user.name": "daemon"}
OWN_EVENTS = {
    "TestFalco_Config_RuleMatchingFirst": [SHADOW],
    "TestFalco_Config_RuleMatchingAll": [SHADOW],
    "TestFalco_Legacy_Syscalls": [{"evt.type": t, **f} for t, f in (
        ("madvise", {}), ("open", {"fd.name": "/dev/null"}), ("mmap", {}), ("open", {"fd.name": "/dev/null2"}),
        ("openat", {"fd.name": "/dev/null"}), ("open", {"fd.name": "/dev/null"}), ("madvise", {}))],
    "TestFalco_Legacy_ReadSensitiveFileUntrusted": [
        SHADOW, {**SHADOW, "fd.name": "/etc/hosts"}, {**SHADOW, "proc.name": "sudo"}, {**SHADOW, "fd.num": -1},
        {**SHADOW, "evt.is_open_read": False}, {**SHADOW, "evt.type": "unlink"}],
    "TestFalco_Legacy_ReadSensitiveFileAfterStartup": [
        SHADOW, {**SHADOW, "proc.name": "httpd", "proc.duration": 6 * 10**9},
        {**SHADOW, "proc.name": "httpd", "proc.duration": 6 * 10**9, "fd.name": "/etc/hosts"}],
    "TestFalco_Legacy_SystemUserInteractive": [
        LOGIN, {**LOGIN, "user.name": "alice"}, {**LOGIN, "proc.aname": ["bash", "cron"]}, {**LOGIN, "evt.type": "openat"}],
}


def detect(case, files, folder):
    events = os.path.join(folder, "events.jsonl")
    if case["test"] == "TestFalco_Config_RuleMatchingWrongValue":
        config = os.path.join(folder, "bad.cfg")
        with open(config, "w", encoding="utf-8") as f:
            f.write("rule_matching: test\n")
        return [] if run("check", "-c", config, *files).returncode == case["exit_code"] else ["a bad rule_matching is taken"]
    if case["test"] in OWN_EVENTS or case["capture"] == "Empty":
        with open(events, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(e) + "\n" for e in OWN_EVENTS.get(case["test"], []))
    else:
        events = os.path.join(SHARED, "captures", os.path.basename(case["events_file"]))
    args = [a for f in files for a in ("-r", f)]
    r = run("replay", "--falco-strict", "--falco-json", "-e", events, *options_of(case), *args)
    if r.returncode:
        return [r.stderr]
    found = [json.loads(line) for line in r.stdout.splitlines()]
    counts = collections.Counter(f["rule"] for f in found)
    expected = case["oracle"]["counts"] if case.get("oracle") else {
        re.findall(r'"(.*)"', k)[0]: n for k, n in case["detections"].items() if k.startswith("OfRule")}
    wrong = [] if dict(counts) == {k: n for k, n in expected.items() if n} else [f"{dict(counts)}, not {expected}"]
    for text in (case.get("oracle") or {}).get("outputs", []):
        if not any(f["output"].endswith(" " + text) for f in found):
            wrong.append(f"nobody says {text}: {found[0]['output'] if found else ''}")
    for key, n in case["detections"].items():
        word = re.fullmatch(r'OfPriority\("(.*)"\)', key)
        if word and n == "nonzero" and not any(f["priority"].upper().startswith(word.group(1)) for f in found):
            wrong.append(f"nothing of {word.group(1)}")
    return wrong


def main():
    cases = [json.loads(line) for line in lib_falco.cases("loader-cases.jsonl")]
    left_out = lib_falco.left_out("loader", ((c["suite"], c["test"]) for c in cases))
    run_here = [c for c in cases if (c["suite"], c["test"]) not in left_out]
    good = collections.Counter()
    for case in run_here:
        with tempfile.TemporaryDirectory() as folder:
            files, config = [], None
            for i, step in enumerate(case["steps"]):
                if "yaml" not in step:      # the published rules
                    files.append(os.path.join(SHARED, "falco-rules", "stable.yaml"))
                    continue
                files.append(os.path.join(folder, f"{i:02}-{os.path.basename(step['file'])}"))
                with open(files[-1], "w", encoding="utf-8") as f:
                    f.write(step["yaml"])
            if case["test"] in CONFIGS:
                config = os.path.join(folder, "noroshi.cfg")
                with open(config, "w", encoding="utf-8") as f:
                    f.write(CONFIGS[case["test"]])
            wrong = (load(case, files, config) if case["kind"] == "load" else validate(case, files)
                     if case["kind"] == "validate" else detect(case, files, folder))
        good[case["kind"]] += not wrong
        for w in wrong:
            print(f"{case['suite']} {case['test']}: {w}")
    for kind in ("load", "validate", "detect"):
        print(f"{kind}: {good[kind]} of {sum(c['kind'] == kind for c in run_here)} run agree, "
              f"{sum(c['kind'] == kind for c in cases)} in all")
    n = sum(good.values())
    print(lib_falco.agreement(n, len(run_here), len(cases) - len(run_here)))
    return 1 if n != len(run_here) or n < 140 else 0


sys.exit(main())
