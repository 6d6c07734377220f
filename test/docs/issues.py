#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of issues in docs/COVERAGE.md are agent/health/issue.def, and a cause that is called detected has a test that names its code.

UPDATE_ISSUES=1 writes them anew.
"""
import difflib
import glob
import json
import os
import pathlib
import subprocess
import sys

src = pathlib.Path(os.environ["SRC"])
document = src / "docs/COVERAGE.md"
BEGIN = "<!-- made by UPDATE_ISSUES=1 test/docs/issues.sh from agent/health/issue.def -->\n"
END = "<!-- until here -->\n"
HEAD = """
What can be amiss with the agent or its host, as `noroshi status`, `noroshi doctor`, /coverage and heartbeats name it.

A code never changes its meaning. *Effect*: what the host is while the issue is open; *noted*: no less healthy. *Ends*: by itself
once its cause is gone, or only when the agent is started again. *Detected*: the named tests provoke it, and show code, evidence and
the return to healthy; *not yet*: nothing raises it in this version; *not by the agent*: for the reason given. One without a number is
beside the 57.

"""


def table(said):
    lines = ["%d codes for %d causes: %s." % (len(said), len({i["row"] for i in said} - {0}), ", ".join(
        "%d %s" % (sum(i["known"] == k for i in said), k) for k in ("detected", "not yet", "not by the agent")))]
    lines += ["", "### What each means, and what to do", "", "| # | code | severity, effect | what follows | what to do | ends |", "|---|---|---|---|---|---|"]
    for i in said:
        lines.append("| %s | %s | %s; %s | %s | %s | %s |" % (i["row"] or "–", i["code"], i["severity"], i["effect"], i["impact"], i["remedy"],
                                                              "by itself" if i["heals"] else "at a restart"))
    lines += ["", "### How each is known", "", "| # | code | touches | | how | test |", "|---|---|---|---|---|---|"]
    for i in said:
        lines.append("| %s | %s | %s | %s | %s | %s |" % (i["row"] or "–", i["code"], i["capability"], i["known"], i["how"], i["test"] or "–"))
    lines += ["", "### What a host may be covered for", "", "| capability | |", "|---|---|"]
    return lines


def main():
    said = json.loads(subprocess.run([os.environ["NOROSHI"], "doctor", "--codes"], stdout=subprocess.PIPE, check=True).stdout)
    lines = table(said["issues"]) + ["| %s | %s |" % (c["name"], c["doc"]) for c in said["capabilities"]]
    have = document.read_text()
    before, rest = have.split(BEGIN)
    text = before + BEGIN + HEAD + "\n".join(lines) + "\n\n" + END + rest.split(END)[1]
    if os.environ.get("UPDATE_ISSUES"):
        document.write_text(text)
        have = text
    diff = list(difflib.unified_diff(have.splitlines(), text.splitlines(), str(document), "agent/health/issue.def", lineterm=""))
    for line in diff[:40]:
        print(line)
    print("%s - docs/COVERAGE.md says what agent/health/issue.def says" % ("not ok" if diff else "ok"))
    bad = bool(diff)
    for i in said["issues"]:
        if i["known"] != "detected":
            continue
        for test in i["test"].split(", "):
            texts = [pathlib.Path(f).read_text() for f in glob.glob(str(src / "test" / (test + ".*")))]
            named = any('"%s"' % i["code"] in t or " %s " % i["code"] in t or "%s:" % i["code"] in t for t in texts)
            print("%s - test/%s provokes %s" % ("ok" if named else "not ok", test, i["code"]))
            bad |= not named
    return bad


if __name__ == "__main__":
    sys.exit(main())
