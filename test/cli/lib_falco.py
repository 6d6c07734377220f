# SPDX-License-Identifier: Apache-2.0
"""What the tests over the original's public cases share: where the cases are, which are left out, and the sum at the end."""
import os
import sys

SHARED = os.path.join(os.environ["SRC"], "..", "shared", "corpus")
SKIPS = os.path.join(os.environ["SRC"], "test", "cli", "falco_skips.txt")
NOROSHI = os.environ["NOROSHI"]


def cases(name):
    """The lines of a file of the corpus; without it the test is skipped."""
    path = os.path.join(SHARED, name)
    if not os.access(path, os.R_OK):
        print("skipped: no corpus in ../shared")
        sys.exit(77)
    with open(path, encoding="utf-8") as f:
        return f.read().rstrip("\n").split("\n")


def left_out(kind, known):
    """The cases that do not run here, by both their names. One that is not in the corpus any more ends the test."""
    with open(SKIPS, encoding="utf-8") as f:
        names = {tuple(line.split("\t")[1:3]) for line in f if line.startswith(kind + "\t")}
    gone = names - set(known)
    if gone:
        sys.exit("\n".join("falco_skips.txt names a case that is not there: %s: %s" % name for name in sorted(gone)))
    return names


def agreement(good, run, out):
    return f"agreement: {good} of {run} run, {100 * good / run:.2f} %; {out} left out by name"
