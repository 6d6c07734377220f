#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Rules made to hurt: each ends with an answer, and the right one. How long that takes, test/bench/rules_load.py measures.
import json
import os
import resource
import subprocess
import sys
import tempfile

NOROSHI = os.environ["NOROSHI"]
ROOM = 1 << 30  # of address space: what is read may not multiply
SANITIZED = b"__asan_init" in open(NOROSHI, "rb").read()
LESS = 20 if SANITIZED else 1   # what is slow for its length


def rule(condition, name="r"):
    return f"- rule: {name}\n  desc: d\n  condition: {condition}\n  output: x\n  priority: INFO\n"


def items(n):
    return "- list: big\n  items:\n" + "".join(f"  - item{i}\n" for i in range(n))


OPEN = "evt.type = open and "
# name: (text, exit code, codes that are said)
CASES = {
    "parentheses": (rule(OPEN + "(" * 20000 + "proc.name = x" + ")" * 20000), 1, {"LOAD_ERR_COMPILE_CONDITION"}),
    "negations": (rule(OPEN + "not " * 20001 + "proc.name = x"), 0, set()),
    "transformers": (rule(OPEN + "toupper(" * 5000 + "proc.name" + ")" * 5000 + " = X"), 1, {"LOAD_ERR_COMPILE_CONDITION"}),
    "a chain of ors": (rule(OPEN + "(" + " or ".join(f"proc.name = n{i}" for i in range(20000 // LESS)) + ")"), 0, set()),
    "macros that double": ("- macro: m0\n  condition: proc.name = x\n" +
                           "".join(f"- macro: m{i}\n  condition: m{i - 1} or m{i - 1}\n" for i in range(1, 60)) +
                           rule(OPEN + "m59"), 1, {"LOAD_ERR_COMPILE_CONDITION"}),
    "macros in a row": ("- macro: m0\n  condition: proc.name = x\n" +
                        "".join(f"- macro: m{i}\n  condition: m{i - 1} and evt.num > 0\n" for i in range(1, 3000)) +
                        rule(OPEN + "m2999"), 1, {"LOAD_ERR_COMPILE_CONDITION"}),
    "lists that double": ("- list: l0\n  items: [a, b]\n" +
                          "".join(f"- list: l{i}\n  items: [l{i - 1}, l{i - 1}]\n" for i in range(1, 60)) +
                          rule(OPEN + "proc.name in (l59)"), 1, {"LOAD_ERR_COMPILE_CONDITION", "LOAD_DIFFERENT_SEMANTICS"}),
    "a macro of itself": ("- macro: c\n  condition: evt.num > 0\n- macro: c\n  condition: or c\n"
                          "  override: {condition: append}\n" + rule(OPEN + "c"), 1, {"LOAD_ERR_VALIDATE"}),
    "macros of each other": ("- macro: a\n  condition: b\n- macro: b\n  condition: a\n" + rule(OPEN + "a"), 1, {"LOAD_ERR_VALIDATE"}),
    "lists of each other": ("- list: x\n  items: [y]\n- list: y\n  items: [x]\n" + rule(OPEN + "proc.name in (x)"), 0, set()),
    "a long list": (items(100000 // LESS) + rule(OPEN + "proc.name in (big)"), 0, set()),
    "a long list in many rules": (items(20000 // LESS) + "".join(rule(OPEN + f"fd.num = {i} and proc.name in (big)", f"r{i}") for i in range(20)),
                                  0, set()),
    "many rules": ("".join(rule(OPEN + f"fd.name = /f{i} and proc.name in (a{i}, b{i})", f"r{i}") for i in range(3000 // LESS)), 0, set()),
    "too many rules": ("".join(rule(OPEN + "fd.num = 1", f"r{i}") for i in range(16400)), 1, {"LOAD_ERR_VALIDATE"}),
    "exceptions one by one": (rule(OPEN + "fd.num = 1") +
                              "  exceptions:\n  - {name: e, fields: [proc.name, fd.name], values: [[a, b]]}\n" +
                              "".join(f"- rule: r\n  exceptions: [{{name: e, values: [[p{i}, /f{i}]]}}]\n"
                                      "  override: {exceptions: append}\n" for i in range(3000 // LESS)), 0, set()),
    "the same key twice": ("- rule: r\n  desc: d\n  desc: e\n  condition: evt.type = open\n  condition: nonsense\n  output: x\n"
                           "  priority: INFO\n", 0, {"LOAD_UNKNOWN_KEY"}),
    "many keys": ("- rule: r\n" + "".join(f"  k{i}: v\n" for i in range(20000 // LESS)) +
                  "  desc: d\n  condition: evt.type = open\n  output: x\n  priority: INFO\n", 0, {"LOAD_UNKNOWN_KEY"}),
    "aliases that multiply": ("- list: a\n  items: &a [x, x, x, x, x, x, x, x, x]\n" +
                              "".join(f"- list: {chr(98 + i)}\n  items: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n"
                                      for i in range(9)), 1, {"LOAD_ERR_YAML_VALIDATE"}),
    "YAML that nests": ("- rule: " + "[" * 50000 + "\n", 1, {"LOAD_ERR_YAML_PARSE"}),
    "catastrophic regular expressions": (rule(OPEN + "(proc.cmdline regex '(a+)+b' or proc.cmdline regex '(a|a)*c' or "
                                              "proc.cmdline regex '(.*)(.*)(.*)(.*)(.*)(.*)(.*)d')"), 0, set()),
}


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))


def run(*args):
    return subprocess.run([NOROSHI, *args], capture_output=True, check=False, preexec_fn=None if SANITIZED else limits)


def main():
    bad = 0
    event = {"evt.type": "open", "proc.name": "item7", "fd.num": 1, "proc.cmdline": "a" * 4000}
    with tempfile.TemporaryDirectory() as folder:
        events = os.path.join(folder, "e.jsonl")
        with open(events, "w", encoding="utf-8") as f:
            f.write(json.dumps(event) + "\n")
        for name, (text, status, wanted) in CASES.items():
            path = os.path.join(folder, "r.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            r = run("check", "--json", path)
            said = set()
            if r.returncode in (0, 1):
                file = json.loads(r.stdout)["falco_load_results"][0]
                said = {d["code"] for d in file["errors"] + file["warnings"]}
            good = r.returncode == status and wanted <= said and (wanted or not said)
            if good and not status:     # and it runs
                good = run("replay", "-r", path, "-e", events).returncode == 0
            print(f"{'ok' if good else 'not ok'} - {name}" + ("" if good else f": exit {r.returncode}, {said} {r.stderr[-300:]}"))
            bad += not good
    return 1 if bad else 0


sys.exit(main())
