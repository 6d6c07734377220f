#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/VISIBILITY.md is the table of agent/event/ways.def, on hosts that lack nothing and on those that do.

UPDATE_VISIBILITY=1 writes it anew.
"""
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys

src = pathlib.Path(os.environ["SRC"])
document = src / "docs/VISIBILITY.md"
LETTERS = {"seen": "S", "less": "l", "blind": "**B**", "-": "·"}
HEAD = """# Visibility

What shows of each event, whichever way it is done: made by `UPDATE_VISIBILITY=1 test/docs/visibility.sh` from
`agent/event/ways.def`. `noroshi events --ways` says the same of the host at hand. docs/COVERAGE.md says by which hook an event is
seen and what hides from it in general; this says what an evasion changes.

*Seen*: as if it were done plainly, and the named test in `test/e2e` does it and compares field by field; a test that did not do
what this table says it did fails. *Less*: the event is there, something of it is not. *Blind*: nothing is told.
Events are those of `probes/events.def`, by type (`noroshi events` says which calls are of which type).

## All at once

S seen, l less, **B** blind, · cannot be done that way.

"""


def cells():
    said = subprocess.run([os.environ["NOROSHI"], "events", "--ways", "--json"], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(said)


def matrix(rows, ways):
    events = [e for r in rows if r["way"] == "plain" for e in r["events"]]
    order = subprocess.run([os.environ["NOROSHI"], "events", "--json"], stdout=subprocess.PIPE, check=True).stdout
    order = list(dict.fromkeys(e["type"] for e in json.loads(order) if e["seen"]))
    state = {(r["way"], e): r["at_best"] for r in rows for e in r["events"]}
    out = ["| event | " + " | ".join(ways) + " |", "|" + "---|" * (len(ways) + 1)]
    for e in sorted(events, key=order.index):
        out.append("| %s | " % e + " | ".join(LETTERS[state[w, e]] for w in ways) + " |")
    return out


def section(way, rows):
    out = ["", "## %s" % way, "", rows[0]["doc"][0].upper() + rows[0]["doc"][1:] + ".", "", "| events | | test | |", "|---|---|---|---|"]
    for r in rows:
        why = r["at_best_why"]
        if "without" in r and r["without"]["why"]:
            why += "%sWithout %s %s: %s" % (why and ". ", r["needs"], r["without"]["state"], r["without"]["why"])
        out.append("| %s | %s | %s | %s |" % (", ".join(r["events"]), r["at_best"], r["test"] or "–", why.replace("|", "\\|")))
    return out


def main():
    rows = cells()
    ways = list(dict.fromkeys(r["way"] for r in rows))
    lines = matrix(rows, ways)
    for way in ways:
        lines += section(way, [r for r in rows if r["way"] == way])
    text = HEAD + "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_VISIBILITY"):
        document.write_text(text)
    have = document.read_text() if document.exists() else ""
    diff = list(difflib.unified_diff(have.splitlines(), text.splitlines(), str(document), "agent/event/ways.def", lineterm=""))
    bad = 0
    for line in diff[:40]:
        print(line)
    print("%s - docs/VISIBILITY.md says what agent/event/ways.def says" % ("not ok" if diff else "ok"))
    bad += bool(diff)
    # a test that is named asks at its end what it should have shown
    for test in sorted({r["test"] for r in rows if r["test"]}):
        asks = re.search(r"wrong_ways\(\"%s\"" % test, (src / ("test/e2e/%s.py" % test)).read_text())
        print("%s - test/e2e/%s.py is held to the table" % ("ok" if asks else "not ok", test))
        bad += not asks
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
