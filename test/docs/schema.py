#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of rules and test files, judged by a validator that is not ours: every file that ships, and every
published one at hand, validates; bad ones do not; the fields of an event are those that the binary knows.
UPDATE_SCHEMA=1 writes the fields into the schema."""
import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import yaml

warnings.simplefilter("ignore", DeprecationWarning)  # newer versions prefer another way to say where references lead
import jsonschema  # noqa: E402

src = pathlib.Path(os.environ["SRC"])
noroshi = os.environ["NOROSHI"]
folder = src / "docs" / "schema"
bad = 0


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors use: "=" is a text, and so is a date."""


Core.yaml_implicit_resolvers = {
    c: [(tag, rx) for tag, rx in v if tag.rsplit(":", 1)[1] in ("bool", "int", "float", "null")]
    for c, v in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text):
    """All documents of a text as one list of items, or the map of a test file."""
    docs = [d for d in yaml.load_all(text, Core) if d is not None]
    return docs[0] if docs and isinstance(docs[0], dict) else [i for d in docs for i in d]


def schema(name):
    return json.loads((folder / name).read_text())


def validator(name):
    s = schema(name)
    jsonschema.Draft7Validator.check_schema(s)
    resolver = jsonschema.RefResolver(base_uri=folder.resolve().as_uri() + "/" + name, referrer=s)
    return jsonschema.Draft7Validator(s, resolver=resolver)


def say(ok, what, why=""):
    global bad
    bad += not ok
    print(("ok - " if ok else "not ok - ") + what + (f": {why}" if why and not ok else ""))


def errors(v, data):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in v.iter_errors(data)]


def fields():
    known = json.loads(subprocess.run([noroshi, "fields", "--json"], check=True, capture_output=True).stdout)
    want = {f["name"]: {"$ref": "#/definitions/value", "description": f["doc"]} for f in known}
    want["evt.arg"] = {"description": "The parameters of the event, name: value.", "type": "object"}
    s = schema("rules.schema.json")
    if os.environ.get("UPDATE_SCHEMA"):
        s["definitions"]["event"]["properties"] = want
        (folder / "rules.schema.json").write_text(json.dumps(s, indent=1, ensure_ascii=False) + "\n")
    have = s["definitions"]["event"]["properties"]
    say(have == want, "the fields of an event (UPDATE_SCHEMA=1 test/docs/schema.py writes them)",
        ", ".join(sorted(k for k in set(have) ^ set(want) | {k for k in have if have[k] != want.get(k)})[:5]))


def complains(command, option, text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(text)
        f.flush()
        return subprocess.run([noroshi, command, option, f.name], capture_output=True).returncode == 1


RULE = "- rule: X\n  desc: d\n  condition: evt.type = open\n  output: x\n  priority: INFO\n"
BAD_RULES = {
    "a map": "rule: X",
    "an unknown key": RULE + "  ouput: y\n",
    "no condition": RULE.replace("  condition: evt.type = open\n", ""),
    "an empty output": RULE.replace("output: x", "output: ''"),
    "no such priority": RULE.replace("INFO", "URGENT"),
    "no such severity": RULE + "  severity: 11\n",
    "no type": RULE + "  type: Custom\n",
    "no technique": RULE + "  mitre: [T12]\n",
    "enabled": RULE + "  enabled: maybe\n",
    "an override of nothing known": "- rule: X\n  condition: and x\n  override: {conditon: append}\n",
    "an appended priority": "- rule: X\n  priority: INFO\n  override: {priority: append}\n",
    "an exception without a name": RULE + "  exceptions: [{fields: proc.name, values: [x]}]\n",
    "an unknown key of an exception": RULE + "  exceptions: [{name: a, field: proc.name}]\n",
    "a date": RULE + "  exceptions: [{name: a, fields: proc.name, expires: tomorrow}]\n",
    "an example of both": RULE + "  examples: [{match: {evt.type: open}, nomatch: {evt.type: open}}]\n",
    "an example of neither": RULE + "  examples: [{matches: {evt.type: open}}]\n",
    "a lint that is none": RULE + "  no_lint: [no_tag]\n",
    "an unknown field in an example": RULE + "  examples: [{match: {evt.type: open, proc.nmae: x}}]\n",
    "a list without items": "- list: a\n",
    "a list in a list": "- list: a\n  items: [[b]]\n",
    "a macro without a condition": "- macro: a\n",
    "an unknown item": "- marco: a\n  condition: evt.type = open\n",
    "a version": "- required_engine_version: 64\n",
}
CASE = "tests: [{name: x, events: {evt.type: open}, silent: all"
BAD_TESTS = {
    "a list": "- tests: []",
    "no tests": "rules: []",
    "an unknown key": "tests: []\nrule: [x.yaml]",
    "an unknown key of a case": CASE + ", slient: all}]",
    "nothing expected": "tests: [{events: {evt.type: open}}]",
    "an unknown field": CASE.replace("evt.type", "evt.tpye") + "}]",
    "no rule expected": CASE + ", expect: [{count: 1}]}]",
    "no count": CASE + ", expect: [{rule: X, count: often}]}]",
    "an unknown code": CASE + ", diagnostics: [LOAD_ERR]}]",
    "an empty diagnostic": CASE + ", diagnostics: [{col: 1}]}]",
    "a row that is no map": CASE + ", variants: [x]}]",
    "a setup that is a map": CASE + ", setup: {list: a, items: []}}]",
    "a bad item in a setup": CASE + ", setup: [{list: a}]}]",
}
GOOD_TESTS = {
    "all keys": CASE + """, rules: [r.yaml], setup: [{list: a, items: [b, 1]}], variants: [{a: 1, b: x}], defaults: {evt.type: open},
  allow_others: true, diagnostics: [LOAD_UNUSED_LIST, {code: LOAD_UNUSED_LIST, line: 1, col: <a>, message: x, file: r.yaml}], todo: x,
  expect: [X, {rule: X, event: 1, output: x, fields: {"proc.aname[2]": x}, count: <a>}]}]""",
    "a setup as text": 'tests: [{setup: "- list: a", diagnostics: [LOAD_ERR_YAML_VALIDATE]}]',
    "arguments": CASE.replace("evt.type: open", "evt.type: open, evt.arg.flags: x, evt.arg: {name: x}") + "}]",
    "a file": "rules: [a.yaml]\ntests: [{name: x, replay: a.jsonl, silent: [X]}]",
}


def main():
    fields()
    rules, tests = validator("rules.schema.json"), validator("tests.schema.json")
    files = glob.glob(str(src / "rules/*.yaml")) + glob.glob(str(src / "test/rules/*.yaml")) + \
        glob.glob(str(src / "../shared/corpus/falco-rules/*.yaml"))
    say(len(files) > 8, "there are files")
    for f in sorted(files):
        v = tests if f.endswith(".test.yaml") else rules
        found = errors(v, load(pathlib.Path(f).read_text()))
        say(not found, os.path.relpath(f, src), "; ".join(found[:3]))
    say(not errors(rules, load(RULE)), "a good rule")
    say(not errors(rules, []), "an empty file")
    for what, text in BAD_RULES.items():
        say(bool(errors(rules, load(text))), "refused in rules: " + what)
        say("example" in what or complains("check", "--strict", text), "and noroshi check complains of it: " + what)
    for what, text in GOOD_TESTS.items():
        say(not errors(tests, load(text)), "taken in a test file: " + what, "; ".join(errors(tests, load(text))[:3]))
    for what, text in BAD_TESTS.items():
        say(bool(errors(tests, load(text))), "refused in a test file: " + what)
        say(complains("test", "-t", text), "and noroshi test complains of it: " + what)
    for name in ("all_at_once", "keys", "shape"):
        data = load((src / f"test/rules/bad/{name}.yaml").read_text())
        say(bool(errors(rules, data)), f"refused: test/rules/bad/{name}.yaml")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
