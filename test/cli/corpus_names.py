#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The engine knows nothing of the public cases that it is held to: no test name of theirs, no note, no origin, occurs in
# agent/ or probes/, not even in pieces of a note.
import json
import os
import re
import sys

import lib_falco

SRC = os.environ["SRC"]
PIECE = 24      # of a note: shorter ones are words that anybody may write


def sources():
    for top in ("agent", "probes"):
        for folder, _, names in os.walk(os.path.join(SRC, top)):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8", errors="replace") as f:
                    yield os.path.relpath(path, SRC), f.read()


def wanted():
    """What must not occur, each with its place in the corpus. Names of tests whole, notes also by what stands between commas."""
    found = {}

    def add(text, where):
        text = text.strip()
        if len(text) >= 4:
            found.setdefault(text, where)

    for number, line in enumerate(lib_falco.cases("filter-cases.tsv")[1:], 2):
        origin, _, _, notes = line.split("\t")
        where = f"filter-cases.tsv:{number}"
        add(origin.split("/")[-1].split(":")[0], where)
        for name in re.findall(r"\b[A-Za-z]\w*\.[a-z]\w*", notes.split(";")[0]):
            add(name, where)
            test = name.split(".")[1]
            if test.count("_") >= 2:        # without it such a name is a word like others
                add(test, where)
        for piece in [notes] + re.split(r"[;,]", notes):
            if len(piece.strip()) >= PIECE:
                add(piece, where)
    for number, line in enumerate(lib_falco.cases("loader-cases.jsonl"), 1):
        case = json.loads(line)
        where = f"loader-cases.jsonl:{number}"
        add(case["test"], where)
        add(case["suite"], where)
        for text in case.get("other_asserts", []):
            if len(text) >= PIECE:
                add(text, where)
    return found


def main():
    names = wanted()
    print(f"{len(names)} texts of the corpus looked for")
    if len(names) < 500:
        sys.exit("the corpus is not read as it is written any more")
    failed = 0
    whole = {name: re.compile(r"(?<!\w)" + re.escape(name) + r"(?!\w)") for name in names}
    for path, text in sources():
        for name, where in names.items():
            match = whole[name].search(text) if name in text else None
            if match:
                line = text[:match.start()].count("\n") + 1
                print(f"{path}:{line}: has \"{name}\" of {where}")
                failed += 1
    sys.exit(1 if failed else 0)


main()
